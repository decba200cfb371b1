//! Kinds whose documents are secrets.

use crate::world::{CANARY, NOTE, Ring, canaries, hub, options, sealed};
use draftkeep::hub::Invalid;
use draftkeep::merge::{Policy, Rule};
use draftkeep::storage::{MemoryStorage, Storage};
use draftkeep::sync::{Synced, Syncer};
use draftkeep::{ErrorKind, Export, Kind, Options, Saved, Schema, SecretSync, Store, Value};
use futures_executor::block_on;
use std::sync::Arc;

/// What the secrets say; names of devices have the other canary in them.
const SECRET: &str = "quagmire";

const TOKEN: Kind<Value> = Kind::new("token");

fn secret(sync: SecretSync) -> Schema<Value> {
    Schema::of(TOKEN).secret(sync)
}

fn value(text: &str) -> Value {
    Value::from(text)
}

fn refused(options: Options) -> bool {
    Store::in_memory(options).is_err_and(|error| matches!(error.kind(), ErrorKind::Options { .. }))
}

#[test]
fn a_secret_kind_needs_a_sealed_store_and_no_label_or_policy() {
    let ring = Ring::new();
    assert!(refused(options(1).schema(secret(SecretSync::Sealed))));
    assert!(!refused(sealed(1, &ring).schema(secret(SecretSync::Sealed))));
    assert!(refused(sealed(1, &ring).schema(secret(SecretSync::Sealed).label(|_| String::new()))));
    let policy = Policy::builder().rule("", Rule::Atomic).build().unwrap();
    assert!(refused(sealed(1, &ring).schema(secret(SecretSync::Sealed).policy(policy))));
}

#[test]
fn no_word_of_a_secret_is_told_exported_or_merged() {
    let picky = |value: &Value| match value.as_str() {
        Some(text) if text.contains("weak") => Err(Invalid::at("/0", format!("{text} is weak"))),
        _ => Ok(()),
    };
    let failing = |value: Value| Err(format!("{value:?} cannot be migrated").into());
    let storage = Arc::new(MemoryStorage::new());
    let open = |schema: Schema<Value>, seed| {
        let options = sealed(seed, &Ring::new()).schema(schema);
        Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, options).unwrap().space("alice").unwrap()
    };
    let space = open(secret(SecretSync::Sealed).validate_value(picky), 1);
    let tokens = space.drafts(TOKEN).unwrap();
    let draft = tokens.slot("mail").start(&value(SECRET)).unwrap();
    assert_eq!(draft.info().unwrap().label, None);

    let mut edit = draft.edit().unwrap();
    *edit.doc() = value(&format!("weak {SECRET}"));
    let said = |error: &draftkeep::Error| {
        let mut said = format!("{error} {error:?}");
        let mut cause = std::error::Error::source(error);
        while let Some(next) = cause {
            said.push_str(&format!("{next} {next:?}"));
            cause = next.source();
        }
        said
    };
    let error = edit.save().unwrap_err();
    let ErrorKind::Invalid { invalid, .. } = error.kind() else { panic!("{error}") };
    assert_eq!(invalid.to_string(), "/0: it is not valid");
    assert!(!said(&error).contains(SECRET) && !format!("{edit:?}").contains(SECRET));

    // Two that part are never merged.
    let (mut one, mut two) = (draft.edit().unwrap(), draft.edit().unwrap());
    *one.doc() = value(&format!("{SECRET} one"));
    *two.doc() = value(&format!("{SECRET} two"));
    let _ = one.save().unwrap();
    assert!(matches!(two.save().unwrap(), Saved::Conflict { .. }));
    assert_eq!(draft.conflict().unwrap().unwrap().theirs().len(), 1);

    space.drafts(NOTE).unwrap().start(&"no secret".to_owned()).unwrap();
    let mut lines = Vec::new();
    let done = space.export(&mut lines, &Export::new().history()).unwrap();
    assert_eq!((done.drafts, done.secrets), (1, 1));
    let lines = String::from_utf8(lines).unwrap();
    assert!(!lines.contains(SECRET) && lines.contains("no secret"));
    drop((draft, tokens, space, edit, one, two));

    let space = open(secret(SecretSync::Sealed).version(2).migrate(1, failing), 2);
    let draft = space.drafts(TOKEN).unwrap().slot("mail").resume().unwrap().unwrap();
    assert!(!said(&draft.load().unwrap_err()).contains(SECRET));
}

