//! Key files: the keys of a [`MemoryKeyRing`](super::MemoryKeyRing) as bytes, locked with a passphrase.
//!
//! | file | what it holds |
//! |---|---|
//! | `cost` | what one guess at the passphrase costs, and between which bounds |
//! | `error` | why a key file is not made or not opened |
//! | `header` | what stands in the open before the keys, and what is checked before anything is computed |
//! | `contents` | the keys as bytes |
//! | `locking` | [`MemoryKeyRing::lock`](super::MemoryKeyRing::lock) and `unlock` |
//!
//! Its bytes are described in the [format](crate::docs::format#a-key-file).

mod contents;
mod cost;
mod error;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod header;
mod locking;

pub use cost::Cost;
pub use error::KeyFileError;
