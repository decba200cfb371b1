//! Goal: what a person decides about conflicts is in the document, all else is as it was merged, and nothing is forgotten.
//! Method: properties over random documents, policies and choices, against a plain model that rebuilds the document.

#[path = "common/search.rs"]
mod search;

use draftkeep::Value;
use draftkeep::merge::laws::{self, Triple};
use draftkeep::merge::{
    Choice, ChoiceError, Conflict, Cut, Merged, Overlap, Passage, Place, Policy, Resolution, Rule, Side, Unresolved,
    Whose, merge,
};
use draftkeep::value::strategy::arbitrary_value;
use draftkeep::value::{DEPTH_MAX, Path, Segment};
use proptest::prelude::*;
use search::search;
use std::cell::Cell;

fn value(json: &str) -> Value {
    Value::parse(json.as_bytes()).unwrap()
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn at_root(rule: Rule) -> Policy {
    Policy::builder().rule("", rule).build().unwrap()
}

/// Theirs is the later one.
fn merged(policy: &Policy, Triple { base, ours, theirs }: &Triple) -> Merged {
    let side = |value, version| Side { value, place: Place::Local(version) };
    merge(policy, base.as_ref(), side(ours, 1), side(theirs, 2))
}

/// The same with ours as the later one.
fn merged_the_other_way(policy: &Policy, Triple { base, ours, theirs }: &Triple) -> Merged {
    let side = |value, version| Side { value, place: Place::Local(version) };
    merge(policy, base.as_ref(), side(ours, 2), side(theirs, 1))
}

/// A word, a text of some words, a scene with both, or an array of one such thing.
fn thing() -> impl Strategy<Value = Value> {
    let word = || prop::sample::select(vec!["a", "b", "c", "ab.", "c.\n", "b\n"]);
    let text = || proptest::collection::vec(word(), 0..5).prop_map(|words| Value::from(words.join(" ")));
    let scene = (text(), word())
        .prop_map(|(text, title)| Value::Object([("text", text), ("title", Value::from(title))].into_iter().collect()));
    let list = proptest::collection::vec(word().prop_map(Value::from), 0..4).prop_map(Value::from);
    prop_oneof![word().prop_map(Value::from), text(), scene, list]
}

/// Arrays of things with edits of both sides close to each other, so that most of them conflict, some inside others.
fn crowded() -> impl Strategy<Value = (Triple, Policy)> {
    // For each thing what becomes of it, and a new one for that.
    let how = prop_oneof![6 => Just(0_u8), 8 => Just(1), 1 => Just(2), 1 => Just(3)];
    let edits = || proptest::collection::vec((how.clone(), thing()), 7);
    let rule = prop_oneof![
        1 => Just(Rule::Auto),
        3 => Just(Rule::Manual),
        1 => Just(Rule::Sequence),
        1 => Just(Rule::Text(Cut::Words, Overlap::Conflict)),
        1 => Just(Rule::prose()),
    ];
    let documents = (proptest::collection::vec(thing(), 2..7), edits(), edits(), prop::bool::weighted(0.95));
    (documents, rule.clone(), rule).prop_map(|((base, ours, theirs, is_known), element, member)| {
        let document = |things: Vec<Value>| {
            let text: String = things.iter().filter_map(Value::as_str).collect();
            Value::Object([("list", Value::from(things)), ("text", Value::from(text))].into_iter().collect())
        };
        let edit = |edits: Vec<(u8, Value)>| {
            let things = base.iter().cloned().zip(edits).flat_map(|(thing, (how, new))| match (how, thing) {
                (0, thing) => vec![thing],
                (1, Value::Object(mut scene)) => {
                    scene.insert("text", new);
                    vec![scene.into()]
                }
                (1, _) => vec![new],
                (2, _) => vec![],
                (_, thing) => vec![thing, new],
            });
            document(things.collect())
        };
        let policy = Policy::builder().rule("/list", Rule::Sequence).rule("/text", Rule::prose());
        let descends = matches!(element, Rule::Auto | Rule::Sequence);
        let policy = policy.rule("/list/*", element);
        let policy = if descends { policy.rule("/list/*/*", member) } else { policy };
        let (ours, theirs) = (edit(ours), edit(theirs));
        (Triple { base: is_known.then(|| document(base.clone())), ours, theirs }, policy.build().unwrap())
    })
}

fn cases() -> impl Strategy<Value = (Triple, Policy)> {
    prop_oneof![2 => (laws::arbitrary_triple(), laws::arbitrary_policy()), 3 => crowded()]
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    let choice = prop_oneof![
        3 => Just(Choice::Ours),
        3 => Just(Choice::Theirs),
        3 => Just(Choice::Both),
        1 => Just(Choice::Nothing),
        1 => arbitrary_value().prop_map(Choice::Value),
    ];
    proptest::collection::vec(choice, 8)
}

/// Decides each conflict by the next of the choices; ours where that one is refused, as it has to be.
fn decided(merged: Merged, choices: &[Choice]) -> Result<Resolution, TestCaseError> {
    let mut resolution = merged.resolution();
    for (at, conflict) in resolution.conflicts().to_vec().into_iter().enumerate() {
        let choice = choices[at % choices.len()].clone();
        let is_pair = matches!(
            (&conflict.ours, &conflict.theirs),
            (Some(Value::String(_)), Some(Value::String(_))) | (Some(Value::Array(_)), Some(Value::Array(_)))
        );
        let is_refused = match choice {
            Choice::Both => !is_pair,
            Choice::Nothing => conflict.path.is_root() && conflict.passages.is_empty(),
            _ => false,
        };
        let is_chosen = resolution.choose(&conflict.path, choice).is_ok();
        prop_assert_eq!(is_chosen, !is_refused, "{:?}", conflict);
        if is_refused {
            resolution.choose_at(at, Choice::Ours).unwrap();
        }
    }
    Ok(resolution)
}

/// What comes of a choice, in plain words; `None` is nothing.
fn outcome(choice: &Choice, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    match (choice, ours, theirs) {
        (Choice::Ours, ours, _) => ours.cloned(),
        (Choice::Theirs, _, theirs) => theirs.cloned(),
        (Choice::Value(value), ..) => Some(value.clone()),
        (Choice::Both, Some(Value::Array(ours)), Some(Value::Array(theirs))) => {
            let more = theirs.iter().filter(|element| !ours.contains(element));
            Some(Value::Array(ours.iter().chain(more).cloned().collect()))
        }
        (Choice::Both, Some(Value::String(ours)), Some(Value::String(theirs))) => {
            let is_apart = ours.is_empty()
                || theirs.is_empty()
                || ours.ends_with(|end: char| end.is_ascii_whitespace())
                || theirs.starts_with(|begin: char| begin.is_ascii_whitespace());
            let between = match is_apart {
                true => "",
                false if ours.contains('\n') || theirs.contains('\n') => "\n",
                false => " ",
            };
            Some(Value::from(format!("{ours}{between}{theirs}")))
        }
        _ => None,
    }
}

/// The document as it has to be: the merged one, rebuilt from the root on with each decision in its place.
fn model(merged: &Value, at: &Path, resolution: &Resolution) -> Option<Value> {
    let conflict = resolution.conflicts().iter().find(|conflict| conflict.path == *at);
    let decision = conflict.and_then(|conflict| Some((conflict, resolution.choice(at)?)));
    if let Some((conflict, choice)) = decision
        && (conflict.passages.is_empty() || matches!(choice, Choice::Value(_)))
    {
        return outcome(choice, conflict.ours.as_ref(), conflict.theirs.as_ref());
    }
    let part = |passage: &Passage| {
        decision.and_then(|(_, choice)| outcome(choice, Some(&passage.ours), Some(&passage.theirs)))
    };
    let passages = || decision.map_or(&[][..], |(conflict, _)| &conflict.passages[..]);
    Some(match merged {
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| (key, model(value, &at.join(key), resolution)));
            Value::Object(members.filter_map(|(key, value)| Some((key, value?))).collect())
        }
        Value::Array(array) => {
            let mut elements = Vec::new();
            for place in 0..=array.len() {
                for passage in passages().iter().filter(|passage| passage.place.start == place) {
                    elements.extend(part(passage).iter().filter_map(Value::as_array).flatten().cloned());
                }
                if !passages().iter().any(|passage| passage.place.contains(&place)) {
                    elements.extend(array.get(place).and_then(|value| model(value, &at.join(place), resolution)));
                }
            }
            elements.into()
        }
        Value::String(text) => {
            let mut rebuilt = String::new();
            let mut behind = 0;
            for passage in passages() {
                rebuilt.push_str(&text[behind..passage.place.start]);
                rebuilt.extend(part(passage).as_ref().and_then(Value::as_str));
                behind = passage.place.end;
            }
            Value::from(rebuilt + &text[behind..])
        }
        other => other.clone(),
    })
}

