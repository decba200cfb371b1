//! The parts of a text or an array that both sides changed, inside a conflict about the whole of it.

use crate::value::Value;
use std::ops::Range;

/// A passage of a text, or a run of elements of an array, that both sides changed to something else.
///
/// All that stands outside of the passages of a [`Conflict`](super::Conflict) is merged already. `base`, `ours` and
/// `theirs` are texts where the conflict is about a text, and arrays where it is about an array; one that is empty says
/// that nothing stands there, never that it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passage {
    /// Where in the merged text, in bytes, or in the merged array, in elements: what the later side has there. It is
    /// empty where that side removed the passage. The passages of a conflict are in order and share nothing.
    pub place: Range<usize>,
    /// What stood there before both.
    pub base: Value,
    /// What the first side has there.
    pub ours: Value,
    /// What the second side has there.
    pub theirs: Value,
}

impl Passage {
    /// Calls each side by the other's name.
    pub(super) const fn turn(&mut self) {
        std::mem::swap(&mut self.ours, &mut self.theirs);
    }
}
