//! Long pages about the library: how it is built, what lies in a file, what devices and hubs say to each other, how merging works and how others do it, what it survives, what it costs, what to do when something is wrong, what a hub that lies can do, what becomes of documents that are not valid or erased, how stores are sealed. There is no code here.

#[doc = include_str!("docs/architecture.md")]
pub mod architecture {}

#[doc = include_str!("docs/comparison.md")]
pub mod comparison {}

#[doc = include_str!("docs/erasing.md")]
pub mod erasing {}

#[doc = include_str!("docs/failures.md")]
pub mod failures {}

#[doc = include_str!("docs/format.md")]
pub mod format {}

#[doc = include_str!("docs/merging.md")]
pub mod merging {}

#[doc = include_str!("docs/numbers.md")]
pub mod numbers {}

#[doc = include_str!("docs/protocol.md")]
pub mod protocol {}

#[doc = include_str!("docs/runbook.md")]
pub mod runbook {}

#[doc = include_str!("docs/sealing.md")]
pub mod sealing {}

#[doc = include_str!("docs/threats.md")]
pub mod threats {}

#[doc = include_str!("docs/validation.md")]
pub mod validation {}
