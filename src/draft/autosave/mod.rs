//! Autosaving: a changed document is saved by itself, and a person is told whether it is safe.
//!
//! [`Pacer`](pacer::Pacer) decides when, and does nothing; [`Core`](core::Core) holds the newest document and carries a
//! save out, in whatever thread asks for it, one at a time; [`Driver`](driver::Driver) is the background task that asks
//! when it is time. Nothing depends on that task for safety: flushing, closing and dropping save in the calling thread,
//! and so do reports of changes while the task is not served.
//!
//! Invariant: no code of the application (its document's `Clone`, `Serialize` or `Drop`, a waker, the target) runs
//! while the lock of the core is held.

mod backoff;
mod cadence;
mod core;
mod driver;
mod handle;
mod job;
mod pacer;
mod pause;
mod pending;
mod status;
mod target;
#[cfg(test)]
mod tests;

pub use cadence::{Cadence, CadenceError};
pub use handle::{Autosave, Unsaved};
pub use pause::PauseGuard;
pub use status::AutosaveStatus;
pub use target::{AutosaveError, SavedAs};

#[allow(unused_imports, reason = "the draft API starts it, is its target, and claims what is pending")]
pub(crate) use {
    handle::Surroundings,
    pending::{Claim, PendingDocument},
    target::{SaveReason, SaveRequest, SaveTarget, TargetError},
};
