//! Goal: after erasing and compacting no byte of what was erased is in the store's file, nor in one beside it.
//!
//! Method: texts, keys, labels and names with a mark in each of them, on a disk in memory and in files; all that makes the engine write
//! copies; then the mark is looked for in every byte. The search is shown to find it before.
#![cfg(feature = "redb")]

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue, Timestamp};
use draftkeep::storage::{Disk, FileDisk, Maintenance, MemoryDisk, RedbStorage, Storage};
use draftkeep::{Draft, Drafts, Kind, Options, Saved, Schema, Space, Store};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const NOTE: Kind<String> = Kind::new("note");

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// What no file may have in it: nothing that a compressor could say in another way, and nothing that occurs otherwise.
fn mark(of: &str) -> String {
    format!("qZ7!{of}!x9Kw")
}

fn holds(bytes: &[u8], mark: &str) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
}

fn options() -> Options {
    let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
    let options = Options::with_runtime(Arc::new(clock), Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(7)));
    options.schema(Schema::of(NOTE).label(|note| note.chars().take(24).collect()))
}

/// A text of a length that makes rows, records of their own, or several pieces, with the mark every so often. Its letters are random, so
/// that the compressor leaves the marks as they are.
fn text(mark: &str, length: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::from(mark);
    while text.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push(char::from(b'!' + u8::try_from(state % 90).expect("below 90")));
        if state.is_multiple_of(61) {
            text.push_str(mark);
        }
    }
    text
}

fn save(draft: &Draft<String>, text: &str) -> draftkeep::Result<()> {
    let mut edit = draft.edit()?;
    text.clone_into(edit.doc());
    edit.save().map(drop)
}

/// Drafts with the mark in everything that a user can type, between others without it, and a history that was packed.
fn write(space: &Space, mark: &str) -> Outcome<(Drafts<String>, Vec<Draft<String>>)> {
    let notes = space.drafts(NOTE)?;
    let mut marked = Vec::new();
    for round in 0..6_u64 {
        notes.start(&text("other", 300, round))?;
        let length = [200, 2_500, 9_000, 70_000][usize::try_from(round % 4)?];
        let draft = notes.slot(format!("slot {mark} {round}")).start(&text(mark, length, round))?;
        for version in 0..12 {
            save(&draft, &text(mark, length, round * 100 + version))?;
            notes.start(&text("other", 900, round * 1_000 + version))?;
        }
        draft.checkpoint(&format!("checkpoint {mark}"))?;
        draft.pin(3)?;
        draft.promote(&format!("outcome {mark}"))?;
        marked.push(draft);
    }
    // Beside the head, in an open conflict.
    let (mut ours, mut theirs) = (marked[0].edit()?, marked[0].edit()?);
    *ours.doc() = text(mark, 500, 77);
    *theirs.doc() = text(mark, 500, 78);
    assert!(matches!(ours.save()?, Saved::Stored { .. }));
    assert!(matches!(theirs.save()?, Saved::Conflict { .. } | Saved::Merged { .. }));
    Ok((notes, marked))
}

#[test]
fn nothing_of_an_erased_draft_is_left_on_the_disk_once_it_is_compacted() -> Outcome {
    let (disk, mark) = (MemoryDisk::new(), mark("draft"));
    let store = Store::with_storage(Arc::new(RedbStorage::create(Arc::new(disk.clone()))?), options())?;
    let space = store.space("alice")?;
    let (notes, marked) = write(&space, &mark)?;
    store.tend()?;
    // Copies of pages that the engine moves, and of versions that are packed.
    let _ = store.compact()?;
    for (number, draft) in marked.iter().enumerate() {
        save(draft, &text(&mark, 1_500, number as u64))?;
    }
    assert!(holds(&disk.image(), &mark), "the search would not find it");
    for draft in &marked {
        draft.erase()?;
    }
    assert!(holds(&disk.image(), &mark), "the engine overwrites at once: this test looks at nothing");
    let compacted = store.compact()?;
    assert!(compacted.scrubbed);
    assert!(!holds(&disk.image(), &mark), "it is there still");

    let verified = store.verify()?;
    assert!(verified.is_intact(), "{:?}", verified.damage);
    assert_eq!(verified.drafts, 6 * 13, "the others are all there");
    assert_eq!(notes.list(&draftkeep::Filter::open().limit(1_000))?.drafts.len(), 6 * 13);
    Ok(())
}

