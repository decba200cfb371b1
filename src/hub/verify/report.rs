//! What checking a hub found.

use crate::error::Failure;
use crate::id::DraftId;

/// The most findings that are kept; of a hub with more the first ones tell enough.
const KEPT: usize = 1_000;

/// What checking a whole hub found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Spaces that were read.
    pub spaces: u64,
    /// Drafts that were read.
    pub drafts: u64,
    /// Revisions that were read whole.
    pub revisions: u64,
    /// Entries of audits that were read.
    pub entries: u64,
    /// What is damaged, the first 1,000 findings; empty where all is well.
    pub damage: Vec<Damage>,
    /// How many findings are left out.
    pub left_out: u64,
}

/// Something that is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The name of the space that it belongs to, where it belongs to one whose name can be read.
    pub space: Option<String>,
    /// The draft that it belongs to, where it belongs to one.
    pub draft: Option<DraftId>,
    /// What it is, for people.
    pub what: String,
}

impl Verified {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.damage.is_empty()
    }

    pub(super) fn add(&mut self, space: Option<&str>, draft: Option<DraftId>, what: impl Into<String>) {
        if self.damage.len() < KEPT {
            self.damage.push(Damage { space: space.map(str::to_owned), draft, what: what.into() });
        } else {
            self.left_out += 1;
        }
    }

    /// Turns damage into a finding; other failures end the check.
    pub(super) fn note<T>(
        &mut self,
        (space, draft): (Option<&str>, Option<DraftId>),
        result: Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.is_damage() => {
                self.add(space, draft, failure.kind.to_string());
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}
