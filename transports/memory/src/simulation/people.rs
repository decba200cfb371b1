//! What people do on a device that chance chose.

use super::essay::{Essay, Stroke};
use super::person::{Afterwards, Tending, Written};
use super::words::Word;
use super::world::World;
use draftkeep::DraftInfo;

/// Things that several devices write about without having met.
pub(super) const SLOTS: &[&str] = &["novel", "letter"];

impl World {
    pub(super) fn any_draft(&mut self, device: usize) -> Result<Option<DraftInfo>, String> {
        let infos = self.devices[device].infos()?;
        Ok(self.dice.pick(&infos).cloned())
    }

    pub(super) fn write(&mut self, device: usize) -> Result<(), String> {
        let Some(info) = self.any_draft(device)? else { return self.begin(device) };
        let shown = self.devices[device].shows(info.id);
        if !self.devices[device].has_windows() || !shown && self.dice.chance(700) {
            if !info.phase.takes_saves() {
                return self.tend(device);
            }
            let what = self.devices[device].open_window(&info)?;
            self.tell_of(device, &what);
        }
        let count = 1 + self.dice.below(2);
        let strokes: Vec<(Stroke, Word)> = (0..count)
            .map(|_| (self.dice.pick(Stroke::DRAWN).copied().unwrap_or(Stroke::Write), self.word()))
            .collect();
        let afterwards = if self.dice.chance(500) { Afterwards::KeepOpen } else { Afterwards::Close };
        if self.weather.storms && self.dice.chance(60) {
            return self.crash_while_writing(device, &strokes);
        }
        if let Some(written) = self.devices[device].type_and_save(&strokes, afterwards, &mut self.dice) {
            self.tally.did("edits");
            self.take_in(device, written);
        }
        Ok(())
    }

    /// What a person wrote, and whether the device said that it has it.
    pub(super) fn take_in(&mut self, device: usize, written: Written) {
        self.tell_of(device, &written.what);
        self.oracle.release(written.removed);
        if written.is_acknowledged {
            self.tally.did("saves");
            let is_erased = written.draft.is_some_and(|draft| self.departures.erased().contains(&draft));
            if is_erased && !written.added.is_empty() {
                self.tally.did("saved although erased elsewhere");
            }
            self.oracle.acknowledge(&written.subject, written.added);
        } else {
            self.tally.did("saves not acknowledged");
        }
    }

    pub(super) fn begin(&mut self, device: usize) -> Result<(), String> {
        let slot = self.dice.pick(SLOTS).copied().filter(|_| self.dice.chance(800));
        self.begin_in(device, slot)
    }

    pub(super) fn begin_in(&mut self, device: usize, slot: Option<&str>) -> Result<(), String> {
        let mut essay = Essay::new();
        // In a slot several begin under one id: a word that nobody takes out tells who has met whom.
        if slot.is_some() || self.dice.chance(300) {
            essay.motto = self.word().to_string();
        }
        let over = slot.is_some() && self.dice.chance(100);
        match self.devices[device].start(slot, &essay, over)? {
            Some(written) => {
                self.tally.did("drafts begun");
                if slot.is_some() && self.is_begun_again(&written) {
                    self.tally.did("slots begun again");
                }
                self.take_in(device, written);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn tend(&mut self, device: usize) -> Result<(), String> {
        let Some(info) = self.any_draft(device)? else { return Ok(()) };
        let how = Tending::drawn(info.phase, &mut self.dice);
        let what = self.devices[device].tend(&info, how)?;
        self.tally.did("phases and checkpoints");
        self.tell_of(device, &what);
        Ok(())
    }

    pub(super) fn settle(&mut self, device: usize) -> Result<(), String> {
        let infos = self.devices[device].infos()?;
        for info in infos.iter().filter(|info| info.conflicts > 0) {
            let at_once = self.dice.chance(500);
            if let Some(what) = self.devices[device].settle(info, at_once)? {
                self.tally.did("settled");
                self.tell_of(device, &what);
            }
        }
        Ok(())
    }

    pub(super) fn restore_version(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.restoring {
            return Ok(());
        }
        let Some(info) = self.any_draft(device)? else { return Ok(()) };
        let written = self.devices[device].restore_version(&info, &mut self.dice)?;
        // Two that both take the same increment back take it back twice.
        self.oracle.count_no_more_of(&written.subject);
        self.tally.did("versions restored");
        self.take_in(device, written);
        Ok(())
    }

    /// Takes a restore point, or brings everything back to what it was at one.
    pub(super) fn mark_or_return(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.restoring || self.dice.chance(500) {
            let what = self.devices[device].take_restore_point()?;
            self.tell_of(device, &what);
            return Ok(());
        }
        let written = self.devices[device].return_to_a_point(&mut self.dice)?;
        for written in written {
            self.oracle.count_no_more_of(&written.subject);
            self.tally.did("drafts returned");
            self.take_in(device, written);
        }
        Ok(())
    }

    /// Gives up what the hub refuses of a draft, on this device or on the next one of which it refuses something.
    pub(super) fn give_up(&mut self, device: usize) -> Result<(), String> {
        let count = self.devices.len();
        for device in (0..count).map(|next| (device + next) % count) {
            if self.devices[device].is_shut() {
                continue;
            }
            if let Some((written, draft)) = self.devices[device].give_up(&mut self.dice)? {
                self.given_up.insert(draft);
                self.oracle.count_no_more_of(&written.subject);
                self.tally.did("given up");
                self.take_in(device, written);
                return Ok(());
            }
        }
        self.tend(device)
    }
}
