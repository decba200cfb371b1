//! One opening of the engine, from the front page to its death.

use super::convert::{from_engine, from_io, guarded};
use super::port::Port;
use super::snapshot::RedbSnapshot;
use super::{Tuning, front};
use crate::fault;
use crate::storage::{Batch, Disk, StorageError, StorageErrorKind, Table};
use redb::{Builder, CompactionError, Database, ReadableDatabase, TableDefinition, TableHandle, WriteTransaction};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keys and values are bytes to the engine.
pub(super) type Bytes = &'static [u8];

/// Our own record inside the engine: a file in which it is missing is not what was created, whatever the engine says.
const SEAL: TableDefinition<'static, Bytes, Bytes> = TableDefinition::new("draftkeep");
const SEAL_KEY: &[u8] = b"seal";
const SEAL_VALUE: &[u8] = b"draftkeep storage 1";

/// Our tables while the disk is scrubbed: entries that are written anew, and what free room is filled with.
const COPYING: &str = "copying";
const FILLING: &str = "filling";

/// A value that fills a page of the engine's alone.
const FILLER: usize = 4_000;

/// How a commit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// One phase, one sync: after a power cut a checksum tells whether the commit is whole.
    OneSync,
    /// Two phases, and the allocator's state with it: no checksum is relied on, and an opening after it repairs nothing.
    TwoSyncs,
}

/// The engine while it is open.
#[derive(Debug)]
pub(super) struct Engine {
    /// `None` only while it is dropped.
    database: Option<Database>,
    port: Port,
    process: u32,
    /// Whether the opening had to repair, and another one would have to do it again.
    repaired: Arc<AtomicBool>,
}

impl Engine {
    /// Makes a store on an empty disk; durable when it returns.
    pub(super) fn create(disk: &Arc<dyn Disk>, tuning: Tuning) -> Result<Self, StorageError> {
        if disk.len().map_err(from_io)? > 0 {
            return Err(StorageErrorKind::Exists.into());
        }
        let engine = Self::start(Port::direct(disk.clone()), tuning)?;
        guarded(|| {
            let transaction = engine.begin(Care::TwoSyncs)?;
            transaction.open_table(SEAL).map_err(from_engine)?.insert(SEAL_KEY, SEAL_VALUE).map_err(from_engine)?;
            transaction.commit().map_err(from_engine)
        })?;
        // Last of all: what bears our mark is whole.
        front::write(&**disk)?;
        disk.sync().map_err(from_io)?;
        Ok(engine)
    }

