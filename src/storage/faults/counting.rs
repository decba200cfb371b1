//! A disk that counts.

use crate::storage::Disk;
use std::io;
use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What has reached a disk. Subtract an earlier count to learn what one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskWork {
    /// Reads.
    pub reads: u64,
    /// Bytes asked for by reads.
    pub read_bytes: u64,
    /// Writes.
    pub writes: u64,
    /// Bytes given to writes.
    pub written_bytes: u64,
    /// Changes of the length.
    pub resizes: u64,
    /// Syncs: how often somebody waited for the medium.
    pub syncs: u64,
}

impl Sub for DiskWork {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            reads: self.reads.saturating_sub(earlier.reads),
            read_bytes: self.read_bytes.saturating_sub(earlier.read_bytes),
            writes: self.writes.saturating_sub(earlier.writes),
            written_bytes: self.written_bytes.saturating_sub(earlier.written_bytes),
            resizes: self.resizes.saturating_sub(earlier.resizes),
            syncs: self.syncs.saturating_sub(earlier.syncs),
        }
    }
}

/// Counts what reaches a disk and passes everything on.
///
/// ```
/// use draftkeep::storage::faults::CountingDisk;
/// use draftkeep::storage::{Disk, MemoryDisk};
/// use std::sync::Arc;
///
/// # fn main() -> std::io::Result<()> {
/// let disk = CountingDisk::new(Arc::new(MemoryDisk::new()));
/// let before = disk.work();
/// disk.write(0, b"abc")?;
/// disk.sync()?;
/// let work = disk.work() - before;
/// assert_eq!((work.writes, work.written_bytes, work.syncs), (1, 3, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CountingDisk {
    disk: Arc<dyn Disk>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    reads: AtomicU64,
    read_bytes: AtomicU64,
    writes: AtomicU64,
    written_bytes: AtomicU64,
    resizes: AtomicU64,
    syncs: AtomicU64,
}

impl CountingDisk {
    /// Counts from zero.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, counts: Arc::default() }
    }

    /// Returns all that was done so far.
    #[must_use]
    pub fn work(&self) -> DiskWork {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        DiskWork {
            reads: read(&self.counts.reads),
            read_bytes: read(&self.counts.read_bytes),
            writes: read(&self.counts.writes),
            written_bytes: read(&self.counts.written_bytes),
            resizes: read(&self.counts.resizes),
            syncs: read(&self.counts.syncs),
        }
    }
}

fn add(count: &AtomicU64, amount: usize) {
    count.fetch_add(u64::try_from(amount).unwrap_or(u64::MAX), Ordering::SeqCst);
}

impl Disk for CountingDisk {
    fn len(&self) -> io::Result<u64> {
        self.disk.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        add(&self.counts.reads, 1);
        add(&self.counts.read_bytes, out.len());
        self.disk.read(offset, out)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        add(&self.counts.writes, 1);
        add(&self.counts.written_bytes, bytes.len());
        self.disk.write(offset, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        add(&self.counts.resizes, 1);
        self.disk.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        add(&self.counts.syncs, 1);
        self.disk.sync()
    }
}