#[test]
fn the_document_is_the_merged_one_with_what_was_chosen_in_its_places() {
    let met = Cell::new([0_u32; 4]);
    search("choices", &(cases(), choices()), |((triple, policy), choices)| {
        let merged = merged(&policy, &triple);
        let resolution = decided(merged.clone(), &choices)?;
        let document = resolution.finish().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let expected = model(&merged.value, &Path::root(), &resolution).unwrap();
        prop_assert_eq!(&document, &expected, "{:?}", resolution);
        for conflict in resolution.conflicts() {
            let is_settled = conflict.path.segments().iter().all(|segment| matches!(segment, Segment::Key(_)));
            if let Some(Choice::Value(value)) = resolution.choice(&conflict.path).filter(|_| is_settled) {
                prop_assert_eq!(document.get(&conflict.path), Some(value));
            }
        }
        let is_in_array =
            |conflict: &&Conflict| conflict.path.segments().iter().any(|step| matches!(step, Segment::Index(_)));
        let [all, several, inside, passages] = met.get();
        met.set([
            all + u32::from(!merged.is_clean()),
            several + u32::from(merged.conflicts.iter().filter(is_in_array).count() > 1),
            inside
                + u32::from(
                    merged
                        .conflicts
                        .iter()
                        .any(|a| merged.conflicts.iter().any(|b| a.path != b.path && a.path.contains(&b.path))),
                ),
            passages + u32::from(merged.conflicts.iter().any(|conflict| conflict.passages.len() > 1)),
        ]);
        Ok(())
    });
    let met = met.get();
    println!("{met:?} with conflicts, several in arrays, one inside another, several passages");
    assert!(met.iter().all(|met| *met > 200), "{met:?}");
}

