//! A file as a disk.

use super::convert::into_io;
use super::folder::folder_of;
use crate::fault;
use crate::fault::canary::{self, Exit};
use crate::storage::{Disk, StorageError, StorageErrorKind};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

/// A file, locked against every other handle of this and other processes as long as this one lives.
///
/// - The lock is taken at once when the file is opened, and given back by the operating system however the process
///   ends. Where locks do not work (some network file systems) the file is not opened at all.
/// - A forked child shares the lock, so nothing it does passes: every call returns
///   [`Forked`](StorageErrorKind::Forked), inside the `io::Error`.
/// - On Unix a file that was unlinked or replaced at its path is noticed at the next sync:
///   [`Missing`](StorageErrorKind::Missing).
/// - After a failed write or sync the file's pages are dropped from the system's cache where it lets us (Linux, Android):
///   it may show bytes there that never reached the medium.
///
/// Most users want [`StoreFile`](crate::storage::StoreFile), which also tells stores from other files.
#[derive(Debug)]
pub struct FileDisk {
    file: File,
    /// Without links, so that a change of the working directory or of a link above does not matter.
    path: PathBuf,
    process: u32,
}

impl FileDisk {
    /// Opens an existing file and locks it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](StorageErrorKind::NotFound), [`InUse`](StorageErrorKind::InUse),
    /// [`NotAStore`](StorageErrorKind::NotAStore) (a folder, a pipe, a link to nothing),
    /// [`Unsupported`](StorageErrorKind::Unsupported) (no locks here), or [`Io`](StorageErrorKind::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref();
        refuse_what_is_no_file(path)?;
        Self::lock(OpenOptions::new().read(true).write(true).open(path).map_err(from_open)?, path)
    }

    /// Makes an empty file where nothing is and locks it. The folder is not synced.
    ///
    /// # Errors
    ///
    /// [`Exists`](StorageErrorKind::Exists), [`NoFolder`](StorageErrorKind::NoFolder); otherwise as
    /// [`open`](Self::open).
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref();
        match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
            // Asked only now: a folder that is there before may be gone at this moment, and the other way round.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder_of(path).is_dir() => {
                Err(StorageError::caused_by(StorageErrorKind::NoFolder, error))
            }
            made => Self::lock(made.map_err(from_open)?, path),
        }
    }

    fn lock(file: File, path: &Path) -> Result<Self, StorageError> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if fault::on("lock-ignored") => {}
            Err(TryLockError::WouldBlock) => return Err(StorageErrorKind::InUse.into()),
            Err(TryLockError::Error(error)) => {
                let what = "file locks".to_owned();
                return Err(StorageError::caused_by(StorageErrorKind::Unsupported { what }, error));
            }
        }
        let path = fs::canonicalize(path).map_err(from_open)?;
        let disk = Self { file, path, process: process::id() };
        // Between opening and locking, whoever had it locked may have moved or replaced it.
        disk.check_place()?;
        Ok(disk)
    }

    /// Goes on under another name, to which the file was moved.
    pub(super) fn moved_to(self, path: &Path) -> Result<Self, StorageError> {
        let path = fs::canonicalize(path).map_err(from_open)?;
        let disk = Self { path, ..self };
        disk.check_place()?;
        Ok(disk)
    }

    /// Checks that the path still leads to this very file. Elsewhere than on Unix, that something is there.
    ///
    /// # Errors
    ///
    /// [`Missing`](StorageErrorKind::Missing); [`Io`](StorageErrorKind::Io) where the system does not say.
    pub fn check_place(&self) -> Result<(), StorageError> {
        let there = match fs::symlink_metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StorageErrorKind::Missing.into()),
            Err(error) => return Err(StorageError::caused_by(StorageErrorKind::Io, error)),
        };
        let here = self.file.metadata().map_err(|error| StorageError::caused_by(StorageErrorKind::Io, error))?;
        if same_file(&here, &there) || fault::on("place-unchecked") {
            Ok(())
        } else {
            Err(StorageErrorKind::Missing.into())
        }
    }

    /// Names where the file lies, in a way that a copy, a restored backup or a clone of the volume does not share: device
    /// and inode on Unix, elsewhere a hash of the path.
    pub(super) fn place(&self) -> Result<Vec<u8>, StorageError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let here = self.file.metadata().map_err(|error| StorageError::caused_by(StorageErrorKind::Io, error))?;
            Ok([here.dev().to_be_bytes(), here.ino().to_be_bytes()].concat())
        }
        #[cfg(not(unix))]
        Ok(blake3::hash(self.path.as_os_str().as_encoded_bytes()).as_bytes().to_vec())
    }

    /// Returns how many bytes the file takes from its volume. The engine grows a file by doubling its length, but what
    /// was never written takes no room where the file system knows holes.
    pub(super) fn allocated(&self) -> io::Result<u64> {
        self.refuse_in_child()?;
        let here = self.file.metadata()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            // By POSIX practice, and on all systems that we know, a block is 512 bytes here.
            Ok(here.blocks().saturating_mul(512).min(here.len()))
        }
        #[cfg(not(unix))]
        Ok(here.len())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn refuse_in_child(&self) -> io::Result<()> {
        if self.process == process::id() || fault::on("child-unrefused") {
            Ok(())
        } else {
            Err(into_io(StorageErrorKind::Forked.into()))
        }
    }

    /// Passes a result on; after a failure, what the system has cached is not to be believed.
    fn doubting<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.forget_cached();
        }
        result
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn forget_cached(&self) {
        // Only advice: where it is not taken, the engine's checksums still stand between us and a stale page.
        let _ = rustix::fs::fadvise(&self.file, 0, None, rustix::fs::Advice::DontNeed);
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::unused_self, reason = "the system offers nothing")]
    fn forget_cached(&self) {}
}

