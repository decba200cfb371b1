//! Why a patch cannot be read, applied or made.

use std::error::Error as StdError;
use std::fmt;

use super::found::Found;
use super::operation::Operation;
use crate::value::{Limit, ParsePathError, Path, ValueError};

/// Why a patch cannot be read, applied or made: which operation, where, and what stood there instead.
///
/// It may be logged: neither its message nor its debug form has any text of the document or of the patch in it, save for
/// keys and names of operations, each only up to a length.
pub struct PatchError {
    inner: Box<Inner>,
}

struct Inner {
    operation: Option<(usize, &'static str)>,
    path: Option<Path>,
    place: Option<Path>,
    kind: PatchErrorKind,
}

/// What is wrong with a patch, or with a document that it is for.
#[derive(Debug)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// The text is no JSON that is read here; duplicate members are refused, too.
    Text(ValueError),
    /// A patch is an array.
    NotAPatch {
        /// What it is instead.
        found: Found,
    },
    /// An operation is an object.
    NotAnOperation {
        /// What it is instead.
        found: Found,
    },
    /// An operation lacks a member that its kind needs.
    MemberMissing {
        /// Its key: `op`, `path`, `from` or `value`.
        member: &'static str,
    },
    /// A member that is text is something else.
    MemberNotText {
        /// Its key: `op`, `path` or `from`.
        member: &'static str,
        /// What it is instead.
        found: Found,
    },
    /// None of the six operations has this name.
    UnknownOperation {
        /// The name, cut after 64 bytes.
        name: String,
    },
    /// A path is no JSON pointer.
    Pointer {
        /// The key of its member: `path` or `from`.
        member: &'static str,
        /// The path, cut after 64 bytes.
        text: String,
        /// What is wrong with it.
        source: ParsePathError,
    },
    /// There is nothing at the place.
    Missing {
        /// The object that has no such member.
        container: Found,
    },
    /// The path goes on below a value that has neither members nor elements.
    NotAContainer {
        /// The value at the place.
        found: Found,
    },
    /// The last step of the place is not an index. An index is digits without a leading zero.
    NotAnIndex {
        /// How many elements the array has.
        len: usize,
    },
    /// The index is beyond the array's end.
    OutOfBounds {
        /// The index.
        index: usize,
        /// How many elements the array has.
        len: usize,
    },
    /// `-` stands for the place behind the last element, where nothing is: one can only add, move or copy to it.
    BehindTheLast {
        /// How many elements the array has.
        len: usize,
    },
    /// A document can be replaced and not removed.
    RootRemoved,
    /// A value cannot be moved into itself. The place is the value's.
    IntoItself,
    /// A test found another value at the place.
    TestFailed {
        /// What the patch expects.
        expected: Found,
        /// What is there.
        found: Found,
    },
    /// The document is, or would become, larger than allowed, or a path has more steps than one can be deep.
    LimitExceeded {
        /// Which limit.
        which: Limit,
        /// The limit, inclusive.
        limit: usize,
        /// What was found before giving up.
        got: usize,
    },
    /// The operations up to this one copy and move too much.
    TooMuchWork {
        /// How many steps are allowed; see [`Patch::STEPS_DEFAULT`](super::Patch::STEPS_DEFAULT).
        limit: usize,
    },
    /// The member at the place becomes null, which a merge patch cannot say: there, null removes.
    NullMember,
}

impl PatchError {
    pub(super) fn new(kind: PatchErrorKind) -> Self {
        Self { inner: Box::new(Inner { operation: None, path: None, place: None, kind }) }
    }

    pub(super) fn limit(which: Limit, limit: usize, got: usize) -> Self {
        Self::new(PatchErrorKind::LimitExceeded { which, limit, got })
    }

    /// The same about this pointer, which led as far as this many steps.
    pub(super) fn at(mut self, path: &Path, steps: usize) -> Self {
        self.inner.place = Some(path.segments().iter().take(steps).cloned().collect());
        self.inner.path = Some(path.clone());
        self
    }

    /// The same about an operation of a patch.
    pub(super) fn in_operation(mut self, number: usize, operation: &Operation) -> Self {
        self.inner.operation = Some((number, operation.name()));
        self.inner.path.get_or_insert_with(|| operation.path().clone());
        self
    }

