//! Many versions of one draft in one value.
//!
//! Layout: a format byte, the first and the last version that the pack answers for, the number of versions in it, two
//! stretches in the layout of an [`anchor`](super::anchor), and a BLAKE3 hash over all of that.
//!
//! - The **index** is everything but text, in columns: versions, edit scripts, revision headers, what travels with the
//!   body, what stays on this device. From it the length of every body is known, and every edit is checked.
//! - The **text** is the oldest body and then whatever each version inserted into the one before.
//!
//! Edits that belong together have equal numbers: someone who types on goes on where he was. So each script starts
//! from where the one before started, and what is written is mostly zeros.

mod build;
mod read;

pub(crate) use build::{PackBuilder, PackEntry};
pub(crate) use read::{Bodies, Pack, PackVersion};

/// The most versions of one pack.
pub(crate) const VERSIONS_MAX: usize = 4096;
/// A builder is full when its scripts (numbers and inserted text) reach this: 16 MiB.
pub(crate) const SCRIPTS_FULL: usize = 16 << 20;
/// A builder is full when what is beside the bodies reaches this: 4 MiB.
pub(crate) const BESIDE_FULL: usize = 4 << 20;
/// The most bytes beside one body: head, meta and local together, 1 MiB.
pub(crate) const BESIDE_MAX: usize = 1 << 20;
/// A builder is full when a walk through all versions moves this many bytes: 1 GiB, some 0.1 s.
pub(crate) const TRAVEL_FULL: usize = 1 << 30;

/// The format that is written.
const FORMAT: u8 = 1;
/// The bytes of the hash at the end.
const HASH_LEN: usize = 32;

/// Why bytes are not a pack, or a pack cannot be built or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PackError {
    /// The hash is not that of the bytes: they were altered or cut.
    #[error("damaged pack")]
    Damaged,
    /// The bytes are whole, but not what a builder writes.
    #[error("malformed pack")]
    Malformed,
    /// The bytes say a format that this release does not know.
    #[error("pack of unknown format {format}")]
    UnknownFormat {
        /// The format byte.
        format: u8,
    },
    /// The pack, or the entry that is pushed, is larger than a limit allows.
    #[error("pack beyond its limits")]
    TooLarge,
    /// The builder has taken all that one pack holds: finish it and begin another.
    #[error("pack is full")]
    Full,
    /// The version is not behind the one before, or not within what the pack covers.
    #[error("version {version} out of order")]
    OutOfOrder {
        /// The version that was given.
        version: u64,
    },
    /// The version is not in this pack.
    #[error("version {version} is not in this pack")]
    Absent {
        /// The version that was asked for.
        version: u64,
    },
}

#[cfg(test)]
mod tests;
