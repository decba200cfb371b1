//! Arbitrary programs of calls: a store answers as a plain model of it. The first byte chooses the storage and the
//! settings, each four of the others are a call.

#![no_main]

use draftkeep::storage::{Disk, MemoryDisk, MemoryStorage, RedbStorage, Storage};
use libfuzzer_sys::fuzz_target;
use model::player::{Opening, Player, Setting};
use std::sync::Arc;

#[path = "../../tests/model/mod.rs"]
mod model;

/// Longer programs find nothing that shorter ones do not, and take longer.
const BYTES_MAX: usize = 4 * 400;

fuzz_target!(|data: &[u8]| {
    let Some((choice, calls)) = data.split_first() else { return };
    let opening: Opening = if choice & 16 == 0 {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        Box::new(move || Arc::clone(&storage))
    } else {
        let disk = MemoryDisk::new();
        Box::new(move || {
            let is_new = disk.len().expect("memory has a length") == 0;
            let disk = Arc::new(disk.clone());
            let storage = if is_new { RedbStorage::create(disk) } else { RedbStorage::open(disk) };
            Arc::new(storage.expect("nothing damaged it"))
        })
    };
    let calls = &calls[..calls.len().min(BYTES_MAX)];
    Player::new(opening, Setting::numbered(*choice), 1).play(model::calls::program(calls));
});
