//! One draft: reading it, its history, its phases.

use super::document;
use super::edit::Edit;
use super::info::{DraftInfo, History, VersionInfo};
use super::live;
use super::names::{self, NAME_MAX};
use super::space::place;
use crate::error::{ErrorKind, Failure, Result};
use crate::events::EventKind;
use crate::fault;
use crate::id::{DraftId, RevisionId, TraceId};
use crate::invalid::Invalid;
use crate::kind::AnySchema;
use crate::phase::Phase;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change::{self, Entering, Saving};
use crate::store::heads::{self, Head};
use crate::store::pins;
use crate::store::remote::outbox;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::versions::packed;
use crate::store::versions::run;
use crate::store::view::View;
use crate::store::write::Write;
use crate::value::{self, Change, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A draft: one document being edited, its history and its phase.
///
/// It holds no document itself; [`edit`](Self::edit) and [`load`](Self::load) read it. Cloning it is cheap.
///
/// # After an error
///
/// What a call refuses (`Name`, `Phase`, `NoSuchVersion`, …) has changed nothing. After an error of the storage the
/// outcome of a call that writes is *unknown*: it may be durable or not, and is never half of it. Repeating it is
/// harmless for all of them, and for most the same as calling it once:
///
/// | call | repeated after it did take effect |
/// |---|---|
/// | [`Edit::save`], [`pin`](Self::pin), [`unpin`](Self::unpin), [`archive`](Self::archive), [`reopen`](Self::reopen), [`discard`](Self::discard) | nothing more happens |
/// | [`promote`](Self::promote) | nothing more happens while the version before is the promoted one; else the same text is noted once more |
/// | [`recover`](Self::recover), [`promote_and_archive`](Self::promote_and_archive) | answers `Phase`: the draft is where it should be |
/// | [`purge`](Self::purge) | answers `NoSuchDraft` |
/// | [`erase`](Self::erase) | nothing more happens |
/// | [`checkpoint`](Self::checkpoint), [`restore`](Self::restore) | adds a second version with the same text |
/// | [`Slot::start`](crate::Slot::start) | returns the draft that was begun |
/// | [`Slot::start_over`](crate::Slot::start_over), [`Drafts::start`](crate::Drafts::start) | begins another draft; the first is listed |
pub struct Draft<T> {
    core: Arc<SpaceCore>,
    pub(super) schema: Arc<AnySchema>,
    id: DraftId,
    /// The only head that its calls may change, where they are about one.
    expects: Option<RevisionId>,
    document: PhantomData<fn() -> T>,
}

impl<T> Clone for Draft<T> {
    fn clone(&self) -> Self {
        let draft = Self::new(Arc::clone(&self.core), Arc::clone(&self.schema), self.id);
        Self { expects: self.expects, ..draft }
    }
}

impl<T> fmt::Debug for Draft<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("kind", &self.schema.name).field("id", &self.id).finish_non_exhaustive()
    }
}

/// A version with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version<T> {
    /// What is known of it beside the document.
    pub info: VersionInfo,
    /// Its revision.
    pub revision: RevisionId,
    /// The document.
    pub doc: T,
}

impl<T> Draft<T> {
    pub(crate) fn new(core: Arc<SpaceCore>, schema: Arc<AnySchema>, id: DraftId) -> Self {
        Self { core, schema, id, expects: None, document: PhantomData }
    }

