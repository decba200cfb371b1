//! The baselines: what an application writes that keeps its documents in redb or `SQLite` itself.

use super::Outcome;
use super::counted::Counted;
use draftkeep::storage::faults::CountingDisk;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use std::path::Path;

const DOCUMENTS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("documents");
/// Time and id of each document; what a list is read from.
const BY_TIME: TableDefinition<'static, (u64, &[u8]), ()> = TableDefinition::new("by time");

/// redb with its defaults and one handle.
pub(crate) struct Naive(Database);

impl Naive {
    pub(crate) fn create(path: &Path) -> Outcome<Self> {
        Ok(Self(Database::create(path)?))
    }

    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        Ok(Self(Database::open(path)?))
    }

    pub(crate) fn counted(disk: CountingDisk) -> Outcome<Self> {
        Ok(Self(redb::Builder::new().create_with_backend(Counted(disk))?))
    }

    /// One durable insert of the document's JSON.
    pub(crate) fn save(&self, key: &[u8], document: &impl Serialize) -> Outcome {
        let json = serde_json::to_vec(document)?;
        let transaction = self.0.begin_write()?;
        transaction.open_table(DOCUMENTS)?.insert(key, json.as_slice())?;
        Ok(transaction.commit()?)
    }

    /// As [`save`](Self::save), keeping the index by time right.
    pub(crate) fn save_listed(&self, key: &[u8], before: u64, now: u64, document: &impl Serialize) -> Outcome {
        let json = serde_json::to_vec(document)?;
        let transaction = self.0.begin_write()?;
        transaction.open_table(DOCUMENTS)?.insert(key, json.as_slice())?;
        let mut by_time = transaction.open_table(BY_TIME)?;
        by_time.remove((before, key))?;
        by_time.insert((now, key), ())?;
        drop(by_time);
        Ok(transaction.commit()?)
    }

    /// Many documents in one commit, each with the time of its place in the row.
    pub(crate) fn load(&self, from: u64, documents: &[(Vec<u8>, Vec<u8>)]) -> Outcome {
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(DOCUMENTS)?;
            let mut by_time = transaction.open_table(BY_TIME)?;
            for (time, (key, json)) in (from..).zip(documents) {
                table.insert(key.as_slice(), json.as_slice())?;
                by_time.insert((time, key.as_slice()), ())?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// The bytes of the newest documents.
    pub(crate) fn newest(&self, count: usize) -> Outcome<Vec<Vec<u8>>> {
        let transaction = self.0.begin_read()?;
        let (by_time, documents) = (transaction.open_table(BY_TIME)?, transaction.open_table(DOCUMENTS)?);
        let mut newest = Vec::with_capacity(count);
        for entry in by_time.iter()?.rev().take(count) {
            let (place, _) = entry?;
            let document = documents.get(place.value().1)?.ok_or("the index names a document that is not there")?;
            newest.push(document.value().to_vec());
        }
        Ok(newest)
    }
}

/// `SQLite` with a write-ahead log that is synced at each commit.
pub(crate) struct Sqlite(rusqlite::Connection);

impl Sqlite {
    pub(crate) fn create(path: &Path) -> Outcome<Self> {
        let connection = rusqlite::Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch("CREATE TABLE documents (id BLOB PRIMARY KEY, json BLOB NOT NULL)")?;
        Ok(Self(connection))
    }

    pub(crate) fn save(&self, key: &[u8], document: &impl Serialize) -> Outcome {
        let json = serde_json::to_vec(document)?;
        let upsert = "INSERT INTO documents VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET json = excluded.json";
        self.0.prepare_cached(upsert)?.execute((key, json))?;
        Ok(())
    }

    /// Runs the work in one transaction.
    pub(crate) fn together(&self, work: impl FnOnce() -> Outcome) -> Outcome {
        self.0.execute_batch("BEGIN IMMEDIATE")?;
        work()?;
        Ok(self.0.execute_batch("COMMIT")?)
    }
}
