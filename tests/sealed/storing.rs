//! What lies in a file, and what a store is opened with.

use crate::world::{CANARY, Ring, canaries, key, options, records, sealed, typed};
use draftkeep::seal::MemoryKeyRing;
use draftkeep::storage::{MemoryStorage, Storage};
use draftkeep::{ErrorKind, Filter, Store};
use std::sync::Arc;

/// Everything that a store writes of a draft: versions, packs, anchors, labels, a conflict, a checkpoint, an audit.
fn lived_in(storage: &Arc<MemoryStorage>, options: draftkeep::Options) -> Store {
    let store = Store::with_storage(Arc::clone(storage) as Arc<dyn Storage>, options).unwrap();
    let notes = store.space("alice").unwrap().drafts(crate::world::NOTE).unwrap();
    let draft = notes.slot("diary").resume_or_start(|| format!("{CANARY} begins")).unwrap();
    for round in 0..80 {
        typed(&draft, &format!("{CANARY} {round} {}", "and a long tail that is no run of one letter ".repeat(round)));
    }
    draft.checkpoint(&format!("{CANARY} was here")).unwrap();
    let (mut one, mut two) = (draft.edit().unwrap(), draft.edit().unwrap());
    *one.doc() = format!("{CANARY} of one");
    *two.doc() = format!("{CANARY} of two");
    let _ = (one.save().unwrap(), two.save().unwrap());
    let done = notes.start(&format!("{CANARY} is done")).unwrap();
    done.promote(&format!("{CANARY} 9")).unwrap();
    notes.start(&CANARY.repeat(20_000)).unwrap();
    store.compact().unwrap();
    store
}

#[test]
fn nothing_that_is_typed_or_named_stands_in_a_sealed_store() {
    let storage = Arc::new(MemoryStorage::new());
    let store = lived_in(&storage, sealed(1, &Ring::new()));
    assert!(store.is_sealed() && store.verify().unwrap().is_intact());
    assert_eq!(canaries(&*storage), Vec::<String>::new());
    // The same in a plain one: else this would find nothing because it looks for nothing.
    let plain = Arc::new(MemoryStorage::new());
    assert!(!lived_in(&plain, options(1)).is_sealed());
    assert!(canaries(&*plain).len() > 10, "{:?}", canaries(&*plain));
    // And nothing but the store's own row, the names of spaces and their keys is as long as it would be in the open.
    let tables: Vec<u8> = records(&*storage).iter().map(|(table, ..)| table.number()).collect();
    assert!(tables.contains(&22) && tables.contains(&23));
}

#[test]
fn a_sealed_store_opened_again_is_the_same_store() {
    let (storage, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    let text = |store: &Store| {
        let notes = store.space("alice").unwrap().drafts(crate::world::NOTE).unwrap();
        let draft = notes.slot("diary").resume().unwrap().unwrap();
        (draft.load().unwrap(), draft.history().unwrap(), notes.list(&Filter::all()).unwrap())
    };
    let before = text(&lived_in(&storage, sealed(1, &ring)));
    let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, sealed(2, &ring)).unwrap();
    assert_eq!(text(&store), before);
    assert_eq!(store.spaces().unwrap(), ["alice"]);
}

#[test]
fn a_sealed_store_opens_with_a_ring_alone_and_a_plain_one_without() {
    let storage = Arc::new(MemoryStorage::new());
    let open = |options| Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, options);
    drop(open(sealed(1, &Ring::new())).unwrap().space("alice").unwrap());
    let before = records(&*storage);
    assert_eq!(open(options(1)).unwrap_err().kind(), &ErrorKind::Sealed);
    assert_eq!(records(&*storage), before, "a refused opening changes nothing");

    let plain = Arc::new(MemoryStorage::new());
    let open = |options| Store::with_storage(Arc::clone(&plain) as Arc<dyn Storage>, options);
    drop(open(options(1)).unwrap().space("alice").unwrap());
    let before = records(&*plain);
    assert_eq!(open(sealed(1, &Ring::new())).unwrap_err().kind(), &ErrorKind::NotSealed);
    assert_eq!(records(&*plain), before, "a refused opening changes nothing");
}

