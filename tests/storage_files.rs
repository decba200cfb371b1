//! Opening and making stores in files: what is taken for a store, and what is never touched.
#![cfg(feature = "redb")]

use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{Batch, MemoryStorage, Origin, RedbStorage, Storage, StorageErrorKind, StoreFile, Table};
use draftkeep::{ErrorKind, Options, Store};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const TABLE: Table = Table::new(3);

fn put(storage: &dyn Storage, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new(Origin::Local);
    batch.put(TABLE, key, value);
    storage.commit(&batch).unwrap();
}

fn get(storage: &dyn Storage, key: &[u8]) -> Option<Vec<u8>> {
    storage.snapshot().unwrap().get(TABLE, key).unwrap()
}

fn kind<T>(result: Result<(RedbStorage, T), draftkeep::storage::StorageError>) -> Option<StorageErrorKind> {
    result.err().map(|error| error.kind().clone())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_store_keeps_what_was_committed_and_leaves_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreFile::at(folder.path().join("a.redb"));
    let (storage, _) = file.create().unwrap();
    put(&storage, b"key", b"value");
    drop(storage);
    let (storage, _) = file.open().unwrap();
    assert_eq!(get(&storage, b"key").as_deref(), Some(&b"value"[..]));
    assert_eq!(names(folder.path()), ["a.redb", "a.redb.marker"]);
}

#[test]
fn open_never_creates_and_create_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreFile::at(folder.path().join("a.redb"));
    assert_eq!(kind(file.open()), Some(StorageErrorKind::NotFound));
    assert!(names(folder.path()).is_empty());
    let (storage, _) = file.open_or_create().unwrap();
    put(&storage, b"key", b"value");
    assert_eq!(kind(file.create()), Some(StorageErrorKind::Exists));
    assert_eq!(kind(file.open()), Some(StorageErrorKind::InUse));
    drop(storage);
    assert_eq!(kind(file.create()), Some(StorageErrorKind::Exists));
    assert_eq!(get(&file.open_or_create().unwrap().0, b"key").as_deref(), Some(&b"value"[..]));
}

#[test]
fn what_is_no_store_is_left_as_it_was() {
    let foreign_redb = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foreign");
        // The engine's own file, as any other application has it: ours begins one page later.
        let (storage, _) = StoreFile::at(&path).create().unwrap();
        drop(storage);
        fs::read(&path).unwrap().split_off(4096)
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("one byte", vec![b'd']),
        ("text", b"Dear diary, ".repeat(1000)),
        ("zeros", vec![0; 100_000]),
        ("random bytes", (0..50_000_u32).flat_map(|number| blake3_like(number).to_le_bytes()).collect()),
        ("another application's redb file", foreign_redb()),
        ("SQLite", [&b"SQLite format 3\0"[..], &[7; 9000]].concat()),
    ];
    for (name, bytes) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, &bytes).unwrap();
        let file = StoreFile::at(&path);
        for (method, seen) in [("open", kind(file.open())), ("open_or_create", kind(file.open_or_create()))] {
            assert!(matches!(seen, Some(StorageErrorKind::NotAStore { .. })), "{method} of {name}: {seen:?}");
        }
        assert_eq!(kind(file.create()), Some(StorageErrorKind::Exists), "{name}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}");
        assert_eq!(names(folder.path()), ["file"], "{name}");
    }
}

