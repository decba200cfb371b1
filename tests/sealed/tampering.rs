//! Somebody writes to the file, or is the hub, and has no key.

use crate::world::{Device, NOTE, Ring, fitting, hub, key, payload, put, records, sealed, typed};
use draftkeep::storage::{MemoryStorage, Storage};
use draftkeep::sync::{BlockedBy, Syncer};
use draftkeep::transport::{Answer, Reply, Request, Revision, Transport, TransportError};
use draftkeep::{DraftId, ErrorKind, Filter, Store};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::sync::{Arc, Mutex};

const OPEN: [u8; 4] = [0, 2, 22, 23];

fn small_store(seed: u64) -> (Arc<MemoryStorage>, Store) {
    let storage = Arc::new(MemoryStorage::new());
    let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, sealed(seed, &Ring::new())).unwrap();
    let notes = store.space("alice").unwrap().drafts(NOTE).unwrap();
    for text in ["one", "two"] {
        let draft = notes.slot(text).resume_or_start(|| text.to_owned()).unwrap();
        typed(&draft, &format!("{text} and more"));
    }
    (storage, store)
}

/// What a person sees: the texts as they were, or errors that name damage.
fn is_right_or_damaged(storage: &Arc<MemoryStorage>) -> bool {
    let damaged = |error: &draftkeep::Error| matches!(error.kind(), ErrorKind::Corrupt { .. });
    let store = match Store::with_storage(Arc::clone(storage) as Arc<dyn Storage>, sealed(7, &Ring::new())) {
        Ok(store) => store,
        Err(error) => return damaged(&error),
    };
    let space = match store.space("alice") {
        Ok(space) => space,
        Err(error) => return damaged(&error),
    };
    let notes = space.drafts(NOTE).unwrap();
    ["one", "two"].into_iter().all(|text| match notes.slot(text).resume().and_then(|draft| draft.unwrap().load()) {
        Ok(found) => found == format!("{text} and more"),
        Err(error) => damaged(&error),
    }) && notes.list(&Filter::all()).map_or_else(|error| damaged(&error), |page| page.drafts.len() == 2)
}

#[test]
fn a_record_in_another_ones_place_is_damage_even_with_a_hash_that_fits() {
    let (storage, _) = small_store(1);
    let all = records(&*storage);
    let mut moved = 0;
    for (at, (table, to, _)) in all.iter().enumerate() {
        for (_, _, value) in
            all.iter().enumerate().filter(|(from, (other, ..))| *from != at && other == table).map(|(_, it)| it)
        {
            if OPEN.contains(&table.number()) {
                continue;
            }
            let (storage, store) = small_store(1);
            drop(store);
            put(&*storage, *table, to, Some(fitting(*table, to, payload(value))));
            assert!(is_right_or_damaged(&storage), "table {} {to:02x?}", table.number());
            moved += 1;
        }
    }
    assert!(moved > 30, "{moved}");
}

#[test]
fn no_bit_of_a_sealed_record_can_be_changed_even_with_a_hash_that_fits() {
    let (storage, _) = small_store(1);
    let all = records(&*storage);
    let mut turned = 0;
    for (table, key, value) in all.iter().filter(|(table, ..)| !OPEN.contains(&table.number())) {
        let sealed = payload(value);
        for at in (0..sealed.len()).step_by(7) {
            let mut other = sealed.to_vec();
            other[at] ^= 1 << (at % 8);
            put(&*storage, *table, key, Some(fitting(*table, key, &other)));
            assert!(is_right_or_damaged(&storage), "table {} byte {at}", table.number());
            turned += 1;
        }
        put(&*storage, *table, key, Some(value.clone()));
    }
    assert!(turned > 200, "{turned}");
}

/// Downgrade: whoever knows the format writes what a plain store would have.
#[test]
fn a_record_in_the_open_is_damage() {
    let plain = Arc::new(MemoryStorage::new());
    let ring = Ring::of(draftkeep::seal::MemoryKeyRing::empty().with_former_plain_space("alice", key(2)));
    let open = |storage: &Arc<MemoryStorage>, options| {
        Store::with_storage(Arc::clone(storage) as Arc<dyn Storage>, options).unwrap()
    };
    let write = |store: &Store, text: &str| {
        let notes = store.space("alice").unwrap().drafts(NOTE).unwrap();
        typed(&notes.slot("diary").resume_or_start(String::new).unwrap(), text);
    };
    write(&open(&plain, crate::world::options(1)), "made up");
    let closed = Arc::new(MemoryStorage::new());
    write(&open(&closed, sealed(1, &ring)), "meant");
    for (table, key, value) in records(&*plain).into_iter().filter(|(table, ..)| !OPEN.contains(&table.number())) {
        put(&*closed, table, &key, Some(value));
    }
    let store = open(&closed, sealed(2, &ring));
    assert!(matches!(store.space("alice").unwrap_err().kind(), ErrorKind::Corrupt { .. }));
}

