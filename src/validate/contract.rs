//! What an application says about documents that devices push.

use crate::id::{DraftId, RevisionId};
use crate::invalid::Invalid;
use crate::phase::Phase;
use crate::value::{Value, from_value};
use serde::de::DeserializeOwned;

/// Says whether a document may become a draft's state on a hub. A function from a [`Candidate`] is one.
///
/// It is asked once for each revision that is new to the hub, in the thread that carries the request, before the push has its turn: while
/// it thinks, other pushes go on. It may be asked about a revision that is then not taken for another reason, and about the
/// same revision again. Where it panics, that document is refused, and nothing else happens.
///
/// What it refuses stays on the device that wrote it, parked with the reason, and on no other. So what it accepts once it should
/// accept for good: an application that grows stricter leaves devices with drafts that they cannot push.
///
/// ```
/// use draftkeep::hub::{Candidate, Invalid, Validate};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Post {
///     title: String,
/// }
///
/// fn posts(candidate: &Candidate<'_>) -> Result<(), Invalid> {
///     match (candidate.kind(), candidate.schema()) {
///         ("post", 1) => {
///             let post: Post = candidate.read()?;
///             if post.title.len() > 80 { Err(Invalid::at("/title", "at most 80 bytes")) } else { Ok(()) }
///         }
///         (kind, schema) => Err(Invalid::new(format!("this hub takes no documents of kind {kind:?}, schema {schema}"))),
///     }
/// }
/// let validator: std::sync::Arc<dyn Validate> = std::sync::Arc::new(posts);
/// # drop(validator);
/// ```
pub trait Validate: Send + Sync {
    /// Looks at a document.
    ///
    /// # Errors
    ///
    /// It may not be taken: what is wrong, and where.
    fn validate(&self, candidate: &Candidate<'_>) -> Result<(), Invalid>;
}

impl<F: Fn(&Candidate<'_>) -> Result<(), Invalid> + Send + Sync> Validate for F {
    fn validate(&self, candidate: &Candidate<'_>) -> Result<(), Invalid> {
        self(candidate)
    }
}

/// A document that somebody pushed, and what the revision's header says of it.
///
/// That the document is the one that the revision's id speaks of is not proven here. Devices hold both against each other, and do not
/// take in what does not fit.
#[derive(Debug)]
pub struct Candidate<'a> {
    pub(super) space: &'a str,
    pub(super) draft: DraftId,
    pub(super) revision: RevisionId,
    pub(super) kind: &'a str,
    pub(super) schema: u32,
    pub(super) phase: Phase,
    pub(super) document: &'a Value,
}

impl Candidate<'_> {
    /// The name of the space.
    #[must_use]
    pub const fn space(&self) -> &str {
        self.space
    }

    /// The draft.
    #[must_use]
    pub const fn draft(&self) -> DraftId {
        self.draft
    }

    /// The revision.
    #[must_use]
    pub const fn revision(&self) -> RevisionId {
        self.revision
    }

    /// The name of the draft's kind.
    #[must_use]
    pub const fn kind(&self) -> &str {
        self.kind
    }

    /// The version of the kind's schema that the document is of.
    #[must_use]
    pub const fn schema(&self) -> u32 {
        self.schema
    }

    /// The phase that the draft is in with it.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The document.
    #[must_use]
    pub const fn document(&self) -> &Value {
        self.document
    }

    /// The document as the application's type.
    ///
    /// # Errors
    ///
    /// It is none of that type: what does not fit, and where.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Invalid> {
        Ok(from_value(self.document)?)
    }
}
