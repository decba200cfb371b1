//! What an operator sees of a hub's spaces.

use super::{copy, draft, fork_push, hub, main_push, options, push, request, text};
use draftkeep::ErrorKind;
use draftkeep::hub::{Hub, SpaceStatus};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, Table};
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Push, Request, Revision, Transport};
use futures_executor::block_on;
use std::sync::Arc;

fn bytes(revision: &Revision) -> u64 {
    (revision.header().len() + revision.body().len()) as u64
}

fn counts(status: &SpaceStatus) -> (u64, u64, u64, u64, u64) {
    (status.position.seq, status.drafts, status.forks, status.bytes, status.audited)
}

/// Goal: what is counted is what is there. Method: after each push the counts are held against what the hub gives, revision by
/// revision, of all that were ever pushed.
#[test]
fn the_counts_are_those_of_what_the_hub_gives() {
    let storage = MemoryStorage::new();
    let hub = Hub::open(Arc::new(storage.clone()), options(1).mains(1)).expect("it opens");
    let (one, two, three) = (text(1, "one"), text(1, "two"), sample(draft(1), &[], &[b'3'; 9_000]));
    let (fork, other) = (sample(draft(1), &[one.id()], b"fork"), text(1, "another fork"));
    let delta = text(1, "delta");
    let settled = text(1, "settled");
    let settling =
        Push { contains: vec![three.id(), fork.id(), other.id(), delta.id()], ..main_push(&settled, Some(&three)) };
    let pushes = [
        main_push(&one, None),
        fork_push(&fork),
        main_push(&two, Some(&one)),
        // Refused, and noted in the audit: it expects another main.
        main_push(&text(1, "late"), Some(&one)),
        main_push(&text(2, "second draft"), None),
        fork_push(&other),
        // A repeat changes nothing.
        fork_push(&other),
        Push { base: Some(other.id()), ..fork_push(&delta) },
        main_push(&three, Some(&two)),
        settling,
        main_push(&text(1, "last"), Some(&settled)),
    ];
    let mut seen = Vec::new();
    for pushed in pushes {
        push(&hub, vec![pushed.clone()]);
        seen.push(pushed.revision.clone());
        let kept = |of: &Revision| hub.revision("alice", of.draft(), of.id()).expect("it can be read");
        let mut ids: Vec<&Revision> = seen.iter().filter(|revision| kept(revision).is_some()).collect();
        ids.sort_by_key(|revision| revision.id());
        ids.dedup_by_key(|revision| revision.id());
        let rows = super::pull(&hub).rows;
        let status = hub.status("alice").expect("it can be read");
        let forks: usize = rows.iter().map(|row| row.forks.len()).sum();
        let taken: u64 = ids.into_iter().map(bytes).sum();
        let audit = hub.audit("alice", 0, 100).expect("it can be read").len() as u64;
        let position = super::ask(&hub, Ask::Hello).position;
        assert_eq!(counts(&status), (position.seq, rows.len() as u64, forks as u64, taken, audit), "{pushed:?}");
        assert_eq!((status.position, status.hub, status.space.as_str()), (position, hub.id(), "alice"));
    }
    assert_eq!(counts(&hub.status("alice").expect("it can be read")).2, 0, "all forks are settled");
    let again = Hub::open(Arc::new(storage), options(2)).expect("it opens");
    assert_eq!(again.status("alice").expect("it reads"), hub.status("alice").expect("it reads"));
}

#[test]
fn every_space_is_listed_once_page_by_page_and_one_that_nobody_pushed_to_is_not() {
    let hub = hub(&MemoryStorage::new());
    let names: Vec<String> = (0..23).map(|number| format!("space {number}")).collect();
    for name in &names {
        let ask = Ask::Push { pushes: vec![main_push(&text(1, name), None)] };
        block_on(hub.send(Request { space: name.clone(), ..request(None, ask) })).expect("an answer");
    }
    assert_eq!(counts(&hub.status("nobody").expect("it can be read")), (0, 0, 0, 0, 0));
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = hub.spaces(after.as_deref(), 5).expect("it can be read");
        found.extend(page.iter().cloned());
        let Some(last) = page.last().filter(|_| page.len() == 5) else { break };
        after = Some(last.space.clone());
    }
    for status in &found {
        assert_eq!(*status, hub.status(&status.space).expect("it can be read"));
    }
    let mut listed: Vec<String> = found.into_iter().map(|status| status.space).collect();
    listed.sort();
    let mut expected = names;
    expected.sort();
    assert_eq!(listed, expected);
    assert_eq!(hub.spaces(None, 0).expect("it can be read"), []);
}

#[test]
fn a_space_whose_row_is_lost_is_an_error_and_not_an_empty_one() {
    let storage = MemoryStorage::new();
    push(&hub(&storage), vec![main_push(&text(1, "one"), None)]);
    let all = Scan { from: b"", to: None, order: Order::Ascending, limit: 10 };
    let (key, mut row) = storage.snapshot().expect("memory").scan(Table::new(65), all).expect("memory").remove(0);
    row[5] ^= 1;
    for damage in [None, Some(row)] {
        let (damaged, listed) = (copy(&storage), damage.is_some());
        let mut batch = Batch::new(Origin::Local);
        match damage {
            None => batch.delete(Table::new(65), key.clone()),
            Some(row) => batch.put(Table::new(65), key.clone(), row),
        }
        damaged.commit(&batch).expect("memory");
        let hub = hub(&damaged);
        let error = hub.status("alice").expect_err("it is damaged");
        assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
        assert_eq!(hub.spaces(None, 10).is_err(), listed);
    }
}
