//! What can go wrong, split by what the caller does about it.

use crate::codec::CodecError;
use crate::fault::canary;
use crate::id::{DraftId, KeyId, TraceId};
use crate::invalid::Invalid;
use crate::phase::Phase;
use crate::storage::{StorageError, StorageErrorKind};
use crate::value::ValueError;
use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The bytes that a message tells of what is wrong with a document; the kind has all of it.
const INVALID_TOLD_MAX: usize = 1_000;

/// The result of most calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with the trace id of the call that failed.
///
/// Look at [`kind`](Self::kind) to decide what to do, and log the trace id: events and log lines of the same call
/// carry it too. A save that returned an error is *unknown*, not absent: repeating it is always safe.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    path: Option<Arc<Path>>,
    trace: TraceId,
    source: Option<Source>,
}

/// Shared, because one failed commit is the error of every call that shared it.
type Source = Arc<dyn StdError + Send + Sync>;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The storage failed: full, in use, missing, damaged and so on, as its own kind says.
    Storage(StorageErrorKind),
    /// A record of this draft is damaged. Other drafts are not affected.
    Corrupt {
        /// The draft, where the record belongs to one.
        draft: Option<DraftId>,
        /// What is damaged, for people.
        what: String,
    },
    /// The document cannot be stored or does not fit the type; the message names the path. Nothing was changed.
    Document {
        /// What is wrong with it and where.
        reason: String,
    },
    /// The document is not [valid](crate::Schema::validate), and the call says that it is. Nothing was changed, and the document is
    /// where it was: show the person what is wrong and where, or keep it as it is with [`Edit::keep`](crate::Edit::keep).
    Invalid {
        /// The kind.
        kind: String,
        /// What is wrong, and where.
        invalid: Invalid,
    },
    /// A newer release of the application wrote the document. Read it raw, and update before saving.
    SchemaTooNew {
        /// The kind.
        kind: String,
        /// The schema version of the document.
        found: u32,
        /// The newest version that this application's schema knows.
        supported: u32,
    },
    /// A migration of the application's schema refused the document.
    Migration {
        /// The kind.
        kind: String,
        /// The schema version that could not be migrated.
        from: u32,
    },
    /// There is no such draft in this space and kind.
    NoSuchDraft {
        /// The id that was asked for.
        draft: DraftId,
    },
    /// The draft was erased: here, or elsewhere by its owner. What is typed is where it was, with the edit or the autosave that holds
    /// it: take it out ([`Edit::into_doc`](crate::Edit::into_doc), [`Autosave::close`](crate::Autosave::close)), and begin another draft
    /// with it, or let it go.
    Erased {
        /// The draft.
        draft: DraftId,
    },
    /// The draft's history has no such version: it never had, or retention dropped it.
    NoSuchVersion {
        /// The draft.
        draft: DraftId,
        /// The version that was asked for.
        version: u64,
    },
    /// The space has no such restore point: it never had, it was dropped, or newer ones took its place.
    NoSuchPoint {
        /// The number that was asked for.
        point: u64,
    },
    /// The draft's phase does not allow it. An archived draft has to be reopened, a discarded one recovered.
    Phase {
        /// The draft.
        draft: DraftId,
        /// Its phase.
        phase: Phase,
    },
    /// The head is not what the person was shown, so the call would be about another text: somebody else saved meanwhile, or
    /// what an autosave saved was merged. Show the head (`Autosave::reload`, or `Draft::conflict` anew), and call again.
    Stale {
        /// The draft.
        draft: DraftId,
        /// The version that is the head.
        head: u64,
    },
    /// The draft is not parked: the hub has it, or it is going to be pushed. Nothing has to be given up.
    NotParked {
        /// The draft.
        draft: DraftId,
    },
    /// What the hub has of the draft is not here yet, or cannot be taken in (`sync::Status::blocked` says why), or the hub does not know
    /// yet what became of it here. Sync, and call again.
    SyncFirst {
        /// The draft.
        draft: DraftId,
    },
    /// What is contested is not known to the application's type, so a document of that type says nothing about it. Decide it
    /// by path: `Conflict::resolution`, `Conflict::settle_value`.
    Undecided {
        /// The first path that is contested and not known.
        path: String,
    },
    /// The slot's current draft is another one. Archive or discard that first, or use `start_over`.
    SlotTaken {
        /// The slot's current draft.
        by: DraftId,
    },
    /// A name (of a space, kind, slot, checkpoint, outcome or device) is empty, too long or of another use.
    Name {
        /// What the name is of.
        what: &'static str,
        /// The most bytes allowed; at least one is needed.
        limit: usize,
        /// The bytes found.
        got: usize,
    },
    /// The store is sealed, and no key ring was given to open it: give it with [`Options::key_ring`](crate::Options::key_ring).
    Sealed,
    /// [`Store::seal`](crate::Store::seal) was to seal a store that is sealed already. Nothing was written: open it as it is.
    AlreadySealed,
    /// The store is not sealed, and a key ring was given: what lies in it is readable for everybody, and what would be added, too. Open it without a
    /// key ring, or seal it with [`Store::seal`](crate::Store::seal) first.
    NotSealed,
    /// The key ring lacks a key. Nothing is lost by that: what is sealed with it stays as it is, until the key is there.
    KeyMissing {
        /// The space whose key it is.
        space: String,
        /// Which one; none where the ring has no key for the space at all.
        key: Option<KeyId>,
    },
    /// The key ring cannot be asked now. Unlock it, and call again.
    KeyRing {
        /// The space whose key was asked for.
        space: String,
        /// What the key ring says.
        reason: String,
    },
    /// An option is out of range, or the schemas contradict each other.
    Options {
        /// What and why.
        reason: String,
    },
    /// The autosave has no store yet; the newest document is held in memory.
    Detached,
    /// The work went on without the caller and was lost with its thread. The outcome is unknown; repeat the call.
    Interrupted,
}

