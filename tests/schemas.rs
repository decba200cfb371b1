//! Documents whose type changes from release to release: migrations, newer schemas, unknown members, labels.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::{MemoryStorage, Storage};
use draftkeep::{Draft, ErrorKind, Kind, Options, Saved, Schema, Store, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The first release's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Post {
    title: String,
    text: String,
}

/// The second release's: the title is called a headline, and there are tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct NewPost {
    headline: String,
    tags: Vec<String>,
    text: String,
}

const POST: Kind<Post> = Kind::new("post");
const NEW_POST: Kind<NewPost> = Kind::new("post");
const ANY_POST: Kind<Value> = Kind::new("post");

fn options() -> Options {
    let clock = Arc::new(ManualClock::new());
    Options::with_runtime(clock, Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(5)))
}

fn store(storage: &Arc<dyn Storage>, options: Options) -> Store {
    Store::with_storage(Arc::clone(storage), options).unwrap()
}

fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap()
}

/// From the first release's document to the second's.
#[expect(clippy::needless_pass_by_value, reason = "migrations take their document")]
fn up(document: Value) -> draftkeep::MigrationResult {
    let text = document.to_canonical()?;
    let mut document: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&text)?;
    let headline = document.remove("title").ok_or("a post has a title")?;
    document.insert("headline".to_owned(), headline);
    document.insert("tags".to_owned(), serde_json::Value::Array(Vec::new()));
    Ok(Value::parse(&serde_json::to_vec(&document)?)?)
}

fn second_release() -> Options {
    options().schema(Schema::of(NEW_POST).version(2).migrate(1, up))
}

fn slot<T>(store: &Store, kind: Kind<T>) -> Draft<T>
where
    T: Serialize + serde::de::DeserializeOwned + 'static,
{
    store.space("alice").unwrap().drafts(kind).unwrap().slot("diary").resume().unwrap().expect("it was begun")
}

fn begun() -> Arc<dyn Storage> {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let first = store(&storage, options());
    let posts = first.space("alice").unwrap().drafts(POST).unwrap();
    let post = Post { title: "A day".to_owned(), text: "Rain.".to_owned() };
    posts.slot("diary").start(&post).unwrap();
    storage
}

