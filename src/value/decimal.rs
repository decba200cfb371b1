//! Floats as text: the shortest decimal that reads back as the same float, and no decimal that is not that one.

use super::error::{ValueError, ValueErrorKind};
use super::number::EXACT_BELOW;

/// The significant digits of a decimal and the place of its point: 0.d₁d₂d₃… × 10^point, with neither zeros in front nor
/// at the end. Zero has no digits.
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

/// Decimals of so few digits name distinct floats, so the shortest text of the float is the decimal itself.
const DIGITS_ALWAYS_EXACT: usize = 15;

/// Reads a number that obeys JSON's grammar as the nearest float.
///
/// # Errors
///
/// `NumberRounded` if the text is another decimal than the shortest one of that float.
pub(super) fn parse(text: &str) -> Result<f64, ValueError> {
    let rounded = || ValueError::number(text, |text| ValueErrorKind::NumberRounded { text });
    let float: f64 = text.parse().map_err(|_| rounded())?;
    let plain = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).filter(u8::is_ascii_digit).count();
    // Away from the subnormals, where floats are sparser than decimals of 15 digits.
    if plain <= DIGITS_ALWAYS_EXACT && (1e-290..1e290).contains(&float.abs()) {
        return Ok(float);
    }
    if !float.is_finite() {
        return Err(rounded());
    }
    let (given, read) = (Decimal::of(text), Decimal::of(zmij::Buffer::new().format_finite(float)));
    let exact = given.digits == read.digits && (given.digits.is_empty() || given.point == read.point);
    if exact || crate::fault::on("value.round") { Ok(float) } else { Err(rounded()) }
}

/// Appends a finite float as ECMAScript writes numbers, except that the exponent begins at 2^53 instead of 10^21.
pub(super) fn write(float: f64, out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(float);
    // The common case: between these bounds both notations agree.
    if (1e-5..EXACT_BELOW).contains(&float.abs()) && !shortest.contains('e') {
        let plain = shortest.strip_suffix(".0").unwrap_or(shortest);
        out.extend_from_slice(plain.as_bytes());
        return;
    }
    let Decimal { digits, point } = Decimal::of(shortest);
    if float < 0.0 {
        out.push(b'-');
    }
    let (first, rest) = digits.split_first().map_or((b'0', &[][..]), |(first, rest)| (*first, rest));
    if (-5..=0).contains(&point) && float.abs() < EXACT_BELOW {
        out.extend_from_slice(b"0.");
        (point..0).for_each(|_| out.push(b'0'));
        out.extend_from_slice(&digits);
    } else if let Ok(whole) = usize::try_from(point)
        && float.abs() < EXACT_BELOW
    {
        let split = whole.min(digits.len());
        out.extend_from_slice(&digits[..split]);
        (split..whole).for_each(|_| out.push(b'0'));
        if split < digits.len() {
            out.push(b'.');
            out.extend_from_slice(&digits[split..]);
        }
    } else {
        out.push(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        out.push(b'e');
        let exponent = point.saturating_sub(1);
        if exponent >= 0 {
            out.push(b'+');
        }
        out.extend_from_slice(itoa::Buffer::new().format(exponent).as_bytes());
    }
}

impl Decimal {
    /// Takes a number that obeys JSON's grammar. An exponent beyond 64 bits is cut to them: no float is near it.
    fn of(text: &str) -> Self {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').collect();
        let leading = whole.len() + fraction.len() - digits.len();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let point = exponent.saturating_add(count(whole.len())).saturating_sub(count(leading));
        Self { digits, point }
    }
}
