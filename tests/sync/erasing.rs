//! What becomes of a draft that one device erased.

use crate::world::{Device, Line, Loses, Meanwhile, change, copy, hub, hub_on, note, options};
use draftkeep::seal::{Key, MemoryKeyRing};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, Table};
use draftkeep::sync::{BlockedBy, Synced};
use draftkeep::transport::{Answer, Ask, ErasedRow, Marker, Rejection, Reply, Request, Transport, TransportError};
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

/// A device whose store is sealed, so that the space has a secret that no hub knows.
fn secret_device(seed: u64, transport: impl Transport + 'static) -> (Device, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    let ring = MemoryKeyRing::new(Key::from_bytes(SECRET), Key::from_bytes([2; Key::LEN]));
    (Device::on(options(seed).key_ring(ring), &storage, transport), storage)
}

/// What the ring has for all spaces.
const SECRET: [u8; 32] = [0x5e; 32];

/// What follows from it for this one.
fn secret() -> [u8; 32] {
    let of_spaces = blake3::derive_key("draftkeep 1 secrets of spaces", &SECRET);
    *blake3::keyed_hash(&of_spaces, b"alice").as_bytes()
}

fn is_gone(device: &Device, draft: draftkeep::DraftId) -> bool {
    device.notes.get(draft).unwrap().is_none() && device.space.erasure(draft).unwrap().is_some()
}

#[test]
fn the_hub_erases_what_it_has_and_takes_nothing_of_it_any_more() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let (draft, other) =
        (one.notes.start(&note("Night", "It rained.")).unwrap(), one.notes.start(&note("Other", "")).unwrap());
    one.sync();
    two.sync();
    change(&two.the_same(&draft), |note| note.body.push_str(" It poured."));
    let erased = draft.erase().unwrap();
    one.sync();
    let erasure = one.space.erasure(draft.id()).unwrap().unwrap();
    assert_eq!((erasure.owed, erasure.at), (false, erased.at));
    let status = one.syncer.status().unwrap();
    assert!(status.pending == 0 && status.is_synced());
    let on_hub = hub.status("alice").unwrap();
    assert_eq!((on_hub.drafts, on_hub.erased), (2, 1));
    assert!(hub.mains("alice", draft.id()).unwrap().is_empty());
    assert_eq!(hub.erasure("alice", draft.id()).unwrap().map(|marker| marker.at), Some(erased.at));
    assert!(hub.verify().unwrap().is_intact(), "{:?}", hub.verify().unwrap().damage);
    let audit = one.space.audit(&AuditQuery::of(draft.id())).unwrap().entries;
    assert!(audit.iter().any(|entry| entry.action == AuditAction::PushedErasure));
    // A cycle in which nothing happens says nothing.
    assert_eq!(one.sync().pulled, 0);
    assert_eq!(one.the_same(&other).load().unwrap().title, "Other");
}

/// In a plain space a hub's word is no more than that: everything is kept until the application says yes, or no.
#[test]
fn a_late_device_in_a_plain_space_keeps_everything_until_its_application_says_yes() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    let theirs = two.the_same(&draft);
    change(&theirs, |note| note.body.push_str(" It poured."));
    draft.erase().unwrap();
    one.sync();

    let report = two.sync();
    assert_eq!((report.blocked, report.erased, report.pushed), (1, 0, 0));
    let status = two.syncer.status().unwrap();
    assert_eq!((status.blocked.len(), status.blocked[0].by, status.pending), (1, BlockedBy::Erased, 1));
    assert!(status.parked.is_empty(), "nothing of it was sent");
    assert!(status.blocked[0].reason.contains("accept_erasure") && !status.is_synced());
    assert!(matches!(theirs.sync_state().unwrap(), Synced::Blocked { .. }));
    change(&theirs, |note| note.body.push_str(" It stopped."));
    two.sync();
    assert_eq!(theirs.load().unwrap().body, "It rained. It poured. It stopped.");

    let mut events = two.store.events();
    assert!(two.syncer.accept_erasure(draft.id()).unwrap());
    let told: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect();
    assert_eq!(told, [EventKind::ErasedElsewhere { versions: 3, unsynced: 2 }]);
    assert!(is_gone(&two, draft.id()));
    assert!(!two.syncer.accept_erasure(draft.id()).unwrap(), "it is done");
    two.sync();
    let status = two.syncer.status().unwrap();
    assert!(status.blocked.is_empty() && status.is_synced());
    let audit = two.space.audit(&AuditQuery::of(draft.id())).unwrap().entries;
    assert!(audit.iter().any(|entry| entry.action == AuditAction::ErasedElsewhere { versions: 3, unsynced: 2 }));
    assert!(two.store.verify().unwrap().is_intact());
}

