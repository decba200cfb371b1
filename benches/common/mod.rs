//! What the benches share.
//!
//! | file | what it holds |
//! |---|---|
//! | `random`, `typing` | documents and typing that are the same every time |
//! | `counted` | a disk that counts, below redb alone |
//! | `naive` | the baselines: redb and SQLite as an application would use them without this library |
//! | `trace` | recordings of people typing |
//! | `stats` | medians, percentiles, and the place for the files |

#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod counted;
pub(crate) mod naive;
pub(crate) mod random;
pub(crate) mod stats;
pub(crate) mod trace;
pub(crate) mod typing;

/// What a bench answers: the first thing that went wrong, if any did.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
