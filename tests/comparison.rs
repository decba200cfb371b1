//! Goal: what a person is shown of two or three texts is these texts, and what a merge makes of them.
//! Method: properties over random texts and budgets, against the texts themselves, the merge and Unicode's characters.

#[path = "common/search.rs"]
mod search;

use draftkeep::Value;
use draftkeep::merge::{
    By, Comparison, Cut, Mark, Overlap, Part, PartKind, Place, Policy, Row, Rule, Side, Span, Which, Why, merge,
};
use proptest::prelude::*;
use search::search;
use std::cell::Cell;
use unicode_segmentation::UnicodeSegmentation;

/// A text that two sides edited: words, signs, lines, and characters of several code points.
fn texts() -> impl Strategy<Value = [String; 3]> {
    let piece = || {
        prop_oneof![
            4 => "[a-c]{1,2}",
            3 => Just(" ".to_owned()),
            1 => Just("\n".to_owned()),
            1 => "[,.!?] ?",
            2 => prop::sample::select(vec!["\r\n", "\t", "今日。", "가", "e\u{301}", "👩\u{200d}👧", "🇩🇪", "\u{600}", "\u{301}"])
                .prop_map(str::to_owned),
        ]
    };
    let edits = |most| proptest::collection::vec((any::<prop::sample::Index>(), 0..3_u8, piece()), 0..most);
    // What both changed alike comes first.
    (proptest::collection::vec(piece(), 0..24), edits(3), edits(5), edits(5)).prop_map(|(base, both, ours, theirs)| {
        let edit = |edits: Vec<(prop::sample::Index, u8, String)>| {
            let mut pieces = base.clone();
            for (place, how, new) in both.iter().cloned().chain(edits) {
                let at = place.index(pieces.len() + 1);
                match (how, at < pieces.len()) {
                    (0, true) => drop(pieces.remove(at)),
                    (1, true) => pieces[at] = new,
                    _ => pieces.insert(at, new),
                }
            }
            pieces.concat()
        };
        [base.concat(), edit(ours), edit(theirs)]
    })
}

fn cuts() -> impl Strategy<Value = Cut> {
    prop::sample::select(vec![Cut::Lines, Cut::Prose, Cut::Words])
}

/// Now and then with too few steps for all of it, and without the base.
fn cases() -> impl Strategy<Value = ([String; 3], bool, Cut, usize)> {
    (texts(), prop::bool::weighted(0.8), cuts(), prop_oneof![3 => Just(1_000_000), 1 => 0..400_usize])
}

fn is_true(part: &Part<'_>) -> bool {
    let Part { kind, base, ours, theirs, .. } = *part;
    match (kind, base) {
        (PartKind::Kept, base) => ours == theirs && base.is_none_or(|base| base == ours),
        (PartKind::Changed(By::Ours), Some(base)) => theirs == base && ours != base,
        (PartKind::Changed(By::Theirs), Some(base)) => ours == base && theirs != base,
        (PartKind::Changed(By::Both), Some(base)) => ours == theirs && ours != base,
        (PartKind::Changed(_), None) => false,
        (PartKind::Contested, Some(base)) => ours != base && theirs != base,
        (PartKind::Contested, None) => ours != theirs,
    }
}

/// The text of one of the three, as the parts have it.
fn text_of(parts: &[Part<'_>], which: Which) -> Vec<String> {
    let text = |part: &Part<'_>| match which {
        Which::Base => part.base.unwrap_or_default().to_owned(),
        Which::Ours => part.ours.to_owned(),
        Which::Theirs => part.theirs.to_owned(),
    };
    parts.iter().map(text).collect()
}

#[test]
fn the_parts_are_the_texts_and_begin_where_a_character_begins() {
    let kinds = Cell::new([0_u32; 3]);
    search("parts", &cases(), |([base, ours, theirs], has_base, cut, steps)| {
        let comparison = Comparison::with_steps(has_base.then_some(&*base), &ours, &theirs, cut, steps);
        let parts = comparison.parts();
        prop_assert!(parts.iter().all(is_true), "{:?}", parts);
        prop_assert!(parts.iter().all(|part| part.base.is_some() == has_base));
        for (text, which) in [(&base, Which::Base), (&ours, Which::Ours), (&theirs, Which::Theirs)] {
            if which == Which::Base && !has_base {
                continue;
            }
            let pieces = text_of(parts, which);
            prop_assert_eq!(&pieces.concat(), text);
            let mut borders: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            borders.push(text.len());
            let mut at = 0;
            for piece in pieces {
                prop_assert!(borders.contains(&at), "cut at {} of {:?}: {:?}", at, text, parts);
                at += piece.len();
            }
        }
        let has = |kind: PartKind| u32::from(parts.iter().any(|part| part.kind == kind));
        let [one, both, contested] = kinds.get();
        kinds.set([
            one + has(PartKind::Changed(By::Ours)),
            both + has(PartKind::Changed(By::Both)),
            contested + has(PartKind::Contested),
        ]);
        Ok(())
    });
    assert!(kinds.get().iter().all(|met| *met > 500), "{:?}", kinds.get());
}

