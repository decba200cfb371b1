//! The keys of a sealed life: who has which, and who comes to know of a new one when.

use super::house::SPACE;
use super::world::World;
use crate::dice::Dice;
use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::seal::{Key, MemoryKeyRing};
use draftkeep::{KeyId, Options, Space, Store};
use std::sync::Arc;

/// Whether hubs are restored and replaced in lives in which devices lose keys, too.
const HUBS_CHANGE_WHERE_KEYS_ARE_LOST: bool = true;

/// All keys of a life.
pub(crate) struct Keys {
    all: MemoryKeyRing,
    seed: u64,
    made: u64,
}

/// What one device has of them.
pub(crate) struct Ring {
    pub(crate) keys: MemoryKeyRing,
    /// Those that it has.
    has: Vec<Key>,
    /// Keys that others may have, and this device not yet, in the order in which they were made.
    late: Vec<Key>,
    /// Keys that it had and will have again.
    lost: Vec<Key>,
}

impl Ring {
    /// The same for a copy of the device.
    pub(crate) fn copy(&self) -> Self {
        Self { keys: self.keys.copy(), has: self.has.clone(), late: self.late.clone(), lost: self.lost.clone() }
    }

    /// Takes up what it lacks; says whether there was something.
    fn catch_up(&mut self) -> bool {
        let is_late = !self.late.is_empty();
        for key in self.late.drain(..) {
            let _has_it_already = self.keys.add(None, key.clone());
            self.has.push(key);
        }
        is_late
    }

    /// Whether there is a key that it had and has no more.
    pub(crate) const fn lacks(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Loses a former key, or the newest one.
    fn lose(&mut self, dice: &mut Dice) -> Option<KeyId> {
        let at = if dice.chance(500) { self.has.len().checked_sub(1)? } else { dice.below(self.has.len()) };
        let key = (at < self.has.len()).then(|| self.has.remove(at))?;
        let id = key.id();
        self.lost.push(key);
        self.keys.remove(id).then_some(id)
    }

    /// Has again what it lost, as its current key or as a former one.
    fn find(&mut self, dice: &mut Dice) {
        for key in self.lost.drain(..) {
            let (again, ring) = (key.clone(), &self.keys);
            let _was_lost = if dice.chance(500) { ring.add(None, again) } else { ring.add_former(None, again) };
            self.has.push(key);
        }
    }
}

impl Keys {
    pub(crate) fn new(seed: u64) -> Self {
        let all = MemoryKeyRing::new(key(seed, 0), key(seed, 1));
        Self { all, seed, made: 2 }
    }

    /// What a device has that joins now.
    pub(crate) fn ring(&self) -> Ring {
        let has = (1..self.made).map(|number| key(self.seed, number)).collect();
        Ring { keys: self.all.copy(), has, late: Vec::new(), lost: Vec::new() }
    }

    /// A place with every key, for looking at what the hub has.
    pub(crate) fn reader(&self) -> Result<Space, String> {
        let (clock, tasks) = (Arc::new(ManualClock::new()), Arc::new(TaskQueue::new()));
        let options = Options::with_runtime(clock, tasks, Arc::new(SeededEntropy::new(self.seed)));
        let store = Store::in_memory(options.key_ring(self.all.clone()));
        store.and_then(|store| store.space(SPACE)).map_err(|error| format!("nobody reads the hub: {error}"))
    }

    fn make(&mut self) -> Key {
        let key = key(self.seed, self.made);
        self.made += 1;
        let _is_new = self.all.add(None, key.clone());
        key
    }
}

fn key(seed: u64, number: u64) -> Key {
    let bytes = [seed.to_le_bytes(), number.to_le_bytes()].concat();
    Key::from_bytes(blake3::derive_key("draftkeep simulator: keys", &bytes))
}

impl World {
    /// In a sealed life there is a new key, which some devices use at once and some have not heard of; or a device hears of what it lacks, or
    /// begins to use what it has.
    pub(super) fn change_keys(&mut self, device: usize) -> Result<(), String> {
        match self.dice.below(8) {
            0 | 1 => self.make_key()?,
            2 => self.catch_up(device),
            3 | 4 => self.lose_or_find_keys(device)?,
            _ => self.rotate(device)?,
        }
        Ok(())
    }

    fn make_key(&mut self) -> Result<(), String> {
        let Some(keys) = &mut self.keys else { return Ok(()) };
        let key = keys.make();
        self.tally.did("keys made");
        self.tell("", &format!("there is a new key, {:.8}", key.id().to_string()));
        for device in 0..self.devices.len() {
            self.devices[device].ring.iter_mut().for_each(|ring| ring.late.push(key.clone()));
            if self.dice.chance(500) {
                self.catch_up(device);
                if self.dice.chance(500) {
                    self.rotate(device)?;
                }
            }
        }
        Ok(())
    }

    fn catch_up(&mut self, device: usize) {
        if self.devices[device].ring.as_mut().is_some_and(Ring::catch_up) {
            self.tell_of(device, "has all keys");
        }
    }

    fn rotate(&mut self, device: usize) -> Result<(), String> {
        if self.devices[device].is_shut() {
            return Ok(());
        }
        let what = match self.devices[device].space()?.rotate_key() {
            Ok(Some(id)) => {
                self.tally.did("keys rotated");
                format!("uses key {:.8}", id.to_string())
            }
            Ok(None) => return Ok(()),
            Err(error) => format!("does not use another key: {error}"),
        };
        self.tell_of(device, &what);
        Ok(())
    }

    /// A device lacks a key for a while: one that it read with before, or the one that it writes with. What it has in memory it has until
    /// it starts again, and then it may not open at all.
    fn lose_or_find_keys(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.losing_keys {
            return Ok(());
        }
        if self.devices[device].ring.as_ref().is_some_and(Ring::lacks) {
            return self.find_keys(device);
        }
        let Some(lost) = self.devices[device].ring.as_mut().and_then(|ring| ring.lose(&mut self.dice)) else {
            return Ok(());
        };
        self.tally.did("keys lost");
        self.tell_of(device, &format!("has no key {:.8} any more", lost.to_string()));
        if self.dice.chance(700) { self.crash(device, None) } else { Ok(()) }
    }

    /// What a device lacked is there again.
    pub(super) fn find_keys(&mut self, device: usize) -> Result<(), String> {
        let Some(ring) = self.devices[device].ring.as_mut().filter(|ring| ring.lacks()) else { return Ok(()) };
        ring.find(&mut self.dice);
        self.tell_of(device, "has the keys again that it had");
        if self.devices[device].is_shut() { self.devices[device].open() } else { Ok(()) }
    }

    /// Whether the hub has to stay the one that it is.
    pub(super) fn keeps_hub(&self) -> bool {
        self.keys.is_some() && self.weather.losing_keys && !HUBS_CHANGE_WHERE_KEYS_ARE_LOST
    }

    /// Counts the texts that a device cannot read without a key that it lacks.
    pub(super) fn count_waiting(&mut self, device: usize) -> Result<(), String> {
        let waiting = self.devices[device].waits_for_keys()?;
        self.tally.did_times("texts that waited for a key", waiting);
        Ok(())
    }

    /// Everybody has all keys from now on; some go on with an earlier one.
    pub(super) fn end_of_secrets(&mut self) -> Result<(), String> {
        if self.keys.is_none() {
            return Ok(());
        }
        for device in 0..self.devices.len() {
            self.find_keys(device)?;
            self.catch_up(device);
            if self.dice.chance(500) {
                self.rotate(device)?;
            }
        }
        Ok(())
    }
}
