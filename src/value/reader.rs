//! The strict reader: JSON text (RFC 8259) to a [`Value`], and nothing that two readers could understand differently.

use super::error::{ValueError, ValueErrorKind};
use super::escape::{needs_unicode_escape, plain_len};
use super::limits::{DEPTH_MAX, Limit, Limits};
use super::number::Number;
use super::object::Object;
use super::order::compare_keys;
use super::tree::Value;

type Result<T> = std::result::Result<T, ValueError>;

/// Which texts are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Any JSON text.
    Any,
    /// The one text that the writer writes for the value.
    Canonical,
}

/// Reads one text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: usize,
    limits: &'a Limits,
    form: Form,
}

impl Value {
    /// Reads any JSON text, within the default limits.
    ///
    /// Costs one pass over the text; objects whose keys are not in canonical order are sorted.
    ///
    /// # Errors
    ///
    /// Besides what is not JSON it refuses what others read in more than one way: duplicate keys, lone surrogates, text that
    /// is not UTF-8 or begins with a byte order mark, integers beyond 64 bits, decimals that would be rounded, nesting
    /// deeper than [`DEPTH_MAX`], and what exceeds the [`Limits`]. The error says where.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Self::parse_with(text, &Limits::default())
    }

    /// Reads any JSON text, within these limits.
    ///
    /// # Errors
    ///
    /// As for [`Value::parse`].
    pub fn parse_with(text: &[u8], limits: &Limits) -> Result<Self> {
        read(text, limits, Form::Any)
    }

    /// Reads a text that must be the canonical one of its value, within the default limits.
    ///
    /// # Errors
    ///
    /// As for [`Value::parse`], and `NotCanonical` for text that the writer would write otherwise.
    pub fn parse_canonical(text: &[u8]) -> Result<Self> {
        Self::parse_canonical_with(text, &Limits::default())
    }

    /// Reads a text that must be the canonical one of its value, within these limits.
    ///
    /// # Errors
    ///
    /// As for [`Value::parse_canonical`].
    pub fn parse_canonical_with(text: &[u8], limits: &Limits) -> Result<Self> {
        read(text, limits, Form::Canonical)
    }
}

fn read(bytes: &[u8], limits: &Limits, form: Form) -> Result<Value> {
    if bytes.len() > limits.bytes && !crate::fault::on("value.bytes") {
        return Err(ValueError::limit(Limit::Bytes, limits.bytes, bytes.len()));
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(ValueError::new(ValueErrorKind::ByteOrderMark));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Reader::new(text, limits, form).document(),
        Err(error) => Err(not_utf8(bytes, error, limits, form)),
    }
}

