//! The machine's own time and randomness.

use super::{Clock, Entropy, Timestamp};
use futures_core::future::BoxFuture;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The longest single wait given to the timer: an `Instant` cannot be moved forward without bound.
const LONGEST_NAP: Duration = Duration::from_secs(24 * 60 * 60);

/// The machine's clock, with a timer of its own that needs no async runtime.
///
/// All values share one timer thread, which starts with the first `sleep`. Elapsed time stands still where the
/// operating system's monotonic clock does, for instance while a laptop sleeps on some platforms.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed(&self) -> Duration {
        start().elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let deadline = self.elapsed().saturating_add(duration);
        Box::pin(async move {
            loop {
                let left = deadline.saturating_sub(Self.elapsed());
                if left.is_zero() {
                    return;
                }
                futures_timer::Delay::new(left.min(LONGEST_NAP)).await;
            }
        })
    }
}

/// The operating system's randomness.
///
/// Where the operating system refuses, which none does in ordinary use, it logs that and gives bytes that are unique
/// but could be guessed: enough for ids, and an editor goes on saving. They are no keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!(%error, "the operating system gives no randomness; ids are unique but could be guessed");
            unique(bytes);
        }
    }
}

/// Bytes that no other call gives: from the time to the nanosecond, the process, the thread and a count.
fn unique(bytes: &mut [u8]) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut hasher = blake3::Hasher::new_derive_key("draftkeep 2026 entropy without the operating system");
    hasher.update(&CALLS.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    hasher.update(&std::process::id().to_le_bytes());
    hasher.update(format!("{:?}", std::thread::current().id()).as_bytes());
    hasher.update(&start().elapsed().as_nanos().to_le_bytes());
    hasher
        .update(&SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos().to_le_bytes());
    hasher.finalize_xof().fill(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_of_any_length_can_begin_and_a_short_one_ends() {
        drop(SystemClock.sleep(Duration::MAX));
        let before = SystemClock.elapsed();
        futures_executor::block_on(SystemClock.sleep(Duration::from_millis(1)));
        assert!(SystemClock.elapsed() >= before + Duration::from_millis(1));
    }

    #[test]
    fn no_two_draws_are_equal_with_or_without_the_operating_system() {
        let mut draws = [[0_u8; 16]; 4];
        SystemEntropy.fill(&mut draws[0]);
        SystemEntropy.fill(&mut draws[1]);
        unique(&mut draws[2]);
        unique(&mut draws[3]);
        let distinct: std::collections::BTreeSet<_> = draws.into_iter().collect();
        assert_eq!(distinct.len(), 4);
    }
}
