//! A disk that fails.

use super::plan::{Lasting, Plan};
use crate::storage::Disk;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a disk is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiskOperation {
    /// Telling its length.
    Len,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Changing its length.
    SetLen,
    /// Making durable.
    Sync,
}

/// What happens to an operation that is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskEffect {
    /// It is not done, and returns an error of this kind.
    Fails(io::ErrorKind),
    /// It is done, and returns an error all the same.
    FailsAfterwards(io::ErrorKind),
    /// Of a write, this many bytes are done before the error; any other operation fails.
    Torn(usize, io::ErrorKind),
    /// It is not done and returns `Ok`: a disk that lies. A read returns zeros; a length is told as 0.
    Ignored,
    /// One bit of what is read or written is the other way round, in silence: bit `n` modulo the number of bits. Other
    /// operations are not harmed.
    BitFlipped(u64),
}

/// A fault that waits for its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskFault {
    /// The operations it concerns; `None` is all of them except telling the length.
    pub operation: Option<DiskOperation>,
    /// How many such operations pass first, counted from when it is armed.
    pub after: u64,
    /// How often it strikes.
    pub lasting: Lasting,
    /// What it does.
    pub effect: DiskEffect,
}

/// Passes everything on to another disk, except what is struck by a fault.
///
/// ```
/// use draftkeep::storage::faults::{DiskEffect, DiskFault, DiskOperation, FaultyDisk, Lasting};
/// use draftkeep::storage::{Disk, MemoryDisk};
/// use std::io::ErrorKind;
/// use std::sync::Arc;
///
/// let disk = FaultyDisk::new(Arc::new(MemoryDisk::new()));
/// disk.arm(DiskFault {
///     operation: Some(DiskOperation::Write),
///     after: 1,
///     lasting: Lasting::Once,
///     effect: DiskEffect::Fails(ErrorKind::StorageFull),
/// });
/// assert!(disk.write(0, b"passes").is_ok());
/// assert_eq!(disk.write(0, b"fails").unwrap_err().kind(), ErrorKind::StorageFull);
/// assert!(disk.write(0, b"passes").is_ok());
/// assert_eq!((disk.operations(), disk.strikes()), (3, 1));
/// ```
#[derive(Debug, Clone)]
pub struct FaultyDisk {
    disk: Arc<dyn Disk>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    plan: Plan<DiskFault>,
    operations: AtomicU64,
    strikes: AtomicU64,
    /// `u64::MAX` where there is no limit.
    capacity: AtomicU64,
}

