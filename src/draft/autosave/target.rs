//! What a document is saved into, as seen from autosaving.

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::events::EventKind;
use crate::id::TraceId;
use crate::invalid::Invalid;
use crate::merge::Overwritten;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Where documents go. Called by one thread at a time, never under a lock of autosaving.
///
/// A panic in any of the methods is caught and counts as a failed save.
pub(crate) trait SaveTarget<T>: Send + Sync {
    /// Writes the document as the bytes that `save` takes. The text of an error is shown and logged: it must not quote
    /// the document.
    fn encode(&self, document: &T) -> Result<Vec<u8>, TargetError>;

    /// Makes the document durable before it returns `Ok`. An error is *unknown*: the same document comes again.
    fn save(&self, document: &[u8], request: SaveRequest) -> Result<SavedAs, TargetError>;

    /// Tells an event about the draft. Must not block.
    fn publish(&self, trace: TraceId, what: EventKind);

    /// What a person has to be shown before anything is saved here: that there is an open conflict.
    fn standing(&self) -> Option<SavedAs> {
        None
    }

    /// What is wrong with what was saved here last.
    fn invalid(&self) -> Option<Invalid> {
        None
    }

    /// Changes that rules decided against in the merges of what was saved here, oldest first.
    fn overwritten(&self) -> Vec<Overwritten> {
        Vec::new()
    }
}

/// What a save belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SaveRequest {
    pub(crate) why: SaveReason,
    pub(crate) trace: TraceId,
}

/// Why a document is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaveReason {
    /// Its time has come.
    Due,
    /// The application asked for it, or autosaving ends.
    Flush,
}

/// What a save in the background came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedAs {
    /// The version that holds the document.
    pub version: u64,
    /// When it was saved.
    pub at: Timestamp,
    /// Whether a version was written; `false` where the document was the same as before.
    pub changed: bool,
    /// The document's size in bytes, as canonical JSON.
    pub size: u64,
    /// The head, where it has what somebody else saved and the editor does not show: mostly the merge of both.
    pub merged: Option<u64>,
    /// Whether the draft was in an open conflict then.
    pub in_conflict: bool,
    /// Whether the document is [valid](crate::Schema::validate): [`Autosave::invalid`](crate::Autosave::invalid) says what is wrong. It is
    /// durable all the same.
    pub is_valid: bool,
    /// How many changes, of this document or of others', a rule decided against in the merge:
    /// [`Autosave::overwritten`](crate::Autosave::overwritten) names them.
    pub overwritten: u64,
}

/// A failed save, and what it failed at.
#[derive(Debug, Clone)]
pub(crate) struct TargetError {
    pub(crate) cause: Arc<dyn StdError + Send + Sync>,
    /// Whether this document can never be saved, so that only another one is worth trying soon.
    pub(crate) of_document: bool,
}

/// Why a document is not saved.
///
/// The document is still held, and saving it is tried again by itself, unless autosaving was closed or the draft is erased.
#[derive(Debug, Clone)]
pub struct AutosaveError {
    trace: TraceId,
    cause: Cause,
}

#[derive(Debug, Clone)]
pub(super) enum Cause {
    Target(TargetError),
    Panicked,
    Detached,
    AlreadyAttached,
    Closed,
}

impl AutosaveError {
    pub(super) const fn new(trace: TraceId, cause: Cause) -> Self {
        Self { trace, cause }
    }

    /// Names the attempt in logs and events.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// Whether there is no store yet.
    #[must_use]
    pub const fn is_detached(&self) -> bool {
        matches!(self.cause, Cause::Detached)
    }

    /// What went wrong, where the store said it; `None` where it did not come so far.
    #[must_use]
    pub fn kind(&self) -> Option<&ErrorKind> {
        let Cause::Target(target) = &self.cause else { return None };
        target.cause.downcast_ref::<Error>().map(Error::kind)
    }

    /// Whether the same document will not be saved later either, if nobody does anything about it.
    pub(super) fn is_lasting(&self) -> bool {
        let of_draft = |kind: &ErrorKind| {
            matches!(
                kind,
                ErrorKind::Phase { .. }
                    | ErrorKind::NoSuchDraft { .. }
                    | ErrorKind::Erased { .. }
                    | ErrorKind::SchemaTooNew { .. }
            )
        };
        self.is_of_document() || self.kind().is_some_and(of_draft)
    }

    /// Whether no document will be saved later either: what is erased does not come back.
    pub(super) fn is_of_erased_draft(&self) -> bool {
        self.kind().is_some_and(|kind| matches!(kind, ErrorKind::Erased { .. }))
    }

    pub(super) const fn is_of_document(&self) -> bool {
        matches!(self.cause, Cause::Panicked | Cause::Target(TargetError { of_document: true, .. }))
    }

    /// The whole chain of causes, for people.
    pub(crate) fn reason(&self) -> String {
        let Cause::Target(target) = &self.cause else { return self.to_string() };
        let mut reason = target.cause.to_string();
        let mut deeper = target.cause.source();
        while let Some(cause) = deeper.take_if(|_| reason.len() < REASON_MAX) {
            reason.push_str(": ");
            reason.push_str(&cause.to_string());
            deeper = cause.source();
        }
        reason
    }
}

/// A chain of causes longer than this is cut.
const REASON_MAX: usize = 1_000;

impl fmt::Display for AutosaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Target(target) => match self.kind() {
                // Without the trace id of the store's error, which is this one's.
                Some(kind) => write!(f, "the document could not be saved: {kind}"),
                None => write!(f, "the document could not be saved: {}", target.cause),
            },
            Cause::Panicked => f.write_str("saving the document panicked"),
            Cause::Detached => f.write_str("there is no store yet; the document is in memory only"),
            Cause::AlreadyAttached => f.write_str("there is a store already; autosaving goes on into that one"),
            Cause::Closed => f.write_str("autosaving was closed"),
        }
    }
}

impl StdError for AutosaveError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Cause::Target(target) => Some(&*target.cause),
            _ => None,
        }
    }
}
