//! What gets lost on the way, and when.

use crate::world::{Device, Line, Loses, change, copy, hub, hub_on, note, title};
use draftkeep::storage::MemoryStorage;
use std::sync::Arc;

/// One device edits on while the answer to its push is lost, and another one has what was pushed.
#[test]
fn a_push_whose_answer_is_lost_is_one_push_and_a_later_edit_goes_on_from_it() {
    let hub = hub(1);
    let line = Line::to(&hub);
    let (one, two) = (Device::over(2, line.clone()), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "It rained.")).unwrap();
    line.lose(Loses::Answer);
    assert!(one.try_sync().is_err());
    assert_eq!(one.syncer.status().unwrap().pending, 1, "nobody said yes");
    two.sync();
    change(&two.the_same(&draft), |note| (note.title, note.views) = ("Night train".into(), 1));
    two.sync();
    change(&draft, |note| (note.body, note.views) = ("It rained. It poured.".into(), 1));
    one.sync();
    two.sync();
    for device in [&one, &two] {
        let found = device.the_same(&draft).load().unwrap();
        assert_eq!((found.title.as_str(), found.body.as_str()), ("Night train", "It rained. It poured."));
        assert_eq!(found.views, 2, "each counted once");
        assert_eq!(device.syncer.status().unwrap().conflicts, 0);
    }
}

/// A title that both changed is for a person, unless one of them contains the other.
#[test]
fn what_was_sent_is_known_to_be_contained_in_what_follows() {
    let hub = hub(1);
    let line = Line::to(&hub);
    let (one, two) = (Device::over(2, line.clone()), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| note.title = "Night train".into());
    line.lose(Loses::Answer);
    assert!(one.try_sync().is_err());
    change(&draft, |note| note.title = "Night train to Lisbon".into());
    change(&draft, |note| note.tags.push("travel".into()));
    two.sync();
    change(&two.the_same(&draft), |note| note.body = "It rained.".into());
    two.sync();
    one.sync();
    two.sync();
    let found = two.the_same(&draft).load().unwrap();
    assert_eq!((found.title.as_str(), found.body.as_str()), ("Night train to Lisbon", "It rained."));
    assert_eq!(two.syncer.status().unwrap().conflicts + one.syncer.status().unwrap().conflicts, 0);
}

#[test]
fn an_edit_that_is_made_while_a_push_is_under_way_is_still_owed() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    change(&draft, |note| note.body = "It rained.".into());
    // The request has left, and somebody types before the answer is taken in.
    let line = During { hub: Arc::clone(&hub), draft: draft.clone(), typed: Arc::default() };
    let syncer = draftkeep::sync::Syncer::new(&one.space, line);
    futures_executor::block_on(syncer.once()).unwrap();
    assert_eq!(draft.load().unwrap().body, "It rained. It poured.");
    assert_eq!(one.syncer.status().unwrap().pending, 1);
    one.sync();
    let two = Device::new(3, &hub);
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap().body, "It rained. It poured.");
}

/// Types while a push is under way.
#[derive(Debug)]
struct During {
    hub: Arc<draftkeep::hub::Hub>,
    draft: draftkeep::Draft<crate::world::Note>,
    typed: Arc<std::sync::atomic::AtomicBool>,
}

impl draftkeep::transport::Transport for During {
    fn send(
        &self,
        request: draftkeep::transport::Request,
    ) -> futures_core::future::BoxFuture<'_, Result<draftkeep::transport::Answer, draftkeep::transport::TransportError>>
    {
        let is_push = matches!(request.ask, draftkeep::transport::Ask::Push { .. });
        Box::pin(async move {
            let answer = self.hub.send(request).await;
            if is_push && !self.typed.swap(true, std::sync::atomic::Ordering::Relaxed) {
                change(&self.draft, |note| note.body.push_str(" It poured."));
            }
            answer
        })
    }
}

/// Rows and cursor are one commit: a device that dies between two pages has neither too many nor too few.
#[test]
fn a_pull_that_is_cut_off_goes_on_where_it_was() {
    let hub = hub(1);
    let line = Line::to(&hub);
    let (one, two) = (Device::new(2, &hub), Device::over(3, line.clone()));
    let drafts: Vec<_> = (0..5).map(|number| one.notes.start(&note(&format!("Night {number}"), "")).unwrap()).collect();
    one.sync();
    line.pull_only(Some(2));
    assert!(two.try_sync().is_err());
    line.pull_only(None);
    assert_eq!(two.sync().received, 5);
    for draft in drafts {
        assert_eq!(two.the_same(&draft).load().unwrap(), draft.load().unwrap());
    }
}

