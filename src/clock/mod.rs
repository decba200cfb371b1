//! Time, randomness and background tasks, as the application passes them in.
//!
//! The core never asks the machine for any of them by itself. With the feature `threads` there are [`SystemClock`],
//! [`ThreadSpawn`] and [`SystemEntropy`], which work in any application, with or without an async runtime. For tests
//! there are [`ManualClock`], [`TaskQueue`] and [`SeededEntropy`]: a test that uses them waits for nothing and gives
//! the same result every time.
//!
//! ```
//! use draftkeep::clock::{Clock, ManualClock, Spawn, TaskQueue};
//! use std::time::Duration;
//!
//! let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
//! let sleep = clock.sleep(Duration::from_secs(20));
//! tasks.spawn(Box::pin(async move { sleep.await }));
//!
//! tasks.run_for(&clock, Duration::from_secs(19));
//! assert_eq!(tasks.len(), 1);
//! tasks.run_for(&clock, Duration::from_secs(1));
//! assert!(tasks.is_empty());
//! ```

mod contract;
mod manual;
mod queue;
mod seeded;
#[cfg(feature = "threads")]
mod system;
#[cfg(feature = "threads")]
mod threads;

pub use contract::{Clock, Entropy, Spawn, Timestamp};
pub use manual::ManualClock;
pub use queue::TaskQueue;
pub use seeded::SeededEntropy;
#[cfg(feature = "threads")]
pub use system::{SystemClock, SystemEntropy};
#[cfg(feature = "threads")]
pub use threads::ThreadSpawn;
