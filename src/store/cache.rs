//! Documents that the next save will be compared with, kept in memory so that a save does not read its history.

use super::queue::lock;
use super::tables::DraftKey;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

pub(crate) type Body = Arc<Vec<u8>>;

/// What is kept of a draft. Each body is named by its version; the store clears all of it when a commit fails, so
/// that a number never means a body that did not become durable.
#[derive(Clone)]
pub(crate) struct Kept {
    /// The last version written and its document: what the next delta starts from.
    pub(crate) last: (u64, Body),
    /// The head and its document.
    pub(crate) head: (u64, Body),
    /// The head's anchor on its second path.
    pub(crate) base: Option<(u64, Body)>,
}

impl Kept {
    fn bytes(&self) -> usize {
        let base = self.base.as_ref().map_or(0, |(_, body)| body.len());
        let head = if Arc::ptr_eq(&self.head.1, &self.last.1) { 0 } else { self.head.1.len() };
        self.last.1.len() + head + base
    }
}

/// The documents of the drafts used last, up to a number of bytes.
pub(crate) struct Bodies {
    entries: Mutex<Entries>,
    limit: usize,
}

#[derive(Default)]
struct Entries {
    kept: BTreeMap<DraftKey, (u64, Kept)>,
    by_use: BTreeMap<u64, DraftKey>,
    bytes: usize,
    uses: u64,
}

impl fmt::Debug for Bodies {
    /// Not the documents: what is typed stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bodies").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Bodies {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: Mutex::default(), limit }
    }

    pub(crate) fn get(&self, draft: DraftKey) -> Option<Kept> {
        let mut entries = lock(&self.entries);
        let kept = entries.take(draft)?;
        entries.put(draft, kept.clone());
        Some(kept)
    }

    pub(crate) fn put(&self, draft: DraftKey, kept: Kept) {
        let mut entries = lock(&self.entries);
        entries.take(draft);
        entries.put(draft, kept);
        while entries.bytes > self.limit && entries.kept.len() > 1 {
            let Some((_, oldest)) = entries.by_use.first_key_value() else { break };
            let oldest = *oldest;
            entries.take(oldest);
        }
    }

    pub(crate) fn forget(&self, draft: DraftKey) {
        lock(&self.entries).take(draft);
    }

    pub(crate) fn clear(&self) {
        *lock(&self.entries) = Entries::default();
    }
}

impl Entries {
    fn take(&mut self, draft: DraftKey) -> Option<Kept> {
        let (used, kept) = self.kept.remove(&draft)?;
        self.by_use.remove(&used);
        self.bytes -= kept.bytes();
        Some(kept)
    }

    fn put(&mut self, draft: DraftKey, kept: Kept) {
        self.uses += 1;
        self.bytes += kept.bytes();
        self.by_use.insert(self.uses, draft);
        self.kept.insert(draft, (self.uses, kept));
    }
}
