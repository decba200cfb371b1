//! A draft's history: what it costs in bytes and in time when somebody's typing is saved as autosave would.
//!
//! `cargo bench --bench history -- TRACE`, or with the path in `DRAFTKEEP_TRACE`, replays a recording by its own times;
//! see `common/trace.rs` for the format. Without a path, typing is generated. The store is a file; its clock is the
//! recording's, so it tidies up in each pause that was one.

mod common;

use common::Outcome;
use common::random::Random;
use common::stats::{float, folder, has, median, percentile, timed};
use common::trace::{self, Save, zstd_long};
use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue, Timestamp};
use draftkeep::storage::{FileDisk, Order, RedbStorage, Scan, Storage, Table};
use draftkeep::{Draft, Kind, Options, Store};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Serialize, Deserialize)]
struct Text {
    text: String,
}

const TEXT: Kind<Text> = Kind::new("text");

/// The number of tables that a store has, and more.
const TABLES: u8 = 32;

fn main() -> Outcome {
    let (name, mut saves) = trace::given();
    if has("--quick") {
        saves.truncate(200);
    }
    let place = folder()?;
    let path = place.path().join("store");
    let clock = ManualClock::at(Timestamp::from_millis(u64::try_from(saves[0].time_ms)?));
    let tasks = TaskQueue::new();
    let options = || {
        let (clock, tasks) = (Arc::new(clock.clone()), Arc::new(tasks.clone()));
        Options::with_runtime(clock, tasks, Arc::new(SeededEntropy::new(1)))
    };
    let empty = used_when_empty(&place.path().join("empty"), options())?;
    let storage: Arc<dyn Storage> = Arc::new(RedbStorage::create(Arc::new(FileDisk::create(&path)?))?);
    let store = Store::with_storage(Arc::clone(&storage), options())?;
    let replayed = replay(&store, &saves, &clock, &tasks)?;
    let draft = replayed.draft;
    let (texts, full) = (saves.len(), saves.iter().map(|save| save.body.len()).sum::<usize>());
    let all: Vec<u8> = saves.iter().flat_map(|save| save.body.iter().copied()).collect();
    let baseline = zstd_long(&all);

    println!("{texts} versions of {name}, the last of {} bytes", saves[texts - 1].body.len());
    println!("{:<52} {:>14} {:>10}   goal", "what", "", "ratio");
    bytes("full copies", full, baseline, "");
    bytes("zstd -19 --long=27 of all versions (the baseline)", baseline, baseline, "");
    let before = reading(&draft, &saves)?;
    bytes("pages in use, as background work left them", used(&store)? - empty, baseline, "8");
    bytes("of these, records", records(&*storage)?, baseline, "");
    let (_, compacting) = timed(|| Ok(store.compact()?))?;
    bytes("pages in use after compact()", used(&store)? - empty, baseline, "2");
    bytes("of these, records", records(&*storage)?, baseline, "");
    bytes("the file after compact()", usize::try_from(std::fs::metadata(&path)?.len())?, baseline, "");
    time("compact()", compacting, "");
    drop((draft, store, storage));
    let storage = RedbStorage::open(Arc::new(FileDisk::open(&path)?))?;
    let store = Store::with_storage(Arc::new(storage), options())?;
    let drafts = store.space("bench")?.drafts(TEXT)?;
    let draft = drafts.slot("text").resume()?.ok_or("the draft is gone")?;
    let (_, opening) = timed(|| Ok(draft.at(1)?))?;
    for (name, times) in &before {
        time(&format!("{name}, before compact()"), median(times.iter().copied()), "3 ms");
    }
    time("first version, the first read after opening", opening, "3 ms");
    for (name, times) in &reading(&draft, &saves)? {
        time(&format!("{name}, after compact()"), median(times.iter().copied()), "3 ms");
        time("    slowest", percentile(times.iter().copied(), 100), "");
    }
    time("a save, median", median(replayed.saving.iter().copied()), "");
    time("a save, p95", percentile(replayed.saving.iter().copied(), 95), "");
    time("tidying in a pause, median", median(replayed.tidying.iter().copied()), "");
    time("tidying in a pause, slowest", percentile(replayed.tidying.iter().copied(), 100), "");
    Ok(())
}

