//! Goal: nothing is believed on one record's word: no absence, no number, no save.
//! Method: a storage that does not return some of its records, or does not commit.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::{
    Batch, Entry, Footprint, Maintenance, MemoryStorage, Scan, Snapshot, Storage, StorageError, StorageErrorKind, Table,
};
use draftkeep::{ErrorKind, EventKind, Kind, Options, Saved, Store};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const NOTE: Kind<String> = Kind::new("note");

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A storage that hides whole tables, as damage in an engine's tree can, and fails commits.
#[derive(Debug, Clone, Default)]
struct Unreliable {
    storage: MemoryStorage,
    faults: Arc<Mutex<Faults>>,
}

#[derive(Debug, Clone, Default)]
struct Faults {
    hidden: BTreeSet<Table>,
    /// What is hidden is not absent but an error.
    is_broken: bool,
    is_failing: bool,
    /// The bytes of keys and values of the last batch.
    written: usize,
}

struct Blind(Box<dyn Snapshot>, Faults);

impl Unreliable {
    fn open(&self) -> draftkeep::Result<Store> {
        let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
        let options = Options::with_runtime(Arc::new(clock), Arc::new(tasks), Arc::new(SeededEntropy::new(1)));
        Store::with_storage(Arc::new(self.clone()), options)
    }

    fn hide(&self, tables: &[u8]) {
        self.faults.lock().unwrap().hidden = tables.iter().map(|number| Table::new(*number)).collect();
    }

    fn fail(&self, is_failing: bool) {
        self.faults.lock().unwrap().is_failing = is_failing;
    }
}

impl Storage for Unreliable {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        Ok(Box::new(Blind(self.storage.snapshot()?, self.faults.lock().unwrap().clone())))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        let mut faults = self.faults.lock().unwrap();
        if faults.is_failing {
            return Err(StorageErrorKind::Io.into());
        }
        faults.written = batch.changes().map(|(_, key, value)| key.len() + value.map_or(0, <[u8]>::len)).sum();
        self.storage.commit(batch)
    }

    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError> {
        self.storage.maintain(work)
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        self.storage.footprint()
    }
}

impl Faults {
    fn hides(&self, table: Table) -> Result<bool, StorageError> {
        let is_hidden = self.hidden.contains(&table);
        if is_hidden && self.is_broken {
            return Err(StorageErrorKind::Corrupt { what: "a page".to_owned() }.into());
        }
        Ok(is_hidden)
    }
}

impl Snapshot for Blind {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        if self.1.hides(table)? { Ok(None) } else { self.0.get(table, key) }
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError> {
        if self.1.hides(table)? { Ok(Vec::new()) } else { self.0.scan(table, scan) }
    }
}

/// The tables of the format page.
const SPACE_NAMES: u8 = 2;
const VERSIONS: u8 = 3;
const ANCHORS: u8 = 4;
const HEADS: u8 = 5;
const HEAD_ANCHORS: u8 = 6;
const LISTS: u8 = 8;
const SLOTS: u8 = 9;
const SIDES: u8 = 12;
const AUDIT: u8 = 20;
const AUDIT_DRAFTS: u8 = 21;

#[test]
fn a_draft_that_one_table_does_not_show_is_found_by_another() -> Outcome {
    let storage = Unreliable::default();
    let notes = storage.open()?.space("alice")?.drafts(NOTE)?;
    let draft = notes.slot("diary").start(&"Dear diary".to_owned())?;
    for hidden in [&[HEADS][..], &[SLOTS], &[HEADS, SLOTS], &[LISTS]] {
        storage.hide(hidden);
        let notes = storage.open()?.space("alice")?.drafts(NOTE)?;
        assert!(!matches!(notes.get(draft.id()), Ok(None)), "tables {hidden:?} hidden, and the draft is denied");
        assert!(!matches!(notes.slot("diary").resume(), Ok(None)), "tables {hidden:?} hidden, and the slot is empty");
        assert!(!matches!(notes.list(&draftkeep::Filter::all()), Ok(page) if page.drafts.is_empty()));
        if let Ok(begun) = notes.slot("diary").start(&String::new()) {
            assert_eq!(begun.load()?, "Dear diary", "tables {hidden:?} hidden, and another draft began");
        }
    }
    Ok(())
}

