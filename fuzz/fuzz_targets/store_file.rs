//! A small store's file, damaged in arbitrary places: no panic through the API, whatever is read, saved or repaired.
//!
//! Six bytes are a change: where (four), what (one), and how (one).

#![no_main]

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::{MemoryDisk, RedbStorage};
use draftkeep::{Filter, Kind, Options, Store};
use libfuzzer_sys::fuzz_target;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

const NOTE: Kind<String> = Kind::new("note");

static IMAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    // The engine's own panics are caught by the library; the fuzzer's hook would end the process at the first.
    std::panic::set_hook(Box::new(|_| {}));
    image().expect("nothing damages it")
});

fn options() -> Options {
    let clock = Arc::new(ManualClock::new());
    Options::with_runtime(clock, Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(1)))
}

fn image() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let disk = MemoryDisk::new();
    let store = Store::with_storage(Arc::new(RedbStorage::create(Arc::new(disk.clone()))?), options())?;
    let notes = store.space("alice")?.drafts(NOTE)?;
    for (number, key) in ["a", "b", "c"].into_iter().enumerate() {
        let draft = notes.slot(key).start(&format!("text {number} ").repeat(40 + number * 400))?;
        let mut edit = draft.edit()?;
        for round in 0..60 {
            edit.doc().push_str(&format!("and {round} "));
            let _ = edit.save()?;
        }
        draft.checkpoint("named")?;
        draft.pin(3)?;
        if number == 1 {
            draft.promote("production-9")?;
        }
    }
    store.compact()?;
    notes.slot("d").start(&"another".to_owned())?.discard()?;
    store.tend()?;
    drop((notes, store));
    Ok(disk.image())
}

fn use_all(disk: MemoryDisk) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::with_storage(Arc::new(RedbStorage::open(Arc::new(disk))?), options())?;
    let _ = store.spaces();
    let _ = store.verify();
    let space = store.space("alice")?;
    let _ = (space.list(&Filter::all()), space.latest(), space.list(&Filter::all().slots_beginning_with("")));
    let notes = space.drafts(NOTE)?;
    for key in ["a", "b", "c", "d", "e"] {
        let _ = notes.slot(key).generations();
        let Ok(Some(draft)) = notes.slot(key).resume() else { continue };
        let _ = (draft.info(), draft.load(), draft.history(), draft.pins());
        let _ = (draft.at(1), draft.at(30), draft.at(61), draft.diff(2, 40), draft.restore(5));
        if let Ok(mut edit) = draft.edit() {
            edit.doc().push_str("more");
            let _ = edit.save();
        }
        let _ = draft.discard();
    }
    let _ = (store.repair(), store.compact(), store.verify());
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    let mut image = IMAGE.clone();
    for change in data.as_chunks::<6>().0.iter().take(40) {
        let [a, b, c, d, byte, how] = *change;
        let at = u32::from_le_bytes([a, b, c, d]) as usize % image.len().max(1);
        let Some(place) = image.get_mut(at) else { break };
        match how % 8 {
            0..=3 => *place ^= 1 << (byte % 8),
            4 => *place = byte,
            5 => image[at..].iter_mut().take(usize::from(byte)).for_each(|place| *place = 0),
            6 => {
                // A sector that was written to the wrong place.
                let from = (at / 512 + usize::from(byte)) * 512 % image.len();
                let sector = image[from..image.len().min(from + 512)].to_vec();
                let to = at / 512 * 512;
                let end = image.len().min(to + sector.len());
                image[to..end].copy_from_slice(&sector[..end - to]);
            }
            _ => image.truncate(image.len() - usize::from(byte) * 16 % image.len().max(1)),
        }
    }
    let used = catch_unwind(AssertUnwindSafe(|| use_all(MemoryDisk::from_image(image))));
    if used.is_err() {
        eprintln!("a panic came through the API");
        std::process::abort();
    }
});
