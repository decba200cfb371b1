//! Several processes and one store: the second is refused, and what one acknowledged before it was killed is there.
//!
//! A test starts its own binary again, to run the same test in the role that an environment variable names.
#![cfg(feature = "redb")]

use draftkeep::storage::{Batch, Origin, Storage, StorageErrorKind, StoreFile, Table};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const ROLE: &str = "DRAFTKEEP_TEST_SECOND_PROCESS";
const TABLE: Table = Table::new(1);

fn second_process(test: &str, store: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, store)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn store_of_the_first() -> Option<StoreFile> {
    env::var_os(ROLE).map(StoreFile::at)
}

#[test]
fn a_second_process_is_refused_at_once_and_served_when_the_first_has_ended() {
    if let Some(file) = store_of_the_first() {
        let seen = file.open_or_create().err().map(|error| error.kind().clone());
        println!("seen: {}", if seen == Some(StorageErrorKind::InUse) { "in use" } else { "open" });
        return;
    }
    let test = "a_second_process_is_refused_at_once_and_served_when_the_first_has_ended";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.redb");
    let seen = || {
        let output = second_process(test, &path).wait_with_output().unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .find_map(|line| line.split_once("seen: "))
            .map_or_else(String::new, |(_, seen)| seen.to_owned())
    };
    let (storage, _) = StoreFile::at(&path).create().unwrap();
    assert_eq!(seen(), "in use");
    drop(storage);
    assert_eq!(seen(), "open");
}

#[test]
fn what_a_killed_process_had_acknowledged_is_there() {
    if let Some(file) = store_of_the_first() {
        let (storage, _) = file.open_or_create().unwrap();
        let mut out = std::io::stdout();
        for number in 0..u32::MAX {
            let mut batch = Batch::new(if number % 5 == 0 { Origin::Foreign } else { Origin::Local });
            batch.put(TABLE, number.to_be_bytes(), number.to_le_bytes().repeat(300));
            storage.commit(&batch).unwrap();
            writeln!(out, "saved: {number}").unwrap();
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.redb");
    for round in 1..=4 {
        let mut child = second_process("what_a_killed_process_had_acknowledged_is_there", &path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut saved = lines.filter_map(|line| line.split_once("saved: ").and_then(|(_, number)| number.parse().ok()));
        let last: u32 = saved.by_ref().nth(round * 40).unwrap();
        child.kill().unwrap();
        // What it had still said until it died counts as well.
        let last = saved.last().unwrap_or(last);
        child.wait().unwrap();
        let (storage, _) = StoreFile::at(&path).open().unwrap();
        let snapshot = storage.snapshot().unwrap();
        for number in 0..=last {
            let value = snapshot.get(TABLE, &number.to_be_bytes()).unwrap();
            assert_eq!(value, Some(number.to_le_bytes().repeat(300)), "round {round}, save {number} of {last}");
        }
    }
}
