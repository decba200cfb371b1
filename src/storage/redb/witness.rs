//! The marker beside a store's file.

use super::convert::from_io;
use super::file_disk::{FileDisk, from_open};
use super::folder::{beside, is_taken, rename_over, sync_folder_of};
use crate::storage::{StorageError, StorageErrorKind};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"draftkeep.marker";
const HASH: usize = 32;

/// The marker beside a store's file: a few bytes that are outside the store, so that they do not travel with a copy of
/// it, and that still tell of the store when its file is gone.
///
/// The marker is a file of its own: 16 bytes magic, the payload, and a BLAKE3 hash over both. Without a payload there
/// is only magic and hash.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    place: Vec<u8>,
}

impl Witness {
    /// The longest payload, in bytes.
    pub const MAX: usize = 512;

    pub(super) fn beside(disk: &FileDisk) -> Result<Self, StorageError> {
        // Not the disk itself: it must be unlocked when the storage is dropped, whoever still has the witness.
        Ok(Self { path: Self::marker_of(disk.path()), place: disk.place()? })
    }

    pub(super) fn marker_of(store: &Path) -> PathBuf {
        beside(store, ".marker")
    }

    /// Makes an empty marker where there is none.
    pub(super) fn ensure(&self) -> Result<(), StorageError> {
        if is_taken(&self.path)? { Ok(()) } else { self.write(&[]) }
    }

    /// Reads what was last written; `None` where nothing ever was.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](StorageErrorKind::Corrupt): what is there is no marker of ours, or damaged. Otherwise
    /// [`Io`](StorageErrorKind::Io).
    pub fn read(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let mut bytes = Vec::new();
        let longest = MAGIC.len() + Self::MAX + HASH;
        let limit = u64::try_from(longest).map_or(u64::MAX, |longest| longest + 1);
        match File::open(&self.path) {
            Ok(file) => file.take(limit).read_to_end(&mut bytes).map_err(from_io)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(from_open(error)),
        };
        let damaged = || StorageError::new(StorageErrorKind::Corrupt { what: "the store's marker".to_owned() });
        let signed = bytes.len().checked_sub(HASH).filter(|signed| (MAGIC.len()..=longest - HASH).contains(signed));
        let (signed, hash) = bytes.split_at(signed.ok_or_else(damaged)?);
        if !signed.starts_with(MAGIC) || blake3::hash(signed).as_bytes() != hash {
            return Err(damaged());
        }
        let payload = &signed[MAGIC.len()..];
        Ok((!payload.is_empty()).then(|| payload.to_vec()))
    }

    /// Replaces the payload, atomically and durably. An empty one reads as `None`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](StorageErrorKind::TooLarge) over [`MAX`](Self::MAX); otherwise [`Full`](StorageErrorKind::Full) or
    /// [`Io`](StorageErrorKind::Io), after which the old payload or the new one is there.
    pub fn write(&self, payload: &[u8]) -> Result<(), StorageError> {
        if payload.len() > Self::MAX {
            let kind = StorageErrorKind::TooLarge { what: "marker", limit: Self::MAX, got: payload.len() };
            return Err(kind.into());
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(payload);
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        let next = beside(&self.path, ".next");
        File::create(&next)
            .and_then(|mut file| {
                file.write_all(&bytes)?;
                file.sync_all()
            })
            .and_then(|()| rename_over(&next, &self.path))
            .map_err(from_io)?;
        sync_folder_of(&self.path)
    }

    /// Names where the store's file lay when it was opened: device and inode on Unix, elsewhere a hash of its path.
    ///
    /// A copy, a restored backup or a clone elsewhere has another place, so a payload that holds the place it was
    /// written at gives them away. The converse does not hold: an inode may be used again.
    #[must_use]
    pub fn place(&self) -> Vec<u8> {
        self.place.clone()
    }
}
