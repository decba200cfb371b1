//! Coming to rest: nothing goes wrong any more, everybody syncs and settles, and then all have the same.

use super::device::Device;
use super::essay::Essay;
use super::person::Tending;
use super::world::World;
use draftkeep::{DraftId, DraftInfo, Phase, RevisionId};
use std::collections::BTreeMap;
use std::time::Duration;

/// At most so many rounds in which everybody syncs, settles and syncs again.
const ROUNDS_MAX: u64 = 24;

/// What has to be the same everywhere.
type Heads = BTreeMap<DraftId, (RevisionId, Phase)>;

impl World {
    /// Everybody syncs and settles until nothing is left to do. It has to end soon, with all heads equal, no conflict open,
    /// nothing owed, and every word in the documents.
    pub(crate) fn come_to_rest(&mut self) -> Result<(), String> {
        self.end_of_faults()?;
        for round in 1..=ROUNDS_MAX {
            self.tell("", &format!("round {round}"));
            for device in 0..self.devices.len() {
                self.devices[device].close_windows();
                self.devices[device].clock.advance(Duration::from_secs(2 * 3_600));
                self.devices[device].tasks.run_until_stalled();
                self.sync_whatever_comes(device)?;
                self.settle_everything(device)?;
                self.sync_whatever_comes(device)?;
                self.check()?;
            }
            if self.difference()?.is_none() {
                self.tally.rested_after(round);
                return self.judge();
            }
        }
        let difference = self.difference()?.unwrap_or_default();
        Err(format!("no rest after {ROUNDS_MAX} rounds: {difference}"))
    }

    /// A person who answers every question with yes.
    fn sync_whatever_comes(&mut self, device: usize) -> Result<(), String> {
        self.devices[device].resume()?;
        self.sync(device)?;
        if self.devices[device].asks_about_hub()? {
            self.accept_hub(device)?;
            self.sync(device)?;
        }
        self.accept_erasures(device)
    }

    fn settle_everything(&mut self, device: usize) -> Result<(), String> {
        // Settling needs a draft that takes saves, and its slot free.
        for _ in 0..4 {
            let infos = self.devices[device].infos()?;
            // What is only in somebody's trash comes back, so that there is the same everywhere.
            let is_open = |info: &&DraftInfo| {
                info.conflicts > 0 || info.phase == Phase::Discarded && self.given_up.contains(&info.id)
            };
            let open: Vec<&DraftInfo> = infos.iter().filter(is_open).collect();
            if open.is_empty() {
                return Ok(());
            }
            for info in open {
                let what = match info.phase {
                    Phase::Archived | Phase::Discarded => {
                        let is_rival = |other: &&DraftInfo| {
                            other.id != info.id
                                && other.slot.is_some()
                                && other.slot == info.slot
                                && other.phase.takes_saves()
                        };
                        for rival in infos.iter().filter(is_rival) {
                            let what = self.devices[device].tend(rival, Tending::Archive)?;
                            self.tell_of(device, &what);
                        }
                        let how = if info.phase == Phase::Archived { Tending::Reopen } else { Tending::Recover };
                        self.devices[device].tend(info, how)?
                    }
                    _ => {
                        self.tally.did("settled");
                        let at_once = self.dice.chance(500);
                        self.devices[device]
                            .settle(info, at_once)?
                            .unwrap_or_else(|| "has nothing to settle".to_owned())
                    }
                };
                self.tell_of(device, &what);
            }
        }
        Ok(())
    }

    /// What is not the same everywhere, or not done yet; none at rest.
    fn difference(&mut self) -> Result<Option<String>, String> {
        let mut hub = BTreeMap::new();
        for (id, row) in &self.house.look(&self.subjects)?.rows {
            if !row.forks.is_empty() {
                return Ok(Some(format!("the hub has {} forks of {id}", row.forks.len())));
            }
            hub.insert(*id, row.main.id);
        }
        let mut first: Option<Heads> = None;
        for device in &self.devices {
            let infos = device.infos()?;
            if let Some(info) = infos.iter().find(|info| info.conflicts > 0) {
                return Ok(Some(format!("{} has a conflict in {}", device.name, info.id)));
            }
            let heads: Heads = infos.iter().map(|info| (info.id, (info.revision, info.phase))).collect();
            let mains: BTreeMap<DraftId, RevisionId> =
                heads.iter().map(|(id, (revision, _))| (*id, *revision)).collect();
            if mains != hub {
                let other = mains.iter().find(|(id, revision)| hub.get(id) != Some(*revision)).map(|(id, _)| id);
                let other = other.or_else(|| hub.keys().find(|id| !mains.contains_key(id)));
                return Ok(Some(format!("{} and the hub differ in {other:?}: {:?}", device.name, device.owes()?)));
            }
            if let Some(what) = device.owes()? {
                return Ok(Some(format!("{}: {what}", device.name)));
            }
            if first.get_or_insert_with(|| heads.clone()) != &heads {
                return Ok(Some(format!("{} and {} differ", device.name, self.devices[0].name)));
            }
        }
        Ok(None)
    }

    /// What everybody has now has to be right.
    fn judge(&mut self) -> Result<(), String> {
        self.devices.iter().try_for_each(Device::verify)?;
        self.house.verify()?;
        self.look_for_canaries()?;
        let infos = self.devices[0].infos()?;
        let mut documents: BTreeMap<DraftId, Essay> = BTreeMap::new();
        for info in &infos {
            documents.insert(info.id, self.devices[0].load(info.id)?);
        }
        for device in &self.devices[1..] {
            for (id, document) in &documents {
                if device.load(*id)? != *document {
                    return Err(format!("{} has another document of {id} under the same name", device.name));
                }
            }
        }
        let mut held = super::oracle::Held::new();
        for info in &infos {
            let (subject, document) = (super::device::subject_of(info), &documents[&info.id]);
            held.entry(subject.clone()).or_default().extend(document.words());
            let is_counted = self.oracle.counts(&subject);
            self.tally.did(if is_counted { "counters checked" } else { "counters not checked" });
            if is_counted && document.count != document.honest_count() {
                return Err(format!("{subject} counts {} of {}", document.count, document.honest_count()));
            }
        }
        let missing = self.oracle.missing(&held);
        if !missing.is_empty() {
            let missing: String = missing.iter().map(|word| format!(" {word}")).collect();
            return Err(format!("not in any document at rest:{missing}"));
        }
        self.tally.did_times("words there at rest", self.oracle.len() as u64);
        self.tell("", &format!("rest: {}", infos.iter().map(|info| format!("{} ", info.revision)).collect::<String>()));
        Ok(())
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn sum_up(&mut self) {
        self.tell_the_story();
        for device in &self.devices {
            self.tally.travelled(&device.network.diary(), !self.house.takes_time);
            self.tally.befell_times("commit failed", device.strikes());
        }
        for (what, times) in self.house.faults() {
            self.tally.befell_times(what, times);
        }
        self.tally.did("simulations");
    }
}
