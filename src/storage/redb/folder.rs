//! What is done to a folder rather than to a file.

use super::file_disk::from_open;
use crate::storage::{StorageError, StorageErrorKind};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The path with something added to its last name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether anything is there, be it a link to nothing.
pub(super) fn is_taken(path: &Path) -> Result<bool, StorageError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(from_open(error)),
    }
}

/// Makes the names in the folder of `path` durable: a file is not there after a power cut before its name is.
#[cfg(unix)]
pub(super) fn sync_folder_of(path: &Path) -> Result<(), StorageError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(super::convert::from_io)
}

/// Elsewhere a folder cannot be synced; the systems concerned journal their names.
#[cfg(not(unix))]
pub(super) fn sync_folder_of(_path: &Path) -> Result<(), StorageError> {
    Ok(())
}

/// Gives a file its final name, atomically, and never over something that is there.
///
/// # Errors
///
/// [`Exists`](StorageErrorKind::Exists); [`Unsupported`](StorageErrorKind::Unsupported) where the file system can do it
/// in no way that we know.
pub(super) fn rename_into_gap(from: &Path, to: &Path) -> Result<(), StorageError> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    match rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, rustix::fs::RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(()),
        // The file system or the kernel does not know this kind of renaming.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
        Err(error) => return Err(from_open(error.into())),
    }
    // A second name is never made over an existing one, and then the first may go.
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from).map_err(super::convert::from_io),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            let what = "renaming without replacing".to_owned();
            Err(StorageError::caused_by(StorageErrorKind::Unsupported { what }, error))
        }
        Err(error) => Err(from_open(error)),
    }
}