#[test]
fn nothing_is_finished_until_everything_is_decided() {
    search("undecided", &(cases(), choices(), any::<u32>()), |((triple, policy), choices, left_out)| {
        let all = decided(merged(&policy, &triple), &choices)?;
        let mut some = merged(&policy, &triple).resolution();
        for (at, conflict) in all.conflicts().iter().enumerate().filter(|(at, _)| left_out >> (at % 32) & 1 == 0) {
            some.choose_at(at, all.choice(&conflict.path).unwrap().clone()).unwrap();
        }
        let is_replaced = |path: &Path| {
            let mut whole =
                some.conflicts().iter().filter(|one| matches!(some.choice(&one.path), Some(Choice::Value(_))));
            whole.any(|above| above.path.contains(path))
        };
        let open = some.conflicts().iter().map(|conflict| &conflict.path);
        let open: Vec<Path> = open.filter(|path| some.choice(path).is_none() && !is_replaced(path)).cloned().collect();
        prop_assert_eq!(some.undecided().map(|conflict| conflict.path.clone()).collect::<Vec<_>>(), open.clone());
        match some.finish() {
            Ok(_) => prop_assert!(open.is_empty(), "{:?} forgotten", open),
            Err(Unresolved::Undecided { paths }) => prop_assert!(!paths.is_empty() && paths == open),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
        Ok(())
    });
}

/// Chooses one side wherever it has something, and the other one elsewhere: what a merge keeps of its later side.
fn prefer(merged: Merged, whose: Whose) -> Value {
    let mut resolution = merged.resolution();
    for at in 0..resolution.conflicts().len() {
        let conflict = &resolution.conflicts()[at];
        let is_ours = match whose {
            Whose::Ours => conflict.ours.is_some(),
            Whose::Theirs => conflict.theirs.is_none(),
        };
        resolution.choose_at(at, if is_ours { Choice::Ours } else { Choice::Theirs }).unwrap();
    }
    resolution.finish().unwrap()
}

#[test]
fn the_later_side_everywhere_is_the_merged_document() {
    search("later", &cases(), |(triple, policy)| {
        let merged = merged(&policy, &triple);
        prop_assert_eq!(&prefer(merged.clone(), Whose::Theirs), &merged.value);
        let other_way = merged_the_other_way(&policy, &triple);
        prop_assert_eq!(&prefer(other_way.clone(), Whose::Ours), &other_way.value);
        Ok(())
    });
}

fn has_array(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(object) => object.values().any(has_array),
        _ => false,
    }
}

