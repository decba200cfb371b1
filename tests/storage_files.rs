//! Opening and making stores in files: what is taken for a store, and what is never touched.
#![cfg(feature = "redb")]

use draftkeep::storage::{Batch, Origin, RedbStorage, Storage, StorageErrorKind, StoreFile, Table};
use std::fs;
use std::path::Path;

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
