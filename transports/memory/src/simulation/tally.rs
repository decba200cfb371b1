//! What happened in simulations, counted.

use crate::network::{Diary, Fault};
use draftkeep::sync::Report;
use std::collections::BTreeMap;
use std::fmt;

/// What happened in one simulation, or in several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<Row, u64>,
    rounds_max: u64,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Work(&'static str),
    Fault(&'static str),
}

impl Tally {
    /// How often it happened; the words are those of the table.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        let is_it = |row: &Row| matches!(row, Row::Work(name) | Row::Fault(name) if *name == what);
        self.counts.iter().filter(|(row, _)| is_it(row)).map(|(_, count)| count).sum()
    }

    /// Each kind of fault and how often it happened, in the order of their names.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().filter_map(|(row, count)| match row {
            Row::Fault(name) => Some((*name, *count)),
            Row::Work(_) => None,
        })
    }

    /// The most rounds in which everybody synced and settled that it took to come to rest.
    #[must_use]
    pub const fn rounds_max(&self) -> u64 {
        self.rounds_max
    }

    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (row, count) in &other.counts {
            *self.counts.entry(*row).or_default() += count;
        }
        self.rounds_max = self.rounds_max.max(other.rounds_max);
    }

    pub(crate) fn did(&mut self, what: &'static str) {
        self.did_times(what, 1);
    }

    pub(crate) fn did_times(&mut self, what: &'static str, times: u64) {
        *self.counts.entry(Row::Work(what)).or_default() += times;
    }

    pub(crate) fn befell(&mut self, what: &'static str) {
        self.befell_times(what, 1);
    }

    pub(crate) fn befell_times(&mut self, what: &'static str, times: u64) {
        *self.counts.entry(Row::Fault(what)).or_default() += times;
    }

    pub(crate) fn rested_after(&mut self, rounds: u64) {
        self.rounds_max = self.rounds_max.max(rounds);
    }

    pub(crate) fn synced(&mut self, report: &Report) {
        self.did("syncs");
        self.did_times("pulled rows", report.pulled);
        self.did_times("pushed revisions", report.pushed);
        self.did_times("received heads", report.received);
        self.did_times("merged by sync", report.merged);
        self.did_times("moved to another generation", report.moved);
        self.did_times("erased by sync", report.erased);
        self.did_times("conflicts by sync", report.conflicts);
        self.did_times("parked", report.parked);
        self.did_times("resyncs", u64::from(report.resynced));
    }

    /// Adds what happened on a seeded way, on which every fault may happen, or none but that it was cut off.
    pub(crate) fn travelled(&mut self, diary: &Diary, is_faulty: bool) {
        self.did_times("requests", diary.requests());
        self.did_times("pushed as deltas", diary.deltas());
        self.did_times("deltas refused", diary.refused_deltas());
        for fault in Fault::ALL.into_iter().filter(|fault| is_faulty || *fault == Fault::Offline) {
            self.befell_times(fault.name(), diary.count(fault));
        }
    }
}

/// A table of two columns.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (row, count) in &self.counts {
            let (kind, name) = match row {
                Row::Work(name) => ("", name),
                Row::Fault(name) => ("fault: ", name),
            };
            let name = format!("{kind}{name}");
            writeln!(f, "  {name:<36} {count:>12}")?;
        }
        writeln!(f, "  {:<36} {:>12}", "rounds until rest, at most", self.rounds_max)
    }
}
