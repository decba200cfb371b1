//! Goal: a text that leaves a sealed store in the open is found, whichever way it takes: a record, a file, what a hub is asked, a log line, an event or
//! an error.
//! Method: the canary of a build for seeded faults is turned on in this process, and ends it where it finds one. Two devices with files go
//! through a day; each way out has to have been searched by then. That it finds something is shown by the faults that
//! `failures` names for these tests.
#![cfg(draftkeep_faults)]

#[path = "sync/world.rs"]
#[allow(dead_code, reason = "the tests of syncing use the rest of it")]
mod world;

use draftkeep::fault::canary::{self, Exit};
use draftkeep::hub::Invalid;
use draftkeep::sync::Syncer;
use draftkeep::{Drafts, ErrorKind, Kind, Saved, Schema, SecretSync, Space, Store, Value};
use futures_executor::block_on;
use std::path::Path;
use world::{Note, change, hub, note, options, runtime};

const TOKEN: Kind<Value> = Kind::new("token");

/// A store in a file, as somebody has it who says nothing of keys.
fn device(folder: &Path, seed: u64) -> (Store, Space, Drafts<Note>) {
    let store =
        Store::open_or_create(folder.join(format!("{seed}.redb")), options(seed).device("the typewriter of alice"));
    let store = store.unwrap();
    assert!(store.is_sealed());
    let space = store.space("alice").unwrap();
    let notes = space.drafts(world::NOTE).unwrap();
    (store, space, notes)
}

#[test]
fn whatever_leaves_a_sealed_store_is_searched_and_nothing_is_found() {
    canary::begin();
    let folder = tempfile::tempdir().unwrap();
    let hub = hub(1);
    let (store, space, notes) = device(folder.path(), 2);
    let (_other, there, same) = device(folder.path(), 3);
    let (here, there) = (Syncer::new(&space, hub.clone()), Syncer::new(&there, hub.clone()));
    let sync = || [&here, &there, &here].map(|syncer| block_on(syncer.once()).unwrap());

    let draft =
        notes.slot("the diary of alice").start(&note("A night at sea", "It rained, and the roof let it in.")).unwrap();
    sync();
    change(&draft, |note| note.title = "A night in the harbour".into());
    change(&same.get(draft.id()).unwrap().unwrap(), |note| note.title = "A night in the mountains".into());
    sync();
    draft.conflict().unwrap().expect("both named it").settle(&note("A night", "It rained, and that was all.")).unwrap();
    draft.checkpoint("before the interview").unwrap();
    let (mut one, mut two) = (draft.edit().unwrap(), draft.edit().unwrap());
    one.doc().body.push_str(" Nobody slept in that house.");
    two.doc().tags.push("nights without sleep".to_owned());
    let _ = one.save().unwrap();
    assert!(matches!(two.save().unwrap(), Saved::Merged { .. }));
    sync();
    assert!(here.status().unwrap().blocked.is_empty());
    assert!(draft.at(99).is_err());
    store.compact().unwrap();
    store.backup(folder.path().join("backup.redb")).unwrap();

    assert!(canary::remembered() > 20, "{} windows", canary::remembered());
    for exit in [Exit::Storage, Exit::File, Exit::Request, Exit::Log, Exit::Event, Exit::Error] {
        assert!(canary::searched(exit) > 100, "{exit:?}: {} bytes", canary::searched(exit));
    }
}

#[test]
fn what_an_application_says_of_a_secret_is_in_no_error() {
    canary::begin();
    let quoting = |value: &Value| match value.as_str() {
        Some(text) if text.contains("weak") => Err(Invalid::at("/0", format!("{text} is too weak"))),
        _ => Ok(()),
    };
    let schema = Schema::of(TOKEN).secret(SecretSync::Never).validate_value(quoting);
    let store = Store::in_memory(runtime(4).schema(schema)).unwrap();
    let tokens = store.space("alice").unwrap().drafts(TOKEN).unwrap();
    let mut edit = tokens.start(&Value::from("a password of some length")).unwrap().edit().unwrap();
    *edit.doc() = Value::from("a weak one of some length");
    let before = canary::searched(Exit::Error);
    let error = edit.save().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid { .. }), "{error}");
    assert!(canary::searched(Exit::Error) > before);
}
