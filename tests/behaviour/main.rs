//! What a user does with drafts, through the public API alone; one file per subject.

mod audit;
mod autosaving;
mod conflicts;
mod erasing;
mod expecting;
#[cfg(feature = "redb")]
mod files;
mod lists;
mod phases;
mod points;
mod retention;
mod slots;
mod stale;
mod together;
mod validating;
mod world;
