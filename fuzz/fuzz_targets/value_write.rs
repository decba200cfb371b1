//! Arbitrary documents, built from bytes: what is written is read back, and a difference leads from one to the other.

#![no_main]

use draftkeep::value::{self, DEPTH_MAX, Number, Object, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut source = Source { bytes };
    let (before, after) = (source.value(0), source.value(0));
    for document in [&before, &after] {
        let text = document.to_canonical().expect("it is within the limits");
        assert_eq!(Value::parse_canonical(&text).as_ref().ok(), Some(document));
        let foreign = serde_json::Value::from(document.clone());
        assert_eq!(value::to_canonical(&foreign).ok().as_ref(), Some(&text));
        assert_eq!(value::from_value::<Value>(document).as_ref().ok(), Some(document));
    }
    let changes = value::diff_with(&before, &after, 100_000);
    assert_eq!(value::apply(&before, &changes).as_ref(), Some(&after));
    assert_eq!(changes.is_empty(), before == after);
    let _ = changes.iter().map(ToString::to_string).count();
});

/// Builds documents from bytes; where they end it builds nulls.
struct Source<'a> {
    bytes: &'a [u8],
}

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *byte
    }

    fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.byte() % 24).min(self.bytes.len());
        let (text, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.byte() % 16 {
            0 | 1 => Value::Null,
            2 => Value::Bool(self.byte() % 2 == 0),
            3 => Value::from(self.byte()),
            4 => Value::from(self.word()),
            5 => Value::from(self.word().cast_signed()),
            6 => Number::from_f64(f64::from_bits(self.word())).map_or(Value::Null, Value::Number),
            7..=9 => Value::String(self.text()),
            _ if depth == DEPTH_MAX => Value::Null,
            10..=12 => Value::from((0..self.byte() % 8).map(|_| self.value(depth + 1)).collect::<Vec<_>>()),
            _ => {
                let members = (0..self.byte() % 8).map(|_| (self.text(), self.value(depth + 1)));
                Value::Object(members.collect::<Object>())
            }
        }
    }
}
