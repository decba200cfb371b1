//! The engine, and what happens when it fails.

use super::engine::{Care, Engine};
use super::scrub::{ROUNDS_MAX, Watched};
use super::{FileDisk, Tuning};
use crate::fault;
use crate::storage::{Batch, Disk, Footprint, Maintenance, Origin, Snapshot, Storage, StorageError, StorageErrorKind};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Keeps everything in redb, on any [`Disk`].
///
/// # Durability
///
/// A commit of [`Origin::Local`] waits for the disk once; one of [`Origin::Foreign`] waits twice and relies on no
/// checksum. Growing the file adds a wait.
///
/// # Failures
///
/// After a failed commit the engine is opened anew and the same batch is written again, with two waits; only if that
/// fails too does the commit return the error. The next call, reading or writing, then tries once more to open it.
/// Snapshots taken before a failure return errors from then on; take another one. Where damage stops the engine from
/// writing and from being opened anew, what can be read stays readable until the storage is dropped.
///
/// # Cost
///
/// Measured with 1,000 entries of 2 kB: a local commit that replaces one of them writes 29 kB in 8 writes; one that also
/// touches a second table, or a second place of the same one that is far from the first, 37 kB; a third table, 45 kB; a
/// second entry right beside the first, 33 kB. A foreign commit writes 13 kB more.
///
/// Opening is instant after a clean end and after [`Maintenance::Settle`]; after a kill that follows commits of this
/// application it reads everything once. [`Maintenance::Scrub`] writes everything once more, and takes as much room again
/// meanwhile. [`footprint`](Storage::footprint) reads everything and keeps commits waiting.
///
/// ```
/// use draftkeep::storage::{Batch, MemoryDisk, Origin, RedbStorage, Storage, Table};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), draftkeep::storage::StorageError> {
/// let disk = MemoryDisk::new();
/// let storage = RedbStorage::create(Arc::new(disk.clone()))?;
/// let mut batch = Batch::new(Origin::Local);
/// batch.put(Table::new(0), b"key", b"value");
/// storage.commit(&batch)?;
/// drop(storage);
///
/// let reopened = RedbStorage::open(Arc::new(disk))?;
/// assert_eq!(reopened.snapshot()?.get(Table::new(0), b"key")?.as_deref(), Some(&b"value"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RedbStorage {
    disk: Arc<dyn Disk>,
    /// The same, where it is a file that may be taken away.
    file: Option<Arc<FileDisk>>,
    tuning: Tuning,
    process: u32,
    /// Readers of the lock use the engine, from several threads; its writer replaces it.
    engine: RwLock<Option<Engine>>,
    /// Whether something was committed since the last settling.
    unsettled: AtomicBool,
    /// The unused bytes last counted.
    unused: AtomicU64,
}

impl RedbStorage {
    /// Makes a store on an empty disk. It is durable when this returns; a power cut before leaves a disk that
    /// [`open`](Self::open) does not take for a store.
    ///
    /// # Errors
    ///
    /// [`Exists`](StorageErrorKind::Exists): the disk is not empty, nothing was written. Otherwise the disk failed, and
    /// what is on it now is no store.
    pub fn create(disk: Arc<dyn Disk>) -> Result<Self, StorageError> {
        Self::create_with(disk, Tuning::new())
    }

