//! Goal: saves that arrive together share a commit, and a save whose caller goes away is neither lost nor doubled.

use crate::world::{NOTE, Outcome, World};
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{MemoryStorage, StorageErrorKind};
use draftkeep::{Saved, Store};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};

const THREADS: usize = 16;

#[test]
fn saves_that_arrive_while_a_commit_is_under_way_share_the_next_one() -> Outcome {
    let storage = FaultyStorage::new(Arc::new(MemoryStorage::new()));
    let world = World::on(Arc::new(storage.clone()), 1);
    let notes = world.notes();
    let drafts = (0..THREADS).map(|number| notes.slot(number.to_string()).start(&String::new()));
    let mut edits = drafts.map(|draft| draft?.edit()).collect::<draftkeep::Result<Vec<_>>>()?;

    // The first commit waits until all other saves had time to queue behind it.
    let (commits, waiting) = (Arc::new(AtomicUsize::new(0)), Arc::new((Mutex::new(false), Condvar::new())));
    let (counted, gate) = (commits.clone(), waiting.clone());
    storage.on_call(move |call| {
        if call == StorageCall::Commit && counted.fetch_add(1, Ordering::SeqCst) == 0 {
            let (open, opened) = &*gate;
            let guard = open.lock().expect("nobody panics");
            drop(opened.wait_while(guard, |open| !*open).expect("nobody panics"));
        }
    });
    let started = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for edit in &mut edits {
            let started = &started;
            scope.spawn(move || {
                edit.doc().push('x');
                started.fetch_add(1, Ordering::SeqCst);
                assert!(matches!(edit.save(), Ok(Saved::Stored { version: 2, .. })));
            });
        }
        while started.load(Ordering::SeqCst) < THREADS || commits.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        // Queueing takes far less than this; should it take longer, the saves only share less.
        for _ in 0..10_000 {
            std::thread::yield_now();
        }
        *waiting.0.lock().expect("nobody panics") = true;
        waiting.1.notify_all();
    });
    let commits = commits.load(Ordering::SeqCst);
    assert!(commits < THREADS, "{commits} commits for {THREADS} saves");
    assert!(world.open(|options| options).verify()?.is_intact());
    Ok(())
}

#[test]
fn one_commit_that_fails_fails_all_saves_in_it_and_each_can_be_repeated() -> Outcome {
    for effect in [StorageEffect::Fails(StorageErrorKind::Io), StorageEffect::FailsAfterwards(StorageErrorKind::Io)] {
        let storage = FaultyStorage::new(Arc::new(MemoryStorage::new()));
        let world = World::on(Arc::new(storage.clone()), 1);
        let space = world.space();
        let notes = space.drafts(NOTE)?;
        let mut edits =
            [notes.slot("a").start(&String::new())?.edit()?, notes.slot("b").start(&String::new())?.edit()?];
        edits.iter_mut().for_each(|edit| edit.doc().push('x'));
        storage.arm(StorageFault { call: Some(StorageCall::Commit), after: 0, lasting: Lasting::Once, effect });
        let [a, b] = &mut edits;
        space.save_all(&mut [a, b]).expect_err("the commit failed");
        for (edit, key) in edits.iter_mut().zip(["a", "b"]) {
            edit.doc().push('y');
            assert!(matches!(edit.save()?, Saved::Stored { .. }));
            let draft = notes.slot(key).resume()?.expect("it was begun");
            assert_eq!(draft.load()?, "xy", "what was typed on goes on over the save of unknown outcome");
            assert!(draft.history()?.versions.iter().all(|version| !version.is_aside));
        }
    }
    Ok(())
}

/// Polls a future at most so often, then drops it.
fn drop_after<F: Future>(future: F, polls: usize, between: impl Fn()) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        between();
    }
    None
}

#[test]
fn a_save_whose_future_is_dropped_at_any_point_is_kept_once() -> Outcome {
    for polls in 0..3 {
        for runs_before_the_next in [false, true] {
            let world = World::new();
            let draft = world.notes().slot("one").start(&"a".to_owned())?;
            let mut edit = draft.edit()?;
            edit.doc().push('b');
            let run = || {
                world.tasks.run_until_stalled();
            };
            let seen = drop_after(edit.save_async(), polls, || {
                if runs_before_the_next {
                    run();
                }
            });
            assert_eq!(seen.is_some(), polls == 2 && runs_before_the_next);
            edit.doc().push('c');
            assert!(matches!(edit.save()?, Saved::Stored { .. }), "{polls} polls");
            run();
            assert_eq!(draft.load()?, "abc");
            let texts: Vec<String> = draft
                .history()?
                .versions
                .iter()
                .map(|version| Ok(draft.at(version.version)?.doc))
                .collect::<draftkeep::Result<_>>()?;
            assert_eq!(texts.iter().filter(|text| *text == "abc").count(), 1, "{texts:?}");
            assert!(texts.iter().filter(|text| *text == "ab").count() <= 1, "{texts:?}");
        }
    }
    Ok(())
}

#[test]
fn threads_on_one_draft_lose_nothing() -> Outcome {
    let world = World::new();
    let store: Store = world.open(|options| options);
    let draft = store.space("alice")?.drafts(NOTE)?.slot("one").start(&String::new())?;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let draft = &draft;
            scope.spawn(move || {
                for round in 0..25 {
                    let mut edit = draft.edit().expect("memory does not fail");
                    edit.doc().push_str(&format!("{thread}.{round} "));
                    assert!(edit.save().is_ok());
                }
            });
        }
    });
    let texts: Vec<String> = draft
        .history()?
        .versions
        .iter()
        .map(|version| Ok(draft.at(version.version)?.doc))
        .collect::<draftkeep::Result<_>>()?;
    for word in (0..4).flat_map(|thread| (0..25).map(move |round| format!("{thread}.{round} "))) {
        assert!(texts.iter().any(|text| text.contains(&word)), "{word} is nowhere");
    }
    assert!(store.verify()?.is_intact());
    Ok(())
}
