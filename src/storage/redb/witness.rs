//! The marker beside a store's file.

use super::convert::from_io;
use super::file_disk::{FileDisk, from_open};
use super::folder::{beside, is_taken, rename_over, sync_folder_of};
use crate::fault::canary::{self, Exit};
use crate::storage::{StorageError, StorageErrorKind};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const MAGIC: &[u8; 16] = b"draftkeep.marker";
const HASH: usize = 32;

/// How far the slots lie apart: no torn write of a disk's block takes two.
const STRIDE: usize = 4096;

/// The slots that are written in turn, and synced.
const KEPT: [usize; 2] = [0, 1];

/// The slot that is written at any time, and never synced.
const NOTED: usize = 2;

/// The marker beside a store's file: a few bytes that are outside the store, so that they do not travel with a copy of
/// it, and that still tell of the store when its file is gone.
///
/// It holds two payloads: one that is replaced durably ([`write`](Self::write)), and a note that costs no wait for the
/// disk ([`note`](Self::note)).
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    place: Vec<u8>,
    /// Opened by the first that writes.
    file: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// The number of the newest slot, and which one it is.
    newest: (u64, usize),
}

/// What a slot says.
struct Slot {
    number: u64,
    payload: Vec<u8>,
}

impl Slot {
    /// A slot's bytes: magic, number, length, payload, and a BLAKE3 hash over all of it.
    fn bytes(number: u64, payload: &[u8]) -> Result<Vec<u8>, StorageError> {
        let too_large = StorageErrorKind::TooLarge { what: "marker", limit: Witness::MAX, got: payload.len() };
        let Some(len) = u16::try_from(payload.len()).ok().filter(|_| payload.len() <= Witness::MAX) else {
            return Err(too_large.into());
        };
        let mut bytes = [&MAGIC[..], &number.to_le_bytes(), &len.to_le_bytes(), payload].concat();
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        Ok(bytes)
    }

    /// Reads the slot that begins where `bytes` do; `None` where none was ever written, or it is damaged.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (len, rest) = rest.split_first_chunk::<2>()?;
        let len = usize::from(u16::from_le_bytes(*len));
        let (payload, hash) = rest.split_at_checked(len)?;
        let signed = &bytes[..bytes.len() - hash.len()];
        let is_whole = magic == MAGIC && hash.get(..HASH)? == blake3::hash(signed).as_bytes();
        is_whole.then(|| Self { number: u64::from_le_bytes(*number), payload: payload.to_vec() })
    }
}

impl Witness {
    /// The longest payload, in bytes.
    pub const MAX: usize = 512;

    pub(super) fn beside(disk: &FileDisk) -> Result<Self, StorageError> {
        // Not the disk itself: it must be unlocked when the storage is dropped, whoever still has the witness.
        Ok(Self { path: Self::marker_of(disk.path()), place: disk.place()?, file: Mutex::new(None) })
    }

    pub(super) fn marker_of(store: &Path) -> PathBuf {
        beside(store, ".marker")
    }

    /// Makes an empty marker where there is none.
    pub(super) fn ensure(&self) -> Result<(), StorageError> {
        if is_taken(&self.path)? { Ok(()) } else { self.begin(&[]).map(drop) }
    }

    /// Reads what was last written; `None` where nothing ever was.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](StorageErrorKind::Corrupt): what is there is no marker of ours, or damaged. Otherwise
    /// [`Io`](StorageErrorKind::Io).
    pub fn read(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let Some(bytes) = self.bytes()? else { return Ok(None) };
        let damaged = || StorageError::new(StorageErrorKind::Corrupt { what: "the store's marker".to_owned() });
        let (slot, _) = newest(&bytes).ok_or_else(damaged)?;
        Ok((!slot.payload.is_empty()).then_some(slot.payload))
    }

    /// Reads what was last noted; `None` where nothing was, or where the note was lost.
    ///
    /// # Errors
    ///
    /// [`Io`](StorageErrorKind::Io).
    pub fn noted(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let slot = self.bytes()?.and_then(|bytes| Slot::parse(bytes.get(NOTED * STRIDE..)?));
        Ok(slot.map(|slot| slot.payload).filter(|payload| !payload.is_empty()))
    }

