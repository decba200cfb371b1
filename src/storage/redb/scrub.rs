//! Overwriting whatever the disk still holds of what was deleted.
//!
//! The engine writes beside what is there: a page that is freed keeps its bytes until it is used again, and a page that is in use
//! may keep bytes of deleted entries behind the last one. So all entries are written anew, into pages that begin as zeros; then
//! the room that is free is filled, and freed again. Which bytes of the disk were written since is not taken on trust but watched
//! from below: [`Watched`] says which pages were not, and what is left of those has to be zeros.
//!
//! Everything is done in commits of the engine's own, so a crash at any moment leaves a whole store; what was filled in is removed
//! by the next time.

use super::front;
use crate::storage::{Disk, StorageError};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The engine's pages; every part of the disk that it writes for itself is a whole number of them.
const PAGE: u64 = 4096;

/// How often free room is filled until all of it has been. What a commit frees can be used by the one after the next.
pub(super) const ROUNDS_MAX: usize = 24;

/// A disk that remembers which of its pages were written since it is watched.
#[derive(Debug)]
pub(super) struct Watched {
    disk: Arc<dyn Disk>,
    /// By number, from the first page behind the front page on.
    written: Mutex<Vec<bool>>,
}

impl Watched {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, written: Mutex::default() }
    }

    fn written(&self) -> MutexGuard<'_, Vec<bool>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many pages may hold what was there before: those that were not written since, and are not zeros.
    pub(super) fn untouched(&self) -> Result<u64, StorageError> {
        let len = self.disk.len().map_err(super::convert::from_io)?;
        let written = self.written().clone();
        let mut untouched = 0;
        // The engine's own first page has no entries. It is written in parts.
        let mut at = front::LEN + PAGE;
        while at < len {
            if !written.get(number_of(at)).copied().unwrap_or_default() {
                let mut page = vec![0; usize::try_from(PAGE.min(len - at)).unwrap_or_default()];
                self.disk.read(at, &mut page).map_err(super::convert::from_io)?;
                untouched += u64::from(page.iter().any(|byte| *byte != 0));
            }
            at += PAGE;
        }
        Ok(untouched)
    }
}

/// The number of the page in which a byte behind the front page lies.
fn number_of(offset: u64) -> usize {
    usize::try_from(offset.saturating_sub(front::LEN) / PAGE).unwrap_or(usize::MAX)
}

impl Disk for Watched {
    fn len(&self) -> io::Result<u64> {
        self.disk.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(offset, out)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.write(offset, bytes)?;
        // Pages that are written as a whole, and no others.
        let end = offset.saturating_add(bytes.len() as u64);
        let first = offset.max(front::LEN).next_multiple_of(PAGE);
        let mut written = self.written();
        let mut at = first;
        while at + PAGE <= end {
            let number = number_of(at);
            if written.len() <= number {
                written.resize(number + 1, false);
            }
            written[number] = true;
            at += PAGE;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(len)?;
        // What comes behind a new end later is zeros at first.
        self.written().truncate(number_of(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryDisk;

    #[test]
    fn a_page_counts_as_written_only_as_a_whole() {
        let image = vec![7; 6 * 4096];
        let watched = Watched::new(Arc::new(MemoryDisk::from_image(image)));
        // The front page and the engine's first one hold nothing.
        assert_eq!(watched.untouched().unwrap(), 4);
        watched.write(2 * 4096 + 1, &[1; 4095]).unwrap();
        assert_eq!(watched.untouched().unwrap(), 4, "one byte of it was not");
        watched.write(2 * 4096, &[1; 8192]).unwrap();
        assert_eq!(watched.untouched().unwrap(), 2);
        watched.write(4 * 4096, &[0; 100]).unwrap();
        assert_eq!(watched.untouched().unwrap(), 2);
        watched.set_len(4 * 4096).unwrap();
        watched.set_len(6 * 4096).unwrap();
        assert_eq!(watched.untouched().unwrap(), 0, "zeros");
    }
}
