//! What is to happen to one request, drawn before it leaves.

use super::{Fault, Faults};
use crate::dice::Dice;
use std::time::Duration;

/// The longest that a request takes, where it is delayed.
const DELAY_MAX_MS: usize = 60_000;

/// How many later requests a late one lets pass at most, beside the first.
const PASSING_MAX: usize = 2;

/// What is to happen to one request.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) delay: Option<Duration>,
    /// At most one more.
    pub(super) fault: Option<Fault>,
    /// So many later requests pass it, where it is late.
    pub(super) passing: usize,
    /// Where its future is dropped too early, it arrives all the same.
    pub(super) strays: bool,
    /// What else has to be drawn: where to cut, which byte to alter.
    pub(super) dice: Dice,
}

impl Course {
    pub(super) fn draw(faults: &Faults, dice: &mut Dice) -> Self {
        let mut dice = dice.fork();
        let delay = dice.chance(faults.rate(Fault::Delayed)).then(|| {
            let ms = 1 + dice.below(DELAY_MAX_MS);
            Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
        });
        let mut place = dice.below(1_000);
        let fault = Fault::EXCLUSIVE.into_iter().find(|fault| {
            let rate = usize::from(faults.rate(*fault));
            let is_struck = place < rate;
            place = place.saturating_sub(rate);
            is_struck
        });
        let passing = dice.below(PASSING_MAX + 1);
        let strays = dice.chance(faults.rate(Fault::Stray));
        Self { delay, fault, passing, strays, dice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_drawn_about_as_often_as_it_should_and_without_rates_none() {
        let (faults, mut dice) = (Faults::each(40), Dice::new(7));
        let drawn: Vec<Course> = (0..20_000).map(|_| Course::draw(&faults, &mut dice)).collect();
        for fault in Fault::EXCLUSIVE {
            let count = drawn.iter().filter(|course| course.fault == Some(fault)).count();
            assert!((650..950).contains(&count), "{fault}: {count}");
        }
        let none = (0..1_000).map(|_| Course::draw(&Faults::none(), &mut dice));
        assert!(none.into_iter().all(|course| course.fault.is_none() && course.delay.is_none() && !course.strays));
    }
}
