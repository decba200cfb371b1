//! How much one pack holds. What a builder stops at, a reader accepts with the last entry on top.

/// The most versions of one pack.
pub(crate) const VERSIONS_MAX: usize = 4096;
/// A builder is full when its scripts (numbers and inserted text) reach this: 16 MiB.
pub(crate) const SCRIPTS_FULL: usize = 16 << 20;
/// A builder is full when what is beside the bodies reaches this: 4 MiB.
pub(crate) const BESIDE_FULL: usize = 4 << 20;
/// The most bytes beside one body: head, meta and local together, 1 MiB.
pub(crate) const BESIDE_MAX: usize = 1 << 20;
/// A builder is full when a walk through all versions moves this many bytes: 1 GiB, some 0.1 s.
pub(crate) const TRAVEL_FULL: usize = 1 << 30;
