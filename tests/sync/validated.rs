//! A hub that holds documents against the application's schema: what it refuses waits on its device, and nothing else waits.

use crate::world::{Device, Note, change, long, note};
use draftkeep::clock::{ManualClock, SeededEntropy};
use draftkeep::hub::{Candidate, Hub, HubOptions, Invalid};
use draftkeep::storage::MemoryStorage;
use std::sync::Arc;

/// Takes notes that have a title.
fn titled(candidate: &Candidate<'_>) -> Result<(), Invalid> {
    if candidate.kind() != "note" {
        return Err(Invalid::new(format!("this hub takes no {}", candidate.kind())));
    }
    let note: Note = candidate.read()?;
    if note.title.is_empty() { Err(Invalid::at("/title", "a note has a title")) } else { Ok(()) }
}

fn hub() -> Arc<Hub> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)));
    Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options.validator(Arc::new(titled))).unwrap())
}

#[test]
fn what_the_hub_finds_invalid_waits_with_the_reason_and_goes_through_once_it_is_mended() {
    let hub = hub();
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", &long())).unwrap();
    let other = one.notes.start(&note("Other", "")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| (note.title.clear(), note.body.push_str("It rained.")).1);
    change(&other, |note| note.body = "goes on".into());
    let report = one.sync();
    assert_eq!((report.parked, report.pushed), (1, 1));
    let status = one.syncer.status().unwrap();
    assert_eq!((status.pending, status.parked.len(), status.parked[0].draft), (1, 1, draft.id()));
    assert_eq!(status.parked[0].reason, "/title: a note has a title");
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap().title, "Night");
    assert_eq!(two.the_same(&other).load().unwrap().body, "goes on");
    // It is not tried again by itself, and nothing of it is lost.
    assert_eq!((one.sync().parked, draft.load().unwrap().body.ends_with("It rained.")), (0, true));
    change(&draft, |note| note.title = "Day".into());
    assert_eq!((one.sync().parked, one.syncer.status().unwrap().pending), (0, 0));
    two.sync();
    let found = two.the_same(&draft).load().unwrap();
    assert_eq!((found.title.as_str(), found.body.ends_with("It rained.")), ("Day", true));
}

/// Goal: many edits by two devices through a hub that reads all of them come through as through any other. Method: long texts, so that
/// most of what is pushed are deltas, merged with what the other one pushed.
#[test]
fn edits_merges_and_conflicts_that_are_valid_come_through() {
    let hub = hub();
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", &long().replace('7', "\n"))).unwrap();
    one.sync();
    two.sync();
    for round in 0..12 {
        for (device, at) in [(&one, 0), (&two, 10_000)] {
            let from = at + round * 200;
            change(&device.the_same(&draft), |note| note.body.replace_range(from..from + 4, "here"));
            change(&device.the_same(&draft), |note| note.tags.push(format!("{at} {round}")));
            assert_eq!(device.sync().parked, 0);
        }
    }
    assert_eq!(two.syncer.status().unwrap().conflicts, 0);
    change(&draft, |note| note.title = "Night train".into());
    change(&two.the_same(&draft), |note| note.title = "Night bus".into());
    for device in [&one, &two, &one] {
        assert_eq!(device.sync().parked, 0);
    }
    assert_eq!((one.syncer.status().unwrap().conflicts, two.syncer.status().unwrap().conflicts), (1, 1));
    let conflict = two.the_same(&draft).conflict().unwrap().expect("both changed the title");
    conflict.settle(&Note { title: "Night".into(), ..two.the_same(&draft).load().unwrap() }).unwrap();
    for device in [&two, &one, &two] {
        assert_eq!(device.sync().parked, 0);
    }
    for device in [&one, &two] {
        let found = device.the_same(&draft).load().unwrap();
        assert_eq!((found.title.as_str(), found.tags.len()), ("Night", 24));
        let status = device.syncer.status().unwrap();
        assert_eq!((status.pending, status.conflicts), (0, 0));
    }
}
