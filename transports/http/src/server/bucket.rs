//! How often somebody may ask.

use crate::fault;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most callers that are remembered. One that is forgotten begins anew.
const CALLERS_MAX: usize = 100_000;

/// How often somebody may ask: so many times a second, and some in a row after a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time that one request takes up.
    each: Duration,
    in_a_row: u32,
}

impl Rate {
    /// So many times a second in the long run, and so many in a row; either is at least 1.
    #[must_use]
    pub const fn per_second(times: u32, in_a_row: u32) -> Self {
        let times = if times == 0 { 1 } else { times };
        let in_a_row = if in_a_row == 0 { 1 } else { in_a_row };
        Self { each: Duration::from_nanos(1_000_000_000 / times as u64), in_a_row }
    }
}

/// For each caller the moment at which its bucket is full again ("generic cell rate algorithm").
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    full_at: Mutex<BTreeMap<K, Instant>>,
}

impl<K: Ord> Buckets<K> {
    pub(super) const fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::new(BTreeMap::new()) }
    }

    /// Takes so many out of a caller's bucket, whether they are in it or not: what is missing has to come back before anything is taken
    /// again. No more than a whole bucket is owed.
    pub(super) fn charge(&self, caller: &K, count: u32, now: Instant) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // Who was let in just now is remembered.
        if let Some(full_at) = full_at.get_mut(caller) {
            let most = now + self.rate.each * self.rate.in_a_row.saturating_mul(2);
            *full_at = ((*full_at).max(now) + self.rate.each * count).min(most);
        }
    }

    /// Takes so many out of a caller's bucket; says how long to wait where they are not in it, and takes nothing then.
    pub(super) fn take(&self, caller: K, count: u32, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= CALLERS_MAX && !full_at.contains_key(&caller) {
            // Whose bucket is full is as if it had never come.
            full_at.retain(|_, full_at| *full_at > now);
            if full_at.len() >= CALLERS_MAX {
                full_at.pop_first();
            }
        }
        let from = full_at.get(&caller).map_or(now, |at| (*at).max(now));
        let full = from + self.rate.each * count.min(self.rate.in_a_row);
        let over = full.duration_since(now).saturating_sub(self.rate.each * self.rate.in_a_row);
        if over > Duration::ZERO && !fault::on("http-rates-unheld") {
            return Err(over);
        }
        full_at.insert(caller, full);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_row_and_then_so_many_a_second() {
        let buckets = Buckets::new(Rate::per_second(10, 5));
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        for _ in 0..5 {
            assert_eq!(buckets.take("alice", 1, at(0)), Ok(()));
        }
        assert_eq!(buckets.take("alice", 1, at(0)), Err(Duration::from_millis(100)));
        assert_eq!(buckets.take("bob", 1, at(0)), Ok(()), "each has a bucket of its own");
        assert_eq!(buckets.take("alice", 1, at(60)), Err(Duration::from_millis(40)));
        assert_eq!(buckets.take("alice", 1, at(100)), Ok(()));
        assert_eq!(buckets.take("alice", 3, at(200)), Err(Duration::from_millis(200)));
        assert_eq!(buckets.take("alice", 3, at(400)), Ok(()));
        let mut taken = 0;
        for ms in 1_000_000..1_010_000 {
            taken += u32::from(buckets.take("alice", 1, at(ms)).is_ok());
        }
        assert!((104..=106).contains(&taken), "{taken}");
        assert_eq!(buckets.take("carol", 1_000, at(0)), Ok(()), "no more than a whole bucket is asked for");
    }

    #[test]
    fn what_is_charged_is_owed_also_by_a_bucket_that_is_empty() {
        let buckets = Buckets::new(Rate::per_second(10, 40));
        let begin = Instant::now();
        let mut let_in = 0;
        // Ten a second, for a hundred seconds: each counts as twenty.
        for ms in (0..100_000).step_by(100) {
            let now = begin + Duration::from_millis(ms);
            if buckets.take("guesser", 1, now).is_ok() {
                buckets.charge(&"guesser", 19, now);
                let_in += 1;
            }
        }
        assert!((50..=53).contains(&let_in), "{let_in}");
        buckets.charge(&"nobody", 1_000, begin);
        assert_eq!(buckets.take("nobody", 40, begin), Ok(()), "who never came owes nothing");
        buckets.charge(&"nobody", 1_000, begin);
        assert_eq!(buckets.take("nobody", 1, begin), Err(Duration::from_millis(4_100)), "a whole bucket at most");
    }

    #[test]
    fn however_many_come_no_more_than_so_many_are_remembered() {
        let buckets = Buckets::new(Rate::per_second(1, 1));
        let now = Instant::now();
        for caller in 0..CALLERS_MAX + 50 {
            assert_eq!(buckets.take(caller, 1, now), Ok(()));
        }
        assert_eq!(buckets.full_at.lock().unwrap().len(), CALLERS_MAX);
        assert_eq!(buckets.take(usize::MAX, 1, now + Duration::from_secs(2)), Ok(()));
        assert_eq!(buckets.full_at.lock().unwrap().len(), 1);
    }
}
