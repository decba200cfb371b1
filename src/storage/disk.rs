//! The bytes below a file engine.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

/// A growing array of bytes that can be made durable: what a file engine needs below it, and the seam at which tests
/// play power cuts and full disks.
///
/// # The contract
///
/// - A read shows the latest write to each byte, synced or not. Bytes between an old end and a larger new length are
///   zero.
/// - [`sync`](Self::sync) makes every write and every change of length that returned before it began **durable**. Until
///   then a power cut may keep any of them, in any order, and any part of a large one.
/// - After an error of `write`, `set_len` or `sync`, the bytes concerned are unknown, and a read shows what the medium
///   holds, not what was wished for.
/// - Calls may come from several threads. Calls that touch the same bytes at once do not happen.
///
/// A disk need not exclude others; an implementation over something shared should, at once when it is opened.
///
/// Errors are [`io::Error`]s. Two kinds are told apart above: no space left ([`StorageFull`](io::ErrorKind::StorageFull),
/// [`QuotaExceeded`](io::ErrorKind::QuotaExceeded), [`FileTooLarge`](io::ErrorKind::FileTooLarge)), and all others. A
/// [`StorageError`](super::StorageError) inside an `io::Error` passes through unchanged.
#[expect(clippy::len_without_is_empty, reason = "nobody asks a disk whether it is empty")]
pub trait Disk: Send + Sync + fmt::Debug {
    /// Returns the length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Fills `out` with the bytes from `offset`; an error ([`UnexpectedEof`](io::ErrorKind::UnexpectedEof)) where the end
    /// comes first.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` from `offset`, growing the disk where they reach beyond its end.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Sets the length; what is new is zero.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes everything written so far durable.
    fn sync(&self) -> io::Result<()>;
}

impl<D: Disk + ?Sized> Disk for Arc<D> {
    fn len(&self) -> io::Result<u64> {
        (**self).len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        (**self).read(offset, out)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        (**self).write(offset, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        (**self).set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        (**self).sync()
    }
}

/// A disk in memory. Clones share the same bytes; [`image`](Self::image) and [`from_image`](Self::from_image) take and
/// give a copy.
///
/// ```
/// use draftkeep::storage::{Disk, MemoryDisk};
///
/// # fn main() -> std::io::Result<()> {
/// let disk = MemoryDisk::new();
/// disk.write(2, b"abc")?;
/// assert_eq!(disk.image(), b"\0\0abc");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MemoryDisk {
    bytes: Arc<RwLock<Vec<u8>>>,
}

impl MemoryDisk {
    /// Begins an empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a disk with this content.
    #[must_use]
    pub fn from_image(image: impl Into<Vec<u8>>) -> Self {
        Self { bytes: Arc::new(RwLock::new(image.into())) }
    }

    /// Copies the whole content.
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        self.bytes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for MemoryDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.bytes.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("MemoryDisk").field("len", &len).finish()
    }
}

impl Disk for MemoryDisk {
    fn len(&self) -> io::Result<u64> {
        let len = self.bytes.read().unwrap_or_else(PoisonError::into_inner).len();
        u64::try_from(len).map_err(io::Error::other)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes.read().unwrap_or_else(PoisonError::into_inner);
        let range = span(offset, out.len())?;
        out.copy_from_slice(bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, new: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes.write().unwrap_or_else(PoisonError::into_inner);
        let range = span(offset, new.len())?;
        if bytes.len() < range.end {
            resize(&mut bytes, range.end)?;
        }
        bytes[range].copy_from_slice(new);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut bytes = self.bytes.write().unwrap_or_else(PoisonError::into_inner);
        resize(&mut bytes, usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The indices of `len` bytes from `offset`.
fn span(offset: u64, len: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let end = start.checked_add(len).ok_or(io::ErrorKind::FileTooLarge)?;
    Ok(start..end)
}

fn resize(bytes: &mut Vec<u8>, len: usize) -> io::Result<()> {
    // A length that memory cannot hold is a full disk, not the end of the process.
    bytes.try_reserve(len.saturating_sub(bytes.len())).map_err(|_| io::ErrorKind::StorageFull)?;
    bytes.resize(len, 0);
    Ok(())
}
