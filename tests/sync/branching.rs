//! Windows, forks and sides: who contains what.

use crate::world::{Device, Line, Loses, Meanwhile, change, copy, hub, hub_on, note, title};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::Synced;
use draftkeep::transport::{PUSHES_MAX, Standing};
use std::sync::Arc;

/// Two windows of one device disagree while another device goes on: nothing that any of them wrote is lost.
#[test]
fn a_text_of_a_window_that_came_late_does_not_stand_for_what_it_never_saw() {
    let hub = hub(1);
    let (one, two) = (Device::uncounted(2, Arc::clone(&hub)), Device::uncounted(3, Arc::clone(&hub)));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let mut late = draft.edit().unwrap();
    change(&two.the_same(&draft), |note| (note.title, note.body) = ("Night train".into(), "It rained.".into()));
    two.sync();
    one.sync();
    late.doc().title = "Night bus".into();
    let _ = late.save().unwrap();
    // The title is contested, and the text that is the head here never had the body.
    assert!(draft.conflict().unwrap().is_some());
    one.sync();
    change(&two.the_same(&draft), |note| note.tags.push("weather".into()));
    two.sync();
    one.sync();
    let conflict = draft.conflict().unwrap().expect("nobody settled it");
    conflict.settle(&note("Night boat", "It rained.")).unwrap();
    one.sync();
    two.sync();
    one.sync();
    for device in [&one, &two] {
        let found = device.the_same(&draft);
        assert_eq!(found.load().unwrap().body, "It rained.", "the merge does not take it for removed");
    }
}

/// A window disagrees while another draft is being pushed: the text that leaves is not in the head by then.
#[test]
fn what_became_a_side_while_others_were_pushed_is_not_said_to_be_in_the_head() {
    let hub = hub(1);
    let line = Meanwhile::late(&hub);
    let (one, two) = (Device::uncounted(2, line.clone()), Device::uncounted(3, Arc::clone(&hub)));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    // What is owed leaves in the order of the ids.
    let other = std::iter::from_fn(|| Some(one.notes.start(&note("Day", "")).unwrap()));
    let other = other.into_iter().find(|other| other.id() < draft.id()).unwrap();
    one.sync();
    two.sync();
    let mut late = draft.edit().unwrap();
    change(&draft, |note| note.title = "Night train".into());
    // More than goes into one request, also once it is compressed.
    let noise = |n: u32| format!("{:016x} ", u64::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(n % 63));
    change(&other, |note| note.body = (0..200_000).map(noise).collect());
    late.doc().title = "Night bus".into();
    line.at_the_next_push(move || drop(late.save().unwrap()));
    one.sync();
    for device in [&one, &two, &one, &two] {
        device.sync();
    }
    for device in [&one, &two] {
        let conflict = device.the_same(&draft).conflict().unwrap().expect("nobody settled it");
        let titles: Vec<String> = conflict.theirs().iter().chain([conflict.ours()]).map(title).collect();
        assert!(titles.contains(&"Night train".into()) && titles.contains(&"Night bus".into()), "{titles:?}");
    }
}

/// Without "contains", a settled fork would stay on the hub for ever.
#[test]
fn a_settlement_ends_the_fork_on_the_hub() {
    let hub = hub(1);
    let (one, two, three) = (Device::new(2, &hub), Device::new(3, &hub), Device::new(4, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| note.title = "Night train".into());
    change(&two.the_same(&draft), |note| note.title = "Night bus".into());
    one.sync();
    two.sync();
    assert_eq!(two.the_same(&draft).sync_state().unwrap(), Synced::Yes(Standing::Fork));
    two.the_same(&draft).conflict().unwrap().unwrap().settle(&note("Night boat", "")).unwrap();
    two.sync();
    assert_eq!(two.the_same(&draft).sync_state().unwrap(), Synced::Yes(Standing::Main));
    three.sync();
    assert!(three.the_same(&draft).conflict().unwrap().is_none(), "there is nothing left to decide");
    one.sync();
    assert!(draft.conflict().unwrap().is_none());
}

/// A hub that went back in time may have a revision as a fork whose main it lost.
#[test]
fn a_fork_whose_main_was_lost_becomes_the_main_by_being_written_once_more() {
    let storage = Arc::new(MemoryStorage::new());
    let hub = hub_on(&storage, 1);
    let line = Line::to(&hub);
    let (one, two) = (Device::over(2, line.clone()), Device::over(3, line.clone()));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| note.title = "Night train".into());
    change(&two.the_same(&draft), |note| note.title = "Night bus".into());
    one.sync();
    two.sync(); // its text is a fork now
    let backup = Arc::new(copy(&storage));
    two.the_same(&draft).conflict().unwrap().unwrap().settle(&note("Night boat", "")).unwrap();
    line.lose(Loses::Answer);
    assert!(two.try_sync().is_err());
    line.lead_to(&hub_on(&backup, 1));
    two.sync();
    one.sync();
    two.sync();
    for device in [&one, &two] {
        assert_eq!(device.the_same(&draft).load().unwrap().title, "Night boat");
        assert_eq!(device.syncer.status().unwrap().conflicts, 0);
    }
}

