//! Attacks: each of these says what ought to hold, and fails where it does not.

use crate::world::{
    CANARY, Device, NOTE, Ring, fail_the_next_commit, fitting, hub, key, options, payload, put, records, sealed, typed,
};
use draftkeep::hub::Hub;
use draftkeep::seal::{Key, KeyRing, KeyRingError, MemoryKeyRing};
use draftkeep::storage::faults::FaultyStorage;
use draftkeep::storage::{Batch, Footprint, Maintenance, MemoryStorage, Snapshot, Storage, StorageError, Table};
use draftkeep::sync::Syncer;
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError, TransportErrorKind};
use draftkeep::{Draft, ErrorKind, Export, KeyId, Space, Store};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KEYS: Table = Table::new(22);
const KEYS_AGAIN: Table = Table::new(23);

fn no(space: u32) -> [u8; 4] {
    space.to_be_bytes()
}

type Hook = Box<dyn FnOnce() + Send>;

/// A storage that does something of ours once, before a commit.
struct Probe {
    inner: Arc<MemoryStorage>,
    before_commit: Mutex<Option<Hook>>,
}

impl Probe {
    fn new(inner: &Arc<MemoryStorage>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner), before_commit: Mutex::new(None) })
    }

    fn arm(&self, hook: impl FnOnce() + Send + 'static) {
        *self.before_commit.lock().unwrap() = Some(Box::new(hook));
    }
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Probe")
    }
}

impl Storage for Probe {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        self.inner.snapshot()
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        let hook = self.before_commit.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
        self.inner.commit(batch)
    }

    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError> {
        self.inner.maintain(work)
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        self.inner.footprint()
    }
}

fn open(storage: Arc<dyn Storage>, seed: u64, ring: &Ring) -> Store {
    Store::with_storage(storage, sealed(seed, ring)).unwrap()
}

fn diary(space: &Space) -> Draft<String> {
    space.drafts(NOTE).unwrap().slot("diary").resume_or_start(|| "before".to_owned()).unwrap()
}

fn read_diary(storage: &Arc<MemoryStorage>, seed: u64, ring: &Ring) -> Result<String, draftkeep::Error> {
    let store = open(Arc::clone(storage) as Arc<dyn Storage>, seed, ring);
    let draft = store.space("alice")?.drafts(NOTE)?.slot("diary").resume()?;
    draft.expect("it was begun").load()
}

fn row(storage: &dyn Storage, table: Table, space: u32) -> Vec<u8> {
    storage.snapshot().unwrap().get(table, &no(space)).unwrap().expect("it is there")
}

// ------------------------------------------------------------------------------------------------ losing texts

/// `mend` reads below the commit under way, so that it writes the keys of before a rotation that shares its commit.
#[test]
fn repair_that_shares_a_commit_with_a_rotation_keeps_the_new_data_key() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let probe = Probe::new(&memory);
    let store = open(Arc::clone(&probe) as Arc<dyn Storage>, 1, &ring);
    let space = store.space("alice").unwrap();
    let draft = diary(&space);
    // One of the two places is damaged: what `repair` is for.
    put(&*memory, KEYS_AGAIN, &no(1), None);
    let _ = ring.keys().add(None, key(3));
    let (release, gate) = mpsc::channel::<()>();
    let (entered, is_in) = mpsc::channel::<()>();
    probe.arm(move || {
        entered.send(()).unwrap();
        let _ = gate.recv_timeout(Duration::from_secs(20));
    });
    let rotated = std::thread::scope(|scope| {
        scope.spawn(|| typed(&draft, "a save is at work"));
        is_in.recv().unwrap();
        let rotating = scope.spawn(|| space.rotate_key());
        std::thread::sleep(Duration::from_millis(400));
        let repairing = scope.spawn(|| store.repair());
        std::thread::sleep(Duration::from_millis(400));
        release.send(()).unwrap();
        let _ = repairing.join().unwrap();
        rotating.join().unwrap()
    });
    assert_eq!(rotated.unwrap(), Some(key(3).id()), "the rotation is said to be durable");
    typed(&draft, "written afterwards");
    assert_eq!(draft.load().unwrap(), "written afterwards");
    drop((draft, space, store));
    assert_eq!(read_diary(&memory, 2, &ring).unwrap(), "written afterwards");
}

