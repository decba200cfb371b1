//! What a store does on a failing disk: what it acknowledged is there, what it did not is whole or not there at all, and
//! once the cause is gone the same store and the same edits go on.
//!
//! Method: let each operation of each call fail, below the engine and above it, once and until the disk is healed; then
//! hold everything that the public API shows against a plain model, make the call again, and look again.
#![cfg(feature = "redb")]
#![allow(clippy::similar_names, reason = "a desk stands on a disk")]

mod common;

use common::deed::{Ack, Deed};
use common::desk::{Desk, NOTE};
use common::dice::{effort, first};
use common::model::{Model, go_on, observe};
use common::scene::{Scene, Stage, scenes};
use draftkeep::storage::faults::{
    DiskEffect, DiskFault, DiskOperation, FaultyDisk, FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault,
};
use draftkeep::storage::{MemoryDisk, MemoryStorage, RedbStorage, StorageErrorKind};
use draftkeep::{Draft, Edit, EventKind, Events, Options, Saved, Store};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// So many operations of a call fail one by one; of a longer call, the later ones are tried in growing steps.
const EACH: u64 = 8;

#[derive(Debug, Clone)]
enum Fault {
    Disk(DiskFault),
    Storage(StorageFault),
}

impl Fault {
    fn after(&self, after: u64) -> Self {
        match self {
            Self::Disk(fault) => Self::Disk(DiskFault { after, ..*fault }),
            Self::Storage(fault) => Self::Storage(StorageFault { after, ..fault.clone() }),
        }
    }
}

fn disk_faults() -> Vec<Fault> {
    let fault = |operation, kind, lasting| {
        let effect = DiskEffect::Fails(kind);
        Fault::Disk(DiskFault { operation: Some(operation), after: 0, lasting, effect })
    };
    let mut faults = Vec::new();
    for operation in [DiskOperation::Read, DiskOperation::Write, DiskOperation::SetLen, DiskOperation::Sync] {
        for lasting in [Lasting::Once, Lasting::Forever] {
            faults.push(fault(operation, ErrorKind::Other, lasting));
            if operation != DiskOperation::Read {
                faults.push(fault(operation, ErrorKind::StorageFull, lasting));
            }
        }
    }
    faults
}

fn storage_faults() -> Vec<Fault> {
    let fault = |call, effect, lasting| Fault::Storage(StorageFault { call: Some(call), after: 0, lasting, effect });
    let mut faults = Vec::new();
    for lasting in [Lasting::Once, Lasting::Forever] {
        for call in [
            StorageCall::Snapshot,
            StorageCall::Get,
            StorageCall::Scan,
            StorageCall::Commit,
            StorageCall::Maintain,
            StorageCall::Footprint,
        ] {
            faults.push(fault(call, StorageEffect::Fails(StorageErrorKind::Io), lasting));
        }
        faults.push(fault(StorageCall::Commit, StorageEffect::Fails(StorageErrorKind::Full), lasting));
        faults.push(fault(StorageCall::Commit, StorageEffect::FailsAfterwards(StorageErrorKind::Io), lasting));
    }
    faults
}

/// A store just before a call, with the faults in between.
struct Rehearsal {
    desk: Desk,
    model: Model,
    memory: MemoryDisk,
    disk: FaultyDisk,
    storage: FaultyStorage,
    events: Events,
}

impl Rehearsal {
    fn new(stage: &Stage, before: &[Deed], deed: &Deed) -> Self {
        let memory = MemoryDisk::from_image(stage.image.clone());
        let disk = FaultyDisk::new(Arc::new(memory.clone()));
        let storage = FaultyStorage::new(Arc::new(RedbStorage::open(Arc::new(disk.clone())).unwrap()));
        let mut desk = Desk::at(Arc::new(storage.clone()), &stage.runtime.fork(7)).unwrap();
        desk.ids = stage.ids.clone();
        let mut model = stage.model.clone();
        desk.do_all(before, |deed, ack| model = model.after(deed, ack)).unwrap();
        desk.prepare(deed).unwrap();
        let events = desk.store.events();
        Self { desk, model, memory, disk, storage, events }
    }

