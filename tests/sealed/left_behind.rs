//! Texts of other devices that wait here for their key, while the hub that they came from is restored or replaced and their writer is gone: this device
//! has the last copy.

use crate::tampering::{Change, Meddling, with_body};
use crate::world::{CANARY, Device, NOTE, Ring, canaries, hub, key, put, records, sealed, typed};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::seal::MemoryKeyRing;
use draftkeep::storage::{MemoryStorage, Storage, Table};
use draftkeep::sync::{BlockedBy, Synced, Syncer};
use draftkeep::transport::{Answer, Ask, Reply, Request, Revision, Transport, TransportError};
use draftkeep::{AuditAction, AuditQuery, Draft, Space, Store};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::sync::{Arc, Mutex};

const KEYLESS: Table = Table::new(26);

fn young() -> Ring {
    Ring::of(MemoryKeyRing::new(key(1), key(3)))
}

/// A hub over a copy of what the other one has now: a backup.
fn copy_of(storage: &MemoryStorage) -> Arc<MemoryStorage> {
    let copy = Arc::new(MemoryStorage::new());
    for (table, key, value) in records(storage) {
        put(&*copy, table, &key, Some(value));
    }
    copy
}

fn hub_over(storage: Arc<MemoryStorage>) -> Arc<Hub> {
    use draftkeep::clock::{ManualClock, SeededEntropy};
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(77)));
    Arc::new(Hub::open(storage as Arc<dyn Storage>, options).unwrap())
}

/// Ways in which a hub goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Restored,
    Replaced,
}

const WAYS: [Goes; 2] = [Goes::Restored, Goes::Replaced];

/// The device meets the hub that comes after.
fn meets(device: &mut Device, goes: Goes, backup: &MemoryStorage) -> Arc<Hub> {
    let next = match goes {
        Goes::Restored => hub_over(copy_of(backup)),
        Goes::Replaced => hub(99).0,
    };
    device.syncer = Syncer::new(&device.space, Arc::clone(&next));
    if goes == Goes::Replaced {
        assert!(block_on(device.syncer.once()).is_err(), "it is another one");
        device.syncer.accept_hub().unwrap();
    }
    device.sync();
    next
}

fn kept(device: &Device) -> usize {
    device.syncer.status().unwrap().blocked.iter().filter(|one| one.by == BlockedBy::KeyMissing).count()
}

/// All that a draft says: its head and the sides of its conflict.
fn texts(draft: &Draft<String>) -> Vec<String> {
    let mut texts = vec![draft.load().unwrap()];
    if let Some(conflict) = draft.conflict().unwrap() {
        texts.extend(conflict.theirs().iter().map(|side| side.value.as_str().unwrap().to_owned()));
    }
    texts
}

#[test]
fn a_text_that_nobody_else_has_any_more_is_here_once_its_key_is() {
    for goes in WAYS {
        let ((before, storage), ring) = (hub(9), Ring::new());
        let empty = copy_of(&storage);
        let one = Device::new(sealed(1, &ring), &before);
        let draft = one.notes.start(&format!("It rained on the {CANARY}.")).unwrap();
        one.sync();
        let young = young();
        let mut two = Device::new(sealed(2, &young), &before);
        two.sync();
        drop(one);
        let after = meets(&mut two, goes, &empty);
        for _ in 0..3 {
            two.sync();
            let status = two.syncer.status().unwrap();
            assert_eq!((status.blocked.len(), kept(&two), status.is_synced()), (1, 1, false), "{goes:?}");
            assert_eq!(status.blocked[0].draft, draft.id());
        }
        assert!(after.mains("alice", draft.id()).unwrap().is_empty(), "nobody can push it");
        assert!(young.keys().add_former(None, key(2)));
        two.sync();
        assert_eq!(texts(&two.the_same(&draft)), [format!("It rained on the {CANARY}.")], "{goes:?}");
        two.sync();
        let status = two.syncer.status().unwrap();
        assert!(status.is_synced(), "{goes:?}: {status:?}");
        // And whoever comes after has it from the hub.
        let three = Device::new(sealed(3, &Ring::of(MemoryKeyRing::new(key(1), key(3)))), &after);
        three.sync();
        assert_eq!(texts(&three.the_same(&draft)), texts(&two.the_same(&draft)), "{goes:?}");
        assert!(two.space.verify_audit(None).unwrap().is_intact());
    }
}

