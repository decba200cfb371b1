//! One call that changes a store, as a value.

use draftkeep::{DraftId, ReplicaId};
use std::time::Duration;

/// How a test names a draft: ids are known only once it began.
pub type Name = &'static str;

/// One call that changes a store.
#[derive(Debug, Clone)]
pub enum Deed {
    Start(Name, String),
    StartIn(Name, &'static str, String),
    StartOver(Name, &'static str, String),
    Save(Name, String),
    SaveAll(Vec<(Name, String)>),
    /// Loads an edit, for a later [`SaveHeld`](Self::SaveHeld). Changes nothing.
    Hold(Name),
    /// Saves the edit that was loaded before somebody else saved.
    SaveHeld(Name, String),
    /// Ends an open conflict.
    Settle(Name, String),
    /// Saves what an autosave holds.
    Flush(Name, String),
    Checkpoint(Name, &'static str, Pending),
    Restore(Name, u64),
    Pin(Name, u64),
    Unpin(Name, u64),
    Promote(Name, &'static str, Pending),
    PromoteAndArchive(Name, &'static str, Pending),
    Archive(Name, Pending),
    Reopen(Name),
    Discard(Name, Pending),
    Recover(Name),
    Purge(Name),
    Erase(Name),
    /// Opens another space for the first time.
    NewSpace(&'static str),
    /// Lets time pass, then opens the space of the drafts, which sweeps: these go to the trash, those for good.
    OpenSpace(Duration, Vec<Name>, Vec<Name>),
    NewReplica,
    Compact,
    Tend,
    /// Lets the store be idle for so long that it tends itself.
    Idle,
}

/// What an autosave holds while the call is made; it has to be saved in the same commit.
pub type Pending = Option<String>;

impl Deed {
    /// Whether doing it again, after it was done, changes nothing.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::StartIn(..)
            | Self::Save(..)
            | Self::SaveAll(_)
            | Self::SaveHeld(..)
            | Self::Settle(..)
            | Self::Flush(..)
            | Self::Pin(..)
            | Self::Unpin(..)
            | Self::Promote(_, _, None)
            | Self::Archive(..)
            | Self::Reopen(_)
            | Self::Discard(..)
            | Self::NewSpace(_)
            | Self::OpenSpace(..)
            | Self::Compact
            | Self::Tend
            | Self::Idle
            | Self::Hold(_) => true,
            Self::Start(..)
            | Self::StartOver(..)
            | Self::Checkpoint(..)
            | Self::Restore(..)
            | Self::Promote(..)
            | Self::PromoteAndArchive(..)
            | Self::Recover(_)
            | Self::Purge(_)
            | Self::Erase(_)
            | Self::NewReplica => false,
        }
    }

    /// A word for a report.
    pub fn word(&self) -> String {
        let long = format!("{self:?}");
        long.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned()
    }
}

/// What a deed answered that a model cannot know by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ack {
    pub id: Option<DraftId>,
    pub replica: Option<ReplicaId>,
    /// The versions that hold what was saved.
    pub versions: Vec<u64>,
}
