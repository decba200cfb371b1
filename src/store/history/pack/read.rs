//! Reads a pack: what is in it at once, bodies on demand.

use super::super::anchor::{self, AnchorError};
use super::super::gap::GapBuffer;
use super::super::records::Records;
use super::super::script::{self, EDITS_MAX, Edit, Outline};
use super::super::wire::{Reader, unzigzag};
use super::{BESIDE_FULL, BESIDE_MAX, FORMAT, HASH_LEN, PackError, SCRIPTS_FULL, TRAVEL_FULL, VERSIONS_MAX};
use std::ops::Range;

/// A pack that was checked: its hash, its limits, and that every edit of every version fits.
///
/// Holds the index unfolded and the text compressed.
#[derive(Debug, Clone)]
pub(crate) struct Pack {
    first: u64,
    last: u64,
    versions: Vec<u64>,
    body_lens: Vec<usize>,
    anchor_len: usize,
    text_len: usize,
    heads: Records,
    metas: Records,
    locals: Records,
    index: Vec<u8>,
    columns: Columns,
    text: Vec<u8>,
}

/// Everything about a version but its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackVersion<'a> {
    /// The number of the version.
    pub(crate) version: u64,
    /// The revision header, without what the reader derives from the body.
    pub(crate) head: &'a [u8],
    /// What travels with the body.
    pub(crate) meta: &'a [u8],
    /// What stays on this device.
    pub(crate) local: &'a [u8],
    /// The number of bytes of the document.
    pub(crate) body_len: usize,
}

/// Where the numbers of the scripts lie in the index.
#[derive(Debug, Clone)]
struct Columns {
    counts: Range<usize>,
    copies: Range<usize>,
    deletes: Range<usize>,
    inserts: Range<usize>,
}

impl Pack {
    /// Reads a pack whose bodies have at most `body_len_max` bytes each.
    ///
    /// The hash is checked before anything else. Unfolds at most a fixed size plus twice `body_len_max`.
    pub(crate) fn parse(bytes: &[u8], body_len_max: usize) -> Result<Self, PackError> {
        let (content, hash) = bytes.split_last_chunk::<HASH_LEN>().ok_or(PackError::Damaged)?;
        if blake3::hash(content) != *hash && !crate::fault::on("pack_hash_unchecked") {
            return Err(PackError::Damaged);
        }
        let (&format, rest) = content.split_first().ok_or(PackError::Malformed)?;
        if format != FORMAT {
            return Err(PackError::UnknownFormat { format });
        }
        let mut reader = Reader::new(rest);
        let pack = Self::read(&mut reader, body_len_max)?;
        if reader.is_empty() { Ok(pack) } else { Err(PackError::Malformed) }
    }

    fn read(reader: &mut Reader<'_>, body_len_max: usize) -> Result<Self, PackError> {
        let malformed = PackError::Malformed;
        let first = reader.number().ok_or(malformed)?;
        let last = reader.number().ok_or(malformed)?;
        let count = reader.size().ok_or(malformed)?;
        if count > VERSIONS_MAX {
            return Err(PackError::TooLarge);
        }
        let index = reader.section().ok_or(malformed)?;
        let text = reader.section().ok_or(malformed)?;

        let beside_max = BESIDE_FULL + BESIDE_MAX;
        let index_max = beside_max + SCRIPTS_FULL + 40 * EDITS_MAX;
        let index = anchor::decode(index, index_max).map_err(of_anchor)?;
        let mut reader = Reader::new(&index);
        let anchor_len = reader.size().ok_or(malformed)?;
        let mut column = || {
            let section = reader.section()?;
            let end = index.len() - reader.rest().len();
            Some(end - section.len()..end)
        };
        let versions = column().ok_or(malformed)?;
        let columns = Columns {
            counts: column().ok_or(malformed)?,
            copies: column().ok_or(malformed)?,
            deletes: column().ok_or(malformed)?,
            inserts: column().ok_or(malformed)?,
        };
        let versions = read_versions(&index[versions], count, first, last).ok_or(malformed)?;
        let heads = Records::read(&mut reader, count, beside_max).ok_or(malformed)?;
        let metas = Records::read(&mut reader, count, beside_max - heads.total()).ok_or(malformed)?;
        let left = beside_max - heads.total() - metas.total();
        let locals = Records::read(&mut reader, count, left).ok_or(malformed)?;
        if !reader.is_empty() {
            return Err(malformed);
        }
        let mut pack = Self {
            first,
            last,
            versions,
            body_lens: Vec::with_capacity(count),
            anchor_len,
            text_len: anchor_len,
            heads,
            metas,
            locals,
            index,
            columns,
            text: text.to_vec(),
        };
        pack.check_scripts(body_len_max)?;
        Ok(pack)
    }