/// Where no rule preferred a side, places decide only conflicts and the order in which an array has what both put into one
/// place of it. So without arrays the earlier side's passages are what a merge has in which that side is the later one.
#[test]
fn the_earlier_side_everywhere_is_the_merge_in_which_it_is_the_later_one() {
    let counts = Cell::new([0_u32; 2]);
    let texts = crowded().prop_map(|(Triple { base, ours, theirs }, policy)| {
        let text = |value: Value| value.get(&path("/text")).cloned().unwrap_or_default();
        (Triple { base: base.map(text), ours: text(ours), theirs: text(theirs) }, policy)
    });
    let texts = (texts, prop::sample::select(vec![Cut::Lines, Cut::Prose, Cut::Words]));
    let texts = texts.prop_map(|((triple, _), cut)| (triple, at_root(Rule::Text(cut, Overlap::Conflict))));
    let strategy = prop_oneof![texts, (laws::arbitrary_triple(), laws::arbitrary_policy())];
    search("earlier", &strategy, |(triple, policy)| {
        let (merged, other_way) = (merged(&policy, &triple), merged_the_other_way(&policy, &triple));
        let is_decided = !merged.overwritten.is_empty() || !merged.marked.is_empty();
        if !is_decided && !triple.base.iter().chain([&triple.ours, &triple.theirs]).any(has_array) {
            let [conflicting, all] = counts.get();
            counts.set([conflicting + u32::from(!merged.is_clean()), all + 1]);
            prop_assert_eq!(prefer(merged, Whose::Ours), other_way.value);
        }
        Ok(())
    });
    let [conflicting, all] = counts.get();
    println!("{conflicting} of {all} conflict");
    assert!(conflicting > 2_000, "{conflicting} of {all} conflict");
}

#[test]
fn one_side_of_what_is_decided_by_hand_is_what_that_side_has() {
    let policy = Policy::builder().rule("/*", Rule::Manual).build().unwrap();
    search("by hand", &laws::arbitrary_triple(), |triple| {
        let Triple { base, ours: Value::Object(ours), theirs: Value::Object(theirs) } = &triple else { return Ok(()) };
        if !matches!(base, None | Some(Value::Object(_))) {
            return Ok(());
        }
        for (choice, side) in [(Choice::Ours, ours), (Choice::Theirs, theirs)] {
            let mut resolution = merged(&policy, &triple).resolution();
            resolution.choose_all(&choice).unwrap();
            let Value::Object(document) = resolution.finish().unwrap() else { panic!("no object") };
            for key in ours.keys().chain(theirs.keys()).chain(document.keys()) {
                let before = base.as_ref().map(|base| base.as_object().and_then(|base| base.get(key)));
                let expected = match (ours.get(key), theirs.get(key)) {
                    (ours, theirs) if before == Some(ours) => theirs,
                    (ours, theirs) if before == Some(theirs) => ours,
                    _ => side.get(key),
                };
                prop_assert_eq!(document.get(key), expected, "{}", key);
            }
        }
        Ok(())
    });
}

/// A merge of three documents in JSON, with theirs as the later one.
fn conflicting(policy: &Policy, [base, ours, theirs]: [&str; 3]) -> Resolution {
    let [ours, theirs] = [ours, theirs].map(value);
    merged(policy, &Triple { base: Some(value(base)), ours, theirs }).resolution()
}

#[test]
fn several_conflicts_of_one_array_do_not_move_each_other() {
    let policy = Policy::builder().rule("/*", Rule::Manual).rule("", Rule::Sequence).build().unwrap();
    let documents = ["[1,2,3,4,5,6]", "[10,2,30,4,50,6]", "[11,2,31,4,51,60]"];
    for (choices, expected) in [
        ([Choice::Nothing, Choice::Nothing, Choice::Nothing], "[2,4,60]"),
        ([Choice::Nothing, Choice::Ours, Choice::Value(value("[7]"))], "[2,30,4,[7],60]"),
        ([Choice::Theirs, Choice::Nothing, Choice::Ours], "[11,2,4,50,60]"),
    ] {
        let mut resolution = conflicting(&policy, documents);
        assert_eq!(resolution.conflicts().len(), 3);
        // From the last to the first: the order of deciding changes nothing.
        for (at, choice) in choices.into_iter().enumerate().rev() {
            resolution.choose_at(at, choice).unwrap();
        }
        assert_eq!(resolution.finish().unwrap(), value(expected));
    }
}

