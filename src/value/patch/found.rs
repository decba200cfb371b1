//! What stood where something else was expected.

use std::fmt;

use crate::value::Value;

/// What stood where something else was expected: its form and never its text, so that it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// Text of so many bytes.
    Text(usize),
    /// An array of so many elements.
    Array(usize),
    /// An object of so many members.
    Object(usize),
}

impl Found {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(text) => Self::Text(text.len()),
            Value::Array(array) => Self::Array(array.len()),
            Value::Object(object) => Self::Object(object.len()),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |count: &usize| if *count == 1 { "" } else { "s" };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("a boolean"),
            Self::Number => f.write_str("a number"),
            Self::Text(bytes) => write!(f, "a text of {bytes} byte{}", several(bytes)),
            Self::Array(elements) => write!(f, "an array of {elements} element{}", several(elements)),
            Self::Object(members) => write!(f, "an object of {members} member{}", several(members)),
        }
    }
}