/// Reads what is UTF-8 to learn where the rest stands.
#[cold]
fn not_utf8(bytes: &[u8], error: std::str::Utf8Error, limits: &Limits, form: Form) -> ValueError {
    let offset = error.valid_up_to();
    let valid = bytes.get(..offset).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default();
    let kind = ValueErrorKind::NotUtf8 { offset };
    match Reader::new(valid, limits, form).document() {
        Err(stopped) if stopped.is_end_of(valid.len()) => stopped.with_kind(kind, error),
        Err(earlier) => earlier,
        Ok(_) => ValueError::caused_by(kind, error),
    }
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str, limits: &'a Limits, form: Form) -> Self {
        Self { text, at: 0, nodes: 0, limits, form }
    }

    /// Reads a text that is one string.
    pub(super) fn string_of(text: &str) -> Result<String> {
        let limits = Limits { bytes: usize::MAX, nodes: 1 };
        Reader::new(text, &limits, Form::Any).string::<String>()
    }

    /// Reads a text that is one number.
    pub(super) fn number_of(text: &str) -> Result<Number> {
        let limits = Limits { bytes: usize::MAX, nodes: 1 };
        let mut reader = Reader::new(text, &limits, Form::Any);
        let number = reader.number()?;
        reader.end()?;
        Ok(number)
    }

    fn document(mut self) -> Result<Value> {
        self.skip_space()?;
        let value = self.value(0)?;
        self.end()?;
        Ok(value)
    }

    fn end(&mut self) -> Result<()> {
        self.skip_space()?;
        if self.at < self.text.len() { Err(self.expected("the end of the document")) } else { Ok(()) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over this byte if it is next.
    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        let eaten = self.peek() == Some(byte);
        self.at += usize::from(eaten);
        eaten
    }

    #[inline]
    fn skip_space(&mut self) -> Result<()> {
        match self.peek() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip_some_space(),
            _ => Ok(()),
        }
    }

    fn skip_some_space(&mut self) -> Result<()> {
        self.demand_canonical(self.at, "no white space", false)?;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        Ok(())
    }

    #[cold]
    fn expected(&self, expected: &'static str) -> ValueError {
        ValueError::new(ValueErrorKind::Syntax { offset: self.at, expected })
    }

    #[inline]
    fn demand_canonical(&self, offset: usize, expected: &'static str, met: bool) -> Result<()> {
        if met || self.form == Form::Any || crate::fault::on("value.canonical") {
            Ok(())
        } else {
            Err(ValueError::new(ValueErrorKind::NotCanonical { offset, expected }))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(ValueError::limit(Limit::Nodes, self.limits.nodes, self.nodes));
        }
        match self.peek() {
            Some(b'"') => self.string::<String>().map(Value::String),
            Some(b'{') => self.object(deeper(depth)?),
            Some(b'[') => self.array(deeper(depth)?),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn literal(&mut self, name: &'static str, value: Value) -> Result<Value> {
        if self.text.as_bytes()[self.at..].starts_with(name.as_bytes()) {
            self.at += name.len();
            Ok(value)
        } else {
            // So that text that ends inside the word is told from text that goes on otherwise.
            let rest = self.text.as_bytes()[self.at..].iter();
            self.at += rest.zip(name.as_bytes()).take_while(|(a, b)| a == b).count();
            Err(self.expected(name))
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value> {
        self.at += 1;
        self.skip_space()?;
        let mut elements = Vec::new();
        if self.eat(b']') {
            return Ok(Value::from(elements));
        }
        loop {
            let index = elements.len();
            elements.push(self.value(depth).map_err(|error| error.at_index(index))?);
            self.skip_space()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.expected("',' or ']'").at_index(index)),
            }
            self.skip_space()?;
        }
        self.at += 1;
        Ok(Value::from(elements))
    }

    fn object(&mut self, depth: usize) -> Result<Value> {
        self.at += 1;
        self.skip_space()?;
        let mut members: Vec<(Box<str>, Value)> = Vec::new();
        if self.eat(b'}') {
            return Ok(Value::Object(Object::new()));
        }
        let mut sorted = true;
        loop {
            let start = self.at;
            let key = self.key()?;
            if sorted
                && let Some((last, _)) = members.last()
                && compare_keys(last.as_bytes(), key.as_bytes()).is_ge()
            {
                sorted = false;
                if *last != key {
                    self.demand_canonical(start, "keys in order", false)?;
                }
            }
            match self.member(depth) {
                Ok(value) => members.push((key, value)),
                Err(error) => return Err(error.at_key(&key)),
            }
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.expected("',' or '}'").at_key(members.last().map_or("", |(key, _)| key))),
            }
            self.skip_space()?;
        }
        self.at += 1;
        if sorted {
            return Ok(Value::Object(Object::from_sorted(members)));
        }
        Object::try_from_members(members).map(Value::Object).map_err(|key| duplicate(&key))
    }

    fn key(&mut self) -> Result<Box<str>> {
        if self.peek() == Some(b'"') { self.string() } else { Err(self.expected("a key in quotes")) }
    }

    fn member(&mut self, depth: usize) -> Result<Value> {
        self.skip_space()?;
        if !self.eat(b':') {
            return Err(self.expected("':'"));
        }
        self.skip_space()?;
        let value = self.value(depth)?;
        self.skip_space()?;
        Ok(value)
    }

    fn string<S: From<String> + for<'s> From<&'s str>>(&mut self) -> Result<S> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        self.at = start + plain_len(&bytes[start..]);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(S::from(&self.text[start..self.at - 1]));
        }
        let mut string = String::from(&self.text[start..self.at]);
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err(self.expected("an escape for a control character")),
                None => return Err(self.expected("the end of a string")),
            }
            let plain = self.at;
            self.at += plain_len(&bytes[plain..]);
            string.push_str(&self.text[plain..self.at]);
        }
        self.at += 1;
        Ok(S::from(string))
    }

    fn escape(&mut self) -> Result<char> {
        let start = self.at;
        self.at += 1;
        let letter = self.peek().ok_or_else(|| self.expected("an escape"))?;
        let short = match letter {
            b'"' | b'\\' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'/' => {
                self.demand_canonical(start, "a slash without an escape", false)?;
                '/'
            }
            b'u' => {
                self.at += 1;
                return self.unicode(start);
            }
            _ => return Err(self.expected("an escape")),
        };
        self.at += 1;
        Ok(short)
    }

    fn unicode(&mut self, start: usize) -> Result<char> {
        let lone = || ValueError::new(ValueErrorKind::LoneSurrogate { offset: start });
        let first = self.four_digits()?;
        let code = match first {
            0xD800..0xDC00 => {
                if !(self.eat(b'\\') && self.eat(b'u')) {
                    return Err(if self.peek().is_none() { self.expected("the other half of a pair") } else { lone() });
                }
                let second = self.four_digits()?;
                if !(0xDC00..0xE000).contains(&second) {
                    return Err(lone());
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            first => first,
        };
        let character = match char::from_u32(code) {
            None if crate::fault::on("value.surrogate") => char::REPLACEMENT_CHARACTER,
            character => character.ok_or_else(lone)?,
        };
        let lower = !self.text[start..self.at].bytes().any(|byte| byte.is_ascii_uppercase());
        let needed = u8::try_from(code).is_ok_and(needs_unicode_escape);
        self.demand_canonical(start, "the character itself or its shortest escape", needed && lower)?;
        Ok(character)
    }

    fn four_digits(&mut self) -> Result<u32> {
        (0..4).try_fold(0, |code, _| {
            let digit = self.peek().and_then(|digit| char::from(digit).to_digit(16));
            let digit = digit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
            self.at += 1;
            Ok(code << 4 | digit)
        })
    }

    fn number(&mut self) -> Result<Number> {
        let start = self.at;
        let negative = self.eat(b'-');
        let digits = self.at;
        if !self.eat(b'0') {
            self.digits()?;
        }
        let integer = self.at;
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if self.at > integer {
            let number = Number::parse_decimal(text)?;
            if self.form == Form::Canonical {
                self.demand_canonical(start, "the number's shortest form", number.is_written(text))?;
            }
            return Ok(number);
        }
        if negative && text == "-0" {
            self.demand_canonical(start, "0 without a sign", false)?;
        }
        // Up to 18 digits fit an i64.
        if integer - digits > 18 {
            return Number::parse_integer(text);
        }
        let magnitude =
            self.text.as_bytes()[digits..integer].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Ok(Number::from(if negative { -magnitude } else { magnitude }))
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }
}

pub(super) fn deeper(depth: usize) -> Result<usize> {
    if depth < DEPTH_MAX || crate::fault::on("value.depth") {
        Ok(depth + 1)
    } else {
        Err(ValueError::limit(Limit::Depth, DEPTH_MAX, depth + 1))
    }
}

fn duplicate(key: &str) -> ValueError {
    ValueError::duplicate(key)
}
