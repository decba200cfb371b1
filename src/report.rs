//! What a test kit has found.

use std::fmt;

/// How a check has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The property holds, as far as was tried.
    Passed,
    /// It does not; the text says what was seen.
    Failed(String),
    /// It was not tried, because the setup does not offer what it needs.
    Skipped(String),
}

/// One property and how its check has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The property, as a sentence. Names are stable within a major version.
    pub name: &'static str,
    /// How its check has ended.
    pub outcome: Outcome,
}

/// All checks, in the order in which they ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was tested, as a noun.
    what: &'static str,
    checks: Vec<Check>,
}

impl Report {
    pub(crate) const fn new(what: &'static str, checks: Vec<Check>) -> Self {
        Self { what, checks }
    }

    /// Borrows the checks.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Returns the names of the checks that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = |check: &&Check| matches!(check.outcome, Outcome::Failed(_));
        self.checks.iter().filter(failed).map(|check| check.name).collect()
    }

    /// Panics with the whole report if a check failed: the last line of a test.
    ///
    /// # Panics
    ///
    /// If a check failed.
    pub fn assert(&self) {
        assert!(self.failed().is_empty(), "the {} breaks its contract:\n{self}", self.what);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Check { name, outcome } in &self.checks {
            match outcome {
                Outcome::Passed => writeln!(f, "  passed   {name}")?,
                Outcome::Failed(what) => writeln!(f, "  FAILED   {name}: {what}")?,
                Outcome::Skipped(why) => writeln!(f, "  skipped  {name}: {why}")?,
            }
        }
        Ok(())
    }
}
