//! What two devices come to have.

use crate::world::{Device, Note, change, hub, note};
use draftkeep::sync::SyncErrorKind;
use draftkeep::{Cadence, ErrorKind, Phase};
use futures_util::{FutureExt, StreamExt};

#[test]
fn a_draft_of_one_device_is_on_the_other_one_after_both_have_synced() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    assert_eq!(one.syncer.status().unwrap().pending, 1, "no hub has it yet");
    assert_eq!((one.sync().pushed, one.syncer.status().unwrap().pending), (1, 0));
    assert_eq!(two.sync().received, 1);
    let same = two.the_same(&draft);
    assert_eq!(same.load().unwrap(), note("Night", "It rained."));
    assert_eq!(same.info().unwrap().revision, draft.info().unwrap().revision);
}

#[test]
fn edits_apart_are_merged_and_both_devices_end_equal() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    let same = two.the_same(&draft);
    change(&draft, |note| (note.body, note.views) = ("It rained. It poured.".into(), 1));
    change(&same, |note| (note.title, note.views) = ("Night train".into(), 1));
    assert_eq!(one.syncer.status().unwrap().pending, 1);
    one.sync();
    assert_eq!(two.sync().merged, 1);
    one.sync();
    let merged = draft.load().unwrap();
    assert_eq!(
        (merged.title.as_str(), merged.body.as_str(), merged.views),
        ("Night train", "It rained. It poured.", 2)
    );
    assert_eq!(same.info().unwrap().revision, draft.info().unwrap().revision);
    for device in [&one, &two] {
        let status = device.syncer.status().unwrap();
        assert_eq!((status.pending, status.conflicts), (0, 0));
    }
}

#[test]
fn a_conflict_is_seen_on_both_devices_and_settled_on_either() {
    for settled_by_second in [false, true] {
        let hub = hub(1);
        let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
        let draft = one.notes.start(&note("Night", "")).unwrap();
        one.sync();
        two.sync();
        let same = two.the_same(&draft);
        change(&draft, |note| note.title = "Night train".into());
        change(&same, |note| note.title = "Night bus".into());
        one.sync();
        assert_eq!(two.sync().conflicts, 1);
        assert_eq!(one.sync().conflicts, 1, "the fork is seen here, too");
        for device in [&one, &two] {
            let status = device.syncer.status().unwrap();
            assert_eq!((status.pending, status.conflicts), (0, 1));
        }
        let (settling, other) = if settled_by_second { (&two, &one) } else { (&one, &two) };
        let conflict = settling.the_same(&draft).conflict().unwrap().expect("it is open");
        let mut both = [conflict.ours(), &conflict.theirs()[0]].map(|side| side.value.get_str("title"));
        both.sort_unstable();
        assert_eq!(both, ["Night bus", "Night train"]);
        conflict.settle(&note("Night ferry", "")).unwrap();
        settling.sync();
        other.sync();
        for device in [&one, &two] {
            let draft = device.the_same(&draft);
            assert_eq!(draft.load().unwrap().title, "Night ferry");
            assert!(draft.conflict().unwrap().is_none());
            assert_eq!(device.syncer.status().unwrap().conflicts, 0);
        }
        assert_eq!(one.sync().pushed + two.sync().pushed, 0, "they are at rest");
    }
}

trait Title {
    fn get_str(&self, member: &str) -> &str;
}

impl Title for draftkeep::Value {
    fn get_str(&self, member: &str) -> &str {
        let Self::Object(members) = self else { panic!("a note is an object") };
        members.get(member).and_then(Self::as_str).expect("it is a text")
    }
}

#[test]
fn a_slot_that_both_open_offline_is_one_draft() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let drafts = [&one, &two].map(|device| device.notes.slot("upload-73").resume_or_start(Default::default).unwrap());
    change(&drafts[0], |note| note.body = "One.".into());
    change(&drafts[1], |note| note.tags.push("two".into()));
    one.sync();
    assert_eq!(two.sync().merged, 1);
    one.sync();
    let merged = drafts[0].load().unwrap();
    assert_eq!((merged.body.as_str(), merged.tags), ("One.", vec!["two".to_owned()]));
    assert_eq!(drafts[0].info().unwrap().revision, drafts[1].info().unwrap().revision);
}