#[test]
fn an_application_that_says_no_keeps_the_draft_on_its_device_alone() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    draft.erase().unwrap();
    one.sync();
    two.sync();
    assert!(two.syncer.decline_erasure(draft.id()).unwrap());
    assert!(!two.syncer.decline_erasure(draft.id()).unwrap(), "it is decided");
    let theirs = two.the_same(&draft);
    for text in [" It poured.", " It stopped."] {
        change(&theirs, |note| note.body.push_str(text));
        let report = two.sync();
        assert_eq!((report.blocked, report.pushed), (0, 0));
    }
    let status = two.syncer.status().unwrap();
    assert_eq!((status.blocked.len(), status.parked.len(), status.pending), (0, 1, 1));
    assert_eq!(status.parked[0].code, Some(Rejection::Erased));
    assert!(matches!(theirs.sync_state().unwrap(), Synced::Parked { .. }));
    assert_eq!(theirs.load().unwrap().body, "It rained. It poured. It stopped.");
    assert_eq!(hub.status("alice").unwrap().erased, 1);
    two.syncer.retry(draft.id()).unwrap();
    two.sync();
    assert_eq!(two.syncer.status().unwrap().parked.len(), 1, "it stays where it is");
    // It can be taken out, and put into the trash like what a hub refuses.
    let work = two.syncer.export_parked(draft.id()).unwrap();
    assert_eq!(work.texts.len(), 1);
    assert!(two.syncer.drop_parked(&work).unwrap().discarded);
    theirs.recover().unwrap();
    // Or somebody thinks better of it.
    assert!(two.syncer.accept_erasure(draft.id()).unwrap());
    assert!(is_gone(&two, draft.id()) && two.store.verify().unwrap().is_intact());
}

/// While a cycle asks the hub about another draft, the application says no to an erasure that waits in that cycle: of which it was asked
/// before, or that is proven and comes with this very cycle. Both drafts stay, and say that they are nowhere else.
#[test]
fn a_no_that_is_said_during_a_cycle_holds() {
    for is_secret in [false, true] {
        let hub = hub(1);
        let line = Meanwhile::to(&hub);
        let (one, two) = if is_secret {
            (secret_device(2, hub.clone()).0, secret_device(3, line.clone()).0)
        } else {
            (Device::new(2, &hub), Device::over(3, line.clone()))
        };
        // Drafts are taken in by their ids: the one that is erased comes last.
        let mut drafts: Vec<_> = (0..3).map(|_| one.notes.start(&note("Night", "It rained.")).unwrap()).collect();
        drafts.sort_by_key(draftkeep::Draft::id);
        one.sync();
        two.sync();
        let erased = drafts.pop().unwrap();
        change(&two.the_same(&erased), |note| note.body.push_str(" It poured."));
        erased.erase().unwrap();
        one.sync();
        if !is_secret {
            assert_eq!(two.sync().blocked, 1, "it is asked about");
        }
        for (device, title) in [(&one, "Night train"), (&two, "Nights")] {
            change(&device.the_same(&drafts[0]), |note| note.title = title.to_owned());
        }
        one.sync();
        let (answering, draft) = (draftkeep::sync::Syncer::new(&two.space, hub.clone()), erased.id());
        let asks_about_another = |ask: &Ask| matches!(ask, Ask::Contained { .. } | Ask::Revisions { .. });
        line.at_the_next(asks_about_another, move || assert!(answering.decline_erasure(draft).unwrap()));
        let report = two.sync();
        assert!(line.has_acted(), "the cycle asked about another draft");
        assert_eq!((report.blocked, report.erased), (0, 0));
        for _ in 0..2 {
            let status = two.syncer.status().unwrap();
            assert_eq!((status.blocked.len(), status.parked.len(), status.pending), (0, 1, 1), "secret: {is_secret}");
            assert_eq!(two.the_same(&erased).load().unwrap().body, "It rained. It poured.");
            two.syncer.retry(draft).unwrap();
            two.sync();
        }
        assert!(two.store.verify().unwrap().is_intact());
    }
}

