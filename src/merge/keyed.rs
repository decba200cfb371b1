//! Arrays whose elements have names.

use super::order;
use super::policy::Rules;
use super::tree::{Base, Walk};
use crate::value::{Array, Value};
use std::collections::HashMap;

/// What tells an element from the others of its array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name<'v> {
    /// The member's value, which no other element of any of the arrays shares.
    Member(&'v Value),
    /// The whole element, and how many equal ones come before it.
    Content(&'v Value, usize),
}

/// An array by names, in its order.
struct Named<'v> {
    order: Vec<Name<'v>>,
    elements: HashMap<Name<'v>, &'v Value>,
}

/// Whether all elements of all arrays are objects with this member, a text or a number, and none twice in an array.
pub(super) fn all_named<'v>(arrays: impl IntoIterator<Item = &'v Array>, member: &str) -> bool {
    arrays.into_iter().all(|array| {
        let mut seen = std::collections::HashSet::new();
        array.iter().all(|element| name(element, member).is_some_and(|name| seen.insert(name)))
    })
}

fn name<'v>(element: &'v Value, member: &str) -> Option<&'v Value> {
    element.as_object()?.get(member).filter(|value| matches!(value, Value::String(_) | Value::Number(_)))
}

pub(super) fn merge(
    walk: &mut Walk<'_>,
    rules: &Rules<'_>,
    member: &str,
    base: Base<'_>,
    earlier: &Array,
    later: &Array,
) -> Value {
    let before = base.value().and_then(Value::as_array);
    let arrays = [before, Some(earlier), Some(later)];
    // A name that stands twice in one array tells nothing in any of them.
    let mut shared = HashMap::new();
    for array in arrays.into_iter().flatten() {
        let mut seen = HashMap::new();
        for name in array.iter().filter_map(|element| name(element, member)) {
            let count = seen.entry(name).and_modify(|count| *count += 1).or_insert(1);
            let most = shared.entry(name).or_insert(0);
            *most = (*count).max(*most);
        }
    }
    let of_base = before.map(|array| by_name(array, member, &shared));
    let (of_earlier, of_later) = (by_name(earlier, member, &shared), by_name(later, member, &shared));
    let in_base = |name: &Name<'_>| of_base.as_ref().and_then(|named| named.elements.get(name).copied());
    let is_there = |name: &Name<'_>| {
        match (in_base(name), of_earlier.elements.get(name), of_later.elements.get(name)) {
            (_, Some(_), Some(_)) => true,
            (None, a, b) => a.is_some() || b.is_some(),
            // One side removed it: it stays only where the other one changed it.
            (Some(before), Some(only), None) | (Some(before), None, Some(only)) => before != *only,
            (Some(_), None, None) => false,
        }
    };
    let orders = order::Orders {
        base: of_base.as_ref().map_or(&[][..], |named| &named.order),
        earlier: &of_earlier.order,
        later: &of_later.order,
    };
    let ordered = order::merge(&orders, is_there);
    let rules = rules.element();
    let mut merged = Vec::with_capacity(ordered.names.len());
    for name in ordered.names {
        let before = match base {
            Base::Unknown => Base::Unknown,
            Base::Known(_) => Base::Known(in_base(&name)),
        };
        let sides = (of_earlier.elements.get(&name).copied(), of_later.elements.get(&name).copied());
        let place = merged.len();
        merged.extend(walk.at(place, |walk| walk.node(&rules, before, sides.0, sides.1)));
    }
    let merged = Value::Array(merged.into());
    if ordered.is_overruled {
        walk.dropped_earlier(&merged, &Value::Array(earlier.clone()));
    }
    merged
}

fn by_name<'v>(array: &'v Array, member: &str, shared: &HashMap<&'v Value, usize>) -> Named<'v> {
    let mut order = Vec::with_capacity(array.len());
    let mut elements = HashMap::with_capacity(array.len());
    let mut alike: HashMap<&Value, usize> = HashMap::new();
    for element in array {
        let name = if let Some(name) = name(element, member).filter(|name| shared.get(name) == Some(&1)) {
            Name::Member(name)
        } else {
            let before = alike.entry(element).or_insert(0);
            *before += 1;
            Name::Content(element, *before)
        };
        order.push(name);
        elements.insert(name, element);
    }
    Named { order, elements }
}
