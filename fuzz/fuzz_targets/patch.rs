//! Two arbitrary documents and an arbitrary patch: no panic, what is patched keeps to the limits, and patches made between
//! the documents lead from one to the other.

#![no_main]

use draftkeep::value::{Limits, Patch, Value, merge_patch, merge_patch_between};
use libfuzzer_sys::fuzz_target;

/// Small, so that a patch which grows reaches them.
const LIMITS: Limits = Limits { bytes: 20_000, nodes: 5_000 };

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == 0xff);
    let mut next = || parts.next().unwrap_or_default();
    let (from, to, patch) = (document(next()), document(next()), next());
    match Patch::parse(patch) {
        Ok(patch) => {
            let again = Patch::from_value(&patch.to_value()).expect("what was read can be read again");
            assert_eq!(again, patch);
            match patch.apply_with(&from, &LIMITS, 100_000) {
                Ok(patched) => {
                    patched.to_canonical_with(&LIMITS).expect("it keeps to the limits");
                    assert_eq!(patch.apply_with(&from, &LIMITS, 100_000).ok(), Some(patched));
                }
                Err(error) => drop((error.to_string(), format!("{error:?}"))),
            }
        }
        Err(error) => drop((error.to_string(), format!("{error:?}"))),
    }
    assert_eq!(Patch::between(&from, &to).apply(&from).ok().as_ref(), Some(&to));
    if let Ok(patch) = merge_patch_between(&from, &to) {
        assert_eq!(merge_patch(&from, &patch).ok().as_ref(), Some(&to));
    }
    let merged = merge_patch(&from, &to).expect("both are small");
    assert_eq!(merge_patch(&merged, &to).ok(), Some(merged), "what was merged is merged");
});

/// A document; what is none is one text.
fn document(bytes: &[u8]) -> Value {
    Value::parse(bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
}
