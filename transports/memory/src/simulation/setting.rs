//! What a simulation is like: how long, how many devices, and what goes wrong.

use super::shelf::Medium;
use crate::dice::Dice;
use crate::network::{Fault, Faults};

/// What a simulation is like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// At most so many steps before everybody comes to rest.
    pub steps_max: usize,
    /// What devices keep their stores in.
    pub medium: Medium,
}

impl Default for Setting {
    fn default() -> Self {
        Self { steps_max: 200, medium: Medium::Memory }
    }
}

impl Setting {
    /// The same with at most so many steps.
    #[must_use]
    pub const fn steps_max(mut self, steps: usize) -> Self {
        self.steps_max = steps;
        self
    }

    /// The same with stores kept elsewhere.
    #[must_use]
    pub const fn medium(mut self, medium: Medium) -> Self {
        self.medium = medium;
        self
    }
}

/// How bad it gets, drawn from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    pub(crate) network: Faults,
    /// Hubs and devices go back in time, are emptied, cloned.
    pub(crate) time_travel: bool,
    /// Versions are restored, after which counters may be wrong.
    pub(crate) restoring: bool,
    /// Storages fail and devices crash.
    pub(crate) storms: bool,
    /// Futures are dropped, wall clocks jump.
    pub(crate) carelessness: bool,
}

impl Weather {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let network = match dice.below(5) {
            0 => Faults::none(),
            1 => Faults::each(12),
            2 => Faults::each(25),
            3 => Faults::each(35),
            _ => Faults::each(50),
        };
        let network = network.with(Fault::Stray, 700);
        Self {
            network,
            time_travel: dice.chance(500),
            restoring: dice.chance(500),
            storms: dice.chance(700),
            carelessness: dice.chance(750),
        }
    }
}
