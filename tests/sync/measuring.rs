//! What dashboards are told of syncing.

use crate::world::{Device, Line, Loses, NOTE, change, hub, note, policy};
use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::{EventKind, Options, Schema};
use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Keeps what each gauge shows.
#[derive(Default)]
struct Board(Arc<Mutex<BTreeMap<String, f64>>>);

struct Dial(String, Arc<Mutex<BTreeMap<String, f64>>>);

impl GaugeFn for Dial {
    fn increment(&self, _: f64) {
        unreachable!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        unreachable!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.1.lock().unwrap().insert(self.0.clone(), value);
    }
}

impl Recorder for Board {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Dial(key.name().to_owned(), Arc::clone(&self.0))))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn gauges_say_what_is_owed_after_each_cycle_and_for_how_long() {
    let (hub, clock, board) = (hub(1), ManualClock::new(), Board::default());
    let line = Line::to(&hub);
    let (tasks, entropy) = (Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(2)));
    let options = Options::with_runtime(Arc::new(clock.clone()), tasks, entropy);
    let one = Device::with(options.schema(Schema::of(NOTE).policy(policy())), line.clone());
    let shown = || {
        let shown = board.0.lock().unwrap();
        (shown["draftkeep.sync.pending"], shown["draftkeep.sync.age"])
    };
    metrics::with_local_recorder(&board, || {
        let draft = one.notes.start(&note("Night", "")).unwrap();
        one.sync();
        assert_eq!(shown(), (0.0, 0.0));
        change(&draft, |note| note.body = "It rained.".into());
        clock.advance(Duration::from_secs(90));
        line.lose(Loses::Request);
        assert!(one.try_sync().is_err());
        assert_eq!(shown(), (1.0, 90.0), "also after a cycle that failed");
        one.sync();
        assert_eq!(shown(), (0.0, 0.0));
    });
}

#[test]
fn the_event_of_a_cycle_tells_all_that_it_did() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| note.title = "Night train".into());
    change(&two.the_same(&draft), |note| note.title = "Night bus".into());
    one.sync();
    let mut events = two.store.events();
    let report = two.sync();
    let told: Vec<EventKind> = std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect();
    assert!(report.conflicts == 1 && told.contains(&EventKind::Synced { report }), "{told:?}");
}