/// Whoever knows the secret of a space is of its devices: then nobody has to be asked.
#[test]
fn a_late_device_in_a_space_with_a_secret_ends_without_the_draft() {
    let hub = hub(1);
    let ((one, _), (two, storage)) = (secret_device(2, hub.clone()), secret_device(3, hub.clone()));
    let draft = one.notes.slot("diary").start(&note("Night", "It rained.")).unwrap();
    let other = one.notes.start(&note("Other", "")).unwrap();
    one.sync();
    two.sync();
    let theirs = two.the_same(&draft);
    change(&theirs, |note| note.body.push_str(" qZ7!mark!x9Kw"));
    let mut open = theirs.edit().unwrap();
    open.doc().title.push_str(" train");
    draft.erase().unwrap();
    one.sync();

    let mut events = two.store.events();
    let report = two.sync();
    assert_eq!((report.erased, report.blocked), (1, 0));
    let told: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect();
    assert!(told.contains(&EventKind::ErasedElsewhere { versions: 2, unsynced: 1 }), "{told:?}");
    assert!(is_gone(&two, draft.id()));
    assert_eq!(*open.save().unwrap_err().kind(), ErrorKind::Erased { draft: draft.id() });
    assert_eq!(open.into_doc().title, "Night train");
    let (view, scan) =
        (storage.snapshot().unwrap(), Scan { from: &[0], to: None, order: Order::Ascending, limit: usize::MAX });
    let holds = |(_, value): &(Vec<u8>, Vec<u8>)| value.windows(13).any(|window| window == b"qZ7!mark!x9Kw");
    assert!(!(0..=u8::MAX).any(|table| view.scan(Table::new(table), scan).unwrap().iter().any(holds)));
    assert!(two.syncer.status().unwrap().is_synced() && two.store.verify().unwrap().is_intact());
    assert_eq!(two.the_same(&other).load().unwrap().title, "Other");

    // The slot goes on on both, under one id.
    let next = one.notes.slot("diary").start(&note("Day", "")).unwrap();
    one.sync();
    two.sync();
    assert_eq!(two.notes.slot("diary").resume().unwrap().map(|draft| draft.id()), Some(next.id()));
}

/// A device that never had the draft takes the marker along, so that it keeps it out, too.
#[test]
fn a_new_device_begins_no_draft_under_an_erased_id() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.slot("diary").start(&note("Night", "")).unwrap();
    one.sync();
    draft.erase().unwrap();
    one.sync();
    let report = two.sync();
    assert_eq!((report.blocked, report.erased), (0, 0), "there is nothing to lose");
    let begun = two.notes.slot("diary").start(&note("Day", "")).unwrap();
    assert_eq!((begun.info().unwrap().generation, begun.id() == draft.id()), (Some(2), false));
    two.sync();
    one.sync();
    assert_eq!(one.notes.slot("diary").resume().unwrap().map(|draft| draft.id()), Some(begun.id()));
}

/// Two devices begin one slot without knowing of each other, and one erases it: what the other one wrote is another person's text.
#[test]
fn a_draft_begun_here_without_knowing_is_not_erased_by_a_marker() {
    let hub = hub(1);
    let ((one, _), (two, _)) = (secret_device(2, hub.clone()), secret_device(3, hub.clone()));
    let draft = one.notes.slot("diary").start(&note("", "")).unwrap();
    one.sync();
    draft.erase().unwrap();
    one.sync();
    let theirs = two.notes.slot("diary").start(&note("", "")).unwrap();
    change(&theirs, |note| note.body.push_str("It rained here, too."));
    assert_eq!(theirs.id(), draft.id());
    two.sync();
    let status = two.syncer.status().unwrap();
    assert_eq!((status.blocked.len(), status.blocked[0].by), (1, BlockedBy::ErasedBefore));
    assert_eq!(theirs.load().unwrap().body, "It rained here, too.");
}

