//! One editor's hold on a draft: what its text is based on, from load to save to save.

use super::joining::{Joining, Report};
use super::saved::Saved;
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Failure};
use crate::events::EventKind;
use crate::fault;
use crate::id::TraceId;
use crate::merge::Overwritten;
use crate::store::cache::Body;
use crate::store::change::{self, Attempt, Base, Place, Saving, Text};
use crate::store::heads::Head;
use crate::store::queue::lock;
use crate::store::space::SpaceCore;
use crate::store::stale::Revised;
use crate::store::tables::DraftKey;
use crate::store::write::Write;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Saves that nobody saw the end of that are remembered. Only the last ones can be the head; the others are spare.
const ATTEMPTED_MAX: usize = 4;

/// The changes that rules decided against that are remembered for an autosave's person.
const OVERWRITTEN_MAX: usize = 256;

/// What an editor's text is based on: what it last loaded or saved verbatim.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) core: Arc<SpaceCore>,
    pub(crate) key: DraftKey,
    pub(crate) base: Base,
    /// Whether it saves over what it is based on, or not at all.
    pub(crate) only_over_base: bool,
    /// The head, where the last save found that it has what the editor does not show.
    unseen: Option<u64>,
    /// Whether the last save found the draft in an open conflict.
    is_in_conflict: bool,
    /// What rules decided against in merges of what was saved, the last of it.
    overwritten: VecDeque<Overwritten>,
    /// How many saves were prepared, and the last of them that was carried out.
    prepared: u64,
    carried_out: Arc<AtomicU64>,
}

/// Which event a save tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// That it was saved.
    Saved,
    /// Only what else came of it: autosave tells of its saves itself.
    Otherwise,
}

/// A save on its way through the queue.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    key: DraftKey,
    base: Base,
    only_over_base: bool,
    text: Text,
    join: Arc<dyn Joining>,
    telling: Telling,
    attempt: Attempt,
    number: u64,
    carried_out: Arc<AtomicU64>,
}

impl Session {
    pub(crate) fn new(core: Arc<SpaceCore>, key: DraftKey, head: &Head, body: Body) -> Self {
        let (vector, version, schema) = (head.header.vector.clone(), head.row.version, head.header.schema);
        let base = Base { id: head.id(), vector, version, schema, body, attempted: Vec::new() };
        let is_in_conflict = head.row.sides > 0;
        let (overwritten, carried_out) = (VecDeque::new(), Arc::default());
        let (only_over_base, unseen, prepared) = (false, None, 0);
        Self { core, key, base, only_over_base, unseen, is_in_conflict, overwritten, prepared, carried_out }
    }

    /// Prepares a save. The session remembers it from now on, so that its end need not be seen.
    pub(crate) fn request(&mut self, text: Text, join: Arc<dyn Joining>, telling: Telling) -> Request {
        let base = self.base.clone();
        let attempt = Attempt { text: Arc::clone(&text.body), id: Arc::default() };
        self.base.attempted.push(attempt.clone());
        let spare = self.base.attempted.len().saturating_sub(ATTEMPTED_MAX);
        self.base.attempted.drain(..spare);
        self.prepared += 1;
        let (number, carried_out) = (self.prepared, Arc::clone(&self.carried_out));
        let (key, only_over_base) = (self.key, self.only_over_base);
        Request { key, base, only_over_base, text, join, telling, attempt, number, carried_out }
    }

