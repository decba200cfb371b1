//! A revision of another device becomes a version here. It keeps its id, its vector and its text to the byte.

use super::body::{self, Travelling};
use super::sealed::{self, Unopened};
use crate::error::Failure;
use crate::fault;
use crate::id::RevisionId;
use crate::revision::{Header, Meta, body_digest, revision_id};
use crate::store::append::{self, New};
use crate::store::cache::Body;
use crate::store::change::{Place, kind_of};
use crate::store::heads::Head;
use crate::store::space::ensure_kind;
use crate::store::tables::{DraftKey, TOMBSTONES};
use crate::store::write::Write;
use crate::vector::WRITERS_STORED;
use std::sync::Arc;

/// A revision that came from a hub, checked as far as the store knows it.
#[derive(Debug, Clone)]
pub(crate) struct Foreign {
    pub(crate) id: RevisionId,
    pub(crate) header: Header,
    pub(crate) meta: Meta,
    pub(crate) body: Body,
}

/// The longest header and the longest names that are taken in. What is written upon them, with more parents and another writer, still
/// fits into one record.
const HEADER_STORED: usize = 32 << 10;
const NAMES_STORED: usize = 4 << 10;

/// Why a revision cannot become a version here. It stays on the hub.
pub(crate) type Unfit = Unopened;

/// Reads a revision as it travels, and holds it against the draft that it is said to be of.
///
/// Its document is unrolled from the bodies that came with it alone, and what comes of that is held against the header's digest.
pub(crate) fn open(place: &Place, key: DraftKey, travelling: &Travelling) -> Result<Foreign, Unfit> {
    let opened = sealed::open(place, key.draft, travelling)?;
    read(place, key, &opened).map_err(Unopened::Says)
}

fn read(place: &Place, key: DraftKey, travelling: &Travelling) -> Result<Foreign, &'static str> {
    let header_bytes = &travelling.header[..];
    let header =
        Header::decode(header_bytes).map_err(|_| "its header cannot be read; a newer release may have made it")?;
    let (meta_bytes, document) = body::read(&travelling.body, &travelling.chain)
        .ok_or("its body cannot be read; a newer release may have made it, or it lacks what it builds on")?;
    let meta = Meta::decode(meta_bytes).map_err(|_| "its names cannot be read; a newer release may have made them")?;
    // What is stored is encoded anew: what this release does not know would be dropped, and it would be another revision.
    if header.encode() != header_bytes || meta.encode() != meta_bytes {
        return Err("it says something that this release does not know");
    }
    if body_digest(&place.keys.digests(), meta_bytes, &document) != header.digest && !fault::on("chains-not-proven") {
        return Err("its text does not match its id");
    }
    let is_long = header_bytes.len() > HEADER_STORED || meta_bytes.len() > NAMES_STORED;
    if (is_long || header.vector.len() > WRITERS_STORED) && !fault::on("revisions-of-any-size-taken-in") {
        return Err("its header or its names are longer than a device stores");
    }
    if header.draft != key.draft {
        return Err("it belongs to another draft");
    }
    if header.kind.is_empty() || header.kind.len() > crate::kind::KIND_MAX {
        return Err("its kind has no name, or too long a one");
    }
    if let Some((slot, generation)) = &meta.slot
        && (slot.is_empty()
            || slot.len() > crate::store::slots::KEY_MAX
            || !(1..=crate::store::slots::GENERATIONS_MAX).contains(generation)
            || place.keys.slot_draft(&header.kind, slot, *generation) != key.draft)
    {
        return Err("it does not belong to the slot that it names");
    }
    Ok(Foreign { id: revision_id(header_bytes), header, meta, body: Arc::new(document) })
}

/// Writes a revision as the draft's next version: as the head, or beside it. `before` is the head as it is to be counted.
pub(crate) fn append(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    before: Option<&Head>,
    foreign: &Foreign,
    aside: bool,
) -> Result<u64, Failure> {
    let kind = match before {
        Some(head) if head.header.kind == foreign.header.kind => kind_of(write, place.space, head)?,
        Some(_) => return Err(Failure::corrupt(Some(key.draft), "a revision of it is of another kind")),
        None => {
            // It was purged here, and somebody went on with it elsewhere.
            write.delete(TOMBSTONES, key.bytes());
            ensure_kind(write, place.space, &foreign.header.kind)?
        }
    };
    let Foreign { header, meta, body, .. } = foreign.clone();
    let new = New { header, meta, body, aside };
    let written = append::append_received(write, place.belongs(key.draft, kind), before, new)?;
    debug_assert_eq!(written.id, foreign.id, "what was received is what is stored");
    Ok(written.version)
}
