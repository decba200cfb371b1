//! Why bytes are not a pack, or a pack cannot be built or read.

/// An error of a pack; the first three mean that the stored bytes are lost, the others that the caller asked wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PackError {
    /// The hash is not that of the bytes: they were altered or cut.
    #[error("damaged pack")]
    Damaged,
    /// The bytes are whole, but not what a builder writes.
    #[error("malformed pack")]
    Malformed,
    /// The bytes say a format that this release does not know: a newer one wrote them.
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
