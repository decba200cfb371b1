//! Whatever a program of calls does, a store answers as a plain model of it: documents per version, in maps.
#![allow(clippy::cast_possible_truncation, reason = "small numbers of the test's own")]
#![allow(clippy::needless_pass_by_value, reason = "what was wanted is compared once, where it stands")]
#![allow(clippy::similar_names, reason = "a draft and its like in the model")]

use draftkeep::storage::{MemoryStorage, Storage};
use model::calls::Call;
use model::player::{Player, Setting};
use proptest::prelude::*;
use std::sync::Arc;

#[path = "model/mod.rs"]
mod model;

fn config(cases: u32) -> ProptestConfig {
    let effort = std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1_u32);
    ProptestConfig { cases: cases.saturating_mul(effort), failure_persistence: None, ..ProptestConfig::default() }
}

/// Programs of up to this many calls.
fn calls(most: usize) -> impl Strategy<Value = Vec<Call>> {
    prop::collection::vec(any::<[u8; 4]>().prop_map(Call::read), 0..most)
}

fn play_in_memory(calls: Vec<Call>, setting: u8, seed: u64) {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let opening = Box::new(move || Arc::clone(&storage));
    Player::new(opening, Setting::numbered(setting), seed).play(calls);
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn a_store_in_memory_answers_as_the_model(calls in calls(160), setting in 0_u8..32, seed in any::<u64>()) {
        play_in_memory(calls, setting, seed);
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a_long_program_in_memory_answers_as_the_model(calls in calls(1_500), setting in 0_u8..32) {
        play_in_memory(calls, setting, 1);
    }
}

#[cfg(feature = "redb")]
mod on_redb {
    use super::{Player, Setting, calls, config};
    use draftkeep::storage::{Disk, MemoryDisk, RedbStorage, Storage};
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #![proptest_config(config(60))]

        #[test]
        fn a_store_on_redb_answers_as_the_model(calls in calls(160), setting in 0_u8..32, seed in any::<u64>()) {
            let disk = MemoryDisk::new();
            let opening = Box::new(move || -> Arc<dyn Storage> {
                let is_new = disk.len().unwrap() == 0;
                let disk = Arc::new(disk.clone());
                Arc::new(if is_new { RedbStorage::create(disk).unwrap() } else { RedbStorage::open(disk).unwrap() })
            });
            Player::new(opening, Setting::numbered(setting), seed).play(calls);
        }
    }
}
