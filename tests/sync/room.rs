//! A hub that gives a space so much room: what there is none for waits on its device.

use crate::world::{Device, Line, change, note};
use draftkeep::clock::{ManualClock, SeededEntropy};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use std::sync::Arc;

fn hub(storage: &Arc<MemoryStorage>, drafts: u64) -> Arc<Hub> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)));
    Arc::new(Hub::open(storage.clone(), options.space_drafts(drafts)).unwrap())
}

/// A draft that the hub has no room for is erased: it takes that, and the device comes to rest. What it had made room for goes.
#[test]
fn erasing_makes_room_and_needs_none() {
    let hub = hub(&Arc::new(MemoryStorage::new()), 2);
    let one = Device::new(2, &hub);
    let _: Vec<_> = (0..2).map(|number| one.notes.start(&note(&format!("Note {number}"), "")).unwrap()).collect();
    one.sync();
    let third = one.notes.start(&note("Third", "")).unwrap();
    one.sync();
    assert_eq!(one.syncer.status().unwrap().parked.len(), 1);
    assert_eq!(third.erase().unwrap().owed, 1);
    one.sync();
    let status = one.syncer.status().unwrap();
    assert!(status.is_synced() && status.parked.is_empty(), "{status:?}");
    assert_eq!(hub.status("alice").unwrap().erased, 1);

    assert_eq!(one.space.erase_all().unwrap().drafts.len(), 2);
    one.sync();
    let _: Vec<_> = (0..2).map(|number| one.notes.start(&note(&format!("Later {number}"), "")).unwrap()).collect();
    assert_eq!(one.sync().pushed, 2);
    assert!(one.syncer.status().unwrap().is_synced() && hub.verify().unwrap().is_intact());
}

#[test]
fn what_there_is_no_room_for_is_parked_and_goes_through_on_retry_once_there_is() {
    let storage = Arc::new(MemoryStorage::new());
    let line = Line::to(&hub(&storage, 2));
    let (one, two) = (Device::over(2, line.clone()), Device::over(3, line.clone()));
    let drafts: Vec<_> = (0..3).map(|number| one.notes.start(&note(&format!("Note {number}"), "")).unwrap()).collect();
    let report = one.sync();
    assert_eq!((report.pushed, report.parked), (2, 1));
    let status = one.syncer.status().unwrap();
    assert_eq!((status.pending, status.parked.len()), (1, 1));
    let (refused, reason) = (status.parked[0].draft, status.parked[0].reason.clone());
    assert!(reason.contains("takes 2") && reason.contains("retry"), "{reason}");
    // Retried without more room it is parked again; the others go on.
    one.syncer.retry(refused).unwrap();
    let on_hub = drafts.iter().find(|draft| draft.id() != refused).expect("two are on the hub");
    change(on_hub, |note| note.body = "goes on".into());
    let report = one.sync();
    assert_eq!((report.pushed, report.parked), (1, 1));
    line.lead_to(&hub(&storage, 3));
    assert_eq!(one.sync().pushed, 0, "it is not tried by itself");
    one.syncer.retry(refused).unwrap();
    assert_eq!(one.sync().pushed, 1);
    assert_eq!((one.syncer.status().unwrap().pending, one.syncer.status().unwrap().parked), (0, vec![]));
    two.sync();
    assert_eq!(two.notes.get(refused).unwrap().expect("it came").load().unwrap().title.len(), "Note 0".len());
}