/// An application that accepts erasures by itself, in a plain space: its loop erases what was erased, and not what was typed into a draft of the
/// same slot by somebody who did not know of that.
#[test]
fn what_was_begun_here_without_knowing_is_not_accepted_with_what_was_erased() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let known = one.notes.slot("known").start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    one.notes.slot("diary").start(&note("", "")).unwrap().erase().unwrap();
    known.erase().unwrap();
    one.sync();
    let theirs = two.notes.slot("diary").start(&note("", "")).unwrap();
    change(&theirs, |note| note.body.push_str("It rained here, too."));
    two.sync();
    for blocked in two.syncer.status().unwrap().blocked {
        if blocked.by == BlockedBy::Erased {
            assert!(two.syncer.accept_erasure(blocked.draft).unwrap());
        }
    }
    assert_eq!(theirs.load().unwrap().body, "It rained here, too.");
    assert!(is_gone(&two, known.id()));
    let status = two.syncer.status().unwrap();
    assert_eq!((status.blocked.len(), status.blocked[0].by), (1, BlockedBy::ErasedBefore));
    assert!(status.blocked[0].reason.contains("start_over") && !status.blocked[0].reason.contains("anybody"));
    // As the reason says: its text goes on as another draft, and this one can go.
    let next = two.notes.slot("diary").start_over(&theirs.load().unwrap()).unwrap();
    two.sync();
    assert!(two.syncer.accept_erasure(theirs.id()).unwrap());
    two.sync();
    assert!(two.syncer.status().unwrap().is_synced());
    one.sync();
    assert_eq!(one.the_same(&next).load().unwrap().body, "It rained here, too.");
    // Or it stays on its device.
    let three = Device::new(4, &hub);
    let kept = three.notes.slot("diary").start(&note("", "And here.")).unwrap();
    three.sync();
    assert_eq!(three.syncer.status().unwrap().blocked[0].by, BlockedBy::ErasedBefore);
    assert!(three.syncer.decline_erasure(kept.id()).unwrap());
    three.sync();
    let status = three.syncer.status().unwrap();
    assert_eq!((status.blocked.len(), status.parked.len()), (0, 1));
    assert_eq!(kept.load().unwrap().body, "And here.");
}

#[test]
fn a_hub_from_a_backup_of_before_ends_without_the_draft() {
    let storage = Arc::new(MemoryStorage::new());
    let hub = hub_on(&storage, 1);
    let line = Line::to(&hub);
    let (one, two) = (Device::over(2, line.clone()), Device::over(3, line.clone()));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    let other = one.notes.start(&note("Other", "")).unwrap();
    one.sync();
    two.sync();
    let before = copy(&storage);
    draft.erase().unwrap();
    one.sync();
    two.sync();
    assert!(two.syncer.accept_erasure(draft.id()).unwrap());
    two.sync();
    let restored = hub_on(&Arc::new(before), 1);
    assert_eq!(restored.id(), hub.id());
    line.lead_to(&restored);
    assert_eq!(restored.mains("alice", draft.id()).unwrap().len(), 1, "it is there again");
    one.sync();
    assert_eq!(restored.status("alice").unwrap().erased, 1);
    two.sync();
    one.sync();
    for device in [&one, &two] {
        assert!(is_gone(device, draft.id()));
        assert!(device.syncer.status().unwrap().is_synced());
        assert_eq!(device.the_same(&other).load().unwrap().title, "Other");
    }
    assert!(restored.verify().unwrap().is_intact());
}

/// Markers come first: whoever comes late to the new hub is told, and brings nothing.
#[test]
fn a_hub_that_takes_another_ones_place_is_told_of_every_erasure() {
    let (first, second) = (hub(1), hub(9));
    let line = Line::to(&first);
    let (one, two) = (Device::over(2, line.clone()), Device::over(3, line.clone()));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    draft.erase().unwrap();
    one.sync();
    line.lead_to(&second);
    assert!(one.try_sync().is_err());
    one.syncer.accept_hub().unwrap();
    one.sync();
    assert_eq!(second.status("alice").unwrap().erased, 1);
    assert!(two.try_sync().is_err());
    two.syncer.accept_hub().unwrap();
    two.sync();
    assert_eq!(two.syncer.status().unwrap().blocked.len(), 1);
    assert_eq!(second.status("alice").unwrap().drafts, 1, "nothing of it came to the hub");
    assert!(two.syncer.accept_erasure(draft.id()).unwrap());
    two.sync();
    assert!(two.syncer.status().unwrap().is_synced());
}