#[test]
fn both_paths_to_a_large_head_are_written_with_every_save_and_cost_about_the_change() -> Outcome {
    let storage = Unreliable::default();
    let store = storage.open()?;
    let text: String = (0..20_000_u32).map(|word| format!("{} ", word.wrapping_mul(2_654_435_761))).collect();
    let draft = store.space("alice")?.drafts(NOTE)?.slot("book").start(&text)?;
    let mut edit = draft.edit()?;
    for save in 0..5 {
        edit.doc().insert_str(1_000, "a few words more, ");
        let _ = edit.save()?;
        let written = storage.faults.lock().unwrap().written;
        assert!(written < 4_000, "save {save} of a text of {} bytes wrote {written}", text.len());
        // The version and the head, each without the other.
        for hidden in [HEADS, VERSIONS] {
            storage.hide(&[hidden]);
            let found = storage.open()?.space("alice")?.drafts(NOTE)?.slot("book").resume()?.ok_or("it is denied")?;
            assert_eq!(&found.load()?, edit.as_doc(), "table {hidden} hidden");
            storage.hide(&[]);
        }
    }
    Ok(())
}

#[test]
fn a_head_is_read_although_any_one_of_its_tables_is_lost() -> Outcome {
    let storage = Unreliable::default();
    let text: String = (0..20_000_u32).map(|word| format!("{} ", word.wrapping_mul(2_654_435_761))).collect();
    let draft = storage.open()?.space("alice")?.drafts(NOTE)?.slot("book").start(&text)?;
    let mut edit = draft.edit()?;
    edit.doc().push_str("and a few words more");
    let _ = edit.save()?;
    for hidden in [HEADS, HEAD_ANCHORS, VERSIONS, ANCHORS] {
        storage.hide(&[hidden]);
        let found = storage.open()?.space("alice")?.drafts(NOTE)?.slot("book").resume()?.ok_or("it is denied")?;
        assert_eq!(&found.load()?, edit.as_doc(), "table {hidden} hidden");
    }
    storage.hide(&[HEAD_ANCHORS, ANCHORS]);
    let found = storage.open()?.space("alice")?.drafts(NOTE)?.slot("book").resume()?.ok_or("it is denied")?;
    assert!(matches!(found.load().unwrap_err().kind(), ErrorKind::Corrupt { .. }), "both paths are lost");
    Ok(())
}

#[test]
fn a_conflict_whose_rows_are_lost_is_told_and_found_in_the_history() -> Outcome {
    let storage = Unreliable::default();
    let draft = storage.open()?.space("alice")?.drafts(NOTE)?.start(&"base".repeat(30))?;
    let id = draft.id();
    let (mut one, mut two) = (draft.edit()?, draft.edit()?);
    (*one.doc(), *two.doc()) = ("one".repeat(30), "two".repeat(30));
    let _ = (one.save()?, two.save()?);
    assert_eq!(draft.info()?.conflicts, 1);
    let draft =
        || Ok::<_, draftkeep::Error>(storage.open()?.space("alice")?.drafts(NOTE)?.get(id)?.expect("it is there"));
    for hidden in [&[SIDES][..], &[SIDES, HEADS]] {
        storage.hide(hidden);
        let told = draft()?.conflict();
        assert!(matches!(told.expect_err("it is there").kind(), ErrorKind::Corrupt { .. }), "tables {hidden:?} hidden");
        assert!(!storage.open()?.verify()?.is_intact());
    }
    storage.hide(&[HEADS]);
    assert_eq!(draft()?.conflict()?.expect("it is there").theirs()[0].info.version, 2);
    // Its rows are lost for good.
    storage.hide(&[]);
    let mut rows = Batch::new(draftkeep::storage::Origin::Local);
    let scan = Scan { from: &[0], to: None, order: draftkeep::storage::Order::Ascending, limit: 9 };
    for (key, _) in storage.snapshot()?.scan(Table::new(SIDES), scan)? {
        rows.delete(Table::new(SIDES), key);
    }
    storage.commit(&rows)?;
    let mut edit = draft()?.edit()?;
    edit.doc().push_str(", and more");
    let _ = edit.save()?;
    assert!(storage.open()?.repair()? > 0);
    let conflict = draft()?.conflict()?.expect("it was found again");
    assert_eq!(conflict.theirs()[0].value.as_str(), Some("one".repeat(30).as_str()));
    assert!(storage.open()?.verify()?.is_intact());
    Ok(())
}

