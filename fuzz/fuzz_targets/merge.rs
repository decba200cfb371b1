//! Three arbitrary documents under a rule: no panic, the same for both orders of the sides, what it gives can be merged on,
//! and their bytes merge to the same, whatever they are.

#![no_main]

use draftkeep::merge::{Cut, Overlap, Place, Policy, Rule, Side, merge, merge_json, merge_with};
use draftkeep::value::Value;
use libfuzzer_sys::fuzz_target;

/// Enough for what a fuzzer writes, and few enough that it does not wait.
const STEPS: usize = 200_000;

fuzz_target!(|data: &[u8]| {
    let Some((how, rest)) = data.split_first() else { return };
    let mut parts = rest.splitn(3, |byte| *byte == 0xff);
    let [raw_base, raw_ours, raw_theirs] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    let [base, ours, theirs] = [raw_base, raw_ours, raw_theirs].map(document);
    let rule = match how % 16 {
        0 => Rule::Auto,
        1 => Rule::keyed("id"),
        2 => Rule::Sequence,
        3 => Rule::Set,
        4 => Rule::Counter,
        5 => Rule::Max,
        6 => Rule::Min,
        7 => Rule::Atomic,
        8 => Rule::Manual,
        9 => Rule::Latest,
        10 => Rule::Text(Cut::Lines, Overlap::Conflict),
        11 => Rule::Text(Cut::Lines, Overlap::KeepBoth),
        12 => Rule::Text(Cut::Prose, Overlap::Conflict),
        13 => Rule::Text(Cut::Prose, Overlap::KeepBoth),
        14 => Rule::Text(Cut::Words, Overlap::Conflict),
        _ => Rule::Text(Cut::Words, Overlap::KeepBoth),
    };
    let path = if how & 16 == 0 { "" } else { "/*" };
    let policy = Policy::builder().rule(path, rule).build().expect("one rule is a policy");
    let has_base = how & 32 == 0;
    let raw = |value, version| Side { value, place: Place::Local(version) };
    let from_bytes = merge_json(&policy, has_base.then_some(raw_base), raw(raw_ours, 1), raw(raw_theirs, 2)).ok();
    let base = has_base.then_some(&base);
    let side = |value, version| Side { value, place: Place::Local(version) };
    let merged = merge_with(&policy, base, side(&ours, 1), side(&theirs, 2), STEPS);
    let swapped = merge_with(&policy, base, side(&theirs, 2), side(&ours, 1), STEPS);
    assert_eq!(merged.value, swapped.value);
    assert_eq!(
        (merged.overwritten.len(), merged.conflicts.len()),
        (swapped.overwritten.len(), swapped.conflicts.len())
    );
    let again = merge_with(&policy, Some(&ours), side(&ours, 1), side(&merged.value, 2), STEPS);
    assert_eq!(again.value, merged.value, "what was merged is newer than what it was made of");
    let is_read = |raw: &[u8]| Value::parse(raw).is_ok();
    let are_read = is_read(raw_ours) && is_read(raw_theirs) && (!has_base || is_read(raw_base));
    let read = are_read.then(|| merge(&policy, base, side(&ours, 1), side(&theirs, 2)));
    let of_values =
        read.and_then(|merged| Some((merged.value.to_canonical().ok()?, merged.overwritten, merged.conflicts)));
    assert_eq!(from_bytes.map(|merged| (merged.value, merged.overwritten, merged.conflicts)), of_values);
});

/// A document; what is none is one text.
fn document(bytes: &[u8]) -> Value {
    Value::parse(bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
}
