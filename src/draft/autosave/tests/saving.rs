//! When a changed document is saved, and what a person is told meanwhile.

use super::{Bench, secs, text};
use crate::clock::{Clock as _, Timestamp};
use crate::draft::autosave::target::SaveReason;
use crate::draft::autosave::{AutosaveStatus, Cadence};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_change_is_saved_one_interval_later_and_an_unchanged_document_never() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    assert_eq!(autosave.status(), AutosaveStatus::Clean);
    bench.run(secs(100));
    autosave.changed(&text("a"));
    bench.run(secs(10));
    autosave.changed(&text("ab"));
    bench.run(secs(10));
    assert_eq!(bench.saved(), [(120.0, text("ab"))]);
    bench.run(secs(1_000));
    assert_eq!(bench.saved().len(), 1);
    assert_eq!(bench.target.log.lock().unwrap()[0].2, SaveReason::Due);
}

#[test]
fn a_quiet_time_saves_earlier_and_typing_without_a_pause_is_saved_by_the_interval() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(20)).quiet(secs(2)));
    for _ in 0..20 {
        autosave.changed(&text("typing"));
        bench.run(secs(1));
    }
    assert_eq!(bench.saved(), [(20.0, text("typing"))]);
    autosave.changed(&text("done"));
    bench.run(secs(2));
    assert_eq!(bench.saved()[1..], [(22.0, text("done"))]);
}

#[test]
fn a_quiet_time_alone_is_bounded_by_the_longest_wait() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::after_quiet(secs(5)).longest_wait(secs(30)));
    for _ in 0..31 {
        autosave.changed(&text("typing"));
        bench.run(secs(1));
    }
    assert_eq!(bench.saved(), [(30.0, text("typing"))]);
}

#[test]
fn the_status_is_never_green_before_the_save_is_durable() {
    let bench = Bench::new();
    let autosave = Arc::new(bench.start(Cadence::every(secs(10))));
    let since = bench.clock.now();
    autosave.changed(&text("a"));
    assert_eq!(autosave.status(), AutosaveStatus::Unsaved { since });
    let seen = autosave.clone();
    bench.during_save(move || assert_eq!(seen.status(), AutosaveStatus::Saving { since }));
    bench.run(secs(10));
    let at = bench.clock.now();
    assert_eq!(autosave.status(), AutosaveStatus::Saved { version: 1, at });
    assert!(autosave.status().is_safe());
}

#[test]
fn what_changes_during_a_save_is_not_marked_saved() {
    let bench = Bench::new();
    let autosave = Arc::new(bench.start(Cadence::every(secs(10))));
    autosave.changed(&text("a"));
    let typist = autosave.clone();
    bench.during_save(move || typist.changed(&text("ab")));
    bench.run(secs(10));
    assert_eq!(bench.texts(), ["a"]);
    assert!(!autosave.status().is_safe());
    bench.run(secs(10));
    assert_eq!(bench.saved(), [(10.0, text("a")), (20.0, text("ab"))]);
    assert!(autosave.status().is_safe());
}

#[test]
fn slow_saves_stretch_the_interval_and_it_comes_back() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(5)).longest_wait(secs(30)));
    let waits = |rounds: usize| {
        let before = bench.target.attempts.lock().unwrap().len();
        let mut waits = Vec::new();
        while waits.len() < rounds {
            let begun = bench.clock.elapsed();
            autosave.changed(&format!("{waits:?}{before}"));
            bench.run(secs(40));
            waits.push(bench.target.attempts.lock().unwrap().last().unwrap().saturating_sub(begun));
        }
        waits
    };
    bench.saves_take(Duration::from_millis(250));
    assert_eq!(waits(8), [secs(5); 8]);
    bench.saves_take(secs(2));
    let slow = waits(12);
    assert!(slow.is_sorted() && slow[11] > secs(19) && slow[11] <= secs(20), "{slow:?}");
    bench.saves_take(secs(100));
    assert_eq!(waits(6)[5], secs(30));
    bench.saves_take(Duration::ZERO);
    assert_eq!(waits(30)[29], secs(5));
}

#[test]
fn a_new_cadence_holds_for_what_is_unsaved_already() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(600)));
    autosave.changed(&text("a"));
    bench.run(secs(30));
    autosave.set_cadence(Cadence::every(secs(40)));
    bench.run(secs(10));
    assert_eq!(bench.saved(), [(40.0, text("a"))]);
    assert_eq!(autosave.cadence(), Cadence::every(secs(40)));
}

#[test]
fn jumps_of_the_wall_clock_move_no_save() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(20)));
    for (round, jump) in [0, u64::MAX, 1, 1 << 45, u64::MAX / 2].into_iter().enumerate() {
        autosave.changed(&format!("{round}"));
        bench.clock.set_now(Timestamp::from_millis(jump));
        bench.run(Duration::from_millis(19_999));
        assert_eq!(bench.saved().len(), round);
        bench.clock.set_now(Timestamp::from_millis(u64::MAX - jump));
        bench.run(Duration::from_millis(1));
        assert_eq!(bench.saved().len(), round + 1);
    }
}

#[test]
fn another_target_waits_for_what_is_unsaved() {
    let (bench, other) = (Bench::new(), Bench::new());
    let autosave = bench.start(Cadence::every(secs(20)));
    autosave.changed(&text("typed"));
    assert!(!autosave.retarget_if_saved(other.target.clone()).unwrap());
    autosave.flush().unwrap();
    assert!(autosave.retarget_if_saved(other.target.clone()).unwrap());
    autosave.changed(&text("and more"));
    autosave.flush().unwrap();
    assert_eq!((bench.texts(), other.texts()), (vec![text("typed")], vec![text("and more")]));
}
