//! How often a changed document is saved by itself.

use std::ffi::OsStr;
use std::time::Duration;

/// How often a changed document is saved by itself.
///
/// With an *interval*, a save begins at the latest that long after the first change that is not saved yet. With a
/// *quiet* time too, it begins earlier: as soon as nothing has changed for that long. With a quiet time alone, someone
/// who types without a pause is saved after the *longest wait*. An unchanged document is never saved.
///
/// Where saves are slow, both times stretch by themselves, so that saving takes at most about a tenth of the time;
/// they come back when saves are fast again. Stretching never goes beyond the longest wait, unless the interval itself
/// is longer than that.
///
/// Every duration is kept between 100 ms and one hour: what is outside is moved to the nearest bound.
///
/// ```
/// use draftkeep::Cadence;
/// use std::time::Duration;
///
/// let cadence = Cadence::every(Duration::from_secs(10)).quiet(Duration::from_secs(2));
/// assert_eq!(cadence.interval(), Some(Duration::from_secs(10)));
/// assert_eq!(Cadence::every(Duration::ZERO).interval(), Some(Cadence::MIN));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    interval: Option<Duration>,
    quiet: Option<Duration>,
    longest_wait: Duration,
}

impl Cadence {
    /// The shortest time that can be asked for: 100 ms.
    pub const MIN: Duration = Duration::from_millis(100);
    /// The longest time that can be asked for: one hour.
    pub const MAX: Duration = Duration::from_secs(60 * 60);
    /// The environment variable that [`from_env`](Self::from_env) reads.
    pub const ENV: &'static str = "AUTO_SAVE_INTERVAL_SECONDS";

    /// Saves at the latest `interval` after the first unsaved change.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { interval: Some(bounded(interval)), quiet: None, longest_wait: Duration::from_secs(60) }
    }

    /// Saves once nothing has changed for `quiet`; while changes keep coming, after the longest wait (60 s).
    #[must_use]
    pub fn after_quiet(quiet: Duration) -> Self {
        Self { interval: None, quiet: Some(bounded(quiet)), longest_wait: Duration::from_secs(60) }
    }

    /// Saves earlier too: as soon as nothing has changed for `quiet`.
    #[must_use]
    pub fn quiet(self, quiet: Duration) -> Self {
        Self { quiet: Some(bounded(quiet)), ..self }
    }

    /// Bounds how far a save is put off where saves are slow, or where there is no interval; 60 s by default.
    #[must_use]
    pub fn longest_wait(self, longest: Duration) -> Self {
        Self { longest_wait: bounded(longest), ..self }
    }

    /// The default cadence with the interval that `AUTO_SAVE_INTERVAL_SECONDS` gives, in seconds, fractions allowed.
    ///
    /// Without that variable it is the default. This is the only place in the library that reads the environment.
    ///
    /// # Errors
    ///
    /// [`CadenceError`] where the variable is not a number, or is outside of 0.1 to 3,600. Show it, and go on with
    /// `Cadence::default()`.
    pub fn from_env() -> Result<Self, CadenceError> {
        std::env::var_os(Self::ENV).map_or_else(|| Ok(Self::default()), |value| Self::from_seconds(&value))
    }

    fn from_seconds(value: &OsStr) -> Result<Self, CadenceError> {
        let shown = || value.to_string_lossy().chars().take(40).collect();
        let seconds = value.to_str().and_then(|text| text.trim().parse::<f64>().ok()).filter(|number| !number.is_nan());
        let seconds = seconds.ok_or_else(|| CadenceError::NotANumber { value: shown() })?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(interval) if (Self::MIN..=Self::MAX).contains(&interval) => Ok(Self::every(interval)),
            _ => Err(CadenceError::OutOfBounds { value: shown() }),
        }
    }

    /// The longest time from the first unsaved change to its save, where there is such an interval.
    #[must_use]
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// The time without changes after which a save begins.
    #[must_use]
    pub const fn quiet_time(&self) -> Option<Duration> {
        self.quiet
    }

    /// The time from the first unsaved change to its save where a save usually takes so long that `share` of the time
    /// is to be kept free for it.
    pub(super) fn wait_after_first(&self, share: Duration) -> Duration {
        let ceiling = self.interval.map_or(self.longest_wait, |interval| interval.max(self.longest_wait));
        self.interval.map_or(ceiling, |interval| interval.max(share).min(ceiling))
    }

    /// The same, from the last change.
    pub(super) fn wait_after_last(&self, share: Duration) -> Option<Duration> {
        self.quiet.map(|quiet| quiet.max(share).min(self.wait_after_first(share).max(quiet)))
    }
}

