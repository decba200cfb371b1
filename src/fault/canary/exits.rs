//! The ways out of the process, and how much was searched at each of them.

use std::sync::atomic::{AtomicU64, Ordering};

/// A way out of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Keys and values of a commit, as a storage is given them: a store's, and a hub's.
    Storage,
    /// Bytes that are written into a file: a store's, a copy of it, and the marker beside it.
    File,
    /// What a device asks its hub.
    Request,
    /// Log lines and spans.
    Log,
    /// Events and statuses.
    Event,
    /// Errors, with all that is behind them.
    Error,
    /// The words of a panic in the library.
    Panic,
}

impl Exit {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Storage, Self::File, Self::Request, Self::Log, Self::Event, Self::Error, Self::Panic];
}

static SEARCHED: [AtomicU64; Exit::ALL.len()] = [const { AtomicU64::new(0) }; Exit::ALL.len()];

pub(super) fn count(exit: Exit, bytes: usize) {
    SEARCHED[exit as usize].fetch_add(bytes as u64, Ordering::Relaxed);
}

/// How many bytes were searched at this way out.
pub fn searched(exit: Exit) -> u64 {
    SEARCHED[exit as usize].load(Ordering::Relaxed)
}
