//! Goal: what is typed comes into no log line, no error, no event and no report, whatever goes wrong. The keys of documents are in errors,
//! and the names of checkpoints and outcomes in the events that tell of them, as documented.
//! Method: everything else that is typed holds one word. A day on two devices and a hub goes through what can be logged, with all spans and
//! lines at the finest level, and the word is looked for in all that was said.

#[path = "sync/world.rs"]
#[allow(dead_code, reason = "the tests of syncing use the rest of it")]
mod world;

use draftkeep::clock::{ManualClock, SeededEntropy};
use draftkeep::hub::{Candidate, Hub, HubOptions, Invalid};
use draftkeep::merge::{Place, Side, merge_json};
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{MemoryStorage, Storage, StorageErrorKind};
use draftkeep::{Draft, Export, Kind, Saved, Store, Value};
use std::error::Error;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use world::{Device, Note, change, hub, note, options, runtime};

/// What stands in everything that is typed.
const WORD: &str = "quokka";

fn typed(what: &str) -> Note {
    Note { tags: vec![format!("{WORD} tag")], ..note(&format!("{WORD} {what}"), &format!("{what} {WORD}.")) }
}

/// All that was said so far.
static SAID: Mutex<String> = Mutex::new(String::new());

fn said(what: fmt::Arguments<'_>) {
    let _ = writeln!(SAID.lock().unwrap(), "{what}");
}

/// An error, as a log line, a debugger and whoever follows its causes would show it.
fn failed<E: Error>(error: E) {
    said(format_args!("{error} {error:?}"));
    let mut cause = error.source();
    while let Some(error) = cause {
        said(format_args!("{error} {error:?}"));
        cause = error.source();
    }
}

/// Writes down every span and line with all their fields.
struct Everything;

impl Visit for Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        said(format_args!("{field}={value:?}"));
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        said(format_args!("span {}", span.metadata().name()));
        span.record(&mut Self);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Self);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        said(format_args!("line {}", event.metadata().target()));
        event.record(&mut Self);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Refuses some documents in words of its own, and panics over others.
fn picky(candidate: &Candidate<'_>) -> Result<(), Invalid> {
    let note: Note = candidate.read()?;
    assert!(!note.body.contains("panic"), "{}", note.body);
    if note.body.contains("refuse") { Err(Invalid::at("/body", "it is refused")) } else { Ok(()) }
}

#[test]
fn nothing_that_is_typed_is_said() {
    tracing::subscriber::set_global_default(Everything).unwrap();
    two_devices();
    a_hub_that_refuses();
    what_does_not_fit();
    a_medium_that_fails();
    what_comes_as_bytes();
    let all = SAID.lock().unwrap();
    for must in
        ["span draftkeep", "line draftkeep", "Merged", "Conflict", "Parked", "was refused", "the storage medium failed"]
    {
        assert!(all.contains(must), "nothing was said of {must:?}");
    }
    let found: Vec<&str> = all.lines().filter(|line| line.contains(WORD)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

fn two_devices() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let mut events = one.store.events();
    let draft = one.notes.start(&typed("begin")).unwrap();
    one.notes.slot(format!("{WORD} slot")).start(&typed("slot")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| note.body.push_str(" More quokka."));
    change(&two.the_same(&draft), |note| note.tags.push("quokka two".to_owned()));
    change(&draft, |note| note.title = "quokka here".into());
    change(&two.the_same(&draft), |note| note.title = "quokka there".into());
    for device in [&two, &one, &two, &one] {
        said(format_args!("{:?} {:?}", device.sync(), device.syncer.status().unwrap()));
    }
    draft.conflict().unwrap().expect("both named it").settle(&typed("settled")).unwrap();
    let (mut here, mut there) = (draft.edit().unwrap(), draft.edit().unwrap());
    here.doc().tags.push("quokka, merged".to_owned());
    there.doc().body.push_str(" And quokka.");
    let _ = there.save().unwrap();
    assert!(matches!(here.save().unwrap(), Saved::Merged { .. }));
    let (mut here, mut there) = (draft.edit().unwrap(), draft.edit().unwrap());
    (here.doc().title, there.doc().title) = ("quokka a".to_owned(), "quokka b".to_owned());
    let _ = there.save().unwrap();
    let saved = here.save().unwrap();
    assert!(matches!(saved, Saved::Conflict { .. }));
    said(format_args!("{saved:?} {draft:?} {:?} {:?}", one.notes, one.space));
    draft.checkpoint("a point").unwrap();
    draft.archive().unwrap();
    change_of_an_ended(&draft);
    failed(draft.at(99).unwrap_err());
    said(format_args!("{:?}", one.sync()));
    said(format_args!("{:?}", one.store.verify().unwrap()));
    while let Some(event) = events.try_next() {
        said(format_args!("{event:?}"));
    }
}

fn change_of_an_ended(draft: &Draft<Note>) {
    let mut edit = draft.edit().unwrap();
    edit.doc().body.push_str("quokka, too late");
    failed(edit.save().unwrap_err());
}

/// A hub's validator says no, and panics; a device's application finds what it was sent too new.
fn a_hub_that_refuses() {
    let runtime = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)));
    let hub = Hub::open(Arc::new(MemoryStorage::new()), runtime.validator(Arc::new(picky))).unwrap();
    let hub = Arc::new(hub);
    let one = Device::new(2, &hub);
    let mut events = one.store.events();
    for what in ["refuse", "panic", "take"] {
        one.notes.start(&typed(what)).unwrap();
    }
    let report = one.sync();
    assert_eq!((report.parked, report.pushed), (2, 1));
    said(format_args!("{report:?} {:?}", one.syncer.status().unwrap()));
    for entry in hub.audit("alice", 0, 100).unwrap() {
        said(format_args!("{entry:?}"));
    }
    while let Some(event) = events.try_next() {
        said(format_args!("{event:?}"));
    }
}

