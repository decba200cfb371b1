//! Keeping a space in step with its hub.
//!
//! | file | what it holds |
//! |---|---|
//! | `syncer` | what a user holds: one cycle, or a loop of them |
//! | `cycle` | one cycle: greet, pull, take in, push |
//! | `talk` | one request and its answer, and what each answer means |
//! | `pull`, `take`, `push` | the three parts of a cycle |
//! | `owed`, `unfinished` | what is owed, gathered into batches; what is not valid yet stays here |
//! | `integrate` | what becomes of a draft when the hub said something of it: pure, over ids |
//! | `keyless` | what waited for its key while its hub went is taken in once the key is there |
//! | `erasing` | what is erased here is told the hub, and what it says was erased elsewhere is judged |
//! | `backoff` | when to try again: pure |
//! | `blank`, `parking` | a document in which nothing stands; why a draft is not pushed |
//! | `document`, `earlier` | what a revision says that a hub gives, as it is and held against its id |
//! | `blocked` | what another device wrote is not taken in, or taken in all the same |
//! | `reseal` | what lies on the hub under another key is pushed once more |
//! | `parked` | what the hub refuses is taken out, and given up |
//! | `error`, `status`, `standing` | what a user is told |
//!
//! Nothing here knows a socket, and nothing but `store` and `draft` below knows a document.

mod backoff;
mod blank;
mod blocked;
mod cycle;
mod document;
mod earlier;
mod erasing;
mod error;
mod integrate;
mod keyless;
mod owed;
mod parked;
mod parking;
mod pull;
mod push;
mod reseal;
mod standing;
mod status;
mod syncer;
mod take;
mod talk;
mod unfinished;

pub use blocked::BlockedBy;
pub use document::document_of;
pub use earlier::earlier_of;
pub use error::{SyncError, SyncErrorKind};
pub use parked::{Dropped, ParkedText, ParkedWork};
pub use standing::Synced;
pub use status::{Blocked, Link, Parked, Status};
pub use syncer::Syncer;

pub use crate::tally::Report;
