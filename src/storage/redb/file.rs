//! A store in a file: telling it from other files, and making a new one safely.

use super::file_disk::{FileDisk, refuse_what_is_no_file};
use super::folder::{beside, is_taken, rename_into_gap, sync_folder_of};
use super::front;
use super::{RedbStorage, Tuning, Witness};
use crate::fault;
use crate::storage::{
    Batch, Disk, Maintenance, Order, Origin, Scan, Snapshot, Storage, StorageError, StorageErrorKind, Table,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Entries that are copied in one commit: few enough for memory, enough that waiting for the disk does not matter.
const COPIED_AT_ONCE: usize = 512;

/// A store's file, to be opened or made.
///
/// Beside the file `<name>` lies its marker, `<name>.marker`, which tells that a store has been here: where the file is
/// gone and the marker is not, the user's drafts are missing, and beginning afresh in silence would hide it. Remove both
/// to really begin afresh; move and copy both together. While a store is made, `<name>.creating` is there too.
///
/// | found at the path | `open` | `create` | `open_or_create` |
/// |---|---|---|---|
/// | a store | opens it | `Exists` | opens it |
/// | nothing | `NotFound` | makes it | makes it |
/// | nothing, and its folder is not there either | `NotFound` | `NoFolder` | `NoFolder` |
/// | nothing, but the marker | `Missing` | `Missing` | `Missing` |
/// | an empty file, other data, a folder, a pipe, a link to nothing | `NotAStore` | `Exists` | `NotAStore` |
/// | a store that someone has open | `InUse` | `Exists` | `InUse` |
/// | a store of a newer release | `TooNew` | `Exists` | `TooNew` |
/// | a damaged or truncated store | `Corrupt` | `Exists` | `Corrupt` |
///
/// Whatever was found and not opened is left exactly as it was.
///
/// ```
/// use draftkeep::storage::{Storage, StoreFile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let (storage, _witness) = StoreFile::at(folder.path().join("drafts.redb")).open_or_create()?;
/// assert!(storage.footprint()?.total > 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct StoreFile {
    path: PathBuf,
    tuning: Tuning,
}

impl StoreFile {
    /// Names the file. Nothing is touched yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), tuning: Tuning::new() }
    }

    /// Sets what may be tuned.
    #[must_use]
    pub fn tuned(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
    }

    /// Opens a store that is there; never makes one.
    ///
    /// # Errors
    ///
    /// See the table above; otherwise as [`RedbStorage::open`]. Each names the path.
    pub fn open(&self) -> Result<(RedbStorage, Witness), StorageError> {
        self.open_here().map_err(|error| error.at(&self.path))
    }

    fn open_here(&self) -> Result<(RedbStorage, Witness), StorageError> {
        if !is_taken(&self.path)? {
            let was_here = is_taken(&Witness::marker_of(&self.path))? && !fault::on("marker-ignored");
            return Err(if was_here { StorageErrorKind::Missing } else { StorageErrorKind::NotFound }.into());
        }
        let disk = Arc::new(FileDisk::open(&self.path)?);
        let storage = RedbStorage::open_file(disk.clone(), self.tuning)?;
        let witness = Witness::beside(&disk)?;
        // Missing after a crash between the two steps of creation, or where only the file was copied. On a full disk the
        // drafts can be read without it.
        if let Err(error) = witness.ensure() {
            tracing::warn!(%error, "the marker beside a store is missing and cannot be written");
        }
        Ok((storage, witness))
    }

    /// Makes a store where nothing is; never overwrites. The file, its name and its marker are durable when this returns.
    ///
    /// A crash in the middle leaves nothing, leaves `<name>.creating`, which the next attempt takes over, or leaves a
    /// whole store, which [`open`](Self::open) completes.
    ///
    /// # Errors
    ///
    /// See the table above. [`InUse`](StorageErrorKind::InUse): someone else is making it right now.
    /// [`NotAStore`](StorageErrorKind::NotAStore): something that is not ours lies at `<name>.creating`.
    pub fn create(&self) -> Result<(RedbStorage, Witness), StorageError> {
        self.create_here().map_err(|error| error.at(&self.path))
    }

    fn create_here(&self) -> Result<(RedbStorage, Witness), StorageError> {
        if is_taken(&self.path)? {
            return Err(StorageErrorKind::Exists.into());
        }
        if is_taken(&Witness::marker_of(&self.path))? && !fault::on("marker-ignored") {
            return Err(StorageErrorKind::Missing.into());
        }
        let draft = beside(&self.path, ".creating");
        let mut disk = take_over(&draft)?;
        // What is whole already holds nothing, but that is no reason to throw a store away.
        if front::recognise(&disk).is_err() {
            disk = self.begin(disk)?;
        }
        rename_into_gap(&draft, &self.path)?;
        let disk = Arc::new(disk.moved_to(&self.path)?);
        // The name before the marker: a marker without its file would tell of drafts that never were.
        sync_folder_of(&self.path)?;
        let storage = RedbStorage::open_file(disk.clone(), self.tuning)?;
        let witness = Witness::beside(&disk)?;
        witness.ensure()?;
        Ok((storage, witness))
    }

    /// Makes a store where nothing is that holds what a snapshot shows; never overwrites. It is made as
    /// `<name>.copying`, and gets its name once it is whole and durable. It has no marker, as no copy has.
    ///
    /// Calls `visit` with every entry, table by table, in the order of keys.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), what the snapshot answers, and what the disk does: nothing is left of the copy then.
    /// A crash may leave `<name>.copying`, which the next attempt takes over. What the snapshot answers names no path.
    pub fn create_copy(
        &self,
        snapshot: &dyn Snapshot,
        mut visit: impl FnMut(Table, &[u8], &[u8]),
    ) -> Result<(), StorageError> {
        let at_path = |error: StorageError| error.at(&self.path);
        let (draft, disk, storage) = self.begin_copy().map_err(at_path)?;
        let mut tables = (0..=u8::MAX).map(Table::new);
        let copied = tables.try_for_each(|table| {
            copy_table(snapshot, table, &mut visit, |batch| storage.commit(batch).map_err(at_path))
        });
        let ended = match copied {
            Ok(()) => self.end_copy(&draft, &disk, storage).map_err(at_path),
            Err(error) => {
                drop(storage);
                Err(error)
            }
        };
        if ended.is_err() {
            // The room that it takes may be what is missing. Where removing it fails the next attempt takes it over.
            let _unless_it_has_its_name_already = std::fs::remove_file(&draft);
        }
        ended
    }

    fn begin_copy(&self) -> Result<(PathBuf, Arc<FileDisk>, RedbStorage), StorageError> {
        if is_taken(&self.path)? {
            return Err(StorageErrorKind::Exists.into());
        }
        if is_taken(&Witness::marker_of(&self.path))? {
            return Err(StorageErrorKind::Missing.into());
        }
        let draft = beside(&self.path, ".copying");
        let disk = Arc::new(take_over(&draft)?);
        disk.set_len(0).map_err(super::convert::from_io)?;
        let storage = RedbStorage::create_with(disk.clone(), self.tuning)?;
        Ok((draft, disk, storage))
    }

    fn end_copy(&self, draft: &Path, disk: &FileDisk, storage: RedbStorage) -> Result<(), StorageError> {
        // Opening it repairs nothing, and what it rests on is no checksum.
        storage.maintain(Maintenance::Settle)?;
        drop(storage);
        disk.sync().map_err(super::convert::from_io)?;
        rename_into_gap(draft, &self.path)?;
        sync_folder_of(&self.path)
    }

    /// Makes a store on what an interrupted attempt left, and gives the disk back.
    fn begin(&self, disk: FileDisk) -> Result<FileDisk, StorageError> {
        let disk = Arc::new(disk);
        disk.set_len(0).map_err(super::convert::from_io)?;
        drop(RedbStorage::create_with(disk.clone(), self.tuning)?);
        Arc::into_inner(disk).ok_or_else(|| StorageErrorKind::Io.into())
    }

    /// Opens the store, or makes it where neither it nor its marker is there.
    ///
    /// # Errors
    ///
    /// See the table above.
    pub fn open_or_create(&self) -> Result<(RedbStorage, Witness), StorageError> {
        match self.open() {
            Err(error) if *error.kind() == StorageErrorKind::NotFound => match self.create() {
                // Someone else was faster.
                Err(error) if *error.kind() == StorageErrorKind::Exists => self.open(),
                result => result,
            },
            result => result,
        }
    }
}

