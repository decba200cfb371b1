//! Properties of snapshots and threads.

use super::kit::{Failure, Property, Subject, TABLE, everything, expect};
use crate::storage::{Batch, Order, Origin, Storage, StorageError, Table};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

pub(super) const PROPERTIES: &[Property] = &[
    ("a snapshot shows nothing committed after it", isolated),
    ("a snapshot survives many later commits", survives),
    ("a new snapshot shows every commit before it", current),
    ("a snapshot can move to another thread", moves),
    ("no snapshot shows half a batch", whole),
    ("commits of several threads all take effect", concurrent),
];

fn isolated(subject: &mut Subject) -> Result<(), Failure> {
    subject.put_all(TABLE, [&b"changed"[..], b"deleted"])?;
    let snapshot = subject.snapshot()?;
    let mut batch = Batch::new(Origin::Local);
    batch.put(TABLE, b"changed", b"new");
    batch.delete(TABLE, b"deleted");
    batch.put(TABLE, b"added", b"new");
    batch.put(Table::new(8), b"a table that was not there", b"new");
    subject.storage()?.commit(&batch)?;
    expect("a changed key", &snapshot.get(TABLE, b"changed")?.as_deref(), &Some(&b"value of changed"[..]))?;
    expect("a deleted key", &snapshot.get(TABLE, b"deleted")?.as_deref(), &Some(&b"value of deleted"[..]))?;
    expect("an added key", &snapshot.get(TABLE, b"added")?, &None)?;
    expect("a scan", &snapshot.scan(TABLE, everything(Order::Ascending))?.len(), &2)?;
    expect("a new table", &snapshot.scan(Table::new(8), everything(Order::Ascending))?, &Vec::new())
}

fn survives(subject: &mut Subject) -> Result<(), Failure> {
    let keys: Vec<[u8; 2]> = (0..200_u16).map(u16::to_be_bytes).collect();
    subject.put_all(TABLE, keys.iter().map(|key| &key[..]))?;
    let before = subject.all(TABLE)?;
    let snapshot = subject.snapshot()?;
    for round in 0..30_u8 {
        let mut batch = Batch::new(Origin::Local);
        for key in &keys {
            batch.put(TABLE, key, vec![round; 100]);
        }
        subject.storage()?.commit(&batch)?;
    }
    expect("all", &snapshot.scan(TABLE, everything(Order::Ascending))?, &before)
}

fn current(subject: &mut Subject) -> Result<(), Failure> {
    let older = subject.snapshot()?;
    for round in 0..20_u8 {
        subject.put(TABLE, b"key", &[round])?;
        expect("the value", &subject.get(TABLE, b"key")?, &Some(vec![round]))?;
    }
    expect("the value before", &older.get(TABLE, b"key")?, &None)
}

fn moves(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"key", b"value")?;
    let snapshot = subject.snapshot()?;
    let value = thread::scope(|scope| scope.spawn(move || snapshot.get(TABLE, b"key")).join());
    let value = value.map_err(|_| Failure::Broken("the other thread panicked".to_owned()))??;
    expect("the value", &value.as_deref(), &Some(&b"value"[..]))
}

fn whole(subject: &mut Subject) -> Result<(), Failure> {
    let storage = subject.storage()?;
    let done = AtomicBool::new(false);
    let places = [(Table::new(1), &b"a"[..]), (Table::new(1), b"z"), (Table::new(200), b"a")];
    let torn = thread::scope(|scope| {
        let reader = scope.spawn(|| -> Result<bool, StorageError> {
            while !done.load(Ordering::SeqCst) {
                let snapshot = storage.snapshot()?;
                let values =
                    places.iter().map(|(table, key)| snapshot.get(*table, key)).collect::<Result<Vec<_>, _>>()?;
                if values.iter().any(|value| *value != values[0]) {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        let written = (0..60_u8).try_for_each(|round| {
            let mut batch = Batch::new(Origin::Local);
            for (table, key) in places {
                batch.put(table, key, [round]);
            }
            storage.commit(&batch)
        });
        done.store(true, Ordering::SeqCst);
        written.and(reader.join().unwrap_or(Ok(true)))
    })?;
    expect("whether a part was seen", &torn, &false)
}

fn concurrent(subject: &mut Subject) -> Result<(), Failure> {
    const THREADS: u8 = 4;
    const COMMITS: u8 = 25;
    let storage = subject.storage()?;
    let work = |thread: u8| {
        (0..COMMITS).try_for_each(|round| {
            let mut batch = Batch::new(Origin::Local);
            batch.put(TABLE, [thread, round], [round]);
            batch.put(TABLE, [0xff, thread], [round]);
            Storage::commit(storage, &batch)
        })
    };
    thread::scope(|scope| -> Result<(), Failure> {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        for thread in threads {
            thread.join().map_err(|_| Failure::Broken("a thread panicked".to_owned()))??;
        }
        Ok(())
    })?;
    let expected = usize::from(THREADS) * usize::from(COMMITS) + usize::from(THREADS);
    expect("how many keys are there", &subject.all(TABLE)?.len(), &expected)?;
    for thread in 0..THREADS {
        expect("a thread's last word", &subject.get(TABLE, &[0xff, thread])?, &Some(vec![COMMITS - 1]))?;
    }
    Ok(())
}
