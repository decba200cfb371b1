//! A patch from two documents.

use super::operation::{Operation, Patch};
use crate::value::{Change, Edit, Path, Segment, Span, Value, diff};

impl Patch {
    /// Makes a patch that makes one document of another.
    ///
    /// It says what [`diff`] lists, in the words that RFC 6902 has for it, and no `test`: a text that changed is replaced
    /// as a whole. It has been tried out: applied to `from`, within the limits that both keep to, it gives `to`. Where the
    /// list of changes would take too many steps or too much room on the way, it replaces the whole document.
    ///
    /// Costs a comparison, which is bounded as that of [`diff`] is, and an application.
    #[must_use]
    pub fn between(from: &Value, to: &Value) -> Self {
        let patch: Self = diff(from, to).into_iter().map(operation).collect();
        if patch.apply(from).is_ok_and(|patched| patched == *to) {
            return patch;
        }
        Self::from(vec![Operation::Replace { path: Path::root(), value: to.clone() }])
    }
}

fn operation(change: Change) -> Operation {
    let path = change.path;
    match change.edit {
        Edit::Added(value) => Operation::Add { path, value },
        Edit::Removed(_) => Operation::Remove { path },
        Edit::Moved { from } => Operation::Move { from: beside(&path, from), path },
        Edit::Changed { after, .. } => Operation::Replace { path, value: after },
        Edit::Text(spans) => Operation::Replace { path, value: Value::String(after(&spans)) },
    }
}

/// The path of another element of the same array.
fn beside(path: &Path, index: usize) -> Path {
    let mut path = path.clone();
    path.pop();
    path.push(Segment::Index(index));
    path
}

fn after(spans: &[Span]) -> String {
    let kept = spans.iter().filter_map(|span| match span {
        Span::Kept(text) | Span::Added(text) => Some(text.as_str()),
        Span::Removed(_) => None,
    });
    kept.collect()
}
