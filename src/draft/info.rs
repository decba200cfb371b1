//! What is known of a draft or a version without its document.

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::id::{DraftId, ReplicaId, RevisionId};
use crate::phase::Phase;
use crate::revision::{FLAG_CHECKPOINT, Meta};
use crate::store::append::saved_at;
use crate::store::heads::Head;
use crate::store::versions::packed::Entry;
use crate::vector::VersionVector;

/// A draft as it is now, without its document: what a list or a picker shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DraftInfo {
    /// The draft.
    pub id: DraftId,
    /// Its kind's name.
    pub kind: String,
    /// Its slot's key, where it is about something.
    pub slot: Option<Vec<u8>>,
    /// The how many-th draft of its slot it is, from 1.
    pub generation: Option<u32>,
    /// Its phase.
    pub phase: Phase,
    /// What it became, once it was promoted.
    pub outcome: Option<String>,
    /// The revision that was promoted, once one was.
    pub promoted: Option<RevisionId>,
    /// What the kind's schema calls it.
    pub label: Option<String>,
    /// The device that wrote the head, by name.
    pub device: Option<String>,
    /// The head's version.
    pub version: u64,
    /// The head's revision.
    pub revision: RevisionId,
    /// The head's document in bytes, as canonical JSON.
    pub size: u64,
    /// When the draft began on this device.
    pub created_at: Timestamp,
    /// When the head was saved.
    pub saved_at: Timestamp,
    /// When it entered its phase.
    pub phase_since: Timestamp,
    /// The schema version of the head's document.
    pub schema: u32,
    /// How many other versions stand beside the head in an open conflict; 0 where there is none.
    pub conflicts: u64,
}

impl DraftInfo {
    pub(crate) fn of(head: &Head) -> Self {
        let (slot, generation) = head.meta.slot.clone().unzip();
        Self {
            id: head.header.draft,
            kind: head.header.kind.clone(),
            slot,
            generation,
            phase: head.header.phase,
            outcome: head.meta.outcome.clone(),
            promoted: head.header.promoted,
            label: head.meta.label.clone(),
            device: head.meta.device.clone(),
            version: head.row.version,
            revision: head.id(),
            size: head.row.size,
            created_at: head.row.created_at,
            saved_at: saved_at(&head.header, head.row.local),
            phase_since: head.row.phase_since,
            schema: head.header.schema,
            conflicts: head.row.sides,
        }
    }

    /// The slot's key as text, where it has one that is text.
    #[must_use]
    pub fn slot_text(&self) -> Option<&str> {
        std::str::from_utf8(self.slot.as_deref()?).ok()
    }
}

/// One version of a draft's history, without its document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionInfo {
    /// Its number: 1, 2, 3, …
    pub version: u64,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// The document's size in bytes, as canonical JSON.
    pub size: u64,
    /// The draft's phase then.
    pub phase: Phase,
    /// The checkpoint's name, where it is one.
    pub checkpoint: Option<String>,
    /// The outcome, where the draft had one then.
    pub outcome: Option<String>,
    /// The device that wrote it, by name.
    pub device: Option<String>,
    /// The writer; none for a slot's first version and for a merge, which every device writes alike. A device writes by
    /// another name than its store's [`replica`](crate::Store::replica) id what does not contain all that it wrote before.
    pub author: Option<ReplicaId>,
    /// Which edits it contains.
    pub vector: VersionVector,
    /// The schema version of its document.
    pub schema: u32,
    /// It was not the head when it was written: a text as it was typed, where the head is a merge of it with others, or a side of a
    /// conflict.
    pub is_aside: bool,
}

impl VersionInfo {
    pub(crate) fn of(entry: Entry) -> Result<Self, Failure> {
        let meta = Meta::decode(&entry.meta)?;
        let is_checkpoint = entry.header.flags & FLAG_CHECKPOINT != 0;
        Ok(Self {
            version: entry.version,
            saved_at: saved_at(&entry.header, entry.local),
            size: entry.size,
            phase: entry.header.phase,
            checkpoint: meta.checkpoint.filter(|_| is_checkpoint),
            outcome: meta.outcome,
            device: meta.device,
            author: entry.header.author,
            vector: entry.header.vector,
            schema: entry.header.schema,
            is_aside: entry.local.aside,
        })
    }
}

/// A draft's history, oldest version first.
///
/// Every save that changed something is a version, and so are checkpoints, restored texts and changes of the phase:
/// promoting, archiving, reopening, discarding and recovering. A checkpoint and a change of the phase have the document
/// that the head had before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// The versions that can be read.
    pub versions: Vec<VersionInfo>,
    /// Spans of versions that are damaged, first and last included; empty where all is well.
    pub damaged: Vec<(u64, u64)>,
}
