//! A patch and its operations.

use crate::value::{Path, Value};

/// A JSON Patch (RFC 6902): operations that are made one after another, all of them or none.
///
/// Read one with [`Patch::parse`], make one with [`Patch::between`], or collect one from [`Operation`]s; then
/// [`apply`](Patch::apply) it.
///
/// ```
/// use draftkeep::value::{Patch, Value};
///
/// let document = Value::parse(br#"{"title":"The inn","tags":["dark"]}"#)?;
/// let patch = Patch::parse(
///     br#"[
///         {"op":"test","path":"/title","value":"The inn"},
///         {"op":"replace","path":"/title","value":"The loud inn"},
///         {"op":"add","path":"/tags/-","value":"cold"}
///     ]"#,
/// )?;
/// let patched = patch.apply(&document)?;
/// assert_eq!(patched.to_canonical()?, br#"{"tags":["dark","cold"],"title":"The loud inn"}"#);
///
/// let error = patch.apply(&patched).expect_err("it has another title now");
/// assert_eq!(error.operation(), Some(0));
/// assert_eq!(Patch::between(&document, &patched).apply(&document)?, patched);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    operations: Vec<Operation>,
}

/// One operation of a [`Patch`]: the six that RFC 6902 has.
///
/// Elements behind a place move up where one is added before them, and down where one is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Sets a member, inserts an element before the one at this index, or replaces the whole document.
    Add {
        /// Where. The container has to be there; an index may be the array's length, which `-` stands for.
        path: Path,
        /// What.
        value: Value,
    },
    /// Removes a member or an element, which has to be there.
    Remove {
        /// Which. The whole document cannot be removed.
        path: Path,
    },
    /// Puts a value in the place of one that has to be there.
    Replace {
        /// Where.
        path: Path,
        /// What.
        value: Value,
    },
    /// Removes a value and adds it elsewhere; from its own place to its own place changes nothing.
    Move {
        /// What: it has to be there, and must not have `path` in it.
        from: Path,
        /// Where, as for `Add`, once the value is removed.
        path: Path,
    },
    /// Adds a value that stands elsewhere, too.
    Copy {
        /// What: it has to be there.
        from: Path,
        /// Where, as for `Add`.
        path: Path,
    },
    /// Fails unless this value is there.
    ///
    /// Values are equal as documents are: whatever the order of members, and 1 is 1.0. RFC 6902 compares numbers by what
    /// they are worth, and so does this, with one exception: from 2^53 up an integer never equals a number that was
    /// written with a fraction or an exponent, as everywhere in this library. There a test fails that others may pass.
    Test {
        /// Where.
        path: Path,
        /// What has to be there.
        value: Value,
    },
}

impl Patch {
    /// The operations in their order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operations as a plain `Vec`.
    #[must_use]
    pub fn into_operations(self) -> Vec<Operation> {
        self.operations
    }

    /// Whether it has no operations, and changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

impl Operation {
    /// The name that it has in JSON, as in `"op":"add"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Replace { .. } => "replace",
            Self::Move { .. } => "move",
            Self::Copy { .. } => "copy",
            Self::Test { .. } => "test",
        }
    }

    /// The place that it changes, or looks at.
    #[must_use]
    pub const fn path(&self) -> &Path {
        match self {
            Self::Add { path, .. }
            | Self::Remove { path }
            | Self::Replace { path, .. }
            | Self::Move { path, .. }
            | Self::Copy { path, .. }
            | Self::Test { path, .. } => path,
        }
    }
}

impl From<Vec<Operation>> for Patch {
    fn from(operations: Vec<Operation>) -> Self {
        Self { operations }
    }
}

impl FromIterator<Operation> for Patch {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Self {
        Self { operations: operations.into_iter().collect() }
    }
}
