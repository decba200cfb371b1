//! Carries each call out on a store and on the model, and holds the answers against each other.

use super::calls::{Call, What, typed};
use super::looking;
use super::note::{HeldDraft, HeldDrafts, HeldEdit, KINDS, Note, schemas};
use super::state::{Became, Editing, State, Version};
use draftkeep::clock::{Clock, ManualClock, SeededEntropy, TaskQueue, Timestamp};
use draftkeep::storage::Storage;
use draftkeep::{
    AuditAction, AuditRetention, DraftId, Erased, ErrorKind, Keep, Options, Phase, ReplicaId, Retention, Space, Store,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const SPACES: [&str; 3] = ["a", "a\0", "A"];
/// Keys that a separator, a prefix, a fold of case or a normal form would make the same.
pub(crate) const KEYS: [&[u8]; 9] = [b"k", b"k\0", b"ke", b"K", b"\xc3\xa9", b"e\xcc\x81", b"\xff\xff", b"\0", b"\xff"];

const YEAR_MS: u64 = 31_557_600_000;
const DAY: Duration = Duration::from_secs(86_400);
const EDITS_MAX: usize = 6;

/// What a program runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) retention: Retention,
    pub(crate) keep: Keep,
    pub(crate) discard_after: Option<Duration>,
    pub(crate) purge_after: Option<Duration>,
    pub(crate) cache_bytes: usize,
    /// Entries of an audit that are kept.
    pub(crate) audited: Option<u64>,
}

impl Setting {
    /// One of a few, by number. The first keeps everything.
    pub(crate) fn numbered(number: u8) -> Self {
        let keep = match number % 4 {
            0 | 1 => Keep::All,
            2 => Keep::Last(3),
            _ => Keep::thinned(),
        };
        let (discard_after, purge_after) = if number & 4 == 0 { (None, None) } else { (Some(DAY * 2), Some(DAY)) };
        let mut retention = Retention::default().history(keep);
        if let (Some(discard), Some(purge)) = (discard_after, purge_after) {
            retention = retention.discard_after(discard).purge_after(purge);
        }
        let cache_bytes = if number & 8 == 0 { 32 << 20 } else { 0 };
        let audited = (number & 16 != 0).then_some(20);
        Self { retention, keep, discard_after, purge_after, cache_bytes, audited }
    }
}

/// Opens the storage that lies below, again and again.
pub(crate) type Opening = Box<dyn FnMut() -> Arc<dyn Storage>>;

pub(crate) struct Player {
    pub(crate) store: Store,
    pub(crate) spaces: Vec<Option<Space>>,
    pub(crate) state: State,
    pub(crate) setting: Setting,
    /// Which version each tick of each writer made.
    pub(crate) ticks: BTreeMap<(ReplicaId, u64), (DraftId, u64)>,
    opening: Opening,
    clock: ManualClock,
    tasks: TaskQueue,
    entropy: Arc<SeededEntropy>,
    edits: Vec<(HeldEdit, Editing)>,
    gone: Vec<(usize, HeldDraft)>,
}

