//! Disks that fail, documents that are refused, code that panics.

use super::{Bench, secs, text};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::draft::autosave::{Autosave, AutosaveStatus, Cadence};
use crate::events::EventKind;
use futures_core::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn a_failing_save_is_tried_again_with_growing_waits_and_only_the_newest_document_is_saved_then() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    let since = bench.clock.now();
    bench.break_disk(true);
    autosave.changed(&text("old"));
    bench.run(secs(10));
    let AutosaveStatus::Failed { reason, since: told, attempts: 1, next_try: Some(next) } = autosave.status() else {
        panic!("{:?}", autosave.status())
    };
    assert_eq!((&*reason, told), (&*std::io::Error::from(std::io::ErrorKind::StorageFull).to_string(), since));
    assert!(next > bench.clock.now());
    for typed in 0..600 {
        autosave.changed(&format!("new {typed}"));
        bench.run(secs(1));
        assert!(!autosave.status().is_safe());
    }
    let attempts = bench.target.attempts.lock().unwrap().clone();
    let waits: Vec<_> = attempts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(waits[0] >= Duration::from_millis(250) && waits[0] <= Duration::from_millis(500), "{waits:?}");
    assert!(waits.iter().all(|&wait| wait <= secs(60)), "{waits:?}");
    assert!(waits[7..].iter().all(|&wait| wait >= secs(30)), "{waits:?}");
    bench.break_disk(false);
    bench.run(secs(60));
    assert_eq!(bench.texts(), ["new 599"]);
    assert!(autosave.status().is_safe());
}

#[test]
fn failures_and_the_success_after_them_are_told_as_events_of_one_trace_each() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    bench.break_disk(true);
    bench.saves_take(Duration::from_millis(30));
    autosave.changed(&text("a"));
    let error = autosave.flush().unwrap_err();
    bench.break_disk(false);
    bench.run(secs(1));
    let events = bench.target.events.lock().unwrap();
    let [(failed, EventKind::SaveFailed { attempt: 1, retry_in: Some(_), .. }), (saved, told)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*told, EventKind::Autosaved { version: 1, size: 1, latency: Duration::from_millis(30) });
    assert_eq!(*failed, error.trace_id());
    assert_ne!(failed, saved);
}

#[test]
fn a_refused_document_does_not_hold_up_the_next_one() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(60)).quiet(secs(1)));
    for round in 0..20 {
        autosave.changed(&format!("refuse {round}"));
        bench.run(secs(100));
    }
    autosave.changed(&text("fine"));
    bench.run(secs(1));
    assert_eq!(bench.texts(), ["fine"]);
    assert!(autosave.status().is_safe());
}

#[test]
fn a_document_that_panics_while_it_is_written_costs_an_attempt_and_nothing_else() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    autosave.changed(&text("panic"));
    bench.run(secs(10));
    assert!(matches!(autosave.status(), AutosaveStatus::Failed { attempts: 1, .. }));
    assert!(autosave.flush().is_err());
    autosave.changed(&text("fine"));
    bench.run(secs(10));
    assert_eq!(bench.texts(), ["fine"]);
    assert!(autosave.status().is_safe());
}

/// A clock that panics when told to, under whatever lock it is asked.
#[derive(Debug)]
struct Trap {
    clock: ManualClock,
    armed: Arc<AtomicBool>,
}

impl Clock for Trap {
    fn now(&self) -> Timestamp {
        assert!(!self.armed.swap(false, Ordering::SeqCst), "told to");
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}

#[test]
fn a_panic_under_a_lock_does_not_end_autosaving() {
    let bench = Bench::new();
    let armed = Arc::new(AtomicBool::new(false));
    let mut around = bench.around();
    around.clock = Arc::new(Trap { clock: bench.clock.clone(), armed: armed.clone() });
    let autosave = Autosave::start(bench.target.clone(), Cadence::every(secs(10)), &around);
    autosave.changed(&text("a"));
    armed.store(true, Ordering::SeqCst);
    let lost = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| autosave.changed(&text("lost in the panic"))));
    assert!(lost.is_err());
    autosave.changed(&text("ab"));
    bench.run(secs(10));
    assert_eq!(bench.texts(), ["ab"]);
    assert!(autosave.status().is_safe());
}
