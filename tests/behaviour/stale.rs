//! Goal: a save that comes too late loses nothing and overwrites nothing in silence. Method: several editors of one draft.

use crate::world::{NOTE, Outcome, World};
use draftkeep::merge::{MergeRule, Policy, Rule};
use draftkeep::{DraftId, Drafts, EventKind, Kind, Saved, Schema, Store, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Post {
    title: String,
    text: String,
}

const POST: Kind<Post> = Kind::new("post");

fn post(title: &str, text: &str) -> Post {
    Post { title: title.to_owned(), text: text.to_owned() }
}

fn posts(store: &Store) -> Result<Drafts<Post>, draftkeep::Error> {
    store.space("alice")?.drafts(POST)
}

#[test]
fn a_stale_save_is_merged_and_the_text_as_typed_is_kept() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options.schema(Schema::of(POST).label(|post| post.title.clone())));
    let mut events = store.events();
    let draft = posts(&store)?.slot("one").start(&post("", "It rained."))?;
    let (mut early, mut late) = (draft.edit()?, draft.edit()?);
    early.doc().title = "The inn".to_owned();
    late.doc().text.push_str(" He came.");
    assert!(matches!(early.save()?, Saved::Stored { version: 2, .. }));
    assert_eq!(late.save()?, Saved::Merged { version: 3, head: 4, overwritten: vec![], marked: vec![] });
    let merge = post("The inn", "It rained. He came.");
    assert_eq!((&draft.load()?, late.as_doc(), late.version()), (&merge, &merge, 4), "the edit holds the merge");
    assert_eq!(draft.at(3)?.doc, post("", "It rained. He came."), "and the text as typed is kept");
    assert_eq!(late.save()?, Saved::Unchanged { version: 4 });
    late.doc().title.push('!');
    assert!(matches!(late.save()?, Saved::Stored { version: 5, .. }), "it goes on from the merge");
    let history = draft.history()?.versions;
    assert_eq!(history.iter().map(|version| version.is_aside).collect::<Vec<_>>(), [false, false, true, false, false]);
    assert_eq!((history[3].author, history[3].device.as_ref()), (None, None), "nobody in particular made the merge");
    assert_eq!(history[3].vector, history[1].vector.join(&history[2].vector));
    assert_eq!(draft.info()?.label.as_deref(), Some("The inn!"));
    let told: Vec<EventKind> = std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect();
    assert!(told.contains(&EventKind::Merged { version: 3, head: 4, overwritten: 0 }), "{told:?}");
    store.compact()?;
    assert_eq!(draft.at(3)?.doc, post("", "It rained. He came."), "also once it is packed");
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn what_a_rule_decided_against_is_named_and_kept() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"base".to_owned())?;
    let (mut early, mut late) = (draft.edit()?, draft.edit()?);
    early.doc().push_str(" early");
    late.doc().push_str(" late");
    let _ = early.save()?;
    let Saved::Merged { version: 3, head: 3, overwritten, .. } = late.save()? else {
        panic!("short texts are one value")
    };
    let [lost] = &overwritten[..] else { panic!("{overwritten:?}") };
    assert_eq!((lost.kept.as_ref(), lost.dropped.as_ref()), (Some(&"base late".into()), Some(&"base early".into())));
    assert_eq!((draft.load()?.as_str(), draft.at(2)?.doc.as_str()), ("base late", "base early"));
    assert!(!draft.history()?.versions[2].is_aside, "one version is enough where the merge is the text that was typed");
    Ok(())
}

#[test]
fn an_editor_that_typed_nothing_writes_nothing() -> Outcome {
    let world = World::new();
    let draft = world.notes().slot("one").start(&"base".to_owned())?;
    let mut idle = draft.edit()?;
    crate::world::save(&draft, "newer")?;
    assert_eq!(idle.save()?, Saved::Unchanged { version: 1 });
    assert_eq!((draft.load()?.as_str(), draft.history()?.versions.len()), ("newer", 2));
    idle.doc().push_str(", typed");
    assert!(matches!(idle.save()?, Saved::Merged { .. }), "and what it types then is still merged");
    Ok(())
}

#[test]
fn a_merge_brings_documents_to_one_schema_first() -> Outcome {
    const ANY: Kind<Value> = Kind::new("post");
    let world = World::new();
    let json = |text: &str| Value::parse(text.as_bytes());
    let id: DraftId = {
        let store = world.open(|options| options);
        store.space("alice")?.drafts(ANY)?.start(&json(r#"{"name":"The inn","text":"It rained."}"#)?)?.id()
    };
    let schema = Schema::of(POST).version(2).migrate(1, |mut document| {
        if let Value::Object(members) = &mut document
            && let Some(name) = members.remove("name")
        {
            members.insert("title", name);
        }
        Ok(document)
    });
    let draft = posts(&world.open(|options| options.schema(schema)))?.get(id)?.expect("it was begun");
    let (mut one, mut two) = (draft.edit()?, draft.edit()?);
    one.doc().title.push_str(" of rain");
    two.doc().text.push_str(" He came.");
    let _ = one.save()?;
    assert!(matches!(two.save()?, Saved::Merged { .. }));
    assert_eq!(draft.load()?, post("The inn of rain", "It rained. He came."));
    Ok(())
}

/// A rule as an application may get it wrong.
#[derive(Debug)]
struct Breaks;

impl MergeRule for Breaks {
    fn name(&self) -> &'static str {
        "breaks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn merge(&self, _: Option<&Value>, _: Option<&Value>, _: Option<&Value>) -> Result<Option<Value>, String> {
        panic!("as this test wants it");
    }
}

#[test]
fn a_rule_that_panics_costs_a_conflict_and_nothing_else() -> Outcome {
    let world = World::new();
    let policy = Policy::builder().rule("/title", Rule::Custom(Arc::new(Breaks))).build()?;
    let draft =
        posts(&world.open(|options| options.schema(Schema::of(POST).policy(policy))))?.start(&post("a", "b"))?;
    let (mut one, mut two) = (draft.edit()?, draft.edit()?);
    (one.doc().title, two.doc().title) = ("one".to_owned(), "two".to_owned());
    let _ = one.save()?;
    assert_eq!(two.save()?, Saved::Conflict { version: 3 });
    assert_eq!((draft.load()?.title.as_str(), draft.at(2)?.doc.title.as_str()), ("two", "one"));
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
    let notes = space.drafts(NOTE)?;
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
