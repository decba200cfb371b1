//! What a space's syncing looks like from outside.

use super::blocked::BlockedBy;
use super::error::{SyncError, SyncErrorKind};
use super::parking;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::id::DraftId;
use crate::records::queue::lock;
use crate::records::view::{Committed, View};
use crate::storage::{Order, Scan};
use crate::store::remote::{arrivals, keyless, link, outbox};
use crate::store::space::SpaceCore;
use crate::store::tables::{DraftKey, HEADS, SIDES, SpaceNo, after, page_of_drafts};
use crate::transport::Rejection;

/// How a space stands to its hub.
///
/// [`is_synced`](Self::is_synced) is what an application shows as "Synced", with [`last_sync`](Self::last_sync) saying as of when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Whether syncing is switched on; kept over restarts.
    pub enabled: bool,
    /// Whether it goes on by itself.
    pub link: Link,
    /// Whether a cycle is at work.
    pub syncing: bool,
    /// Drafts that the hub does not have as they are here, parked ones included; all drafts where no hub was met yet.
    pub pending: u64,
    /// Drafts with an open conflict.
    pub conflicts: u64,
    /// Drafts that are not pushed until they change or somebody says so.
    pub parked: Vec<Parked>,
    /// Drafts of which other devices have something that cannot be taken in here. It stays on the hub, and every cycle tries it
    /// again.
    pub blocked: Vec<Blocked>,
    /// When a cycle was last carried to its end, by the wall clock. After the store was opened anew it may be up to a minute earlier,
    /// until the first cycle.
    pub last_sync: Option<Timestamp>,
    /// Why the last cycle did not come to its end, if it did not.
    pub last_error: Option<SyncErrorKind>,
    /// What was behind that, for people, where something is known of it: the transport's own error with what caused it. The source of
    /// a [`SyncError`](super::SyncError) is the same as errors.
    pub last_cause: Option<String>,
    /// Since when the oldest of the pending drafts is owed, by the wall clock.
    pub oldest_unsynced: Option<Timestamp>,
}

impl Status {
    /// Whether a hub has all that is here, all that other devices brought to it is here too, and no conflict is open, as of
    /// [`last_sync`](Self::last_sync). No, where no cycle was ever carried to its end.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        let is_done = self.pending == 0 && self.conflicts == 0 && self.blocked.is_empty();
        is_done && self.last_sync.is_some()
    }
}

/// Whether syncing goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// As far as is known there is a network.
    Online,
    /// The application said that there is none.
    Offline,
    /// The application paused it, or somebody has to do something first, as the last error says.
    Paused,
}

/// A draft that is owed and not pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parked {
    /// The draft.
    pub draft: DraftId,
    /// Since when it is owed, by the wall clock.
    pub since: Timestamp,
    /// Why it is not pushed, with the way out, for people.
    pub reason: String,
    /// The hub's answer, where it is the hub that refuses; none where this device holds it back.
    pub code: Option<Rejection>,
}

/// A draft of which the hub has something that cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocked {
    /// The draft.
    pub draft: DraftId,
    /// Why it cannot be taken in, with the way out, for people.
    pub reason: String,
    /// The same, for the application.
    pub by: BlockedBy,
}

/// What only the syncer itself knows.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) link: Link,
    pub(super) syncing: bool,
    pub(super) last_error: Option<SyncError>,
}

/// Puts the status together. Costs reading what is owed, what waits to be taken in and what is in conflict, not the drafts
/// that are none of it; where no hub was met yet, counting all drafts.
pub(super) fn read(core: &SpaceCore, moment: Moment) -> Result<Status, Failure> {
    let view = core.engine.read()?;
    let link = link::read(&view, core.no)?;
    let (mut pending, mut parked, mut oldest) = (0, Vec::new(), None::<Timestamp>);
    let mut last = None;
    loop {
        let page = outbox::page(&view, core.no, last, 256)?;
        let Some((key, _)) = page.last() else { break };
        last = Some(*key);
        pending += page.len() as u64;
        for (key, owed) in page {
            oldest = Some(oldest.map_or(owed.since, |oldest| oldest.min(owed.since)));
            if let Some(parking) = owed.parked {
                let refusal = parking::rejection(&parking);
                parked.push(Parked { draft: key.draft, since: owed.since, reason: parking.reason, code: refusal });
            }
        }
    }
    let last_end = lock(&core.engine.synced).get(&core.no).copied();
    if link.is_none() {
        pending = drafts(&view, core.no)?;
    }
    Ok(Status {
        enabled: !link.as_ref().is_some_and(|link| link.is_disabled),
        link: moment.link,
        syncing: moment.syncing,
        pending,
        conflicts: in_conflict(&view, core.no)?,
        parked,
        blocked: blocked(&view, core.no, link.as_ref().map_or(0, |link| link.epoch))?,
        last_sync: last_end.or(link.map(|link| link.synced_at)).filter(|at| *at != Timestamp::default()),
        last_cause: moment.last_error.as_ref().and_then(SyncError::cause),
        last_error: moment.last_error.map(|error| error.kind().clone()),
        oldest_unsynced: oldest,
    })
}

/// The drafts whose row is not taken in for a reason that is known, and those of which something waits for its key while its hub is gone.
fn blocked(view: &Committed, space: SpaceNo, epoch: u64) -> Result<Vec<Blocked>, Failure> {
    let mut blocked = blocked_rows(view, space)?;
    let mut waiting = keyless::drafts(view, space)?;
    for known in &blocked {
        waiting.remove(&known.draft);
    }
    for draft in waiting {
        if !keyless::left_behind(view, DraftKey { space, draft }, epoch)?.is_empty() {
            blocked.push(Blocked { draft, reason: super::keyless::REASON.to_owned(), by: BlockedBy::KeyMissing });
        }
    }
    Ok(blocked)
}

fn blocked_rows(view: &impl View, space: SpaceNo) -> Result<Vec<Blocked>, Failure> {
    let (mut blocked, mut last) = (Vec::new(), None);
    loop {
        let page = arrivals::waiting(view, space, last, 256)?;
        let Some(key) = page.last() else { return Ok(blocked) };
        last = Some(*key);
        for key in page {
            let Some(row) = arrivals::read(view, key)? else { continue };
            let by = BlockedBy::of_number(row.blocked_by);
            blocked.extend(row.blocked.map(|reason| Blocked { draft: key.draft, reason, by }));
        }
    }
}

/// How many drafts there are.
fn drafts(view: &impl View, space: SpaceNo) -> Result<u64, Failure> {
    let (mut count, mut last) = (0, None);
    loop {
        let page = page_of_drafts(view, HEADS, space, last, 1_024)?;
        let Some((key, _)) = page.last() else { return Ok(count) };
        last = Some(*key);
        count += page.len() as u64;
    }
}

/// How many drafts have an open conflict.
fn in_conflict(view: &impl View, space: SpaceNo) -> Result<u64, Failure> {
    let (mut count, mut from, end) = (0, space.to_be_bytes().to_vec(), after(&space.to_be_bytes()));
    loop {
        let scan = Scan { from: &from, to: end.as_deref(), order: Order::Ascending, limit: 1 };
        let Some(key) = view.scan(SIDES, scan)?.pop().and_then(|(key, _)| DraftKey::parse(&key)) else {
            return Ok(count);
        };
        count += 1;
        let Some(next) = after(&key.bytes()) else { return Ok(count) };
        from = next;
    }
}
