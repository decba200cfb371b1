//! Three sequences, and which parts of the first one the others changed: what diff3 does, for tokens of any kind.
//!
//! The idea is that of "A Formal Investigation of Diff3" (Khanna, Kunal, Pierce, 2007), with one difference: changes that
//! touch without sharing a token of the base are no conflict.

use crate::value::{Budget, Item, align};
use std::ops::Range;

/// A part of the base and what the two sides made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Neither changed it.
    Kept(Range<usize>),
    /// Both changed it, to the same.
    Same { base: Range<usize>, earlier: Range<usize>, later: Range<usize> },
    /// Only the earlier side changed it.
    Earlier { base: Range<usize>, earlier: Range<usize> },
    /// Only the later side did.
    Later { base: Range<usize>, later: Range<usize> },
    /// Both inserted something at one place of the base.
    Inserted { earlier: Range<usize>, later: Range<usize> },
    /// Both changed it, to something else.
    Both { base: Range<usize>, earlier: Range<usize>, later: Range<usize> },
}

/// A part of the base that one side replaced.
#[derive(Debug, Clone)]
struct Hunk {
    base: Range<usize>,
    side: Range<usize>,
}

/// Cuts three sequences into pieces; `None` where finding out what changed costs too much.
pub(super) fn three_way<T: Item>(base: &[T], earlier: &[T], later: &[T], budget: &mut Budget) -> Option<Vec<Piece>> {
    let (of_earlier, of_later) = (hunks(base, earlier, budget)?, hunks(base, later, budget)?);
    let (mut from_earlier, mut from_later) = (&of_earlier[..], &of_later[..]);
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(mut region) = next_region(from_earlier, from_later) {
        let (mut count_earlier, mut count_later) = (0, 0);
        loop {
            let joins = |hunk: Option<&Hunk>| hunk.is_some_and(|hunk| overlap(&region, &hunk.base));
            if joins(from_earlier.get(count_earlier)) {
                region = hull(&region, &from_earlier[count_earlier].base);
                count_earlier += 1;
            } else if joins(from_later.get(count_later)) {
                region = hull(&region, &from_later[count_later].base);
                count_later += 1;
            } else {
                break;
            }
        }
        if at < region.start {
            pieces.push(Piece::Kept(at..region.start));
        }
        at = region.end;
        let (mine, rest) = from_earlier.split_at(count_earlier);
        from_earlier = rest;
        let (theirs, rest) = from_later.split_at(count_later);
        from_later = rest;
        pieces.push(match (side_range(mine, &region), side_range(theirs, &region)) {
            (Some(a), Some(b)) if earlier[a.clone()] == later[b.clone()] => {
                Piece::Same { base: region, earlier: a, later: b }
            }
            (Some(earlier), Some(later)) if region.is_empty() => Piece::Inserted { earlier, later },
            (Some(earlier), Some(later)) => Piece::Both { base: region, earlier, later },
            (Some(earlier), None) => Piece::Earlier { base: region, earlier },
            (None, Some(later)) => Piece::Later { base: region, later },
            // A region is the hull of at least one hunk.
            (None, None) => Piece::Kept(region),
        });
    }
    if at < base.len() {
        pieces.push(Piece::Kept(at..base.len()));
    }
    Some(pieces)
}

/// What one side replaced, in the order of the base. Two of them never touch.
fn hunks<T: Item>(base: &[T], side: &[T], budget: &mut Budget) -> Option<Vec<Hunk>> {
    let pairs = align(base, side, budget)?;
    let mut hunks = Vec::new();
    let (mut x, mut y) = (0, 0);
    for (at, to) in pairs.into_iter().chain([(base.len(), side.len())]) {
        if x < at || y < to {
            hunks.push(Hunk { base: x..at, side: y..to });
        }
        (x, y) = (at + 1, to + 1);
    }
    Some(hunks)
}

/// Where the next change begins: of two at one place, the insertion comes first.
fn next_region(earlier: &[Hunk], later: &[Hunk]) -> Option<Range<usize>> {
    let first = [earlier.first(), later.first()].into_iter().flatten();
    first.map(|hunk| hunk.base.clone()).min_by_key(|base| (base.start, base.end))
}

/// Whether two ranges share a token, or an insertion lies inside the other range, or both are insertions at one place.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    if a.is_empty() && b.is_empty() { a.start == b.start } else { a.start < b.end && b.start < a.end }
}

fn hull(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.min(b.start)..a.end.max(b.end)
}

/// What a side has in place of a region: its hunks, and what it left between them.
fn side_range(hunks: &[Hunk], region: &Range<usize>) -> Option<Range<usize>> {
    let (first, last) = (hunks.first()?, hunks.last()?);
    Some(first.side.start - (first.base.start - region.start)..last.side.end + (region.end - last.base.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &'static str, earlier: &'static str, later: &'static str) -> String {
        let letters = |text: &'static str| text.split_inclusive(|_| true).collect::<Vec<_>>();
        let (base, earlier, later) = (letters(base), letters(earlier), letters(later));
        let text = |from: &[&str], range: &Range<usize>| from[range.clone()].concat();
        let pieces = three_way(&base, &earlier, &later, &mut Budget::new(Budget::DEFAULT)).unwrap();
        let piece = |piece: &Piece| match piece {
            Piece::Kept(range) => text(&base, range),
            Piece::Earlier { earlier: range, .. } | Piece::Same { earlier: range, .. } => text(&earlier, range),
            Piece::Later { later: range, .. } => text(&later, range),
            Piece::Inserted { earlier: a, later: b } => format!("[{}+{}]", text(&earlier, a), text(&later, b)),
            Piece::Both { base: x, earlier: a, later: b } => {
                format!("[{}:{}|{}]", text(&base, x), text(&earlier, a), text(&later, b))
            }
        };
        pieces.iter().map(piece).collect()
    }

    #[test]
    fn changes_apart_and_changes_that_touch_are_taken_and_overlaps_are_named() {
        for (base, earlier, later, expected) in [
            ("abc", "abc", "abc", "abc"),
            ("abc", "Xbc", "abY", "XbY"),
            ("abcd", "aXcd", "abYd", "aXYd"),
            ("abcd", "aXYcd", "acd", "a[b:XY|]cd"),
            ("abcd", "aXbcd", "abYcd", "aXbYcd"),
            ("abcd", "abXcd", "abYcd", "ab[X+Y]cd"),
            ("abcd", "abXcd", "abXcd", "abXcd"),
            ("abcd", "Xd", "abYcd", "[abc:X|abYc]d"),
            ("abcd", "aXd", "aYcd", "a[bc:X|Yc]d"),
            ("abcd", "aXbcd", "aYcd", "aXYcd"),
            ("ab", "", "ab", ""),
            ("ab", "", "aXb", "[ab:|aXb]"),
            ("", "x", "y", "[x+y]"),
        ] {
            assert_eq!(merged(base, earlier, later), expected, "{base:?} {earlier:?} {later:?}");
        }
    }
}
