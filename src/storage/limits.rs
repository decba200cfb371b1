//! How long keys and values may be, and which sizes waste nothing.

use super::{StorageError, StorageErrorKind};

/// The longest key, in bytes. The shortest is one byte.
pub const MAX_KEY: usize = 512;

/// The longest value, in bytes: the largest of [`GOOD_VALUE_SIZES`].
pub const MAX_VALUE: usize = 65_000;

/// Value sizes that fill a page store's pages: whoever cuts long bytes into pieces cuts at one of these.
///
/// redb keeps entries in pages of 4,096 bytes times a power of two, and a page that is not full is lost. Two entries of
/// the first size share a page, one of each other size fills one, each with a key of up to 72 bytes; the page holds
/// 12 bytes of its own beside the first entry and 8 beside each further one. Measured as bytes in use per byte of
/// payload: 1.06 for 2,000 bytes but 2.08 for 2,030; 1.06 for 4,000 but 2.03 for 4,096; 1.03 for 8,100 but 2.02 for
/// 8,192; 1.01 to 1.04 for 16,000, 32,000 and 65,000. In between it is worse (1.39 at 6,000, 1.38 at 12,000), and below
/// 1,900 bytes it is never over 1.5.
pub const GOOD_VALUE_SIZES: [usize; 6] = [1_950, 4_000, 8_100, 16_200, 32_500, MAX_VALUE];

/// Refuses an empty key and one over [`MAX_KEY`]. Every [`Snapshot::get`](super::Snapshot::get) calls this first.
///
/// # Errors
///
/// [`TooLarge`](StorageErrorKind::TooLarge), a mistake of the caller.
pub const fn check_key(key: &[u8]) -> Result<(), StorageError> {
    match key.len() {
        1..=MAX_KEY => Ok(()),
        got => Err(StorageError::new(StorageErrorKind::TooLarge { what: "key", limit: MAX_KEY, got })),
    }
}

/// Refuses a value over [`MAX_VALUE`].
pub(super) const fn check_value(value: &[u8]) -> Result<(), StorageError> {
    match value.len() {
        0..=MAX_VALUE => Ok(()),
        got => Err(StorageError::new(StorageErrorKind::TooLarge { what: "value", limit: MAX_VALUE, got })),
    }
}
