//! Revisions: one saved state each, an immutable header over an immutable body, named by a hash.
//!
//! ```text
//! id     = BLAKE3(header bytes)                                  the stored bytes; no codec re-encodes them
//! digest = BLAKE3 keyed by the space (length of meta as u32, meta, document)
//! header = record of codec.rs, its last field the digest: the last 32 bytes of a header are the digest
//! ```

use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Writer};
use crate::id::{DraftId, ReplicaId, RevisionId};
use crate::phase::Phase;
use crate::vector::VersionVector;

const FORMAT: u8 = 1;

/// Somebody said that it is meant to be blank.
pub(crate) const FLAG_BLANK_YES: u64 = 1;

/// A checkpoint: somebody gave this state a name.
pub(crate) const FLAG_CHECKPOINT: u64 = 1 << 1;

/// The digest is the header's last field, so a pack can leave it out and a reader recompute it.
pub(crate) const DIGEST_LEN: usize = 32;

/// The most bodies that one body builds on, each a delta of the one before it, upon one that is whole.
pub(crate) const CHAIN_MAX: usize = 8;

mod tag {
    pub(super) const DRAFT: u64 = 1;
    pub(super) const KIND: u64 = 2;
    pub(super) const SCHEMA: u64 = 3;
    pub(super) const PHASE: u64 = 4;
    pub(super) const PROMOTED: u64 = 5;
    pub(super) const VECTOR: u64 = 6;
    pub(super) const AUTHOR: u64 = 7;
    pub(super) const PARENTS: u64 = 8;
    pub(super) const TIME: u64 = 9;
    pub(super) const FLAGS: u64 = 10;
    pub(super) const POLICY: u64 = 11;
    pub(super) const BLOBS: u64 = 12;
    pub(super) const DIGEST: u64 = 127;
}

/// The visible part of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) draft: DraftId,
    pub(crate) kind: String,
    pub(crate) schema: u32,
    pub(crate) phase: Phase,
    /// The revision that was promoted, once one was.
    pub(crate) promoted: Option<RevisionId>,
    pub(crate) vector: VersionVector,
    /// None for a slot's first revision, which every device makes alike.
    pub(crate) author: Option<ReplicaId>,
    /// The revisions that the hub knows it was made from.
    pub(crate) parents: Vec<RevisionId>,
    pub(crate) time: Timestamp,
    pub(crate) flags: u64,
    pub(crate) policy: [u8; 32],
    pub(crate) blobs: Vec<[u8; 32]>,
    pub(crate) digest: [u8; DIGEST_LEN],
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(tag::DRAFT, self.draft.as_bytes());
        writer.bytes(tag::KIND, self.kind.as_bytes());
        writer.number(tag::SCHEMA, self.schema.into());
        writer.number_unless_zero(tag::PHASE, self.phase.number().into());
        writer.bytes_unless_empty(tag::PROMOTED, self.promoted.as_ref().map_or(&[], |id| &id.as_bytes()[..]));
        writer.bytes_unless_empty(tag::VECTOR, &self.vector.encode());
        writer.bytes_unless_empty(tag::AUTHOR, self.author.as_ref().map_or(&[], |id| &id.as_bytes()[..]));
        let parents: Vec<[u8; 32]> = self.parents.iter().map(|id| *id.as_bytes()).collect();
        writer.bytes_unless_empty(tag::PARENTS, parents.as_flattened());
        writer.number_unless_zero(tag::TIME, self.time.as_millis());
        writer.number_unless_zero(tag::FLAGS, self.flags);
        writer.bytes(tag::POLICY, &self.policy);
        writer.bytes_unless_empty(tag::BLOBS, self.blobs.as_flattened());
        writer.bytes(tag::DIGEST, &self.digest);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let kind = fields.text(tag::KIND)?.ok_or(CodecError::Missing(tag::KIND))?;
        let parents = hashes(&fields, tag::PARENTS)?.into_iter().map(RevisionId::from_bytes).collect();
        Ok(Self {
            draft: DraftId::from_bytes(fields.array(tag::DRAFT)?),
            kind,
            schema: u32::try_from(fields.number(tag::SCHEMA)?).map_err(|_| CodecError::Malformed(tag::SCHEMA))?,
            phase: Phase::from_number(fields.number(tag::PHASE)?).ok_or(CodecError::Malformed(tag::PHASE))?,
            promoted: fields.optional_array(tag::PROMOTED)?.map(RevisionId::from_bytes),
            vector: VersionVector::decode(tag::VECTOR, fields.bytes(tag::VECTOR))?,
            author: fields.optional_array(tag::AUTHOR)?.map(ReplicaId::from_bytes),
            parents,
            time: Timestamp::from_millis(fields.number(tag::TIME)?),
            flags: fields.number(tag::FLAGS)?,
            policy: fields.array(tag::POLICY)?,
            blobs: hashes(&fields, tag::BLOBS)?,
            digest: fields.array(tag::DIGEST)?,
        })
    }
}

fn hashes(fields: &Fields<'_>, tag: u64) -> Result<Vec<[u8; 32]>, CodecError> {
    let (hashes, rest) = fields.bytes(tag).as_chunks::<32>();
    if rest.is_empty() { Ok(hashes.to_vec()) } else { Err(CodecError::Malformed(tag)) }
}

pub(crate) fn revision_id(header: &[u8]) -> RevisionId {
    RevisionId::from_bytes(*blake3::hash(header).as_bytes())
}