impl Error {
    pub(crate) fn new(failure: Failure, trace: TraceId) -> Self {
        let error = Self(Box::new(Inner { kind: failure.kind, path: failure.path, trace, source: failure.source }));
        canary::says_error(&error);
        error
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The id that events and log lines of the same call carry.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.0.trace
    }

    /// Whether repeating the call later may succeed without a change of the program or the data: the medium failed, the
    /// disk is full until someone frees space, the store is in use until someone closes it, or the key ring is locked.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Storage(StorageErrorKind::Full | StorageErrorKind::Io | StorageErrorKind::InUse)
                | ErrorKind::KeyRing { .. }
                | ErrorKind::Interrupted
        )
    }
}

impl ErrorKind {
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Storage(StorageErrorKind::Corrupt { .. }))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, path, trace, source } = &*self.0;
        let mut shown = f.debug_struct("Error");
        shown.field("kind", kind).field("path", path).field("trace", trace).field("source", source).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        if let Some(path) = &self.0.path {
            write!(f, ": {}", path.display())?;
        }
        write!(f, " (trace {})", self.0.trace)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(kind) => kind.fmt(f),
            Self::Corrupt { draft: Some(draft), what } => write!(f, "draft {draft} is damaged: {what}"),
            Self::Corrupt { draft: None, what } => write!(f, "the store is damaged: {what}"),
            Self::Document { reason } => write!(f, "the document was refused: {reason}"),
            Self::Invalid { kind, invalid } => write!(
                f,
                "the document of kind {kind:?} is not valid: {}; mend it, or keep it as it is with Edit::keep",
                invalid.told(INVALID_TOLD_MAX)
            ),
            Self::SchemaTooNew { kind, found, supported } => write!(
                f,
                "a document of kind {kind:?} has schema version {found}, this application knows up to {supported}; \
                 read it raw, and update the application before saving"
            ),
            Self::Migration { kind, from } => {
                write!(f, "the migration of a document of kind {kind:?} from schema version {from} failed")
            }
            Self::NoSuchDraft { draft } => write!(f, "there is no draft {draft}"),
            Self::Erased { draft } => {
                write!(
                    f,
                    "draft {draft} was erased; what is typed is still with its editor, and can become another draft"
                )
            }
            Self::NoSuchVersion { draft, version } => write!(f, "draft {draft} has no version {version}"),
            Self::NoSuchPoint { point } => write!(f, "the space has no restore point {point}"),
            Self::Stale { draft, head } => {
                write!(f, "draft {draft} has moved on to version {head}; show that, and call again")
            }
            Self::NotParked { draft } => {
                write!(f, "draft {draft} is not parked; it is on the hub, or is going to be pushed")
            }
            Self::SyncFirst { draft } => {
                write!(f, "draft {draft} is not in step with what the hub has of it; sync, and call again")
            }
            Self::Phase { draft, phase } => {
                write!(f, "draft {draft} is {phase}, which does not allow this")?;
                // The way to a save; a call that wants another phase still, as purging does, says so in its docs.
                match phase {
                    Phase::Archived => f.write_str("; to save in it, reopen it first"),
                    Phase::Discarded => f.write_str("; to save in it, recover it first"),
                    Phase::Open | Phase::Promoted => Ok(()),
                }
            }
            Self::Undecided { path } => {
                write!(f, "what is contested at \"{path}\" is not known to the document's type; decide it by path")
            }
            Self::SlotTaken { by } => write!(f, "the slot's current draft is {by}; archive or discard it first"),
            Self::Name { what, limit, got } => {
                write!(f, "the name of a {what} takes 1 to {limit} bytes, not {got}")
            }
            Self::Sealed => f.write_str("the store is sealed; open it with Options::key_ring"),
            Self::AlreadySealed => {
                f.write_str("the store is sealed already, and nothing was written; open it as it is")
            }
            Self::NotSealed => {
                f.write_str("the store is not sealed; seal it with Store::seal, or open it without a key ring")
            }
            Self::KeyMissing { space, key: Some(key) } => {
                write!(
                    f,
                    "the key ring lacks key {key} of space {space:?}; add it (MemoryKeyRing::add_former), then open or sync again: \
                     what is sealed with it stays as it is until then"
                )
            }
            Self::KeyMissing { space, key: None } => write!(
                f,
                "the key ring has no key for space {space:?}; give it the space's secret and key (MemoryKeyRing::with_space), then \
                 call again"
            ),
            Self::KeyRing { space, reason } => {
                write!(f, "the key ring gives no key for space {space:?} now: {reason}; unlock it, and call again")
            }
            Self::Options { reason } => write!(f, "the options were refused: {reason}"),
            Self::Detached => f.write_str("no store is attached yet; the document is held in memory"),
            Self::Interrupted => f.write_str("the call was interrupted; repeat it"),
        }
    }
}

