//! The engine's way to the disk, which can be shut.

use super::probation::Probation;
use super::{convert, front};
use crate::fault;
use crate::storage::{Disk, StorageErrorKind};
use std::io;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Translates the engine's calls to the disk behind the front page, and can be shut from outside.
///
/// Clones are one port: the engine holds one, its owner another.
#[derive(Debug, Clone)]
pub(super) struct Port {
    disk: Arc<dyn Disk>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// The process that opened it. A forked child shares the file but not the memory, so nothing it does may reach the
    /// disk: it would commit over the parent.
    process: u32,
    /// Once true, nothing passes any more: whatever an old engine still wants to write when it is dropped would hit the
    /// engine that has replaced it.
    shut: AtomicBool,
    /// Once true, nothing is written any more, but an engine that has only tripped over a damaged page may still read.
    read_only: AtomicBool,
    /// Whether the disk has failed. The engine refuses everything from then on, so it must be replaced.
    failed: AtomicBool,
    /// Whether there is a probation, told without its lock: readers must not take turns, nor wait for a sync.
    holding: AtomicBool,
    probation: Mutex<Option<Probation>>,
}

impl Port {
    /// A port that holds writes back until [`release`](Self::release).
    pub(super) fn on_probation(disk: Arc<dyn Disk>) -> io::Result<Self> {
        let probation = Probation::over(&*disk)?;
        Ok(Self::with(disk, Some(probation)))
    }

    /// A port that lets everything through at once.
    pub(super) fn direct(disk: Arc<dyn Disk>) -> Self {
        Self::with(disk, None)
    }

    fn with(disk: Arc<dyn Disk>, probation: Option<Probation>) -> Self {
        let state = State {
            process: process::id(),
            shut: AtomicBool::new(false),
            read_only: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            holding: AtomicBool::new(probation.is_some()),
            probation: Mutex::new(probation),
        };
        Self { disk, state: Arc::new(state) }
    }

    /// Carries out what was held back; from now on everything goes through at once.
    pub(super) fn release(&self) -> io::Result<()> {
        let held = self.probation().take();
        self.state.holding.store(false, Ordering::SeqCst);
        self.noting(held.map_or(Ok(()), |held| held.carry_out(&*self.disk)))
    }

    /// Lets nothing through any more.
    pub(super) fn shut(&self) {
        self.state.shut.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_shut(&self) -> bool {
        self.state.shut.load(Ordering::SeqCst)
    }

    /// Lets no writing through any more.
    pub(super) fn refuse_writes(&self) {
        self.state.read_only.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.state.read_only.load(Ordering::SeqCst)
    }

    /// Whether the disk has failed since it was opened.
    pub(super) fn has_failed(&self) -> bool {
        self.state.failed.load(Ordering::SeqCst)
    }

    fn probation(&self) -> MutexGuard<'_, Option<Probation>> {
        self.state.probation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` with the probation, if there is one.
    fn held<T>(&self, work: impl FnOnce(&mut Probation) -> T) -> Option<T> {
        if self.state.holding.load(Ordering::SeqCst) { self.probation().as_mut().map(work) } else { None }
    }

    fn pass(&self) -> io::Result<()> {
        if self.state.process != process::id() && !fault::on("child-unrefused") {
            return Err(convert::into_io(StorageErrorKind::Forked.into()));
        }
        if self.state.shut.load(Ordering::SeqCst) {
            return Err(io::Error::other("this opening of the store has ended"));
        }
        Ok(())
    }

    fn pass_for_writing(&self) -> io::Result<()> {
        self.pass()?;
        if self.is_read_only() { Err(io::Error::other("this opening of the store only reads")) } else { Ok(()) }
    }

    fn noting<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.state.failed.store(true, Ordering::SeqCst);
        }
        result
    }
}

impl redb::StorageBackend for Port {
    fn len(&self) -> io::Result<u64> {
        self.pass()?;
        let len = match self.held(|held| held.len()) {
            Some(len) => len,
            None => self.noting(self.disk.len())?,
        };
        Ok(len.saturating_sub(front::LEN))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.pass()?;
        let offset = behind_front(offset)?;
        match self.held(|held| held.read(&*self.disk, offset, out)) {
            Some(result) => self.noting(result),
            None => self.noting(self.disk.read(offset, out)),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.pass_for_writing()?;
        let len = behind_front(len)?;
        match self.held(|held| held.set_len(len)) {
            Some(()) => Ok(()),
            None => self.noting(self.disk.set_len(len)),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.pass_for_writing()?;
        if fault::on("engine-unsynced") {
            return Ok(());
        }
        match self.held(Probation::sync) {
            Some(()) => Ok(()),
            None => self.noting(self.disk.sync()),
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.pass_for_writing()?;
        let offset = behind_front(offset)?;
        match self.held(|held| held.write(offset, bytes)) {
            Some(result) => result,
            None => self.noting(self.disk.write(offset, bytes)),
        }
    }
}

fn behind_front(offset: u64) -> io::Result<u64> {
    offset.checked_add(front::LEN).ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}
