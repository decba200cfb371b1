//! What a store has to hold after some deeds, kept in plain maps, and what it is seen to hold.

use super::deed::{Ack, Deed, Name, Pending};
use super::desk::{ALICE, Desk, NOTE};
use draftkeep::{AuditAction, AuditQuery, DraftId, Filter, Phase, ReplicaId, Saved, Space, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// Everything that a user can see of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub spaces: Vec<String>,
    pub papers: BTreeMap<DraftId, Paper>,
    /// The drafts of each phase, the one touched last first.
    pub lists: BTreeMap<Phase, Vec<DraftId>>,
    /// The current draft of each slot, and all that it has.
    pub slots: BTreeMap<String, (Option<DraftId>, Vec<DraftId>)>,
    pub replica: Option<ReplicaId>,
    /// What the audit says of each draft, those that are gone among them.
    pub audit: BTreeMap<DraftId, Vec<AuditAction>>,
}

/// A draft as it is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    pub head: u64,
    pub phase: Phase,
    pub outcome: Option<String>,
    pub slot: Option<(String, u32)>,
    pub versions: BTreeMap<u64, Page>,
    pub pins: BTreeSet<u64>,
    /// The versions beside the head in an open conflict.
    pub sides: BTreeSet<u64>,
}

/// A version as it is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub text: String,
    pub phase: Phase,
    pub aside: bool,
    pub checkpoint: Option<String>,
    /// The schema version that it was written in.
    pub schema: u32,
}

const SLOTS: [&str; 3] = ["diary", "letter", "list"];

/// Reads everything that the public API shows, and fails where two ways to the same thing disagree.
pub fn observe(store: &Store) -> Result<Seen, String> {
    look(store).map_err(|error| format!("cannot be read: {error}"))?
}

fn look(store: &Store) -> Result<Result<Seen, String>, draftkeep::Error> {
    let spaces = store.spaces()?;
    if !spaces.iter().any(|space| space == ALICE) {
        let seen = Seen {
            spaces,
            papers: BTreeMap::new(),
            lists: BTreeMap::new(),
            slots: BTreeMap::new(),
            replica: Some(store.replica()),
            audit: BTreeMap::new(),
        };
        return Ok(Ok(seen));
    }
    let space = store.space(ALICE)?;
    let audit = audited(&space)?;
    let notes = space.drafts(NOTE)?;
    let mut papers = BTreeMap::new();
    let mut lists: BTreeMap<Phase, Vec<DraftId>> = BTreeMap::new();
    let mut dots = BTreeSet::new();
    for phase in Phase::ALL {
        let page = notes.list(&Filter::phase(phase).limit(100))?;
        for info in page.drafts {
            lists.entry(phase).or_default().push(info.id);
            let Some(draft) = notes.get(info.id)? else {
                return Ok(Err("a list names a draft that is not there".into()));
            };
            if draft.info()? != info {
                return Ok(Err("a list and the draft disagree".into()));
            }
            let mut paper = Paper {
                head: info.version,
                phase: info.phase,
                outcome: info.outcome,
                slot: info.slot.map(|slot| String::from_utf8_lossy(&slot).into_owned()).zip(info.generation),
                versions: BTreeMap::new(),
                pins: draft.pins()?.into_iter().collect(),
                sides: BTreeSet::new(),
            };
            if let Some(conflict) = draft.conflict()? {
                paper.sides = conflict.theirs().iter().map(|side| side.info.version).collect();
            }
            let history = draft.history()?;
            if !history.damaged.is_empty() {
                return Ok(Err(format!("damaged versions: {:?}", history.damaged)));
            }
            for version in history.versions {
                if let Some(author) = version.author
                    && !dots.insert((author, version.vector.get(author)))
                {
                    return Ok(Err(format!("one tick for two edits, at version {}", version.version)));
                }
                let text = draft.at(version.version)?.doc;
                let (phase, aside, checkpoint, schema) =
                    (version.phase, version.is_aside, version.checkpoint, version.schema);
                paper.versions.insert(version.version, Page { text, phase, aside, checkpoint, schema });
            }
            if paper.versions.get(&paper.head).map(|page| &page.text) != Some(&draft.load()?) {
                return Ok(Err("the head's two paths disagree".into()));
            }
            if papers.insert(info.id, paper).is_some() {
                return Ok(Err("two lists name one draft".into()));
            }
        }
    }
    let mut slots = BTreeMap::new();
    for slot in SLOTS {
        let current = notes.slot(slot).resume()?.map(|draft| draft.id());
        let generations: Vec<DraftId> = notes.slot(slot).generations()?.into_iter().map(|info| info.id).collect();
        if !generations.is_empty() {
            slots.insert(slot.to_owned(), (current, generations));
        }
    }
    let verified = store.verify()?;
    if !verified.is_intact() {
        return Ok(Err(format!("damaged: {:?}", verified.damage)));
    }
    let versions = papers.values().map(|paper| paper.versions.len()).sum::<usize>();
    if verified.versions != versions as u64 || verified.drafts != papers.len() as u64 {
        return Ok(Err(format!("{verified:?} where {versions} versions are listed")));
    }
    Ok(Ok(Seen { spaces, papers, lists, slots, replica: Some(store.replica()), audit }))
}

