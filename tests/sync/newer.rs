//! Texts of a newer application, on a device that cannot read them yet.

use crate::world::{Device, Line, NOTE, Note, change, hub, note, options_with};
use draftkeep::{Draft, Schema};

/// A device whose application writes the next version of the schema.
fn newer(seed: u64, line: &Line) -> Device {
    Device::with(options_with(seed, Schema::of(NOTE).version(2).migrate(1, Ok)), line.clone())
}

fn tags(device: &Device, draft: &Draft<Note>) -> Vec<String> {
    let draft = device.the_same(draft);
    let conflict = draft.conflict().unwrap();
    let sides = conflict.iter().flat_map(draftkeep::Conflict::theirs).map(|side| side.info.version);
    let sides = sides.map(|version| draft.at(version).unwrap().doc.tags).collect::<Vec<_>>();
    let mut tags: Vec<String> = sides.into_iter().chain([draft.load().unwrap().tags]).flatten().collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The only device that has read a text is gone, and so is the hub: what another one has of it, unread, is enough.
#[test]
fn what_a_newer_application_wrote_outlives_its_hub_on_a_device_that_cannot_read_it() {
    let line = Line::to(&hub(1));
    let (old, new) = (Device::over(2, line.clone()), newer(3, &line));
    let draft = old.notes.start(&note("Night", "")).unwrap();
    old.sync();
    new.sync();
    let begun = new.notes.start(&note("Day", "It rained.")).unwrap();
    change(&new.the_same(&draft), |note| note.tags.push("new".into()));
    new.sync();
    assert_eq!(old.sync().blocked, 2, "it is of a newer application");
    change(&draft, |note| note.tags.push("old".into()));
    drop(new);

    line.lead_to(&hub(9));
    assert!(old.try_sync().is_err());
    old.syncer.accept_hub().unwrap();
    old.sync();
    let status = old.syncer.status().unwrap();
    assert_eq!((status.pending, status.conflicts, status.blocked.len()), (0, 1, 0));
    assert_eq!(draft.load().unwrap().tags, ["old"], "what can be read goes on");

    let another = newer(4, &line);
    another.sync();
    assert_eq!(tags(&another, &draft), ["new", "old"]);
    assert_eq!(another.the_same(&begun).load().unwrap().body, "It rained.");
}
