//! draftkeep, with the rules that the case names.

use crate::cases::Case;
use crate::outcome::{Outcome, with};
use draftkeep::Value;
use draftkeep::merge::{Merged, Place, Policy, Rule, Side, merge};

pub(crate) fn run(case: &Case) -> Outcome {
    let rules = case.rules.iter().map(|(path, rule)| (*path, rule()));
    let merged = merge_by(rules, case.base().as_ref(), &case.ours.value(), &case.theirs.value());
    let overwritten = merged.overwritten.iter().map(|one| with(&merged.value, &one.path, one.dropped.as_ref()));
    let sides =
        |one: &draftkeep::merge::Conflict| [one.ours.clone(), one.theirs.clone()].map(|side| (one.path.clone(), side));
    let conflicting =
        merged.conflicts.iter().flat_map(sides).map(|(path, side)| with(&merged.value, &path, side.as_ref()));
    let reported = overwritten.chain(conflicting).collect();
    let conflicts = !merged.is_clean();
    Outcome { value: Some(merged.value), told: None, conflicts, reported, history: Vec::new() }
}

/// Ours is the later side, as where JSON Merge Patch is applied.
pub(crate) fn merge_by<'r>(
    rules: impl IntoIterator<Item = (&'r str, Rule)>,
    base: Option<&Value>,
    ours: &Value,
    theirs: &Value,
) -> Merged {
    let builder = rules.into_iter().fold(Policy::builder(), |builder, (path, rule)| builder.rule(path, rule));
    let policy = builder.build().expect("the rules are a policy");
    let side = |value, place| Side { value, place: Place::Hub(place) };
    merge(&policy, base, side(ours, 2), side(theirs, 1))
}