/// A hub that is restored from a backup lost what came after it: whoever has that offers it again.
#[test]
fn a_restored_hub_gets_back_what_it_lost() {
    let storage = Arc::new(MemoryStorage::new());
    let hub = hub_on(&storage, 1);
    let line = Line::to(&hub);
    let (one, two) = (Device::over(2, line.clone()), Device::over(3, line.clone()));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let backup = Arc::new(copy(&storage));
    change(&draft, |note| note.body = "It rained.".into());
    let late = one.notes.start(&note("Day", "")).unwrap();
    one.sync();
    line.lead_to(&hub_on(&backup, 1));
    // The other device edits what it knows, and is the first to meet the restored hub.
    change(&two.the_same(&draft), |note| note.tags.push("weather".into()));
    two.sync();
    assert!(one.sync().resynced);
    two.sync();
    for device in [&one, &two] {
        let found = device.the_same(&draft).load().unwrap();
        assert_eq!((found.body.as_str(), found.tags.len()), ("It rained.", 1));
        assert_eq!(device.the_same(&late).load().unwrap().title, "Day");
        let status = device.syncer.status().unwrap();
        assert_eq!((status.pending, status.conflicts), (0, 0));
    }
}

/// What was pulled and not taken in may be the last copy when the hub is restored.
#[test]
fn what_was_pulled_from_a_hub_that_lost_it_is_taken_in() {
    let storage = Arc::new(MemoryStorage::new());
    let hub = hub_on(&storage, 1);
    let line = Line::to(&hub);
    let one = Device::over(2, line.clone());
    let _first = one.notes.start(&note("Morning", "")).unwrap();
    one.sync();
    let backup = Arc::new(copy(&storage));
    let last = one.notes.start(&note("Night", "It rained.")).unwrap();
    one.sync();
    let _third = one.notes.start(&note("Day", "")).unwrap();
    one.sync();
    let two = Device::over(3, line.clone());
    line.pull_only(Some(2));
    assert!(two.try_sync().is_err(), "two pages came, and nothing was taken in");
    line.pull_only(None);
    let id = last.id();
    drop(one);
    line.lead_to(&hub_on(&backup, 1));
    two.sync();
    let drafts: Vec<_> = two.notes.list(&draftkeep::Filter::open()).unwrap().drafts;
    assert!(drafts.iter().any(|info| info.id == id), "the last copy is lost");
    assert_eq!(two.syncer.status().unwrap().pending, 0, "and the hub has it again");
}

/// The hub cannot answer for one draft, and so not for any request that names it. The others go on.
#[test]
fn a_draft_that_the_hub_cannot_answer_for_does_not_hold_up_the_others() {
    let hub = hub(1);
    let poisoned: Arc<std::sync::Mutex<Option<draftkeep::DraftId>>> = Arc::default();
    let one = Device::over(2, Poisoned { hub: Arc::clone(&hub), draft: Arc::clone(&poisoned) });
    let drafts: Vec<_> = (0..5).map(|number| one.notes.start(&note(&format!("Night {number}"), "")).unwrap()).collect();
    *poisoned.lock().unwrap() = Some(drafts[2].id());
    for _ in 0..4 {
        assert!(one.try_sync().is_err());
    }
    assert_eq!(one.syncer.status().unwrap().pending, 1);
    *poisoned.lock().unwrap() = None;
    one.sync();
    assert_eq!(one.syncer.status().unwrap().pending, 0);
}

#[derive(Debug)]
struct Poisoned {
    hub: Arc<draftkeep::hub::Hub>,
    draft: Arc<std::sync::Mutex<Option<draftkeep::DraftId>>>,
}

impl draftkeep::transport::Transport for Poisoned {
    fn send(
        &self,
        request: draftkeep::transport::Request,
    ) -> futures_core::future::BoxFuture<'_, Result<draftkeep::transport::Answer, draftkeep::transport::TransportError>>
    {
        let poison = *self.draft.lock().unwrap();
        let is_struck = matches!(&request.ask, draftkeep::transport::Ask::Push { pushes }
            if pushes.iter().any(|push| Some(push.revision.draft()) == poison));
        Box::pin(async move {
            if is_struck {
                return Err(draftkeep::transport::TransportError::unreachable());
            }
            self.hub.send(request).await
        })
    }
}

