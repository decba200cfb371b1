//! Goal: autosave on real drafts, in virtual time: when it saves, what a person is shown, and that phases take it along.

use crate::world::{Outcome, World};
use draftkeep::merge::{Policy, Rule};
use draftkeep::storage::StorageErrorKind;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::{Autosave, AutosaveStatus, Cadence, ErrorKind, EventKind, Phase, Retention, Saved, Schema};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_typed_is_saved_within_the_interval() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&String::new())?;
    let autosave = draft.autosave(Cadence::every(SECOND * 20))?;
    autosave.changed(&"typed".to_owned());
    world.pass(SECOND * 19);
    assert_eq!(draft.load()?, "");
    assert!(!autosave.status().is_safe());
    world.pass(SECOND * 2);
    assert_eq!(draft.load()?, "typed");
    assert!(matches!(autosave.status(), AutosaveStatus::Saved { version: 2, .. }));
    Ok(())
}

#[test]
fn a_phase_takes_in_what_autosave_holds() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("one");
    let draft = slot.start(&String::new())?;
    let autosave = draft.autosave(Cadence::every(SECOND * 20))?;
    autosave.changed(&"the last sentence".to_owned());
    slot.resume()?.expect("it was begun").promote("out")?;
    assert_eq!(draft.load()?, "the last sentence");
    assert!(autosave.status().is_safe());
    let info = draft.info()?;
    let phases: Vec<Phase> = draft.history()?.versions.iter().map(|version| version.phase).collect();
    assert_eq!(phases, [Phase::Open, Phase::Open, Phase::Promoted]);
    assert_eq!(info.promoted, Some(draft.at(2)?.revision), "what was typed last was promoted");
    autosave.changed(&"more".to_owned());
    draft.discard()?;
    assert_eq!(draft.load()?, "more", "not even a discarded draft loses a word");
    Ok(())
}

#[test]
fn autosaves_and_edits_of_one_draft_lose_nothing_to_each_other() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"base".to_owned())?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    autosave.changed(&"typed here".to_owned());
    let mut edit = draft.edit()?;
    edit.doc().push_str(" and there");
    assert!(matches!(edit.save()?, Saved::Stored { version: 2, .. }));
    world.pass(SECOND * 2);
    assert_eq!((draft.at(2)?.doc.as_str(), draft.load()?.as_str()), ("base and there", "typed here"));
    assert!(matches!(autosave.status(), AutosaveStatus::Saved { version: 3, .. }), "the merge is what was typed");
    let overwritten = autosave.overwritten();
    assert_eq!(overwritten.len(), 1);
    assert_eq!(overwritten[0].dropped.as_ref().and_then(|dropped| dropped.as_str()), Some("base and there"));
    Ok(())
}

#[test]
fn what_autosave_saves_is_merged_time_and_again_until_the_editor_reloads() -> Outcome {
    const LINES: [&str; 5] = ["one", "two", "three", "four", "five"];
    let text = |changed: &[(usize, &str)]| {
        let line = |at| changed.iter().find(|(line, _)| *line == at).map_or(LINES[at], |(_, text)| *text);
        (0..LINES.len()).map(|at| format!("{}\n", line(at))).collect::<String>()
    };
    let world = World::new();
    let draft = world.notes().slot("one").start(&text(&[]))?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    crate::world::save(&draft, &text(&[(4, "FIVE")]))?;
    autosave.changed(&text(&[(0, "ONE")]));
    world.pass(SECOND * 2);
    assert!(matches!(autosave.status(), AutosaveStatus::Merged { version: 3, head: 4, .. }), "{}", autosave.status());
    autosave.changed(&text(&[(0, "ONE"), (1, "TWO")]));
    world.pass(SECOND * 2);
    assert!(matches!(autosave.status(), AutosaveStatus::Merged { version: 5, head: 6, .. }), "{}", autosave.status());
    let merge = text(&[(0, "ONE"), (1, "TWO"), (4, "FIVE")]);
    assert_eq!(draft.load()?, merge);
    assert!(matches!(draft.promote("out").unwrap_err().kind(), ErrorKind::Stale { head: 6, .. }), "nobody saw it");
    autosave.changed(&text(&[(0, "ONE"), (1, "TWO"), (2, "THREE")]));
    assert_eq!(autosave.reload(&draft)?, text(&[(0, "ONE"), (1, "TWO"), (2, "THREE"), (4, "FIVE")]));
    assert_eq!(autosave.status(), AutosaveStatus::Clean);
    let typed = text(&[(0, "ONE"), (2, "THREE"), (4, "FIVE!")]);
    autosave.changed(&typed);
    draft.promote("out")?;
    assert_eq!(draft.load()?, typed);
    assert!(matches!(autosave.status(), AutosaveStatus::Saved { .. }));
    Ok(())
}

