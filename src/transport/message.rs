//! Requests and answers.

use super::{EraseOutcome, ErasedRow, Marker, Position, Revision};
use crate::id::{DraftId, HubId, RevisionId, TraceId};
use std::time::Duration;

/// What a device sends to a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The space that it is about, 1 to [`SPACE_MAX`](super::SPACE_MAX) bytes.
    pub space: String,
    /// The device's name, for people; at most [`DEVICE_MAX`](super::DEVICE_MAX) bytes.
    pub device: Option<String>,
    /// Ties together what is logged of it on both sides.
    pub trace: TraceId,
    /// The hub that the device means; none where it has not met one yet. Another hub refuses with
    /// [`Refusal::OtherHub`].
    pub hub: Option<HubId>,
    /// The highest position that this device was ever told, by a page or by an answer to a push. A hub that cannot confirm
    /// it was restored, and refuses with [`Refusal::Unconfirmed`].
    pub seen: Option<Position>,
    /// What it asks for.
    pub ask: Ask,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask {
    /// Who is there, and how far is it? Answered with [`Reply::Welcome`], also by another hub than the one meant and where
    /// the position cannot be confirmed.
    Hello,
    /// The rows that changed after `after`, in the order of their last changes. Answered with [`Reply::Page`].
    Pull {
        /// The number that the last page ended with; 0 for the first.
        after: u64,
        /// At most so many rows, 1 to [`PAGE_MAX`](super::PAGE_MAX); the hub may send fewer.
        limit: u32,
    },
    /// Takes revisions, each for itself, in this order. Answered with [`Reply::Pushed`].
    Push {
        /// At most [`PUSHES_MAX`](super::PUSHES_MAX).
        pushes: Vec<Push>,
    },
    /// Which of these does the draft's main contain? Answered with [`Reply::Contained`].
    Contained {
        /// The draft.
        draft: DraftId,
        /// At most [`IDS_MAX`](super::IDS_MAX).
        ids: Vec<RevisionId>,
    },
    /// Revisions whole, as far as the hub has them: mains and forks, the mains before them, parents of open forks. Answered
    /// with [`Reply::Revisions`].
    Revisions {
        /// The draft.
        draft: DraftId,
        /// At most [`IDS_MAX`](super::IDS_MAX).
        ids: Vec<RevisionId>,
    },
    /// Takes drafts away for good, each for itself, in this order: mains, forks, bodies, what they contain. What stays is the marker.
    /// Answered with [`Reply::Erased`].
    Erase {
        /// At most [`PUSHES_MAX`](super::PUSHES_MAX).
        markers: Vec<Marker>,
    },
    /// Answers with [`Reply::News`] as soon as the hub is further than `seen`, at the latest after the time is over.
    Wait {
        /// How long at most. A hub may answer earlier.
        timeout: Duration,
    },
}

/// A revision that a device owes to the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The revision, without a chain: the hub has what its body builds on.
    pub revision: Revision,
    /// The revision of the same draft whose document the body is a delta of; none for a body that is whole. A hub that does not have
    /// that one's body, or whose chain would be longer than [`CHAIN_MAX`](super::CHAIN_MAX), refuses with [`Rejection::Base`].
    pub base: Option<RevisionId>,
    /// The ids that it contains, as far as the row that the device knows does not contain them; at most
    /// [`CONTAINS_MAX`](super::CONTAINS_MAX).
    pub contains: Vec<RevisionId>,
    /// What it is to become.
    pub target: Target,
}

/// What a pushed revision is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The draft's accepted state, in place of the one that the device knows.
    Main {
        /// The main that it replaces; none for a draft that the hub does not have.
        expects: Option<RevisionId>,
    },
    /// A copy in conflict, kept beside the main until somebody settles it.
    Fork,
}

