//! Goal: the laws of merging hold for every rule, for random policies, and for every small case.
//! Method: properties, `DRAFTKEEP_EFFORT` times 20,000 cases each; enumeration; devices that exchange through a hub.

#[path = "common/search.rs"]
mod search;

use draftkeep::Value;
use draftkeep::merge::laws::{self, Triple};
use draftkeep::merge::{Cut, Merged, Overlap, Place, Policy, Rule, Side, merge};
use proptest::prelude::*;
use search::{effort, search};

fn at_root(rule: Rule) -> Policy {
    Policy::builder().rule("", rule).build().unwrap()
}

fn rules() -> Vec<Rule> {
    let mut rules = vec![
        Rule::Auto,
        Rule::Latest,
        Rule::keyed("id"),
        Rule::Sequence,
        Rule::Set,
        Rule::Max,
        Rule::Min,
        Rule::Atomic,
        Rule::Manual,
        Rule::Counter,
    ];
    for cut in [Cut::Lines, Cut::Prose, Cut::Words] {
        rules.extend([Overlap::Conflict, Overlap::KeepBoth].map(|overlap| Rule::Text(cut, overlap)));
    }
    rules
}

#[test]
fn random_documents_under_random_policies_keep_the_laws() {
    search("policies", &(laws::arbitrary_triple(), laws::arbitrary_policy()), |(triple, policy)| {
        laws::check(&policy, &triple).map(drop).map_err(TestCaseError::fail)
    });
}

#[test]
fn every_rule_keeps_the_laws_everywhere() {
    let everywhere: Vec<Policy> = rules()
        .into_iter()
        .map(|rule| match rule {
            rule @ (Rule::Auto | Rule::Keyed(_) | Rule::Sequence) => {
                Policy::builder().rule("/*", rule.clone()).rule("/*/*", rule).build().unwrap()
            }
            rule => Policy::builder().rule("/*", rule).build().unwrap(),
        })
        .chain(rules().into_iter().map(at_root))
        .collect();
    search("rules", &(laws::arbitrary_triple(), 0..everywhere.len()), |(triple, which)| {
        laws::check(&everywhere[which], &triple).map(drop).map_err(TestCaseError::fail)
    });
}

/// Texts of sentences, edited by words that stand nowhere else.
fn texts() -> impl Strategy<Value = (String, String, String)> {
    let word = prop_oneof![6 => "[a-c]{1,2}", 1 => Just("c.".to_owned()), 1 => Just("a!\n".to_owned())];
    let edits = || proptest::collection::vec((any::<prop::sample::Index>(), 0..3_u8), 0..4);
    (proptest::collection::vec(word, 0..14), edits(), edits()).prop_map(|(base, ours, theirs)| {
        let edit = |edits: Vec<(prop::sample::Index, u8)>, whose: &str| {
            let mut words = base.clone();
            for (number, (place, how)) in edits.into_iter().enumerate() {
                let at = place.index(words.len() + 1);
                let new = format!("{whose}{number}");
                match (how, at < words.len()) {
                    (0, true) => drop(words.remove(at)),
                    (1, true) => words[at] = new,
                    _ => words.insert(at, new),
                }
            }
            words.join(" ")
        };
        (base.join(" "), edit(ours, "our"), edit(theirs, "their"))
    })
}

#[test]
fn no_word_of_a_text_is_lost() {
    let policies: Vec<Policy> =
        rules().into_iter().filter(|rule| matches!(rule, Rule::Text(..))).map(at_root).collect();
    search("texts", &(texts(), 0..policies.len()), |((base, ours, theirs), which)| {
        let triple = Triple { base: Some(base.into()), ours: ours.into(), theirs: theirs.into() };
        laws::check(&policies[which], &triple).map(drop).map_err(TestCaseError::fail)
    });
}

