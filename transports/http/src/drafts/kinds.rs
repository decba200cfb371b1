//! The kinds of documents that the API serves.

use draftkeep::value::Path;
use draftkeep::{Kind, Value};
use std::fmt;
use std::sync::Arc;

/// The most complaints about one document that an answer lists.
pub(super) const INVALID_MAX: usize = 64;

/// Something in a document that the application does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub(super) path: Path,
    pub(super) message: String,
}

impl Invalid {
    /// What is wrong at the path, for the person who typed it.
    #[must_use]
    pub fn new(path: Path, message: impl Into<String>) -> Self {
        Self { path, message: message.into() }
    }
}

type Validate = Arc<dyn Fn(&Value) -> Vec<Invalid> + Send + Sync>;

/// A kind of documents that thin clients may read and write, and what they have to look like.
///
/// The documents are JSON. Schema version, migrations, merge policy and label are those of the [`Schema`](draftkeep::Schema)
/// that the store was opened with for this very `Kind<Value>`.
///
/// ```
/// use draftkeep::{Kind, Value};
/// use draftkeep_http::drafts::{DocumentKind, Invalid};
///
/// const POST: Kind<Value> = Kind::new("post");
/// let posts = DocumentKind::new(POST).validate(|document| {
///     let title = document.as_object().and_then(|post| post.get("title"));
///     match title.and_then(Value::as_str) {
///         Some(_) => Vec::new(),
///         None => vec![Invalid::new("/title".parse().expect("a path"), "a post has a title, which is text")],
///     }
/// });
/// # drop(posts);
/// ```
#[derive(Clone)]
pub struct DocumentKind {
    pub(super) kind: Kind<Value>,
    validate: Option<Validate>,
}

impl DocumentKind {
    /// Any JSON document is taken, within the limits.
    #[must_use]
    pub fn new(kind: Kind<Value>) -> Self {
        Self { kind, validate: None }
    }

    /// Says what is wrong with a document, before it is stored; nothing where it is fine. What is refused is answered with 422 and
    /// the paths; the first 64 are shown.
    ///
    /// It is about what clients send, the whole document after a patch. What is stored already is served whatever it looks like, and
    /// restoring an earlier version asks nobody: it was taken once.
    #[must_use]
    pub fn validate(mut self, validate: impl Fn(&Value) -> Vec<Invalid> + Send + Sync + 'static) -> Self {
        self.validate = Some(Arc::new(validate));
        self
    }

    pub(super) fn complaints(&self, document: &Value) -> Vec<Invalid> {
        self.validate.as_ref().map_or_else(Vec::new, |validate| validate(document))
    }
}

impl fmt::Debug for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentKind").field("kind", &self.kind).finish_non_exhaustive()
    }
}
