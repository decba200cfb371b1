//! Erasing: of a draft nothing stays on a hub but its marker.

use super::{MAIN, ask, bodies, copy, draft, fork_push, hub, main_push, options, pull, push, text};
use draftkeep::clock::Timestamp;
use draftkeep::hub::{AuditAction, AuditOutcome, Hub, MainThen, Moment};
use draftkeep::storage::{MemoryStorage, Order, Scan, Storage, Table};
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, EraseOutcome, Marker, Outcome, Rejection, Reply, Transport};
use std::sync::Arc;

pub(crate) fn marker(of: u8) -> Marker {
    Marker { draft: draft(of), at: Timestamp::from_millis(1_700_000_000_000), mac: [0x3a; 32] }
}

pub(crate) fn erase(hub: &dyn Transport, markers: &[Marker]) -> Vec<EraseOutcome> {
    match ask(hub, Ask::Erase { markers: markers.to_vec() }).reply {
        Reply::Erased(outcomes) => outcomes,
        reply => panic!("{reply:?}"),
    }
}

fn holds(storage: &dyn Storage, mark: &[u8]) -> bool {
    let (view, scan) =
        (storage.snapshot().unwrap(), Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX });
    let is_in = |(_, value): &(Vec<u8>, Vec<u8>)| value.windows(mark.len()).any(|window| window == mark);
    (0..=u8::MAX).any(|table| view.scan(Table::new(table), scan).unwrap().iter().any(is_in))
}

const MARK: &[u8] = b"qZ7!mark!x9Kw";

fn marked(of: u8, number: u8) -> draftkeep::transport::Revision {
    sample(draft(of), &[], &[MARK, &[number], &vec![number; 30_000 * usize::from(number)]].concat())
}

#[test]
fn no_record_holds_anything_that_was_pushed_of_it() {
    let storage = MemoryStorage::new();
    let hub = hub(&storage);
    let (one, two, copy_of_it) = (marked(1, 0), marked(1, 1), marked(1, 2));
    assert_eq!(
        push(&hub, vec![main_push(&one, None), main_push(&two, Some(&one)), main_push(&text(2, "other"), None)]),
        [MAIN, MAIN, MAIN]
    );
    push(&hub, vec![fork_push(&copy_of_it)]);
    assert!(holds(&storage, MARK), "the search would not find it");
    let before = hub.status("alice").unwrap();
    assert_eq!(erase(&hub, &[marker(1)]), [EraseOutcome::Erased]);
    assert!(!holds(&storage, MARK));
    let after = hub.status("alice").unwrap();
    assert_eq!((after.drafts, after.erased, after.forks), (before.drafts, 1, 0));
    let other = text(2, "other");
    assert_eq!(after.bytes, (other.header().len() + other.body().len()) as u64);
    assert!(bodies(&hub, 1, &[one.id(), two.id(), copy_of_it.id()]).is_empty());
    assert_eq!(hub.erasure("alice", draft(1)).unwrap(), Some(marker(1)));
    assert_eq!(hub.erasure("alice", draft(2)).unwrap(), None);
    assert!(hub.mains("alice", draft(1)).unwrap().is_empty());
    for moment in [Moment::Now, Moment::Position(1), Moment::Position(2)] {
        let then = hub.drafts("alice", moment, 0, 10).unwrap().into_iter().find(|then| then.draft == draft(1)).unwrap();
        assert_eq!(then.main, MainThen::Erased, "whatever it was, nothing of it is kept");
    }
    assert!(hub.verify().unwrap().is_intact(), "{:?}", hub.verify().unwrap().damage);
    assert_eq!(hub.repair().unwrap(), 0);
    // What is pushed of it is refused, after a restart as well, and said in the audit.
    drop(hub);
    let hub = super::hub(&storage);
    let outcomes = push(&hub, vec![main_push(&marked(1, 3), Some(&two))]);
    assert!(
        matches!(&outcomes[..], [Outcome::Rejected { code: Rejection::Erased, reason }] if reason.contains("begin another"))
    );
    let audit: Vec<_> =
        hub.audit("alice", 0, 100).unwrap().into_iter().map(|entry| (entry.action, entry.outcome)).collect();
    assert!(audit.contains(&(AuditAction::Erase, AuditOutcome::Erased)));
    assert_eq!(audit.last(), Some(&(AuditAction::PushMain, AuditOutcome::Rejected(Rejection::Erased))));
    assert!(!holds(&storage, MARK));
}

