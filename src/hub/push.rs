//! Carrying out what the rule decided.

use super::audit::{self, AuditAction, AuditEntry, AuditOutcome};
use super::body_row::Came;
use super::options::HubOptions;
use super::room::{self, Change};
use super::rows::{DraftRow, Fork, SpaceRow};
use super::rules::{Decision, Held, decide};
use super::tables::{AUDIT, CONTAINED, POSITIONS, ROWS, SPACES, SpaceKey};
use super::validating::Verdict;
use super::{bodies, chains, erase, feed, looking};
use crate::clock::Timestamp;
use crate::codec::Unknown;
use crate::error::Failure;
use crate::fault;
use crate::id::{DraftId, EventId, RevisionId, TraceId};
use crate::records::txn::Txn;
use crate::records::view::View;
use crate::transport::{FORKS_MAX, Outcome, Position, Push, Rejection, Reply, Revision, Standing, Target};
use std::collections::{BTreeMap, BTreeSet};

/// One request's pushes on their way into a commit.
pub(super) struct Pushing<'a> {
    pub(super) txn: &'a mut Txn,
    pub(super) key: SpaceKey,
    pub(super) space: SpaceRow,
    /// The number of the last entry in the audit before this request.
    pub(super) audited_before: u64,
    pub(super) now: Timestamp,
    pub(super) trace: TraceId,
    pub(super) device: Option<String>,
    pub(super) options: &'a HubOptions,
    /// How many bytes of revisions the answer may still hold.
    pub(super) left: usize,
}

