//! Goal: what cannot be merged is kept and shown until a person has decided. Method: several editors of one draft, and a
//! policy that decides nothing.

use crate::world::{NOTE, Outcome, World};
use draftkeep::merge::{Choice, Policy, Rule, Why};
use draftkeep::{
    AutosaveStatus, Cadence, Draft, ErrorKind, EventKind, Keep, Kind, Phase, Retention, Saved, Schema, Store, Value,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn by_hand() -> Schema<String> {
    Schema::of(NOTE).policy(Policy::builder().rule("", Rule::Manual).build().expect("it is a policy"))
}

fn open(world: &World) -> Store {
    world.open(|options| options.schema(by_hand()).device("laptop"))
}

fn begun(store: &Store, text: &str) -> draftkeep::Result<Draft<String>> {
    store.space("alice")?.drafts(NOTE)?.slot("one").start(&text.to_owned())
}

/// A draft with "ours" as its head, "theirs" beside it, and "base" before both.
fn parted(store: &Store) -> Result<Draft<String>, Box<dyn std::error::Error>> {
    let draft = begun(store, "base")?;
    let (mut ours, mut theirs) = (draft.edit()?, draft.edit()?);
    (*ours.doc(), *theirs.doc()) = ("ours".to_owned(), "theirs".to_owned());
    assert!(matches!(theirs.save()?, Saved::Stored { version: 2, .. }));
    assert_eq!(ours.save()?, Saved::Conflict { version: 3 });
    Ok(draft)
}

fn texts(draft: &Draft<String>) -> Result<(String, Vec<String>), Box<dyn std::error::Error>> {
    let conflict = draft.conflict()?.ok_or("there is a conflict")?;
    let text = |side: &draftkeep::ConflictSide| side.value.as_str().unwrap_or_default().to_owned();
    Ok((text(conflict.ours()), conflict.theirs().iter().map(text).collect()))
}

#[test]
fn a_conflict_is_durable_and_ends_with_a_decision() -> Outcome {
    let world = World::new();
    {
        let store = open(&world);
        let mut events = store.events();
        let draft = parted(&store)?;
        let told: Vec<EventKind> = std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect();
        assert!(told.contains(&EventKind::ConflictDetected { version: 3, theirs: 2 }), "{told:?}");
        assert_eq!((draft.load()?.as_str(), draft.info()?.conflicts), ("ours", 1), "the editor goes on with its text");
    }
    let store = open(&world);
    let mut events = store.events();
    let draft = begun(&store, "it is there already")?;
    let conflict = draft.conflict()?.expect("it was not settled");
    assert_eq!(texts(&draft)?, ("ours".to_owned(), vec!["theirs".to_owned()]));
    assert_eq!(conflict.base(0).and_then(|base| base.as_str()), Some("base"));
    assert_eq!(conflict.theirs()[0].info.device.as_deref(), Some("laptop"));
    assert_eq!(conflict.paths().count(), 1);
    assert_eq!(conflict.merged().conflicts[0].why, Why::Manual);
    let mut resolution = conflict.resolution();
    assert!(resolution.finish().is_err(), "nothing is decided yet");
    assert_eq!(resolution.choose_all(&Choice::Theirs)?.finish()?.as_str(), Some("theirs"));
    assert_eq!(conflict.settle(&"both".to_owned())?, 4);
    assert!(draft.conflict()?.is_none());
    assert_eq!((draft.load()?.as_str(), draft.info()?.conflicts), ("both", 0));
    assert_eq!(conflict.settle(&"both".to_owned())?, 4, "calling it again is safe");
    let history = draft.history()?.versions;
    assert!(
        history[1..3].iter().all(|side| history[3].vector.join(&side.vector) == history[3].vector),
        "it contains both"
    );
    let told: Vec<EventKind> = std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect();
    assert_eq!(told.iter().filter(|what| **what == EventKind::ConflictSettled { version: 4 }).count(), 1);
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn a_conflict_that_moved_on_is_not_settled_unseen() -> Outcome {
    let world = World::new();
    let store = open(&world);
    let draft = parted(&store)?;
    let shown = draft.conflict()?.expect("there is one");
    crate::world::save(&draft, "ours, and more")?;
    assert!(matches!(shown.settle(&"both".to_owned()).unwrap_err().kind(), ErrorKind::Stale { head: 4, .. }));
    assert_eq!(texts(&draft)?, ("ours, and more".to_owned(), vec!["theirs".to_owned()]), "nothing was changed");
    // What an autosave holds counts as well.
    let autosave = draft.autosave(Cadence::every(SECOND * 60))?;
    let shown = draft.conflict()?.expect("there is one");
    autosave.changed(&"typed meanwhile".to_owned());
    assert!(matches!(shown.settle(&"both".to_owned()).unwrap_err().kind(), ErrorKind::Stale { .. }));
    assert_eq!(draft.load()?, "ours, and more", "nothing was changed");
    autosave.flush()?;
    let shown = draft.conflict()?.expect("there is one");
    assert_eq!(shown.ours().value.as_str(), Some("typed meanwhile"));
    assert!(matches!(autosave.status(), AutosaveStatus::Conflict { .. }));
    shown.settle(&"both".to_owned())?;
    assert_eq!(autosave.reload(&draft)?, "both");
    assert_eq!(autosave.status(), AutosaveStatus::Clean);
    Ok(())
}

#[test]
fn each_side_goes_on_with_its_own_editors() -> Outcome {
    let world = World::new();
    let store = open(&world);
    let draft = begun(&store, "base")?;
    let (mut ours, mut theirs, mut third, mut late) = (draft.edit()?, draft.edit()?, draft.edit()?, draft.edit()?);
    for (edit, text) in [(&mut theirs, "theirs"), (&mut ours, "ours"), (&mut third, "third")] {
        text.clone_into(edit.doc());
        let _ = edit.save()?;
    }
    assert_eq!(texts(&draft)?, ("third".to_owned(), vec!["theirs".to_owned(), "ours".to_owned()]));
    "theirs, and more".clone_into(theirs.doc());
    assert_eq!(theirs.save()?, Saved::Conflict { version: 5 }, "its line is a side, and goes on beside the head");
    "third, and more".clone_into(third.doc());
    assert!(matches!(third.save()?, Saved::Stored { version: 6, .. }), "its line is the head");
    let expected = ("third, and more".to_owned(), vec!["ours".to_owned(), "theirs, and more".to_owned()]);
    assert_eq!(texts(&draft)?, expected);
    // Based on what all of them came from.
    "late".clone_into(late.doc());
    assert_eq!(late.save()?, Saved::Conflict { version: 7 });
    assert_eq!((draft.load()?.as_str(), draft.info()?.conflicts), ("late", 3));
    let conflict = draft.conflict()?.expect("there is one");
    assert!((0..3).all(|side| conflict.base(side).and_then(|base| base.as_str()) == Some("base")));
    // Decided on one after the other: none is passed over.
    let mut turns = 0;
    while let Some(conflict) = draft.conflict()? {
        let theirs =
            conflict.merged().conflicts[0].theirs.as_ref().and_then(|theirs| theirs.as_str()).unwrap_or_default();
        conflict.settle(&format!("{}; {theirs}", draft.load()?))?;
        turns += 1;
    }
    assert_eq!((turns, draft.load()?.as_str()), (3, "late; ours; theirs, and more; third, and more"));
    // Every editor's text is in there, so every one of them goes on from the head.
    "ours, after all".clone_into(ours.doc());
    assert_eq!(ours.save()?, Saved::Conflict { version: 11 });
    assert_eq!(draft.conflict()?.expect("there is one").base(0).and_then(|base| base.as_str()), Some("ours"));
    Ok(())
}

#[test]
fn a_merge_that_the_type_cannot_read_is_a_conflict() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Circle { radius: u32 },
        Square { side: u32 },
        Nothing {},
    }
    const SHAPE: Kind<Shape> = Kind::new("shape");
    let world = World::new();
    let draft = world.space().drafts(SHAPE)?.start(&Shape::Nothing {})?;
    let (mut one, mut two) = (draft.edit()?, draft.edit()?);
    *one.doc() = Shape::Circle { radius: 1 };
    *two.doc() = Shape::Square { side: 2 };
    let _ = one.save()?;
    assert_eq!(two.save()?, Saved::Conflict { version: 3 }, "an object with two variants is none");
    assert_eq!(draft.load()?, Shape::Square { side: 2 });
    let conflict = draft.conflict()?.expect("there is one");
    let why = &conflict.merged().conflicts[0].why;
    assert!(matches!(why, Why::Misfit { reason } if !reason.contains("Circle\":{\"radius\":1")), "{why:?}");
    conflict.settle(&Shape::Circle { radius: 2 })?;
    assert_eq!(draft.load()?, Shape::Circle { radius: 2 });
    Ok(())
}

