//! Counters, and the order of values that have one.

use super::outcome::Why;
use super::tree::Base;
use crate::value::{Number, Value, compare_keys};
use std::cmp::Ordering;

/// What a counter is after both changes. One that was not there began at 0.
pub(super) fn sum(base: Base<'_>, earlier: &Value, later: &Value) -> Result<Value, Why> {
    let count = |value: &Value| value.as_number().and_then(Number::as_i64).map(i128::from).ok_or(Why::NotACounter);
    let Base::Known(base) = base else { return Err(Why::NoBase) };
    let sum = count(earlier)? + count(later)? - base.map_or(Ok(0), count)?;
    i64::try_from(sum).map(Value::from).map_err(|_| Why::Overflow)
}

/// Compares two numbers exactly, or two texts; `None` for anything else.
pub(super) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Some(compare_numbers(*a, *b)),
        (Value::String(a), Value::String(b)) => Some(compare_keys(a.as_bytes(), b.as_bytes())),
        _ => None,
    }
}

fn compare_numbers(a: Number, b: Number) -> Ordering {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => against_float(a, float(b)),
        (None, Some(b)) => against_float(b, float(a)).reverse(),
        (None, None) => float(a).total_cmp(&float(b)),
    }
}

fn integer(number: Number) -> Option<i128> {
    number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from))
}

fn float(number: Number) -> f64 {
    // What is no integer is a finite float.
    number.as_f64().unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "the float is within bounds then")]
fn against_float(integer: i128, float: f64) -> Ordering {
    const BEYOND: f64 = 1e30;
    if float.abs() >= BEYOND {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    let whole = float.trunc();
    // The whole part is exact as an integer, and then what is left decides.
    integer.cmp(&(whole as i128)).then_with(|| 0.0_f64.total_cmp(&(float - whole + 0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        let in_order =
            ["-1e300", "-9223372036854775808", "-1.5", "-1", "0", "5e-324", "9007199254740993", "9007199254740996.5e3"];
        let number = |text: &str| Value::parse(text.as_bytes()).ok();
        let numbers: Vec<Value> = in_order.iter().filter_map(|text| number(text)).collect();
        assert!(numbers.len() >= 7);
        for (x, a) in numbers.iter().enumerate() {
            for (y, b) in numbers.iter().enumerate() {
                assert_eq!(compare(a, b), Some(x.cmp(&y)), "{a:?} {b:?}");
            }
        }
        let (float, integer) = (Number::from_f64(18_446_744_073_709_551_616.0).unwrap(), Number::from(u64::MAX));
        assert_eq!(compare_numbers(integer, float), Ordering::Less);
    }
}
