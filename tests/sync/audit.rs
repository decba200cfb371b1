//! What syncing did to drafts is in the audit of each device, under the trace that the hub's audit has.

use crate::world::{
    Device, Line, Loses, NOTE, Note, change, copy, hub, hub_on, hub_taking, long, note, options_with, title,
};
use draftkeep::hub::Hub;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{MemoryStorage, StorageErrorKind};
use draftkeep::{AuditAction, AuditEntry, AuditQuery, EventKind, Guard, Schema};
use std::collections::BTreeSet;
use std::sync::Arc;

fn all(device: &Device) -> Vec<AuditEntry> {
    let page = device.space.audit(&AuditQuery::all().limit(1_000)).unwrap();
    assert!(page.next.is_none());
    let verified = device.store.verify().unwrap();
    assert!(verified.is_intact(), "{verified:?}");
    page.entries
}

/// What was written since the last look.
fn since(device: &Device, seen: &mut u64) -> Vec<AuditAction> {
    let entries = all(device).split_off(usize::try_from(*seen).unwrap());
    *seen += entries.len() as u64;
    entries.into_iter().map(|entry| entry.action).collect()
}

fn hub_id(hub: &Arc<Hub>) -> draftkeep::HubId {
    hub.id()
}

#[test]
fn what_is_pushed_pulled_and_taken_in_is_there_once() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let (mut of_one, mut of_two) = (0, 0);
    let met = AuditAction::HubMet { hub: hub_id(&hub) };
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    assert_eq!(since(&one, &mut of_one), [AuditAction::Started, met, AuditAction::PushedMain]);
    two.sync();
    let pulled = |up_to| AuditAction::Pulled { rows: 1, up_to };
    let point = |point| AuditAction::PointTaken { point };
    assert_eq!(since(&two, &mut of_two), [met, pulled(1), point(1), AuditAction::Received { version: 1 }]);
    // Nothing happened, and nothing is written; what this device pushed itself is no news to it.
    one.sync();
    two.sync();
    assert_eq!((since(&one, &mut of_one), since(&two, &mut of_two)), (vec![], vec![]));

    // Both change different members, and the second one merges.
    change(&draft, |note| note.body = "It poured.".into());
    change(&two.the_same(&draft), |note| note.tags.push("weather".into()));
    one.sync();
    assert_eq!(since(&one, &mut of_one), [AuditAction::PushedMain]);
    two.sync();
    let merged = AuditAction::Merged { version: 3, head: 4, overwritten: 0 };
    assert_eq!(since(&two, &mut of_two), [pulled(2), point(2), merged, AuditAction::PushedMain]);
    one.sync();
    assert_eq!(since(&one, &mut of_one), [pulled(3), point(1), AuditAction::Received { version: 3 }]);
}

#[test]
fn a_conflict_is_there_on_both_devices_until_each_sees_its_end() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let mut events = two.store.events();
    change(&draft, |note| note.title = "Day".into());
    change(&two.the_same(&draft), |note| note.title = "Noon".into());
    one.sync();
    two.sync();
    one.sync();
    let detected = |device: &Device| {
        let is_it = |entry: &AuditEntry| matches!(entry.action, AuditAction::ConflictDetected { .. });
        all(device).into_iter().filter(is_it).count()
    };
    assert_eq!((detected(&one), detected(&two)), (1, 1));
    assert!(all(&two).iter().any(|entry| entry.action == AuditAction::PushedFork));
    let conflict = one.the_same(&draft).conflict().unwrap().expect("it came with the pull");
    assert_eq!(title(&conflict.theirs()[0]), "Noon");
    conflict.settle(&note("Dusk", "")).unwrap();
    assert!(all(&one).iter().any(|entry| matches!(entry.action, AuditAction::ConflictSettled { .. })));
    one.sync();
    two.sync();
    let of_two = all(&two);
    assert!(of_two.iter().any(|entry| entry.action == AuditAction::ConflictReleased { sides: 1 }), "{of_two:?}");
    // Each event of the cycles has its entry, with the trace and the id.
    let entries: BTreeSet<_> = of_two.iter().map(|entry| (entry.event, entry.trace)).collect();
    let mut count = 0;
    for event in std::iter::from_fn(|| events.try_next()) {
        if matches!(event.what, EventKind::ConflictDetected { .. } | EventKind::Received { .. }) {
            assert!(entries.contains(&(event.audit.expect("it is in the audit"), event.trace)));
            count += 1;
        }
    }
    assert!(count >= 2, "{count} events");
}