fn blake3_like(number: u32) -> u64 {
    let mixed = (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[test]
fn a_folder_that_is_not_there_is_told_apart_from_a_store_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"text").unwrap();
    let snapshot = draftkeep::storage::MemoryStorage::new().snapshot().unwrap();
    for parent in ["nowhere", "nowhere/at all", "file"] {
        let file = StoreFile::at(folder.path().join(parent).join("a.redb"));
        assert_eq!(kind(file.open_or_create()), Some(StorageErrorKind::NoFolder), "{parent}");
        assert_eq!(kind(file.create()), Some(StorageErrorKind::NoFolder), "{parent}");
        let error = file.create_copy(&*snapshot, |_, _, _| {}).expect_err("there is no folder");
        assert_eq!(error.kind(), &StorageErrorKind::NoFolder, "{parent}");
    }
    assert_eq!(kind(StoreFile::at(folder.path().join("nowhere/a.redb")).open()), Some(StorageErrorKind::NotFound));
    let error = Store::open_or_create(folder.path().join("nowhere/a.redb"), Options::new()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Storage(StorageErrorKind::NoFolder));
    assert!(!error.is_transient(), "waiting makes no folder");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn an_error_of_opening_or_making_a_store_names_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let (taken, free) = (folder.path().join("taken.redb"), folder.path().join("free.redb"));
    let store = Store::create(&taken, Options::new()).unwrap();
    let backup = store.backup(&taken).unwrap_err();
    let nowhere = folder.path().join("nowhere/a.redb");
    for (error, path) in [
        (Store::open(&taken, Options::new()).unwrap_err(), &taken),
        (Store::open_or_create(&taken, Options::new()).unwrap_err(), &taken),
        (Store::create(&taken, Options::new()).unwrap_err(), &taken),
        (Store::open(&free, Options::new()).unwrap_err(), &free),
        (Store::open_or_create(&nowhere, Options::new()).unwrap_err(), &nowhere),
        (backup, &taken),
    ] {
        let ErrorKind::Storage(kind) = error.kind() else { panic!("{error}") };
        assert_eq!(error.to_string(), format!("{kind}: {} (trace {})", path.display(), error.trace_id()));
    }
    let error = StoreFile::at(&taken).open().unwrap_err();
    assert_eq!(error.path(), Some(&*taken));
    assert_eq!(error.to_string(), format!("the store is open elsewhere: {}", taken.display()));
    drop(store);
    // Whole as a file, but not what a store begins with.
    let (storage, _) = StoreFile::at(&taken).open().unwrap();
    let mut batch = Batch::new(Origin::Local);
    for table in (0..=u8::MAX).map(Table::new) {
        for (key, _) in storage.snapshot().unwrap().scan(table, everything()).unwrap() {
            batch.put(table, key, b"damaged");
        }
    }
    storage.commit(&batch).unwrap();
    drop(storage);
    let error = Store::open(&taken, Options::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains(&format!(": {} (trace ", taken.display())), "{error}");
}

fn everything() -> draftkeep::storage::Scan<'static> {
    draftkeep::storage::Scan { from: b"", to: None, order: draftkeep::storage::Order::Ascending, limit: usize::MAX }
}

#[test]
fn a_folder_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreFile::at(folder.path());
    for seen in [kind(file.open()), kind(file.open_or_create())] {
        assert!(matches!(seen, Some(StorageErrorKind::NotAStore { .. })), "{seen:?}");
    }
    assert!(names(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn pipes_and_links_to_nothing_are_no_stores() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(folder.path().join("nothing"), &link).unwrap();
    for path in [pipe, link] {
        let file = StoreFile::at(path);
        for seen in [kind(file.open()), kind(file.open_or_create())] {
            assert!(matches!(seen, Some(StorageErrorKind::NotAStore { .. })), "{seen:?}");
        }
        assert_eq!(kind(file.create()), Some(StorageErrorKind::Exists));
    }
    assert_eq!(names(folder.path()), ["link", "pipe"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_store_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("a.redb"), folder.path().join("link"));
    drop(StoreFile::at(&path).create().unwrap());
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let (storage, _) = StoreFile::at(&link).open().unwrap();
    put(&storage, b"key", b"value");
    assert_eq!(names(folder.path()), ["a.redb", "a.redb.marker", "link"]);
}

/// A store's bytes, as a kill leaves them: the engine must repair when it opens them.
fn killed_store() -> Vec<u8> {
    let disk = draftkeep::storage::MemoryDisk::new();
    let storage = RedbStorage::create(std::sync::Arc::new(disk.clone())).unwrap();
    for number in 0..200_u16 {
        put(&storage, &number.to_be_bytes(), &[7; 1_000]);
    }
    disk.image()
}

#[test]
fn a_truncated_store_is_damaged_and_left_as_it_was() {
    let whole = killed_store();
    let mut cut = 0;
    let mut refused = 0;
    while cut < whole.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        let bytes = &whole[..cut];
        fs::write(&path, bytes).unwrap();
        match StoreFile::at(&path).open_or_create() {
            Err(error) => {
                let seen = error.kind();
                let fits = if cut < 4096 {
                    matches!(seen, StorageErrorKind::NotAStore { .. })
                } else {
                    matches!(seen, StorageErrorKind::Corrupt { .. })
                };
                assert!(fits, "cut at {cut}: {seen:?}");
                assert!(fs::read(&path).unwrap() == bytes, "cut at {cut}: changed");
                refused += 1;
            }
            // The engine grows files beyond what they hold.
            Ok((storage, _)) => assert_eq!(
                (0..200_u16).filter(|number| get(&storage, &number.to_be_bytes()).is_some()).count(),
                200,
                "cut at {cut}"
            ),
        }
        cut += 20_011;
        if cut > 60_000 {
            cut += 100_003;
        }
    }
    assert!(refused > 2, "only {refused} cuts were refused");
}

#[test]
fn a_store_of_a_newer_release_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.redb");
    drop(StoreFile::at(&path).create().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    for copy in [0, 2048] {
        bytes[copy + 16] = 2;
        let hash = blake3::hash(&bytes[copy..copy + 32]);
        bytes[copy + 32..copy + 64].copy_from_slice(hash.as_bytes());
    }
    fs::write(&path, &bytes).unwrap();
    let file = StoreFile::at(&path);
    for seen in [kind(file.open()), kind(file.open_or_create())] {
        assert_eq!(seen, Some(StorageErrorKind::TooNew { found: 2, supported: 1 }));
    }
    assert!(fs::read(&path).unwrap() == bytes);
}

#[test]
fn a_file_that_is_gone_is_missed_and_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.redb");
    let file = StoreFile::at(&path);
    drop(file.create().unwrap());
    fs::remove_file(&path).unwrap();
    for seen in [kind(file.open()), kind(file.create()), kind(file.open_or_create())] {
        assert_eq!(seen, Some(StorageErrorKind::Missing));
    }
    assert_eq!(names(folder.path()), ["a.redb.marker"]);
    let told = file.open().unwrap_err().to_string();
    assert!(told.contains("put it back") && told.contains("delete <file>.marker"), "{told}");
    // The user's word that it is to begin afresh.
    fs::remove_file(folder.path().join("a.redb.marker")).unwrap();
    assert!(file.open_or_create().is_ok());
}

