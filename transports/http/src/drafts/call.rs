//! One request, read and let in: what the acts of the routes work on.

use super::api::Service;
use super::authenticate::Owner;
use super::content::Content;
use super::kinds::DocumentKind;
use super::params::Params;
use super::problem::Problem;
use super::tag::{Condition, Conditions};
use crate::fault;
use axum::http::StatusCode;
use draftkeep::{Draft, DraftId, Drafts, Slot, Space, Value};
use std::sync::Arc;

/// One request. Whatever is done for it begins with its owner's space: there is no other way to a draft.
pub(super) struct Call {
    pub(super) service: Arc<Service>,
    pub(super) owner: Owner,
    pub(super) params: Params,
    pub(super) conditions: Conditions,
    pub(super) content: Content,
}

impl Call {
    fn space(&self) -> Result<Space, Problem> {
        let name = if fault::on("drafts-owners-share-a-space") { "everybody" } else { self.owner.name() };
        Ok(self.service.store.space(name)?)
    }

    /// The kind that the path names, and the owner's drafts of it.
    pub(super) fn drafts_of(&self, name: &str) -> Result<(&DocumentKind, Drafts<Value>), Problem> {
        let kind = self.service.kind(name)?;
        Ok((kind, self.space()?.drafts(kind.kind)?))
    }

    /// The slot that the path names.
    pub(super) fn slot(&self) -> Result<(&DocumentKind, Slot<Value>), Problem> {
        let (kind, drafts) = self.drafts_of(self.params.part("kind"))?;
        let slot = self.params.part("slot");
        // A client that normalises its addresses, as most do, would ask for something else, also where it is percent-encoded.
        if matches!(slot, "." | "..") && !fault::on("drafts-slots-that-addresses-lose") {
            let way_out =
                "Name the slot otherwise, as with a letter before it; a draft of such a slot is served by its id.";
            let title = "A slot cannot be named so over HTTP";
            let why = format!(
                "{slot:?} means a place in an address, and clients take it away before they send it; nothing was stored"
            );
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-name", title, way_out).about(why));
        }
        Ok((kind, drafts.slot(slot)))
    }

    /// The current draft of the slot that the path names.
    pub(super) fn current(&self) -> Result<(&DocumentKind, Draft<Value>), Problem> {
        let (kind, slot) = self.slot()?;
        let what = "the slot has no current draft, or none any more: somebody may have put it away; nothing of a body was stored. POST \
                    begins one, and /slots/{kind}/{slot}/drafts lists those of before";
        slot.resume()?.map(|draft| (kind, draft)).ok_or_else(|| Problem::not_found(what))
    }

    /// The owner's draft that the path names. What is not an id, of a kind that is not served, or somebody else's, is not there.
    pub(super) fn draft(&self) -> Result<(&DocumentKind, Draft<Value>), Problem> {
        let id: Option<DraftId> = self.params.part("id").parse().ok();
        let space = self.space()?;
        for kind in self.service.kinds.values() {
            if let Some(id) = id
                && let Some(draft) = space.drafts(kind.kind)?.get(id)?
            {
                return Ok((kind, draft));
            }
        }
        Err(Problem::not_found("there is no draft of this id"))
    }

    /// The version that a write is about; a write that does not say is refused.
    pub(super) fn if_match(&self) -> Result<&Condition, Problem> {
        match &self.conditions.if_match {
            tags @ Condition::Tags(_) => Ok(tags),
            any @ Condition::Any if fault::on("drafts-write-about-anything") => Ok(any),
            Condition::Absent | Condition::Any => Err(Problem::precondition_required()),
        }
    }
}
