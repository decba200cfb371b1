//! What every merge keeps to, as checks and strategies for property tests: of this library, and of a rule of your own (the
//! example `custom_rule` holds one against it).
//!
//! ```
//! use draftkeep::merge::{Policy, Rule, laws};
//! use proptest::prelude::*;
//!
//! proptest!(ProptestConfig::with_cases(50), |(triple in laws::arbitrary_triple(), policy in laws::arbitrary_policy())| {
//!     laws::check(&policy, &triple).map_err(TestCaseError::fail)?;
//! });
//! ```

use super::{Conflict, Cut, Merged, Overlap, Passage, Place, Policy, Rule, Side, Why, merge};
use crate::value::Value;
use crate::value::strategy::{arbitrary_edit_of, arbitrary_value};
use proptest::prelude::*;

/// What was there, and what two sides made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triple {
    /// What both came from; `None` where nobody knows.
    pub base: Option<Value>,
    /// The first side.
    pub ours: Value,
    /// The second side.
    pub theirs: Value,
}

/// Any document and two edits of it; now and then without the base.
pub fn arbitrary_triple() -> impl Strategy<Value = Triple> {
    let triple = arbitrary_value().prop_flat_map(|base| {
        (prop::bool::weighted(0.9), arbitrary_edit_of(base.clone()), arbitrary_edit_of(base.clone()))
            .prop_map(move |(is_known, ours, theirs)| Triple { base: is_known.then(|| base.clone()), ours, theirs })
    });
    triple.boxed()
}

/// Any rule but those of an application.
pub fn arbitrary_rule() -> impl Strategy<Value = Rule> {
    let cut = prop_oneof![Just(Cut::Lines), Just(Cut::Prose), Just(Cut::Words)];
    let overlap = prop_oneof![Just(Overlap::Conflict), Just(Overlap::KeepBoth)];
    prop_oneof![
        4 => Just(Rule::Auto),
        1 => Just(Rule::Latest),
        2 => Just(Rule::keyed("id")),
        2 => Just(Rule::Sequence),
        1 => Just(Rule::Set),
        1 => Just(Rule::Counter),
        1 => Just(Rule::Max),
        1 => Just(Rule::Min),
        1 => Just(Rule::Atomic),
        1 => Just(Rule::Manual),
        3 => (cut, overlap).prop_map(|(cut, overlap)| Rule::Text(cut, overlap)),
    ]
}

/// Any policy for the documents of [`arbitrary_triple`].
pub fn arbitrary_policy() -> impl Strategy<Value = Policy> {
    let path = prop_oneof![1 => Just(String::new()), 6 => "(/[a-e*]){1,3}", 2 => Just("/*".to_owned())];
    proptest::collection::vec((path, arbitrary_rule()), 0..5).prop_map(|rules| {
        rules.into_iter().fold(Policy::default(), |policy, (path, rule)| {
            let so_far = policy.rules().map(|(path, rule)| (path.to_string(), rule.clone()));
            let all = so_far.chain([(path, rule)]);
            // What cannot be added is left out.
            all.fold(Policy::builder(), |builder, (path, rule)| builder.rule(path, rule)).build().unwrap_or(policy)
        })
    })
}

/// Checks all laws for one triple, and gives back the merge.
///
/// - **Commutative**: which side is called ours changes nothing else.
/// - **Nothing changed, nothing to do**: `merge(b, b, x) = x`, `merge(b, x, b) = x`, and `merge(b, x, x) = x` where the
///   policy has no counter: two sides that added the same to one have added twice as much.
/// - **The same every time**.
/// - **Settled is settled**: merging either side with the merge, over that side, gives the merge.
/// - **Passages lie where they say**: in order and apart, each with what the later side has there; a conflict has some
///   exactly where both changed the same passage.
/// - **Nothing lost**: see [`lost`].
///
/// # Errors
///
/// Which law is broken, and by what.
pub fn check(policy: &Policy, triple: &Triple) -> Result<Merged, String> {
    let Triple { base, ours, theirs } = triple;
    let base = base.as_ref();
    let side = |value, version| Side { value, place: Place::Local(version) };
    let merged = merge(policy, base, side(ours, 1), side(theirs, 2));
    let holds =
        |law: &str, holds: bool| if holds { Ok(()) } else { Err(format!("{law}: {policy:?} {triple:?} {merged:?}")) };

    holds("the same every time", merged == merge(policy, base, side(ours, 1), side(theirs, 2)))?;
    let swapped = merge(policy, base, side(theirs, 2), side(ours, 1));
    holds("commutative", turned(swapped) == merged)?;
    let (one, other) =
        (merge(policy, base, side(ours, 1), side(theirs, 1)), merge(policy, base, side(theirs, 1), side(ours, 1)));
    holds("commutative at one place", turned(other) == one)?;
    for x in [ours, theirs] {
        let same = merge(policy, base, side(x, 1), side(x, 2));
        let is_same = same.value == *x && same.is_clean() && same.overwritten.is_empty();
        holds("merge(b, x, x) = x", is_same || policy.counts())?;
        if let Some(b) = base {
            for (a, b) in [(b, x), (x, b)] {
                let one = merge(policy, base, side(a, 1), side(b, 2));
                holds("merge(b, b, x) = x", one.value == *x && one.is_clean() && one.overwritten.is_empty())?;
            }
        }
        let again = merge(policy, Some(x), side(x, 1), side(&merged.value, 2));
        holds("settled is settled", again.value == merged.value)?;
    }
    let is_placed = |conflict| passages_are_placed(&merged.value, conflict);
    holds("passages lie where they say", merged.conflicts.iter().all(is_placed))?;
    let lost = lost(base, ours, theirs, &merged);
    holds(&format!("nothing lost, but {lost:?}"), lost.is_empty())?;
    Ok(merged)
}

