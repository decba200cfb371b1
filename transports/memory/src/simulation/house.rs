//! Where the hub lives: its storage, its backups, the address that devices know, and a look at all that it has.

use super::oracle::{Held, Subject};
use super::setting::Opening;
use super::words::words_in;
use draftkeep::clock::{ManualClock, SeededEntropy};
use draftkeep::hub::HubOptions;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, StorageError, StorageErrorKind, Table};
use draftkeep::sync::document_of;
use draftkeep::transport::{Answer, Ask, Page, Position, Reply, Request, Row, Transport, TransportError};
use draftkeep::{DraftId, RevisionId, TraceId};
use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// An address: whoever lives there answers.
#[derive(Clone)]
pub(crate) struct Address {
    hub: Arc<Mutex<Arc<dyn Transport>>>,
}

impl Address {
    pub(crate) fn of(hub: Arc<dyn Transport>) -> Self {
        Self { hub: Arc::new(Mutex::new(hub)) }
    }

    pub(crate) fn move_in(&self, hub: Arc<dyn Transport>) {
        *self.hub.lock().unwrap_or_else(PoisonError::into_inner) = hub;
    }

    pub(crate) fn resident(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.hub.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

impl Transport for Address {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        let hub = self.resident();
        Box::pin(async move { hub.send(request).await })
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

/// How often the hub is asked what it has, where its disk fails.
const LOOKS_MAX: usize = 64;

/// The name of the space that everybody works in.
pub(crate) const SPACE: &str = "alice";

/// The hub's storage and a copy of it.
pub(crate) struct House {
    pub(crate) address: Address,
    storage: MemoryStorage,
    faulty: FaultyStorage,
    backup: Option<MemoryStorage>,
    /// So many hubs have lived here, each with randomness of its own.
    residents: u64,
    seed: u64,
    pub(super) clock: ManualClock,
    opening: Arc<Opening>,
    seen: Seen,
    /// It takes no revision that is longer; none for as long as the protocol allows.
    longest: Option<usize>,
    /// What struck storages that are not there any more.
    strikes_before: u64,
}

/// What the hub has, as it was looked at last.
#[derive(Debug, Default)]
struct Seen {
    position: Option<Position>,
    rows: BTreeMap<DraftId, Row>,
    held: Held,
}

impl House {
    pub(crate) fn new(seed: u64, opening: &Arc<Opening>) -> Result<Self, String> {
        let storage = MemoryStorage::new();
        let faulty = FaultyStorage::new(Arc::new(storage.clone()));
        let clock = ManualClock::new();
        let hub = open(&**opening, &faulty, &clock, (seed, 0), None)?;
        Ok(Self {
            address: Address::of(hub),
            storage,
            faulty,
            backup: None,
            residents: 1,
            seed,
            clock,
            opening: Arc::clone(opening),
            seen: Seen::default(),
            longest: None,
            strikes_before: 0,
        })
    }

    /// A copy for later.
    pub(crate) fn back_up(&mut self) -> Result<(), String> {
        self.backup = Some(copy(&self.storage).map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Puts the copy in the hub's place, where there is one.
    pub(crate) fn restore(&mut self) -> Result<bool, String> {
        let Some(backup) = &self.backup else { return Ok(false) };
        let storage = copy(backup).map_err(|error| error.to_string())?;
        self.open_on(storage).map(|()| true)
    }

    /// A new hub, which knows nothing, at the same address.
    pub(crate) fn empty(&mut self) -> Result<(), String> {
        self.open_on(MemoryStorage::new())
    }

    /// The hub's process ends and begins again.
    pub(crate) fn reopen(&mut self) -> Result<(), String> {
        self.open_on(self.storage.clone())
    }

    /// From now on the hub takes no revision that is longer; none for as long as the protocol allows.
    /// Says whether that is another limit than before.
    pub(crate) fn take_at_most(&mut self, longest: Option<usize>) -> Result<bool, String> {
        if self.longest == longest {
            return Ok(false);
        }
        self.longest = longest;
        self.reopen().map(|()| true)
    }

    fn open_on(&mut self, storage: MemoryStorage) -> Result<(), String> {
        self.strikes_before += self.faulty.strikes();
        self.faulty = FaultyStorage::new(Arc::new(storage.clone()));
        self.storage = storage;
        let seeds = (self.seed, self.residents);
        self.address.move_in(open(&*self.opening, &self.faulty, &self.clock, seeds, self.longest)?);
        self.residents += 1;
        self.seen = Seen::default();
        Ok(())
    }

    /// Lets the hub's next commit fail, before or after it was done.
    pub(crate) fn fail_next_commit(&self, is_done: bool) {
        let kind = StorageErrorKind::Io;
        let effect = if is_done { StorageEffect::FailsAfterwards(kind) } else { StorageEffect::Fails(kind) };
        self.faulty.arm(StorageFault { call: Some(StorageCall::Commit), after: 0, lasting: Lasting::Once, effect });
    }

    /// How often a commit of the hub failed.
    pub(crate) fn strikes(&self) -> u64 {
        self.strikes_before + self.faulty.strikes()
    }

    pub(crate) fn heal(&self) {
        self.faulty.heal();
    }

    /// What the hub has of each draft, and which words stand in its mains and forks.
    pub(crate) fn look(
        &mut self,
        subjects: &BTreeMap<DraftId, Subject>,
    ) -> Result<(&BTreeMap<DraftId, Row>, &Held), String> {
        let position = self.ask(Ask::Hello)?.position;
        if self.seen.position != Some(position) {
            let Reply::Page(Page { rows, more, .. }) = self.ask(Ask::Pull { after: 0, limit: 1_000 })?.reply else {
                return Err("the hub answers a pull with something else than a page".to_owned());
            };
            if more {
                return Err("the hub has more rows than a page holds".to_owned());
            }
            let (mut held, mut seen) = (Held::new(), BTreeMap::new());
            for row in rows {
                let subject = subjects.get(&row.draft).ok_or("the hub has a draft that nobody began")?;
                let words = held.entry(subject.clone()).or_default();
                for id in std::iter::once(&row.main.id).chain(&row.forks) {
                    words.extend(words_in(&self.body(row.draft, *id)?));
                }
                seen.insert(row.draft, row);
            }
            self.seen = Seen { position: Some(position), rows: seen, held };
        }
        Ok((&self.seen.rows, &self.seen.held))
    }

    fn body(&self, draft: DraftId, id: RevisionId) -> Result<Vec<u8>, String> {
        match self.ask(Ask::Revisions { draft, ids: vec![id] })?.reply {
            Reply::Revisions { revisions, .. } if revisions.len() == 1 => {
                document_of(&revisions[0]).ok_or_else(|| format!("the hub gives {id} without what it takes to read it"))
            }
            other => Err(format!("the hub has {id} as a main or a fork and does not give it: {other:?}")),
        }
    }

    fn ask(&self, ask: Ask) -> Result<Answer, String> {
        let trace = TraceId::from_bytes([0; 16]);
        let request = Request { space: SPACE.to_owned(), device: None, trace, hub: None, seen: None, ask };
        // A disk that is about to fail may do so now: a hub that is not sure of its last commit makes sure first.
        let mut tries = (0..LOOKS_MAX).map(|_| {
            let answer = FutureExt::now_or_never(self.address.resident().send(request.clone()));
            answer.ok_or("a hub in the process does not wait".to_owned())?.map_err(|error| format!("the hub: {error}"))
        });
        let first = tries.next().unwrap_or_else(|| Err("nobody asked".to_owned()));
        first.or_else(|why| tries.find_map(Result::ok).ok_or(why))
    }
}

fn open(
    opening: &Opening,
    storage: &FaultyStorage,
    clock: &ManualClock,
    (seed, resident): (u64, u64),
    longest: Option<usize>,
) -> Result<Arc<dyn Transport>, String> {
    let entropy = SeededEntropy::new(seed.wrapping_mul(1_000).wrapping_add(resident));
    let options = HubOptions::with_runtime(Arc::new(clock.clone()), Arc::new(entropy));
    // Some give every revision only to those who ask for it, and some keep hardly any.
    let options = if seed.is_multiple_of(4) { options.answer_bytes(0) } else { options };
    let options = if seed.is_multiple_of(5) { options.mains(1) } else { options };
    let options = longest.map_or(options.clone(), |bytes| options.revision_bytes(bytes));
    opening(Arc::new(storage.clone()), options).map_err(|error| format!("the hub does not open: {error}"))
}
