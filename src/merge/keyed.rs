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

/// An array by the numbers of its elements' names.
struct Named<'v> {
    /// The numbers, in the array's order.
    order: Vec<usize>,
    /// The element with each number, where the array has one.
    elements: Vec<Option<&'v Value>>,
}

impl<'v> Named<'v> {
    fn get(&self, number: usize) -> Option<&'v Value> {
        self.elements.get(number).copied().flatten()
    }
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

pub(super) fn merge<'v>(
    walk: &mut Walk<'_>,
    rules: &Rules<'_>,
    member: &str,
    base: Base<'v>,
    earlier: &'v Array,
    later: &'v Array,
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
    // From here on each name is a number: names are long, and asked for often.
    let mut numbers = HashMap::with_capacity(later.len());
    let mut numbered =
        |array: Option<&'v Array>| by_number(array.map_or(&[][..], |array| array), member, &shared, &mut numbers);
    let (of_base, of_earlier, of_later) = (numbered(before), numbered(Some(earlier)), numbered(Some(later)));
    let is_there = |name: usize| match (of_base.get(name), of_earlier.get(name), of_later.get(name)) {
        (_, Some(_), Some(_)) => true,
        (None, a, b) => a.is_some() || b.is_some(),
        // One side removed it: it stays only where the other one changed it.
        (Some(before), Some(only), None) | (Some(before), None, Some(only)) => before != only,
        (Some(_), None, None) => false,
    };
    let orders = order::Orders { base: &of_base.order, earlier: &of_earlier.order, later: &of_later.order };
    let ordered = order::merge(&orders, numbers.len(), is_there);
    let rules = rules.element();
    let mut elements = Vec::with_capacity(ordered.names.len());
    for name in ordered.names {
        let before = base.inside(|_| of_base.get(name));
        let place = elements.len();
        let merged = walk.at(place, |walk| walk.node(&rules, before, of_earlier.get(name), of_later.get(name)));
        elements.extend(merged);
    }
    let merged = Value::Array(elements.into());
    if ordered.is_overruled {
        walk.dropped_earlier(&merged, &Value::Array(earlier.clone()));
    }
    merged
}

/// Numbers the elements' names, equal ones by the same number in all arrays.
fn by_number<'v>(
    array: &'v [Value],
    member: &str,
    shared: &HashMap<&'v Value, usize>,
    numbers: &mut HashMap<Name<'v>, usize>,
) -> Named<'v> {
    let mut order = Vec::with_capacity(array.len());
    let mut elements = Vec::new();
    let mut alike: HashMap<&Value, usize> = HashMap::new();
    for element in array {
        let name = if let Some(name) = name(element, member).filter(|name| shared.get(name) == Some(&1)) {
            Name::Member(name)
        } else {
            let before = alike.entry(element).or_insert(0);
            *before += 1;
            Name::Content(element, *before)
        };
        let next = numbers.len();
        let number = *numbers.entry(name).or_insert(next);
        order.push(number);
        if elements.len() <= number {
            elements.resize(number + 1, None);
        }
        elements[number] = Some(element);
    }
    Named { order, elements }
}
