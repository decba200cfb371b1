//! How much work a comparison may cost, counted in steps so that it is the same on every machine.

/// What is left of the work that a comparison may cost.
#[derive(Debug)]
pub(in crate::value) struct Budget {
    steps: usize,
}

impl Budget {
    /// Some tenths of a second at most.
    pub(in crate::value) const DEFAULT: usize = 20_000_000;

    pub(in crate::value) const fn new(steps: usize) -> Self {
        Self { steps }
    }

    /// Takes steps; `false` if so many are not left, and then nothing is.
    pub(super) fn take(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }
}
