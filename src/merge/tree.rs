//! The walk through three documents at once.

use super::keyed::{self, Matched};
use super::outcome::{Conflict, Merged, Overwritten, Whose, Why};
use super::passage::Passage;
use super::policy::Rules;
use super::rule::{Cut, MergeRule, Overlap, Rule};
use super::{scalar, sequence, set, text};
use crate::fault;
use crate::value::{Array, Budget, DEPTH_MAX, Object, Path, Segment, Value, compare_keys};
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Texts longer than this, in bytes, are prose where nothing is said about them.
const LONG: usize = 80;

/// What was there before both sides.
pub(super) type Base<'v> = BaseOf<&'v Value>;

/// What was there before both sides: a value, or what stands for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BaseOf<T> {
    /// Nobody knows.
    Unknown,
    /// This, or nothing.
    Known(Option<T>),
}

impl<T: Copy> BaseOf<T> {
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Unknown => None,
            Self::Known(value) => value,
        }
    }

    /// What was there at a place inside, where that is found by `find`.
    pub(super) fn inside(self, find: impl FnOnce(T) -> Option<T>) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Known(value) => Self::Known(value.and_then(find)),
        }
    }
}

/// What can be said about a place without a look inside.
pub(super) enum Settled<T> {
    /// It is what a side has there, or nothing.
    As(Option<T>),
    /// Its rule decides, over this base.
    Open(BaseOf<T>),
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

    /// What is at one place where both sides have the same, or only one of them changed it.
    pub(super) fn settle<T: Copy + PartialEq>(
        &self,
        rules: &Rules<'_>,
        base: BaseOf<T>,
        earlier: Option<T>,
        later: Option<T>,
        is_object: impl Fn(T) -> bool,
    ) -> Settled<T> {
        if earlier == later && !is_counted(rules, base, earlier) {
            return Settled::As(earlier);
        }
        // The way to something unclear leads through objects only: see `base`.
        let leads_to_unclear = self.unclear.iter().any(|unclear| self.path.contains(unclear));
        let are_objects = || [earlier, later].into_iter().all(|side| side.is_some_and(&is_object));
        if leads_to_unclear {
            let is_on_the_way = are_objects() && !self.unclear.contains(&self.path);
            return Settled::Open(if is_on_the_way { base } else { BaseOf::Unknown });
        }
        match base {
            BaseOf::Known(base) if base == earlier => Settled::As(later),
            BaseOf::Known(base) if base == later => Settled::As(earlier),
            base => Settled::Open(base),
        }
    }