    /// Takes in what became of a save. The editor shows the text as it was typed, whatever it was merged with.
    pub(crate) fn finish(&mut self, request: &Request, saving: Result<Saving, Failure>) -> Result<Saved, Failure> {
        let saving = saving?;
        let unseen = saving.unseen();
        let (saved, based, sides) = match saving {
            Saving::Unchanged { head } => {
                let (version, id) = (head.row.version, head.id());
                (Saved::Unchanged { version }, Revised { version, id, vector: head.header.vector }, head.row.sides)
            }
            Saving::AsBefore { from, sides, .. } => (Saved::Unchanged { version: from.version }, from, sides),
            Saving::Stored { written, at, sides } => (Saved::Stored { version: written.version, at }, written, sides),
            Saving::Merged { typed, head, sides, .. } => {
                let Report { overwritten, marked } = request.join.report();
                let (version, head) = (typed.version, head.version);
                self.overwritten.extend(overwritten.iter().cloned());
                let spare = self.overwritten.len().saturating_sub(OVERWRITTEN_MAX);
                self.overwritten.drain(..spare);
                (Saved::Merged { version, head, overwritten, marked }, typed, sides)
            }
            Saving::Parted { typed, .. } => (Saved::Conflict { version: typed.version }, typed, 1),
        };
        self.rebase(based, request.text.schema, Arc::clone(&request.text.body));
        self.unseen = unseen;
        self.is_in_conflict = sides > 0;
        Ok(saved)
    }

    /// The editor shows the merge from now on.
    pub(crate) fn take_merge(&mut self, merge: Revised, schema: u32, body: Body) {
        self.rebase(merge, schema, body);
        self.unseen = None;
    }

    /// The head, where it has what the editor did not show when it saved last.
    pub(crate) fn unseen(&self) -> Option<u64> {
        self.unseen
    }

    /// What rules decided against in merges of what was saved, oldest first.
    pub(crate) fn overwritten(&self) -> Vec<Overwritten> {
        self.overwritten.iter().cloned().collect()
    }

    /// Whether the draft was in an open conflict when the editor loaded it or saved last.
    pub(crate) fn is_in_conflict(&self) -> bool {
        self.is_in_conflict
    }

    /// Tells that a save failed; the caller holds the document and decides when to repeat it.
    pub(crate) fn tell_failed(&self, failure: &Failure, trace: TraceId) {
        let what = EventKind::SaveFailed { attempt: 1, reason: failure.kind.to_string(), retry_in: None };
        self.core.engine.publish_event(self.key.space, Some(self.key.draft), trace, what);
    }

    fn rebase(&mut self, on: Revised, schema: u32, body: Body) {
        let Revised { version, id, vector } = on;
        self.base = Base { id, vector, version, schema, body, attempted: Vec::new() };
    }
}

impl Request {
    pub(crate) fn body(&self) -> &Body {
        &self.text.body
    }

    pub(crate) fn schema(&self) -> u32 {
        self.text.schema
    }

    pub(crate) fn size(&self) -> u64 {
        self.text.body.len() as u64
    }

    pub(crate) fn run(&self, write: &mut Write<'_>, place: &Place, trace: TraceId) -> Result<Saving, Failure> {
        // A save that nobody waits for any more came after the next one of its editor: what it would merge into that is an
        // older state of the same text.
        if self.carried_out.fetch_max(self.number, Ordering::Relaxed) > self.number && !fault::on("late-save-counts") {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.only_over_base {
            change::is_over_base(&change::open_head(write, self.key)?, &self.base)?;
        }
        let saving = change::save(write, place, self.key, &self.base, self.text.clone(), &*self.join)?;
        let (written, came) = match &saving {
            Saving::Unchanged { .. } | Saving::AsBefore { .. } => return Ok(saving),
            Saving::Stored { written, .. } => (written, None),
            Saving::Merged { typed, head, .. } => {
                let overwritten = self.join.report().overwritten.len() as u64;
                (typed, Some(EventKind::Merged { version: typed.version, head: head.version, overwritten }))
            }
            Saving::Parted { typed, theirs, .. } => {
                let version = typed.version;
                (typed, theirs.map(|theirs| EventKind::ConflictDetected { version, theirs }))
            }
        };
        *lock(&self.attempt.id) = Some(written.id);
        let (version, size) = (written.version, self.size());
        let told =
            (self.telling == Telling::Saved).then_some(EventKind::Saved { version, size, latency: Duration::ZERO });
        for what in told.into_iter().chain(came) {
            write.tell(self.key.space, Some(self.key.draft), trace, what);
        }
        Ok(saving)
    }
}

/// When a save that just returned was made, for people.
pub(crate) fn at(saved: &Saved, now: Timestamp) -> Timestamp {
    if let Saved::Stored { at, .. } = saved { *at } else { now }
}
