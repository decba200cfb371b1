//! Goal: the rules of this repository that no tool knows hold. Method: reading the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A file with its path from the repository's root.
struct File {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder whose name ends so.
fn files(folder: &str, ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder).expect("it is there").map(|entry| entry.expect("it can be read").path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !["target", "corpus", "artifacts", ".git"].contains(&name) {
                folders.push(path);
            } else if name.ends_with(ending) && path.is_file() {
                let text = fs::read_to_string(&path).expect("it is text");
                let path = path.strip_prefix(root()).expect("it is below the root").display().to_string();
                found.push(File { path, text });
            }
        }
    }
    assert!(!found.is_empty(), "no {ending} in {folder}");
    found
}

impl File {
    /// The lines of code, numbered: no comments, and nothing from the unit tests at the end on.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().take_while(|(_, line)| *line != "#[cfg(test)]" || self.is_a_map());
        lines.filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(number, line)| (number + 1, line))
    }

    /// In a `mod.rs` the attribute stands before one `mod` line, with code behind it.
    fn is_a_map(&self) -> bool {
        self.path.ends_with("mod.rs")
    }

    fn is_within(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

/// Fails with every line of code outside of `allowed` that has one of the words in it.
fn forbid(words: &[&str], allowed: &[&str]) {
    let mut met = Vec::new();
    for file in files("src", ".rs").iter().filter(|file| !file.is_within(allowed) && !file.path.contains("/tests")) {
        for (number, line) in file.code() {
            if words.iter().any(|word| line.match_indices(word).any(|(at, _)| is_whole(line, at, word))) {
                met.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert!(met.is_empty(), "{words:?} may stand only in {allowed:?}:\n{}", met.join("\n"));
}

/// Whether what stands there is the word, and not a part of a longer one.
fn is_whole(line: &str, at: usize, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let ends = !word.ends_with(is_part) || !line[at + word.len()..].starts_with(is_part);
    ends && !line[..at].ends_with(is_part)
}

#[test]
fn the_engine_the_compressor_and_the_system_are_named_in_one_place_each() {
    forbid(&["redb::", "use redb"], &["src/storage/redb/", "src/storage/mod.rs"]);
    forbid(&["zstd"], &["src/store/history/frame.rs"]);
    forbid(&["rustix", "std::fs", "std::os"], &["src/storage/redb/", "src/fault/canary/tally.rs"]);
    forbid(&["serde_json"], &["src/value/"]);
}

#[test]
fn only_the_clock_asks_the_machine_for_time_threads_and_randomness() {
    forbid(
        &["Instant", "SystemTime", "std::thread", "thread::spawn", "getrandom", "futures_timer"],
        &[
            "src/clock/",
            // Checks that snapshots may be used from other threads.
            "src/storage/conformance/isolation.rs",
        ],
    );
    forbid(&["std::env", "env::var"], &["src/fault/", "src/draft/autosave/cadence.rs", "src/store/history/testing.rs"]);
}

/// What it has to say it returns, or gives to whoever listens: the canary hears that, and would not hear this.
#[test]
fn nothing_is_printed() {
    forbid(&["print!", "println!", "eprint!", "eprintln!", "dbg!", "stdout", "stderr"], &["src/fault/canary/watch.rs"]);
}

#[test]
fn nothing_is_kept_in_an_order_that_changes_from_run_to_run() {
    // These look things up in their maps and never walk through them.
    let lookups = [
        "src/value/diff/align.rs",
        "src/value/diff/pairs.rs",
        "src/merge/both.rs",
        "src/merge/keyed.rs",
        "src/merge/set.rs",
    ];
    forbid(&["HashMap", "HashSet", "RandomState"], &lookups);
    for file in files("src", ".rs").iter().filter(|file| file.is_within(&lookups)) {
        let maps = ["numbers", "places", "shared", "seen", "alike", "members"];
        let walks =
            maps.iter().flat_map(|map| [".iter", ".keys", ".values", ".into_iter"].map(|walk| format!("{map}{walk}")));
        let walks: Vec<String> = walks.chain([".into_values".to_owned(), ".drain(".to_owned()]).collect();
        for (number, line) in file.code() {
            assert!(walks.iter().all(|walk| !line.contains(walk.as_str())), "{}:{number} walks a hash map", file.path);
        }
    }
}

/// Who may use whom, as `docs/architecture.md` says it.
#[test]
fn rooms_use_only_what_the_architecture_page_allows() {
    const WORDS: &[&str] = &[
        "codec", "error", "events", "fault", "id", "invalid", "kind", "metrics", "phase", "position", "revision",
        "tally", "vector",
    ];
    let allowed: BTreeMap<&str, Vec<&str>> = BTreeMap::from([
        ("value", vec!["value"]),
        ("merge", vec!["merge", "value"]),
        ("clock", vec!["clock"]),
        ("storage", vec!["report", "storage"]),
        ("records", vec!["error", "records", "storage"]),
        ("seal", vec!["clock", "codec", "id", "seal"]),
        ("store", [WORDS, &["clock", "records", "seal", "storage", "store"]].concat()),
        ("draft", [WORDS, &["clock", "value", "merge", "records", "store", "draft", "watch"]].concat()),
        (
            "sync",
            [WORDS, &["clock", "records", "storage", "value", "merge", "store", "draft", "transport", "sync", "watch"]]
                .concat(),
        ),
        ("export", [WORDS, &["clock", "draft", "export", "records", "store", "value"]].concat()),
        ("watch", vec![]),
        ("position", vec!["id"]),
        (
            "transport",
            vec!["clock", "codec", "id", "phase", "position", "report", "revision", "transport", "value", "vector"],
        ),
        ("report", vec![]),
        (
            "hub",
            vec![
                "clock",
                "codec",
                "error",
                "hub",
                "id",
                "invalid",
                "position",
                "records",
                "storage",
                "transport",
                "validate",
            ],
        ),
        ("validate", vec!["id", "invalid", "phase", "revision", "store", "transport", "validate", "value"]),
        ("codec", vec![]),
        ("id", vec![]),
        ("phase", vec!["id"]),
        ("fault", vec![]),
        ("vector", vec!["codec", "id"]),
        ("revision", vec!["clock", "codec", "id", "phase", "vector"]),
        ("kind", vec!["error", "invalid", "merge", "value"]),
        ("invalid", vec!["value"]),
        ("events", vec!["clock", "id", "metrics", "tally"]),
        ("tally", vec![]),
        ("metrics", vec!["events"]),
        ("error", vec!["codec", "id", "invalid", "phase", "storage", "value"]),
    ]);
    let mut rooms = BTreeSet::new();
    for file in files("src", ".rs")
        .iter()
        .filter(|file| !["src/lib.rs", "src/docs.rs", "src/fuzzing.rs"].contains(&file.path.as_str()))
    {
        let room = file.path["src/".len()..].split(['/', '.']).next().unwrap_or_default();
        let may = allowed.get(room).unwrap_or_else(|| panic!("the architecture page does not know the room {room}"));
        rooms.insert(room.to_owned());
        for (number, line) in file.code() {
            for (at, _) in line.match_indices("crate::") {
                let used: String =
                    line[at + 7..].chars().take_while(|letter| letter.is_lowercase() || *letter == '_').collect();
                let is_fine = used.is_empty() || used == "fault" || may.contains(&used.as_str());
                assert!(is_fine, "{}:{number}: {room} must not use {used}", file.path);
            }
        }
    }
    assert_eq!(rooms.len(), allowed.len(), "the table names rooms that are not there");
}

#[test]
fn the_versions_bytes_know_no_storage() {
    for file in files("src/store/history", ".rs") {
        for (number, line) in file.code() {
            let used = ["storage", "store::", "clock", "super::super::super"].iter().find(|room| {
                line.contains(&format!("crate::{room}"))
                    || (line.trim_start().starts_with("use") && line.contains(*room))
            });
            assert_eq!(used, None, "{}:{number}: {line}", file.path);
        }
    }
}

#[test]
fn a_file_holds_one_idea() {
    for file in ["src", "tests", "benches", "transports"].into_iter().flat_map(|folder| files(folder, ".rs")) {
        let lines = file.text.lines().count();
        assert!(lines <= 900, "{} has {lines} lines", file.path);
    }
}

#[test]
fn a_map_has_no_logic() {
    for file in files("src", "mod.rs")
        .iter()
        .chain(&files("transports", "mod.rs"))
        .filter(|file| !file.path.ends_with("/tests/mod.rs"))
    {
        for (number, line) in file.code() {
            let is_logic = ["fn ", "impl ", "struct ", "enum ", "trait "].iter().any(|word| line.contains(word));
            assert!(!is_logic, "{}:{number}: {line}", file.path);
        }
    }
}

#[test]
fn every_file_begins_with_what_it_is() {
    for folder in ["src", "tests", "benches", "examples", "transports", "fuzz/fuzz_targets"] {
        for file in files(folder, ".rs") {
            assert!(file.text.starts_with("//!"), "{} has no first words", file.path);
        }
    }
}

#[test]
fn no_page_names_a_machine() {
    let pages = ["README.md", "CHANGELOG.md"]
        .map(|path| File { path: path.to_owned(), text: fs::read_to_string(root().join(path)).expect("it is there") });
    let sources =
        ["src", "tests", "examples", "benches", "transports"].into_iter().flat_map(|folder| files(folder, ".rs"));
    // Put together, so that this file does not name them itself.
    let words = ["/home", "/Users", "/root", "/work", "/tmp"].map(|folder| format!("{folder}/"));
    for file in sources.chain(files("src/docs", ".md")).chain(pages) {
        for (number, line) in file.text.lines().enumerate() {
            let named = words.iter().find(|word| line.contains(*word));
            assert_eq!(named, None, "{}:{}: {line}", file.path, number + 1);
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TODO", "FIXME", "XXX"].map(|word| format!("{word}:"));
    for folder in ["src", "tests", "benches", "examples", "transports", "fuzz/fuzz_targets"] {
        for file in files(folder, ".rs").iter().filter(|file| file.path != "tests/tidy.rs") {
            for (number, line) in file.text.lines().enumerate() {
                let left = words.iter().any(|word| line.contains(word)) || line.trim_start().starts_with("#[ignore");
                assert!(!left, "{}:{}: {line}", file.path, number + 1);
            }
        }
    }
}

/// Every fault in the code has a row with a test, and every row's test and fault are there.
#[test]
fn every_seeded_fault_stands_in_the_table_with_its_test() {
    let sources: Vec<File> = ["src", "transports"].into_iter().flat_map(|folder| files(folder, ".rs")).collect();
    let seeded: BTreeSet<&str> = sources
        .iter()
        .flat_map(|file| file.text.split("fault::on(\"").skip(1).filter_map(|rest| rest.split('"').next()))
        .collect();
    let page = fs::read_to_string(root().join("src/docs/failures.md")).expect("it is there");
    let mut listed = BTreeSet::new();
    for row in page.lines().filter(|row| row.starts_with("| ") && row.contains("::")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [id, _, _, test, fault] = cells[..] else { panic!("five cells make a row: {row}") };
        let (target, path) = test.split_once("::").unwrap_or_else(|| panic!("{id} names no test: {test}"));
        let name = path.rsplit("::").next().unwrap_or_default();
        let place = match target {
            "lib" => "src".to_owned(),
            // Of a transport's crate: `http/hostile` is a target of `transports/http`.
            target if target.contains('/') => {
                let (transport, target) = target.split_once('/').unwrap_or_default();
                let tests = if target == "lib" { "src".to_owned() } else { format!("tests/{target}") };
                let folder = format!("transports/{transport}/{tests}");
                if root().join(&folder).is_dir() { folder } else { format!("{folder}.rs") }
            }
            target if root().join("tests").join(target).is_dir() => format!("tests/{target}"),
            target => format!("tests/{target}.rs"),
        };
        let is_there = if root().join(&place).is_dir() {
            files(&place, ".rs").iter().any(|file| file.text.contains(&format!("fn {name}(")))
        } else {
            fs::read_to_string(root().join(&place)).is_ok_and(|text| text.contains(&format!("fn {name}(")))
        };
        assert!(is_there, "{id}: there is no test {test}");
        if fault != "–" {
            listed.insert(fault);
        }
    }
    assert_eq!(seeded, listed, "the faults in the code, and those in the table");
}