/// A panic between `Seals::put` and `Seals::committed` leaves a data key in memory that is nowhere else.
#[test]
fn a_panic_in_the_commit_of_a_rotation_leaves_no_key_that_is_in_memory_alone() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let probe = Probe::new(&memory);
    let store = open(Arc::clone(&probe) as Arc<dyn Storage>, 1, &ring);
    let space = store.space("alice").unwrap();
    let draft = diary(&space);
    let _ = ring.keys().add(None, key(3));
    probe.arm(|| panic!("somebody's code in this commit"));
    assert!(catch_unwind(AssertUnwindSafe(|| space.rotate_key())).is_err());
    // The store goes on, as it does after every panic.
    typed(&draft, "written afterwards");
    assert_eq!(draft.load().unwrap(), "written afterwards");
    drop((draft, space, store));
    assert_eq!(read_diary(&memory, 2, &ring).unwrap(), "written afterwards");
}

/// One place has what it had before the rotation, with a hash that fits: a write that was lost, or somebody put it back.
#[test]
fn the_newer_of_two_places_is_read_and_never_overwritten_by_repair() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 1, &ring);
    let space = store.space("alice").unwrap();
    let draft = diary(&space);
    let stale = row(&*memory, KEYS, 1);
    let _ = ring.keys().add(None, key(3));
    space.rotate_key().unwrap();
    typed(&draft, "written afterwards");
    drop((draft, space, store));
    let intact = row(&*memory, KEYS_AGAIN, 1);
    put(&*memory, KEYS, &no(1), Some(stale));
    let before = read_diary(&memory, 2, &ring).map_err(|error| error.to_string());
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 3, &ring);
    let _ = store.repair();
    drop(store);
    let is_kept = row(&*memory, KEYS_AGAIN, 1) == intact;
    assert!(
        is_kept && before.is_ok(),
        "the only copy of the newest data key is kept: {is_kept}; read before: {before:?}"
    );
}

/// The same where the wrong place can be told without any rotation: its envelope does not open.
#[test]
fn repair_keeps_the_place_that_opens() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 1, &ring);
    drop((diary(&store.space("alice").unwrap()), store));
    let intact = row(&*memory, KEYS_AGAIN, 1);
    let mut bad = payload(&intact).to_vec();
    *bad.last_mut().unwrap() ^= 1;
    put(&*memory, KEYS, &no(1), Some(fitting(KEYS, &no(1), &bad)));
    let read = read_diary(&memory, 2, &ring).map_err(|error| error.to_string());
    let _ = open(Arc::clone(&memory) as Arc<dyn Storage>, 3, &ring).repair();
    let is_kept = row(&*memory, KEYS_AGAIN, 1) == intact;
    assert!(is_kept && read.is_ok(), "the only good copy is kept: {is_kept}; read before: {read:?}");
}

/// "It keeps what it got in memory until it is closed": a rotation that fails, for the disk is full, throws it away.
#[test]
fn after_a_rotation_that_failed_a_locked_ring_keeps_nobody_from_saving() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let faulty = Arc::new(FaultyStorage::new(Arc::clone(&memory) as Arc<dyn Storage>));
    let store = open(Arc::clone(&faulty) as Arc<dyn Storage>, 1, &ring);
    let space = store.space("alice").unwrap();
    let draft = diary(&space);
    let mut edit = draft.edit().unwrap();
    *edit.doc() = "typed before and after".to_owned();
    let _ = ring.keys().add(None, key(3));
    fail_the_next_commit(&faulty, false);
    space.rotate_key().unwrap_err();
    // The keychain locks itself, as keychains do. Both keys had been given before.
    ring.lock(true);
    let saved = edit.save().map(drop).map_err(|error| error.to_string());
    assert_eq!(saved, Ok(()));
}