/// The first draft of a slot waits for its key, and the second is here.
#[test]
fn what_waits_for_its_key_is_left_out_of_its_slot() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    one.notes.slot("diary").start(&"one".to_owned()).unwrap().archive().unwrap();
    one.sync();
    assert!(ring.keys().add(None, key(3)));
    one.space.rotate_key().unwrap();
    let next = one.notes.slot("diary").start(&"two".to_owned()).unwrap();
    one.sync();
    let two = Device::new(sealed(2, &young()), &hub);
    two.sync();
    assert_eq!(kept(&two), 1);
    let generations = two.notes.slot("diary").generations().unwrap();
    assert_eq!(generations.iter().map(|info| info.id).collect::<Vec<_>>(), [next.id()]);
}

#[test]
fn a_text_that_was_made_from_this_devices_own_takes_its_place_and_one_beside_it_stands_against_it() {
    for goes in WAYS {
        for types_meanwhile in [false, true] {
            let ((before, storage), ring) = (hub(9), Ring::new());
            let empty = copy_of(&storage);
            let (old, new) = (Ring::of(MemoryKeyRing::new(key(1), key(2))), Ring::new());
            let mut two = Device::new(sealed(2, &old), &before);
            let own = two.notes.start(&"It rained.".to_owned()).unwrap();
            two.sync();
            let one = Device::new(sealed(1, &new), &before);
            one.sync();
            assert!(new.keys().add(None, key(3)));
            one.space.rotate_key().unwrap();
            typed(&one.the_same(&own), "It rained. It poured.");
            one.sync();
            two.sync();
            assert_eq!(kept(&two), 1);
            if types_meanwhile {
                typed(&own, "It snowed.");
            }
            drop((one, ring));
            meets(&mut two, goes, &empty);
            assert!(matches!(own.sync_state().unwrap(), Synced::Blocked { .. }), "{goes:?}");
            assert_eq!(kept(&two), 1, "{goes:?}");
            assert!(old.keys().add_former(None, key(3)));
            two.sync();
            let texts = texts(&own);
            let history = own.history().unwrap().versions;
            let earlier: Vec<_> = history.iter().map(|version| own.raw_at(version.version).unwrap()).collect();
            if types_meanwhile {
                // Both were made from one text, and the rule for such a document takes one of them.
                assert!(texts.contains(&"It snowed.".to_owned()), "{texts:?}");
                assert!(earlier.contains(&"It rained. It poured.".into()), "{goes:?}: {earlier:?}");
            } else {
                assert_eq!(texts, ["It rained. It poured."], "{goes:?}");
            }
            two.sync();
            let status = two.syncer.status().unwrap();
            assert_eq!((status.blocked.len(), status.pending), (0, 0), "{goes:?}: {status:?}");
        }
    }
}

#[test]
fn what_the_hub_had_as_forks_waits_as_well() {
    for goes in WAYS {
        let ((before, storage), ring) = (hub(9), Ring::new());
        let empty = copy_of(&storage);
        let one = Device::new(sealed(1, &ring), &before);
        let three = Device::new(sealed(3, &ring), &before);
        let ours = one.notes.slot("diary").resume_or_start(|| "It rained.".to_owned()).unwrap();
        let _ = three.notes.slot("diary").resume_or_start(|| "It snowed.".to_owned()).unwrap();
        one.sync();
        three.sync();
        let young = young();
        let mut two = Device::new(sealed(2, &young), &before);
        two.sync();
        drop((one, three));
        meets(&mut two, goes, &empty);
        assert!(young.keys().add_former(None, key(2)));
        two.sync();
        two.sync();
        let mut texts = texts(&two.the_same(&ours));
        texts.sort();
        assert_eq!(texts, ["It rained.", "It snowed."], "{goes:?}");
        assert_eq!(two.syncer.status().unwrap().pending, 0, "{goes:?}");
    }
}