/// All entries of the audit, by draft.
fn audited(space: &Space) -> Result<BTreeMap<DraftId, Vec<AuditAction>>, draftkeep::Error> {
    let mut audit: BTreeMap<DraftId, Vec<AuditAction>> = BTreeMap::new();
    let mut query = AuditQuery::all().limit(7);
    loop {
        let page = space.audit(&query)?;
        for entry in page.entries {
            if let Some(draft) = entry.draft {
                audit.entry(draft).or_default().push(counted(entry.action));
            }
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => return Ok(audit),
        }
    }
}

/// What a rule decided against is not the model's business.
fn counted(action: AuditAction) -> AuditAction {
    match action {
        AuditAction::Merged { version, head, .. } => AuditAction::Merged { version, head, overwritten: 0 },
        action => action,
    }
}

/// Saves once more, and notes what has to be seen then.
pub fn go_on(desk: &Desk, seen: &mut Seen) -> Result<(), Box<dyn Error>> {
    let Some((id, paper)) = seen.papers.iter_mut().find(|(_, paper)| paper.phase.takes_saves()) else {
        let id = desk.notes.start(&"anew".to_owned())?.id();
        let draft = desk.notes.get(id)?.ok_or("what began is not there")?;
        if draft.load()? != "anew" {
            return Err("another text".into());
        }
        *seen = observe(&desk.store)?;
        return Ok(());
    };
    let mut edit = desk.notes.get(*id)?.ok_or("it is gone")?.edit()?;
    edit.doc().push_str(" and so on");
    let next = paper.versions.keys().next_back().map_or(1, |last| last + 1);
    let saved = edit.save()?;
    if !matches!(saved, Saved::Stored { version, .. } if version == next) {
        return Err(format!("{saved:?} instead of version {next}").into());
    }
    let mut page = paper.versions[&paper.head].clone();
    page.text.push_str(" and so on");
    page.checkpoint = None;
    page.schema = desk.schema();
    paper.head = next;
    paper.versions.insert(next, page);
    let list = seen.lists.get_mut(&paper.phase).ok_or("it is in no list")?;
    list.retain(|other| other != id);
    list.insert(0, *id);
    Ok(())
}

/// What a store has to hold.
#[derive(Debug, Clone)]
pub struct Model {
    papers: BTreeMap<Name, Sheet>,
    /// What the edits in somebody's hand are based on.
    held: BTreeMap<Name, String>,
    spaces: Vec<String>,
    replica: Option<ReplicaId>,
    touches: u64,
    /// How many last versions compacting keeps; all where it is none.
    keeps: Option<u64>,
    /// The schema version that the application writes now.
    schema: u32,
    audit: BTreeMap<DraftId, Vec<AuditAction>>,
    /// The newest generation of each slot that was erased.
    erased: BTreeMap<String, u32>,
}

