//! What a person may be told about the safety of what they typed.

use crate::clock::Timestamp;
use std::fmt;
use std::sync::Arc;

/// Whether what was typed is safe, for a person to see.
///
/// It never says saved before the save is durable, and while there is anything unsaved, it says so and since when:
/// every `since` is the moment of the first change that is not saved. Once a save has failed it stays red until one
/// has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AutosaveStatus {
    /// Nothing has changed since autosaving began, or the editor reloaded.
    Clean,
    /// Everything is durable.
    Saved {
        /// The version that holds it.
        version: u64,
        /// When it was saved.
        at: Timestamp,
    },
    /// Everything is durable, and merged with what somebody else saved, which the editor does not show. What is typed
    /// next is merged, too. [`reload`](crate::Autosave::reload) gives the merge to show.
    Merged {
        /// The version that holds what was typed.
        version: u64,
        /// The version that was the head then: the merge.
        head: u64,
        /// When it was saved.
        at: Timestamp,
    },
    /// Everything is durable, and at the last save, or when autosaving began, the draft was in an open conflict that a person
    /// has to settle: [`Draft::conflict`](crate::Draft::conflict). Saving goes on meanwhile.
    Conflict {
        /// The version that holds what was typed.
        version: u64,
        /// When it was saved.
        at: Timestamp,
    },
    /// Everything is durable, and not [valid](crate::Schema::validate): [`Autosave::invalid`](crate::Autosave::invalid) says what is wrong.
    /// Until it is, it stays on this device, and cannot be promoted.
    Invalid {
        /// The version that holds it.
        version: u64,
        /// When it was saved, or loaded.
        at: Timestamp,
    },
    /// There are changes whose save has not begun.
    Unsaved {
        /// Unsaved since.
        since: Timestamp,
    },
    /// There are changes whose save is under way.
    Saving {
        /// Unsaved since.
        since: Timestamp,
    },
    /// The last save failed. The newest document is held in memory, and saving it is tried again and again; not where the
    /// draft is erased.
    Failed {
        /// Why, for people.
        reason: Arc<str>,
        /// Unsaved since.
        since: Timestamp,
        /// The number of failures in a row.
        attempts: u32,
        /// When the next attempt comes by itself; `None` while one is under way or saving is paused, and for good where
        /// the draft is erased: begin another one with the document.
        next_try: Option<Timestamp>,
    },
    /// There is no store yet: the newest document is held in memory only.
    Detached {
        /// Unsaved since; `None` where nothing has changed.
        since: Option<Timestamp>,
    },
    /// Saving is paused.
    Paused {
        /// How many guards hold it.
        pauses: u32,
        /// Unsaved since; `None` where everything is saved.
        since: Option<Timestamp>,
    },
}

impl AutosaveStatus {
    /// Whether every change is durable: the machine could lose its power now, and nothing would be lost.
    #[must_use]
    pub const fn is_safe(&self) -> bool {
        self.unsaved_since().is_none()
    }

    /// The moment of the first change that is not saved; `None` where all are.
    #[must_use]
    pub const fn unsaved_since(&self) -> Option<Timestamp> {
        match self {
            Self::Clean | Self::Saved { .. } | Self::Merged { .. } | Self::Conflict { .. } | Self::Invalid { .. } => {
                None
            }
            Self::Unsaved { since } | Self::Saving { since } | Self::Failed { since, .. } => Some(*since),
            Self::Detached { since } | Self::Paused { since, .. } => *since,
        }
    }
}

impl fmt::Display for AutosaveStatus {
    /// A short text for logs; an application writes its own for its users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clean => f.write_str("no changes"),
            Self::Saved { version, .. } => write!(f, "saved as version {version}"),
            Self::Merged { version, head, .. } => {
                write!(f, "saved as version {version}, merged with other changes as version {head}")
            }
            Self::Conflict { version, .. } => write!(f, "saved as version {version}, in conflict with other changes"),
            Self::Invalid { version, .. } => write!(f, "saved as version {version}, not valid yet"),
            Self::Unsaved { .. } => f.write_str("unsaved changes"),
            Self::Saving { .. } => f.write_str("saving"),
            Self::Failed { reason, attempts, .. } => write!(f, "not saved after {attempts} attempts: {reason}"),
            Self::Detached { since: None } => f.write_str("no store yet"),
            Self::Detached { since: Some(_) } => f.write_str("no store yet; changes are in memory only"),
            Self::Paused { since: None, .. } => f.write_str("paused; everything is saved"),
            Self::Paused { since: Some(_), .. } => f.write_str("paused with unsaved changes"),
        }
    }
}
