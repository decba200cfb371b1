//! Everybody at work: devices, a hub, and what befalls them, step by step.

use super::alarm::Alarm;
use super::departures::{Departures, Standing};
use super::device::{Device, subject_of};
use super::house::House;
use super::keys::{Keys, Ring};
use super::oracle::{Held, Oracle, Subject};
use super::setting::{Setting, Weather};
use super::shelf::Medium;
use super::syncing::Cycle;
use super::tally::Tally;
use super::trace::Trace;
use super::words::Word;
use crate::dice::Dice;
use crate::network::Network;
use draftkeep::DraftId;
use draftkeep::clock::{ManualClock, Timestamp};
use draftkeep::storage::MemoryStorage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everybody, and what is known of them.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) house: House,
    /// Where every store is sealed.
    pub(super) keys: Option<Keys>,
    pub(crate) devices: Vec<Device>,
    pub(crate) oracle: Oracle,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    /// Every draft that any device has had, and what it is about.
    pub(crate) subjects: BTreeMap<DraftId, Subject>,
    /// What stands on each device, as of its last look; none where something happened there since.
    pub(super) on_devices: Vec<Option<Arc<Standing>>>,
    /// Cycles that began and did not end.
    pub(super) underway: Vec<Cycle>,
    /// Drafts whose texts were given up: one that no hub had is only in the trash of a device.
    pub(super) given_up: BTreeSet<DraftId>,
    /// What somebody erased, and from where it may be gone.
    pub(super) departures: Departures,
    /// A copy of the store of the device with this number.
    pub(super) device_backup: Option<(usize, MemoryStorage)>,
    /// Rings when something went on in real time.
    pub(super) alarm: Arc<Alarm>,
    medium: Medium,
    pub(super) words: u32,
    pub(super) step: usize,
    seed: u64,
    born: u64,
}

impl World {
    pub(super) fn new(seed: u64, setting: &Setting) -> Result<Self, String> {
        let mut dice = Dice::new(seed);
        let weather = Weather::draw(&mut dice);
        let keys = setting.sealing.of(seed).then(|| Keys::new(seed));
        let house = House::new(seed, setting, keys.as_ref().map(Keys::reader).transpose()?)?;
        let mut world = Self {
            dice,
            weather,
            house,
            keys,
            devices: Vec::new(),
            oracle: Oracle::default(),
            tally: Tally::default(),
            trace: Trace::default(),
            subjects: BTreeMap::new(),
            on_devices: Vec::new(),
            underway: Vec::new(),
            given_up: BTreeSet::new(),
            departures: Departures::default(),
            device_backup: None,
            alarm: Arc::default(),
            medium: setting.medium,
            words: 0,
            step: 0,
            seed,
            born: 0,
        };
        for name in ["Ada", "Ben", "Cem", "Dot"].iter().take(3 + world.dice.below(2)) {
            world.add_device(name, None)?;
        }
        Ok(world)
    }

    /// A new device, or a copy of the one with this number.
    pub(super) fn add_device(&mut self, name: &str, copy: Option<(usize, &MemoryStorage)>) -> Result<(), String> {
        self.born += 1;
        let seed = self.seed.wrapping_mul(100).wrapping_add(self.born);
        let clock = ManualClock::at(Timestamp::from_millis(1_767_225_600_000 + self.born * 977));
        let network = Network::new(self.house.way(name, seed)?, Arc::new(clock.clone()), seed);
        // What goes wrong on a way that is not the simulator's own, goes wrong there.
        if !self.house.takes_time {
            network.set_faults(self.weather.network.clone());
        }
        let device = match copy {
            Some((of, held)) => {
                self.departures.is_copy(self.devices.len(), of);
                let ring = self.devices[of].ring.as_ref().map(Ring::copy);
                Device::from_copy(name, self.medium, held, ring, network, clock, seed)?
            }
            None => Device::new(name, self.medium, self.keys.as_ref().map(Keys::ring), network, clock, seed)?,
        };
        self.devices.push(device);
        self.on_devices.push(None);
        Ok(())
    }

    pub(super) fn tell(&mut self, who: &str, what: &str) {
        self.trace.tell(format!("{:>4} {who:<5} {what}", self.step));
    }

    /// Tells what happened on a device, which has to be looked at again.
    pub(super) fn tell_of(&mut self, device: usize, what: &str) {
        self.on_devices[device] = None;
        let name = self.devices[device].name.clone();
        self.tell(&name, what);
    }

    pub(super) fn word(&mut self) -> Word {
        self.words += 1;
        Word(self.words)
    }

