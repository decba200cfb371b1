//! One base of several.

use super::merging::{STEPS_DEFAULT, run};
use super::outcome::{Place, Side};
use super::policy::Policy;
use super::tree::Base;
use crate::value::{Path, Segment, Value};

/// What two documents came from, where that is more than one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeBase {
    pub(super) value: Option<Value>,
    pub(super) unclear: Vec<Path>,
}

impl MergeBase {
    /// The base as one document; `None` where there is none.
    #[must_use]
    pub const fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// Where the ancestors themselves conflict, so that nobody can say what was there before: what differs there is
    /// treated as without a base.
    #[must_use]
    pub fn unclear(&self) -> &[Path] {
        &self.unclear
    }
}

/// Makes one base of several latest common ancestors, as git's recursive strategy does: they are merged with each other,
/// over what they themselves came from (`below`, where that is known).
///
/// The order of the ancestors changes nothing. None at all is no base.
#[must_use]
pub fn merge_bases(policy: &Policy, ancestors: &[&Value], below: Option<&Value>) -> MergeBase {
    let mut sorted: Vec<(Vec<u8>, &Value)> =
        ancestors.iter().map(|value| (value.to_canonical().unwrap_or_default(), *value)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    sorted.dedup_by(|a, b| a.0 == b.0);
    let mut values = sorted.into_iter().map(|(_, value)| value);
    let Some(first) = values.next() else { return MergeBase { value: None, unclear: Vec::new() } };
    let mut merged = MergeBase { value: Some(first.clone()), unclear: Vec::new() };
    for next in values {
        if crate::fault::on("merge-over-one-ancestor") {
            break;
        }
        let Some(so_far) = merged.value.take() else { break };
        let side = |value| Side { value, place: Place::Hub(0) };
        let over = below.map_or(Base::Unknown, |below| Base::Known(Some(below)));
        let step = run(policy, over, &merged.unclear, side(&so_far), side(next), STEPS_DEFAULT);
        // What was overwritten is as unclear: one ancestor had it, the other one had not.
        let doubts = step.conflicts.iter().map(|conflict| &conflict.path);
        let doubts = doubts.chain(step.overwritten.iter().map(|overwritten| &overwritten.path));
        merged.unclear.extend(doubts.map(above_arrays));
        merged.value = Some(step.value);
    }
    merged.unclear.sort();
    merged.unclear.dedup();
    merged
}

/// Places in arrays move; the array itself stays where it is.
fn above_arrays(path: &Path) -> Path {
    path.segments().iter().take_while(|segment| matches!(segment, Segment::Key(_))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::{Rule, Why, merge_over};

    fn value(json: &str) -> Value {
        Value::parse(json.as_bytes()).unwrap()
    }

    fn side(value: &Value, seq: u64) -> Side<'_> {
        Side { value, place: Place::Hub(seq) }
    }

    /// Two devices merged each other's text, each in its own way, and went on.
    #[test]
    fn what_either_ancestor_had_was_there_before() {
        let policy = Policy::builder().rule("/n", Rule::Counter).build().unwrap();
        let below = value(r#"{"n":0,"t":["a"]}"#);
        let (one, other) = (value(r#"{"n":1,"t":["a","b"]}"#), value(r#"{"n":2,"t":["z","a"]}"#));
        let base = merge_bases(&policy, &[&one, &other], Some(&below));
        assert_eq!(base, merge_bases(&policy, &[&other, &one, &other], Some(&below)), "in any order");
        assert_eq!((base.value(), base.unclear()), (Some(&value(r#"{"n":3,"t":["z","a","b"]}"#)), &[][..]));
        // Both sides hold both ancestors: "b" was removed by one, and counted once by each.
        let (ours, theirs) = (value(r#"{"n":4,"t":["z","a"]}"#), value(r#"{"n":4,"t":["z","a","b","c"]}"#));
        let merged = merge_over(&policy, &base, side(&ours, 1), side(&theirs, 2));
        assert_eq!(merged.value, value(r#"{"n":5,"t":["z","a","c"]}"#));
        assert!(merged.is_clean());
    }

    #[test]
    fn where_the_ancestors_differ_nobody_knows_what_was_there() {
        let policy = Policy::default();
        let below = value(r#"{"a":1,"b":1}"#);
        let (one, other) = (value(r#"{"a":2,"b":1}"#), value(r#"{"a":3,"b":1}"#));
        let base = merge_bases(&policy, &[&one, &other], Some(&below));
        assert_eq!(base.unclear(), [Path::root().join("a")]);
        let (ours, theirs) = (value(r#"{"a":2,"b":5}"#), value(r#"{"a":3,"b":1}"#));
        let merged = merge_over(&policy, &base, side(&ours, 1), side(&theirs, 2));
        let conflicts: Vec<_> = merged.conflicts.iter().map(|one| (one.path.to_string(), &one.why)).collect();
        assert_eq!(conflicts, [("/a".to_owned(), &Why::NoBase)]);
        assert_eq!(merged.value, value(r#"{"a":3,"b":5}"#));
        assert_eq!(merge_bases(&policy, &[], None).value(), None);
    }
}
