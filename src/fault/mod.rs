//! Seeded faults, and a canary: what a build with `--cfg draftkeep_faults` does to itself, so that a test can prove that it would notice.
//!
//! | file | what it holds |
//! |---|---|
//! | `seeded` | named ways to break a protective line on purpose |
//! | `canary` | everything that leaves a process, searched for every text that it was given to keep |
//! | `without_canary` | what stands in its place in every other build: nothing |

#[cfg(draftkeep_faults)]
pub mod canary;
#[cfg(not(draftkeep_faults))]
#[path = "without_canary.rs"]
pub(crate) mod canary;
mod seeded;

#[cfg(draftkeep_faults)]
pub use seeded::{on, seals_every_store};
#[cfg(not(draftkeep_faults))]
pub(crate) use seeded::{on, seals_every_store};
