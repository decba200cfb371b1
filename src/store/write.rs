//! What a call sees while it writes: the transaction, and the numbers that only the writer hands out.

use super::cache::Bodies;
use super::lists;
use super::options::Settings;
use super::queue::Shared;
use super::rows::{MetaRow, SpaceRow};
use super::tables::{DraftKey, KindNo, ListKey, META, META_KEY, SPACES, SpaceNo};
use super::txn::Txn;
use super::view::View;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::events::EventKind;
use crate::id::{DraftId, EventId, ReplicaId, StoreId, TraceId};
use crate::phase::Phase;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// What only the leading writer knows. All of it is a cache: after a failed commit it is read again.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) replica: ReplicaId,
    /// Not after a failed commit: it may have been one that changed the replica id.
    pub(crate) is_replica_sure: bool,
    /// The next tick to hand out.
    pub(crate) next_tick: u64,
    /// All ticks below are reserved on disk.
    pub(crate) reserved: u64,
    /// The newest place in any list of a space.
    pub(crate) newest: BTreeMap<SpaceNo, u64>,
    /// The number of the last restore point of a space.
    pub(crate) points: BTreeMap<SpaceNo, u64>,
    /// Drafts with a run that ended and is not packed yet.
    pub(crate) cold: BTreeSet<DraftKey>,
    /// The commit under way holds bytes that somebody else chose.
    pub(crate) is_foreign: bool,
    /// What the commit under way does to versions.
    pub(crate) last_written: LastWritten,
}

/// Keeps what tells a store from an earlier copy of it, where such a copy would not have it.
pub(crate) trait CommitWitness: Send + Sync + std::fmt::Debug {
    /// Keeps the largest reserved tick, durably, before a commit that hands any of them out.
    fn reserve(&self, store: StoreId, ticks: u64) -> Result<(), Failure>;

    /// Keeps the version that the last commit wrote; `None` where what was kept need not be there any more. Never fails:
    /// the commit it speaks of is durable.
    fn committed(&self, store: StoreId, last: Option<(DraftKey, u64)>);
}

/// What a commit did to the versions of drafts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LastWritten {
    /// None was written, and none taken away.
    #[default]
    Nothing,
    /// This was the last that was written.
    Version(DraftKey, u64),
    /// A draft was removed, and nothing written after it.
    Removal,
}

/// An event of a call, published once its commit is durable.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) space: SpaceNo,
    pub(crate) draft: Option<DraftId>,
    pub(crate) trace: TraceId,
    pub(crate) what: EventKind,
    /// The entry of the audit that says the same.
    pub(crate) audit: Option<EventId>,
    /// When the call that tells it began.
    pub(crate) began: Duration,
}

/// The calls of a store.
#[derive(Debug)]
pub(crate) enum Writes {}

impl Shared for Writes {
    type Write<'a> = Write<'a>;

    fn check(write: &Write<'_>) -> Result<(), Failure> {
        write.txn.check()
    }
}

/// One call's hand on the shared commit.
pub(crate) struct Write<'a> {
    pub(crate) txn: &'a mut Txn,
    pub(crate) state: &'a mut State,
    pub(crate) bodies: &'a Bodies,
    pub(crate) settings: &'a Settings,
    pub(crate) told: &'a mut Vec<Told>,
    pub(crate) now: Timestamp,
    /// When the call that writes began, as the clock's `elapsed` counts.
    pub(crate) began: Duration,
}

impl Deref for Write<'_> {
    type Target = Txn;

    fn deref(&self) -> &Txn {
        self.txn
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut Txn {
        self.txn
    }
}

impl Write<'_> {
    /// The next number of the one counter that orders this store's edits and the places in its lists.
    pub(crate) fn tick(&mut self) -> Result<u64, Failure> {
        let tick = self.state.next_tick;
        if tick >= self.state.reserved {
            return Err(Failure::options("one call takes more ticks than a commit reserves; split it"));
        }
        self.state.next_tick += 1;
        Ok(tick)
    }

    pub(crate) fn space(&self, space: SpaceNo) -> Result<SpaceRow, Failure> {
        space_row(self.txn, space)
    }

    /// The newest place in use in any list of the space.
    pub(crate) fn newest_place(&mut self, space: SpaceNo) -> Result<u64, Failure> {
        if let Some(newest) = self.state.newest.get(&space) {
            return Ok(*newest);
        }
        let kinds = self.space(space)?.kinds.len();
        let mut newest = 0;
        for kind in 1..=KindNo::try_from(kinds).unwrap_or(KindNo::MAX) {
            for phase in Phase::ALL {
                let top = lists::top(self.txn, ListKey { space, kind, phase })?;
                newest = newest.max(top.older.unwrap_or_default());
            }
        }
        self.state.newest.insert(space, newest);
        Ok(newest)
    }

    /// Tells what is no entry of an audit. What happens to a draft is told by [`audit::record::tell`](super::audit::record::tell).
    pub(crate) fn tell(&mut self, space: SpaceNo, draft: Option<DraftId>, trace: TraceId, what: EventKind) {
        self.tell_of(None, space, draft, trace, what);
    }

    /// Tells what an entry of the audit says, too.
    pub(super) fn tell_of(
        &mut self,
        audit: Option<EventId>,
        space: SpaceNo,
        draft: Option<DraftId>,
        trace: TraceId,
        what: EventKind,
    ) {
        self.told.push(Told { space, draft, trace, what, audit, began: self.began });
    }
}

pub(crate) fn meta_row(view: &impl View) -> Result<Option<MetaRow>, Failure> {
    view.get(META, META_KEY)?.map(|bytes| Ok(MetaRow::decode(&bytes)?)).transpose()
}

pub(crate) fn own_row_is_missing() -> Failure {
    Failure::corrupt(None, "the store's own row is missing")
}

pub(crate) fn space_row(view: &impl View, space: SpaceNo) -> Result<SpaceRow, Failure> {
    let bytes = view.get(SPACES, &space.to_be_bytes())?;
    let bytes = bytes.ok_or_else(|| Failure::corrupt(None, format!("the row of space {space} is missing")))?;
    Ok(SpaceRow::decode(&bytes)?)
}
