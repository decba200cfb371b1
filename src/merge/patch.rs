//! Changes of many places of one document, as the document was before the first of them.
//!
//! Places in arrays move when something is put in or taken out before them. So containers are changed from the deepest to
//! the outermost, which leaves the way to each as it was, and each container in one pass.

use super::passage::Passage;
use crate::value::{Array, Object, Path, Segment, Value};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

/// What to change, by container, the deepest first.
#[derive(Default)]
pub(super) struct Patch {
    root: Option<Value>,
    containers: BTreeMap<(Reverse<usize>, Path), Vec<Step>>,
}

/// What to change in one container.
enum Step {
    /// What stands at one step from it becomes this, or nothing.
    Whole(Segment, Option<Value>),
    /// What stands at this range of its text or its elements becomes this.
    Part(Range<usize>, Value),
}

impl Patch {
    /// Puts a value at a path, or takes away what is there. The document itself cannot be taken away.
    pub(super) fn whole(&mut self, path: &Path, value: Option<Value>) {
        let mut container = path.clone();
        match container.pop() {
            Some(last) => self.step(&container, Step::Whole(last, value)),
            None => self.root = value,
        }
    }

    /// Puts a text or elements into the place of a passage of what stands at a path.
    pub(super) fn part(&mut self, path: &Path, passage: &Passage, value: Value) {
        self.step(path, Step::Part(passage.place.clone(), value));
    }

    fn step(&mut self, container: &Path, step: Step) {
        let depth = Reverse(container.segments().len());
        self.containers.entry((depth, container.clone())).or_default().push(step);
    }

    /// Makes all changes; the error is the path of a container in which one of them has no place.
    pub(super) fn apply(self, document: &Value) -> Result<Value, Path> {
        if let Some(root) = self.root {
            return Ok(root);
        }
        let mut document = document.clone();
        for ((_, path), steps) in self.containers {
            document.get_mut(&path).and_then(|container| change(container, steps)).ok_or(path)?;
        }
        Ok(document)
    }
}

fn change(container: &mut Value, steps: Vec<Step>) -> Option<()> {
    match container {
        Value::Object(object) => steps.into_iter().try_for_each(|step| member(object, step)),
        Value::Array(array) => elements(array, steps),
        Value::String(text) => passages(text, steps),
        _ => None,
    }
}

fn member(object: &mut Object, step: Step) -> Option<()> {
    let Step::Whole(key, value) = step else { return None };
    let key = key.to_key();
    match value {
        Some(value) => object.insert(key, value),
        None => object.remove(&key),
    };
    Some(())
}

fn elements(array: &mut Array, steps: Vec<Step>) -> Option<()> {
    let mut parts: Vec<(Range<usize>, Vec<Value>)> = Vec::with_capacity(steps.len());
    for step in steps {
        parts.push(match step {
            Step::Whole(at, value) => (at.index().map(|at| at..at + 1)?, value.into_iter().collect()),
            Step::Part(place, Value::Array(part)) => (place, part.into_vec()),
            Step::Part(..) => return None,
        });
    }
    // An empty passage stands before the element at its place. The sort is stable, so passages keep their order.
    parts.sort_by_key(|(place, _)| (place.start, place.end));
    let count = array.len();
    let mut rest = std::mem::take(array).into_iter();
    let mut changed = Vec::with_capacity(count);
    let mut at = 0;
    for (place, part) in parts {
        let kept = place.start.checked_sub(at)?;
        let gone = place.end.checked_sub(place.start).filter(|_| place.end <= count)?;
        changed.extend(rest.by_ref().take(kept));
        changed.extend(part);
        rest.by_ref().take(gone).for_each(drop);
        at = place.end;
    }
    changed.extend(rest);
    *array = changed.into();
    Some(())
}

fn passages(text: &mut String, steps: Vec<Step>) -> Option<()> {
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for step in steps {
        let Step::Part(place, Value::String(part)) = step else { return None };
        changed.push_str(text.get(at..place.start)?);
        changed.push_str(&part);
        at = place.end;
    }
    changed.push_str(text.get(at..)?);
    *text = changed;
    Some(())
}
