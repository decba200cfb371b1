//! Restore points: bringing a whole space back to what it was at a moment.

use super::handle::{Draft, Take};
use super::names::{self, NAME_MAX};
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::events::EventKind;
use crate::fault;
use crate::id::{DraftId, TraceId};
use crate::kind::AnySchema;
use crate::store::Space;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change;
use crate::store::heads;
use crate::store::points::{self, PointCause, RestorePoint};
use crate::store::space::SpaceCore;
use crate::store::tables::{DraftKey, HEADS, page_of_drafts};
use crate::store::versions::packed;
use std::sync::Arc;

/// Drafts that are looked up at once.
const PAGE: usize = 256;

/// What came of bringing a space back to a restore point.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Returned {
    /// The point that was taken before: it leads back to what was there.
    pub before: RestorePoint,
    /// The drafts that are again what they were, each by a new version.
    pub drafts: Vec<DraftId>,
    /// How many drafts were that already.
    pub unchanged: u64,
    /// The drafts that began after the point. They were left as they are; discard them where they are not wanted.
    pub begun_since: Vec<DraftId>,
    /// The drafts that could not be brought back, and why. They are what they were before the call.
    pub left: Vec<NotReturned>,
}

/// A draft that could not be brought back to a restore point.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NotReturned {
    /// The draft.
    pub draft: DraftId,
    /// Why: `SlotTaken` where another draft of its slot is current by now, `SchemaTooNew` where a newer release wrote what it is
    /// now, `Corrupt` where the version cannot be read.
    pub why: ErrorKind,
}

impl Space {
    /// Takes a restore point: a mark, durable when it returns, that [`return_to`](Self::return_to) brings the whole space back to. What
    /// autosaves hold is saved before.
    ///
    /// It costs one commit, however many drafts there are. It stays until it is [dropped](Self::drop_restore_point). Points are this
    /// device's own; they do not sync.
    ///
    /// # Errors
    ///
    /// `Name` where the name is empty or longer than 256 bytes, and what the storage answers.
    pub fn take_restore_point(&self, name: &str) -> Result<RestorePoint> {
        let engine = &self.core.engine;
        engine.traced("take_restore_point", |_| names::check("restore point", name.as_bytes(), NAME_MAX))?;
        take(&self.core, PointCause::Asked { name: name.to_owned() })
    }

    /// The restore points, oldest first: those that were asked for, and the last of those taken before each cycle of syncing that
    /// changed drafts here, and before each return to an earlier one, as many as [`Options::restore_points`](crate::Options::restore_points) says.
    ///
    /// # Errors
    ///
    /// `Corrupt` where a point's record is damaged, and what the storage answers.
    pub fn restore_points(&self) -> Result<Vec<RestorePoint>> {
        self.core.engine.traced("restore_points", |_| points::all(&self.core.engine.read()?, self.core.no))
    }

    /// Forgets a restore point. The versions that it stood for stay as long as retention keeps them.
    ///
    /// # Errors
    ///
    /// `NoSuchPoint` where there is none of this number, and what the storage answers.
    pub fn drop_restore_point(&self, number: u64) -> Result<()> {
        let space = self.core.no;
        self.core.engine.traced("drop_restore_point", |trace| {
            self.core.engine.write(move |write| {
                if !points::drop(write, space, number)? {
                    return Err(ErrorKind::NoSuchPoint { point: number }.into());
                }
                let action = AuditAction::PointDropped { point: number };
                record::note(write, About::space(space, trace), action).map(std::mem::drop)
            })
        })
    }

    /// Brings every draft of the space back to what it was at a restore point, text and phase, each as a new version: nothing
    /// that came later is lost, and another point is taken before, which leads back.
    ///
    /// Each draft is a commit of its own: after a crash or an error call it again, and it goes on. Drafts that began since
    /// then are left as they are, open conflicts stay open, and what was purged does not come back. On other devices the
    /// restored texts arrive as edits: what was typed there meanwhile is merged with them. An editor that stays open
    /// [reloads](crate::Autosave::reload). Costs a look at every draft, and reading the histories of those that changed.
    ///
    /// # Errors
    ///
    /// `NoSuchPoint` where there is none of this number, and what the storage answers. What keeps one draft from being
    /// brought back is no error: see [`Returned::left`].
    pub fn return_to(&self, number: u64) -> Result<Returned> {
        let points = self.restore_points()?;
        if !points.iter().any(|point| point.number == number) {
            return self.core.engine.traced("return_to", |_| Err(ErrorKind::NoSuchPoint { point: number }.into()));
        }
        let before = take(&self.core, PointCause::BeforeRestore { point: number })?;
        let (drafts, unchanged, begun_since, left) = (Vec::new(), 0, Vec::new(), Vec::new());
        let mut returning =
            Returning { core: &self.core, number, done: Returned { before, drafts, unchanged, begun_since, left } };
        let mut last = None;
        loop {
            let page = self.core.engine.traced("return_to", |_| returning.page(last))?;
            let Some(key) = page.last() else { break };
            last = Some(*key);
            for key in page {
                returning.one(key)?;
            }
        }
        // A slot may have become free by what came later in the order of ids.
        let is_taken = |left: &NotReturned| matches!(left.why, ErrorKind::SlotTaken { .. });
        let (taken, left) = returning.done.left.into_iter().partition(is_taken);
        returning.done.left = left;
        for NotReturned { draft, .. } in taken {
            returning.one(self.core.draft_key(draft))?;
        }
        Ok(returning.done)
    }
}