#[test]
fn without_its_key_a_space_is_left_as_it_is_until_the_key_is_there() {
    let (storage, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    drop(lived_in(&storage, sealed(1, &ring)));
    let before = records(&*storage);
    let other = Ring::of(MemoryKeyRing::new(key(1), key(9)));
    let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, sealed(1, &other)).unwrap();
    assert_eq!(store.spaces().unwrap(), ["alice"], "names stand in the open");
    let missing = ErrorKind::KeyMissing { space: "alice".to_owned(), key: Some(key(2).id()) };
    assert_eq!(store.space("alice").unwrap_err().kind(), &missing);
    let told = missing.to_string();
    assert!(told.contains(&key(2).id().to_string()) && told.contains("MemoryKeyRing::add_former"), "{told}");
    let verified = store.verify().unwrap();
    assert!(verified.is_intact() && verified.sealed == ["alice"]);
    assert_eq!(store.repair().unwrap_err().kind(), &missing);
    assert_eq!(store.compact().unwrap().sealed, 1);
    assert_eq!(records(&*storage), before, "nothing was written");
    // Another space does not wait for it.
    store.space("bob").unwrap().drafts(crate::world::NOTE).unwrap().start(&"a text".to_owned()).unwrap();
    assert!(other.keys().add(None, key(2)));
    assert!(
        store.space("alice").unwrap().drafts(crate::world::NOTE).unwrap().slot("diary").resume().unwrap().is_some()
    );
}

#[test]
fn a_ring_that_is_locked_is_asked_again_and_no_space_is_begun_without_it() {
    let (storage, ring) = (Arc::new(MemoryStorage::new()), Ring::new());
    ring.lock(true);
    let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, sealed(1, &ring)).unwrap();
    let error = store.space("alice").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::KeyRing { .. }) && error.is_transient(), "{error}");
    assert_eq!(store.spaces().unwrap(), Vec::<String>::new());
    ring.lock(false);
    let space = store.space("alice").unwrap();
    // What was given once is not asked for again.
    ring.lock(true);
    let draft = space.drafts(crate::world::NOTE).unwrap().start(&"a text".to_owned()).unwrap();
    typed(&draft, "another");
    assert_eq!(draft.load().unwrap(), "another");
    let asked = ring.0.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 4, "{asked:?}");
}

#[test]
fn spaces_with_keys_from_one_ring_have_ids_of_their_own() {
    let store = Store::in_memory(sealed(1, &Ring::new())).unwrap();
    let id = |space: &str| {
        let notes = store.space(space).unwrap().drafts(crate::world::NOTE).unwrap();
        notes.slot("diary").resume_or_start(String::new).unwrap().id()
    };
    assert_ne!(id("alice"), id("bob"));
    assert_eq!(id("alice"), id("alice"));
}

#[cfg(feature = "redb")]
mod files {
    use super::*;
    use crate::world::NOTE;

    fn holds_canary(path: &std::path::Path) -> bool {
        std::fs::read(path).unwrap().windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    }

    fn write(path: &std::path::Path, options: draftkeep::Options) -> draftkeep::DraftId {
        let store = Store::create(path, options).unwrap();
        let notes = store.space("alice").unwrap().drafts(NOTE).unwrap();
        let draft = notes.slot("diary").resume_or_start(String::new).unwrap();
        for round in 0..70 {
            typed(&draft, &format!("{CANARY} {round} {}", CANARY.repeat(round * 100)));
        }
        let id = draft.id();
        store.compact().unwrap();
        drop((draft, notes));
        assert!(store.close());
        id
    }

