//! The walk through three documents at once.

use super::outcome::{Conflict, Merged, Overwritten, Whose, Why};
use super::passage::Passage;
use super::policy::Rules;
use super::rule::{Cut, MergeRule, Overlap, Rule};
use super::{keyed, scalar, sequence, set, text};
use crate::fault;
use crate::value::{Budget, DEPTH_MAX, Object, Path, Segment, Value, compare_keys};
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Texts longer than this, in bytes, are prose where nothing is said about them.
const LONG: usize = 80;

/// What was there before both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base<'v> {
    /// Nobody knows.
    Unknown,
    /// This, or nothing.
    Known(Option<&'v Value>),
}

impl<'v> Base<'v> {
    pub(super) const fn value(self) -> Option<&'v Value> {
        match self {
            Self::Unknown => None,
            Self::Known(value) => value,
        }
    }

    /// What was there at a place inside, where that is found by `find`.
    pub(super) fn inside(self, find: impl FnOnce(&'v Value) -> Option<&'v Value>) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Known(value) => Self::Known(value.and_then(find)),
        }
    }
}

/// A merge under way.
pub(super) struct Walk<'u> {
    /// Places at which the base is not to be believed.
    unclear: &'u [Path],
    whose_earlier: Whose,
    pub(super) budget: Budget,
    path: Path,
    overwritten: Vec<Overwritten>,
    conflicts: Vec<Conflict>,
    marked: Vec<Path>,
}

impl<'u> Walk<'u> {
    pub(super) fn new(unclear: &'u [Path], whose_earlier: Whose, steps: usize) -> Self {
        Self {
            unclear,
            whose_earlier,
            budget: Budget::new(steps),
            path: Path::root(),
            overwritten: Vec::new(),
            conflicts: Vec::new(),
            marked: Vec::new(),
        }
    }

    pub(super) fn finish(self, value: Value) -> Merged {
        let Self { overwritten, conflicts, marked, .. } = self;
        Merged { value, overwritten, conflicts, marked }
    }

    /// Merges what is at one place; `None` stands for nothing.
    pub(super) fn node(
        &mut self,
        rules: &Rules<'_>,
        base: Base<'_>,
        earlier: Option<&Value>,
        later: Option<&Value>,
    ) -> Option<Value> {
        if earlier == later && !is_counted(rules, base, earlier) {
            return earlier.cloned();
        }
        // The way to something unclear leads through objects only: see `base`.
        let leads_to_unclear = self.unclear.iter().any(|unclear| self.path.contains(unclear));
        let base = match (earlier, later) {
            (Some(Value::Object(_)), Some(Value::Object(_))) if !self.unclear.contains(&self.path) => base,
            _ if leads_to_unclear => Base::Unknown,
            _ => base,
        };
        if let Base::Known(base) = base
            && !leads_to_unclear
        {
            if base == earlier {
                return later.cloned();
            }
            if base == later {
                return earlier.cloned();
            }
        }
        match (rules.rule(), earlier, later) {
            (Rule::Manual, ..) => self.conflict(base, earlier, later, Why::Manual),
            (Rule::Custom(rule), ..) => self.custom(&**rule, base, earlier, later),
            (_, None, _) | (_, _, None) if fault::on("merge-lets-a-removal-win") => None,
            (_, Some(kept), None) => Some(self.edit_wins(base, kept, self.whose_earlier.other())),
            (_, None, Some(kept)) => Some(self.edit_wins(base, kept, self.whose_earlier)),
            (rule, Some(earlier), Some(later)) => Some(self.both(rule, rules, base, earlier, later)),
            (_, None, None) => None,
        }
    }

    /// One side removed what the other one changed. Where it is not known what was there, nobody removed anything.
    fn edit_wins(&mut self, base: Base<'_>, kept: &Value, removed_by: Whose) -> Value {
        if base != Base::Unknown {
            self.dropped(removed_by, Some(kept), None);
        }
        kept.clone()
    }

