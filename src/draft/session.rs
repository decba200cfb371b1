//! One editor's hold on a draft: what its text is based on, from load to save to save.

use super::saved::Saved;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::events::EventKind;
use crate::fault;
use crate::id::{RevisionId, TraceId};
use crate::store::cache::Body;
use crate::store::change::{self, Attempt, Base, Place, Saving, Text};
use crate::store::heads::Head;
use crate::store::queue::lock;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::write::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Saves that failed that are remembered. Only the last one can be there unnoticed; the others are spare.
const ATTEMPTED_MAX: usize = 16;

/// What an editor's text is based on: what it last loaded or saved verbatim.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) core: Arc<SpaceCore>,
    pub(crate) key: DraftKey,
    pub(crate) base: Base,
    pub(crate) version: u64,
    /// The text that was saved last, where it did not become the head.
    aside: Option<(u64, Body)>,
}

/// Which event a save tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// That it was saved.
    Saved,
    /// Nothing: autosave tells of its saves itself.
    StaleOnly,
}

/// A save on its way through the queue.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    key: DraftKey,
    base: Base,
    text: Text,
    telling: Telling,
    attempt: Arc<Mutex<Option<RevisionId>>>,
}

impl Session {
    pub(crate) fn new(core: Arc<SpaceCore>, key: DraftKey, head: &Head, body: Body) -> Self {
        let base = Base { id: head.id(), vector: head.header.vector.clone(), body, attempted: Vec::new() };
        Self { core, key, base, version: head.row.version, aside: None }
    }

    /// What came of saving this very text before, where nothing has to be done again.
    pub(crate) fn known(&self, text: &Text) -> Option<Saved> {
        let (version, body) = self.aside.as_ref()?;
        (**body == *text.body).then_some(Saved::Unchanged { version: *version })
    }

    pub(crate) fn request(&self, text: Text, telling: Telling) -> Request {
        Request { key: self.key, base: self.base.clone(), text, telling, attempt: Arc::default() }
    }

    /// Takes in what became of a save.
    pub(crate) fn finish(&mut self, request: &Request, saving: Result<Saving, Failure>) -> Result<Saved, Failure> {
        let body = Arc::clone(&request.text.body);
        match saving {
            Ok(Saving::Unchanged { head }) => {
                let version = head.row.version;
                self.rebase(head.id(), &head.header.vector, version, body);
                Ok(Saved::Unchanged { version })
            }
            Ok(Saving::Stored { written, vector, at }) => {
                self.rebase(written.id, &vector, written.version, body);
                Ok(Saved::Stored { version: written.version, at })
            }
            Ok(Saving::Stale { version, head, .. }) => {
                self.aside = Some((version, body));
                Ok(Saved::Stale { version, head })
            }
            Err(failure) => {
                if !fault::on("attempts-forgotten") {
                    let attempt = lock(&request.attempt).map(|id| Attempt { id, text: blake3::hash(request.body()) });
                    self.base.attempted.extend(attempt);
                }
                let spare = self.base.attempted.len().saturating_sub(ATTEMPTED_MAX);
                self.base.attempted.drain(..spare);
                Err(failure)
            }
        }
    }

    /// Tells that a save failed; the caller holds the document and decides when to repeat it.
    pub(crate) fn tell_failed(&self, failure: &Failure, trace: TraceId) {
        let what = EventKind::SaveFailed { attempt: 1, reason: failure.kind.to_string(), retry_in: None };
        self.core.engine.publish_event(self.key.space, Some(self.key.draft), trace, what);
    }

    fn rebase(&mut self, id: RevisionId, vector: &crate::vector::VersionVector, version: u64, body: Body) {
        self.base = Base { id, vector: vector.clone(), body, attempted: Vec::new() };
        self.version = version;
        self.aside = None;
    }
}

impl Request {
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.text.body
    }

    pub(crate) fn size(&self) -> u64 {
        self.text.body.len() as u64
    }

    pub(crate) fn run(&self, write: &mut Write<'_>, place: &Place, trace: TraceId) -> Result<Saving, Failure> {
        let saving = change::save(write, place, self.key, &self.base, self.text.clone())?;
        let told = match &saving {
            Saving::Unchanged { .. } => None,
            Saving::Stored { written, .. } => {
                *lock(&self.attempt) = Some(written.id);
                let (version, size) = (written.version, self.size());
                (self.telling == Telling::Saved).then_some(EventKind::Saved { version, size, latency: Duration::ZERO })
            }
            Saving::Stale { version, id, head } => {
                *lock(&self.attempt) = Some(*id);
                Some(EventKind::Stale { version: *version, head: *head })
            }
        };
        if let Some(what) = told {
            write.tell(self.key.space, Some(self.key.draft), trace, what);
        }
        Ok(saving)
    }
}

/// When a save that just returned was made, for people.
pub(crate) fn at(saved: Saved, now: Timestamp) -> Timestamp {
    match saved {
        Saved::Stored { at, .. } => at,
        Saved::Unchanged { .. } | Saved::Stale { .. } => now,
    }
}