    fn strikes(&self) -> u64 {
        self.disk.strikes() + self.storage.strikes()
    }
}

#[derive(Debug, Default)]
struct Count {
    runs: usize,
    errors: usize,
    took_effect: usize,
    errors_by_call: BTreeMap<String, usize>,
}

/// Makes a call with a fault in its way; `Ok(false)` where the fault came too late.
fn strike(
    stage: &Stage,
    before: &[Deed],
    deed: &Deed,
    expected: &Ack,
    fault: &Fault,
    count: &Mutex<Count>,
) -> Result<bool, String> {
    let mut at = Rehearsal::new(stage, before, deed);
    let texts = at.desk.texts_in_hand();
    match fault {
        Fault::Disk(fault) => at.disk.arm(*fault),
        Fault::Storage(fault) => at.storage.arm(fault.clone()),
    }
    let answer = at.desk.act(deed);
    at.disk.heal();
    at.storage.heal();
    if at.strikes() == 0 {
        return Ok(false);
    }
    let told = told(&mut at.events);
    let (was, mut is) = (at.model.seen(), at.model.after(deed, expected).seen());
    let mut seen = observe(&at.desk.store)?;
    let (failed, took_effect) = (answer.is_err(), seen == is);
    match answer {
        Ok(ack) => {
            is = at.model.after(deed, &ack).seen();
            if seen != is {
                return Err(format!("acknowledged, but {seen:#?}\ninstead of {is:#?}"));
            }
            if !at.desk.is_all_safe() {
                return Err("acknowledged, but autosave says that something is not safe".to_owned());
            }
        }
        Err(error) => {
            if seen != was && !took_effect {
                return Err(format!("after {error}: half of it: {seen:#?}"));
            }
            if let Some(told) = told {
                return Err(format!("after {error}: {told:?} was told all the same"));
            }
            if at.desk.texts_in_hand() != texts {
                return Err(format!("after {error}: an edit lost its text"));
            }
            if seen == was || deed.is_repeatable() {
                let again = at.desk.act(deed).map_err(|again| format!("after {error}, healed: {again}"))?;
                if seen == was {
                    is = at.model.after(deed, &again).seen();
                }
                seen = observe(&at.desk.store)?;
                if seen != is {
                    return Err(format!("after {error}, repeated: {seen:#?}\ninstead of {is:#?}"));
                }
                if again.versions != expected.versions {
                    return Err(format!("after {error}, repeated: {again:?} instead of {expected:?}"));
                }
            }
        }
    }
    at.desk.rest();
    go_on(&at.desk, &mut seen).map_err(|error| format!("it does not go on: {error}"))?;
    // Not only in memory: on the disk, too.
    let image = at.memory.image();
    let there =
        Desk::open(Arc::new(MemoryDisk::from_image(image)), &stage.runtime.fork(8)).map_err(|e| e.to_string())?;
    let there = observe(&there.store)?;
    if there != seen {
        return Err(format!("on the disk there is something else: {there:#?}\ninstead of {seen:#?}"));
    }
    let mut count = count.lock().unwrap();
    count.runs += 1;
    count.errors += usize::from(failed);
    count.took_effect += usize::from(failed && took_effect && was != is);
    if failed {
        *count.errors_by_call.entry(deed.word()).or_default() += 1;
    }
    Ok(true)
}

/// The first event that says that something was changed.
fn told(events: &mut Events) -> Option<EventKind> {
    std::iter::from_fn(|| events.try_next()).map(|event| event.what).find(|what| {
        matches!(
            what,
            EventKind::Saved { .. }
                | EventKind::Merged { .. }
                | EventKind::ConflictDetected { .. }
                | EventKind::ConflictSettled { .. }
                | EventKind::Started
                | EventKind::Promoted { .. }
                | EventKind::Archived
                | EventKind::Reopened
                | EventKind::Discarded
                | EventKind::Restored { .. }
                | EventKind::Checkpointed { .. }
                | EventKind::Purged
                | EventKind::ReplicaChanged { .. }
        )
    })
}

