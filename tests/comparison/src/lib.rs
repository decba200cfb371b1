//! Goal: the page that compares merging with git, CouchDB, Automerge and JSON Merge Patch says what they do.
//! Method: the same ten edits through each of them, and the page held against what came out.
//!
//! Run it by itself: `cargo test -p draftkeep-comparison`. With `DRAFTKEEP_GOLDEN=write` the page's tables are written anew.
//!
//! | file | what it holds |
//! |---|---|
//! | `cases` | the ten: base, both sides, and what tells that a side's change is there |
//! | `outcome` | what a system made of a case, and the verdict that follows from it |
//! | `ours`, `git`, `couchdb`, `crdt`, `merge_patch` | the systems |
//! | `page` | the tables |
//! | `claims` | what the page says beside its tables |

#[cfg(test)]
mod cases;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod couchdb;
#[cfg(test)]
mod crdt;
#[cfg(test)]
mod git;
#[cfg(test)]
mod merge_patch;
#[cfg(test)]
mod ours;
#[cfg(test)]
mod outcome;
#[cfg(test)]
mod page;
