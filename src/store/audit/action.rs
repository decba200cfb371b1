//! What can have happened.

use crate::events::EventKind;
use crate::id::{DraftId, HubId, KeyId};
use std::fmt;

/// What happened. Versions are those of the entry's draft.
///
/// Saves have no entries of their own: see [`AuditedSaves`](crate::AuditedSaves).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditAction {
    /// A draft began.
    Started,
    /// A draft was promoted.
    Promoted,
    /// A draft was archived.
    Archived,
    /// A draft was opened again, from the archive or the trash.
    Reopened,
    /// A draft went to the trash: somebody put it there, or the retention policy did.
    Discarded,
    /// A draft was removed for good after its time in the trash.
    Purged,
    /// A draft was erased, with all that belonged to it.
    Erased {
        /// How many versions it had.
        versions: u64,
        /// How many of them the hub never had.
        unsynced: u64,
    },
    /// The hub had the entry's revision of a draft that is erased here. It was not taken in.
    KeptOut,
    /// A draft was erased here because another device had: proven by the space's secret, or accepted by the application.
    ErasedElsewhere {
        /// How many versions it had here.
        versions: u64,
        /// How many of them the hub never had.
        unsynced: u64,
    },
    /// The hub has erased the draft, as this device asked it to.
    PushedErasure,
    /// Somebody wants a draft kept here that was erased elsewhere.
    ErasureDeclined,
    /// An earlier version is the head again.
    Restored {
        /// The version that came back.
        from: u64,
        /// The new version that it is now.
        version: u64,
    },
    /// An earlier state that the hub keeps is the head again.
    BroughtBack {
        /// The new version that it is now.
        version: u64,
    },
    /// A version was given a name.
    Checkpointed {
        /// The version.
        version: u64,
    },
    /// Somebody said that the draft is meant to be blank, so that a text on other devices may be replaced by nothing.
    BlankConfirmed {
        /// The version that says so.
        version: u64,
    },
    /// The retention policy dropped versions of a draft's history.
    Thinned {
        /// How many.
        versions: u64,
    },
    /// A newer head and what was typed over an older one, or the hub's main and the head, became one.
    Merged {
        /// The version that holds the text as it was typed, or the hub's main.
        version: u64,
        /// The version that holds the merge.
        head: u64,
        /// How many changes a rule decided against.
        overwritten: u64,
    },
    /// Two texts stand against each other until a person decides.
    ConflictDetected {
        /// The one version: what was typed, or the head.
        version: u64,
        /// The other one.
        theirs: u64,
    },
    /// A person decided what becomes of sides of a conflict.
    ConflictSettled {
        /// The version that holds what was decided.
        version: u64,
    },
    /// Sides of a conflict were let go: the hub's main contains them, since somebody settled it elsewhere, or the head does.
    ConflictReleased {
        /// How many.
        sides: u64,
    },
    /// Another device's text is the head.
    Received {
        /// The version that it became.
        version: u64,
    },
    /// The head was written once more, as what came of the hub's main and of itself, which was a fork there.
    Renewed {
        /// The version.
        version: u64,
    },
    /// What was written here is another draft now: a later generation of the slot.
    Moved {
        /// The draft that it is now.
        to: DraftId,
    },
    /// The hub accepted the entry's revision as the main, or turned out to have it where its answer was lost.
    PushedMain,
    /// The hub accepted the entry's revision as a fork, in conflict with the main.
    PushedFork,
    /// The entry's revision is not pushed until the draft changes or somebody says so.
    Parked {
        /// Why.
        guard: Guard,
    },
    /// The hub refused the entry's revision, which is not the draft's last: that one is pushed without it.
    PassedOver {
        /// Why.
        guard: Guard,
    },
    /// Somebody asked for a parked draft to be pushed again.
    Retried,
    /// Somebody gave up texts that the hub refused. They stay in the history.
    GivenUp {
        /// The version that is the head now.
        head: u64,
        /// How many texts.
        texts: u64,
    },
    /// Somebody wants what the hub has of a draft taken in, although it is not valid here.
    InvalidWanted,
    /// What the hub has of a draft cannot be taken in by this release of the application. It is kept as it came.
    Blocked,
    /// A page of the hub's rows was stored that says something new.
    Pulled {
        /// How many of its rows do.
        rows: u64,
        /// How far it goes in the hub's feed.
        up_to: u64,
    },
    /// The space met its hub.
    HubMet {
        /// Which one.
        hub: HubId,
    },
    /// Somebody accepted another hub in place of the known one.
    HubAccepted {
        /// Which one.
        hub: HubId,
    },
    /// The hub could not confirm what it had said: it was restored, and all it says is learnt anew.
    Resynced,
    /// Syncing was switched on.
    SyncEnabled,
    /// Syncing was switched off.
    SyncDisabled,
    /// A restore point was taken.
    PointTaken {
        /// Its number.
        point: u64,
    },
    /// A restore point was dropped.
    PointDropped {
        /// Its number.
        point: u64,
    },
    /// What is written from now on is sealed with another key.
    KeyRotated {
        /// Which one.
        to: KeyId,
    },
    /// The head's text was written once more, to be pushed [under another key](crate::sync::Syncer::reseal).
    Resealed {
        /// The new version.
        version: u64,
    },
    /// What waited for its key, while the hub that it came from was gone, was [dropped](crate::sync::Syncer::drop_keyless).
    KeylessDropped {
        /// How many texts.
        texts: u64,
    },
    /// The row that says how far the audit goes was damaged. The audit goes on from the last entry that was found; what became
    /// of others, nobody can say.
    Resumed,
    /// A newer release wrote the entry. It is chained like all others.
    Unknown {
        /// The number of the action.
        code: u32,
    },
}

