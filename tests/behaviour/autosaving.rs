//! Goal: autosave on real drafts, in virtual time: when it saves, what a person is shown, and that phases take it along.

use crate::world::{Outcome, World};
use draftkeep::storage::StorageErrorKind;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::{Autosave, AutosaveStatus, Cadence, EventKind, Phase, Saved};
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
    assert_eq!(draft.load()?, "base and there");
    assert_eq!(draft.at(3)?.doc, "typed here");
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
