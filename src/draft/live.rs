//! The autosaves that are at work on a draft, so that a phase or a checkpoint takes in what they hold.

use super::autosave::{Autosave, AutosaveError, Cadence, Claim, PendingDocument, SaveReason, SaveRequest, SaveTarget};
use super::autosave::{SavedAs, Surroundings, TargetError};
use super::carry::Carried;
use super::handle::Draft;
use super::joining::Joiner;
use super::saved::Saved;
use super::session::{self, Request, Session, Telling};
use super::space::place;
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::events::EventKind;
use crate::fault;
use crate::id::TraceId;
use crate::invalid::Invalid;
use crate::kind::AnySchema;
use crate::merge::Overwritten;
use crate::store::change::{Saving, Text};
use crate::store::live::{Holder, Live};
use crate::store::queue::lock;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::write::Write;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, Weak};

/// How often `reload` begins anew because something was changed meanwhile.
const RELOADS_MAX: usize = 16;

/// One autosave, as the store's list of them knows it.
struct Entry {
    pending: Weak<dyn PendingDocument>,
    target: Weak<dyn Target>,
}

/// The type of an autosave's document is of no interest here.
trait Target: Send + Sync {
    fn request(&self, document: &[u8]) -> Request;
    fn finish(
        &self,
        request: &Request,
        saving: std::result::Result<Saving, Failure>,
    ) -> std::result::Result<SavedAs, Failure>;
    fn unseen(&self) -> Option<u64>;
}

/// What one autosave held, on its way into somebody else's commit.
pub(crate) struct Claimed {
    claim: Claim,
    target: Arc<dyn Target>,
    request: Request,
}

/// Takes over the saves of all autosaves of a draft. Has to come before anything that a save waits for.
pub(crate) fn claim(live: &Live, key: DraftKey) -> std::result::Result<Vec<Claimed>, Failure> {
    let mut claimed = Vec::new();
    for holder in live.of(key) {
        let Some(entry) = holder.downcast_ref::<Entry>() else { continue };
        let Some((pending, target)) = entry.pending.upgrade().zip(entry.target.upgrade()) else { continue };
        if let Some(claim) = pending.claim().map_err(of_autosave)? {
            let request = target.request(claim.document());
            claimed.push(Claimed { claim, target, request });
        }
    }
    Ok(claimed)
}

/// Runs a change in one commit with what autosaves held. The change says when, and whether, that is saved, by calling what
/// it is given, and hands back what became of each; what it left out stays with its autosave, which finds out why.
pub(crate) fn commit_with<R: Send + 'static>(
    core: &SpaceCore,
    claimed: Vec<Claimed>,
    trace: TraceId,
    work: impl Fn(&mut Write<'_>, &dyn Fn(&mut Write<'_>) -> Savings) -> std::result::Result<(Vec<Saving>, R), Failure>
    + Send
    + 'static,
) -> std::result::Result<R, Failure> {
    let requests: Vec<Request> = claimed.iter().map(|claimed| claimed.request.clone()).collect();
    let place = place(core);
    let result = core.engine.write(move |write| {
        work(write, &|write| requests.iter().map(|request| request.run(write, &place, trace)).collect())
    });
    match result {
        Ok((saved, result)) => {
            claimed.into_iter().zip(saved).for_each(|(claimed, saving)| claimed.finish(saving));
            Ok(result)
        }
        Err(failure) => {
            claimed.into_iter().for_each(|claimed| claimed.fail(&failure));
            Err(failure)
        }
    }
}

/// What became of what autosaves held, in their order.
pub(crate) type Savings = std::result::Result<Vec<Saving>, Failure>;

fn of_autosave(error: AutosaveError) -> Failure {
    let kind = error.kind().cloned().unwrap_or_else(|| ErrorKind::Document { reason: error.reason() });
    Failure::from(kind).because(error)
}

/// The head, where it has what an autosave's editor does not show: what was typed last is not the head.
pub(crate) fn unseen(live: &Live, key: DraftKey) -> Option<u64> {
    let of = |holder: &Arc<Holder>| holder.downcast_ref::<Entry>()?.target.upgrade()?.unseen();
    live.of(key).iter().find_map(of)
}

impl Claimed {
    fn finish(self, saving: Saving) {
        if let Ok(saved) = self.target.finish(&self.request, Ok(saving)) {
            self.claim.saved(saved);
        }
    }

    /// The document stays with its autosave, which goes on trying.
    fn fail(self, failure: &Failure) {
        let _told_by_whoever_committed = self.target.finish(&self.request, Err(failure.clone()));
    }
}

