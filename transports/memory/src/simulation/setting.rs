//! What a simulation is like: how long, how many devices, and what goes wrong.

use super::shelf::Medium;
use crate::dice::Dice;
use crate::network::{Fault, Faults};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::Storage;
use draftkeep::transport::Transport;
use std::fmt;
use std::sync::Arc;

/// Opens a hub on a storage that holds what the hub before it held.
pub(crate) type Opening = dyn Fn(Arc<dyn Storage>, HubOptions) -> draftkeep::Result<Arc<dyn Transport>> + Send + Sync;

/// What a simulation is like.
#[derive(Clone)]
pub struct Setting {
    pub(crate) steps_max: usize,
    pub(crate) medium: Medium,
    pub(crate) hub: Arc<Opening>,
}

/// At most 200 steps, stores in memory, and the library's own hub.
impl Default for Setting {
    fn default() -> Self {
        Self { steps_max: 200, medium: Medium::Memory, hub: Arc::new(|on, with| Ok(Arc::new(Hub::open(on, with)?))) }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("steps_max", &self.steps_max)
            .field("medium", &self.medium)
            .finish_non_exhaustive()
    }
}

impl Setting {
    /// The same with at most so many steps before everybody comes to rest.
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

    /// The same with another hub: one of your own, or the library's in a wrapper. It is opened again on its storage whenever its
    /// process ends, is put back, or begins with nothing; it answers without waiting for anything.
    #[must_use]
    pub fn hub(
        mut self,
        open: impl Fn(Arc<dyn Storage>, HubOptions) -> draftkeep::Result<Arc<dyn Transport>> + Send + Sync + 'static,
    ) -> Self {
        self.hub = Arc::new(open);
        self
    }
}

/// How bad it gets, drawn from a seed.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
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
        let network = network.with(Fault::Stray, 1_000);
        Self {
            network,
            time_travel: dice.chance(600),
            restoring: dice.chance(500),
            storms: dice.chance(700),
            carelessness: dice.chance(750),
        }
    }
}
