//! Short stories of deeds that reach every call which changes a store.

use super::deed::{Deed, Name};
use super::desk::{Desk, Runtime};
use super::dice::Dice;
use super::model::Model;
use draftkeep::storage::MemoryDisk;
use draftkeep::{DraftId, Keep, Retention};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What happens before, and what is looked at closely.
#[derive(Debug)]
pub struct Scene {
    pub name: &'static str,
    pub retention: Retention,
    keeps: Option<u64>,
    /// The schema version of the application, which was updated after what happens before.
    schema: u32,
    before: Vec<Deed>,
    pub deeds: Vec<Deed>,
}

/// A store after what happens before.
pub struct Stage {
    pub image: Vec<u8>,
    pub model: Model,
    pub ids: BTreeMap<Name, DraftId>,
    pub runtime: Runtime,
}

impl Scene {
    fn new(name: &'static str, before: Vec<Deed>, deeds: Vec<Deed>) -> Self {
        Self { name, retention: Retention::default(), keeps: None, schema: 1, before, deeds }
    }

    /// Whether nothing happens before, so that the creation of the store is looked at as well.
    pub fn is_from_the_beginning(&self) -> bool {
        self.before.is_empty()
    }

    /// Plays what happens before and ends the store cleanly.
    pub fn stage(&self, seed: u64) -> Stage {
        let runtime = Runtime::new(seed, self.retention);
        let disk = MemoryDisk::new();
        let mut desk = Desk::create(Arc::new(disk.clone()), &runtime).unwrap();
        let mut model = Model::new(&desk.store, self.keeps);
        desk.do_all(&self.before, |deed, ack| model = model.after(deed, ack)).unwrap();
        let ids = desk.ids.clone();
        drop(desk);
        let (model, runtime) = (model.with_schema(self.schema), Runtime { schema: self.schema, ..runtime });
        Stage { image: disk.image(), model, ids, runtime }
    }
}

/// Texts that grow as their author types.
struct Ink {
    dice: Dice,
    texts: BTreeMap<Name, String>,
}

impl Ink {
    fn fresh(&mut self, name: Name, words: usize) -> String {
        let text = self.dice.words(words);
        self.texts.insert(name, text.clone());
        text
    }

    fn more(&mut self, name: Name) -> String {
        let text = self.dice.edited(self.texts.get(name).map_or("", String::as_str));
        self.texts.insert(name, text.clone());
        text
    }

    fn saves(&mut self, name: Name, count: usize) -> Vec<Deed> {
        (0..count).map(|_| Deed::Save(name, self.more(name))).collect()
    }
}

/// All scenes, with texts that follow from the seed.
pub fn scenes(seed: u64) -> Vec<Scene> {
    let mut ink = Ink { dice: Dice::new(seed), texts: BTreeMap::new() };
    vec![
        writing(&mut ink),
        several(&mut ink),
        long_document(&mut ink),
        long_history(&mut ink),
        merged(&mut ink),
        in_conflict(&mut ink),
        phases(&mut ink),
        with_autosave(&mut ink),
        slots(&mut ink),
        thinning(&mut ink),
        sweeping(&mut ink),
        updated(&mut ink),
        erasing(&mut ink),
    ]
}

fn writing(ink: &mut Ink) -> Scene {
    let mut deeds = vec![Deed::Start("a", ink.fresh("a", 40))];
    deeds.extend(ink.saves("a", 3));
    deeds.push(Deed::Checkpoint("a", "before lunch", None));
    deeds.extend(ink.saves("a", 1));
    deeds.push(Deed::Restore("a", 2));
    deeds.push(Deed::Pin("a", 3));
    deeds.push(Deed::NewReplica);
    deeds.extend(ink.saves("a", 1));
    deeds.push(Deed::Unpin("a", 3));
    deeds.push(Deed::NewSpace("bob"));
    deeds.push(Deed::Flush("a", ink.more("a")));
    Scene::new("writing", vec![], deeds)
}

fn several(ink: &mut Ink) -> Scene {
    let before = vec![Deed::Start("a", ink.fresh("a", 60)), Deed::StartIn("b", "diary", ink.fresh("b", 300))];
    let mut deeds = vec![Deed::SaveAll(vec![("a", ink.more("a")), ("b", ink.more("b"))])];
    deeds.push(Deed::Start("c", ink.fresh("c", 10)));
    deeds.push(Deed::SaveAll(vec![("c", ink.more("c")), ("a", ink.more("a")), ("b", ink.fresh("b", 400))]));
    deeds.extend(ink.saves("b", 2));
    Scene::new("several drafts in one commit", before, deeds)
}

