//! Restore points: what a cycle of syncing changed can be taken back, and what is taken back syncs.

use crate::world::{Device, change, hub, note};
use draftkeep::PointCause;

#[test]
fn a_cycle_can_be_taken_back_and_the_return_reaches_the_others() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let drafts: Vec<_> =
        ["Night", "Day"].iter().map(|title| one.notes.start(&note(title, "as it was")).unwrap()).collect();
    let own = two.notes.start(&note("Mine", "")).unwrap();
    one.sync();
    two.sync();
    for draft in &drafts {
        change(draft, |note| note.body = "Lorem ipsum.".into());
    }
    one.sync();
    change(&own, |note| note.body = "typed before the sync".into());
    two.sync();
    assert_eq!(two.the_same(&drafts[0]).load().unwrap().body, "Lorem ipsum.");
    let points = two.space.restore_points().unwrap();
    assert!(points.iter().all(|point| point.cause == PointCause::BeforeSync));
    assert_eq!(points.len(), 2, "one for each cycle that changed something here: {points:?}");
    two.sync();
    assert_eq!(two.space.restore_points().unwrap().len(), 2, "nothing was changed by that one");

    let returned = two.space.return_to(points[1].number).unwrap();
    assert_eq!((returned.drafts.len(), returned.unchanged, returned.left.len()), (2, 1, 0));
    change(&drafts[1], |note| note.title = "Broad daylight".into());
    one.sync();
    two.sync();
    one.sync();
    for device in [&one, &two] {
        let (night, day) = (device.the_same(&drafts[0]).load().unwrap(), device.the_same(&drafts[1]).load().unwrap());
        assert_eq!((night.body.as_str(), day.body.as_str()), ("as it was", "as it was"));
        assert_eq!(day.title, "Broad daylight", "what somebody typed meanwhile is merged with it");
        assert_eq!(device.the_same(&own).load().unwrap().body, "typed before the sync");
    }
}