/// Reading through a view of before puts the keys of before into memory, after a commit that failed and was durable.
#[test]
fn a_view_of_before_does_not_bring_the_old_key_back_into_use() {
    struct Then<F>(Option<F>);
    impl<F: FnOnce()> std::io::Write for Then<F> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if let Some(then) = self.0.take() {
                then();
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let faulty = Arc::new(FaultyStorage::new(Arc::clone(&memory) as Arc<dyn Storage>));
    let store = open(Arc::clone(&faulty) as Arc<dyn Storage>, 1, &ring);
    let space = store.space("alice").unwrap();
    let _draft = diary(&space);
    let _ = ring.keys().add(None, key(3));
    let rotate = || {
        fail_the_next_commit(&faulty, true);
        space.rotate_key().unwrap_err();
    };
    space.export(Then(Some(rotate)), &Export::new()).unwrap();
    assert_eq!(space.rotate_key().unwrap(), None, "it says that the new one is in use");
    assert_eq!(space.key_id().unwrap(), Some(key(3).id()));
}

/// One account's key is away: the other account's drafts are neither mended nor packed.
#[test]
fn a_space_whose_key_is_missing_does_not_keep_others_from_repair_and_compact() {
    let memory = Arc::new(MemoryStorage::new());
    let keys = || MemoryKeyRing::empty().with_space("bob", key(5), key(6));
    let ring = Ring::of(keys().with_space("alice", key(1), key(2)));
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 1, &ring);
    diary(&store.space("alice").unwrap());
    let id = diary(&store.space("bob").unwrap()).id();
    drop(store);
    // The record of a list of bob's is damaged.
    let list = records(&*memory).into_iter().find(|(table, at, _)| table.number() == 8 && at[..4] == no(2)).unwrap();
    put(&*memory, list.0, &list.1, Some(vec![0; 60]));
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 2, &Ring::of(keys()));
    let notes = store.space("bob").unwrap().drafts(NOTE).unwrap();
    let (repaired, compacted) = (store.repair().map(drop), store.compact().map(drop));
    let listed = notes.list(&draftkeep::Filter::all()).map(|page| page.drafts.iter().any(|info| info.id == id));
    assert!(listed.is_ok_and(|is_there| is_there), "repair said {repaired:?}, compact said {compacted:?}");
}

/// A ring that asks a person, who is at lunch.
#[derive(Debug)]
struct Slow {
    keys: MemoryKeyRing,
    is_asked: Arc<AtomicBool>,
    is_answered: Arc<AtomicBool>,
}

impl KeyRing for Slow {
    fn secret(&self, space: &str) -> Result<Option<Key>, KeyRingError> {
        self.keys.secret(space)
    }

    fn current(&self, space: &str) -> Result<Key, KeyRingError> {
        self.keys.current(space)
    }

