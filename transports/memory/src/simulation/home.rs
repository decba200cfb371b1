//! The hub in the process: its storage, its backups, and the address that devices know.

use super::setting::{Opening, Setting, Way};
use super::venue::{Arranged, Mishap, Venue};
use draftkeep::clock::{ManualClock, SeededEntropy};
use draftkeep::hub::HubOptions;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, StorageError, StorageErrorKind, Table};
use draftkeep::transport::{Answer, Request, Transport, TransportError};
use futures_core::future::BoxFuture;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Poll, Waker};

/// An address: whoever lives there answers. Clones are the same address.
///
/// Whoever is asked in other threads while somebody moves out is not heard any more from then on: a storage has one hub at a time.
#[derive(Clone, Default)]
struct Address {
    resident: Arc<RwLock<Resident>>,
    /// Who waits for an answer of the one who lives there.
    waiting: Arc<Mutex<Vec<Waker>>>,
}

#[derive(Default)]
struct Resident {
    hub: Option<Arc<dyn Transport>>,
    /// So many have moved out.
    number: u64,
}

impl Address {
    /// Nobody lives here any more, once whatever was being worked on is done.
    fn move_out(&self) {
        {
            let mut resident = self.resident.write().unwrap_or_else(PoisonError::into_inner);
            (resident.hub, resident.number) = (None, resident.number + 1);
        }
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    fn move_in(&self, hub: Arc<dyn Transport>) {
        self.resident.write().unwrap_or_else(PoisonError::into_inner).hub = Some(hub);
    }

    async fn ask(&self, request: Request) -> Result<Answer, TransportError> {
        let (hub, number) = {
            let resident = self.resident.read().unwrap_or_else(PoisonError::into_inner);
            (resident.hub.clone().ok_or_else(TransportError::unreachable)?, resident.number)
        };
        let mut answer = hub.send(request);
        poll_fn(|context| {
            // Nobody moves out while this is held, so the hub works on its own storage alone.
            let resident = self.resident.read().unwrap_or_else(PoisonError::into_inner);
            if resident.number != number {
                return Poll::Ready(Err(TransportError::unreachable()));
            }
            let polled = answer.as_mut().poll(context);
            if polled.is_pending() {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                    waiting.push(context.waker().clone());
                }
            }
            polled
        })
        .await
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

impl Transport for Address {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(self.ask(request))
    }
}

/// Everything that a storage holds, in another one.
pub(crate) fn copy(from: &dyn Storage) -> Result<MemoryStorage, StorageError> {
    let copy = MemoryStorage::new();
    pour(from, &copy)?;
    Ok(copy)
}

/// Puts everything that one storage holds into another, empty one.
pub(crate) fn pour(from: &dyn Storage, into: &dyn Storage) -> Result<(), StorageError> {
    let snapshot = from.snapshot()?;
    let mut batch = Batch::new(Origin::Local);
    for number in 0..=u8::MAX {
        let table = Table::new(number);
        let scan = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
        for (key, value) in snapshot.scan(table, scan)? {
            batch.put(table, key, value);
        }
    }
    into.commit(&batch)
}

/// The hub's storage and a copy of it.
pub(crate) struct Home {
    address: Address,
    storage: MemoryStorage,
    faulty: FaultyStorage,
    backup: Option<MemoryStorage>,
    /// So many hubs have lived here, each with randomness of its own.
    residents: u64,
    seed: u64,
    clock: ManualClock,
    opening: Arc<Opening>,
    way: Option<Arc<Way>>,
    /// It takes no revision that is longer; none for as long as the protocol allows.
    longest: Option<usize>,
    /// What struck storages that are not there any more.
    strikes_before: u64,
}

impl Home {
    pub(crate) fn new(seed: u64, setting: &Setting, clock: ManualClock) -> Result<Self, String> {
        let storage = MemoryStorage::new();
        let mut home = Self {
            address: Address::default(),
            faulty: FaultyStorage::new(Arc::new(storage.clone())),
            storage,
            backup: None,
            residents: 0,
            seed,
            clock,
            opening: Arc::clone(&setting.hub),
            way: setting.way.clone(),
            longest: None,
            strikes_before: 0,
        };
        home.move_in()?;
        Ok(home)
    }

    /// The process ends and begins again, on this storage.
    fn open_on(&mut self, storage: MemoryStorage) -> Result<(), String> {
        self.address.move_out();
        self.strikes_before += self.faulty.strikes();
        self.faulty = FaultyStorage::new(Arc::new(storage.clone()));
        self.storage = storage;
        self.move_in()
    }

    fn move_in(&mut self) -> Result<(), String> {
        let entropy = SeededEntropy::new(self.seed.wrapping_mul(1_000).wrapping_add(self.residents));
        let options = HubOptions::with_runtime(Arc::new(self.clock.clone()), Arc::new(entropy));
        // Some give every revision only to those who ask for it, and some keep hardly any.
        let options = if self.seed.is_multiple_of(4) { options.answer_bytes(0) } else { options };
        let options = if self.seed.is_multiple_of(5) { options.mains(1) } else { options };
        let options = self.longest.map_or(options.clone(), |bytes| options.revision_bytes(bytes));
        let hub = (*self.opening)(Arc::new(self.faulty.clone()), options);
        self.address.move_in(hub.map_err(|error| format!("the hub does not open: {error}"))?);
        self.residents += 1;
        Ok(())
    }
}

impl Venue for Home {
    fn way(&mut self, _device: &str, _seed: u64) -> Arranged<Arc<dyn Transport>> {
        let hub: Arc<dyn Transport> = Arc::new(self.address.clone());
        self.way.as_ref().map_or_else(|| Ok(Arc::clone(&hub)), |way| way(Arc::clone(&hub)))
    }

    fn hub(&self) -> Arc<dyn Transport> {
        Arc::new(self.address.clone())
    }

    fn befall(&mut self, mishap: Mishap) -> Arranged<bool> {
        match mishap {
            Mishap::Restart => self.open_on(self.storage.clone())?,
            Mishap::Limit(longest) => {
                self.longest = longest;
                self.open_on(self.storage.clone())?;
            }
            Mishap::FailCommit { is_done } => {
                let kind = StorageErrorKind::Io;
                let effect = if is_done { StorageEffect::FailsAfterwards(kind) } else { StorageEffect::Fails(kind) };
                let (call, lasting) = (Some(StorageCall::Commit), Lasting::Once);
                self.faulty.arm(StorageFault { call, after: 0, lasting, effect });
            }
            Mishap::BackUp => self.backup = Some(copy(&self.storage)?),
            Mishap::Restore => {
                let Some(backup) = &self.backup else { return Ok(false) };
                let storage = copy(backup)?;
                self.open_on(storage)?;
            }
            Mishap::Empty => self.open_on(MemoryStorage::new())?,
        }
        Ok(true)
    }

    fn end_of_faults(&mut self) -> Arranged {
        self.faulty.heal();
        Ok(())
    }

    fn storage(&self) -> Option<Arc<dyn Storage>> {
        Some(Arc::new(self.storage.clone()))
    }

    fn faults(&self) -> Vec<(&'static str, u64)> {
        vec![("hub's commit failed", self.strikes_before + self.faulty.strikes())]
    }
}

impl Drop for Home {
    /// Whoever still waits in another thread is told that nobody lives here any more.
    fn drop(&mut self) {
        self.address.move_out();
    }
}