impl FaultyDisk {
    /// Begins without any fault.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        let state = State {
            plan: Plan::new(),
            operations: AtomicU64::new(0),
            strikes: AtomicU64::new(0),
            capacity: AtomicU64::new(u64::MAX),
        };
        Self { disk, state: Arc::new(state) }
    }

    /// Adds a fault.
    pub fn arm(&self, fault: DiskFault) {
        self.state.plan.arm(fault, fault.after, fault.lasting);
    }

    /// Makes the disk full at this length: whatever would grow it beyond fails with
    /// [`StorageFull`](io::ErrorKind::StorageFull), what lies below works.
    pub fn set_capacity(&self, bytes: u64) {
        self.state.capacity.store(bytes, Ordering::SeqCst);
    }

    /// Removes all faults and the limit.
    pub fn heal(&self) {
        self.state.plan.heal();
        self.set_capacity(u64::MAX);
    }

    /// Returns how many operations were asked for so far, other than telling the length.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.operations.load(Ordering::SeqCst)
    }

    /// Returns how many faults have changed something: an answer, or a byte. A lie that happens to be true, such as an
    /// ignored write of what is there already, does not count; a test whose faults never count tests nothing.
    #[must_use]
    pub fn strikes(&self) -> u64 {
        self.state.strikes.load(Ordering::SeqCst)
    }

    fn struck(&self, operation: DiskOperation) -> Option<DiskEffect> {
        if operation != DiskOperation::Len {
            self.state.operations.fetch_add(1, Ordering::SeqCst);
        }
        let concerns = |fault: &DiskFault| match fault.operation {
            Some(concerned) => concerned == operation,
            None => operation != DiskOperation::Len,
        };
        self.state.plan.strike(concerns).map(|fault| fault.effect)
    }

    fn count(&self, changed: bool) {
        if changed {
            self.state.strikes.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn failing<T>(&self, kind: io::ErrorKind) -> io::Result<T> {
        self.count(true);
        Err(io::Error::new(kind, "a fault struck"))
    }

    fn refuse_growth(&self, end: Option<u64>) -> io::Result<()> {
        let capacity = self.state.capacity.load(Ordering::SeqCst);
        match end {
            Some(end) if end <= capacity || end <= self.disk.len()? => Ok(()),
            _ => self.failing(io::ErrorKind::StorageFull),
        }
    }

    /// Whether the disk holds something else than `bytes` there.
    fn differs(&self, offset: u64, bytes: &[u8]) -> bool {
        let mut stored = vec![0; bytes.len()];
        self.disk.read(offset, &mut stored).is_err() || stored != bytes
    }
}

impl Disk for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        match self.struck(DiskOperation::Len) {
            None | Some(DiskEffect::BitFlipped(_)) => self.disk.len(),
            Some(DiskEffect::Ignored) => {
                self.count(self.disk.len()? != 0);
                Ok(0)
            }
            Some(DiskEffect::Fails(kind) | DiskEffect::FailsAfterwards(kind) | DiskEffect::Torn(_, kind)) => {
                self.failing(kind)
            }
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self.struck(DiskOperation::Read) {
            None => self.disk.read(offset, out),
            Some(DiskEffect::Ignored) => {
                out.fill(0);
                self.count(self.differs(offset, out));
                Ok(())
            }
            Some(DiskEffect::BitFlipped(bit)) => {
                self.disk.read(offset, out)?;
                self.count(flip(out, bit));
                Ok(())
            }
            Some(DiskEffect::Fails(kind) | DiskEffect::FailsAfterwards(kind) | DiskEffect::Torn(_, kind)) => {
                self.failing(kind)
            }
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let effect = self.struck(DiskOperation::Write);
        self.refuse_growth(u64::try_from(bytes.len()).ok().and_then(|len| offset.checked_add(len)))?;
        match effect {
            None => self.disk.write(offset, bytes),
            Some(DiskEffect::Fails(kind)) => self.failing(kind),
            Some(DiskEffect::FailsAfterwards(kind)) => {
                self.disk.write(offset, bytes)?;
                self.failing(kind)
            }
            Some(DiskEffect::Torn(kept, kind)) => {
                self.disk.write(offset, &bytes[..kept.min(bytes.len())])?;
                self.failing(kind)
            }
            Some(DiskEffect::Ignored) => {
                self.count(self.differs(offset, bytes));
                Ok(())
            }
            Some(DiskEffect::BitFlipped(bit)) => {
                let mut bytes = bytes.to_vec();
                self.count(flip(&mut bytes, bit));
                self.disk.write(offset, &bytes)
            }
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let effect = self.struck(DiskOperation::SetLen);
        self.refuse_growth(Some(len))?;
        match effect {
            None | Some(DiskEffect::BitFlipped(_)) => self.disk.set_len(len),
            Some(DiskEffect::Fails(kind) | DiskEffect::Torn(_, kind)) => self.failing(kind),
            Some(DiskEffect::FailsAfterwards(kind)) => {
                self.disk.set_len(len)?;
                self.failing(kind)
            }
            Some(DiskEffect::Ignored) => {
                self.count(self.disk.len()? != len);
                Ok(())
            }
        }
    }

    fn sync(&self) -> io::Result<()> {
        match self.struck(DiskOperation::Sync) {
            None | Some(DiskEffect::BitFlipped(_)) => self.disk.sync(),
            Some(DiskEffect::Fails(kind) | DiskEffect::Torn(_, kind)) => self.failing(kind),
            Some(DiskEffect::FailsAfterwards(kind)) => {
                self.disk.sync()?;
                self.failing(kind)
            }
            // Whether anything was to be made durable is not known here.
            Some(DiskEffect::Ignored) => {
                self.count(true);
                Ok(())
            }
        }
    }
}

/// Turns one bit round; whether there was one.
fn flip(bytes: &mut [u8], bit: u64) -> bool {
    let Some(bits) = u64::try_from(bytes.len()).ok().and_then(|len| len.checked_mul(8)).filter(|bits| *bits > 0) else {
        return false;
    };
    let bit = bit % bits;
    let byte = usize::try_from(bit / 8).ok().and_then(|index| bytes.get_mut(index));
    byte.map(|byte| *byte ^= 1 << (bit % 8)).is_some()
}
