//! The model: documents per version in maps, and the rules of phases and slots in a few lines.

use super::note::{KINDS, Note, is_by_hand};
use draftkeep::{AuditAction, DraftId, ErrorKind, Phase, RevisionId, Saved};
use std::collections::{BTreeMap, BTreeSet};

/// The label is cut to this many bytes.
const LABEL_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) note: Note,
    pub(crate) phase: Phase,
    pub(crate) checkpoint: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) is_aside: bool,
    /// The versions that it was made of, itself among them.
    pub(crate) contains: BTreeSet<u64>,
    pub(crate) saved_at: u64,
    /// The days on which the space had been opened.
    pub(crate) days: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) id: DraftId,
    pub(crate) kind: usize,
    pub(crate) slot: Option<(Vec<u8>, u32)>,
    pub(crate) versions: BTreeMap<u64, Version>,
    pub(crate) last: u64,
    pub(crate) head: u64,
    pub(crate) promoted: Option<u64>,
    /// The id of the revision that was promoted, as it was before.
    pub(crate) promoted_id: Option<RevisionId>,
    pub(crate) from: Phase,
    pub(crate) pins: BTreeSet<u64>,
    /// What stands beside the head in an open conflict.
    pub(crate) sides: BTreeSet<u64>,
    pub(crate) touched: u64,
    pub(crate) created_at: u64,
    pub(crate) phase_since: u64,
    pub(crate) phase_days: u64,
    /// Ids that were seen of versions; they never change.
    pub(crate) ids: BTreeMap<u64, RevisionId>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Space {
    pub(crate) drafts: BTreeMap<DraftId, Draft>,
    pub(crate) generations: BTreeMap<(usize, Vec<u8>), Vec<DraftId>>,
    pub(crate) purged: BTreeSet<DraftId>,
    /// Drafts that were erased, and when.
    pub(crate) erased: BTreeMap<DraftId, u64>,
    pub(crate) days: u64,
    pub(crate) last_day: Option<u64>,
    /// Everything that happened to its drafts, but for what retention thins out.
    pub(crate) audit: Vec<Noted>,
    /// How many versions retention took from each draft.
    pub(crate) thinned: BTreeMap<DraftId, u64>,
}

/// Something that happened to a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) draft: DraftId,
    pub(crate) action: AuditAction,
    pub(crate) at: u64,
    pub(crate) device: Option<String>,
    /// The last version that there was by then; none where the draft was purged before.
    pub(crate) last: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// In the order of their creation.
    pub(crate) spaces: Vec<(String, Space)>,
    pub(crate) now: u64,
    pub(crate) touches: u64,
    pub(crate) device: Option<String>,
}

/// What an editor has in hand.
#[derive(Debug, Clone)]
pub(crate) struct Editing {
    pub(crate) space: usize,
    pub(crate) draft: DraftId,
    pub(crate) note: Note,
    pub(crate) base: (u64, Note),
    /// The versions that the base was made of.
    pub(crate) contains: BTreeSet<u64>,
}

/// What a save has to answer, but for the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    Unchanged(u64),
    Stored(u64),
    Merged { version: u64, head: u64, overwritten: usize },
    Conflict(u64),
}

impl From<Saved> for Became {
    fn from(saved: Saved) -> Self {
        match saved {
            Saved::Unchanged { version } => Self::Unchanged(version),
            Saved::Stored { version, .. } => Self::Stored(version),
            Saved::Merged { version, head, overwritten, .. } => {
                Self::Merged { version, head, overwritten: overwritten.len() }
            }
            Saved::Conflict { version } => Self::Conflict(version),
            other => panic!("an answer that the model does not know: {other:?}"),
        }
    }
}

pub(crate) fn label(kind: usize, note: &Note) -> Option<String> {
    let end = (0..=LABEL_MAX.min(note.title.len())).rev().find(|end| note.title.is_char_boundary(*end));
    (KINDS[kind] == "note").then(|| note.title[..end.unwrap_or(0)].to_owned())
}

impl Draft {
    pub(crate) fn now(&self) -> &Version {
        &self.versions[&self.head]
    }

    pub(crate) fn phase(&self) -> Phase {
        self.now().phase
    }

    pub(crate) fn takes_saves(&self) -> bool {
        matches!(self.phase(), Phase::Open | Phase::Promoted)
    }