    /// Replaces the payload, atomically and durably; waits for the disk once. An empty one reads as `None`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](StorageErrorKind::TooLarge) over [`MAX`](Self::MAX); otherwise [`Full`](StorageErrorKind::Full) or
    /// [`Io`](StorageErrorKind::Io), after which the old payload or the new one is there.
    pub fn write(&self, payload: &[u8]) -> Result<(), StorageError> {
        let mut open = self.open();
        let Some(Open { file, newest }) = open.as_mut() else {
            drop(open);
            return self.begin(payload).map(|begun| *self.open() = Some(begun));
        };
        let next = (newest.0.wrapping_add(1), KEPT[usize::from(newest.1 == KEPT[0])]);
        let bytes = Slot::bytes(next.0, payload)?;
        put(file, next.1, &bytes).and_then(|()| file.sync_data()).map_err(from_io)?;
        *newest = next;
        Ok(())
    }

    /// Replaces the note. It outlives the process at once and a power cut some seconds later; until then a power cut may
    /// leave the note before, or none.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write), after which any note or none may be there.
    pub fn note(&self, payload: &[u8]) -> Result<(), StorageError> {
        let bytes = Slot::bytes(0, payload)?;
        match self.open().as_mut() {
            Some(open) => put(&mut open.file, NOTED, &bytes).map_err(from_io),
            None => Err(StorageErrorKind::Io.into()),
        }
    }

    /// Names where the store's file lay when it was opened: device and inode on Unix, elsewhere a hash of its path.
    ///
    /// A copy, a restored backup or a clone elsewhere has another place, so a payload that holds the place it was
    /// written at gives them away. The converse does not hold: an inode may be used again.
    #[must_use]
    pub fn place(&self) -> Vec<u8> {
        self.place.clone()
    }

    /// The marker's file, where it is there and whole enough to be written in place.
    fn open(&self) -> std::sync::MutexGuard<'_, Option<Open>> {
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            let newest = self.bytes().ok().flatten().and_then(|bytes| newest(&bytes));
            *open = newest.and_then(|(slot, at)| {
                let file = OpenOptions::new().write(true).open(&self.path).ok()?;
                Some(Open { file, newest: (slot.number, at) })
            });
        }
        open
    }

    /// Puts a new marker in the place of none or of a damaged one.
    fn begin(&self, payload: &[u8]) -> Result<Open, StorageError> {
        let bytes = Slot::bytes(1, payload)?;
        let next = beside(&self.path, ".next");
        let file = File::create(&next)
            .and_then(|mut file| {
                // Its whole length from the start: what is written in place later is no change of the file's size.
                file.write_all(&vec![0; (NOTED + 1) * STRIDE])?;
                put(&mut file, KEPT[0], &bytes)?;
                file.sync_all()?;
                rename_over(&next, &self.path).map(|()| file)
            })
            .map_err(from_io)?;
        sync_folder_of(&self.path)?;
        Ok(Open { file, newest: (1, KEPT[0]) })
    }

    fn bytes(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let limit = u64::try_from((NOTED + 1) * STRIDE).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file.take(limit).read_to_end(&mut bytes).map_err(from_io)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(from_open(error)),
        };
        Ok(Some(bytes))
    }
}

/// The newest of the kept slots, and which one it is.
fn newest(bytes: &[u8]) -> Option<(Slot, usize)> {
    let slots = KEPT.into_iter().filter_map(|at| Some((Slot::parse(bytes.get(at * STRIDE..)?)?, at)));
    slots.max_by_key(|(slot, _)| slot.number)
}

fn put(file: &mut File, slot: usize, bytes: &[u8]) -> io::Result<()> {
    canary::leaves(Exit::File, bytes);
    file.seek(SeekFrom::Start(u64::try_from(slot * STRIDE).map_err(io::Error::other)?))?;
    file.write_all(bytes)
}
