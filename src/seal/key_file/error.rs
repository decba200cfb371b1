//! Why a key file is not made or not opened.

use super::cost::Cost;

/// Why a key file is not made or not opened. Nothing of a passphrase or a key stands in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It is not the one that the file was locked with: ask again. It may also be that somebody altered the file on purpose; by accident it is
    /// [`Damaged`](Self::Damaged).
    #[error("the passphrase does not open the key file")]
    WrongPassphrase,
    /// It is not the file that was stored: take a copy of it. Was the passphrase tried, it is the right one.
    #[error("the key file is damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: &'static str,
    },
    /// It is something else.
    #[error("this is not a key file")]
    NotAKeyFile,
    /// It has what this release does not know, and would lose: take a newer one.
    #[error("the key file was made by a newer release")]
    TooNew,
    /// Guessing would cost less than [`Cost::new`] accepts. No release makes such a file: do not ask for the passphrase, whoever wrote it wants it guessed.
    #[error(
        "{passes} passes over {memory_kib} KiB make guessing too cheap: at least {least_passes} over {least_kib} KiB, as Cost::least()",
        least_passes = Cost::least().passes(),
        least_kib = Cost::least().memory_kib()
    )]
    TooCheap {
        /// The memory that was asked for.
        memory_kib: u32,
        /// The passes over it.
        passes: u32,
    },
    /// It asks for more memory or time than was allowed, and nothing was computed. If the file is yours, allow it with
    /// [`unlock_up_to`](super::super::MemoryKeyRing::unlock_up_to).
    #[error(
        "{passes} passes over {memory_kib} KiB are more than allowed, {} over {} KiB: if the file is yours, allow more with unlock_up_to",
        most.passes(),
        most.memory_kib()
    )]
    TooCostly {
        /// The memory that was asked for.
        memory_kib: u32,
        /// The passes over it.
        passes: u32,
        /// What was allowed.
        most: Cost,
    },
    /// The device does not have the memory that the cost asks for now. It can be tried again, or the keys locked at a lower cost elsewhere.
    #[error("there are no {memory_kib} KiB of memory for the passphrase")]
    OutOfMemory {
        /// The memory that was asked for.
        memory_kib: u32,
    },
    /// A passphrase has 1 to 1,048,576 bytes.
    #[error("a passphrase has 1 to 1048576 bytes, and this one {len}")]
    PassphraseLength {
        /// Its bytes.
        len: usize,
    },
    /// A key file has at most 16 MiB. Keep the keys of fewer spaces in one ring, or forget earlier keys.
    #[error("a key file has at most 16777216 bytes, and this one {len}")]
    TooLong {
        /// Its bytes.
        len: usize,
    },
}