    /// Everybody does something, one after the other, as chance has it.
    pub(super) fn live(&mut self, steps_max: usize) -> Result<(), String> {
        let steps = 10 + self.dice.below(steps_max.saturating_sub(9));
        for step in 1..=steps {
            self.step = step;
            let device = self.dice.below(self.devices.len());
            if self.keys.is_some() && self.dice.chance(60) {
                self.change_keys(device)?;
            }
            // Of a device that is shut nobody has anything but the keys.
            if self.devices[device].is_shut() {
                if self.dice.chance(300) {
                    self.find_keys(device)?;
                }
                self.check()?;
                continue;
            }
            match self.dice.below(100) {
                0..27 => self.write(device)?,
                27..30 => self.begin(device)?,
                30 => self.erase(device)?,
                31 | 32 => self.give_up(device)?,
                33..35 => self.settle(device)?,
                35 => self.restore_version(device)?,
                36 => self.mark_or_return(device)?,
                37..50 => self.begin_sync(device)?,
                50..52 => self.begin_to_run(device)?,
                52..60 => self.begin_sync(device).and_then(|()| self.finish(device))?,
                60..74 => self.go_on()?,
                74..79 => self.finish_one()?,
                79..85 => self.be_careless(device)?,
                85..90 => self.storm(device)?,
                _ => self.travel_in_time(device)?,
            }
            self.check()?;
        }
        Ok(())
    }

    /// The words that stand anywhere now.
    pub(super) fn look(&mut self) -> Result<Held, String> {
        let on_hub = self.see()?;
        let mut all = Held::new();
        for (draft, stood) in self.on_devices.iter().flatten().chain([&on_hub]).flat_map(|standing| &**standing) {
            let subject = self.subjects.get(draft).ok_or("somebody has a draft that nobody began")?;
            all.entry(subject.clone()).or_default().extend(&stood.words);
        }
        Ok(all)
    }

    /// Sees what stands on every device, and on the hub.
    pub(super) fn see(&mut self) -> Result<Arc<Standing>, String> {
        for (at, device) in self.devices.iter_mut().enumerate() {
            let place = &mut self.on_devices[at];
            if place.is_none() && device.is_shut() {
                *place = Some(device.asleep());
            } else if place.is_none() {
                for info in device.infos()? {
                    self.subjects.entry(info.id).or_insert_with(|| subject_of(&info));
                }
                let (standing, changed) = device.look()?;
                self.departures.see_device(at, &standing);
                *place = Some(Arc::new(standing));
                for what in changed {
                    self.trace.tell(format!("{:>4} {:<5} {what}", self.step, device.name));
                }
            }
        }
        let seen = self.house.look(&self.subjects)?;
        self.departures.see_hub(&seen.standing, &seen.erased)?;
        Ok(Arc::clone(&seen.standing))
    }

    /// Remembers what stands on a device that may not open again.
    pub(super) fn remember(&mut self, device: usize) -> Result<(), String> {
        if self.devices[device].ring.as_ref().is_some_and(Ring::lacks) {
            self.see()?;
            let standing = self.on_devices[device].clone().unwrap_or_default();
            self.devices[device].remember(standing);
        }
        Ok(())
    }

    /// Every word that was acknowledged is somewhere, no draft left a device where nobody wanted that, and no device that knows of an
    /// erasure has the draft.
    pub(super) fn check(&mut self) -> Result<(), String> {
        for device in self.devices.iter().filter(|device| !device.is_shut()) {
            if let Some(id) = device.came_back(self.departures.erased())? {
                return Err(format!("{id} came back to {}, which knows that it is erased", device.name));
            }
        }
        let (held, is_sealed) = (self.look()?, self.keys.is_some());
        let now: Vec<Arc<Standing>> = self.on_devices.iter().flatten().cloned().collect();
        if let Some((device, draft)) = self.departures.gone_unasked(&now, is_sealed) {
            return Err(format!(
                "lost: {draft} is gone from {}, and nobody there wanted that",
                self.devices[device].name
            ));
        }
        let missing = self.oracle.missing(&held);
        let (erased, lost): (Vec<Word>, Vec<Word>) =
            missing.into_iter().partition(|word| self.departures.explain(*word, is_sealed));
        if !lost.is_empty() {
            let lost: String = lost.iter().map(|word| format!(" {word}")).collect();
            return Err(format!("lost:{lost}"));
        }
        self.tally.did_times("words gone with an erasure", erased.len() as u64);
        self.oracle.release(erased);
        let on_hub = Arc::clone(&self.house.look(&self.subjects)?.standing);
        self.departures.look_back_at(now, on_hub);
        Ok(())
    }
}
