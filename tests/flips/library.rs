//! A store with some of everything: kinds, phases, slots, pins, packs, a conflict, a document in pieces.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::{MemoryDisk, RedbStorage};
use draftkeep::{Draft, DraftId, Filter, Kind, Options, Phase, Saved, Store, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const NOTE: Kind<String> = Kind::new("note");
pub(crate) const SCENE: Kind<Value> = Kind::new("scene");
pub(crate) const SPACES: [&str; 2] = ["alice", "bob"];
/// Slots that never had a draft: before, between and behind those that have.
pub(crate) const NEVER: [&str; 4] = ["aaa", "part-3x", "part-8", "zzz"];

/// A draft as it has to be read.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) space: usize,
    pub(crate) is_note: bool,
    pub(crate) id: DraftId,
    pub(crate) phase: Phase,
    pub(crate) slot: Option<String>,
    pub(crate) pins: Vec<u64>,
    /// The version beside the head in an open conflict.
    pub(crate) side: Option<u64>,
    pub(crate) head: u64,
    /// Version 1 first.
    pub(crate) texts: Vec<String>,
    /// Of each version, with the quotes around the text and the escapes in it.
    pub(crate) sizes: Vec<u64>,
}

fn size(text: &str) -> u64 {
    2 + text.len() as u64 + text.chars().filter(|letter| matches!(letter, '"' | '\\')).count() as u64
}

impl Known {
    pub(crate) fn text(&self) -> &str {
        &self.texts[self.head as usize - 1]
    }
}

/// The image of a store, and everything that is in it.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    pub(crate) closed: Arc<Vec<u8>>,
    /// As a kill leaves it once the store has settled.
    pub(crate) killed: Arc<Vec<u8>>,
    pub(crate) drafts: Vec<Known>,
    /// For each space and slot of notes its current draft, and all of its drafts, newest first.
    pub(crate) slots: BTreeMap<(usize, String), (Option<DraftId>, Vec<DraftId>)>,
    /// For each space and phase, newest first.
    pub(crate) lists: BTreeMap<(usize, Phase), Vec<DraftId>>,
    pub(crate) purged: Vec<(usize, DraftId)>,
}

pub(crate) fn options() -> Options {
    let runtime = (Arc::new(ManualClock::new()), Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(7)));
    Options::with_runtime(runtime.0, runtime.1, runtime.2)
}

/// Letters in no order, which do not compress.
fn noise(length: usize, seed: u64) -> String {
    let mut state = seed | 1 << 40;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + (state >> 33) as u8 % 90)
    };
    (0..length).map(letter).collect()
}

struct Writer {
    drafts: Vec<Known>,
    order: Vec<DraftId>,
}

impl Writer {
    fn touched(&mut self, id: DraftId) {
        self.order.retain(|other| *other != id);
        self.order.push(id);
    }

    /// Saves each text in turn.
    fn save(&mut self, draft: &Draft<String>, texts: impl IntoIterator<Item = String>) {
        let mut edit = draft.edit().unwrap();
        for text in texts {
            edit.doc().clone_from(&text);
            assert!(matches!(edit.save().unwrap(), Saved::Stored { .. }), "texts differ");
            self.wrote(draft.id(), text);
        }
    }

    fn wrote(&mut self, id: DraftId, text: String) {
        let known = self.of(id);
        known.sizes.push(size(&text));
        known.texts.push(text);
        known.head = known.texts.len() as u64;
        self.touched(id);
    }

    fn of(&mut self, id: DraftId) -> &mut Known {
        self.drafts.iter_mut().find(|known| known.id == id).expect("it was begun")
    }

    fn entered(&mut self, id: DraftId, phase: Phase) {
        let text = self.of(id).text().to_owned();
        self.wrote(id, text);
        self.of(id).phase = phase;
    }

    fn began(&mut self, space: usize, is_note: bool, id: DraftId, slot: Option<String>, text: String) {
        let (sizes, texts) = (vec![size(&text)], vec![text]);
        let (phase, pins) = (Phase::Open, Vec::new());
        let known = Known { space, is_note, id, phase, slot, pins, side: None, head: 1, texts, sizes };
        self.drafts.push(known);
        self.touched(id);
    }
}