#[test]
fn every_byte_of_a_spaces_keys_that_is_changed_in_both_places_is_noticed() {
    let (storage, _) = small_store(1);
    let keys: Vec<_> =
        records(&*storage).into_iter().filter(|(table, ..)| [22, 23].contains(&table.number())).collect();
    let length = payload(&keys[0].2).len();
    for at in 0..length {
        for (table, key, value) in &keys {
            let mut other = payload(value).to_vec();
            other[at] ^= 1;
            put(&*storage, *table, key, Some(fitting(*table, key, &other)));
        }
        let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, sealed(7, &Ring::new()));
        let opened = store.and_then(|store| store.space("alice").map(drop));
        let noticed = |error: draftkeep::Error| {
            matches!(error.kind(), ErrorKind::Corrupt { .. } | ErrorKind::KeyMissing { .. } | ErrorKind::Storage(_))
        };
        assert!(opened.is_err_and(noticed), "byte {at}");
    }
}

pub(crate) type Change = Box<dyn Fn(&Revision) -> Option<Revision> + Send + Sync>;

/// A hub that changes the revisions that it gives.
pub(crate) struct Meddling {
    pub(crate) hub: Arc<draftkeep::hub::Hub>,
    pub(crate) change: Mutex<Option<Change>>,
}

impl std::fmt::Debug for Meddling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meddling")
    }
}

impl Transport for Meddling {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let mut answer = self.hub.send(request).await?;
            let change = self.change.lock().unwrap();
            let Some(change) = &*change else { return Ok(answer) };
            match &mut answer.reply {
                Reply::Page(page) => {
                    for row in &mut page.rows {
                        let given = &mut row.main.revision;
                        *given = given.as_ref().map(|it| change(it).unwrap_or_else(|| it.clone()));
                    }
                }
                Reply::Revisions { revisions, .. } => {
                    for revision in revisions {
                        *revision = change(revision).unwrap_or_else(|| revision.clone());
                    }
                }
                _ => {}
            }
            Ok(answer)
        })
    }
}

pub(crate) fn with_body(revision: &Revision, body: Vec<u8>) -> Revision {
    let made = Revision::new(revision.header().to_vec(), body).unwrap();
    made.with_chain(revision.chain().to_vec()).unwrap()
}

#[test]
fn a_hub_without_the_key_puts_no_body_into_another_ones_place_and_changes_no_bit() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let (first, second) =
        (one.notes.start(&"first".to_owned()).unwrap(), one.notes.start(&"second".to_owned()).unwrap());
    one.sync();
    typed(&first, "first, later");
    one.sync();
    let body = |draft: DraftId, at: usize| {
        let id = hub.mains("alice", draft).unwrap()[at].revision;
        hub.revision("alice", draft, id).unwrap().unwrap().body().to_vec()
    };
    let (now, earlier, other) = (body(first.id(), 0), body(first.id(), 1), body(second.id(), 0));
    let length = now.len();
    let mut changes: Vec<(String, Vec<u8>)> = vec![
        ("an earlier body of the draft".to_owned(), earlier),
        ("another draft's body".to_owned(), other),
        ("no body".to_owned(), Vec::new()),
        ("a body in the open".to_owned(), b"\0\0\0\0\0\"made up\"".to_vec()),
    ];
    for at in 0..length {
        let mut turned = now.clone();
        turned[at] ^= 1 << (at % 8);
        changes.push((format!("bit {} of byte {at}", at % 8), turned));
        changes.push((format!("cut at {at}"), now[..at].to_vec()));
    }
    let mut keyless = 0;
    for (seed, (what, body)) in (10..).zip(changes) {
        let draft = first.id();
        let change = move |revision: &Revision| (revision.draft() == draft).then(|| with_body(revision, body.clone()));
        let meddling = Arc::new(Meddling { hub: Arc::clone(&hub), change: Mutex::new(Some(Box::new(change))) });
        let store = Store::in_memory(sealed(seed, &ring)).unwrap();
        let space = store.space("alice").unwrap();
        let notes = space.drafts(NOTE).unwrap();
        let syncer = Syncer::new(&space, Arc::clone(&meddling));
        let _ = block_on(syncer.once());
        assert!(notes.get(draft).unwrap().is_none(), "{what} was taken in");
        assert_eq!(notes.get(second.id()).unwrap().unwrap().load().unwrap(), "second");
        // Once it is right it is taken in.
        *meddling.change.lock().unwrap() = None;
        // Whether the key is missing or its name was altered nobody can say: it waits for the key, or for being asked anew.
        let blocked = syncer.status().unwrap().blocked;
        if blocked.iter().any(|blocked| blocked.by == BlockedBy::KeyMissing) {
            keyless += 1;
            syncer.relearn();
        }
        let _ = block_on(syncer.once());
        assert_eq!(
            notes.get(draft).unwrap().map(|draft| draft.load().unwrap()).as_deref(),
            Some("first, later"),
            "after {what}"
        );
    }
    assert_eq!(keyless, 16, "the bytes of the key's name");
}
