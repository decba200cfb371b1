//! How much work a comparison may cost, counted in steps so that it is the same on every machine.

/// What is left of the work that a comparison may cost.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: usize,
}

impl Budget {
    /// Some tenths of a second at most.
    pub(crate) const DEFAULT: usize = 20_000_000;

    pub(crate) const fn new(steps: usize) -> Self {
        Self { steps }
    }

    /// Takes steps; `false` if so many are not left, and then nothing is.
    pub(crate) fn take(&mut self, steps: usize) -> bool {
        if crate::fault::on("comparison-without-budget") {
            return true;
        }
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }
}
