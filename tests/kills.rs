//! What is left when a process is killed while it saves: every save that it had reported, nothing half, versions without
//! a gap, and a file that the next process opens at once.
//!
//! Method: a child saves several drafts from several threads, so that saves share commits, and says when it begins and
//! when each save is acknowledged. It is killed at a line that a seed chooses, which may come before the store is open or
//! in the middle of its repair. The test starts its own binary again, in the role that an environment variable names.
#![cfg(feature = "redb")]

mod common;

use common::dice::{Dice, effort, first, mix};
use draftkeep::storage::StorageErrorKind;
use draftkeep::{Drafts, ErrorKind, Kind, Options, Saved, Store};
use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

const ROLE: &str = "DRAFTKEEP_TEST_TO_BE_KILLED";
const TEST: &str = "a_killed_process_loses_nothing_that_it_had_acknowledged";
const NOTE: Kind<String> = Kind::new("note");
const WRITERS: usize = 3;

/// A child that nobody kills ends by itself after so many saves of each writer.
const SAVES_MAX: u64 = 400;

/// Kills per store; then another one begins, so that creation is hit, too.
const KILLS: u64 = 25;

/// The text of a writer's version: both follow from the number, so that nothing has to be remembered.
fn text(writer: usize, version: u64) -> String {
    let mut dice = Dice::new(mix(version) ^ writer as u64);
    let long = if version.is_multiple_of(40) { 3_000 } else { 20 };
    let words = dice.below(long);
    format!("writer {writer}, version {version}: {}", dice.words(words))
}

fn drafts(store: &Store) -> Result<Drafts<String>, draftkeep::Error> {
    store.space("alice")?.drafts(NOTE)
}

fn slot(writer: usize) -> String {
    format!("writer {writer}")
}

/// The child: saves until it is killed.
fn write_for_ever(path: &Path) {
    println!("say: opening");
    let store = Store::open_or_create(path, Options::new()).unwrap();
    println!("say: open");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || write(store, writer));
        }
    });
}

fn write(store: &Store, writer: usize) {
    let drafts = drafts(store).unwrap();
    let slot = drafts.slot(slot(writer));
    let draft = slot.resume().unwrap().unwrap_or_else(|| {
        println!("say: begin {writer} 1");
        let draft = slot.start(&text(writer, 1)).unwrap();
        println!("say: ack {writer} 1");
        draft
    });
    let mut edit = draft.edit().unwrap();
    for _ in 0..SAVES_MAX {
        let version = edit.version() + 1;
        *edit.doc() = text(writer, version);
        println!("say: begin {writer} {version}");
        let saved = edit.save().unwrap();
        assert!(matches!(saved, Saved::Stored { version: stored, .. } if stored == version), "{saved:?}");
        println!("say: ack {writer} {version}");
        if writer == 0 && version.is_multiple_of(70) {
            store.tend().unwrap();
        }
    }
}

/// What the child has said, over all its lives.
#[derive(Debug, Default)]
struct Said {
    begun: [u64; WRITERS],
    acknowledged: [u64; WRITERS],
    /// What has been found on the disk to be right.
    checked: [u64; WRITERS],
    /// Which writers are within a save, in this life.
    saving: [bool; WRITERS],
}

