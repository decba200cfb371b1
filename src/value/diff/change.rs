//! One difference between two documents.

use crate::value::{Path, Value};

/// One difference between two documents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where: as the document stands once all changes before this one are applied.
    ///
    /// So a removed element has the index that it had, an added one the index that it gets, and everything inside an
    /// element is named by the element's new place.
    pub path: Path,
    /// What.
    pub edit: Edit,
}

/// What is different at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Edit {
    /// A member or an element was added.
    Added(Value),
    /// A member or an element was removed.
    Removed(Value),
    /// An element of an array came here from another index of it.
    Moved {
        /// Where it was before this change.
        from: usize,
    },
    /// One value stands in for another.
    Changed {
        /// The value before.
        before: Value,
        /// The value after.
        after: Value,
    },
    /// Text was edited inside; the spans in order are both texts.
    Text(Vec<Span>),
}

/// A piece of text that was edited, cut at the boundaries of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// In both texts.
    Kept(String),
    /// In the text before only.
    Removed(String),
    /// In the text after only.
    Added(String),
}
