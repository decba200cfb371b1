//! Counters, histograms and gauges, through the `metrics` facade: what the application's recorder makes of them is its choice.
//!
//! | name | kind | what it counts |
//! |---|---|---|
//! | `draftkeep.save.latency` | histogram, seconds | saves that the application asked for, until durable |
//! | `draftkeep.autosave.latency` | histogram, seconds | saves in the background, from encoding until durable |
//! | `draftkeep.save.failed` | counter | failed saves that the application must repeat |
//! | `draftkeep.autosave.failed` | counter | failed saves that repeat by themselves |
//! | `draftkeep.save.merged` | counter | saves that met a newer head and were merged with it |
//! | `draftkeep.save.overwritten` | counter | changes that a rule decided against in such merges |
//! | `draftkeep.conflict.detected`, `.settled` | counters | conflicts that a person has to settle, or did |
//! | `draftkeep.save.size` | histogram, bytes | documents saved either way, as canonical JSON |
//! | `draftkeep.sync.latency` | histogram, seconds | cycles of syncing that came to their end |
//! | `draftkeep.sync.success`, `.failure` | counters | cycles of syncing |
//! | `draftkeep.sync.pulled`, `.pushed` | counters | rows of the hub, and revisions that it accepted |
//! | `draftkeep.sync.merged`, `.conflicts` | counters | drafts that a cycle merged, and texts that it put beside a head for a person |
//! | `draftkeep.sync.parked` | counter | drafts that the hub refused |
//! | `draftkeep.sync.bytes` | counter | bytes of revisions sent and received |
//! | `draftkeep.sync.resynced` | counter | cycles that found the hub restored |
//! | `draftkeep.sync.pending` | gauge | drafts that the hub does not have as they are here, after each cycle, failed or not |
//! | `draftkeep.sync.age` | gauge, seconds | for how long the oldest of them is owed; 0 where none is |
//! | `draftkeep.sync.received` | counter | texts of other devices that became a head |
//! | `draftkeep.sync.moved` | counter | drafts that became another generation of their slot |
//! | `draftkeep.sync.given_up` | counter | texts that the hub refused and somebody gave up |
//! | `draftkeep.draft.started`, `.promoted`, `.archived`, `.reopened`, `.discarded`, `.purged`, `.erased` | counters | drafts that changed their phase, or are gone |
//! | `draftkeep.sync.kept_out` | counter | texts that a hub had of erased drafts |
//! | `draftkeep.history.restored`, `.checkpointed`, `.packed`, `.thinned` | counters | versions |
//! | `draftkeep.store.damaged`, `.healed` | counters | records |
//! | `draftkeep.events.lagged` | counter | events that a slow listener missed |
//!
//! No metric has labels: names of spaces and drafts would grow without bound and may be private. So the gauges are those of the
//! space whose cycle ended last.

use crate::events::EventKind;
use metrics::{counter, gauge, histogram};
use std::time::Duration;

/// Counts what happened.
pub(crate) fn record(what: &EventKind) {
    match what {
        EventKind::Saved { size, latency, .. } => {
            histogram!("draftkeep.save.latency").record(*latency);
            histogram!("draftkeep.save.size").record(sample(*size));
        }
        EventKind::Autosaved { size, latency, .. } => {
            histogram!("draftkeep.autosave.latency").record(*latency);
            histogram!("draftkeep.save.size").record(sample(*size));
        }
        EventKind::SaveFailed { retry_in: None, .. } => counter!("draftkeep.save.failed").increment(1),
        EventKind::SaveFailed { retry_in: Some(_), .. } => counter!("draftkeep.autosave.failed").increment(1),
        EventKind::Merged { overwritten, .. } => {
            counter!("draftkeep.save.merged").increment(1);
            counter!("draftkeep.save.overwritten").increment(*overwritten);
        }
        EventKind::ConflictDetected { .. } => counter!("draftkeep.conflict.detected").increment(1),
        EventKind::ConflictSettled { .. } => counter!("draftkeep.conflict.settled").increment(1),
        EventKind::Synced { report } => {
            histogram!("draftkeep.sync.latency").record(report.took);
            counter!("draftkeep.sync.success").increment(1);
            counter!("draftkeep.sync.pulled").increment(report.pulled);
            counter!("draftkeep.sync.pushed").increment(report.pushed);
            counter!("draftkeep.sync.merged").increment(report.merged);
            counter!("draftkeep.sync.conflicts").increment(report.conflicts);
            counter!("draftkeep.sync.parked").increment(report.parked);
            counter!("draftkeep.sync.bytes").increment(report.bytes);
            counter!("draftkeep.sync.resynced").increment(u64::from(report.resynced));
        }
        EventKind::SyncFailed { .. } => counter!("draftkeep.sync.failure").increment(1),
        EventKind::Received { .. } => counter!("draftkeep.sync.received").increment(1),
        EventKind::Moved { .. } => counter!("draftkeep.sync.moved").increment(1),
        EventKind::GivenUp { versions, .. } => {
            counter!("draftkeep.sync.given_up").increment(versions.len() as u64);
        }
        EventKind::Started => counter!("draftkeep.draft.started").increment(1),
        EventKind::Promoted { .. } => counter!("draftkeep.draft.promoted").increment(1),
        EventKind::Archived => counter!("draftkeep.draft.archived").increment(1),
        EventKind::Reopened => counter!("draftkeep.draft.reopened").increment(1),
        EventKind::Discarded => counter!("draftkeep.draft.discarded").increment(1),
        EventKind::Purged => counter!("draftkeep.draft.purged").increment(1),
        EventKind::Erased { .. } | EventKind::ErasedElsewhere { .. } => counter!("draftkeep.draft.erased").increment(1),
        EventKind::KeptOut { .. } => counter!("draftkeep.sync.kept_out").increment(1),
        EventKind::Restored { .. } | EventKind::BroughtBack { .. } => {
            counter!("draftkeep.history.restored").increment(1);
        }
        EventKind::Checkpointed { .. } => counter!("draftkeep.history.checkpointed").increment(1),
        EventKind::Packed { versions, .. } => counter!("draftkeep.history.packed").increment(*versions),
        EventKind::Swept { thinned, .. } => counter!("draftkeep.history.thinned").increment(*thinned),
        EventKind::Damaged { .. } => counter!("draftkeep.store.damaged").increment(1),
        EventKind::Healed { .. } => counter!("draftkeep.store.healed").increment(1),
        EventKind::Lagged { missed } => counter!("draftkeep.events.lagged").increment(*missed),
        EventKind::ReplicaChanged { .. } | EventKind::Settled => {}
    }
}

