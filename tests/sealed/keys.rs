//! Other keys for a space.

use crate::world::{Device, NOTE, Ring, fail_the_next_commit, hub, key, options, put, records, sealed, typed};
use draftkeep::seal::{Key, KeyRing, KeyRingError, MemoryKeyRing};
use draftkeep::storage::faults::FaultyStorage;
use draftkeep::storage::{MemoryStorage, Storage, Table};
use draftkeep::sync::Syncer;
use draftkeep::{AuditAction, AuditQuery, ErrorKind, KeyId, Phase, Store};
use futures_executor::block_on;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const KEYS: [Table; 2] = [Table::new(22), Table::new(23)];

fn store(storage: &Arc<MemoryStorage>, seed: u64, ring: &Ring) -> Store {
    Store::with_storage(Arc::clone(storage) as Arc<dyn Storage>, sealed(seed, ring)).unwrap()
}

#[test]
fn after_a_rotation_the_new_key_alone_opens_all_that_is_stored() {
    let (storage, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let before = store(&storage, 1, &ring);
    let space = before.space("alice").unwrap();
    let draft = space.drafts(NOTE).unwrap().start(&"written under the old key".to_owned()).unwrap();
    assert_eq!(space.rotate_key().unwrap(), None, "it is the one in use");
    let old_keys: Vec<_> = records(&*storage).into_iter().filter(|(table, ..)| KEYS.contains(table)).collect();
    assert!(ring.keys().add(None, key(3)));
    assert_eq!(space.rotate_key().unwrap(), Some(key(3).id()));
    assert_eq!((space.rotate_key().unwrap(), space.key_id().unwrap()), (None, Some(key(3).id())));
    typed(&draft, "written under the new key");
    let entries = space.audit(&AuditQuery::all()).unwrap().entries;
    assert!(entries.iter().any(|entry| entry.action == AuditAction::KeyRotated { to: key(3).id() }));
    drop((draft, space, before));

    ring.keys().remove(key(2).id());
    let after = store(&storage, 2, &ring);
    let draft = after.space("alice").unwrap().drafts(NOTE).unwrap();
    let info = draft.list(&draftkeep::Filter::open()).unwrap().drafts.pop().unwrap();
    let draft = draft.get(info.id).unwrap().unwrap();
    assert_eq!(
        (draft.at(1).unwrap().doc, draft.load().unwrap()),
        ("written under the old key".to_owned(), "written under the new key".to_owned())
    );
    assert!(after.verify().unwrap().is_intact());
    // Whoever has the old key and the old wrapping does not read what was written since.
    for (table, key, value) in old_keys {
        put(&*storage, table, &key, Some(value));
    }
    let thief = store(&storage, 3, &Ring::new());
    let stolen = thief.space("alice").unwrap().drafts(NOTE).unwrap().get(info.id);
    assert!(stolen.is_err() || stolen.is_ok_and(|draft| draft.unwrap().load().unwrap() == "written under the old key"));
}

#[test]
fn either_place_of_a_spaces_keys_is_enough_and_repair_makes_them_two_again() {
    for damaged in KEYS {
        for value in [None, Some(vec![0; 300])] {
            let (storage, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
            store(&storage, 1, &ring)
                .space("alice")
                .unwrap()
                .drafts(NOTE)
                .unwrap()
                .slot("a")
                .resume_or_start(String::new)
                .unwrap();
            put(&*storage, damaged, &1_u32.to_be_bytes(), value);
            let store = store(&storage, 2, &ring);
            let notes = store.space("alice").unwrap().drafts(NOTE).unwrap();
            assert!(notes.slot("a").resume().unwrap().is_some());
            assert!(!store.verify().unwrap().is_intact(), "the lost place is told of");
            assert!(store.repair().unwrap() > 0);
            assert!(store.verify().unwrap().is_intact());
            let keys: Vec<_> = records(&*storage).into_iter().filter(|(table, ..)| KEYS.contains(table)).collect();
            assert_eq!(keys.len(), 2);
        }
    }
}

#[test]
fn without_any_keys_a_space_is_damaged_and_never_begun_anew() {
    let (storage, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    store(&storage, 1, &ring)
        .space("alice")
        .unwrap()
        .drafts(NOTE)
        .unwrap()
        .slot("a")
        .resume_or_start(String::new)
        .unwrap();
    KEYS.iter().for_each(|table| put(&*storage, *table, &1_u32.to_be_bytes(), None));
    put(&*storage, Table::new(2), b"alice", None);
    let store = store(&storage, 2, &ring);
    assert!(matches!(store.space("alice").unwrap_err().kind(), ErrorKind::Corrupt { .. }));
}

/// A commit that fails, or seems to: afterwards the one key or the other is in use, and everything is readable.
#[test]
fn a_rotation_that_fails_leaves_the_one_key_or_the_other() {
    for durable in [false, true] {
        let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
        let faulty = Arc::new(FaultyStorage::new(Arc::clone(&memory) as Arc<dyn Storage>));
        let store = Store::with_storage(Arc::clone(&faulty) as Arc<dyn Storage>, sealed(1, &ring)).unwrap();
        let space = store.space("alice").unwrap();
        let draft = space.drafts(NOTE).unwrap().start(&"before".to_owned()).unwrap();
        assert!(ring.keys().add(None, key(3)));
        fail_the_next_commit(&faulty, durable);
        space.rotate_key().unwrap_err();
        typed(&draft, "after");
        assert_eq!(space.key_id().unwrap(), Some(key(if durable { 3 } else { 2 }).id()));
        let rotated = space.rotate_key().unwrap();
        assert_eq!(rotated.is_some(), !durable);
        typed(&draft, "after all");
        drop((draft, space, store));
        ring.keys().remove(key(2).id());
        let store = self::store(&memory, 2, &ring);
        assert!(store.verify().unwrap().is_intact());
    }
}

#[test]
fn a_space_whose_beginning_fails_has_the_keys_that_are_stored() {
    let (memory, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let faulty = Arc::new(FaultyStorage::new(Arc::clone(&memory) as Arc<dyn Storage>));
    let store = Store::with_storage(Arc::clone(&faulty) as Arc<dyn Storage>, sealed(1, &ring)).unwrap();
    for durable in [false, true] {
        fail_the_next_commit(&faulty, durable);
        store.space("alice").unwrap_err();
    }
    store.space("alice").unwrap().drafts(NOTE).unwrap().slot("a").resume_or_start(String::new).unwrap();
    drop(store);
    let store = self::store(&memory, 2, &ring);
    assert!(store.space("alice").unwrap().drafts(NOTE).unwrap().slot("a").resume().unwrap().is_some());
}

#[test]
fn a_plain_store_has_no_key_to_rotate() {
    let store = Store::in_memory(options(1)).unwrap();
    let space = store.space("alice").unwrap();
    assert_eq!(space.key_id().unwrap(), None);
    assert!(matches!(space.rotate_key().unwrap_err().kind(), ErrorKind::Options { .. }));
}

/// What is pushed after a rotation can be read by whoever has the new key alone.
#[test]
fn no_delta_builds_on_a_text_under_another_key() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let long: String = (0..4_000_u32).map(|word| format!("word{} ", word * 7_919 % 100_003)).collect();
    let draft = one.notes.start(&long).unwrap();
    one.sync();
    typed(&draft, &format!("{long}and a little more"));
    let small = one.sync().bytes;
    assert!(small < 1_000, "a delta of {small} bytes");
    assert!(ring.keys().add(None, key(3)));
    one.space.rotate_key().unwrap();
    typed(&draft, &format!("{long}and a little more than that"));
    one.sync();
    let young = Ring::of(MemoryKeyRing::new(key(1), key(3)));
    let two = Device::new(sealed(2, &young), &hub);
    assert_eq!(two.sync().received, 1);
    assert_eq!(two.the_same(&draft).load().unwrap(), format!("{long}and a little more than that"));
}

/// A ring that panics when it is told to.
#[derive(Debug)]
struct Panicking {
    keys: MemoryKeyRing,
    is_on: AtomicBool,
}

impl Panicking {
    fn ask(&self) -> &MemoryKeyRing {
        assert!(!self.is_on.load(Ordering::Relaxed), "told to");
        &self.keys
    }

    fn turn(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }
}

impl KeyRing for Panicking {
    fn secret(&self, space: &str) -> Result<Option<Key>, KeyRingError> {
        self.ask().secret(space)
    }

    fn current(&self, space: &str) -> Result<Key, KeyRingError> {
        self.ask().current(space)
    }

    fn key(&self, space: &str, id: KeyId) -> Result<Key, KeyRingError> {
        self.ask().key(space, id)
    }
}

/// It panics where the store asks it, so in whoever called the store: nothing is begun, nothing is held, and the next call asks again.
#[test]
fn a_ring_that_panics_stops_its_caller_alone() {
    let panics = |work: &dyn Fn()| catch_unwind(AssertUnwindSafe(work)).is_err();
    let keys = MemoryKeyRing::new(key(1), key(2));
    let ring = Arc::new(Panicking { keys, is_on: AtomicBool::new(true) });
    let store = Store::in_memory(options(1).key_ring(Arc::clone(&ring))).unwrap();
    assert!(panics(&|| drop(store.space("alice"))));
    assert_eq!(store.spaces().unwrap(), Vec::<String>::new());
    ring.turn(false);
    let space = store.space("alice").unwrap();
    let draft = space.drafts(NOTE).unwrap().start(&"before".to_owned()).unwrap();

    let (hub, _) = hub(9);
    let other = Device::new(sealed(2, &Ring::of(MemoryKeyRing::new(key(1), key(4)))), &hub);
    other.notes.start(&"of another device".to_owned()).unwrap();
    other.sync();
    assert!(ring.keys.add_former(None, key(4)) && ring.keys.add(None, key(3)));
    let syncer = Syncer::new(&space, Arc::clone(&hub));
    ring.turn(true);
    assert!(panics(&|| drop(space.rotate_key())));
    assert!(panics(&|| drop(block_on(syncer.once()))));
    typed(&draft, "after");
    assert_eq!((draft.load().unwrap(), space.key_id().unwrap()), ("after".to_owned(), Some(key(2).id())));

    ring.turn(false);
    assert_eq!(space.rotate_key().unwrap(), Some(key(3).id()));
    let report = block_on(syncer.once()).unwrap();
    assert_eq!((report.received, report.pushed), (1, 1));
}

#[test]
fn what_lies_on_the_hub_under_a_former_key_is_pushed_once_more_and_once() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    // One that any device may have begun, one that only this one has, one in the archive, one in the trash, and many.
    let diary = one.notes.slot("diary").resume_or_start(|| "It rained.".to_owned()).unwrap();
    let (archived, discarded) =
        (one.notes.start(&"put away".to_owned()).unwrap(), one.notes.start(&"not wanted".to_owned()).unwrap());
    archived.archive().unwrap();
    discarded.discard().unwrap();
    for number in 0..100 {
        one.notes.start(&format!("note {number}")).unwrap();
    }
    one.sync();
    let other = Device::new(sealed(2, &ring), &hub);
    other.sync();
    assert_eq!(one.syncer.reseal().unwrap(), 1, "whose body of the slot's first text the hub has is not known");
    one.sync();
    assert!(ring.keys().add(None, key(3)));
    typed(&one.notes.get(diary.id()).unwrap().unwrap(), "It poured.");
    assert_eq!(one.syncer.reseal().unwrap(), 102, "what is owed leaves by itself");
    assert_eq!(
        (one.syncer.reseal().unwrap(), one.space.key_id().unwrap()),
        (0, Some(key(3).id())),
        "all of it is owed"
    );
    one.sync();
    assert_eq!(one.syncer.reseal().unwrap(), 0, "the hub has all of it");
    let newest = Device::new(sealed(3, &Ring::of(MemoryKeyRing::new(key(1), key(3)))), &hub);
    newest.sync();
    assert_eq!(newest.syncer.status().unwrap().blocked, []);
    assert_eq!(newest.the_same(&diary).load().unwrap(), "It poured.");
    for (draft, phase) in [(&archived, Phase::Archived), (&discarded, Phase::Discarded)] {
        assert_eq!(newest.the_same(draft).info().unwrap().phase, phase);
    }
    // The other device takes it for what it is: nothing new.
    other.sync();
    assert_eq!(other.space.key_id().unwrap(), Some(key(2).id()));
    assert_eq!(other.syncer.reseal().unwrap(), 0, "the hub has all of it under the newest key");
    assert!(one.space.verify_audit(None).unwrap().is_intact());
    let plain = Device::new(options(4), &hub);
    assert_eq!(plain.syncer.reseal().unwrap(), 0);
}
