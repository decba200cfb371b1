//! Goal: every action in every phase does what the phase allows, and nothing else. Method: the whole table.

use crate::world::{Outcome, World, save};
use draftkeep::{Draft, ErrorKind, Phase, Result, Saved};

type Action = (&'static str, fn(&Draft<String>) -> Result<()>);

const ACTIONS: [Action; 8] = [
    ("save", |draft| save(draft, "another text")),
    ("promote", |draft| draft.promote("outcome")),
    ("promote and archive", |draft| draft.promote_and_archive("outcome")),
    ("archive", Draft::archive),
    ("reopen", Draft::reopen),
    ("discard", Draft::discard),
    ("recover", Draft::recover),
    ("purge", Draft::purge),
];

/// What an action makes of a phase; none where it is refused.
fn expected(action: &str, phase: Phase) -> Option<Option<Phase>> {
    use Phase::{Archived, Discarded, Open, Promoted};
    Some(match (action, phase) {
        ("save", Open | Promoted) => Some(phase),
        ("promote", Open | Promoted) => Some(Promoted),
        ("promote and archive", Open | Promoted) => Some(Archived),
        ("archive", Open | Promoted | Archived) => Some(Archived),
        ("reopen", Archived | Open) => Some(Open),
        ("discard", _) => Some(Discarded),
        ("recover", Discarded) => Some(Promoted),
        ("purge", Discarded) => None,
        _ => return None,
    })
}

/// A draft that was promoted once and is in the phase now.
fn draft_in(world: &World, phase: Phase) -> Result<Draft<String>> {
    let draft = world.notes().slot("one").start_over(&"a text".to_owned())?;
    match phase {
        Phase::Open => {}
        Phase::Promoted => draft.promote("first")?,
        Phase::Archived => draft.promote_and_archive("first")?,
        Phase::Discarded => {
            draft.promote("first")?;
            draft.discard()?;
        }
    }
    Ok(draft)
}

#[test]
fn every_action_in_every_phase_does_what_the_table_says() -> Outcome {
    for (name, action) in ACTIONS {
        for phase in Phase::ALL {
            let world = World::new();
            let draft = draft_in(&world, phase)?;
            let before = draft.info()?;
            let result = action(&draft);
            match expected(name, phase) {
                Some(Some(after)) => {
                    result.map_err(|error| format!("{name} in {phase}: {error}"))?;
                    assert_eq!(draft.info()?.phase, after, "{name} in {phase}");
                }
                Some(None) => {
                    result?;
                    assert!(matches!(draft.info().unwrap_err().kind(), ErrorKind::NoSuchDraft { .. }));
                }
                None => {
                    let error = result.expect_err(&format!("{name} in {phase} has to be refused"));
                    assert_eq!(*error.kind(), ErrorKind::Phase { draft: draft.id(), phase }, "{name}");
                    assert_eq!(draft.info()?, before, "a refused {name} changed something");
                }
            }
            let verified = world.open(|options| options).verify()?;
            assert!(verified.is_intact(), "{name} in {phase}: {verified:?}");
        }
    }
    Ok(())
}

#[test]
fn a_refused_save_names_the_way_to_one() -> Outcome {
    let world = World::new();
    for (phase, way) in [(Phase::Archived, "; to save in it, reopen it first"), (Phase::Discarded, "recover it first")]
    {
        let told = save(&draft_in(&world, phase)?, "another text").expect_err("it is refused").to_string();
        assert!(told.contains(way), "{told}");
    }
    let told = draft_in(&world, Phase::Open)?.purge().expect_err("it is refused").to_string();
    assert!(told.contains("is open, which does not allow this (trace"), "{told}");
    Ok(())
}

#[test]
fn the_promoted_revision_stays_while_saving_goes_on() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"a".to_owned())?;
    save(&draft, "what was promoted")?;
    let promoted = draft.info()?.revision;
    draft.promote("production-9")?;
    save(&draft, "what came later")?;
    let info = draft.info()?;
    assert_eq!(
        (info.phase, info.promoted, info.outcome.as_deref()),
        (Phase::Promoted, Some(promoted), Some("production-9"))
    );
    let found = draft
        .history()?
        .versions
        .into_iter()
        .find(|version| draft.at(version.version).is_ok_and(|version| version.revision == promoted));
    assert_eq!(draft.at(found.expect("it is in the history").version)?.doc, "what was promoted");
    Ok(())
}

#[test]
fn promoting_the_same_text_to_the_same_outcome_again_changes_nothing() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"a".to_owned())?;
    draft.promote("production-9")?;
    let info = draft.info()?;
    draft.promote("production-9")?;
    assert_eq!(draft.info()?, info);
    save(&draft, "b")?;
    draft.promote("production-9")?;
    assert_ne!(draft.info()?.promoted, info.promoted, "the newer text is the promoted one");
    Ok(())
}

#[test]
fn an_edit_goes_on_over_a_promotion_and_a_checkpoint() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"a".to_owned())?;
    let mut edit = draft.edit()?;
    draft.checkpoint("before")?;
    draft.promote("out")?;
    edit.doc().push('b');
    assert!(matches!(edit.save()?, Saved::Stored { .. }));
    assert_eq!(draft.load()?, "ab");
    Ok(())
}

#[test]
fn a_purged_draft_is_gone_and_its_slot_goes_on_with_the_next_generation() -> Outcome {
    let world = World::new();
    let notes = world.notes();
    let first = notes.slot("one").start(&"a".to_owned())?;
    first.discard()?;
    first.purge()?;
    assert!(notes.get(first.id())?.is_none());
    assert!(notes.slot("one").resume()?.is_none());
    let second = notes.slot("one").start(&"b".to_owned())?;
    assert_ne!(second.id(), first.id());
    assert_eq!(second.info()?.generation, Some(2));
    Ok(())
}
