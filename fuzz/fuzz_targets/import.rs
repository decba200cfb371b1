//! Arbitrary bytes as an export, as they are and behind a right first line: no panic, and whatever came in goes out and is known again.

#![no_main]

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::{Export, Options, Store};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

/// Of a space of another name, so that lines need not give the ids that they name.
const FIRST: &[u8] =
    b"{\"at\":0,\"format\":\"draftkeep export\",\"history\":true,\"line\":\"export\",\"space\":\"alice\",\"version\":1}\n";

fuzz_target!(|data: &[u8]| {
    let (clock, tasks, entropy) = (ManualClock::new(), TaskQueue::new(), SeededEntropy::new(1));
    let options = Options::with_runtime(Arc::new(clock), Arc::new(tasks), Arc::new(entropy));
    let space = Store::in_memory(options).and_then(|store| store.space("bob")).expect("memory can be opened");
    let _ = space.import(data);
    let _ = space.import(&[FIRST, data].concat()[..]);
    let mut lines = Vec::new();
    let exported = space.export(&mut lines, &Export::new().history()).expect("memory takes it");
    assert!(exported.damaged.is_empty());
    let again = space.import(&lines[..]).unwrap_or_else(|error| panic!("{error}: {}", error.kind));
    assert_eq!((again.begun, again.versions), (0, 0));
});