/// A request holds so many revisions and no more, and a draft with checkpoints owes several.
#[test]
fn more_checkpoints_than_a_request_holds_are_pushed_in_several() {
    const CHECKPOINTS: usize = 20;
    let drafts = PUSHES_MAX / CHECKPOINTS + 1;
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let drafts: Vec<_> = (0..drafts).map(|number| one.notes.start(&note(&number.to_string(), "")).unwrap()).collect();
    one.sync();
    for draft in &drafts {
        for number in 0..CHECKPOINTS {
            change(draft, |note| note.body = number.to_string());
            draft.checkpoint(&number.to_string()).unwrap();
        }
        change(draft, |note| note.body = "the end".into());
    }
    let report = one.sync();
    assert_eq!(report.pushed, (drafts.len() * (CHECKPOINTS + 1)) as u64, "{report:?}");
    let status = one.syncer.status().unwrap();
    assert_eq!((report.parked, status.pending), (0, 0), "{status:?}");
    two.sync();
    for draft in drafts {
        assert_eq!(two.the_same(&draft).load().unwrap().body, "the end");
    }
}

#[test]
fn checkpoints_and_phases_are_on_the_hub_each_for_itself() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    change(&draft, |note| note.body = "It rained.".into());
    draft.checkpoint("before the interview").unwrap();
    change(&draft, |note| note.body = "It poured.".into());
    draft.archive().unwrap();
    draft.reopen().unwrap();
    change(&draft, |note| note.body = "It snowed.".into());
    let report = one.sync();
    assert_eq!(report.pushed, 4, "a checkpoint, two phases, and the head: {report:?}");
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap().body, "It snowed.");
}

/// A device that keeps only the last version still has what the next merge is based on.
#[test]
fn retention_keeps_what_is_not_synced_and_what_merges_are_based_on() {
    use crate::world::{NOTE, options};
    use draftkeep::{Keep, Retention, Store};
    let hub = hub(1);
    let options = options(2).retention(Retention::default().history(Keep::Last(1)));
    let store = Store::in_memory(options).unwrap();
    let space = store.space("alice").unwrap();
    let draft = space.drafts(NOTE).unwrap().start(&note("Night", "")).unwrap();
    let syncer = draftkeep::sync::Syncer::new(&space, Arc::clone(&hub));
    let sync = || futures_executor::block_on(syncer.once()).unwrap();
    change(&draft, |note| note.views = 1);
    sync();
    let two = Device::new(3, &hub);
    two.sync();
    for number in 0..20 {
        change(&draft, |note| note.views = 2 + number);
    }
    store.compact().unwrap();
    change(&two.the_same(&draft), |note| note.views += 100);
    two.sync();
    sync();
    assert_eq!(draft.load().unwrap().views, 121, "counted from what both had");
    assert!(draft.conflict().unwrap().is_none());
}

/// Found by the simulator: the side that a window came late for went into the main of another device. What only that
/// main contains must not be taken for the head's.
#[test]
fn a_side_that_went_into_the_main_of_others_does_not_go_into_the_head_beside_it() {
    let hub = hub(1);
    let (one, two) = (Device::uncounted(2, Arc::clone(&hub)), Device::uncounted(3, Arc::clone(&hub)));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let mut late = draft.edit().unwrap();
    change(&draft, |note| (note.title, note.body) = ("Night train".into(), "It rained.".into()));
    one.sync();
    late.doc().title = "Night bus".into();
    let _ = late.save().unwrap();
    two.sync();
    change(&two.the_same(&draft), |note| note.tags.push("weather".into()));
    two.sync();
    one.sync();
    two.sync();
    one.sync();
    two.sync();
    let conflict = one.the_same(&draft).conflict().unwrap().expect("nobody settled it");
    let held = |side: &draftkeep::ConflictSide| format!("{:?}", side.value).contains("It rained.");
    assert!(held(conflict.ours()) || conflict.theirs().iter().any(held), "a text that nobody removed is gone");
}