    fn both(&mut self, rule: &Rule, rules: &Rules<'_>, base: Base<'_>, earlier: &Value, later: &Value) -> Value {
        let at_depth = self.path.segments().len();
        match (rule, earlier, later) {
            // Nothing that was read is deeper; what was built by hand must not take the stack with it.
            _ if at_depth >= DEPTH_MAX => self.latest(base, earlier, later),
            (Rule::Counter, ..) => match scalar::sum(base, earlier, later) {
                Ok(sum) => sum,
                Err(why) => self.conflicting(base, earlier, later, why),
            },
            (_, Value::Object(_), Value::Object(_)) | (_, Value::Array(_), Value::Array(_)) => {
                self.containers(rule, rules, base, earlier, later)
            }
            // Only inside a container there may be something to add.
            _ if earlier == later => later.clone(),
            (Rule::Auto, Value::String(a), Value::String(b)) if is_long(a) || is_long(b) => {
                text::merge(self, (Cut::Prose, Overlap::Conflict), base, a, b)
            }
            (Rule::Text(cut, overlap), Value::String(a), Value::String(b)) => {
                text::merge(self, (*cut, *overlap), base, a, b)
            }
            (Rule::Max, ..) => self.extreme(Ordering::Greater, base, earlier, later),
            (Rule::Min, ..) => self.extreme(Ordering::Less, base, earlier, later),
            _ => self.latest(base, earlier, later),
        }
    }

    fn containers(&mut self, rule: &Rule, rules: &Rules<'_>, base: Base<'_>, earlier: &Value, later: &Value) -> Value {
        match (rule, earlier, later) {
            (Rule::Auto, Value::Object(a), Value::Object(b)) => Value::Object(self.object(rules, base, a, b)),
            (Rule::Auto, Value::Array(a), Value::Array(b)) => {
                let of_base = base.value().and_then(Value::as_array);
                if keyed::all_named([Some(a), Some(b), of_base].into_iter().flatten(), "id") {
                    keyed::merge(self, rules, "id", base, a, b)
                } else {
                    sequence::merge(self, rules, base, a, b)
                }
            }
            (Rule::Keyed(member), Value::Array(a), Value::Array(b)) => keyed::merge(self, rules, member, base, a, b),
            (Rule::Sequence, Value::Array(a), Value::Array(b)) => sequence::merge(self, rules, base, a, b),
            (Rule::Set, Value::Array(a), Value::Array(b)) => set::merge(base, a, b),
            _ => self.latest(base, earlier, later),
        }
    }

    fn object(&mut self, rules: &Rules<'_>, base: Base<'_>, earlier: &Object, later: &Object) -> Object {
        let mut keys: Vec<&str> = earlier.keys().chain(later.keys()).collect();
        keys.sort_by(|a, b| compare_keys(a.as_bytes(), b.as_bytes()));
        keys.dedup();
        let mut merged = Object::new();
        for key in keys {
            let before = base.inside(|base| base.as_object()?.get(key));
            let rules = rules.member(key);
            let value = self.at(key, |walk| walk.node(&rules, before, earlier.get(key), later.get(key)));
            if let Some(value) = value {
                merged.insert(key, value);
            }
        }
        merged
    }

    /// Does something one step further down.
    pub(super) fn at<R>(&mut self, step: impl Into<Segment>, work: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(step);
        let result = work(self);
        self.path.pop();
        result
    }

    /// The later side's value; where it is not known who changed it, a person decides.
    pub(super) fn latest(&mut self, base: Base<'_>, earlier: &Value, later: &Value) -> Value {
        if earlier == later {
            return later.clone();
        }
        if base == Base::Unknown {
            return self.conflicting(base, earlier, later, Why::NoBase);
        }
        self.dropped(self.whose_earlier, Some(later), Some(earlier));
        later.clone()
    }

