//! The store: from documents to records and back.
//!
//! | file | what it holds |
//! |---|---|
//! | `handle`, `space`, `options` | what a user opens, and how |
//! | `keys` | what follows from a space's secret |
//! | `tables`, `rows` | what is stored: keys and values |
//! | `engine`, `write` | one queue of writes that share commits |
//! | `change`, `stale`, `settle`, `branch`, `append` | every change of a draft, within one commit |
//! | `heads`, `versions`, `cache` | a draft's document: its head along two paths, its versions |
//! | `pins`, `sides` | versions that have to stay: pinned ones, and the sides of an open conflict |
//! | `history` | the codec of documents and their changes: pure, from bytes to bytes |
//! | `sealing` | records that are sealed: the keys of a space, and who asks the key ring |
//! | `remote` | what a space has to do with its hub: the outbox, the hub's rows, what contains what |
//! | `lists`, `slots` | how drafts are found |
//! | `live` | the autosaves at work on a draft, for commits that take in what they hold |
//! | `points` | what a whole space was at a moment |
//! | `erase` | what its owner erases goes with all that belongs to it, and does not come back |
//! | `audit` | what happened to a space's drafts, entry by entry, in a chain |
//! | `retention`, `sweep`, `tend`, `verify` | what is dropped, tidied and checked |
//! | `shown` | what a version keeps, told to the canary of a build for seeded faults |
//! | `identity` | noticing that a store was copied or restored |
//!
//! Nothing here knows a type of the application, and nothing names the engine below [`Storage`](crate::storage).

pub(crate) mod append;
pub(crate) mod audit;
pub(crate) mod branch;
pub(crate) mod cache;
pub(crate) mod change;
pub(crate) mod engine;
pub(crate) mod erase;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(crate) mod handle;
pub(crate) mod heads;
pub(crate) mod history;
#[cfg(feature = "redb")]
mod identity;
pub(crate) mod keys;
pub(crate) mod lists;
pub(crate) mod live;
pub(crate) mod options;
pub(crate) mod pins;
pub(crate) mod points;
pub(crate) mod remote;
pub(crate) mod retention;
pub(crate) mod rows;
pub(crate) mod sealing;
pub(crate) mod settle;
pub(crate) mod shown;
pub(crate) mod sides;
pub(crate) mod slots;
pub(crate) mod space;
pub(crate) mod stale;
pub(crate) mod sweep;
pub(crate) mod tables;
mod tend;
mod verify;
pub(crate) mod versions;
pub(crate) mod write;

#[cfg(feature = "redb")]
pub use crate::records::backup::Backup;
pub(crate) use crate::records::{pieces, queue, record, txn, view};
pub use audit::{
    AuditAction, AuditEntry, AuditFault, AuditFinding, AuditHead, AuditPage, AuditQuery, AuditRetention, AuditVerified,
    AuditedSaves, Guard, ParseAuditHeadError,
};
pub use handle::{Compacted, Store};
pub use options::Options;
pub use points::{PointCause, RestorePoint};
pub use retention::{Keep, Retention};
pub use space::{Space, Swept};
pub use verify::{Damage, Verified};