    /// The same draft, for calls that are about this very revision: compare and swap.
    ///
    /// Whatever makes another version through it, and through the [`edit`](Self::edit)s that it gives, does so only over that
    /// head, which is looked at in the call's own commit. Else it answers `Stale` and changes nothing: no merge, no conflict.
    /// Reading is as ever; [`pin`](Self::pin) and [`unpin`](Self::unpin) make no version and do not ask.
    ///
    /// ```
    /// use draftkeep::{ErrorKind, Kind, Options, Store};
    ///
    /// const NOTE: Kind<String> = Kind::new("note");
    /// let draft = Store::in_memory(Options::new())?.space("alice")?.drafts(NOTE)?.start(&"It rained.".to_owned())?;
    /// let shown = draft.info()?.revision;
    ///
    /// let mut edit = draft.edit()?;
    /// edit.doc().push_str(" It snowed.");
    /// let _ = edit.save()?;
    ///
    /// let refused = draft.expecting(shown).promote("what somebody saw before it snowed").unwrap_err();
    /// assert_eq!(*refused.kind(), ErrorKind::Stale { draft: draft.id(), head: 2 });
    /// draft.expecting(edit.revision()).promote("what is there now")?;
    /// # Ok::<(), draftkeep::Error>(())
    /// ```
    #[must_use]
    pub fn expecting(&self, head: RevisionId) -> Self {
        Self { expects: Some(head), ..self.clone() }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> DraftId {
        self.id
    }

    fn key(&self) -> DraftKey {
        self.core.draft_key(self.id)
    }

    pub(super) fn head(&self, view: &impl View) -> std::result::Result<Head, Failure> {
        match heads::read(view, self.key())? {
            Some(head) => Ok(head),
            None => Err(change::absent(view, self.key())),
        }
    }

    /// What is known of it without its document.
    ///
    /// # Errors
    ///
    /// `NoSuchDraft` where it was purged; `Erased` where it was erased; `Corrupt` where its records are damaged along both paths.
    pub fn info(&self) -> Result<DraftInfo> {
        self.core.engine.traced("info", |_| Ok(DraftInfo::of(&self.head(&self.core.engine.read()?)?)))
    }

    /// The document as it is stored, whatever its schema version and whether it fits the type.
    ///
    /// # Errors
    ///
    /// As [`info`](Self::info).
    pub fn raw(&self) -> Result<Value> {
        self.core.engine.traced("raw", |_| Ok(Value::parse(&self.body()?.1)?))
    }

    fn body(&self) -> std::result::Result<(Head, crate::store::cache::Body), Failure> {
        let view = self.core.engine.read()?;
        let head = self.head(&view)?;
        let digests = self.core.keys.digests();
        let body = heads::body(&view, &self.core.engine.bodies, &digests, self.key(), &head)?;
        Ok((head, body))
    }

    /// What is wrong with the head, as the kind's [validator](crate::Schema::validate) says; none where nothing is, where there is no
    /// validator, or where a newer release of the application wrote it.
    ///
    /// # Errors
    ///
    /// As [`info`](Self::info).
    pub fn invalid(&self) -> Result<Option<Invalid>> {
        self.core.engine.traced("invalid", |_| {
            let (head, body) = self.body()?;
            Ok(self.schema.flaws(head.header.schema, &body))
        })
    }

    /// Its versions, oldest first. Costs reading what stands beside the documents, not the documents.
    ///
    /// # Errors
    ///
    /// As [`info`](Self::info). Damage in the history is no error: [`History::damaged`] names it.
    pub fn history(&self) -> Result<History> {
        self.core.engine.traced("history", |_| {
            let view = self.core.engine.read()?;
            let head = self.head(&view)?;
            let mut damaged = Vec::new();
            let entries = packed::entries(&view, self.key(), head.row.last, |first, last| damaged.push((first, last)))?;
            let versions = entries.into_iter().map(VersionInfo::of).collect::<std::result::Result<_, _>>()?;
            Ok(History { versions, damaged })
        })
    }

    /// A version's document as it is stored.
    ///
    /// # Errors
    ///
    /// `NoSuchVersion` where there never was one, or retention dropped it; `Corrupt` where it is damaged.
    pub fn raw_at(&self, version: u64) -> Result<Value> {
        self.core.engine.traced("raw_at", |_| Ok(Value::parse(&self.whole(version)?.body)?))
    }

    fn whole(&self, version: u64) -> std::result::Result<packed::Whole, Failure> {
        let view = self.core.engine.read()?;
        let head = self.head(&view)?;
        if version == 0 || version > head.row.last {
            return Err(ErrorKind::NoSuchVersion { draft: self.id, version }.into());
        }
        packed::whole(&view, &self.core.keys.digests(), self.key(), version).map_err(|failure| match failure.kind {
            // Versions are dense: one that neither a pack nor a row holds was lost, not dropped.
            ErrorKind::NoSuchVersion { .. } if !is_covered(&view, self.key(), version) => {
                Failure::corrupt(Some(self.id), format!("version {version} is missing"))
            }
            _ => failure,
        })
    }

    /// What changed from one version to another, by path. Both are brought to the schema's version first.
    ///
    /// # Errors
    ///
    /// As [`raw_at`](Self::raw_at), and `Migration` where a migration refuses one of them.
    pub fn diff(&self, from: u64, to: u64) -> Result<Vec<Change>> {
        self.core.engine.traced("diff", |_| {
            let read = |version| {
                let whole = self.whole(version)?;
                document::migrated(&self.schema, whole.header.schema, &whole.body)
            };
            Ok(value::diff(&read(from)?, &read(to)?))
        })
    }

    /// Makes an earlier version's document the head again, as a new version: nothing is undone that cannot be redone.
    ///
    /// Returns the new version's number. What autosave holds is saved before, in the same commit. An editor that stays open
    /// takes another [`edit`](Self::edit), or [reloads](crate::Autosave::reload) its autosave, and shows the restored text:
    /// until then what is typed in it is merged into that.
    ///
    /// # Errors
    ///
    /// Those of [`raw_at`](Self::raw_at); `Phase` where the draft is archived or in the trash; `SchemaTooNew` where a newer
    /// release of the application wrote the head; and what the storage answers.
    pub fn restore(&self, version: u64) -> Result<u64> {
        let whole = self.core.engine.traced("restore", |_| {
            let whole = self.whole(version)?;
            let label = crate::revision::Meta::decode(&whole.meta)?.label;
            Ok((Arc::new(whole.body), whole.header.schema, label))
        });
        let ((body, schema, label), newest) = (whole?, self.schema.version);
        self.with_pending("restore", Take::IfPossible, move |write, place, key, trace| {
            let text = (Arc::clone(&body), schema, label.clone());
            let written = change::restore(write, place, key, text, newest)?;
            record::tell(write, key, trace, EventKind::Restored { from: version, version: written.version })?;
            Ok(written.version)
        })
    }

    /// Gives the head's text a name, as a new version that retention never drops. What autosave holds is saved with it.
    ///
    /// Returns the new version's number.
    ///
    /// # Errors
    ///
    /// `Name` where the name is empty or longer than 256 bytes; `NoSuchDraft`; `Stale` where an autosave's text is not the head, so that it
    /// would not be what is meant (nothing is changed then); and what the storage answers.
    pub fn checkpoint(&self, name: &str) -> Result<u64> {
        names::check("checkpoint", name.as_bytes(), NAME_MAX)
            .and(Ok(()))
            .map_err(|failure| crate::error::Error::new(failure, self.core.engine.trace()))?;
        let name = name.to_owned();
        self.with_pending("checkpoint", Take::AsHead, move |write, place, key, trace| {
            let version = change::checkpoint(write, place, key, &name)?.version;
            let what = EventKind::Checkpointed { version, name: name.clone() };
            record::tell(write, key, trace, what)?;
            Ok(version)
        })
    }

    /// Says that the draft is meant to be blank: a syncer does not let a text on other devices be replaced by nothing until
    /// somebody says so. The head's text becomes a new version; what autosave holds is saved with it.
    ///
    /// Returns the new version's number.
    ///
    /// # Errors
    ///
    /// As [`checkpoint`](Self::checkpoint), but for the name.
    pub fn confirm_blank(&self) -> Result<u64> {
        self.with_pending("confirm_blank", Take::AsHead, move |write, place, key, trace| {
            let version = change::confirm_blank(write, place, key)?.version;
            record::note(write, About::draft(key, trace), AuditAction::BlankConfirmed { version })?;
            Ok(version)
        })
    }

    /// Keeps a version from being dropped by retention; durable when it returns. Pinning twice is once.
    ///
    /// # Errors
    ///
    /// `NoSuchVersion` where there is no such version, and what the storage answers.
    pub fn pin(&self, version: u64) -> Result<()> {
        self.core.engine.traced("pin", |_| {
            let key = self.key();
            self.whole(version)?;
            self.core.engine.write(move |write| {
                // The version may have been dropped in between.
                if !packed::holds(write.txn, key, version)? {
                    return Err(ErrorKind::NoSuchVersion { draft: key.draft, version }.into());
                }
                pins::set(write, key, version, true)
            })
        })
    }

    /// Takes a pin back.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn unpin(&self, version: u64) -> Result<()> {
        self.core.engine.traced("unpin", |_| {
            let key = self.key();
            self.core.engine.write(move |write| pins::set(write, key, version, false))
        })
    }

