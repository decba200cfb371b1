//! What a storage on a failing disk does: it loses nothing, says what happened, and works again once the cause is gone.
#![cfg(feature = "redb")]

use draftkeep::storage::faults::{CountingDisk, DiskEffect, DiskFault, DiskOperation, FaultyDisk, Lasting};
use draftkeep::storage::{
    Batch, Disk, Maintenance, MemoryDisk, Order, Origin, RedbStorage, Scan, Storage, StorageErrorKind, Table, Tuning,
};
use std::io::ErrorKind;
use std::sync::Arc;

const TABLE: Table = Table::new(1);
const OTHER: Table = Table::new(2);

fn batch(origin: Origin, version: u8) -> Batch {
    let mut batch = Batch::new(origin);
    batch.put(TABLE, b"text", vec![version; 3_000]);
    batch.put(OTHER, b"about", [version]);
    batch
}

/// The version that both tables agree on.
fn version(storage: &dyn Storage) -> u8 {
    let snapshot = storage.snapshot().unwrap();
    let text = snapshot.get(TABLE, b"text").unwrap().unwrap();
    let about = snapshot.get(OTHER, b"about").unwrap().unwrap();
    assert!(text.len() == 3_000 && text.iter().all(|byte| *byte == about[0]), "half a batch");
    about[0]
}

fn store(disk: Arc<dyn Disk>) -> RedbStorage {
    let storage = RedbStorage::create(disk).unwrap();
    for number in 0..40_u8 {
        let mut batch = Batch::new(Origin::Local);
        batch.put(TABLE, [number], vec![number; 1_500]);
        storage.commit(&batch).unwrap();
    }
    storage.commit(&batch(Origin::Local, 1)).unwrap();
    storage
}

const EFFECTS: [DiskEffect; 4] = [
    DiskEffect::Fails(ErrorKind::Other),
    DiskEffect::Fails(ErrorKind::StorageFull),
    DiskEffect::FailsAfterwards(ErrorKind::Other),
    DiskEffect::Torn(700, ErrorKind::Other),
];

#[test]
fn a_commit_survives_any_one_failure_of_the_disk() {
    for origin in [Origin::Local, Origin::Foreign] {
        for effect in EFFECTS {
            for after in 0.. {
                let disk = FaultyDisk::new(Arc::new(MemoryDisk::new()));
                let storage = store(Arc::new(disk.clone()));
                disk.arm(DiskFault { operation: None, after, lasting: Lasting::Once, effect });
                let result = storage.commit(&batch(origin, 2));
                assert!(result.is_ok(), "{origin:?}, {effect:?} after {after}: {result:?}");
                assert_eq!(version(&storage), 2);
                if disk.strikes() == 0 {
                    assert!(after >= 8, "the faults never struck");
                    break;
                }
                disk.heal();
                storage.commit(&batch(origin, 3)).unwrap();
                assert_eq!(version(&storage), 3);
                drop(storage);
                assert_eq!(version(&RedbStorage::open(Arc::new(disk)).unwrap()), 3);
            }
        }
    }
}

#[test]
fn a_commit_on_a_disk_that_stays_broken_fails_and_the_same_storage_works_once_it_is_mended() {
    for origin in [Origin::Local, Origin::Foreign] {
        for effect in EFFECTS {
            for after in 0.. {
                let disk = FaultyDisk::new(Arc::new(MemoryDisk::new()));
                let storage = store(Arc::new(disk.clone()));
                disk.arm(DiskFault { operation: None, after, lasting: Lasting::Forever, effect });
                let result = storage.commit(&batch(origin, 2));
                if disk.strikes() == 0 {
                    result.unwrap();
                    break;
                }
                let expected = if effect == EFFECTS[1] { StorageErrorKind::Full } else { StorageErrorKind::Io };
                assert_eq!(result.unwrap_err().kind(), &expected, "{effect:?} after {after}");
                // One attempt a call, and no spinning.
                let before = disk.operations();
                assert!(storage.commit(&batch(origin, 2)).is_err());
                assert!(storage.snapshot().is_err());
                assert!(disk.operations() - before < 10, "{} operations", disk.operations() - before);
                disk.heal();
                let now = version(&storage);
                assert!(now == 1 || now == 2, "{now}");
                storage.commit(&batch(origin, 3)).unwrap();
                assert_eq!(version(&storage), 3);
                drop(storage);
                assert_eq!(version(&RedbStorage::open(Arc::new(disk)).unwrap()), 3);
            }
        }
    }
}

