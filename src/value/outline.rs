//! Where each value of a canonical text stands, for those who compare and copy texts and need few of the values.
//!
//! Equal texts are equal values, so most questions about a document can be asked of its text. Only what is canonical has an
//! outline: whoever gets none asks the [reader](super::reader) why.

use super::diff::Item;
use super::error::ValueError;
use super::escape::{needs_unicode_escape, plain_len};
use super::limits::{DEPTH_MAX, Limits};
use super::number::Number;
use super::order::compare_keys;
use super::reader::Reader;
use super::tree::Value;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A canonical text, and where its values stand.
pub(crate) struct Outline<'t> {
    text: &'t str,
    /// Each value before those inside it, the first being the document.
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    end: usize,
    /// The number of the first entry that is not inside this one.
    next: usize,
}

/// A value of an outlined text. It equals another one where the values are equal.
#[derive(Clone, Copy)]
pub(crate) struct Part<'o> {
    outline: &'o Outline<'o>,
    number: usize,
}

impl<'t> Outline<'t> {
    /// Looks through a text; `None` where it is not the canonical text of a value within the limits.
    pub(crate) fn of(text: &'t [u8], limits: &Limits) -> Option<Self> {
        if text.len() > limits.bytes {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let mut scan = Scan { text, at: 0, entries: Vec::new(), nodes: limits.nodes };
        scan.value(0)?;
        (scan.at == text.len()).then_some(Self { text, entries: scan.entries })
    }

    pub(crate) const fn root(&self) -> Part<'_> {
        Part { outline: self, number: 0 }
    }
}

impl<'o> Part<'o> {
    fn entry(self) -> Entry {
        self.outline.entries[self.number]
    }

    /// Its canonical text.
    #[inline]
    pub(crate) fn text(self) -> &'o str {
        let Entry { start, end, .. } = self.entry();
        &self.outline.text[start..end]
    }

    fn begins_with(self, first: u8) -> bool {
        self.outline.text.as_bytes().get(self.entry().start) == Some(&first)
    }

    pub(crate) fn is_object(self) -> bool {
        self.begins_with(b'{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.begins_with(b'[')
    }

    pub(crate) fn is_text_or_number(self) -> bool {
        matches!(self.outline.text.as_bytes().get(self.entry().start), Some(b'"' | b'-' | b'0'..=b'9'))
    }

    /// The members of an object, with their keys as they are written; none of anything else.
    pub(crate) fn members(self) -> Inside<'o> {
        self.inside(self.is_object())
    }

    /// The elements of an array; none of anything else.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        self.inside(self.is_array()).map(|(_, element)| element)
    }

    fn inside(self, is_right: bool) -> Inside<'o> {
        let Entry { start, next, .. } = self.entry();
        let end = if is_right { next } else { self.number };
        Inside { outline: self.outline, number: self.number + 1, end, written_to: start }
    }

    /// The value of the member with this key, which is given as it is written.
    pub(crate) fn get(self, quoted: &str) -> Option<Self> {
        self.members().find(|(key, _)| *key == quoted).map(|(_, value)| value)
    }

    /// Reads it.
    pub(crate) fn to_value(self) -> Result<Value, ValueError> {
        Value::parse_canonical(self.text().as_bytes())
    }
}

/// The weight is that of the value, so that comparing either takes the same steps.
impl Item for Part<'_> {
    fn weight(&self) -> usize {
        let mut weight = self.entry().next - self.number;
        let mut rest = self.text().as_bytes();
        while let Some(quote) = rest.iter().position(|byte| *byte == b'"') {
            let after = |rest: &'_ [u8], length: usize| rest.len().min(length);
            rest = &rest[quote + 1..];
            let mut length = 0;
            loop {
                let plain = plain_len(rest);
                length += plain;
                rest = &rest[plain..];
                // Each escape stands for one byte.
                let escape = match rest {
                    [b'\\', b'u', ..] => 6,
                    [b'\\', ..] => 2,
                    _ => break,
                };
                length += 1;
                rest = &rest[after(rest, escape)..];
            }
            rest = &rest[after(rest, 1)..];
            weight += length / 8;
        }
        weight
    }
}

impl PartialEq for Part<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Part<'_> {}

impl Hash for Part<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

/// What is inside a container, in order, with the text before it that belongs to it: a member's key.
pub(crate) struct Inside<'o> {
    outline: &'o Outline<'o>,
    number: usize,
    end: usize,
    /// The bracket or comma before what is next.
    written_to: usize,
}

