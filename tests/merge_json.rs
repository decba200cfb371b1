//! Goal: merging bytes gives exactly what reading them, merging and writing gives.
//! Method: properties over documents, policies and texts, `DRAFTKEEP_EFFORT` times 10,000 cases each (1,000 of the large
//! documents), and each limit by hand.

#[path = "common/search.rs"]
mod search;

use draftkeep::Value;
use draftkeep::merge::laws::{self, Triple};
use draftkeep::merge::{
    JsonError, MergeRule, Merged, Place, Policy, Rule, Side, merge, merge_bases, merge_json, merge_json_over,
    merge_over,
};
use draftkeep::value::strategy::{arbitrary_edit_of, arbitrary_key, arbitrary_number, arbitrary_text, arbitrary_value};
use draftkeep::value::{Object, ValueError};
use proptest::prelude::*;
use proptest::sample::Index;
use search::search_some;
use std::sync::Arc;

const CASES: u32 = 10_000;

type Outcome = Result<Merged<Vec<u8>>, JsonError>;

/// An error with all that it says.
fn told(outcome: Outcome) -> Result<Merged<Vec<u8>>, String> {
    let whole = |error: &ValueError| format!("{:?} at {}", error.kind(), error.path());
    outcome.map_err(|error| match &error {
        JsonError::Base(inner) | JsonError::Ours(inner) | JsonError::Theirs(inner) | JsonError::Merged(inner) => {
            format!("{error}; {}", whole(inner))
        }
        other => other.to_string(),
    })
}

fn side<T: ?Sized>(value: &T, place: Place) -> Side<'_, T> {
    Side { value, place }
}

/// What the bytes have to give.
fn plainly(policy: &Policy, base: Option<&[u8]>, ours: Side<'_, [u8]>, theirs: Side<'_, [u8]>) -> Outcome {
    let base = base.map(Value::parse).transpose().map_err(JsonError::Base)?;
    let (a, b) =
        (Value::parse(ours.value).map_err(JsonError::Ours)?, Value::parse(theirs.value).map_err(JsonError::Theirs)?);
    written(merge(policy, base.as_ref(), side(&a, ours.place), side(&b, theirs.place)))
}

fn written(merged: Merged) -> Outcome {
    let json = merged.value.to_canonical().map_err(JsonError::Merged)?;
    // Only the library can make a `Merged`: one of bytes, with the rest put in.
    let empty = Side { value: &b"0"[..], place: Place::Hub(0) };
    let mut whole = merge_json(&Policy::default(), None, empty, empty)?;
    whole.value = json;
    whole.overwritten = merged.overwritten;
    whole.conflicts = merged.conflicts;
    whole.marked = merged.marked;
    Ok(whole)
}

/// The pairs of places under which two sides are merged: either later, and both at one place.
const PLACES: [(Place, Place); 3] =
    [(Place::Hub(1), Place::Local(1)), (Place::Local(2), Place::Local(1)), (Place::Hub(1), Place::Hub(1))];

fn agrees(policy: &Policy, base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> Result<(), TestCaseError> {
    for (a, b) in PLACES {
        let (ours, theirs) = (side(ours, a), side(theirs, b));
        let expected = plainly(policy, base, ours, theirs);
        prop_assert_eq!(told(merge_json(policy, base, ours, theirs)), told(expected), "{:?}", policy);
    }
    Ok(())
}

fn agrees_on(policy: &Policy, triple: &Triple) -> Result<(), TestCaseError> {
    let json = |value: &Value| value.to_canonical().unwrap();
    agrees(policy, triple.base.as_ref().map(json).as_deref(), &json(&triple.ours), &json(&triple.theirs))
}

/// A rule that does something else for each sort of value, and depends on all it is given.
struct Odd;

impl MergeRule for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }

    fn version(&self) -> u32 {
        1
    }

    fn merge(
        &self,
        base: Option<&Value>,
        earlier: Option<&Value>,
        later: Option<&Value>,
    ) -> Result<Option<Value>, String> {
        match (earlier, later) {
            (Some(Value::Number(_)), _) => Ok(None),
            (_, Some(Value::Bool(_))) => Err("ask".to_owned()),
            (_, None) => Ok(base.cloned()),
            _ => Ok(Some([base, earlier, later].into_iter().flatten().cloned().collect::<Vec<_>>().into())),
        }
    }
}

