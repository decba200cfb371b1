//! Differences inside text, by words.

use unicode_segmentation::UnicodeSegmentation;

use super::align::align;
use super::budget::Budget;
use super::change::Span;

/// Compares two texts by words; `None` if nothing worth keeping is common or the budget does not suffice.
///
/// Words and what is between them are cut as Unicode Standard Annex #29 has it, so no character that people see is cut.
pub(super) fn compare_text(before: &str, after: &str, budget: &mut Budget) -> Option<Vec<Span>> {
    if !budget.take(before.len().saturating_add(after.len())) {
        return None;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (before.split_word_bounds().collect(), after.split_word_bounds().collect());
    let pairs = align(&a, &b, budget)?;
    if !pairs.iter().any(|(at, _)| a[*at].chars().any(char::is_alphanumeric)) {
        return None;
    }
    let mut spans = Spans::default();
    let (mut x, mut y) = (0, 0);
    for (at, to) in pairs.into_iter().chain([(a.len(), b.len())]) {
        spans.changed(&a[x..at], &b[y..to]);
        if let Some(token) = a.get(at) {
            spans.kept(token);
        }
        (x, y) = (at + 1, to + 1);
    }
    Some(spans.finish())
}

/// Joins neighbouring pieces, and takes white space between two changes as changed: "one two" → "three four" is one change.
#[derive(Default)]
struct Spans {
    done: Vec<Span>,
    removed: String,
    added: String,
    kept: String,
}

impl Spans {
    fn changed(&mut self, removed: &[&str], added: &[&str]) {
        if removed.is_empty() && added.is_empty() {
            return;
        }
        let changing = !self.removed.is_empty() || !self.added.is_empty();
        if changing && self.kept.chars().all(char::is_whitespace) {
            self.removed.push_str(&self.kept);
            self.added.push_str(&self.kept);
            self.kept.clear();
        } else {
            self.flush();
        }
        self.removed.extend(removed.iter().copied());
        self.added.extend(added.iter().copied());
    }

    fn kept(&mut self, token: &str) {
        self.kept.push_str(token);
    }

    fn flush(&mut self) {
        let parts = [
            (&mut self.removed, Span::Removed as fn(String) -> Span),
            (&mut self.added, Span::Added),
            (&mut self.kept, Span::Kept),
        ];
        for (text, span) in parts {
            if !text.is_empty() {
                self.done.push(span(std::mem::take(text)));
            }
        }
    }

    fn finish(mut self) -> Vec<Span> {
        self.flush();
        self.done
    }
}
