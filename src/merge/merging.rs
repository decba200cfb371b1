//! Where a merge begins: who is the later one, and over which base.

use super::base::MergeBase;
use super::outcome::{Merged, Side, Whose};
use super::policy::Policy;
use super::tree::{Base, Walk};
use crate::fault;
use crate::value::{Budget, Path, Value};
use std::cmp::Ordering;

/// Steps that a merge may take unless it is told otherwise: some tenths of a second at most.
pub const STEPS_DEFAULT: usize = Budget::DEFAULT;

/// Merges two documents that came from one.
///
/// Without a base (`None`) nothing is taken for removed: what either side has stays, and what differs conflicts, unless
/// its rule needs no base.
///
/// The order of the sides changes nothing but who is called `ours`. Costs about as much as reading all three, and
/// comparing texts and arrays that both changed; see [`merge_with`] for the bound.
#[must_use]
pub fn merge(policy: &Policy, base: Option<&Value>, ours: Side<'_>, theirs: Side<'_>) -> Merged {
    merge_with(policy, base, ours, theirs, STEPS_DEFAULT)
}

/// Merges with a bound on the steps that comparing may take; what would need more is a conflict
/// ([`Why::TooMuchWork`](super::Why::TooMuchWork)). Steps, not time: the result is the same on every machine.
#[must_use]
pub fn merge_with(policy: &Policy, base: Option<&Value>, ours: Side<'_>, theirs: Side<'_>, steps: usize) -> Merged {
    let base = base.map_or(Base::Unknown, |base| Base::Known(Some(base)));
    run(policy, base, &[], ours, theirs, steps)
}

/// Merges over a base that [`merge_bases`](super::merge_bases) made of several.
#[must_use]
pub fn merge_over(policy: &Policy, base: &MergeBase, ours: Side<'_>, theirs: Side<'_>) -> Merged {
    let value = base.value.as_ref().map_or(Base::Unknown, |base| Base::Known(Some(base)));
    run(policy, value, &base.unclear, ours, theirs, STEPS_DEFAULT)
}

pub(super) fn run(
    policy: &Policy,
    base: Base<'_>,
    unclear: &[Path],
    ours: Side<'_>,
    theirs: Side<'_>,
    steps: usize,
) -> Merged {
    if ours.value == theirs.value && !policy.counts() {
        let value = ours.value.clone();
        return Merged { value, overwritten: Vec::new(), conflicts: Vec::new(), marked: Vec::new() };
    }
    let text = |side: Side<'_>| side.value.to_canonical().unwrap_or_default();
    let (earlier, later, whose_earlier) = in_order(ours, theirs, |ours, theirs| text(ours).cmp(&text(theirs)));
    let mut walk = Walk::new(unclear, whose_earlier, steps);
    let value = walk.node(&policy.root(), base, Some(earlier.value), Some(later.value));
    // Both are there, and what both have never becomes nothing but by a rule of the application's own.
    walk.finish(value.unwrap_or_default())
}

/// The earlier side, the later one, and whose the earlier one is. Sides at one place are told apart by `compare_texts`.
pub(super) fn in_order<'v, T: ?Sized>(
    ours: Side<'v, T>,
    theirs: Side<'v, T>,
    compare_texts: impl FnOnce(Side<'v, T>, Side<'v, T>) -> Ordering,
) -> (Side<'v, T>, Side<'v, T>, Whose) {
    let is_later = ours.place.cmp(&theirs.place).then_with(|| compare_texts(ours, theirs)).is_gt();
    if is_later || fault::on("merge-order-matters") {
        return (theirs, ours, Whose::Theirs);
    }
    (ours, theirs, Whose::Ours)
}
