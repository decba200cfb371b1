//! Where a device keeps its store: in memory, or on redb on a disk that a power cut strikes.

use super::home::{copy, pour};
use crate::dice::Dice;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{MemoryStorage, Storage, StorageErrorKind};
#[cfg(feature = "redb")]
use draftkeep::storage::{RedbStorage, faults::PowerCutDisk};
use std::sync::Arc;

/// What the devices of a simulation keep their stores in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Medium {
    /// Memory: fast. A crash loses nothing that was committed.
    #[default]
    Memory,
    /// redb, on a disk that loses what was not synced when the device crashes.
    #[cfg(feature = "redb")]
    Redb,
}

/// One device's storage.
#[derive(Debug)]
pub(crate) struct Shelf {
    below: Below,
    faulty: FaultyStorage,
    /// What struck storages that are not there any more.
    strikes_before: u64,
}

#[derive(Debug)]
enum Below {
    Memory(MemoryStorage),
    #[cfg(feature = "redb")]
    Redb(PowerCutDisk, Arc<RedbStorage>),
}

impl Below {
    #[cfg_attr(not(feature = "redb"), expect(clippy::unnecessary_wraps, reason = "redb may fail"))]
    fn new(medium: Medium) -> Result<Self, String> {
        match medium {
            Medium::Memory => Ok(Self::Memory(MemoryStorage::new())),
            #[cfg(feature = "redb")]
            Medium::Redb => {
                let disk = PowerCutDisk::new(Vec::new());
                let storage = RedbStorage::create(Arc::new(disk.clone())).map_err(|error| error.to_string())?;
                Ok(Self::Redb(disk, Arc::new(storage)))
            }
        }
    }

    fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Memory(storage) => Arc::new(storage.clone()),
            #[cfg(feature = "redb")]
            Self::Redb(_, storage) => Arc::clone(storage) as Arc<dyn Storage>,
        }
    }
}

impl Shelf {
    pub(crate) fn new(medium: Medium) -> Result<Self, String> {
        let below = Below::new(medium)?;
        let faulty = FaultyStorage::new(below.storage());
        Ok(Self { below, faulty, strikes_before: 0 })
    }

    /// The same shelf with everything that a copy holds in place of what it holds.
    pub(crate) fn restored(&self, medium: Medium, held: &MemoryStorage) -> Result<Self, String> {
        Ok(Self { strikes_before: self.strikes(), ..Self::from_copy(medium, held)? })
    }

    /// One with everything that a copy holds.
    pub(crate) fn from_copy(medium: Medium, held: &MemoryStorage) -> Result<Self, String> {
        let below = Below::new(medium)?;
        pour(held, &*below.storage()).map_err(|error| error.to_string())?;
        let faulty = FaultyStorage::new(below.storage());
        Ok(Self { below, faulty, strikes_before: 0 })
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.faulty.clone())
    }

    pub(crate) fn copy(&self) -> Result<MemoryStorage, String> {
        copy(&*self.below.storage()).map_err(|error| error.to_string())
    }

    /// A moment that a power cut may go back to, as long as nobody was told anything since.
    pub(crate) fn moment(&self) -> usize {
        match &self.below {
            Below::Memory(_) => 0,
            #[cfg(feature = "redb")]
            Below::Redb(disk, _) => disk.operations(),
        }
    }

    /// The device loses its power, at this moment or at one since. Whoever had the storage open has let go of it.
    #[cfg_attr(not(feature = "redb"), expect(clippy::unnecessary_wraps, reason = "redb may fail"))]
    pub(crate) fn crash(&mut self, since: usize, dice: &mut Dice) -> Result<(), String> {
        self.strikes_before += self.faulty.strikes();
        match &mut self.below {
            Below::Memory(_) => {
                let _no_disk_no_subset = (since, dice.roll());
            }
            #[cfg(feature = "redb")]
            Below::Redb(disk, storage) => {
                let at = since + dice.below(disk.operations() - since + 1);
                *disk = PowerCutDisk::new(disk.cut(at, dice.roll()));
                // The one before goes with what it still holds in memory; its disk is not this one any more.
                *storage = Arc::new(RedbStorage::open(Arc::new(disk.clone())).map_err(|error| error.to_string())?);
            }
        }
        self.faulty = FaultyStorage::new(self.below.storage());
        Ok(())
    }

    /// Lets one of the next commits fail, before or after it was done.
    pub(crate) fn fail_a_commit(&self, dice: &mut Dice) {
        let kind = if dice.chance(300) { StorageErrorKind::Full } else { StorageErrorKind::Io };
        let effect = if dice.chance(500) { StorageEffect::FailsAfterwards(kind) } else { StorageEffect::Fails(kind) };
        let after = u64::try_from(dice.below(3)).unwrap_or_default();
        self.faulty.arm(StorageFault { call: Some(StorageCall::Commit), after, lasting: Lasting::Once, effect });
    }

    pub(crate) fn heal(&self) {
        self.faulty.heal();
    }

    /// How many calls failed.
    pub(crate) fn strikes(&self) -> u64 {
        self.strikes_before + self.faulty.strikes()
    }
}