struct Replayed {
    draft: Draft<Text>,
    saving: Vec<f64>,
    tidying: Vec<f64>,
}

/// Saves each version at its own time, and lets the background work run in the pauses.
fn replay(store: &Store, saves: &[Save], clock: &ManualClock, tasks: &TaskQueue) -> Outcome<Replayed> {
    let drafts = store.space("bench")?.drafts(TEXT)?;
    let draft = drafts.slot("text").start(&serde_json::from_slice(&saves[0].body)?)?;
    let mut edit = draft.edit()?;
    let (mut saving, mut tidying) = (Vec::new(), Vec::new());
    for pair in saves.windows(2) {
        let pause = Duration::from_millis(u64::try_from(pair[1].time_ms - pair[0].time_ms)?);
        let tidy = || {
            tasks.run_for(clock, pause);
            Ok(())
        };
        tidying.push(timed(tidy)?.1);
        *edit.doc() = serde_json::from_slice(&pair[1].body)?;
        saving.push(timed(|| Ok(edit.save()?))?.1);
    }
    tasks.run_for(clock, Duration::from_secs(10));
    Ok(Replayed { draft, saving, tidying })
}

/// How long versions take to be read; each is held against what was saved.
fn reading(draft: &Draft<Text>, saves: &[Save]) -> Outcome<Vec<(&'static str, Vec<f64>)>> {
    let mut random = Random::new(7);
    let read = |at: usize| -> Outcome<f64> {
        let (version, time) = timed(|| Ok(draft.at(at as u64 + 1)?))?;
        if serde_json::to_vec(&version.doc)? == saves[at].body { Ok(time) } else { Err("another text".into()) }
    };
    let last = saves.len() - 1;
    let mut found = Vec::new();
    for (name, at) in [("first version", 0), ("middle version", last / 2), ("last version", last)] {
        found.push((name, (0..15).map(|_| read(at)).collect::<Outcome<Vec<f64>>>()?));
    }
    found.push(("random versions", (0..100).map(|_| read(random.below(last + 1))).collect::<Outcome<Vec<f64>>>()?));
    Ok(found)
}

/// The bytes of pages in use once the store has settled.
fn used(store: &Store) -> Outcome<usize> {
    store.tend()?;
    let footprint = store.footprint()?;
    Ok(usize::try_from(footprint.total - footprint.unused)?)
}

fn used_when_empty(path: &Path, options: Options) -> Outcome<usize> {
    let store = Store::with_storage(Arc::new(RedbStorage::create(Arc::new(FileDisk::create(path)?))?), options)?;
    drop(store.space("bench")?);
    used(&store)
}

/// The bytes of all keys and values.
fn records(storage: &dyn Storage) -> Outcome<usize> {
    let snapshot = storage.snapshot()?;
    let mut bytes = 0;
    for table in (0..TABLES).map(Table::new) {
        let mut from = vec![0];
        loop {
            let page = snapshot.scan(table, Scan { from: &from, to: None, order: Order::Ascending, limit: 100 })?;
            let Some((last, _)) = page.last() else { break };
            from = [last.as_slice(), &[0]].concat();
            bytes += page.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        }
    }
    Ok(bytes)
}

fn bytes(what: &str, bytes: usize, baseline: usize, goal: &str) {
    let ratio = float(bytes as u64) / float(baseline as u64);
    println!("{what:<52} {bytes:>12} B {ratio:>10.2}   {goal}");
}

fn time(what: &str, seconds: f64, goal: &str) {
    println!("{what:<52} {:>11.3} ms {:>10}   {goal}", seconds * 1e3, "");
}
