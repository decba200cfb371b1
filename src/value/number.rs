//! Numbers: 64-bit integers and 64-bit floats, with one canonical form for each value.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::decimal;
use super::error::{ValueError, ValueErrorKind};

/// Below this magnitude (2^53) every integer is exact as a float, so the integer and the float are one value.
pub(super) const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// A number of a document: an integer from −2^63 to 2^64 − 1, or a finite 64-bit float.
///
/// An integral float below 2^53 *is* the integer (`1.0` equals `1`), and −0.0 is 0. From 2^53 up a float is written with an
/// exponent and never equals an integer, because neighbouring integers may round to it.
///
/// ```
/// use draftkeep::value::Number;
///
/// assert_eq!(Number::from_f64(1.0), Some(Number::from(1_u64)));
/// assert_eq!(Number::from_f64(1e16).map(|n| n.to_string()), Some("1e+16".to_owned()));
/// assert_eq!(Number::from_f64(f64::NAN), None);
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Number(Repr);

/// Exactly one of these holds each number, so that equality can be derived.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Repr {
    /// 0 and above.
    Unsigned(u64),
    /// Below 0.
    Negative(i64),
    /// Finite, and not an integer below 2^53 in magnitude.
    Float(f64),
}

impl Eq for Number {}

impl Number {
    /// Takes a float; `None` for NaN and the infinities.
    #[must_use]
    pub fn from_f64(float: f64) -> Option<Self> {
        if float.is_finite() { Some(Self::from_finite(float)) } else { None }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the way back is checked")]
    pub(super) fn from_finite(float: f64) -> Self {
        let integer = float as i64;
        // Adding 0 turns -0.0 into 0.0.
        if float.abs() < EXACT_BELOW && (integer as f64).to_bits() == (float + 0.0).to_bits() {
            Self::from(integer)
        } else {
            Self(Repr::Float(float))
        }
    }

    pub(super) const fn repr(self) -> Repr {
        self.0
    }

    /// The number as a `u64`; `None` if it is negative or a float.
    #[must_use]
    pub const fn as_u64(self) -> Option<u64> {
        match self.0 {
            Repr::Unsigned(unsigned) => Some(unsigned),
            Repr::Negative(_) | Repr::Float(_) => None,
        }
    }

    /// The number as an `i64`; `None` if it is above `i64::MAX` or a float.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Unsigned(unsigned) => i64::try_from(unsigned).ok(),
            Repr::Negative(negative) => Some(negative),
            Repr::Float(_) => None,
        }
    }

    /// The number as an `f64`; `None` if it is an integer that a float would round.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the way back is checked")]
    #[expect(clippy::cast_sign_loss, reason = "from an unsigned one")]
    pub fn as_f64(self) -> Option<f64> {
        match self.0 {
            // The upper bound of the type rounds up when cast, and would saturate back to itself.
            Repr::Unsigned(unsigned) => {
                let float = unsigned as f64;
                (float < 18_446_744_073_709_551_616.0 && float as u64 == unsigned).then_some(float)
            }
            Repr::Negative(negative) => {
                let float = negative as f64;
                (float as i64 == negative).then_some(float)
            }
            Repr::Float(float) => Some(float),
        }
    }

    /// Appends the canonical text of a finite float.
    #[inline]
    pub(super) fn write_finite(float: f64, out: &mut Vec<u8>) {
        match Self::from_finite(float).0 {
            Repr::Float(float) => decimal::write(float, out),
            integer => Self(integer).write(out),
        }
    }

    /// Reads a number that obeys JSON's grammar and has a fraction or an exponent.
    pub(super) fn parse_decimal(text: &str) -> Result<Self, ValueError> {
        decimal::parse(text).map(Self::from_finite)
    }

    /// Whether a text that was read as this number, and has a fraction or an exponent, is the canonical one.
    pub(super) fn is_written(self, text: &str) -> bool {
        if let Repr::Float(float) = self.0
            && decimal::is_plainly_canonical(float, text)
        {
            return true;
        }
        let mut canonical = Vec::with_capacity(24);
        self.write(&mut canonical);
        canonical == text.as_bytes()
    }

    /// Reads a number that obeys JSON's grammar and has neither a fraction nor an exponent.
    pub(super) fn parse_integer(text: &str) -> Result<Self, ValueError> {
        let parsed = if text.starts_with('-') {
            text.parse().map(<Self as From<i64>>::from)
        } else {
            text.parse().map(<Self as From<u64>>::from)
        };
        parsed.map_err(|_| ValueError::number(text, |text| ValueErrorKind::IntegerTooWide { text }))
    }

    /// Appends the canonical text.
    #[inline]
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self.0 {
            Repr::Unsigned(unsigned) => out.extend_from_slice(itoa::Buffer::new().format(unsigned).as_bytes()),
            Repr::Negative(negative) => out.extend_from_slice(itoa::Buffer::new().format(negative).as_bytes()),
            Repr::Float(float) => decimal::write(float, out),
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Repr::Unsigned(unsigned) => unsigned.hash(state),
            Repr::Negative(negative) => negative.hash(state),
            Repr::Float(float) => float.to_bits().hash(state),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(24);
        self.write(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<u64> for Number {
    fn from(unsigned: u64) -> Self {
        Self(Repr::Unsigned(unsigned))
    }
}

impl From<i64> for Number {
    fn from(signed: i64) -> Self {
        u64::try_from(signed).map_or(Self(Repr::Negative(signed)), Self::from)
    }
}

macro_rules! from_smaller {
    ($($small:ty => $wide:ty),*) => {$(
        impl From<$small> for Number {
            fn from(small: $small) -> Self {
                Self::from(<$wide>::from(small))
            }
        }
    )*};
}

from_smaller!(u8 => u64, u16 => u64, u32 => u64, i8 => i64, i16 => i64, i32 => i64);