    /// Merges what is at one place; `None` stands for nothing.
    pub(super) fn node(
        &mut self,
        rules: &Rules<'_>,
        base: Base<'_>,
        earlier: Option<&Value>,
        later: Option<&Value>,
    ) -> Option<Value> {
        let is_object = |value: &Value| matches!(value, Value::Object(_));
        let base = match self.settle(rules, base, earlier, later, is_object) {
            Settled::As(side) => return side.cloned(),
            Settled::Open(base) => base,
        };
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
                let arrays = elements(base, a, b);
                match Matched::by_name(arrays.each_ref().map(Vec::as_slice), |element| keyed::name(element, "id")) {
                    Some(matched) => keyed::merge(self, rules, &matched, base, a),
                    None => sequence::merge(self, rules, base, a, b),
                }
            }
            (Rule::Keyed(member), Value::Array(a), Value::Array(b)) => {
                let arrays = elements(base, a, b);
                let name = |element| keyed::name(element, member);
                let matched = Matched::by_name_or_content(arrays.each_ref().map(Vec::as_slice), name);
                keyed::merge(self, rules, &matched, base, a)
            }
            (Rule::Sequence, Value::Array(a), Value::Array(b)) => sequence::merge(self, rules, base, a, b),
            (Rule::Set, Value::Array(a), Value::Array(b)) => set::merge(base, a, b),
            _ => self.latest(base, earlier, later),
        }
    }

    fn object(&mut self, rules: &Rules<'_>, base: Base<'_>, earlier: &Object, later: &Object) -> Object {
        let mut before = base.value().and_then(Value::as_object).map(Object::iter).into_iter().flatten().peekable();
        let (mut earlier, mut later) = (earlier.iter().peekable(), later.iter().peekable());
        // All are in one order, so that each is walked through once.
        let mut members = Vec::new();
        loop {
            let key = match (earlier.peek(), later.peek()) {
                (Some((a, _)), Some((b, _))) => {
                    if compare_keys(a.as_bytes(), b.as_bytes()).is_gt() {
                        *b
                    } else {
                        *a
                    }
                }
                (Some((key, _)), None) | (None, Some((key, _))) => *key,
                (None, None) => break,
            };
            while before.next_if(|(other, _)| compare_keys(other.as_bytes(), key.as_bytes()).is_lt()).is_some() {}
            let before = before.next_if(|(other, _)| *other == key).map(|(_, value)| value);
            let before = base.inside(|_| before);
            let earlier = earlier.next_if(|(other, _)| *other == key).map(|(_, value)| value);
            let later = later.next_if(|(other, _)| *other == key).map(|(_, value)| value);
            let rules = rules.member(key);
            let value = self.at(key, |walk| walk.node(&rules, before, earlier, later));
            members.extend(value.map(|value| (key, value)));
        }
        members.into_iter().collect()
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
    pub(super) fn dropped_earlier(&mut self, kept: Value, dropped: Value) {
        let (path, whose) = (self.path.clone(), self.whose_earlier);
        if !fault::on("merge-swallows-the-loser") {
            self.overwritten.push(Overwritten { path, whose, kept: Some(kept), dropped: Some(dropped) });
        }
    }

    /// Notes a conflict, and keeps the later side where it has anything.
    pub(super) fn conflict(
        &mut self,
        base: Base<'_>,
        earlier: Option<&Value>,
        later: Option<&Value>,
        why: Why,
    ) -> Option<Value> {
        self.tell(base, earlier.cloned(), later.cloned(), why);
        later.or(earlier).cloned()
    }

    /// Notes a conflict.
    pub(super) fn tell(&mut self, base: Base<'_>, earlier: Option<Value>, later: Option<Value>, why: Why) {
        let (ours, theirs) = if self.whose_earlier == Whose::Ours { (earlier, later) } else { (later, earlier) };
        let (path, base) = (self.path.clone(), base.value().cloned());
        if !fault::on("merge-swallows-a-conflict") {
            self.conflicts.push(Conflict { path, base, ours, theirs, why, passages: Vec::new() });
        }
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
fn is_counted<T: Copy + PartialEq>(rules: &Rules<'_>, base: BaseOf<T>, both: Option<T>) -> bool {
    let is_open = || matches!(rules.rule(), Rule::Counter) || rules.rule().descends();
    rules.counts() && is_open() && both.is_some() && matches!(base, BaseOf::Known(base) if base != both)
}

/// The elements of the base, where it is an array, and of both sides.
fn elements<'v>(base: Base<'v>, earlier: &'v Array, later: &'v Array) -> [Vec<&'v Value>; 3] {
    [base.value().and_then(Value::as_array), Some(earlier), Some(later)]
        .map(|array| array.into_iter().flatten().collect())
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

    /// Each level would be hashed anew, with all that is below.
    #[test]
    fn arrays_in_arrays_cost_what_is_in_them_at_each_level() {
        let nested = |leaf: i64| {
            let inner: Value = (0..100).chain([leaf]).map(Value::from).collect::<Vec<_>>().into();
            (0..50).fold(inner, |inner, _| vec![inner, leaf.into()].into())
        };
        let [base, ours, theirs] = [-1, -2, -3].map(nested);
        let merged = |steps| merge_with(&Policy::default(), Some(&base), side(&ours, 1), side(&theirs, 2), steps);
        assert!(merged(400_000).is_clean());
        let conflicts = merged(100_000).conflicts;
        assert_eq!(conflicts.iter().map(|conflict| &conflict.why).collect::<Vec<_>>(), [&Why::TooMuchWork]);
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
