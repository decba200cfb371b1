//! Builds a pack, version by version.

use super::super::script::{Edit, Outline};
use super::super::wire::{put, put_section, put_size, zigzag};
use super::super::{anchor, delta, matcher, records::Records};
use super::{BESIDE_FULL, BESIDE_MAX, FORMAT, PackError, SCRIPTS_FULL, TRAVEL_FULL, VERSIONS_MAX};

/// One version, as it goes into a pack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackEntry<'a> {
    /// The number of the version.
    pub(crate) version: u64,
    /// The revision header, without what the reader derives from the body.
    pub(crate) head: &'a [u8],
    /// What travels with the body.
    pub(crate) meta: &'a [u8],
    /// What stays on this device.
    pub(crate) local: &'a [u8],
    /// The document.
    pub(crate) body: &'a [u8],
}

/// Takes versions in ascending order and writes them as one value.
///
/// Holds the body before, all scripts and everything beside the bodies; pushing costs one comparison of two bodies.
#[derive(Debug)]
pub(crate) struct PackBuilder {
    first: u64,
    level: i32,
    last: Option<u64>,
    count: usize,
    body: Vec<u8>,
    anchor_len: usize,
    text: Vec<u8>,
    columns: Columns,
    heads: Records,
    metas: Records,
    locals: Records,
    travel: usize,
    gap: usize,
}

/// The numbers of the index, each kind beside its like.
#[derive(Debug, Default)]
pub(super) struct Columns {
    versions: Vec<u8>,
    counts: Vec<u8>,
    copies: Vec<u8>,
    deletes: Vec<u8>,
    inserts: Vec<u8>,
    origin: usize,
}

impl Columns {
    fn push(&mut self, edits: &[Edit]) {
        put_size(&mut self.counts, edits.len());
        for (index, edit) in edits.iter().enumerate() {
            if index == 0 {
                // Documents are far shorter than half of all numbers, so that the difference is exact.
                put(&mut self.copies, zigzag((edit.copy as u64).wrapping_sub(self.origin as u64).cast_signed()));
                self.origin = edit.copy;
            } else {
                put_size(&mut self.copies, edit.copy);
            }
            put_size(&mut self.deletes, edit.delete);
            put_size(&mut self.inserts, edit.insert);
        }
    }

    const fn len(&self) -> usize {
        self.counts.len() + self.copies.len() + self.deletes.len() + self.inserts.len()
    }
}

impl PackBuilder {
    /// Begins a pack that covers versions from `first` on, to be compressed at a zstd level of 1 to 19.
    pub(crate) fn new(first: u64, level: i32) -> Self {
        Self {
            first,
            level,
            last: None,
            count: 0,
            body: Vec::new(),
            anchor_len: 0,
            text: Vec::new(),
            columns: Columns::default(),
            heads: Records::default(),
            metas: Records::default(),
            locals: Records::default(),
            travel: 0,
            gap: 0,
        }
    }

    /// Whether the pack takes no more versions.
    pub(crate) const fn is_full(&self) -> bool {
        self.count >= VERSIONS_MAX
            || self.text.len() - self.anchor_len + self.columns.len() >= SCRIPTS_FULL
            || self.beside() >= BESIDE_FULL
            || self.travel >= TRAVEL_FULL
    }

    /// The number of versions taken.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    const fn beside(&self) -> usize {
        self.heads.total() + self.metas.total() + self.locals.total()
    }

    /// Takes the next version; gaps are allowed. The builder is as it was where that fails.
    pub(crate) fn push(&mut self, entry: &PackEntry<'_>) -> Result<(), PackError> {
        let PackEntry { version, head, meta, local, body } = *entry;
        if self.is_full() {
            return Err(PackError::Full);
        }
        let expected = match self.last {
            None => Some(self.first),
            Some(last) => last.checked_add(1),
        };
        let skipped = expected.and_then(|expected| version.checked_sub(expected));
        let skipped = skipped.ok_or(PackError::OutOfOrder { version })?;
        if head.len() + meta.len() + local.len() > BESIDE_MAX {
            return Err(PackError::TooLarge);
        }
        if self.count == 0 {
            self.anchor_len = body.len();
            self.text.extend_from_slice(body);
            self.gap = body.len();
        } else {
            self.push_script(body);
        }
        put(&mut self.columns.versions, skipped);
        self.heads.push(head);
        self.metas.push(meta);
        self.locals.push(local);
        self.body.clear();
        self.body.extend_from_slice(body);
        self.last = Some(version);
        self.count += 1;
        Ok(())
    }

    fn push_script(&mut self, body: &[u8]) {
        let mut edits = matcher::edits(&self.body, body);
        let described = edits.iter().map(|edit| edit.insert).sum::<usize>() + 4 * edits.len();
        if described > body.len() {
            edits = vec![Edit { copy: 0, delete: self.body.len(), insert: body.len() }];
        }
        if let Some(outline) = Outline::of(&edits, self.body.len()) {
            debug_assert_eq!(outline.target_len, body.len());
            let (distance, gap) = outline.travel(&edits, self.gap);
            self.travel = self.travel.saturating_add(distance);
            self.gap = gap;
        }
        self.text.extend_from_slice(&delta::inserted(body, &edits));
        self.columns.push(&edits);
    }

    /// Writes the pack, which covers everything up to `last_covered`: what is not in it was dropped.
    pub(crate) fn finish(self, last_covered: u64) -> Result<Vec<u8>, PackError> {
        if last_covered < self.last.unwrap_or(self.first) {
            return Err(PackError::OutOfOrder { version: last_covered });
        }
        let mut index = Vec::new();
        put_size(&mut index, self.anchor_len);
        for column in [
            &self.columns.versions,
            &self.columns.counts,
            &self.columns.copies,
            &self.columns.deletes,
            &self.columns.inserts,
        ] {
            put_section(&mut index, column);
        }
        for records in [&self.heads, &self.metas, &self.locals] {
            records.write(&mut index);
        }
        let mut pack = vec![FORMAT];
        put(&mut pack, self.first);
        put(&mut pack, last_covered);
        put_size(&mut pack, self.count);
        put_section(&mut pack, &anchor::encode(&index, self.level));
        put_section(&mut pack, &anchor::encode(&self.text, self.level));
        let hash = blake3::hash(&pack);
        pack.extend_from_slice(hash.as_bytes());
        Ok(pack)
    }
}
