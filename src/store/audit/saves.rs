//! One hash over all versions of a draft.
//!
//! A save writes no entry of its own: that would be another record to hash and another place of the file to write, for the
//! call that has to be the fastest. Its revision goes into a hash that stands in the draft's head, which every save writes
//! anyhow, and the next entry about the draft says that hash. So an entry answers for every version before it, and so does
//! whoever keeps the audit's head elsewhere.

use crate::fault;
use crate::id::RevisionId;
use std::fmt;

/// All versions of a draft from one on, in short: by how far they go, and one hash over their revisions in order.
///
/// Whoever has the history can compute it anew, as long as retention left the versions:
///
/// ```
/// use draftkeep::{AuditQuery, AuditedSaves, Kind, Options, Store};
///
/// const NOTE: Kind<String> = Kind::new("note");
/// let space = Store::in_memory(Options::new())?.space("alice")?;
/// let draft = space.drafts(NOTE)?.start(&"It rained.".to_owned())?;
/// draft.checkpoint("first")?;
///
/// let said = space.audit(&AuditQuery::of(draft.id()))?.entries[1].saves.expect("it is about a draft");
/// let found = AuditedSaves::begin(1, draft.at(1)?.revision).then(draft.at(2)?.revision);
/// assert_eq!(found, said);
/// # Ok::<(), draftkeep::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditedSaves {
    /// The first version that is covered: 1, but for a draft that an older release began or whose head was damaged.
    pub from: u64,
    /// The last one. All between are covered, those beside the head among them.
    pub to: u64,
    /// The hash over their revisions.
    pub hash: [u8; 32],
}

impl AuditedSaves {
    /// The first version that is covered.
    #[must_use]
    pub fn begin(version: u64, revision: RevisionId) -> Self {
        Self { from: version, to: version.saturating_sub(1), hash: [0; 32] }.then(revision)
    }

    /// The same with the next version.
    #[must_use]
    pub fn then(self, revision: RevisionId) -> Self {
        let to = self.to.saturating_add(1);
        let mut hasher = blake3::Hasher::new();
        if !fault::on("saves-not-chained") {
            hasher.update(&self.hash);
        }
        hasher.update(&to.to_le_bytes()).update(revision.as_bytes());
        Self { from: self.from, to, hash: *hasher.finalize().as_bytes() }
    }
}

impl fmt::Debug for AuditedSaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditedSaves({} to {}, ", self.from, self.to)?;
        self.hash[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}
