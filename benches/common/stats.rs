//! Times and what to say of them.

use super::Outcome;
use std::time::Instant;

/// A fresh folder in the system's place for temporary files, which has to be on a real file system.
pub(crate) fn folder() -> Outcome<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("draftkeep-bench-").tempdir()?)
}

/// Whether an argument was given to the bench.
pub(crate) fn has(argument: &str) -> bool {
    std::env::args().any(|given| given == argument)
}

/// Seconds that the work took.
pub(crate) fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed().as_secs_f64()))
}

pub(crate) fn median(samples: impl IntoIterator<Item = f64>) -> f64 {
    percentile(samples, 50)
}

/// The sample that so many percent are not above; not a number where there are none.
pub(crate) fn percentile(samples: impl IntoIterator<Item = f64>, percent: usize) -> f64 {
    let mut samples: Vec<f64> = samples.into_iter().collect();
    samples.sort_by(f64::total_cmp);
    samples.get((samples.len() * percent / 100).min(samples.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}