#[test]
fn retention_keeps_what_a_conflict_is_about() -> Outcome {
    let world = World::new();
    let retention = Retention::default().history(Keep::Last(1));
    let store = world.open(|options| options.schema(by_hand()).retention(retention));
    let draft = begun(&store, "first")?;
    for text in ["second", "base"] {
        crate::world::save(&draft, text)?;
    }
    let (mut ours, mut theirs) = (draft.edit()?, draft.edit()?);
    (*ours.doc(), *theirs.doc()) = ("ours".to_owned(), "theirs".to_owned());
    let _ = (theirs.save()?, ours.save()?);
    for text in ["ours 2", "ours 3", "ours 4"] {
        crate::world::save(&draft, text)?;
    }
    store.compact()?;
    let versions: Vec<u64> = draft.history()?.versions.iter().map(|version| version.version).collect();
    assert_eq!(versions, [1, 3, 4, 8], "the first, what both came from, their side, the head");
    let conflict = draft.conflict()?.expect("there is one");
    assert_eq!(conflict.base(0).and_then(|base| base.as_str()), Some("base"));
    conflict.settle(&"both".to_owned())?;
    store.compact()?;
    let versions: Vec<u64> = draft.history()?.versions.iter().map(|version| version.version).collect();
    assert_eq!(versions, [1, 9]);
    Ok(())
}

