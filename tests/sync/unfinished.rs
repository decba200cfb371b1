//! Goal: what is not valid stays on its device until it is, and what other devices bring that is not valid waits until somebody can use it.

use crate::world::{Device, Line, NOTE, Note, change, hub, note, options, options_with};
use draftkeep::sync::BlockedBy;
use draftkeep::{AuditAction, AuditQuery, Draft, ErrorKind, Guard, Invalid, Options, Phase, Schema};

fn titled(note: &Note) -> Result<(), Invalid> {
    if note.title.is_empty() { Err(Invalid::at("/title", "a note has a title")) } else { Ok(()) }
}

fn strict_options(seed: u64) -> Options {
    options_with(seed, Schema::of(NOTE).validate(titled))
}

fn strict(seed: u64, line: &Line) -> Device {
    Device::with(strict_options(seed), line.clone())
}

/// An application without a validator, which lets everything through.
fn lax(seed: u64, line: &Line) -> Device {
    Device::with(options(seed), line.clone())
}

fn keep(draft: &Draft<Note>, change: impl FnOnce(&mut Note)) {
    let mut edit = draft.edit().expect("it can be read");
    change(edit.doc());
    let _ = edit.keep().expect("whatever it is, it is kept");
}

/// A draft with a title, on two devices, of which the second lets everything through.
fn met(line: &Line) -> (Device, Device, Draft<Note>) {
    let (one, two) = (strict(2, line), lax(3, line));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    (one, two, draft)
}

/// Somebody empties the title, and goes on typing.
fn untitle(device: &Device, draft: &Draft<Note>) {
    change(&device.the_same(draft), |note| (note.title.clear(), note.body.push_str("It rained.")).1);
}

fn parked_entries(device: &Device) -> usize {
    let entries = device.space.audit(&AuditQuery::all()).unwrap().entries;
    entries.iter().filter(|entry| entry.action == AuditAction::Parked { guard: Guard::NotValid }).count()
}

/// A form is begun, typed in many saves with a sync after each, and becomes right at last.
#[test]
fn what_is_not_valid_yet_stays_here_and_leaves_as_soon_as_it_is() {
    let line = Line::to(&hub(1));
    let (one, two) = (strict(2, &line), lax(3, &line));
    let draft = one.notes.start(&note("", "")).unwrap();
    let other = one.notes.start(&note("Other", "")).unwrap();
    for letter in "It rained.".chars() {
        keep(&draft, |note| note.body.push(letter));
        one.sync();
        let status = one.syncer.status().unwrap();
        assert_eq!((status.pending, status.parked.len(), status.parked[0].draft), (1, 1, draft.id()));
        assert_eq!(status.parked[0].code, None, "it is this device that holds it back");
        assert!(status.parked[0].reason.starts_with("/title: a note has a title"), "{}", status.parked[0].reason);
    }
    assert_eq!(parked_entries(&one), 1, "the audit says it once");
    two.sync();
    assert!(two.notes.get(draft.id()).unwrap().is_none() && two.notes.get(other.id()).unwrap().is_some());
    change(&draft, |note| note.title = "Night".into());
    assert_eq!(one.sync().pushed, 1);
    assert!(one.syncer.status().unwrap().is_synced());
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap(), note("Night", "It rained."));
}

/// What was right on the way there goes out, as far as it goes.
#[test]
fn a_valid_promotion_is_not_held_back_by_what_is_typed_after_it() {
    let line = Line::to(&hub(1));
    let (one, two) = (strict(2, &line), strict(3, &line));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    draft.promote("page-1").unwrap();
    keep(&draft, |note| note.title.clear());
    assert_eq!(one.sync().pushed, 1);
    assert_eq!(one.syncer.status().unwrap().parked.len(), 1);
    two.sync();
    assert_eq!(two.the_same(&draft).info().unwrap().phase, Phase::Promoted);
    // A checkpoint of what is not valid is passed over once the head is.
    draft.checkpoint("half").unwrap();
    change(&draft, |note| note.title = "Day".into());
    one.sync();
    assert!(one.syncer.status().unwrap().is_synced());
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap().title, "Day");
}