/// Shows what is owed to a hub after a cycle, and since when the oldest of it is.
pub(crate) fn owed(pending: u64, age: Duration) {
    gauge!("draftkeep.sync.pending").set(sample(pending));
    gauge!("draftkeep.sync.age").set(age);
}

/// Above 2^53 the last digits of a sample do not matter.
#[expect(clippy::cast_precision_loss, reason = "a sample is an f64")]
fn sample(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Report;
    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString,
        Unit,
    };
    use std::sync::{Arc, Mutex};

    /// Writes down every sample.
    #[derive(Default)]
    struct Notebook(Arc<Mutex<Vec<String>>>);

    struct Line(String, Arc<Mutex<Vec<String>>>);

    impl Line {
        fn note(&self, sample: impl std::fmt::Display) {
            self.1.lock().unwrap().push(format!("{} {sample}", self.0));
        }
    }

    impl CounterFn for Line {
        fn increment(&self, value: u64) {
            self.note(value);
        }

        fn absolute(&self, value: u64) {
            self.note(value);
        }
    }

    impl GaugeFn for Line {
        fn increment(&self, value: f64) {
            self.note(value);
        }

        fn decrement(&self, value: f64) {
            self.note(value);
        }

        fn set(&self, value: f64) {
            self.note(value);
        }
    }

    impl HistogramFn for Line {
        fn record(&self, value: f64) {
            self.note(value);
        }
    }

    impl Notebook {
        fn line(&self, key: &Key) -> Arc<Line> {
            Arc::new(Line(key.name().to_owned(), self.0.clone()))
        }
    }

    impl Recorder for Notebook {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.line(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.line(key))
        }

        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(self.line(key))
        }
    }

    fn notes(events: &[EventKind]) -> Vec<String> {
        let notebook = Notebook::default();
        metrics::with_local_recorder(&notebook, || events.iter().for_each(record));
        let notes = notebook.0.lock().unwrap();
        notes.clone()
    }

    #[test]
    fn saves_are_measured_in_seconds_and_bytes() {
        let latency = Duration::from_millis(250);
        let saved = EventKind::Saved { version: 1, size: 10, latency };
        let autosaved = EventKind::Autosaved { version: 2, size: 20, latency };
        assert_eq!(
            notes(&[saved, autosaved]),
            [
                "draftkeep.save.latency 0.25",
                "draftkeep.save.size 10",
                "draftkeep.autosave.latency 0.25",
                "draftkeep.save.size 20"
            ]
        );
    }

    #[test]
    fn a_cycle_is_counted_in_full_and_what_is_owed_is_a_gauge() {
        let mut report = Report { pulled: 1, received: 2, pushed: 3, merged: 4, conflicts: 5, ..Report::default() };
        (report.parked, report.blocked, report.bytes, report.resynced) = (6, 7, 8, true);
        report.took = Duration::from_millis(250);
        assert_eq!(
            notes(&[EventKind::Synced { report }]),
            [
                "draftkeep.sync.latency 0.25",
                "draftkeep.sync.success 1",
                "draftkeep.sync.pulled 1",
                "draftkeep.sync.pushed 3",
                "draftkeep.sync.merged 4",
                "draftkeep.sync.conflicts 5",
                "draftkeep.sync.parked 6",
                "draftkeep.sync.bytes 8",
                "draftkeep.sync.resynced 1"
            ]
        );
        let notebook = Notebook::default();
        metrics::with_local_recorder(&notebook, || owed(2, Duration::from_millis(1_500)));
        assert_eq!(*notebook.0.lock().unwrap(), ["draftkeep.sync.pending 2", "draftkeep.sync.age 1.5"]);
    }

    #[test]
    fn failures_count_where_they_are_repeated() {
        let failed = |retry_in| EventKind::SaveFailed { attempt: 1, reason: String::new(), retry_in };
        assert_eq!(
            notes(&[failed(None), failed(Some(Duration::ZERO)), EventKind::Settled, EventKind::Lagged { missed: 3 }]),
            ["draftkeep.save.failed 1", "draftkeep.autosave.failed 1", "draftkeep.events.lagged 3"]
        );
    }
}
