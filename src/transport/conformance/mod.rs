//! The test kit for implementations of [`Transport`](super::Transport).

mod sample;

pub use sample::sample;