    /// Opens a store, repairing what a crash left. Writes nothing unless it succeeds; calls `before_writing` first then,
    /// to end whatever else uses the disk.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        tuning: Tuning,
        before_writing: impl FnOnce(),
    ) -> Result<Self, StorageError> {
        if !fault::on("first-page-unchecked") {
            front::recognise(&**disk)?;
        }
        if disk.len().map_err(from_io)? == front::LEN {
            // The engine would take it for a new one and begin afresh.
            return Err(
                StorageErrorKind::Corrupt { what: "everything behind the first page is gone".to_owned() }.into()
            );
        }
        let engine = Self::start(Port::on_probation(disk.clone()).map_err(from_io)?, tuning)?;
        engine.check_seal()?;
        before_writing();
        // Half of a repair on the disk is what a power cut leaves, too; but the engine must not go on from there.
        engine.port.release().inspect_err(|_| engine.end()).map_err(from_io)?;
        Ok(engine)
    }

    fn start(port: Port, tuning: Tuning) -> Result<Self, StorageError> {
        let repaired = Arc::new(AtomicBool::new(false));
        let noted = repaired.clone();
        let opened = guarded(|| {
            let mut builder = Builder::new();
            builder.set_repair_callback(move |_| noted.store(true, Ordering::SeqCst));
            builder.set_cache_size(tuning.cache_bytes());
            builder.create_with_backend(port.clone()).map_err(from_engine)
        });
        match opened {
            Ok(database) => Ok(Self { database: Some(database), port, process: process::id(), repaired }),
            Err(error) => {
                port.shut();
                Err(error)
            }
        }
    }

    fn check_seal(&self) -> Result<(), StorageError> {
        let sealed = guarded(|| {
            let table = self.database()?.begin_read().map_err(from_engine)?.open_table(SEAL).map_err(from_engine)?;
            let value = redb::ReadableTable::get(&table, SEAL_KEY).map_err(from_engine)?;
            Ok(value.is_some_and(|value| value.value() == SEAL_VALUE))
        });
        let result = match sealed {
            Ok(true) => return Ok(()),
            Ok(false) => Err(StorageErrorKind::Corrupt { what: "the store's own record".to_owned() }.into()),
            Err(error) => Err(error),
        };
        self.end();
        result
    }

    /// Whether it still works, as far as is known.
    pub(super) fn is_alive(&self) -> bool {
        self.is_readable() && !self.port.is_read_only()
    }

    /// Whether an opening after a kill would have to repair, nothing having been committed since this one.
    pub(super) fn begins_unsettled(&self) -> bool {
        self.repaired.load(Ordering::SeqCst)
    }

    /// Whether it can at least read: it has tripped over a damaged page, but the disk itself works.
    pub(super) fn is_readable(&self) -> bool {
        !self.port.is_shut() && !self.port.has_failed()
    }

    /// Lets it write no more.
    pub(super) fn condemn(&self) {
        self.port.refuse_writes();
    }

    /// Ends its access to the disk, for ever.
    pub(super) fn end(&self) {
        self.port.shut();
    }

    pub(super) fn snapshot(&self) -> Result<RedbSnapshot, StorageError> {
        guarded(|| Ok(RedbSnapshot::new(self.database()?.begin_read().map_err(from_engine)?)))
            .inspect_err(|_| self.condemn())
    }

    /// Commits, or dies trying: after an error the engine could not go on anyway.
    pub(super) fn commit(&self, batch: &Batch, care: Care) -> Result<(), StorageError> {
        guarded(|| {
            let mut transaction = self.begin(care)?;
            if fault::on("engine-keeps-in-memory") {
                transaction.set_durability(redb::Durability::None).map_err(from_engine)?;
            }
            apply(&transaction, batch)?;
            transaction.commit().map_err(from_engine)
        })
        .inspect_err(|_| self.condemn())
    }

    /// Commits nothing, carefully: both of the engine's commit slots then hold the same content, and an opening has
    /// nothing to repair.
    pub(super) fn settle(&self) -> Result<(), StorageError> {
        guarded(|| self.begin(Care::TwoSyncs)?.commit().map_err(from_engine)).inspect_err(|_| self.condemn())
    }

    /// Moves pages to the front and gives the rest back. Does nothing while someone reads, and says so with `false`.
    pub(super) fn compact(&mut self) -> Result<bool, StorageError> {
        let database = self.database.as_mut().ok_or(StorageErrorKind::Io)?;
        let result = guarded(|| match database.compact() {
            Ok(_) => Ok(true),
            Err(CompactionError::TransactionInProgress) => Ok(false),
            Err(error) => Err(from_engine(error)),
        });
        result.inspect_err(|_| self.condemn())
    }

    /// Writes all entries once more, into pages that begin as zeros, in one commit.
    pub(super) fn rewrite(&self) -> Result<(), StorageError> {
        guarded(|| {
            let transaction = self.begin(Care::TwoSyncs)?;
            let names: Vec<String> =
                transaction.list_tables().map_err(from_engine)?.map(|table| table.name().to_owned()).collect();
            for name in names.iter().filter(|name| *name != FILLING) {
                copy(&transaction, name)?;
                transaction.delete_table(definition(name)).map_err(from_engine)?;
                transaction.rename_table(definition(COPYING), definition(name)).map_err(from_engine)?;
            }
            transaction.commit().map_err(from_engine)
        })
        .inspect_err(|_| self.condemn())
    }

    /// Takes so many pages of free room, and fills them with zeros. [`clear`](Self::clear) gives them back.
    pub(super) fn fill(&self, round: u64, pages: u64) -> Result<(), StorageError> {
        guarded(|| {
            let transaction = self.begin(Care::TwoSyncs)?;
            let mut table = transaction.open_table(definition(FILLING)).map_err(from_engine)?;
            for page in 0..pages {
                let key = [round.to_be_bytes(), page.to_be_bytes()].concat();
                table.insert(&key[..], &[0; FILLER][..]).map_err(from_engine)?;
            }
            drop(table);
            transaction.commit().map_err(from_engine)
        })
        .inspect_err(|_| self.condemn())
    }

    /// Removes what was filled in, now or by a scrubbing that a crash ended.
    pub(super) fn clear(&self) -> Result<(), StorageError> {
        guarded(|| {
            let transaction = self.begin(Care::TwoSyncs)?;
            if transaction.delete_table(definition(FILLING)).map_err(from_engine)? {
                transaction.commit().map_err(from_engine)
            } else {
                transaction.abort().map_err(from_engine)
            }
        })
        .inspect_err(|_| self.condemn())
    }

    /// Counts the bytes in use, reading everything and keeping commits waiting.
    pub(super) fn used(&self) -> Result<u64, StorageError> {
        guarded(|| {
            let transaction = self.database()?.begin_write().map_err(from_engine)?;
            let stats = transaction.stats().map_err(from_engine)?;
            transaction.abort().map_err(from_engine)?;
            let page = u64::try_from(stats.page_size()).unwrap_or(u64::MAX);
            Ok(stats.allocated_pages().saturating_mul(page).saturating_add(front::LEN))
        })
        .inspect_err(|_| self.condemn())
    }

    fn begin(&self, care: Care) -> Result<WriteTransaction, StorageError> {
        let mut transaction = self.database()?.begin_write().map_err(from_engine)?;
        if care == Care::TwoSyncs {
            transaction.set_two_phase_commit(true);
            transaction.set_quick_repair(true);
        }
        Ok(transaction)
    }

    fn database(&self) -> Result<&Database, StorageError> {
        self.database.as_ref().ok_or_else(|| StorageErrorKind::Io.into())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(database) = self.database.take() else {
            return;
        };
        if self.process == process::id() {
            // The engine writes a last commit here. Whatever goes wrong, the next opening repairs.
            let _ = guarded(|| {
                drop(database);
                Ok(())
            });
        } else {
            // In a forked child another thread of the parent may have held one of the engine's locks for ever.
            std::mem::forget(database);
        }
    }
}

fn apply(transaction: &WriteTransaction, batch: &Batch) -> Result<(), StorageError> {
    let mut changes = batch.changes().peekable();
    while let Some((number, ..)) = changes.peek() {
        let number = *number;
        let name = table_name(number);
        let mut table = transaction.open_table(definition(&name)).map_err(from_engine)?;
        while let Some((_, key, value)) = changes.next_if(|(next, ..)| *next == number) {
            match value {
                Some(value) => drop(table.insert(key, value).map_err(from_engine)?),
                None => drop(table.remove(key).map_err(from_engine)?),
            }
        }
    }
    Ok(())
}

fn copy(transaction: &WriteTransaction, name: &str) -> Result<(), StorageError> {
    let from = transaction.open_table(definition(name)).map_err(from_engine)?;
    let mut to = transaction.open_table(definition(COPYING)).map_err(from_engine)?;
    for entry in redb::ReadableTable::iter(&from).map_err(from_engine)? {
        let (key, value) = entry.map_err(from_engine)?;
        to.insert(key.value(), value.value()).map_err(from_engine)?;
    }
    Ok(())
}

/// The engine's name of a table.
pub(super) fn table_name(table: Table) -> String {
    format!("{:03}", table.number())
}

pub(super) const fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}