#[test]
fn a_conflict_stays_through_phases_and_goes_with_the_draft() -> Outcome {
    let world = World::new();
    let store = open(&world);
    let draft = parted(&store)?;
    draft.promote("out")?;
    draft.checkpoint("now")?;
    draft.archive()?;
    let conflict = draft.conflict()?.expect("it is not settled by a phase");
    draft.discard()?;
    assert!(matches!(conflict.settle(&"both".to_owned()).unwrap_err().kind(), ErrorKind::Phase { .. }));
    draft.recover()?;
    draft.conflict()?.expect("nor by another one").settle(&"both".to_owned())?;
    let info = draft.info()?;
    assert_eq!((info.phase, info.outcome.as_deref()), (Phase::Archived, Some("out")), "what was archived stays so");
    assert!(draft.conflict()?.is_none());

    let slot = store.space("alice")?.drafts(NOTE)?.slot("one");
    let fresh = slot.start_over(&"fresh".to_owned())?;
    assert_eq!(fresh.info()?.conflicts, 0);
    let (mut one, mut two) = (fresh.edit()?, fresh.edit()?);
    (*one.doc(), *two.doc()) = ("one".to_owned(), "two".to_owned());
    let _ = (one.save()?, two.save()?);
    fresh.discard()?;
    fresh.purge()?;
    assert!(matches!(fresh.conflict().unwrap_err().kind(), ErrorKind::NoSuchDraft { .. }));
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn autosaving_goes_on_through_a_conflict() -> Outcome {
    let world = World::new();
    let store = open(&world);
    let draft = begun(&store, "base")?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    crate::world::save(&draft, "theirs")?;
    autosave.changed(&"ours".to_owned());
    world.pass(SECOND * 2);
    assert!(matches!(autosave.status(), AutosaveStatus::Conflict { version: 3, .. }), "{}", autosave.status());
    assert!(autosave.status().is_safe());
    autosave.changed(&"ours, and more".to_owned());
    world.pass(SECOND * 2);
    assert_eq!(texts(&draft)?, ("ours, and more".to_owned(), vec!["theirs".to_owned()]));
    draft.promote("out")?;
    assert_eq!(draft.load()?, "ours, and more", "what was typed is the head, so it can be promoted");
    draft.conflict()?.expect("there is one").settle(&"both".to_owned())?;
    autosave.changed(&"ours, and still more".to_owned());
    world.pass(SECOND * 2);
    assert!(matches!(autosave.status(), AutosaveStatus::Conflict { .. }), "it did not see the decision");
    assert_eq!(texts(&draft)?, ("ours, and still more".to_owned(), vec!["both".to_owned()]));
    Ok(())
}

#[test]
fn what_both_came_from_is_kept_although_retention_dropped_it() -> Outcome {
    const POST: Kind<Post> = Kind::new("post");
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Post {
        title: String,
        views: i64,
    }
    let world = World::new();
    let policy = Policy::builder().rule("/title", Rule::Manual).rule("/views", Rule::Counter).build()?;
    let retention = Retention::default().history(Keep::Last(1));
    let store = world.open(|options| options.schema(Schema::of(POST).policy(policy)).retention(retention));
    let draft = store.space("alice")?.drafts(POST)?.start(&Post { title: "base".to_owned(), views: 0 })?;
    let mut other = draft.edit()?;
    other.doc().views = 100;
    let _ = other.save()?;
    let mut old = draft.edit()?;
    (other.doc().views, other.doc().title) = (101, "theirs".to_owned());
    let _ = other.save()?;
    store.compact()?;
    assert!(draft.at(2).is_err(), "what the old editor is based on is gone");
    (old.doc().views, old.doc().title) = (102, "ours".to_owned());
    assert!(matches!(old.save()?, Saved::Conflict { .. }));
    store.compact()?;
    let conflict = draft.conflict()?.expect("there is one");
    let views = |value: &Value| draftkeep::value::from_value::<Post>(value).map(|post| post.views);
    assert_eq!(views(conflict.base(0).expect("it was kept"))?, 100);
    assert_eq!(views(&conflict.merged().value)?, 103, "1 was added here, and 2 there");
    Ok(())
}

#[test]
fn two_editors_that_count_alike_are_counted_twice() -> Outcome {
    const COUNT: Kind<i64> = Kind::new("count");
    let world = World::new();
    let policy = Policy::builder().rule("", Rule::Counter).build()?;
    let store = world.open(|options| options.schema(Schema::of(COUNT).policy(policy)));
    let draft = store.space("alice")?.drafts(COUNT)?.start(&7)?;
    let (mut one, mut two) = (draft.edit()?, draft.edit()?);
    (*one.doc(), *two.doc()) = (8, 8);
    let _ = one.save()?;
    assert!(matches!(two.save()?, Saved::Merged { version: 3, head: 4, .. }));
    assert_eq!((draft.load()?, *two.as_doc()), (9, 9));
    assert_eq!(two.save()?, Saved::Unchanged { version: 4 });
    Ok(())
}

#[test]
fn what_the_type_does_not_know_is_not_settled_by_it() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Small {
        title: String,
    }
    const ANY: Kind<Value> = Kind::new("small");
    const SMALL: Kind<Small> = Kind::new("small");
    let world = World::new();
    let policy = Policy::builder().rule("/x", Rule::Manual).build()?;
    let store = world.open(|options| options.schema(Schema::of(ANY).policy(policy)));
    let json = |x: &str| Value::parse(format!(r#"{{"title":"t","x":"{x}"}}"#).as_bytes());
    let draft = store.space("alice")?.drafts(ANY)?.start(&json("base")?)?;
    let (mut one, mut two) = (draft.edit()?, draft.edit()?);
    (*one.doc(), *two.doc()) = (json("one")?, json("two")?);
    let _ = (one.save()?, two.save()?);
    let small = store.space("alice")?.drafts(SMALL)?.get(draft.id())?.expect("it is there");
    let conflict = small.conflict()?.expect("there is one");
    let refused = conflict.settle(&small.load()?).unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Undecided { path: "/x".to_owned() });
    let decided = conflict.resolution().choose_all(&Choice::Ours)?.finish()?;
    conflict.settle_value(&decided)?;
    assert_eq!(draft.load()?, json("two")?);
    Ok(())
}

#[test]
fn two_that_are_too_large_together_are_a_conflict_that_says_so() -> Outcome {
    const LINES: Kind<Vec<String>> = Kind::new("lines");
    let world = World::new();
    let draft = world.space().drafts(LINES)?.start(&vec!["base".to_owned()])?;
    let (mut one, mut two) = (draft.edit()?, draft.edit()?);
    one.doc().push("1".repeat(9 << 20));
    two.doc().insert(0, "2".repeat(9 << 20));
    let _ = one.save()?;
    assert!(matches!(two.save()?, Saved::Conflict { .. }));
    let conflict = draft.conflict()?.expect("there is one");
    assert!(
        matches!(&conflict.merged().conflicts[0].why, Why::Misfit { .. }),
        "{:?}",
        conflict.merged().conflicts[0].why
    );
    Ok(())
}
