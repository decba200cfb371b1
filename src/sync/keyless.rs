//! Texts of other devices that wait here for their key while their hub is gone: each is taken in once the key is there.

use super::cycle::Cycle;
use super::integrate::{Known, Next, Plan, decide};
use super::syncer::Syncer;
use super::take::{ATTEMPTS_MAX, Unread, Verdict, is_lost_with_its_hub, known};
use super::talk::Stop;
use crate::error::{Failure, Result};
use crate::fault;
use crate::id::DraftId;
use crate::records::view::View;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::heads;
use crate::store::remote::integrate::{Decided, Facts, facts};
use crate::store::remote::keyless::{self, Kept};
use crate::store::remote::link;
use crate::store::remote::receive::Foreign;
use crate::store::remote::rows::RemoteRow;
use crate::store::tables::DraftKey;
use std::collections::BTreeMap;

/// Why the draft is blocked, for people.
pub(super) const REASON: &str = "a text of it is sealed with a key that the key ring does not give, and the hub that it came from was restored or \
                                 replaced: it is kept here until the key is there, or until Syncer::drop_keyless";

impl Cycle<'_> {
    /// Takes in what waited for its key while its hub went, where the key is there by now.
    pub(super) async fn take_in_left_behind(&mut self) -> std::result::Result<(), Stop> {
        if fault::on("keyless-texts-never-tried-again") {
            return Ok(());
        }
        let drafts = keyless::drafts(&self.core.engine.read()?, self.core.no)?;
        for draft in drafts {
            let key = self.core.draft_key(draft);
            if let Err(stop) = self.take_in_all_left_behind(key).await {
                self.pass_over(key, stop)?;
            }
        }
        Ok(())
    }

    async fn take_in_all_left_behind(&mut self, key: DraftKey) -> std::result::Result<(), Stop> {
        let epoch = self.link()?.epoch;
        let mut is_blocked = false;
        let left_behind = keyless::left_behind(&self.core.engine.read()?, key, epoch)?;
        for kept in left_behind {
            is_blocked |= !self.take_in_one_left_behind(key, kept).await?;
        }
        self.report.blocked += u64::from(is_blocked);
        Ok(())
    }

    /// Says whether it is done with.
    async fn take_in_one_left_behind(&mut self, key: DraftKey, kept: Kept) -> std::result::Result<bool, Stop> {
        for _ in 0..ATTEMPTS_MAX {
            let view = self.core.engine.read()?;
            let Some(facts) = facts(&view, &self.place, key)? else { return Ok(false) };
            if is_here(&facts, kept) {
                drop(view);
                return self.done_with(key, kept);
            }
            let Some((foreign, is_beside)) = self.read_left_behind(&view, key, kept)? else { return Ok(false) };
            drop(view);
            if self.is_in_main(&facts, &foreign).await? {
                return self.done_with(key, kept);
            }
            match self.decide_left_behind(facts, kept, foreign, is_beside) {
                Verdict::Apply(decided, join) => {
                    if self.apply_all(vec![(decided, join)])?.is_empty() {
                        return Ok(true);
                    }
                }
                // It was put into the trash elsewhere, and purged here.
                Verdict::Ignore => return self.done_with(key, kept),
                Verdict::Blocked(..) | Verdict::Keyless(..) | Verdict::Overtaken => return Ok(false),
            }
        }
        // Somebody types faster than this; the next cycle goes on.
        self.again = true;
        Ok(false)
    }

    /// Whether the hub's main contains it, and is here itself. The hub's word is not enough, for what it says so of goes; the vector of the head,
    /// which is sealed, has to say so as well.
    async fn is_in_main(&mut self, facts: &Facts, foreign: &Foreign) -> std::result::Result<bool, Stop> {
        let Some(row) = facts.row.as_ref().filter(|row| row.erased.is_none()) else { return Ok(false) };
        let is_main_here = facts.head == Some(row.main) || facts.contains.contains_key(&row.main);
        let head = heads::read(&self.core.engine.read()?, facts.key)?;
        // A slot's first text is of no writer: its vector is within all.
        let vector = &foreign.header.vector;
        let is_within = head.is_some_and(|head| !vector.is_empty() && vector.is_within(&head.header.vector));
        if !is_main_here || !is_within && !fault::on("keyless-text-dropped-on-the-hubs-word") {
            return Ok(false);
        }
        let mut known = known(facts, row);
        let is_main = self.ask_contained(&mut known, facts.key, &[foreign.id]).await?;
        Ok(is_main && known.in_main.get(&foreign.id) == Some(&true))
    }

    fn done_with(&self, key: DraftKey, kept: Kept) -> std::result::Result<bool, Stop> {
        self.write(move |write| keyless::remove(write, key, kept))?;
        Ok(true)
    }

    /// The revision, and whether it can only stand beside a head; none where it cannot be read yet.
    fn read_left_behind(
        &self,
        view: &impl View,
        key: DraftKey,
        kept: Kept,
    ) -> std::result::Result<Option<(Foreign, bool)>, Failure> {
        let Some(travelling) = keyless::read(view, key, kept)? else { return Ok(None) };
        match self.read(key, &travelling) {
            Ok(foreign) => Ok(Some((foreign, false))),
            // Perhaps the last copy: it is kept as it is.
            Err(Unread::NotYet { by, revision, .. }) if !is_lost_with_its_hub(by) => Ok(Some((*revision, true))),
            Err(Unread::Failed(failure)) => Err(failure),
            Err(Unread::NotYet { .. } | Unread::Keyless(_) | Unread::Unreadable(_)) => Ok(None),
        }
    }

    /// Decides as on the main of a hub that has nothing else.
    fn decide_left_behind(&self, facts: Facts, kept: Kept, foreign: Foreign, is_beside: bool) -> Verdict {
        let said = RemoteRow::after(None, (facts.epoch, 0), kept.id, Vec::new());
        let plan = plan(known(&facts, &said), &foreign);
        let plan = if is_beside && facts.head.is_some() { plan.beside(kept.id) } else { plan };
        // What was shared with a hub is no matter of this one.
        let plan = Plan { shared: Vec::new(), ..plan };
        match self.verdict(facts, plan, &said, &mut BTreeMap::from([(kept.id, foreign)])) {
            Verdict::Apply(decided, join) => {
                let left_behind = Some((kept, Box::new(said)));
                Verdict::Apply(Box::new(Decided { left_behind, ..*decided }), join)
            }
            verdict => verdict,
        }
    }
}

