//! One device: a store, what is open on it, and the calls that a person makes.

use super::essay::{ESSAY, Essay, Stroke, schema, stroke};
use super::house::SPACE;
use super::oracle::{Held, Subject};
use super::shelf::{Medium, Shelf};
use super::words::{Word, words_in};
use crate::dice::Dice;
use crate::network::Network;
use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::{Status, SyncErrorKind, Syncer};
use draftkeep::{Draft, DraftId, DraftInfo, Drafts, Edit, Filter, Options, Phase, RevisionId, Saved, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One device.
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) clock: ManualClock,
    pub(crate) tasks: TaskQueue,
    pub(crate) network: Network,
    shelf: Shelf,
    medium: Medium,
    open: Option<Open>,
    /// Documents that somebody is at work on, with what they were based on.
    edits: Vec<Window>,
    seed: u64,
    /// So many times its store was opened, each with randomness of its own.
    openings: u64,
    looks: BTreeMap<DraftId, Look>,
}

/// What is open while the device runs.
struct Open {
    store: Store,
    essays: Drafts<Essay>,
    syncer: Arc<Syncer>,
}

/// A document that somebody is at work on.
struct Window {
    subject: Subject,
    draft: DraftId,
    edit: Edit<Essay>,
    /// The words of the document as it was loaded, saved or merged last.
    before: BTreeSet<Word>,
}

/// What a draft looked like, as far as it has to be read to be known.
struct Look {
    revision: RevisionId,
    words: BTreeSet<Word>,
}

/// What a person did to a document, and what became of it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) subject: Subject,
    /// Words that were put in.
    pub(crate) added: BTreeSet<Word>,
    /// Words that were taken out.
    pub(crate) removed: BTreeSet<Word>,
    /// The call returned `Ok`.
    pub(crate) is_acknowledged: bool,
    pub(crate) what: String,
}

/// Whether another save comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Close,
    KeepOpen,
}

impl Device {
    pub(crate) fn new(
        name: &str,
        medium: Medium,
        network: Network,
        clock: ManualClock,
        seed: u64,
    ) -> Result<Self, String> {
        Self::on(name, medium, Shelf::new(medium)?, network, clock, seed)
    }

    /// A device whose store begins as this copy.
    pub(crate) fn from_copy(
        name: &str,
        medium: Medium,
        held: &MemoryStorage,
        network: Network,
        clock: ManualClock,
        seed: u64,
    ) -> Result<Self, String> {
        Self::on(name, medium, Shelf::from_copy(medium, held)?, network, clock, seed)
    }

    fn on(
        name: &str,
        medium: Medium,
        shelf: Shelf,
        network: Network,
        clock: ManualClock,
        seed: u64,
    ) -> Result<Self, String> {
        let mut device = Self {
            name: name.to_owned(),
            clock,
            tasks: TaskQueue::new(),
            network,
            shelf,
            medium,
            open: None,
            edits: Vec::new(),
            seed,
            openings: 0,
            looks: BTreeMap::new(),
        };
        device.open()?;
        Ok(device)
    }

    fn open(&mut self) -> Result<(), String> {
        self.openings += 1;
        let entropy = SeededEntropy::new(self.seed.wrapping_mul(1_000).wrapping_add(self.openings));
        let options =
            Options::with_runtime(Arc::new(self.clock.clone()), Arc::new(self.tasks.clone()), Arc::new(entropy))
                .device(&*self.name)
                .schema(schema().map_err(|error| error.to_string())?);
        let opened = || -> draftkeep::Result<Open> {
            let store = Store::with_storage(self.shelf.storage(), options)?;
            let space = store.space(SPACE)?;
            let essays = space.drafts(ESSAY)?;
            let syncer = Arc::new(Syncer::new(&space, self.network.clone()));
            Ok(Open { store, essays, syncer })
        };
        self.open = Some(opened().map_err(|error| format!("{} does not open: {error}", self.name))?);
        Ok(())
    }

    fn essays(&self) -> Result<&Drafts<Essay>, String> {
        Ok(&self.open.as_ref().ok_or("the device is off")?.essays)
    }

    pub(crate) fn syncer(&self) -> Result<Arc<Syncer>, String> {
        Ok(Arc::clone(&self.open.as_ref().ok_or("the device is off")?.syncer))
    }

    /// The device loses its power and starts again. What was not saved is gone.
    pub(crate) fn crash(&mut self, since: Option<usize>, dice: &mut Dice) -> Result<(), String> {
        self.edits.clear();
        self.tasks.clear();
        self.open = None;
        self.looks.clear();
        self.shelf.crash(since.unwrap_or_else(|| self.shelf.moment()), dice)?;
        self.open()
    }