impl Default for Cadence {
    /// Every 20 seconds.
    fn default() -> Self {
        Self::every(Duration::from_secs(20))
    }
}

fn bounded(duration: Duration) -> Duration {
    duration.clamp(Cadence::MIN, Cadence::MAX)
}

/// Why the environment gives no cadence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CadenceError {
    /// The value is not a number.
    #[error("AUTO_SAVE_INTERVAL_SECONDS is `{value}`, not a number of seconds")]
    NotANumber {
        /// The value found, shortened.
        value: String,
    },
    /// The number is too small or too large.
    #[error("AUTO_SAVE_INTERVAL_SECONDS is {value}; between 0.1 and 3600 are allowed")]
    OutOfBounds {
        /// The value found, shortened.
        value: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn from_env(value: &str) -> Result<Duration, CadenceError> {
        Cadence::from_seconds(OsStr::new(value)).map(|cadence| cadence.interval().unwrap())
    }

    #[test]
    fn the_default_is_twenty_seconds() {
        assert_eq!(Cadence::default().interval(), Some(secs(20)));
        assert_eq!(Cadence::default().quiet_time(), None);
    }

    #[test]
    fn the_environment_gives_seconds_and_their_fractions() {
        for (value, interval) in [("5", secs(5)), (" 0.25\n", Duration::from_millis(250)), ("3600", secs(3600))] {
            assert_eq!(from_env(value), Ok(interval), "{value}");
        }
        assert_eq!(from_env("0.1"), Ok(Cadence::MIN));
    }

    #[test]
    fn nonsense_in_the_environment_is_an_error_that_shows_it() {
        for value in ["", "soon", "5s", "0x10", "NaN", "1,5"] {
            assert_eq!(from_env(value), Err(CadenceError::NotANumber { value: value.to_owned() }));
        }
        for value in ["0", "-1", "0.099", "3600.1", "1e300", "inf", "-inf"] {
            assert_eq!(from_env(value), Err(CadenceError::OutOfBounds { value: value.to_owned() }));
        }
        let Err(CadenceError::NotANumber { value }) = from_env(&"x".repeat(1_000)) else { panic!("accepted") };
        assert_eq!(value.len(), 40);
    }

    #[test]
    fn a_duration_out_of_bounds_moves_to_the_bound() {
        let cadence = Cadence::every(Duration::MAX).quiet(Duration::ZERO).longest_wait(Duration::MAX);
        assert_eq!(cadence.interval(), Some(Cadence::MAX));
        assert_eq!(cadence.quiet_time(), Some(Cadence::MIN));
        assert_eq!(Cadence::after_quiet(secs(1)).longest_wait(Duration::MAX).wait_after_first(secs(0)), Cadence::MAX);
    }

    #[test]
    fn slow_saves_stretch_the_times_up_to_the_longest_wait() {
        let cadence = Cadence::every(secs(20)).quiet(secs(2)).longest_wait(secs(50));
        let waits = |share| (cadence.wait_after_first(share), cadence.wait_after_last(share).unwrap());
        assert_eq!(waits(secs(0)), (secs(20), secs(2)));
        assert_eq!(waits(secs(10)), (secs(20), secs(10)));
        assert_eq!(waits(secs(40)), (secs(40), secs(40)));
        assert_eq!(waits(secs(500)), (secs(50), secs(50)));
    }

    #[test]
    fn an_interval_beyond_the_longest_wait_stands_as_it_is() {
        assert_eq!(Cadence::every(secs(600)).wait_after_first(secs(9_000)), secs(600));
        assert_eq!(Cadence::after_quiet(secs(2)).wait_after_first(secs(0)), secs(60));
    }
}
