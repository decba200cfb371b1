//! Seeded faults, as the library has them: named ways to break a protective line on purpose, so that a test can prove that it would notice.

#[cfg(draftkeep_faults)]
pub(crate) use draftkeep::fault::on;

/// Whether the fault of this name is switched on: never, in this build.
#[cfg(not(draftkeep_faults))]
#[allow(dead_code, reason = "which parts use it depends on the features")]
pub(crate) const fn on(_name: &str) -> bool {
    false
}
