//! A revision on its way.

use super::limits::{BODY_MAX, CHAIN_MAX, HEADER_MAX};
use crate::id::{DraftId, RevisionId};
use crate::revision::{Header, revision_id};
use std::fmt;

/// A revision as it travels: a header that says what it is, and a body that only devices read.
///
/// Its [`id`](Self::id) is the BLAKE3 hash of the header, which holds a digest of what the body says, however the body says it: as
/// it is, compressed, or as a delta of another revision's document. A hub keeps both as they are, and gives a delta only together
/// with its [`chain`](Self::chain).
#[derive(Clone, PartialEq, Eq)]
pub struct Revision {
    header: Vec<u8>,
    body: Vec<u8>,
    chain: Vec<Base>,
    id: RevisionId,
    draft: DraftId,
    parents: Vec<RevisionId>,
}

/// The body of a revision that the body of another one builds on.
#[derive(Clone, PartialEq, Eq)]
pub struct Base {
    /// The revision's name.
    pub id: RevisionId,
    /// Its body: whole, or a delta of the one before it in the chain.
    pub body: Vec<u8>,
}

/// Why bytes are not a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// The header is too long.
    #[error("the header of a revision has {0} bytes; at most {HEADER_MAX} are allowed")]
    HeaderTooLong(usize),
    /// The body is too long, or it is together with those that it builds on.
    #[error("the body of a revision has {0} bytes; at most {BODY_MAX} are allowed")]
    BodyTooLong(usize),
    /// The body builds on too many others.
    #[error("the body of a revision builds on {0} others; at most {CHAIN_MAX} are allowed")]
    ChainTooLong(usize),
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
        Ok(Self { id: revision_id(&header), draft: read.draft, parents: read.parents, header, body, chain: Vec::new() })
    }

    /// The same with the bodies that its body builds on: the first is whole, each other one a delta of the one before it, and the
    /// revision's own a delta of the last.
    ///
    /// # Errors
    ///
    /// They are more than [`CHAIN_MAX`], or longer than [`BODY_MAX`] together with the revision's own.
    pub fn with_chain(self, chain: Vec<Base>) -> Result<Self, RevisionError> {
        if chain.len() > CHAIN_MAX {
            return Err(RevisionError::ChainTooLong(chain.len()));
        }
        let together = chain.iter().fold(self.body.len(), |sum, base| sum.saturating_add(base.body.len()));
        if together > BODY_MAX {
            return Err(RevisionError::BodyTooLong(together));
        }
        Ok(Self { chain, ..self })
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

    /// The bodies that its body builds on, the whole one first; empty where it is whole itself, and in a push.
    #[must_use]
    pub fn chain(&self) -> &[Base] {
        &self.chain
    }

    /// How long it is on its way, without the few bytes of its fields.
    pub(crate) fn bytes(&self) -> usize {
        let chain: usize = self.chain.iter().map(|base| RevisionId::LEN + base.body.len()).sum();
        self.header.len() + self.body.len() + chain
    }
}

impl fmt::Debug for Base {
    // The body is the user's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("id", &self.id).field("bytes", &self.body.len()).finish()
    }
}

impl fmt::Debug for Revision {
    // The body is the user's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revision").field("id", &self.id).field("draft", &self.draft).finish_non_exhaustive()
    }
}