fn long_document(ink: &mut Ink) -> Scene {
    let before = vec![Deed::Start("a", ink.fresh("a", 9_000))];
    let mut deeds = ink.saves("a", 2);
    deeds.push(Deed::Save("a", ink.fresh("a", 11_000)));
    deeds.extend(ink.saves("a", 1));
    deeds.push(Deed::Start("b", ink.fresh("b", 8_000)));
    Scene::new("a document in pieces", before, deeds)
}

fn long_history(ink: &mut Ink) -> Scene {
    let mut before = vec![Deed::Start("a", ink.fresh("a", 80)), Deed::Start("b", ink.fresh("b", 30))];
    before.extend(ink.saves("a", 62));
    let mut deeds = ink.saves("a", 3);
    deeds.push(Deed::Tend);
    deeds.extend(ink.saves("a", 1));
    deeds.push(Deed::Compact);
    deeds.push(Deed::Save("b", ink.more("b")));
    deeds.push(Deed::Idle);
    Scene::new("where a run ends", before, deeds)
}

fn merged(ink: &mut Ink) -> Scene {
    let before = vec![Deed::Start("a", ink.fresh("a", 100))];
    let short = ink.more("a");
    let long = format!("{short} and somebody else's words");
    // The merge is what was saved, and then what was typed.
    let mut deeds = vec![Deed::Hold("a"), Deed::Save("a", long.clone()), Deed::SaveHeld("a", short)];
    deeds.push(Deed::SaveHeld("a", ink.more("a")));
    deeds.extend([Deed::Hold("a"), Deed::Save("a", ink.more("a")), Deed::SaveHeld("a", long.repeat(2))]);
    deeds.extend(ink.saves("a", 1));
    Scene::new("merging what was typed over another text", before, deeds)
}

fn in_conflict(ink: &mut Ink) -> Scene {
    let before = vec![Deed::Start("a", ink.fresh("a", 100))];
    let ours = ink.more("a");
    let theirs: String = ours.chars().rev().collect();
    let mut deeds = vec![Deed::Hold("a"), Deed::Save("a", theirs), Deed::SaveHeld("a", ours)];
    deeds.push(Deed::SaveHeld("a", ink.more("a")));
    deeds.push(Deed::Checkpoint("a", "before the decision", None));
    deeds.push(Deed::Settle("a", ink.more("a")));
    deeds.extend(ink.saves("a", 1));
    Scene::new("a conflict, and its end", before, deeds)
}

fn phases(ink: &mut Ink) -> Scene {
    let before = vec![
        Deed::Start("a", ink.fresh("a", 50)),
        Deed::StartIn("b", "letter", ink.fresh("b", 70)),
        Deed::Start("c", ink.fresh("c", 20)),
    ];
    let mut deeds = vec![Deed::Promote("b", "sent", None)];
    deeds.extend(ink.saves("b", 1));
    deeds.extend([
        Deed::Promote("b", "sent again", None),
        Deed::Archive("b", None),
        Deed::Reopen("b"),
        Deed::PromoteAndArchive("a", "a book", None),
        Deed::Discard("c", None),
        Deed::Recover("c"),
        Deed::Discard("b", None),
        Deed::Purge("b"),
    ]);
    deeds.extend(ink.saves("c", 1));
    Scene::new("through the phases", before, deeds)
}

fn with_autosave(ink: &mut Ink) -> Scene {
    let before = vec![Deed::StartIn("a", "diary", ink.fresh("a", 120)), Deed::Start("b", ink.fresh("b", 50))];
    let deeds = vec![
        Deed::Checkpoint("a", "evening", Some(ink.more("a"))),
        Deed::Promote("a", "posted", Some(ink.more("a"))),
        Deed::Archive("a", Some(ink.more("a"))),
        Deed::Reopen("a"),
        Deed::Discard("b", Some(ink.more("b"))),
        Deed::PromoteAndArchive("a", "posted once more", Some(ink.more("a"))),
        Deed::Recover("b"),
        Deed::Flush("b", ink.more("b")),
    ];
    Scene::new("what autosave holds goes along", before, deeds)
}

