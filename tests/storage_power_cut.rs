//! What a power cut leaves: every acknowledged commit, and of an unfinished one all or nothing.
//!
//! Method: record one run of commits on a disk that remembers its operations, cut the power at each of them in many ways,
//! open what is left (cutting the power again while it is repaired), and compare with what had been acknowledged.
#![cfg(feature = "redb")]

use draftkeep::storage::faults::PowerCutDisk;
use draftkeep::storage::{
    Batch, Entry, Maintenance, MemoryDisk, MemoryStorage, Order, Origin, RedbStorage, Scan, Storage, Table,
};
use std::sync::Arc;

const TABLES: [Table; 2] = [Table::new(0), Table::new(200)];

fn effort() -> u64 {
    std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1)
}

type Content = Vec<Vec<Entry>>;

fn content(storage: &dyn Storage) -> Content {
    let snapshot = storage.snapshot().unwrap();
    let all = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
    TABLES.iter().map(|table| snapshot.scan(*table, all).unwrap()).collect()
}

fn mix(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// A batch of a writing application: a few keys of few, values of very different sizes, now and then a removal.
fn batch(seed: u64) -> Batch {
    let origin = if mix(seed).is_multiple_of(4) { Origin::Foreign } else { Origin::Local };
    let mut batch = Batch::new(origin);
    for index in 0..=mix(seed + 1) % 4 {
        let dice = mix(seed * 31 + index).to_le_bytes();
        let table = TABLES[usize::from(dice[0].is_multiple_of(3))];
        let key = [dice[1] % 24];
        let len = [0, 30, 500, 2_000, 4_000, 4_096, 16_000, 65_000][usize::from(dice[2] % 8)];
        if dice[3].is_multiple_of(7) {
            batch.delete(table, key);
        } else {
            batch.put(table, key, vec![dice[4]; len]);
        }
    }
    batch
}

/// A recorded run: after how many operations what was acknowledged.
struct Run {
    disk: PowerCutDisk,
    acknowledged: Vec<(usize, Content)>,
}

fn run(seed: u64, disk: PowerCutDisk) -> Run {
    let storage = RedbStorage::create(Arc::new(disk.clone())).unwrap();
    let model = MemoryStorage::new();
    let mut acknowledged = vec![(disk.operations(), content(&model))];
    for step in 0..25 {
        match mix(seed * 1_000 + step) % 12 {
            0 => drop(storage.maintain(Maintenance::Settle).unwrap()),
            1 => drop(storage.maintain(Maintenance::Compact).unwrap()),
            _ => {
                let batch = batch(seed * 1_000 + step);
                storage.commit(&batch).unwrap();
                model.commit(&batch).unwrap();
                acknowledged.push((disk.operations(), content(&model)));
            }
        }
    }
    drop(storage);
    Run { disk, acknowledged }
}

impl Run {
    /// Judges what is left after a cut; `Err` says what is wrong with it.
    fn judge(&self, at: usize, image: Vec<u8>) -> Result<(), String> {
        let last = self.acknowledged.iter().rposition(|(operations, _)| *operations <= at);
        let storage = match (RedbStorage::open(Arc::new(MemoryDisk::from_image(image))), last) {
            (Ok(storage), _) => storage,
            (Err(_), None) => return Ok(()),
            (Err(error), Some(_)) => return Err(format!("cannot be opened: {error:?}")),
        };
        let seen = content(&storage);
        let last = last.unwrap_or(0);
        let allowed = &self.acknowledged[last..self.acknowledged.len().min(last + 2)];
        if !allowed.iter().any(|(_, content)| *content == seen) {
            return Err("something else than what was acknowledged".to_owned());
        }
        // And it goes on.
        let next = batch(at as u64);
        storage.commit(&next).map_err(|error| format!("cannot be written: {error:?}"))?;
        let model = MemoryStorage::new();
        for (table, entries) in TABLES.iter().zip(seen) {
            let mut before = Batch::new(Origin::Local);
            for (key, value) in entries {
                before.put(*table, key, value);
            }
            model.commit(&before).unwrap();
        }
        model.commit(&next).unwrap();
        if content(&storage) == content(&model) { Ok(()) } else { Err("a commit afterwards went wrong".to_owned()) }
    }
}

/// Opens an image and cuts the power again while it is repaired or just after, `depth` times.
fn cut_again(mut image: Vec<u8>, seed: u64, depth: u64) -> Vec<u8> {
    for level in 0..depth {
        let disk = PowerCutDisk::new(image.clone());
        drop(RedbStorage::open(Arc::new(disk.clone())));
        let dice = mix(seed ^ (level << 32));
        image = disk.cut(usize::try_from(dice).unwrap_or(0) % (disk.operations() + 1), dice);
    }
    image
}

#[test]
fn every_acknowledged_commit_survives_a_power_cut_anywhere() {
    let mut images = 0;
    for seed in 0..3 * effort() {
        let run = run(seed, PowerCutDisk::new(Vec::new()));
        for at in 0..=run.disk.operations() {
            let cut = mix(seed * 100_000 + at as u64);
            if let Err(what) = run.judge(at, run.disk.cut(at, cut)) {
                panic!("run {seed}, cut at {at} with {cut}: {what}");
            }
            images += 1;
        }
    }
    assert!(images > 300, "only {images} images");
}

#[test]
fn every_acknowledged_commit_survives_power_cuts_during_recovery() {
    for seed in 100..100 + 2 * effort() {
        let run = run(seed, PowerCutDisk::new(Vec::new()));
        for at in (0..=run.disk.operations()).step_by(2) {
            let cut = mix(seed * 100_000 + at as u64);
            let depth = 1 + cut % 3;
            if let Err(what) = run.judge(at, cut_again(run.disk.cut(at, cut), cut, depth)) {
                panic!("run {seed}, cut at {at} with {cut}, {depth} more: {what}");
            }
        }
    }
}

#[test]
fn the_search_notices_a_disk_that_does_not_sync() {
    let run = run(0, PowerCutDisk::new(Vec::new()).ignoring_sync());
    let lost = (0..=run.disk.operations()).filter(|at| run.judge(*at, run.disk.cut(*at, mix(*at as u64))).is_err());
    assert!(lost.count() > 10);
}
