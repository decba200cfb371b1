//! What may leave in the open, and where: by design these are no secrets.

use super::exits::Exit;
use super::texts::WINDOW;
use std::collections::{BTreeMap, BTreeSet};

/// Where a name may be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// Everywhere: names of spaces and kinds, ids, and headers of revisions.
    Everywhere,
    /// In what a device stores, and nowhere else: keys of slots are in keys of records.
    Stored,
    /// In what is told, and nowhere else: names of checkpoints and outcomes are in events.
    Told,
}

impl Open {
    const fn is_open(self, exit: Exit) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Stored => matches!(exit, Exit::Storage | Exit::File),
            Self::Told => matches!(exit, Exit::Log | Exit::Event | Exit::Error | Exit::Panic),
        }
    }
}

/// As many names as this are known, and as many before them: each version has some.
const GENERATION: usize = 1 << 18;

/// So many bytes of a window may lie beside a name.
const BESIDE_MAX: usize = 2;

/// The names that were met last.
#[derive(Default)]
pub(super) struct Names {
    newer: Generation,
    older: Generation,
}

#[derive(Default)]
struct Generation {
    names: BTreeMap<Vec<u8>, [bool; 3]>,
    lengths: BTreeSet<usize>,
}

impl Generation {
    /// Marks which bytes of the window that begins there lie within a name that may leave this way.
    fn cover(&self, exit: Exit, bytes: &[u8], at: usize, covered: &mut [bool; WINDOW]) {
        for length in &self.lengths {
            for start in (at + 1).saturating_sub(*length)..at + WINDOW {
                let name = bytes.get(start..start + length).and_then(|name| self.names.get(name));
                let all = [Open::Everywhere, Open::Stored, Open::Told];
                if name.is_some_and(|open| all.into_iter().any(|place| open[place as usize] && place.is_open(exit))) {
                    let (from, to) = (start.max(at) - at, (start + length).min(at + WINDOW) - at);
                    covered[from..to].fill(true);
                }
            }
        }
    }
}

impl Names {
    pub(super) fn knows(&self, open: Open, name: &[u8]) -> bool {
        self.newer.names.get(name).is_some_and(|known| known[open as usize])
    }

    pub(super) fn add(&mut self, open: Open, name: &[u8]) {
        self.newer.lengths.insert(name.len());
        self.newer.names.entry(name.to_vec()).or_default()[open as usize] = true;
        if self.newer.names.len() >= GENERATION {
            self.older = std::mem::take(&mut self.newer);
        }
    }

    /// Whether the window that begins there lies within names that may leave this way, but for a byte or two: what the compressor leaves of a header is
    /// an id and the tag beside it, and so are other records. A text has windows without any byte of a name.
    pub(super) fn excuse(&self, exit: Exit, bytes: &[u8], at: usize) -> bool {
        let mut covered = [false; WINDOW];
        self.newer.cover(exit, bytes, at, &mut covered);
        self.older.cover(exit, bytes, at, &mut covered);
        covered.iter().filter(|is_covered| !**is_covered).count() <= BESIDE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_excuses_what_lies_within_it_and_hardly_anything_beside_it() {
        let mut names = Names::default();
        names.add(Open::Everywhere, b"the space of alice");
        let bytes = b"in the space of alice: it rained";
        for exit in Exit::ALL {
            assert!((1..=11).all(|at| names.excuse(exit, bytes, at)));
            assert!([0, 12, 15, 20].iter().all(|at| !names.excuse(exit, bytes, *at)));
        }
    }

    #[test]
    fn a_name_is_excused_where_it_may_be_and_nowhere_else() {
        let mut names = Names::default();
        names.add(Open::Stored, b"the key of a slot");
        names.add(Open::Told, b"before the interview");
        let open =
            |bytes: &[u8]| Exit::ALL.into_iter().filter(|exit| names.excuse(*exit, bytes, 0)).collect::<Vec<_>>();
        assert_eq!(open(b"the key of a slot"), [Exit::Storage, Exit::File]);
        assert_eq!(open(b"before the interview"), [Exit::Log, Exit::Event, Exit::Error, Exit::Panic]);
        assert_eq!(open(b"the key of a clot"), []);
    }
}