#[test]
fn only_the_contested_passages_are_replaced() {
    let documents = [
        r#"["one","two","three","four"]"#,
        r#"["ONE","two","drei","vier"]"#,
        r#"["one","two","zwo","three","quatre","cinq"]"#,
    ];
    let mut resolution = conflicting(&at_root(Rule::Sequence), documents);
    let [conflict] = resolution.conflicts() else { panic!("{resolution:?}") };
    let places: Vec<_> = conflict.passages.iter().map(|passage| (passage.place.clone(), &passage.ours)).collect();
    assert_eq!(places, [(3..6, &value(r#"["drei","vier"]"#))]);
    for (choice, expected) in [
        (Choice::Ours, r#"["ONE","two","zwo","drei","vier"]"#),
        (Choice::Both, r#"["ONE","two","zwo","drei","vier","three","quatre","cinq"]"#),
        (Choice::Nothing, r#"["ONE","two","zwo"]"#),
        (Choice::Value(value("{}")), "{}"),
    ] {
        assert_eq!(resolution.choose_all(&choice).unwrap().finish().unwrap(), value(expected));
    }

    let documents = [
        r#""One. Two. Three.\nFour.\nFive.\n""#,
        r#""One! Two. Drei.\nVier.\nFive.\nSix.\n""#,
        r#""One. Two. Trois.\nQuatre.\nFive.\n""#,
    ];
    let mut resolution = conflicting(&at_root(Rule::prose()), documents);
    for (choice, expected) in [
        (Choice::Ours, r#""One! Two. Drei.\nVier.\nFive.\nSix.\n""#),
        (Choice::Theirs, r#""One! Two. Trois.\nQuatre.\nFive.\nSix.\n""#),
        (Choice::Both, r#""One! Two. Drei.\nVier.\nTrois.\nQuatre.\nFive.\nSix.\n""#),
        (Choice::Nothing, r#""One! Two. Five.\nSix.\n""#),
    ] {
        assert_eq!(resolution.choose_all(&choice).unwrap().finish().unwrap(), value(expected));
    }
}

#[test]
fn what_cannot_be_chosen_is_refused_and_changes_nothing() {
    let policy = Policy::builder().rule("/*", Rule::Manual).build().unwrap();
    let mut resolution = conflicting(&policy, [r#"{"a":1,"b":"x"}"#, r#"{"a":2,"b":"y"}"#, r#"{"a":3}"#]);
    let deep = |levels| (0..levels).fold(Value::from(1), |inner, _| Value::from(vec![inner]));
    assert!(matches!(resolution.choose(&path("/c"), Choice::Ours), Err(ChoiceError::Unknown { .. })));
    assert!(matches!(resolution.choose_at(2, Choice::Ours), Err(ChoiceError::OutOfRange { index: 2, count: 2 })));
    let refused = resolution.choose_all(&Choice::Both).unwrap_err().to_string();
    assert_eq!(refused, r#"both cannot be taken at "/a": that takes two texts or two arrays"#);
    assert!(matches!(resolution.choose(&path("/b"), Choice::Both), Err(ChoiceError::NotBoth { .. })), "one is gone");
    for levels in [DEPTH_MAX + 1, 100_000] {
        let refused = resolution.choose_at(0, Choice::Value(deep(levels)));
        assert!(matches!(refused, Err(ChoiceError::TooLarge { .. })), "{refused:?}");
    }
    assert_eq!(resolution.undecided().count(), 2);
    assert_eq!(resolution.finish().unwrap_err().to_string(), r#"not decided yet: "/a", "/b""#);

    resolution.choose_all(&Choice::Theirs).unwrap();
    assert_eq!(resolution.finish().unwrap(), value(r#"{"a":3}"#), "a removal is a choice like any other");
    // Deep enough by itself, and too deep where it stands.
    resolution.choose(&path("/a"), Choice::Value(deep(DEPTH_MAX))).unwrap();
    assert!(matches!(resolution.finish(), Err(Unresolved::TooLarge(_))));
    resolution.choose(&path("/a"), Choice::Value(deep(DEPTH_MAX - 1))).unwrap();
    assert!(resolution.finish().is_ok());

    let mut whole = conflicting(&at_root(Rule::Manual), ["1", "2", "3"]);
    assert!(matches!(whole.choose(&Path::root(), Choice::Nothing), Err(ChoiceError::NoDocument)));
}

#[test]
fn a_document_that_the_conflicts_are_not_about_is_refused() {
    let mut merged = conflicting(&at_root(Rule::prose()), [r#""One.""#, r#""Two.""#, r#""Three.""#]).merged().clone();
    for changed in [value("1"), value(r#""é""#), value("[]")] {
        merged.value = changed;
        let mut resolution = merged.clone().resolution();
        resolution.choose_all(&Choice::Ours).unwrap();
        assert!(matches!(resolution.finish(), Err(Unresolved::Misplaced { .. })));
    }
}
