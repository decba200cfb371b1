//! Checking a whole hub: nothing is wrong with one that is well, and whatever is wrong with one is found.

use super::{copy, draft, fork_push, main_push, options, push, row, text};
use draftkeep::RevisionId;
use draftkeep::hub::{Hub, Verified};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, Table};
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Push, Request, Revision, Target, Transport};
use futures_executor::block_on;
use std::collections::BTreeMap;
use std::sync::Arc;

const CONTAINED: Table = Table::new(69);

type Records = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn on(storage: &MemoryStorage) -> Hub {
    Hub::open(Arc::new(storage.clone()), options(1).mains(2)).expect("it opens")
}

fn verified(storage: &MemoryStorage) -> Verified {
    on(storage).verify().expect("memory")
}

fn records(storage: &MemoryStorage) -> Records {
    let (snapshot, mut all) = (storage.snapshot().expect("memory"), Records::new());
    for table in (0..=u8::MAX).map(Table::new) {
        let scan = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
        all.extend(snapshot.scan(table, scan).expect("memory").into_iter().map(|(key, value)| ((table, key), value)));
    }
    all
}

fn put(storage: &MemoryStorage, (table, key): &(Table, Vec<u8>), value: Option<Vec<u8>>) {
    let mut batch = Batch::new(Origin::Local);
    match value {
        Some(value) => batch.put(*table, key.clone(), value),
        None => batch.delete(*table, key.clone()),
    }
    storage.commit(&batch).expect("memory");
}

/// A hub with a bit of everything: two spaces, forks that are open and settled, deltas, bodies in pieces, refusals.
fn busy(storage: &MemoryStorage) -> Hub {
    let hub = on(storage);
    let texts: Vec<Revision> = (0..5).map(|number| text(1, &format!("text {number}"))).collect();
    let large = sample(draft(2), &[], &vec![b'y'; 200_000]);
    let (fork, settled_fork) = (sample(draft(1), &[texts[1].id()], b"fork"), text(1, "settled fork"));
    push(&hub, vec![main_push(&texts[0], None), main_push(&texts[1], Some(&texts[0])), main_push(&large, None)]);
    push(&hub, vec![fork_push(&fork), fork_push(&settled_fork), main_push(&text(1, "late"), None)]);
    let contains = vec![texts[1].id(), settled_fork.id()];
    let target = Target::Main { expects: Some(texts[1].id()) };
    push(&hub, vec![Push { revision: texts[2].clone(), base: Some(texts[1].id()), contains, target }]);
    push(&hub, vec![Push { base: Some(texts[2].id()), ..main_push(&texts[3], Some(&texts[2])) }]);
    push(&hub, vec![Push { base: Some(large.id()), ..fork_push(&sample(draft(2), &[], b"a delta as a fork")) }]);
    let elsewhere = Ask::Push { pushes: vec![main_push(&text(7, "bob's"), None)] };
    block_on(hub.send(Request { space: "bob".into(), ..super::request(None, elsewhere) })).expect("an answer");
    push(&hub, vec![main_push(&texts[4], Some(&texts[3])), main_push(&text(3, "third"), None)]);
    push(&hub, vec![main_push(&text(8, "to be erased"), None), fork_push(&text(8, "with this one"))]);
    super::erasing::erase(&hub, &[super::erasing::marker(8), super::erasing::marker(9)]);
    hub
}

#[test]
fn a_hub_that_is_well_is_intact_and_all_of_it_was_read() {
    let storage = MemoryStorage::new();
    let hub = busy(&storage);
    let found = hub.verify().expect("memory");
    assert!(found.is_intact() && found.left_out == 0, "{found:?}");
    let statuses = hub.spaces(None, 10).expect("memory");
    let (drafts, entries) = (statuses.iter().map(|it| it.drafts).sum(), statuses.iter().map(|it| it.audited).sum());
    assert_eq!((found.spaces, found.drafts, found.entries), (2, drafts, entries));
    // Of the first draft: main, two mains, a fork and what it came from, which both deltas build on, too. Then two, one, and bob's.
    assert_eq!(found.revisions, 5 + 2 + 1 + 1);
    assert_eq!(found, verified(&storage));
    assert!(verified(&MemoryStorage::new()).is_intact(), "an empty one is well, too");
}

/// Goal: damage to any record is found, and nothing fails over it. Method: each record is taken away, or one bit of it is flipped. That
/// the main contains a revision that is none of its mains is told by its own record alone.
#[test]
fn any_record_that_is_damaged_or_missing_is_found() {
    let storage = MemoryStorage::new();
    busy(&storage);
    let mains: Vec<RevisionId> =
        on(&storage).mains("alice", draft(1)).expect("memory").iter().map(|it| it.revision).collect();
    let all = records(&storage);
    assert!(all.len() > 50, "{}", all.len());
    for (place, value) in &all {
        let mut flipped = value.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x10;
        for damage in [None, Some(flipped)] {
            let is_unknown = place.0 == CONTAINED && !mains.iter().any(|id| place.1.ends_with(id.as_bytes()));
            if damage.is_none() && is_unknown {
                continue;
            }
            let damaged = copy(&storage);
            // Before the damage: opening writes the hub's own record anew, or is refused where that is damaged.
            let hub = on(&damaged);
            put(&damaged, place, damage.clone());
            let found = hub.verify().expect("memory");
            assert!(!found.is_intact(), "{place:?}, taken away: {}", damage.is_none());
        }
    }
}