/// Where an autosave saves to.
struct Into<T> {
    schema: Arc<AnySchema>,
    session: Mutex<Session>,
    join: Arc<Joiner>,
    carried: Mutex<Carried>,
    /// What is wrong with the text that was loaded or saved last.
    invalid: Mutex<Option<Invalid>>,
    /// The label of the document that was encoded last; the next save is of that document.
    label: Mutex<Option<String>>,
    /// Keeps this autosave on the store's list for as long as it lives.
    entry: Mutex<Option<Arc<Holder>>>,
    document: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + Sync + 'static> Target for Into<T> {
    fn request(&self, document: &[u8]) -> Request {
        let text = Text {
            kind: self.schema.name.clone(),
            schema: self.schema.version,
            body: Arc::new(document.to_vec()),
            label: lock(&self.label).clone(),
            policy: self.schema.policy.digest(),
        };
        lock(&self.session).request(text, self.join.clone(), Telling::Otherwise)
    }

    fn finish(
        &self,
        request: &Request,
        saving: std::result::Result<Saving, Failure>,
    ) -> std::result::Result<SavedAs, Failure> {
        let mut session = lock(&self.session);
        let saved = session.finish(request, saving)?;
        let invalid = self.schema.flaws(request.schema(), request.body());
        let is_valid = invalid.is_none();
        *lock(&self.invalid) = invalid;
        Ok(SavedAs {
            version: saved.version(),
            at: session::at(&saved, session.core.now()),
            changed: !matches!(saved, Saved::Unchanged { .. }),
            size: request.size(),
            merged: session.unseen(),
            in_conflict: session.is_in_conflict(),
            is_valid,
            overwritten: match &saved {
                Saved::Merged { overwritten, .. } => overwritten.len() as u64,
                _ => 0,
            },
        })
    }

