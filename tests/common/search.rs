//! Properties over many random cases, the same in every run.

#![allow(dead_code)]

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

pub(crate) fn effort() -> u32 {
    std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1)
}

/// The first of the parts that a long search is cut into, so that it can be gone on with.
fn first() -> u32 {
    std::env::var("DRAFTKEEP_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0)
}

const CASES: u32 = 20_000;

/// Runs a property over its share of cases; each part has a seed of its own.
pub(crate) fn search<S: Strategy>(name: &str, strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    search_some(name, CASES, strategy, property);
}

/// The same with another share.
pub(crate) fn search_some<S: Strategy>(
    name: &str,
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    for part in first()..first() + effort() {
        let seed = blake3::hash(format!("{name} {part}").as_bytes());
        let config =
            ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, seed.as_bytes()));
        runner.run(strategy, &property).unwrap_or_else(|error| panic!("{name}, part {part}: {error}"));
    }
}
