//! What may lie between a record's payload and its hash: a seal.

use crate::error::Failure;
use crate::storage::Table;
use std::fmt;
use std::sync::Arc;

/// Seals payloads on their way to the storage, and opens them on their way back. The hash lies around the seal: whether a record is
/// damaged can be told without its key.
pub(crate) trait Coat: Send + Sync + fmt::Debug {
    /// The payload as it is stored.
    fn seal(&self, table: Table, key: &[u8], payload: Vec<u8>) -> Result<Vec<u8>, Failure>;

    /// The payload of what [`seal`](Self::seal) made for this table and key.
    fn open(&self, table: Table, key: &[u8], stored: Vec<u8>) -> Result<Vec<u8>, Failure>;
}

/// A coat, or none: then payloads are stored as they are.
pub(crate) type Coated = Option<Arc<dyn Coat>>;

/// The most bytes that a coat adds. Room for it is left where there is none, too: what lies open can be sealed later, record by record.
pub(crate) const COAT_MAX: usize = 42;