/// The answer to an erasure is lost, and the same is said again: that is one erasure.
#[test]
fn an_erasure_whose_answer_is_lost_is_told_again() {
    let hub = hub(1);
    let line = Line::to(&hub);
    let one = Device::over(2, line.clone());
    let (draft, other) = (one.notes.start(&note("Night", "")).unwrap(), one.notes.start(&note("Other", "")).unwrap());
    one.sync();
    draft.erase().unwrap();
    for lost in [Loses::Request, Loses::Answer] {
        line.lose_erasures(Some(lost));
        change(&other, |note| note.body.push_str("more "));
        assert!(one.try_sync().is_err());
        assert_eq!(one.syncer.status().unwrap().pending, 1, "the text left all the same");
    }
    line.lose_erasures(None);
    one.sync();
    assert!(one.syncer.status().unwrap().is_synced());
    let on_hub = hub.status("alice").unwrap();
    assert_eq!((on_hub.drafts, on_hub.erased), (2, 1));
    assert!(hub.verify().unwrap().is_intact());
}

/// A hub that says of every draft but one that it is erased, with a marker that the test makes up.
#[derive(Clone)]
struct Liar {
    hub: Arc<draftkeep::hub::Hub>,
    marker: Arc<std::sync::Mutex<Option<MakesUp>>>,
}

type MakesUp = Box<dyn Fn(draftkeep::DraftId) -> Marker + Send>;

impl std::fmt::Debug for Liar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Liar").finish_non_exhaustive()
    }
}

impl Transport for Liar {
    fn send(&self, request: Request) -> futures_core::future::BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let mut answer = self.hub.send(request).await?;
            if let (Reply::Page(page), Some(marker)) = (&mut answer.reply, &*self.marker.lock().unwrap()) {
                let rows = page.rows.drain(..).map(|row| ErasedRow { seq: row.seq, marker: marker(row.draft) });
                page.erased.extend(rows);
                page.erased.sort_by_key(|row| row.seq);
            }
            Ok(answer)
        })
    }
}