    /// Follows every script by its numbers alone: lengths, the text they need, and what a walk costs.
    fn check_scripts(&mut self, body_len_max: usize) -> Result<(), PackError> {
        let count = self.versions.len();
        let mut scripts = Scripts::new(&self.index, &self.columns);
        let (mut len, mut text_len) = (self.anchor_len, self.anchor_len);
        let (mut gap, mut travel) = (len, 0_usize);
        let mut body_lens = Vec::with_capacity(count);
        if count == 0 && len > 0 {
            return Err(PackError::Malformed);
        }
        for index in 0..count {
            if index > 0 {
                let edits = scripts.next().ok_or(PackError::Malformed)?;
                let outline = Outline::of(edits, len).ok_or(PackError::Malformed)?;
                let (distance, gap_after) = outline.travel(edits, gap);
                gap = gap_after;
                travel = travel.saturating_add(distance);
                len = outline.target_len;
                text_len = text_len.saturating_add(outline.inserted);
            }
            if len > body_len_max && !crate::fault::on("pack_without_limit") {
                return Err(PackError::TooLarge);
            }
            body_lens.push(len);
        }
        let text_max = body_len_max.saturating_mul(2).saturating_add(SCRIPTS_FULL);
        let travel_max = body_len_max.saturating_mul(4).saturating_add(TRAVEL_FULL);
        if text_len > text_max || travel > travel_max {
            return Err(PackError::TooLarge);
        }
        if !scripts.is_at_end() {
            return Err(PackError::Malformed);
        }
        (self.body_lens, self.text_len) = (body_lens, text_len);
        Ok(())
    }

    /// The first and the last version that this pack answers for: what lies between and is not in it was dropped.
    pub(crate) const fn covers(&self) -> (u64, u64) {
        (self.first, self.last)
    }

    /// The number of versions in the pack.
    pub(crate) const fn len(&self) -> usize {
        self.versions.len()
    }

    /// Everything but the bodies, in ascending order of versions.
    pub(crate) fn entries(&self) -> impl Iterator<Item = PackVersion<'_>> {
        (0..self.len()).filter_map(|index| self.at(index))
    }

    /// Everything but the body of one version, where it is in the pack.
    pub(crate) fn entry(&self, version: u64) -> Option<PackVersion<'_>> {
        self.at(self.versions.binary_search(&version).ok()?)
    }

    fn at(&self, index: usize) -> Option<PackVersion<'_>> {
        Some(PackVersion {
            version: *self.versions.get(index)?,
            head: self.heads.get(index)?,
            meta: self.metas.get(index)?,
            local: self.locals.get(index)?,
            body_len: *self.body_lens.get(index)?,
        })
    }

    /// Reads the document of one version: unfolds the text and walks from the oldest version to this one.
    pub(crate) fn body(&self, version: u64) -> Result<Vec<u8>, PackError> {
        let index = self.versions.binary_search(&version).map_err(|_| PackError::Absent { version })?;
        let mut walk = Walk::new(self)?;
        for _ in 0..index {
            walk.step().ok_or(PackError::Malformed)?;
        }
        Ok(walk.buffer.into_vec())
    }

    /// Reads all documents, in ascending order of versions, in one walk.
    pub(crate) fn bodies(&self) -> Result<Bodies<'_>, PackError> {
        Ok(Bodies { pack: self, walk: Walk::new(self)?, next: 0 })
    }
}

