//! Saving on request, pausing, and committing together with something else.

use super::{Bench, secs, text};
use crate::clock::{Clock as _, Spawn as _, TaskQueue};
use crate::draft::autosave::target::SaveReason;
use crate::draft::autosave::{AutosaveStatus, Cadence, SavedAs};
use std::sync::{Arc, Mutex};

#[test]
fn a_flush_saves_at_once_and_says_as_what() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    assert_eq!(autosave.flush().unwrap(), None);
    autosave.changed(&text("a"));
    let saved = SavedAs {
        version: 1,
        at: bench.clock.now(),
        changed: true,
        size: 1,
        merged: None,
        in_conflict: false,
        is_valid: true,
        overwritten: 0,
    };
    assert_eq!(autosave.flush().unwrap(), Some(saved));
    assert_eq!(autosave.flush().unwrap(), Some(saved));
    assert_eq!(bench.saved(), [(0.0, text("a"))]);
    assert_eq!(bench.target.log.lock().unwrap()[0].2, SaveReason::Flush);
}

#[test]
fn a_flush_asked_for_during_a_save_covers_what_changed_during_it() {
    let bench = Bench::new();
    let autosave = Arc::new(bench.start(Cadence::default()));
    autosave.changed(&text("a"));
    let (typist, answer) = (autosave.clone(), Arc::new(Mutex::new(None)));
    let flushing = answer.clone();
    bench.during_save(move || {
        typist.changed(&text("ab"));
        *flushing.lock().unwrap() = Some(Box::pin(typist.flush_async()));
    });
    bench.run(secs(20));
    assert_eq!(bench.saved(), [(20.0, text("a")), (20.0, text("ab"))]);
    let future = answer.lock().unwrap().take().unwrap();
    assert_eq!(futures_executor::block_on(future).unwrap().unwrap().version, 2);
}

#[test]
fn a_failed_flush_says_why_and_the_next_attempt_comes_by_itself() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    bench.break_disk(true);
    autosave.changed(&text("a"));
    let asked = autosave.flush_async();
    bench.tasks.run_until_stalled();
    let error = futures_executor::block_on(asked).unwrap_err();
    assert_eq!(error.to_string(), "the document could not be saved: no storage space");
    bench.break_disk(false);
    bench.run(secs(1));
    assert_eq!(bench.texts(), ["a"]);
}

#[test]
fn a_flush_nobody_waits_for_is_carried_out_all_the_same() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    autosave.changed(&text("a"));
    drop(autosave.flush_async());
    bench.tasks.run_until_stalled();
    assert_eq!(bench.saved(), [(0.0, text("a"))]);
    assert_eq!(bench.target.log.lock().unwrap()[0].2, SaveReason::Flush);
}

#[test]
fn guards_nest_and_hold_every_save_but_a_flush() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    let (outer, inner) = (autosave.pause(), autosave.pause());
    let since = bench.clock.now();
    assert_eq!(autosave.status(), AutosaveStatus::Paused { pauses: 2, since: None });
    autosave.changed(&text("a"));
    bench.run(secs(100));
    drop(outer);
    bench.run(secs(100));
    assert_eq!(bench.texts(), [""; 0]);
    assert_eq!(autosave.status(), AutosaveStatus::Paused { pauses: 1, since: Some(since) });
    autosave.flush().unwrap();
    assert_eq!(bench.texts(), ["a"]);
    autosave.changed(&text("ab"));
    bench.run(secs(100));
    drop(inner);
    bench.tasks.run_until_stalled();
    assert_eq!(bench.saved()[1..], [(300.0, text("ab"))]);
}

#[test]
fn a_pause_holds_attempts_after_a_failure_too() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    bench.break_disk(true);
    autosave.changed(&text("a"));
    bench.run(secs(10));
    let guard = autosave.pause();
    bench.run(secs(1_000));
    assert_eq!(bench.target.attempts.lock().unwrap().len(), 1);
    assert!(matches!(autosave.status(), AutosaveStatus::Failed { next_try: None, .. }));
    bench.break_disk(false);
    drop(guard);
    bench.tasks.run_until_stalled();
    assert!(autosave.status().is_safe());
}

#[test]
fn a_guard_may_outlive_the_autosave() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    let guard = autosave.pause();
    autosave.changed(&text("a"));
    drop(autosave);
    assert_eq!(bench.texts(), ["a"]);
    drop(guard);
}

#[test]
fn a_claim_takes_what_is_unsaved_and_keeps_other_saves_away() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    let pending = autosave.pending().upgrade().unwrap();
    assert!(pending.clone().claim().unwrap().is_none());
    autosave.changed(&text("a"));
    let claim = pending.clone().claim().unwrap().unwrap();
    assert_eq!(claim.document(), b"a");
    autosave.changed(&text("ab"));
    bench.run(secs(50));
    assert_eq!(bench.texts(), [""; 0]);
    claim.saved(SavedAs {
        version: 7,
        at: bench.clock.now(),
        changed: true,
        size: 1,
        merged: None,
        in_conflict: false,
        is_valid: true,
        overwritten: 0,
    });
    assert!(!autosave.status().is_safe());
    bench.tasks.run_until_stalled();
    assert_eq!(bench.saved(), [(50.0, text("ab"))]);
    assert!(pending.claim().unwrap().is_none());
}

#[test]
fn a_dropped_claim_leaves_the_document_unsaved_and_due() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    autosave.changed(&text("a"));
    let asked = autosave.flush_async();
    drop(autosave.pending().upgrade().unwrap().claim().unwrap());
    assert!(!autosave.status().is_safe());
    bench.tasks.run_until_stalled();
    assert_eq!(futures_executor::block_on(asked).unwrap().unwrap().version, 1);
    assert_eq!(bench.saved(), [(0.0, text("a"))]);
}

#[test]
fn a_claim_of_a_document_that_cannot_be_written_is_an_error_and_holds_it() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    for refused in ["refuse", "panic"] {
        autosave.changed(&text(refused));
        assert!(autosave.pending().upgrade().unwrap().claim().is_err());
        assert!(matches!(autosave.status(), AutosaveStatus::Failed { .. }));
    }
    autosave.changed(&text("fine"));
    bench.run(secs(10));
    assert_eq!(bench.texts(), ["fine"]);
}

#[test]
fn a_flush_waits_in_line_without_blocking_the_tasks_around_it() {
    let bench = Bench::new();
    let autosave = Arc::new(bench.start(Cadence::default()));
    let done = Arc::new(Mutex::new(Vec::new()));
    for name in ["a", "b"] {
        let (autosave, done) = (autosave.clone(), done.clone());
        bench.tasks.spawn(Box::pin(async move {
            autosave.changed(&text(name));
            let saved = autosave.flush_async().await.unwrap().unwrap();
            done.lock().unwrap().push((name, saved.version));
        }));
    }
    bench.tasks.run_until_stalled();
    let versions = done.lock().unwrap().clone();
    assert_eq!(versions.len(), 2);
    assert_eq!(bench.texts().last().unwrap(), "b");
}

#[test]
fn a_flush_is_not_left_waiting_by_a_background_that_is_not_served() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    autosave.changed(&text("a"));
    let (others, flush) = (TaskQueue::new(), autosave.flush_async());
    others.spawn(Box::pin(async move { assert_eq!(flush.await.unwrap().unwrap().version, 1) }));
    others.run_for(&bench.clock, secs(4));
    assert_eq!(bench.texts(), [""; 0]);
    others.run_for(&bench.clock, secs(1));
    assert_eq!(bench.texts(), ["a"]);
    assert!(others.is_empty());
}