fn slots(ink: &mut Ink) -> Scene {
    let mut deeds = vec![Deed::StartIn("a", "list", ink.fresh("a", 30))];
    deeds.extend(ink.saves("a", 1));
    deeds.push(Deed::StartOver("b", "list", ink.fresh("b", 30)));
    deeds.push(Deed::StartIn("c", "letter", ink.fresh("c", 30)));
    deeds.push(Deed::Promote("b", "bought", None));
    deeds.push(Deed::StartOver("d", "list", ink.fresh("d", 30)));
    deeds.push(Deed::Purge("gone"));
    deeds.extend(ink.saves("d", 1));
    let before = vec![Deed::Start("gone", ink.fresh("gone", 10)), Deed::Discard("gone", None)];
    Scene::new("one after the other in a slot", before, deeds)
}

fn thinning(ink: &mut Ink) -> Scene {
    let mut before = vec![Deed::Start("a", ink.fresh("a", 40))];
    before.extend(ink.saves("a", 3));
    before.push(Deed::Checkpoint("a", "kept", None));
    before.extend(ink.saves("a", 3));
    before.push(Deed::Pin("a", 3));
    before.extend([Deed::Promote("a", "a page", None), Deed::Archive("a", None), Deed::Reopen("a")]);
    before.extend(ink.saves("a", 6));
    let mut deeds = vec![Deed::Compact];
    deeds.extend(ink.saves("a", 2));
    deeds.push(Deed::Compact);
    let scene = Scene::new("thinning", before, deeds);
    Scene { retention: Retention::default().history(Keep::Last(3)), keeps: Some(3), ..scene }
}

fn sweeping(ink: &mut Ink) -> Scene {
    let mut before = vec![
        Deed::Start("a", ink.fresh("a", 20)),
        Deed::StartIn("b", "diary", ink.fresh("b", 20)),
        Deed::Start("c", ink.fresh("c", 20)),
    ];
    before.extend(ink.saves("b", 2));
    before.extend((0..3).map(|_| Deed::OpenSpace(DAY, vec![], vec![])));
    before.extend(ink.saves("c", 1));
    before.push(Deed::OpenSpace(DAY, vec![], vec![]));
    let deeds = vec![
        Deed::OpenSpace(DAY, vec!["a", "b"], vec![]),
        Deed::OpenSpace(DAY, vec![], vec![]),
        Deed::Recover("b"),
        Deed::OpenSpace(DAY, vec![], vec![]),
        Deed::OpenSpace(DAY, vec!["c"], vec!["a"]),
        Deed::Save("b", ink.more("b")),
    ];
    let scene = Scene::new("sweeping", before, deeds);
    Scene { retention: Retention::default().discard_after(DAY * 5).purge_after(DAY * 3), ..scene }
}

fn erasing(ink: &mut Ink) -> Scene {
    let mut before = vec![
        Deed::StartIn("a", "diary", ink.fresh("a", 40)),
        Deed::Start("b", ink.fresh("b", 60)),
        Deed::Start("c", ink.fresh("c", 2_000)),
        Deed::StartIn("e", "list", ink.fresh("e", 20)),
    ];
    before.extend(ink.saves("a", 3));
    before.extend([Deed::Checkpoint("a", "kept", None), Deed::Pin("a", 2), Deed::Discard("e", None)]);
    let mut deeds = vec![Deed::Erase("a"), Deed::StartIn("d", "diary", ink.fresh("d", 30))];
    deeds.extend(ink.saves("d", 1));
    deeds.push(Deed::Erase("c"));
    deeds.push(Deed::Compact);
    deeds.extend(ink.saves("b", 1));
    deeds.extend([Deed::Erase("e"), Deed::Erase("d")]);
    deeds.extend(ink.saves("b", 1));
    Scene::new("erasing", before, deeds)
}

fn updated(ink: &mut Ink) -> Scene {
    let (a, b) = (ink.fresh("a", 60), ink.fresh("b", 900));
    let mut before = vec![Deed::Start("a", a), Deed::Start("b", b.clone())];
    before.extend(ink.saves("a", 3));
    let mut deeds = vec![Deed::Checkpoint("a", "as it was", None), Deed::Save("b", b)];
    deeds.extend(ink.saves("a", 1));
    deeds.push(Deed::Restore("a", 2));
    deeds.push(Deed::SaveAll(vec![("a", ink.more("a")), ("b", ink.more("b"))]));
    let scene = Scene::new("after a new release with another schema", before, deeds);
    Scene { schema: 2, ..scene }
}