#[test]
fn a_space_whose_name_is_not_found_is_not_begun_anew() -> Outcome {
    let storage = Unreliable::default();
    let notes = storage.open()?.space("alice")?.drafts(NOTE)?;
    let id = notes.start(&"Dear diary".to_owned())?.id();
    storage.hide(&[SPACE_NAMES]);
    let notes = storage.open()?.space("alice")?.drafts(NOTE)?;
    assert_eq!(notes.get(id)?.ok_or("an empty space took its place")?.load()?, "Dear diary");
    Ok(())
}

#[test]
fn a_save_is_told_only_when_it_is_durable() -> Outcome {
    let storage = Unreliable::default();
    let store = storage.open()?;
    let draft = store.space("alice")?.drafts(NOTE)?.start(&String::new())?;
    let mut edit = draft.edit()?;
    let mut events = store.events();
    edit.doc().push_str("unsaved");
    storage.fail(true);
    assert!(edit.save().is_err());
    while let Some(event) = events.try_next() {
        assert!(!matches!(event.what, EventKind::Saved { .. }), "told before it was durable");
    }
    storage.fail(false);
    let _ = edit.save()?;
    assert!(std::iter::from_fn(|| events.try_next()).any(|event| matches!(event.what, EventKind::Saved { .. })));
    Ok(())
}

#[test]
fn no_number_of_an_edit_is_given_twice_not_even_after_a_kill() -> Outcome {
    let storage = Unreliable::default();
    let mut highest = 0;
    for _session in 0..3 {
        let store = storage.open()?;
        let draft = store.space("alice")?.drafts(NOTE)?.slot("diary").resume_or_start(String::new)?;
        let mut edit = draft.edit()?;
        for _save in 0..3 {
            edit.doc().push('x');
            let _ = edit.save()?;
            let newest = draft.history()?.versions.pop().ok_or("there is a version")?;
            let number = newest.vector.get(store.replica());
            assert!(number > highest, "edit {number} comes after edit {highest}");
            highest = number;
        }
        // Nothing is written when a store is dropped, so that this is what a kill leaves, too.
    }
    Ok(())
}

/// A text is not refused for want of a note about it, and no entry is written over one that is only not found.
#[test]
fn a_merge_is_saved_although_the_audit_cannot_be_written() -> Outcome {
    for (hidden, is_broken) in [(&[AUDIT][..], false), (&[AUDIT], true), (&[AUDIT, AUDIT_DRAFTS], true)] {
        let storage = Unreliable::default();
        let store = storage.open()?;
        let space = store.space("alice")?;
        let draft = space.drafts(NOTE)?.start(&"base".to_owned())?;
        draft.checkpoint("first")?;
        let anchor = space.audit_head()?;
        storage.faults.lock().unwrap().is_broken = is_broken;
        storage.hide(hidden);
        let (mut one, mut two) = (draft.edit()?, draft.edit()?);
        one.doc().push_str(", one");
        assert!(matches!(one.save()?, Saved::Stored { .. }));
        two.doc().push_str(", two");
        let mut events = store.events();
        assert!(matches!(two.save()?, Saved::Merged { .. }));
        draft.archive()?;
        assert!(std::iter::from_fn(|| events.try_next()).all(|event| event.audit.is_none()));
        assert!(space.audit_head().is_err());

        storage.hide(&[]);
        let verified = space.verify_audit(Some(anchor))?;
        assert!(verified.is_intact() && verified.is_anchored, "{verified:?}");
        draft.reopen()?;
        assert_eq!(space.audit_head()?.number, 3);
        assert!(store.verify()?.is_intact());
    }
    Ok(())
}