/// What a hub answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who answers. It lives with the hub's data: a hub that was restored has its id still, one that was emptied another.
    pub hub: HubId,
    /// How far the space's feed was when the request was carried out. For a page: how far it was when the page was read.
    pub position: Position,
    /// What it says.
    pub reply: Reply,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// To [`Ask::Hello`].
    Welcome {
        /// Whether the position of the request is one of this hub's. Yes, where there was none.
        confirmed: bool,
    },
    /// To [`Ask::Pull`].
    Page(Page),
    /// To [`Ask::Push`]: an outcome for each, in the same order.
    Pushed(Vec<Outcome>),
    /// To [`Ask::Erase`]: an outcome for each, in the same order.
    Erased(Vec<EraseOutcome>),
    /// To [`Ask::Contained`].
    Contained {
        /// The main that it is about, which may be a later one than the device knows; none where there is none.
        main: Option<RevisionId>,
        /// Those that it contains, in the order of the request.
        contained: Vec<RevisionId>,
    },
    /// To [`Ask::Revisions`]: those that are there and fit into one answer, in the order of the request.
    Revisions {
        /// The revisions, each with what its body builds on.
        revisions: Vec<Revision>,
        /// How many of the ids, from the first on, the answer speaks of; the rest did not fit.
        looked_up: u32,
    },
    /// To [`Ask::Wait`]: the time is over, or the answer's position is another than the request's.
    News,
    /// To any request that is not carried out. Nothing was changed.
    Refused(Refusal),
}

/// Why a hub does not carry out a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The position is none of this hub's: it was restored from a backup, or does not keep positions that old. The device
    /// forgets what it knows of the hub's rows, pulls all of them anew, and offers again what the hub lost.
    Unconfirmed,
    /// The hub is not the one that was meant. The device waits until the application accepts it.
    OtherHub,
    /// The request is against the protocol: a mistake in a program.
    Invalid {
        /// What is wrong with it, for people.
        reason: String,
    },
}

/// Some rows of a space, in the order of their last changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The `after` of the request.
    pub after: u64,
    /// The rows; their numbers ascend and are larger than `after`.
    pub rows: Vec<Row>,
    /// The drafts that were erased, in the same numbering: their numbers ascend, are larger than `after`, and are none of a row's. Together
    /// with the rows they are at most as many as were asked for.
    pub erased: Vec<ErasedRow>,
    /// Whether there are more rows behind the last one of both. Then there is at least one of either here.
    pub more: bool,
}

/// What a hub has of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The draft.
    pub draft: DraftId,
    /// The number of its last change in the feed.
    pub seq: u64,
    /// Its accepted state.
    pub main: Main,
    /// Copies in conflict, in the order in which they came.
    pub forks: Vec<RevisionId>,
}

/// A draft's accepted state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Main {
    /// Its id.
    pub id: RevisionId,
    /// All of it, with what its body builds on, where that fits; else it is asked for with [`Ask::Revisions`].
    pub revision: Option<Revision>,
}

/// What became of one push.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The hub has it, durably. The only outcome that ends what the device owes.
    Accepted {
        /// As what.
        standing: Standing,
    },
    /// The draft's main is another one than expected, or there is one or none against the expectation. Nothing was
    /// changed. The device takes the row in, merges, and pushes that.
    Conflict {
        /// What the hub has; none where it has nothing of the draft.
        row: Option<Row>,
    },
    /// This revision cannot be accepted. The device keeps it, and tries no more until somebody says so; after
    /// [`Rejection::Base`] it sends it whole at once.
    Rejected {
        /// Why.
        code: Rejection,
        /// The same for people, with the way out.
        reason: String,
    },
}

/// As what a hub has a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the main, or a main contains it.
    Main,
    /// It is a fork.
    Fork,
}

/// Why a revision cannot be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It is larger than the hub takes.
    TooLarge,
    /// The hub's validator refuses the document.
    Invalid,
    /// The device has no right to this draft.
    Forbidden,
    /// The draft was erased, and the hub takes nothing of it any more: [`Reply::Page`] has the marker.
    Erased,
    /// The draft has as many forks as it may have. Settle some.
    ForksFull,
    /// The hub does not have the body that this one is a delta of, or keeps no more deltas upon it. Send it whole.
    Base,
    /// The space has as many drafts, or takes as much room, as the hub gives it. The same push may be accepted once it gives more.
    SpaceFull,
    /// A code of a newer release.
    Other(u32),
}

impl Rejection {
    /// The code as it is stored and sent.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::TooLarge => 1,
            Self::Invalid => 2,
            Self::Forbidden => 3,
            Self::Erased => 4,
            Self::ForksFull => 5,
            Self::Base => 6,
            Self::SpaceFull => 7,
            Self::Other(code) => code,
        }
    }

    pub(crate) const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::TooLarge,
            2 => Self::Invalid,
            3 => Self::Forbidden,
            4 => Self::Erased,
            5 => Self::ForksFull,
            6 => Self::Base,
            7 => Self::SpaceFull,
            code => Self::Other(code),
        }
    }
}
