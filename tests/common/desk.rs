//! A store that is open, and doing deeds at it. Time, tasks and chance come from the test.

use super::deed::{Ack, Deed, Name, Pending};
use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::merge::{MergeRule, Policy, Rule};
use draftkeep::storage::{Disk, RedbStorage, Storage};
use draftkeep::{
    Autosave, Cadence, Conflict, Draft, DraftId, Drafts, Edit, Kind, Options, Retention, Savable, Saved, Schema, Space,
    Store, Value,
};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

pub const NOTE: Kind<String> = Kind::new("note");
pub const ALICE: &str = "alice";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What becomes of two texts: the longer one, or a conflict where they are of one length.
#[derive(Debug)]
struct ByLength;

impl MergeRule for ByLength {
    fn name(&self) -> &'static str {
        "by length"
    }

    fn version(&self) -> u32 {
        1
    }

    fn merge(&self, _: Option<&Value>, one: Option<&Value>, two: Option<&Value>) -> Result<Option<Value>, String> {
        let length = |side: Option<&Value>| side.and_then(Value::as_str).map(str::len);
        match length(one).cmp(&length(two)) {
            Ordering::Less => Ok(two.cloned()),
            Ordering::Greater => Ok(one.cloned()),
            Ordering::Equal => Err("they are of one length".to_owned()),
        }
    }
}

/// What a store runs with.
#[derive(Debug, Clone)]
pub struct Runtime {
    pub clock: ManualClock,
    pub retention: Retention,
    /// The schema version of the application.
    pub schema: u32,
    pub seed: u64,
}

impl Runtime {
    pub fn new(seed: u64, retention: Retention) -> Self {
        Self { clock: ManualClock::new(), retention, schema: 1, seed }
    }

    /// The same, with a clock that stands where this one stands and goes its own way.
    pub fn fork(&self, seed: u64) -> Self {
        use draftkeep::clock::Clock;
        Self { clock: ManualClock::at(self.clock.now()), seed, ..self.clone() }
    }
}

pub struct Desk {
    pub store: Store,
    pub space: Space,
    pub notes: Drafts<String>,
    pub ids: BTreeMap<Name, DraftId>,
    runtime: Runtime,
    tasks: TaskQueue,
    held: BTreeMap<Name, Edit<String>>,
    /// What the next deed needs and what reading may have to make ready.
    edits: Vec<Edit<String>>,
    autosave: Option<Autosave<String>>,
    conflict: Option<Conflict<String>>,
}

impl Desk {
    pub fn create(disk: Arc<dyn Disk>, runtime: &Runtime) -> Outcome<Self> {
        Self::at(Arc::new(RedbStorage::create(disk)?), runtime)
    }

    pub fn open(disk: Arc<dyn Disk>, runtime: &Runtime) -> Outcome<Self> {
        Self::at(Arc::new(RedbStorage::open(disk)?), runtime)
    }

    pub fn at(storage: Arc<dyn Storage>, runtime: &Runtime) -> Outcome<Self> {
        let tasks = TaskQueue::new();
        let entropy = Arc::new(SeededEntropy::new(runtime.seed));
        let options = Options::with_runtime(Arc::new(runtime.clock.clone()), Arc::new(tasks.clone()), entropy);
        let unchanged = |document| Ok(document);
        let schema = (1..runtime.schema).fold(Schema::of(NOTE), |schema, from| schema.migrate(from, unchanged));
        let policy = Policy::builder().rule("", Rule::Custom(Arc::new(ByLength))).build()?;
        let schema = schema.version(runtime.schema).policy(policy);
        let options = options.retention(runtime.retention).schema(schema);
        let store = Store::with_storage(storage, options)?;
        let space = store.space(ALICE)?;
        let notes = space.drafts(NOTE)?;
        Ok(Self {
            store,
            space,
            notes,
            ids: BTreeMap::new(),
            runtime: runtime.clone(),
            tasks,
            held: BTreeMap::new(),
            edits: Vec::new(),
            autosave: None,
            conflict: None,
        })
    }

    pub fn schema(&self) -> u32 {
        self.runtime.schema
    }

    pub fn draft(&self, name: Name) -> Outcome<Draft<String>> {
        let id = self.ids.get(name).ok_or("the test names a draft that never began")?;
        Ok(self.notes.get(*id)?.ok_or("the draft is gone")?)
    }