    #[test]
    fn no_file_of_a_sealed_store_has_what_is_typed_and_neither_has_its_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed.redb");
        write(&path, sealed(1, &Ring::new()));
        let store = Store::open(&path, sealed(1, &Ring::new())).unwrap();
        assert_eq!(store.backup(folder.path().join("backup.redb")).unwrap().damaged, 0);
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() >= 3, "{files:?}");
        assert!(files.iter().all(|path| !holds_canary(path)), "{files:?}");
        let backup = Store::open(folder.path().join("backup.redb"), sealed(2, &Ring::new())).unwrap();
        assert!(backup.verify().unwrap().is_intact());
        write(&folder.path().join("plain.redb"), options(1));
        assert!(holds_canary(&folder.path().join("plain.redb")));
    }

    #[test]
    fn a_plain_store_is_sealed_into_another_file_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, path) = (folder.path().join("plain.redb"), folder.path().join("sealed.redb"));
        let id = write(&plain, options(1));
        let before = std::fs::read(&plain).unwrap();
        let ring = Ring::of(MemoryKeyRing::empty().with_former_plain_space("alice", key(2)));
        let secretive = Store::seal(&plain, &path, sealed(1, &Ring::new())).unwrap_err();
        assert!(matches!(secretive.kind(), ErrorKind::Options { .. }), "{secretive}");
        assert!(matches!(Store::seal(&plain, &path, options(1)).unwrap_err().kind(), ErrorKind::Options { .. }));
        assert!(!path.exists());
        let made = Store::seal(&plain, &path, sealed(1, &ring)).unwrap();
        assert!(made.records > 10 && !holds_canary(&path));
        assert_eq!(std::fs::read(&plain).unwrap().len(), before.len());
        let again = Store::seal(&path, folder.path().join("twice.redb"), sealed(1, &ring)).unwrap_err();
        assert_eq!(again.kind(), &ErrorKind::AlreadySealed);
        assert!(!folder.path().join("twice.redb").exists());

        let (old, new) = (Store::open(&plain, options(2)).unwrap(), Store::open(&path, sealed(2, &ring)).unwrap());
        assert!(new.verify().unwrap().is_intact() && new.replica() != old.replica());
        let told = |store: &Store| {
            let draft = store.space("alice").unwrap().drafts(NOTE).unwrap().get(id).unwrap().unwrap();
            let texts: Vec<String> = (1..=71).map(|version| draft.at(version).unwrap().doc).collect();
            (texts, draft.history().unwrap())
        };
        assert_eq!(told(&old), told(&new));
        let draft = new.space("alice").unwrap().drafts(NOTE).unwrap().get(id).unwrap().unwrap();
        typed(&draft, "it goes on");
        assert_eq!(draft.load().unwrap(), "it goes on");
    }

    /// Which versions there are can be told without the key.
    #[test]
    fn an_earlier_copy_is_noticed_without_the_key_and_the_same_file_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed.redb");
        let id = write(&path, sealed(1, &Ring::new()));
        let keyless = Ring::of(MemoryKeyRing::new(key(1), key(9)));
        let open = |ring: &Ring, seed| {
            let store = Store::open(&path, sealed(seed, ring)).unwrap();
            let told = (store.replica(), store.replica_changed().is_some());
            assert!(store.close());
            told
        };
        // Between two saves of one sitting, so that nothing but the later one tells them apart.
        let store = Store::open(&path, sealed(2, &Ring::new())).unwrap();
        let draft = store.space("alice").unwrap().drafts(NOTE).unwrap().get(id).unwrap().unwrap();
        typed(&draft, "a text");
        let earlier = std::fs::read(&path).unwrap();
        typed(&draft, "a later text");
        let replica = store.replica();
        drop(draft);
        assert!(store.close());
        for seed in 3..6 {
            assert_eq!(open(&keyless, seed), (replica, false), "nothing happened to it");
        }
        std::fs::write(&path, earlier).unwrap();
        let (after, is_changed) = open(&keyless, 7);
        assert!(after != replica && is_changed);
    }
}
