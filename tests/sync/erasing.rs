//! What becomes of a draft that one device erased.

use crate::world::{Device, Line, Meanwhile, change, hub, note, options};
use draftkeep::storage::{MemoryStorage, Order, Scan, Storage, Table};
use draftkeep::{AuditAction, AuditQuery, ErrorKind, EventKind};
use std::sync::Arc;

#[test]
fn what_another_device_writes_on_an_erased_draft_stays_outside_and_the_application_is_told() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    let other = one.notes.start(&note("Other", "")).unwrap();
    one.sync();
    two.sync();
    change(&two.the_same(&draft), |note| note.body.push_str(" It poured."));
    two.sync();
    change(&draft, |note| note.title = "Night train".to_owned());

    let mut events = one.store.events();
    let erased = draft.erase().unwrap();
    assert_eq!((erased.drafts.as_slice(), erased.versions, erased.owed), (&[draft.id()][..], 2, 1));
    assert!(one.space.erasure(draft.id()).unwrap().unwrap().owed);
    let status = one.syncer.status().unwrap();
    assert_eq!((status.pending, status.is_synced()), (1, false), "the hub has to be told");
    let revision = two.the_same(&draft).info().unwrap().revision;
    one.sync();
    let told: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect();
    assert!(told.contains(&EventKind::Erased { versions: 2, unsynced: 1 }), "{told:?}");
    assert!(told.contains(&EventKind::KeptOut { revision }), "{told:?}");
    let audit = one.space.audit(&AuditQuery::of(draft.id())).unwrap().entries;
    assert!(audit.iter().any(|entry| entry.action == AuditAction::KeptOut && entry.revision == Some(revision)));
    assert!(one.notes.get(draft.id()).unwrap().is_none());
    assert_eq!(*draft.load().unwrap_err().kind(), ErrorKind::Erased { draft: draft.id() });
    one.sync();
    let kept_out = |entry: &&draftkeep::AuditEntry| entry.action == AuditAction::KeptOut;
    let audit = one.space.audit(&AuditQuery::of(draft.id())).unwrap().entries;
    assert_eq!(audit.iter().filter(kept_out).count(), 1, "it is told once");
    assert_eq!(one.the_same(&other).load().unwrap().title, "Other");
}

/// The text is on the way to the hub when its draft is erased.
#[test]
fn a_draft_that_is_erased_while_it_is_pushed_stays_erased() {
    let hub = hub(1);
    let line = Meanwhile::to(&hub);
    let one = Device::over(2, line.clone());
    let (draft, other) = (one.notes.start(&note("Night", "")).unwrap(), one.notes.start(&note("Other", "")).unwrap());
    let erasing = draft.clone();
    line.at_the_next_push(move || drop(erasing.erase().unwrap()));
    one.sync();
    assert!(one.notes.get(draft.id()).unwrap().is_none());
    assert!(one.space.erasure(draft.id()).unwrap().is_some());
    assert_eq!(
        one.the_same(&other).sync_state().unwrap(),
        draftkeep::sync::Synced::Yes(draftkeep::transport::Standing::Main)
    );
    assert!(one.store.verify().unwrap().is_intact());
}

/// What a hub sent lies in the store before it is taken in, and is erased from there, too.
#[test]
fn what_arrived_and_was_not_taken_in_is_erased_with_its_space() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let mark = "qZ7!mark!x9Kw";
    // Too short to be compressed.
    let marked = format!("It rained: {mark}");
    one.notes.start(&note("Night", &marked)).unwrap();
    one.notes.start(&note("Other", &marked)).unwrap();
    one.sync();
    let (line, storage) = (Line::to(&hub), Arc::new(MemoryStorage::new()));
    line.pull_only(Some(1));
    let two = Device::on(options(3), &storage, line.clone());
    assert!(two.try_sync().is_err(), "the second page is lost, and nothing is taken in yet");
    let holds = |mark: &str| {
        let (view, scan) =
            (storage.snapshot().unwrap(), Scan { from: &[0], to: None, order: Order::Ascending, limit: usize::MAX });
        let is_in = |(_, value): &(Vec<u8>, Vec<u8>)| value.windows(mark.len()).any(|window| window == mark.as_bytes());
        (0..=u8::MAX).any(|table| view.scan(Table::new(table), scan).unwrap().iter().any(is_in))
    };
    assert!(holds(mark), "the search would not find it");
    let erased = two.space.erase_all().unwrap();
    assert_eq!((erased.drafts.len(), erased.versions), (1, 0), "nothing of it was a version yet");
    assert!(!holds(mark));
    assert!(two.store.verify().unwrap().is_intact());
}
