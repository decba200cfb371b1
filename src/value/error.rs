//! Why a document cannot be read, written or understood.

use serde::de::{Expected, Unexpected};
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use super::limits::Limit;
use super::path::{Path, Segment};

/// Why a document cannot be read, written or understood, and where in it.
///
/// The path leads to the value concerned; a duplicate key's path leads to the object's member.
///
/// It may be logged: neither its message nor its debug form has any text of the document in it, save for keys, numbers
/// that do not fit and what the application's own code said, each only up to a length.
pub struct ValueError {
    inner: Box<Inner>,
}

struct Inner {
    kind: ValueErrorKind,
    /// From the innermost segment outwards: containers add theirs while the error passes through them.
    trail: Vec<Segment>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The most bytes of a key that a message shows.
pub(super) const KEY_SHOWN: usize = 64;

/// The most bytes of what an application's type said that a message keeps.
const SAID_KEPT: usize = 200;

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// The text is not JSON.
    Syntax {
        /// Where, in bytes from the start.
        offset: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// The text is not UTF-8.
    NotUtf8 {
        /// Where the first wrong byte is.
        offset: usize,
    },
    /// The text begins with a byte order mark. Remove it.
    ByteOrderMark,
    /// A string holds half of a surrogate pair as an escape, which no text can hold.
    LoneSurrogate {
        /// Where the escape begins, in bytes from the start.
        offset: usize,
    },
    /// An object has the same key twice.
    DuplicateKey {
        /// The key, cut after 64 bytes.
        key: String,
    },
    /// A key of a map is neither text nor a number, a character or a truth value.
    KeyNotText,
    /// A number is NaN or infinite.
    NotFinite,
    /// An integer fits neither a `u64` nor an `i64`.
    IntegerTooWide {
        /// The number as it was given, cut after 64 bytes.
        text: String,
    },
    /// A decimal would be rounded if it were read.
    NumberRounded {
        /// The number as it was given, cut after 64 bytes.
        text: String,
    },
    /// The document is larger than allowed.
    LimitExceeded {
        /// Which limit.
        which: Limit,
        /// The limit, inclusive.
        limit: usize,
        /// What was found before giving up.
        got: usize,
    },
    /// The text is JSON but not in canonical form.
    NotCanonical {
        /// Where it differs, in bytes from the start.
        offset: usize,
        /// What canonical form asks for there.
        expected: &'static str,
    },
    /// The document does not fit the application's type, or the type refused to be written.
    Type {
        /// What the type said, cut after 200 bytes where it is in the application's own words.
        message: String,
    },
}

impl ValueError {
    pub(super) fn new(kind: ValueErrorKind) -> Self {
        Self { inner: Box::new(Inner { kind, trail: Vec::new(), source: None }) }
    }

    pub(super) fn caused_by(kind: ValueErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { inner: Box::new(Inner { kind, trail: Vec::new(), source: Some(source.into()) }) }
    }

    pub(super) fn limit(which: Limit, limit: usize, got: usize) -> Self {
        Self::new(ValueErrorKind::LimitExceeded { which, limit, got })
    }

    pub(super) fn duplicate(key: &str) -> Self {
        Self::new(ValueErrorKind::DuplicateKey { key: shortened(key, KEY_SHOWN).into_owned() }).at_key(key)
    }

    fn said(message: String) -> Self {
        Self::new(ValueErrorKind::Type { message })
    }

    /// An error about a number, which is quoted up to a length that a log line bears.
    pub(super) fn number(text: &str, kind: fn(String) -> ValueErrorKind) -> Self {
        let quoted = match text.char_indices().nth(64) {
            None => text.to_owned(),
            Some((cut, _)) => format!("{}…", &text[..cut]),
        };
        Self::new(kind(quoted))
    }

    pub(super) fn at_key(mut self, key: &str) -> Self {
        self.inner.trail.push(Segment::Key(key.to_owned()));
        self
    }

    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.inner.trail.push(Segment::Index(index));
        self
    }

    /// Whether it says that the text ends too early, at this offset.
    pub(super) fn is_end_of(&self, len: usize) -> bool {
        matches!(self.inner.kind, ValueErrorKind::Syntax { offset, .. } if offset == len)
    }

