//! Reading an object member by member. Members that are not known are passed over, as fields of a record are.

use super::base64;
use crate::transport::WireError;
use crate::value::{Object, Value};
use std::str::FromStr;

/// What is left of an object to be read: a member that was taken is not there any more, so that nothing is copied.
#[derive(Debug)]
pub(super) struct Members(Object);

const TYPE: WireError = WireError::Malformed { what: "a member of another type than it has to be" };

impl Members {
    pub(super) const fn new(object: Object) -> Self {
        Self(object)
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(super) fn text(&mut self, name: &str, limit: usize) -> Result<Option<String>, WireError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > limit => {
                Err(WireError::Limit { what: "bytes in a name or a reason", limit, got: text.len() })
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TYPE),
        }
    }

    /// A word that says which of several things it is.
    pub(super) fn word(&mut self, name: &str) -> Result<String, WireError> {
        match self.take(name) {
            Some(Value::String(word)) => Ok(word),
            Some(_) => Err(TYPE),
            None => Err(WireError::Malformed { what: "a member is missing" }),
        }
    }

    /// A number that is there.
    pub(super) fn number(&mut self, name: &str) -> Result<u64, WireError> {
        self.optional_number(name)?.ok_or(WireError::Malformed { what: "a member is missing" })
    }

    /// A number, exactly; where it is absent, none.
    pub(super) fn optional_number(&mut self, name: &str) -> Result<Option<u64>, WireError> {
        let number = |value: Value| value.as_number().and_then(crate::value::Number::as_u64).ok_or(TYPE);
        self.take(name).map(number).transpose()
    }

    pub(super) fn u32(&mut self, name: &str) -> Result<u32, WireError> {
        let number = self.optional_number(name)?.unwrap_or(0);
        u32::try_from(number).map_err(|_| WireError::Malformed { what: "a number that is too large" })
    }

    pub(super) fn bool(&mut self, name: &str) -> Result<bool, WireError> {
        let value = self.take(name).ok_or(WireError::Malformed { what: "a member is missing" })?;
        value.as_bool().ok_or(TYPE)
    }

    pub(super) fn id<I: FromStr>(&mut self, name: &str) -> Result<I, WireError> {
        self.optional_id(name)?.ok_or(WireError::Malformed { what: "an id is missing" })
    }

    pub(super) fn optional_id<I: FromStr>(&mut self, name: &str) -> Result<Option<I>, WireError> {
        self.take(name).map(|value| id(&value)).transpose()
    }

    pub(super) fn ids<I: FromStr>(&mut self, name: &str, limit: usize) -> Result<Vec<I>, WireError> {
        self.items(name, limit, "ids in a list")?.iter().map(id).collect()
    }

    /// Bytes, of which so many are allowed; where they are absent, none.
    pub(super) fn bytes(&mut self, name: &str, limit: usize) -> Result<Vec<u8>, WireError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            // Padding aside, so that what is a little too long is told as what it is.
            Some(Value::String(text)) if base64::decoded_len(&text).saturating_sub(2) > limit => {
                Err(WireError::Limit { what: "bytes", limit, got: base64::decoded_len(&text) })
            }
            Some(Value::String(text)) => {
                base64::decode(&text).ok_or(WireError::Malformed { what: "bytes that are not base64 with its padding" })
            }
            Some(_) => Err(TYPE),
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Self, WireError> {
        self.optional_object(name)?.ok_or(WireError::Malformed { what: "a member is missing" })
    }

    pub(super) fn optional_object(&mut self, name: &str) -> Result<Option<Self>, WireError> {
        self.take(name).map(object).transpose()
    }

    /// A list of objects; where it is absent, none.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        limit: usize,
        read: impl Fn(Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        self.items(name, limit, "items in a list")?.into_iter().map(|item| read(object(item)?)).collect()
    }

    fn items(&mut self, name: &str, limit: usize, what: &'static str) -> Result<Vec<Value>, WireError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() > limit => Err(WireError::Limit { what, limit, got: items.len() }),
            Some(Value::Array(items)) => Ok(items.into_vec()),
            Some(_) => Err(TYPE),
        }
    }
}

fn object(value: Value) -> Result<Members, WireError> {
    if let Value::Object(object) = value { Ok(Members(object)) } else { Err(TYPE) }
}

fn id<I: FromStr>(value: &Value) -> Result<I, WireError> {
    let wrong = WireError::Malformed { what: "an id that is not so many lower-case hexadecimal digits" };
    value.as_str().and_then(|text| text.parse().ok()).ok_or(wrong)
}
