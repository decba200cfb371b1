//! What a token gives.

use crate::fault;
use std::collections::BTreeSet;

/// What somebody may do, who was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    name: String,
    spaces: Spaces,
    rights: Rights,
    sees_metrics: bool,
}

/// In which spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spaces {
    /// In all of them.
    All,
    /// In these, by their names as they are.
    These(BTreeSet<String>),
}

/// What there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// To ask for everything that changes nothing.
    Read,
    /// To push, too.
    Write,
}

impl Grant {
    /// These rights in these spaces. The name is what the rate of requests is counted by, what logs have, and what an audit has of a
    /// device that says no name of its own.
    #[must_use]
    pub fn new(name: impl Into<String>, spaces: Spaces, rights: Rights) -> Self {
        Self { name: name.into(), spaces, rights, sees_metrics: false }
    }

    /// The same, and the server's metrics.
    #[must_use]
    pub fn with_metrics(mut self) -> Self {
        self.sees_metrics = true;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In which spaces it is good.
    #[must_use]
    pub const fn spaces(&self) -> &Spaces {
        &self.spaces
    }

    /// For what there.
    #[must_use]
    pub const fn rights(&self) -> Rights {
        self.rights
    }

    /// Whether it is good for this in this space.
    #[must_use]
    pub fn allows(&self, space: &str, right: Rights) -> bool {
        (self.rights >= right || fault::on("http-readers-may-write")) && self.reaches(space)
    }

    /// Whether it is good for anything in this space.
    #[must_use]
    pub fn reaches(&self, space: &str) -> bool {
        match &self.spaces {
            Spaces::All => true,
            Spaces::These(names) => names.contains(space),
        }
    }

    /// Whether it shows the server's metrics.
    #[must_use]
    pub const fn sees_metrics(&self) -> bool {
        self.sees_metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_good_for_its_spaces_and_its_rights_alone() {
        let these = |rights| Grant::new("phone", Spaces::These(["alice".to_owned()].into()), rights);
        for (grant, space, right, expected) in [
            (these(Rights::Write), "alice", Rights::Write, true),
            (these(Rights::Write), "alice", Rights::Read, true),
            (these(Rights::Read), "alice", Rights::Write, false),
            (these(Rights::Read), "alice", Rights::Read, true),
            (these(Rights::Write), "Alice", Rights::Read, false),
            (these(Rights::Write), "alice ", Rights::Read, false),
            (these(Rights::Write), "", Rights::Read, false),
            (Grant::new("all", Spaces::All, Rights::Read), "bob", Rights::Read, true),
            (Grant::new("all", Spaces::All, Rights::Read), "bob", Rights::Write, false),
            (Grant::new("none", Spaces::These(BTreeSet::new()), Rights::Write), "bob", Rights::Read, false),
        ] {
            assert_eq!(grant.allows(space, right), expected, "{grant:?} {space} {right:?}");
        }
    }
}
