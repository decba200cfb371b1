//! While a conflict is open everybody has the same texts of it, however the others go on.

use crate::world::{Device, Line, Loses, Note, change, hub, note, title};
use draftkeep::hub::Hub;
use draftkeep::sync::Syncer;
use draftkeep::transport::{Answer, Reply, Request, Transport, TransportError};
use draftkeep::{Draft, Phase};
use futures_core::future::BoxFuture;
use std::sync::Arc;

fn retitle(draft: &Draft<Note>, title: &str) {
    change(draft, |note| title.clone_into(&mut note.title));
}

/// The titles of the draft that stand on a device: that of its head, and those of the sides of its conflict.
fn texts(device: &Device, draft: &Draft<Note>) -> Vec<String> {
    let draft = device.the_same(draft);
    let conflict = draft.conflict().unwrap();
    let sides = conflict.iter().flat_map(draftkeep::Conflict::theirs).map(title);
    let mut texts: Vec<String> = sides.chain([draft.load().unwrap().title]).collect();
    texts.sort_unstable();
    texts
}

fn settle_down(devices: &[&Device]) {
    for _ in 0..6 {
        for device in devices {
            device.sync();
        }
    }
}

/// Two devices that disagree on the title of one draft, and a third one that looks on.
fn disagreeing() -> ([Device; 3], Draft<Note>) {
    let hub = hub(1);
    let devices = [2, 3, 4].map(|seed| Device::new(seed, &hub));
    let draft = devices[0].notes.start(&note("Night", "")).unwrap();
    settle_down(&devices.each_ref());
    retitle(&draft, "Night one");
    retitle(&devices[1].the_same(&draft), "Night two");
    settle_down(&devices.each_ref());
    (devices, draft)
}

fn assert_alike(devices: &[Device], draft: &Draft<Note>, count: usize) {
    settle_down(&devices.iter().collect::<Vec<_>>());
    let found: Vec<_> = devices.iter().map(|device| texts(device, draft)).collect();
    assert!(found.iter().all(|texts| texts == &found[0]), "{found:?}");
    assert_eq!(found[0].len(), count);
    assert!(devices.iter().all(|device| device.syncer.status().unwrap().pending == 0));
}

#[test]
fn who_goes_on_typing_in_a_conflict_stays_one_side_of_it() {
    let ([one, two, three], draft) = disagreeing();
    for round in 0..10 {
        retitle(&two.the_same(&draft), &format!("Night two, {round}"));
        two.sync();
        one.sync();
    }
    assert_alike(&[one, two, three], &draft, 2);
}

#[test]
fn who_takes_a_change_back_ends_the_conflict_for_everybody() {
    let ([one, two, three], draft) = disagreeing();
    retitle(&two.the_same(&draft), "Night");
    assert_alike(&[one, two, three], &draft, 1);
}

/// The device learns that its fork was taken only after it has gone on from the hub's main.
#[test]
fn a_fork_whose_answer_was_lost_does_not_stay_open_for_the_others() {
    let hub = hub(1);
    let line = Line::to(&hub);
    let (one, two) = (Device::new(2, &hub), Device::over(3, line.clone()));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    settle_down(&[&one, &two]);
    retitle(&draft, "Night one");
    one.sync();
    retitle(&two.the_same(&draft), "Night two");
    line.lose(Loses::Answer);
    assert!(two.try_sync().is_err());
    retitle(&two.the_same(&draft), "Night");
    assert_alike(&[one, two], &draft, 1);
}

#[test]
fn a_conflict_that_was_settled_is_not_open_again_by_a_checkpoint_made_meanwhile() {
    let ([one, two, three], draft) = disagreeing();
    two.the_same(&draft).checkpoint("before lunch").unwrap();
    two.sync();
    let conflict = three.the_same(&draft).conflict().unwrap().unwrap();
    conflict.settle(&note("Night, one and two", "")).unwrap();
    assert_alike(&[one, two, three], &draft, 1);
}