    /// Makes a store as [`create`](Self::create) does, tuned.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn create_with(disk: Arc<dyn Disk>, tuning: Tuning) -> Result<Self, StorageError> {
        let engine = Engine::create(&disk, tuning)?;
        Ok(Self::around(engine, disk, tuning))
    }

    /// Opens a store, repairing what a crash left. Where it fails it has written nothing.
    ///
    /// The disk must not be in use by another storage; a [`FileDisk`](crate::storage::FileDisk) sees to that.
    ///
    /// # Errors
    ///
    /// [`NotAStore`](StorageErrorKind::NotAStore), [`TooNew`](StorageErrorKind::TooNew): choose another file, or another
    /// release. [`Corrupt`](StorageErrorKind::Corrupt): it was a store; what is there cannot be repaired. Any other: the
    /// disk failed; try again later.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self, StorageError> {
        Self::open_with(disk, Tuning::new())
    }

    /// Opens a store as [`open`](Self::open) does, tuned.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with(disk: Arc<dyn Disk>, tuning: Tuning) -> Result<Self, StorageError> {
        let engine = Engine::open(&disk, tuning, || ())?;
        Ok(Self::around(engine, disk, tuning))
    }

    /// Opens a store in a file whose place is watched.
    pub(super) fn open_file(file: Arc<FileDisk>, tuning: Tuning) -> Result<Self, StorageError> {
        let storage = Self::open_with(file.clone(), tuning)?;
        Ok(Self { file: Some(file), ..storage })
    }

    fn around(engine: Engine, disk: Arc<dyn Disk>, tuning: Tuning) -> Self {
        Self {
            disk,
            file: None,
            tuning,
            process: process::id(),
            unsettled: AtomicBool::new(engine.begins_unsettled()),
            engine: RwLock::new(Some(engine)),
            unused: AtomicU64::new(0),
        }
    }

    /// Comes first in every call, before any lock: in a forked child a lock may be held for ever.
    fn refuse_in_child(&self) -> Result<(), StorageError> {
        if self.process == process::id() || fault::on("child-unrefused") {
            Ok(())
        } else {
            Err(StorageErrorKind::Forked.into())
        }
    }

    /// Comes before every commit, so that a file which is gone costs the commit and not the engine: what was committed
    /// before can still be read.
    fn refuse_when_missing(&self) -> Result<(), StorageError> {
        self.file.as_ref().map_or(Ok(()), |file| file.check_place())
    }

    /// Does `work` with the engine as it is; `None` where that one is dead or dies of it.
    fn attempt<T>(&self, work: impl FnOnce(&Engine) -> Result<T, StorageError>) -> Option<T> {
        self.attempt_if(Engine::is_alive, work)
    }

    fn attempt_if<T>(
        &self,
        is_fit: impl FnOnce(&Engine) -> bool,
        work: impl FnOnce(&Engine) -> Result<T, StorageError>,
    ) -> Option<T> {
        let slot = self.using();
        let engine = slot.as_ref().filter(|engine| is_fit(engine))?;
        work(engine)
            .inspect_err(|error| tracing::warn!(%error, "the storage engine failed and will be opened anew"))
            .ok()
    }

    /// Does `work` with an engine that is opened anew unless another call has done so by now.
    fn attempt_anew<T>(&self, work: impl FnOnce(&Engine) -> Result<T, StorageError>) -> Result<T, StorageError> {
        work(self.revived(&mut self.replacing())?)
    }

    /// Returns an engine that works, as far as is known: the one that is there, or a new one.
    fn revived<'a>(&self, slot: &'a mut Option<Engine>) -> Result<&'a mut Engine, StorageError> {
        let engine = match slot.take() {
            Some(engine) if engine.is_alive() || fault::on("engine-stays-dead") => engine,
            // It can read while a new one cannot be opened: an opening looks at everything, and damage anywhere stops it.
            Some(dead) if dead.is_readable() => {
                dead.condemn();
                // At most one may write, and what the new one writes the old one must not read.
                match self.open_engine(|| dead.end()) {
                    Ok(engine) => engine,
                    Err(error) => {
                        *slot = Some(dead);
                        return Err(error);
                    }
                }
            }
            dead => {
                dead.inspect(Engine::end);
                self.open_engine(|| ())?
            }
        };
        Ok(slot.insert(engine))
    }

    fn open_engine(&self, before_writing: impl FnOnce()) -> Result<Engine, StorageError> {
        let engine = Engine::open(&self.disk, self.tuning, before_writing)?;
        self.unsettled.fetch_or(engine.begins_unsettled(), Ordering::SeqCst);
        Ok(engine)
    }

    fn using(&self) -> RwLockReadGuard<'_, Option<Engine>> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn replacing(&self) -> RwLockWriteGuard<'_, Option<Engine>> {
        self.engine.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self) -> Result<Footprint, StorageError> {
        if self.unsettled.swap(false, Ordering::SeqCst)
            && self.attempt(Engine::settle).is_none()
            && let Err(error) = self.attempt_anew(Engine::settle)
        {
            self.unsettled.store(true, Ordering::SeqCst);
            return Err(error);
        }
        let total = self.total()?;
        Ok(Footprint { total, unused: self.unused.load(Ordering::Relaxed).min(total) })
    }

    fn compact(&self) -> Result<Footprint, StorageError> {
        let mut slot = self.replacing();
        let engine = self.revived(&mut slot)?;
        self.unsettled.store(true, Ordering::SeqCst);
        if engine.compact()? {
            // Closing it gives back what the compaction has left at the end, and leaves nothing to repair; any other
            // commit would begin by growing the file again.
            *slot = None;
            self.unsettled.store(false, Ordering::SeqCst);
        }
        self.footprint_of(self.revived(&mut slot)?)
    }

    /// Compacts, and leaves no byte of what was deleted.
    fn scrub(&self) -> Result<Footprint, StorageError> {
        let mut slot = self.replacing();
        self.unsettled.store(true, Ordering::SeqCst);
        // First what is cheap, and shows whether somebody reads.
        if !self.revived(&mut slot)?.compact()? {
            return Err(StorageErrorKind::InUse.into());
        }
        *slot = None;
        if !fault::on("freed-room-not-overwritten") {
            self.overwrite()?;
        }
        self.unsettled.store(false, Ordering::SeqCst);
        self.footprint_of(self.revived(&mut slot)?)
    }

    /// Writes everything anew and fills what is free, with engines of its own. Each of them knows nothing of what the one before it had
    /// read: a page that one begins to use begins as zeros, and not as what is remembered of it.
    fn overwrite(&self) -> Result<(), StorageError> {
        let watched = Arc::new(Watched::new(self.disk.clone()));
        let disk: Arc<dyn Disk> = watched.clone();
        let open = || Engine::open(&disk, self.tuning, || ());
        let engine = open()?;
        engine.clear()?;
        engine.rewrite()?;
        drop(engine);
        let mut engine = open()?;
        for round in 0..ROUNDS_MAX {
            let untouched = watched.untouched()?;
            if untouched == 0 {
                break;
            }
            engine.fill(round as u64, untouched)?;
        }
        engine.clear()?;
        engine.compact()?;
        // Closing it gives back what the compaction has left at the end.
        drop(engine);
        if watched.untouched()? > 0 {
            let what = "overwriting what was deleted: some of it is where nothing can be written".to_owned();
            return Err(StorageErrorKind::Unsupported { what }.into());
        }
        Ok(())
    }

    fn footprint_of(&self, engine: &Engine) -> Result<Footprint, StorageError> {
        let used = engine.used()?;
        let total = self.total()?;
        let unused = total.saturating_sub(used);
        self.unused.store(unused, Ordering::Relaxed);
        Ok(Footprint { total, unused })
    }

    fn total(&self) -> Result<u64, StorageError> {
        let total = self.file.as_ref().map_or_else(|| self.disk.len(), |file| file.allocated());
        total.map_err(super::convert::from_io)
    }
}