/// Takes a point, with everything that autosaves hold before it.
fn take(core: &Arc<SpaceCore>, cause: PointCause) -> Result<RestorePoint> {
    for key in core.engine.live.drafts(core.no) {
        let draft = Draft::<()>::new(Arc::clone(core), Arc::new(AnySchema::unsaid("")), key.draft);
        match draft.with_pending("take_restore_point", Take::IfPossible, |_, _, _, _| Ok(())) {
            // What cannot be saved is told by its autosave; the point is of what can.
            Err(error) if !matches!(error.kind(), ErrorKind::Storage(_)) => {}
            saved => saved?,
        }
    }
    let (space, keep) = (core.no, core.engine.settings.restore_points);
    core.engine.traced("take_restore_point", |trace| {
        core.engine.write(move |write| points::take(write, space, cause.clone(), keep, trace))
    })
}

struct Returning<'r> {
    core: &'r Arc<SpaceCore>,
    number: u64,
    done: Returned,
}

/// What a draft was at a point.
enum Then {
    /// What it is now.
    AsNow,
    /// It had not begun.
    Absent,
    At(u64),
}

impl Returning<'_> {
    fn page(&self, last: Option<DraftKey>) -> std::result::Result<Vec<DraftKey>, Failure> {
        let page = page_of_drafts(&self.core.engine.read()?, HEADS, self.core.no, last, PAGE)?;
        Ok(page.into_iter().map(|(key, _)| key).collect())
    }

    /// Brings one draft back. Only what the storage answers is an error.
    fn one(&mut self, key: DraftKey) -> Result<()> {
        let returned = self.core.engine.traced("return_to", |_| self.then(key)).and_then(|then| match then {
            Then::AsNow => Ok(false),
            Then::Absent => {
                self.done.begun_since.push(key.draft);
                Ok(true)
            }
            Then::At(version) => self.bring_back(key, version),
        });
        match returned {
            Ok(true) => {}
            Ok(false) => self.done.unchanged += 1,
            Err(error) => self.leave(key, error)?,
        }
        Ok(())
    }

    fn leave(&mut self, key: DraftKey, error: Error) -> Result<()> {
        if matches!(error.kind(), ErrorKind::Storage(_) | ErrorKind::Interrupted) && !error.kind().is_damage() {
            return Err(error);
        }
        self.done.left.push(NotReturned { draft: key.draft, why: error.kind().clone() });
        Ok(())
    }

    fn then(&self, key: DraftKey) -> std::result::Result<Then, Failure> {
        let view = self.core.engine.read()?;
        // It was purged meanwhile.
        let Some(head) = heads::read(&view, key)? else { return Ok(Then::AsNow) };
        if head.row.local.point < self.number {
            return Ok(Then::AsNow);
        }
        let mut damaged = Vec::new();
        let entries = packed::entries(&view, key, head.row.last, |first, last| damaged.push((first, last)))?;
        let then = points::head_at(&entries, self.number).map(|entry| entry.version);
        let since = entries.iter().find(|entry| entry.local.point >= self.number).map(|entry| entry.version);
        let is_between =
            |(first, last): &(u64, u64)| *last > then.unwrap_or(0) && since.is_none_or(|since| *first < since);
        if damaged.iter().any(is_between) && !fault::on("returned-past-what-is-damaged") {
            return Err(Failure::corrupt(Some(key.draft), "the versions about the restore point cannot be read"));
        }
        Ok(then.map_or(Then::Absent, Then::At))
    }

    /// Whether it was something else.
    fn bring_back(&mut self, key: DraftKey, version: u64) -> Result<bool> {
        let engine = &self.core.engine;
        let whole =
            engine.traced("return_to", |_| packed::whole(&engine.read()?, &self.core.keys.digests(), key, version))?;
        let schema = engine.settings.schema(&whole.header.kind);
        let newest = schema.version;
        let draft = Draft::<()>::new(Arc::clone(self.core), schema, key.draft);
        let is_changed =
            draft.with_pending("return_to", Take::IfPossible, move |write, place, key, trace: TraceId| {
                let Some(written) = change::return_to(write, place, key, &whole, newest)? else { return Ok(false) };
                let what = EventKind::Restored { from: version, version: written.version };
                record::tell(write, key, trace, what)?;
                Ok(true)
            })?;
        if is_changed {
            self.done.drafts.push(key.draft);
        }
        Ok(is_changed)
    }
}
