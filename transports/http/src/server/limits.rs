//! How much of everything is let in.

use super::bucket::Rate;
use draftkeep::transport::MESSAGE_MAX;
use std::time::Duration;

/// How much of everything a [`HubService`](super::HubService) lets in. What is beyond is refused before any work is done for it, with
/// the limit and the way out in the answer.
#[derive(Debug, Clone)]
pub struct Limits {
    pub(super) message_bytes: usize,
    pub(super) memory_bytes: usize,
    pub(super) at_once: usize,
    pub(super) waiting: usize,
    pub(super) wait: Duration,
    pub(super) stand_still: Duration,
    pub(super) body: Duration,
    pub(super) of_grant: Rate,
    pub(super) of_address: Rate,
    pub(super) trusts_forwarded: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

impl Limits {
    /// The usual limits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            message_bytes: MESSAGE_MAX,
            memory_bytes: 256 << 20,
            at_once: 64,
            waiting: 10_000,
            wait: Duration::from_secs(50),
            stand_still: Duration::from_secs(15),
            body: Duration::from_secs(300),
            of_grant: Rate::per_second(100, 500),
            of_address: Rate::per_second(200, 2_000),
            trusts_forwarded: false,
        }
    }

    /// The longest request, in bytes: at most, and by default, the 24 MiB of the protocol. A device sends less at once then, and
    /// parks what does not fit alone.
    #[must_use]
    pub const fn message_bytes(mut self, at_most: usize) -> Self {
        self.message_bytes = if at_most < MESSAGE_MAX { at_most } else { MESSAGE_MAX };
        self
    }

    /// The most bytes of requests and answers in memory at once, 256 MiB by default and at least 64 MiB. Who comes then waits, and
    /// is asked to come again.
    #[must_use]
    pub const fn memory_bytes(mut self, at_most: usize) -> Self {
        self.memory_bytes = if at_most > 64 << 20 { at_most } else { 64 << 20 };
        self
    }

    /// The most requests that the hub works on at once, 64 by default; each has a thread meanwhile. Others wait for their turn.
    #[must_use]
    pub const fn at_once(mut self, at_most: usize) -> Self {
        self.at_once = if at_most > 0 { at_most } else { 1 };
        self
    }

    /// The most devices that wait for news at once, 10,000 by default.
    #[must_use]
    pub const fn waiting(mut self, at_most: usize) -> Self {
        self.waiting = at_most;
        self
    }

    /// The longest time that a device is kept waiting for news; at most, and by default, 50 s, so that a revoked token ends it within
    /// a minute.
    #[must_use]
    pub fn wait(mut self, at_most: Duration) -> Self {
        self.wait = at_most.min(Duration::from_secs(50));
        self
    }

    /// How long a request's body may stand still, 15 s by default.
    #[must_use]
    pub const fn stand_still(mut self, at_most: Duration) -> Self {
        self.stand_still = at_most;
        self
    }

    /// How long a request's body may take as a whole, 5 minutes by default.
    #[must_use]
    pub const fn body(mut self, at_most: Duration) -> Self {
        self.body = at_most;
        self
    }

    /// How often one grant may ask: 100 times a second by default, 500 in a row.
    #[must_use]
    pub const fn of_grant(mut self, rate: Rate) -> Self {
        self.of_grant = rate;
        self
    }

    /// How often one address may ask: 200 times a second by default, 2,000 in a row. A token that is not good counts as twenty. Of
    /// IPv6 addresses the first 64 bits count.
    #[must_use]
    pub const fn of_address(mut self, rate: Rate) -> Self {
        self.of_address = rate;
        self
    }

    /// Believes the last address in `x-forwarded-for` instead of the connection's: only behind a proxy that always writes it, and
    /// where nobody comes past that proxy. Anybody can choose an address otherwise.
    #[must_use]
    pub const fn trust_forwarded(mut self) -> Self {
        self.trusts_forwarded = true;
        self
    }
}