impl Syncer {
    /// Drops what waits of a draft for a key that nobody will give any more: texts of other devices that this one cannot read, and that the hub does not have,
    /// because it was restored or replaced. Says how many; 0 where nothing waits, or the hub has it.
    ///
    /// It is the last copy, as far as this device knows: while there is hope for the key, let it wait. It costs its bytes, and that the draft is
    /// [`Blocked`](super::Blocked).
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn drop_keyless(&self, draft: DraftId) -> Result<u64> {
        let core = self.core();
        let key = core.draft_key(draft);
        core.engine.traced("drop_keyless", |trace| {
            core.engine.write(move |write| {
                let Some(link) = link::read(write.txn, key.space)? else { return Ok(0) };
                let left_behind = keyless::left_behind(write.txn, key, link.epoch)?;
                let texts = left_behind.len() as u64;
                for kept in left_behind {
                    keyless::remove(write, key, kept)?;
                }
                if texts > 0 {
                    record::note(write, About::draft(key, trace), AuditAction::KeylessDropped { texts })?;
                }
                Ok(texts)
            })
        })
    }
}

/// Whether the revision is here, or within what is.
fn is_here(facts: &Facts, kept: Kept) -> bool {
    let is_side = facts.sides.iter().any(|(_, side)| *side == kept.id);
    facts.head == Some(kept.id) || facts.contains.contains_key(&kept.id) || is_side
}

/// No hub is asked what it contains: what it was made from stands in its header, which its seal was made for; of all else it is not known, and
/// then both are joined and nothing is replaced.
fn plan(mut known: Known, foreign: &Foreign) -> Plan {
    known.in_main = foreign.header.parents.iter().map(|id| (*id, true)).collect();
    loop {
        match decide(&known) {
            Next::Do(plan) => return plan,
            Next::Ask(ids) => known.in_main.extend(ids.into_iter().map(|id| (id, false))),
        }
    }
}