    pub(crate) fn moment(&self) -> usize {
        self.shelf.moment()
    }

    /// A copy of its store as it is now, for later.
    pub(crate) fn copy(&self) -> Result<MemoryStorage, String> {
        self.shelf.copy()
    }

    /// Puts a copy in the place of its store.
    pub(crate) fn restore(&mut self, held: &MemoryStorage) -> Result<(), String> {
        self.edits.clear();
        self.tasks.clear();
        self.open = None;
        self.looks.clear();
        self.shelf = self.shelf.restored(self.medium, held)?;
        self.open()
    }

    /// What an application does that knows of the copy; whether the storage took it.
    pub(crate) fn take_new_replica(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.store.take_new_replica().is_ok())
    }

    pub(crate) fn fail_a_commit(&self, dice: &mut Dice) {
        self.shelf.fail_a_commit(dice);
    }

    pub(crate) fn heal(&self) {
        self.shelf.heal();
    }

    pub(crate) fn strikes(&self) -> u64 {
        self.shelf.strikes()
    }

    /// All its drafts, newest first.
    pub(crate) fn infos(&self) -> Result<Vec<DraftInfo>, String> {
        let page = self.essays()?.list(&Filter::all().limit(1_000));
        page.map(|page| page.drafts).map_err(|error| format!("{} cannot list its drafts: {error}", self.name))
    }

    pub(crate) fn draft(&self, id: DraftId) -> Result<Draft<Essay>, String> {
        let draft = self.essays()?.get(id).map_err(|error| error.to_string())?;
        draft.ok_or_else(|| format!("{} lists a draft that it does not have", self.name))
    }

    pub(crate) fn load(&self, id: DraftId) -> Result<Essay, String> {
        self.draft(id)?.load().map_err(|error| format!("{} cannot load a draft: {error}", self.name))
    }

    /// The words that stand in its heads and in the sides of its open conflicts, and in words what changed since the last look.
    pub(crate) fn look(&mut self) -> Result<(Held, Vec<String>), String> {
        let (infos, mut held, mut changed) = (self.infos()?, Held::new(), Vec::new());
        self.looks.retain(|id, _| infos.iter().any(|info| info.id == *id));
        for info in infos {
            let words = held.entry(subject_of(&info)).or_default();
            let is_known = self.looks.get(&info.id).is_some_and(|look| look.revision == info.revision);
            if !is_known {
                let raw = self.draft(info.id)?.raw();
                let raw = raw.map_err(|error| format!("{} cannot read a draft: {error}", self.name))?;
                let seen = words_in(&raw.to_canonical().map_err(|error| error.to_string())?);
                changed.push(format!("  {} is {}: {}", subject_of(&info), short(info.revision), listed(&seen)));
                self.looks.insert(info.id, Look { revision: info.revision, words: seen });
            }
            words.extend(self.looks.get(&info.id).into_iter().flat_map(|look| &look.words));
            if info.conflicts > 0 {
                for side in self.sides(info.id)? {
                    words.extend(side.words());
                }
            }
        }
        Ok((held, changed))
    }

    fn sides(&self, id: DraftId) -> Result<Vec<Essay>, String> {
        let conflict = self.draft(id)?.conflict();
        let Some(conflict) = conflict.map_err(|error| format!("{} cannot show a conflict: {error}", self.name))? else {
            return Ok(Vec::new());
        };
        let read = |value: &draftkeep::Value| {
            let json = value.to_canonical().map_err(|error| error.to_string())?;
            draftkeep::value::from_slice(&json).map_err(|error| error.to_string())
        };
        conflict.theirs().iter().map(|side| read(&side.value)).collect()
    }

    /// Begins a slot's draft, or a draft without one; none where the slot has a current one already.
    pub(crate) fn start(&mut self, slot: Option<&str>, essay: &Essay, over: bool) -> Result<Option<Written>, String> {
        let essays = self.essays()?;
        let started = match slot {
            Some(key) => {
                let slot = essays.slot(key);
                let current = slot.resume().map_err(|error| format!("{} cannot resume: {error}", self.name))?;
                match (current.is_some(), over) {
                    (true, false) => return Ok(None),
                    (_, true) => slot.start_over(essay),
                    (false, false) => slot.start(essay),
                }
            }
            None => essays.start(essay),
        };
        let (subject, what) = match (&started, slot) {
            (Ok(draft), None) => (Subject(format!("{:.6}", draft.id().to_string())), "begins a draft".to_owned()),
            (Ok(_), Some(slot)) => {
                (Subject(slot.to_owned()), format!("begins {slot}{}", if over { " over" } else { "" }))
            }
            (Err(error), _) => (Subject("nothing".to_owned()), format!("begins: {error}")),
        };
        let (added, removed, is_acknowledged) = (essay.words(), BTreeSet::new(), started.is_ok());
        Ok(Some(Written { subject, added, removed, is_acknowledged, what }))
    }

    /// Opens a document in one more window; the first of three is closed unsaved.
    pub(crate) fn open_window(&mut self, info: &DraftInfo) -> Result<String, String> {
        let edit = self.draft(info.id)?.edit().map_err(|error| format!("{} cannot edit: {error}", self.name))?;
        let (subject, before) = (subject_of(info), edit.as_doc().words());
        if self.edits.len() == 3 {
            self.edits.remove(0);
        }
        let what = format!("opens {subject} in a window, at version {}", edit.version());
        self.edits.push(Window { subject, draft: info.id, edit, before });
        Ok(what)
    }

    /// Types into a window and saves it; none where no window is open.
    pub(crate) fn type_and_save(
        &mut self,
        strokes: &[(Stroke, Word)],
        afterwards: Afterwards,
        dice: &mut Dice,
    ) -> Option<Written> {
        let at = dice.below(self.edits.len());
        let window = self.edits.get_mut(at)?;
        for (how, word) in strokes {
            stroke(window.edit.doc(), *how, *word, dice);
        }
        let typed = window.edit.as_doc().words();
        let (added, removed) = (&typed - &window.before, &window.before - &typed);
        let saved = window.edit.save();
        let how = strokes.iter().map(|(how, _)| format!("{how:?}")).collect::<Vec<_>>().join(" and ");
        let what = match &saved {
            Ok(Saved::Unchanged { version }) => format!("unchanged, {version}"),
            Ok(Saved::Stored { version, .. }) => format!("version {version}"),
            Ok(Saved::Merged { version, head, .. }) => format!("version {version}, merged into {head}"),
            Ok(Saved::Conflict { version }) => format!("version {version}, in conflict"),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("not saved: {error}"),
        };
        let words = added.iter().map(|word| format!(" +{word}")).chain(removed.iter().map(|word| format!(" -{word}")));
        let what = format!("{how} in {}{}: {what}", window.subject, words.collect::<String>());
        let (subject, is_acknowledged) = (window.subject.clone(), saved.is_ok());
        if is_acknowledged {
            window.before = window.edit.as_doc().words();
        }
        // A window of a draft that takes no saves any more, and one that is done with, is closed.
        let is_refused = saved.is_err_and(|error| !error.is_transient());
        if is_refused || afterwards == Afterwards::Close {
            self.edits.remove(at);
        }
        Some(Written { subject, added, removed, is_acknowledged, what })
    }

    /// Makes an earlier version the head.
    pub(crate) fn restore_version(&mut self, info: &DraftInfo, dice: &mut Dice) -> Result<Written, String> {
        let draft = self.draft(info.id)?;
        let before = draft.load().map_err(|error| error.to_string())?.words();
        let version = 1 + u64::try_from(dice.below(usize::try_from(info.version).unwrap_or(1))).unwrap_or_default();
        let after =
            draft.at(version).map_err(|error| format!("version {version} cannot be read: {error}"))?.doc.words();
        let restored = draft.restore(version);
        let what = match &restored {
            Ok(as_version) => format!("restores version {version} of {} as {as_version}", subject_of(info)),
            Err(error) => format!("does not restore version {version} of {}: {error}", subject_of(info)),
        };
        let (added, removed) = (&after - &before, &before - &after);
        Ok(Written { subject: subject_of(info), added, removed, is_acknowledged: restored.is_ok(), what })
    }

    /// Changes what the draft is, not what it says.
    pub(crate) fn tend(&mut self, info: &DraftInfo, how: Tending) -> Result<String, String> {
        let draft = self.draft(info.id)?;
        let done = match how {
            Tending::Checkpoint => draft.checkpoint("a good moment").map(|_| ()),
            Tending::Promote => draft.promote("production-9"),
            Tending::PromoteAndArchive => draft.promote_and_archive("production-10"),
            Tending::Archive => draft.archive(),
            Tending::Reopen => draft.reopen(),
            Tending::Discard => draft.discard(),
            Tending::Recover => draft.recover(),
        };
        let became = done.map_or_else(|error| format!(": {error}"), |()| String::new());
        Ok(format!("{how:?} {} (it is {}){became}", subject_of(info), info.phase))
    }

    /// Settles the open conflict of a draft: with one other side, or with all at once. None where there is none.
    pub(crate) fn settle(&mut self, info: &DraftInfo, at_once: bool) -> Result<Option<String>, String> {
        let draft = self.draft(info.id)?;
        let conflict = draft.conflict().map_err(|error| format!("{} cannot show a conflict: {error}", self.name))?;
        let Some(conflict) = conflict else { return Ok(None) };
        let mut others = self.sides(info.id)?;
        let count = others.len();
        if !at_once {
            others.truncate(1);
        }
        let ours = draft.load().map_err(|error| error.to_string())?;
        let document = ours.with_all_of(&others);
        let settled = if at_once {
            let json = draftkeep::value::to_canonical(&document).map_err(|error| error.to_string())?;
            let value = draftkeep::Value::parse(&json).map_err(|error| error.to_string())?;
            conflict.settle_all(&value)
        } else {
            conflict.settle(&document)
        };
        let sides = if at_once { count } else { 1 };
        Ok(Some(match settled {
            Ok(version) => format!("settles {sides} of {count} sides of {} as version {version}", subject_of(info)),
            Err(error) => format!("does not settle {} ({}): {error}", subject_of(info), info.phase),
        }))
    }

    /// Syncing goes on, whatever paused it; what was parked is tried again.
    pub(crate) fn resume(&self) -> Result<(), String> {
        let syncer = self.syncer()?;
        syncer.resume();
        for parked in self.status()?.parked {
            // Where the disk fails it stays parked, until somebody says so again.
            let _ = syncer.retry(parked.draft);
        }
        Ok(())
    }

    /// Whether there is another hub at the address, and nobody said yet that it is meant.
    pub(crate) fn asks_about_hub(&self) -> Result<bool, String> {
        Ok(matches!(self.status()?.last_error, Some(SyncErrorKind::OtherHub { .. })))
    }

    /// What it still owes the hub, in words; none where it owes nothing.
    pub(crate) fn owes(&self) -> Result<Option<String>, String> {
        let status = self.status()?;
        let is_done = status.pending == 0 && status.conflicts == 0 && status.parked.is_empty();
        Ok((!is_done).then(|| format!("{status:?}")))
    }

    fn status(&self) -> Result<Status, String> {
        self.syncer()?.status().map_err(|error| format!("{} has no status: {error}", self.name))
    }

    /// Windows of drafts that are gone from this device.
    pub(crate) fn close_windows(&mut self) {
        self.edits.clear();
    }

    pub(crate) fn has_windows(&self) -> bool {
        !self.edits.is_empty()
    }

    /// Whether a window shows the draft.
    pub(crate) fn shows(&self, id: DraftId) -> bool {
        self.edits.iter().any(|window| window.draft == id)
    }
}