#[test]
fn phases_travel_and_an_edit_is_not_thrown_away() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    let other = one.notes.start(&note("Day", "")).unwrap();
    one.sync();
    two.sync();
    draft.discard().unwrap();
    other.archive().unwrap();
    change(&two.the_same(&draft), |note| note.body = "It rained. It poured.".into());
    one.sync();
    two.sync();
    one.sync();
    assert_eq!(two.the_same(&other).info().unwrap().phase, Phase::Archived);
    for device in [&one, &two] {
        let draft = device.the_same(&draft);
        assert_eq!(draft.info().unwrap().phase, Phase::Open, "it was edited");
        assert_eq!(draft.load().unwrap().body, "It rained. It poured.");
    }
}

#[test]
fn a_text_does_not_become_blank_everywhere_until_somebody_says_so() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| *note = Note::default());
    one.sync();
    let parked = one.syncer.status().unwrap().parked;
    assert!(parked.len() == 1 && parked[0].reason.contains("confirm_blank"), "{parked:?}");
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap(), note("Night", "It rained."));
    draft.confirm_blank().unwrap();
    one.sync();
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap(), note("", ""));
}

#[test]
fn another_hub_at_the_address_is_not_told_anything_until_it_is_accepted() {
    let (before, after) = (hub(1), hub(9));
    let one = Device::new(2, &before);
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    let moved = draftkeep::sync::Syncer::new(&one.space, std::sync::Arc::clone(&after));
    let error = futures_executor::block_on(moved.once()).unwrap_err();
    assert!(matches!(error.kind(), SyncErrorKind::OtherHub { .. }), "{error}");
    let two = Device::new(3, &after);
    assert_eq!(two.sync().received, 0);
    moved.accept_hub().unwrap();
    assert_eq!(futures_executor::block_on(moved.once()).unwrap().pushed, 1);
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap().body, "It rained.");
}

#[test]
fn what_was_emptied_and_then_thrown_away_is_thrown_away_everywhere() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |found| *found = note("", ""));
    draft.discard().unwrap();
    assert_eq!(one.sync().parked, 0);
    two.sync();
    assert_eq!(two.the_same(&draft).info().unwrap().phase, Phase::Discarded);
}

#[test]
fn a_text_that_is_confirmed_as_blank_stays_so_in_the_archive() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    change(&draft, |found| *found = note("", ""));
    draft.confirm_blank().unwrap();
    draft.checkpoint("empty").unwrap();
    draft.archive().unwrap();
    assert_eq!((one.sync().parked, one.syncer.status().unwrap().pending), (0, 0));
}

#[test]
fn a_draft_is_not_purged_before_the_hub_knows_that_it_is_in_the_trash() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    two.sync();
    draft.discard().unwrap();
    let error = draft.purge().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::SyncFirst { draft: draft.id() });
    one.sync();
    draft.purge().unwrap();
    two.sync();
    assert_eq!(two.the_same(&draft).info().unwrap().phase, Phase::Discarded);
    // Nobody waits for a hub that has nothing of it.
    let own = one.notes.start(&note("Day", "")).unwrap();
    own.discard().unwrap();
    own.purge().unwrap();
}

#[test]
fn nothing_is_called_synced_before_it_was() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let _draft = one.notes.start(&note("Night", "")).unwrap();
    let status = one.syncer.status().unwrap();
    assert_eq!((status.pending, status.is_synced()), (1, false));
    one.sync();
    assert!(one.syncer.status().unwrap().is_synced());
    let mut statuses = Box::pin(one.syncer.statuses());
    let next = |statuses: &mut std::pin::Pin<Box<_>>| StreamExt::next(statuses).now_or_never().flatten();
    assert!(next(&mut statuses).is_some_and(|status: draftkeep::sync::Status| status.is_synced()));
    let _other = one.notes.start(&note("Day", "")).unwrap();
    assert!(
        next(&mut statuses).is_some_and(|status| !status.is_synced()),
        "whoever listens sees that it is not any more"
    );
    assert!(next(&mut statuses).is_none());
}

/// Another device ends a draft while somebody types in it here.
#[test]
fn what_is_typed_into_a_draft_that_another_device_ends_is_saved_before() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let here = two.the_same(&draft);
    let autosave = here.autosave(Cadence::default()).unwrap();
    autosave.changed(&note("Night", "It rained."));
    draft.archive().unwrap();
    one.sync();
    two.sync();
    drop(autosave);
    let texts: Vec<String> =
        here.history().unwrap().versions.iter().map(|info| here.at(info.version).unwrap().doc.body).collect();
    assert!(texts.iter().any(|body| body == "It rained."), "{texts:?}");
    one.sync();
    assert_eq!((here.info().unwrap().phase, draft.load().unwrap().body.as_str()), (Phase::Archived, "It rained."));
}
