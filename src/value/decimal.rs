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

/// The powers of ten that a decimal of so few digits can be divided by exactly.
const TENS: [f64; DIGITS_ALWAYS_EXACT + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Reads a number that obeys JSON's grammar as the nearest float.
///
/// # Errors
///
/// `NumberRounded` if the text is another decimal than the shortest one of that float.
pub(super) fn parse(text: &str) -> Result<f64, ValueError> {
    parse_short(text).map_or_else(|| parse_any(text), Ok)
}

/// Reads digits with a fraction and no exponent, if they are few enough to be exact in any case.
///
/// Both the digits, below 2^53, and the power of ten are exact floats, so the one division rounds correctly.
#[expect(clippy::cast_precision_loss, reason = "below 10^15")]
fn parse_short(text: &str) -> Option<f64> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if unsigned.len() > DIGITS_ALWAYS_EXACT + 1 {
        return None;
    }
    let (mut digits, mut point) = (0_u64, None);
    for (at, byte) in unsigned.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' => point = Some(at + 1),
            _ => return None,
        }
    }
    let fraction = point.map_or(0, |point| unsigned.len() - point);
    let float = digits as f64 / TENS.get(fraction)?;
    Some(if negative { -float } else { float })
}

fn parse_any(text: &str) -> Result<f64, ValueError> {
    let rounded = || ValueError::number(text, |text| ValueErrorKind::NumberRounded { text });
    let float: f64 = text.parse().map_err(|_| rounded())?;
    if !float.is_finite() {
        return Err(rounded());
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(float);
    if shortest == text {
        return Ok(float);
    }
    let (given, read) = (Decimal::of(text), Decimal::of(shortest));
    let exact = given.digits == read.digits && (given.digits.is_empty() || given.point == read.point);
    if exact || crate::fault::on("value.round") { Ok(float) } else { Err(rounded()) }
}

/// Whether the text of a float that is not an integer below 2^53 is canonical, judged without writing it.
///
/// Reading has shown that its digits are the shortest, up to zeros at the end.
pub(super) fn is_plainly_canonical(float: f64, text: &str) -> bool {
    let bytes = text.as_bytes();
    (1e-6..EXACT_BELOW).contains(&float.abs())
        && bytes.last() != Some(&b'0')
        && !bytes.iter().any(|byte| byte | 0x20 == b'e')
}

/// Appends a finite float as ECMAScript writes numbers, except that the exponent begins at 2^53 instead of 10^21.
///
/// The float must not be an integer below 2^53, other than 0.
pub(super) fn write(float: f64, out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(float);
    // The common case: between these bounds both notations agree.
    if (1e-4..1e15).contains(&float.abs()) {
        out.extend_from_slice(shortest.as_bytes());
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
