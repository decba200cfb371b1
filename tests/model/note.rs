//! The documents, and the kinds that hold them: two kinds of one type, and one that holds any JSON.

use draftkeep::merge::{Policy, Rule};
use draftkeep::value::{self, Value};
use draftkeep::{Draft, DraftId, Drafts, Edit, Erased, Kind, Options, Savable, Schema, Space};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) const NOTE: Kind<Note> = Kind::new("note");
pub(crate) const POST: Kind<Note> = Kind::new("post");
pub(crate) const LOOSE: Kind<Value> = Kind::new("loose");

/// The kinds by number: `KINDS[2]` holds values.
pub(crate) const KINDS: [&str; 3] = ["note", "post", "loose"];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Note {
    /// The canonical text, written by hand: the members in the order of their names.
    pub(crate) fn canonical(&self) -> String {
        let string = |text: &str| serde_json::to_string(text).expect("a string is JSON");
        format!("{{\"text\":{},\"title\":{}}}", string(&self.text), string(&self.title))
    }
}

/// The policy of a kind: texts of posts are merged by hand, everything else is what was typed last.
fn policy(kind: usize) -> Policy {
    let text = if is_by_hand(kind) { Rule::Manual } else { Rule::Latest };
    Policy::builder().rule("/text", text).rule("/title", Rule::Latest).build().expect("it is a policy")
}

pub(crate) fn is_by_hand(kind: usize) -> bool {
    KINDS[kind] == "post"
}

/// Only notes have labels.
pub(crate) fn schemas(options: Options) -> Options {
    options
        .schema(Schema::of(NOTE).policy(policy(0)).label(|note| note.title.clone()))
        .schema(Schema::of(POST).policy(policy(1)))
        .schema(Schema::of(LOOSE).policy(policy(2)))
}

/// What is seen of an open conflict: the head, and each other side with what it has in common with the head.
#[derive(Debug)]
pub(crate) struct SeenConflict {
    pub(crate) head: u64,
    pub(crate) sides: Vec<(u64, Option<Note>)>,
}

fn seen<D: Document>(draft: &Draft<D>) -> draftkeep::Result<Option<SeenConflict>> {
    let Some(conflict) = draft.conflict()? else { return Ok(None) };
    let base = |at: usize| conflict.base(at).map(|base| value::from_value(base).expect("a note went in"));
    let sides = conflict.theirs().iter().enumerate().map(|(at, side)| (side.info.version, base(at))).collect();
    Ok(Some(SeenConflict { head: conflict.ours().info.version, sides }))
}

fn settle<D: Document>(draft: &Draft<D>, note: &Note) -> draftkeep::Result<Option<u64>> {
    draft.conflict()?.map(|conflict| conflict.settle(&D::of(note))).transpose()
}

/// A document type of one of the kinds.
pub(crate) trait Document: Serialize + DeserializeOwned + 'static {
    fn of(note: &Note) -> Self;
    fn note(&self) -> Note;
}

impl Document for Note {
    fn of(note: &Note) -> Self {
        note.clone()
    }

    fn note(&self) -> Note {
        self.clone()
    }
}

impl Document for Value {
    fn of(note: &Note) -> Self {
        Value::parse(note.canonical().as_bytes()).expect("a note is JSON")
    }

    fn note(&self) -> Note {
        value::from_value(self).expect("a note went in")
    }
}

/// The drafts of one of the kinds.
pub(crate) enum HeldDrafts {
    Typed(Drafts<Note>),
    Loose(Drafts<Value>),
}

/// A draft of one of the kinds.
#[derive(Clone)]
pub(crate) enum HeldDraft {
    Typed(Draft<Note>),
    Loose(Draft<Value>),
}

/// An edit of one of the kinds.
pub(crate) enum HeldEdit {
    Typed(Edit<Note>),
    Loose(Edit<Value>),
}

/// Calls something on whichever of the two it is.
macro_rules! either {
    ($held:expr, $inner:ident => $call:expr) => {
        match $held {
            Self::Typed($inner) => $call,
            Self::Loose($inner) => $call,
        }
    };
}

impl HeldDrafts {
    pub(crate) fn of(space: &Space, kind: usize) -> draftkeep::Result<Self> {
        match kind {
            0 => space.drafts(NOTE).map(Self::Typed),
            1 => space.drafts(POST).map(Self::Typed),
            _ => space.drafts(LOOSE).map(Self::Loose),
        }
    }

    pub(crate) fn get(&self, id: DraftId) -> draftkeep::Result<Option<HeldDraft>> {
        Ok(match self {
            Self::Typed(drafts) => drafts.get(id)?.map(HeldDraft::Typed),
            Self::Loose(drafts) => drafts.get(id)?.map(HeldDraft::Loose),
        })
    }

    pub(crate) fn list(&self, filter: &draftkeep::Filter) -> draftkeep::Result<draftkeep::Page> {
        either!(self, drafts => drafts.list(filter))
    }

    pub(crate) fn start(&self, note: &Note) -> draftkeep::Result<HeldDraft> {
        Ok(match self {
            Self::Typed(drafts) => HeldDraft::Typed(drafts.start(note)?),
            Self::Loose(drafts) => HeldDraft::Loose(drafts.start(&Value::of(note))?),
        })
    }

