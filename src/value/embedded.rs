//! JSON text inside a document: what `serde_json` hands over as a struct of a private name.
//!
//! Its `RawValue` does so always, its `Number` does if any crate of the program switched `arbitrary_precision` on. The names
//! are those of structs, which no application's type has; a document's member of that name stays a member.

use super::error::ValueError;
use super::reader::Reader;
use super::tree::Value;

/// The struct's name, and its only field's.
pub(super) const NUMBER: &str = "$serde_json::private::Number";
const RAW: &str = "$serde_json::private::RawValue";

/// What the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Embedded {
    /// One number.
    Number,
    /// Any JSON.
    Raw,
}

impl Embedded {
    /// Whether a struct of this name is text in disguise.
    #[inline]
    pub(super) fn of_struct(name: &str) -> Option<Self> {
        match name {
            NUMBER if !crate::fault::on("value.embedded") => Some(Self::Number),
            RAW => Some(Self::Raw),
            _ => None,
        }
    }

    /// Reads the text as strictly as a document.
    pub(super) fn read(self, text: &str) -> Result<Value, ValueError> {
        match self {
            Self::Number => Reader::number_of(text).map(Value::Number),
            Self::Raw => Value::parse(text.as_bytes()),
        }
    }
}
