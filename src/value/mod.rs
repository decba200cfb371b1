//! Documents as values: canonical JSON, strict reading, paths, differences and patches.
//!
//! A document is any serde type. [`to_canonical`] writes it as canonical JSON straight from the type; [`Value`] is the tree
//! that merging and differences work on, read by a strict reader of our own. One value has one text, so hashes of texts
//! compare documents:
//!
//! * Keys are in the order of their UTF-16 code units, strings have the shortest escapes, nothing is indented (RFC 8785).
//! * Integers from −2^63 to 2^64 − 1 are plain digits. Floats are the shortest decimal that reads back as the same 64 bits;
//!   an integral one below 2^53 is the integer, one from 2^53 up has an exponent. −0.0 is 0.
//! * What another reader could understand differently is refused, with its [`Path`]: duplicate keys, NaN and infinities,
//!   wider integers, decimals that would be rounded, lone surrogates, byte order marks, more than [`DEPTH_MAX`] levels.
//!
//! [`diff`] lists what changed, for people and for programs of ours; [`Patch`] and [`merge_patch`] are the two forms that other
//! programs send and read (RFC 6902 and RFC 7396).
//!
//! Nothing here depends on `serde_json`'s features, which any crate of the program can switch on for all others.

mod array;
mod convert;
mod decimal;
mod deserializer;
mod diff;
mod embedded;
mod error;
mod escape;
mod foreign;
mod key;
mod limits;
mod number;
mod object;
mod order;
mod outline;
mod patch;
mod path;
mod pattern;
mod reader;
mod serde_impls;
mod serializer;
#[cfg(feature = "proptest")]
pub mod strategy;
mod tree;
mod unknown;
mod writer;

pub use array::Array;
pub use convert::{from_slice, from_slice_with, from_value, to_canonical, to_canonical_with, to_value};
pub use diff::{Change, Edit, Span, apply, diff, diff_with};
pub use error::{ValueError, ValueErrorKind};
pub use limits::{DEPTH_MAX, Limit, Limits};
pub use number::Number;
pub use object::Object;
pub use patch::{
    Found, Operation, Patch, PatchError, PatchErrorKind, merge_patch, merge_patch_between, merge_patch_with,
};
pub use path::{ParsePathError, Path, Segment};
pub use pattern::Pattern;
pub use tree::Value;

pub(crate) use diff::{Budget, Item, align};
pub(crate) use order::compare_keys;
pub(crate) use outline::{Outline, Part, compare_quoted, unquoted};
pub(crate) use unknown::Unknown;
