//! A comparison as a person reads it: in two columns, or as one text.

use super::comparison::{By, Comparison, Part, PartKind};

/// One of the texts of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// What both came from.
    Base,
    /// The first side.
    Ours,
    /// The second side.
    Theirs,
}

/// What is to be shown about a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It is in all texts.
    Kept,
    /// It is new.
    Added(By),
    /// It was in the base, and is in the other side's text, unless both removed it.
    Removed(By),
    /// It is what this text has in a contested part.
    Contested(Which),
}

impl Mark {
    /// Whether what is marked so is in a text.
    #[must_use]
    pub const fn is_in(self, which: Which) -> bool {
        let [base, ours, theirs] = match self {
            Self::Kept => [true, true, true],
            Self::Added(By::Ours) | Self::Contested(Which::Ours) => [false, true, false],
            Self::Added(By::Theirs) | Self::Contested(Which::Theirs) => [false, false, true],
            Self::Added(By::Both) => [false, true, true],
            Self::Removed(By::Ours) => [true, false, true],
            Self::Removed(By::Theirs) => [true, true, false],
            Self::Removed(By::Both) | Self::Contested(Which::Base) => [true, false, false],
        };
        match which {
            Which::Base => base,
            Which::Ours => ours,
            Which::Theirs => theirs,
        }
    }
}

/// A piece of text, and what is to be shown about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span<'t> {
    /// The text; never empty.
    pub text: &'t str,
    /// What is to be shown about it.
    pub mark: Mark,
}

/// A line of ours beside a line of theirs, with their ends. `None` where a side has no line that belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row<'t> {
    /// The first side's line.
    pub ours: Option<Vec<Span<'t>>>,
    /// The second side's line.
    pub theirs: Option<Vec<Span<'t>>>,
}

impl<'t> Comparison<'t> {
    /// Both sides in two columns: what is the same stands in one row, and changed lines beside what they replace.
    ///
    /// All ours one below the other is the first side's text, byte for byte, and all theirs the second side's.
    ///
    /// ```
    /// use draftkeep::merge::{Comparison, Cut};
    ///
    /// let comparison = Comparison::new(Some("one\nthree\n"), "one\ntwo\nthree\n", "one\n3\n", Cut::Words);
    /// let text = |cell: &Option<Vec<_>>| cell.iter().flatten().map(|span: &draftkeep::merge::Span| span.text).collect();
    /// let rows: Vec<[String; 2]> = comparison.side_by_side().iter().map(|row| [text(&row.ours), text(&row.theirs)]).collect();
    /// assert_eq!(rows, [["one\n", "one\n"], ["two\n", ""], ["three\n", "3\n"]]);
    /// ```
    #[must_use]
    pub fn side_by_side(&self) -> Vec<Row<'t>> {
        let mut columns = Columns::default();
        for part in self.parts() {
            if part.kind == PartKind::Kept {
                for text in part.ours.split_inclusive('\n') {
                    let span = Span { text, mark: Mark::Kept };
                    columns.push(span);
                    columns.end_rows();
                }
            } else {
                spans(part).for_each(|span| columns.push(span));
                columns.end_rows();
            }
        }
        columns.finish()
    }

    /// All texts as one, in reading order: of a change first what is gone, then what is new; of a contested part what was
    /// there, then ours, then theirs.
    ///
    /// The spans whose mark [is in](Mark::is_in) one of the texts are that text, byte for byte.
    ///
    /// ```
    /// use draftkeep::merge::{By, Comparison, Cut, Mark};
    ///
    /// let comparison = Comparison::new(Some("It rained."), "It snowed.", "It rained.", Cut::Words);
    /// let spans: Vec<_> = comparison.inline().iter().map(|span| (span.text, span.mark)).collect();
    /// let (removed, added) = (Mark::Removed(By::Ours), Mark::Added(By::Ours));
    /// assert_eq!(spans, [("It ", Mark::Kept), ("rained", removed), ("snowed", added), (".", Mark::Kept)]);
    /// ```
    #[must_use]
    pub fn inline(&self) -> Vec<Span<'t>> {
        self.parts().iter().flat_map(spans).collect()
    }
}

/// What is to be shown of a part, in reading order.
fn spans<'t>(part: &Part<'t>) -> impl Iterator<Item = Span<'t>> {
    let &Part { kind, base, ours, theirs, .. } = part;
    let base = base.unwrap_or_default();
    let marked = match kind {
        PartKind::Kept => [(ours, Mark::Kept), ("", Mark::Kept), ("", Mark::Kept)],
        PartKind::Changed(by) => {
            let new = if by == By::Theirs { theirs } else { ours };
            [(base, Mark::Removed(by)), (new, Mark::Added(by)), ("", Mark::Kept)]
        }
        PartKind::Contested => [
            (base, Mark::Contested(Which::Base)),
            (ours, Mark::Contested(Which::Ours)),
            (theirs, Mark::Contested(Which::Theirs)),
        ],
    };
    marked.into_iter().filter(|(text, _)| !text.is_empty()).map(|(text, mark)| Span { text, mark })
}

/// One side's lines since the last row that both had ended.
#[derive(Default)]
struct Column<'t> {
    lines: Vec<Vec<Span<'t>>>,
    /// Whether the last of them goes on.
    is_open: bool,
}

impl<'t> Column<'t> {
    fn push(&mut self, span: Span<'t>) {
        for text in span.text.split_inclusive('\n') {
            let span = Span { text, mark: span.mark };
            match self.lines.last_mut() {
                Some(line) if self.is_open => line.push(span),
                _ => self.lines.push(vec![span]),
            }
            self.is_open = !text.ends_with('\n');
        }
    }
}

#[derive(Default)]
struct Columns<'t> {
    ours: Column<'t>,
    theirs: Column<'t>,
    rows: Vec<Row<'t>>,
}

impl<'t> Columns<'t> {
    fn push(&mut self, span: Span<'t>) {
        for (column, which) in [(&mut self.ours, Which::Ours), (&mut self.theirs, Which::Theirs)] {
            if span.mark.is_in(which) {
                column.push(span);
            }
        }
    }

    /// Where both sides have ended a line, what follows begins in one row.
    fn end_rows(&mut self) {
        if !self.ours.is_open && !self.theirs.is_open {
            let mut ours = std::mem::take(&mut self.ours.lines).into_iter();
            let mut theirs = std::mem::take(&mut self.theirs.lines).into_iter();
            loop {
                match (ours.next(), theirs.next()) {
                    (None, None) => break,
                    (ours, theirs) => self.rows.push(Row { ours, theirs }),
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Row<'t>> {
        (self.ours.is_open, self.theirs.is_open) = (false, false);
        self.end_rows();
        self.rows
    }
}