    pub(crate) fn no_version(&self, version: u64) -> ErrorKind {
        ErrorKind::NoSuchVersion { draft: self.id, version }
    }

    pub(crate) fn wrong_phase(&self) -> ErrorKind {
        ErrorKind::Phase { draft: self.id, phase: self.phase() }
    }
}

impl Space {
    pub(crate) fn draft(&self, id: DraftId) -> Result<&Draft, ErrorKind> {
        self.drafts.get(&id).ok_or_else(|| self.absent(id))
    }

    /// What a call about a draft answers that is not here.
    pub(crate) fn absent(&self, draft: DraftId) -> ErrorKind {
        if self.erased.contains_key(&draft) { ErrorKind::Erased { draft } } else { ErrorKind::NoSuchDraft { draft } }
    }

    /// The drafts that were ever in a slot and can be erased, the newest generation first.
    pub(crate) fn erasable_in(&self, kind: usize, key: &[u8]) -> Vec<DraftId> {
        let ids = self.generations.get(&(kind, key.to_vec())).into_iter().flatten().rev();
        ids.filter(|id| !self.erased.contains_key(*id)).copied().collect()
    }

    /// The draft that a slot means now.
    pub(crate) fn current(&self, kind: usize, key: &[u8]) -> Option<DraftId> {
        let ids = self.generations.get(&(kind, key.to_vec()))?;
        ids.iter().rev().copied().find(|id| self.drafts.get(id).is_some_and(Draft::takes_saves))
    }

    /// All drafts that are let through, the one touched last first.
    pub(crate) fn listed(&self, kind: Option<usize>, phases: &[Phase], prefix: Option<&[u8]>) -> Vec<DraftId> {
        let mut listed: Vec<&Draft> = self
            .drafts
            .values()
            .filter(|draft| kind.is_none_or(|kind| draft.kind == kind) && phases.contains(&draft.phase()))
            .filter(|draft| {
                prefix.is_none_or(|prefix| draft.slot.as_ref().is_some_and(|(key, _)| key.starts_with(prefix)))
            })
            .collect();
        listed.sort_by_key(|draft| std::cmp::Reverse(draft.touched));
        listed.into_iter().map(|draft| draft.id).collect()
    }

    /// Whether a draft may become current in its slot.
    pub(crate) fn may_be_current(&self, draft: &Draft) -> Result<(), ErrorKind> {
        let Some((key, _)) = &draft.slot else { return Ok(()) };
        match self.current(draft.kind, key) {
            Some(by) if by != draft.id => Err(ErrorKind::SlotTaken { by }),
            _ => Ok(()),
        }
    }
}

impl State {
    pub(crate) fn space(&mut self, space: usize) -> &mut Space {
        &mut self.spaces[space].1
    }

    pub(crate) fn draft(&mut self, space: usize, id: DraftId) -> Result<&mut Draft, ErrorKind> {
        let space = &mut self.spaces[space].1;
        let absent = space.absent(id);
        space.drafts.get_mut(&id).ok_or(absent)
    }

    /// A draft is gone with all that it is, also one that was purged before; gives how many versions it had.
    pub(crate) fn erase(&mut self, space: usize, id: DraftId) -> u64 {
        let versions = self.spaces[space].1.drafts.get(&id).map_or(0, |draft| draft.last);
        self.note(space, id, AuditAction::Erased { versions, unsynced: 0 });
        let now = self.now;
        let space = self.space(space);
        let was_here = space.drafts.remove(&id).is_some();
        assert!(space.purged.remove(&id) != was_here, "a draft is here or was purged");
        assert_eq!(space.erased.insert(id, now), None, "a draft is erased once");
        versions
    }

    /// Notes what happened to a draft that is as it was left.
    pub(crate) fn note(&mut self, space: usize, draft: DraftId, action: AuditAction) {
        let last = self.spaces[space].1.drafts.get(&draft).map(|draft| draft.last);
        let noted = Noted { draft, action, at: self.now, device: self.device.clone(), last };
        self.space(space).audit.push(noted);
    }

