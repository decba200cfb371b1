//! A syncer that goes on by itself.

use crate::world::{Device, Line, Loses, NOTE, change, hub, note, policy};
use draftkeep::clock::{ManualClock, SeededEntropy, Spawn, TaskQueue};
use draftkeep::sync::{Link, Synced, Syncer};
use draftkeep::transport::Standing;
use draftkeep::{Drafts, Options, Schema, Space, Store};
use std::sync::Arc;
use std::time::Duration;

/// A device whose time and tasks a test holds in its hands, with a syncer at work.
struct Running {
    clock: ManualClock,
    tasks: TaskQueue,
    space: Space,
    notes: Drafts<crate::world::Note>,
    syncer: Syncer,
}

impl Running {
    fn new(seed: u64, line: Line) -> Self {
        let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
        let entropy = Arc::new(SeededEntropy::new(seed));
        let options = Options::with_runtime(Arc::new(clock.clone()), Arc::new(tasks.clone()), entropy)
            .schema(Schema::of(NOTE).policy(policy()));
        let space = Store::in_memory(options).unwrap().space("alice").unwrap();
        let syncer = Syncer::new(&space, line);
        let running = syncer.clone();
        tasks.spawn(Box::pin(async move { running.run().await }));
        let notes = space.drafts(NOTE).unwrap();
        Self { clock, tasks, space, notes, syncer }
    }

    fn pass(&self, seconds: u64) {
        self.tasks.run_for(&self.clock, Duration::from_secs(seconds));
    }

    fn pending(&self) -> u64 {
        self.syncer.status().unwrap().pending
    }
}

#[test]
fn it_pushes_what_is_saved_and_pulls_what_others_push() {
    let hub = hub(1);
    let (one, two) = (Running::new(2, Line::to(&hub)), Device::new(3, &hub));
    one.pass(1);
    let draft = one.notes.start(&note("Night", "")).unwrap();
    assert_eq!(one.pending(), 1);
    one.pass(1);
    assert_eq!((one.pending(), draft.sync_state().unwrap()), (0, Synced::Yes(Standing::Main)));
    two.sync();
    change(&two.the_same(&draft), |note| note.body = "It rained.".into());
    two.sync();
    one.pass(1);
    assert_eq!(draft.load().unwrap().body, "It rained.", "the hub told it that there is news");
}

#[test]
fn it_tries_again_by_itself_and_stops_where_it_is_told_to() {
    let hub = hub(1);
    let line = Line::to(&hub);
    let one = Running::new(2, line.clone());
    one.pass(1);
    line.lose(Loses::Request);
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.pass(1);
    let failed = one.syncer.status().unwrap();
    one.pass(10);
    assert_eq!(one.pending(), 0, "{failed:?}");

    one.syncer.pause();
    one.pass(1);
    change(&draft, |note| note.body = "It rained.".into());
    one.pass(3_600);
    assert_eq!((one.pending(), one.syncer.status().unwrap().link), (1, Link::Paused));
    one.syncer.set_online(false);
    one.syncer.resume();
    one.pass(3_600);
    assert_eq!((one.pending(), one.syncer.status().unwrap().link), (1, Link::Offline));
    one.syncer.set_online(true);
    one.pass(1);
    assert_eq!(one.pending(), 0);

    one.syncer.set_enabled(false).unwrap();
    change(&draft, |note| note.body = "It poured.".into());
    one.pass(3_600);
    let again = Syncer::new(&one.space, line);
    assert_eq!((one.pending(), again.status().unwrap().enabled), (1, false), "it is kept");
    one.syncer.set_enabled(true).unwrap();
    one.pass(1);
    assert_eq!(one.pending(), 0);
}

#[test]
fn waiting_for_a_draft_ends_with_the_hubs_answer() {
    let hub = hub(1);
    let one = Running::new(2, Line::to(&hub));
    one.pass(1);
    let draft = one.notes.start(&note("Night", "")).unwrap();
    let told = Arc::new(std::sync::Mutex::new(None));
    let (waiting, tell) = (draft.clone(), Arc::clone(&told));
    one.tasks.spawn(Box::pin(async move { *tell.lock().unwrap() = Some(waiting.synced().await.unwrap()) }));
    assert_eq!(*told.lock().unwrap(), None);
    one.pass(1);
    assert_eq!(*told.lock().unwrap(), Some(Synced::Yes(Standing::Main)));
}
