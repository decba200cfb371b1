//! Goal: whoever runs `draftkeep-hub` is told what is wrong once, in a line, with the way out. Method: the real program, used wrongly, on files
//! that are open elsewhere or damaged, and with a folder of copies.

#[path = "common/program.rs"]
mod program;

use draftkeep::clock::{Clock as _, SystemClock, Timestamp};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::is_panic_caught;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Push, Request, Target, Transport as _};
use draftkeep::{DraftId, TraceId};
use futures_executor::block_on;
use program::{program, start};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The program's exit code, and the lines that it wrote beside its output.
fn run(args: &[&str], data: &Path) -> (Option<i32>, Vec<String>) {
    let output = program().args(args).arg("--data").arg(data).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text.lines().map(str::to_owned).collect())
}

#[test]
fn a_wrong_command_line_is_answered_with_one_line_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub.redb");
    for (args, wrong, way_out) in [
        (vec!["serve", "--prot", "1"], "--prot", "`draftkeep-hub serve --help`"),
        (vec!["token", "new"], "a name", "`draftkeep-hub token --help`"),
        (vec!["sevre"], "sevre", "`draftkeep-hub --help`"),
        (vec!["verify", "twice"], "twice", "`draftkeep-hub verify --help`"),
    ] {
        let (code, said) = run(&args, &data);
        let [line] = &said[..] else { panic!("{args:?}: {said:#?}") };
        assert!(code == Some(2) && line.contains(wrong) && line.contains(way_out), "{line}");
    }
    assert!(!data.exists());
    let help = program().args(["serve", "--help"]).output().unwrap();
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("--backup-keep"));
}

#[test]
fn what_the_store_says_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub.redb");
    let (mut child, _) = start(&data, None, "127.0.0.1:0");
    let in_use = run(&["verify"], &data);
    child.kill().unwrap();
    child.wait().unwrap();
    let missing = run(&["verify"], &folder.path().join("another.redb"));
    for ((code, said), what) in [(in_use, "the store is open elsewhere"), (missing, "there is no store at this path")] {
        let [line] = &said[..] else { panic!("{said:#?}") };
        assert_eq!((code, line.matches(what).count()), (Some(1), 1), "{line}");
    }
}

/// A hub's file in which the engine panics somewhere on the way of opening and verifying.
fn damaged(folder: &Path) -> PathBuf {
    static CAUGHT: AtomicUsize = AtomicUsize::new(0);
    let whole = folder.join("whole.redb");
    let hub = Hub::create_file(&whole, HubOptions::new()).unwrap();
    for number in 1..=60 {
        let revision = sample(DraftId::from_bytes([number; 16]), &[], &[number; 900]);
        let push = Push { revision, base: None, contains: Vec::new(), target: Target::Main { expects: None } };
        let (trace, ask) = (TraceId::from_bytes([9; 16]), Ask::Push { pushes: vec![push] });
        let asked = Request { space: "alice".to_owned(), device: None, trace, hub: None, seen: None, ask };
        block_on(hub.send(asked)).unwrap();
    }
    drop(hub);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if is_panic_caught() {
            CAUGHT.fetch_add(1, Ordering::SeqCst);
        } else {
            usual(panic);
        }
    }));
    let whole = std::fs::read(&whole).unwrap();
    // The beginning of a page, where the engine's own numbers are.
    let heads: Vec<usize> = (4_096..whole.len()).filter(|at| whole[*at] != 0 && at % 4_096 < 40).collect();
    for round in 0..2_000 {
        let mut bytes = whole.clone();
        bytes[heads[round * 7_919 % heads.len()]] ^= 1 << (round % 8);
        let path = folder.join(format!("{round}.redb"));
        std::fs::write(&path, &bytes).unwrap();
        let caught = CAUGHT.load(Ordering::SeqCst);
        let found = Hub::open_file(&path, HubOptions::new()).and_then(|hub| hub.verify());
        // What panics while the file is let go damages no answer.
        let is_damaged = found.map_or(true, |found| !found.is_intact());
        if is_damaged && CAUGHT.load(Ordering::SeqCst) > caught {
            std::fs::write(&path, &bytes).unwrap();
            return path;
        }
    }
    panic!("the engine digests everything");
}

#[test]
fn of_a_damaged_hub_is_said_what_is_damaged_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let data = damaged(folder.path());
    let output = program().args(["verify", "--data"]).arg(&data).output().unwrap();
    let (said, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{said}{error}");
    assert!(!error.contains("panicked") && error.lines().count() == 1, "{error}");
    assert!(said.contains("damaged") || error.contains("damaged"), "{said}{error}");
}

/// Copies are made at once here, since those that are there have been for long.
#[test]
fn the_newest_copies_of_this_hub_are_kept_and_nothing_else_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backups) = (folder.path().join("hub.redb"), folder.path().join("backups"));
    std::fs::create_dir(&backups).unwrap();
    let id = Hub::create_file(&data, HubOptions::new()).unwrap().id().to_string();
    let name = |id: &str, at: u64| {
        let at = Timestamp::from_millis(at * 1_000).to_string().replace(':', "-");
        format!("hub-{}-{at}.redb", &id[..8])
    };
    let other = if id.starts_with('0') { "1" } else { "0" }.repeat(8);
    let ours: Vec<String> = (1..=5).map(|at| name(&id, at)).collect();
    let theirs: Vec<String> =
        vec![name(&other, 1), format!("{}.old", ours[0]), "hub-by hand.redb".to_owned(), "hub.redb".to_owned()];
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(7 * 24 * 60 * 60);
    for name in ours.iter().chain(&theirs) {
        std::fs::write(backups.join(name), "a copy").unwrap();
        std::fs::File::options().write(true).open(backups.join(name)).unwrap().set_modified(long_ago).unwrap();
    }
    let listed = || -> BTreeSet<String> {
        std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let before = SystemClock.now();
    let mut child = program()
        .args([
            OsStr::new("serve"),
            "--listen".as_ref(),
            "127.0.0.1:0".as_ref(),
            "--backup-keep".as_ref(),
            "3".as_ref(),
        ])
        .args([OsStr::new("--data"), data.as_ref(), "--backups".as_ref(), backups.as_ref()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    // They go oldest first.
    let left = loop {
        let left = listed();
        if !left.contains(&ours[2]) {
            break left;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{left:#?}");
        std::thread::sleep(Duration::from_millis(20));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let kept: BTreeSet<String> = ours[3..].iter().chain(&theirs).cloned().collect();
    let new: Vec<&String> = left.difference(&kept).collect();
    let [new] = new[..] else { panic!("{left:#?}") };
    assert!(kept.is_subset(&left), "{left:#?}");
    assert!(*new >= name(&id, before.as_millis() / 1_000), "{new}");
    assert_eq!(run(&["verify"], &backups.join(new)).0, Some(0), "it is whole");
    let often = program().args(["serve", "--backup-every", "1s", "--data"]).arg(&data).output().unwrap();
    let said = String::from_utf8(often.stderr).unwrap();
    assert!(often.status.code() == Some(1) && said.contains("--backup-every 1m"), "{said}");
}