#[derive(Debug, Clone)]
struct Sheet {
    id: DraftId,
    paper: Paper,
    last: u64,
    touched: u64,
    discarded_from: Phase,
    /// Versions that were heads when the draft was promoted.
    promoted: BTreeSet<u64>,
}

impl Model {
    pub fn new(store: &Store, keeps: Option<u64>) -> Self {
        let replica = Some(store.replica());
        let (held, audit) = (BTreeMap::new(), BTreeMap::new());
        let (papers, spaces) = (BTreeMap::new(), vec![ALICE.to_owned()]);
        Self { papers, held, spaces, replica, touches: 0, keeps, schema: 1, audit, erased: BTreeMap::new() }
    }

    /// The application was updated: it writes this schema version from now on.
    pub fn with_schema(self, schema: u32) -> Self {
        Self { schema, ..self }
    }

    pub fn seen(&self) -> Seen {
        let mut sheets: Vec<&Sheet> = self.papers.values().collect();
        sheets.sort_by_key(|sheet| std::cmp::Reverse(sheet.touched));
        let mut lists: BTreeMap<Phase, Vec<DraftId>> = BTreeMap::new();
        for sheet in &sheets {
            lists.entry(sheet.paper.phase).or_default().push(sheet.id);
        }
        let mut slots: BTreeMap<String, (Option<DraftId>, Vec<DraftId>)> = BTreeMap::new();
        sheets.sort_by_key(|sheet| std::cmp::Reverse(sheet.paper.slot.clone()));
        for sheet in &sheets {
            if let Some((slot, _)) = &sheet.paper.slot {
                slots.entry(slot.clone()).or_default().1.push(sheet.id);
            }
        }
        for (slot, (current, _)) in &mut slots {
            let in_phase = |phase| {
                let is_it = |sheet: &&&Sheet| {
                    sheet.paper.phase == phase && sheet.paper.slot.as_ref().is_some_and(|(key, _)| key == slot)
                };
                sheets.iter().find(is_it).map(|sheet| sheet.id)
            };
            *current = in_phase(Phase::Open).or(in_phase(Phase::Promoted));
        }
        let papers = sheets.iter().map(|sheet| (sheet.id, sheet.paper.clone())).collect();
        Seen { spaces: self.spaces.clone(), papers, lists, slots, replica: self.replica, audit: self.audit.clone() }
    }

