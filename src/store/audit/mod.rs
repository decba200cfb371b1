//! The audit: what happened to a space's drafts, entry by entry, each chained to the one before.
//!
//! | file | what it holds |
//! |---|---|
//! | `action`, `codes` | what can have happened, and its numbers |
//! | `entry` | an entry: its bytes, and its hash over the one before |
//! | `state` | how far the audit goes, and from where it is kept |
//! | `record` | writing an entry into the commit of what it tells of |
//! | `saves` | one hash over all versions of a draft, so that plain saves need no entry |
//! | `query` | reading entries, by draft and by time |
//! | `trim` | how many entries are kept |
//! | `verify` | finding the first entry that is not what was written |
//! | `histories` | holding what entries say of saves against the histories |

pub(crate) mod action;
mod codes;
pub(crate) mod entry;
pub(crate) mod histories;
pub(crate) mod query;
pub(crate) mod record;
pub(crate) mod saves;
pub(crate) mod state;
pub(crate) mod trim;
pub(crate) mod verify;

pub use action::{AuditAction, Guard};
pub use entry::AuditEntry;
pub use query::{AuditPage, AuditQuery};
pub use saves::AuditedSaves;
pub use state::{AuditHead, ParseAuditHeadError};
pub use trim::AuditRetention;
pub use verify::{AuditFault, AuditFinding, AuditVerified};
