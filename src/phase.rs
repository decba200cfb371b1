//! The phases of a draft's life.

use std::fmt;

/// Where a draft is in its life.
///
/// ```text
/// Open ──promote──▶ Promoted ──archive──▶ Archived ──reopen──▶ Open
/// Open ──archive──▶ Archived
/// Open, Promoted, Archived ──discard──▶ Discarded ──recover──▶ (what it was)
///                                       Discarded ──purge──▶ gone
/// ```
///
/// A promoted draft takes saves and needs no reopening; to make it open again, archive it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Being written.
    Open,
    /// Became something (its outcome), and can still be saved.
    Promoted,
    /// Kept as it is until it is removed; has to be reopened before it can be saved.
    Archived,
    /// In the trash: can come back until it is purged.
    Discarded,
}

impl Phase {
    /// All phases, in the order of a draft's life.
    pub const ALL: [Self; 4] = [Self::Open, Self::Promoted, Self::Archived, Self::Discarded];

    /// Whether a draft in this phase takes saves.
    #[must_use]
    pub const fn takes_saves(self) -> bool {
        matches!(self, Self::Open | Self::Promoted)
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Promoted => 1,
            Self::Archived => 2,
            Self::Discarded => 3,
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| u64::from(phase.number()) == number)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Promoted => "promoted",
            Self::Archived => "archived",
            Self::Discarded => "discarded",
        })
    }
}
