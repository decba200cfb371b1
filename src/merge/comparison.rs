//! Two or three texts beside each other: which parts are the same, and who changed the others.

use super::cut;
use super::hunks::{Piece, three_way};
use super::merging::STEPS_DEFAULT;
use super::outcome::Conflict;
use super::rule::Cut;
use crate::value::{Budget, Value};

/// Who made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// The first side alone.
    Ours,
    /// The second side alone.
    Theirs,
    /// Both, and both the same.
    Both,
}

/// What became of a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// The texts are the same here.
    Kept,
    /// It was changed, and nothing speaks against the change.
    Changed(By),
    /// Both sides changed it to something else; without a base, the sides differ.
    Contested,
}

/// A part of the texts that are compared. The parts one behind the other give each of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part<'t> {
    /// What became of it.
    pub kind: PartKind,
    /// What was there before both; `None` where that is not known.
    pub base: Option<&'t str>,
    /// What the first side has there.
    pub ours: &'t str,
    /// What the second side has there.
    pub theirs: &'t str,
}

/// Two texts, and what both came from, cut into parts that are the same, changed by one, or contested.
///
/// It sees changes as a merge of the texts does ([`Rule::Text`](super::Rule::Text)), and goes as deep into all changed
/// lines as the [`Cut`] says, not only into those that both changed. With the cut of the rule, what is contested is what the
/// merge finds contested; a finer cut shows which words of that differ. No part begins inside what people see as one
/// character. Show it [side by side](Self::side_by_side) or [in line](Self::inline).
///
/// ```
/// use draftkeep::merge::{By, Comparison, Cut, PartKind};
///
/// let comparison = Comparison::new(Some("It rained. He came."), "It snowed. He ran.", "It rained. She came.", Cut::Words);
/// let parts = comparison.parts().iter().map(|part| (part.kind, part.ours, part.theirs));
/// assert_eq!(
///     parts.collect::<Vec<_>>(),
///     [
///         (PartKind::Kept, "It ", "It "),
///         (PartKind::Changed(By::Ours), "snowed", "rained"),
///         (PartKind::Kept, ". ", ". "),
///         (PartKind::Changed(By::Theirs), "He", "She"),
///         (PartKind::Kept, " ", " "),
///         (PartKind::Changed(By::Ours), "ran", "came"),
///         (PartKind::Kept, ".", "."),
///     ]
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison<'t> {
    parts: Vec<Part<'t>>,
}

/// Parts of the base, ours and theirs that belong together.
struct Run<'t> {
    kind: PartKind,
    texts: [&'t str; 3],
}

impl<'t> Comparison<'t> {
    /// Compares two texts over what both came from; without that (`None`) all that differs is contested.
    ///
    /// Costs reading the texts and comparing what differs; [`with_steps`](Self::with_steps) has the bound.
    #[must_use]
    pub fn new(base: Option<&'t str>, ours: &'t str, theirs: &'t str, cut: Cut) -> Self {
        Self::with_steps(base, ours, theirs, cut, STEPS_DEFAULT)
    }

    /// Compares with a bound on the steps that this may take. Changed lines for which they do not suffice are a part as
    /// they are; where they do not suffice for the lines, the texts are one part, contested if all of them differ.
    #[must_use]
    pub fn with_steps(base: Option<&'t str>, ours: &'t str, theirs: &'t str, cut: Cut, steps: usize) -> Self {
        // Without a base it is asked what ours changed in theirs.
        let texts = [base.unwrap_or(theirs), ours, theirs];
        let runs = runs(texts, cut, &mut Budget::new(steps)).unwrap_or_else(|| vec![Run { kind: whole(texts), texts }]);
        let named = runs.into_iter().map(|run| match run.kind {
            PartKind::Changed(_) if base.is_none() => Run { kind: PartKind::Contested, ..run },
            _ => run,
        });
        let mut rest = texts;
        let parts = joined(named).into_iter().map(|(kind, lengths)| {
            let [before, ours, theirs] = take(&mut rest, lengths);
            Part { kind, base: base.and(Some(before)), ours, theirs }
        });
        Self { parts: parts.collect() }
    }

    /// The parts, in the order of all texts.
    #[must_use]
    pub fn parts(&self) -> &[Part<'t>] {
        &self.parts
    }
}

impl Conflict {
    /// Compares both sides' texts; `None` where not both of them have a text. As [`Comparison::new`].
    #[must_use]
    pub fn comparison(&self, cut: Cut) -> Option<Comparison<'_>> {
        let [base, ours, theirs] =
            [&self.base, &self.ours, &self.theirs].map(|side| side.as_ref().and_then(Value::as_str));
        Some(Comparison::new(base, ours?, theirs?, cut))
    }
}