impl Storage for RedbStorage {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        self.refuse_in_child()?;
        match self.attempt_if(Engine::is_readable, Engine::snapshot) {
            Some(snapshot) => Ok(Box::new(snapshot)),
            None => self.attempt_anew(|engine| Ok(Box::new(engine.snapshot()?) as Box<dyn Snapshot>)),
        }
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        self.refuse_in_child()?;
        batch.check()?;
        batch.shown_to_the_canary();
        if batch.is_empty() {
            return Ok(());
        }
        self.refuse_when_missing()?;
        let care = match batch.origin() {
            Origin::Local => Care::OneSync,
            Origin::Foreign => Care::TwoSyncs,
        };
        let result = match self.attempt(|engine| engine.commit(batch, care)) {
            Some(()) => Ok(()),
            None if fault::on("no-second-attempt") => Err(StorageErrorKind::Io.into()),
            None if fault::on("heal-without-rewrite") => self.attempt_anew(|_| Ok(())),
            // All or nothing of the batch may be there already; its changes are absolute, so writing it again is safe.
            None => self.attempt_anew(|engine| engine.commit(batch, Care::TwoSyncs)),
        };
        self.unsettled.store(true, Ordering::SeqCst);
        result
    }

    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError> {
        self.refuse_in_child()?;
        self.refuse_when_missing()?;
        match work {
            Maintenance::Settle => self.settle(),
            Maintenance::Compact => self.compact(),
            Maintenance::Scrub => self.scrub(),
        }
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        self.refuse_in_child()?;
        match self.attempt(|engine| self.footprint_of(engine)) {
            Some(footprint) => Ok(footprint),
            None => self.attempt_anew(|engine| self.footprint_of(engine)),
        }
    }
}