#[test]
fn what_an_interrupted_creation_left_is_taken_over() {
    let finished = {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        drop(StoreFile::at(&path).create().unwrap());
        fs::read(path).unwrap()
    };
    let mut unstamped = finished.clone();
    unstamped[..4096].fill(0);
    let mut half_stamped = finished.clone();
    half_stamped[2048..4096].fill(0);
    half_stamped[40..64].fill(0);
    for leftover in [Vec::new(), vec![0; 700], vec![0; 9000], unstamped, half_stamped, finished] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        fs::write(folder.path().join("a.redb.creating"), leftover).unwrap();
        let (storage, _) = StoreFile::at(&path).open_or_create().unwrap();
        put(&storage, b"key", b"value");
        assert_eq!(names(folder.path()), ["a.redb", "a.redb.marker"]);
    }
}

#[test]
fn a_foreign_file_in_the_way_of_a_creation_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("a.redb.creating");
    fs::write(&in_the_way, b"my shopping list").unwrap();
    let seen = kind(StoreFile::at(folder.path().join("a.redb")).open_or_create());
    assert!(matches!(seen, Some(StorageErrorKind::NotAStore { .. })), "{seen:?}");
    assert_eq!(fs::read(&in_the_way).unwrap(), b"my shopping list");
    assert_eq!(names(folder.path()), ["a.redb.creating"]);
}

#[test]
fn creating_and_opening_at_once_gives_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreFile::at(folder.path().join("a.redb"));
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let file = &file;
            scope.spawn(move || {
                for round in 0..5_u8 {
                    loop {
                        match file.open_or_create() {
                            Ok((storage, _)) => break put(&storage, &[thread, round], b"value"),
                            Err(error) => assert_eq!(error.kind(), &StorageErrorKind::InUse),
                        }
                        std::thread::yield_now();
                    }
                }
            });
        }
    });
    let (storage, _) = file.open().unwrap();
    let kept = (0..4_u8).flat_map(|thread| (0..5_u8).map(move |round| [thread, round]));
    assert_eq!(kept.filter(|key| get(&storage, key).is_some()).count(), 20);
}

#[test]
fn a_store_without_its_marker_opens_and_gets_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreFile::at(folder.path().join("a.redb"));
    drop(file.create().unwrap());
    fs::remove_file(folder.path().join("a.redb.marker")).unwrap();
    let (_storage, witness) = file.open().unwrap();
    assert_eq!(witness.read().unwrap(), None);
    assert_eq!(names(folder.path()), ["a.redb", "a.redb.marker"]);
}

