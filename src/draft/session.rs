//! One editor's hold on a draft: what its text is based on, from load to save to save.

use super::saved::Saved;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::events::EventKind;
use crate::id::{RevisionId, TraceId};
use crate::store::cache::Body;
use crate::store::change::{self, Attempt, Base, Place, Saving, Text};
use crate::store::heads::Head;
use crate::store::queue::lock;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::write::Write;
use std::sync::Arc;
use std::time::Duration;

/// Saves that nobody saw the end of that are remembered. Only the last ones can be the head; the others are spare.
const ATTEMPTED_MAX: usize = 4;

/// What an editor's text is based on: what it last loaded or saved verbatim.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) core: Arc<SpaceCore>,
    pub(crate) key: DraftKey,
    pub(crate) base: Base,
    pub(crate) version: u64,
    aside: Option<Aside>,
}

/// The text that was saved last, where it did not become the head.
#[derive(Debug)]
struct Aside {
    version: u64,
    body: Body,
    /// The version that was the head then.
    head: u64,
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
    /// The version beside the head that this very text was kept as before.
    aside: Option<u64>,
    telling: Telling,
    attempt: Attempt,
}

impl Session {
    pub(crate) fn new(core: Arc<SpaceCore>, key: DraftKey, head: &Head, body: Body) -> Self {
        let base = Base { id: head.id(), vector: head.header.vector.clone(), body, attempted: Vec::new() };
        Self { core, key, base, version: head.row.version, aside: None }
    }

    /// Prepares a save. The session remembers it from now on, so that its end need not be seen.
    pub(crate) fn request(&mut self, text: Text, telling: Telling) -> Request {
        let aside = self.aside.as_ref().filter(|aside| *aside.body == *text.body).map(|aside| aside.version);
        let mut base = self.base.clone();
        // Where that text was made the head since, this editor goes on from what it wrote itself.
        let beside = self.aside.iter().map(|aside| Attempt { text: Arc::clone(&aside.body), id: Arc::default() });
        base.attempted.extend(beside);
        let attempt = Attempt { text: Arc::clone(&text.body), id: Arc::default() };
        self.base.attempted.push(attempt.clone());
        let spare = self.base.attempted.len().saturating_sub(ATTEMPTED_MAX);
        self.base.attempted.drain(..spare);
        Request { key: self.key, base, text, aside, telling, attempt }
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
            Ok(Saving::Kept { version }) => {
                self.forget(request);
                Ok(Saved::Unchanged { version })
            }
            Ok(Saving::Stale { version, head, .. }) => {
                self.forget(request);
                self.aside = Some(Aside { version, body, head });
                Ok(Saved::Stale { version, head })
            }
            Err(failure) => Err(failure),
        }
    }

    /// The version that was the head when the text that was saved last was kept beside it; `None` where it is the head.
    pub(crate) fn beside(&self) -> Option<u64> {
        self.aside.as_ref().map(|aside| aside.head)
    }

    /// Tells that a save failed; the caller holds the document and decides when to repeat it.
    pub(crate) fn tell_failed(&self, failure: &Failure, trace: TraceId) {
        let what = EventKind::SaveFailed { attempt: 1, reason: failure.kind.to_string(), retry_in: None };
        self.core.engine.publish_event(self.key.space, Some(self.key.draft), trace, what);
    }

    /// What became of this save is known.
    fn forget(&mut self, request: &Request) {
        self.base.attempted.retain(|attempt| !Arc::ptr_eq(&attempt.id, &request.attempt.id));
    }

    fn rebase(&mut self, id: RevisionId, vector: &crate::vector::VersionVector, version: u64, body: Body) {
        self.base = Base { id, vector: vector.clone(), body, attempted: Vec::new() };
        self.version = version;
        self.aside = None;
    }
}

impl Request {
    pub(crate) fn body(&self) -> &[u8] {
        &self.text.body
    }

    pub(crate) fn size(&self) -> u64 {
        self.text.body.len() as u64
    }

    pub(crate) fn run(&self, write: &mut Write<'_>, place: &Place, trace: TraceId) -> Result<Saving, Failure> {
        if let Some(version) = self.aside
            && change::still_keeps(write, self.key, version)?
        {
            return Ok(Saving::Kept { version });
        }
        let saving = change::save(write, place, self.key, &self.base, self.text.clone())?;
        let told = match &saving {
            Saving::Unchanged { .. } | Saving::Kept { .. } => None,
            Saving::Stored { written, .. } => {
                *lock(&self.attempt.id) = Some(written.id);
                let (version, size) = (written.version, self.size());
                (self.telling == Telling::Saved).then_some(EventKind::Saved { version, size, latency: Duration::ZERO })
            }
            Saving::Stale { version, id, head } => {
                *lock(&self.attempt.id) = Some(*id);
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
