//! The calls that a person makes on a device.

use super::device::{Device, subject_of};
use super::essay::{Essay, Stroke, stroke};
use super::oracle::Subject;
use super::words::Word;
use crate::dice::Dice;
use draftkeep::{DraftId, DraftInfo, Edit, Phase, Saved};
use std::collections::BTreeSet;

/// A document that somebody is at work on.
pub(super) struct Window {
    subject: Subject,
    draft: DraftId,
    edit: Edit<Essay>,
    /// The words of the document as it was loaded, saved or merged last.
    before: BTreeSet<Word>,
}

/// What a person did to a document, and what became of it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) subject: Subject,
    /// None where it is not known, as it was not begun.
    pub(crate) draft: Option<DraftId>,
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

impl Device {
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
        let draft = started.ok().map(|draft| draft.id());
        Ok(Some(Written { subject, draft, added, removed, is_acknowledged, what }))
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
        let (subject, draft, is_acknowledged) = (window.subject.clone(), Some(window.draft), saved.is_ok());
        if is_acknowledged {
            window.before = window.edit.as_doc().words();
        }
        // A window of a draft that takes no saves any more, and one that is done with, is closed.
        let is_refused = saved.is_err_and(|error| !error.is_transient());
        if is_refused || afterwards == Afterwards::Close {
            self.edits.remove(at);
        }
        Some(Written { subject, draft, added, removed, is_acknowledged, what })
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
        let (subject, draft, is_acknowledged) = (subject_of(info), Some(info.id), restored.is_ok());
        Ok(Written { subject, draft, added, removed, is_acknowledged, what })
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