#[test]
fn a_push_stands_in_both_audits_under_one_trace() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    change(&draft, |note| note.body = "It rained.".into());
    one.sync();
    let of_hub = hub.audit("alice", 0, 10).unwrap();
    let of_device: Vec<_> = all(&one).into_iter().filter(|e| e.action == AuditAction::PushedMain).collect();
    assert_eq!((of_hub.len(), of_device.len()), (2, 2));
    for (hub, device) in of_hub.iter().zip(&of_device) {
        assert_eq!((hub.trace, Some(hub.draft), Some(hub.revision)), (device.trace, device.draft, device.revision));
    }
}

#[test]
fn what_the_hub_refuses_is_there_from_parking_to_giving_up() {
    let hub = hub_taking(1, 4_096);
    let one = Device::new(2, &hub);
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    change(&draft, |note| note.body = long());
    let mut seen = all(&one).len() as u64;
    assert_eq!(one.sync().parked, 1);
    let parked = AuditAction::Parked { guard: Guard::TooLarge };
    assert_eq!(since(&one, &mut seen), [parked]);
    one.sync();
    assert_eq!(since(&one, &mut seen), []);
    one.syncer.retry(draft.id()).unwrap();
    one.syncer.retry(draft.id()).unwrap();
    assert_eq!(since(&one, &mut seen), [AuditAction::Retried]);
    one.sync();
    assert_eq!(since(&one, &mut seen), [parked]);
    let work = one.syncer.export_parked(draft.id()).unwrap();
    let dropped = one.syncer.drop_parked(&work).unwrap();
    assert_eq!(since(&one, &mut seen), [AuditAction::GivenUp { head: dropped.head, texts: 1 }]);
    // A checkpoint that is too large is passed over, and what comes after it is pushed.
    change(&draft, |note| note.body = long());
    draft.checkpoint("too large").unwrap();
    change(&draft, |note| note.body = "short".into());
    one.sync();
    let found = since(&one, &mut seen);
    let passed = AuditAction::PassedOver { guard: Guard::TooLarge };
    assert!(found.contains(&passed) && found.last() == Some(&AuditAction::PushedMain), "{found:?}");
}

#[test]
fn guards_and_the_word_that_lifts_them_are_there() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    change(&draft, |note| *note = Note::default());
    let mut seen = all(&one).len() as u64;
    assert_eq!(one.sync().parked, 1);
    assert_eq!(since(&one, &mut seen), [AuditAction::Parked { guard: Guard::Blank }]);
    let version = draft.confirm_blank().unwrap();
    one.sync();
    assert_eq!(since(&one, &mut seen), [AuditAction::BlankConfirmed { version }, AuditAction::PushedMain]);
}

#[test]
fn what_a_newer_release_wrote_is_there_once_as_blocked() {
    let hub = hub(1);
    let newer = options_with(2, Schema::of(NOTE).version(2).migrate(1, Ok));
    let (one, two) = (Device::with(newer, Arc::clone(&hub)), Device::new(3, &hub));
    one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    assert_eq!(two.sync().blocked, 1);
    assert_eq!(two.sync().blocked, 1);
    let blocked: Vec<_> = all(&two).into_iter().filter(|entry| entry.action == AuditAction::Blocked).collect();
    assert_eq!((blocked.len(), blocked[0].saves), (1, None), "the draft is not here");
    assert_eq!(blocked[0].revision, Some(one.notes.list(&draftkeep::Filter::open()).unwrap().drafts[0].revision));
}

#[test]
fn a_hub_that_was_restored_and_one_that_was_accepted_are_there() {
    let storage = Arc::new(MemoryStorage::new());
    let line = Line::to(&hub_on(&storage, 1));
    let one = Device::over(2, line.clone());
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    let backup = Arc::new(copy(&storage));
    change(&draft, |note| note.body = "It rained.".into());
    one.sync();
    line.lead_to(&hub_on(&backup, 4));
    let mut seen = all(&one).len() as u64;
    assert!(one.sync().resynced);
    let found = since(&one, &mut seen);
    assert!(found.contains(&AuditAction::Resynced) && found.contains(&AuditAction::PushedMain), "{found:?}");

    let other = hub(9);
    line.lead_to(&other);
    assert!(one.try_sync().is_err());
    assert_eq!(since(&one, &mut seen), []);
    one.syncer.accept_hub().unwrap();
    assert_eq!(since(&one, &mut seen), [AuditAction::HubAccepted { hub: hub_id(&other) }]);
    one.syncer.set_enabled(false).unwrap();
    one.syncer.set_enabled(false).unwrap();
    one.syncer.set_enabled(true).unwrap();
    assert_eq!(since(&one, &mut seen), [AuditAction::SyncDisabled, AuditAction::SyncEnabled]);
}