/// Copies a table by parts that fit into memory.
fn copy_table(
    from: &dyn Snapshot,
    table: Table,
    visit: &mut impl FnMut(Table, &[u8], &[u8]),
    commit: impl Fn(&Batch) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let mut next = Vec::new();
    loop {
        let part = from.scan(table, Scan { from: &next, to: None, order: Order::Ascending, limit: COPIED_AT_ONCE })?;
        let Some((last, _)) = part.last() else { return Ok(()) };
        next.clone_from(last);
        next.push(0);
        let mut batch = Batch::new(Origin::Local);
        for (key, value) in part {
            visit(table, &key, &value);
            batch.put(table, key, value);
        }
        commit(&batch)?;
    }
}

/// Takes the name under which a store is made, and what an interrupted attempt left there.
fn take_over(draft: &Path) -> Result<FileDisk, StorageError> {
    let disk = if is_taken(draft)? {
        refuse_what_is_no_file(draft).and_then(|()| FileDisk::open(draft))
    } else {
        FileDisk::create(draft)
    };
    match disk {
        Ok(disk) if front::could_be_half_made(&disk)? => Ok(disk),
        Ok(_) => {
            let what = format!("{} is in the way", draft.display());
            Err(StorageErrorKind::NotAStore { what }.into())
        }
        Err(error) => Err(match error.kind() {
            // Someone else made it, or gave it its final name, between our steps.
            StorageErrorKind::Exists | StorageErrorKind::NotFound | StorageErrorKind::Missing => {
                StorageErrorKind::InUse.into()
            }
            _ => error,
        }),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::folder::steps_taken;
    use super::*;
    use std::collections::BTreeSet;

    /// Plays what was done to the folder: after a power cut a name may be there once it was given, and is there for
    /// certain once the folder was synced after it.
    #[test]
    fn the_names_of_a_new_store_are_durable_and_its_marker_is_never_there_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        steps_taken();
        let (_storage, witness) = StoreFile::at(&path).create().unwrap();
        witness.write(b"payload").unwrap();
        let mut durable = BTreeSet::new();
        let mut given = BTreeSet::new();
        for step in steps_taken() {
            match step {
                Some(name) => {
                    assert!(name == path || durable.contains(&path), "the marker may be there without its store");
                    given.insert(name);
                }
                None => durable.append(&mut given),
            }
        }
        assert_eq!(given, BTreeSet::new(), "names that a power cut takes away");
        assert!(durable.contains(&path) && durable.len() == 2);
    }
}