/// Documents in which each word stands once: lines of sentences, and the edits of two sides that move nothing.
fn unlike() -> impl Strategy<Value = Triple> {
    let edits = || proptest::collection::vec((any::<prop::sample::Index>(), 0..3_u8), 0..5);
    (1..12_usize, edits(), edits(), 0..4_usize).prop_map(|(length, ours, theirs, shape)| {
        let base: Vec<String> = (0..length).map(|at| format!("word{at:02}{}", ["", ".", "!\n"][at % 3])).collect();
        let edit = |edits: Vec<(prop::sample::Index, u8)>, whose: &str| {
            let mut words = base.clone();
            for (number, (place, how)) in edits.into_iter().enumerate() {
                let at = place.index(words.len() + 1);
                let new = format!("{whose}{number}{}", [" ", ". ", "\n"][number % 3]);
                match (how, at < words.len()) {
                    (0, true) => drop(words.remove(at)),
                    (1, true) => words[at] = new,
                    _ => words.insert(at, new),
                }
            }
            words
        };
        let document = |words: &[String]| match shape {
            0 => Value::from(words.join(" ")),
            1 => words.iter().map(|word| Value::from(word.as_str())).collect::<Vec<_>>().into(),
            2 => {
                let element = |word: &String| Value::Object([("id", Value::from(word.as_str()))].into_iter().collect());
                words.iter().map(element).collect::<Vec<_>>().into()
            }
            _ => Value::Object(words.iter().map(|word| (word.as_str(), Value::Null)).collect()),
        };
        let (ours, theirs) = (edit(ours, "our"), edit(theirs, "their"));
        Triple { base: Some(document(&base)), ours: document(&ours), theirs: document(&theirs) }
    })
}

#[test]
fn what_a_side_removed_stays_removed_or_is_told_of() {
    let policies: Vec<Policy> = rules().into_iter().map(at_root).collect();
    let counts = std::cell::Cell::new([0_u32; 2]);
    search("removals", &(unlike(), 0..policies.len()), |(triple, which)| {
        let merged = laws::check(&policies[which], &triple).map_err(TestCaseError::fail)?;
        let mut revived = laws::revived(triple.base.as_ref().unwrap(), &triple.ours, &triple.theirs, &merged);
        // The key of a keyed element is there again with each element that is new.
        revived.retain(|word| word != "id");
        prop_assert!(revived.is_empty(), "{:?} came back: {:?} {:?} {:?}", revived, policies[which], triple, merged);
        let [clean, all] = counts.get();
        counts.set([clean + u32::from(merged.is_clean()), all + 1]);
        Ok(())
    });
    let [clean, all] = counts.get();
    assert!(clean > all / 4, "only {clean} of {all} merges are clean");
}

/// All words over three letters up to a length.
fn all(length: usize) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
        let to = words.len();
        for at in from..to {
            for letter in ["a", "b", "c"] {
                let longer = format!("{}{letter}", words[at]);
                words.push(longer);
            }
        }
        from = to;
    }
    words
}

/// Whether a triple stands for all that rename its letters: they appear in the order of the alphabet.
fn is_first_of_its_kind(base: &str, ours: &str, theirs: &str) -> bool {
    let mut next = 'a';
    for letter in base.chars().chain(ours.chars()).chain(theirs.chars()) {
        match letter.cmp(&next) {
            std::cmp::Ordering::Greater => return false,
            std::cmp::Ordering::Equal => next = char::from_u32(u32::from(next) + 1).unwrap(),
            std::cmp::Ordering::Less => {}
        }
    }
    true
}

