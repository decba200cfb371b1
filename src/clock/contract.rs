//! What the core asks of its surroundings: the time, a background, and randomness.

use futures_core::future::BoxFuture;
use std::fmt;
use std::time::Duration;

/// A moment for people to read: milliseconds since the Unix epoch.
///
/// It never decides an order and never a conflict: clocks jump. Before 1970 is 0.
///
/// It is shown as RFC 3339 has it, in UTC:
///
/// ```
/// use draftkeep::clock::Timestamp;
///
/// assert_eq!(Timestamp::from_millis(1_700_000_000_123).to_string(), "2023-11-14T22:13:20.123Z");
/// ```
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

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.0 / DAY_MS, self.0 % DAY_MS);
        let (year, month, day) = date(days);
        // RFC 3339 ends with the year 9999; ISO 8601 goes on with a sign.
        let sign = if year > 9_999 { "+" } else { "" };
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        write!(f, "{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
    }
}

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Year, month and day of the day that is so many days after 1970-01-01.
const fn date(days: u64) -> (u64, u64, u64) {
    // Years are counted from March on, so that a leap day is the last of its year, from 0000-03-01 on; the calendar
    // repeats itself every 400 years.
    const CYCLE: u64 = 400 * 365 + 97;
    let days = days + 719_468;
    let (cycle, day) = (days / CYCLE, days % CYCLE);
    // The leap days of the cycle before this day are taken out: then all years are equally long.
    let year = (day - day / 1_460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    let day_of_year = day - (year * 365 + year / 4 - year / 100);
    // From March on, months of 31 and 30 days follow each other in a pattern of five months and 153 days.
    let month_from_march = (day_of_year * 5 + 2) / 153;
    let day = day_of_year - (month_from_march * 153 + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (cycle * 400 + year + (month <= 2) as u64, month, day)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_in_utc_as_rfc_3339_has_it() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (68_255_999_999, "1972-02-29T23:59:59.999Z"),
            (951_825_600_000, "2000-02-29T12:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_704_067_199_001, "2023-12-31T23:59:59.001Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (4_107_456_000_000, "2100-02-28T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+10000-01-01T00:00:00.000Z"),
            (u64::MAX, "+584556019-04-03T14:25:51.615Z"),
        ];
        for (ms, shown) in table {
            assert_eq!(Timestamp::from_millis(ms).to_string(), shown);
        }
    }

    /// Walks through all days of a cycle of the calendar, and counts them in the way of a calendar on the wall.
    #[test]
    fn every_day_of_four_hundred_years_follows_the_day_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..=146_097 {
            assert_eq!(date(days), (year, month, day), "{days} days");
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 => 28 + u64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > last {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
    }
}
