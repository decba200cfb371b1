//! From an application's type to canonical text or a [`Value`], and back.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::deserializer::Node;
use super::error::ValueError;
use super::limits::Limits;
use super::tree::Value;
use super::writer::Writer;

type Result<T> = std::result::Result<T, ValueError>;

/// Writes any type as canonical JSON, within the default limits.
///
/// Members come out in canonical order, whatever order the type has them in. The data model is `serde_json`'s: enums are
/// externally tagged, bytes are arrays, keys of maps that are numbers, characters or truth values become text.
/// Costs one pass; an object whose keys come out of order is copied twice more.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Post {
///     title: &'static str,
///     body: &'static str,
/// }
///
/// let post = Post { title: "The inn", body: "It was late." };
/// assert_eq!(draftkeep::value::to_canonical(&post)?, br#"{"body":"It was late.","title":"The inn"}"#);
/// # Ok::<(), draftkeep::value::ValueError>(())
/// ```
///
/// # Errors
///
/// Refuses what canonical JSON cannot hold, and says where: duplicate keys (of a map or through `flatten`), NaN, infinities,
/// integers beyond 64 bits, keys that are not text, nesting deeper than [`DEPTH_MAX`](super::DEPTH_MAX), and what exceeds
/// the [`Limits`]; and passes on what the type itself refuses.
pub fn to_canonical<T: ?Sized + Serialize>(document: &T) -> Result<Vec<u8>> {
    to_canonical_with(document, &Limits::default())
}

/// Writes any type as canonical JSON, within these limits.
///
/// # Errors
///
/// As for [`to_canonical`].
pub fn to_canonical_with<T: ?Sized + Serialize>(document: &T, limits: &Limits) -> Result<Vec<u8>> {
    let mut writer = Writer::new(*limits);
    document.serialize(&mut writer)?;
    writer.finish()
}

/// Turns any type into a [`Value`], within the default limits.
///
/// # Errors
///
/// As for [`to_canonical`].
pub fn to_value<T: ?Sized + Serialize>(document: &T) -> Result<Value> {
    Value::parse(&to_canonical(document)?)
}

/// Reads an application's type from a [`Value`].
///
/// Errors carry the path of the value that did not fit, except inside enums without a tag and flattened members, where serde
/// keeps only the path of the whole.
///
/// # Errors
///
/// `Type` with what the type said, also where a float was expected and the integer found would be rounded.
pub fn from_value<T: DeserializeOwned>(document: &Value) -> Result<T> {
    T::deserialize(Node::root(document))
}

/// Reads an application's type from JSON text through the strict reader, within the default limits.
///
/// # Errors
///
/// As for [`Value::parse`] and [`from_value`].
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    from_slice_with(text, &Limits::default())
}

/// Reads an application's type from JSON text through the strict reader, within these limits.
///
/// # Errors
///
/// As for [`from_slice`].
pub fn from_slice_with<T: DeserializeOwned>(text: &[u8], limits: &Limits) -> Result<T> {
    from_value(&Value::parse_with(text, limits)?)
}

impl Value {
    /// Writes the canonical text, within the default limits.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` only: every other value has a canonical text.
    pub fn to_canonical(&self) -> Result<Vec<u8>> {
        to_canonical(self)
    }

    /// Writes the canonical text, within these limits.
    ///
    /// # Errors
    ///
    /// As for [`Value::to_canonical`].
    pub fn to_canonical_with(&self, limits: &Limits) -> Result<Vec<u8>> {
        to_canonical_with(self, limits)
    }
}

/// The canonical text, however long it is.
///
/// A value that was built deeper than [`DEPTH_MAX`](super::DEPTH_MAX) levels, which nothing reads and no store takes, has none and is
/// shown as `…`. What is to be read again is written by [`Value::to_canonical`].
///
/// ```
/// let post = draftkeep::Value::parse(br#"{ "title": "The inn", "body": null }"#)?;
/// assert_eq!(post.to_string(), r#"{"body":null,"title":"The inn"}"#);
/// # Ok::<(), draftkeep::value::ValueError>(())
/// ```
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = Limits { bytes: usize::MAX, nodes: usize::MAX };
        // An error here would be a panic in whoever calls `to_string`.
        let text = self.to_canonical_with(&limits).unwrap_or_else(|_| "…".into());
        f.write_str(&String::from_utf8_lossy(&text))
    }
}