/// A device whose records can be looked at.
struct Watched {
    storage: Arc<MemoryStorage>,
    store: Store,
    space: Space,
    syncer: Syncer,
}

fn watched(ring: &Ring, hub: &Arc<Hub>) -> Watched {
    let storage = Arc::new(MemoryStorage::new());
    let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, sealed(2, ring)).unwrap();
    let space = store.space("alice").unwrap();
    let syncer = Syncer::new(&space, Arc::clone(hub));
    Watched { storage, store, space, syncer }
}

#[test]
fn while_its_hub_is_there_only_what_the_hub_has_now_is_kept() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let draft = one.notes.start(&String::new()).unwrap();
    let young = young();
    let Watched { storage, store, space, syncer } = watched(&young, &hub);
    let mut kept = Vec::new();
    for round in 0..20 {
        typed(&draft, &format!("It rained {round} times."));
        one.sync();
        block_on(syncer.once()).unwrap();
        kept.push(records(&*storage).into_iter().filter(|(table, ..)| *table == KEYLESS).count());
    }
    assert!(kept.iter().all(|count| *count == 1), "{kept:?}");
    // A record that is written anew is sealed anew.
    let before = records(&*storage);
    block_on(syncer.once()).unwrap();
    assert!(records(&*storage) == before, "a cycle that finds nothing new writes something");
    assert_eq!(canaries(&*storage), Vec::<String>::new());
    assert!(young.keys().add_former(None, key(2)));
    block_on(syncer.once()).unwrap();
    let notes = space.drafts(NOTE).unwrap();
    assert_eq!(notes.get(draft.id()).unwrap().unwrap().load().unwrap(), "It rained 19 times.");
    assert!(records(&*storage).iter().all(|(table, ..)| *table != KEYLESS), "it is taken in");
    assert!(store.verify().unwrap().is_intact());
}

/// As many as no honest hub brings about: each time all is learnt anew the texts of before stay.
#[test]
fn what_waits_is_bounded_and_what_a_later_text_contains_is_no_conflict() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let draft = one.notes.start(&String::new()).unwrap();
    let young = young();
    let Watched { storage, store, space, syncer } = watched(&young, &hub);
    for round in 0..270 {
        typed(&draft, &format!("It rained {round} times."));
        one.sync();
        syncer.relearn();
        block_on(syncer.once()).unwrap();
    }
    let kept = records(&*storage).into_iter().filter(|(table, ..)| *table == KEYLESS).count();
    assert!((250..=257).contains(&kept), "{kept}");
    assert!(young.keys().add_former(None, key(2)));
    block_on(syncer.once()).unwrap();
    let theirs = space.drafts(NOTE).unwrap().get(draft.id()).unwrap().unwrap();
    assert_eq!(texts(&theirs), ["It rained 269 times."]);
    block_on(syncer.once()).unwrap();
    assert!(syncer.status().unwrap().is_synced());
    assert!(records(&*storage).iter().all(|(table, ..)| *table != KEYLESS));
    assert!(store.verify().unwrap().is_intact());
}

#[test]
fn no_other_hub_puts_bytes_of_its_own_in_the_place_of_what_waits() {
    let ((before, storage), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &before);
    let draft = one.notes.start(&"It rained.".to_owned()).unwrap();
    one.sync();
    let young = young();
    let mut two = Device::new(sealed(2, &young), &before);
    two.sync();
    // A hub that has all of it, and gives none of it as it is.
    let garbled = |revision: &Revision| {
        let mut bytes = revision.body().to_vec();
        // A byte of its key's name.
        bytes[4] ^= 1;
        Some(with_body(revision, bytes))
    };
    let change = Mutex::new(Some(Box::new(garbled) as Change));
    two.syncer = Syncer::new(&two.space, Arc::new(Meddling { hub: hub_over(copy_of(&storage)), change }));
    two.syncer.relearn();
    two.sync();
    // And one that has nothing.
    meets(&mut two, Goes::Replaced, &storage);
    assert!(young.keys().add_former(None, key(2)));
    two.sync();
    assert_eq!(texts(&two.the_same(&draft)), ["It rained."]);
}

/// A hub that says of everything that its main contains it.
#[derive(Debug)]
struct Claiming(Arc<Hub>);

