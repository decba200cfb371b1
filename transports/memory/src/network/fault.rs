//! What can go wrong on the way, by name, and how often it should.

use std::collections::BTreeMap;
use std::fmt;

/// A thing that goes wrong on the way to a hub.
///
/// Of each it is counted how often it *happened*: a fault that found nothing to spoil is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The request did not arrive; the device is told that nobody could be reached.
    LostRequest,
    /// The hub did what it was asked, and its answer did not arrive.
    LostAnswer,
    /// The device was told that nobody could be reached; the request arrived all the same, after later ones.
    Late,
    /// The request arrived twice, one after the other. The device got the first answer or the second.
    Twice,
    /// The request took its time.
    Delayed,
    /// A request that was sent later arrived earlier.
    Overtaken,
    /// The request's bytes ended early.
    CutRequest,
    /// The answer's bytes ended early: the hub did what it was asked.
    CutAnswer,
    /// A byte of the request was another one.
    AlteredRequest,
    /// A byte of the answer was another one: the hub did what it was asked.
    AlteredAnswer,
    /// Something else answered, politely.
    Portal,
    /// The hub asked to be left alone for a while.
    Busy,
    /// The credentials were not valid.
    Unauthorized,
    /// The credentials gave no right.
    Forbidden,
    /// The request was too large for the way.
    TooLarge,
    /// No version of the protocol in common.
    Upgrade,
    /// The answer sent the device elsewhere.
    Redirected,
    /// The device was not connected.
    Offline,
    /// The device gave the request up before it had arrived, and it arrived later.
    Stray,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::LostRequest,
        Self::LostAnswer,
        Self::Late,
        Self::Twice,
        Self::Delayed,
        Self::Overtaken,
        Self::CutRequest,
        Self::CutAnswer,
        Self::AlteredRequest,
        Self::AlteredAnswer,
        Self::Portal,
        Self::Busy,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TooLarge,
        Self::Upgrade,
        Self::Redirected,
        Self::Offline,
        Self::Stray,
    ];

    /// Those of which at most one befalls a request.
    pub(crate) const EXCLUSIVE: [Self; 15] = [
        Self::LostRequest,
        Self::LostAnswer,
        Self::Late,
        Self::Twice,
        Self::CutRequest,
        Self::CutAnswer,
        Self::AlteredRequest,
        Self::AlteredAnswer,
        Self::Portal,
        Self::Busy,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TooLarge,
        Self::Upgrade,
        Self::Redirected,
    ];

    /// A few words for a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LostRequest => "request lost",
            Self::LostAnswer => "answer lost",
            Self::Late => "request late",
            Self::Twice => "request twice",
            Self::Delayed => "delayed",
            Self::Overtaken => "overtaken",
            Self::CutRequest => "request cut short",
            Self::CutAnswer => "answer cut short",
            Self::AlteredRequest => "request altered",
            Self::AlteredAnswer => "answer altered",
            Self::Portal => "captive portal",
            Self::Busy => "busy",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TooLarge => "too large",
            Self::Upgrade => "upgrade",
            Self::Redirected => "redirected",
            Self::Offline => "offline",
            Self::Stray => "request of a dropped future",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many of a thousand requests each fault is to befall. Nothing goes wrong where nothing is said.
///
/// At most one of them befalls a request, except that it may be [`Delayed`](Fault::Delayed) besides. The rates of the others
/// add up; beyond a thousand the later ones, in the order of [`Fault::ALL`], have no room. [`Stray`](Fault::Stray) befalls so many
/// of a thousand requests that are dropped on their way. [`Overtaken`](Fault::Overtaken) follows from delays and late requests,
/// [`Offline`](Fault::Offline) from [`Network::set_online`](super::Network::set_online): their rates say nothing.
///
/// ```
/// use draftkeep_memory::{Fault, Faults};
///
/// let faults = Faults::none().with(Fault::LostAnswer, 50).with(Fault::Delayed, 200);
/// assert_eq!(faults.rate(Fault::LostAnswer), 50);
/// assert_eq!(faults.rate(Fault::Portal), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    rates: BTreeMap<Fault, u16>,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Each befalls so many of a thousand requests.
    #[must_use]
    pub fn each(thousandths: u16) -> Self {
        Self { rates: Fault::ALL.into_iter().map(|fault| (fault, thousandths)).collect() }
    }

    /// The same with another rate for one fault.
    #[must_use]
    pub fn with(mut self, fault: Fault, thousandths: u16) -> Self {
        self.rates.insert(fault, thousandths);
        self
    }

    /// How many of a thousand requests it is to befall.
    #[must_use]
    pub fn rate(&self, fault: Fault) -> u16 {
        self.rates.get(&fault).copied().unwrap_or_default()
    }
}
