//! Every storage of ours passes the test kit, and broken ones fail it at the right check.

use draftkeep::storage::conformance::{self, Fresh, Outcome, Report};
use draftkeep::storage::faults::FaultyStorage;
use draftkeep::storage::{
    Batch, Entry, Footprint, MAX_KEY, Maintenance, MemoryStorage, Scan, Snapshot, Storage, StorageError,
    StorageErrorKind, Table, check_key,
};
use std::sync::Arc;

fn report(fresh: impl Fn() -> Fresh) -> Report {
    conformance::run(&mut || Ok(fresh()))
}

fn assert_complete(report: &Report) {
    report.assert();
    assert!(report.checks().iter().all(|check| check.outcome == Outcome::Passed), "{report}");
    assert!(report.checks().len() >= 30, "{report}");
}

#[test]
fn memory_conforms() {
    assert_complete(&report(|| {
        let storage = MemoryStorage::new();
        let again = storage.clone();
        Fresh::new(Arc::new(storage)).reopened_by(move || Ok(Arc::new(again.clone())))
    }));
}

#[test]
fn a_storage_that_cannot_be_reopened_conforms_with_those_checks_skipped() {
    let report = report(|| Fresh::new(Arc::new(MemoryStorage::new())));
    report.assert();
    let skipped = report.checks().iter().filter(|check| matches!(check.outcome, Outcome::Skipped(_)));
    assert_eq!(
        skipped.map(|check| check.name).collect::<Vec<_>>(),
        ["opening it again keeps every commit", "opening it again keeps deletions"]
    );
}

#[test]
fn a_faulty_storage_without_faults_conforms() {
    report(|| Fresh::new(Arc::new(FaultyStorage::new(Arc::new(MemoryStorage::new()))))).assert();
}

#[cfg(feature = "redb")]
mod redb {
    use super::{assert_complete, report};
    use draftkeep::storage::conformance::Fresh;
    use draftkeep::storage::faults::{CountingDisk, FaultyDisk, PowerCutDisk};
    use draftkeep::storage::{Disk, MemoryDisk, RedbStorage, StoreFile};
    use std::sync::Arc;

    fn on(disk: impl Disk + Clone + 'static) -> Fresh {
        let storage = RedbStorage::create(Arc::new(disk.clone())).unwrap();
        Fresh::new(Arc::new(storage)).reopened_by(move || Ok(Arc::new(RedbStorage::open(Arc::new(disk.clone()))?)))
    }

    #[test]
    fn redb_in_memory_conforms() {
        assert_complete(&report(|| on(MemoryDisk::new())));
    }

    #[test]
    fn redb_in_a_file_conforms() {
        let folder = tempfile::tempdir().unwrap();
        let number = std::cell::Cell::new(0);
        assert_complete(&report(|| {
            number.set(number.get() + 1);
            let file = StoreFile::at(folder.path().join(format!("{}.redb", number.get())));
            let (storage, _) = file.create().unwrap();
            Fresh::new(Arc::new(storage)).reopened_by(move || Ok(Arc::new(file.open()?.0)))
        }));
    }

    #[test]
    fn redb_on_disks_with_faults_that_never_strike_conforms() {
        assert_complete(&report(|| on(FaultyDisk::new(Arc::new(MemoryDisk::new())))));
        assert_complete(&report(|| on(CountingDisk::new(Arc::new(PowerCutDisk::new(Vec::new()))))));
    }
}

/// A storage that is broken in one way.
#[derive(Debug)]
struct Broken {
    storage: MemoryStorage,
    forgets_order: bool,
}

struct BrokenSnapshot(Box<dyn Snapshot>);

impl Storage for Broken {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        let snapshot = self.storage.snapshot()?;
        Ok(if self.forgets_order { Box::new(BrokenSnapshot(snapshot)) } else { snapshot })
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        self.storage.commit(batch)
    }

    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError> {
        self.storage.maintain(work)
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        self.storage.footprint()
    }
}

impl Snapshot for BrokenSnapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.get(table, key)
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError> {
        let mut entries = self.0.scan(table, scan)?;
        entries.sort_by_key(|(key, _)| key.len());
        Ok(entries)
    }
}