#[test]
fn maintenance_survives_failures_of_the_disk() {
    for work in [Maintenance::Settle, Maintenance::Compact] {
        for lasting in [Lasting::Once, Lasting::Forever] {
            for after in 0.. {
                let disk = FaultyDisk::new(Arc::new(MemoryDisk::new()));
                let storage = store(Arc::new(disk.clone()));
                let effect = DiskEffect::Fails(ErrorKind::Other);
                disk.arm(DiskFault { operation: None, after, lasting, effect });
                let result = storage.maintain(work);
                if disk.strikes() == 0 {
                    result.unwrap();
                    break;
                }
                disk.heal();
                assert_eq!(version(&storage), 1);
                storage.commit(&batch(Origin::Local, 2)).unwrap();
                storage.maintain(work).unwrap();
                assert_eq!(version(&storage), 2);
            }
        }
    }
}

#[test]
fn reading_survives_failures_of_the_disk() {
    let all = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
    let image = MemoryDisk::new();
    drop(store(Arc::new(image.clone())));
    for after in 0.. {
        let disk = FaultyDisk::new(Arc::new(MemoryDisk::from_image(image.image())));
        // Nothing is cached, so that every page is read from the disk.
        let storage = RedbStorage::open_with(Arc::new(disk.clone()), Tuning::new().cache(0)).unwrap();
        let operation = Some(DiskOperation::Read);
        let effect = DiskEffect::Fails(ErrorKind::Other);
        disk.arm(DiskFault { operation, after, lasting: Lasting::Once, effect });
        let seen = storage.snapshot().and_then(|snapshot| snapshot.scan(TABLE, all));
        if disk.strikes() == 0 {
            assert_eq!(seen.unwrap().len(), 41);
            assert!(after > 10, "the faults never struck");
            break;
        }
        // An answer is whole or an error; the next snapshot works.
        assert!(seen.is_err() || seen.unwrap().len() == 41);
        assert_eq!(storage.snapshot().unwrap().scan(TABLE, all).unwrap().len(), 41);
        assert_eq!(version(&storage), 1);
    }
}

#[test]
fn a_snapshot_from_before_a_failure_says_that_it_is_dead_and_the_next_one_works() {
    let disk = FaultyDisk::new(Arc::new(MemoryDisk::new()));
    let storage = RedbStorage::create_with(Arc::new(disk.clone()), Tuning::new().cache(0)).unwrap();
    storage.commit(&batch(Origin::Local, 1)).unwrap();
    let before = storage.snapshot().unwrap();
    let operation = Some(DiskOperation::Sync);
    let effect = DiskEffect::Fails(ErrorKind::Other);
    disk.arm(DiskFault { operation, after: 0, lasting: Lasting::Once, effect });
    storage.commit(&batch(Origin::Local, 2)).unwrap();
    assert_eq!(before.get(TABLE, b"text").unwrap_err().kind(), &StorageErrorKind::Io);
    assert_eq!(version(&storage), 2);
    drop(before);
    storage.commit(&batch(Origin::Local, 3)).unwrap();
    assert_eq!(version(&storage), 3);
}