    /// Reads what a deed is based on: what comes after is the call itself.
    pub fn prepare(&mut self, deed: &Deed) -> Outcome<()> {
        self.edits.clear();
        (self.autosave, self.conflict) = (None, None);
        match deed {
            Deed::Save(name, text) => self.load(name, text),
            Deed::SaveAll(saves) => saves.iter().try_for_each(|(name, text)| self.load(name, text)),
            Deed::SaveHeld(name, text) => {
                text.clone_into(self.held.get_mut(name).ok_or("nothing is held")?.doc());
                Ok(())
            }
            Deed::Settle(name, _) => {
                self.conflict = self.draft(name)?.conflict()?;
                Ok(())
            }
            Deed::Flush(name, text) => self.hold_unsaved(name, &Some(text.clone())),
            Deed::Checkpoint(name, _, pending)
            | Deed::Promote(name, _, pending)
            | Deed::PromoteAndArchive(name, _, pending)
            | Deed::Archive(name, pending)
            | Deed::Discard(name, pending) => self.hold_unsaved(name, pending),
            Deed::OpenSpace(time, ..) => {
                self.runtime.clock.advance(*time);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn load(&mut self, name: Name, text: &str) -> Outcome<()> {
        let mut edit = self.draft(name)?.edit()?;
        text.clone_into(edit.doc());
        self.edits.push(edit);
        Ok(())
    }

    fn hold_unsaved(&mut self, name: Name, pending: &Pending) -> Outcome<()> {
        if let Some(text) = pending {
            let autosave = self.draft(name)?.autosave(Cadence::every(Duration::from_secs(3_600)))?;
            autosave.changed(text);
            self.autosave = Some(autosave);
        }
        Ok(())
    }

    /// Makes the call. It may be made again after an error, without preparing anew.
    pub fn act(&mut self, deed: &Deed) -> Outcome<Ack> {
        let mut ack = Ack::default();
        let draft = |name: &Name| self.draft(name);
        match deed {
            Deed::Start(name, text) => {
                let id = self.notes.start(text)?.id();
                ack.id = Some(id);
                self.ids.insert(name, id);
            }
            Deed::StartIn(name, slot, text) => {
                let id = self.notes.slot(slot).start(text)?.id();
                ack.id = Some(id);
                self.ids.insert(name, id);
            }
            Deed::StartOver(name, slot, text) => {
                let id = self.notes.slot(slot).start_over(text)?.id();
                ack.id = Some(id);
                self.ids.insert(name, id);
            }
            Deed::Save(..) => ack.versions = vec![self.edits[0].save()?.version()],
            Deed::SaveAll(_) => {
                let mut edits: Vec<&mut dyn Savable> = Vec::new();
                edits.extend(self.edits.iter_mut().map(|edit| edit as &mut dyn Savable));
                ack.versions = self.space.save_all(&mut edits)?.iter().map(Saved::version).collect();
            }
            Deed::Hold(name) => {
                let edit = draft(name)?.edit()?;
                self.held.insert(name, edit);
            }
            Deed::SaveHeld(name, _) => {
                let edit = self.held.get_mut(name).ok_or("nothing is held")?;
                ack.versions = vec![edit.save()?.version()];
            }
            Deed::Settle(name, text) => {
                let conflict = self.conflict.as_ref().ok_or_else(|| format!("{name} is in no conflict"))?;
                ack.versions = vec![conflict.settle(text)?];
            }
            Deed::Flush(..) => {
                let flushed = self.autosave.as_ref().ok_or("no autosave")?.flush()?;
                ack.versions.extend(flushed.map(|saved| saved.version));
            }
            Deed::Checkpoint(name, label, _) => ack.versions = vec![draft(name)?.checkpoint(label)?],
            Deed::Restore(name, version) => ack.versions = vec![draft(name)?.restore(*version)?],
            Deed::Pin(name, version) => draft(name)?.pin(*version)?,
            Deed::Unpin(name, version) => draft(name)?.unpin(*version)?,
            Deed::Promote(name, outcome, _) => draft(name)?.promote(outcome)?,
            Deed::PromoteAndArchive(name, outcome, _) => draft(name)?.promote_and_archive(outcome)?,
            Deed::Archive(name, _) => draft(name)?.archive()?,
            Deed::Reopen(name) => draft(name)?.reopen()?,
            Deed::Discard(name, _) => draft(name)?.discard()?,
            Deed::Recover(name) => draft(name)?.recover()?,
            Deed::Purge(name) => draft(name)?.purge()?,
            Deed::Erase(name) => drop(draft(name)?.erase()?),
            Deed::NewSpace(name) => drop(self.store.space(name)?),
            Deed::OpenSpace(..) => {
                self.space = self.store.space(ALICE)?;
                self.notes = self.space.drafts(NOTE)?;
            }
            Deed::NewReplica => ack.replica = Some(self.store.take_new_replica()?),
            Deed::Compact => drop(self.store.compact()?),
            Deed::Tend => self.store.tend()?,
            Deed::Idle => self.tasks.run_for(&self.runtime.clock, Duration::from_secs(10)),
        }
        Ok(ack)
    }

    pub fn do_all(&mut self, deeds: &[Deed], mut done: impl FnMut(&Deed, &Ack)) -> Outcome<()> {
        for deed in deeds {
            self.prepare(deed)?;
            let ack = self.act(deed).map_err(|error| format!("{deed:?}: {error}"))?;
            done(deed, &ack);
        }
        self.rest();
        Ok(())
    }

    /// Lets go of what a deed held.
    pub fn rest(&mut self) {
        self.edits.clear();
        (self.autosave, self.conflict) = (None, None);
    }

    /// Whether nothing that the deed under way was to save exists only in memory.
    pub fn is_all_safe(&self) -> bool {
        self.autosave.as_ref().is_none_or(|autosave| autosave.status().is_safe())
    }

    /// The texts that the edits of the deed under way hold.
    pub fn texts_in_hand(&self) -> Vec<String> {
        self.edits.iter().map(|edit| edit.as_doc().clone()).collect()
    }
}
