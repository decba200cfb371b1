//! Strategies for property tests: random documents, edits of them, and texts.

use proptest::prelude::*;

use super::array::Array;
use super::number::Number;
use super::object::Object;
use super::tree::Value;

/// Any number, with the edges of each form more often than chance has them.
pub fn arbitrary_number() -> impl Strategy<Value = Number> {
    let edge = prop_oneof![
        Just(Number::from(0_u64)),
        Just(Number::from(u64::MAX)),
        Just(Number::from(i64::MIN)),
        Just(Number::from(i64::MAX)),
        Just(Number::from_finite(9_007_199_254_740_991.0)),
        Just(Number::from_finite(9_007_199_254_740_992.0)),
        Just(Number::from_finite(f64::MAX)),
        Just(Number::from_finite(f64::MIN_POSITIVE)),
        Just(Number::from_finite(5e-324)),
        Just(Number::from_finite(1e-6)),
        Just(Number::from_finite(-1.5e-7)),
    ];
    prop_oneof![
        4 => (-100..100_i64).prop_map(Number::from),
        2 => any::<i64>().prop_map(Number::from),
        1 => any::<u64>().prop_map(Number::from),
        3 => any::<f64>().prop_filter_map("finite", Number::from_f64),
        2 => (-1_000_000..1_000_000_i32, 0..9_i32).prop_map(|(n, e)| Number::from_finite(f64::from(n) / 10_f64.powi(e))),
        1 => edge,
    ]
}

/// Any text, with quotes, controls, combining marks and characters beyond U+FFFF more often than chance has them.
pub fn arbitrary_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{0,8}",
        2 => "([a-z]{1,6}[ ,.\n]){0,12}",
        2 => "[\"\\\\/\u{0}-\u{1f}a\u{7f}-\u{a0}\u{300}\u{2028}\u{d7ff}\u{e000}\u{feff}\u{ffff}\u{10000}\u{1f600}\u{10ffff}]{0,12}",
        1 => ".{0,12}",
    ]
}

/// Any key of an object; few enough that two objects share some.
pub fn arbitrary_key() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[a-e]", 1 => Just("id".to_owned()), 1 => "[a-z]{7,10}", 1 => arbitrary_text()]
}

/// Any document, up to 5 levels deep and around 60 values large.
///
/// ```
/// use draftkeep::value::{Value, strategy::arbitrary_value};
/// use proptest::prelude::*;
///
/// proptest!(|(document in arbitrary_value())| {
///     let text = document.to_canonical().unwrap();
///     prop_assert_eq!(Value::parse_canonical(&text).unwrap(), document);
/// });
/// ```
pub fn arbitrary_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        3 => arbitrary_number().prop_map(Value::Number),
        4 => arbitrary_text().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            3 => arbitrary_object(inner.clone()).prop_map(Value::Object),
            1 => arbitrary_keyed_array(inner),
        ]
    })
}

fn arbitrary_object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Object> {
    proptest::collection::vec((arbitrary_key(), member), 0..6).prop_map(|members| members.into_iter().collect())
}

/// An array of objects that all carry a unique `id`.
fn arbitrary_keyed_array(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let ids = proptest::sample::subsequence((0..8_u8).collect::<Vec<_>>(), 0..6).prop_shuffle();
    (ids, proptest::collection::vec(arbitrary_object(member), 6)).prop_map(|(ids, objects)| {
        let elements = ids.into_iter().zip(objects).map(|(id, mut object)| {
            object.insert("id", Value::from(id));
            Value::Object(object)
        });
        Value::Array(elements.collect())
    })
}

/// A document and an edit of it: parts replaced, removed, inserted and moved.
pub fn arbitrary_edit() -> impl Strategy<Value = (Value, Value)> {
    arbitrary_value().prop_flat_map(|before| (Just(before.clone()), arbitrary_edit_of(before)))
}

/// An edit of this document: parts replaced, removed, inserted and moved.
pub fn arbitrary_edit_of(before: Value) -> impl Strategy<Value = Value> {
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), arbitrary_value(), 0..5_u8), 1..5);
    edits.prop_map(move |edits| {
        let mut after = before.clone();
        for (place, value, how) in edits {
            let count = count(&after);
            edit_at(&mut after, &mut place.index(count), value, how);
        }
        after
    })
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(array) => array.iter().map(count).sum(),
        Value::Object(object) => object.values().map(count).sum(),
        _ => 0_usize,
    }
}

/// Edits the value that comes at this place when they are counted from the root on; `None` once it is done.
fn edit_at(value: &mut Value, place: &mut usize, new: Value, how: u8) -> Option<Value> {
    if *place == 0 {
        edit(value, new, how);
        return None;
    }
    *place -= 1;
    match value {
        Value::Array(array) => array.iter_mut().try_fold(new, |new, value| edit_at(value, place, new, how)),
        Value::Object(object) => object.iter_mut().try_fold(new, |new, (_, value)| edit_at(value, place, new, how)),
        _ => Some(new),
    }
}

fn edit(value: &mut Value, new: Value, how: u8) {
    let middle = value.as_array().map_or(0, |array| array.len() / 2);
    match (value, how) {
        (Value::Array(array), 1) => array.insert(middle, new),
        (Value::Array(array), 2) => array.truncate(middle),
        (Value::Array(array), 3) => array.reverse(),
        (Value::Array(array), 4) => rotate(array),
        (Value::Object(object), 1 | 3) => drop(object.insert("c", new)),
        (Value::Object(object), 2 | 4) => drop(object.remove("b")),
        (Value::String(text), 1 | 3) => text.push_str(" and more"),
        (value, _) => *value = new,
    }
}

fn rotate(array: &mut Array) {
    if !array.is_empty() {
        array.rotate_left(1);
    }
}