#[test]
fn nothing_of_an_erased_space_is_left_in_the_file_nor_beside_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (path, mark) = (folder.path().join("drafts.redb"), mark("space"));
    let store = Store::create(&path, options())?;
    let space = store.space("alice")?;
    let others = store.space("bob")?.drafts(NOTE)?;
    let kept = others.start(&text("kept", 5_000, 1))?;
    write(&space, &mark)?;
    space.take_restore_point(&format!("point {mark}"))?;
    assert!(found(folder.path(), &mark)?, "the search would not find it");
    let erased = space.erase_all()?;
    assert_eq!((erased.drafts.len(), erased.points, erased.owed), (6 * 14, 1, 0));
    assert!(store.compact()?.scrubbed);
    assert!(!found(folder.path(), &mark)?, "it is there still");
    assert_eq!(kept.load()?, text("kept", 5_000, 1));
    assert!(store.verify()?.is_intact());
    assert!(space.restore_points()?.is_empty());

    // A backup of now has nothing of it either.
    store.backup(folder.path().join("copy.redb"))?;
    assert!(!found(folder.path(), &mark)?);
    drop((store, space, others, kept));
    let again = Store::open(&path, options())?;
    assert_eq!(again.space("alice")?.list(&draftkeep::Filter::open())?.drafts, []);
    assert_eq!(again.replica_changed(), None, "it is the same file");
    Ok(())
}

/// Whether any file of a folder holds the mark.
fn found(folder: &Path, mark: &str) -> Result<bool, std::io::Error> {
    let mut found = false;
    for entry in fs::read_dir(folder)? {
        found |= holds(&fs::read(entry?.path())?, mark);
    }
    Ok(found)
}

#[test]
fn compacting_again_and_again_keeps_the_file_as_small_as_it_was() -> Outcome {
    let disk = MemoryDisk::new();
    let store = Store::with_storage(Arc::new(RedbStorage::create(Arc::new(disk.clone()))?), options())?;
    let (_, marked) = write(&store.space("alice")?, "text")?;
    let first = store.compact()?.after.total;
    for _ in 0..3 {
        assert!(store.compact()?.scrubbed);
        assert!(disk.len()? <= first + first / 8, "{} after {first}", disk.len()?);
    }
    marked[3].erase()?;
    assert!(store.compact()?.after.total <= first);
    Ok(())
}

#[test]
fn while_somebody_reads_nothing_is_overwritten_and_the_caller_is_told() -> Outcome {
    let disk = MemoryDisk::new();
    let storage = Arc::new(RedbStorage::create(Arc::new(disk.clone()))?);
    let store = Store::with_storage(storage.clone(), options())?;
    let (space, mark) = (store.space("alice")?, mark("read"));
    let draft = space.drafts(NOTE)?.start(&text(&mark, 3_000, 1))?;
    let reading = storage.snapshot()?;
    draft.erase()?;
    assert!(!store.compact()?.scrubbed);
    drop(reading);
    assert!(store.compact()?.scrubbed);
    assert!(!holds(&disk.image(), &mark));
    Ok(())
}

/// What a storage promises for itself, without a store above it.
#[test]
fn a_scrubbed_storage_holds_its_entries_and_nothing_that_was_deleted() -> Outcome {
    use draftkeep::storage::{Batch, Order, Origin, Scan, Table};
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("storage.redb");
    let storage = RedbStorage::create(Arc::new(FileDisk::create(&path)?))?;
    let mark = mark("entry");
    // Neighbours in one page, some of which are deleted together: the page keeps the bytes behind its last entry.
    for round in 0..40_u8 {
        let mut batch = Batch::new(Origin::Local);
        for number in 0..60_u8 {
            let value = if number % 3 == 0 { format!("kept {round}") } else { format!("{mark} {round} {number}") };
            batch.put(Table::new(number % 5), [number, round], value);
        }
        storage.commit(&batch)?;
    }
    let mut batch = Batch::new(Origin::Local);
    for (round, number) in (0..40_u8).flat_map(|round| (0..60_u8).map(move |number| (round, number))) {
        if number % 3 != 0 {
            batch.delete(Table::new(number % 5), [number, round]);
        }
    }
    storage.commit(&batch)?;
    assert!(found(folder.path(), &mark)?);
    storage.maintain(Maintenance::Scrub)?;
    assert!(!found(folder.path(), &mark)?);
    let snapshot = storage.snapshot()?;
    let everything = Scan { from: &[], to: None, order: Order::Ascending, limit: usize::MAX };
    let entries: usize =
        (0..=255).map(|table| snapshot.scan(Table::new(table), everything).map_or(0, |found| found.len())).sum();
    assert_eq!(entries, 40 * 20);
    Ok(())
}