/// A policy, now and then with a rule of the application's.
fn policies() -> impl Strategy<Value = Policy> {
    let odd = prop_oneof![4 => Just(None), 1 => "(/[a-e*]){1,2}".prop_map(Some)];
    (laws::arbitrary_policy(), odd).prop_map(|(policy, odd)| {
        let rules = policy.rules().map(|(path, rule)| (path.to_string(), rule.clone()));
        let odd = odd.map(|path| (path, Rule::Custom(Arc::new(Odd))));
        let all = rules.chain(odd).fold(Policy::builder(), |builder, (path, rule)| builder.rule(path, rule));
        all.build().unwrap_or(policy)
    })
}

#[test]
fn bytes_are_merged_as_the_values_that_they_are() {
    search_some("policies", CASES, &(laws::arbitrary_triple(), policies()), |(triple, policy)| {
        agrees_on(&policy, &triple)
    });
}

/// A document of many parts, each for another rule; two sides edit some of them.
fn stories() -> impl Strategy<Value = Triple> {
    let named = |ids: std::ops::Range<usize>| {
        let element = (ids, arbitrary_text(), proptest::option::of(arbitrary_value())).prop_map(|(id, text, more)| {
            let id = if id == 0 { Value::Null } else { Value::from(format!("scene\n{id}")) };
            let members = [("id", id), ("text", text.into()), ("n", Value::from(1))].into_iter();
            let more = more.map(|more| ("more", more));
            Value::Object(members.chain(more).collect())
        });
        proptest::collection::vec(element, 0..24)
    };
    let unique = named(1..1000).prop_map(|mut all| {
        let id = |value: &Value| value.as_object().and_then(|object| object.get("id")).cloned();
        let mut seen = Vec::new();
        all.retain(|element| {
            let is_new = !seen.contains(&id(element));
            seen.push(id(element));
            is_new
        });
        all
    });
    let scalars = || {
        proptest::collection::vec(
            prop_oneof![arbitrary_number().prop_map(Value::Number), "[a-c]{0,2}".prop_map(Value::from),],
            0..12,
        )
    };
    let base = (
        unique,
        named(0..6),
        scalars(),
        scalars(),
        any::<i32>(),
        arbitrary_text(),
        proptest::collection::vec((arbitrary_key(), arbitrary_value()), 0..30),
    )
        .prop_map(|(unique, shared, sequence, set, count, text, wide)| {
            Object::from_iter([
                ("unique", Value::from(unique)),
                ("shared", shared.into()),
                ("sequence", sequence.into()),
                ("set", set.into()),
                ("count", count.into()),
                ("text", text.into()),
                ("wide", Value::Object(wide.into_iter().collect())),
            ])
        });
    let edits = || proptest::collection::vec((0..9_u8, any::<Index>(), any::<Index>(), arbitrary_value()), 0..8);
    (base, prop::bool::weighted(0.9), edits(), edits()).prop_map(|(base, is_known, ours, theirs)| {
        let edited = |edits: Vec<_>| Value::Object(edits.into_iter().fold(base.clone(), edit));
        Triple { ours: edited(ours), theirs: edited(theirs), base: is_known.then(|| Value::Object(base.clone())) }
    })
}