/// A push that was given up arrives late, between a pull and a question: what the hub's main contains by then need not be in
/// the main that was pulled. Found by the simulator.
#[test]
fn what_a_later_main_contains_is_not_believed_of_an_earlier_one() {
    let hub = hub(1);
    let late = Late { hub: Arc::clone(&hub), held: Arc::default(), holds: Arc::default() };
    let (one, two, three) = (Device::new(2, &hub), Device::over(3, late.clone()), Device::new(4, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    three.sync();
    change(&draft, |note| note.title = "Night train".into());
    one.sync();
    two.sync();
    let same = two.the_same(&draft);
    change(&same, |note| note.body = "It rained.".into());
    late.holds.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(two.try_sync().is_err(), "it is on its way");
    change(&three.the_same(&draft), |note| note.title = "Night bus".into());
    three.sync();
    two.sync();
    change(&same, |note| note.body.push_str(" It snowed."));
    two.sync();
    two.sync();
    one.sync();
    for device in [&one, &two] {
        let body = device.the_same(&draft).load().unwrap().body;
        assert_eq!(body, "It rained. It snowed.", "it is replaced by a text that never had it");
    }
}

/// Holds a push back until the hub is asked what it contains.
#[derive(Debug, Clone)]
struct Late {
    hub: Arc<draftkeep::hub::Hub>,
    held: Arc<std::sync::Mutex<Option<draftkeep::transport::Request>>>,
    holds: Arc<std::sync::atomic::AtomicBool>,
}

impl draftkeep::transport::Transport for Late {
    fn send(
        &self,
        request: draftkeep::transport::Request,
    ) -> futures_core::future::BoxFuture<'_, Result<draftkeep::transport::Answer, draftkeep::transport::TransportError>>
    {
        Box::pin(async move {
            let is_push = matches!(request.ask, draftkeep::transport::Ask::Push { .. });
            if is_push && self.holds.swap(false, std::sync::atomic::Ordering::Relaxed) {
                *self.held.lock().unwrap() = Some(request);
                return Err(draftkeep::transport::TransportError::unreachable());
            }
            if matches!(request.ask, draftkeep::transport::Ask::Contained { .. }) {
                let held = self.held.lock().unwrap().take();
                if let Some(held) = held {
                    self.hub.send(held).await.unwrap();
                }
            }
            self.hub.send(request).await
        })
    }
}

/// The hub that answered is gone with the only other copy, and another one is at its address.
#[test]
fn what_was_pulled_from_a_hub_that_another_one_replaces_is_taken_in() {
    let before = hub(1);
    let line = Line::to(&before);
    let (one, two) = (Device::new(2, &before), Device::over(3, line.clone()));
    let drafts: Vec<_> = (0..3).map(|number| one.notes.start(&note(&format!("Night {number}"), "")).unwrap()).collect();
    one.sync();
    line.pull_only(Some(2));
    assert!(two.try_sync().is_err());
    line.pull_only(None);
    line.lead_to(&hub(9));
    assert!(two.try_sync().is_err());
    two.syncer.accept_hub().unwrap();
    assert_eq!(two.sync().pushed, 2);
    let found = drafts.iter().filter(|draft| two.notes.get(draft.id()).unwrap().is_some());
    assert_eq!(found.count(), 2);
}

/// Found by the simulator: of two texts in conflict one was gone on with, the hub said so and was lost before it gave the text that came
/// of it, and so was the device that had written both.
#[test]
fn a_side_stays_where_the_fork_that_contains_it_went_with_its_hub() {
    let before = hub(1);
    let line = Line::to(&before);
    let (one, two) = (Device::new(2, &before), Device::over(3, line.clone()));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    change(&two.the_same(&draft), |note| note.title = "Night two".into());
    two.sync();
    change(&draft, |note| note.title = "Night one".into());
    one.sync();
    let titles = || -> Vec<String> {
        let conflict = two.the_same(&draft).conflict().unwrap().expect("it is in conflict");
        conflict.theirs().iter().map(title).collect()
    };
    two.sync();
    assert_eq!(titles(), ["Night one"]);
    change(&draft, |note| note.body = "It rained.".into());
    one.sync();
    line.lose_revisions(true);
    assert!(two.try_sync().is_err());
    drop(one);

    line.lose_revisions(false);
    line.lead_to(&hub(9));
    assert!(two.try_sync().is_err());
    two.syncer.accept_hub().unwrap();
    two.sync();
    assert_eq!(titles(), ["Night one"]);
    let three = Device::over(4, line);
    three.sync();
    assert!(three.the_same(&draft).conflict().unwrap().is_some(), "and it is on the next hub");
}

/// Goal: a device that learns all anew from a hub that told the truth all the time is as it was. Method: a draft that both have, one in
/// conflict, one in the archive and one that the hub does not have yet.
#[test]
fn learning_all_anew_from_a_hub_that_told_the_truth_changes_nothing() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let (shared, fought) = (one.notes.start(&note("Night", "")).unwrap(), one.notes.start(&note("Day", "")).unwrap());
    let ended = one.notes.start(&note("Ended", "")).unwrap();
    ended.archive().unwrap();
    one.sync();
    two.sync();
    change(&fought, |note| note.title = "Noon".into());
    change(&two.the_same(&fought), |note| note.title = "Morning".into());
    one.sync();
    two.sync();
    one.sync();
    let owed = one.notes.start(&note("Owed", "")).unwrap();
    let drafts = [&shared, &fought, &ended, &owed];
    let state =
        || drafts.map(|draft| (draft.load().unwrap(), draft.info().unwrap(), draft.history().unwrap().versions));
    let before = state();
    one.syncer.relearn();
    let report = one.sync();
    assert!(report.resynced && report.pulled == 3, "{report:?}");
    assert_eq!((report.received, report.merged, report.conflicts, report.pushed), (0, 0, 0, 1));
    assert_eq!(state(), before);
    let status = one.syncer.status().unwrap();
    assert_eq!((status.pending, status.conflicts), (0, 1));
    assert!(!one.sync().resynced, "once is enough");
}
