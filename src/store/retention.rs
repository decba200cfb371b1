//! What may be dropped in the course of time, decided by pure functions over versions and times.

use crate::clock::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a store drops in the course of time. By default it keeps everything.
///
/// Nothing here ever drops a head, a checkpoint, a pinned or a promoted version. Times are counted twice, by the
/// clock and by the days on which the space was opened, so that a clock that is wrong purges nothing.
///
/// ```
/// use draftkeep::{Keep, Retention};
/// use std::time::Duration;
///
/// let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
/// let retention = Retention::default().history(Keep::thinned()).discard_after(days(30)).purge_after(days(7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub(crate) history: Keep,
    pub(crate) discard_after: Option<Duration>,
    pub(crate) purge_after: Option<Duration>,
}

/// Which versions of a draft are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// All of them.
    All,
    /// The last ones, this many; and the first one, which is what the draft began with.
    Last(u64),
    /// All for a while, then one an hour, one a day, and one every 30 days.
    Thinned {
        /// How long all are kept.
        all: Duration,
        /// How long one an hour is kept.
        hourly: Duration,
        /// How long one a day is kept.
        daily: Duration,
    },
}

impl Keep {
    /// All for an hour, hourly for a day, daily for a month, then one every 30 days.
    #[must_use]
    pub const fn thinned() -> Self {
        Self::Thinned { all: HOUR, hourly: DAY, daily: Duration::from_secs(30 * 24 * 60 * 60) }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { history: Keep::All, discard_after: None, purge_after: None }
    }
}

impl Retention {
    /// Which versions are kept. Applied when a draft's old versions are packed, and by `compact`.
    #[must_use]
    pub const fn history(mut self, keep: Keep) -> Self {
        self.history = keep;
        self
    }

    /// Open drafts that were not touched for so long go to the trash when their space is opened.
    #[must_use]
    pub const fn discard_after(mut self, untouched: Duration) -> Self {
        self.discard_after = Some(untouched);
        self
    }

    /// Drafts that were in the trash for so long are removed for good when their space is opened.
    #[must_use]
    pub const fn purge_after(mut self, grace: Duration) -> Self {
        self.purge_after = Some(grace);
        self
    }
}

/// Whether so much time has passed by both counts. `days` are days on which the space was opened.
pub(crate) fn has_passed(wanted: Duration, since: Timestamp, now: Timestamp, days_since: u64, days_now: u64) -> bool {
    let days_wanted = wanted.as_secs().div_ceil(DAY.as_secs());
    now.saturating_since(since) >= wanted && days_now.saturating_sub(days_since) >= days_wanted
}

/// A version as retention sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) version: u64,
    pub(crate) saved_at: Timestamp,
    /// A head, a checkpoint, pinned, promoted or a slot's first: always kept.
    pub(crate) is_protected: bool,
}

/// The versions to keep of a draft's whole history, given oldest first.
pub(crate) fn kept(keep: Keep, versions: &[Candidate], now: Timestamp) -> BTreeSet<u64> {
    let protected = versions.iter().filter(|candidate| candidate.is_protected).map(|candidate| candidate.version);
    let mut kept: BTreeSet<u64> = protected.collect();
    match keep {
        Keep::All => kept.extend(versions.iter().map(|candidate| candidate.version)),
        Keep::Last(count) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX).max(1);
            kept.extend(versions.iter().rev().take(count).map(|candidate| candidate.version));
        }
        Keep::Thinned { all, hourly, daily } => {
            let mut slots = BTreeSet::new();
            // Newest first, so that the last state of each hour or day is the one that stays.
            for candidate in versions.iter().rev() {
                let age = now.saturating_since(candidate.saved_at);
                let step = if age < all {
                    kept.insert(candidate.version);
                    continue;
                } else if age < hourly {
                    HOUR
                } else if age < daily {
                    DAY
                } else {
                    DAY * 30
                };
                let step_ms = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
                if slots.insert((step_ms, candidate.saved_at.as_millis() / step_ms)) {
                    kept.insert(candidate.version);
                }
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minute(version: u64) -> Candidate {
        Candidate { version, saved_at: Timestamp::from_millis(version * 60_000), is_protected: false }
    }

    #[test]
    fn the_last_ones_are_kept() {
        let versions: Vec<Candidate> = (1..=10).map(minute).collect();
        let kept = kept(Keep::Last(3), &versions, Timestamp::from_millis(0));
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), [8, 9, 10]);
    }

    #[test]
    fn thinning_keeps_an_hour_whole_and_then_one_an_hour() {
        let versions: Vec<Candidate> = (1..=600).map(minute).collect();
        let kept = kept(Keep::thinned(), &versions, Timestamp::from_millis(600 * 60_000));
        let young = kept.iter().filter(|version| **version > 540).count();
        assert_eq!((young, kept.len() - young), (60, 10));
    }

    #[test]
    fn a_clock_that_jumped_ahead_alone_lets_nothing_pass() {
        let (since, far) = (Timestamp::from_millis(0), Timestamp::from_millis(u64::MAX));
        assert!(!has_passed(DAY * 30, since, far, 5, 34));
        assert!(has_passed(DAY * 30, since, far, 5, 35));
        assert!(!has_passed(DAY * 30, far, since, 0, 100));
    }

    proptest! {
        #[test]
        fn protected_versions_and_the_newest_stay(
            times in prop::collection::vec((0_u64..10_000_000_000, any::<bool>()), 1..60),
            last in 0_u64..5,
            now in 0_u64..10_000_000_000,
        ) {
            let versions: Vec<Candidate> = times
                .iter()
                .zip(1..)
                .map(|((ms, is_protected), version)| Candidate {
                    version,
                    saved_at: Timestamp::from_millis(*ms),
                    is_protected: *is_protected,
                })
                .collect();
            for keep in [Keep::All, Keep::Last(last), Keep::thinned()] {
                let kept = kept(keep, &versions, Timestamp::from_millis(now));
                prop_assert!(kept.contains(&(versions.len() as u64)));
                prop_assert!(versions.iter().all(|c| !c.is_protected || kept.contains(&c.version)));
            }
        }
    }
}
