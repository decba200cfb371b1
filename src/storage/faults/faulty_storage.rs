//! A storage that fails.

use super::plan::{Lasting, Plan};
use crate::storage::{
    Batch, Entry, Footprint, Maintenance, Scan, Snapshot, Storage, StorageError, StorageErrorKind, Table,
};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a storage is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StorageCall {
    /// Taking a snapshot.
    Snapshot,
    /// Getting a value from one.
    Get,
    /// Scanning one.
    Scan,
    /// Committing a batch.
    Commit,
    /// Maintenance.
    Maintain,
    /// Measuring.
    Footprint,
}

/// What happens to a call that is struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageEffect {
    /// It is not done, and returns this error.
    Fails(StorageErrorKind),
    /// It is done, and returns this error all the same.
    FailsAfterwards(StorageErrorKind),
}

/// A fault that waits for its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageFault {
    /// The calls it concerns; `None` is all of them.
    pub call: Option<StorageCall>,
    /// How many such calls pass first, counted from when it is armed.
    pub after: u64,
    /// How often it strikes.
    pub lasting: Lasting,
    /// What it does.
    pub effect: StorageEffect,
}

/// Passes everything on to another storage, except what is struck by a fault. A hook is told of every call before it is
/// done, and makes it slow by taking its time.
///
/// ```
/// use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
/// use draftkeep::storage::{Batch, MemoryStorage, Origin, Storage, StorageErrorKind, Table};
/// use std::sync::Arc;
///
/// let storage = FaultyStorage::new(Arc::new(MemoryStorage::new()));
/// storage.arm(StorageFault {
///     call: Some(StorageCall::Commit),
///     after: 0,
///     lasting: Lasting::Once,
///     effect: StorageEffect::FailsAfterwards(StorageErrorKind::Io),
/// });
/// let mut batch = Batch::new(Origin::Local);
/// batch.put(Table::new(0), b"key", b"value");
/// assert!(storage.commit(&batch).is_err());
/// assert!(storage.snapshot().unwrap().get(Table::new(0), b"key").unwrap().is_some());
/// ```
#[derive(Clone)]
pub struct FaultyStorage {
    storage: Arc<dyn Storage>,
    state: Arc<State>,
}

type Hook = Arc<dyn Fn(StorageCall) + Send + Sync>;

struct State {
    plan: Plan<StorageFault>,
    calls: AtomicU64,
    strikes: AtomicU64,
    hook: Mutex<Option<Hook>>,
}

impl FaultyStorage {
    /// Begins without any fault.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        let state =
            State { plan: Plan::new(), calls: AtomicU64::new(0), strikes: AtomicU64::new(0), hook: Mutex::new(None) };
        Self { storage, state: Arc::new(state) }
    }

    /// Adds a fault.
    pub fn arm(&self, fault: StorageFault) {
        let (after, lasting) = (fault.after, fault.lasting);
        self.state.plan.arm(fault, after, lasting);
    }

    /// Removes all faults.
    pub fn heal(&self) {
        self.state.plan.heal();
    }

    /// Sets what is told of every call before it is done, in the calling thread.
    pub fn on_call(&self, hook: impl Fn(StorageCall) + Send + Sync + 'static) {
        *self.state.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(hook));
    }

    /// Returns how many calls were made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Returns how many of them were struck.
    #[must_use]
    pub fn strikes(&self) -> u64 {
        self.state.strikes.load(Ordering::SeqCst)
    }
}

impl State {
    fn pass<T>(&self, call: StorageCall, work: impl FnOnce() -> Result<T, StorageError>) -> Result<T, StorageError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        // Not called under the lock: it may take its time, and others must not wait with it.
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(hook) = hook {
            hook(call);
        }
        let struck = self.plan.strike(|fault| fault.call.is_none_or(|concerned| concerned == call));
        let Some(fault) = struck else {
            return work();
        };
        self.strikes.fetch_add(1, Ordering::SeqCst);
        match fault.effect {
            StorageEffect::Fails(kind) => Err(kind.into()),
            StorageEffect::FailsAfterwards(kind) => {
                work()?;
                Err(kind.into())
            }
        }
    }
}

impl fmt::Debug for FaultyStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStorage").field("storage", &self.storage).finish_non_exhaustive()
    }
}

impl Storage for FaultyStorage {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        self.state.pass(StorageCall::Snapshot, || {
            let snapshot = self.storage.snapshot()?;
            Ok(Box::new(FaultySnapshot { snapshot, state: self.state.clone() }) as Box<dyn Snapshot>)
        })
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        self.state.pass(StorageCall::Commit, || self.storage.commit(batch))
    }

    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError> {
        self.state.pass(StorageCall::Maintain, || self.storage.maintain(work))
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        self.state.pass(StorageCall::Footprint, || self.storage.footprint())
    }
}

struct FaultySnapshot {
    snapshot: Box<dyn Snapshot>,
    state: Arc<State>,
}

impl Snapshot for FaultySnapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.state.pass(StorageCall::Get, || self.snapshot.get(table, key))
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError> {
        self.state.pass(StorageCall::Scan, || self.snapshot.scan(table, scan))
    }
}
