//! What a simulation is like: how long, how many devices, and what goes wrong.

use super::shelf::Medium;
use super::venue::{Arranged, Venue};
use crate::dice::Dice;
use crate::network::{Fault, Faults};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::Storage;
use draftkeep::transport::Transport;
use std::fmt;
use std::sync::Arc;

/// Opens a hub on a storage that holds what the hub before it held.
pub(crate) type Opening = dyn Fn(Arc<dyn Storage>, HubOptions) -> draftkeep::Result<Arc<dyn Transport>> + Send + Sync;

/// Opens a way to a hub for one device.
pub(crate) type Way = dyn Fn(Arc<dyn Transport>) -> Arranged<Arc<dyn Transport>> + Send + Sync;

/// Makes the place where the devices of a life with this seed meet.
pub(crate) type Arranging = dyn Fn(u64) -> Arranged<Box<dyn Venue>> + Send + Sync;

/// In which lives all stores are sealed, with keys that change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sealing {
    /// In none: for a hub that reads what is pushed.
    Never,
    /// In every third.
    #[default]
    Sometimes,
    /// In all.
    Always,
}

impl Sealing {
    pub(crate) const fn of(self, seed: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Sometimes => seed % 3 == 1,
            Self::Always => true,
        }
    }
}

/// What a simulation is like.
#[derive(Clone)]
pub struct Setting {
    pub(crate) steps_max: usize,
    pub(crate) medium: Medium,
    pub(crate) sealing: Sealing,
    pub(crate) hub: Arc<Opening>,
    /// None: the seeded network.
    pub(crate) way: Option<Arc<Way>>,
    /// None: the hub in the process.
    pub(crate) venue: Option<Arc<Arranging>>,
}

/// At most 200 steps, stores in memory, every third life sealed, and the library's own hub.
impl Default for Setting {
    fn default() -> Self {
        let hub: Arc<Opening> = Arc::new(|on, with| Ok(Arc::new(Hub::open(on, with)?)));
        Self { steps_max: 200, medium: Medium::Memory, sealing: Sealing::default(), hub, way: None, venue: None }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("steps_max", &self.steps_max)
            .field("medium", &self.medium)
            .field("sealing", &self.sealing)
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

    /// The same with other lives sealed.
    #[must_use]
    pub const fn sealing(mut self, sealing: Sealing) -> Self {
        self.sealing = sealing;
        self
    }

    /// The same with another hub: one of your own, or the library's in a wrapper. It is opened again on its storage whenever its
    /// process ends, is put back, or begins with nothing; it answers without waiting for anything. Replaces a [`venue`](Self::venue).
    #[must_use]
    pub fn hub(
        mut self,
        open: impl Fn(Arc<dyn Storage>, HubOptions) -> draftkeep::Result<Arc<dyn Transport>> + Send + Sync + 'static,
    ) -> Self {
        self.hub = Arc::new(open);
        self.venue = None;
        self
    }

    /// The same over a transport of your own, between each device and the hub, instead of the seeded network: `open` is given the hub,
    /// for the far side of the way to ask, and gives what a device syncs with. All that befalls the hub befalls it as before, and what goes
    /// wrong on the way is the way's own. It may take real time and threads; a story then is not the same in every run. Replaces a
    /// [`venue`](Self::venue).
    ///
    /// ```
    /// use draftkeep::transport::{Answer, Request, Transport, TransportError, WireError};
    /// use draftkeep_memory::{Setting, simulate};
    /// use futures_core::future::BoxFuture;
    /// use std::sync::Arc;
    ///
    /// /// Two tin cans and a string: bytes at one end, bytes at the other.
    /// #[derive(Debug)]
    /// struct Cans(Arc<dyn Transport>);
    ///
    /// impl Transport for Cans {
    ///     fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
    ///         let garbled = |error: WireError| TransportError::unreachable().because(error);
    ///         Box::pin(async move {
    ///             let heard = Request::from_bytes(&request.to_bytes().map_err(garbled)?).map_err(garbled)?;
    ///             let said = self.0.send(heard).await?.to_bytes().map_err(garbled)?;
    ///             Answer::from_bytes(&said).map_err(garbled)
    ///         })
    ///     }
    /// }
    ///
    /// let setting = Setting::default().transport(|hub| Ok(Arc::new(Cans(hub))));
    /// let simulated = simulate(1, &setting).map_err(|failure| failure.to_string());
    /// assert!(simulated.is_ok(), "{}", simulated.unwrap_err());
    /// ```
    #[must_use]
    pub fn transport(
        mut self,
        open: impl Fn(Arc<dyn Transport>) -> Arranged<Arc<dyn Transport>> + Send + Sync + 'static,
    ) -> Self {
        self.way = Some(Arc::new(open));
        self.venue = None;
        self
    }

    /// The same with devices that meet elsewhere: at a hub of your own, in this process or in another one, over ways of your own. Replaces
    /// [`hub`](Self::hub) and [`transport`](Self::transport).
    #[must_use]
    pub fn venue(mut self, make: impl Fn(u64) -> Arranged<Box<dyn Venue>> + Send + Sync + 'static) -> Self {
        self.venue = Some(Arc::new(make));
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
    /// In a sealed life devices lack keys for a while that they had.
    pub(crate) losing_keys: bool,
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
            losing_keys: dice.chance(500),
            carelessness: dice.chance(750),
        }
    }
}
