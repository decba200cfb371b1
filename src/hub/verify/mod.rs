//! Checking a whole hub: every record for itself, and what they say of each other.
//!
//! | file | what it holds |
//! |---|---|
//! | `report` | what was found |
//! | `whole` | every record, and every space |
//! | `space` | a space: its counts, its feed, its drafts |
//! | `past` | a space's audit and positions, which prove each other |
//! | `draft` | a draft: its row, its revisions, what it contains |

mod draft;
mod past;
mod report;
mod space;
mod whole;

pub use report::{Damage, Verified};
