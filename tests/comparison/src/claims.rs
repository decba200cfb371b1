//! What the page says beside its tables.

use crate::cases::{CASES, Case, Changed, Edit, PLAIN, at, has_text, is, parse};
use crate::outcome::{Outcome, Verdict};
use crate::page::SYSTEMS;
use crate::{crdt, git, merge_patch, ours};
use draftkeep::Value;
use draftkeep::merge::{Cut, Overlap, Rule};

fn case(title: &str) -> &'static Case {
    CASES.iter().find(|case| case.title == title).expect("there is such a case")
}

#[test]
fn the_page_names_the_release_that_was_run() {
    let page = include_str!("../../../src/docs/comparison.md");
    let manifest = include_str!("../Cargo.toml");
    let release = manifest.split_once("automerge = { version = \"").unwrap().1.split_once('"').unwrap().0;
    assert!(page.contains(&format!("Automerge {release}")), "it is {release}");
}

#[test]
fn manual_asks_where_one_side_would_be_preferred() {
    let member = Case { rules: &[("/title", || Rule::Manual)], ..*case("The same member") };
    let removal = Case { rules: &[("/cast/ann", || Rule::Manual)], ..*case("Edited here, removed there") };
    for case in [member, removal] {
        assert_eq!(ours::run(&case).verdict(&case), Verdict::Conflict, "{}", case.title);
    }
}

#[test]
fn cut_by_words_two_words_of_one_sentence_are_merged() {
    const WORDS: fn() -> Rule = || Rule::Text(Cut::Words, Overlap::Conflict);
    let case = Case { rules: &[("/text", WORDS)], ..*case("Two words of one sentence") };
    let outcome = ours::run(&case);
    assert_eq!(outcome.verdict(&case), Verdict::BothIn);
    assert_eq!(outcome.shown(&case), "`\"He came home in the snow and said nothing.\"`");
}

#[test]
fn who_is_ours_changes_no_word_but_one() {
    for case in CASES {
        let exchanged = Case { ours: case.theirs, theirs: case.ours, ..*case };
        for (name, run) in SYSTEMS.into_iter().filter(|(name, _)| *name != "git" || git::is_there()) {
            let words = [case, &exchanged].map(|case| run(case).verdict(case));
            if (name, case.title) == ("JSON Merge Patch", "Edited here, removed there") {
                assert_eq!(words, [Verdict::Wrong, Verdict::Lost]);
            } else {
                assert_eq!(words[0], words[1], "{name}: {}", case.title);
            }
        }
    }
}

