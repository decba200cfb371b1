//! Where a pointer leads, and where it stops.

use super::error::{PatchError, PatchErrorKind};
use super::found::Found;
use crate::value::{Array, Object, Path, Segment, Value};

type Result<T> = std::result::Result<T, PatchError>;

/// The text of the step behind the last element of an array.
const BEHIND: &str = "-";

/// Where a value is about to be put.
pub(super) enum Target<'v> {
    /// In the place of the whole document.
    Root,
    /// As the member with this key.
    Member(&'v Object, String),
    /// Before the element that has this index, or behind the last.
    Element(&'v Array, usize),
}

/// Follows a pointer to a value that has to be there.
pub(super) fn find<'v>(document: &'v Value, path: &Path) -> Result<&'v Value> {
    follow(document, path, path.segments().len())
}

/// Follows a pointer to where a value may be put: its container has to be there.
pub(super) fn target<'v>(document: &'v Value, path: &Path) -> Result<Target<'v>> {
    let Some((last, parent)) = path.segments().split_last() else { return Ok(Target::Root) };
    match follow(document, path, parent.len())? {
        Value::Object(object) => Ok(Target::Member(object, last.to_key())),
        Value::Array(array) if is_behind(last) => Ok(Target::Element(array, array.len())),
        Value::Array(array) => match index(array, last, array.len() + 1) {
            Ok(index) => Ok(Target::Element(array, index)),
            Err(kind) => Err(PatchError::new(kind).at(path, path.segments().len())),
        },
        scalar => Err(not_a_container(scalar).at(path, parent.len())),
    }
}

/// Takes so many steps of a pointer.
fn follow<'v>(document: &'v Value, path: &Path, steps: usize) -> Result<&'v Value> {
    path.segments().iter().take(steps).enumerate().try_fold(document, |value, (taken, step)| {
        let next = match value {
            Value::Object(object) => {
                object.get(&step.to_key()).ok_or_else(|| PatchErrorKind::Missing { container: Found::of(value) })
            }
            Value::Array(array) => index(array, step, array.len()).map(|index| &array[index]),
            scalar => return Err(not_a_container(scalar).at(path, taken)),
        };
        next.map_err(|kind| PatchError::new(kind).at(path, taken + 1))
    })
}

fn not_a_container(scalar: &Value) -> PatchError {
    PatchError::new(PatchErrorKind::NotAContainer { found: Found::of(scalar) })
}

fn is_behind(step: &Segment) -> bool {
    matches!(step, Segment::Key(key) if key == BEHIND)
}

/// The index that a step names, below the end.
fn index(array: &Array, step: &Segment, end: usize) -> std::result::Result<usize, PatchErrorKind> {
    let len = array.len();
    match step.index() {
        Some(index) if index < end => Ok(index),
        Some(index) => Err(PatchErrorKind::OutOfBounds { index, len }),
        None if is_behind(step) => Err(PatchErrorKind::BehindTheLast { len }),
        None => Err(PatchErrorKind::NotAnIndex { len }),
    }
}
