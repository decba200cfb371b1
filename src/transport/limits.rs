//! How much one message may hold. A hub and a device refuse what is beyond, before they make room for it.

/// The longest name of a space, in bytes.
pub const SPACE_MAX: usize = 200;

/// The longest name of a device, in bytes.
pub const DEVICE_MAX: usize = 256;

/// The longest header of a revision, in bytes.
pub const HEADER_MAX: usize = 1 << 20;

/// The longest body of a revision, in bytes: a document with its names. Where a body builds on others, all of them together are
/// not longer, so that the largest revision always fits into a message with what it takes to read it.
pub const BODY_MAX: usize = (16 << 20) + (64 << 10);

/// The most bodies that one body builds on: seven deltas, each of the one before it, upon one that is whole. The body itself is the
/// eighth delta then.
pub const CHAIN_MAX: usize = crate::revision::CHAIN_MAX;

/// The most revisions in one push request.
pub const PUSHES_MAX: usize = 256;

/// The most rows in one page.
pub const PAGE_MAX: usize = 1_000;

/// The most ids that one request asks about.
pub const IDS_MAX: usize = 4_096;

/// The most ids that one revision says it contains at once. A device whose revision contains more has to push in between.
pub const CONTAINS_MAX: usize = 65_536;

/// The most forks that one draft may have on a hub.
pub const FORKS_MAX: usize = 64;

/// The longest message, in bytes; the largest revision alone fits.
pub const MESSAGE_MAX: usize = 24 << 20;

/// The longest reason that a hub gives, in bytes.
pub const REASON_MAX: usize = 4_096;