/// A way to write a word of three letters as a document, and the rule that it is merged by.
type Shape = (&'static str, fn(&str) -> Value, Rule);

fn shapes() -> [Shape; 5] {
    let array: fn(&str) -> Value =
        |word| word.chars().map(|letter| Value::from(letter.to_string())).collect::<Vec<_>>().into();
    let keyed: fn(&str) -> Value = |word| {
        let element = |(place, letter): (usize, char)| {
            let members = [("id", Value::from(letter.to_string())), ("at", Value::from(format!("at{place}")))];
            Value::Object(members.into_iter().collect())
        };
        word.chars().enumerate().map(element).collect::<Vec<_>>().into()
    };
    let lines: fn(&str) -> Value = |word| word.chars().map(|letter| format!("{letter}\n")).collect::<String>().into();
    let words: fn(&str) -> Value = |word| word.chars().map(|letter| format!("{letter} ")).collect::<String>().into();
    [
        ("sequence", array, Rule::Sequence),
        ("set", array, Rule::Set),
        ("keyed", keyed, Rule::keyed("id")),
        ("lines", lines, Rule::Text(Cut::Lines, Overlap::Conflict)),
        ("words", words, Rule::Text(Cut::Words, Overlap::KeepBoth)),
    ]
}

#[test]
fn every_small_triple_keeps_the_laws() {
    // Length 3 at effort 1; 4 from effort 10 and 5 from effort 100, as the cost grows.
    let length = match effort() {
        0..10 => 3,
        10..100 => 4,
        _ => 5,
    };
    let words = all(length);
    let mut checked = 0_u64;
    for (name, document, rule) in shapes() {
        let policy = at_root(rule);
        let mut clean = 0_u64;
        for base in &words {
            for (at, ours) in words.iter().enumerate() {
                for theirs in words[at..].iter().filter(|theirs| is_first_of_its_kind(base, ours, theirs)) {
                    let triple = Triple { base: Some(document(base)), ours: document(ours), theirs: document(theirs) };
                    let merged = laws::check(&policy, &triple).unwrap_or_else(|broken| panic!("{name}: {broken}"));
                    clean += u64::from(merged.is_clean());
                    checked += 1;
                }
            }
        }
        assert!(clean > 100, "{name}: hardly anything merges");
    }
    println!("{checked} triples of words up to {length} letters");
    assert!(checked > 10_000);
}

/// A hub that takes what is built on what it has, and devices that merge until it does.
struct Device {
    base: Value,
    base_seq: u64,
    head: Value,
    edits: u64,
}

#[test]
fn devices_that_exchange_in_any_order_end_equal() {
    let strategy = (
        laws::arbitrary_policy(),
        laws::arbitrary_triple(),
        proptest::collection::vec((0..4_usize, any::<bool>()), 1..20),
    );
    search("devices", &strategy, |(policy, triple, program)| {
        let first = triple.base.clone().unwrap_or_default();
        let (mut main, mut seq) = (first.clone(), 0);
        let mut devices: Vec<Device> =
            (0..4).map(|_| Device { base: first.clone(), base_seq: 0, head: first.clone(), edits: 0 }).collect();
        let mut exchange = |device: &mut Device| {
            if device.base_seq != seq {
                let (ours, theirs) = (
                    Side { value: &device.head, place: Place::Local(device.edits) },
                    Side { value: &main, place: Place::Hub(seq) },
                );
                let merged: Merged = merge(&policy, Some(&device.base), ours, theirs);
                (device.base, device.base_seq, device.head) = (main.clone(), seq, merged.value);
            }
            if device.head != main {
                seq += 1;
                main = device.head.clone();
                (device.base, device.base_seq) = (main.clone(), seq);
            }
        };
        for (which, is_editing) in program {
            let device = &mut devices[which];
            if is_editing {
                device.edits += 1;
                let new = if which % 2 == 0 { &triple.ours } else { &triple.theirs };
                device.head = new.clone();
            } else {
                exchange(device);
            }
        }
        // All push what they have, then all take in what the others pushed.
        for _round in 0..2 {
            devices.iter_mut().for_each(&mut exchange);
        }
        let heads: Vec<&Value> = devices.iter().map(|device| &device.head).collect();
        prop_assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", heads);
        Ok(())
    });
}