/// A change of what a draft is, not of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tending {
    Checkpoint,
    Promote,
    PromoteAndArchive,
    Archive,
    Reopen,
    Discard,
    Recover,
}

impl Tending {
    /// Those that a draft in this phase takes, and now and then one that it does not.
    pub(crate) fn drawn(phase: Phase, dice: &mut Dice) -> Self {
        let usual: &[Self] = match phase {
            Phase::Open => &[Self::Checkpoint, Self::Checkpoint, Self::Promote, Self::Archive, Self::Discard],
            Phase::Promoted => &[Self::Checkpoint, Self::PromoteAndArchive, Self::Archive, Self::Promote],
            Phase::Archived => &[Self::Reopen, Self::Reopen, Self::Reopen, Self::Discard],
            Phase::Discarded => &[Self::Recover],
        };
        dice.pick(usual).copied().unwrap_or(Self::Checkpoint)
    }
}

/// The beginning of a revision's name.
fn short(revision: RevisionId) -> String {
    format!("{:.8}", revision.to_string())
}

fn listed(words: &BTreeSet<Word>) -> String {
    words.iter().map(Word::to_string).collect::<Vec<_>>().join(" ")
}

/// What a draft is about.
pub(crate) fn subject_of(info: &DraftInfo) -> Subject {
    match info.slot_text() {
        Some(slot) => Subject(slot.to_owned()),
        None => Subject(format!("{:.6}", info.id.to_string())),
    }
}