    /// The versions that are pinned, oldest first.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn pins(&self) -> Result<Vec<u64>> {
        self.core.engine.traced("pins", |_| {
            let view = self.core.engine.read()?;
            pins::read(&view, self.key(), &self.head(&view)?)
        })
    }

    /// Notes that the draft became something: the outcome names what. Which revision that was is kept, and saving goes on.
    ///
    /// What autosave holds is saved in the same commit, before. Promoting again keeps the newer revision and outcome. It is the
    /// head that is promoted, and an open conflict stays one: ask [`conflict`](Self::conflict) before where that matters.
    ///
    /// # Errors
    ///
    /// `Name` where the outcome is empty or longer than 256 bytes; `Phase` where the draft is archived or in the trash; `Invalid`
    /// where its text is not [valid](crate::Schema::validate), with every path (what autosave holds stays with it);
    /// `Stale` where an autosave's text is not the head, so that it
    /// would not be what is meant (nothing is changed then); and what the storage answers.
    pub fn promote(&self, outcome: &str) -> Result<()> {
        self.promote_into(outcome, Phase::Promoted)
    }

    /// Promotes the draft and archives it, in one commit.
    ///
    /// # Errors
    ///
    /// As [`promote`](Self::promote).
    pub fn promote_and_archive(&self, outcome: &str) -> Result<()> {
        self.promote_into(outcome, Phase::Archived)
    }

    fn promote_into(&self, outcome: &str, phase: Phase) -> Result<()> {
        self.core.engine.traced("promote", |_| names::check("outcome", outcome.as_bytes(), NAME_MAX))?;
        let (outcome, schema) = (outcome.to_owned(), Arc::clone(&self.schema));
        self.with_pending("promote", Take::AsHead, move |write, place, key, trace| {
            let head = in_phase(write, key, &[Phase::Open, Phase::Promoted])?;
            let kind = change::kind_of(write, key.space, &head)?;
            if schema.has_checks() && !fault::on("invalid-head-promoted") {
                let body = heads::body(write.txn, write.bodies, &place.keys.digests(), key, &head)?;
                schema.refuse_invalid(head.header.schema, &body)?;
            }
            let is_done = phase == Phase::Promoted
                && head.header.phase == phase
                && head.meta.outcome.as_ref() == Some(&outcome)
                && is_promoted_text(write, place, &head);
            if is_done {
                return Ok(());
            }
            change::enter_phase(write, place, kind, &head, Entering::promoted(&head, &outcome, phase))?;
            record::tell(write, key, trace, EventKind::Promoted { outcome: outcome.clone() })?;
            if phase == Phase::Archived {
                record::tell(write, key, trace, EventKind::Archived)?;
            }
            Ok(())
        })
    }

    /// Keeps the draft as it is, no longer current in its slot, until it is reopened or discarded.
    ///
    /// What autosave holds is saved in the same commit, before. Archiving an archived draft changes nothing. An open conflict
    /// stays one, and can be settled in the archive, too.
    ///
    /// # Errors
    ///
    /// `Phase` where the draft is in the trash; and what the storage answers.
    pub fn archive(&self) -> Result<()> {
        self.enter("archive", Phase::Archived, &[Phase::Open, Phase::Promoted], EventKind::Archived, Entering::plain)
    }

    /// Opens an archived draft again.
    ///
    /// # Errors
    ///
    /// `SlotTaken` where its slot has another current draft by now; `Phase` where the draft is in the trash or
    /// promoted; and what the storage answers.
    pub fn reopen(&self) -> Result<()> {
        self.enter("reopen", Phase::Open, &[Phase::Archived], EventKind::Reopened, Entering::plain)
    }

    /// Puts the draft into the trash, from where [`recover`](Self::recover) brings it back.
    ///
    /// What autosave holds is saved in the same commit, before: not even the last sentence is lost to a wrong click.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn discard(&self) -> Result<()> {
        let from = &[Phase::Open, Phase::Promoted, Phase::Archived];
        self.enter("discard", Phase::Discarded, from, EventKind::Discarded, |_, head| Entering::discarded(head))
    }

    /// Brings the draft back from the trash, to the phase that it was in.
    ///
    /// # Errors
    ///
    /// `SlotTaken` where its slot has another current draft by now; `Phase` where it is not in the trash; and what the
    /// storage answers.
    pub fn recover(&self) -> Result<()> {
        self.with_pending("recover", Take::Afterwards, |write, place, key, trace| {
            let head = in_phase(write, key, &[Phase::Discarded])?;
            let kind = change::kind_of(write, key.space, &head)?;
            let phase = head.meta.discarded_from.unwrap_or(Phase::Open);
            change::enter_phase(write, place, kind, &head, Entering::plain(phase, &head))?;
            record::tell(write, key, trace, EventKind::Reopened)
        })
    }

    /// Removes a draft that is in the trash for good from this device, with its whole history. There is no way back.
    ///
    /// Other devices, and the hub, keep it in their trash. It would stay open there if they never learnt that it is in the trash: what the
    /// hub has is purged here only once the hub knows.
    ///
    /// # Errors
    ///
    /// `SyncFirst` where the hub does not know yet that the draft is in the trash; a draft that is parked, and one of a space whose syncing
    /// is switched off, are purged nevertheless. `Phase` where it is not in the trash; `NoSuchDraft` where it is gone already; and what the storage answers.
    pub fn purge(&self) -> Result<()> {
        self.core.engine.traced("purge", |trace| {
            let (key, expects) = (self.key(), self.expects);
            self.core.engine.write(move |write| {
                change::expect_head(write, key, expects)?;
                let head = in_phase(write, key, &[Phase::Discarded])?;
                if outbox::holds_back(write.txn, key)? && !fault::on("purged-before-the-hub-knew") {
                    return Err(ErrorKind::SyncFirst { draft: key.draft }.into());
                }
                let kind = change::kind_of(write, key.space, &head)?;
                record::tell(write, key, trace, EventKind::Purged)?;
                change::purge(write, kind, key)
            })
        })
    }

    /// Enters a phase; nothing happens where the draft is in it already.
    fn enter(
        &self,
        call: &'static str,
        phase: Phase,
        from: &'static [Phase],
        what: EventKind,
        entering: fn(Phase, &Head) -> Entering,
    ) -> Result<()> {
        let take = if phase.takes_saves() { Take::Afterwards } else { Take::IfPossible };
        self.with_pending(call, take, move |write, place, key, trace| {
            let head = change::open_head(write, key)?;
            if head.header.phase == phase {
                return Ok(());
            }
            let head = in_phase(write, key, from)?;
            let kind = change::kind_of(write, key.space, &head)?;
            change::enter_phase(write, place, kind, &head, entering(phase, &head))?;
            record::tell(write, key, trace, what.clone())
        })
    }

    /// Runs what writes nothing, with a trace for its error.
    pub(super) fn traced<R>(
        &self,
        call: &'static str,
        work: impl FnOnce() -> std::result::Result<R, Failure>,
    ) -> Result<R> {
        self.core.engine.traced(call, |_| work())
    }

    /// Runs a change in one commit with what the draft's autosaves hold.
    pub(super) fn with_pending<R: Send + 'static>(
        &self,
        call: &'static str,
        take: Take,
        work: impl Fn(&mut Write<'_>, &change::Place, DraftKey, TraceId) -> std::result::Result<R, Failure> + Send + 'static,
    ) -> Result<R> {
        self.core.engine.traced(call, |trace| {
            let key = self.key();
            let claimed = live::claim(&self.core.engine.live, key)?;
            if take == Take::AsHead
                && let Some(head) = live::unseen(&self.core.engine.live, key)
                && !crate::fault::on("promotes-what-was-not-typed")
            {
                return Err(ErrorKind::Stale { draft: key.draft, head }.into());
            }
            let (place, expects) = (place(&self.core), self.expects);
            // After what autosaves hold, which moves the head on and away from what was expected.
            let work = move |write: &mut Write<'_>, place: &change::Place, key: DraftKey, trace: TraceId| {
                change::expect_head(write, key, expects)?;
                work(write, place, key, trace)
            };
            live::commit_with(&self.core, claimed, trace, move |write, save| {
                let save_if_possible = |write: &mut Write<'_>| {
                    let is_possible = change::open_head(write, key)?.header.phase.takes_saves();
                    if is_possible { save(write) } else { Ok(Vec::new()) }
                };
                match take {
                    Take::AsHead => {
                        let saved = save(write)?;
                        if let Some(head) = saved.iter().find_map(Saving::unseen)
                            && !crate::fault::on("promotes-what-was-not-typed")
                        {
                            return Err(ErrorKind::Stale { draft: key.draft, head }.into());
                        }
                        Ok((saved, work(write, &place, key, trace)?))
                    }
                    Take::IfPossible => Ok((save_if_possible(write)?, work(write, &place, key, trace)?)),
                    Take::Afterwards => {
                        let result = work(write, &place, key, trace)?;
                        Ok((save_if_possible(write)?, result))
                    }
                }
            })
        })
    }

    pub(crate) fn parts(&self) -> (&Arc<SpaceCore>, &Arc<AnySchema>, DraftKey) {
        (&self.core, &self.schema, self.key())
    }

    /// The only head that its calls may change, where they are about one.
    pub(super) const fn expected(&self) -> Option<RevisionId> {
        self.expects
    }
}