/// Documents of another type, documents that are none, and names that are too long.
fn what_does_not_fit() {
    const NUMBER: Kind<u64> = Kind::new("note");
    const MOOD: Kind<Mood> = Kind::new("note");
    let store = Store::in_memory(options(4)).unwrap();
    let space = store.space("alice").unwrap();
    let draft = space.drafts(world::NOTE).unwrap().start(&typed("another type")).unwrap();
    let plain = Store::in_memory(runtime(8)).unwrap().space("alice").unwrap();
    let id = plain.drafts(Kind::<String>::new("note")).unwrap().start(&format!("{WORD} alone")).unwrap().id();
    failed(plain.drafts(NUMBER).unwrap().get(id).unwrap().unwrap().load().unwrap_err());
    failed(plain.drafts(MOOD).unwrap().get(id).unwrap().unwrap().load().unwrap_err());
    failed(draft.promote(&WORD.repeat(1_000)).unwrap_err());
    failed(space.drafts(world::NOTE).unwrap().slot(WORD.repeat(100)).start(&typed("slot")).unwrap_err());
    let deep = (0..10_000).fold(Value::from(WORD), |inner, _| Value::Array([inner].into_iter().collect()));
    failed(plain.drafts(Kind::<Value>::new("value")).unwrap().start(&deep).unwrap_err());
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
enum Mood {
    Good,
}

fn a_medium_that_fails() {
    for call in [StorageCall::Commit, StorageCall::Get, StorageCall::Scan, StorageCall::Snapshot] {
        let storage = Arc::new(FaultyStorage::new(Arc::new(MemoryStorage::new())));
        let store = Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, options(5)).unwrap();
        let mut events = store.events();
        let notes = store.space("alice").unwrap().drafts(world::NOTE).unwrap();
        let draft = notes.start(&typed("a medium that fails")).unwrap();
        let mut edit = draft.edit().unwrap();
        edit.doc().body.push_str("quokka, unsaved");
        let effect = StorageEffect::Fails(StorageErrorKind::Io);
        storage.arm(StorageFault { call: Some(call), after: 0, lasting: Lasting::Forever, effect });
        let saved = edit.save().map(drop);
        let started = notes.start(&typed("no medium")).map(drop);
        let errors: Vec<_> = [saved, started].into_iter().filter_map(Result::err).collect();
        assert!(!errors.is_empty(), "nothing needs {call:?}");
        errors.into_iter().for_each(failed);
        while let Some(event) = events.try_next() {
            said(format_args!("{event:?}"));
        }
    }
}

/// JSON, exports and messages that are cut, altered or none.
fn what_comes_as_bytes() {
    for text in ["{\"key\": quokka", "[\"quokka\" \"quokka\"]", "\"quokka\\ud800\"", "\"quokka\u{0}\"", "quokka"] {
        failed(Value::parse(text.as_bytes()).unwrap_err());
        let side = Side { value: text.as_bytes(), place: Place::Local(1) };
        failed(merge_json(&world::policy(), None, side, side).unwrap_err());
    }
    let from = Store::in_memory(options(6)).unwrap().space("alice").unwrap();
    from.drafts(world::NOTE).unwrap().start(&typed("export")).unwrap();
    let mut lines = Vec::new();
    said(format_args!("{:?}", from.export(&mut lines, &Export::new().history()).unwrap()));
    let lines = String::from_utf8(lines).unwrap();
    let to = Store::in_memory(options(7)).unwrap().space("alice").unwrap();
    for altered in
        [lines.replace("quokka", "quokka?"), lines.replace("\"quokka", "quokka"), lines[..lines.len() / 2].to_owned()]
    {
        failed(to.import(altered.as_bytes()).unwrap_err());
    }
}