impl Player {
    pub(crate) fn new(mut opening: Opening, setting: Setting, seed: u64) -> Self {
        let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
        let entropy = Arc::new(SeededEntropy::new(seed));
        let mut state = State { now: clock.now().as_millis(), device: Some("laptop".to_owned()), ..State::default() };
        let options = options(&clock, &tasks, &entropy, setting, state.device.as_deref());
        let store = Store::with_storage(opening(), options).expect("an empty storage becomes a store");
        state.touches = 0;
        Self {
            store,
            spaces: Vec::new(),
            state,
            setting,
            ticks: BTreeMap::new(),
            opening,
            clock,
            tasks,
            entropy,
            edits: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// Plays a whole program, and looks at everything in the end.
    pub(crate) fn play(mut self, calls: impl IntoIterator<Item = Call>) {
        self.open_space(0);
        for call in calls {
            self.call(call);
        }
        looking::everything(&mut self);
        self.reopen_store(Call { what: What::ReopenStore, a: 0, b: 0, c: 0 });
        self.open_all();
        looking::everything(&mut self);
        let verified = self.store.verify().expect("it can be read");
        assert!(verified.is_intact(), "{verified:?}");
        let drafts = self.state.spaces.iter().flat_map(|(_, space)| space.drafts.values());
        let (count, versions) =
            drafts.fold((0, 0), |(count, versions), draft| (count + 1, versions + draft.versions.len()));
        assert_eq!((verified.drafts, verified.versions), (count, versions as u64), "what verify counts");
    }

    fn call(&mut self, call: Call) {
        let Call { what, a, b, c } = call;
        match what {
            What::OpenSpace => self.open_space(usize::from(a) % SPACES.len()),
            What::PassTime => {
                self.open_all();
                let by = Duration::from_millis(1 << (a % 28)).saturating_mul(u32::from(b % 4) + 1);
                self.tasks.run_for(&self.clock, by);
                self.state.now = self.clock.now().as_millis();
                looking::after_tending(self, false);
            }
            What::JumpClock => {
                let by = u64::from(b) * YEAR_MS * 100 / 255 / if c % 2 == 0 { 1 } else { 2_000 };
                let now = if a % 2 == 0 { self.state.now.saturating_sub(by) } else { self.state.now + by };
                self.clock.set_now(Timestamp::from_millis(now));
                self.state.now = now;
            }
            What::ReopenStore => self.reopen_store(call),
            What::Compact => {
                self.open_all();
                self.store.compact().expect("nothing is damaged");
                looking::after_tending(self, true);
            }
            What::Tend => {
                self.open_all();
                self.store.tend().expect("nothing is damaged");
                looking::after_tending(self, false);
            }
            What::Start | What::StartInSlot | What::StartOver => self.start(call),
            What::EraseSlot => self.erase_slot(call),
            What::EraseSpace => self.erase_space(call),
            What::Type | What::Save | What::CloseEdit => self.edit(call),
            What::SaveAll => self.save_all(call),
            What::LookAtLists => {
                if let Some(space) = self.some_space(a) {
                    looking::lists(self, space, b, c);
                }
            }
            _ => self.on_a_draft(call),
        }
    }

    fn open_space(&mut self, name: usize) {
        let number = self.state.open_space(SPACES[name]);
        self.spaces.resize_with(self.state.spaces.len(), || None);
        self.open_known(number);
    }

    /// What tidying drops is looked for in every space.
    fn open_all(&mut self) {
        for space in 0..self.spaces.len() {
            if self.spaces[space].is_none() {
                self.open_known(space);
            }
        }
    }

    fn open_known(&mut self, number: usize) {
        let name = self.state.spaces[number].0.clone();
        assert_eq!(self.state.open_space(&name), number);
        // Edits count the days as they were when their space was opened.
        self.edits.retain(|(_, editing)| editing.space != number);
        let space = self.store.space(&name).expect("the name is fine");
        self.swept(number, &space);
        self.spaces[number] = Some(space);
    }

    /// Opening may only have taken what is old by the clock and by the days alike.
    fn swept(&mut self, number: usize, opened: &Space) {
        let (now, days) = (self.state.now, self.state.spaces[number].1.days);
        let is_old = |wanted: Option<Duration>, since: u64, since_days: u64| {
            let Some(wanted) = wanted else { return false };
            let (ms, whole_days) = (wanted.as_millis() as u64, wanted.as_secs().div_ceil(86_400));
            now.saturating_sub(since) >= ms && days - since_days >= whole_days
        };
        let before = self.state.spaces[number].1.clone();
        for id in &opened.swept().discarded {
            let draft = &before.drafts[id];
            assert_eq!(draft.phase(), Phase::Open, "only open drafts go to the trash by themselves");
            assert!(is_old(self.setting.discard_after, draft.now().saved_at, draft.now().days), "{draft:?} is not old");
            self.state.enter(number, *id, Phase::Discarded).expect("it is open");
            self.state.note(number, *id, AuditAction::Discarded);
        }
        for id in &opened.swept().purged {
            let draft = &before.drafts[id];
            assert_eq!(draft.phase(), Phase::Discarded, "only the trash is emptied");
            assert!(is_old(self.setting.purge_after, draft.phase_since, draft.phase_days), "{draft:?} is not old");
            self.forget(number, *id);
        }
    }

    fn forget(&mut self, space: usize, id: DraftId) {
        self.state.note(space, id, AuditAction::Purged);
        self.state.space(space).drafts.remove(&id).expect("it was there");
        self.state.space(space).purged.insert(id);
    }

    fn reopen_store(&mut self, call: Call) {
        self.edits.clear();
        self.gone.clear();
        self.spaces.iter_mut().for_each(|space| *space = None);
        self.tasks.clear();
        self.state.device = match call.a % 3 {
            0 => None,
            1 => Some("laptop".to_owned()),
            _ => Some("phone".to_owned()),
        };
        // The old store lets go of the storage before it is opened again.
        let memory = Store::in_memory(self.options()).expect("the options are fine");
        let before = std::mem::replace(&mut self.store, memory);
        let (id, replica) = (before.id(), before.replica());
        drop(before);
        self.store = Store::with_storage((self.opening)(), self.options()).expect("it was closed in order");
        assert_eq!((self.store.id(), self.store.replica()), (id, replica));
        if call.b.is_multiple_of(16) {
            assert_ne!(self.store.take_new_replica().expect("it can be written"), replica);
        }
    }

    fn options(&self) -> Options {
        options(&self.clock, &self.tasks, &self.entropy, self.setting, self.state.device.as_deref())
    }

    fn some_space(&self, a: u8) -> Option<usize> {
        let open: Vec<usize> = (0..self.spaces.len()).filter(|space| self.spaces[*space].is_some()).collect();
        (!open.is_empty()).then(|| open[usize::from(a) % open.len()])
    }

    pub(crate) fn drafts(&self, space: usize, kind: usize) -> HeldDrafts {
        HeldDrafts::of(self.spaces[space].as_ref().expect("it is open"), kind).expect("the kind is fine")
    }

    pub(crate) fn draft(&self, space: usize, id: DraftId) -> HeldDraft {
        let kind = self.state.spaces[space].1.drafts[&id].kind;
        self.drafts(space, kind).get(id).expect("it can be read").expect("the model has it")
    }

    fn start(&mut self, call: Call) {
        let Some(space) = self.some_space(call.a) else { return };
        let kind = usize::from(call.b) % KINDS.len();
        let note = typed(&Note { title: "New".to_owned(), text: String::new() }, Call { a: call.c, ..call });
        let drafts = self.drafts(space, kind);
        if call.what == What::Start {
            let draft = drafts.start(&note).expect("it can be written");
            self.state.begin(space, draft.id(), kind, None, note);
            return;
        }
        let key = KEYS[usize::from(call.b / 3) % KEYS.len()];
        let is_over = call.what == What::StartOver;
        let before = self.state.spaces[space].1.current(kind, key);
        let draft = drafts.start_in(key, &note, is_over).expect("it can be written").id();
        if let Some(before) = before {
            if !is_over {
                assert_eq!(draft, before, "the slot has a current draft");
                return;
            }
            self.state.enter(space, before, Phase::Archived).expect("archiving takes no place");
            self.state.note(space, before, AuditAction::Archived);
        }
        let generations = self.state.spaces[space].1.generations.get(&(kind, key.to_vec())).map_or(0, Vec::len);
        let before = &self.state.spaces[space].1;
        let is_used = before.purged.contains(&draft) || before.erased.contains_key(&draft);
        assert!(!is_used, "the id of a draft that is gone is not used again");
        let generation = u32::try_from(generations).expect("few") + 1;
        self.state.begin(space, draft, kind, Some((key.to_vec(), generation)), note);
    }

    /// All of a slot goes, also what was purged, and the slot is free.
    fn erase_slot(&mut self, call: Call) {
        let Some(space) = self.some_space(call.a) else { return };
        let kind = usize::from(call.b) % KINDS.len();
        let key = KEYS[usize::from(call.b / 3) % KEYS.len()];
        let wanted = self.state.spaces[space].1.erasable_in(kind, key);
        let drafts = self.drafts(space, kind);
        let receipt = drafts.erase_slot(key).expect("it can be written");
        self.erased(space, &wanted, receipt);
        assert_eq!(drafts.resume(key).expect("it can be read"), None, "an erased slot is free");
        assert_eq!(drafts.generations(key).expect("they can be read"), Vec::new(), "an erased slot is empty");
    }

    /// Everything goes, also what was purged. Often nothing, so that programs have something left.
    fn erase_space(&mut self, call: Call) {
        let Some(space) = self.some_space(call.a).filter(|_| call.c.is_multiple_of(4)) else { return };
        let model = &self.state.spaces[space].1;
        let wanted: BTreeSet<DraftId> = model.drafts.keys().chain(&model.purged).copied().collect();
        let receipt = self.spaces[space].as_ref().expect("it is open").erase_all().expect("it can be written");
        self.erased(space, &wanted.into_iter().collect::<Vec<_>>(), receipt);
        looking::lists(self, space, call.b, call.c);
    }

    /// Holds a receipt against what had to be erased, in that order, and erases it from the model.
    fn erased(&mut self, space: usize, wanted: &[DraftId], receipt: Erased) {
        let versions: u64 = wanted.iter().map(|id| self.state.erase(space, *id)).sum();
        let Erased { drafts, versions: got, points, at, owed, .. } = receipt;
        assert_eq!((&drafts[..], got, points, owed), (wanted, versions, 0, 0), "the receipt");
        assert_eq!(at.as_millis(), self.state.now, "when it was erased");
    }

    fn edit(&mut self, call: Call) {
        if self.edits.is_empty() {
            return;
        }
        let at = usize::from(call.c) % self.edits.len();
        let (edit, editing) = &mut self.edits[at];
        match call.what {
            What::Type => {
                editing.note = typed(&editing.note, call);
                edit.set(&editing.note);
            }
            What::CloseEdit => drop(self.edits.swap_remove(at)),
            _ => {
                let saved = edit.save().map(Became::from);
                assert_same(call, saved, self.state.save(editing));
                assert_eq!((edit.doc(), edit.version()), (editing.note.clone(), editing.base.0), "what the edit says");
            }
        }
    }

    fn save_all(&mut self, call: Call) {
        let chosen: Vec<usize> = (0..self.edits.len()).filter(|at| call.b >> at & 1 == 1).collect();
        let Some(space) = chosen.first().map(|at| self.edits[*at].1.space) else { return };
        let mut state = self.state.clone();
        let mut wanted = Ok(Vec::new());
        let mut editings: Vec<Editing> = chosen.iter().map(|at| self.edits[*at].1.clone()).collect();
        let is_foreign = editings.iter().any(|editing| editing.space != space);
        for editing in &mut editings {
            wanted = wanted.and_then(|mut all: Vec<Became>| {
                all.push(state.save(editing)?);
                Ok(all)
            });
        }
        let mut edits: Vec<&mut HeldEdit> = Vec::new();
        for (at, (edit, _)) in self.edits.iter_mut().enumerate() {
            if chosen.contains(&at) {
                edits.push(edit);
            }
        }
        let mut savable: Vec<_> = edits.into_iter().map(HeldEdit::savable).collect();
        let saved = self.spaces[space].as_ref().expect("it has an edit").save_all(&mut savable);
        if is_foreign {
            assert!(matches!(saved.expect_err("one is of another space").kind(), ErrorKind::Options { .. }));
            return;
        }
        let saved = saved.map(|all| all.into_iter().map(Became::from).collect::<Vec<_>>());
        assert_same(call, saved, wanted.clone());
        if wanted.is_ok() {
            self.state = state;
            chosen.into_iter().zip(editings).for_each(|(at, editing)| self.edits[at].1 = editing);
        }
    }

    fn on_a_draft(&mut self, call: Call) {
        let Some(space) = self.some_space(call.a) else { return };
        if call.c == 255 || self.state.spaces[space].1.drafts.is_empty() {
            if let Some((of, gone)) = self.gone.last() {
                looking::gone(gone, &self.state.spaces[*of].1.absent(gone.id()));
            }
            return;
        }
        let ids: Vec<DraftId> = self.state.spaces[space].1.drafts.keys().copied().collect();
        let id = ids[usize::from(call.b) % ids.len()];
        let held = self.draft(space, id);
        let state = &mut self.state;
        let draft = state.draft(space, id).expect("it was chosen from the model");
        let (phase, head, last) = (draft.phase(), draft.head, draft.last);
        let may = |phases: &[Phase]| {
            if phases.contains(&phase) { Ok(()) } else { Err(ErrorKind::Phase { draft: id, phase }) }
        };
        // Sometimes none, sometimes one too many.
        let version = u64::from(call.c) * (last + 2) / 255;
        let outcome = format!("outcome {}", call.c % 2);
        match call.what {
            What::OpenEdit => {
                let edit = held.edit().expect("it can be read");
                let note = draft.now().note.clone();
                assert_eq!((edit.doc(), edit.version()), (note.clone(), head), "what an edit begins with");
                let contains = draft.now().contains.clone();
                let editing = Editing { space, draft: id, note: note.clone(), base: (head, note), contains };
                if self.edits.len() == EDITS_MAX {
                    self.edits.remove(0);
                }
                self.edits.push((edit, editing));
            }
            What::Checkpoint => {
                let name = format!("point {}", call.c);
                let wanted = state.write(space, id, |version| version.checkpoint = Some(name.clone()));
                if let Ok(version) = wanted {
                    state.note(space, id, AuditAction::Checkpointed { version });
                }
                assert_same(call, held.checkpoint(&name), wanted);
            }
            What::Pin | What::Unpin => {
                let is_on = call.what == What::Pin;
                let is_missing = is_on && !draft.versions.contains_key(&version);
                let wanted = if is_missing { Err(draft.no_version(version)) } else { Ok(()) };
                assert_same(call, held.pin(version, is_on), wanted.clone());
                if is_on && wanted.is_ok() {
                    draft.pins.insert(version);
                } else {
                    draft.pins.remove(&version);
                }
            }
            What::Restore => {
                let wanted = match draft.versions.get(&version).cloned() {
                    None => Err(draft.no_version(version)),
                    Some(_) if !draft.takes_saves() => Err(draft.wrong_phase()),
                    Some(Version { note, label, .. }) => state.write(space, id, |new| {
                        new.note = note;
                        new.label = label;
                    }),
                };
                if let Ok(new) = wanted {
                    state.note(space, id, AuditAction::Restored { from: version, version: new });
                }
                assert_same(call, held.restore(version), wanted);
            }
            What::Settle => {
                let note = typed(&draft.now().note, call);
                let wanted = state.settle(space, id, &note);
                assert_same(call, held.settle(&note), wanted);
            }
            What::Promote | What::PromoteAndArchive => self.promote(call, space, &held, &outcome),
            What::Archive => {
                let wanted = match phase {
                    Phase::Archived => Ok(()),
                    _ => may(&[Phase::Open, Phase::Promoted]).and_then(|()| state.enter(space, id, Phase::Archived)),
                };
                if wanted.is_ok() && phase != Phase::Archived {
                    state.note(space, id, AuditAction::Archived);
                }
                assert_same(call, held.archive(), wanted);
            }
            What::Reopen => {
                let wanted = match phase {
                    Phase::Open => Ok(()),
                    _ => may(&[Phase::Archived]).and_then(|()| state.enter(space, id, Phase::Open)),
                };
                if wanted.is_ok() && phase != Phase::Open {
                    state.note(space, id, AuditAction::Reopened);
                }
                assert_same(call, held.reopen(), wanted);
            }
            What::Discard => {
                let wanted = match phase {
                    Phase::Discarded => Ok(()),
                    _ => state.enter(space, id, Phase::Discarded),
                };
                if wanted.is_ok() && phase != Phase::Discarded {
                    state.note(space, id, AuditAction::Discarded);
                }
                assert_same(call, held.discard(), wanted);
            }
            What::Recover => {
                let from = draft.from;
                let wanted = may(&[Phase::Discarded]).and_then(|()| state.enter(space, id, from));
                if wanted.is_ok() {
                    state.note(space, id, AuditAction::Reopened);
                }
                assert_same(call, held.recover(), wanted);
            }
            What::Purge => {
                let wanted = may(&[Phase::Discarded]);
                assert_same(call, held.purge(), wanted.clone());
                if wanted.is_ok() {
                    self.forget(space, id);
                    looking::gone(&held, &ErrorKind::NoSuchDraft { draft: id });
                    self.gone.push((space, held));
                }
            }
            What::Erase => {
                let receipt = held.erase().expect("it can be written");
                self.erased(space, &[id], receipt);
                looking::gone(&held, &ErrorKind::Erased { draft: id });
                self.gone.push((space, held));
            }
            _ => looking::draft(self, space, id, true),
        }
        if self.state.spaces[space].1.drafts.contains_key(&id) {
            looking::draft(self, space, id, false);
        }
    }

    fn promote(&mut self, call: Call, space: usize, held: &HeldDraft, outcome: &str) {
        let is_end = call.what == What::PromoteAndArchive;
        let before = held.info().expect("it can be read");
        let draft = self.state.draft(space, held.id()).expect("it was chosen from the model");
        let (phase, head) = (draft.phase(), draft.head);
        if !draft.takes_saves() {
            return assert_same(call, held.promote(outcome, is_end), Err(draft.wrong_phase()));
        }
        held.promote(outcome, is_end).expect("its phase allows it");
        let promoted_text =
            draft.promoted.and_then(|version| draft.versions.get(&version)).map(|version| &version.note);
        let may_be_done = !is_end
            && phase == Phase::Promoted
            && draft.now().outcome.as_deref() == Some(outcome)
            && promoted_text == Some(&draft.now().note);
        if may_be_done && held.info().expect("it can be read").version == head {
            return;
        }
        let to = if is_end { Phase::Archived } else { Phase::Promoted };
        (draft.promoted, draft.promoted_id) = (Some(head), Some(before.revision));
        self.state.enter(space, held.id(), to).expect("it was current already");
        let draft = self.state.draft(space, held.id()).expect("it is there");
        draft.versions.get_mut(&draft.last).expect("just written").outcome = Some(outcome.to_owned());
        self.state.note(space, held.id(), AuditAction::Promoted);
        if is_end {
            self.state.note(space, held.id(), AuditAction::Archived);
        }
    }
}

fn options(
    clock: &ManualClock,
    tasks: &TaskQueue,
    entropy: &Arc<SeededEntropy>,
    setting: Setting,
    device: Option<&str>,
) -> Options {
    let options = schemas(Options::with_runtime(Arc::new(clock.clone()), Arc::new(tasks.clone()), entropy.clone()))
        .retention(setting.retention)
        .cache_bytes(setting.cache_bytes)
        .audit_retention(setting.audited.map_or(AuditRetention::all(), |last| AuditRetention::all().last(last)));
    match device {
        Some(device) => options.device(device),
        None => options,
    }
}

#[track_caller]
pub(crate) fn assert_same<T: Debug + PartialEq>(call: Call, got: draftkeep::Result<T>, wanted: Result<T, ErrorKind>) {
    let got = got.map_err(|error| error.kind().clone());
    assert_eq!(got, wanted, "the answer of {call:?}, ours left, the model's right");
}
