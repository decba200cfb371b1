//! How long keys and values may be, and which sizes waste nothing.

use super::{StorageError, StorageErrorKind};

/// The longest key, in bytes. The shortest is one byte.
pub const MAX_KEY: usize = 512;

/// The longest value, in bytes: a little under 64 KiB, so that a page store wastes nothing on it.
pub const MAX_VALUE: usize = 65_000;

/// Value sizes that fill a page store's pages: whoever cuts long bytes into pieces cuts at one of these.
pub const GOOD_VALUE_SIZES: [usize; 5] = [4_000, 8_000, 16_000, 32_000, 65_000];

/// Refuses an empty key and one over [`MAX_KEY`].
pub(super) const fn check_key(key: &[u8]) -> Result<(), StorageError> {
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