impl<'o> Iterator for Inside<'o> {
    type Item = (&'o str, Part<'o>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.number >= self.end {
            return None;
        }
        let part = Part { outline: self.outline, number: self.number };
        let Entry { start, end, next } = part.entry();
        // An element has nothing between the comma and itself, a member its key and a colon.
        let key = self.outline.text.get(self.written_to + 1..start.saturating_sub(1)).unwrap_or_default();
        (self.number, self.written_to) = (next, end);
        Some((key, part))
    }
}

/// The key that is written so, quotes included.
pub(crate) fn unquoted(quoted: &str) -> Cow<'_, str> {
    if quoted.contains('\\') {
        // Both the scan and the reader have taken it for a string.
        return Cow::Owned(Reader::string_of(quoted).unwrap_or_default());
    }
    Cow::Borrowed(inner(quoted))
}

/// The order of two keys that are written so.
pub(crate) fn compare_quoted(a: &str, b: &str) -> Ordering {
    compare_keys(unquoted(a).as_bytes(), unquoted(b).as_bytes())
}

fn inner(quoted: &str) -> &str {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

/// A look through a text. Every step says `None` where the text is not canonical.
struct Scan<'t> {
    text: &'t str,
    at: usize,
    entries: Vec<Entry>,
    /// How many values there may be.
    nodes: usize,
}