/// Whether the passages of a conflict are in the merged document as they say. Theirs is the later side.
fn passages_are_placed(document: &Value, conflict: &Conflict) -> bool {
    let mut at = 0;
    let are_in_order = conflict.passages.iter().all(|passage| {
        let Passage { place, theirs, .. } = passage;
        let is_behind = place.start >= at;
        at = place.end;
        let is_there = match (document.get(&conflict.path), theirs) {
            (Some(Value::String(whole)), Value::String(part)) => whole.get(place.clone()) == Some(part.as_str()),
            (Some(Value::Array(whole)), Value::Array(part)) => whole.get(place.clone()) == Some(part.as_slice()),
            _ => false,
        };
        is_behind && is_there
    });
    are_in_order && conflict.passages.is_empty() == (conflict.why != Why::Overlap)
}

fn turned(merged: Merged) -> Merged {
    let Merged { value, mut overwritten, mut conflicts, marked } = merged;
    overwritten.iter_mut().for_each(|overwritten| overwritten.whose = overwritten.whose.other());
    for conflict in &mut conflicts {
        std::mem::swap(&mut conflict.ours, &mut conflict.theirs);
        conflict.passages.iter_mut().for_each(Passage::turn);
    }
    Merged { value, overwritten, conflicts, marked }
}

/// The words that a side added and that are nowhere in what the merge tells: the document, what was overwritten, and the
/// conflicts.
///
/// It knows nothing of how documents are merged or compared: it looks at which words there are. Words are what white space
/// and signs separate in texts, and keys. Numbers have their own rules and are not looked at.
#[must_use]
pub fn lost(base: Option<&Value>, ours: &Value, theirs: &Value, merged: &Merged) -> Vec<String> {
    let before = base.map(words).unwrap_or_default();
    let told = texts(&merged.value) + &besides(merged);
    let added = [ours, theirs].into_iter().flat_map(words).filter(|word| !before.contains(word));
    added.filter(|word| !told.contains(*word)).map(str::to_owned).collect()
}

/// The words that a side removed, and that are in the document all the same without the merge telling of it.
///
/// For sides that move nothing: else what one side removed the other may have added anew. For the same reason only words
/// are looked at that stand at most once in each document. Nothing is said about documents in which both versions of a passage stand.
#[must_use]
pub fn revived(base: &Value, ours: &Value, theirs: &Value, merged: &Merged) -> Vec<String> {
    let (value, besides) = (texts(&merged.value), besides(merged));
    let is_gone = |word: &&str| {
        let counts = [base, ours, theirs].map(|document| texts(document).matches(*word).count());
        counts[0] == 1 && counts[1] + counts[2] == 1
    };
    let gone = words(base).into_iter().filter(is_gone);
    let back = gone.filter(|word| merged.marked.is_empty() && value.contains(*word) && !besides.contains(*word));
    back.map(str::to_owned).collect()
}

/// All that a merge tells besides the document.
fn besides(merged: &Merged) -> String {
    let overwritten = merged.overwritten.iter().map(|one| (&one.path, vec![&one.kept, &one.dropped]));
    let conflicts = merged.conflicts.iter().map(|one| (&one.path, vec![&one.base, &one.ours, &one.theirs]));
    let mut all = String::new();
    for (path, values) in overwritten.chain(conflicts) {
        all.push_str(&path.to_string());
        all.extend(values.into_iter().flatten().map(texts));
    }
    all
}

/// All words of a document, in order.
fn words(value: &Value) -> Vec<&str> {
    let mut words = Vec::new();
    let is_between = |char: char| char.is_whitespace() || char.is_ascii_punctuation();
    each_text(value, &mut |text| words.extend(text.split(is_between).filter(|word| !word.is_empty())));
    words
}

/// All texts of a document in one.
fn texts(value: &Value) -> String {
    let mut texts = String::new();
    each_text(value, &mut |text| {
        texts.push('\n');
        texts.push_str(text);
    });
    texts
}

fn each_text<'v>(value: &'v Value, visit: &mut impl FnMut(&'v str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(array) => array.iter().for_each(|element| each_text(element, visit)),
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            visit(key);
            each_text(value, visit);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