#[test]
fn what_never_syncs_stays_here_and_holds_nothing_up() {
    let ((hub, storage), ring, memory) = (hub(9), Ring::new(), Arc::new(MemoryStorage::new()));
    let open = |schema: Schema<Value>, seed| {
        let options = sealed(seed, &ring).schema(schema);
        Store::with_storage(Arc::clone(&memory) as Arc<dyn Storage>, options).unwrap().space("alice").unwrap()
    };
    // First it syncs: the space meets its hub, and a token is owed.
    let space = open(secret(SecretSync::Sealed), 1);
    let syncer = Syncer::new(&space, Arc::clone(&hub));
    block_on(syncer.once()).unwrap();
    let owed = space.drafts(TOKEN).unwrap().slot("owed").start(&value(CANARY)).unwrap().id();
    drop((syncer, space));

    let space = open(secret(SecretSync::Never), 2);
    let syncer = Syncer::new(&space, Arc::clone(&hub));
    let tokens = space.drafts(TOKEN).unwrap();
    let token = tokens.slot("mail").start(&value(CANARY)).unwrap();
    let note = space.drafts(NOTE).unwrap().start(&"no secret".to_owned()).unwrap();
    let report = block_on(syncer.once()).unwrap();
    assert_eq!(report.pushed, 1);
    assert!(hub.mains("alice", note.id()).unwrap().len() == 1 && hub.mains("alice", token.id()).unwrap().is_empty());
    assert!(hub.mains("alice", owed).unwrap().is_empty());
    assert_eq!(token.sync_state().unwrap(), Synced::KeptHere);
    let status = syncer.status().unwrap();
    assert!(status.pending == 0 && status.is_synced(), "{status:?}");
    // Neither an edit nor learning everything anew sends it.
    let mut edit = token.edit().unwrap();
    *edit.doc() = value("another");
    let _ = edit.save().unwrap();
    syncer.relearn();
    block_on(syncer.once()).unwrap();
    block_on(syncer.once()).unwrap();
    assert!(hub.mains("alice", token.id()).unwrap().is_empty() && canaries(&*storage).is_empty());
    assert_eq!(tokens.get(owed).unwrap().unwrap().load().unwrap(), value(CANARY));
}

/// No hub ever heard of what never leaves the device, so none hears that it was erased; one that may have it does.
#[test]
fn a_secret_that_no_hub_ever_heard_of_is_erased_without_telling_one() {
    let (((first, _), (second, _)), ring, memory) = ((hub(9), hub(8)), Ring::new(), Arc::new(MemoryStorage::new()));
    let open = |sync, seed| {
        let options = sealed(seed, &ring).schema(secret(sync));
        Store::with_storage(Arc::clone(&memory) as Arc<dyn Storage>, options).unwrap().space("alice").unwrap()
    };
    let space = open(SecretSync::Sealed, 1);
    let syncer = Syncer::new(&space, Arc::clone(&first));
    let pushed = space.drafts(TOKEN).unwrap().slot("pushed").start(&value(SECRET)).unwrap().id();
    block_on(syncer.once()).unwrap();
    drop((syncer, space));

    let space = open(SecretSync::Never, 2);
    let tokens = space.drafts(TOKEN).unwrap();
    let token = tokens.slot("mail").start(&value(SECRET)).unwrap();
    // An open conflict of its own is nothing that a hub heard of.
    let (mut one, mut two) = (token.edit().unwrap(), token.edit().unwrap());
    (*one.doc(), *two.doc()) = (value("one"), value("two"));
    let _ = one.save().unwrap();
    let _ = two.save().unwrap();
    assert!(token.conflict().unwrap().is_some());
    let syncer = Syncer::new(&space, Arc::clone(&first));
    block_on(syncer.once()).unwrap();
    assert_eq!(token.erase().unwrap().owed, 0);
    assert!(!space.erasure(token.id()).unwrap().expect("it is erased").owed);
    assert_eq!(tokens.get(pushed).unwrap().unwrap().erase().unwrap().owed, 1);
    block_on(syncer.once()).unwrap();
    let tells = |hub: &draftkeep::hub::Hub, draft| hub.erasure("alice", draft).unwrap().is_some();
    assert!(tells(&first, pushed) && !tells(&first, token.id()));
    assert!(syncer.status().unwrap().is_synced());
    // Nor does the next hub, or one that is asked anew.
    let syncer = Syncer::new(&space, Arc::clone(&second));
    assert!(block_on(syncer.once()).is_err(), "it is another one");
    syncer.accept_hub().unwrap();
    for _ in 0..2 {
        block_on(syncer.once()).unwrap();
        syncer.relearn();
    }
    assert!(tells(&second, pushed) && !tells(&second, token.id()));
    assert!(syncer.status().unwrap().is_synced());
}

/// Another device, whose application lets the kind sync, has a draft of the same slot: then the hub is told after all.
#[test]
fn a_secret_that_another_device_pushed_is_erased_there_once_this_one_hears_of_it() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let device = |sync, seed| {
        let space = Store::in_memory(sealed(seed, &ring).schema(secret(sync))).unwrap().space("alice").unwrap();
        let syncer = Syncer::new(&space, Arc::clone(&hub));
        (space, syncer)
    };
    let ((one, of_one), (two, of_two)) = (device(SecretSync::Sealed, 1), device(SecretSync::Never, 2));
    block_on(of_two.once()).unwrap();
    let here = two.drafts(TOKEN).unwrap().slot("mail").start(&value(SECRET)).unwrap();
    assert_eq!(here.erase().unwrap().owed, 0);
    let there = one.drafts(TOKEN).unwrap().slot("mail").start(&value(SECRET)).unwrap();
    assert_eq!(there.id(), here.id());
    block_on(of_one.once()).unwrap();
    for _ in 0..2 {
        block_on(of_two.once()).unwrap();
    }
    assert!(hub.erasure("alice", here.id()).unwrap().is_some());
    assert!(of_two.status().unwrap().is_synced());
}