impl Said {
    fn take(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (word, writer, version) = (words.next(), words.next(), words.next());
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
        if let Some((writer, version)) = number(writer).zip(number(version)) {
            let writer = usize::try_from(writer).unwrap();
            self.saving[writer] = word == Some("begin");
            let of = if self.saving[writer] { &mut self.begun } else { &mut self.acknowledged };
            of[writer] = version;
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    kills: u64,
    within_a_save: u64,
    while_opening: u64,
    acknowledged: u64,
    refused_meanwhile: u64,
}

fn start(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(ROLE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets a child write and kills it when it has said so many lines.
fn kill_at_line(path: &Path, line: usize, said: &mut Said, count: &mut Count) {
    let mut child = start(path);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut spoken = lines.filter_map(|line| line.split_once("say: ").map(|(_, words)| words.to_owned()));
    let mut is_open = false;
    said.saving = [false; WRITERS];
    for words in spoken.by_ref().take(line) {
        is_open |= words == "open";
        said.take(&words);
    }
    if is_open && line.is_multiple_of(5) {
        let second = Store::open(path, Options::new()).map(drop).map_err(|error| error.kind().clone());
        assert_eq!(second, Err(ErrorKind::Storage(StorageErrorKind::InUse)), "beside a process that has it open");
        count.refused_meanwhile += 1;
    }
    child.kill().unwrap();
    // What it had still said until it died counts as well.
    for words in spoken {
        is_open |= words == "open";
        said.take(&words);
    }
    child.wait().unwrap();
    count.kills += 1;
    count.within_a_save += u64::from(said.saving.contains(&true));
    count.while_opening += u64::from(!is_open);
}

/// Opens the store. A process that another thread starts just now shares this one's lock until it begins its own program.
fn open_patiently(path: &Path) -> draftkeep::Result<Store> {
    let in_use = ErrorKind::Storage(StorageErrorKind::InUse);
    for _ in 0..200 {
        match Store::open(path, Options::new()) {
            Err(error) if *error.kind() == in_use => std::thread::sleep(std::time::Duration::from_millis(5)),
            result => return result,
        }
    }
    Store::open(path, Options::new())
}

/// Holds what is on the disk against what was said.
fn check(path: &Path, said: &mut Said) {
    let store = match open_patiently(path) {
        Ok(store) => store,
        Err(error) => {
            let is_nothing_there = *error.kind() == ErrorKind::Storage(StorageErrorKind::NotFound);
            assert!(is_nothing_there && said.begun == [0; WRITERS], "{error} although there was {said:?}");
            return;
        }
    };
    let drafts = drafts(&store).unwrap();
    for writer in 0..WRITERS {
        let Some(draft) = drafts.slot(slot(writer)).resume().unwrap() else {
            assert_eq!(said.acknowledged[writer], 0, "writer {writer} is gone");
            continue;
        };
        let last = draft.info().unwrap().version;
        let (fewest, most) = (said.acknowledged[writer], said.begun[writer]);
        assert!((fewest..=most).contains(&last), "writer {writer} has {last} versions, not {fewest} to {most}");
        let versions = draft.history().unwrap().versions;
        assert!(versions.iter().map(|info| info.version).eq(1..=last), "writer {writer} has a gap");
        for version in said.checked[writer] + 1..=last {
            assert_eq!(draft.at(version).unwrap().doc, text(writer, version), "writer {writer}");
        }
        assert_eq!(draft.load().unwrap(), text(writer, last));
        // What was begun and is there was saved, whether or not it was acknowledged.
        said.checked[writer] = last;
        said.acknowledged[writer] = last;
        said.begun[writer] = last;
    }
}

/// Kills the writers of one store again and again.
fn search(seed: u64, folder: &Path) -> Count {
    let (mut dice, mut said, mut count) = (Dice::new(seed), Said::default(), Count::default());
    let path = folder.join("drafts.redb");
    for _ in 0..KILLS {
        let line = match dice.below(5) {
            0 => dice.below(3),
            1 => dice.below(120),
            _ => dice.below(40),
        };
        kill_at_line(&path, line, &mut said, &mut count);
        // Else the next child opens what this one left, and may be killed meanwhile.
        if dice.below(3) > 0 {
            check(&path, &mut said);
        }
    }
    check(&path, &mut said);
    if said.checked != [0; WRITERS] {
        let verified = open_patiently(&path).unwrap().verify().unwrap();
        assert!(verified.is_intact(), "{verified:?}");
        assert_eq!(verified.versions, said.checked.iter().sum::<u64>());
    }
    count.acknowledged = said.acknowledged.iter().sum();
    count
}

#[test]
fn a_killed_process_loses_nothing_that_it_had_acknowledged() {
    if let Some(path) = env::var_os(ROLE) {
        write_for_ever(Path::new(&path));
        return;
    }
    let mut total = Count::default();
    for seed in (first()..first() + 4 * effort()).map(|seed| seed * 2) {
        let halves = [seed, seed + 1].map(|seed| {
            thread::spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                println!("DRAFTKEEP_FIRST={}", seed / 2);
                search(seed, folder.path())
            })
        });
        for half in halves {
            let count = half.join().unwrap();
            total.kills += count.kills;
            total.within_a_save += count.within_a_save;
            total.while_opening += count.while_opening;
            total.acknowledged += count.acknowledged;
            total.refused_meanwhile += count.refused_meanwhile;
        }
    }
    println!("{total:?}");
    assert!(total.kills >= 200 && total.within_a_save > 100 && total.refused_meanwhile > 0, "{total:?}");
}