    /// What holds after a deed that was acknowledged.
    pub fn after(&self, deed: &Deed, ack: &Ack) -> Self {
        let mut next = self.clone();
        match deed {
            Deed::Start(name, text) => next.start(name, None, text, ack),
            Deed::StartIn(name, slot, text) => next.start_in(name, slot, text, ack),
            Deed::StartOver(name, slot, text) => {
                let is_open = |sheet: &Sheet| {
                    sheet.paper.slot.as_ref().is_some_and(|(key, _)| key == slot) && sheet.paper.phase.takes_saves()
                };
                let current = next.papers.iter().find(|(_, sheet)| is_open(sheet)).map(|(name, _)| *name);
                if let Some(current) = current {
                    next.enter(current, Phase::Archived, None);
                    next.note(current, AuditAction::Archived);
                }
                next.start_in(name, slot, text, ack);
            }
            Deed::Save(name, text) | Deed::Flush(name, text) => next.save(name, text),
            Deed::SaveAll(saves) => {
                for (name, text) in saves {
                    next.save(name, text);
                }
            }
            Deed::Hold(name) => {
                let text = next.head(name).text;
                next.held.insert(name, text);
            }
            Deed::SaveHeld(name, text) => next.save_held(name, text),
            Deed::Settle(name, text) => {
                next.sheet(name).paper.sides.clear();
                next.save(name, text);
                let version = next.sheet(name).last;
                next.note(name, AuditAction::ConflictSettled { version });
            }
            Deed::Checkpoint(name, label, pending) => {
                next.pending(name, pending);
                let head = next.head(name);
                next.write(name, Page { checkpoint: Some((*label).to_owned()), ..head });
                let version = next.sheet(name).last;
                next.note(name, AuditAction::Checkpointed { version });
            }
            Deed::Restore(name, version) => {
                let phase = next.head(name).phase;
                let page = next.sheet(name).paper.versions[version].clone();
                next.write(name, Page { phase, aside: false, checkpoint: None, ..page });
                let restored = AuditAction::Restored { from: *version, version: next.sheet(name).last };
                next.note(name, restored);
            }
            Deed::Pin(name, version) => drop(next.sheet(name).paper.pins.insert(*version)),
            Deed::Unpin(name, version) => drop(next.sheet(name).paper.pins.remove(version)),
            Deed::Promote(name, outcome, pending) => {
                next.pending(name, pending);
                next.enter(name, Phase::Promoted, Some(outcome));
                next.note(name, AuditAction::Promoted);
            }
            Deed::PromoteAndArchive(name, outcome, pending) => {
                next.pending(name, pending);
                next.enter(name, Phase::Archived, Some(outcome));
                next.note(name, AuditAction::Promoted);
                next.note(name, AuditAction::Archived);
            }
            Deed::Archive(name, pending) => {
                next.pending(name, pending);
                next.enter(name, Phase::Archived, None);
                next.note(name, AuditAction::Archived);
            }
            Deed::Reopen(name) => {
                next.enter(name, Phase::Open, None);
                next.note(name, AuditAction::Reopened);
            }
            Deed::Discard(name, pending) => {
                next.pending(name, pending);
                next.enter(name, Phase::Discarded, None);
                next.note(name, AuditAction::Discarded);
            }
            Deed::Recover(name) => {
                let phase = next.sheet(name).discarded_from;
                next.enter(name, phase, None);
                next.note(name, AuditAction::Reopened);
            }
            Deed::Purge(name) => next.purge(name),
            Deed::Erase(name) => next.erase(name),
            Deed::NewSpace(name) => next.spaces.push((*name).to_owned()),
            Deed::OpenSpace(_, discarded, purged) => {
                for name in discarded {
                    next.enter(name, Phase::Discarded, None);
                    next.note(name, AuditAction::Discarded);
                }
                for name in purged {
                    next.purge(name);
                }
            }
            Deed::NewReplica => next.replica = ack.replica,
            Deed::Compact => next.thin(),
            Deed::Tend | Deed::Idle => {}
        }
        next
    }

    fn note(&mut self, name: Name, action: AuditAction) {
        let draft = self.sheet(name).id;
        self.audit.entry(draft).or_default().push(action);
    }

    fn purge(&mut self, name: Name) {
        self.note(name, AuditAction::Purged);
        self.papers.remove(name);
    }

    fn erase(&mut self, name: Name) {
        let sheet = self.sheet(name);
        let (versions, slot) = (sheet.last, sheet.paper.slot.clone());
        self.note(name, AuditAction::Erased { versions, unsynced: 0 });
        self.papers.remove(name);
        if let Some((slot, generation)) = slot {
            let erased = self.erased.entry(slot).or_default();
            *erased = generation.max(*erased);
        }
    }

    fn sheet(&mut self, name: Name) -> &mut Sheet {
        self.papers.get_mut(name).expect("the test names a draft that began")
    }

    fn head(&mut self, name: Name) -> Page {
        let paper = &self.sheet(name).paper;
        paper.versions[&paper.head].clone()
    }

    fn start_in(&mut self, name: Name, slot: &str, text: &str, ack: &Ack) {
        let generations = self.papers.values().filter_map(|sheet| sheet.paper.slot.as_ref());
        let latest = generations.filter(|(key, _)| key == slot).map(|(_, generation)| *generation).max();
        let latest = latest.max(self.erased.get(slot).copied());
        self.start(name, Some((slot.to_owned(), latest.unwrap_or(0) + 1)), text, ack);
    }

