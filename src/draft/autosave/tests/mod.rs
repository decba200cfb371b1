//! Autosaving in virtual time: nothing here waits.

mod bench;
mod ending;
mod failing;
mod flushing;
mod pacer;
mod saving;
#[cfg(feature = "threads")]
mod threads;
mod watching;

use bench::{Bench, secs, text};

/// How much longer than usual the searches run.
fn effort() -> u32 {
    std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1)
}