impl<'t> Scan<'t> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there.then_some(())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        let number = self.entries.len();
        if number >= self.nodes {
            return None;
        }
        self.entries.push(Entry { start: self.at, end: self.at, next: number });
        match self.peek()? {
            b'"' => drop(self.string()?),
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => return None,
        }
        let next = self.entries.len();
        let entry = self.entries.get_mut(number)?;
        (entry.end, entry.next) = (self.at, next);
        Some(())
    }

    fn literal(&mut self, name: &str) -> Option<()> {
        let is_there = self.text.as_bytes().get(self.at..)?.starts_with(name.as_bytes());
        self.at += name.len();
        is_there.then_some(())
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        if depth >= DEPTH_MAX {
            return None;
        }
        if self.expect(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            if self.expect(b',').is_none() {
                return self.expect(b']');
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        if depth >= DEPTH_MAX {
            return None;
        }
        if self.expect(b'}').is_some() {
            return Some(());
        }
        let mut last: Option<Key<'t>> = None;
        loop {
            let key = self.string()?;
            if last.is_some_and(|last| last.compare(key).is_ge()) {
                return None;
            }
            last = Some(key);
            self.expect(b':')?;
            self.value(depth + 1)?;
            if self.expect(b',').is_none() {
                return self.expect(b'}');
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Option<Key<'t>> {
        let start = self.at;
        self.expect(b'"')?;
        let mut is_escaped = false;
        loop {
            self.at += plain_len(self.text.as_bytes().get(self.at..)?);
            match self.peek()? {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return None,
            }
            is_escaped = true;
        }
        self.at += 1;
        Some(Key { quoted: self.text.get(start..self.at)?, is_escaped })
    }

    fn escape(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at + 1..)?;
        let (is_shortest, length) = match rest {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => (true, 2),
            [b'u', b'0', b'0', high @ (b'0' | b'1'), low @ (b'0'..=b'9' | b'a'..=b'f'), ..] => {
                let low = if low.is_ascii_digit() { low - b'0' } else { low - b'a' + 10 };
                (needs_unicode_escape((high - b'0') << 4 | low), 6)
            }
            _ => (false, 0),
        };
        self.at += length;
        is_shortest.then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let digits = self.at;
        let bytes = self.text.as_bytes();
        self.at += bytes.get(digits..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // Up to 18 digits fit 64 bits; what is longer or has a fraction is the reader's to judge.
        if self.at - digits <= 18 && !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            let is_plain = match bytes.get(digits)? {
                b'0' => self.at - start == 1,
                first => first.is_ascii_digit(),
            };
            return is_plain.then_some(());
        }
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
        self.at += bytes.get(self.at..)?.iter().take_while(is_part).count();
        let text = self.text.get(start..self.at)?;
        let number: Number = Reader::number_of(text).ok()?;
        number.is_written(text).then_some(())
    }
}

/// A key as it is written.
#[derive(Clone, Copy)]
struct Key<'t> {
    quoted: &'t str,
    is_escaped: bool,
}

impl Key<'_> {
    #[inline]
    fn compare(self, other: Self) -> Ordering {
        if self.is_escaped || other.is_escaped {
            return compare_quoted(self.quoted, other.quoted);
        }
        compare_keys(inner(self.quoted).as_bytes(), inner(other.quoted).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::strategy::arbitrary_value;
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    /// The outline's values, as the reader reads each of them.
    fn values(part: Part<'_>, found: &mut Vec<Value>) {
        let value = part.to_value().unwrap();
        assert_eq!(part.weight(), value.weight(), "{value:?}");
        found.push(value);
        part.members().for_each(|(_, value)| values(value, found));
        part.elements().for_each(|element| values(element, found));
    }

    /// The same, from a value.
    fn inside(value: &Value, found: &mut Vec<Value>) {
        found.push(value.clone());
        match value {
            Value::Array(array) => array.iter().for_each(|element| inside(element, found)),
            Value::Object(object) => object.values().for_each(|value| inside(value, found)),
            _ => {}
        }
    }

    fn agrees(text: &[u8], limits: &Limits) -> Result<(), TestCaseError> {
        let read = Value::parse_canonical_with(text, limits);
        let outline = Outline::of(text, limits);
        prop_assert_eq!(outline.is_some(), read.is_ok(), "{}: {:?}", String::from_utf8_lossy(text), read);
        if let (Some(outline), Ok(read)) = (outline, read) {
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            values(outline.root(), &mut found);
            inside(&read, &mut expected);
            prop_assert_eq!(found, expected);
            if let Value::Object(object) = &read {
                let keys: Vec<_> = outline.root().members().map(|(key, _)| unquoted(key).into_owned()).collect();
                prop_assert_eq!(keys, object.keys().collect::<Vec<_>>());
            }
        }
        Ok(())
    }

    #[test]
    fn what_is_canonical_has_an_outline_and_nothing_else() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        let texts = [
            "",
            " 1",
            "1 ",
            "01",
            "-0",
            "-",
            "1.0",
            "1.5",
            "1.50",
            "1e5",
            "1e+5",
            "1e+22",
            "1e22",
            "1E+22",
            "0.1",
            ".1",
            "1.",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "000000000000000000001",
            "1-2",
            "1e",
            "tru",
            "true",
            "nul",
            "falsee",
            "\"",
            "\"a",
            "\"\\n\"",
            "\"\\u000a\"",
            "\"\\/\"",
            "\"\\u001f\"",
            "\"\\u001F\"",
            "\"\\u0008\"",
            "\"\\u00\"",
            "\"\\u0041\"",
            "\"\\",
            "\"\t\"",
            "\"\u{7f}é\u{10ffff}\"",
            "{\"a\":1,\"b\":2}",
            "{\"b\":1,\"a\":2}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" :1}",
            "{\"a\"1}",
            "{\"a\":}",
            "{",
            "{\"\\n\":1,\" \":2}",
            "{\" \":1,\"\\n\":2}",
            "{\"\\\\\":1,\"a\":2}",
            "{\"[\":1,\"\\\\\":2}",
            "{\"\u{ffff}\":1,\"\u{10000}\":2}",
            "{\"\u{10000}\":1,\"\u{ffff}\":2}",
            "{\"a\":1,\"a \":2,\"a!\":3,\"ab\":4}",
            "[1,2",
            "[1,]",
            "[,]",
            "[1 ,2]",
            "[]",
            "{}",
            "[[],{}]",
            "[]]",
            &deep(64),
            &deep(65),
            "\u{feff}1",
        ];
        for text in texts {
            agrees(text.as_bytes(), &Limits::default()).unwrap();
            for (bytes, nodes) in [(text.len(), 2), (text.len(), 3), (text.len().saturating_sub(1), 9)] {
                agrees(text.as_bytes(), &Limits { bytes, nodes }).unwrap();
            }
        }
        agrees(b"\"\xff\"", &Limits::default()).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn a_damaged_text_has_an_outline_exactly_where_it_is_still_canonical(
            value in arbitrary_value(),
            damage in proptest::collection::vec((any::<Index>(), prop_oneof!["[\\[\\]{},:\"\\\\0-9eE.+a-u \u{1}-]", ".{0,2}"], any::<bool>()), 0..3),
        ) {
            let mut text = value.to_canonical().unwrap();
            for (place, new, is_inserted) in damage {
                let at = place.index(text.len());
                let end = if is_inserted { at } else { at + 1 };
                text.splice(at..end, new.bytes());
                if text.is_empty() {
                    break;
                }
            }
            agrees(&text, &Limits::default())?;
        }
    }
}
