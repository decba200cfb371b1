//! How a hub behaves, and what it is given to run with.

use super::rows::MAINS_MAX;
use crate::clock::{Clock, Entropy};
use crate::error::Failure;
use crate::transport::{BODY_MAX, HEADER_MAX, MESSAGE_MAX};
use crate::validate::{Validate, Validator};
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of revisions in one answer: what rows and lists of ids add to it still fits into a message.
const ANSWER_MAX: usize = MESSAGE_MAX - (6 << 20);

/// How a hub behaves: what it keeps, how much it says at once, and its runtime.
///
/// ```
/// use draftkeep::hub::{Hub, HubOptions};
/// use draftkeep::storage::MemoryStorage;
/// use std::sync::Arc;
///
/// let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new().mains(20))?;
/// # Ok::<(), draftkeep::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HubOptions {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) mains: usize,
    pub(super) answer_bytes: usize,
    pub(super) revision_bytes: usize,
    pub(super) wait: Duration,
    pub(super) space_drafts: u64,
    pub(super) space_bytes: u64,
    pub(super) validator: Option<Validator>,
}

#[cfg(feature = "threads")]
impl Default for HubOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl HubOptions {
    /// The usual options, with the system's clock and randomness.
    #[cfg(feature = "threads")]
    #[must_use]
    pub fn new() -> Self {
        use crate::clock::{SystemClock, SystemEntropy};
        Self::with_runtime(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// Options with time and randomness of the application's own: an async runtime's, or a test's.
    #[must_use]
    pub fn with_runtime(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            clock,
            entropy,
            mains: 8,
            answer_bytes: 8 << 20,
            revision_bytes: HEADER_MAX + BODY_MAX,
            wait: Duration::from_secs(60),
            space_drafts: u64::MAX,
            space_bytes: u64::MAX,
            validator: None,
        }
    }

    /// How many mains of a draft are kept whole beside the one that counts, at most 256; 8 by default.
    ///
    /// A device that was away for longer merges without the text that both came from where it has not kept that itself.
    #[must_use]
    pub fn mains(mut self, count: usize) -> Self {
        self.mains = count;
        self
    }

    /// The bytes of revisions that one answer holds, at most 18 MiB; 8 MiB by default. A page holds fewer rows then, and a main
    /// that does not fit at all is asked for alone.
    #[must_use]
    pub fn answer_bytes(mut self, bytes: usize) -> Self {
        self.answer_bytes = bytes;
        self
    }

    /// The longest revision that is taken, header and body, in bytes; by default as long as the protocol allows. A longer one is
    /// [`TooLarge`](crate::transport::Rejection::TooLarge).
    #[must_use]
    pub fn revision_bytes(mut self, bytes: usize) -> Self {
        self.revision_bytes = bytes;
        self
    }

    /// The longest time that [`Ask::Wait`](crate::transport::Ask::Wait) is kept waiting; 60 s by default.
    #[must_use]
    pub fn wait(mut self, at_most: Duration) -> Self {
        self.wait = at_most;
        self
    }

    /// The most drafts in one space, in whatever phase; as many as one likes by default. A push that begins one more is
    /// [`SpaceFull`](crate::transport::Rejection::SpaceFull).
    ///
    /// Those that are erased are not counted, so that erasing makes room; and an erasure is never refused. Their markers, of some hundred
    /// bytes each, stay for good.
    #[must_use]
    pub fn space_drafts(mut self, count: u64) -> Self {
        self.space_drafts = count;
        self
    }

    /// The most bytes of revisions that one space takes, as [`SpaceStatus::bytes`](super::SpaceStatus::bytes) counts them; as many as
    /// one likes by default. A push that would make it more is [`SpaceFull`](crate::transport::Rejection::SpaceFull), unless it makes the
    /// space smaller: an edit does, where the main that it pushes out was longer.
    ///
    /// Positions, audit and the ids that are contained are not counted, and stay for good. So this bounds documents, and not how often
    /// they are pushed.
    #[must_use]
    pub fn space_bytes(mut self, bytes: u64) -> Self {
        self.space_bytes = bytes;
        self
    }

    /// Who looks at documents before they are taken; nobody by default, which costs nothing.
    ///
    /// What it refuses is [`Invalid`](crate::transport::Rejection::Invalid), and so is a body that cannot be read: no canonical JSON,
    /// longer than a document may be, made with a key. So this is for hubs whose operator may read what is on them. What is on the hub
    /// already is not looked at. Costs unfolding and parsing each document that is pushed: time and memory of the thread that
    /// carries the request, in which the validator runs.
    #[must_use]
    pub fn validator(mut self, validator: Arc<dyn Validate>) -> Self {
        self.validator = Some(Validator::new(validator));
        self
    }

    pub(super) fn check(self) -> Result<Self, Failure> {
        if self.mains > MAINS_MAX {
            return Err(Failure::options(format!("a hub keeps at most {MAINS_MAX} mains, not {}", self.mains)));
        }
        if self.answer_bytes > ANSWER_MAX {
            let asked = self.answer_bytes;
            return Err(Failure::options(format!(
                "an answer holds at most {ANSWER_MAX} bytes of revisions, not {asked}"
            )));
        }
        Ok(self)
    }
}