pub(crate) fn write() -> Library {
    let disk = MemoryDisk::new();
    let storage = RedbStorage::create(Arc::new(disk.clone())).unwrap();
    let store = Store::with_storage(Arc::new(storage), options()).unwrap();
    let mut writer = Writer { drafts: Vec::new(), order: Vec::new() };
    let mut slots = BTreeMap::new();
    let mut purged = Vec::new();
    for (space, name) in SPACES.into_iter().enumerate() {
        let opened = store.space(name).unwrap();
        let (notes, scenes) = (opened.drafts(NOTE).unwrap(), opened.drafts(SCENE).unwrap());
        for number in 0..10_u64 {
            let key = format!("part-{number}");
            if NEVER.contains(&key.as_str()) {
                continue;
            }
            let text = noise(40 + number as usize * 30, number);
            let draft = notes.slot(&key).start(&text).unwrap();
            writer.began(space, true, draft.id(), Some(key.clone()), text);
            writer.save(&draft, (0..number).map(|round| noise(60 + number as usize * 25, 50 + round)));
            let mut generations = vec![draft.id()];
            let mut current = Some(draft.id());
            match number {
                1 => {
                    draft.promote("production-9").unwrap();
                    writer.entered(draft.id(), Phase::Promoted);
                }
                2 => {
                    draft.archive().unwrap();
                    writer.entered(draft.id(), Phase::Archived);
                    current = None;
                }
                4 => {
                    draft.discard().unwrap();
                    writer.entered(draft.id(), Phase::Discarded);
                    current = None;
                }
                5 => {
                    let next = notes.slot(&key).start_over(&"another beginning".to_owned()).unwrap();
                    writer.entered(draft.id(), Phase::Archived);
                    writer.began(space, true, next.id(), Some(key.clone()), "another beginning".to_owned());
                    generations.insert(0, next.id());
                    current = Some(next.id());
                }
                6 => {
                    draft.discard().unwrap();
                    draft.purge().unwrap();
                    writer.drafts.retain(|known| known.id != draft.id());
                    writer.order.retain(|id| *id != draft.id());
                    purged.push((space, draft.id()));
                    generations.clear();
                    current = None;
                }
                7 => {
                    draft.pin(3).unwrap();
                    draft.pin(5).unwrap();
                    writer.of(draft.id()).pins = vec![3, 5];
                }
                _ => {}
            }
            slots.insert((space, key), (current, generations));
        }
        // A long history, packed several times on the way.
        let mut text = noise(1_500, 99);
        let long = notes.start(&text).unwrap();
        writer.began(space, true, long.id(), None, text.clone());
        for round in 0..4 - 3 * space as u64 {
            let texts: Vec<String> = (0..60_u64)
                .map(|step| {
                    let at = (step * 397 + round * 31) as usize % text.len();
                    text.insert_str(at, &noise(12, step + round * 100));
                    text.clone()
                })
                .collect();
            writer.save(&long, texts);
            store.tend().unwrap();
        }
        // Two texts that cannot be merged.
        let (mut first, mut late) = (long.edit().unwrap(), long.edit().unwrap());
        first.doc().push_str(" the first");
        late.doc().push_str(" the late");
        let (kept, beside) = (first.as_doc().clone(), late.as_doc().clone());
        assert!(matches!(first.save().unwrap(), Saved::Stored { .. }));
        writer.wrote(long.id(), kept);
        let their_version = writer.of(long.id()).head;
        assert!(matches!(late.save().unwrap(), Saved::Conflict { .. }));
        writer.wrote(long.id(), beside);
        writer.of(long.id()).side = Some(their_version);
        // A document that takes records of its own, on both paths.
        let large = notes.start(&noise(20_000, 3)).unwrap();
        writer.began(space, true, large.id(), None, noise(20_000, 3));
        writer.save(&large, (0..3).map(|round| noise(20_000, 3) + &noise(50, round)));
        for number in 0..4_u64 {
            let scene = Value::from(noise(200, number));
            let draft = scenes.start(&scene).unwrap();
            writer.began(space, false, draft.id(), None, noise(200, number));
        }
        store.tend().unwrap();
    }
    let Writer { drafts, order } = writer;
    let mut lists: BTreeMap<(usize, Phase), Vec<DraftId>> = BTreeMap::new();
    for id in order.iter().rev() {
        let known = drafts.iter().find(|known| known.id == *id).expect("it was begun");
        lists.entry((known.space, known.phase)).or_default().push(*id);
    }
    assert!(store.verify().unwrap().is_intact());
    assert_eq!(store.space(SPACES[0]).unwrap().list(&Filter::all().limit(99)).unwrap().drafts.len(), drafts.len() / 2);
    let killed = Arc::new(disk.image());
    drop(store);
    Library { closed: Arc::new(disk.image()), killed, drafts, slots, lists, purged }
}
