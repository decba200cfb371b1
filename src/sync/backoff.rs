//! How long to wait after a cycle that failed.

use std::time::Duration;

/// The wait after the first failure, before chance shortens it.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait by itself.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The longest wait that a hub may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// The wait after `failures` cycles in a row: any time up to one that doubles from a second to a quarter of an hour, as
/// `random` says, so that many devices do not come back in step ("full jitter"). Never less than the hub asked for, of
/// which at most an hour counts.
pub(super) fn wait_after(failures: u32, random: u32, asked: Option<Duration>) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let jittered = full.mul_f64(f64::from(random) / f64::from(u32::MAX));
    jittered.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_chance_takes_any_part_off() {
        let waits: Vec<_> = (1..=12).map(|failures| wait_after(failures, u32::MAX, None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(wait_after(u32::MAX, u32::MAX, None), LONGEST);
        assert_eq!(wait_after(9, 0, None), Duration::ZERO);
        assert!((Duration::from_secs(1)..Duration::from_secs(3)).contains(&wait_after(3, u32::MAX / 2, None)));
    }

    #[test]
    fn what_the_hub_asks_for_is_kept_up_to_an_hour() {
        let asked = |secs| wait_after(1, 0, Some(Duration::from_secs(secs))).as_secs();
        assert_eq!((asked(30), asked(7 * 24 * 60 * 60)), (30, 3_600));
    }
}