    fn key(&self, space: &str, id: KeyId) -> Result<Key, KeyRingError> {
        if space == "alice" {
            self.is_asked.store(true, Ordering::SeqCst);
            for _ in 0..1_000 {
                if self.is_answered.load(Ordering::SeqCst) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.keys.key(space, id)
    }
}

/// "It is asked on the thread that called the store, never while a save waits for it. It may block."
#[test]
fn no_save_waits_while_the_ring_is_asked() {
    let memory = Arc::new(MemoryStorage::new());
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 1, &Ring::new());
    diary(&store.space("alice").unwrap());
    diary(&store.space("bob").unwrap());
    drop(store);
    let (is_asked, is_answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let keys = MemoryKeyRing::new(key(1), key(2));
    let ring = Slow { keys, is_asked: Arc::clone(&is_asked), is_answered: Arc::clone(&is_answered) };
    let store = Store::with_storage(Arc::clone(&memory) as Arc<dyn Storage>, options(2).key_ring(ring)).unwrap();
    let draft = diary(&store.space("bob").unwrap());
    let is_saved = std::thread::scope(|scope| {
        scope.spawn(|| store.repair());
        while !is_asked.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let (done, saved) = mpsc::channel();
        let draft = &draft;
        scope.spawn(move || {
            typed(draft, "bob types");
            let _ = done.send(());
        });
        let is_saved = saved.recv_timeout(Duration::from_secs(3)).is_ok();
        is_answered.store(true, Ordering::SeqCst);
        is_saved
    });
    assert!(is_saved, "bob's save waited for the person who was asked for alice's key");
}

#[cfg(feature = "redb")]
mod files {
    use super::*;

    /// A passphrase is asked for after the store was opened: each such start makes another writer, in every vector for ever.
    #[test]
    fn a_ring_that_is_locked_while_the_store_is_opened_makes_no_new_writer_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed.redb");
        let ring = Ring::new();
        let mut writers = std::collections::BTreeSet::new();
        let mut named = 0;
        for seed in 1..=6 {
            ring.lock(true);
            let store = Store::open_or_create(&path, sealed(seed, &ring)).unwrap();
            ring.lock(false);
            writers.insert(store.replica());
            let space = store.space("alice").unwrap();
            let draft = diary(&space);
            typed(&draft, &format!("day {seed}"));
            named = draft.history().unwrap().versions.last().unwrap().vector.len();
            drop((draft, space));
            assert!(store.close());
        }
        assert_eq!((writers.len(), named), (1, 1), "writers, and writers in the vector");
    }

    /// It came in the open, and a sealed space takes in nothing that did.
    #[test]
    fn a_plain_store_with_texts_that_wait_is_not_sealed() {
        use draftkeep::{Invalid, Kind, Schema};
        const STRICT: Kind<String> = Kind::new("strict");
        let folder = tempfile::tempdir().unwrap();
        let (plain, path) = (folder.path().join("plain.redb"), folder.path().join("sealed.redb"));
        let (hub, _) = crate::world::hub(9);
        let one = Device::new(options(1), &hub);
        one.space.drafts(STRICT).unwrap().start(&"perhaps the last copy".to_owned()).unwrap();
        one.sync();
        let refuse = |_: &String| Err(Invalid::new("not yet"));
        let store = Store::create(&plain, options(2).schema(Schema::of(STRICT).validate(refuse))).unwrap();
        let space = store.space("alice").unwrap();
        let syncer = Syncer::new(&space, Arc::clone(&hub));
        block_on(syncer.once()).unwrap();
        assert_eq!(syncer.status().unwrap().blocked.len(), 1);
        drop((syncer, space));
        assert!(store.close());
        let ring = Ring::of(MemoryKeyRing::empty().with_former_plain_space("alice", key(2)));
        let refused = Store::seal(&plain, &path, sealed(3, &ring)).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Options { .. }) && !path.exists(), "{refused}");
    }

    /// Its hub has all in the open, and other devices push to it in the open.
    #[test]
    fn a_store_that_was_sealed_goes_to_no_hub_until_somebody_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, path) = (folder.path().join("plain.redb"), folder.path().join("sealed.redb"));
        let (hub, _) = crate::world::hub(9);
        let store = Store::create(&plain, options(2)).unwrap();
        let space = store.space("alice").unwrap();
        let draft = diary(&space);
        block_on(Syncer::new(&space, Arc::clone(&hub)).once()).unwrap();
        let id = draft.id();
        drop((draft, space));
        assert!(store.close());
        let ring = Ring::of(MemoryKeyRing::empty().with_former_plain_space("alice", key(2)));
        Store::seal(&plain, &path, sealed(3, &ring)).unwrap();
        let store = Store::open(&path, sealed(4, &ring)).unwrap();
        let space = store.space("alice").unwrap();
        typed(&diary(&space), "It poured.");
        let before = hub.mains("alice", id).unwrap().len();
        let syncer = Syncer::new(&space, Arc::clone(&hub));
        let refused = block_on(syncer.once()).unwrap_err();
        assert!(matches!(refused.kind(), draftkeep::sync::SyncErrorKind::OtherHub { .. }), "{refused}");
        assert_eq!(hub.mains("alice", id).unwrap().len(), before);
        assert!(!syncer.status().unwrap().is_synced());
        // It is to be one of its own.
        let (own, _) = crate::world::hub(99);
        let syncer = Syncer::new(&space, Arc::clone(&own));
        assert!(block_on(syncer.once()).is_err());
        syncer.accept_hub().unwrap();
        block_on(syncer.once()).unwrap();
        assert!(syncer.status().unwrap().is_synced());
        let other = Device::new(sealed(5, &ring), &own);
        other.sync();
        assert_eq!(other.notes.get(id).unwrap().unwrap().load().unwrap(), "It poured.");
    }
}

// ------------------------------------------------------------------------------------- believing, and reading