/// An error on its way to the caller, before the call's trace id is put on it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    /// The file that was to be opened or made, for people.
    path: Option<Arc<Path>>,
    pub(crate) source: Option<Source>,
}

impl Failure {
    pub(crate) fn corrupt(draft: Option<DraftId>, what: impl Into<String>) -> Self {
        ErrorKind::Corrupt { draft, what: what.into() }.into()
    }

    pub(crate) fn options(reason: impl Into<String>) -> Self {
        ErrorKind::Options { reason: reason.into() }.into()
    }

    pub(crate) fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Names the file that a failed opening was about.
    #[cfg(feature = "redb")]
    pub(crate) fn at(mut self, path: &Path) -> Self {
        if matches!(self.kind, ErrorKind::Storage(_) | ErrorKind::Corrupt { .. }) {
            self.path.get_or_insert_with(|| path.into());
        }
        self
    }

    /// Names the draft that a damaged record belongs to.
    pub(crate) fn of_draft(mut self, id: DraftId) -> Self {
        if let ErrorKind::Corrupt { draft: draft @ None, .. } = &mut self.kind {
            *draft = Some(id);
        }
        self
    }

    /// Whether the cause is damage, so that a second path to the same data may still work.
    pub(crate) fn is_damage(&self) -> bool {
        self.kind.is_damage()
    }

    /// Whether a key is missing, or cannot be had now: what is sealed with it is as it was.
    pub(crate) fn is_about_a_key(&self) -> bool {
        matches!(self.kind, ErrorKind::KeyMissing { .. } | ErrorKind::KeyRing { .. })
    }

    /// Whether something was to be stored that is longer than the storage takes.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self.kind, ErrorKind::Storage(StorageErrorKind::TooLarge { .. }))
    }
}

/// None where it is damaged; other failures are the caller's.
pub(crate) fn unless_damaged<T>(result: std::result::Result<T, Failure>) -> std::result::Result<Option<T>, Failure> {
    match result {
        Err(failure) if failure.is_damage() => Ok(None),
        result => result.map(Some),
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, path: None, source: None }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let path = error.path().map(Arc::from);
        Self { kind: ErrorKind::Storage(error.kind().clone()), path, source: Some(Arc::new(error)) }
    }
}

impl From<CodecError> for Failure {
    fn from(error: CodecError) -> Self {
        let kind = match error {
            CodecError::TooNew { found, supported } => {
                ErrorKind::Storage(StorageErrorKind::TooNew { found: found.into(), supported: supported.into() })
            }
            _ => ErrorKind::Corrupt { draft: None, what: "a record cannot be read".into() },
        };
        Self { kind, path: None, source: Some(Arc::new(error)) }
    }
}

impl From<ValueError> for Failure {
    fn from(error: ValueError) -> Self {
        let kind = ErrorKind::Document { reason: error.to_string() };
        Self { kind, path: None, source: Some(Arc::new(error)) }
    }
}