/// Why a revision is not pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// It is blank, and would replace a text that is not.
    Blank,
    /// It is too large for the hub, or for the way there.
    TooLarge,
    /// The hub says that it is invalid.
    Invalid,
    /// The hub does not allow it.
    Forbidden,
    /// The hub has erased the draft.
    Erased,
    /// The draft has as many forks as it may have.
    ForksFull,
    /// This device's own validator says that it is not valid yet.
    NotValid,
    /// For another reason.
    Other,
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blank => "blank",
            Self::TooLarge => "too large",
            Self::Invalid => "invalid",
            Self::Forbidden => "forbidden",
            Self::Erased => "erased",
            Self::ForksFull => "too many forks",
            Self::NotValid => "not valid yet",
            Self::Other => "refused",
        })
    }
}

impl AuditAction {
    /// What an event tells that is also an entry; none for those that are not about a draft's fate.
    pub(crate) fn of(what: &EventKind) -> Option<Self> {
        Some(match *what {
            EventKind::Started => Self::Started,
            EventKind::Promoted { .. } => Self::Promoted,
            EventKind::Archived => Self::Archived,
            EventKind::Reopened => Self::Reopened,
            EventKind::Discarded => Self::Discarded,
            EventKind::Purged => Self::Purged,
            EventKind::Erased { versions, unsynced } => Self::Erased { versions, unsynced },
            EventKind::KeptOut { .. } => Self::KeptOut,
            EventKind::ErasedElsewhere { versions, unsynced } => Self::ErasedElsewhere { versions, unsynced },
            EventKind::Restored { from, version } => Self::Restored { from, version },
            EventKind::BroughtBack { version, .. } => Self::BroughtBack { version },
            EventKind::Checkpointed { version, .. } => Self::Checkpointed { version },
            EventKind::Merged { version, head, overwritten } => Self::Merged { version, head, overwritten },
            EventKind::ConflictDetected { version, theirs } => Self::ConflictDetected { version, theirs },
            EventKind::ConflictSettled { version } => Self::ConflictSettled { version },
            EventKind::Received { version } => Self::Received { version },
            EventKind::Moved { to } => Self::Moved { to },
            EventKind::GivenUp { head, ref versions } => Self::GivenUp { head, texts: versions.len() as u64 },
            EventKind::Saved { .. }
            | EventKind::Autosaved { .. }
            | EventKind::SaveFailed { .. }
            | EventKind::Synced { .. }
            | EventKind::SyncFailed { .. }
            | EventKind::Swept { .. }
            | EventKind::Damaged { .. }
            | EventKind::Healed { .. }
            | EventKind::ReplicaChanged { .. }
            | EventKind::Packed { .. }
            | EventKind::Settled
            | EventKind::Lagged { .. } => return None,
        })
    }
}
