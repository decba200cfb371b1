//! What is done to a folder rather than to a file.

use super::file_disk::from_open;
use crate::fault;
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

/// The folder that holds the path's last name.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in the folder of `path` durable: a file is not there after a power cut before its name is.
#[cfg(unix)]
pub(super) fn sync_folder_of(path: &Path) -> Result<(), StorageError> {
    if fault::on("folder-unsynced") {
        return Ok(());
    }
    fs::File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(super::convert::from_io)?;
    note(None);
    Ok(())
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
        Ok(()) => {
            note(Some(to));
            return Ok(());
        }
        // The file system or the kernel does not know this kind of renaming.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
        Err(error) => return Err(from_open(error.into())),
    }
    // A second name is never made over an existing one, and then the first may go.
    match fs::hard_link(from, to) {
        Ok(()) => {
            note(Some(to));
            fs::remove_file(from).map_err(super::convert::from_io)
        }
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            let what = "renaming without replacing".to_owned();
            Err(StorageError::caused_by(StorageErrorKind::Unsupported { what }, error))
        }
        Err(error) => Err(from_open(error)),
    }
}

/// Gives a file another's name, atomically, taking its place.
pub(super) fn rename_over(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    note(Some(to));
    Ok(())
}

/// Takes down, for tests, what was done to a folder: a file got this name, or (`None`) the folder was synced.
#[cfg(not(test))]
const fn note(_named: Option<&Path>) {}

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::RefCell<Vec<Option<PathBuf>>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(test)]
fn note(named: Option<&Path>) {
    STEPS.with_borrow_mut(|steps| steps.push(named.map(Path::to_owned)));
}

/// What this thread has done since it was last asked.
#[cfg(all(test, unix))]
pub(super) fn steps_taken() -> Vec<Option<PathBuf>> {
    STEPS.take()
}
