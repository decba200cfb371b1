//! What goes wrong: carelessness, storms, and time that goes back.

use super::essay::Stroke;
use super::keys::Ring;
use super::person::Afterwards;
use super::venue::Mishap;
use super::words::Word;
use super::world::World;
use crate::network::Faults;
use draftkeep::clock::Timestamp;
use std::time::Duration;

/// The most devices, clones included.
const DEVICES_MAX: usize = 5;

/// The shortest limit that a hub has for a while, and how much longer others are: some documents fit, and some do not.
const LONGEST: (usize, usize) = (300, 600);

impl World {
    pub(super) fn be_careless(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.carelessness {
            return Ok(());
        }
        match self.dice.below(8) {
            0..4 => {
                if self.underway.is_empty() {
                    self.begin_sync(device)?;
                }
                let at = self.dice.below(self.underway.len());
                let (count, polls) = (self.underway.len(), 1 + self.dice.below(6));
                for _ in 0..polls {
                    self.poll(at)?;
                    if self.underway.len() < count {
                        return Ok(());
                    }
                }
                let cycle = self.underway.remove(at);
                self.tally.befell("future dropped");
                self.tell_of(cycle.device, &format!("drops a sync after {} polls", cycle.polls));
            }
            4 => {
                let years = self.dice.below(60);
                let now = Timestamp::from_millis(u64::try_from(years).unwrap_or_default() * 31_557_600_000);
                self.devices[device].clock.set_now(now);
                self.tally.befell("clock jumped");
                self.tell_of(device, &format!("has a clock that says {now}"));
            }
            5 => {
                self.devices[device].network.set_online(false);
                self.tell_of(device, "goes offline");
            }
            6 => {
                self.devices[device].network.set_online(true);
                self.tell_of(device, "goes online");
            }
            _ => {
                self.devices[device].clock.advance(Duration::from_secs(3_600));
                self.devices[device].tasks.run_until_stalled();
                self.tell_of(device, "lets an hour pass");
            }
        }
        Ok(())
    }

    pub(super) fn storm(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.storms {
            return Ok(());
        }
        match self.dice.below(7) {
            0 | 1 => {
                self.devices[device].fail_a_commit(&mut self.dice);
                self.tell_of(device, "has a disk that is about to fail");
            }
            2 => self.crash(device, None)?,
            3 => {
                let longest = Some(LONGEST.0 + self.dice.below(LONGEST.1)).filter(|_| self.dice.chance(700));
                if self.house.take_at_most(longest)? {
                    self.tally.befell("hub reopened");
                }
                self.tally.befell("hub with another limit");
                self.tell("hub", &format!("takes revisions up to {longest:?} bytes"));
            }
            _ => {
                if self.dice.chance(700) {
                    let is_done = self.dice.chance(500);
                    if self.house.befall(Mishap::FailCommit { is_done })? {
                        self.tell("hub", "has a disk that is about to fail");
                    }
                } else if self.house.befall(Mishap::Restart)? {
                    self.tally.befell("hub reopened");
                    self.tell("hub", "ends and begins again");
                }
            }
        }
        Ok(())
    }

    pub(super) fn crash(&mut self, device: usize, since: Option<usize>) -> Result<(), String> {
        self.give_up_cycles_of(device);
        self.remember(device)?;
        self.tally.befell("device crashed");
        self.tell_of(device, "crashes and starts again");
        self.devices[device].crash(since, &mut self.dice)?;
        if self.devices[device].is_shut() {
            self.tally.did("shut without a key");
            self.tell_of(device, "does not open without the key that it lacks");
        }
        Ok(())
    }

    /// A save under way when the power goes: it may be there or not, and nobody was told that it is.
    pub(super) fn crash_while_writing(&mut self, device: usize, strokes: &[(Stroke, Word)]) -> Result<(), String> {
        let since = self.devices[device].moment();
        if self.dice.chance(500) {
            self.devices[device].fail_a_commit(&mut self.dice);
        }
        if let Some(mut written) = self.devices[device].type_and_save(strokes, Afterwards::Close, &mut self.dice) {
            written.is_acknowledged = false;
            self.take_in(device, written);
        }
        self.crash(device, Some(since))
    }

    pub(super) fn travel_in_time(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.time_travel {
            return Ok(());
        }
        match self.dice.below(12) {
            0..6 if self.keeps_hub() => return Ok(()),
            0..4 => {
                // Sometimes nobody made a copy in time.
                if self.dice.chance(250) || !self.house.befall(Mishap::Restore)? {
                    if self.house.befall(Mishap::BackUp)? {
                        self.tell("hub", "is copied");
                    }
                    return Ok(());
                }
                self.tally.befell("hub restored");
                self.tell("hub", "is restored from its copy");
            }
            4 | 5 => {
                if !self.house.befall(Mishap::Empty)? {
                    return Ok(());
                }
                self.tally.befell("hub emptied");
                self.tell("hub", "is another one, and empty");
            }
            6 | 7 if self.devices.len() < DEVICES_MAX && !self.devices[device].is_shut() => {
                let copy = self.devices[device].copy()?;
                let name = format!("{}'", self.devices[device].name);
                self.add_device(&name, Some((device, &copy)))?;
                let clone = self.devices.len() - 1;
                let is_noticed = self.dice.chance(500) && self.devices[clone].take_new_replica();
                self.tally.befell("device cloned");
                self.tell_of(clone, &format!("is a copy of another device, noticed: {is_noticed}"));
            }
            6..10 => {
                let Some((device, copy)) = self.device_backup.clone().filter(|_| self.dice.chance(750)) else {
                    self.device_backup = Some((device, self.devices[device].copy()?));
                    self.tell_of(device, "is copied");
                    return Ok(());
                };
                // Where it does not open nobody knows what the copy has.
                if self.devices[device].ring.as_ref().is_some_and(Ring::lacks) {
                    return Ok(());
                }
                self.give_up_cycles_of(device);
                self.devices[device].restore(&copy)?;
                self.departures.went_back(device);
                let is_noticed = self.dice.chance(500) && self.devices[device].take_new_replica();
                self.tally.befell("device restored");
                self.tell_of(device, &format!("is restored from its copy, noticed: {is_noticed}"));
            }
            _ => return self.accept_hub(device),
        }
        self.oracle.count_no_more();
        let held = self.look()?;
        let gone = self.oracle.forgive(&held);
        if !gone.is_empty() {
            self.tally.did_times("words gone with a machine", gone.len() as u64);
            let gone: String = gone.iter().map(|word| format!(" {word}")).collect();
            self.tell("", &format!("gone with it, as nobody else had them:{gone}"));
        }
        Ok(())
    }

    pub(super) fn accept_hub(&mut self, device: usize) -> Result<(), String> {
        self.finish(device)?;
        let accepted = self.devices[device].syncer()?.accept_hub();
        let what =
            accepted.map_or_else(|error| format!("cannot accept the hub: {error}"), |()| "accepts the hub".to_owned());
        self.tell_of(device, &what);
        Ok(())
    }

    /// Nothing goes wrong from now on, and everybody is there.
    pub(super) fn end_of_faults(&mut self) -> Result<(), String> {
        self.step += 1;
        self.house.end_of_faults()?;
        self.house.take_at_most(None)?;
        for device in 0..self.devices.len() {
            self.devices[device].network.set_online(true);
            self.devices[device].network.set_faults(Faults::none());
            self.devices[device].heal();
            self.finish(device)?;
        }
        self.end_of_secrets()?;
        for device in &self.devices {
            futures_util::FutureExt::now_or_never(device.network.deliver());
        }
        self.check()
    }
}
