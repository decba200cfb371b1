//! Arrays as sets.

use super::tree::Base;
use crate::value::{Array, Value};
use std::collections::HashMap;

/// What is in either side, without what either side removed: the earlier side's order, then what the later one has more.
pub(super) fn merge(base: Base<'_>, earlier: &Array, later: &Array) -> Value {
    // Each element once, in the order in which it is met first, and whether both sides have it.
    let mut numbers = HashMap::with_capacity(earlier.len().max(later.len()));
    let mut elements: Vec<(&Value, [bool; 2])> = Vec::with_capacity(earlier.len().max(later.len()));
    for (which, side) in [earlier, later].into_iter().enumerate() {
        for element in side {
            let number = *numbers.entry(element).or_insert(elements.len());
            if number == elements.len() {
                elements.push((element, [false; 2]));
            }
            elements[number].1[which] = true;
        }
    }
    let mut is_removed = vec![false; elements.len()];
    for element in base.value().and_then(Value::as_array).into_iter().flatten() {
        if let Some(number) = numbers.get(element) {
            is_removed[*number] = elements[*number].1 != [true; 2];
        }
    }
    let stay = elements.into_iter().zip(is_removed).filter(|(_, is_removed)| !is_removed);
    Value::Array(stay.map(|((element, _), _)| element.clone()).collect())
}
