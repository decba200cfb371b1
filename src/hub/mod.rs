//! A hub: where devices meet. It keeps, for each draft, one accepted line and the copies that are in conflict with it, and
//! knows nothing of documents.
//!
//! A [`Hub`] runs on any [`Storage`](crate::storage::Storage) and is a [`Transport`](crate::transport::Transport) itself: within one
//! process nothing else is needed, and a server puts whatever network it likes in front. What devices and hubs say to each other
//! is told in [`docs::protocol`](crate::docs::protocol).
//!
//! | file | what it holds |
//! |---|---|
//! | `handle`, `options` | what a user opens, and how |
//! | `rules` | the one rule, pure: row and push in, decision out |
//! | `engine` | one queue of pushes that share commits, and reading |
//! | `check` | requests beyond the limits |
//! | `push`, `feed`, `bodies`, `audit` | carrying out a push; each knows its tables |
//! | `erase` | of a draft nothing stays but the marker |
//! | `looking` | finding spaces, drafts and positions |
//! | `status`, `kept` | what an operator sees: spaces and their audit, earlier mains |
//! | `file`, `verify`, `repair` | a hub in a file, its backup and its room; checking all of it; counting anew |
//! | `chains` | which bodies may be deltas of others |
//! | `room` | how much room a space may take |
//! | `validating` | asking the application's validator, before a push has its turn |
//! | `waiting` | who waits for news |
//! | `tables`, `rows`, `body_row` | what is stored: keys and values |

mod audit;
mod bodies;
mod body_row;
mod chains;
mod check;
mod engine;
mod erase;
mod feed;
mod file;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod handle;
mod kept;
mod looking;
mod options;
mod push;
mod repair;
mod room;
mod rows;
mod rules;
mod status;
mod tables;
mod validating;
mod verify;
mod waiting;

pub use audit::{AuditAction, AuditEntry, AuditOutcome};
pub use handle::Hub;
pub use kept::{DraftThen, KeptMain, MainThen, Moment};
pub use options::HubOptions;
pub use rules::{Decision, Held, decide};
pub use status::SpaceStatus;
pub use verify::{Damage, Verified};

pub use crate::invalid::{Flaw, Invalid};
pub use crate::validate::{Candidate, Validate};
