//! The document in a revision as a hub gives it.

use crate::id::RevisionId;
use crate::store::remote::body::{self, Travelling};
use crate::transport::Revision;

/// The document in a revision as a hub gives it, with what its body builds on: for tools that look at what a hub has.
///
/// Whether it is what its author wrote only a device can tell, that knows the space's secret. None where the body cannot be read: it
/// is damaged, of a newer release, or a delta without its [`chain`](Revision::chain). No more memory is taken than a few documents
/// of the largest size, whatever the bytes claim.
///
/// ```
/// use draftkeep::DraftId;
/// use draftkeep::sync::document_of;
/// use draftkeep::transport::conformance::sample;
///
/// // The form, the length of the names, and a document as it is.
/// let revision = sample(DraftId::from_bytes([7; 16]), &[], b"\0\0\0\0\0\"It rained.\"");
/// assert_eq!(document_of(&revision).as_deref(), Some(&b"\"It rained.\""[..]));
/// ```
#[must_use]
pub fn document_of(revision: &Revision) -> Option<Vec<u8>> {
    body::read(revision.body(), &chain(revision)).map(|(_, document)| document)
}

/// A revision on its way into the store.
pub(super) fn travelling(revision: &Revision) -> Travelling {
    Travelling { header: revision.header().to_vec(), body: revision.body().to_vec(), chain: chain(revision) }
}

fn chain(revision: &Revision) -> Vec<(RevisionId, Vec<u8>)> {
    revision.chain().iter().map(|base| (base.id, base.body.clone())).collect()
}
