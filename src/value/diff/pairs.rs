//! Which element of an array is which after an edit.

use std::collections::HashMap;

use super::align::align;
use super::budget::Budget;
use crate::value::{Array, Value};

/// The member that names an element.
const ID: &str = "id";

/// The largest table of likenesses between elements that are neither equal nor named.
const TABLE_MAX: usize = 1 << 16;

/// Pairs elements of two arrays, each at most once, ordered by the place before.
///
/// Where all elements of both carry a unique `id` they are paired by it. Otherwise equal ones are paired in order, and
/// between them those that stand in for each other: all in order if they are as many, else those that are most alike.
pub(in crate::value) fn pair_elements(before: &Array, after: &Array, budget: &mut Budget) -> Vec<(usize, usize)> {
    if let (Some(_), Some(ids)) = (ids_of(before), ids_of(after)) {
        let place = |element: &Value| id_of(element).and_then(|id| ids.get(id).copied());
        return before.iter().enumerate().filter_map(|(at, element)| place(element).map(|to| (at, to))).collect();
    }
    let equal = align(before, after, budget).unwrap_or_default();
    let mut pairs = Vec::with_capacity(equal.len());
    let (mut x, mut y) = (0, 0);
    for (a, b) in equal.into_iter().chain([(before.len(), after.len())]) {
        pair_run(before, after, (x..a, y..b), budget, &mut pairs);
        if a < before.len() {
            pairs.push((a, b));
        }
        (x, y) = (a + 1, b + 1);
    }
    pairs
}

fn id_of(element: &Value) -> Option<&Value> {
    element.as_object()?.get(ID).filter(|id| matches!(id, Value::String(_) | Value::Number(_)))
}

/// Where each id stands, if every element has one of its own.
fn ids_of(array: &Array) -> Option<HashMap<&Value, usize>> {
    let mut places = HashMap::with_capacity(array.len());
    let unique =
        array.iter().enumerate().all(|(at, element)| id_of(element).is_some_and(|id| places.insert(id, at).is_none()));
    unique.then_some(places)
}

type Run = (std::ops::Range<usize>, std::ops::Range<usize>);

/// Pairs what stands between two equal elements.
fn pair_run(before: &[Value], after: &[Value], (a, b): Run, budget: &mut Budget, pairs: &mut Vec<(usize, usize)>) {
    let cells = a.len().saturating_mul(b.len());
    if a.len() == b.len() || cells > TABLE_MAX || !budget.take(cells.saturating_mul(8)) {
        pairs.extend(a.zip(b));
        return;
    }
    // best[i][j]: the most likeness that the elements from i and from j on can be paired to, in order.
    let (before, after) = (&before[a.clone()], &after[b.clone()]);
    let like: Vec<Vec<u32>> = before.iter().map(|x| after.iter().map(|y| likeness(x, y)).collect()).collect();
    let mut best = vec![vec![0_u32; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            let paired = if like[i][j] > 0 { like[i][j] + best[i + 1][j + 1] } else { 0 };
            best[i][j] = paired.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < before.len() && j < after.len() {
        if like[i][j] > 0 && best[i][j] == like[i][j] + best[i + 1][j + 1] {
            pairs.push((a.start + i, b.start + j));
            (i, j) = (i + 1, j + 1);
        } else if best[i][j] == best[i + 1][j] {
            i += 1;
        } else {
            j += 1;
        }
    }
}

/// How much two values have in common, at one glance: the number of equal scalar members, or of words at the ends.
fn likeness(a: &Value, b: &Value) -> u32 {
    let count = match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.iter().take(32).filter(|(key, value)| b.get(key).is_some_and(|other| shallow_equal(value, other))).count()
                * 4
        }
        (Value::Array(a), Value::Array(b)) => a.iter().zip(b).take(32).filter(|(a, b)| shallow_equal(a, b)).count() * 4,
        (Value::String(a), Value::String(b)) => {
            let front = a.bytes().zip(b.bytes()).take(64).take_while(|(a, b)| a == b).count();
            let back = a.bytes().rev().zip(b.bytes().rev()).take(64).take_while(|(a, b)| a == b).count();
            // Less than a third in common is chance.
            if (front + back) * 3 < a.len().min(b.len()).min(64) { 0 } else { front + back }
        }
        _ => 0,
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn shallow_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        (a, b) => a == b,
    }
}