    /// Opens a space, or makes it; gives its number.
    pub(crate) fn open_space(&mut self, name: &str) -> usize {
        let today = self.now / 86_400_000;
        let number = self.spaces.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.spaces.push((name.to_owned(), Space::default()));
            self.spaces.len() - 1
        });
        let space = self.space(number);
        if space.last_day != Some(today) {
            space.last_day = Some(today);
            space.days += 1;
        }
        number
    }

    pub(crate) fn begin(&mut self, space: usize, id: DraftId, kind: usize, slot: Option<(Vec<u8>, u32)>, note: Note) {
        self.touches += 1;
        let (touched, now, days) = (self.touches, self.now, self.spaces[space].1.days);
        let version = Version {
            label: label(kind, &note),
            note,
            phase: Phase::Open,
            checkpoint: None,
            outcome: None,
            device: self.device.clone().filter(|_| slot.is_none()),
            is_aside: false,
            contains: BTreeSet::from([1]),
            saved_at: now,
            days,
        };
        if let Some((key, _)) = &slot {
            self.space(space).generations.entry((kind, key.clone())).or_default().push(id);
        }
        let draft = Draft {
            id,
            kind,
            slot,
            versions: BTreeMap::from([(1, version)]),
            last: 1,
            head: 1,
            promoted: None,
            promoted_id: None,
            from: Phase::Open,
            pins: BTreeSet::new(),
            sides: BTreeSet::new(),
            touched,
            created_at: now,
            phase_since: now,
            phase_days: days,
            ids: BTreeMap::new(),
        };
        self.space(space).drafts.insert(id, draft);
        self.note(space, id, AuditAction::Started);
    }

    /// Writes a version that differs from the head as `change` says; gives its number.
    pub(crate) fn write(
        &mut self,
        space: usize,
        id: DraftId,
        change: impl FnOnce(&mut Version),
    ) -> Result<u64, ErrorKind> {
        self.touches += 1;
        let (touched, now, days, device) = (self.touches, self.now, self.spaces[space].1.days, self.device.clone());
        let draft = self.draft(space, id)?;
        let mut version =
            Version { checkpoint: None, device, is_aside: false, saved_at: now, days, ..draft.now().clone() };
        change(&mut version);
        draft.last += 1;
        version.contains.insert(draft.last);
        if !version.is_aside {
            if version.phase != draft.phase() {
                draft.phase_since = now;
                draft.phase_days = days;
            }
            draft.head = draft.last;
            draft.touched = touched;
        }
        draft.versions.insert(draft.last, version);
        Ok(draft.last)
    }

    pub(crate) fn enter(&mut self, space: usize, id: DraftId, phase: Phase) -> Result<(), ErrorKind> {
        if matches!(phase, Phase::Open | Phase::Promoted) {
            let space = &self.spaces[space].1;
            space.may_be_current(space.draft(id)?)?;
        }
        let draft = self.draft(space, id)?;
        draft.from = draft.phase();
        self.write(space, id, |version| version.phase = phase).map(drop)
    }

    pub(crate) fn save(&mut self, editing: &mut Editing) -> Result<Became, ErrorKind> {
        let note = editing.note.clone();
        let draft = self.draft(editing.space, editing.draft)?;
        let (head, current) = (draft.head, draft.now().clone());
        // Whatever the phase: what is there already need not be saved.
        if current.note == note {
            editing.goes_on_from(head, note, current.contains);
            return Ok(Became::Unchanged(head));
        }
        if !draft.takes_saves() {
            return Err(draft.wrong_phase());
        }
        let (base, base_note) = editing.base.clone();
        if head == base || current.note == base_note {
            let version = self.typed(editing, |_| {})?;
            return Ok(Became::Stored(version));
        }
        if note == base_note && draft.versions.contains_key(&base) {
            return Ok(Became::Unchanged(base));
        }
        let of_base = editing.contains.clone();
        if !current.contains.contains(&base) {
            let on = draft.sides.iter().copied().find(|side| draft.versions[side].contains.contains(&base));
            let side = on.expect("what an editor is based on is in the head or in a side");
            let beside = &draft.versions[&side];
            let goes_on = side == base || beside.note == base_note;
            let made_of = if goes_on { beside.contains.clone() } else { of_base };
            if goes_on {
                draft.sides.remove(&side);
            }
            let version = self.typed(editing, |version| (version.contains, version.is_aside) = (made_of, true))?;
            self.draft(editing.space, editing.draft)?.sides.insert(version);
            if !goes_on {
                self.note(editing.space, editing.draft, AuditAction::ConflictDetected { version, theirs: head });
            }
            return Ok(Became::Conflict(version));
        }
        let mut overwritten = 0;
        let mut member = |base: &String, head: &String, typed: &String| match () {
            () if typed == head || base == head => typed.clone(),
            () if base == typed => head.clone(),
            () => {
                overwritten += 1;
                typed.clone()
            }
        };
        let title = member(&base_note.title, &current.note.title, &note.title);
        let text = member(&base_note.text, &current.note.text, &note.text);
        let both_changed = ![&note.text, &base_note.text].contains(&&current.note.text) && note.text != base_note.text;
        if is_by_hand(draft.kind) && both_changed {
            draft.sides.insert(head);
            if !draft.versions.contains_key(&base) {
                self.keep_again(editing.space, editing.draft, &base_note, &of_base)?;
            }
            let version = self.typed(editing, |version| version.contains = of_base)?;
            self.note(editing.space, editing.draft, AuditAction::ConflictDetected { version, theirs: head });
            return Ok(Became::Conflict(version));
        }
        let (kind, merge) = (draft.kind, Note { title, text });
        if merge == note {
            let both = &current.contains | &of_base;
            let version = self.typed(editing, |version| version.contains = both)?;
            self.note_merge(editing, version, version, overwritten);
            return Ok(Became::Merged { version, head: version, overwritten });
        }
        let version = self.typed(editing, |version| (version.contains, version.is_aside) = (of_base, true))?;
        let made_of = &current.contains | &editing.contains;
        let (space, id) = (editing.space, editing.draft);
        let head = self.write(space, id, |version| {
            version.label = label(kind, &merge);
            version.note.clone_from(&merge);
            version.contains = made_of;
            version.device = None;
        })?;
        let contains = self.draft(space, id)?.now().contains.clone();
        editing.note.clone_from(&merge);
        editing.goes_on_from(head, merge, contains);
        self.note_merge(editing, version, head, overwritten);
        Ok(Became::Merged { version, head, overwritten })
    }

    fn note_merge(&mut self, editing: &Editing, version: u64, head: u64, overwritten: usize) {
        let overwritten = overwritten as u64;
        self.note(editing.space, editing.draft, AuditAction::Merged { version, head, overwritten });
    }

    /// Writes once more what a conflict is about, and what retention dropped.
    fn keep_again(&mut self, space: usize, id: DraftId, note: &Note, of: &BTreeSet<u64>) -> Result<(), ErrorKind> {
        self.write(space, id, |version| {
            version.note.clone_from(note);
            (version.label, version.device) = (None, None);
            (version.contains, version.is_aside) = (of.clone(), true);
        })?;
        Ok(())
    }

    /// Writes what an editor typed, which it goes on from.
    fn typed(&mut self, editing: &mut Editing, change: impl FnOnce(&mut Version)) -> Result<u64, ErrorKind> {
        let note = editing.note.clone();
        let kind = self.draft(editing.space, editing.draft)?.kind;
        let version = self.write(editing.space, editing.draft, |version| {
            version.note.clone_from(&note);
            version.label = label(kind, &note);
            change(version);
        })?;
        let contains = self.draft(editing.space, editing.draft)?.versions[&version].contains.clone();
        editing.goes_on_from(version, note, contains);
        Ok(version)
    }

    /// Settles an open conflict with its first side; gives the version that did it, where there was one.
    pub(crate) fn settle(&mut self, space: usize, id: DraftId, note: &Note) -> Result<Option<u64>, ErrorKind> {
        let draft = self.draft(space, id)?;
        if draft.sides.is_empty() {
            return Ok(None);
        }
        if !draft.takes_saves() {
            return Err(draft.wrong_phase());
        }
        let kind = draft.kind;
        let side = draft.sides.pop_first().expect("there is one");
        let made_of = draft.versions[&side].contains.clone();
        let version = self.write(space, id, |version| {
            version.note.clone_from(note);
            version.label = label(kind, note);
            version.contains.extend(made_of);
        })?;
        self.note(space, id, AuditAction::ConflictSettled { version });
        Ok(Some(version))
    }
}

impl Editing {
    fn goes_on_from(&mut self, version: u64, note: Note, contains: BTreeSet<u64>) {
        self.base = (version, note);
        self.contains = contains;
    }
}
