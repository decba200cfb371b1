//! Comparing two documents.

use super::budget::Budget;
use super::change::{Change, Edit};
use super::moves::moves;
use super::pairs::pair_elements;
use super::text::compare_text;
use crate::value::{Array, DEPTH_MAX, Object, Path, Segment, Value};

/// Lists what changed from one document to another; empty if they are equal.
///
/// Members are matched by key; elements of arrays by their `id` where all of both arrays carry a unique one, else by
/// alignment; text is compared by words. [`apply`](super::apply) of the list to `before` gives `after`.
/// The work is bounded by some tenths of a second: what is too different beyond is listed as changed as a whole.
///
/// ```
/// use draftkeep::value::{Value, diff};
///
/// let before = Value::parse(br#"{"title":"The quiet inn","tags":["a"]}"#)?;
/// let after = Value::parse(br#"{"title":"The loud inn","tags":["a","b"]}"#)?;
/// let lines: Vec<String> = diff(&before, &after).iter().map(ToString::to_string).collect();
/// assert_eq!(lines, [r#"+ /tags/1: "b""#, "~ /title: The [-quiet-]{+loud+} inn"]);
/// # Ok::<(), draftkeep::value::ValueError>(())
/// ```
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Vec<Change> {
    diff_with(before, after, Budget::DEFAULT)
}

/// Lists what changed from one document to another, within a number of steps.
///
/// A step is about the comparison of two words. The list is the same on every machine; with fewer steps it is coarser.
#[must_use]
pub fn diff_with(before: &Value, after: &Value, steps: usize) -> Vec<Change> {
    let mut comparison = Comparison { budget: Budget::new(steps), path: Path::root(), changes: Vec::new() };
    comparison.values(before, after);
    comparison.changes
}

struct Comparison {
    budget: Budget,
    path: Path,
    changes: Vec<Change>,
}

impl Comparison {
    fn values(&mut self, before: &Value, after: &Value) {
        if before == after {
            return;
        }
        let listed = self.changes.len();
        let inside = self.path.segments().len() < DEPTH_MAX
            && self.budget.take(1)
            && match (before, after) {
                (Value::Object(before), Value::Object(after)) => {
                    self.objects(before, after);
                    true
                }
                (Value::Array(before), Value::Array(after)) => self.arrays(before, after),
                (Value::String(before), Value::String(after)) => self.texts(before, after),
                _ => false,
            };
        if !inside {
            self.changes.truncate(listed);
            self.push(Edit::Changed { before: before.clone(), after: after.clone() });
        }
    }

    fn objects(&mut self, before: &Object, after: &Object) {
        for (key, value) in before.iter().filter(|(key, _)| !after.contains_key(key)) {
            self.at(key, |this| this.push(Edit::Removed(value.clone())));
        }
        for (key, value) in after.iter() {
            self.at(key, |this| match before.get(key) {
                Some(before) => this.values(before, value),
                None => this.push(Edit::Added(value.clone())),
            });
        }
    }

    /// Removals from the end, then moves, then additions from the front, then what changed inside: so each index is right
    /// when its change is applied. `false` if the budget does not suffice.
    fn arrays(&mut self, before: &Array, after: &Array) -> bool {
        if !self.budget.take(before.len().saturating_add(after.len())) {
            return false;
        }
        let pairs = pair_elements(before, after, &mut self.budget);
        let order: Vec<usize> = pairs.iter().map(|(_, to)| *to).collect();
        let Some(moves) = moves(&order, &mut self.budget) else { return false };
        for (index, value) in before.iter().enumerate().rev() {
            if pairs.binary_search_by_key(&index, |(from, _)| *from).is_err() {
                self.at(index, |this| this.push(Edit::Removed(value.clone())));
            }
        }
        for step in moves {
            self.at(step.to, |this| this.push(Edit::Moved { from: step.from }));
        }
        let mut origins: Vec<Option<usize>> = vec![None; after.len()];
        for (from, to) in &pairs {
            origins[*to] = Some(*from);
        }
        for (index, value) in after.iter().enumerate().filter(|(index, _)| origins[*index].is_none()) {
            self.at(index, |this| this.push(Edit::Added(value.clone())));
        }
        for (index, (value, origin)) in after.iter().zip(&origins).enumerate() {
            if let Some(origin) = origin.and_then(|origin| before.get(origin)) {
                self.at(index, |this| this.values(origin, value));
            }
        }
        true
    }

    fn texts(&mut self, before: &str, after: &str) -> bool {
        let spans = compare_text(before, after, &mut self.budget);
        spans.is_some_and(|spans| {
            self.push(Edit::Text(spans));
            true
        })
    }

    fn at(&mut self, segment: impl Into<Segment>, run: impl FnOnce(&mut Self)) {
        self.path.push(segment);
        run(self);
        self.path.pop();
    }

    fn push(&mut self, edit: Edit) {
        self.changes.push(Change { path: self.path.clone(), edit });
    }
}
