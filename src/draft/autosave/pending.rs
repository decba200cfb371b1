//! Committing an unsaved document together with something else, for instance the promotion of its draft.

use super::core::Core;
use super::job::Job;
use super::target::{AutosaveError, SavedAs};
use std::sync::Arc;

/// A draft's autosave, as those see it who commit what is pending in it themselves.
pub(crate) trait PendingDocument: Send + Sync {
    /// Takes over the save of the newest document; `None` where nothing is unsaved.
    ///
    /// Waits for a save under way, and until the claim is settled or dropped no other begins: an older document can
    /// never arrive after a newer one. So claim *before* taking any lock that a save needs, settle soon, and flush or
    /// drop no autosave in between. Pauses do not hold it up.
    ///
    /// # Errors
    ///
    /// The document cannot be encoded. It is still held and tried again.
    fn claim(self: Arc<Self>) -> Result<Option<Claim>, AutosaveError>;
}

impl<T: Send + Sync + 'static> PendingDocument for Core<T> {
    fn claim(self: Arc<Self>) -> Result<Option<Claim>, AutosaveError> {
        let Some(job) = Core::claim(&self) else { return Ok(None) };
        let (job, document) = job.encode()?;
        let settle = Box::new(move |saved| Job::succeed(job, saved, None));
        Ok(Some(Claim { document, settle }))
    }
}

/// The newest document, claimed. Dropped without [`saved`](Self::saved), it stays unsaved and is saved in its time.
pub(crate) struct Claim {
    document: Vec<u8>,
    settle: Box<dyn FnOnce(SavedAs) + Send>,
}

impl Claim {
    /// The document, as the target encodes it.
    pub(crate) fn document(&self) -> &[u8] {
        &self.document
    }

    /// Says that this document is durable. What changed since the claim stays unsaved.
    pub(crate) fn saved(self, saved: SavedAs) {
        (self.settle)(saved);
    }
}
