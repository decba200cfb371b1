//! The tables of the page, and the page held against them.

use crate::cases::{CASES, Case};
use crate::outcome::{Outcome, code};
use crate::{couchdb, crdt, git, merge_patch, ours};

pub(crate) type Run = fn(&Case) -> Outcome;

pub(crate) const SYSTEMS: [(&str, Run); 5] = [
    ("draftkeep", ours::run),
    ("git", git::run),
    ("CouchDB", couchdb::run),
    ("Automerge", crdt::run),
    ("JSON Merge Patch", merge_patch::run),
];

const BEGIN: &str = "<!-- Written by tests/comparison from here on. -->\n";
const END: &str = "<!-- Written by tests/comparison up to here. -->\n";

fn row(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().fold("|".to_owned(), |row, cell| row + " " + &cell + " |") + "\n"
}

fn tables() -> String {
    let names = || SYSTEMS.iter().map(|(name, _)| (*name).to_owned());
    let mut overview = row(["case".to_owned()].into_iter().chain(names())) + "|---|---|---|---|---|---|\n";
    let mut details = String::new();
    for (number, case) in (1..).zip(CASES) {
        let outcomes = SYSTEMS.map(|(name, run)| (name, run(case)));
        let verdicts = outcomes.iter().map(|(_, outcome)| outcome.verdict(case).to_string());
        overview += &row([format!("{number}. {}", case.title)].into_iter().chain(verdicts));
        details += &format!("\n## {number}. {}\n\n```text\n", case.title);
        for (side, json) in [("base", case.base), ("ours", Some(case.ours.json)), ("theirs", Some(case.theirs.json))] {
            details += &format!("{side:<6}  {}\n", json.unwrap_or("not known"));
        }
        details += "```\n\n| | verdict | what there is then |\n|---|---|---|\n";
        for (name, outcome) in outcomes {
            let name = if name == "draftkeep" { format!("{name}, {}", rules(case)) } else { name.to_owned() };
            details += &row([name, outcome.verdict(case).to_string(), outcome.shown(case)]);
        }
    }
    overview + &details
}

fn rules(case: &Case) -> String {
    let rules: Vec<String> = case.rules.iter().map(|(path, rule)| format!("{}: {:?}", code(path), rule())).collect();
    if rules.is_empty() { "no rule".to_owned() } else { rules.join("; ") }
}

#[test]
fn the_page_says_what_came_out() {
    if !git::is_there() {
        println!("skipped: git is not installed, and the page has what it does");
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/docs/comparison.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let tables = format!("\n{}\n", tables());
    if std::env::var("DRAFTKEEP_GOLDEN").is_ok_and(|golden| golden == "write") {
        std::fs::write(path, [before, BEGIN, &tables, END, after].concat()).unwrap();
    } else {
        assert_eq!(written, tables, "DRAFTKEEP_GOLDEN=write writes the page anew");
    }
}
