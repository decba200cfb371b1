//! Arbitrary bytes as a document: no panic; what is accepted has one text, and is what `serde_json` reads.

#![no_main]

use draftkeep::value::{Value, ValueErrorKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let foreign = serde_json::from_slice::<serde_json::Value>(text);
    let canonical = Value::parse_canonical(text);
    match Value::parse(text) {
        Ok(document) => {
            let written = document.to_canonical().expect("what was read can be written");
            assert_eq!(Value::parse_canonical(&written).as_ref().ok(), Some(&document), "it survives its text");
            assert_eq!(canonical.is_ok(), written == text, "canonical text is what is written");
            let foreign = foreign.expect("what we accept is JSON");
            let ours = serde_json::Value::from(document);
            assert!(agree(&ours, &foreign), "both read the same document: {ours} {foreign}");
        }
        Err(error) => {
            assert!(canonical.is_err());
            let _ = (error.to_string(), error.path());
            if foreign.is_ok() {
                assert!(is_documented(error.kind()), "refused without a documented reason: {error}");
            }
        }
    }
});

/// Whether both are one document. An integral float below 2^53 is the integer to us, and a float to `serde_json`.
fn agree(ours: &serde_json::Value, foreign: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (ours, foreign) {
        (Number(a), Number(b)) => a == b || (b.is_f64() && a.as_f64() == b.as_f64()),
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b)),
        (Object(a), Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| agree(a, b)))
        }
        (a, b) => a == b,
    }
}

/// What we refuse although it is JSON.
fn is_documented(kind: &ValueErrorKind) -> bool {
    matches!(
        kind,
        ValueErrorKind::DuplicateKey { .. }
            | ValueErrorKind::IntegerTooWide { .. }
            | ValueErrorKind::NumberRounded { .. }
            | ValueErrorKind::LimitExceeded { .. }
    )
}
