//! Erasing: drafts, whole slots, and the answers to what others erased.

use super::device::{Device, subject_of};
use super::oracle::Subject;
use super::people::SLOTS;
use super::person::Written;
use super::world::World;
use draftkeep::sync::BlockedBy;
use draftkeep::transport::Rejection;
use draftkeep::{DraftId, Erased};
use std::collections::BTreeSet;

/// What somebody says to an erasure of another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Yes,
    /// The draft is kept on this device alone.
    No,
}

impl Device {
    /// The drafts that the hub says are erased and that this device asks about: nobody answered yet; and those that were kept.
    fn asked_about(&self) -> Result<(Vec<DraftId>, Vec<DraftId>), String> {
        let status = self.status()?;
        let is_asked = |by| matches!(by, BlockedBy::Erased | BlockedBy::ErasedBefore);
        let asked = status.blocked.iter().filter(|blocked| is_asked(blocked.by));
        let kept = status.parked.iter().filter(|parked| parked.code == Some(Rejection::Erased));
        Ok((asked.map(|blocked| blocked.draft).collect(), kept.map(|parked| parked.draft).collect()))
    }

    /// A draft that is here although the device knows that it is erased; none where there is none.
    pub(super) fn came_back(&self, erased: &BTreeSet<DraftId>) -> Result<Option<DraftId>, String> {
        let (infos, space) = (self.infos()?, self.space()?);
        for id in infos.iter().map(|info| info.id).filter(|id| erased.contains(id)) {
            let known =
                space.erasure(id).map_err(|error| format!("{} cannot say what is erased: {error}", self.name))?;
            if known.is_some() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// What somebody wants kept is there, and the status says that it is nowhere else.
    fn is_kept(&self, draft: DraftId) -> Result<(), String> {
        self.draft(draft)?;
        let (asked, kept) = self.asked_about()?;
        if asked.contains(&draft) || !kept.contains(&draft) {
            return Err(format!("{} keeps {draft} to itself, and does not say so", self.name));
        }
        Ok(())
    }

    /// Looks for what a call says that it erased.
    fn has_erased(&self, drafts: &[DraftId]) -> Result<(), String> {
        let infos = self.infos()?;
        match infos.iter().find(|info| drafts.contains(&info.id)) {
            Some(info) => Err(format!("{} has erased {}, and lists it", self.name, info.id)),
            None => Ok(()),
        }
    }
}

impl World {
    /// Erases a draft, or all of a slot, whatever others are writing there.
    pub(super) fn erase(&mut self, device: usize) -> Result<(), String> {
        let slot = self.dice.pick(SLOTS).copied().filter(|_| self.dice.chance(300));
        match slot {
            Some(slot) => self.erase_slot(device, slot),
            None => self.erase_draft(device),
        }
    }

    fn erase_draft(&mut self, device: usize) -> Result<(), String> {
        let Some(info) = self.any_draft(device)? else { return self.tend(device) };
        self.give_up_words(device, &[info.id])?;
        let erased = self.devices[device].draft(info.id)?.erase();
        self.tally.did(if info.slot.is_some() { "erased in slots" } else { "erased" });
        self.told_of_erasing(device, &subject_of(&info), &[info.id], &erased)
    }

    fn erase_slot(&mut self, device: usize, slot: &str) -> Result<(), String> {
        let subject = Subject(slot.to_owned());
        let infos = self.devices[device].infos()?;
        let listed: Vec<DraftId> =
            infos.iter().filter(|info| subject_of(info) == subject).map(|info| info.id).collect();
        self.give_up_words(device, &listed)?;
        let held = self.devices[device].essays()?.slot(slot);
        let erased = held.erase();
        self.tally.did(if listed.is_empty() { "empty slots erased" } else { "slots erased" });
        if erased.is_ok() {
            let current = held.resume().map_err(|error| format!("an erased slot cannot be read: {error}"))?;
            if current.is_some() || held.generations().is_ok_and(|drafts| !drafts.is_empty()) {
                return Err(format!("{} has erased {slot}, and there is something in it", self.devices[device].name));
            }
        }
        drop(held);
        self.told_of_erasing(device, &subject, &listed, &erased)?;
        if self.dice.chance(300) {
            self.begin_in(device, Some(slot))?;
        }
        Ok(())
    }

    /// Whether it is done or not where the disk fails: it may be.
    fn give_up_words(&mut self, device: usize, drafts: &[DraftId]) -> Result<(), String> {
        self.see()?;
        for draft in drafts {
            self.departures.erase(*draft);
            self.let_go(device, *draft);
        }
        Ok(())
    }

    /// What stands in a draft on a device need not be anywhere from now on.
    fn let_go(&mut self, device: usize, draft: DraftId) {
        let stood = self.on_devices[device].as_ref().and_then(|standing| standing.get(&draft));
        self.oracle.release(stood.into_iter().flat_map(|stood| stood.words.iter().copied()));
        self.departures.let_go(device, draft);
    }

    fn told_of_erasing(
        &mut self,
        device: usize,
        subject: &Subject,
        listed: &[DraftId],
        erased: &draftkeep::Result<Erased>,
    ) -> Result<(), String> {
        // A slot may have drafts that are not in it here yet, or any more: only the hub can have told of them.
        let is_known = |id: &DraftId| self.subjects.get(id) == Some(subject) && self.departures.was_on_hub(*id);
        let unlisted: Vec<DraftId> = match erased {
            Ok(receipt) => receipt.drafts.iter().filter(|id| !listed.contains(id)).copied().collect(),
            Err(_) => self.subjects.keys().filter(|id| is_known(id)).copied().collect(),
        };
        if let Some(id) = unlisted.iter().find(|id| !is_known(id) && !self.departures.erased().contains(*id)) {
            return Err(format!("{id} is erased with {subject}, and nobody knew of it"));
        }
        unlisted.iter().for_each(|id| self.departures.erase(*id));
        let what = match erased {
            Ok(receipt) => {
                if let Some(id) = listed.iter().find(|id| !receipt.drafts.contains(id)) {
                    return Err(format!("{} erases {subject}, and not {id} in it", self.devices[device].name));
                }
                self.devices[device].has_erased(listed)?;
                format!("erases {subject}: {} drafts, {} versions", receipt.drafts.len(), receipt.versions)
            }
            Err(error) => format!("erases {subject}: {error}"),
        };
        self.tell_of(device, &what);
        Ok(())
    }

    /// Whether it is another draft in a slot of which one was erased.
    pub(super) fn is_begun_again(&self, written: &Written) -> bool {
        let mut erased = self.departures.erased().iter();
        written.is_acknowledged && erased.any(|id| self.subjects.get(id) == Some(&written.subject))
    }

    /// Answers what the device asks about erasures of other devices, each as chance has it.
    pub(super) fn answer_erasures(&mut self, device: usize) -> Result<(), String> {
        let (asked, kept) = self.devices[device].asked_about()?;
        for draft in asked {
            let reply = if self.dice.chance(400) { Reply::Yes } else { Reply::No };
            self.answer_erasure(device, draft, reply)?;
        }
        for draft in kept {
            if self.dice.chance(200) {
                self.answer_erasure(device, draft, Reply::Yes)?;
            }
        }
        Ok(())
    }

    /// Says yes to everything that other devices erased, also where it said no before.
    pub(super) fn accept_erasures(&mut self, device: usize) -> Result<(), String> {
        let (asked, kept) = self.devices[device].asked_about()?;
        asked.into_iter().chain(kept).try_for_each(|draft| self.answer_erasure(device, draft, Reply::Yes))
    }

    fn answer_erasure(&mut self, device: usize, draft: DraftId, reply: Reply) -> Result<(), String> {
        self.see()?;
        let syncer = self.devices[device].syncer()?;
        let answered = match reply {
            Reply::Yes => {
                self.let_go(device, draft);
                syncer.accept_erasure(draft)
            }
            Reply::No => syncer.decline_erasure(draft),
        };
        if answered.as_ref().is_ok_and(|was_asked| *was_asked) {
            if !self.departures.is_told(draft) {
                return Err(format!("{draft} is said to be erased, and no hub said so"));
            }
            match reply {
                Reply::Yes => {
                    self.tally.did("erasures accepted");
                    self.devices[device].has_erased(&[draft])?;
                }
                Reply::No => {
                    self.tally.did("erasures declined");
                    self.devices[device].is_kept(draft)?;
                }
            }
        }
        let answered = answered.map_or_else(|error| error.to_string(), |was_asked| was_asked.to_string());
        self.tell_of(device, &format!("says {reply:?} to the erasure of {draft}: {answered}"));
        Ok(())
    }
}
