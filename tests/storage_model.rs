//! Every storage does what a sorted map does.

use draftkeep::storage::{Batch, Entry, Maintenance, MemoryStorage, Order, Origin, Scan, Snapshot, Storage, Table};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;

type Model = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

#[derive(Debug, Clone)]
enum Step {
    Commit(Origin, Vec<(u8, Vec<u8>, Option<Vec<u8>>)>),
    Look { table: u8, from: Vec<u8>, to: Option<Vec<u8>>, backwards: bool, limit: usize },
    TakeSnapshot,
    Maintain(bool),
    Reopen,
}

/// Few keys, so that they meet; of all lengths and of bytes at the edges.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(0_u8), Just(1), Just(0x7f), Just(0xff)];
    prop_oneof![
        9 => prop::collection::vec(byte.clone(), 1..4),
        1 => (byte, 500_usize..=512).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (any::<u8>(), prop_oneof![Just(1_500_usize), Just(4_096), Just(65_000)]).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let origin = prop_oneof![3 => Just(Origin::Local), 1 => Just(Origin::Foreign)];
    let change = (prop_oneof![Just(0_u8), Just(1), Just(255)], key(), prop::option::weighted(0.7, value()));
    let bound = prop_oneof![3 => key(), 1 => Just(Vec::new())];
    prop_oneof![
        6 => (origin, prop::collection::vec(change, 0..8)).prop_map(|(origin, changes)| Step::Commit(origin, changes)),
        6 => (0_u8..2, bound, prop::option::of(key()), any::<bool>(), 0_usize..9)
            .prop_map(|(table, from, to, backwards, limit)| Step::Look { table, from, to, backwards, limit }),
        1 => Just(Step::TakeSnapshot),
        1 => any::<bool>().prop_map(Step::Maintain),
        1 => Just(Step::Reopen),
    ]
}

fn expected(model: &Model, table: u8, from: &[u8], to: Option<&[u8]>, backwards: bool, limit: usize) -> Vec<Entry> {
    let to = to.map_or(Bound::Excluded((table, vec![0xff; 600])), |to| Bound::Excluded((table, to.to_vec())));
    let range = model.range((Bound::Included((table, from.to_vec())), to));
    let entries = range.map(|((_, key), value)| (key.clone(), value.clone()));
    if backwards { entries.rev().take(limit).collect() } else { entries.take(limit).collect() }
}

/// Compares everything that a snapshot shows with the model.
fn compare(snapshot: &dyn Snapshot, model: &Model) -> Result<(), TestCaseError> {
    for table in [0, 1, 255] {
        let all = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
        let seen = snapshot.scan(Table::new(table), all).unwrap();
        prop_assert_eq!(&seen, &expected(model, table, b"", None, false, usize::MAX));
        for (key, value) in seen {
            prop_assert_eq!(snapshot.get(Table::new(table), &key).unwrap(), Some(value));
        }
    }
    Ok(())
}

fn play<S: Storage>(mut storage: S, reopen: impl Fn(S) -> S, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut model = Model::new();
    let mut taken: Vec<(Box<dyn Snapshot>, Model)> = Vec::new();
    for step in steps {
        match step {
            Step::Commit(origin, changes) => {
                let mut batch = Batch::new(origin);
                for (table, key, value) in changes {
                    if let Some(value) = value {
                        batch.put(Table::new(table), key.clone(), value.clone());
                        model.insert((table, key), value);
                    } else {
                        batch.delete(Table::new(table), key.clone());
                        model.remove(&(table, key));
                    }
                }
                storage.commit(&batch).unwrap();
            }
            Step::Look { table, from, to, backwards, limit } => {
                let order = if backwards { Order::Descending } else { Order::Ascending };
                let scan = Scan { from: &from, to: to.as_deref(), order, limit };
                let seen = storage.snapshot().unwrap().scan(Table::new(table), scan);
                if to.as_ref().is_some_and(|to| *to < from) {
                    prop_assert!(seen.is_err());
                } else {
                    prop_assert_eq!(seen.unwrap(), expected(&model, table, &from, to.as_deref(), backwards, limit));
                }
            }
            Step::TakeSnapshot => taken.push((storage.snapshot().unwrap(), model.clone())),
            Step::Maintain(compacts) => {
                let work = if compacts { Maintenance::Compact } else { Maintenance::Settle };
                storage.maintain(work).unwrap();
            }
            Step::Reopen => {
                for (snapshot, model) in taken.drain(..) {
                    compare(&*snapshot, &model)?;
                }
                storage = reopen(storage);
            }
        }
    }
    for (snapshot, model) in taken {
        compare(&*snapshot, &model)?;
    }
    compare(&*storage.snapshot().unwrap(), &model)
}

fn config(cases: u32) -> ProptestConfig {
    let effort = std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1_u32);
    ProptestConfig { cases: cases.saturating_mul(effort), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn memory_is_a_sorted_map(steps in prop::collection::vec(step(), 0..40)) {
        play(MemoryStorage::new(), |storage| storage, steps)?;
    }
}

#[cfg(feature = "redb")]
mod redb {
    use super::{config, play, step};
    use draftkeep::storage::{MemoryDisk, RedbStorage, StoreFile, Tuning};
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #![proptest_config(config(120))]

        #[test]
        fn redb_is_a_sorted_map(steps in prop::collection::vec(step(), 0..40), caches in any::<bool>()) {
            let disk = Arc::new(MemoryDisk::new());
            let tuning = if caches { Tuning::new() } else { Tuning::new().cache(0) };
            let storage = RedbStorage::create_with(disk.clone(), tuning).unwrap();
            let reopen = |storage| {
                drop(storage);
                RedbStorage::open_with(disk.clone(), tuning).unwrap()
            };
            play(storage, reopen, steps)?;
        }
    }

    proptest! {
        #![proptest_config(config(16))]

        #[test]
        fn redb_in_a_file_is_a_sorted_map(steps in prop::collection::vec(step(), 0..25)) {
            let folder = tempfile::tempdir().unwrap();
            let file = StoreFile::at(folder.path().join("a.redb"));
            let reopen = |storage| {
                drop(storage);
                file.open().unwrap().0
            };
            play(file.create().unwrap().0, reopen, steps)?;
        }
    }
}