impl Disk for FileDisk {
    fn len(&self) -> io::Result<u64> {
        self.refuse_in_child()?;
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.refuse_in_child()?;
        read_at(&self.file, offset, out)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.refuse_in_child()?;
        canary::leaves(Exit::File, bytes);
        self.doubting(write_at(&self.file, offset, bytes))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.refuse_in_child()?;
        self.doubting(self.file.set_len(len))
    }

    fn sync(&self) -> io::Result<()> {
        self.refuse_in_child()?;
        self.doubting(self.file.sync_data())?;
        // Bytes that are durable in a file which nobody will find are not saved.
        self.check_place().map_err(into_io)
    }
}

/// Tells what cannot be a store before it is opened: opening a pipe may wait for ever.
pub(super) fn refuse_what_is_no_file(path: &Path) -> Result<(), StorageError> {
    let not_a_store = |what: &str| Err(StorageErrorKind::NotAStore { what: what.to_owned() }.into());
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(found) if found.is_dir() => not_a_store("a folder"),
        Ok(_) => not_a_store("a pipe, socket or device"),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_ok() => {
            not_a_store("a link to nothing")
        }
        Err(error) => Err(from_open(error)),
    }
}

pub(super) fn from_open(error: io::Error) -> StorageError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => StorageErrorKind::NotFound,
        // A part of the path that should be a folder is something else.
        io::ErrorKind::NotADirectory => StorageErrorKind::NoFolder,
        io::ErrorKind::AlreadyExists => StorageErrorKind::Exists,
        // Windows refuses to open what another process holds without sharing.
        io::ErrorKind::ResourceBusy => StorageErrorKind::InUse,
        _ => return super::convert::from_io(error),
    };
    StorageError::caused_by(kind, error)
}

#[cfg(unix)]
fn same_file(here: &fs::Metadata, there: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (here.dev(), here.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn same_file(_here: &fs::Metadata, there: &fs::Metadata) -> bool {
    there.is_file()
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(unix)]
fn write_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !out.is_empty() {
        match file.seek_read(out, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                out = &mut out[read..];
                offset += u64::try_from(read).map_err(io::Error::other)?;
            }
        }
    }
    Ok(())
}

#[cfg(windows)]
fn write_at(file: &File, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_write(bytes, offset)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                bytes = &bytes[written..];
                offset += u64::try_from(written).map_err(io::Error::other)?;
            }
        }
    }
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn read_at(_file: &File, _offset: u64, _out: &mut [u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(unix, windows)))]
fn write_at(_file: &File, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