impl Pushing<'_> {
    /// Decides one push and carries it out. `event` names its entry in the audit.
    pub(super) fn take(&mut self, push: &Push, verdict: Verdict, event: EventId) -> Result<Outcome, Failure> {
        let (draft, id) = (push.revision.draft(), push.revision.id());
        let row = looking::draft(self.txn, &self.key, draft)?;
        if row.as_ref().is_some_and(|row| row.erased.is_some()) && !fault::on("hub-takes-what-is-erased") {
            let outcome = erase::refusal();
            self.note(push, &outcome, event);
            return Ok(outcome);
        }
        let is_main = row.as_ref().is_some_and(|row| row.main == id);
        let is_contained = is_main || self.txn.get(CONTAINED, &self.key.revision(draft, id))?.is_some();
        let held = row.as_ref().map_or_else(Held::default, |row| Held { main: Some(row.main), forks: row.fork_ids() });
        let mut decision = decide(&held, is_contained, id, &push.contains, push.target);
        if fault::on("hub-takes-repeats-for-new") && decision == Decision::Known(Standing::Main) {
            decision = decide(&held, false, id, &push.contains, push.target);
        }
        let outcome = match decision {
            Decision::Known(standing) => return Ok(Outcome::Accepted { standing }),
            _ if push.revision.bytes() > self.options.revision_bytes => {
                let limit = self.options.revision_bytes;
                rejected(
                    Rejection::TooLarge,
                    format!("this hub takes revisions of at most {limit} bytes; split the document"),
                )
            }
            Decision::Conflict => {
                let row = row.map(|row| feed::row(self.txn, &self.key, draft, &row, &mut self.left)).transpose()?;
                Outcome::Conflict { row: row.flatten() }
            }
            Decision::ForksFull => {
                let reason =
                    format!("the draft has {FORKS_MAX} open conflicts, which is the limit; settle some of them");
                rejected(Rejection::ForksFull, reason)
            }
            Decision::Main { forks } => self.accept(row, push, verdict, (&forks, Standing::Main))?,
            Decision::Fork { forks } => self.accept(row, push, verdict, (&forks, Standing::Fork))?,
        };
        self.note(push, &outcome, event);
        Ok(outcome)
    }

    /// Writes how far the space is now, and says how far. Where all was known already, there is nothing to write.
    pub(super) fn finish(self) -> Position {
        if self.space.audited > self.audited_before {
            self.txn.put(SPACES, self.key.bytes().to_vec(), self.space.encode());
        }
        self.space.position
    }

    /// Takes the revision in: as the main, with what it contains, or as the last of the forks. Refused is a body that builds on what
    /// is not here, a document that the validator refuses, and what there is no room for.
    fn accept(
        &mut self,
        row: Option<DraftRow>,
        push: &Push,
        verdict: Verdict,
        (forks, standing): (&[RevisionId], Standing),
    ) -> Result<Outcome, Failure> {
        let (draft, id) = (push.revision.draft(), push.revision.id());
        let before = row.as_ref().map(DraftRow::held).unwrap_or_default();
        // One that others build on may come again. What is here of it stays, or it could come to build on itself.
        let is_new = !before.contains(&id);
        if is_new
            && let Some(reason) =
                chains::refusal(self.txn, &self.key, row.as_ref(), &before, (push, self.options.revision_bytes))?
        {
            return Ok(rejected(Rejection::Base, reason));
        }
        match verdict {
            Verdict::Fine | Verdict::FineUpon { .. } => {}
            Verdict::Refused(_) | Verdict::Unread if fault::on("hub-takes-what-is-invalid") => {}
            Verdict::Refused(reason) => return Ok(rejected(Rejection::Invalid, reason)),
            Verdict::Unread => {
                let reason = "what this one builds on was not here when it was to be read; send it whole";
                return Ok(rejected(Rejection::Base, reason.to_owned()));
            }
        }
        let position = self.space.position.after(draft, id);
        let came = Came { seq: position.seq, at: self.now, device: self.device.clone() };
        let stood = row.as_ref().map(|row| (row.seq, row.forks.len()));
        let mut row = self.changed(row, &push.revision, forks, standing, &came, &before);
        if is_new {
            row.bases.extend(push.base.map(|base| (id, base)));
        }
        let after = row.held();
        row.bases.retain(|id, _| after.contains(id));
        let mut goes = 0_u64;
        for dropped in before.difference(&after) {
            goes = goes.saturating_add(bodies::taken(self.txn, &self.key, draft, *dropped)?);
        }
        let comes = if is_new { push.revision.bytes() as u64 } else { 0 };
        let change = Change { begins: stood.is_none(), comes, goes };
        if let Some(reason) = room::refusal(self.options, &self.space, change) {
            return Ok(rejected(Rejection::SpaceFull, reason));
        }
        feed::advance(self.txn, &self.key, &self.space, draft, stood.map(|(seq, _)| seq), position.seq)?;
        if standing == Standing::Main {
            let contains = if fault::on("hub-forgets-what-is-contained") { &[] } else { &push.contains[..] };
            for contained in contains.iter().chain([&id]) {
                self.txn.put(CONTAINED, self.key.revision(draft, *contained), Vec::new());
            }
        }
        for dropped in before.difference(&after) {
            bodies::remove(self.txn, &self.key, draft, *dropped)?;
        }
        if is_new {
            bodies::write(self.txn, &self.key, &push.revision, push.base, came)?;
        } else {
            bodies::come_again(self.txn, &self.key, (draft, &row), id, came)?;
        }
        self.count(change, (stood.map_or(0, |(_, forks)| forks), row.forks.len()));
        self.txn.put(ROWS, self.key.draft(draft), row.encode());
        self.txn.put(POSITIONS, self.key.number(position.seq), position.chain.to_vec());
        self.space.position = position;
        Ok(Outcome::Accepted { standing })
    }

    /// Keeps count of what the space has. What was damaged is not known to have gone, so less than nothing is nothing.
    fn count(&mut self, change: Change, (forks_before, forks): (usize, usize)) {
        let space = &mut self.space;
        space.drafts = space.drafts.saturating_add(u64::from(change.begins));
        space.forks = space.forks.saturating_add(forks as u64).saturating_sub(forks_before as u64);
        let goes = if fault::on("hub-counts-what-went") { 0 } else { change.goes };
        space.bytes = space.bytes.saturating_add(change.comes).saturating_sub(goes);
    }

    fn changed(
        &self,
        row: Option<DraftRow>,
        revision: &Revision,
        forks: &[RevisionId],
        standing: Standing,
        came: &Came,
        held: &BTreeSet<RevisionId>,
    ) -> DraftRow {
        let id = revision.id();
        let Some(mut row) = row else {
            return DraftRow {
                seq: came.seq,
                main: id,
                mains: Vec::new(),
                forks: Vec::new(),
                bases: BTreeMap::new(),
                began: came.seq,
                began_at: came.at,
                erased: None,
                unknown: Unknown::default(),
            };
        };
        row.seq = came.seq;
        row.erased = None;
        row.forks.retain(|fork| forks.contains(&fork.id));
        if standing == Standing::Main {
            row.mains.insert(0, std::mem::replace(&mut row.main, id));
            row.mains.truncate(self.options.mains);
        } else {
            let bases = revision.parents().iter().filter(|parent| held.contains(parent)).copied().take(Fork::BASES_MAX);
            row.forks.push(Fork { id, bases: bases.collect() });
        }
        row
    }

    fn note(&mut self, push: &Push, outcome: &Outcome, event: EventId) {
        let action = if push.target == Target::Fork { AuditAction::PushFork } else { AuditAction::PushMain };
        let outcome = match outcome {
            Outcome::Accepted { standing } => AuditOutcome::Accepted(*standing),
            Outcome::Conflict { .. } => AuditOutcome::Conflict,
            Outcome::Rejected { code, .. } => AuditOutcome::Rejected(*code),
        };
        self.enter(action, outcome, (push.revision.draft(), push.revision.id()), event);
    }

    /// Writes an entry into the audit.
    pub(super) fn enter(
        &mut self,
        action: AuditAction,
        outcome: AuditOutcome,
        (draft, revision): (DraftId, RevisionId),
        event: EventId,
    ) {
        self.space.audited += 1;
        let (number, at, trace) = (self.space.audited, self.now, self.trace);
        let device = self.device.clone();
        let entry = AuditEntry { number, event, at, action, outcome, device, trace, draft, revision };
        let (key, bytes) = audit::record(&self.key, &entry);
        self.txn.put(AUDIT, key, bytes);
    }
}

/// Which of the ids the draft's main contains, in their order.
pub(super) fn contained(
    view: &impl View,
    key: &SpaceKey,
    draft: DraftId,
    ids: &[RevisionId],
) -> Result<Reply, Failure> {
    let mut contained = Vec::new();
    // Asked for first, so that a row that is missing is noticed.
    let main = looking::draft(view, key, draft)?.filter(|row| row.erased.is_none()).map(|row| row.main);
    if main.is_some() {
        for id in ids {
            if view.get(CONTAINED, &key.revision(draft, *id))?.is_some() {
                contained.push(*id);
            }
        }
    }
    Ok(Reply::Contained { main, contained })
}

const fn rejected(code: Rejection, reason: String) -> Outcome {
    Outcome::Rejected { code, reason }
}
