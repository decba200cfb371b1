//! What a space has to do with its hub: what is owed to it, what it said, and which revisions contain which.
//!
//! | file | what it holds |
//! |---|---|
//! | `rows` | the values of the tables |
//! | `link` | which hub it is, how far it was pulled, and when it is tried again |
//! | `outbox` | the drafts that the hub does not have yet as they are here |
//! | `contains` | what a draft's head and the sides of its conflict contain: ids, which prove |
//! | `arrivals` | pages of the hub's rows, stored as they came |
//! | `keyless` | revisions whose key is not here, kept as they came |
//! | `outgoing` | what of a draft has to be pushed, and what an answer to it ends |
//! | `body` | a revision's body as it travels: compressed, or a delta of another one's |
//! | `sealed`, `reseal` | bodies that travel sealed; those under another key are pushed once more |
//! | `parked` | what the hub refuses is given up, and what it has takes its place |
//! | `receive` | a revision of another device becomes a version here |
//! | `integrate` | what was decided on a row is carried out, in one commit |
//! | `joining` | a head and the hub's main become one, or stand against each other |
//! | `moving` | a draft begun here becomes another generation of its slot |
//!
//! Nothing here knows a transport: rows and revisions come in as plain values.

pub(crate) mod arrivals;
pub(crate) mod body;
pub(crate) mod contains;
pub(crate) mod integrate;
mod joining;
pub(crate) mod keyless;
pub(crate) mod link;
mod moving;
pub(crate) mod outbox;
pub(crate) mod outgoing;
pub(crate) mod parked;
pub(crate) mod receive;
pub(crate) mod reseal;
pub(crate) mod rows;
pub(crate) mod sealed;
