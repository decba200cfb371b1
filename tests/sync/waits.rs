//! What a cycle does not do: ask for what this device pushed itself, and wait for the disk more often than its promises need.

use crate::world::{Device, Meanwhile, NOTE, change, hub, note, options, policy};
use draftkeep::clock::{Clock as _, ManualClock, SeededEntropy, TaskQueue};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::faults::CountingDisk;
use draftkeep::storage::{MemoryDisk, MemoryStorage, RedbStorage};
use draftkeep::sync::Syncer;
use draftkeep::transport::{Answer, Request, Transport, TransportError};
use draftkeep::{Options, Schema, Store};
use futures_core::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn nobody_is_told_what_it_pushed_itself() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let drafts: Vec<_> = (0..150).map(|number| one.notes.start(&note(&number.to_string(), "")).unwrap()).collect();
    assert_eq!(one.sync().pushed, 150, "in several requests");
    assert_eq!(one.sync().pulled, 0);
    change(&drafts[0], |note| note.body = "It rained.".into());
    drafts[1].checkpoint("before the edit").unwrap();
    change(&drafts[1], |note| note.body = "It poured.".into());
    assert_eq!(one.sync().pushed, 3);
    assert_eq!(one.sync().pulled, 0);
    // What another one makes of it comes all the same, and what is pushed afterwards goes on from that.
    let two = Device::new(3, &hub);
    two.sync();
    change(&two.the_same(&drafts[0]), |note| note.title = "Night".into());
    two.sync();
    change(&drafts[0], |note| note.body = "It rained. It poured.".into());
    assert_eq!(one.sync().pulled, 1);
    two.sync();
    assert_eq!(two.the_same(&drafts[0]).load().unwrap(), drafts[0].load().unwrap());
}

#[test]
fn what_others_pushed_in_between_is_pulled_all_the_same() {
    let hub = hub(1);
    let line = Meanwhile::to(&hub);
    let (one, two) = (Device::over(2, line.clone()), Device::new(3, &hub));
    one.notes.start(&note("Night", "")).unwrap();
    two.sync();
    let theirs = two.notes.start(&note("Train", "")).unwrap();
    // From a thread of its own: this one is in the middle of a cycle.
    line.at_the_next_push(move || {
        let pushed = std::thread::spawn(move || two.sync().pushed).join();
        assert_eq!(pushed.expect("the hub answers"), 1);
    });
    one.sync();
    one.sync();
    assert_eq!(one.the_same(&theirs).load().unwrap(), note("Train", ""));
}

/// A hub that says that its feed is at the end of all numbers.
#[derive(Debug)]
struct AtTheEnd(Arc<Hub>);

impl Transport for AtTheEnd {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        request.seen = None;
        Box::pin(async move {
            let mut answer = self.0.send(request).await?;
            answer.position.seq = u64::MAX;
            Ok(answer)
        })
    }
}

#[test]
fn a_hub_whose_numbers_have_come_to_their_end_is_believed_as_far_as_it_goes() {
    let hub = hub(1);
    let (one, two) = (Device::over(2, AtTheEnd(Arc::clone(&hub))), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    assert_eq!(one.sync().pushed, 1);
    assert_eq!(two.sync().received, 1);
    assert_eq!(two.the_same(&draft).load().unwrap(), note("Night", ""));
}

#[test]
fn a_cycle_waits_for_the_disk_no_more_often_than_it_has_to() {
    let disk = || CountingDisk::new(Arc::new(MemoryDisk::new()));
    let storage = |disk: &CountingDisk| Arc::new(RedbStorage::create(Arc::new(disk.clone())).unwrap());
    let disks = [disk(), disk(), disk()];
    let of_hub = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)));
    let hub = Arc::new(Hub::open(storage(&disks[0]), of_hub).unwrap());
    let device = |seed: u64, disk: &CountingDisk| {
        let store = Store::with_storage(storage(disk), options(seed)).unwrap();
        let space = store.space("alice").unwrap();
        let syncer = Syncer::new(&space, Arc::clone(&hub));
        Device { notes: space.drafts(NOTE).unwrap(), store, space, syncer }
    };
    let (one, two) = (device(2, &disks[1]), device(3, &disks[2]));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    let waits = || disks.each_ref().map(|disk| disk.work().syncs);
    // A file that grows waits once more, now and then.
    let mut least = [u64::MAX; 3];
    for number in 0..8 {
        change(&draft, |note| note.body = format!("It rained {number} times."));
        let before = waits();
        one.sync();
        two.sync();
        let after = waits();
        least = std::array::from_fn(|at| least[at].min(after[at] - before[at]));
        assert_eq!(two.the_same(&draft).load().unwrap(), draft.load().unwrap());
    }
    // The hub's commit and each that holds what somebody else chose wait twice. On the one that pushes: that it leaves, and the
    // answer; on the other one: the page, and what becomes of it.
    assert_eq!(least, [2, 1 + 2, 2 + 2]);
    let before = waits();
    one.sync();
    two.sync();
    assert_eq!(waits(), before, "nothing happened");
}

#[test]
fn when_the_last_cycle_ended_is_known_to_the_minute_when_a_store_is_opened_anew() {
    let (hub, storage, clock) = (hub(1), Arc::new(MemoryStorage::new()), ManualClock::new());
    let open = || {
        let (tasks, entropy) = (Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(2)));
        let options = Options::with_runtime(Arc::new(clock.clone()), tasks, entropy);
        let options = options.schema(Schema::of(NOTE).policy(policy()));
        let store = Store::with_storage(Arc::clone(&storage) as _, options).unwrap();
        let space = store.space("alice").unwrap();
        let syncer = Syncer::new(&space, Arc::clone(&hub));
        Device { notes: space.drafts(NOTE).unwrap(), store, space, syncer }
    };
    let one = open();
    for _ in 0..10 {
        clock.advance(Duration::from_secs(25));
        one.sync();
        assert_eq!(one.syncer.status().unwrap().last_sync, Some(clock.now()), "while it is open, to the moment");
    }
    drop(one);
    let known = open().syncer.status().unwrap().last_sync.unwrap();
    assert!(clock.now().saturating_since(known) < Duration::from_secs(60), "{known:?}");
}