/// Names of spaces lie in the open, and what is behind one is not held against it.
#[test]
fn names_of_spaces_that_are_swapped_give_nobody_another_ones_texts() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 1, &ring);
    for name in ["alice", "bob"] {
        typed(&diary(&store.space(name).unwrap()), &format!("{name}'s own"));
    }
    drop(store);
    let names = Table::new(2);
    let value = |name: &[u8]| memory.snapshot().unwrap().get(names, name).unwrap().unwrap();
    let (alice, bob) = (value(b"alice"), value(b"bob"));
    put(&*memory, names, b"alice", Some(fitting(names, b"alice", payload(&bob))));
    put(&*memory, names, b"bob", Some(fitting(names, b"bob", payload(&alice))));
    let (hub, storage) = hub(9);
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 2, &ring);
    let found = store.space("alice").and_then(|space| {
        let _ = block_on(Syncer::new(&space, Arc::clone(&hub)).once());
        let draft = space.drafts(NOTE)?.slot("diary").resume()?;
        draft.map(|draft| draft.load()).transpose()
    });
    let pushed = records(&*storage).iter().filter(|(table, ..)| table.number() == 70).count();
    match found {
        Err(error) => assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}"),
        Ok(found) => {
            assert_eq!((found.as_deref(), pushed), (Some("alice's own"), 1), "text, and revisions under alice's name");
        }
    }
}

/// What an application logs with `{:?}`.
#[test]
fn no_debug_of_a_handle_has_a_document() {
    let store = Store::in_memory(sealed(1, &Ring::new())).unwrap();
    let space = store.space("alice").unwrap();
    let draft = diary(&space);
    typed(&draft, CANARY);
    let numbers = CANARY.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let is_in = |shown: String| shown.contains(&numbers) || shown.contains(&format!("\"{CANARY}\""));
    let mut found = Vec::new();
    for (what, shown) in
        [("Store", format!("{store:?}")), ("Space", format!("{space:?}")), ("Draft", format!("{draft:?}"))]
    {
        if is_in(shown) {
            found.push(what);
        }
    }
    assert_eq!(found, Vec::<&str>::new());
}

type Before = Box<dyn FnOnce() -> bool + Send>;

/// A way to the hub on which something happens before the first push; where it says so, that push is too large.
struct Meanwhile {
    hub: Arc<Hub>,
    before: Mutex<Option<Before>>,
}

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl Transport for Meanwhile {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let is_push = matches!(request.ask, Ask::Push { .. });
            let before = if is_push { self.before.lock().unwrap().take() } else { None };
            if before.is_some_and(|before| before()) {
                return Err(TransportError::new(TransportErrorKind::TooLarge));
            }
            self.hub.send(request).await
        })
    }
}

fn long() -> String {
    (0..4_000_u32).map(|word| format!("word{} ", word * 7_919 % 100_003)).collect()
}

/// Two devices make the same revision under two keys; the hub keeps the first envelope, and the second device believes it was its own.
#[test]
fn no_delta_builds_on_an_envelope_that_another_device_made_first() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let both = Ring::new();
    let _ = both.keys().add(None, key(3));
    let space = Store::in_memory(sealed(2, &both)).unwrap().space("alice").unwrap();
    let notes = space.drafts(NOTE).unwrap();
    let (mine, theirs) =
        (notes.slot("diary").resume_or_start(long).unwrap(), one.notes.slot("diary").resume_or_start(long).unwrap());
    assert_eq!(mine.info().unwrap().revision, theirs.info().unwrap().revision, "they make the same");
    let first = Mutex::new(Some(one));
    let before: Before = Box::new(move || {
        let one = first.lock().unwrap().take().unwrap();
        std::thread::spawn(move || one.sync()).join().unwrap();
        false
    });
    let way = Arc::new(Meanwhile { hub: Arc::clone(&hub), before: Mutex::new(Some(before)) });
    let syncer = Syncer::new(&space, way);
    block_on(syncer.once()).unwrap();
    typed(&mine, &format!("{}and a little more", long()));
    block_on(syncer.once()).unwrap();
    // It was pushed after the rotation, and the new key alone opens it.
    let young = Device::new(sealed(3, &Ring::of(MemoryKeyRing::new(key(1), key(3)))), &hub);
    young.sync();
    assert_eq!(young.syncer.status().unwrap().blocked, vec![]);
}

