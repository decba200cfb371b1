//! Records: hashed one by one, read from snapshots, and written in transactions that share a commit.
//!
//! | file | what it holds |
//! |---|---|
//! | `record` | the hash that every stored record carries |
//! | `coat` | what may lie between payload and hash: a seal |
//! | `view` | reading: each record's hash is checked here |
//! | `txn` | the changes of one commit, call by call |
//! | `queue` | group commit: the first caller leads, the others wait |
//! | `pieces` | bytes larger than one record |
//! | `checking` | reading below the hashes, to find damage |
//! | `backup` | a copy of everything in a file |
//! | `numbered` | records whose numbers have no gaps |
//!
//! What lies between a [`Storage`](crate::storage) and those that keep something in it, a store or a hub. Nothing here knows
//! what a record says.

#[cfg(feature = "redb")]
pub(crate) mod backup;
pub(crate) mod checking;
pub(crate) mod coat;
pub(crate) mod numbered;
pub(crate) mod pieces;
pub(crate) mod queue;
pub(crate) mod record;
pub(crate) mod txn;
pub(crate) mod view;
