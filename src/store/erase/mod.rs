//! Erasing: everything that a draft is goes, and a marker stays that keeps it from coming back.
//!
//! | file | what it holds |
//! |---|---|
//! | `marker` | what stays of an erased draft, and what it proves |
//! | `draft` | a draft with all that belongs to it, in one commit |
//! | `slot` | its slot, whose name goes with the last of its drafts |
//! | `known` | every draft that a space knows anything of |
//! | `hub` | what the outbox owes of erasures, and what a hub has of erased drafts |
//! | `told` | what a hub says of drafts that are erased, and what becomes of it here |
//! | `mending` | what `verify` and `repair` do about erased drafts |

pub(crate) mod draft;
pub(crate) mod hub;
pub(crate) mod known;
pub(crate) mod marker;
pub(crate) mod mending;
mod slot;
pub(crate) mod told;