    fn unseen(&self) -> Option<u64> {
        lock(&self.session).unseen()
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> SaveTarget<T> for Into<T> {
    fn encode(&self, document: &T) -> std::result::Result<Vec<u8>, TargetError> {
        let bytes = lock(&self.carried).write(document).map_err(|failure| self.refused(failure, true))?;
        *lock(&self.label) = self.schema.label(document);
        Ok(Arc::unwrap_or_clone(bytes))
    }

    fn save(&self, document: &[u8], request: SaveRequest) -> std::result::Result<SavedAs, TargetError> {
        let core = Arc::clone(&lock(&self.session).core);
        let trace = request.trace;
        let _span =
            tracing::debug_span!("draftkeep", call = "autosave", %trace, flush = request.why == SaveReason::Flush)
                .entered();
        let request = self.request(document);
        if fault::on("unfinished-text-not-kept") {
            let refused = self.schema.refuse_invalid(request.schema(), request.body());
            refused.map_err(|failure| self.refused(failure, true))?;
        }
        let (sent, place) = (request.clone(), place(&core));
        let saving = core.engine.write(move |write| sent.run(write, &place, trace));
        self.finish(&request, saving).map_err(|failure| {
            // Into an erased draft nothing is saved, however often it is tried: the document is held until somebody takes it out.
            let of_document = matches!(failure.kind, ErrorKind::Document { .. } | ErrorKind::Erased { .. });
            TargetError { cause: Arc::new(Error::new(failure, trace)), of_document }
        })
    }

    fn standing(&self) -> Option<SavedAs> {
        let session = lock(&self.session);
        let (at, size) = (session.core.now(), session.base.body.len() as u64);
        let (in_conflict, is_valid) = (session.is_in_conflict(), lock(&self.invalid).is_none());
        (in_conflict || !is_valid).then(|| SavedAs {
            version: session.base.version,
            at,
            changed: false,
            size,
            merged: session.unseen(),
            in_conflict,
            is_valid,
            overwritten: 0,
        })
    }

    fn invalid(&self) -> Option<Invalid> {
        lock(&self.invalid).clone()
    }

    fn overwritten(&self) -> Vec<Overwritten> {
        lock(&self.session).overwritten()
    }

    fn publish(&self, trace: TraceId, what: EventKind) {
        let session = lock(&self.session);
        let (core, key) = (Arc::clone(&session.core), session.key);
        drop(session);
        core.engine.publish_event(key.space, Some(key.draft), trace, what);
    }
}

impl<T> Into<T> {
    fn refused(&self, failure: Failure, of_document: bool) -> TargetError {
        let trace = lock(&self.session).core.engine.trace();
        TargetError { cause: Arc::new(Error::new(failure, trace)), of_document }
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Draft<T> {
    /// Saves the document by itself from now on, as the cadence says. Report every change with
    /// [`changed`](Autosave::changed).
    ///
    /// Its saves are based on the head as it is now, and then on each other. Where somebody else saves or restores the
    /// draft meanwhile, each of its texts is kept as a version, and merged into the head, as those of a stale
    /// [`Edit`](crate::Edit) are. The editor goes on with what was typed: its status is
    /// [`Merged`](crate::AutosaveStatus::Merged) until it [reloads](Autosave::reload).
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn autosave(&self, cadence: Cadence) -> Result<Autosave<T>> {
        let (core, _, _) = self.parts();
        let settings = &core.engine.settings;
        let around = Surroundings {
            clock: Arc::clone(&settings.clock),
            spawn: Arc::clone(&settings.spawn),
            entropy: Arc::clone(&settings.entropy),
        };
        let (target, _) = self.target()?;
        let autosave = Autosave::start(target.clone(), cadence, &around);
        self.enlist(&autosave, &target);
        Ok(autosave)
    }

    /// What an autosave saves into from now on, and the document that it goes on from.
    fn target(&self) -> Result<(Arc<Into<T>>, T)> {
        let edit = self.edit()?;
        let (_, schema, _) = self.parts();
        let (session, carried, document) = edit.into_parts();
        let invalid = schema.flaws(session.base.schema, &session.base.body);
        let target = Into {
            schema: Arc::clone(schema),
            session: Mutex::new(session),
            join: Joiner::new::<T>(schema),
            carried: Mutex::new(carried),
            invalid: Mutex::new(invalid),
            label: Mutex::new(None),
            entry: Mutex::new(None),
            document: PhantomData,
        };
        Ok((Arc::new(target), document))
    }

    /// Makes the autosave known to whoever changes the draft. The target keeps the entry alive, and the autosave the target.
    fn enlist(&self, autosave: &Autosave<T>, target: &Arc<Into<T>>) {
        let weak: Weak<dyn Target> = Arc::downgrade(&(Arc::clone(target) as Arc<dyn Target>));
        let entry: Arc<Holder> = Arc::new(Entry { pending: autosave.pending(), target: weak });
        let (core, _, key) = self.parts();
        core.engine.live.enlist(key, &entry);
        *lock(&target.entry) = Some(entry);
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Autosave<T> {
    /// Gives an autosave that began without a store its draft. What was changed meanwhile is saved at once.
    ///
    /// # Errors
    ///
    /// Those of [`Draft::load`]; `Options` where it has a draft already.
    pub fn attach(&self, draft: &Draft<T>) -> Result<()> {
        let (target, _) = draft.target()?;
        let (core, _, _) = draft.parts();
        // Known before it is attached: a promotion in between must find what it holds.
        draft.enlist(self, &target);
        self.attach_target(target).map_err(|error| {
            let failure = Failure::options("the autosave is attached already").because(error);
            Error::new(failure, core.engine.trace())
        })
    }

    /// Saves what is unsaved, and gives the head's document: with everything that somebody else saved and that was merged,
    /// restored or settled. Show it instead of what was shown; what is changed from now on is based on it.
    ///
    /// In an open conflict the editor's own text may be a side of it, and not the head's: the status says `Conflict` before and
    /// after, and [`Draft::conflict`] has all texts.
    ///
    /// Call it where the editor's document lives, with no change reported between this call and the moment the document is
    /// shown: such a change would be one of the new document.
    ///
    /// # Errors
    ///
    /// Those of [`Draft::load`], and why what is unsaved could not be saved: then nothing is changed. `Stale` where other
    /// threads report changes faster than they are saved.
    pub fn reload(&self, draft: &Draft<T>) -> Result<T> {
        let (core, _, key) = draft.parts();
        let refused = |error| Error::new(of_autosave(error), core.engine.trace());
        for _ in 0..RELOADS_MAX {
            self.flush().map_err(refused)?;
            let (target, document) = draft.target()?;
            draft.enlist(self, &target);
            if self.retarget_if_saved(target).map_err(refused)? {
                return Ok(document);
            }
        }
        let head = draft.info()?.version;
        Err(Error::new(ErrorKind::Stale { draft: key.draft, head }.into(), core.engine.trace()))
    }

    /// Bases what is saved from now on upon the draft's head as it is now, without a look at it.
    ///
    /// What is unsaved becomes the next head, and so does what is changed next, in place of what somebody else saved or
    /// [restored](Draft::restore): show the person the head before, or put into the document what is missing in it, or
    /// [`reload`](Self::reload) instead. Waits for a save that is under way. One that is [detached](Self::detached_in) is
    /// attached by it.
    ///
    /// # Errors
    ///
    /// Those of [`Draft::load`].
    pub fn rebase(&self, draft: &Draft<T>) -> Result<()> {
        let (target, _) = draft.target()?;
        let (core, _, _) = draft.parts();
        draft.enlist(self, &target);
        self.retarget(target)
            .map_err(|error| Error::new(Failure::options("the autosave is closed").because(error), core.engine.trace()))
    }
}
