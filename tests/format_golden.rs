//! Goal: a store of every released format is opened by every later release, with exactly what it held.
//!
//! `fixtures/format-1.redb` was written by the program below, `format-1.txt` says what is in it, and `records-1.txt` has
//! the records of a small store byte by byte. A new format gets fixtures of its own, and these stay:
//! `DRAFTKEEP_WRITE_GOLDEN=1 cargo test --test format_golden` writes them anew, which is right only before a release.

#![cfg(feature = "redb")]

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::{MemoryStorage, Order, Scan, Storage, Table};
use draftkeep::{DraftInfo, Filter, Kind, Options, Schema, Space, Store, Value, VersionInfo};
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const NOTE: Kind<String> = Kind::new("note");
const PAGE: Kind<Vec<String>> = Kind::new("page");

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn options(clock: &ManualClock) -> Options {
    let tasks = TaskQueue::new();
    Options::with_runtime(Arc::new(clock.clone()), Arc::new(tasks), Arc::new(SeededEntropy::new(1)))
        .schema(Schema::of(NOTE).label(|note| note.chars().take(8).collect()))
        .device("laptop")
}

/// Text that no compressor makes much smaller, so that it takes records of its own.
fn noise(bytes: usize) -> String {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + u8::try_from(state >> 24).unwrap_or_default() % 90)
    };
    (0..bytes).map(|_| next()).collect()
}

/// Everything that a store of the first format can hold.
fn fill(store: &Store, clock: &ManualClock) -> Result {
    let alice = store.space("alice")?;
    let notes = alice.drafts(NOTE)?;

    let diary = notes.slot("diary").start(&String::new())?;
    let mut edit = diary.edit()?;
    for line in 0..150 {
        clock.advance(Duration::from_secs(20));
        write!(edit.doc(), "Line {line}, and what the weather was. ")?;
        let _ = edit.save()?;
        if line == 100 {
            // What is cold by now is packed; the rest stays in runs.
            store.tend()?;
        }
    }
    diary.checkpoint("before the cut")?;
    diary.pin(40)?;
    let mut late = diary.edit()?;
    edit = diary.edit()?;
    edit.doc().truncate(100);
    let _ = edit.save()?;
    late.doc().push_str("typed elsewhere");
    let _ = late.save()?;

    let long = notes.slot("long").start(&noise(9_000))?;
    let mut edit = long.edit()?;
    edit.doc().insert_str(4_000, " in the middle ");
    let _ = edit.save()?;

    let upload = notes.slot("upload-73").start(&"first".to_owned())?;
    upload.promote("production-9")?;
    notes.slot("upload-73").start_over(&"second".to_owned())?.archive()?;
    notes.slot("upload-73").start(&"third".to_owned())?.discard()?;
    let gone = notes.slot("gone").start(&"gone".to_owned())?;
    gone.discard()?;
    gone.purge()?;

    let bob = store.space("bob")?;
    let pages = bob.drafts(PAGE)?;
    let page = pages.start(&vec!["Ünïcödé \u{1F33B}".to_owned(), "\u{0}\n\"\\".to_owned()])?;
    let mut edit = page.edit()?;
    edit.doc().push("a third".to_owned());
    let _ = edit.save()?;
    page.promote_and_archive("book")?;
    Ok(())
}

fn short(value: &Value) -> String {
    let text = value.to_canonical().map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    if text.len() <= 160 { text } else { format!("({} bytes)", text.len()) }
}

fn describe_version(out: &mut String, info: &VersionInfo) -> Result {
    let VersionInfo { version, size, phase, checkpoint, outcome, device, schema, is_aside, .. } = info;
    write!(out, "    {version}: at {}, {size} bytes, {phase}, schema {schema}", info.saved_at.as_millis())?;
    for (name, text) in [("checkpoint", checkpoint), ("outcome", outcome), ("device", device)] {
        text.iter().try_for_each(|text| write!(out, ", {name} {text:?}"))?;
    }
    info.author.iter().try_for_each(|author| write!(out, ", by {author}"))?;
    info.vector.iter().try_for_each(|(writer, count)| write!(out, ", {writer}:{count}"))?;
    if *is_aside {
        write!(out, ", beside the head")?;
    }
    Ok(())
}