/// A rotation between gathering a batch and sealing it: the delta was made for the key of before.
#[test]
fn a_rotation_during_a_cycle_makes_no_delta_across_keys() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let drafts = [one.notes.start(&long()).unwrap(), one.notes.start(&long()).unwrap()];
    one.sync();
    for draft in &drafts {
        typed(draft, &format!("{}and a little more", long()));
    }
    let _ = ring.keys().add(None, key(3));
    let space = one.space.clone();
    let before: Before = Box::new(move || {
        space.rotate_key().unwrap();
        true
    });
    let way = Arc::new(Meanwhile { hub: Arc::clone(&hub), before: Mutex::new(Some(before)) });
    block_on(Syncer::new(&one.space, way).once()).unwrap();
    let young = Device::new(sealed(3, &Ring::of(MemoryKeyRing::new(key(1), key(3)))), &hub);
    young.sync();
    let blocked = young.syncer.status().unwrap().blocked;
    assert!(blocked.is_empty(), "{} of 2 that were pushed under the new key: {blocked:?}", blocked.len());
}

/// "What its seal does not open is damage": also where only `verify` looks.
#[test]
fn verify_finds_every_record_whose_seal_is_broken() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let (hub, _) = hub(9);
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 1, &ring);
    let space = store.space("alice").unwrap();
    let draft = diary(&space);
    typed(&draft, "a text");
    space.take_restore_point("a point").unwrap();
    block_on(Syncer::new(&space, Arc::clone(&hub)).once()).unwrap();
    typed(&draft, "another text");
    let gone = space.drafts(NOTE).unwrap().start(&"gone".to_owned()).unwrap();
    gone.discard().unwrap();
    let _ = gone.purge();
    drop((draft, gone, space, store));
    let mut unnoticed = std::collections::BTreeSet::new();
    for (table, at, value) in records(&*memory) {
        if [0, 2, 22, 23].contains(&table.number()) {
            continue;
        }
        let mut bad = payload(&value).to_vec();
        *bad.last_mut().unwrap() ^= 1;
        put(&*memory, table, &at, Some(fitting(table, &at, &bad)));
        let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 7, &ring);
        if store.verify().is_ok_and(|verified| verified.is_intact()) {
            unnoticed.insert(table.number());
        }
        drop(store);
        put(&*memory, table, &at, Some(value));
    }
    assert!(unnoticed.is_empty(), "tables with a broken seal in a store that verify calls intact: {unnoticed:?}");
}

/// The store's own row is as it was before a space was made (a write that was lost, or somebody put it back): the next new space gets the
/// number of that one, and its keys are written over.
#[test]
fn a_new_space_never_writes_over_the_keys_of_another_one() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let meta = |memory: &Arc<MemoryStorage>| memory.snapshot().unwrap().get(Table::new(0), b"store").unwrap().unwrap();
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 1, &ring);
    drop(store.space("bob").unwrap());
    let earlier = meta(&memory);
    typed(&diary(&store.space("alice").unwrap()), "a year of writing");
    drop(store);
    let now = meta(&memory);
    put(&*memory, Table::new(0), b"store", Some(earlier));
    let store = open(Arc::clone(&memory) as Arc<dyn Storage>, 2, &ring);
    let begun = store.space("carol").map(drop).map_err(|error| error.to_string());
    drop(store);
    // Whoever mends the row finds alice's texts, unless they are gone for good.
    put(&*memory, Table::new(0), b"store", Some(now));
    let read = read_diary(&memory, 3, &ring).map_err(|error| error.to_string());
    assert_eq!(read, Ok("a year of writing".to_owned()), "beginning carol: {begun:?}");
}

/// What is typed before the first cycle is not pushed while another device's text of the draft waits for its key, and nothing says so.
#[test]
fn what_is_typed_beside_a_text_that_waits_for_its_key_is_pushed_or_said_to_be_owed() {
    for is_met in [true, false] {
        let ((hub, _), ring) = (hub(9), Ring::new());
        let one = Device::new(sealed(1, &ring), &hub);
        typed(&one.notes.slot("diary").resume_or_start(String::new).unwrap(), "It rained.");
        let young = Ring::of(MemoryKeyRing::new(key(1), key(3)));
        let two = Device::new(sealed(2, &young), &hub);
        if is_met {
            two.sync();
        }
        one.sync();
        let own = two.notes.slot("diary").resume_or_start(String::new).unwrap();
        typed(&own, "It snowed.");
        let pushed = two.sync().pushed + two.sync().pushed;
        let status = two.syncer.status().unwrap();
        assert_eq!(status.blocked.len(), 1);
        assert!(
            pushed > 0 || status.pending > 0,
            "hub met before: {is_met}; pushed {pushed}, pending {}",
            status.pending
        );
    }
}

