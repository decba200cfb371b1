//! The engine room: one storage, one queue of writes, and what the application passed in.

use super::cache::Bodies;
use super::live::Live;
use super::options::Settings;
use super::queue::{Call, Queue, lock};
use super::rows::MetaRow;
use super::sealing::seals::Seals;
use super::tables::{AUDIT, DraftKey, META, META_KEY, SpaceNo};
use super::txn::Txn;
use super::view::{Committed, View};
use super::write::{CommitWitness, LastWritten, State, Told, Write, Writes, meta_row, own_row_is_missing};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::events::{Event, EventBus, EventKind};
use crate::fault;
use crate::id::{DraftId, EventId, ReplicaId, StoreId, TraceId};
use crate::records::coat::Coat;
use crate::storage::{Batch, Origin, Storage, StorageErrorKind};
use futures_channel::oneshot;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Ticks are reserved in blocks this large, so that a save need not write the counter.
const TICKS_RESERVED: u64 = 1 << 20;

/// With fewer ticks left than this, the next commit reserves another block. No commit takes more.
const TICKS_LOW: u64 = 1 << 17;

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) settings: Settings,
    pub(crate) store: StoreId,
    /// Where the store is sealed.
    pub(crate) seals: Option<Arc<Seals>>,
    pub(crate) bodies: Bodies,
    pub(crate) events: EventBus,
    pub(crate) live: Live,
    /// The spaces with a cycle of syncing at work.
    pub(crate) syncing: Mutex<BTreeSet<SpaceNo>>,
    /// When a cycle of a space was last carried to its end; on disk it may be a little earlier.
    pub(crate) synced: Mutex<BTreeMap<SpaceNo, Timestamp>>,
    witness: Option<Box<dyn CommitWitness>>,
    queue: Queue<Writes>,
    state: Mutex<State>,
    spaces: Mutex<BTreeMap<SpaceNo, Known>>,
    activity: Mutex<Activity>,
    process: u32,
    /// Held by background work as long as it keeps the engine alive.
    pub(crate) tending: Arc<Mutex<()>>,
    /// What is done after each commit, for work that waits until the store is idle.
    after_commit: fn(&Arc<Engine>),
}

/// What is known of a space that was opened.
#[derive(Debug)]
struct Known {
    name: String,
    days: u64,
}

/// When the store last wrote, for the work that waits until it is idle.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    pub(crate) last_commit: Duration,
    /// Something was committed since the store last settled.
    pub(crate) is_unsettled: bool,
    /// A background task already waits for the store to be idle.
    pub(crate) is_watched: bool,
}

