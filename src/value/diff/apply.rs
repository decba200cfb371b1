//! Applying a list of changes.

use super::change::{Change, Edit, Span};
use crate::value::{Path, Segment, Value};

/// Applies changes one after another; `None` if one does not fit what it finds.
///
/// What is removed, changed or kept must be there as the change says, so changes never overwrite what they do not know.
#[must_use]
pub fn apply(document: &Value, changes: &[Change]) -> Option<Value> {
    let mut document = document.clone();
    changes.iter().try_for_each(|change| apply_one(&mut document, change))?;
    Some(document)
}

fn apply_one(document: &mut Value, change: &Change) -> Option<()> {
    match &change.edit {
        Edit::Added(value) => {
            let (container, last) = container(document, &change.path)?;
            match container {
                Value::Object(object) => {
                    let key = last.to_key();
                    if object.contains_key(&key) {
                        return None;
                    }
                    object.insert(key, value.clone());
                }
                Value::Array(array) => {
                    let index = last.index().filter(|index| *index <= array.len())?;
                    array.insert(index, value.clone());
                }
                _ => return None,
            }
        }
        Edit::Removed(value) => {
            let (container, last) = container(document, &change.path)?;
            let removed = match container {
                Value::Object(object) => object.remove(&last.to_key())?,
                Value::Array(array) => {
                    let index = last.index().filter(|index| *index < array.len())?;
                    array.remove(index)
                }
                _ => return None,
            };
            return (removed == *value).then_some(());
        }
        Edit::Moved { from } => {
            let (container, last) = container(document, &change.path)?;
            let Value::Array(array) = container else { return None };
            let to = last.index().filter(|to| *to < array.len() && *from < array.len())?;
            let element = array.remove(*from);
            array.insert(to, element);
        }
        Edit::Changed { before, after } => {
            let value = document.get_mut(&change.path).filter(|value| *value == before)?;
            value.clone_from(after);
        }
        Edit::Text(spans) => {
            let value = document.get_mut(&change.path)?;
            *value = Value::String(apply_text(value.as_str()?, spans)?);
        }
    }
    Some(())
}

fn container<'d, 'p>(document: &'d mut Value, path: &'p Path) -> Option<(&'d mut Value, &'p Segment)> {
    let (last, parent) = path.segments().split_last()?;
    Some((document.get_mut(&parent.iter().cloned().collect())?, last))
}

fn apply_text(text: &str, spans: &[Span]) -> Option<String> {
    let (mut rest, mut edited) = (text, String::with_capacity(text.len()));
    for span in spans {
        match span {
            Span::Kept(kept) => {
                rest = rest.strip_prefix(kept.as_str())?;
                edited.push_str(kept);
            }
            Span::Removed(removed) => rest = rest.strip_prefix(removed.as_str())?,
            Span::Added(added) => edited.push_str(added),
        }
    }
    rest.is_empty().then_some(edited)
}
