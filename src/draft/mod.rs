//! Drafts: documents that someone is still editing.
//!
//! | file | what it holds |
//! |---|---|
//! | `space`, `drafts`, `slot`, `handle` | what a user holds: a space, a kind's drafts, a slot, one draft |
//! | `edit`, `session`, `saved` | a document in memory, what it is based on, and what became of saving it |
//! | `joining`, `conflict` | merging two documents of a kind, and what a person has to decide |
//! | `document`, `carry` | the application's types: migrations, members that a type does not know |
//! | `list`, `info` | pages of drafts, and what is known of each without its document |
//! | `earlier` | a state that is not in the history here, and bringing it back |
//! | `points` | bringing a whole space back to what it was |
//! | `erase` | erasing a draft, a slot, a space |
//! | `audit` | what a space says of what happened to its drafts |
//! | `autosave`, `live` | saving by itself, and handing what is unsaved to a phase's commit |
//! | `names` | limits of what an application names |
//!
//! Every change is carried out by [`store::change`](crate::store); nothing here writes a record.

mod audit;
pub(crate) mod autosave;
mod carry;
pub(crate) mod conflict;
pub(crate) mod document;
pub(crate) mod drafts;
pub(crate) mod earlier;
pub(crate) mod edit;
pub(crate) mod erase;
pub(crate) mod handle;
pub(crate) mod info;
pub(crate) mod joining;
pub(crate) mod list;
pub(crate) mod live;
mod names;
pub(crate) mod points;
pub(crate) mod saved;
mod session;
pub(crate) mod slot;
pub(crate) mod space;