impl Engine {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        settings: Settings,
        seals: Option<Arc<Seals>>,
        meta: &MetaRow,
        witness: Option<Box<dyn CommitWitness>>,
        after_commit: fn(&Arc<Self>),
    ) -> Self {
        let state = State {
            replica: meta.replica,
            is_replica_sure: true,
            next_tick: meta.ticks_reserved,
            reserved: meta.ticks_reserved,
            newest: BTreeMap::new(),
            points: BTreeMap::new(),
            cold: BTreeSet::new(),
            is_foreign: false,
            last_written: LastWritten::Nothing,
        };
        Self {
            storage,
            store: meta.store,
            seals,
            bodies: Bodies::new(settings.cache_bytes),
            events: EventBus::default(),
            live: Live::default(),
            syncing: Mutex::default(),
            synced: Mutex::default(),
            settings,
            witness,
            queue: Queue::default(),
            state: Mutex::new(state),
            spaces: Mutex::default(),
            activity: Mutex::default(),
            tending: Arc::default(),
            process: std::process::id(),
            after_commit,
        }
    }

    pub(crate) fn replica(&self) -> ReplicaId {
        let mut state = lock(&self.state);
        // Where the storage cannot be read, what was known last is the best answer.
        if !state.is_replica_sure {
            let _ = self.read().and_then(|view| make_sure_of_replica(&view, &mut state));
        }
        state.replica
    }

    /// The device's name as a hub is told it: not by a store that is sealed, for people name devices after themselves.
    pub(crate) fn told_device(&self) -> Option<&str> {
        let is_told = self.seals.is_none() || fault::on("device-name-told-by-a-sealed-store");
        self.settings.device.as_deref().filter(|_| is_told)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    pub(crate) fn trace(&self) -> TraceId {
        let mut bytes = [0; TraceId::LEN];
        self.settings.entropy.fill(&mut bytes);
        TraceId::from_bytes(bytes)
    }

    /// Runs a call under a trace id of its own, which a failure carries to the caller.
    pub(crate) fn traced<R>(
        &self,
        call: &'static str,
        work: impl FnOnce(TraceId) -> std::result::Result<R, Failure>,
    ) -> Result<R> {
        let trace = self.trace();
        let span = tracing::debug_span!("draftkeep", call, trace = %trace);
        let _entered = span.enter();
        self.check_process().and_then(|()| work(trace)).map_err(|failure| {
            tracing::debug!(error = %failure.kind, "failed");
            Error::new(failure, trace)
        })
    }

    /// A forked child shares the parent's file position and locks; it must not even queue.
    fn check_process(&self) -> std::result::Result<(), Failure> {
        if std::process::id() == self.process {
            Ok(())
        } else {
            Err(ErrorKind::Storage(StorageErrorKind::Forked).into())
        }
    }

    /// A view of everything that is committed.
    pub(crate) fn read(&self) -> std::result::Result<Committed, Failure> {
        let coat = self.seals.clone().map(|seals| seals as Arc<dyn Coat>);
        Ok(Committed::new(self.storage.snapshot()?, coat))
    }

    /// Runs the work in the next commit; what it returned is durable when this returns `Ok`.
    pub(crate) fn write<R, F>(self: &Arc<Self>, work: F) -> std::result::Result<R, Failure>
    where
        R: Send + 'static,
        F: FnOnce(&mut Write<'_>) -> std::result::Result<R, Failure> + Send + 'static,
    {
        self.check_process()?;
        let began = self.settings.clock.elapsed();
        let work = move |write: &mut Write<'_>| {
            write.began = began;
            work(write)
        };
        let result = self.queue.submit(work, |group| self.commit(group));
        (self.after_commit)(self);
        result
    }

    /// As [`write`](Self::write), on a background task; the work goes on when the future is dropped.
    pub(crate) fn write_later<R>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> std::result::Result<R, Failure> + Send + 'static,
    ) -> impl Future<Output = std::result::Result<R, Failure>> + Send + 'static
    where
        R: Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let engine = Arc::clone(self);
        self.settings.spawn.spawn(Box::pin(async move {
            // The caller may have gone; the save is done all the same.
            let _ = done.send(work(&engine));
        }));
        async move { result.await.unwrap_or_else(|_| Err(ErrorKind::Interrupted.into())) }
    }

    fn commit(&self, mut group: Vec<Box<dyn Call<Writes>>>) {
        let mut state = lock(&self.state);
        // What the one before left, which a panic ended.
        if let Some(seals) = self.seals.as_ref().filter(|_| !fault::on("keys-of-a-panic-kept")) {
            seals.committed(false);
        }
        let mut told = Vec::new();
        let outcome = self.run(&mut group, &mut state, &mut told);
        if let Some(seals) = &self.seals {
            seals.committed(outcome.is_ok());
        }
        if outcome.is_err() {
            // Whether it became durable is unknown: whatever was remembered of it is read again.
            self.bodies.clear();
            state.newest.clear();
            state.points.clear();
            state.reserved = state.next_tick;
            state.is_replica_sure = false;
            // Where even this fails, the next commit finds out before it writes.
            let _ = self.read().and_then(|view| make_sure_of_replica(&view, &mut state));
        }
        drop(state);
        if outcome.is_ok() || fault::on("publish-before-commit") {
            for told in told {
                self.publish(told);
            }
        }
        for call in group {
            call.finish(if fault::on("ack-before-commit") { Ok(()) } else { outcome.as_ref().copied() });
        }
    }

    fn run(
        &self,
        group: &mut [Box<dyn Call<Writes>>],
        state: &mut State,
        told: &mut Vec<Told>,
    ) -> std::result::Result<(), Failure> {
        let mut txn = Txn::new(self.read()?);
        make_sure_of_replica(&txn, state)?;
        state.last_written = LastWritten::Nothing;
        state.is_foreign = false;
        let reserved_before = state.reserved;
        let is_reserving = Self::reserve(state)?;
        let now = self.now();
        let mut is_changed = false;
        for call in group {
            let (told_before, last_written) = (told.len(), state.last_written);
            let (bodies, settings) = (&self.bodies, &self.settings);
            let mark = self.seals.as_ref().map_or(0, |seals| seals.mark());
            let mut write = Write { txn: &mut txn, state, bodies, settings, told, now, began: Duration::ZERO };
            if call.run(&mut write).is_ok() {
                is_changed |= txn.keep();
            } else {
                txn.roll_back();
                if let Some(seals) = &self.seals {
                    seals.roll_back(mark);
                }
                told.truncate(told_before);
                state.last_written = last_written;
                // It may have remembered a document under a number that another call gets now.
                self.bodies.clear();
            }
        }
        if !is_changed {
            state.reserved = reserved_before;
            return Ok(());
        }
        if is_reserving {
            self.write_reserved(&mut txn, state.reserved)?;
        }
        let origin = if state.is_foreign { Origin::Foreign } else { Origin::Local };
        self.commit_batch(&txn.into_batch(origin)?)?;
        if let Some(witness) = &self.witness {
            match state.last_written {
                LastWritten::Nothing => {}
                LastWritten::Version(key, version) => witness.committed(self.store, Some((key, version))),
                LastWritten::Removal => witness.committed(self.store, None),
            }
        }
        let mut activity = lock(&self.activity);
        activity.last_commit = self.settings.clock.elapsed();
        activity.is_unsettled = true;
        Ok(())
    }

    /// One commit, whatever it holds: a draft's head, its history, its list and its slot move together.
    fn commit_batch(&self, batch: &Batch) -> std::result::Result<(), Failure> {
        let (in_halves, audit_apart) = (fault::on("two-commits-for-one-act"), fault::on("audit-in-another-commit"));
        if in_halves || audit_apart {
            let mut halves = [Batch::new(batch.origin()), Batch::new(batch.origin())];
            let first = batch.changes().count() / 2;
            for (number, (table, key, value)) in batch.changes().enumerate() {
                let is_late = if audit_apart { table >= AUDIT } else { number >= first };
                let half = &mut halves[usize::from(is_late)];
                match value {
                    Some(value) => half.put(table, key, value),
                    None => half.delete(table, key),
                }
            }
            return Ok(halves.iter().try_for_each(|half| self.storage.commit(half))?);
        }
        Ok(self.storage.commit(batch)?)
    }

    /// Makes room for the ticks of a commit; says whether that has to be written with it.
    fn reserve(state: &mut State) -> std::result::Result<bool, Failure> {
        if state.reserved.saturating_sub(state.next_tick) >= TICKS_LOW {
            return Ok(false);
        }
        let reserved = state.next_tick.max(state.reserved).checked_add(TICKS_RESERVED);
        state.reserved = reserved.ok_or_else(|| Failure::options("the store's counter is used up"))?;
        Ok(true)
    }

    /// Makes sure that no tick is handed out twice, not even by a store that crashes right after.
    ///
    /// The witness comes first, and only where a commit follows: one that is ahead of the store means that an earlier
    /// copy of it was put back.
    fn write_reserved(&self, txn: &mut Txn, reserved: u64) -> std::result::Result<(), Failure> {
        let mut meta = meta_row(txn)?.ok_or_else(own_row_is_missing)?;
        meta.ticks_reserved = meta.ticks_reserved.max(reserved);
        if let Some(witness) = &self.witness {
            witness.reserve(self.store, meta.ticks_reserved)?;
        }
        if !fault::on("ticks-not-reserved") {
            txn.put(META, META_KEY.to_vec(), meta.encode());
        }
        Ok(())
    }

    fn publish(&self, told: Told) {
        let latency = self.settings.clock.elapsed().saturating_sub(told.began);
        let what = match told.what {
            EventKind::Saved { version, size, .. } => EventKind::Saved { version, size, latency },
            what => what,
        };
        self.publish_of(told.audit, told.space, told.draft, told.trace, what);
    }

    pub(crate) fn publish_event(&self, space: SpaceNo, draft: Option<DraftId>, trace: TraceId, what: EventKind) {
        self.publish_of(None, space, draft, trace, what);
    }

    fn publish_of(
        &self,
        audit: Option<EventId>,
        space: SpaceNo,
        draft: Option<DraftId>,
        trace: TraceId,
        what: EventKind,
    ) {
        let name = lock(&self.spaces).get(&space).map(|known| known.name.clone()).unwrap_or_default();
        self.events.publish(&Event { at: self.now(), trace, space: name, draft, audit, what });
    }

    pub(crate) fn know_space(&self, space: SpaceNo, name: &str, days: u64) {
        lock(&self.spaces).insert(space, Known { name: name.to_owned(), days });
    }

    /// On how many days the space had been opened, by the handle that was opened last.
    pub(crate) fn days(&self, space: SpaceNo) -> u64 {
        lock(&self.spaces).get(&space).map_or(0, |known| known.days)
    }

    /// The drafts with a run that ended since this was asked last.
    pub(crate) fn take_cold(&self) -> BTreeSet<DraftKey> {
        std::mem::take(&mut lock(&self.state).cold)
    }

    /// Takes drafts back that could not be packed now.
    pub(crate) fn give_back_cold(&self, cold: BTreeSet<DraftKey>) {
        lock(&self.state).cold.extend(cold);
    }

    pub(crate) fn activity(&self) -> std::sync::MutexGuard<'_, Activity> {
        lock(&self.activity)
    }
}

/// A commit that failed may have changed the replica id all the same.
fn make_sure_of_replica(view: &impl View, state: &mut State) -> std::result::Result<(), Failure> {
    if !state.is_replica_sure {
        state.replica = meta_row(view)?.ok_or_else(own_row_is_missing)?.replica;
        state.is_replica_sure = true;
    }
    Ok(())
}