    fn start(&mut self, name: Name, slot: Option<(String, u32)>, text: &str, ack: &Ack) {
        let paper = Paper {
            head: 0,
            phase: Phase::Open,
            outcome: None,
            slot,
            versions: BTreeMap::new(),
            pins: BTreeSet::new(),
            sides: BTreeSet::new(),
        };
        let id = ack.id.expect("a draft that began has an id");
        let (discarded_from, promoted) = (Phase::Open, BTreeSet::new());
        self.papers.insert(name, Sheet { id, paper, last: 0, touched: 0, discarded_from, promoted });
        let (text, schema) = (text.to_owned(), self.schema);
        self.write(name, Page { text, phase: Phase::Open, aside: false, checkpoint: None, schema });
        self.note(name, AuditAction::Started);
    }

    fn write(&mut self, name: Name, page: Page) {
        self.touches += 1;
        let touches = self.touches;
        let sheet = self.sheet(name);
        sheet.touched = touches;
        sheet.last += 1;
        sheet.paper.head = sheet.last;
        sheet.paper.phase = page.phase;
        sheet.paper.versions.insert(sheet.last, page);
    }

    fn save(&mut self, name: Name, text: &str) {
        let (head, schema) = (self.head(name), self.schema);
        if head.text != text || head.schema != schema {
            self.write(name, Page { text: text.to_owned(), checkpoint: None, schema, ..head });
        }
    }

    /// Of two texts the longer one is the merge, and two of one length are a conflict.
    fn save_held(&mut self, name: Name, text: &str) {
        let (head, schema, base) = (self.head(name), self.schema, self.held[name].clone());
        if head.text == base || head.text == text {
            self.save(name, text);
        } else if text != base {
            if text.len() < head.text.len() {
                let (text, phase) = (text.to_owned(), head.phase);
                let sheet = self.sheet(name);
                sheet.last += 1;
                sheet.paper.versions.insert(sheet.last, Page { text, phase, aside: true, checkpoint: None, schema });
                self.held.insert(name, head.text.clone());
                self.write(name, Page { checkpoint: None, schema, ..head });
                let head = self.sheet(name).last;
                return self.note(name, AuditAction::Merged { version: head - 1, head, overwritten: 0 });
            }
            let paper = &mut self.sheet(name).paper;
            let (theirs, version) = (paper.head, self.sheet(name).last + 1);
            let action = if text.len() == head.text.len() {
                self.sheet(name).paper.sides.insert(theirs);
                AuditAction::ConflictDetected { version, theirs }
            } else {
                AuditAction::Merged { version, head: version, overwritten: 0 }
            };
            self.save(name, text);
            self.note(name, action);
        }
        self.held.insert(name, text.to_owned());
    }

    fn pending(&mut self, name: Name, pending: &Pending) {
        if let Some(text) = pending {
            self.save(name, text);
        }
    }

    fn enter(&mut self, name: Name, phase: Phase, outcome: Option<&str>) {
        let head = self.head(name);
        if let Some(outcome) = outcome {
            let sheet = self.sheet(name);
            sheet.promoted.insert(sheet.paper.head);
            sheet.paper.outcome = Some(outcome.to_owned());
        }
        if phase == Phase::Discarded {
            self.sheet(name).discarded_from = head.phase;
        }
        self.write(name, Page { phase, checkpoint: None, ..head });
    }

    fn thin(&mut self) {
        let Some(keeps) = self.keeps else { return };
        for sheet in self.papers.values_mut() {
            let paper = &mut sheet.paper;
            let before = paper.versions.len();
            let newest: BTreeSet<u64> =
                paper.versions.keys().rev().take(usize::try_from(keeps).unwrap()).copied().collect();
            paper.versions.retain(|version, page| {
                *version == 1
                    || *version == paper.head
                    || page.checkpoint.is_some()
                    || page.phase != Phase::Open
                    || paper.pins.contains(version)
                    || paper.sides.contains(version)
                    || sheet.promoted.contains(version)
                    || newest.contains(version)
            });
            let versions = (before - paper.versions.len()) as u64;
            if versions > 0 {
                self.audit.entry(sheet.id).or_default().push(AuditAction::Thinned { versions });
            }
        }
    }
}