/// How a change takes in what autosaves hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// Before, and it has to be the head: the change is about what was typed last.
    AsHead,
    /// Before, where the draft takes saves.
    IfPossible,
    /// After, where the draft takes saves then.
    Afterwards,
}

fn is_covered(view: &impl View, key: DraftKey, version: u64) -> bool {
    packed::covering(view, key, version).is_ok_and(|span| span.is_some())
}

/// The head of a draft that is in one of these phases.
fn in_phase(write: &Write<'_>, key: DraftKey, phases: &[Phase]) -> std::result::Result<Head, Failure> {
    let head = change::open_head(write, key)?;
    if phases.contains(&head.header.phase) {
        return Ok(head);
    }
    Err(ErrorKind::Phase { draft: key.draft, phase: head.header.phase }.into())
}

/// Whether the text that was promoted is still the head's.
fn is_promoted_text(write: &Write<'_>, place: &change::Place, head: &Head) -> bool {
    let key = DraftKey { space: place.space, draft: head.header.draft };
    // A promotion writes the promoted text once more: it is the head's unless something was saved since.
    let Some(promoted) = head.header.promoted else { return false };
    let before = head.row.version.saturating_sub(1);
    let Ok((row, _)) = run::read(write.txn, &place.keys.digests(), key, before) else { return false };
    crate::revision::revision_id(&row.header) == promoted
}

