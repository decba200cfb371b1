//! What the tests of crashes, kills and failing disks share. Nothing here uses the library's own logic to judge it.
//!
//! | file | what it holds |
//! |---|---|
//! | `dice` | numbers and texts from seeds, and how hard to search |
//! | `deed` | one call that changes a store, as a value |
//! | `desk` | a store that is open, and doing deeds at it |
//! | `model` | what a store has to hold after some deeds, kept in plain maps |
//! | `scene` | short stories of deeds that reach every such call |
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::similar_names, reason = "a desk stands on a disk")]

pub mod deed;
pub mod desk;
pub mod dice;
pub mod model;
pub mod scene;