impl Transport for Claiming {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let asked = if let Ask::Contained { ids, .. } = &request.ask { ids.clone() } else { Vec::new() };
            let mut answer = self.0.send(request).await?;
            if let Reply::Contained { contained, .. } = &mut answer.reply {
                *contained = asked;
            }
            Ok(answer)
        })
    }
}

#[test]
fn no_hub_makes_a_text_go_by_saying_that_it_has_it() {
    let ((before, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &before);
    let draft = one.notes.slot("diary").resume_or_start(|| "It rained.".to_owned()).unwrap();
    one.sync();
    let young = young();
    let mut two = Device::new(sealed(2, &young), &before);
    two.sync();
    let after = hub(99).0;
    let three = Device::new(sealed(3, &young), &after);
    let _ = three.notes.slot("diary").resume_or_start(|| "It snowed.".to_owned()).unwrap();
    three.sync();
    two.syncer = Syncer::new(&two.space, Arc::new(Claiming(after)));
    assert!(block_on(two.syncer.once()).is_err(), "it is another hub");
    two.syncer.accept_hub().unwrap();
    two.sync();
    assert_eq!(texts(&two.the_same(&draft)), ["It snowed."]);
    assert!(young.keys().add_former(None, key(2)));
    two.sync();
    let theirs = two.the_same(&draft);
    let history = theirs.history().unwrap().versions;
    let earlier: Vec<_> = history.iter().map(|version| theirs.raw_at(version.version).unwrap()).collect();
    assert!(earlier.contains(&"It rained.".into()), "{earlier:?}");
}

#[test]
fn what_nobody_will_read_can_be_dropped_and_only_then() {
    let ((before, storage), ring) = (hub(9), Ring::new());
    let empty = copy_of(&storage);
    let one = Device::new(sealed(1, &ring), &before);
    let draft = one.notes.start(&"It rained.".to_owned()).unwrap();
    one.sync();
    let mut two = Device::new(sealed(2, &young()), &before);
    two.sync();
    assert_eq!(two.syncer.drop_keyless(draft.id()).unwrap(), 0, "the hub has it");
    meets(&mut two, Goes::Restored, &empty);
    assert_eq!(two.syncer.drop_keyless(draft.id()).unwrap(), 1);
    assert_eq!(two.syncer.drop_keyless(draft.id()).unwrap(), 0);
    assert_eq!(kept(&two), 0);
    let entries = two.space.audit(&AuditQuery::all()).unwrap().entries;
    assert!(entries.iter().any(|entry| entry.action == AuditAction::KeylessDropped { texts: 1 }));
}

#[test]
fn what_waits_goes_with_the_draft_that_is_erased() {
    let ((before, storage), ring) = (hub(9), Ring::new());
    let empty = copy_of(&storage);
    let one = Device::new(sealed(1, &ring), &before);
    let draft = one.notes.slot("diary").resume_or_start(|| "It rained.".to_owned()).unwrap();
    one.sync();
    let young = young();
    let mut two = Device::new(sealed(2, &young), &before);
    two.sync();
    meets(&mut two, Goes::Restored, &empty);
    assert_eq!(kept(&two), 1);
    // A draft that is not here as a text can be erased through its slot.
    two.notes.slot("diary").erase().unwrap();
    two.space.erase_all().unwrap();
    assert_eq!(kept(&two), 0);
    assert!(young.keys().add_former(None, key(2)));
    two.sync();
    assert!(two.notes.get(draft.id()).unwrap().is_none());
}

#[test]
fn a_ring_is_asked_once_in_a_cycle_for_a_key_that_it_does_not_give() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    for number in 0..40 {
        one.notes.start(&format!("It rained {number} times.")).unwrap();
    }
    one.sync();
    let young = young();
    let two = Device::new(sealed(2, &young), &hub);
    let asked = || {
        let of_missing = key(2).id().to_string();
        young.0.asked.lock().unwrap().iter().filter(|what| what.contains(&of_missing)).count()
    };
    for cycle in 1..4 {
        two.sync();
        assert_eq!(asked(), cycle);
    }
    assert_eq!(kept(&two), 40);
}
