//! Counters and histograms, through the `metrics` facade: what the application's recorder makes of them is its choice.
//!
//! | name | kind | what it counts |
//! |---|---|---|
//! | `draftkeep.save.latency` | histogram, seconds | saves that the application asked for, until durable |
//! | `draftkeep.autosave.latency` | histogram, seconds | saves in the background, from encoding until durable |
//! | `draftkeep.save.failed` | counter | failed saves that the application must repeat |
//! | `draftkeep.autosave.failed` | counter | failed saves that repeat by themselves |
//! | `draftkeep.save.stale` | counter | saves that met a newer head |
//! | `draftkeep.save.size` | histogram, bytes | documents saved either way, as canonical JSON |
//! | `draftkeep.draft.started`, `.promoted`, `.archived`, `.reopened`, `.discarded`, `.purged` | counters | drafts that changed their phase |
//! | `draftkeep.history.restored`, `.checkpointed`, `.packed`, `.thinned` | counters | versions |
//! | `draftkeep.store.damaged`, `.healed` | counters | records |
//! | `draftkeep.events.lagged` | counter | events that a slow listener missed |
//!
//! No metric has labels: names of spaces and drafts would grow without bound and may be private.

use crate::events::EventKind;
use metrics::{counter, histogram};

/// Counts what happened.
pub(crate) fn record(what: &EventKind) {
    match what {
        EventKind::Saved { size, latency, .. } => {
            histogram!("draftkeep.save.latency").record(*latency);
            histogram!("draftkeep.save.size").record(bytes(*size));
        }
        EventKind::Autosaved { size, latency, .. } => {
            histogram!("draftkeep.autosave.latency").record(*latency);
            histogram!("draftkeep.save.size").record(bytes(*size));
        }
        EventKind::SaveFailed { retry_in: None, .. } => counter!("draftkeep.save.failed").increment(1),
        EventKind::SaveFailed { retry_in: Some(_), .. } => counter!("draftkeep.autosave.failed").increment(1),
        EventKind::Stale { .. } => counter!("draftkeep.save.stale").increment(1),
        EventKind::Started => counter!("draftkeep.draft.started").increment(1),
        EventKind::Promoted { .. } => counter!("draftkeep.draft.promoted").increment(1),
        EventKind::Archived => counter!("draftkeep.draft.archived").increment(1),
        EventKind::Reopened => counter!("draftkeep.draft.reopened").increment(1),
        EventKind::Discarded => counter!("draftkeep.draft.discarded").increment(1),
        EventKind::Purged => counter!("draftkeep.draft.purged").increment(1),
        EventKind::Restored { .. } => counter!("draftkeep.history.restored").increment(1),
        EventKind::Checkpointed { .. } => counter!("draftkeep.history.checkpointed").increment(1),
        EventKind::Packed { versions, .. } => counter!("draftkeep.history.packed").increment(*versions),
        EventKind::Swept { thinned, .. } => counter!("draftkeep.history.thinned").increment(*thinned),
        EventKind::Damaged { .. } => counter!("draftkeep.store.damaged").increment(1),
        EventKind::Healed { .. } => counter!("draftkeep.store.healed").increment(1),
        EventKind::Lagged { missed } => counter!("draftkeep.events.lagged").increment(*missed),
        EventKind::ReplicaChanged { .. } | EventKind::Settled => {}
    }
}

/// Sizes are histogram samples; above 2^53 bytes the last digits do not matter.
#[expect(clippy::cast_precision_loss, reason = "a sample of a histogram is an f64")]
fn bytes(size: u64) -> f64 {
    size as f64
}
