//! Stores that are sealed, and a hub.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::seal::{Key, KeyRing, KeyRingError, MemoryKeyRing};
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, StorageErrorKind, Table};
use draftkeep::sync::{Report, Syncer};
use draftkeep::{Draft, Drafts, KeyId, Kind, Options, Schema, Space, Store};
use futures_executor::block_on;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const NOTE: Kind<String> = Kind::new("note");

/// A word that no store, hub or message may have in it.
pub(crate) const CANARY: &str = "xylophonist";

pub(crate) fn key(byte: u8) -> Key {
    Key::from_bytes([byte; Key::LEN])
}

/// A ring that counts what it is asked, and can be locked.
#[derive(Debug, Clone)]
pub(crate) struct Ring(pub(crate) Arc<Inside>);

#[derive(Debug)]
pub(crate) struct Inside {
    keys: Mutex<MemoryKeyRing>,
    pub(crate) is_locked: AtomicBool,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Ring {
    pub(crate) fn new() -> Self {
        Self::of(MemoryKeyRing::new(key(1), key(2)))
    }

    pub(crate) fn of(keys: MemoryKeyRing) -> Self {
        Self(Arc::new(Inside { keys: Mutex::new(keys), is_locked: AtomicBool::new(false), asked: Mutex::default() }))
    }

    pub(crate) fn keys(&self) -> std::sync::MutexGuard<'_, MemoryKeyRing> {
        self.0.keys.lock().unwrap()
    }

    pub(crate) fn lock(&self, is_locked: bool) {
        self.0.is_locked.store(is_locked, Ordering::Relaxed);
    }

    fn ask<T>(
        &self,
        what: String,
        answer: impl FnOnce(&MemoryKeyRing) -> Result<T, KeyRingError>,
    ) -> Result<T, KeyRingError> {
        self.0.asked.lock().unwrap().push(what);
        if self.0.is_locked.load(Ordering::Relaxed) {
            return Err(KeyRingError::unavailable("it is locked"));
        }
        answer(&self.keys())
    }
}

impl KeyRing for Ring {
    fn secret(&self, space: &str) -> Result<Option<Key>, KeyRingError> {
        self.ask(format!("secret of {space}"), |keys| keys.secret(space))
    }

    fn current(&self, space: &str) -> Result<Key, KeyRingError> {
        self.ask(format!("current of {space}"), |keys| keys.current(space))
    }

    fn key(&self, space: &str, id: KeyId) -> Result<Key, KeyRingError> {
        self.ask(format!("{id} of {space}"), |keys| keys.key(space, id))
    }
}

pub(crate) fn options(seed: u64) -> Options {
    let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
    Options::with_runtime(Arc::new(clock), Arc::new(tasks), Arc::new(SeededEntropy::new(seed)))
        .schema(Schema::of(NOTE).label(|note| note.chars().take(40).collect()))
        .device(format!("{CANARY} {seed}"))
}

pub(crate) fn sealed(seed: u64, ring: &Ring) -> Options {
    options(seed).key_ring(ring.clone())
}

pub(crate) fn hub(seed: u64) -> (Arc<Hub>, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(seed)));
    (Arc::new(Hub::open(Arc::clone(&storage) as Arc<dyn Storage>, options).unwrap()), storage)
}

pub(crate) struct Device {
    pub(crate) space: Space,
    pub(crate) notes: Drafts<String>,
    pub(crate) syncer: Syncer,
}

impl Device {
    pub(crate) fn new(options: Options, hub: &Arc<Hub>) -> Self {
        let space = Store::in_memory(options).unwrap().space("alice").unwrap();
        let notes = space.drafts(NOTE).unwrap();
        let syncer = Syncer::new(&space, Arc::clone(hub));
        Self { space, notes, syncer }
    }

    pub(crate) fn sync(&self) -> Report {
        block_on(self.syncer.once()).unwrap()
    }

    pub(crate) fn the_same(&self, draft: &Draft<String>) -> Draft<String> {
        self.notes.get(draft.id()).unwrap().expect("it is here")
    }
}

pub(crate) fn typed(draft: &Draft<String>, text: &str) {
    let mut edit = draft.edit().unwrap();
    text.clone_into(edit.doc());
    let _ = edit.save().unwrap();
}

/// Every record of a storage.
pub(crate) fn records(storage: &dyn Storage) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    let snapshot = storage.snapshot().unwrap();
    let table = |table| {
        let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: usize::MAX };
        snapshot.scan(table, scan).unwrap().into_iter().map(move |(key, value)| (table, key, value))
    };
    (0..=u8::MAX).map(Table::new).flat_map(table).collect()
}

/// Where in a storage the canary stands.
pub(crate) fn canaries(storage: &dyn Storage) -> Vec<String> {
    let is_in = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    let found = records(storage).into_iter().filter(|(_, key, value)| is_in(key) || is_in(value));
    found.map(|(table, key, _)| format!("{} {key:02x?}", table.number())).collect()
}

pub(crate) fn put(storage: &dyn Storage, table: Table, key: &[u8], value: Option<Vec<u8>>) {
    let mut batch = Batch::new(Origin::Foreign);
    match value {
        Some(value) => batch.put(table, key, value),
        None => batch.delete(table, key),
    }
    storage.commit(&batch).unwrap();
}

/// A record with a hash that fits, as somebody makes it who knows the format.
pub(crate) fn fitting(table: Table, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[table.number()]).update(&u32::try_from(key.len()).unwrap().to_le_bytes()).update(key);
    [payload, hasher.update(payload).finalize().as_bytes()].concat()
}

pub(crate) fn payload(stored: &[u8]) -> &[u8] {
    &stored[..stored.len() - 32]
}

/// The next commit says that it failed; durable all the same, or not.
pub(crate) fn fail_the_next_commit(storage: &FaultyStorage, durable: bool) {
    let io = StorageErrorKind::Io;
    let effect = if durable { StorageEffect::FailsAfterwards(io) } else { StorageEffect::Fails(io) };
    storage.arm(StorageFault { call: Some(StorageCall::Commit), after: 0, lasting: Lasting::Once, effect });
}
