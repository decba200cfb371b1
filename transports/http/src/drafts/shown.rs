//! Drafts as clients see them.

use super::answer::Answer;
use super::json::Members;
use super::problem::Problem;
use super::tag::{Condition, Tag};
use crate::fault;
use draftkeep::{Draft, DraftInfo, Value, Version};

/// A draft in one of its states, with the document where it is wanted.
///
/// Document and tag are always of one state: a tag beside an older document would let its client write over what it never saw.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) info: DraftInfo,
    pub(super) document: Option<Value>,
}

impl Shown {
    /// The draft as it is now, with its document.
    pub(super) fn head(draft: &Draft<Value>) -> Result<Self, Problem> {
        let edit = draft.edit()?;
        let shown = Self::of(draft, Tag { version: edit.version(), revision: edit.revision() })?;
        Ok(Self { document: Some(edit.into_doc()), ..shown })
    }

    /// The draft as it was in this state, without the document.
    pub(super) fn of(draft: &Draft<Value>, tag: Tag) -> Result<Self, Problem> {
        let info = draft.info()?;
        if info.revision == tag.revision || fault::on("drafts-tag-of-a-later-save") {
            return Ok(Self { info, document: None });
        }
        Ok(Self { document: None, ..Self::version(info, draft.at(tag.version)?) })
    }

    /// The draft as it was at a version: what a version does not tell, the label among it, is the draft's.
    pub(super) fn version(mut info: DraftInfo, version: Version<Value>) -> Self {
        let then = version.info;
        info.version = then.version;
        info.revision = version.revision;
        info.size = then.size;
        info.phase = then.phase;
        info.outcome = then.outcome;
        info.saved_at = then.saved_at;
        info.schema = then.schema;
        info.device = then.device;
        Self { info, document: Some(version.doc) }
    }

    pub(super) fn tag(&self) -> Tag {
        Tag { version: self.info.version, revision: self.info.revision }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        let members = members(&self.info);
        match &self.document {
            Some(document) => members.document("document", Some(document)),
            None => members,
        }
        .finish()
    }

    pub(super) fn answer(&self) -> Answer {
        Answer::json(self.json()).tag(self.tag())
    }

    /// The answer to a reader, who may have it already.
    pub(super) fn answer_unless(&self, if_none_match: &Condition) -> Answer {
        if if_none_match.names_weakly(self.info.revision) { Answer::not_modified(self.tag()) } else { self.answer() }
    }
}

/// A draft without its document.
pub(super) fn members(info: &DraftInfo) -> Members {
    Members::new()
        .text("id", &info.id.to_string())
        .text("kind", &info.kind)
        .text_or_null("slot", info.slot_text())
        .number_or_null("generation", info.generation.map(u64::from))
        .text("phase", &info.phase.to_string())
        .text_or_null("outcome", info.outcome.as_deref())
        .text_or_null("promoted", info.promoted.map(|revision| revision.to_string()).as_deref())
        .text_or_null("label", info.label.as_deref())
        .text_or_null("device", info.device.as_deref())
        .number("version", info.version)
        .text("revision", &info.revision.to_string())
        .number("size", info.size)
        .text("created_at", &info.created_at.to_string())
        .text("saved_at", &info.saved_at.to_string())
        .text("phase_since", &info.phase_since.to_string())
        .number("schema", info.schema.into())
        .number("conflicts", info.conflicts)
}
