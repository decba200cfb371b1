//! Two real stores sync through a real server.

use super::common::{Server, client, hub};
use draftkeep::sync::Syncer;
use draftkeep::{Kind, Options, Space, Store};
use futures_executor::block_on;
use std::time::{Duration, Instant};

const NOTE: Kind<String> = Kind::new("note");

fn space() -> Space {
    Store::in_memory(Options::new()).unwrap().space("alice").unwrap()
}

#[test]
fn two_devices_write_apart_and_end_with_the_same() {
    let server = Server::open(hub());
    let (laptop, phone) = (space(), space());
    let syncers = [&laptop, &phone].map(|space| Syncer::new(space, client(&server.url())));
    let draft = laptop.drafts(NOTE).unwrap().slot("diary").start(&"It rained.\nWe stayed in.\n".to_owned()).unwrap();
    for syncer in &syncers {
        block_on(syncer.once()).unwrap();
    }
    let other = phone.drafts(NOTE).unwrap().get(draft.id()).unwrap().expect("it came over");
    let (mut here, mut there) = (draft.edit().unwrap(), other.edit().unwrap());
    *here.doc() = here.doc().replace("rained", "poured");
    there.doc().push_str("Then the sun came out.\n");
    let _ = (here.save().unwrap(), there.save().unwrap());
    for syncer in [&syncers[0], &syncers[1], &syncers[0]] {
        block_on(syncer.once()).unwrap();
    }
    let text = "It poured.\nWe stayed in.\nThen the sun came out.\n";
    assert_eq!((draft.load().unwrap().as_str(), other.load().unwrap().as_str()), (text, text));
    assert!(draft.conflict().unwrap().is_none());
}

#[test]
fn an_edit_is_on_the_other_device_soon_where_both_go_on_by_themselves() {
    let server = Server::open(hub());
    let (laptop, phone) = (space(), space());
    for space in [&laptop, &phone] {
        let syncer = Syncer::new(space, client(&server.url()));
        std::thread::spawn(move || block_on(syncer.run()));
    }
    let draft = laptop.drafts(NOTE).unwrap().start(&"one".to_owned()).unwrap();
    let began = Instant::now();
    let notes = phone.drafts(NOTE).unwrap();
    let arrives = |text: &str| {
        while notes.get(draft.id()).unwrap().is_none_or(|draft| draft.load().unwrap() != text) {
            assert!(began.elapsed() < Duration::from_secs(25), "{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    arrives("one");
    let mut edit = draft.edit().unwrap();
    "two".clone_into(edit.doc());
    let _ = edit.save().unwrap();
    // The hub tells: nobody asks every second.
    arrives("two");
}
