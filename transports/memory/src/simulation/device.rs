//! One device: a store, what is open on it, and the calls that a person makes.

use super::departures::Standing;
use super::essay::{ESSAY, Essay, schema};
use super::house::SPACE;
use super::keys::Ring;
use super::oracle::Subject;
use super::person::Window;
use super::shelf::{Medium, Shelf};
use super::words::{Word, words_in};
use crate::dice::Dice;
use crate::network::Network;
use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::{BlockedBy, Status, SyncErrorKind, Syncer};
use draftkeep::{Draft, DraftId, DraftInfo, Drafts, ErrorKind, Filter, Options, RevisionId, Space, Store};
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
    /// Its keys, where it is sealed.
    pub(super) ring: Option<Ring>,
    open: Option<Open>,
    /// Documents that somebody is at work on, with what they were based on.
    pub(super) edits: Vec<Window>,
    seed: u64,
    /// So many times its store was opened, each with randomness of its own.
    openings: u64,
    looks: BTreeMap<DraftId, Look>,
    /// What stood on it when it was shut last: while it does not open nobody sees that, and nothing changes it.
    asleep: Arc<Standing>,
}

/// What is open while the device runs.
struct Open {
    store: Store,
    space: Space,
    essays: Drafts<Essay>,
    syncer: Arc<Syncer>,
}

/// What a draft looked like, as far as it has to be read to be known.
struct Look {
    revision: RevisionId,
    words: BTreeSet<Word>,
}

impl Device {
    pub(crate) fn new(
        name: &str,
        medium: Medium,
        ring: Option<Ring>,
        network: Network,
        clock: ManualClock,
        seed: u64,
    ) -> Result<Self, String> {
        Self::on(name, (medium, Shelf::new(medium)?), ring, network, clock, seed)
    }

    /// A device whose store begins as this copy.
    pub(crate) fn from_copy(
        name: &str,
        medium: Medium,
        held: &MemoryStorage,
        ring: Option<Ring>,
        network: Network,
        clock: ManualClock,
        seed: u64,
    ) -> Result<Self, String> {
        Self::on(name, (medium, Shelf::from_copy(medium, held)?), ring, network, clock, seed)
    }