    /// Another error at the same path.
    pub(super) fn with_kind(
        mut self,
        kind: ValueErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.inner.kind = kind;
        self.inner.source = Some(source.into());
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ValueErrorKind {
        &self.inner.kind
    }

    /// Where it is: the path of the value concerned, from the document's root.
    #[must_use]
    pub fn path(&self) -> Path {
        self.inner.trail.iter().rev().cloned().collect()
    }
}

/// At most the text's first `most` bytes, cut between two letters.
pub(super) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &text[..end]).into()
}

impl fmt::Debug for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ValueError");
        shown.field("kind", &self.inner.kind).field("path", &self.path().shown().to_string());
        shown.field("source", &self.inner.source).finish()
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.kind.fmt(f)?;
        if self.inner.trail.is_empty() {
            f.write_str(" (at the root)")
        } else {
            write!(f, " (at {})", self.path().shown())
        }
    }
}

impl fmt::Display for ValueErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { offset, expected } => write!(f, "not JSON: expected {expected} at byte {offset}"),
            Self::NotUtf8 { offset } => write!(f, "not UTF-8 from byte {offset} on; JSON must be UTF-8"),
            Self::ByteOrderMark => f.write_str("the text begins with a byte order mark; remove its first three bytes"),
            Self::LoneSurrogate { offset } => {
                write!(f, "half of a surrogate pair at byte {offset}; write both halves or the character itself")
            }
            Self::DuplicateKey { key } => write!(f, "the key {key:?} stands twice in one object; keep one of them"),
            Self::KeyNotText => {
                f.write_str("a map's key is not text; use text, numbers, characters or booleans as keys")
            }
            Self::NotFinite => {
                f.write_str("a number is NaN or infinite, which JSON cannot hold; use an Option or text")
            }
            Self::IntegerTooWide { text } => {
                write!(f, "the integer {text} is beyond 64 bits (-2^63 to 2^64-1); keep it as text")
            }
            Self::NumberRounded { text } => {
                write!(f, "the number {text} would be rounded to a 64-bit float; shorten it or keep it as text")
            }
            Self::LimitExceeded { which, limit, got } => {
                write!(f, "the document has {got} or more {which}, {limit} are allowed; ")?;
                f.write_str(match which {
                    Limit::Depth => "nest it less deeply",
                    Limit::Bytes | Limit::Nodes => "split the document",
                })
            }
            Self::NotCanonical { offset, expected } => {
                write!(f, "not canonical at byte {offset}: expected {expected}; write the document again")
            }
            Self::Type { message } => f.write_str(message),
        }
    }
}

impl StdError for ValueError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl serde::ser::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::said(shortened(&message.to_string(), SAID_KEPT).into_owned())
    }
}

/// Serde's own words quote what was found, which may be the whole text of a document. These say only what it is.
impl serde::de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::said(shortened(&message.to_string(), SAID_KEPT).into_owned())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::said(format!("invalid type: {}, expected {expected}", Found(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::said(format!("invalid value: {}, expected {expected}", Found(found)))
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::said(format!("unknown variant: {}, expected {}", Found(Unexpected::Str(found)), OneOf(expected)))
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        Self::said(format!("unknown field: {}, expected {}", Found(Unexpected::Str(found)), OneOf(expected)))
    }
}

/// What was found in a document, without the value.
struct Found<'a>(Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Bool(_) => f.write_str("a boolean"),
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => f.write_str("an integer"),
            Unexpected::Float(_) => f.write_str("a floating point number"),
            Unexpected::Char(_) => f.write_str("a character"),
            Unexpected::Str(text) if crate::fault::on("value.quoted") => write!(f, "{text:?}"),
            Unexpected::Str(text) => write!(f, "a text of {} bytes", text.len()),
            Unexpected::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Unexpected::Unit => f.write_str("null"),
            Unexpected::Other(what) => f.write_str(&shortened(what, KEY_SHOWN)),
            // The others have no value in them.
            kind => kind.fmt(f),
        }
    }
}

/// The names that a type declares.
struct OneOf(&'static [&'static str]);

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.0.split_first() else { return f.write_str("none") };
        write!(f, "`{first}`")?;
        rest.iter().try_for_each(|name| write!(f, " or `{name}`"))
    }
}
