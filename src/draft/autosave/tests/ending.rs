//! Beginning without a store, and every way to end.

use super::{Bench, secs, text};
use crate::clock::Spawn as _;
use crate::draft::autosave::{AutosaveStatus, Cadence};
use crate::events::EventKind;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

#[test]
fn a_detached_document_is_held_until_there_is_a_store_and_saved_at_once_then() {
    let bench = Bench::new();
    let autosave = bench.detached(Cadence::every(secs(10)));
    assert_eq!(autosave.status(), AutosaveStatus::Detached { since: None });
    let since = crate::clock::Clock::now(&bench.clock);
    autosave.changed(&text("a"));
    bench.run(secs(100));
    autosave.changed(&text("ab"));
    assert_eq!(autosave.status(), AutosaveStatus::Detached { since: Some(since) });
    assert!(autosave.flush().unwrap_err().is_detached());
    assert!(futures_executor::block_on(autosave.flush_async()).unwrap_err().is_detached());
    assert!(autosave.pending().upgrade().unwrap().claim().unwrap().is_none());
    autosave.attach_target(bench.target.clone()).unwrap();
    assert_eq!(autosave.status(), AutosaveStatus::Unsaved { since });
    bench.tasks.run_until_stalled();
    assert_eq!(bench.saved(), [(100.0, text("ab"))]);
    assert!(autosave.status().is_safe());
    assert!(autosave.attach_target(bench.target.clone()).is_err());
}

#[test]
fn closing_without_a_store_gives_the_document_back() {
    let bench = Bench::new();
    let autosave = bench.detached(Cadence::default());
    autosave.changed(&text("a"));
    let unsaved = autosave.close().unwrap_err();
    assert_eq!((&**unsaved.document, unsaved.error.is_detached()), ("a", true));
    bench.tasks.run_until_stalled();
    assert!(bench.tasks.is_empty());
}

#[test]
fn dropping_saves_what_is_unsaved_and_ends_the_task() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    bench.tasks.run_until_stalled();
    autosave.changed(&text("a"));
    drop(autosave);
    assert_eq!(bench.texts(), ["a"]);
    assert_eq!(Arc::strong_count(&bench.target), 1, "the store can be opened again at once");
    bench.tasks.run_until_stalled();
    assert!(bench.tasks.is_empty());
}

#[test]
fn closing_saves_or_gives_the_newest_document_back() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    autosave.changed(&text("a"));
    autosave.close().unwrap();
    assert_eq!(bench.texts(), ["a"]);
    let autosave = bench.start(Cadence::default());
    bench.break_disk(true);
    autosave.changed(&text("ab"));
    bench.run(secs(20));
    autosave.changed(&text("abc"));
    assert_eq!(*autosave.close().unwrap_err().document, "abc");
    bench.break_disk(false);
    bench.run(secs(100));
    assert_eq!(bench.texts(), ["a"]);
    assert!(bench.tasks.is_empty());
}

#[test]
fn a_drop_that_cannot_save_goes_on_trying_in_the_background() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    let guard = autosave.pause();
    bench.break_disk(true);
    autosave.changed(&text("a"));
    drop(autosave);
    bench.run(secs(300));
    assert!(bench.target.attempts.lock().unwrap().len() > 5);
    bench.break_disk(false);
    bench.run(secs(60));
    assert_eq!(bench.texts(), ["a"]);
    assert!(bench.tasks.is_empty());
    assert_eq!(Arc::strong_count(&bench.target), 1);
    drop(guard);
}

#[test]
fn a_drop_with_nobody_left_to_save_says_that_nobody_will() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    bench.tasks.clear();
    bench.break_disk(true);
    autosave.changed(&text("a"));
    drop(autosave);
    let events = bench.target.events.lock().unwrap();
    assert!(matches!(events.last(), Some((_, EventKind::SaveFailed { retry_in: None, .. }))), "{events:?}");
}

#[test]
fn a_runtime_that_shuts_down_saves_on_its_way_out() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    bench.tasks.run_until_stalled();
    autosave.changed(&text("a"));
    let asked = autosave.flush_async();
    bench.tasks.clear();
    assert_eq!(bench.texts(), ["a"]);
    assert_eq!(futures_executor::block_on(asked).unwrap().unwrap().version, 1);
}