const ONE_WORD: Case = Case {
    base: Some(r#"{"text":"The sea was calm."}"#),
    ours: Changed {
        json: r#"{"text":"The sea was dark."}"#,
        edits: &[Edit::Text("/text", "The sea was dark.")],
        is_in: |value| has_text(value, "/text", "dark"),
    },
    theirs: Changed {
        json: r#"{"text":"The sea was high."}"#,
        edits: &[Edit::Text("/text", "The sea was high.")],
        is_in: |value| has_text(value, "/text", "high"),
    },
    rules: &[("/text", Rule::prose)],
    shown: "/text",
    texts: &["/text"],
    ..PLAIN
};

#[test]
fn a_word_that_both_replaced_is_a_conflict_here_and_in_automerge_both_words() {
    let told = ours::run(&ONE_WORD);
    assert_eq!(told.verdict(&ONE_WORD), Verdict::Conflict);
    let typed = Case {
        ours: Changed { edits: &[Edit::Splice("/text", 12, 4, "dark")], ..ONE_WORD.ours },
        theirs: Changed { edits: &[Edit::Splice("/text", 12, 4, "high")], ..ONE_WORD.theirs },
        ..ONE_WORD
    };
    for (case, merged) in [(typed, "The sea was highdark."), (ONE_WORD, "The sea was highdrk.")] {
        let told = crdt::run(&case);
        assert!(!told.conflicts);
        assert_eq!(told.value.as_ref().and_then(|value| at(value, "/text")?.as_str()), Some(merged));
    }
}

#[test]
fn automerge_keeps_an_element_that_has_its_place_inside() {
    let case = Case {
        base: Some(r#"{"scenes":[{"place":10,"title":"Inn"},{"place":20,"title":"Sea"}]}"#),
        ours: Changed {
            json: r#"{"scenes":[{"place":10,"title":"The inn"},{"place":20,"title":"Sea"}]}"#,
            edits: &[Edit::Put("/scenes/0/title", r#""The inn""#)],
            is_in: |value| is(value, "/scenes/0/title", r#""The inn""#),
        },
        theirs: Changed {
            json: r#"{"scenes":[{"place":30,"title":"Inn"},{"place":20,"title":"Sea"}]}"#,
            edits: &[Edit::Put("/scenes/0/place", "30")],
            is_in: |value| is(value, "/scenes/0/place", "30"),
        },
        ..PLAIN
    };
    assert_eq!(crdt::run(&case).verdict(&case), Verdict::BothIn);
}

#[test]
fn a_renamed_member_is_a_new_one_for_each_of_them() {
    let case = Case {
        base: Some(r#"{"author":"Ann","name":"Inn"}"#),
        ours: Changed {
            json: r#"{"author":"Ann","name":"The inn"}"#,
            edits: &[Edit::Put("/name", r#""The inn""#)],
            is_in: |value| is(value, "/name", r#""The inn""#) || is(value, "/title", r#""The inn""#),
        },
        theirs: Changed {
            json: r#"{"author":"Ann","title":"Inn"}"#,
            edits: &[Edit::Remove("/name"), Edit::Put("/title", r#""Inn""#)],
            is_in: |value| at(value, "/name").is_none() && at(value, "/title").is_some(),
        },
        ..PLAIN
    };
    for (run, verdict) in [
        (ours::run as fn(&Case) -> Outcome, Verdict::Listed),
        (crdt::run, Verdict::History),
        (merge_patch::run, Verdict::Lost),
    ] {
        let outcome = run(&case);
        assert_eq!(outcome.verdict(&case), verdict);
        assert_eq!(outcome.value, Some(parse(r#"{"author":"Ann","name":"The inn","title":"Inn"}"#)));
    }
}

#[test]
fn git_takes_changes_of_neighbouring_lines_for_a_conflict() {
    if !git::is_there() {
        println!("skipped: git is not installed");
        return;
    }
    let [base, ours, theirs] = [
        r#"{"author":"Ann","title":"Inn"}"#,
        r#"{"author":"Ann","title":"The inn"}"#,
        r#"{"author":"Bea","title":"Inn"}"#,
    ]
    .map(parse);
    assert!(git::merge(Some(&base), &ours, &theirs).conflicts);
    let [base, ours, theirs] = [r#"{"views":10}"#, r#"{"views":11}"#, r#"{"views":12}"#].map(parse);
    assert!(git::merge(Some(&base), &ours, &theirs).conflicts);
}

#[test]
fn a_merge_patch_cannot_tell_null_from_a_removal() {
    let [base, ours] = [r#"{"title":"Inn"}"#, r#"{"title":null}"#].map(parse);
    let patch = merge_patch::patch(&base, &ours);
    assert_eq!(merge_patch::apply(base, &patch), parse("{}"));
}

#[test]
fn a_paragraph_moved_here_and_edited_there_is_a_conflict() {
    let [base, ours, theirs] = [
        "The inn was dark.\n\nThe road was long.\n\nThe sea was calm.\n",
        "The inn was dark and cold.\n\nThe road was long.\n\nThe sea was calm.\n",
        "The road was long.\n\nThe sea was calm.\n\nThe inn was dark.\n",
    ]
    .map(Value::from);
    assert!(!ours::merge_by([("", Rule::prose())], Some(&base), &ours, &theirs).is_clean());
}