/// The digest of a body: meta and document, told apart by the length of the first.
pub(crate) fn body_digest(space_key: &[u8; 32], meta: &[u8], document: &[u8]) -> [u8; DIGEST_LEN] {
    let length = u32::try_from(meta.len()).unwrap_or(u32::MAX);
    let mut hasher = blake3::Hasher::new_keyed(space_key);
    hasher.update(&length.to_le_bytes()).update(meta).update(document);
    *hasher.finalize().as_bytes()
}

/// The digest of the policy that says nothing, which is what a kind has until it is given one.
pub(crate) fn empty_policy() -> [u8; 32] {
    *blake3::hash(br#"{"algorithm":1,"rules":[]}"#).as_bytes()
}

/// What travels in the body beside the document: names that a hub must not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    /// The slot's key and generation.
    pub(crate) slot: Option<(Vec<u8>, u32)>,
    pub(crate) label: Option<String>,
    pub(crate) checkpoint: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) device: Option<String>,
    /// The phase that a discarded draft comes back to.
    pub(crate) discarded_from: Option<Phase>,
}

mod meta_tag {
    pub(super) const KEY: u64 = 1;
    pub(super) const GENERATION: u64 = 2;
    pub(super) const LABEL: u64 = 3;
    pub(super) const CHECKPOINT: u64 = 4;
    pub(super) const OUTCOME: u64 = 5;
    pub(super) const DEVICE: u64 = 6;
    pub(super) const DISCARDED_FROM: u64 = 7;
}

impl Meta {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        if let Some((key, generation)) = &self.slot {
            writer.bytes(meta_tag::KEY, key);
            writer.number(meta_tag::GENERATION, (*generation).into());
        }
        for (tag, text) in [
            (meta_tag::LABEL, &self.label),
            (meta_tag::CHECKPOINT, &self.checkpoint),
            (meta_tag::OUTCOME, &self.outcome),
            (meta_tag::DEVICE, &self.device),
        ] {
            if let Some(text) = text {
                writer.bytes(tag, text.as_bytes());
            }
        }
        if let Some(phase) = self.discarded_from {
            writer.number(meta_tag::DISCARDED_FROM, phase.number().into());
        }
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let slot = match (fields.get(meta_tag::KEY), fields.optional_number(meta_tag::GENERATION)?) {
            (Some(key), Some(generation)) => {
                let generation = u32::try_from(generation).map_err(|_| CodecError::Malformed(meta_tag::GENERATION))?;
                Some((key.to_vec(), generation))
            }
            (None, None) => None,
            _ => return Err(CodecError::Missing(meta_tag::KEY)),
        };
        let discarded_from = fields
            .optional_number(meta_tag::DISCARDED_FROM)?
            .map(|number| Phase::from_number(number).ok_or(CodecError::Malformed(meta_tag::DISCARDED_FROM)))
            .transpose()?;
        Ok(Self {
            slot,
            label: fields.text(meta_tag::LABEL)?,
            checkpoint: fields.text(meta_tag::CHECKPOINT)?,
            outcome: fields.text(meta_tag::OUTCOME)?,
            device: fields.text(meta_tag::DEVICE)?,
            discarded_from,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            draft: DraftId::from_bytes([1; 16]),
            kind: "post".into(),
            schema: 3,
            phase: Phase::Promoted,
            promoted: Some(RevisionId::from_bytes([2; 32])),
            vector: VersionVector::new().with(ReplicaId::from_bytes([3; 16]), 9),
            author: Some(ReplicaId::from_bytes([3; 16])),
            parents: vec![RevisionId::from_bytes([4; 32])],
            time: Timestamp::from_millis(1_700_000_000_000),
            flags: FLAG_CHECKPOINT,
            policy: empty_policy(),
            blobs: vec![[5; 32], [6; 32]],
            digest: [7; 32],
        }
    }

    #[test]
    fn a_header_survives_its_bytes_and_ends_with_the_digest() {
        let bytes = header().encode();
        assert_eq!(Header::decode(&bytes), Ok(header()));
        assert!(bytes.ends_with(&[7; DIGEST_LEN]));
    }

    #[test]
    fn every_field_of_a_header_changes_the_id() {
        let changes: [fn(&mut Header); 13] = [
            |h| h.draft = DraftId::from_bytes([9; 16]),
            |h| h.kind.push('s'),
            |h| h.schema += 1,
            |h| h.phase = Phase::Open,
            |h| h.promoted = None,
            |h| h.vector = VersionVector::new(),
            |h| h.author = None,
            |h| h.parents.clear(),
            |h| h.time = Timestamp::default(),
            |h| h.flags = 0,
            |h| h.policy = [0; 32],
            |h| h.blobs.clear(),
            |h| h.digest = [0; 32],
        ];
        let mut ids: Vec<RevisionId> = changes
            .into_iter()
            .map(|change| {
                let mut header = header();
                change(&mut header);
                revision_id(&header.encode())
            })
            .collect();
        ids.push(revision_id(&header().encode()));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), changes.len() + 1);
    }

    #[test]
    fn a_meta_survives_its_bytes() {
        let meta = Meta {
            slot: Some((b"upload-73".to_vec(), 2)),
            label: Some("A title".into()),
            checkpoint: Some("before the interview".into()),
            outcome: Some("production-9".into()),
            device: Some("laptop".into()),
            discarded_from: Some(Phase::Promoted),
        };
        assert_eq!(Meta::decode(&meta.encode()), Ok(meta));
        assert_eq!(Meta::decode(&Meta::default().encode()), Ok(Meta::default()));
    }

    #[test]
    fn the_digest_tells_meta_and_document_apart() {
        let key = [0; 32];
        assert_ne!(body_digest(&key, b"ab", b"c"), body_digest(&key, b"a", b"bc"));
        assert_ne!(body_digest(&key, b"a", b"b"), body_digest(&[1; 32], b"a", b"b"));
    }
}
