//! Who did what, step by step.

use std::collections::VecDeque;

/// As many of the last lines are kept.
const KEPT: usize = 2_000;

/// The story of a simulation: its last lines, and a digest of all of them.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: VecDeque<String>,
    digest: blake3::Hasher,
}

impl Trace {
    pub(crate) fn tell(&mut self, line: String) {
        self.digest.update(line.as_bytes()).update(b"\n");
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        *self.digest.finalize().as_bytes()
    }
}
