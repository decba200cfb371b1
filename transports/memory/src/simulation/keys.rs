//! The keys of a sealed life: who has which, and who comes to know of a new one when.

use super::house::SPACE;
use super::world::World;
use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::seal::{Key, MemoryKeyRing};
use draftkeep::{Options, Space, Store};
use std::sync::Arc;

/// All keys of a life.
pub(crate) struct Keys {
    all: MemoryKeyRing,
    seed: u64,
    made: u64,
}

/// What one device has of them.
pub(crate) struct Ring {
    pub(crate) keys: MemoryKeyRing,
    /// Keys that others may have, and this device not yet, in the order in which they were made.
    late: Vec<Key>,
}

impl Ring {
    /// The same for a copy of the device.
    pub(crate) fn copy(&self) -> Self {
        Self { keys: self.keys.copy(), late: self.late.clone() }
    }

    /// Takes up what it lacks; says whether there was something.
    fn catch_up(&mut self) -> bool {
        let is_late = !self.late.is_empty();
        for key in self.late.drain(..) {
            let _has_it_already = self.keys.add(None, key);
        }
        is_late
    }
}

impl Keys {
    pub(crate) fn new(seed: u64) -> Self {
        let all = MemoryKeyRing::new(key(seed, 0), key(seed, 1));
        Self { all, seed, made: 2 }
    }

    /// What a device has that joins now.
    pub(crate) fn ring(&self) -> Ring {
        Ring { keys: self.all.copy(), late: Vec::new() }
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
        match self.dice.below(6) {
            0 | 1 => self.make_key()?,
            2 => self.catch_up(device),
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
            self.catch_up(device);
            if self.dice.chance(500) {
                self.rotate(device)?;
            }
        }
        Ok(())
    }
}