/// The versions of a pack with their documents: see [`Pack::bodies`].
#[derive(Debug)]
pub(crate) struct Bodies<'a> {
    pack: &'a Pack,
    walk: Walk<'a>,
    next: usize,
}

impl<'a> Iterator for Bodies<'a> {
    type Item = Result<(PackVersion<'a>, Vec<u8>), PackError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.pack.at(self.next)?;
        if self.next > 0 && self.walk.step().is_none() {
            self.next = self.pack.len();
            return Some(Err(PackError::Malformed));
        }
        self.next += 1;
        Some(Ok((entry, self.walk.buffer.to_vec())))
    }
}

/// A document on its way from the oldest version to newer ones.
#[derive(Debug)]
struct Walk<'a> {
    buffer: GapBuffer,
    scripts: Scripts<'a>,
    text: Vec<u8>,
    text_at: usize,
}

impl<'a> Walk<'a> {
    fn new(pack: &'a Pack) -> Result<Self, PackError> {
        let text = anchor::decode(&pack.text, pack.text_len).map_err(of_anchor)?;
        let oldest = text.get(..pack.anchor_len).filter(|_| text.len() == pack.text_len);
        let buffer = GapBuffer::new(oldest.ok_or(PackError::Malformed)?.to_vec());
        let scripts = Scripts::new(&pack.index, &pack.columns);
        Ok(Self { buffer, scripts, text, text_at: pack.anchor_len })
    }

    fn step(&mut self) -> Option<()> {
        let edits = self.scripts.next()?;
        let outline = Outline::of(edits, self.buffer.len())?;
        let inserted = self.text.get(self.text_at..)?.get(..outline.inserted)?;
        self.text_at += outline.inserted;
        script::apply_in_place(&mut self.buffer, edits, &outline, inserted)
    }
}

/// The edit scripts of a pack, one after the other.
#[derive(Debug)]
struct Scripts<'a> {
    counts: Reader<'a>,
    copies: Reader<'a>,
    deletes: Reader<'a>,
    inserts: Reader<'a>,
    origin: usize,
    edits: Vec<Edit>,
}

impl<'a> Scripts<'a> {
    fn new(index: &'a [u8], columns: &Columns) -> Self {
        let column = |range: &Range<usize>| Reader::new(&index[range.clone()]);
        Self {
            counts: column(&columns.counts),
            copies: column(&columns.copies),
            deletes: column(&columns.deletes),
            inserts: column(&columns.inserts),
            origin: 0,
            edits: Vec::new(),
        }
    }

    /// Reads the next script; `None` where there is none, or not a whole one.
    fn next(&mut self) -> Option<&[Edit]> {
        let count = self.counts.size().filter(|&count| count <= EDITS_MAX)?;
        self.edits.clear();
        for index in 0..count {
            let copy = if index == 0 {
                let moved = unzigzag(self.copies.number()?);
                self.origin = usize::try_from(u64::try_from(self.origin).ok()?.checked_add_signed(moved)?).ok()?;
                self.origin
            } else {
                self.copies.size()?
            };
            self.edits.push(Edit { copy, delete: self.deletes.size()?, insert: self.inserts.size()? });
        }
        Some(&self.edits)
    }

    const fn is_at_end(&self) -> bool {
        self.counts.is_empty() && self.copies.is_empty() && self.deletes.is_empty() && self.inserts.is_empty()
    }
}

fn read_versions(column: &[u8], count: usize, first: u64, last: u64) -> Option<Vec<u64>> {
    let mut reader = Reader::new(column);
    let mut versions = Vec::with_capacity(count);
    let mut expected = Some(first);
    for _ in 0..count {
        let version = expected?.checked_add(reader.number()?)?;
        versions.push(version);
        expected = version.checked_add(1);
    }
    let fits = versions.last().copied().unwrap_or(first) <= last;
    (fits && reader.is_empty()).then_some(versions)
}

const fn of_anchor(error: AnchorError) -> PackError {
    match error {
        AnchorError::TooLarge { .. } => PackError::TooLarge,
        AnchorError::Malformed | AnchorError::UnknownFormat { .. } => PackError::Malformed,
    }
}
