//! A document, or a part of one, as a tree.

use super::array::Array;
use super::number::Number;
use super::object::Object;

/// A document, or a part of one: what JSON can hold, with unique keys and numbers that are exact.
///
/// Two values are equal exactly if their canonical texts are. The order of an object's members is not information: they are
/// always in canonical order. Read one with [`Value::parse`] or [`to_value`](super::to_value), write it with
/// [`Value::to_canonical`].
///
/// ```
/// use draftkeep::value::Value;
///
/// let document = Value::parse(br#"{ "b": 1.0, "a": "\u0041" }"#)?;
/// assert_eq!(document.to_canonical()?, br#"{"a":"A","b":1}"#);
/// # Ok::<(), draftkeep::value::ValueError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, kept as it is: nothing normalises it.
    String(String),
    /// An array.
    Array(Array),
    /// An object.
    Object(Object),
}

impl Value {
    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self { Some(*bool) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<Number> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The array, if it is one.
    #[must_use]
    pub const fn as_array(&self) -> Option<&Array> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    /// The object, if it is one.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// Whether it is `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) const fn is_container(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_))
    }
}

/// Drops values level by level, so that a deep one does not exhaust the stack: each container gives its containers to the
/// list before it goes.
pub(super) fn drop_deep(mut values: Vec<Value>) {
    while let Some(value) = values.pop() {
        match value {
            Value::Array(array) => values.extend(array.into_vec().into_iter().filter(Value::is_container)),
            Value::Object(mut object) => {
                values.extend(object.take().into_iter().map(|(_, value)| value).filter(Value::is_container));
            }
            _ => {}
        }
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }
    )*};
}

from_number!(Number, u8, u16, u32, u64, i8, i16, i32, i64);

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Array> for Value {
    fn from(array: Array) -> Self {
        Self::Array(array)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Self::Array(elements.into())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}