#[test]
fn without_a_background_the_reports_of_changes_save() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    bench.tasks.clear();
    autosave.changed(&text("a"));
    bench.clock.advance(secs(9));
    autosave.changed(&text("ab"));
    assert_eq!(bench.texts(), [""; 0]);
    bench.clock.advance(secs(1));
    autosave.changed(&text("abc"));
    assert_eq!(bench.texts(), ["abc"]);
    autosave.changed(&text("abcd"));
    assert_eq!(futures_executor::block_on(autosave.flush_async()).unwrap().unwrap().version, 2);
}

#[test]
fn a_background_that_is_not_served_is_not_waited_for() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    autosave.changed(&text("a"));
    bench.clock.advance(secs(14));
    autosave.changed(&text("ab"));
    assert_eq!(bench.texts(), [""; 0]);
    bench.clock.advance(secs(1));
    autosave.changed(&text("abc"));
    assert_eq!(bench.texts(), ["abc"]);
}

/// Runs one session in which every future is dropped once it was polled so often; gives the polls that there were.
fn session(task_polls: usize, flush_polls: usize) -> usize {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)).quiet(secs(3)));
    let mut polls = 0;
    let poll_task = |polls: &mut usize| {
        while *polls < task_polls && bench.tasks.run_one() {
            *polls += 1;
        }
        if *polls == task_polls {
            bench.tasks.clear();
        }
    };
    let mut context = Context::from_waker(Waker::noop());
    for round in 0..4 {
        autosave.changed(&format!("{round}"));
        poll_task(&mut polls);
        bench.break_disk(round == 2);
        let mut flush = Box::pin(autosave.flush_async());
        for _ in 0..flush_polls {
            if flush.as_mut().poll(&mut context).is_ready() {
                break;
            }
            poll_task(&mut polls);
        }
        drop(flush);
        bench.break_disk(false);
        autosave.changed(&format!("{round}+"));
        for _ in 0..7 {
            bench.clock.advance(secs(1));
            poll_task(&mut polls);
        }
    }
    let unsafe_before = !autosave.status().is_safe();
    let texts = bench.texts();
    assert!(unsafe_before || texts.last().unwrap() == "3+", "green with {texts:?} on disk");
    autosave.changed(&text("end"));
    drop(autosave);
    assert_eq!(bench.texts().last().unwrap(), "end");
    assert!(bench.texts().is_sorted(), "an older document after a newer one: {:?}", bench.texts());
    polls
}

#[test]
fn whatever_future_is_dropped_at_whatever_poll_nothing_is_lost() {
    let all = session(usize::MAX, 3);
    assert!(all > 8, "{all}");
    for task_polls in 0..=all {
        for flush_polls in 0..3 {
            session(task_polls, flush_polls);
        }
    }
}

#[test]
fn a_task_dropped_with_something_unsaved_has_saved_it() {
    for polls in 0..6 {
        let bench = Bench::new();
        let autosave = bench.start(Cadence::every(secs(10)));
        for _ in 0..polls {
            autosave.changed(&text("a"));
            bench.tasks.run_one();
            bench.clock.advance(secs(4));
        }
        autosave.changed(&text("z"));
        bench.tasks.clear();
        assert_eq!(bench.texts().last().map(String::as_str), Some("z"), "after {polls} polls");
        assert!(autosave.status().is_safe());
    }
}

#[test]
fn the_handle_may_be_dropped_inside_a_task_of_the_same_queue() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    let seen = Arc::new(Mutex::new(None));
    let told = seen.clone();
    bench.tasks.spawn(Box::pin(async move {
        autosave.changed(&text("a"));
        *told.lock().unwrap() = Some(autosave.status());
        drop(autosave);
    }));
    bench.tasks.run_until_stalled();
    assert!(bench.tasks.is_empty());
    assert_eq!(bench.texts(), ["a"]);
    assert!(!seen.lock().unwrap().as_ref().unwrap().is_safe());
}

#[test]
fn what_an_application_holds_can_move_between_threads() {
    fn moves<T: Send + 'static>(_: &T) {}
    let bench = Bench::new();
    let autosave = bench.start(Cadence::default());
    moves(&autosave.flush_async());
    moves(&autosave.watch());
    moves(&autosave.pause());
    moves(&Arc::new(autosave));
}