#[test]
fn a_storage_that_forgets_order_fails_the_checks_of_order() {
    let report = report(|| Fresh::new(Arc::new(Broken { storage: MemoryStorage::new(), forgets_order: true })));
    assert_eq!(
        report.failed(),
        [
            "a scan returns keys in order",
            "a scan backwards returns keys in reverse order",
            "a scan takes its first bound and leaves out its second",
            "a scan returns at most its limit",
        ]
    );
    assert!(std::panic::catch_unwind(|| report.assert()).is_err());
}

/// A storage that refuses nothing that is too long or empty.
#[derive(Debug)]
struct Lenient(std::sync::Mutex<Entries>);

type Entries = std::collections::BTreeMap<(Table, Vec<u8>), Vec<u8>>;

struct LenientSnapshot(Entries);

impl Storage for Lenient {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        Ok(Box::new(LenientSnapshot(self.0.lock().unwrap().clone())))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        let mut entries = self.0.lock().unwrap();
        for (table, key, value) in batch.changes() {
            match value {
                Some(value) => entries.insert((table, key.to_vec()), value.to_vec()),
                None => entries.remove(&(table, key.to_vec())),
            };
        }
        Ok(())
    }

    fn maintain(&self, _work: Maintenance) -> Result<Footprint, StorageError> {
        Ok(Footprint::default())
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        Ok(Footprint::default())
    }
}

impl Snapshot for LenientSnapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.0.get(&(table, key.to_vec())).cloned())
    }

    fn scan(&self, _table: Table, _scan: Scan<'_>) -> Result<Vec<Entry>, StorageError> {
        Ok(Vec::new())
    }
}

#[test]
fn a_storage_that_takes_impossible_keys_is_told_which_and_in_which_call() {
    let report = report(|| Fresh::new(Arc::new(Lenient(std::sync::Mutex::default())))).to_string();
    for told in ["a key of 0 bytes given to Snapshot::get was not", "a key of 513 bytes put by Storage::commit was not"]
    {
        assert!(report.contains(told), "{report}");
    }
    let refused = |key: &[u8]| check_key(key).map_err(|error| error.kind().clone());
    assert_eq!(refused(&[7; MAX_KEY]), Ok(()));
    for key in [vec![], vec![7; MAX_KEY + 1]] {
        assert!(matches!(refused(&key), Err(StorageErrorKind::TooLarge { what: "key", .. })));
    }
}

/// Remembers all commits but the last, which it forgets when it is opened again.
#[derive(Debug)]
struct Forgetful {
    now: MemoryStorage,
    durable: Arc<std::sync::Mutex<(MemoryStorage, Option<Batch>)>>,
}

impl Storage for Forgetful {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        self.now.snapshot()
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        self.now.commit(batch)?;
        let (durable, pending) = &mut *self.durable.lock().unwrap();
        pending.replace(batch.clone()).map_or(Ok(()), |before| durable.commit(&before))
    }

    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError> {
        self.now.maintain(work)
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        self.now.footprint()
    }
}

#[test]
fn a_storage_that_loses_its_last_commit_fails_the_checks_of_opening_again() {
    let report = report(|| {
        let durable = Arc::new(std::sync::Mutex::new((MemoryStorage::new(), None)));
        let first = Forgetful { now: MemoryStorage::new(), durable: durable.clone() };
        Fresh::new(Arc::new(first)).reopened_by(move || {
            let mut state = durable.lock().unwrap();
            state.1 = None;
            Ok(Arc::new(Forgetful { now: state.0.clone(), durable: durable.clone() }))
        })
    });
    assert_eq!(report.failed(), ["opening it again keeps every commit", "opening it again keeps deletions"]);
}

#[test]
fn a_panic_is_a_failure_of_its_check_and_the_others_still_run() {
    let mut calls = 0;
    let report = conformance::run(&mut || {
        calls += 1;
        assert!(calls != 2, "broken setup");
        Ok(Fresh::new(Arc::new(MemoryStorage::new())))
    });
    assert_eq!(report.failed(), ["a scan returns keys in order"]);
    assert!(report.to_string().contains("a panic: broken setup"), "{report}");
}
