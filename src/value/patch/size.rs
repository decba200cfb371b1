//! What a value takes of the limits, counted and not written.

use crate::value::Value;
use crate::value::escape::written_len;

/// What a value takes of the limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// The values in it, itself included.
    pub(super) nodes: usize,
    /// The length of its canonical text.
    pub(super) bytes: usize,
}

impl Size {
    /// Counts a value; `None` if it is nested deeper than so many levels, of which it looks at no more.
    pub(super) fn of(value: &Value, levels: usize) -> Option<Self> {
        let mut size = Self::default();
        size.count(value, levels, &mut Vec::with_capacity(24))?;
        Some(size)
    }

    /// Both together.
    pub(super) const fn with(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), bytes: self.bytes.saturating_add(other.bytes) }
    }

    /// What is left when the other goes.
    pub(super) const fn without(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_sub(other.nodes), bytes: self.bytes.saturating_sub(other.bytes) }
    }

    fn count(&mut self, value: &Value, levels: usize, digits: &mut Vec<u8>) -> Option<()> {
        self.nodes += 1;
        match value {
            Value::Null | Value::Bool(true) => self.take(4),
            Value::Bool(false) => self.take(5),
            Value::Number(number) => {
                digits.clear();
                number.write(digits);
                self.take(digits.len());
            }
            Value::String(text) => self.take(written_len(text)),
            Value::Array(array) => {
                let levels = levels.checked_sub(1)?;
                self.take(2 + array.len().saturating_sub(1));
                array.iter().try_for_each(|element| self.count(element, levels, digits))?;
            }
            Value::Object(object) => {
                let levels = levels.checked_sub(1)?;
                self.take(2 + object.len().saturating_sub(1));
                for (key, value) in object.iter() {
                    self.take(written_len(key) + 1);
                    self.count(value, levels, digits)?;
                }
            }
        }
        Some(())
    }

    /// Escapes may make text six times as long, which a 32-bit machine could not count.
    const fn take(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_what_is_written() {
        for text in [
            "null",
            "true",
            "false",
            "0",
            "-1",
            "18446744073709551615",
            "1.5e-7",
            "1e+16",
            r#""""#,
            "[]",
            "{}",
            r#"["a",{"b":[[]]},-0.5]"#,
            r#"{"":"","\u0000\n\"\\\u001f":"\u007f\u2028é😀/\u0008\f\t\r"}"#,
        ] {
            let value = Value::parse(text.as_bytes()).unwrap();
            let size = Size::of(&value, 64).unwrap();
            assert_eq!(size.bytes, value.to_canonical().unwrap().len(), "{text}");
        }
        let deep = Value::parse(br#"[{"a":[1,[]]}]"#).unwrap();
        assert_eq!(Size::of(&deep, 4).map(|size| size.nodes), Some(5));
        assert_eq!(Size::of(&deep, 3), None);
    }
}
