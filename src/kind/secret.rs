//! Kinds whose documents are secrets.

use crate::invalid::Invalid;
use crate::merge::{Policy, Rule};

/// Where the documents of a [secret](crate::Schema::secret) kind may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretSync {
    /// They stay on this device. What other devices push of the kind is taken in all the same.
    Never,
    /// They sync as others do, sealed as everything of a sealed store is.
    Sealed,
}

/// How secrets are merged: not at all. A person decides, over the whole document.
pub(super) fn policy() -> Policy {
    Policy::builder().rule("", Rule::Manual).build().expect("one rule contradicts no other")
}

/// What is wrong with a secret: where, and in none of the application's words, which may quote it.
pub(super) fn redacted(invalid: &Invalid) -> Invalid {
    let flaws = invalid.flaws().map(|flaw| match flaw.path() {
        Some(path) => Invalid::at(path, "it is not valid"),
        None => Invalid::new("it is not valid"),
    });
    flaws.reduce(Invalid::and).unwrap_or_else(|| Invalid::new("it is not valid"))
}
