//! Merging: two documents that came from one become one again, and nothing is lost in silence.
//!
//! [`merge`] is a pure function with a numbered algorithm: the same values, places and policy give the same result on
//! every device. What both sides changed is decided by a rule, which a [`Policy`] names by path. A value that lost is
//! listed as overwritten, what no rule decides is a conflict with all its sides, and neither is ever left out.
//!
//! ```
//! use draftkeep::Value;
//! use draftkeep::merge::{Place, Policy, Side, merge};
//!
//! let base = Value::parse(br#"{"title":"Inn","tags":["dark"],"text":"It rained. He came."}"#)?;
//! let ours = Value::parse(br#"{"title":"The inn","tags":["dark"],"text":"It rained. He came late."}"#)?;
//! let theirs = Value::parse(br#"{"title":"Inn","tags":["dark","cold"],"text":"It snowed. He came."}"#)?;
//!
//! let side = |value, version| Side { value, place: Place::Local(version) };
//! let policy = Policy::builder().rule("/text", draftkeep::merge::Rule::prose()).build()?;
//! let merged = merge(&policy, Some(&base), side(&ours, 1), side(&theirs, 2));
//! assert!(merged.is_clean() && merged.overwritten.is_empty());
//! assert_eq!(
//!     merged.value.to_canonical()?,
//!     br#"{"tags":["dark","cold"],"text":"It snowed. He came late.","title":"The inn"}"#,
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `outcome`, `rule`, `policy` | what goes in, what comes out, and what is said about it |
//! | `tree` | the walk through three documents, and what each rule does |
//! | `keyed`, `order` | arrays whose elements have names |
//! | `sequence`, `text`, `hunks`, `cut` | arrays without names, texts, and what both are made of |
//! | `scalar`, `set` | counters, extremes, sets |
//! | `base` | one base of several |
//! | `laws` | what every merge keeps to, for tests of your own rules |

mod base;
mod cut;
mod hunks;
mod keyed;
#[cfg(feature = "proptest")]
pub mod laws;
mod order;
mod outcome;
mod policy;
mod rule;
mod scalar;
mod sequence;
mod set;
mod text;
mod tree;

pub use base::{MergeBase, merge_bases};
pub use outcome::{Conflict, Merged, Overwritten, Place, Side, Whose, Why};
pub use policy::{ALGORITHM, Policy, PolicyBuilder, PolicyError};
pub use rule::{Cut, MergeRule, Overlap, Rule};

use crate::fault;
use crate::value::{Budget, Path, Value};
use tree::{Base, Walk};

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
/// ([`Why::TooMuchWork`]). Steps, not time: the result is the same on every machine.
#[must_use]
pub fn merge_with(policy: &Policy, base: Option<&Value>, ours: Side<'_>, theirs: Side<'_>, steps: usize) -> Merged {
    let base = base.map_or(Base::Unknown, |base| Base::Known(Some(base)));
    run(policy, base, &[], ours, theirs, steps)
}

/// Merges over a base that [`merge_bases`] made of several.
#[must_use]
pub fn merge_over(policy: &Policy, base: &MergeBase, ours: Side<'_>, theirs: Side<'_>) -> Merged {
    let value = base.value.as_ref().map_or(Base::Unknown, |base| Base::Known(Some(base)));
    run(policy, value, &base.unclear, ours, theirs, STEPS_DEFAULT)
}

fn run(policy: &Policy, base: Base<'_>, unclear: &[Path], ours: Side<'_>, theirs: Side<'_>, steps: usize) -> Merged {
    if ours.value == theirs.value && !policy.counts() {
        let value = ours.value.clone();
        return Merged { value, overwritten: Vec::new(), conflicts: Vec::new(), marked: Vec::new() };
    }
    let (earlier, later, whose_earlier) =
        if is_later(ours, theirs) { (theirs, ours, Whose::Theirs) } else { (ours, theirs, Whose::Ours) };
    let mut walk = Walk::new(unclear, whose_earlier, steps);
    let value = walk.node(&policy.root(), base, Some(earlier.value), Some(later.value));
    // Both are there, and what both have never becomes nothing but by a rule of the application's own.
    walk.finish(value.unwrap_or_default())
}

/// Whether the first side comes after the second one. They differ.
fn is_later(a: Side<'_>, b: Side<'_>) -> bool {
    if fault::on("merge-order-matters") {
        return true;
    }
    let text = |side: Side<'_>| side.value.to_canonical().unwrap_or_default();
    a.place.cmp(&b.place).then_with(|| text(a).cmp(&text(b))).is_gt()
}
