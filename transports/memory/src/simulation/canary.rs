//! Looking for what was typed where it must not be found.

use super::people::SLOTS;
use super::words::{Word, words_in};
use super::world::World;
use draftkeep::storage::{Order, Scan, Storage, Table};

/// Whose storage it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Hubs,
    /// The keys of slots are keys of its records.
    Devices,
}

impl World {
    /// In a sealed life no word that anybody typed stands in what the hub and the devices store. In others many do, which shows that
    /// looking for them finds them.
    pub(super) fn look_for_canaries(&mut self) -> Result<(), String> {
        let hub = self.house.storage().map(|storage| self.found_in(&*storage, Whose::Hubs)).transpose()?;
        let mut all = vec![("the hub".to_owned(), hub.unwrap_or_default())];
        for device in &self.devices {
            all.push((device.name.clone(), self.found_in(&device.copy()?, Whose::Devices)?));
        }
        if self.keys.is_none() {
            let count = |found: &[String]| found.len() as u64;
            self.tally.did_times("in the open on the hub", count(&all[0].1));
            self.tally.did_times("in the open on devices", all[1..].iter().map(|(_, found)| count(found)).sum());
            return Ok(());
        }
        self.tally.did("sealed lives");
        match all.iter().find(|(_, found)| !found.is_empty()) {
            None => Ok(()),
            Some((who, found)) => Err(format!("in the open in what {who} stores: {}", found.join(" "))),
        }
    }

    fn found_in(&self, storage: &dyn Storage, whose: Whose) -> Result<Vec<String>, String> {
        let failed = |error: draftkeep::storage::StorageError| error.to_string();
        let (snapshot, mut found) = (storage.snapshot().map_err(failed)?, Vec::new());
        for table in (0..=u8::MAX).map(Table::new) {
            let scan = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
            for (key, value) in snapshot.scan(table, scan).map_err(failed)? {
                for bytes in [&key, &value] {
                    let is_typed = |word: &Word| word.0 >= 1 && word.0 <= self.words;
                    found.extend(words_in(bytes).iter().filter(|word| is_typed(word)).map(Word::to_string));
                    let slots = SLOTS.iter().filter(|_| whose == Whose::Hubs);
                    let slots = slots.filter(|slot| bytes.windows(slot.len()).any(|window| window == slot.as_bytes()));
                    found.extend(slots.map(|slot| (*slot).to_owned()));
                }
            }
        }
        Ok(found)
    }
}