#[test]
fn a_document_typed_before_the_store_opens_is_held_and_then_saved() -> Outcome {
    let world = World::new();
    let entropy = Arc::new(draftkeep::clock::SeededEntropy::new(9));
    let autosave = Autosave::detached_in(Cadence::every(SECOND), world.clock.clone(), world.tasks.clone(), entropy);
    autosave.changed(&"typed without a store".to_owned());
    world.pass(SECOND * 60);
    assert!(matches!(autosave.status(), AutosaveStatus::Detached { .. }));
    let draft = world.notes().slot("one").start(&String::new())?;
    autosave.attach(&draft)?;
    world.pass(SECOND * 2);
    assert_eq!(draft.load()?, "typed without a store");
    assert!(autosave.status().is_safe());
    Ok(())
}

#[test]
fn a_failing_disk_is_retried_and_the_newest_document_is_what_arrives() -> Outcome {
    let healthy = World::new();
    let faulty = Arc::new(FaultyStorage::new(healthy.storage.clone()));
    let world = World::on(faulty.clone(), 1);
    let store = world.open(|options| options);
    let mut events = store.events();
    let draft = store.space("alice")?.drafts(crate::world::NOTE)?.slot("one").start(&String::new())?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    faulty.arm(StorageFault {
        call: Some(StorageCall::Commit),
        after: 0,
        lasting: Lasting::Forever,
        effect: StorageEffect::Fails(StorageErrorKind::Full),
    });
    autosave.changed(&"first".to_owned());
    world.pass(SECOND * 5);
    assert!(matches!(autosave.status(), AutosaveStatus::Failed { .. }));
    autosave.changed(&"newest".to_owned());
    world.pass(SECOND * 30);
    assert!(!autosave.status().is_safe());
    faulty.heal();
    world.pass(SECOND * 120);
    assert!(autosave.status().is_safe());
    assert_eq!(draft.load()?, "newest");
    let failed =
        std::iter::from_fn(|| events.try_next()).filter(|event| matches!(event.what, EventKind::SaveFailed { .. }));
    assert!(failed.count() >= 2);
    Ok(())
}

/// Of two texts the one that sorts behind the other is the merge.
fn larger() -> Schema<String> {
    Schema::of(crate::world::NOTE).policy(Policy::builder().rule("", Rule::Max).build().expect("it is a policy"))
}

#[test]
fn a_merge_that_nobody_saw_is_never_promoted_for_what_was_typed() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options.schema(larger()));
    let draft = store.space("alice")?.drafts(crate::world::NOTE)?.slot("one").start(&"one".to_owned())?;
    let autosave = draft.autosave(Cadence::every(SECOND * 20))?;
    crate::world::save(&draft, "zwei, by somebody else")?;
    autosave.changed(&"typed".to_owned());
    assert!(
        matches!(draft.promote("out").unwrap_err().kind(), ErrorKind::Stale { head: 4, .. }),
        "it would be a merge"
    );
    assert_eq!((draft.info()?.phase, draft.history()?.versions.len()), (Phase::Open, 2), "nothing was changed");
    assert!(!autosave.status().is_safe(), "and the text is still held");
    let saved = autosave.flush()?.expect("there was a change");
    assert_eq!((saved.version, saved.merged, saved.in_conflict), (3, Some(4), false));
    assert!(matches!(autosave.status(), AutosaveStatus::Merged { version: 3, head: 4, .. }));
    assert!(autosave.status().is_safe(), "it is durable all the same");
    for pending in [None, Some("typed, and more")] {
        if let Some(text) = pending {
            autosave.changed(&text.to_owned());
        }
        for refused in [draft.promote("out"), draft.promote_and_archive("out"), draft.checkpoint("now").map(drop)] {
            assert!(matches!(refused.unwrap_err().kind(), ErrorKind::Stale { .. }), "{pending:?}");
        }
    }
    assert_eq!((draft.info()?.phase, draft.load()?.as_str()), (Phase::Open, "zwei, by somebody else"));
    // The person has seen the head and means what was typed last.
    autosave.rebase(&draft)?;
    draft.promote("out")?;
    assert_eq!(draft.load()?, "typed, and more");
    assert!(matches!(autosave.status(), AutosaveStatus::Saved { .. }));
    Ok(())
}

