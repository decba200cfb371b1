//! Arrays as sets.

use super::tree::Base;
use crate::value::{Array, Value};
use std::collections::HashSet;

/// What is in either side, without what either side removed: the earlier side's order, then what the later one has more.
pub(super) fn merge(base: Base<'_>, earlier: &Array, later: &Array) -> Value {
    let members = |array: &'_ Array| array.iter().cloned().collect::<HashSet<Value>>();
    let before = base.value().and_then(Value::as_array).map(members).unwrap_or_default();
    let (of_earlier, of_later) = (members(earlier), members(later));
    let stays = |value: &&Value| !before.contains(*value) || (of_earlier.contains(*value) && of_later.contains(*value));
    let mut seen = HashSet::new();
    let all = earlier.iter().chain(later).filter(stays);
    Value::Array(all.filter(|value| seen.insert(*value)).cloned().collect())
}
