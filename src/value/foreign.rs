//! To and from `serde_json`'s value, right under every combination of that crate's features.

use super::array::Array;
use super::error::ValueError;
use super::number::Repr;
use super::object::Object;
use super::tree::Value;

/// Numbers keep their value, whatever features `serde_json` was built with.
impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(bool),
            Value::Number(number) => match number.repr() {
                Repr::Unsigned(unsigned) => Self::Number(unsigned.into()),
                Repr::Negative(negative) => Self::Number(negative.into()),
                // Never null: our floats are finite.
                Repr::Float(float) => serde_json::Number::from_f64(float).map_or(Self::Null, Self::Number),
            },
            Value::String(text) => Self::String(text),
            Value::Array(array) => Self::Array(array.into_iter().map(Self::from).collect()),
            Value::Object(object) => {
                Self::Object(object.into_iter().map(|(key, value)| (key.into(), Self::from(value))).collect())
            }
        }
    }
}

/// # Errors
///
/// `IntegerTooWide` and `NumberRounded` for numbers that only `arbitrary_precision` can hold, and `LimitExceeded` for depth.
impl TryFrom<serde_json::Value> for Value {
    type Error = ValueError;

    fn try_from(value: serde_json::Value) -> Result<Self, ValueError> {
        convert(value, 0)
    }
}

fn convert(value: serde_json::Value, depth: usize) -> Result<Value, ValueError> {
    match value {
        serde_json::Value::Null => Ok(Value::Null),
        serde_json::Value::Bool(bool) => Ok(Value::Bool(bool)),
        serde_json::Value::Number(number) => super::convert::to_value(&number),
        serde_json::Value::String(text) => Ok(Value::String(text)),
        serde_json::Value::Array(elements) => {
            let depth = super::reader::deeper(depth)?;
            let elements = elements.into_iter().enumerate();
            let elements = elements.map(|(index, value)| convert(value, depth).map_err(|error| error.at_index(index)));
            elements.collect::<Result<Array, _>>().map(Value::Array)
        }
        serde_json::Value::Object(members) => {
            let depth = super::reader::deeper(depth)?;
            let members = members.into_iter().map(|(key, value)| match convert(value, depth) {
                Ok(value) => Ok((key, value)),
                Err(error) => Err(error.at_key(&key)),
            });
            members.collect::<Result<Object, _>>().map(Value::Object)
        }
    }
}
