//! Many versions of one draft in one value.
//!
//! Layout: a format byte, the first and the last version that the pack answers for, the number of versions in it, two
//! stretches in the layout of an [`anchor`](super::anchor), and a BLAKE3 hash over all of that.
//!
//! - The **index** is everything but text: the length of the oldest body; as columns, each with its length before it,
//!   the versions skipped, the number of edits of each script, and how many bytes each edit copies, deletes and inserts;
//!   then as [`records`](super::records) the revision headers, what travels with the body, what stays on this device.
//!   From it the length of every body is known, and every edit is checked, before any text is unfolded.
//! - The **text** is the oldest body and then whatever each version inserted into the one before.
//!
//! Whoever types goes on where he was: what a script's first edit copies is written as the (zigzag) difference to that
//! of the script before, and is mostly small.

mod build;
mod error;
mod limits;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use build::{PackBuilder, PackEntry};
pub(crate) use error::PackError;
pub(crate) use limits::{BESIDE_FULL, BESIDE_MAX, SCRIPTS_FULL, TRAVEL_FULL, VERSIONS_MAX};
pub(crate) use read::{Pack, PackVersion};

/// The format that is written.
const FORMAT: u8 = 1;
/// The bytes of the hash at the end.
const HASH_LEN: usize = 32;
