//! A disk that remembers, so that the power can be cut afterwards.

use super::seed::Seed;
use crate::storage::{Disk, MemoryDisk};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is kept or lost as one piece in a power cut.
const SECTOR: u64 = 512;

/// A disk in memory that records every change, from which the disk can be had *as a power cut at any operation would
/// leave it*.
///
/// A cut keeps everything that was synced before. Of what was not, it keeps a subset that a seed chooses: whole writes,
/// or in a large write single sectors of 512 bytes, and of several writes to one place any one; a change of the length is
/// kept or lost like a write. That covers reordering: a later write may be there without an earlier one.
///
/// ```
/// use draftkeep::storage::faults::PowerCutDisk;
/// use draftkeep::storage::Disk;
///
/// # fn main() -> std::io::Result<()> {
/// let disk = PowerCutDisk::new(Vec::new());
/// disk.write(0, b"safe")?;
/// disk.sync()?;
/// disk.write(0, b"lost")?;
/// let images: Vec<_> = (0..64).map(|seed| disk.cut(disk.operations(), seed)).collect();
/// assert!(images.iter().all(|image| image == b"safe" || image == b"lost"));
/// assert!(images.iter().any(|image| image == b"safe") && images.iter().any(|image| image == b"lost"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PowerCutDisk {
    now: MemoryDisk,
    record: Arc<Mutex<Record>>,
    obeys_sync: bool,
}

#[derive(Debug)]
struct Record {
    beginning: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

impl PowerCutDisk {
    /// Begins with this content, all of it durable.
    #[must_use]
    pub fn new(image: impl Into<Vec<u8>>) -> Self {
        let beginning = image.into();
        let now = MemoryDisk::from_image(beginning.clone());
        Self { now, record: Arc::new(Mutex::new(Record { beginning, changes: Vec::new() })), obeys_sync: true }
    }

    /// Turns syncing into nothing: a search for lost commits that does not fail on such a disk searches for nothing.
    #[must_use]
    pub fn ignoring_sync(self) -> Self {
        Self { obeys_sync: false, ..self }
    }

    /// Returns how many operations were recorded so far: the number of moments at which the power can be cut, less one.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.record().changes.len()
    }

    /// Returns the disk as a power cut leaves it after the first `operations` operations, the last of them perhaps under
    /// way. Equal arguments give equal images; different seeds keep different subsets, among them nothing and everything
    /// of what was not synced.
    #[must_use]
    pub fn cut(&self, operations: usize, seed: u64) -> Vec<u8> {
        let record = self.record();
        let happened = &record.changes[..operations.min(record.changes.len())];
        let synced = happened.iter().rposition(|change| matches!(change, Change::Sync)).map_or(0, |last| last + 1);
        let image = MemoryDisk::from_image(record.beginning.clone());
        for change in &happened[..synced] {
            keep(&image, change);
        }
        let mut seed = Seed::new(seed);
        // 0, 1, 2, 3 or 4 of four: nothing and everything are likely enough to be tried.
        let share = seed.next() % 5;
        for change in &happened[synced..] {
            match change {
                Change::Write(offset, bytes) if bytes.len() > 512 && seed.chance(2) => {
                    for (at, sector) in sectors(*offset, bytes) {
                        if seed.chance(share) {
                            keep(&image, &Change::Write(at, sector.to_vec()));
                        }
                    }
                }
                change => {
                    if seed.chance(share) {
                        keep(&image, change);
                    }
                }
            }
        }
        drop(record);
        image.image()
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries a change out on an image, where nothing fails unless memory ends.
fn keep(image: &MemoryDisk, change: &Change) {
    let kept = match change {
        Change::Write(offset, bytes) => image.write(*offset, bytes),
        Change::SetLen(len) => image.set_len(*len),
        Change::Sync => Ok(()),
    };
    debug_assert!(kept.is_ok(), "it was possible on the disk itself");
}

/// Cuts a write at the boundaries of sectors.
fn sectors(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut at = offset;
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let room = usize::try_from(SECTOR - at % SECTOR).unwrap_or(1);
        let (sector, behind) = rest.split_at(room.min(rest.len()));
        let begins = at;
        at += u64::try_from(sector.len()).unwrap_or_default();
        rest = behind;
        Some((begins, sector))
    })
}

impl Disk for PowerCutDisk {
    fn len(&self) -> io::Result<u64> {
        self.now.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.now.read(offset, out)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut record = self.record();
        self.now.write(offset, bytes)?;
        record.changes.push(Change::Write(offset, bytes.to_vec()));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut record = self.record();
        self.now.set_len(len)?;
        record.changes.push(Change::SetLen(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        if self.obeys_sync {
            self.record().changes.push(Change::Sync);
        }
        Ok(())
    }
}
