//! Arrays whose elements have names.

use super::order;
use super::policy::Rules;
use super::tree::{Base, Walk};
use crate::value::{Array, Value};
use std::collections::HashMap;
use std::hash::Hash;

/// Three arrays whose elements are matched by name: the base's, the earlier and the later side's.
///
/// Elements are values, or the texts of values: all that is asked of them is whether two are equal. Each name is a number,
/// because names are long, and asked for often.
pub(super) struct Matched<T> {
    /// The numbers, in each array's order.
    orders: [Vec<usize>; 3],
    /// The elements with each number, where the arrays have one.
    elements: Vec<[Option<T>; 3]>,
}

impl<T: Copy + Eq + Hash> Matched<T> {
    /// Matches elements by what `name` says; `None` unless each element has a name that no other one of its array has.
    pub(super) fn by_name(arrays: [&[T]; 3], name: impl Fn(T) -> Option<T>) -> Option<Self> {
        // Costs nothing where the first element already has none.
        if arrays.iter().any(|array| array.iter().any(|element| name(*element).is_none())) {
            return None;
        }
        let names = Names::of(arrays, name);
        (!names.is_shared.contains(&true)).then_some(Self {
            orders: names.orders.map(|order| order.into_iter().flatten().collect()),
            elements: names.elements,
        })
    }

    /// Matches elements by what `name` says, and by their content where that says nothing or tells them not from others:
    /// the first of several equal ones is the first of those equal ones elsewhere.
    pub(super) fn by_name_or_content(arrays: [&[T]; 3], name: impl Fn(T) -> Option<T>) -> Self {
        let Names { orders, mut elements, is_shared } = Names::of(arrays, name);
        // What is alike has a number, and a list of the names of the first, the second… of them.
        let is_nameless = |number: &&Option<usize>| number.is_none_or(|number| is_shared[number]);
        let most = orders.iter().map(|order| order.iter().filter(is_nameless).count()).max().unwrap_or(0);
        let mut alike: HashMap<T, usize> = HashMap::with_capacity(most);
        let mut lists: Vec<Vec<usize>> = Vec::new();
        let mut which = 0;
        let orders = orders.map(|order| {
            let mut counts = vec![0_usize; lists.len()];
            let mut number_of = |(element, number): (&T, Option<usize>)| {
                if let Some(number) = number.filter(|number| !is_shared[*number]) {
                    return number;
                }
                let list = *alike.entry(*element).or_insert(lists.len());
                if list == lists.len() {
                    lists.push(Vec::new());
                }
                if counts.len() < lists.len() {
                    counts.resize(lists.len(), 0);
                }
                let nth = counts[list];
                counts[list] += 1;
                if nth == lists[list].len() {
                    lists[list].push(elements.len());
                    elements.push([None; 3]);
                }
                let number = lists[list][nth];
                elements[number][which] = Some(*element);
                number
            };
            let numbered = arrays[which].iter().zip(order).map(&mut number_of).collect();
            which += 1;
            numbered
        });
        Self { orders, elements }
    }

    /// The order in which the elements stand that are in the merged array.
    pub(super) fn order(&self) -> order::Ordered {
        let is_there = |name: usize| match self.elements[name] {
            [_, Some(_), Some(_)] => true,
            [None, a, b] => a.is_some() || b.is_some(),
            // One side removed it: it stays only where the other one changed it.
            [Some(before), Some(only), None] | [Some(before), None, Some(only)] => before != only,
            [Some(_), None, None] => false,
        };
        let [base, earlier, later] = &self.orders;
        order::merge(&order::Orders { base, earlier, later }, self.elements.len(), is_there)
    }

    /// What the base, the earlier and the later side have by this name.
    pub(super) fn get(&self, name: usize) -> [Option<T>; 3] {
        self.elements[name]
    }
}

/// The names that elements have of themselves, by number.
struct Names<T> {
    orders: [Vec<Option<usize>>; 3],
    elements: Vec<[Option<T>; 3]>,
    /// Whether a name stands twice in one array: then it tells nothing in any of them.
    is_shared: Vec<bool>,
}

impl<T: Copy + Eq + Hash> Names<T> {
    fn of(arrays: [&[T]; 3], name: impl Fn(T) -> Option<T>) -> Self {
        // All the room at once: growing hashes every name anew.
        let most = arrays.iter().map(|array| array.len()).max().unwrap_or(0);
        let mut numbers: HashMap<T, usize> = HashMap::with_capacity(most);
        let mut elements: Vec<[Option<T>; 3]> = Vec::with_capacity(most);
        let mut is_shared = Vec::with_capacity(most);
        let mut which = 0;
        let orders = arrays.map(|array| {
            let mut number_of = |element: &T| {
                let number = *numbers.entry(name(*element)?).or_insert(elements.len());
                if number == elements.len() {
                    elements.push([None; 3]);
                    is_shared.push(false);
                }
                is_shared[number] |= elements[number][which].replace(*element).is_some();
                Some(number)
            };
            let numbered = array.iter().map(&mut number_of).collect();
            which += 1;
            numbered
        });
        Self { orders, elements, is_shared }
    }
}

/// What names an element: its member, if that is a text or a number.
pub(super) fn name<'v>(element: &'v Value, member: &str) -> Option<&'v Value> {
    element.as_object()?.get(member).filter(|value| matches!(value, Value::String(_) | Value::Number(_)))
}

pub(super) fn merge(
    walk: &mut Walk<'_>,
    rules: &Rules<'_>,
    matched: &Matched<&Value>,
    base: Base<'_>,
    earlier: &Array,
) -> Value {
    let ordered = matched.order();
    let rules = rules.element();
    let mut elements = Vec::with_capacity(ordered.names.len());
    for name in ordered.names {
        let [before, earlier, later] = matched.get(name);
        let before = base.inside(|_| before);
        let place = elements.len();
        let merged = walk.at(place, |walk| walk.node(&rules, before, earlier, later));
        elements.extend(merged);
    }
    let merged = Value::Array(elements.into());
    if ordered.is_overruled {
        walk.dropped_earlier(merged.clone(), Value::Array(earlier.clone()));
    }
    merged
}
