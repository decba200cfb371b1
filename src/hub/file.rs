//! A hub in a file, and its upkeep.

use super::handle::Hub;
#[cfg(feature = "redb")]
use super::options::HubOptions;
use crate::error::Result;
#[cfg(feature = "redb")]
use crate::records::backup::{self, Backup};
use crate::storage::{Footprint, Maintenance, StorageErrorKind};
#[cfg(feature = "redb")]
use crate::storage::{RedbStorage, Storage, StorageError, StoreFile, Witness};
#[cfg(feature = "redb")]
use std::{path::Path, sync::Arc};

#[cfg(feature = "redb")]
impl Hub {
    /// Opens the hub in a file that is there; never makes one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](crate::ErrorKind::Storage), with what the table of [`StoreFile`] says: `NotFound` where nothing is at the
    /// path; `Missing` where a hub was there and its file is gone; `InUse` where another process or handle has it open; `NotAStore`
    /// and `TooNew` where it is something else, a store of drafts among it, which is left as it is. Otherwise as [`open`](Self::open).
    pub fn open_file(path: impl AsRef<Path>, options: HubOptions) -> Result<Self> {
        Self::file(path.as_ref(), options, StoreFile::open)
    }

    /// Makes a hub in a file where nothing is; never overwrites. File and name are durable when it returns.
    ///
    /// # Errors
    ///
    /// `Exists` where something is at the path, `Missing` where a hub was there and only its marker is left, `NoFolder` where the
    /// folder is not there.
    pub fn create_file(path: impl AsRef<Path>, options: HubOptions) -> Result<Self> {
        Self::file(path.as_ref(), options, StoreFile::create)
    }

    /// Opens the hub in a file, or makes it where neither the file nor its marker is there.
    ///
    /// A file that is gone is [`Missing`](crate::storage::StorageErrorKind::Missing) and not begun anew: an empty hub has another id, and
    /// every device would stop and ask. Put it back from a [`backup`](Self::backup), and devices bring what came after.
    ///
    /// ```
    /// use draftkeep::hub::{Hub, HubOptions};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = tempfile::tempdir()?;
    /// let hub = Hub::open_or_create(folder.path().join("hub.redb"), HubOptions::new())?;
    /// hub.backup(folder.path().join("backup.redb"))?;
    /// let restored = Hub::open_file(folder.path().join("backup.redb"), HubOptions::new())?;
    /// assert_eq!(restored.id(), hub.id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open_file`](Self::open_file), but `NoFolder` instead of `NotFound`: folders are not made.
    pub fn open_or_create(path: impl AsRef<Path>, options: HubOptions) -> Result<Self> {
        Self::file(path.as_ref(), options, StoreFile::open_or_create)
    }

    fn file(
        path: &Path,
        options: HubOptions,
        open: impl FnOnce(&StoreFile) -> std::result::Result<(RedbStorage, Witness), StorageError>,
    ) -> Result<Self> {
        let storage = || {
            // A copy of a hub is that hub as it was, so nothing is claimed in the marker: devices notice by their positions.
            let (storage, _) = open(&StoreFile::at(path))?;
            Ok(Arc::new(storage) as Arc<dyn Storage>)
        };
        Self::start(options, storage, |failure| failure.at(path))
    }

    /// Copies everything that is committed into a new file, while pushes go on. The copy is whole and durable when this returns; until
    /// then nothing is at the path. It is the same hub as it was at one moment, with the same id, in whatever storage this one is.
    ///
    /// Costs reading and writing the whole hub, and keeps replaced pages of this one from being used again meanwhile. A file that is
    /// copied while a hub is open, by other means than this, may be torn.
    ///
    /// # Errors
    ///
    /// `Exists` where something is at the path, `Missing` where a marker is there without its file, `NoFolder` where the folder is not
    /// there, `Full` where the disk is; and `Corrupt` where a part of this hub cannot be read at all. Single records that are damaged
    /// are copied as they are, and counted.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<Backup> {
        self.inner().show(|view| backup::backup(view, path.as_ref()))
    }
}

impl Hub {
    /// How much room the hub takes. May read everything once.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn footprint(&self) -> Result<Footprint> {
        self.inner().traced(|| Ok(self.inner().storage.footprint()?))
    }

    /// Gives unused room back, as far as the storage can, and says how much it takes then. A hub has little to give: what it keeps of
    /// a draft is bounded by [`HubOptions::mains`](super::HubOptions::mains), and its audit and positions stay.
    ///
    /// It also overwrites what was deleted: of drafts that were erased before, no byte is left in the hub's file then. Not while something
    /// reads just then, as a backup: make both one after the other, and remove older backups, which have what was erased since.
    ///
    /// Writes everything once more, takes as much room again and keeps pushes waiting meanwhile.
    ///
    /// # Errors
    ///
    /// What the storage answers; nothing that was acknowledged is lost by it.
    pub fn compact(&self) -> Result<Footprint> {
        self.inner().traced(|| {
            let storage = &self.inner().storage;
            match storage.maintain(Maintenance::Scrub) {
                // Somebody reads, who may need what was deleted.
                Err(error) if *error.kind() == StorageErrorKind::InUse => drop(storage.maintain(Maintenance::Compact)?),
                scrubbed => drop(scrubbed?),
            }
            Ok(storage.footprint()?)
        })
    }
}