/// One edit of a story: another element, one more, one less, one elsewhere, a member set or removed.
fn edit(mut story: Object, (how, part, place, new): (u8, Index, Index, Value)) -> Object {
    let name = part.get(&["unique", "unique", "shared", "sequence", "set", "count", "text", "wide"]);
    match story.get_mut(name) {
        Some(Value::Array(array)) if !array.is_empty() => {
            let at = place.index(array.len());
            match how {
                0 => array.insert(at, new),
                1 => drop(array.remove(at)),
                2 => {
                    let moved = array.remove(at);
                    let to = (at + 7) % (array.len() + 1);
                    array.insert(to, moved);
                }
                3 => {
                    let twice = array[at].clone();
                    array.push(twice);
                }
                _ => match &mut array[at] {
                    Value::Object(element) if how < 6 => drop(element.insert("text", new)),
                    Value::Object(element) if how < 7 => drop(element.insert("n", 2.into())),
                    Value::Object(element) if how < 8 => drop(element.remove("more")),
                    element => *element = new,
                },
            }
        }
        Some(Value::Object(object)) if !object.is_empty() => {
            let key = object.keys().nth(place.index(object.len())).unwrap_or_default().to_owned();
            match how {
                0..3 => drop(object.remove(&key)),
                3 => drop(object.insert(key + "\u{1}", new)),
                _ => drop(object.insert(key, new)),
            }
        }
        Some(Value::Number(number)) => *number = (number.as_i64().unwrap_or(0) + i64::from(how)).into(),
        Some(Value::String(text)) => text.push_str("\nmore. And \"more\""),
        Some(other) => *other = new,
        None => {}
    }
    if how == 8 {
        story.remove(name);
    }
    story
}

fn story_policies() -> Vec<Policy> {
    let plain = |counter: bool| {
        let builder = Policy::builder()
            .rule("/unique", Rule::keyed("id"))
            .rule("/shared", Rule::keyed("id"))
            .rule("/shared/*/text", Rule::Latest)
            .rule("/set", Rule::Set)
            .rule("/text", Rule::prose())
            .rule("/wide/a", Rule::Atomic)
            .rule("/wide/b", Rule::Manual)
            .rule("/wide/c", Rule::Custom(Arc::new(Odd)));
        let builder = if counter {
            builder.rule("/count", Rule::Counter).rule("/unique/*/n", Rule::Counter).rule("/wide/*/a", Rule::Auto)
        } else {
            builder
        };
        builder.build().unwrap()
    };
    vec![
        plain(false),
        plain(true),
        Policy::default(),
        Policy::builder().rule("/*", Rule::keyed("text")).build().unwrap(),
    ]
}

#[test]
fn large_documents_with_named_elements_are_merged_as_their_values() {
    let policies = story_policies();
    search_some("stories", CASES / 10, &(stories(), 0..policies.len()), |(triple, which)| {
        agrees_on(&policies[which], &triple)
    });
}

#[test]
fn an_unclear_base_is_as_unclear_for_bytes() {
    let edits = |base: &Value| arbitrary_edit_of(base.clone());
    let ancestors = arbitrary_value().prop_flat_map(move |below| {
        (edits(&below), edits(&below), Just(below)).prop_flat_map(move |(one, other, below)| {
            (edits(&one), edits(&other), proptest::option::weighted(0.8, Just(below)), Just(one), Just(other))
        })
    });
    search_some("unclear", CASES, &(ancestors, policies()), |((ours, theirs, below, one, other), policy)| {
        let base = merge_bases(&policy, &[&one, &other], below.as_ref());
        let json = [&ours, &theirs].map(|value| value.to_canonical().unwrap());
        for (a, b) in PLACES {
            let expected = written(merge_over(&policy, &base, side(&ours, a), side(&theirs, b)));
            let merged = merge_json_over(&policy, &base, side(&json[0][..], a), side(&json[1][..], b));
            prop_assert_eq!(told(merged), told(expected), "{:?} {:?}", policy, base);
        }
        Ok(())
    });
}