/// What became of the texts as a whole.
fn whole([base, ours, theirs]: [&str; 3]) -> PartKind {
    match (ours == base, theirs == base) {
        (true, true) => PartKind::Kept,
        (false, true) => PartKind::Changed(By::Ours),
        (true, false) => PartKind::Changed(By::Theirs),
        (false, false) if ours == theirs => PartKind::Changed(By::Both),
        (false, false) => PartKind::Contested,
    }
}

/// Lines first, then what is inside those that changed; `None` where the lines cost too much.
fn runs<'t>(texts: [&'t str; 3], cut: Cut, budget: &mut Budget) -> Option<Vec<Run<'t>>> {
    if !budget.take(texts.iter().map(|text| text.len()).sum()) {
        return None;
    }
    let inside = match cut {
        Cut::Lines => return cut_by(texts, cut::lines, budget),
        Cut::Prose => cut::sentences,
        Cut::Words => cut::words,
    };
    let mut runs = Vec::new();
    for line in cut_by(texts, cut::lines, budget)? {
        let finer = if line.kind == PartKind::Kept { None } else { cut_by(line.texts, inside, budget) };
        match finer {
            Some(finer) => runs.extend(finer),
            None => runs.push(line),
        }
    }
    Some(runs)
}

fn cut_by<'t>(texts: [&'t str; 3], cut: impl Fn(&'t str) -> Vec<&'t str>, budget: &mut Budget) -> Option<Vec<Run<'t>>> {
    let tokens = texts.map(cut);
    let pieces = three_way(&tokens[0], &tokens[1], &tokens[2], budget)?;
    let mut rest = texts;
    let mut rest_tokens = tokens.each_ref().map(|tokens| tokens.iter());
    let runs = pieces.into_iter().map(|piece| {
        // The sides' tokens lie in the pieces one behind the other, so that it is enough to know how many.
        let (kind, counts) = match piece {
            Piece::Kept(range) => (PartKind::Kept, [range.len(); 3]),
            Piece::Earlier { base, earlier } => (PartKind::Changed(By::Ours), [base.len(), earlier.len(), base.len()]),
            Piece::Later { base, later } => (PartKind::Changed(By::Theirs), [base.len(), base.len(), later.len()]),
            Piece::Same { base, earlier, later } => {
                (PartKind::Changed(By::Both), [base.len(), earlier.len(), later.len()])
            }
            Piece::Inserted { earlier, later } => (PartKind::Contested, [0, earlier.len(), later.len()]),
            Piece::Both { base, earlier, later } => (PartKind::Contested, [base.len(), earlier.len(), later.len()]),
        };
        let mut lengths = [0; 3];
        for ((length, tokens), count) in lengths.iter_mut().zip(&mut rest_tokens).zip(counts) {
            *length = tokens.take(count).map(|token| token.len()).sum();
        }
        Run { kind, texts: take(&mut rest, lengths) }
    });
    Some(runs.collect())
}

/// Cuts so many bytes off the fronts.
fn take<'t>(rest: &mut [&'t str; 3], lengths: [usize; 3]) -> [&'t str; 3] {
    let mut fronts = [""; 3];
    for ((front, rest), length) in fronts.iter_mut().zip(rest).zip(lengths) {
        (*front, *rest) = rest.split_at(length);
    }
    fronts
}

/// A run by its lengths, with what the next one has to know of it.
struct Joined {
    kind: PartKind,
    lengths: [usize; 3],
    is_blank: bool,
    ends_line: bool,
}

impl Joined {
    fn extend(&mut self, next: &Self) {
        self.lengths.iter_mut().zip(next.lengths).for_each(|(length, more)| *length += more);
        self.is_blank &= next.is_blank;
        self.ends_line = next.ends_line;
    }
}

/// Joins neighbours of one kind, and takes the space between two changes of one kind for changed, as long as that is in
/// one line: "one two" → "three four" is one change.
fn joined<'t>(runs: impl Iterator<Item = Run<'t>>) -> Vec<(PartKind, [usize; 3])> {
    let mut joined: Vec<Joined> = Vec::new();
    for Run { kind, texts } in runs.filter(|run| run.texts.iter().any(|text| !text.is_empty())) {
        let next = Joined {
            kind,
            lengths: texts.map(str::len),
            is_blank: texts.iter().all(|text| text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))),
            ends_line: texts.iter().any(|text| text.ends_with('\n')),
        };
        match &mut joined[..] {
            [.., last] if last.kind == kind && (kind == PartKind::Kept || !last.ends_line) => last.extend(&next),
            [.., before, between]
                if before.kind == kind && between.kind == PartKind::Kept && between.is_blank && !before.ends_line =>
            {
                before.extend(between);
                before.extend(&next);
                joined.pop();
            }
            _ => joined.push(next),
        }
    }
    joined.into_iter().map(|run| (run.kind, run.lengths)).collect()
}