    pub(crate) fn start_in(&self, key: &[u8], note: &Note, is_over: bool) -> draftkeep::Result<HeldDraft> {
        fn begin<D: Document>(
            drafts: &Drafts<D>,
            key: &[u8],
            note: &Note,
            is_over: bool,
        ) -> draftkeep::Result<Draft<D>> {
            let slot = drafts.slot(key);
            if is_over { slot.start_over(&D::of(note)) } else { slot.resume_or_start(|| D::of(note)) }
        }
        Ok(match self {
            Self::Typed(drafts) => HeldDraft::Typed(begin(drafts, key, note, is_over)?),
            Self::Loose(drafts) => HeldDraft::Loose(begin(drafts, key, note, is_over)?),
        })
    }

    pub(crate) fn resume(&self, key: &[u8]) -> draftkeep::Result<Option<DraftId>> {
        either!(self, drafts => Ok(drafts.slot(key).resume()?.map(|draft| draft.id())))
    }

    pub(crate) fn erase_slot(&self, key: &[u8]) -> draftkeep::Result<Erased> {
        either!(self, drafts => drafts.slot(key).erase())
    }

    pub(crate) fn generations(&self, key: &[u8]) -> draftkeep::Result<Vec<draftkeep::DraftInfo>> {
        either!(self, drafts => drafts.slot(key).generations())
    }
}

impl HeldDraft {
    pub(crate) fn id(&self) -> DraftId {
        either!(self, draft => draft.id())
    }

    pub(crate) fn edit(&self) -> draftkeep::Result<HeldEdit> {
        Ok(match self {
            Self::Typed(draft) => HeldEdit::Typed(draft.edit()?),
            Self::Loose(draft) => HeldEdit::Loose(draft.edit()?),
        })
    }

    pub(crate) fn load(&self) -> draftkeep::Result<Note> {
        either!(self, draft => Ok(draft.load()?.note()))
    }

    pub(crate) fn raw(&self) -> draftkeep::Result<Value> {
        either!(self, draft => draft.raw())
    }

    pub(crate) fn info(&self) -> draftkeep::Result<draftkeep::DraftInfo> {
        either!(self, draft => draft.info())
    }

    pub(crate) fn history(&self) -> draftkeep::Result<draftkeep::History> {
        either!(self, draft => draft.history())
    }

    pub(crate) fn at(&self, version: u64) -> draftkeep::Result<(draftkeep::VersionInfo, draftkeep::RevisionId, Note)> {
        either!(self, draft => draft.at(version).map(|found| (found.info, found.revision, found.doc.note())))
    }

    pub(crate) fn restore(&self, version: u64) -> draftkeep::Result<u64> {
        either!(self, draft => draft.restore(version))
    }

    pub(crate) fn checkpoint(&self, name: &str) -> draftkeep::Result<u64> {
        either!(self, draft => draft.checkpoint(name))
    }

    pub(crate) fn pin(&self, version: u64, is_on: bool) -> draftkeep::Result<()> {
        either!(self, draft => if is_on { draft.pin(version) } else { draft.unpin(version) })
    }

    pub(crate) fn conflict(&self) -> draftkeep::Result<Option<SeenConflict>> {
        either!(self, draft => seen(draft))
    }

    pub(crate) fn settle(&self, note: &Note) -> draftkeep::Result<Option<u64>> {
        either!(self, draft => settle(draft, note))
    }

    pub(crate) fn pins(&self) -> draftkeep::Result<Vec<u64>> {
        either!(self, draft => draft.pins())
    }

    pub(crate) fn promote(&self, outcome: &str, is_end: bool) -> draftkeep::Result<()> {
        either!(self, draft => if is_end { draft.promote_and_archive(outcome) } else { draft.promote(outcome) })
    }

    pub(crate) fn archive(&self) -> draftkeep::Result<()> {
        either!(self, draft => draft.archive())
    }

    pub(crate) fn reopen(&self) -> draftkeep::Result<()> {
        either!(self, draft => draft.reopen())
    }

    pub(crate) fn discard(&self) -> draftkeep::Result<()> {
        either!(self, draft => draft.discard())
    }

    pub(crate) fn recover(&self) -> draftkeep::Result<()> {
        either!(self, draft => draft.recover())
    }

    pub(crate) fn purge(&self) -> draftkeep::Result<()> {
        either!(self, draft => draft.purge())
    }

    pub(crate) fn erase(&self) -> draftkeep::Result<Erased> {
        either!(self, draft => draft.erase())
    }
}

impl HeldEdit {
    pub(crate) fn set(&mut self, note: &Note) {
        match self {
            Self::Typed(edit) => *edit.doc() = note.clone(),
            Self::Loose(edit) => *edit.doc() = Value::of(note),
        }
    }

    pub(crate) fn save(&mut self) -> draftkeep::Result<draftkeep::Saved> {
        either!(self, edit => edit.save())
    }

    pub(crate) fn savable(&mut self) -> &mut dyn Savable {
        either!(self, edit => edit)
    }

    pub(crate) fn version(&self) -> u64 {
        either!(self, edit => edit.version())
    }

    pub(crate) fn doc(&self) -> Note {
        either!(self, edit => edit.as_doc().note())
    }
}