/// A repeated erasure has no entry of its own, and a backup of before has the draft again.
#[test]
fn a_backup_of_before_has_it_and_is_erased_anew() {
    let storage = MemoryStorage::new();
    let hub = hub(&storage);
    push(&hub, vec![main_push(&marked(1, 0), None)]);
    let before = copy(&storage);
    erase(&hub, &[marker(1)]);
    let audited = hub.status("alice").unwrap().audited;
    erase(&hub, &[marker(1), marker(1)]);
    assert_eq!(hub.status("alice").unwrap().audited, audited);
    let restored = super::hub(&before);
    assert_eq!(restored.mains("alice", draft(1)).unwrap().len(), 1);
    assert_eq!(erase(&restored, &[marker(1)]), [EraseOutcome::Erased]);
    assert!(!holds(&before, MARK) && restored.verify().unwrap().is_intact());
}

#[test]
fn erasing_needs_no_room_and_makes_it() {
    let hub = Hub::open(Arc::new(MemoryStorage::new()), options(1).space_drafts(2).space_bytes(1)).unwrap();
    assert_eq!(erase(&hub, &[marker(1), marker(2), marker(3)]), vec![EraseOutcome::Erased; 3], "the hub never had any");
    let hub = Hub::open(Arc::new(MemoryStorage::new()), options(1).space_drafts(2)).unwrap();
    let (fourth, fifth) = (text(4, "four"), text(5, "five"));
    push(&hub, vec![main_push(&text(1, "one"), None), main_push(&text(2, "two"), None)]);
    assert_eq!(erase(&hub, &[marker(3)]), [EraseOutcome::Erased], "it is full");
    let is_full = |outcomes: &[Outcome]| matches!(outcomes, [Outcome::Rejected { code: Rejection::SpaceFull, reason }] if reason.contains("has 2 drafts"));
    assert!(is_full(&push(&hub, vec![main_push(&fourth, None)])), "a marker of what was never there makes no room");
    assert_eq!(erase(&hub, &[marker(1)]), [EraseOutcome::Erased]);
    assert_eq!(push(&hub, vec![main_push(&fourth, None)]), [MAIN]);
    assert!(is_full(&push(&hub, vec![main_push(&fifth, None)])));
    let status = hub.status("alice").unwrap();
    assert_eq!((status.drafts, status.erased, pull(&hub).erased.len()), (4, 2, 2));
    assert!(hub.verify().unwrap().is_intact());
}

/// A hub in a file gives back what was erased as a store does.
#[cfg(feature = "redb")]
#[test]
fn once_it_is_compacted_no_byte_of_it_is_on_the_disk() {
    use draftkeep::storage::{MemoryDisk, RedbStorage};
    let disk = MemoryDisk::new();
    let hub = Hub::open(Arc::new(RedbStorage::create(Arc::new(disk.clone())).unwrap()), options(1)).unwrap();
    let is_there = || disk.image().windows(MARK.len()).any(|window| window == MARK);
    for number in 0..3 {
        push(&hub, vec![main_push(&marked(number, number), None), main_push(&text(100 + number, "other"), None)]);
    }
    assert!(is_there());
    erase(&hub, &[marker(0), marker(1), marker(2)]);
    hub.compact().unwrap();
    assert!(!is_there());
    assert!(hub.verify().unwrap().is_intact());
    assert_eq!(pull(&hub).rows.len(), 3);
}
