//! Merge patches, applied and made (RFC 7396).

use super::apply::{hold, measure};
use super::error::{PatchError, PatchErrorKind};
use crate::value::order::compare_keys;
use crate::value::{Limits, Object, Path, Value};

type Result<T> = std::result::Result<T, PatchError>;

/// Applies a JSON Merge Patch (RFC 7396), within the default limits.
///
/// Members of the patch replace those of the target; where both are objects, member by member; a null removes. What is no
/// object, arrays among it, is replaced as a whole. Every value is a merge patch, and fits every target. Costs a copy of
/// both and one pass over them.
///
/// ```
/// use draftkeep::value::{Value, merge_patch};
///
/// let target = Value::parse(br#"{"title":"The inn","by":{"name":"Ada","mail":"a@b"}}"#)?;
/// let patch = Value::parse(br#"{"by":{"mail":null},"tags":["dark"]}"#)?;
/// let merged = merge_patch(&target, &patch)?;
/// assert_eq!(merged.to_canonical()?, br#"{"by":{"name":"Ada"},"tags":["dark"],"title":"The inn"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// `LimitExceeded` only, without an operation: the target, the patch or what comes of them is nested too deeply, or the
/// target or what comes of it is too large.
pub fn merge_patch(target: &Value, patch: &Value) -> Result<Value> {
    merge_patch_with(target, patch, &Limits::default())
}

/// Applies a JSON Merge Patch (RFC 7396), within these limits.
///
/// # Errors
///
/// As for [`merge_patch`].
pub fn merge_patch_with(target: &Value, patch: &Value, limits: &Limits) -> Result<Value> {
    hold(measure(target, 0)?, limits)?;
    measure(patch, 0)?;
    // At most as large as both together, so that there is enough room to count it.
    let merged = merged(Some(target.clone()), patch);
    hold(measure(&merged, 0)?, limits)?;
    Ok(merged)
}

/// Goes as deep as the patch, which was measured.
fn merged(target: Option<Value>, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let target = if let Some(Value::Object(object)) = target { object } else { Object::new() };
    let mut members = Vec::with_capacity(target.len().max(changes.len()));
    // Both are in one order, so that many changes in a large object cost one pass.
    let mut before = target.into_iter().peekable();
    for (key, change) in changes.iter() {
        let is_earlier = |other: &(Box<str>, Value)| compare_keys(other.0.as_bytes(), key.as_bytes()).is_lt();
        while let Some(member) = before.next_if(is_earlier) {
            members.push(member);
        }
        let old = before.next_if(|(other, _)| **other == *key).map(|(_, old)| old);
        if !change.is_null() {
            members.push((key.into(), merged(old, change)));
        }
    }
    members.extend(before);
    Value::Object(Object::from_sorted(members))
}

/// Makes the smallest JSON Merge Patch that makes one document of another.
///
/// ```
/// use draftkeep::value::{Value, merge_patch_between};
///
/// let from = Value::parse(br#"{"a":1,"b":{"c":2,"d":3}}"#)?;
/// let to = Value::parse(br#"{"a":1,"b":{"c":4}}"#)?;
/// assert_eq!(merge_patch_between(&from, &to)?.to_canonical()?, br#"{"b":{"c":4,"d":null}}"#);
///
/// let error = merge_patch_between(&from, &Value::parse(br#"{"a":null}"#)?).unwrap_err();
/// assert_eq!(error.place().map(ToString::to_string), Some("/a".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// `NullMember`, with the member's path, where there is none: where a member becomes null, other than inside of an array,
/// for which the form has no words; [`Patch::between`](super::Patch::between) has them. `LimitExceeded` where one of the
/// documents is nested too deeply.
pub fn merge_patch_between(from: &Value, to: &Value) -> Result<Value> {
    measure(from, 0)?;
    measure(to, 0)?;
    between(Some(from), to, &mut Path::root())
}

fn between(from: Option<&Value>, to: &Value, path: &mut Path) -> Result<Value> {
    let Value::Object(after) = to else { return Ok(to.clone()) };
    let nothing = Object::new();
    let before = from.and_then(Value::as_object).unwrap_or(&nothing);
    let gone = before.keys().filter(|key| !after.contains_key(key));
    let mut changes: Vec<(Box<str>, Value)> = gone.map(|key| (key.into(), Value::Null)).collect();
    for (key, value) in after.iter().filter(|(key, value)| before.get(key) != Some(*value)) {
        path.push(key);
        if value.is_null() {
            return Err(PatchError::new(PatchErrorKind::NullMember).at(path, path.segments().len()));
        }
        changes.push((key.into(), between(before.get(key), value, path)?));
        path.pop();
    }
    Ok(Value::Object(changes.into_iter().collect()))
}