/// Two sides counted to the same over a base of which nobody knows what it was.
#[test]
fn an_unclear_counter_asks_a_person_in_bytes_too() {
    let policy = Policy::builder().rule("/n", Rule::Counter).build().unwrap();
    let value = |json: &str| Value::parse(json.as_bytes()).unwrap();
    let base = merge_bases(&policy, &[&value(r#"{"n":1}"#), &value(r#"{"n":2}"#)], None);
    let json = [r#"{"m":1,"n":5}"#, r#"{"n":5}"#];
    let [ours, theirs] = json.map(value);
    let expected = written(merge_over(&policy, &base, side(&ours, PLACES[0].0), side(&theirs, PLACES[0].1)));
    let [ours, theirs] = [side(json[0].as_bytes(), PLACES[0].0), side(json[1].as_bytes(), PLACES[0].1)];
    let merged = merge_json_over(&policy, &base, ours, theirs);
    assert!(matches!(&merged, Ok(merged) if merged.conflicts.len() == 1));
    assert_eq!(told(merged), told(expected));
}

#[test]
fn what_is_not_canonical_is_merged_or_refused_as_its_values_are() {
    let damage = (0..3_usize, any::<Index>(), prop_oneof!["[\\[\\]{},:\"\\\\0-9eE.+ ]{0,2}", ".{0,2}"]);
    let damages = proptest::collection::vec(damage, 1..3);
    search_some(
        "damaged",
        CASES,
        &(laws::arbitrary_triple(), laws::arbitrary_policy(), damages),
        |(triple, policy, damages)| {
            let Triple { base, ours, theirs } = triple;
            let base = base.unwrap_or_default();
            let mut texts = [base, ours, theirs].map(|value| value.to_canonical().unwrap());
            for (which, place, new) in damages {
                let at = place.index(texts[which].len() + 1);
                texts[which].splice(at..at, new.bytes());
            }
            agrees(&policy, Some(&texts[0]), &texts[1], &texts[2])
        },
    );
}

fn pair(a: &str, b: &str) -> [Vec<u8>; 3] {
    [b"{}".to_vec(), format!("{{\"a\":{a}}}").into(), format!("{{\"b\":{b}}}").into()]
}

/// Two sides that are within the limits, and together are not.
#[test]
fn what_both_sides_make_together_is_held_against_the_limits() {
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    let ones = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    let half = (16 << 20) / 2 - 8;
    for (json, is_within) in [
        (pair(&text(half + 1), &text(half)), true),
        (pair(&text(half + 1), &text(half + 1)), false),
        (pair(&ones(999_999), &ones(998_998)), true),
        (pair(&ones(999_999), &ones(999_998)), true),
        (pair(&ones(999_999), &ones(999_999)), false),
    ] {
        let [base, ours, theirs] = &json;
        let merged =
            merge_json(&Policy::default(), Some(base), side(&ours[..], PLACES[0].0), side(&theirs[..], PLACES[0].1));
        assert_eq!(merged.is_ok(), is_within, "{} bytes", ours.len() + theirs.len());
        agrees(&Policy::default(), Some(base), ours, theirs).unwrap();
    }
}

/// A rule of the application's may go deeper than both sides do.
#[test]
fn what_a_rule_makes_is_held_against_the_limits() {
    let policy = Policy::builder().rule("/a", Rule::Custom(Arc::new(Odd))).build().unwrap();
    for (levels, is_within) in [(62, true), (63, false)] {
        let nest = |leaf: &str| format!("{{\"a\":{}{leaf}{}}}", "[".repeat(levels), "]".repeat(levels)).into_bytes();
        let (base, ours, theirs) = (nest("1"), nest("2"), nest("3"));
        let merged = merge_json(&policy, Some(&base), side(&ours[..], PLACES[0].0), side(&theirs[..], PLACES[0].1));
        assert_eq!(merged.is_ok(), is_within, "{levels} levels");
        agrees(&policy, Some(&base), &ours, &theirs).unwrap();
    }
}

#[test]
fn each_document_that_cannot_be_read_is_named() {
    let good = b"{}";
    let merge = |base: &[u8], ours: &[u8], theirs: &[u8]| {
        merge_json(&Policy::default(), Some(base), side(ours, PLACES[0].0), side(theirs, PLACES[0].1)).unwrap_err()
    };
    assert!(matches!(merge(b"{", b"[", b"1 1"), JsonError::Base(_)));
    assert!(matches!(merge(good, b"[", b"1 1"), JsonError::Ours(_)));
    assert!(matches!(merge(good, good, b"1 1"), JsonError::Theirs(_)));
}
