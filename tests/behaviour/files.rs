//! Goal: what a user does with drafts, through the public API, on a real file.

use crate::world::Outcome;
use draftkeep::{Filter, Kind, Options, Phase, Saved, Store};
use std::time::Duration;

const NOTE: Kind<String> = Kind::new("note");

fn text(words: usize) -> String {
    (0..words).map(|word| format!("word{word} ")).collect()
}

#[test]
fn what_was_saved_is_there_after_reopening() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("drafts.redb");
    let store = Store::create(&path, Options::new())?;
    let notes = store.space("alice")?.drafts(NOTE)?;
    let draft = notes.slot("diary").start(&text(500))?;
    let mut edit = draft.edit()?;
    for round in 2..=200 {
        edit.doc().push_str(&format!("line {round}\n"));
        assert!(matches!(edit.save()?, Saved::Stored { version, .. } if version == round));
    }
    let last = edit.into_doc();
    drop((draft, notes, store));
    let store = Store::open(&path, Options::new())?;
    let notes = store.space("alice")?.drafts(NOTE)?;
    let draft = notes.slot("diary").resume()?.expect("it was begun");
    assert_eq!(draft.load()?, last);
    assert_eq!(draft.history()?.versions.len(), 200);
    assert_eq!(draft.at(1)?.doc, text(500));
    store.compact()?;
    assert_eq!(draft.history()?.versions.len(), 200);
    assert_eq!(draft.at(1)?.doc, text(500));
    assert!(draft.at(100)?.doc.ends_with("line 100\n"));
    assert_eq!(draft.load()?, last);
    let verified = store.verify()?;
    assert!(verified.is_intact(), "{verified:?}");
    assert_eq!(verified.versions, 200);
    draft.promote("book")?;
    assert_eq!(draft.info()?.phase, Phase::Promoted);
    assert_eq!(notes.list(&Filter::phase(Phase::Promoted))?.drafts.len(), 1);
    let verified = store.verify()?;
    assert!(verified.is_intact(), "{verified:?}");
    Ok(())
}

#[test]
fn calls_that_change_nothing_leave_the_store_the_writer_that_it_is() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("drafts.redb");
    let store = Store::create(&path, Options::new())?;
    let replica = store.replica();
    store.space("alice")?.drafts(NOTE)?.slot("diary").start(&text(5))?;
    drop(store);
    for _ in 0..3 {
        let store = Store::open(&path, Options::new())?;
        assert_eq!((store.replica_changed(), store.replica()), (None, replica));
        let draft = store.space("alice")?.drafts(NOTE)?.slot("diary").resume()?.expect("it was begun");
        assert_eq!(draft.edit()?.save()?, Saved::Unchanged { version: 1 });
    }
    Ok(())
}

#[test]
fn a_store_that_was_closed_can_be_opened_again_at_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.redb");
    for round in 0..40_u64 {
        // Tidying up begins right when the store is let go.
        let store = Store::open_or_create(&path, Options::new().idle(Duration::from_millis(1)))?;
        let draft = store.space("alice")?.drafts(crate::world::NOTE)?.slot("one").resume_or_start(String::new)?;
        let mut edit = draft.edit()?;
        edit.doc().push_str(&"typed ".repeat(200));
        let _ = edit.save()?;
        let other = store.clone();
        assert!(!other.close(), "there is more of it");
        drop((draft, edit));
        std::thread::sleep(Duration::from_micros(round * 100));
        assert!(store.close());
    }
    Ok(())
}
