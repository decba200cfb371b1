//! Texts.

use super::cut;
use super::hunks::{Piece, three_way};
use super::outcome::Why;
use super::passage::Passage;
use super::rule::{Cut, Overlap};
use super::tree::{Base, Walk};
use crate::value::Value;

pub(super) fn merge(
    walk: &mut Walk<'_>,
    (cut, overlap): (Cut, Overlap),
    base: Base<'_>,
    earlier: &str,
    later: &str,
) -> Value {
    let conflict = |walk: &mut Walk<'_>, why| walk.conflicting(base, &Value::from(earlier), &Value::from(later), why);
    let Some(before) = base.value().and_then(Value::as_str) else {
        return conflict(walk, Why::NoBase);
    };
    let mut text = Text { cut, overlap, merged: String::new(), overlaps: false, passages: Vec::new() };
    if text.lines(walk, before, earlier, later).is_none() {
        return conflict(walk, Why::TooMuchWork);
    }
    match (text.overlaps, overlap) {
        (false, _) => {}
        (true, Overlap::Conflict) => walk.overlapping(base, earlier.into(), later.into(), text.passages),
        (true, Overlap::KeepBoth) => walk.marked(),
    }
    Value::from(text.merged)
}

/// A merged text as far as it has come.
struct Text {
    cut: Cut,
    overlap: Overlap,
    merged: String,
    overlaps: bool,
    /// Where that is a conflict. Ours is the earlier side's.
    passages: Vec<Passage>,
}

impl Text {
    /// Merges by lines; `None` where that costs too much.
    fn lines(&mut self, walk: &mut Walk<'_>, base: &str, earlier: &str, later: &str) -> Option<()> {
        if !walk.budget.take(base.len() + earlier.len() + later.len()) {
            return None;
        }
        self.pieces(walk, base, earlier, later, cut::lines, |text, walk, base, earlier, later| match text.cut {
            Cut::Lines => {
                text.overlap(base, earlier, later);
                Some(())
            }
            Cut::Prose => text.inside(walk, base, earlier, later, cut::sentences),
            Cut::Words => text.inside(walk, base, earlier, later, cut::words),
        })
    }

    fn inside(
        &mut self,
        walk: &mut Walk<'_>,
        base: &str,
        earlier: &str,
        later: &str,
        cut: impl Fn(&str) -> Vec<&str>,
    ) -> Option<()> {
        self.pieces(walk, base, earlier, later, cut, |text, _, base, earlier, later| {
            text.overlap(base, earlier, later);
            Some(())
        })
    }

    /// Takes over what is clear, and hands what both changed to `finer`.
    fn pieces(
        &mut self,
        walk: &mut Walk<'_>,
        base: &str,
        earlier: &str,
        later: &str,
        cut: impl Fn(&str) -> Vec<&str>,
        finer: impl Fn(&mut Self, &mut Walk<'_>, &str, &str, &str) -> Option<()>,
    ) -> Option<()> {
        let (base, earlier, later) = (cut(base), cut(earlier), cut(later));
        for piece in three_way(&base, &earlier, &later, &mut walk.budget)? {
            match piece {
                Piece::Kept(range) => self.merged.extend(base[range].iter().copied()),
                Piece::Earlier { earlier: range, .. } | Piece::Same { earlier: range, .. } => {
                    self.merged.extend(earlier[range].iter().copied());
                }
                Piece::Later { later: range, .. } => self.merged.extend(later[range].iter().copied()),
                Piece::Inserted { earlier: a, later: b } => self.overlap("", &earlier[a].concat(), &later[b].concat()),
                Piece::Both { base: x, earlier: a, later: b } => {
                    finer(self, walk, &base[x].concat(), &earlier[a].concat(), &later[b].concat())?;
                }
            }
        }
        Some(())
    }

    /// Both have something else for one passage.
    fn overlap(&mut self, base: &str, earlier: &str, later: &str) {
        self.overlaps = true;
        if self.overlap == Overlap::Conflict {
            let start = self.merged.len();
            self.merged.push_str(later);
            let place = start..self.merged.len();
            self.passages.push(Passage { place, base: base.into(), ours: earlier.into(), theirs: later.into() });
            return;
        }
        let is_lines = |text: &str| text.is_empty() || text.ends_with('\n');
        let begins_line = self.merged.is_empty() || self.merged.ends_with('\n');
        let end = if begins_line && is_lines(earlier) && is_lines(later) { "\n" } else { "" };
        for part in ["⟦", end, earlier, "⟧⟦", end, later, "⟧", end] {
            self.merged.push_str(part);
        }
    }
}
