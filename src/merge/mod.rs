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
//! | `merging`, `json` | where a merge begins: of values, of bytes |
//! | `outcome`, `rule`, `policy` | what goes in, what comes out, and what is said about it |
//! | `tree` | the walk through three documents, and what each rule does |
//! | `splice` | the same walk through their bytes, which reads only what both sides changed |
//! | `keyed`, `order` | arrays whose elements have names |
//! | `sequence`, `text`, `hunks`, `cut` | arrays without names, texts, and what both are made of |
//! | `scalar`, `set` | counters, extremes, sets |
//! | `base` | one base of several |
//! | `passage` | what of a text or an array is contested |
//! | `resolution`, `patch`, `both` | deciding conflicts, and what that makes of the document |
//! | `comparison`, `views` | two or three texts beside each other, for people |
//! | `laws` | what every merge keeps to, for tests of your own rules |

mod base;
mod both;
mod comparison;
mod cut;
mod hunks;
mod json;
mod keyed;
#[cfg(feature = "proptest")]
pub mod laws;
mod merging;
mod order;
mod outcome;
mod passage;
mod patch;
mod policy;
mod resolution;
mod rule;
mod scalar;
mod sequence;
mod set;
mod splice;
mod text;
mod tree;
mod views;

pub use base::{MergeBase, merge_bases};
pub use comparison::{By, Comparison, Part, PartKind};
pub use json::{JsonError, merge_json, merge_json_over};
pub use merging::{STEPS_DEFAULT, merge, merge_over, merge_with};
pub use outcome::{Conflict, Merged, Overwritten, Place, Side, Whose, Why};
pub use passage::Passage;
pub use policy::{ALGORITHM, Policy, PolicyBuilder, PolicyError};
pub use resolution::{Choice, ChoiceError, Resolution, Unresolved};
pub use rule::{Cut, MergeRule, Overlap, Rule};
pub use views::{Mark, Row, Span, Which};