#[test]
fn what_another_device_brings_that_is_not_valid_waits_and_is_taken_in_once_it_is_mended() {
    let line = Line::to(&hub(1));
    let (one, two) = (strict(2, &line), lax(3, &line));
    let (draft, other) = (one.notes.start(&note("Night", "")).unwrap(), one.notes.start(&note("Other", "")).unwrap());
    one.sync();
    two.sync();
    untitle(&two, &draft);
    change(&two.the_same(&other), |note| note.body.push_str("goes on"));
    let begun = two.notes.start(&note("", "begun")).unwrap();
    two.sync();
    for _ in 0..2 {
        assert_eq!(one.sync().blocked, 2);
        let blocked = one.syncer.status().unwrap().blocked;
        assert!(blocked.iter().all(|blocked| blocked.by == BlockedBy::NotValid));
        assert!(blocked.iter().all(|blocked| blocked.reason.contains("/title: a note has a title")));
        assert_eq!(draft.load().unwrap(), note("Night", ""), "it is kept, and not applied");
        assert_eq!(one.the_same(&other).load().unwrap().body, "goes on");
        assert!(one.notes.get(begun.id()).unwrap().is_none());
    }
    // What is typed here meanwhile stands beside it on the hub.
    change(&draft, |note| note.tags.push("here".into()));
    one.sync();
    assert_eq!(one.syncer.status().unwrap().pending, 0);
    two.sync();
    let conflict = two.the_same(&draft).conflict().unwrap();
    if let Some(conflict) = conflict {
        let mended = Note { tags: vec!["here".into()], ..note("Day", "It rained.") };
        conflict.settle(&mended).unwrap();
    } else {
        change(&two.the_same(&draft), |note| note.title = "Day".into());
    }
    change(&begun, |note| note.title = "Begun".into());
    for device in [&two, &one, &two, &one] {
        device.sync();
    }
    for device in [&one, &two] {
        let found = device.the_same(&draft).load().unwrap();
        assert_eq!((found.title.as_str(), found.body.as_str(), found.tags.len()), ("Day", "It rained.", 1));
        assert_eq!(device.the_same(&begun).load().unwrap().title, "Begun");
        assert!(device.syncer.status().unwrap().is_synced());
    }
}

/// A person looks at it, and mends it here.
#[test]
fn somebody_may_take_in_what_is_not_valid_and_mend_it() {
    let line = Line::to(&hub(1));
    let (one, two, draft) = met(&line);
    untitle(&two, &draft);
    two.sync();
    assert!(!one.syncer.take_in_invalid(draft.id()).unwrap(), "nothing waits yet");
    assert_eq!(one.sync().blocked, 1);
    assert!(one.syncer.take_in_invalid(draft.id()).unwrap());
    one.sync();
    assert_eq!(draft.load().unwrap(), note("", "It rained."));
    assert!(one.syncer.status().unwrap().is_synced(), "the hub has it");
    let refused = draft.promote("out").unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Invalid { .. }), "{refused}");
    change(&draft, |note| note.title = "Day".into());
    one.sync();
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap(), note("Day", "It rained."));
    // The next one is looked at anew.
    change(&two.the_same(&draft), |note| note.title.clear());
    two.sync();
    assert_eq!((one.sync().blocked, draft.load().unwrap().title.as_str()), (1, "Day"));
}

/// An update of the application accepts what the one before did not: both what waits here, and what waits for here.
#[test]
fn an_application_that_accepts_more_lets_everything_go_on() {
    let line = Line::to(&hub(1));
    let storage = std::sync::Arc::new(draftkeep::storage::MemoryStorage::new());
    let other = lax(3, &line);
    let (here, there) = {
        let one = Device::on(strict_options(2), &storage, line.clone());
        let here = one.notes.start(&note("", "typed here")).unwrap();
        let there = other.notes.start(&note("", "typed there")).unwrap();
        other.sync();
        let report = one.sync();
        assert_eq!((report.parked, report.blocked), (1, 1));
        assert_eq!(one.sync().parked, 0);
        (here.id(), there.id())
    };
    let one = Device::on(options(4), &storage, line.clone());
    let report = one.sync();
    assert_eq!((report.parked, report.blocked, report.pushed), (0, 0, 1));
    assert!(one.syncer.status().unwrap().is_synced());
    assert_eq!(one.notes.get(there).unwrap().expect("it was taken in").load().unwrap().body, "typed there");
    other.sync();
    assert_eq!(other.notes.get(here).unwrap().expect("it was pushed").load().unwrap().body, "typed here");
}

/// The only device that wrote it is gone, and so is the hub: what another one has of it, not applied, is enough.
#[test]
fn what_is_not_valid_outlives_its_hub_on_a_device_that_does_not_apply_it() {
    let line = Line::to(&hub(1));
    let (one, two, draft) = met(&line);
    untitle(&two, &draft);
    let begun = two.notes.start(&note("", "begun")).unwrap();
    two.sync();
    assert_eq!(one.sync().blocked, 2);
    change(&draft, |note| note.tags.push("here".into()));
    drop(two);

    line.lead_to(&hub(9));
    assert!(one.try_sync().is_err());
    one.syncer.accept_hub().unwrap();
    one.sync();
    assert!(one.syncer.status().unwrap().blocked.is_empty());
    assert_eq!(draft.load().unwrap().tags, ["here"], "what is valid goes on");
    let conflict = draft.conflict().unwrap().expect("both texts are here");
    assert_eq!(draft.at(conflict.theirs()[0].info.version).unwrap().doc, note("", "It rained."));
    assert_eq!(one.the_same(&begun).load().unwrap().body, "begun");
}

/// What is put away need not become right any more.
#[test]
fn a_half_typed_form_can_be_put_away_everywhere() {
    let line = Line::to(&hub(1));
    let (one, two) = (strict(2, &line), strict(3, &line));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    keep(&draft, |note| note.title.clear());
    draft.discard().unwrap();
    one.sync();
    assert!(one.syncer.status().unwrap().is_synced());
    two.sync();
    assert_eq!(two.the_same(&draft).info().unwrap().phase, Phase::Discarded);
}