#[test]
fn an_answer_that_is_lost_leaves_one_entry() {
    let line = Line::to(&hub(1));
    let one = Device::over(2, line.clone());
    one.notes.start(&note("Night", "")).unwrap();
    line.lose(Loses::Answer);
    assert!(one.try_sync().is_err());
    one.sync();
    let pushed = all(&one).into_iter().filter(|entry| entry.action == AuditAction::PushedMain).count();
    assert_eq!(pushed, 1);
}

/// Where a draft begun here becomes another generation, both say so.
#[test]
fn a_draft_that_moved_is_there_under_both_ids() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let theirs = one.notes.slot("form").start(&note("Night", "")).unwrap();
    theirs.archive().unwrap();
    one.sync();
    let ours = two.notes.slot("form").start(&note("Night", "")).unwrap();
    change(&ours, |note| note.body = "mine".into());
    assert_eq!(two.sync().moved, 1);
    let now = two.notes.slot("form").resume().unwrap().expect("it went on");
    let of = |id| two.space.audit(&AuditQuery::of(id)).unwrap().entries;
    assert!(of(ours.id()).iter().any(|entry| entry.action == AuditAction::Moved { to: now.id() }));
    assert_eq!(of(now.id())[0].action, AuditAction::Started);
}

/// Any commit of a cycle may fail, before it took effect or after: then the next cycle goes on, and what happened is there once.
#[test]
fn what_a_cycle_did_and_its_entries_fail_together() {
    for (effect, least) in [(StorageEffect::Fails as Effect, 4), (StorageEffect::FailsAfterwards, 4)] {
        let mut struck = 0;
        for after in 0.. {
            let hub = hub(1);
            let one = Device::new(2, &hub);
            let storage = FaultyStorage::new(Arc::new(MemoryStorage::new()));
            let two = on(&storage, &hub);
            let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
            one.sync();
            two.sync();
            change(&draft, |note| note.body = "It poured.".into());
            one.sync();
            change(&two.the_same(&draft), |note| note.tags.push("weather".into()));
            let mut seen = all(&two).len() as u64;
            let kind = StorageErrorKind::Io;
            storage.arm(StorageFault {
                call: Some(StorageCall::Commit),
                after,
                lasting: Lasting::Once,
                effect: effect(kind),
            });
            let _ = two.try_sync();
            storage.heal();
            if storage.strikes() == 0 {
                break;
            }
            struck += 1;
            two.sync();
            let expected = [
                AuditAction::Pulled { rows: 1, up_to: 2 },
                AuditAction::PointTaken { point: 2 },
                AuditAction::Merged { version: 3, head: 4, overwritten: 0 },
                AuditAction::PushedMain,
            ];
            // Where the answer was not taken in, the hub's row of it is news.
            let own = AuditAction::Pulled { rows: 1, up_to: 3 };
            let found: Vec<_> = since(&two, &mut seen).into_iter().filter(|action| *action != own).collect();
            assert_eq!(found, expected, "the commit {after}");
        }
        assert!(struck >= least, "{struck} commits failed");
    }
}

type Effect = fn(StorageErrorKind) -> StorageEffect;

fn on(storage: &FaultyStorage, hub: &Arc<Hub>) -> Device {
    let store = draftkeep::Store::with_storage(Arc::new(storage.clone()), crate::world::options(3)).unwrap();
    let space = store.space("alice").unwrap();
    let notes = space.drafts(NOTE).unwrap();
    let syncer = draftkeep::sync::Syncer::new(&space, Arc::clone(hub));
    Device { store, space, notes, syncer }
}

/// What comes back after it was purged is numbered anew: what the audit says of the versions of before is not about these.
#[test]
fn a_draft_that_comes_back_after_it_was_purged_contradicts_nothing() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    begun(&one, "of one");
    let theirs = begun(&two, "of two");
    theirs.discard().unwrap();
    one.sync();
    theirs.purge().unwrap();
    two.sync();
    assert_eq!(two.notes.slot("diary").resume().unwrap().expect("it came back").load().unwrap().body, "of one");
    let actions: Vec<_> = all(&two).into_iter().map(|entry| entry.action).collect();
    assert!(actions.contains(&AuditAction::Purged), "{actions:?}");
    assert_eq!(two.store.repair().unwrap(), 0);
    // What is said of it from then on holds.
    two.notes.slot("diary").resume().unwrap().expect("it is open").archive().unwrap();
    all(&two);
}

fn begun(device: &Device, body: &str) -> draftkeep::Draft<Note> {
    device.notes.slot("diary").start(&note("", body)).unwrap()
}