/// People settle one conflict on two devices at once: what both made of it is merged over both sides of it.
#[test]
fn a_conflict_that_is_settled_twice_is_merged_over_both_its_sides() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| (note.title, note.views) = ("Night train".into(), 1));
    change(&two.the_same(&draft), |note| (note.title, note.views) = ("Night bus".into(), 1));
    one.sync();
    two.sync();
    one.sync();
    for device in [&one, &two] {
        let settled = crate::world::Note { views: 2, ..note("Night boat", "") };
        device.the_same(&draft).conflict().unwrap().expect("both see it").settle(&settled).unwrap();
    }
    one.sync();
    two.sync();
    one.sync();
    for device in [&one, &two] {
        let found = device.the_same(&draft).load().unwrap();
        assert_eq!((found.title.as_str(), found.views), ("Night boat", 2), "each counted once");
        assert!(device.the_same(&draft).conflict().unwrap().is_none(), "nobody is asked once more");
    }
}

/// Found by the simulator: what a window was opened on said the same as the main of another device, which took its place.
#[test]
fn a_window_on_a_text_whose_place_a_main_took_counts_from_that_text() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let same = two.the_same(&draft);
    same.checkpoint("before").unwrap();
    let mut window = same.edit().unwrap();
    change(&draft, |note| note.views = 1);
    one.sync();
    two.sync();
    window.doc().views = 1;
    let _ = window.save().unwrap();
    assert_eq!(same.load().unwrap().views, 2, "both counted");
}

/// Found by the simulator: a window parts from a text that was never pushed for itself, only within a merge.
#[test]
fn what_a_window_parted_from_is_what_its_text_is_merged_over() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let same = two.the_same(&draft);
    change(&draft, |note| (note.title, note.views) = ("Night train".into(), 1));
    one.sync();
    change(&same, |note| note.views = 1);
    let mut window = same.edit().unwrap();
    assert_eq!(two.sync().merged, 1); // two views, and what the window shows is in the merge alone
    window.doc().title = "Night bus".into();
    let _ = window.save().unwrap();
    assert!(same.conflict().unwrap().is_some());
    one.sync();
    change(&draft, |note| note.title = "Night".into()); // nobody contests the title any more
    one.sync();
    two.sync();
    one.sync();
    assert!(same.conflict().unwrap().is_none(), "both can be merged over what they parted from");
    for device in [&one, &two] {
        assert_eq!(device.the_same(&draft).load().unwrap().views, 2, "each counted once");
    }
}

/// Found by the simulator: a checkpoint that was made before the hub's main came does not take that main's place.
#[test]
fn a_checkpoint_without_the_main_of_others_is_not_pushed_over_it() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let same = two.the_same(&draft);
    change(&same, |note| note.tags.push("weather".into()));
    same.checkpoint("before").unwrap();
    change(&draft, |note| note.body = "It rained.".into());
    one.sync();
    let report = two.sync();
    assert_eq!((report.merged, report.pushed), (1, 1), "the merge alone contains what the hub has");
    one.sync();
    let found = draft.load().unwrap();
    assert_eq!((found.body.as_str(), found.tags.len()), ("It rained.", 1));
}

/// Found by the simulator: a fork goes on before others see it. Whoever settles what it became contains what it was.
#[test]
fn a_fork_that_went_on_says_what_it_was_made_from() {
    let hub = hub(1);
    let [one, two, three] = [2, 3, 4].map(|seed| Device::new(seed, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    for device in [&one, &two, &three] {
        device.sync();
    }
    change(&draft, |note| note.title = "Night train".into());
    one.sync();
    let forked = two.the_same(&draft);
    change(&forked, |note| (note.title, note.views) = ("Night bus".into(), 1));
    two.sync(); // it is a fork
    one.sync(); // which this device sees as it is now
    change(&forked, |note| note.tags.push("weather".into()));
    two.sync();
    three.sync(); // and this one only as it became
    let settled = |device: &Device| {
        let draft = device.the_same(&draft);
        let mut note = note("Night boat", "");
        (note.views, note.tags) = (1, draft.conflict().unwrap().map_or_else(Vec::new, |_| vec!["weather".into()]));
        while let Some(conflict) = draft.conflict().unwrap() {
            conflict.settle(&note).unwrap();
        }
    };
    settled(&one);
    settled(&three);
    three.sync();
    one.sync();
    three.sync();
    for device in [&one, &three] {
        assert_eq!(device.the_same(&draft).load().unwrap().views, 1, "one device counted once");
        assert!(device.the_same(&draft).conflict().unwrap().is_none(), "nobody is asked once more");
    }
}