    fn extreme(&mut self, wanted: Ordering, base: Base<'_>, earlier: &Value, later: &Value) -> Value {
        match scalar::compare(earlier, later) {
            Some(order) if order == wanted => {
                self.dropped(self.whose_earlier.other(), Some(earlier), Some(later));
                earlier.clone()
            }
            Some(_) => {
                self.dropped(self.whose_earlier, Some(later), Some(earlier));
                later.clone()
            }
            None => self.latest(base, earlier, later),
        }
    }

    fn custom(
        &mut self,
        rule: &dyn MergeRule,
        base: Base<'_>,
        earlier: Option<&Value>,
        later: Option<&Value>,
    ) -> Option<Value> {
        let name = || rule.name().to_owned();
        let ask = || rule.merge(base.value(), earlier, later);
        let answer =
            if fault::on("merge-lets-a-panic-through") { Ok(ask()) } else { catch_unwind(AssertUnwindSafe(ask)) };
        match answer {
            Ok(Ok(kept)) => {
                for (side, whose) in [(earlier, self.whose_earlier), (later, self.whose_earlier.other())] {
                    if side != kept.as_ref() {
                        self.dropped(whose, kept.as_ref(), side);
                    }
                }
                kept
            }
            Ok(Err(reason)) => self.conflict(base, earlier, later, Why::Refused { rule: name(), reason }),
            // What panicked once may panic when it is asked for its name, too.
            Err(_) => {
                let rule = catch_unwind(AssertUnwindSafe(name)).unwrap_or_default();
                self.conflict(base, earlier, later, Why::Panicked { rule })
            }
        }
    }

    /// Notes that a side's change is not in what is kept.
    pub(super) fn dropped(&mut self, whose: Whose, kept: Option<&Value>, dropped: Option<&Value>) {
        let (path, kept, dropped) = (self.path.clone(), kept.cloned(), dropped.cloned());
        if !fault::on("merge-swallows-the-loser") {
            self.overwritten.push(Overwritten { path, whose, kept, dropped });
        }
    }

    /// Notes that the earlier side's change is not in what is kept.
    pub(super) fn dropped_earlier(&mut self, kept: &Value, dropped: &Value) {
        self.dropped(self.whose_earlier, Some(kept), Some(dropped));
    }

    /// Notes a conflict, and keeps the later side where it has anything.
    pub(super) fn conflict(
        &mut self,
        base: Base<'_>,
        earlier: Option<&Value>,
        later: Option<&Value>,
        why: Why,
    ) -> Option<Value> {
        let (ours, theirs) = if self.whose_earlier == Whose::Ours { (earlier, later) } else { (later, earlier) };
        let (ours, theirs) = (ours.cloned(), theirs.cloned());
        let (path, base) = (self.path.clone(), base.value().cloned());
        if !fault::on("merge-swallows-a-conflict") {
            self.conflicts.push(Conflict { path, base, ours, theirs, why, passages: Vec::new() });
        }
        later.or(earlier).cloned()
    }

    pub(super) fn conflicting(&mut self, base: Base<'_>, earlier: &Value, later: &Value, why: Why) -> Value {
        self.conflict(base, Some(earlier), Some(later), why);
        later.clone()
    }

    /// Notes that both changed the same passages. In these, ours is the earlier side's.
    pub(super) fn overlapping(&mut self, base: Base<'_>, earlier: Value, later: Value, mut passages: Vec<Passage>) {
        let (mut ours, mut theirs) = (earlier, later);
        if self.whose_earlier == Whose::Theirs {
            std::mem::swap(&mut ours, &mut theirs);
            passages.iter_mut().for_each(Passage::turn);
        }
        let (path, base) = (self.path.clone(), base.value().cloned());
        if !fault::on("merge-swallows-a-conflict") {
            let (ours, theirs, why) = (Some(ours), Some(theirs), Why::Overlap);
            self.conflicts.push(Conflict { path, base, ours, theirs, why, passages });
        }
    }

