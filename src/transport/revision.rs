//! A revision on its way.

use super::limits::{BODY_MAX, HEADER_MAX};
use crate::id::{DraftId, RevisionId};
use crate::revision::{Header, revision_id};
use std::fmt;

/// A revision as it travels: a header that says what it is, and a body that only devices read.
///
/// Its [`id`](Self::id) is the BLAKE3 hash of the header, which holds a digest of the body. A hub keeps both as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Revision {
    header: Vec<u8>,
    body: Vec<u8>,
    id: RevisionId,
    draft: DraftId,
    parents: Vec<RevisionId>,
}

/// Why bytes are not a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// The header is too long.
    #[error("the header of a revision has {0} bytes; at most {HEADER_MAX} are allowed")]
    HeaderTooLong(usize),
    /// The body is too long.
    #[error("the body of a revision has {0} bytes; at most {BODY_MAX} are allowed")]
    BodyTooLong(usize),
    /// The header cannot be read: it is damaged, or of a newer release.
    #[error("the header of a revision cannot be read")]
    Header,
}

impl Revision {
    /// Takes a header and a body as they were sent. Whether the body is the one that the header speaks of only a device can
    /// tell, that knows the space's secret.
    ///
    /// # Errors
    ///
    /// The header is not one, or either is too long.
    pub fn new(header: Vec<u8>, body: Vec<u8>) -> Result<Self, RevisionError> {
        if header.len() > HEADER_MAX {
            return Err(RevisionError::HeaderTooLong(header.len()));
        }
        if body.len() > BODY_MAX {
            return Err(RevisionError::BodyTooLong(body.len()));
        }
        let read = Header::decode(&header).map_err(|_| RevisionError::Header)?;
        Ok(Self { id: revision_id(&header), draft: read.draft, parents: read.parents, header, body })
    }

    /// Its name: the hash of the header.
    #[must_use]
    pub const fn id(&self) -> RevisionId {
        self.id
    }

    /// The draft that it is a state of.
    #[must_use]
    pub const fn draft(&self) -> DraftId {
        self.draft
    }

    /// The mains and forks that it was made from, as its author knew the hub: for people and for what a hub keeps.
    #[must_use]
    pub fn parents(&self) -> &[RevisionId] {
        &self.parents
    }

    /// The header's bytes.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The body's bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for Revision {
    // The body is the user's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revision").field("id", &self.id).field("draft", &self.draft).finish_non_exhaustive()
    }
}
