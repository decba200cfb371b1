//! Storages that fail, people who type meanwhile, and what retention may drop.

use crate::world::{Device, NOTE, Note, change, hub, note, options};
use draftkeep::hub::Hub;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{Batch, MemoryStorage, Origin, Storage, StorageErrorKind, Table};
use draftkeep::sync::Syncer;
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError};
use draftkeep::{Draft, Retention, Store};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Whichever commit of a cycle fails, done or not: the next cycle ends where one without failures does.
#[test]
fn whichever_commit_of_a_cycle_fails_the_next_one_makes_up_for_it() {
    for effect in [StorageEffect::Fails, StorageEffect::FailsAfterwards] {
        let mut struck = true;
        let mut after = 0;
        while struck {
            let hub = hub(1);
            let one = Device::new(2, &hub);
            let storage = FaultyStorage::new(Arc::new(MemoryStorage::new()));
            let store = Store::with_storage(Arc::new(storage.clone()), options(3)).unwrap();
            let space = store.space("alice").unwrap();
            let notes = space.drafts(NOTE).unwrap();
            let syncer = Syncer::new(&space, Arc::clone(&hub));
            let theirs = one.notes.start(&note("Night", "It rained.")).unwrap();
            let both = one.notes.start(&note("Noon", "")).unwrap();
            one.sync();
            block_on(syncer.once()).unwrap();
            change(&theirs, |note| note.body = "It poured.".into());
            change(&both, |note| note.body = "Sun.".into());
            let late = one.notes.start(&note("Day", "")).unwrap();
            one.sync();
            change(&notes.get(both.id()).unwrap().unwrap(), |note| note.tags.push("weather".into()));
            let ours = notes.start(&note("Evening", "")).unwrap();
            let call = Some(StorageCall::Commit);
            let effect = effect(StorageErrorKind::Io);
            storage.arm(StorageFault { call, after, lasting: Lasting::Once, effect });
            struck = block_on(syncer.once()).is_err();
            storage.heal();
            block_on(syncer.once()).unwrap();
            block_on(syncer.once()).unwrap();
            one.sync();
            for draft in [&theirs, &both, &late, &ours] {
                let here = notes.get(draft.id()).unwrap().unwrap_or_else(|| panic!("not here, after {after}"));
                let there = one.the_same(draft);
                assert_eq!(here.info().unwrap().revision, there.info().unwrap().revision, "after {after}");
            }
            let merged = one.the_same(&both).load().unwrap();
            assert_eq!((merged.body.as_str(), merged.tags.len()), ("Sun.", 1));
            assert_eq!(syncer.status().unwrap().pending, 0);
            after += 1;
        }
        assert!(after > 4, "only {after} commits were struck");
    }
}

/// Types into a draft while the hub is asked what it contains.
#[derive(Debug)]
struct Meanwhile {
    hub: Arc<Hub>,
    draft: Mutex<Option<Draft<Note>>>,
    loses: AtomicBool,
}

impl Transport for Typing {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        let this = &self.0;
        if matches!(request.ask, Ask::Contained { .. })
            && let Some(draft) = this.draft.lock().unwrap().take()
        {
            change(&draft, |note| note.body.push_str(" It poured."));
        }
        let loses = matches!(request.ask, Ask::Push { .. }) && this.loses.swap(false, Ordering::Relaxed);
        Box::pin(async move {
            let answer = this.hub.send(request).await;
            if loses { Err(TransportError::unreachable()) } else { answer }
        })
    }
}

#[derive(Debug, Clone)]
struct Typing(Arc<Meanwhile>);

#[test]
fn what_is_typed_while_the_hub_is_asked_is_not_replaced_by_what_was_decided_before() {
    let hub = hub(1);
    let line =
        Typing(Arc::new(Meanwhile { hub: Arc::clone(&hub), draft: Mutex::default(), loses: AtomicBool::new(true) }));
    let (one, two) = (Device::over(2, line.clone()), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    assert!(one.try_sync().is_err(), "the hub has it, and nobody here knows");
    two.sync();
    change(&two.the_same(&draft), |note| note.tags.push("weather".into()));
    two.sync();
    *line.0.draft.lock().unwrap() = Some(draft.clone());
    one.sync();
    let found = draft.load().unwrap();
    assert_eq!((found.body.as_str(), found.tags.len()), ("It rained. It poured.", 1));
}

#[test]
fn what_the_hub_does_not_have_is_not_purged() {
    let hub = hub(1);
    let storage = Arc::new(MemoryStorage::new());
    let open = || {
        let options = options(2).retention(Retention::default().purge_after(Duration::ZERO));
        Store::with_storage(Arc::clone(&storage) as Arc<dyn draftkeep::storage::Storage>, options).unwrap()
    };
    let store = open();
    let space = store.space("alice").unwrap();
    let notes = space.drafts(NOTE).unwrap();
    let draft = notes.start(&note("Night", "")).unwrap();
    block_on(Syncer::new(&space, Arc::clone(&hub)).once()).unwrap();
    change(&draft, |note| note.body = "It rained.".into());
    draft.discard().unwrap();
    let again = store.space("alice").unwrap();
    assert!(again.swept().purged.is_empty(), "it may be the last copy");
    block_on(Syncer::new(&again, Arc::clone(&hub)).once()).unwrap();
    assert_eq!(store.space("alice").unwrap().swept().purged, [draft.id()]);
}

/// Without the text that both counted on, nobody can say what each of them added.
#[test]
fn what_both_counted_on_is_damaged_and_nothing_is_counted_wrong() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let storage = MemoryStorage::new();
    let store = Store::with_storage(Arc::new(storage.clone()), options(3)).unwrap();
    let space = store.space("alice").unwrap();
    let syncer = Syncer::new(&space, Arc::clone(&hub));
    let theirs = one.notes.start(&Note { views: 5, ..note("Night", "") }).unwrap();
    one.sync();
    block_on(syncer.once()).unwrap();
    let ours = space.drafts(NOTE).unwrap().get(theirs.id()).unwrap().unwrap();
    change(&theirs, |note| note.views += 1);
    change(&ours, |note| note.views += 1);
    one.sync();
    let key = [&1_u32.to_be_bytes()[..], ours.id().as_bytes(), &1_u64.to_be_bytes()].concat();
    let mut batch = Batch::new(Origin::Local);
    batch.delete(Table::new(3), key);
    storage.commit(&batch).unwrap();
    assert!(ours.at(1).is_err(), "what both counted on cannot be read");
    let report = block_on(syncer.once()).unwrap();
    assert_eq!((report.conflicts, report.merged), (1, 0), "two that each added 1 may not have added 1 together");
    assert_eq!(ours.load().unwrap().views, 6);
    assert_eq!(syncer.status().unwrap().conflicts, 1, "somebody has to say");
}
