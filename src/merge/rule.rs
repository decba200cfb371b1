//! What can be said about a part of a document.

use crate::value::Value;
use std::fmt;
use std::sync::Arc;

/// How two changes of one thing become one.
///
/// A rule is asked only where both sides changed something, and differently: what one side alone changed is taken over
/// under every rule. Where one side removed what the other changed, the change is kept and the removal listed as
/// overwritten, except under [`Manual`](Self::Manual) and [`Custom`](Self::Custom).
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Rule {
    /// By what is there: objects member by member; arrays of objects that all carry a unique `id` as `Keyed("id")`, other
    /// arrays as `Sequence`; texts with several lines or of more than 80 bytes as prose; anything else as `Latest`.
    #[default]
    Auto,
    /// The later side's; the earlier one's is listed as overwritten.
    Latest,
    /// An array of objects that are matched by this member, a text or a number. Elements are merged by the rules below
    /// `/*`, the order of both sides is merged. Elements without the member, and such that share theirs with another one,
    /// are matched by their whole content.
    Keyed(String),
    /// An array whose elements have no names: changes of different places are all taken (diff3). An element that both
    /// changed is merged by the rules below `/*`; other overlaps are conflicts. Elements that both inserted at one place
    /// are all kept, the earlier side's first.
    Sequence,
    /// An array as a set: what either added is in, what either removed is out, each element once.
    Set,
    /// An integer to which each side adds: the sum of both changes. It begins at 0. Two sides that added the same have
    /// added twice as much.
    Counter,
    /// The larger of two numbers, or of two texts by the order of canonical keys; the other one is listed as overwritten.
    Max,
    /// The smaller one.
    Min,
    /// A text: lines first, then what [`Cut`] says inside lines that both changed. Changes that touch are merged, changes
    /// that overlap are treated as [`Overlap`] says.
    Text(Cut, Overlap),
    /// Like `Latest`, but for everything below this path as one value.
    Atomic,
    /// Any change of both sides is a conflict.
    Manual,
    /// The application's own rule.
    Custom(Arc<dyn MergeRule>),
}

/// How finely changes inside a line are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Cut {
    /// Not at all: two changes of one line overlap.
    Lines,
    /// By sentences.
    #[default]
    Prose,
    /// By words, and by characters in scripts that have no spaces.
    Words,
}

/// What becomes of two changes of one passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overlap {
    /// A conflict; the merged text has the later side's passage.
    #[default]
    Conflict,
    /// Both passages, marked: inside a line as `⟦earlier⟧⟦later⟧`, whole lines between lines of `⟦`, `⟧⟦` and `⟧`.
    KeepBoth,
}

/// A merge rule of the application's own. It has to be pure: the same values give the same answer on every device.
///
/// `merge::laws` (feature `proptest`) checks one.
pub trait MergeRule: Send + Sync {
    /// Its name; with its version it stands for the rule in a policy's digest.
    fn name(&self) -> &str;

    /// The version of what it does: another result for the same values needs another version.
    fn version(&self) -> u32;

    /// Merges two values that differ from each other and from the base. `None` means that nothing is there; of a base
    /// also that it is not known.
    ///
    /// What the answer does not hold is listed as overwritten.
    ///
    /// # Errors
    ///
    /// The reason why a person has to decide. A panic is taken for one.
    fn merge(
        &self,
        base: Option<&Value>,
        earlier: Option<&Value>,
        later: Option<&Value>,
    ) -> Result<Option<Value>, String>;
}

impl Rule {
    /// Prose in which overlapping changes conflict.
    #[must_use]
    pub const fn prose() -> Self {
        Self::Text(Cut::Prose, Overlap::Conflict)
    }

    /// Arrays matched by this member.
    #[must_use]
    pub fn keyed(member: impl Into<String>) -> Self {
        Self::Keyed(member.into())
    }

    /// Whether rules for what is inside have a meaning.
    pub(super) const fn descends(&self) -> bool {
        matches!(self, Self::Auto | Self::Keyed(_) | Self::Sequence)
    }

    /// Its name in a policy's text.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Latest => "latest",
            Self::Keyed(_) => "keyed",
            Self::Sequence => "sequence",
            Self::Set => "set",
            Self::Counter => "counter",
            Self::Max => "max",
            Self::Min => "min",
            Self::Text(..) => "text",
            Self::Atomic => "atomic",
            Self::Manual => "manual",
            Self::Custom(_) => "custom",
        }
    }
}

impl Cut {
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::Lines, "lines"), (Self::Prose, "prose"), (Self::Words, "words")];
}

impl Overlap {
    pub(super) const ALL: [(Self, &'static str); 2] = [(Self::Conflict, "conflict"), (Self::KeepBoth, "keep both")];
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyed(member) => write!(f, "keyed by {member:?}"),
            Self::Text(cut, overlap) => write!(f, "text by {cut:?}, {overlap:?}"),
            Self::Custom(rule) => write!(f, "custom {:?} {}", rule.name(), rule.version()),
            other => f.write_str(other.name()),
        }
    }
}