/// Lets every operation of every call of a scene fail; `Err` is what went wrong.
fn search(scene: &Scene, seed: u64, faults: &[Fault], share: usize, count: &Mutex<Count>) -> Result<(), String> {
    let stage = scene.stage(seed);
    for (number, deed) in scene.deeds.iter().enumerate() {
        let before = &scene.deeds[..number];
        let expected = Rehearsal::new(&stage, before, deed).desk.act(deed).unwrap();
        let each = if matches!(deed, Deed::Compact) { 1 } else { EACH };
        let turn = usize::try_from(seed).unwrap() + number;
        for fault in faults.iter().skip(turn % share).step_by(share) {
            let mut after = 0;
            loop {
                let fault = fault.after(after);
                let struck = strike(&stage, before, deed, &expected, &fault, count).map_err(|what| {
                    let scene = scene.name;
                    format!("DRAFTKEEP_FIRST={seed}, scene {scene:?}, {deed:.60?}, {fault:?}: {what}")
                })?;
                if !struck {
                    break;
                }
                after += 1 + after / (each * effort());
            }
        }
    }
    Ok(())
}

/// Tries the faults of all scenes: of each call one in `share`, in turns.
fn search_all(faults: &[Fault], share: usize) -> Count {
    let seed = first();
    let scenes = scenes(seed);
    let (next, count, wrong) = (AtomicUsize::new(0), Mutex::new(Count::default()), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(scene) = scenes.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(what) = search(scene, seed, faults, share, &count) {
                        wrong.lock().unwrap().push(what);
                        return;
                    }
                }
            });
        }
    });
    let (count, wrong) = (count.into_inner().unwrap(), wrong.into_inner().unwrap());
    println!("{count:?}");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    count
}

#[test]
fn any_operation_of_the_disk_may_fail_in_any_call() {
    let share = if effort() > 1 { 1 } else { 2 };
    let count = search_all(&disk_faults(), share);
    assert!(count.runs > 1_000 && count.errors > 400, "the search has become small");
}

#[test]
fn any_call_of_the_storage_may_fail_before_or_after_its_effect() {
    let count = search_all(&storage_faults(), 1);
    assert!(count.runs > 1_000 && count.took_effect > 30, "the search has become small");
}

/// A draft, and an edit of it whose save has become durable and failed all the same.
fn saved_without_knowing() -> (Store, Draft<String>, Edit<String>) {
    let storage = FaultyStorage::new(Arc::new(MemoryStorage::new()));
    let store = Store::with_storage(Arc::new(storage.clone()), Options::new()).unwrap();
    let draft = store.space("alice").unwrap().drafts(NOTE).unwrap().start(&"one".to_owned()).unwrap();
    let mut edit = draft.edit().unwrap();
    edit.doc().push_str(", two");
    let effect = StorageEffect::FailsAfterwards(StorageErrorKind::Io);
    storage.arm(StorageFault { call: Some(StorageCall::Commit), after: 0, lasting: Lasting::Once, effect });
    assert!(edit.save().is_err());
    assert_eq!(draft.load().unwrap(), "one, two");
    (store, draft, edit)
}

#[test]
fn an_edit_goes_on_from_a_save_that_it_does_not_know_of() {
    let (_store, draft, mut edit) = saved_without_knowing();
    edit.doc().push_str(", three");
    assert!(matches!(edit.save().unwrap(), Saved::Stored { version: 3, .. }));
    assert_eq!(draft.load().unwrap(), "one, two, three");
}

#[test]
fn an_edit_goes_on_from_a_save_that_it_does_not_know_of_and_that_was_promoted_since() {
    let (_store, draft, mut edit) = saved_without_knowing();
    draft.promote("a page").unwrap();
    draft.checkpoint("on the way").unwrap();
    edit.doc().push_str(", three");
    assert!(matches!(edit.save().unwrap(), Saved::Stored { version: 5, .. }));
    assert_eq!(draft.load().unwrap(), "one, two, three");
}
