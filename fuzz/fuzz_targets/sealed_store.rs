//! The records of a sealed store, changed by somebody without the keys who makes their hashes fit: no panic through the API, and no text is
//! read that nobody wrote.
//!
//! Six bytes are a change: which record (two), where in it or which other one (two), what (one), and how (one). What is missing of the last one
//! follows from the others: each run takes long, and a fuzzer begins with few bytes.

#![no_main]

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::seal::{Key, MemoryKeyRing};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, Table};
use draftkeep::{Draft, Kind, Options, Store};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

const NOTE: Kind<String> = Kind::new("note");
const KEYS: [&str; 2] = ["a", "b"];
/// One run of versions is full then, and another one begun.
const ROUNDS: usize = 66;
const HASH: usize = 32;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
type Records = Vec<(Table, Vec<u8>, Vec<u8>)>;

static RECORDS: LazyLock<Records> = LazyLock::new(|| records().expect("nothing changes them"));

fn options() -> Options {
    let clock = Arc::new(ManualClock::new());
    let key = |byte| Key::from_bytes([byte; Key::LEN]);
    Options::with_runtime(clock, Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(1)))
        .key_ring(MemoryKeyRing::new(key(1), key(2)))
}

/// What a slot's draft begins with, and goes on with in each round.
fn beginning(number: usize) -> String {
    format!("text {number} ").repeat(3 + number * 100)
}

fn is_known(text: &str) -> bool {
    let of = |number| {
        let mut rest = text.strip_prefix(&beginning(number)[..])?;
        for round in 0..ROUNDS {
            rest = rest.strip_prefix(&format!("and {round} ")[..]).unwrap_or(rest);
        }
        Some(rest.chars().all(|letter| letter == '+'))
    };
    (0..KEYS.len()).any(|number| of(number) == Some(true))
}

fn records() -> Result<Records> {
    let storage = Arc::new(MemoryStorage::new());
    let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, options())?;
    let notes = store.space("alice")?.drafts(NOTE)?;
    for (number, key) in KEYS.into_iter().enumerate() {
        let draft = notes.slot(key).start(&beginning(number))?;
        let mut edit = draft.edit()?;
        for round in 0..ROUNDS {
            edit.doc().push_str(&format!("and {round} "));
            let _ = edit.save()?;
        }
        draft.checkpoint("named")?;
        draft.pin(3)?;
    }
    store.compact()?;
    drop((notes, store));
    let (snapshot, mut records) = (storage.snapshot()?, Vec::new());
    for table in (0..=u8::MAX).map(Table::new) {
        let scan = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
        records.extend(snapshot.scan(table, scan)?.into_iter().map(|(key, value)| (table, key, value)));
    }
    Ok(records)
}

/// The record with a hash that fits.
fn fitting(table: Table, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[table.number()]).update(&(key.len() as u32).to_le_bytes()).update(key);
    [payload, hasher.update(payload).finalize().as_bytes()].concat()
}

fn change(records: &mut Records, change: [u8; 6]) {
    let [a, b, c, d, byte, how] = change;
    let (number, other) = (usize::from(u16::from_le_bytes([a, b])), usize::from(u16::from_le_bytes([c, d])));
    let (number, of) = (number % records.len(), other % records.len());
    let payload_of = |number: usize| {
        let (_, _, value) = &records[number];
        value[..value.len().saturating_sub(HASH)].to_vec()
    };
    let mut payload = payload_of(number);
    match how % 8 {
        // Of another place.
        0 | 1 => payload = payload_of(of),
        2 => payload.truncate(other % (payload.len() + 1)),
        3 => payload.extend_from_slice(&[byte; 3]),
        4 => {
            records.remove(number);
            return;
        }
        _ if payload.is_empty() => {}
        5 => {
            let at = other % payload.len();
            payload[at] = byte;
        }
        _ => {
            let at = other % payload.len();
            payload[at] ^= 1 << (byte % 8);
        }
    }
    let (table, key, _) = &records[number];
    let value = fitting(*table, key, &payload);
    records[number].2 = value;
}

fn look(draft: &Draft<String>) {
    for version in [1, 40, 67] {
        if let Ok(text) = draft.at(version).map(|version| version.doc) {
            assert!(is_known(&text), "nobody wrote {text:.80}…");
        }
    }
    if let Ok(text) = draft.load() {
        assert!(is_known(&text), "nobody wrote {text:.80}…");
    }
}

fn use_all(records: &Records) -> Result {
    let storage = Arc::new(MemoryStorage::new());
    let mut batch = Batch::new(Origin::Foreign);
    for (table, key, value) in records {
        batch.put(*table, key.clone(), value.clone());
    }
    storage.commit(&batch)?;
    let store = Store::with_storage(storage, options())?;
    let space = store.space("alice")?;
    let notes = space.drafts(NOTE)?;
    for repaired in [false, true] {
        for key in KEYS {
            let Ok(Some(draft)) = notes.slot(key).resume() else { continue };
            look(&draft);
            let _ = (draft.info(), draft.history());
            if let Ok(mut edit) = draft.edit() {
                edit.doc().push('+');
                let _ = edit.save();
            }
        }
        if !repaired {
            let _ = store.repair();
        }
    }
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    let mut records = RECORDS.clone();
    let rest = blake3::hash(data);
    let data = [data, &rest.as_bytes()[..6 - data.len() % 6]].concat();
    for bytes in data.as_chunks::<6>().0.iter().take(20) {
        change(&mut records, *bytes);
    }
    let _ = use_all(&records);
});
