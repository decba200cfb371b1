//! `git merge-file`, on JSON as people keep it in git: indented, one member or element on a line.

use crate::cases::Case;
use crate::outcome::{Outcome, code};
use draftkeep::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Whether git is installed.
pub(crate) fn is_there() -> bool {
    Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success())
}

pub(crate) fn run(case: &Case) -> Outcome {
    merge(case.base().as_ref(), &case.ours.value(), &case.theirs.value())
}

/// Merges three documents as files; no base is an empty one.
pub(crate) fn merge(base: Option<&Value>, ours: &Value, theirs: &Value) -> Outcome {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("there is room");
    write("config", String::new());
    write("base", base.map_or_else(String::new, lines));
    write("ours", lines(ours));
    write("theirs", lines(theirs));
    let (conflicts, text) = merge_files(folder.path(), &[]);
    // Both commits stay in the history, whatever the merge does.
    let history = vec![ours.clone(), theirs.clone()];
    if !conflicts {
        let value = Value::parse(text.as_bytes()).ok();
        return Outcome { value, told: None, conflicts, reported: Vec::new(), history };
    }
    let resolved = ["--ours", "--theirs"].map(|side| merge_files(folder.path(), &[side]).1);
    let reported = resolved.iter().filter_map(|text| Value::parse(text.as_bytes()).ok()).collect();
    Outcome { value: None, told: Some(told(&text)), conflicts, reported, history }
}

fn lines(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a document is JSON") + "\n"
}

/// Whether it conflicts, and the merged text.
fn merge_files(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = Command::new("git")
        .args(["merge-file", "--stdout", "-L", "ours", "-L", "base", "-L", "theirs"])
        .args(arguments)
        .args(["ours", "base", "theirs"])
        .current_dir(folder)
        // Nobody's settings, and no repository around the folder, have a part in it.
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", folder.join("config"))
        .env("GIT_CEILING_DIRECTORIES", folder.parent().expect("it is in a folder"))
        .output()
        .expect("git can be run");
    let conflicts = status.code().filter(|code| (0..128).contains(code));
    let conflicts = conflicts.unwrap_or_else(|| panic!("git failed: {}", String::from_utf8_lossy(&stderr)));
    (conflicts > 0, String::from_utf8(stdout).expect("what goes in is UTF-8"))
}

/// The lines between the first marker and the last one, as one.
fn told(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let first = lines.iter().position(|line| line.starts_with("<<<<<<<")).expect("a conflict begins");
    let last = lines.iter().rposition(|line| line.starts_with(">>>>>>>")).expect("a conflict ends");
    code(&lines[first..=last].join(" "))
}
