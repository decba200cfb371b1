//! Erasures: those that are owed are told the hub first of all; those that it tells of are judged.

use super::blocked::BlockedBy;
use super::cycle::Cycle;
use super::parking;
use super::syncer::Syncer;
use super::talk::{Stop, beside_the_point};
use crate::draft::space::place;
use crate::error::{Failure, Result};
use crate::fault;
use crate::id::DraftId;
use crate::position::Position;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::erase::hub::is_owed;
use crate::store::erase::marker;
use crate::store::erase::told::{self, Told, Worth, marker_of};
use crate::store::remote::integrate::Facts;
use crate::store::remote::rows::{OwedRow, RemoteRow};
use crate::store::remote::{arrivals, link, outbox};
use crate::store::tables::DraftKey;
use crate::transport::{Ask, EraseOutcome, ErasedRow, Marker, PUSHES_MAX, Reply};

/// Entries of the outbox that are looked at at once.
const DRAFTS: usize = 256;

const ASKED: &str = "it was erased on another device, as the hub says, and in a space without a key anybody can say so; accept the erasure \
                     with Syncer::accept_erasure, or keep the draft here with Syncer::decline_erasure";

const BEFORE: &str = "the hub says that it was erased on another device, before this one began or imported it: what was written here is not what was \
                      erased, and is kept. The hub takes nothing of it: go on in another draft with its text, as Slot::start_over begins one, then let \
                      this one go with Syncer::accept_erasure, or keep it here with Syncer::decline_erasure";

const UNPROVEN: &str = "the hub says that it was erased, and what should prove it is not of this space; nothing is erased here. Do not trust \
                        that hub, or keep the draft here with Syncer::decline_erasure";

impl Cycle<'_> {
    /// Tells the hub of every erasure that is owed. Where it does not take that, the rest is pushed all the same, and what it said is given.
    pub(super) async fn push_erasures(&mut self) -> std::result::Result<Option<Stop>, Stop> {
        let mut after = None;
        loop {
            let page = outbox::page(&self.core.engine.read()?, self.core.no, after, DRAFTS)?;
            let Some((last, _)) = page.last() else { return Ok(None) };
            after = Some(*last);
            let owed: Vec<DraftKey> = page.iter().filter(|(_, row)| is_to_be_told(row)).map(|(key, _)| *key).collect();
            for part in owed.chunks(PUSHES_MAX) {
                match self.tell(part).await {
                    Err(stop @ (Stop::Later { .. } | Stop::Protocol(_) | Stop::TooLarge))
                        if !fault::on("erasure-holds-up-texts") =>
                    {
                        return Ok(Some(stop));
                    }
                    told => told?,
                }
            }
        }
    }

    async fn tell(&mut self, keys: &[DraftKey]) -> std::result::Result<(), Stop> {
        let view = self.core.engine.read()?;
        let mut markers = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(row) = marker::read(&view, &self.place.keys, *key)? {
                markers.push((*key, Marker { draft: key.draft, at: row.marker.at, mac: row.marker.mac }));
            }
        }
        drop(view);
        if markers.is_empty() {
            return Ok(());
        }
        let seen = self.link()?.seen;
        let asked: Vec<Marker> = markers.iter().map(|(_, marker)| *marker).collect();
        let answer = match self.talk.ask(seen, Ask::Erase { markers: asked.clone() }).await {
            Err(stop) => {
                self.count_attempts_of(markers.into_iter().map(|(key, _)| key).collect())?;
                return Err(stop);
            }
            answer => answer?,
        };
        let Reply::Erased(outcomes) = answer.reply else { return Err(beside_the_point()) };
        if outcomes.len() != markers.len() {
            return Err(Stop::Protocol(format!("it answered {} of {} erasures", outcomes.len(), markers.len())));
        }
        let alone = seen.filter(|seen| went_on_alone(*seen, answer.position, &asked));
        let results: Vec<(DraftKey, EraseOutcome)> = markers.into_iter().map(|(key, _)| key).zip(outcomes).collect();
        self.take_erase_outcomes(results, answer.position, alone)?;
        Ok(())
    }

    /// Takes in what became of erasures, all in one commit.
    fn take_erase_outcomes(
        &mut self,
        results: Vec<(DraftKey, EraseOutcome)>,
        position: Position,
        alone: Option<Position>,
    ) -> std::result::Result<(), Failure> {
        let (space, keys, trace) = (self.core.no, self.place.keys, self.talk.trace);
        let parked = self.write(move |write| {
            let Some(link) = link::read(write.txn, space)? else { return Ok(0) };
            let mut parked = 0;
            for (key, outcome) in results {
                let Some(row) = marker::read(write.txn, &keys, key)? else { continue };
                match outcome {
                    EraseOutcome::Erased => {
                        told::done(write, key, &row, link.epoch);
                        record::note(write, About::draft(key, trace), AuditAction::PushedErasure)?;
                    }
                    EraseOutcome::Rejected { code, reason } => {
                        let Some(owed) = outbox::read(write.txn, key)? else { continue };
                        let parking = parking::refused(code, reason);
                        outbox::put(write, key, &OwedRow { parked: Some(parking), ..owed });
                        parked += 1;
                    }
                }
            }
            link::answered(write, space, position, alone)?;
            Ok(parked)
        })?;
        self.report.parked += parked;
        Ok(())
    }

    /// A row that says that a draft was erased, on its way into the store.
    pub(super) fn told(&self, row: &ErasedRow) -> Told {
        let ErasedRow { seq, marker: Marker { draft, at, mac } } = *row;
        let key = DraftKey { space: self.core.no, draft };
        Told { key, seq, marker: crate::store::erase::marker::Marker { at, mac } }
    }

    /// Decides on a hub's word that a draft was erased, and carries that out.
    pub(super) fn take_in_erasure(&mut self, facts: &Facts, row: &RemoteRow) -> std::result::Result<(), Stop> {
        let Some(marker) = marker_of(row) else { return Ok(()) };
        let key = facts.key;
        let worth = told::worth(&self.core.engine.read()?, &self.place, facts, &marker)?;
        let (by, why) = match worth {
            Worth::Nothing => {
                self.write(move |write| {
                    arrivals::passed(write, key);
                    Ok(())
                })?;
                return Ok(());
            }
            Worth::Proven => {
                let (place, trace, row) = (self.place.clone(), self.talk.trace, row.clone());
                let gone = self.write(move |write| {
                    write.state.is_foreign = true;
                    told::follow_proven(write, &place, (key, &row), marker, trace)
                })?;
                self.report.erased += u64::from(gone.is_some_and(|gone| gone.versions > 0));
                return Ok(());
            }
            Worth::Asked => (BlockedBy::Erased, ASKED),
            Worth::Before => (BlockedBy::ErasedBefore, BEFORE),
            Worth::Unproven => (BlockedBy::ErasedUnproven, UNPROVEN),
        };
        let (row, trace) = (row.clone(), self.talk.trace);
        let is_asked = self.write(move |write| told::ask(write, key, &row, (by.number(), why), trace))?;
        self.report.blocked += u64::from(is_asked);
        Ok(())
    }

    /// Whether a draft of which something is owed is erased on the hub: nothing of it leaves. One that is kept here all the same is parked.
    pub(super) fn is_erased_there(
        &self,
        view: &impl crate::records::view::View,
        key: DraftKey,
    ) -> std::result::Result<bool, Failure> {
        let epoch = self.link()?.epoch;
        let Some(row) = arrivals::read(view, key)?.filter(|row| row.erased.is_some() && row.epoch == epoch) else {
            return Ok(false);
        };
        if fault::on("pushed-although-erased-there") {
            return Ok(false);
        }
        if row.is_kept() {
            self.write(move |write| told::hold(write, key))?;
        }
        Ok(true)
    }
}

