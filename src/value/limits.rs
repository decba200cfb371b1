//! How large a document may be.

use std::fmt;

/// The deepest nesting of arrays and objects that a document may have. It is fixed, so that what one device wrote every other reads.
pub const DEPTH_MAX: usize = 64;

/// How large a document may be, wherever one is read or written.
///
/// The depth is fixed at [`DEPTH_MAX`]: a scalar has depth 0, `[]` and `{}` have depth 1.
///
/// ```
/// use draftkeep::value::{Limits, Value};
///
/// let small = Limits { bytes: 8, ..Limits::default() };
/// assert!(Value::parse_with(b"[1,2,3]", &small).is_ok());
/// assert!(Value::parse_with(b"[1,2,3,4]", &small).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The length of the text in bytes, inclusive. 16 MiB by default.
    pub bytes: usize,
    /// The number of values, containers included and keys not, inclusive. 2,000,000 by default.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, nodes: 2_000_000 }
    }
}

/// Names one of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The length of the canonical or the given text: [`Limits::bytes`].
    Bytes,
    /// The nesting of arrays and objects: [`DEPTH_MAX`].
    Depth,
    /// The number of values: [`Limits::nodes`].
    Nodes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Depth => "levels of nesting",
            Self::Nodes => "values",
        })
    }
}
