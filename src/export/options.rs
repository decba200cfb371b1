//! What is exported.

/// What of a space is exported: by default every draft as it is now, with all sides of its conflict.
///
/// ```
/// use draftkeep::Export;
///
/// let everything = Export::new().history();
/// let to_share = Export::new().without_kind("account");
/// # drop((everything, to_share));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    pub(super) history: bool,
    without: Vec<String>,
}

impl Export {
    /// Every draft as it is now.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With every version that the history holds.
    #[must_use]
    pub fn history(mut self) -> Self {
        self.history = true;
        self
    }

    /// Without the drafts of a kind.
    #[must_use]
    pub fn without_kind(mut self, name: impl Into<String>) -> Self {
        self.without.push(name.into());
        self
    }

    /// The one place that says which drafts an export leaves out.
    pub(super) fn leaves_out(&self, kind: &str) -> bool {
        self.without.iter().any(|without| without == kind)
    }
}
