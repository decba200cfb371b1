//! What a hub keeps of a draft: the main, the mains before it, and how each of them came.

use super::bodies;
use super::feed;
use super::handle::Hub;
use super::looking;
use super::rows::DraftRow;
use super::tables::SpaceKey;
use crate::clock::Timestamp;
use crate::error::{Failure, Result};
use crate::fault;
use crate::id::{DraftId, RevisionId};
use crate::records::view::View;
use crate::transport::{Marker, Revision};

/// A revision that is or was the main of a draft, and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptMain {
    /// The revision, to be fetched with [`Hub::revision`].
    pub revision: RevisionId,
    /// The number in the space's feed at which it became the main.
    pub seq: u64,
    /// When the hub accepted it, by the hub's clock.
    pub at: Timestamp,
    /// The name of the device that pushed it, as it said.
    pub device: Option<String>,
    /// The bytes that it takes here, header and body; without what its body builds on.
    pub bytes: u64,
}

/// A moment in the life of a space, for [`Hub::drafts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// As it is.
    Now,
    /// When the feed was at this number: exact.
    Position(u64),
    /// At this time by the hub's clock: as exact as that went.
    Time(Timestamp),
}

/// A draft as it was at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DraftThen {
    /// The draft.
    pub draft: DraftId,
    /// The number of its last change in the feed, up to now: where the list goes on.
    pub seq: u64,
    /// Copies in conflict with its main that are open now.
    pub forks: u64,
    /// What its main was.
    pub main: MainThen,
}

/// What the main of a draft was at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MainThen {
    /// This one.
    Kept(KeptMain),
    /// There was one, which is not kept any more: more mains came since than the hub keeps.
    NotKept,
    /// None: the draft was first pushed later.
    NotYet,
    /// The draft was erased since, whatever it was: nothing of it is kept.
    Erased,
}

impl KeptMain {
    /// As [`Hub::mains`] lists it: for whoever carries such a list from a hub to somewhere else.
    #[must_use]
    pub const fn new(revision: RevisionId, seq: u64, at: Timestamp, device: Option<String>, bytes: u64) -> Self {
        Self { revision, seq, at, device, bytes }
    }
}

impl DraftThen {
    /// As [`Hub::drafts`] lists it: for whoever carries such a list from a hub to somewhere else.
    #[must_use]
    pub const fn new(draft: DraftId, seq: u64, forks: u64, main: MainThen) -> Self {
        Self { draft, seq, forks, main }
    }
}

impl Moment {
    const fn is_before(self, seq: u64, at: Timestamp) -> bool {
        match self {
            Self::Now => false,
            Self::Position(position) => position < seq,
            Self::Time(time) => time.as_millis() < at.as_millis(),
        }
    }
}

impl Hub {
    /// The mains of a draft that are kept, the newest first: the one that counts, and as many before it as
    /// [`HubOptions::mains`](super::HubOptions::mains) says. Empty where the hub has nothing of the draft, or it was
    /// [erased](Self::erasure).
    ///
    /// A hub makes no revisions: to bring one back, a device reads it out of [`revision`](Self::revision) with
    /// [`sync::earlier_of`](crate::sync::earlier_of), and saves it as an edit of its own: [`Draft::bring_back`](crate::Draft::bring_back).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): a record of the draft is damaged or missing. Any other: the storage failed.
    pub fn mains(&self, space: &str, draft: DraftId) -> Result<Vec<KeptMain>> {
        self.inner().show(|view| {
            let key = self.key(view, space)?;
            let row = looking::draft(view, &key, draft)?.filter(|row| row.erased.is_none());
            let Some(row) = row else { return Ok(Vec::new()) };
            mains_of(&row).map(|id| kept(view, &key, (draft, &row), id)).collect()
        })
    }

    /// A revision whole, with all that its body builds on, where the hub keeps it: one of the [`mains`](Self::mains), a fork, or what
    /// a fork came from. None where it does not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): a record of the draft is damaged or missing. Any other: the storage failed.
    pub fn revision(&self, space: &str, draft: DraftId, revision: RevisionId) -> Result<Option<Revision>> {
        self.inner().show(|view| {
            let key = self.key(view, space)?;
            let row = looking::draft(view, &key, draft)?.filter(|row| row.held().contains(&revision));
            let Some(row) = row else { return Ok(None) };
            Ok(bodies::read_within(view, &key, (draft, &row), revision, usize::MAX)?.ok())
        })
    }

    /// What says that a draft was erased; none where it was not, or where the hub has nothing of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): the draft's row is damaged or missing. Any other: the storage failed.
    pub fn erasure(&self, space: &str, draft: DraftId) -> Result<Option<Marker>> {
        self.inner().show(|view| {
            let key = self.key(view, space)?;
            Ok(looking::draft(view, &key, draft)?.and_then(|row| row.marker(draft)))
        })
    }

    /// The drafts of a space as they were at a moment, in the order of their last changes up to now: at most `limit` behind the
    /// number `after`, 0 for the first. A draft that changes meanwhile comes again, under a larger number.
    ///
    /// How far back this reaches differs from draft to draft: to the oldest main that is kept of each. What is older is told as
    /// [`MainThen::NotKept`], never as something else.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): a record of the feed or of one of these drafts is damaged or missing. Any
    /// other: the storage failed.
    pub fn drafts(&self, space: &str, moment: Moment, after: u64, limit: usize) -> Result<Vec<DraftThen>> {
        self.inner().show(|view| {
            let key = SpaceKey::new(space);
            let space = looking::space(view, self.id(), &key, space)?;
            let (entries, _) = feed::entries(view, &key, &space, after, limit)?;
            let drafts = entries.into_iter().map(|entry| {
                let row = feed::standing(view, &key, entry.draft, entry.seq)?;
                let main = main_then(view, &key, (entry.draft, &row), moment)?;
                Ok(DraftThen { draft: entry.draft, seq: entry.seq, forks: row.forks.len() as u64, main })
            });
            drafts.collect()
        })
    }

    /// The key of a space, once its row was held against its name.
    fn key(&self, view: &impl View, space: &str) -> std::result::Result<SpaceKey, Failure> {
        let key = SpaceKey::new(space);
        looking::space(view, self.id(), &key, space).map(|_| key)
    }
}

/// The mains that are kept, the newest first.
fn mains_of(row: &DraftRow) -> impl Iterator<Item = RevisionId> {
    [row.main].into_iter().chain(row.mains.iter().copied())
}

fn kept(
    view: &impl View,
    key: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    id: RevisionId,
) -> std::result::Result<KeptMain, Failure> {
    let (came, bytes) = bodies::came(view, key, (draft, row), id)?;
    Ok(KeptMain { revision: id, seq: came.seq, at: came.at, device: came.device, bytes })
}

/// The newest main that was there at the moment. Those that are kept are the last ones without a gap, so no other was between.
fn main_then(
    view: &impl View,
    key: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    moment: Moment,
) -> std::result::Result<MainThen, Failure> {
    if row.erased.is_some() {
        return Ok(MainThen::Erased);
    }
    for id in mains_of(row) {
        let main = kept(view, key, (draft, row), id)?;
        if !moment.is_before(main.seq, main.at) {
            return Ok(MainThen::Kept(main));
        }
    }
    let is_later = moment.is_before(row.began, row.began_at) || fault::on("hub-takes-what-is-not-kept-for-not-yet");
    Ok(if is_later { MainThen::NotYet } else { MainThen::NotKept })
}
