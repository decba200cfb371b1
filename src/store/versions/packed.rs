//! The packed part of a draft's history: cold versions, many in one value.
//!
//! Packs cover the versions from the first on without a gap, and the run that is not packed follows them. A version
//! that a pack covers and does not hold was dropped by retention; any other absence is damage.

use super::run;
use crate::error::{ErrorKind, Failure};
use crate::id::RevisionId;
use crate::revision::{DIGEST_LEN, Header, body_digest};
use crate::store::heads::DOCUMENT_MAX;
use crate::store::history::pack::Pack;
use crate::store::pieces;
use crate::store::rows::Local;
use crate::store::tables::{DraftKey, PACKS, pack_last_of, version_of};
use crate::store::txn::Txn;
use crate::store::view::View;

/// One pack in the store, by the versions that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pieces: u16,
}

/// All packs of a draft, oldest first.
pub(crate) fn spans(view: &impl View, key: DraftKey) -> Result<Vec<Span>, Failure> {
    let mut spans: Vec<Span> = Vec::new();
    view.each(PACKS, &key.bytes(), |found, _| {
        let (first, last) = version_of(&found).zip(pack_last_of(&found)).ok_or_else(|| broken(key))?;
        match spans.last_mut() {
            Some(span) if (span.first, span.last) == (first, last) => span.pieces += 1,
            _ => spans.push(Span { first, last, pieces: 1 }),
        }
        Ok(true)
    })?;
    Ok(spans)
}

fn broken(key: DraftKey) -> Failure {
    Failure::corrupt(Some(key.draft), "a pack of its history cannot be read")
}

/// The pack that covers a version, where one does.
pub(crate) fn covering(view: &impl View, key: DraftKey, version: u64) -> Result<Option<Span>, Failure> {
    let end = key.version(version.saturating_add(1));
    let Some((found, _)) = view.last(PACKS, &key.bytes(), &end)? else { return Ok(None) };
    let (first, last) = version_of(&found).zip(pack_last_of(&found)).ok_or_else(|| broken(key))?;
    let piece = found.last_chunk::<2>().map(|piece| u16::from_be_bytes(*piece)).ok_or_else(|| broken(key))?;
    Ok((version <= last).then_some(Span { first, last, pieces: piece.saturating_add(1) }))
}

/// Whether the history holds a version.
pub(crate) fn holds(view: &impl View, key: DraftKey, version: u64) -> Result<bool, Failure> {
    match covering(view, key, version)? {
        Some(span) => Ok(load(view, key, span)?.entry(version).is_some()),
        None => Ok(run::row(view, key, version)?.is_some()),
    }
}

pub(crate) fn load(view: &impl View, key: DraftKey, span: Span) -> Result<Pack, Failure> {
    let bytes = pieces::read(view, PACKS, span.pieces, |piece| key.pack_piece(span.first, span.last, piece))
        .map_err(|failure| failure.of_draft(key.draft))?;
    let pack = Pack::parse(&bytes, DOCUMENT_MAX).map_err(|error| broken(key).because(error))?;
    if pack.covers() == (span.first, span.last) { Ok(pack) } else { Err(broken(key)) }
}

/// Writes a pack that covers `first..=last`.
pub(crate) fn store(txn: &mut Txn, key: DraftKey, first: u64, last: u64, bytes: &[u8]) -> Result<(), Failure> {
    pieces::write(txn, PACKS, bytes, |piece| key.pack_piece(first, last, piece)).map(|_| ())
}

pub(crate) fn delete(txn: &mut Txn, key: DraftKey, span: Span) {
    (0..span.pieces).for_each(|piece| txn.delete(PACKS, key.pack_piece(span.first, span.last, piece)));
}

/// A version without its document.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) version: u64,
    /// The header; of a packed version all but the digest is known until the document is read.
    pub(crate) header: Header,
    pub(crate) meta: Vec<u8>,
    pub(crate) local: Local,
    /// The document's length in bytes.
    pub(crate) size: u64,
}

/// The header of a packed version, with nothing in place of its digest.
pub(crate) fn header_without_digest(head: &[u8]) -> Result<Header, Failure> {
    Ok(Header::decode(&[head, &[0; DIGEST_LEN]].concat())?)
}

/// A version with its document.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    pub(crate) id: RevisionId,
    pub(crate) header: Header,
    pub(crate) meta: Vec<u8>,
    pub(crate) local: Local,
    pub(crate) body: Vec<u8>,
}

/// Reads any version that the history holds.
pub(crate) fn whole(view: &impl View, secret: &[u8; 32], key: DraftKey, version: u64) -> Result<Whole, Failure> {
    let Some(span) = covering(view, key, version)? else {
        let (row, body) = run::read(view, secret, key, version)?;
        let header = Header::decode(&row.header)?;
        let id = crate::revision::revision_id(&row.header);
        return Ok(Whole { id, header, meta: row.meta, local: row.local, body });
    };
    let pack = load(view, key, span)?;
    let absent = || Failure::from(ErrorKind::NoSuchVersion { draft: key.draft, version });
    let entry = pack.entry(version).ok_or_else(absent)?;
    let body = pack.body(version).map_err(|error| broken(key).because(error))?;
    let header = [entry.head, &body_digest(secret, entry.meta, &body)].concat();
    Ok(Whole {
        id: crate::revision::revision_id(&header),
        header: Header::decode(&header)?,
        meta: entry.meta.to_vec(),
        local: Local::decode(entry.local)?,
        body,
    })
}

/// As [`whole`], for whoever can do without: `None` where the version is damaged or was dropped.
pub(crate) fn readable(
    view: &impl View,
    secret: &[u8; 32],
    key: DraftKey,
    version: u64,
) -> Result<Option<Whole>, Failure> {
    match whole(view, secret, key, version) {
        Ok(whole) => Ok(Some(whole)),
        Err(failure) if failure.is_damage() => Ok(None),
        Err(failure) if matches!(failure.kind, ErrorKind::NoSuchVersion { .. }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The versions of a draft up to `last`, oldest first, without their documents.
///
/// `unreadable` is told each span of versions that is damaged; the others are returned all the same.
pub(crate) fn entries(
    view: &impl View,
    key: DraftKey,
    last: u64,
    mut unreadable: impl FnMut(u64, u64),
) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    let mut next = 1;
    for span in spans(view, key)? {
        if span.first != next {
            unreadable(next, span.first.saturating_sub(1));
        }
        next = span.last.saturating_add(1);
        match load(view, key, span).and_then(|pack| from_pack(&pack)) {
            Ok(packed) => entries.extend(packed),
            Err(failure) if failure.is_damage() => unreadable(span.first, span.last),
            Err(failure) => return Err(failure),
        }
    }
    for version in next..=last {
        let row = match run::row(view, key, version) {
            Ok(Some(row)) => row,
            Ok(None) => {
                unreadable(version, version);
                continue;
            }
            Err(failure) if failure.is_damage() => {
                unreadable(version, version);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let header = Header::decode(&row.header)?;
        entries.push(Entry { version, header, meta: row.meta, local: row.local, size: row.size });
    }
    Ok(entries)
}

fn from_pack(pack: &Pack) -> Result<Vec<Entry>, Failure> {
    pack.entries()
        .map(|entry| {
            Ok(Entry {
                version: entry.version,
                header: header_without_digest(entry.head)?,
                meta: entry.meta.to_vec(),
                local: Local::decode(entry.local)?,
                size: entry.body_len as u64,
            })
        })
        .collect()
}
