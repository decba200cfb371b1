//! Seeded faults: named ways to break a protective line on purpose, so that a test can prove that it would notice.
//!
//! They exist only in a build with `--cfg draftkeep_faults`; elsewhere [`on`] is a constant. One fault is active at a
//! time, chosen by the environment variable `DRAFTKEEP_FAULT`. In such a build the crates in `transports/` reach it, too.

/// Whether the fault of this name is switched on.
#[cfg(draftkeep_faults)]
pub fn on(name: &str) -> bool {
    use std::sync::OnceLock;
    static ACTIVE: OnceLock<String> = OnceLock::new();
    ACTIVE.get_or_init(|| std::env::var("DRAFTKEEP_FAULT").unwrap_or_default()) == name
}

/// Whether every store that is given no key ring is sealed with fixed keys, so that the tests of everything else try sealed stores, too: where
/// `DRAFTKEEP_SEALED` is set, and where the [canary](super::canary) is on: it has nothing to look for in a store that is not sealed.
#[cfg(draftkeep_faults)]
pub fn seals_every_store() -> bool {
    use std::sync::OnceLock;
    static ACTIVE: OnceLock<bool> = OnceLock::new();
    *ACTIVE.get_or_init(|| std::env::var_os("DRAFTKEEP_SEALED").is_some()) || super::canary::is_on()
}

/// Whether every store is sealed: never, in this build.
#[cfg(not(draftkeep_faults))]
pub(crate) const fn seals_every_store() -> bool {
    false
}

/// Whether the fault of this name is switched on: never, in this build.
#[cfg(not(draftkeep_faults))]
#[allow(dead_code, reason = "which rooms use it depends on the features")]
pub(crate) const fn on(_name: &str) -> bool {
    false
}