#[test]
fn the_witness_keeps_its_bytes_and_notices_damage() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreFile::at(folder.path().join("a.redb"));
    let (storage, witness) = file.create().unwrap();
    assert_eq!(witness.read().unwrap(), None);
    for payload in [&b"one"[..], &[0xff; 512], b"x"] {
        witness.write(payload).unwrap();
        assert_eq!(witness.read().unwrap().as_deref(), Some(payload));
    }
    assert!(matches!(witness.write(&[0; 513]).unwrap_err().kind(), StorageErrorKind::TooLarge { got: 513, .. }));
    // The witness does not keep the file locked.
    drop(storage);
    let (storage, witness) = file.open().unwrap();
    assert_eq!(witness.read().unwrap().as_deref(), Some(&b"x"[..]));
    let marker = folder.path().join("a.redb.marker");
    witness.note(b"noted").unwrap();
    assert_eq!(witness.noted().unwrap().as_deref(), Some(&b"noted"[..]));
    let good = fs::read(&marker).unwrap();
    let (mut older, mut unnoted) = (0, 0);
    for bit in (0..good.len() * 8).filter(|bit| bit / 8 % 4_096 < 600) {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        fs::write(&marker, bad).unwrap();
        let (kept, noted) = (witness.read().unwrap().unwrap(), witness.noted().unwrap());
        assert!(kept == b"x" || kept == [0xff; 512], "bit {bit}: neither the last payload nor the one before");
        assert!(noted.as_ref().is_none_or(|noted| noted == b"noted"), "bit {bit}");
        older += usize::from(kept != b"x");
        unnoted += usize::from(noted.is_none());
    }
    assert_eq!((older, unnoted), ((16 + 8 + 2 + 1 + 32) * 8, (16 + 8 + 2 + 5 + 32) * 8), "each bit of a slot counts");
    for damaged in [vec![0; 10_000_000], [&[1; 5_000], &good[5_000..]].concat(), good[..30].to_vec()] {
        fs::write(&marker, damaged).unwrap();
        assert!(matches!(witness.read().unwrap_err().kind(), StorageErrorKind::Corrupt { .. }));
    }
    fs::write(&marker, vec![0; 10]).unwrap();
    drop((storage, witness));
    let (_storage, witness) = file.open().unwrap();
    assert!(witness.note(b"lost").is_err(), "there is nothing whole to write into");
    witness.write(b"anew").unwrap();
    assert_eq!(witness.read().unwrap().as_deref(), Some(&b"anew"[..]));
    assert_eq!(names(folder.path()), ["a.redb", "a.redb.marker"]);
}

#[test]
fn a_copy_lies_at_another_place() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a.redb"), folder.path().join("b.redb"));
    let (storage, witness) = StoreFile::at(&first).create().unwrap();
    let place = witness.place();
    drop(storage);
    assert_eq!(StoreFile::at(&first).open().unwrap().1.place(), place);
    fs::copy(&first, &second).unwrap();
    assert_ne!(StoreFile::at(&second).open().unwrap().1.place(), place);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_taken_away_while_open_fails_commits_and_not_reads() {
    for replaced in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        let (storage, _) = StoreFile::at(&path).create().unwrap();
        put(&storage, b"key", b"value");
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        if replaced {
            fs::copy(folder.path().join("elsewhere"), &path).unwrap();
        }
        let mut batch = Batch::new(Origin::Local);
        batch.put(TABLE, b"lost", b"value");
        assert_eq!(storage.commit(&batch).unwrap_err().kind(), &StorageErrorKind::Missing);
        assert_eq!(get(&storage, b"key").as_deref(), Some(&b"value"[..]));
        assert_eq!(get(&storage, b"lost"), None);
        // Put back, all is well.
        fs::rename(folder.path().join("elsewhere"), &path).unwrap();
        storage.commit(&batch).unwrap();
    }
}

#[test]
fn a_copy_that_fails_on_the_way_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let from = FaultyStorage::new(Arc::new(MemoryStorage::new()));
    for key in 0..2_000_u32 {
        put(&from, &key.to_be_bytes(), &[7; 100]);
    }
    let copy = StoreFile::at(folder.path().join("copy.redb"));
    from.arm(StorageFault {
        call: Some(StorageCall::Scan),
        after: 6,
        lasting: Lasting::Once,
        effect: StorageEffect::Fails(StorageErrorKind::Io),
    });
    let snapshot = from.snapshot().unwrap();
    let mut copied = 0;
    assert!(copy.create_copy(&*snapshot, |_, _, _| copied += 1).is_err());
    assert!(copied > 0, "it failed on the way");
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    copy.create_copy(&*snapshot, |_, _, _| ()).unwrap();
    assert_eq!(names(folder.path()), ["copy.redb"]);
}