// -------------------------------------------------------------------------------------------- misuse

/// A ring is given to the store and another handle kept, as the examples do it: what is added there reaches nobody.
#[test]
fn a_key_that_is_added_to_a_ring_reaches_the_store_that_was_given_its_clone() {
    let ring = MemoryKeyRing::new(key(1), key(2));
    let store = Store::in_memory(options(1).key_ring(ring.clone())).unwrap();
    let space = store.space("alice").unwrap();
    let _ = ring.add(None, key(3));
    assert_eq!(space.rotate_key().unwrap(), Some(key(3).id()));
}

/// A ring that knows its current key and not what it is called: `current` and `key` read two places of a keychain in the example of the
/// documentation, and nothing says that the first key has to be in both.
#[derive(Debug)]
struct Unnamed;

impl KeyRing for Unnamed {
    fn secret(&self, _: &str) -> Result<Option<Key>, KeyRingError> {
        Ok(Some(key(1)))
    }

    fn current(&self, _: &str) -> Result<Key, KeyRingError> {
        Ok(key(2))
    }

    fn key(&self, _: &str, _: KeyId) -> Result<Key, KeyRingError> {
        Err(KeyRingError::Missing)
    }
}

#[test]
fn nothing_is_sealed_with_a_key_that_the_ring_does_not_give_again() {
    let store = Store::in_memory(options(1).key_ring(Unnamed)).unwrap();
    let refused = store.space("alice").unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::KeyMissing { .. }), "{refused}");
    assert_eq!(store.spaces().unwrap(), Vec::<String>::new());
}

/// Saves, reads, packing and rotations at once, with commits that fail and some of those durable.
#[test]
fn rotations_race_with_everything_and_nothing_acknowledged_is_lost() {
    for round in 0..6_u64 {
        let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
        let faulty = Arc::new(FaultyStorage::new(Arc::clone(&memory) as Arc<dyn Storage>));
        let store = open(Arc::clone(&faulty) as Arc<dyn Storage>, 1, &ring);
        let spaces = ["alice", "bob"].map(|name| store.space(name).unwrap());
        let drafts = spaces.each_ref().map(diary);
        let is_over = AtomicBool::new(false);
        let last = std::thread::scope(|scope| {
            let writers = drafts.each_ref().map(|draft| {
                scope.spawn(move || {
                    let mut last = (String::from("before"), String::new());
                    for at in 0..250 {
                        let text = format!("text {at} of round {round}");
                        let Ok(mut edit) = draft.edit() else { continue };
                        edit.doc().clone_from(&text);
                        last.1.clone_from(&text);
                        if edit.save().is_ok() {
                            last.0 = text;
                        }
                    }
                    last
                })
            });
            scope.spawn(|| {
                let mut byte = 3;
                while !is_over.load(Ordering::Relaxed) && byte < 250 {
                    let _ = ring.keys().add(None, key(byte));
                    byte += 1;
                    if byte % 3 == 0 {
                        fail_the_next_commit(&faulty, byte % 2 == 0);
                    }
                    let _ = spaces.each_ref().map(Space::rotate_key);
                }
            });
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let _ = store.compact();
                    let _ = drafts.each_ref().map(Draft::load);
                    let _ = store.repair();
                }
            });
            let last = writers.map(|writer| writer.join().unwrap());
            is_over.store(true, Ordering::Relaxed);
            last
        });
        drop((drafts, spaces, store));
        let store = open(memory as Arc<dyn Storage>, 2, &ring);
        for (name, (acknowledged, tried)) in ["alice", "bob"].into_iter().zip(last) {
            let draft = diary(&store.space(name).unwrap());
            let found = draft.load().unwrap();
            let texts: Vec<_> =
                draft.history().unwrap().versions.iter().map(|it| draft.at(it.version).unwrap().doc).collect();
            assert!(texts.contains(&acknowledged), "{name}: {acknowledged} of {tried}; the head is {found}");
        }
        let verified = store.verify().unwrap();
        assert!(verified.is_intact(), "{verified:?}");
    }
}
