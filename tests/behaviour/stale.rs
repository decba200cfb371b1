//! Goal: a save that comes too late loses nothing and overwrites nothing.

use crate::world::{Outcome, World};
use draftkeep::Saved;

#[test]
fn a_stale_save_is_kept_beside_the_head() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"base".to_owned())?;
    let (mut early, mut late) = (draft.edit()?, draft.edit()?);
    early.doc().push_str(" early");
    late.doc().push_str(" late");
    assert!(matches!(early.save()?, Saved::Stored { version: 2, .. }));
    assert_eq!(late.save()?, Saved::Stale { version: 3, head: 2 });
    assert_eq!(draft.load()?, "base early", "the head did not move");
    assert_eq!(draft.at(3)?.doc, "base late", "the typed text is kept");
    assert_eq!(late.save()?, Saved::Unchanged { version: 3 }, "the same text is kept once");
    late.doc().push_str(" more");
    assert_eq!(late.save()?, Saved::Stale { version: 4, head: 2 });
    early.doc().push_str(" on");
    assert!(matches!(early.save()?, Saved::Stored { version: 5, .. }), "the head's own editor goes on");
    let aside: Vec<bool> = draft.history()?.versions.iter().map(|version| version.is_aside).collect();
    assert_eq!(aside, [false, false, true, true, false]);
    assert_eq!((draft.at(4)?.doc.as_str(), draft.load()?.as_str()), ("base late more", "base early on"));
    let store = world.open(|options| options);
    store.compact()?;
    assert_eq!(draft.at(3)?.doc, "base late", "also once it is packed");
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn the_same_text_typed_twice_is_no_stale_save() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"base".to_owned())?;
    let (mut one, mut other) = (draft.edit()?, draft.edit()?);
    for edit in [&mut one, &mut other] {
        edit.doc().push_str(" same");
    }
    assert!(matches!(one.save()?, Saved::Stored { .. }));
    assert_eq!(other.save()?, Saved::Unchanged { version: 2 });
    other.doc().push('!');
    assert!(matches!(other.save()?, Saved::Stored { version: 3, .. }), "it goes on from there");
    Ok(())
}

#[test]
fn several_edits_are_saved_together_or_not_at_all() -> Outcome {
    let world = World::new();
    let space = world.space();
    let notes = space.drafts(crate::world::NOTE)?;
    let drafts = [notes.slot("one").start(&String::new())?, notes.slot("two").start(&String::new())?];
    let mut edits = [drafts[0].edit()?, drafts[1].edit()?];
    edits.iter_mut().for_each(|edit| edit.doc().push('x'));
    let [one, two] = &mut edits;
    let saved = space.save_all(&mut [one, two])?;
    assert!(saved.iter().all(|saved| matches!(saved, Saved::Stored { version: 2, .. })));
    drafts[1].archive()?;
    edits.iter_mut().for_each(|edit| edit.doc().push('y'));
    let [one, two] = &mut edits;
    space.save_all(&mut [one, two]).expect_err("the second draft is archived");
    assert_eq!(drafts[0].load()?, "x", "so the first is not saved either");
    assert!(matches!(edits[0].save()?, Saved::Stored { version: 3, .. }), "and can still be saved alone");
    Ok(())
}