    /// The same about an operation that could not be read; it may have been read up to its path.
    pub(super) fn in_reading(mut self, number: usize, name: &'static str) -> Self {
        self.inner.operation = Some((number, name));
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &PatchErrorKind {
        &self.inner.kind
    }

    /// The index of the operation concerned, from 0; `None` if it is about the whole patch or a document.
    #[must_use]
    pub fn operation(&self) -> Option<usize> {
        self.inner.operation.map(|(number, _)| number)
    }

    /// The operation's path or, if that is the one concerned, its `from`; `None` if there is none that could be read.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_ref()
    }

    /// How far the path leads: to what does not fit, which is at the path's end or above it.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        self.inner.place.as_ref().or(self.inner.path.as_ref())
    }
}

impl fmt::Debug for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: Option<&Path>| path.map(|path| path.shown().to_string());
        let mut debug = f.debug_struct("PatchError");
        debug.field("operation", &self.inner.operation).field("path", &shown(self.path()));
        debug.field("place", &shown(self.place())).field("kind", &self.inner.kind).finish()
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.inner.operation, &self.inner.path) {
            (Some((number, name)), Some(path)) => {
                write!(f, "operation {number} ({name} {:?}): ", path.shown().to_string())?;
            }
            (Some((number, name)), None) => write!(f, "operation {number} ({name}): ")?,
            (None, _) => {}
        }
        let place = self.place().map(|place| place.shown().to_string()).unwrap_or_default();
        match &self.inner.kind {
            PatchErrorKind::Text(source) => write!(f, "the patch: {source}"),
            PatchErrorKind::NotAPatch { found } => write!(f, "a patch is an array of operations, and this is {found}"),
            PatchErrorKind::NotAnOperation { found } => {
                write!(f, "an operation is an object with the member \"op\", and this is {found}")
            }
            PatchErrorKind::MemberMissing { member } => write!(f, "the member {member:?} is missing; add it"),
            PatchErrorKind::MemberNotText { member, found } => {
                write!(f, "the member {member:?} has to be text, and is {found}")
            }
            PatchErrorKind::UnknownOperation { name } => {
                write!(f, "{name:?} is no operation; there are add, remove, replace, move, copy and test")
            }
            PatchErrorKind::Pointer { member, text, source } => {
                write!(f, "the member {member:?} is {text:?}, which is no JSON pointer: {source}")
            }
            PatchErrorKind::Missing { container } => {
                write!(f, "there is nothing at {place:?}, in {container}; add it first, or read the document again")
            }
            PatchErrorKind::NotAContainer { found } => {
                write!(f, "at {place:?} is {found}, which has nothing in it; read the document again")
            }
            PatchErrorKind::NotAnIndex { len } => write!(
                f,
                "{place:?} is no place in an array, which has {len} elements here; an index is digits without a leading zero"
            ),
            PatchErrorKind::OutOfBounds { index, len } => {
                write!(f, "there is no place {index} at {place:?}; the array has {len} elements")
            }
            PatchErrorKind::BehindTheLast { len } => write!(
                f,
                "{place:?} is behind the last of {len} elements, where nothing is; one can add, move or copy to it, and it is \
                 the last step"
            ),
            PatchErrorKind::RootRemoved => f.write_str("a document cannot be removed; replace it"),
            PatchErrorKind::IntoItself => {
                write!(f, "what is at {place:?} cannot be moved into itself; copy it, or move what is in it")
            }
            PatchErrorKind::TestFailed { expected, found } if expected == found => {
                write!(f, "the test expects another value; {found} is there; read the document again")
            }
            PatchErrorKind::TestFailed { expected, found } => {
                write!(f, "the test expects {expected}, and {found} is there; read the document again")
            }
            PatchErrorKind::LimitExceeded { which, limit, got } => {
                write!(f, "there would be {got} or more {which}, {limit} are allowed; ")?;
                f.write_str(match which {
                    Limit::Depth => "nest the document less deeply",
                    Limit::Bytes | Limit::Nodes => "split the document",
                })
            }
            PatchErrorKind::TooMuchWork { limit } => {
                write!(f, "the patch copies and moves too much, more than {limit} steps; send it in parts")
            }
            PatchErrorKind::NullMember => write!(
                f,
                "the member at {place:?} becomes null, which a merge patch cannot say; make a JSON Patch with Patch::between"
            ),
        }
    }
}

impl StdError for PatchError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.inner.kind {
            PatchErrorKind::Text(source) => Some(source),
            PatchErrorKind::Pointer { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<ValueError> for PatchError {
    fn from(source: ValueError) -> Self {
        Self::new(PatchErrorKind::Text(source))
    }
}