    fn on(
        name: &str,
        (medium, shelf): (Medium, Shelf),
        ring: Option<Ring>,
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
            ring,
            open: None,
            edits: Vec::new(),
            seed,
            openings: 0,
            looks: BTreeMap::new(),
            asleep: Arc::default(),
        };
        device.open()?;
        Ok(device)
    }

    /// Opens its store; without a key that it lost for a while it may stay shut.
    pub(super) fn open(&mut self) -> Result<(), String> {
        self.openings += 1;
        let entropy = SeededEntropy::new(self.seed.wrapping_mul(1_000).wrapping_add(self.openings));
        let options =
            Options::with_runtime(Arc::new(self.clock.clone()), Arc::new(self.tasks.clone()), Arc::new(entropy))
                .device(&*self.name)
                .schema(schema().map_err(|error| error.to_string())?);
        let options = match &self.ring {
            Some(ring) => options.key_ring(ring.keys.clone()),
            None => options,
        };
        let opened = || -> draftkeep::Result<Open> {
            let store = Store::with_storage(self.shelf.storage(), options)?;
            let space = store.space(SPACE)?;
            let essays = space.drafts(ESSAY)?;
            let syncer = Arc::new(Syncer::new(&space, self.network.clone()));
            Ok(Open { store, space, essays, syncer })
        };
        let is_locked = |error: &draftkeep::Error| {
            self.ring.as_ref().is_some_and(Ring::lacks) && matches!(error.kind(), ErrorKind::KeyMissing { .. })
        };
        self.open = match opened() {
            Ok(open) => Some(open),
            Err(error) if is_locked(&error) => None,
            Err(error) => return Err(format!("{} does not open: {error}", self.name)),
        };
        Ok(())
    }

    /// It lacks the key without which its store does not open.
    pub(crate) fn is_shut(&self) -> bool {
        self.open.is_none()
    }

    /// What stands on it is this, for as long as it is shut.
    pub(super) fn remember(&mut self, standing: Arc<Standing>) {
        self.asleep = standing;
    }

    pub(super) fn asleep(&self) -> Arc<Standing> {
        Arc::clone(&self.asleep)
    }

    pub(super) fn essays(&self) -> Result<&Drafts<Essay>, String> {
        Ok(&self.open.as_ref().ok_or("the device is off")?.essays)
    }

    pub(super) fn space(&self) -> Result<&Space, String> {
        Ok(&self.open.as_ref().ok_or("the device is off")?.space)
    }

    /// Nothing in its store is damaged, the audit and the histories among it.
    pub(crate) fn verify(&self) -> Result<(), String> {
        let open = self.open.as_ref().ok_or("the device is off")?;
        let verified = open.store.verify().map_err(|error| error.to_string())?;
        if verified.is_intact() { Ok(()) } else { Err(format!("{}: {:?}", self.name, verified.damage)) }
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
    pub(crate) fn look(&mut self) -> Result<(Standing, Vec<String>), String> {
        let (infos, mut standing, mut changed) = (self.infos()?, Standing::new(), Vec::new());
        self.looks.retain(|id, _| infos.iter().any(|info| info.id == *id));
        for info in infos {
            let stood = standing.entry(info.id).or_default();
            stood.revisions.insert(info.revision);
            let is_known = self.looks.get(&info.id).is_some_and(|look| look.revision == info.revision);
            if !is_known {
                let raw = self.draft(info.id)?.raw();
                let raw = raw.map_err(|error| format!("{} cannot read a draft: {error}", self.name))?;
                let seen = words_in(&raw.to_canonical().map_err(|error| error.to_string())?);
                let count = raw.as_object().and_then(|members| members.get("count")).map(|count| format!("{count:?}"));
                let (subject, revision, count) = (subject_of(&info), short(info.revision), count.unwrap_or_default());
                changed.push(format!("  {subject} is {revision}, counts {count}: {}", listed(&seen)));
                self.looks.insert(info.id, Look { revision: info.revision, words: seen });
            }
            stood.words.extend(self.looks.get(&info.id).into_iter().flat_map(|look| &look.words));
            if info.conflicts > 0 {
                for side in self.sides(info.id)? {
                    stood.words.extend(side.words());
                }
            }
        }
        Ok((standing, changed))
    }

    /// The words that stand in the head of each draft.
    pub(super) fn heads(&mut self) -> Result<BTreeMap<DraftId, BTreeSet<Word>>, String> {
        self.look()?;
        Ok(self.looks.iter().map(|(id, look)| (*id, look.words.clone())).collect())
    }

    pub(super) fn sides(&self, id: DraftId) -> Result<Vec<Essay>, String> {
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

    /// Of how many drafts the hub has something that is sealed with a key that it lacks.
    pub(crate) fn waits_for_keys(&self) -> Result<u64, String> {
        let blocked = self.status()?.blocked;
        Ok(blocked.iter().filter(|blocked| blocked.by == BlockedBy::KeyMissing).count() as u64)
    }

    /// Whether there is another hub at the address, and nobody said yet that it is meant.
    pub(crate) fn asks_about_hub(&self) -> Result<bool, String> {
        Ok(matches!(self.status()?.last_error, Some(SyncErrorKind::OtherHub { .. })))
    }

    /// What it still owes the hub or waits for, in words; none where there is nothing.
    pub(crate) fn owes(&self) -> Result<Option<String>, String> {
        let status = self.status()?;
        let is_done = status.pending == 0 && status.conflicts == 0 && status.parked.is_empty();
        let is_done = is_done && status.blocked.is_empty();
        Ok((!is_done).then(|| format!("{status:?}")))
    }

    pub(super) fn status(&self) -> Result<Status, String> {
        self.syncer()?.status().map_err(|error| format!("{} has no status: {error}", self.name))
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