impl<T: Serialize + DeserializeOwned + 'static> Draft<T> {
    /// Reads the document for editing.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load); of a draft that [expects](Self::expecting) another head, `Stale`.
    pub fn edit(&self) -> Result<Edit<T>> {
        self.core.engine.traced("edit", |_| {
            let (head, body) = self.body()?;
            change::is_expected(&head, self.expects)?;
            let edit = Edit::new(Arc::clone(&self.core), Arc::clone(&self.schema), self.key(), &head, body)?;
            Ok(if self.expects.is_some() { edit.over_its_base_only() } else { edit })
        })
    }

    /// The document.
    ///
    /// # Errors
    ///
    /// Those of [`info`](Self::info); `SchemaTooNew` where a newer release of the application wrote it, in which case
    /// [`raw`](Self::raw) reads it; `Migration` where the schema's own step refuses it; `Document` where it does not
    /// fit the type.
    pub fn load(&self) -> Result<T> {
        self.core.engine.traced("load", |_| {
            let (head, body) = self.body()?;
            document::read(&self.schema, head.header.schema, &body)
        })
    }

    /// A version with its document.
    ///
    /// # Errors
    ///
    /// Those of [`raw_at`](Self::raw_at) and [`load`](Self::load).
    pub fn at(&self, version: u64) -> Result<Version<T>> {
        self.core.engine.traced("at", |_| {
            let whole = self.whole(version)?;
            let doc = document::read(&self.schema, whole.header.schema, &whole.body)?;
            let entry = packed::Entry {
                version,
                size: whole.body.len() as u64,
                header: whole.header,
                meta: whole.meta,
                local: whole.local,
            };
            Ok(Version { info: VersionInfo::of(entry)?, revision: whole.id, doc })
        })
    }
}
