//! Revisions for tests.

use crate::clock::Timestamp;
use crate::id::{DraftId, RevisionId};
use crate::phase::Phase;
use crate::revision::{Header, empty_policy};
use crate::transport::Revision;
use crate::vector::VersionVector;

/// A revision as a hub may see one, of no device and of no kind that an application has: for tests of hubs and transports.
///
/// What differs in any of the three has another id.
///
/// # Panics
///
/// Where body or parents are beyond the limits of a [`Revision`].
///
/// ```
/// use draftkeep::DraftId;
/// use draftkeep::transport::conformance::sample;
///
/// let draft = DraftId::from_bytes([7; 16]);
/// let first = sample(draft, &[], b"first");
/// let second = sample(draft, &[first.id()], b"second");
/// assert_eq!((second.draft(), second.parents(), second.body()), (draft, &[first.id()][..], &b"second"[..]));
/// ```
#[must_use]
pub fn sample(draft: DraftId, parents: &[RevisionId], body: &[u8]) -> Revision {
    let header = Header {
        draft,
        kind: "sample".to_owned(),
        schema: 1,
        phase: Phase::Open,
        promoted: None,
        vector: VersionVector::new(),
        author: None,
        parents: parents.to_vec(),
        time: Timestamp::default(),
        flags: 0,
        policy: empty_policy(),
        blobs: Vec::new(),
        digest: *blake3::hash(body).as_bytes(),
    };
    Revision::new(header.encode(), body.to_vec()).expect("a sample is within the limits")
}
