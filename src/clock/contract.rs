//! What the core asks of its surroundings: the time, a background, and randomness.

use futures_core::future::BoxFuture;
use std::fmt;
use std::time::Duration;

/// A moment for people to read: milliseconds since the Unix epoch.
///
/// It never decides an order and never a conflict: clocks jump. Before 1970 is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment that is `ms` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this moment; zero where the clock went back in between.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Tells the time and waits.
///
/// `now` is the wall clock and may jump. `elapsed` is monotonic: it never goes back, and `sleep` follows it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock's time.
    fn now(&self) -> Timestamp;

    /// Time passed since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Completes once `elapsed` has grown by `duration`. Dropping it is fine.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Runs background tasks to their end.
pub trait Spawn: Send + Sync + fmt::Debug {
    /// Starts `task`. It may block on disk now and then, so an executor that must not block should give it a thread.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// A source of unpredictable bytes, for ids. A test passes a seeded one.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);
}