/// Sides that came from elsewhere, of which one takes the other in.
#[test]
fn a_side_that_another_one_takes_in_goes_on_every_device() {
    let ([one, two, three], draft) = disagreeing();
    retitle(&three.the_same(&draft), "Night three");
    settle_down(&[&one, &two, &three]);
    for device in [&one, &two, &three] {
        retitle(&device.the_same(&draft), &format!("{}, later", device.the_same(&draft).load().unwrap().title));
    }
    settle_down(&[&one, &two, &three]);
    let count = texts(&one, &draft).len();
    assert!(count <= 3, "{count} sides of three devices");
    assert_alike(&[one, two, three], &draft, count);
}

/// Settling says what the text is, and takes nothing back that was done to the draft.
#[test]
fn what_was_published_elsewhere_stays_published_when_its_conflict_is_settled() {
    let ([one, two, three], draft) = disagreeing();
    draft.promote_and_archive("post/1").unwrap();
    settle_down(&[&one, &two, &three]);
    let theirs = two.the_same(&draft);
    theirs.conflict().unwrap().unwrap().settle(&note("Night, one and two", "")).unwrap();
    assert_alike(&[one, two, three], &draft, 1);
    let info = theirs.info().unwrap();
    assert_eq!((info.phase, info.outcome.as_deref()), (Phase::Archived, Some("post/1")));
    assert!(info.promoted.is_some());
}

#[test]
fn a_conflict_of_an_archived_draft_is_settled_in_the_archive() {
    let ([one, two, three], draft) = disagreeing();
    draft.archive().unwrap();
    draft.conflict().unwrap().unwrap().settle(&note("Night, one and two", "")).unwrap();
    assert_eq!(draft.info().unwrap().phase, Phase::Archived);
    assert_alike(&[one, two, three], &draft, 1);
    draft.discard().unwrap();
}

/// The first window goes on from what is the hub's main, the second one is stale: the main is within a side, and no text of its own any more.
#[test]
fn a_side_that_was_made_from_the_hubs_main_takes_its_place() {
    let hub = hub(1);
    let devices = [2, 3, 4].map(|seed| Device::new(seed, &hub));
    let draft = devices[0].notes.start(&note("Night", "")).unwrap();
    let save = |edit: &mut draftkeep::Edit<Note>, title: &str| {
        title.clone_into(&mut edit.doc().title);
        let _ = edit.save().unwrap();
    };
    let (mut first, mut second) = (draft.edit().unwrap(), draft.edit().unwrap());
    save(&mut first, "Night one");
    devices[0].sync();
    save(&mut first, "Night one, and more");
    save(&mut second, "Night two");
    assert_eq!(texts(&devices[0], &draft), ["Night one, and more", "Night two"]);
    assert_alike(&devices, &draft, 2);
    // And however they go on.
    save(&mut first, "Night one, and yet more");
    retitle(&devices[1].the_same(&draft), "Night three");
    settle_down(&devices.iter().collect::<Vec<_>>());
    let found: Vec<_> = devices.iter().map(|device| texts(device, &draft)).collect();
    assert!(found.iter().all(|texts| texts == &found[0]), "{found:?}");
}

/// A hub that names each fork twice, and the main as one.
#[derive(Debug)]
struct Stuttering(Arc<Hub>);

impl Transport for Stuttering {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let mut answer = self.0.send(request).await?;
            if let Reply::Page(page) = &mut answer.reply {
                for row in &mut page.rows {
                    let again = row.forks.clone();
                    row.forks.extend(again);
                    row.forks.push(row.main.id);
                }
            }
            Ok(answer)
        })
    }
}

#[test]
fn a_fork_that_the_hub_names_twice_stands_once_in_the_conflict() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let mut three = Device::new(4, &hub);
    let draft = one.notes.start(&note("Night", "")).unwrap();
    settle_down(&[&one, &two, &three]);
    retitle(&draft, "Night one");
    retitle(&two.the_same(&draft), "Night two");
    settle_down(&[&one, &two]);
    three.syncer = Syncer::new(&three.space, Arc::new(Stuttering(Arc::clone(&hub))));
    settle_down(&[&three]);
    assert_eq!(texts(&three, &draft), ["Night one", "Night two"]);
    // And once it is settled nothing of it is left.
    let conflict = draft.conflict().unwrap().expect("it is open");
    conflict.settle_all(&conflict.ours().value.clone()).unwrap();
    settle_down(&[&one, &two, &three]);
    assert_eq!(texts(&three, &draft).len(), 1);
    assert!(three.store.verify().unwrap().is_intact());
}
