//! Goal: a call that is about one revision changes nothing where the head is another. Method: each call, over the head that it
//! expects, and after somebody saved.

use crate::world::{NOTE, Outcome, World, save};
use draftkeep::{Cadence, Cursor, Draft, ErrorKind, Filter, Phase, Result, RevisionId, Saved};
use std::time::Duration;

type Call = fn(&Draft<String>) -> Result<()>;

/// Calls that make a version, of an open draft that has two.
const CALLS: [(&str, Call); 7] = [
    ("edit", |draft| draft.edit().map(drop)),
    ("promote", |draft| draft.promote("out")),
    ("promote_and_archive", |draft| draft.promote_and_archive("out")),
    ("archive", Draft::archive),
    ("discard", Draft::discard),
    ("checkpoint", |draft| draft.checkpoint("before").map(drop)),
    ("restore", |draft| draft.restore(1).map(drop)),
];

fn draft_of_two_versions(world: &World, slot: &str) -> Result<(Draft<String>, RevisionId)> {
    let draft = world.notes().slot(slot).start(&"one".to_owned())?;
    let first = draft.info()?.revision;
    save(&draft, "two")?;
    Ok((draft, first))
}

#[test]
fn a_call_about_another_head_changes_nothing() -> Outcome {
    let world = World::new();
    for (name, call) in CALLS {
        let (draft, first) = draft_of_two_versions(&world, name)?;
        let before = draft.info()?;
        let refused = call(&draft.expecting(first)).expect_err(name);
        assert_eq!(*refused.kind(), ErrorKind::Stale { draft: draft.id(), head: 2 }, "{name}");
        assert_eq!(draft.info()?, before, "{name}");
        call(&draft.expecting(before.revision).clone())?;
    }
    let (draft, first) = draft_of_two_versions(&world, "trash")?;
    draft.discard()?;
    assert!(matches!(draft.expecting(first).recover().unwrap_err().kind(), ErrorKind::Stale { .. }));
    assert!(matches!(draft.expecting(first).purge().unwrap_err().kind(), ErrorKind::Stale { .. }));
    draft.expecting(draft.info()?.revision).purge()?;
    Ok(())
}

#[test]
fn an_edit_saves_over_the_head_that_it_expects_and_is_never_merged() -> Outcome {
    let world = World::new();
    let (draft, _) = draft_of_two_versions(&world, "a")?;
    let head = draft.info()?.revision;
    let (mut here, mut there) = (draft.expecting(head).edit()?, draft.expecting(head).edit()?);
    assert_eq!((here.version(), here.revision()), (2, head));
    *here.doc() = "here".to_owned();
    *there.doc() = "there".to_owned();
    assert!(matches!(here.save()?, Saved::Stored { version: 3, .. }));
    assert_eq!(here.revision(), draft.info()?.revision);
    let refused = there.save().unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Stale { draft: draft.id(), head: 3 });
    assert_eq!((draft.load()?, draft.info()?.version, draft.info()?.conflicts), ("here".to_owned(), 3, 0));
    here.doc().push_str(" and on");
    assert!(matches!(here.save()?, Saved::Stored { version: 4, .. }), "it goes on from what it saved itself");
    Ok(())
}

#[test]
fn what_an_autosave_holds_is_another_head() -> Outcome {
    let world = World::new();
    let (draft, _) = draft_of_two_versions(&world, "a")?;
    let shown = draft.info()?.revision;
    let autosave = draft.autosave(Cadence::every(Duration::from_secs(20)))?;
    autosave.changed(&"typed".to_owned());
    assert!(matches!(draft.expecting(shown).promote("out").unwrap_err().kind(), ErrorKind::Stale { .. }));
    assert_eq!((draft.info()?.phase, draft.load()?), (Phase::Open, "two".to_owned()));
    autosave.flush().expect("the storage works");
    assert_eq!(draft.load()?, "typed", "it is still held, and saved by whoever holds it");
    Ok(())
}

#[test]
fn starting_over_from_a_head_archives_that_one_or_none() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("a");
    let some = RevisionId::from_bytes([7; 32]);
    assert!(slot.start_over_from(some, &"new".to_owned())?.is_none(), "there is none to archive");
    assert!(slot.resume()?.is_none());
    let (draft, first) = draft_of_two_versions(&world, "a")?;
    let refused = slot.start_over_from(first, &"new".to_owned()).unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Stale { draft: draft.id(), head: 2 });
    assert_eq!(slot.resume()?.map(|draft| draft.id()), Some(draft.id()));
    let next = slot.start_over_from(draft.info()?.revision, &"new".to_owned())?.ok_or("there is one")?;
    assert_eq!((draft.info()?.phase, next.info()?.generation), (Phase::Archived, Some(2)));
    Ok(())
}

#[test]
fn a_slot_is_seeded_only_where_it_never_had_a_draft() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("a");
    let seeded = slot.seed(&"legacy".to_owned())?.ok_or("it had none")?;
    assert_eq!((seeded.load()?, seeded.info()?.generation), ("legacy".to_owned(), Some(1)));
    for away in [Draft::archive, Draft::discard, Draft::purge] as [Call; 3] {
        assert!(slot.seed(&"again".to_owned())?.is_none());
        away(&seeded)?;
    }
    assert!(slot.seed(&"again".to_owned())?.is_none(), "what was purged does not come back");
    assert!(slot.resume()?.is_none());
    assert_eq!(slot.start(&"new".to_owned())?.info()?.generation, Some(2));
    Ok(())
}

#[test]
fn a_cursor_goes_on_after_it_was_text() -> Outcome {
    let world = World::new();
    let notes = world.space().drafts(NOTE)?;
    for number in 0..5 {
        notes.slot(number.to_string()).start(&String::new())?;
    }
    let page = notes.list(&Filter::open().limit(2))?;
    let next: Cursor = page.next.ok_or("there are more")?.to_string().parse()?;
    assert_eq!(Some(next), page.next);
    let slots: Vec<_> = notes.list(&Filter::open().after(next))?.drafts.into_iter().map(|info| info.slot).collect();
    assert_eq!(slots, [Some(b"2".to_vec()), Some(b"1".to_vec()), Some(b"0".to_vec())]);
    assert!("".parse::<Cursor>().is_err());
    Ok(())
}
