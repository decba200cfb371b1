//! What several messages have in common.
//!
//! ```text
//! ids      := id[32]*
//! list     := (length:varint item[length])*
//! revision := record: 1 header, 2 body, 3 chain as list of bases
//! base     := record: 1 id, 2 body
//! row      := record: 1 draft, 2 number, 3 main's id, 4 main as revision (where it fits), 5 forks as ids
//! marker   := record: 1 draft, 2 when (ms), 3 MAC
//! erased   := record: 1 number, 2 marker
//! ```

use super::WireError;
use super::frame::{fields, writer};
use crate::clock::Timestamp;
use crate::codec::{Fields, put_varint, take, take_varint};
use crate::id::{DraftId, RevisionId};
use crate::transport::{Base, CHAIN_MAX, ErasedRow, FORKS_MAX, Main, Marker, Position, Revision, Row};

pub(super) fn ids(ids: &[RevisionId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.as_bytes()).collect()
}

pub(super) fn read_ids(bytes: &[u8], limit: usize) -> Result<Vec<RevisionId>, WireError> {
    let (found, rest) = bytes.as_chunks::<{ RevisionId::LEN }>();
    if !rest.is_empty() {
        return Err(WireError::Malformed { what: "a list of ids ends within one" });
    }
    if found.len() > limit {
        return Err(WireError::Limit { what: "ids in a list", limit, got: found.len() });
    }
    Ok(found.iter().map(|id| RevisionId::from_bytes(*id)).collect())
}

pub(super) fn list(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        put_varint(&mut bytes, item.len() as u64);
        bytes.extend_from_slice(&item);
    }
    bytes
}

/// Reads a list item by item, and no further than the limit.
pub(super) fn read_list<T>(
    mut bytes: &[u8],
    limit: usize,
    read: impl Fn(&[u8]) -> Result<T, WireError>,
) -> Result<Vec<T>, WireError> {
    let mut items = Vec::new();
    while !bytes.is_empty() {
        if items.len() == limit {
            return Err(WireError::Limit { what: "items in a list", limit, got: limit + 1 });
        }
        let length = take_varint(&mut bytes)?;
        let length = usize::try_from(length).map_err(|_| WireError::Malformed { what: "an item without end" })?;
        items.push(read(take(&mut bytes, length)?)?);
    }
    Ok(items)
}

pub(super) fn read_text(fields: &Fields<'_>, tag: u64, limit: usize) -> Result<Option<String>, WireError> {
    let length = fields.bytes(tag).len();
    if length > limit {
        return Err(WireError::Limit { what: "bytes in a name or a reason", limit, got: length });
    }
    Ok(fields.text(tag)?)
}

/// A position in two fields, where there are any.
pub(super) fn read_position(fields: &Fields<'_>, seq: u64, chain: u64) -> Result<Option<Position>, WireError> {
    match (fields.optional_number(seq)?, fields.optional_array(chain)?) {
        (Some(seq), Some(chain)) => Ok(Some(Position { seq, chain })),
        (None, None) => Ok(None),
        _ => Err(WireError::Malformed { what: "half a position" }),
    }
}

pub(super) fn read_bool(fields: &Fields<'_>, tag: u64) -> Result<bool, WireError> {
    match fields.number(tag)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Malformed { what: "neither yes nor no" }),
    }
}

pub(super) fn read_u32(fields: &Fields<'_>, tag: u64) -> Result<u32, WireError> {
    u32::try_from(fields.number(tag)?).map_err(|_| WireError::Malformed { what: "a number that is too large" })
}

pub(super) fn revision(revision: &Revision) -> Vec<u8> {
    let mut writer = writer();
    writer.bytes(1, revision.header());
    writer.bytes_unless_empty(2, revision.body());
    writer.bytes_unless_empty(3, &list(revision.chain().iter().map(base)));
    writer.finish()
}

fn base(base: &Base) -> Vec<u8> {
    let mut writer = writer();
    writer.bytes(1, base.id.as_bytes());
    writer.bytes_unless_empty(2, &base.body);
    writer.finish()
}

fn read_base(bytes: &[u8]) -> Result<Base, WireError> {
    let fields = fields(bytes)?;
    Ok(Base { id: RevisionId::from_bytes(fields.array(1)?), body: fields.bytes(2).to_vec() })
}

pub(super) fn read_revision(bytes: &[u8]) -> Result<Revision, WireError> {
    let fields = fields(bytes)?;
    let revision = Revision::new(fields.required(1)?.to_vec(), fields.bytes(2).to_vec())?;
    Ok(revision.with_chain(read_list(fields.bytes(3), CHAIN_MAX, read_base)?)?)
}

pub(super) fn row(row: &Row) -> Vec<u8> {
    let mut writer = writer();
    writer.bytes(1, row.draft.as_bytes());
    writer.number(2, row.seq);
    writer.bytes(3, row.main.id.as_bytes());
    if let Some(main) = &row.main.revision {
        writer.bytes(4, &revision(main));
    }
    writer.bytes_unless_empty(5, &ids(&row.forks));
    writer.finish()
}

pub(super) fn read_row(bytes: &[u8]) -> Result<Row, WireError> {
    let fields = fields(bytes)?;
    let draft = DraftId::from_bytes(fields.array(1)?);
    let id = RevisionId::from_bytes(fields.array(3)?);
    let revision = fields.get(4).map(read_revision).transpose()?;
    if revision.as_ref().is_some_and(|revision| revision.id() != id || revision.draft() != draft) {
        return Err(WireError::Malformed { what: "a row with another revision in the place of its main" });
    }
    let forks = read_ids(fields.bytes(5), FORKS_MAX)?;
    let seq = fields.optional_number(2)?.ok_or(WireError::Malformed { what: "a row without its number" })?;
    Ok(Row { draft, seq, main: Main { id, revision }, forks })
}

pub(super) fn marker(marker: &Marker) -> Vec<u8> {
    let mut writer = writer();
    writer.bytes(1, marker.draft.as_bytes());
    writer.number_unless_zero(2, marker.at.as_millis());
    writer.bytes(3, &marker.mac);
    writer.finish()
}

pub(super) fn read_marker(bytes: &[u8]) -> Result<Marker, WireError> {
    let fields = fields(bytes)?;
    let (draft, at) = (DraftId::from_bytes(fields.array(1)?), Timestamp::from_millis(fields.number(2)?));
    Ok(Marker { draft, at, mac: fields.array(3)? })
}

pub(super) fn erased(row: &ErasedRow) -> Vec<u8> {
    let mut writer = writer();
    writer.number(1, row.seq);
    writer.bytes(2, &marker(&row.marker));
    writer.finish()
}

pub(super) fn read_erased(bytes: &[u8]) -> Result<ErasedRow, WireError> {
    let fields = fields(bytes)?;
    let seq = fields.optional_number(1)?.ok_or(WireError::Malformed { what: "a row without its number" })?;
    Ok(ErasedRow { seq, marker: read_marker(fields.required(2)?)? })
}