    /// Notes that a text has both versions of a passage in it.
    pub(super) fn marked(&mut self) {
        self.marked.push(self.path.clone());
    }
}

/// Whether equal values may still have to be added up: there is a counter that both sides changed.
fn is_counted(rules: &Rules<'_>, base: Base<'_>, both: Option<&Value>) -> bool {
    let is_open = matches!(rules.rule(), Rule::Counter) || rules.rule().descends();
    rules.counts() && is_open && both.is_some() && matches!(base, Base::Known(base) if base != both)
}

fn is_long(text: &str) -> bool {
    text.len() > LONG || text.contains('\n')
}

#[cfg(test)]
mod tests {
    use crate::merge::{MergeRule, Place, Policy, Rule, Side, Why, merge, merge_with};
    use crate::value::Value;
    use std::sync::Arc;

    struct Panics;

    impl MergeRule for Panics {
        fn name(&self) -> &'static str {
            "panics"
        }

        fn version(&self) -> u32 {
            1
        }

        fn merge(&self, _: Option<&Value>, _: Option<&Value>, later: Option<&Value>) -> Result<Option<Value>, String> {
            match later {
                Some(Value::Number(_)) => panic!("a rule of the application"),
                Some(Value::String(_)) => Err("ask somebody".to_owned()),
                other => Ok(other.cloned()),
            }
        }
    }

    fn value(json: &str) -> Value {
        Value::parse(json.as_bytes()).unwrap()
    }

    fn side(value: &Value, version: u64) -> Side<'_> {
        Side { value, place: Place::Local(version) }
    }

    #[test]
    fn a_rule_that_panics_or_refuses_costs_a_conflict_and_nothing_else() {
        let policy =
            Policy::builder().rule("/*", Rule::Custom(Arc::new(Panics))).rule("/z", Rule::Auto).build().unwrap();
        let [base, ours, theirs] = [
            r#"{"a":1,"b":"x","c":true,"z":1}"#,
            r#"{"a":2,"b":"y","c":null,"z":2}"#,
            r#"{"a":3,"b":"w","c":false,"z":1}"#,
        ]
        .map(value);
        let merged = merge(&policy, Some(&base), side(&ours, 1), side(&theirs, 2));
        let whys: Vec<Why> = merged.conflicts.iter().map(|conflict| conflict.why.clone()).collect();
        let rule = || "panics".to_owned();
        assert_eq!(
            whys,
            [Why::Panicked { rule: rule() }, Why::Refused { rule: rule(), reason: "ask somebody".to_owned() }]
        );
        assert_eq!(merged.value, value(r#"{"a":3,"b":"w","c":false,"z":2}"#));
        assert_eq!(merged.overwritten.len(), 1, "what the rule's answer does not hold");
    }

    #[test]
    fn what_costs_too_much_is_a_conflict_that_says_so() {
        let text = |word: &str| Value::from((0..2_000).map(|at| format!("{word}{at} ")).collect::<String>());
        let merged = merge_with(&Policy::default(), Some(&text("a")), side(&text("b"), 1), side(&text("c"), 2), 5_000);
        assert_eq!(merged.conflicts.iter().map(|conflict| &conflict.why).collect::<Vec<_>>(), [&Why::TooMuchWork]);
        assert_eq!(merged.value, text("c"));
    }

    #[test]
    fn documents_deeper_than_any_that_is_read_are_merged_without_recursion() {
        let deep = |leaf: i64| {
            (0..2_000).fold(Value::from(leaf), |inner, _| Value::Object([("a", inner)].into_iter().collect()))
        };
        let merged = merge(&Policy::default(), Some(&deep(1)), side(&deep(2), 1), side(&deep(3), 2));
        assert!(merged.is_clean() && merged.overwritten.len() == 1);
        assert!(merged.value == deep(3));
    }
}
