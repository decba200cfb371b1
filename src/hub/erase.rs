//! Erasing: of a draft nothing stays on a hub but the marker that its owner sent.
//!
//! The draft's row stays where its last change stands in the feed, so that devices which come late are told. A hub cannot tell whether a
//! marker is true; whoever may push may erase here, and every device decides for itself what that means for what it has.

use super::audit::{AuditAction, AuditOutcome};
use super::push::Pushing;
use super::rows::DraftRow;
use super::tables::{BODIES, CONTAINED, PIECES, POSITIONS, ROWS};
use super::{bodies, feed, looking};
use crate::error::Failure;
use crate::fault;
use crate::id::{DraftId, EventId};
use crate::transport::{EraseOutcome, Marker, Outcome, Rejection};

impl Pushing<'_> {
    /// Erases one draft. `event` names its entry in the audit. A marker that the hub has already changes nothing; another one for the same
    /// draft takes its place, since the one that came first need not be the true one. It is taken however full the space is, also of a draft
    /// that the hub never had: one that it refused for want of room may be somewhere else, and a device has to come to rest.
    pub(super) fn erase(&mut self, marker: &Marker, event: EventId) -> Result<EraseOutcome, Failure> {
        let draft = marker.draft;
        let row = looking::draft(self.txn, &self.key, draft)?;
        if row.as_ref().and_then(|row| row.marker(draft)).as_ref() == Some(marker) {
            return Ok(EraseOutcome::Erased);
        }
        let position = self.space.position.after(draft, marker.chained());
        feed::advance(self.txn, &self.key, &self.space, draft, row.as_ref().map(|row| row.seq), position.seq)?;
        self.remove(draft, row.as_ref())?;
        let is_new = row.as_ref().is_none_or(|row| row.erased.is_none());
        self.space.drafts = self.space.drafts.saturating_add(u64::from(row.is_none()));
        self.space.erased = self.space.erased.saturating_add(u64::from(is_new));
        let gone =
            DraftRow::gone(marker, position.seq, row.map_or((position.seq, self.now), |row| (row.began, row.began_at)));
        self.txn.put(ROWS, self.key.draft(draft), gone.encode());
        // The second record that says so: a row that the engine does not return is missed, and not taken for a draft that never was.
        self.txn.put(CONTAINED, self.key.revision(draft, marker.chained()), Vec::new());
        self.txn.put(POSITIONS, self.key.number(position.seq), position.chain.to_vec());
        self.space.position = position;
        self.enter(AuditAction::Erase, AuditOutcome::Erased, (draft, marker.chained()), event);
        Ok(EraseOutcome::Erased)
    }

    /// Removes whatever is stored of a draft, damaged or not, and takes it out of the counts.
    fn remove(&mut self, draft: DraftId, row: Option<&DraftRow>) -> Result<(), Failure> {
        let mut goes = 0_u64;
        for id in row.map(DraftRow::held).unwrap_or_default() {
            goes = goes.saturating_add(bodies::taken(self.txn, &self.key, draft, id)?);
        }
        let forks = row.map_or(0, |row| row.forks.len() as u64);
        self.space.bytes = self.space.bytes.saturating_sub(goes);
        self.space.forks = self.space.forks.saturating_sub(forks);
        let prefix = self.key.draft(draft);
        for table in [BODIES, PIECES, CONTAINED] {
            if table != BODIES || !fault::on("hub-keeps-bodies-of-what-is-erased") {
                self.txn.delete_prefix(table, &prefix)?;
            }
        }
        Ok(())
    }
}

/// What a push of an erased draft is answered.
pub(super) fn refusal() -> Outcome {
    let reason = "the draft was erased by its owner, and this hub takes nothing of it any more; if the text is wanted, begin another draft \
                  with it";
    Outcome::Rejected { code: Rejection::Erased, reason: reason.to_owned() }
}