fn describe_draft(out: &mut String, space: &Space, info: &DraftInfo) -> Result {
    writeln!(out, "  {} {} {:?}", info.kind, info.id, info.slot_text())?;
    writeln!(
        out,
        "    generation {:?}, {} since {}, outcome {:?}, promoted {:?}, label {:?}, device {:?}, head {} {}, created {}",
        info.generation,
        info.phase,
        info.phase_since.as_millis(),
        info.outcome,
        info.promoted.map(|id| id.to_string()),
        info.label,
        info.device,
        info.version,
        info.revision,
        info.created_at.as_millis(),
    )?;
    let kind = if info.kind == NOTE.name() { Kind::<Value>::new("note") } else { Kind::new("page") };
    let draft = space.drafts(kind)?.get(info.id)?.ok_or("a listed draft is there")?;
    writeln!(out, "    pins {:?}, text {}", draft.pins()?, short(&draft.load()?))?;
    let history = draft.history()?;
    assert!(history.damaged.is_empty());
    for info in &history.versions {
        describe_version(out, info)?;
        // The revision is a hash over everything of the version, its text included.
        let version = draft.at(info.version)?;
        writeln!(out, ", {} {}", version.revision, short(&version.doc))?;
    }
    Ok(())
}

/// All that can be read of a store.
fn describe(store: &Store) -> Result<String> {
    let mut out = format!("store {}\n", store.id());
    for name in store.spaces()? {
        writeln!(out, "space {name}")?;
        let space = store.space(&name)?;
        for info in space.list(&Filter::all())?.drafts {
            describe_draft(&mut out, &space, &info)?;
        }
    }
    Ok(out)
}

/// Compares with a fixture, or writes it where that was asked for.
fn check(name: &str, found: &str) -> Result {
    if is_writing() {
        std::fs::create_dir_all(fixture(""))?;
        std::fs::write(fixture(name), found)?;
    }
    let expected = std::fs::read_to_string(fixture(name))?;
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {name}", number + 1);
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "the lines of {name}");
    Ok(())
}

fn is_writing() -> bool {
    std::env::var_os("DRAFTKEEP_WRITE_GOLDEN").is_some()
}

fn write_store() -> Result {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("format-1.redb");
    let clock = ManualClock::new();
    let store = Store::create(&path, options(&clock))?;
    fill(&store, &clock)?;
    drop(store);
    std::fs::create_dir_all(fixture(""))?;
    std::fs::copy(&path, fixture("format-1.redb"))?;
    Ok(())
}

/// Opens a copy of the store of format 1, as a later release would.
fn open_copy(folder: &Path, clock: &ManualClock) -> Result<Store> {
    let path = folder.join("drafts.redb");
    std::fs::copy(fixture("format-1.redb"), &path)?;
    Ok(Store::open(&path, options(clock))?)
}

#[test]
fn a_store_of_format_1_holds_what_it_held_and_takes_more() -> Result {
    if is_writing() {
        write_store()?;
    }
    let folder = tempfile::tempdir()?;
    let clock = ManualClock::new();
    let store = open_copy(folder.path(), &clock)?;
    assert!(store.replica_changed().is_some(), "a copy is a writer of its own");
    check("format-1.txt", &describe(&store)?)?;
    let verified = store.verify()?;
    assert!(verified.is_intact(), "{verified:?}");
    let first = verified.versions;

    let diary = store.space("alice")?.drafts(NOTE)?.slot("diary").resume()?.ok_or("the diary is open")?;
    let before = diary.load()?;
    let mut edit = diary.edit()?;
    edit.doc().push_str("written by a later release");
    let version = edit.save()?.version();
    store.compact()?;
    assert_eq!(diary.load()?, before + "written by a later release");
    assert!(diary.at(version - 1)?.doc.ends_with("typed elsewhere"), "the version beside the head");
    let verified = store.verify()?;
    assert!(verified.is_intact(), "{verified:?}");
    assert_eq!(verified.versions, first + 1);
    Ok(())
}

#[test]
fn records_are_written_as_in_format_1() -> Result {
    let storage = MemoryStorage::new();
    let clock = ManualClock::new();
    let store = Store::with_storage(Arc::new(storage.clone()), options(&clock))?;
    let notes = store.space("alice")?.drafts(NOTE)?;
    let draft = notes.slot("diary").start(&"Dear".to_owned())?;
    let mut edit = draft.edit()?;
    clock.advance(Duration::from_secs(20));
    edit.doc().push_str(" diary");
    let _ = edit.save()?;
    draft.checkpoint("first")?;
    draft.pin(1)?;
    notes.slot("gone").start(&"x".to_owned())?.discard()?;
    notes.slot("gone").start(&"y".to_owned())?.promote("book")?;
    drop(store);

    let snapshot = storage.snapshot()?;
    let mut out = String::new();
    for table in 0..=u8::MAX {
        let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: usize::MAX };
        for (key, value) in snapshot.scan(Table::new(table), scan)? {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            writeln!(out, "{table:3} {} {}", hex(&key), hex(&value))?;
        }
    }
    check("records-1.txt", &out)
}
