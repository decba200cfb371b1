//! Damaged bytes below the engine: whatever they make of an answer, nothing panics, and nothing is written over.
#![cfg(feature = "redb")]

use draftkeep::storage::{
    Batch, MemoryDisk, Order, Origin, RedbStorage, Scan, Storage, StorageError, StorageErrorKind, Table,
    is_panic_caught,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TABLE: Table = Table::new(1);

/// The engine's panics that a hook was asked about.
static CAUGHT: AtomicUsize = AtomicUsize::new(0);

fn image() -> Vec<u8> {
    let disk = MemoryDisk::new();
    let storage = RedbStorage::create(Arc::new(disk.clone())).unwrap();
    for number in 0..60_u8 {
        let mut batch = Batch::new(Origin::Local);
        batch.put(TABLE, [number], vec![number; 900]);
        storage.commit(&batch).unwrap();
    }
    drop(storage);
    disk.image()
}

fn read_all(storage: &RedbStorage) -> Result<usize, StorageError> {
    let snapshot = storage.snapshot()?;
    let scan = Scan { from: b"", to: None, order: Order::Descending, limit: usize::MAX };
    (0..60_u8).try_for_each(|number| snapshot.get(TABLE, &[number]).map(drop))?;
    Ok(snapshot.scan(TABLE, scan)?.len())
}

/// An opening may repair; a failed one must not have written.
#[test]
fn flipped_bits_give_answers_or_errors_and_never_a_panic() {
    // The engine's panics are caught, but the hook is asked about each. Whoever wants to be quiet about those alone can tell.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if is_panic_caught() {
            CAUGHT.fetch_add(1, Ordering::SeqCst);
        } else {
            usual(panic);
        }
    }));
    let whole = image();
    let effort: usize = std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1);
    // Every other flip hits the beginning of a page, where the engine's own numbers are.
    let used: Vec<usize> = (0..whole.len()).filter(|index| whole[*index] != 0).collect();
    let heads: Vec<usize> = used.iter().copied().filter(|index| index % 4_096 < 40).collect();
    let mut refused = 0;
    let mut readable = 0;
    for round in 0..600 * effort {
        let mut damaged = whole.clone();
        let places = if round % 2 == 0 { &used } else { &heads };
        let index = places[(round * 7_919) % places.len()];
        damaged[index] ^= 1 << (round % 8);
        let disk = MemoryDisk::from_image(damaged.clone());
        let opened = std::panic::catch_unwind(|| RedbStorage::open(Arc::new(disk.clone())));
        match opened.expect("a panic when opening") {
            Err(error) => {
                let fits =
                    matches!(error.kind(), StorageErrorKind::Corrupt { .. } | StorageErrorKind::NotAStore { .. });
                assert!(fits, "byte {index}: {error:?}");
                assert!(disk.image() == damaged, "byte {index}: a failed opening has written");
                refused += 1;
            }
            Ok(storage) => {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let read = read_all(&storage);
                    let mut batch = Batch::new(Origin::Local);
                    batch.put(TABLE, [30_u8], b"new");
                    let written = storage.commit(&batch);
                    if read.is_ok() && written.is_err() {
                        // Damage that stops writing takes nothing from reading.
                        assert_eq!(read_all(&storage).ok(), read.as_ref().ok().copied());
                        readable += 1;
                    }
                    drop(storage);
                    (read, written)
                }));
                let (read, written) = result.unwrap_or_else(|_| panic!("byte {index}: a panic"));
                refused += usize::from(read.is_err() || written.is_err());
            }
        }
    }
    assert!(CAUGHT.load(Ordering::SeqCst) > 0 && !is_panic_caught(), "the engine digested everything");
    assert!(readable > 0, "no flip stopped a commit alone");
    assert!(refused > 10, "only {refused} of the flips were noticed");
}