#[test]
fn an_older_document_is_migrated_when_it_is_read_and_written_so_when_it_is_saved() {
    let storage = begun();
    let second = store(&storage, second_release());
    let draft = slot(&second, NEW_POST);
    let migrated = NewPost { headline: "A day".to_owned(), tags: Vec::new(), text: "Rain.".to_owned() };
    assert_eq!(draft.load().unwrap(), migrated);
    assert_eq!(draft.raw().unwrap(), json(r#"{"text":"Rain.","title":"A day"}"#), "reading writes nothing");
    assert_eq!((draft.info().unwrap().schema, draft.info().unwrap().version), (1, 1));
    let mut edit = draft.edit().unwrap();
    assert_eq!(edit.as_doc(), &migrated);
    edit.doc().tags.push("weather".to_owned());
    assert!(matches!(edit.save().unwrap(), Saved::Stored { version: 2, .. }));
    assert_eq!(draft.raw().unwrap(), json(r#"{"headline":"A day","tags":["weather"],"text":"Rain."}"#));
    assert_eq!(draft.info().unwrap().schema, 2);
    // The old version is what it was, and is read as the new type.
    assert_eq!(draft.raw_at(1).unwrap(), json(r#"{"text":"Rain.","title":"A day"}"#));
    assert_eq!((draft.at(1).unwrap().doc, draft.at(1).unwrap().info.schema), (migrated.clone(), 1));
    assert_eq!(draft.diff(1, 2).unwrap().len(), 1, "only what was edited differs");
    assert_eq!(draft.restore(1).unwrap(), 3);
    assert_eq!(draft.load().unwrap(), migrated);
    assert!(second.verify().unwrap().is_intact());
}

#[test]
fn a_save_without_an_edit_writes_the_migrated_document_once() {
    let storage = begun();
    let second = store(&storage, second_release());
    let mut edit = slot(&second, NEW_POST).edit().unwrap();
    assert!(matches!(edit.save().unwrap(), Saved::Stored { version: 2, .. }));
    assert_eq!(edit.save().unwrap(), Saved::Unchanged { version: 2 });
}

#[test]
fn a_migration_that_fails_takes_nothing_away() {
    let storage = begun();
    let broken = options().schema(Schema::of(NEW_POST).version(2).migrate(1, |_| Err("not today".into())));
    let second = store(&storage, broken);
    let draft = slot(&second, NEW_POST);
    let failed = ErrorKind::Migration { kind: "post".to_owned(), from: 1 };
    let error = draft.load().expect_err("the migration refuses it");
    assert_eq!(error.kind(), &failed);
    assert!(std::error::Error::source(&error).is_some(), "its reason is kept");
    assert_eq!(draft.edit().expect_err("the migration refuses it").kind(), &failed);
    assert_eq!(draft.at(1).expect_err("the migration refuses it").kind(), &failed);
    assert_eq!(draft.raw().unwrap(), json(r#"{"text":"Rain.","title":"A day"}"#));
    draft.checkpoint("as it is").unwrap();
    drop((draft, second));
    let first = store(&storage, options());
    assert_eq!(slot(&first, POST).load().unwrap().title, "A day");
}

fn begun_and_saved_by_the_second_release() -> Arc<dyn Storage> {
    let storage = begun();
    let second = store(&storage, second_release());
    let mut edit = slot(&second, NEW_POST).edit().unwrap();
    edit.doc().tags.push("weather".to_owned());
    let _ = edit.save().unwrap();
    drop((edit, second));
    storage
}

#[test]
fn a_document_of_a_newer_schema_is_readable_raw_and_never_written_over() {
    let storage = begun_and_saved_by_the_second_release();
    let first = store(&storage, options());
    let draft = slot(&first, POST);
    let too_new = ErrorKind::SchemaTooNew { kind: "post".to_owned(), found: 2, supported: 1 };
    let newest = json(r#"{"headline":"A day","tags":["weather"],"text":"Rain."}"#);
    assert_eq!(draft.load().expect_err("it is newer").kind(), &too_new);
    assert_eq!(draft.edit().expect_err("it is newer").kind(), &too_new);
    assert_eq!(draft.at(2).expect_err("it is newer").kind(), &too_new);
    assert_eq!(draft.raw().unwrap(), newest);
    assert_eq!(draft.at(1).unwrap().doc.title, "A day", "its own versions it reads");
    // What does not look into the document goes on working, and keeps it as it is.
    draft.checkpoint("as it is").unwrap();
    draft.promote("production-9").unwrap();
    draft.archive().unwrap();
    draft.reopen().unwrap();
    assert_eq!((draft.raw().unwrap(), draft.info().unwrap().schema), (newest, 2));
    assert_eq!(draft.history().unwrap().versions.len(), 6);
    drop((draft, first));
    let second = store(&storage, second_release());
    assert_eq!(slot(&second, NEW_POST).load().unwrap().tags, ["weather"]);
}

#[test]
fn schemas_that_cannot_work_are_refused_before_anything_is_opened() {
    let refused: [(Options, &str); 6] = [
        (options().schema(Schema::of(POST).version(0)), "version 0"),
        (options().schema(Schema::of(POST).version(3).migrate(1, up)), "version 2"),
        (options().schema(Schema::of(POST).version(2).migrate(1, up).migrate(1, up)), "two migrations"),
        (options().schema(Schema::of(POST).migrate(1, up)), "migrates from version 1"),
        (options().schema(Schema::of(POST)).schema(Schema::of(NEW_POST)), "two schemas"),
        (options().schema(Schema::of(Kind::<Post>::new(""))), "1 to 64 bytes"),
    ];
    for (options, why) in refused {
        let error = Store::in_memory(options).expect_err("it cannot work");
        assert!(matches!(error.kind(), ErrorKind::Options { reason } if reason.contains(why)), "{error}");
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Outline {
    meta: Meta,
    scenes: Vec<Scene>,
    title: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Meta {
    author: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Scene {
    id: String,
    text: String,
}

const OUTLINE: Kind<Outline> = Kind::new("outline");
const ANY_OUTLINE: Kind<Value> = Kind::new("outline");

/// An outline as another release wrote it, with members that this one does not know.
fn outline() -> Draft<Outline> {
    let store = Store::in_memory(options()).unwrap();
    let space = store.space("alice").unwrap();
    let whole = json(
        r#"{"color":"red","meta":{"author":"A","reviewed":{"by":["B"]}},"scenes":[
            {"id":"a","note":"first","text":"one"},{"id":"b","mood":{"light":3},"text":"two"},
            {"id":"c","note":"third","text":"three"}],"title":"T"}"#,
    );
    let id = space.drafts(ANY_OUTLINE).unwrap().start(&whole).unwrap().id();
    space.drafts(OUTLINE).unwrap().get(id).unwrap().expect("it is of this kind")
}

#[test]
fn members_that_a_type_does_not_know_survive_a_save() {
    let draft = outline();
    let mut edit = draft.edit().unwrap();
    assert_eq!(edit.save().unwrap(), Saved::Unchanged { version: 1 }, "they are no change");
    edit.doc().title.push_str("itle");
    edit.doc().meta.author = "C".to_owned();
    // Moved, edited, removed and added: what is unknown follows by id.
    edit.doc().scenes.swap(0, 1);
    edit.doc().scenes[0].text = "two, edited".to_owned();
    edit.doc().scenes.remove(2);
    edit.doc().scenes.insert(0, Scene { id: "n".to_owned(), text: "new".to_owned() });
    let _ = edit.save().unwrap();
    let wanted = json(
        r#"{"color":"red","meta":{"author":"C","reviewed":{"by":["B"]}},"scenes":[{"id":"n","text":"new"},
            {"id":"b","mood":{"light":3},"text":"two, edited"},{"id":"a","note":"first","text":"one"}],"title":"Title"}"#,
    );
    assert_eq!(draft.raw().unwrap(), wanted);
    // From save to save, and from load to load.
    edit.doc().scenes.remove(0);
    let _ = edit.save().unwrap();
    let mut other = draft.edit().unwrap();
    other.doc().scenes.reverse();
    let _ = other.save().unwrap();
    let wanted = json(
        r#"{"color":"red","meta":{"author":"C","reviewed":{"by":["B"]}},"scenes":[
            {"id":"a","note":"first","text":"one"},{"id":"b","mood":{"light":3},"text":"two, edited"}],"title":"Title"}"#,
    );
    assert_eq!(draft.raw().unwrap(), wanted);
}

#[test]
fn a_stale_text_keeps_the_unknown_members_that_it_was_loaded_with() {
    let draft = outline();
    let (mut one, mut two) = (draft.edit().unwrap(), draft.edit().unwrap());
    one.doc().title = "One".to_owned();
    two.doc().title = "Two".to_owned();
    let _ = one.save().unwrap();
    assert!(matches!(two.save().unwrap(), Saved::Merged { version: 3, head: 3, .. }));
    for (version, title) in [(2, "One"), (3, "Two")] {
        let text = String::from_utf8(draft.raw_at(version).unwrap().to_canonical().unwrap()).unwrap();
        assert!(text.contains(title) && text.contains("reviewed") && text.contains("mood"), "{text}");
    }
}

#[test]
fn a_label_is_what_the_schema_makes_of_the_document() {
    let label = |post: &Post| post.title.clone();
    let store = Store::in_memory(options().schema(Schema::of(POST).label(label))).unwrap();
    let space = store.space("alice").unwrap();
    let post = |title: &str| Post { title: title.to_owned(), text: String::new() };
    let draft = space.drafts(POST).unwrap().start(&post("First")).unwrap();
    let told = || draft.info().unwrap().label;
    assert_eq!(told().as_deref(), Some("First"));
    let mut edit = draft.edit().unwrap();
    edit.doc().title = "é".repeat(200);
    let _ = edit.save().unwrap();
    assert_eq!(told(), Some("é".repeat(128)), "cut between two letters");
    draft.checkpoint("named").unwrap();
    assert_eq!(told(), Some("é".repeat(128)));
    draft.restore(1).unwrap();
    assert_eq!(told().as_deref(), Some("First"), "a restored text brings its label back");
    let page = space.list(&draftkeep::Filter::open()).unwrap();
    assert_eq!(page.drafts[0].label.as_deref(), Some("First"));
    let plain = space.drafts(Kind::<Post>::new("plain")).unwrap().start(&post("Unseen")).unwrap();
    assert_eq!(plain.info().unwrap().label, None, "a kind without a schema has none");
}

#[test]
fn an_error_of_reading_a_document_as_another_type_does_not_carry_its_text() {
    let space = Store::in_memory(options()).unwrap().space("alice").unwrap();
    let secret = "my secret ".repeat(1_000);
    let id = space.drafts(Kind::<String>::new("text")).unwrap().start(&secret).unwrap().id();
    let other = space.drafts(Kind::<Vec<u8>>::new("text")).unwrap().get(id).unwrap().expect("it is of this kind");
    let error = other.load().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Document { reason } if reason.contains("a text of 10000 bytes")));
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
}

#[test]
fn a_text_that_the_schema_cannot_label_has_no_label_and_not_an_older_ones() {
    let store = Store::in_memory(options().schema(Schema::of(POST).label(|post| post.title.clone()))).unwrap();
    let space = store.space("alice").unwrap();
    let post = Post { title: "First".to_owned(), text: String::new() };
    let draft = space.drafts(POST).unwrap().slot("diary").start(&post).unwrap();
    let mut edit = slot(&store, ANY_POST).edit().unwrap();
    *edit.doc() = json(r#"{"text":"","title":"Second"}"#);
    let _ = edit.save().unwrap();
    assert_eq!(draft.info().unwrap().label, None);
    let mut edit = draft.edit().unwrap();
    edit.doc().text.push('a');
    let _ = edit.save().unwrap();
    assert_eq!(draft.info().unwrap().label.as_deref(), Some("Second"));
}

#[test]
fn an_older_application_does_not_restore_over_a_newer_schema() {
    let storage = begun_and_saved_by_the_second_release();
    let first = store(&storage, options());
    let draft = slot(&first, POST);
    let too_new = ErrorKind::SchemaTooNew { kind: "post".to_owned(), found: 2, supported: 1 };
    assert_eq!(draft.restore(1).expect_err("the head is newer").kind(), &too_new);
    assert_eq!(draft.info().unwrap().schema, 2);
}

#[test]
fn kinds_of_one_type_are_apart_and_one_kind_may_be_read_as_any_value() {
    let store = Store::in_memory(options()).unwrap();
    let space = store.space("alice").unwrap();
    let (posts, letters) = (space.drafts(POST).unwrap(), space.drafts(Kind::<Post>::new("letter")).unwrap());
    let post = Post { title: "Same".to_owned(), text: "Same.".to_owned() };
    let (a, b) = (posts.slot("k").start(&post).unwrap(), letters.slot("k").start(&post).unwrap());
    assert_ne!(a.id(), b.id());
    assert!(posts.get(b.id()).unwrap().is_none() && letters.get(a.id()).unwrap().is_none());
    assert_eq!(posts.list(&draftkeep::Filter::all()).unwrap().drafts.len(), 1);
    let any = space.drafts(ANY_POST).unwrap();
    let same = any.slot("k").resume().unwrap().expect("it is the same kind");
    assert_eq!((same.id(), same.load().unwrap()), (a.id(), json(r#"{"text":"Same.","title":"Same"}"#)));
    let mut edit = same.edit().unwrap();
    *edit.doc() = json(r#"{"extra":[1,2],"text":"Other.","title":"Same"}"#);
    let _ = edit.save().unwrap();
    assert_eq!(a.load().unwrap().text, "Other.");
    // A text of another shape is kept, and told from one that is damaged.
    *edit.doc() = json("[1,2,3]");
    let _ = edit.save().unwrap();
    assert!(matches!(a.load().expect_err("it is no post").kind(), ErrorKind::Document { .. }));
    assert_eq!(a.raw().unwrap(), json("[1,2,3]"));
}
