//! How hard to search, and from where on.
#![allow(dead_code, reason = "each test uses its part")]

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// By how much the search is to be longer than usual.
pub(crate) fn effort() -> u64 {
    number("DRAFTKEEP_EFFORT").unwrap_or(1)
}

/// The first seed, so that a long search can be cut into ranges and gone on with.
pub(crate) fn first() -> u64 {
    number("DRAFTKEEP_FIRST").unwrap_or(0)
}