fn is_to_be_told(row: &OwedRow) -> bool {
    row.is_erasure && row.parked.is_none()
}

/// Whether the hub's feed went on by all of these and by nothing else.
fn went_on_alone(seen: Position, position: Position, markers: &[Marker]) -> bool {
    let is_as_many = seen.seq.checked_add(markers.len() as u64) == Some(position.seq);
    let follows = || markers.iter().fold(seen, |at, marker| at.after(marker.draft, marker.chained())) == position;
    is_as_many && follows()
}

impl Syncer {
    /// Erases a draft here that was erased on another device, as the hub says: for a [plain](crate::docs::threats) space, where the hub's
    /// word proves nothing and so the application is asked ([`BlockedBy::Erased`]), and for a draft
    /// that was begun here before this device knew ([`BlockedBy::ErasedBefore`]). Durable when it returns, and there is no way back; what
    /// was written here and never reached the hub is lost with it, and the event [`ErasedElsewhere`](crate::EventKind::ErasedElsewhere) says
    /// how much. Says whether the hub said so of a draft that is here; else nothing happens. What proves to be of another draft or space
    /// ([`BlockedBy::ErasedUnproven`]) is never accepted.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn accept_erasure(&self, draft: DraftId) -> Result<bool> {
        let core = self.core();
        let key = core.draft_key(draft);
        let is_gone = core.engine.traced("accept_erasure", |trace| {
            let place = place(core);
            core.engine.write(move |write| {
                let Some(marker) = arrivals::read(write.txn, key)?.as_ref().and_then(marker_of) else {
                    return Ok(false);
                };
                Ok(told::follow(write, &place, key, marker, trace)?.is_some())
            })
        })?;
        self.nudge();
        Ok(is_gone)
    }

    /// Keeps a draft here although it was erased on another device, as the hub says. It is on this device alone from then on: the hub takes
    /// nothing of it, and the status shows it as [parked](super::Status::parked). It can still be [accepted](Self::accept_erasure), or erased
    /// as any other. Says whether the hub said so, and nobody had decided yet; else nothing happens.
    ///
    /// A hub that takes this one's place gets the draft again, as it does everything that is here.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn decline_erasure(&self, draft: DraftId) -> Result<bool> {
        let core = self.core();
        let key = core.draft_key(draft);
        let is_kept = core.engine.traced("decline_erasure", |trace| {
            core.engine.write(move |write| {
                if is_owed(write.txn, key)? || marker::is_erased(write.txn, key)? {
                    return Ok(false);
                }
                told::keep(write, key, trace)
            })
        })?;
        self.nudge();
        Ok(is_kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::id::{HubId, RevisionId};

    #[test]
    fn a_feed_that_went_on_by_something_else_is_pulled() {
        let marker =
            |byte| Marker { draft: DraftId::from_bytes([byte; 16]), at: Timestamp::from_millis(1), mac: [byte; 32] };
        let start = Position::start(HubId::from_bytes([1; 16]), "alice");
        let both = [marker(1), marker(2)];
        let end = both.iter().fold(start, |at, marker| at.after(marker.draft, marker.chained()));
        assert!(went_on_alone(start, end, &both));
        assert!(!went_on_alone(start, end, &both[..1]));
        let other = end.after(DraftId::from_bytes([3; 16]), RevisionId::from_bytes([3; 32]));
        assert!(!went_on_alone(start, other, &both));
    }
}
