//! A store in a forked child: refused at once, and the parent's store is none the worse.
#![cfg(unix)]

use draftkeep::storage::{
    Batch, Disk, Maintenance, MemoryDisk, Origin, RedbStorage, Storage, StorageError, StorageErrorKind, StoreFile,
    Table,
};
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

const TABLE: Table = Table::new(1);

fn batch(key: &[u8]) -> Batch {
    let mut batch = Batch::new(Origin::Local);
    batch.put(TABLE, key, b"value");
    batch
}

/// Runs `work` in a forked child and returns the code with which it exits: 0 for true. A child that hangs is killed.
fn in_child(work: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child calls what is under test, which is what a program that forks by mistake does, and leaves by
    // `_exit` without unwinding into the test harness.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "fork failed");
        if child == 0 {
            libc::alarm(20);
            let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            libc::_exit(i32::from(!matches!(good, Ok(true))));
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        assert!(libc::WIFEXITED(status), "the child hung or crashed");
        libc::WEXITSTATUS(status)
    }
}

/// One test at a time: a child of another one inherits this one's files, and holds their locks for as long as it lives.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused<T>(result: Result<T, StorageError>) -> bool {
    result.is_err_and(|error| *error.kind() == StorageErrorKind::Forked)
}

#[test]
fn a_child_is_refused_and_the_parent_loses_nothing() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let file = StoreFile::at(folder.path().join("a.redb"));
    let (storage, _) = file.create().unwrap();
    storage.commit(&batch(b"before")).unwrap();
    let snapshot = storage.snapshot().unwrap();
    // Owned by what the child runs, so that it can drop its copies; in the parent they stay.
    let mut owned = Some((storage, snapshot));
    let code = in_child(|| {
        let (storage, snapshot) = owned.take().unwrap();
        let all = refused(storage.commit(&batch(b"child")))
            && refused(storage.snapshot())
            && refused(storage.maintain(Maintenance::Settle))
            && refused(storage.maintain(Maintenance::Compact))
            && refused(storage.footprint())
            && refused(snapshot.get(TABLE, b"before"));
        drop(snapshot);
        drop(storage);
        all
    });
    assert_eq!(code, 0);
    let (storage, snapshot) = owned.unwrap();
    assert!(snapshot.get(TABLE, b"before").unwrap().is_some());
    drop(snapshot);
    // The child's end has not given the lock back.
    assert_eq!(file.open().unwrap_err().kind(), &StorageErrorKind::InUse);
    storage.commit(&batch(b"after")).unwrap();
    drop(storage);
    let (storage, _) = file.open().unwrap();
    let snapshot = storage.snapshot().unwrap();
    let there = [&b"before"[..], b"after", b"child"].map(|key| snapshot.get(TABLE, key).unwrap().is_some());
    assert_eq!(there, [true, true, false]);
}

/// A disk whose syncs wait to be let go.
#[derive(Debug)]
struct Slow {
    disk: MemoryDisk,
    gate: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl Disk for Slow {
    fn len(&self) -> io::Result<u64> {
        self.disk.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(offset, out)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.write(offset, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        let gate = self.gate.lock().unwrap().take();
        if let Some((arrived, go)) = gate {
            arrived.send(()).unwrap();
            go.recv().unwrap();
        }
        Ok(())
    }
}

#[test]
fn a_child_forked_in_the_middle_of_a_commit_is_refused_without_waiting() {
    let _alone = alone();
    let disk = Arc::new(Slow { disk: MemoryDisk::new(), gate: Mutex::new(None) });
    let storage = Arc::new(RedbStorage::create(disk.clone()).unwrap());
    let (arrived, arrival) = channel();
    let (go, gone) = channel();
    *disk.gate.lock().unwrap() = Some((arrived, gone));
    let committing = thread::spawn({
        let storage = storage.clone();
        move || storage.commit(&batch(b"parent")).is_ok()
    });
    arrival.recv().unwrap();
    let code = in_child(|| {
        refused(storage.commit(&batch(b"child"))) && refused(storage.snapshot()) && refused(storage.footprint())
    });
    go.send(()).unwrap();
    assert!(committing.join().unwrap());
    assert_eq!(code, 0);
    assert!(storage.snapshot().unwrap().get(TABLE, b"parent").unwrap().is_some());
}
