//! How long to wait after a failed save.

use std::time::Duration;

/// The wait after the first failure, before its random part is taken off.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait: a disk that is back is noticed within a minute.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// The wait before the next attempt after `failures` in a row: doubles up to a minute, and is then shortened by up to
/// half as `random` says, so that many drafts of one failing disk do not try in step.
pub(super) fn wait_after(failures: u32, random: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    full.mul_f64(1.0 - f64::from(random) / f64::from(u32::MAX) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_then_stay() {
        let waits: Vec<_> = (1..=9).map(|failures| wait_after(failures, 0).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(wait_after(u32::MAX, 0), LONGEST);
        assert_eq!(wait_after(0, 0), FIRST);
    }

    #[test]
    fn chance_takes_off_at_most_half() {
        for failures in [1, 5, 100] {
            let full = wait_after(failures, 0);
            assert_eq!(wait_after(failures, u32::MAX), full / 2);
            assert!((full / 2..full).contains(&wait_after(failures, 0x8000_0000)));
        }
    }
}