fn mac(secret: &[u8; 32], draft: draftkeep::DraftId, at: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(&blake3::derive_key("draftkeep 1 erasures", secret));
    hasher.update(draft.as_bytes()).update(&at.to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// Also in a space with a secret a hub that lies has nothing erased: not without a proof, with a forged one, or with that of another
/// draft, as of the slot's generation before.
#[test]
fn in_a_space_with_a_secret_nothing_but_the_very_marker_erases() {
    let hub = hub(1);
    let liar = Liar { hub: hub.clone(), marker: Arc::default() };
    let ((one, _), (two, _)) = (secret_device(2, hub.clone()), secret_device(3, liar.clone()));
    let first = one.notes.slot("diary").start(&note("First", "")).unwrap();
    one.sync();
    two.sync();
    first.erase().unwrap();
    one.sync();
    two.sync();
    assert!(is_gone(&two, first.id()));
    let real = hub.erasure("alice", first.id()).unwrap().expect("it is erased");
    let second = one.notes.slot("diary").start(&note("Second", "It rained.")).unwrap();
    one.sync();
    two.sync();
    let theirs = two.the_same(&second);
    let plain = blake3::derive_key("draftkeep 1 secret of a plain space", b"alice");
    let at = 1_700_000_000_000;
    let marker = move |draft, mac| Marker { draft, at: draftkeep::clock::Timestamp::from_millis(at), mac };
    let lies: [MakesUp; 4] = [
        Box::new(move |draft| marker(draft, [0; 32])),
        Box::new(move |draft| marker(draft, mac(&plain, draft, at))),
        Box::new(move |draft| Marker { draft, ..real }),
        Box::new(move |draft| marker(draft, mac(&secret(), draft, at - 1))),
    ];
    for lie in lies {
        *liar.marker.lock().unwrap() = Some(lie);
        change(&theirs, |note| note.body.push_str(" It poured."));
        two.syncer.relearn();
        let report = two.sync();
        assert_eq!((report.erased, report.blocked > 0), (0, true));
        let status = two.syncer.status().unwrap();
        assert!(
            status
                .blocked
                .iter()
                .any(|blocked| blocked.draft == second.id() && blocked.by == BlockedBy::ErasedUnproven)
        );
        assert!(!two.syncer.accept_erasure(second.id()).unwrap(), "nobody can accept what is made up");
        assert!(theirs.load().unwrap().body.starts_with("It rained. It poured."));
        assert!(two.store.verify().unwrap().is_intact());
    }
    // What is true is believed, from the same hub.
    *liar.marker.lock().unwrap() = None;
    two.syncer.relearn();
    two.sync();
    assert!(two.syncer.status().unwrap().is_synced());
    second.erase().unwrap();
    one.sync();
    assert_eq!(two.sync().erased, 1);
    assert!(is_gone(&two, second.id()));
}

/// A generation that was erased before this device heard of it has no record here, and is left out of what its slot has.
#[test]
fn a_device_that_never_had_a_slots_first_draft_lists_the_others() {
    let hub = hub(1);
    let storage = Arc::new(MemoryStorage::new());
    let (one, two) = (Device::new(2, &hub), Device::on(options(3), &storage, hub.clone()));
    one.notes.slot("diary").start(&note("Night", "")).unwrap().erase().unwrap();
    let next = one.notes.slot("diary").start(&note("Day", "")).unwrap();
    one.sync();
    two.sync();
    // The slot's row is damaged: what the hub said of its first draft leads to the second.
    let slots = rows(&storage, SLOTS);
    let (key, row) = slots.last().expect("it has one");
    put(&storage, key, b"damaged");
    assert_eq!(two.notes.slot("diary").resume().unwrap().map(|draft| draft.id()), Some(next.id()));
    put(&storage, key, row);
    let generations = || -> Vec<Option<u32>> {
        two.notes.slot("diary").generations().unwrap().into_iter().map(|info| info.generation).collect()
    };
    assert_eq!(generations(), [Some(2)]);
    assert_eq!(two.notes.slot("diary").resume().unwrap().map(|draft| draft.id()), Some(next.id()));
    assert_eq!(two.notes.slot("diary").start_over(&note("Noon", "")).unwrap().info().unwrap().generation, Some(3));
    assert_eq!(generations(), [Some(3), Some(2)]);
    assert!(two.notes.slot("diary").erase().unwrap().drafts.contains(&next.id()));
    assert!(generations().is_empty());
    assert!(two.store.verify().unwrap().is_intact());
}

/// What erasing leaves of a slot is what `repair` expects of it, whatever the slot has and whoever decided.
#[test]
fn a_slot_of_which_a_draft_was_erased_needs_no_repair() {
    for (goes_on, is_declined, is_anew) in (0..8).map(|bits| (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)) {
        let hub = hub(1);
        let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
        let draft = one.notes.slot("diary").start(&note("Night", "")).unwrap();
        one.sync();
        two.sync();
        draft.erase().unwrap();
        if is_anew {
            one.notes.slot("diary").start(&note("Day", "")).unwrap();
        }
        one.sync();
        two.sync();
        assert!(!is_declined || two.syncer.decline_erasure(draft.id()).unwrap());
        if goes_on {
            change(&two.the_same(&draft), |note| note.body.push_str("It rained."));
            two.sync();
        }
        assert!(two.syncer.accept_erasure(draft.id()).unwrap());
        for device in [&one, &two] {
            assert!(device.store.verify().unwrap().is_intact());
            assert_eq!(device.store.repair().unwrap(), 0, "{goes_on} {is_declined} {is_anew}");
        }
    }
}

const SLOTS: Table = Table::new(9);

fn rows(storage: &MemoryStorage, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
    let all = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
    storage.snapshot().unwrap().scan(table, all).unwrap()
}

/// Puts a record of the table of slots behind the store's back.
fn put(storage: &MemoryStorage, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new(Origin::Local);
    batch.put(SLOTS, key.to_vec(), value.to_vec());
    storage.commit(&batch).unwrap();
}