#[test]
fn a_restored_text_is_gone_on_from_once_the_autosave_is_rebased() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"one".to_owned())?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    autosave.changed(&"one two".to_owned());
    world.pass(SECOND * 2);
    draft.restore(1)?;
    autosave.rebase(&draft)?;
    assert_eq!(autosave.status(), AutosaveStatus::Clean);
    autosave.changed(&"one three".to_owned());
    world.pass(SECOND * 2);
    assert_eq!(draft.load()?, "one three");
    draft.discard()?;
    assert!(autosave.rebase(&draft).is_ok(), "the trash can be read");
    drop(autosave);
    Ok(())
}

#[test]
fn a_change_that_comes_after_the_archive_locks_nothing() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"base".to_owned())?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    draft.archive()?;
    autosave.changed(&"late".to_owned());
    world.pass(SECOND * 5);
    assert!(matches!(autosave.status(), AutosaveStatus::Failed { .. }));
    assert!(matches!(autosave.flush().unwrap_err().kind(), Some(ErrorKind::Phase { phase: Phase::Archived, .. })));
    draft.archive()?;
    draft.discard()?;
    draft.recover()?;
    assert_eq!((draft.info()?.phase, draft.load()?.as_str()), (Phase::Archived, "base"));
    draft.reopen()?;
    assert_eq!(draft.load()?, "late", "it is taken in as soon as the draft takes saves");
    assert!(autosave.status().is_safe());
    autosave.changed(&"later".to_owned());
    draft.discard()?;
    assert_eq!(draft.load()?, "later");
    autosave.changed(&"last".to_owned());
    draft.recover()?;
    assert_eq!((draft.info()?.phase, draft.load()?.as_str()), (Phase::Open, "last"));
    Ok(())
}

#[test]
fn an_autosave_that_ends_with_what_can_never_be_saved_lets_the_store_go() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let mut events = store.events();
    let draft = store.space("alice")?.drafts(crate::world::NOTE)?.slot("one").start(&"base".to_owned())?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    draft.archive()?;
    autosave.changed(&"late".to_owned());
    drop(autosave);
    let told = std::iter::from_fn(|| events.try_next()).filter_map(|event| match event.what {
        EventKind::SaveFailed { retry_in, .. } => Some(retry_in),
        _ => None,
    });
    assert_eq!(told.last(), Some(None), "it is told that nobody tries again");
    let alive = Arc::strong_count(&world.storage);
    drop((draft, store));
    world.pass(SECOND * 10);
    assert!(Arc::strong_count(&world.storage) < alive && Arc::strong_count(&world.storage) == 1);
    Ok(())
}

#[test]
fn starting_over_and_sweeping_lose_nothing_that_autosave_holds() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("one");
    let draft = slot.start(&"one".to_owned())?;
    let autosave = draft.autosave(Cadence::every(SECOND * 60))?;
    autosave.changed(&"typed".to_owned());
    let fresh = slot.start_over(&"fresh".to_owned())?;
    assert_eq!((draft.load()?.as_str(), draft.info()?.phase), ("typed", Phase::Archived));
    assert_eq!(slot.resume()?.map(|draft| draft.id()), Some(fresh.id()));
    assert!(autosave.status().is_safe());

    drop(autosave);

    let retention = Retention::default().discard_after(crate::world::DAY);
    let store = world.open(|options| options.retention(retention));
    let drafts = store.space("alice")?.drafts(crate::world::NOTE)?;
    let draft = drafts.slot("two").start(&"two".to_owned())?;
    let autosave = draft.autosave(Cadence::every(SECOND * 60))?;
    autosave.changed(&"typed, too".to_owned());
    let mut discarded = Vec::new();
    for _day in 0..4 {
        world.pass(crate::world::DAY);
        autosave.changed(&"typed, after all".to_owned());
        discarded.extend_from_slice(&store.space("alice")?.swept().discarded);
    }
    assert_eq!(discarded, [fresh.id()], "nobody has that one open");
    assert_eq!(draft.info()?.phase, Phase::Open);
    autosave.flush()?;
    assert_eq!(draft.load()?, "typed, after all");
    Ok(())
}