/// Goal: a record that is whole and old is found. Method: of all that a push changed, one record is put back as it was before, as if the
/// disk had lost that write alone.
#[test]
fn any_record_that_is_older_than_the_others_is_found() {
    let storage = MemoryStorage::new();
    let hub = busy(&storage);
    let main = row(&hub, 1).main.revision.expect("it is small");
    let forks = row(&hub, 1).forks;
    let large = sample(draft(1), &[], &vec![b'z'; 40_000]);
    let target = Target::Main { expects: Some(main.id()) };
    let settling = Push { revision: large, base: None, contains: [vec![main.id()], forks].concat(), target };
    let pushes = [main_push(&text(5, "another draft"), None), fork_push(&text(1, "one more")), settling];
    let (mut struck, mut told) = (0, Vec::new());
    for pushed in pushes {
        let before = records(&storage);
        push(&hub, vec![pushed.clone()]);
        let after = records(&storage);
        let changed = after.keys().chain(before.keys()).filter(|place| before.get(*place) != after.get(*place));
        let mut changed: Vec<_> = changed.cloned().collect();
        changed.dedup();
        for place in changed {
            // What else it contains stands nowhere but there.
            if place.0 == CONTAINED && !place.1.ends_with(pushed.revision.id().as_bytes()) {
                continue;
            }
            let damaged = copy(&storage);
            put(&damaged, &place, before.get(&place).cloned());
            let found = verified(&damaged);
            assert!(!found.is_intact(), "{place:?} of {pushed:?}");
            told.extend(found.damage.into_iter().map(|damage| damage.what));
            struck += 1;
        }
    }
    assert!(struck > 20, "{struck}");
    assert!(told.iter().any(|what| what.contains("bytes, and it has")), "{told:?}");
    assert!(on(&storage).verify().expect("memory").is_intact());
}

/// Goal: an entry of the audit that says something else is found, although its hash is right. Method: one hub's entry is put into
/// another's place.
#[test]
fn an_audit_that_says_something_else_than_what_happened_is_found() {
    let (one, other) = (MemoryStorage::new(), MemoryStorage::new());
    for (storage, second) in [(&one, "second"), (&other, "another second")] {
        push(&on(storage), vec![main_push(&text(1, "first"), None)]);
        push(&on(storage), vec![main_push(&text(2, second), None)]);
        push(&on(storage), vec![main_push(&text(3, "third"), None)]);
    }
    let audit = |storage: &MemoryStorage| -> Vec<_> {
        records(storage).into_iter().filter(|((table, _), _)| *table == Table::new(72)).collect()
    };
    assert_eq!(audit(&one).len(), 3);
    let (place, altered) = audit(&other).remove(1);
    assert_ne!(audit(&one)[1].1, altered);
    put(&one, &place, Some(altered));
    assert_eq!(on(&one).audit("alice", 0, 10).expect("its hash is right").len(), 3);
    let found = verified(&one);
    assert_eq!(found.damage.len(), 1, "{found:?}");
    let damage = &found.damage[0];
    assert_eq!((damage.space.as_deref(), damage.draft), (Some("alice"), None));
    assert!(damage.what.contains("entry 2") && damage.what.contains("position 2"), "{damage:?}");
}

/// Goal: a space that dropped what nobody could count is counted anew. Method: the row of a body is damaged, and goes with the next push.
#[test]
fn counts_that_damage_made_wrong_are_built_anew_and_nothing_else_is_touched() {
    let storage = MemoryStorage::new();
    let hub = busy(&storage);
    assert_eq!(hub.repair().expect("memory"), 0, "there is nothing to do");
    let all = records(&storage);
    let oldest = hub.mains("alice", draft(1)).expect("memory").pop().expect("there are some").revision;
    let (place, mut value) = all
        .into_iter()
        .find(|((table, key), _)| *table == Table::new(70) && key.ends_with(oldest.as_bytes()))
        .expect("there");
    value[1] ^= 1;
    put(&storage, &place, Some(value));
    assert!(!hub.verify().expect("memory").is_intact());
    // Nothing builds on this draft's last ones but each other: three more mains, and all before them are gone.
    let fork = hub.drafts("alice", draftkeep::hub::Moment::Now, 0, 10).expect("memory");
    assert!(fork.iter().any(|then| then.forks > 0));
    for number in 0..4 {
        let main = row(&hub, 1).main.id;
        let forks = row(&hub, 1).forks;
        let revision = text(1, &format!("later {number}"));
        let target = Target::Main { expects: Some(main) };
        push(&hub, vec![Push { revision, base: None, contains: [vec![main], forks].concat(), target }]);
    }
    let found = hub.verify().expect("memory");
    assert_eq!(found.damage.len(), 1, "{found:?}");
    assert!(found.damage[0].what.contains("bytes, and it has"), "{found:?}");
    let before = records(&storage);
    assert_eq!(hub.repair().expect("memory"), 1);
    assert!(hub.verify().expect("memory").is_intact());
    let after = records(&storage);
    let changed: Vec<_> = after.iter().filter(|(place, value)| before.get(*place) != Some(value)).collect();
    assert_eq!((changed.len(), changed[0].0.0, after.len()), (1, Table::new(65), before.len()));
    assert_eq!(hub.repair().expect("memory"), 0);
}

#[test]
fn of_a_hub_with_more_damage_than_anybody_reads_the_first_is_told_and_the_rest_is_counted() {
    let storage = MemoryStorage::new();
    let hub = on(&storage);
    let mut batch = Batch::new(Origin::Local);
    for number in 0..1_200_u32 {
        batch.put(Table::new(70), number.to_be_bytes(), b"not a record".to_vec());
    }
    storage.commit(&batch).expect("memory");
    let found = hub.verify().expect("memory");
    assert_eq!(found.damage.len(), 1_000);
    assert!(found.left_out >= 200, "{}", found.left_out);
}