#[test]
fn the_parts_are_what_a_merge_takes_together() {
    let conflicting = Cell::new(0_u32);
    search("merged parts", &(texts(), cuts()), |([base, ours, theirs], cut)| {
        let policy = Policy::builder().rule("", Rule::Text(cut, Overlap::Conflict)).build().unwrap();
        let [before, mine, other] = [&base, &ours, &theirs].map(|text| Value::from(text.as_str()));
        let side = |value, version| Side { value, place: Place::Local(version) };
        let merged = merge(&policy, Some(&before), side(&mine, 1), side(&other, 2));
        let comparison = Comparison::new(Some(&base), &ours, &theirs, cut);
        let read = |part: &Part<'_>| match part.kind {
            PartKind::Kept | PartKind::Changed(By::Ours | By::Both) => part.ours.to_owned(),
            PartKind::Changed(By::Theirs) | PartKind::Contested => part.theirs.to_owned(),
        };
        let together: String = comparison.parts().iter().map(read).collect();
        prop_assert_eq!(Some(together.as_str()), merged.value.as_str());
        let is_contested = comparison.parts().iter().any(|part| part.kind == PartKind::Contested);
        prop_assert_eq!(is_contested, merged.conflicts.iter().any(|conflict| conflict.why == Why::Overlap));
        if let [conflict] = &merged.conflicts[..] {
            prop_assert_eq!(conflict.comparison(cut), Some(comparison));
            conflicting.set(conflicting.get() + 1);
        }
        Ok(())
    });
    assert!(conflicting.get() > 2_000, "{conflicting:?}");
}

#[test]
fn each_view_has_the_texts_byte_for_byte() {
    search("views", &cases(), |([base, ours, theirs], has_base, cut, steps)| {
        let comparison = Comparison::with_steps(has_base.then_some(&*base), &ours, &theirs, cut, steps);
        let (rows, inline) = (comparison.side_by_side(), comparison.inline());
        prop_assert!(inline.iter().all(|span| !span.text.is_empty()));
        for (text, which) in [(&base, Which::Base), (&ours, Which::Ours), (&theirs, Which::Theirs)] {
            if which != Which::Base || has_base {
                let read: String = inline.iter().filter(|span| span.mark.is_in(which)).map(|span| span.text).collect();
                prop_assert_eq!(&read, text);
            }
        }
        let ours_cells: Vec<_> = rows.iter().map(|row| &row.ours).collect();
        let theirs_cells: Vec<_> = rows.iter().map(|row| &row.theirs).collect();
        for (cells, text, which) in [(ours_cells, &ours, Which::Ours), (theirs_cells, &theirs, Which::Theirs)] {
            let lines: Vec<String> = cells.into_iter().flatten().map(|cell| line(cell, which)).collect();
            prop_assert_eq!(lines, text.split_inclusive('\n').collect::<Vec<_>>(), "{:?}", rows);
        }
        prop_assert!(rows.iter().all(|row| row.ours.is_some() || row.theirs.is_some()));
        Ok(())
    });
}

/// The text of a cell, all of which has to be in that side's text.
fn line(cell: &[Span<'_>], which: Which) -> String {
    assert!(cell.iter().all(|span| span.mark.is_in(which) && !span.text.is_empty()), "{cell:?}");
    cell.iter().map(|span| span.text).collect()
}

/// Rows as a person writes them down: what is contested or new in brackets, `-` for what the other side took out.
fn drawn(rows: &[Row<'_>]) -> Vec<[String; 2]> {
    let span = |span: &Span<'_>| match span.mark {
        Mark::Kept => span.text.to_owned(),
        Mark::Added(_) => format!("[+{}]", span.text),
        Mark::Removed(_) => format!("[-{}]", span.text),
        Mark::Contested(_) => format!("[!{}]", span.text),
    };
    let cell = |cell: &Option<Vec<Span<'_>>>| {
        cell.as_ref()
            .map_or_else(|| "…".to_owned(), |spans| spans.iter().map(span).collect::<String>().replace('\n', "⏎"))
    };
    rows.iter().map(|row| [cell(&row.ours), cell(&row.theirs)]).collect()
}

#[test]
fn what_is_the_same_stands_in_one_row() {
    let base = "The inn.\nHe came late.\nIt rained.\nAll slept.\n";
    let ours = "The inn.\nHe came early.\nHe sat down.\nIt rained.\nAll slept well.\n";
    let theirs = "The old inn.\nHe came at ten.\nIt rained.\n";
    let comparison = Comparison::new(Some(base), ours, theirs, Cut::Words);
    assert_eq!(
        drawn(&comparison.side_by_side()),
        [
            ["The inn.⏎", "The [+old ]inn.⏎"],
            ["He came [!early.⏎]", "He came [!at ten].⏎"],
            ["[!He sat down].⏎", "…"],
            ["It rained.⏎", "It rained.⏎"],
            ["[!All slept well.⏎]", "…"],
        ]
    );
    // Without what was there before, all that differs is contested.
    let comparison = Comparison::new(None, "one\ntwo\n", "one\nzwo\nthree", Cut::Lines);
    assert_eq!(drawn(&comparison.side_by_side()), [["one⏎", "one⏎"], ["[!two⏎]", "[!zwo⏎]"], ["…", "[!three]"]]);
}

#[test]
fn words_that_were_all_replaced_are_one_change() {
    let comparison = Comparison::new(Some("one two three"), "four five three", "one two three", Cut::Words);
    let spans: Vec<_> = comparison.inline().iter().map(|span| (span.text, span.mark)).collect();
    let ours = By::Ours;
    assert_eq!(spans, [("one two", Mark::Removed(ours)), ("four five", Mark::Added(ours)), (" three", Mark::Kept)]);
}

#[test]
fn what_costs_too_much_is_one_contested_part() {
    let text = |word: &str| (0..2_000).map(|at| format!("{word}{at}\n")).collect::<String>();
    let (base, ours, theirs) = (text("a"), text("b"), text("c"));
    let comparison = Comparison::with_steps(Some(&base), &ours, &theirs, Cut::Words, 50_000);
    let kinds: Vec<_> = comparison.parts().iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [PartKind::Contested]);
    // Who changed what is clear without comparing.
    let comparison = Comparison::with_steps(Some(&base), &base, &theirs, Cut::Words, 0);
    let kinds: Vec<_> = comparison.parts().iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [PartKind::Changed(By::Theirs)]);
}