#[test]
fn on_a_full_disk_reading_and_removing_work() {
    let disk = FaultyDisk::new(Arc::new(MemoryDisk::new()));
    let storage = store(Arc::new(disk.clone()));
    disk.set_capacity(1_500_000);
    let mut kept = Vec::new();
    let refused = loop {
        let number = u16::try_from(kept.len()).unwrap();
        let mut batch = Batch::new(Origin::Local);
        batch.put(OTHER, number.to_be_bytes(), vec![7; 20_000]);
        match storage.commit(&batch) {
            Ok(()) => kept.push(number),
            Err(error) => break error,
        }
    };
    assert_eq!(refused.kind(), &StorageErrorKind::Full);
    assert!(kept.len() > 5);
    for number in &kept {
        assert!(storage.snapshot().unwrap().get(OTHER, &number.to_be_bytes()).unwrap().is_some());
    }
    for number in &kept[..3] {
        let mut batch = Batch::new(Origin::Local);
        batch.delete(OTHER, number.to_be_bytes());
        storage.commit(&batch).unwrap();
    }
    // What was removed makes room, with the disk as full as before.
    storage.commit(&batch(Origin::Local, 2)).unwrap();
    assert_eq!(version(&storage), 2);
    disk.heal();
    let mut batch = Batch::new(Origin::Local);
    for number in 1000..1100_u16 {
        batch.put(OTHER, number.to_be_bytes(), vec![7; 20_000]);
    }
    storage.commit(&batch).unwrap();
    drop(storage);
    let storage = RedbStorage::open(Arc::new(disk)).unwrap();
    for number in kept[3..].iter().copied().chain(1000..1100) {
        assert!(storage.snapshot().unwrap().get(OTHER, &number.to_be_bytes()).unwrap().is_some(), "{number}");
    }
}

#[test]
fn a_local_commit_waits_for_the_disk_once_and_a_foreign_one_twice() {
    let disk = CountingDisk::new(Arc::new(MemoryDisk::new()));
    let storage = store(Arc::new(disk.clone()));
    for round in 0..100_u8 {
        for (origin, syncs) in [(Origin::Local, 1), (Origin::Foreign, 2)] {
            let before = disk.work();
            storage.commit(&batch(origin, round)).unwrap();
            let work = disk.work() - before;
            assert_eq!((work.syncs, work.resizes), (syncs, 0), "{origin:?}");
            assert!(work.written_bytes < 60_000, "{work:?}");
        }
    }
}

#[test]
fn settling_when_nothing_was_committed_costs_nothing() {
    let disk = CountingDisk::new(Arc::new(MemoryDisk::new()));
    let storage = store(Arc::new(disk.clone()));
    storage.maintain(Maintenance::Settle).unwrap();
    let before = disk.work();
    storage.maintain(Maintenance::Settle).unwrap();
    assert_eq!(disk.work(), before);
    storage.commit(&batch(Origin::Local, 2)).unwrap();
    let before = disk.work();
    storage.maintain(Maintenance::Settle).unwrap();
    assert_eq!((disk.work() - before).syncs, 2);
}

#[test]
fn an_opening_after_settling_and_a_kill_has_nothing_to_repair() {
    let writes_by_opening = |settled: bool| {
        let disk = MemoryDisk::new();
        let storage = store(Arc::new(disk.clone()));
        if settled {
            storage.maintain(Maintenance::Settle).unwrap();
        }
        let killed = CountingDisk::new(Arc::new(MemoryDisk::from_image(disk.image())));
        let storage = RedbStorage::open(Arc::new(killed.clone())).unwrap();
        assert_eq!(version(&storage), 1);
        let opening = killed.work();
        // Only who has repaired needs settling before the next kill.
        storage.maintain(Maintenance::Settle).unwrap();
        assert_eq!((killed.work() - opening).syncs, if settled { 0 } else { 2 });
        opening.writes
    };
    // The mark of being in use, before and after; a repair commits in between.
    let (settled, unsettled) = (writes_by_opening(true), writes_by_opening(false));
    assert!(settled <= 2 && unsettled > 2, "{settled} writes against {unsettled}");
}

#[test]
fn good_value_sizes_fill_their_pages() {
    for size in draftkeep::storage::GOOD_VALUE_SIZES {
        let storage = RedbStorage::create(Arc::new(MemoryDisk::new())).unwrap();
        let count = 3_000_000 / size;
        for number in 0..count {
            let mut batch = Batch::new(Origin::Local);
            let key = [&[7; 64][..], &number.to_be_bytes()].concat();
            batch.put(TABLE, key, vec![7; size]);
            storage.commit(&batch).unwrap();
        }
        let footprint = storage.footprint().unwrap();
        let used = footprint.total - footprint.unused;
        let payload = u64::try_from(count * size).unwrap();
        assert!(used * 100 < payload * 118, "{size}: {used} bytes for {payload}");
    }
}
