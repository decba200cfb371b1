//! What a space says of its drafts.

use super::document;
use super::drafts::Drafts;
use super::edit::Savable;
use super::edit::steps::{Became, Within};
use super::info::DraftInfo;
use super::list::{self, Filter, Page};
use super::names;
use super::saved::Saved;
use crate::error::Result;
use crate::kind::{AnySchema, Kind};
use crate::phase::Phase;
use crate::store::Space;
use crate::store::change::Place;
use crate::store::space::SpaceCore;
use std::sync::Arc;

impl Space {
    /// The drafts of a kind. With `Kind<Value>` any kind can be read and written without its Rust type.
    ///
    /// # Errors
    ///
    /// `Name` where the kind's name is empty or longer than 64 bytes.
    pub fn drafts<T>(&self, kind: Kind<T>) -> Result<Drafts<T>> {
        self.core.engine.traced("drafts", |_| {
            names::check("kind", kind.name().as_bytes(), crate::kind::KIND_MAX)?;
            Ok(Drafts::new(Arc::clone(&self.core), self.core.engine.settings.schema(kind.name())))
        })
    }

    /// The drafts of all kinds that the filter lets through, newest first.
    ///
    /// # Errors
    ///
    /// `Corrupt` where a list is damaged; [`repair`](crate::Store::repair) builds it anew. `Name` where the filter asks
    /// for slots that begin with more than 256 bytes.
    pub fn list(&self, filter: &Filter) -> Result<Page> {
        self.core.engine.traced("list", |_| list::list(&self.core, None, filter))
    }

    /// What was somebody doing last? The promoted draft touched last, else the open one; none where there is neither.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub fn latest(&self) -> Result<Option<DraftInfo>> {
        for phase in [Phase::Promoted, Phase::Open] {
            let mut page = self.list(&Filter::phase(phase).limit(1))?;
            if let Some(info) = page.drafts.pop() {
                return Ok(Some(info));
            }
        }
        Ok(None)
    }

    /// Saves several edits in one commit: all of them become durable together, or none.
    ///
    /// Returns what became of each, in the order given.
    ///
    /// # Errors
    ///
    /// As [`Edit::save`](crate::Edit::save), for the first edit that fails; then nothing of any edit is saved.
    pub fn save_all(&self, edits: &mut [&mut dyn Savable]) -> Result<Vec<Saved>> {
        let engine = &self.core.engine;
        engine.traced("save_all", |trace| {
            let within = Within(Arc::clone(&self.core));
            let mut prepared = Vec::with_capacity(edits.len());
            for edit in edits.iter_mut() {
                prepared.push(edit.prepare(&within)?);
            }
            let place = place(&self.core);
            let requests: Vec<_> = prepared.iter().map(|prepared| prepared.request.clone()).collect();
            let saved = engine.write(move |write| {
                requests.iter().map(|request| request.run(write, &place, trace)).collect::<Result<Vec<_>, _>>()
            });
            match saved {
                Ok(saved) => {
                    let edits = edits.iter_mut().zip(&prepared).zip(saved);
                    edits.map(|((edit, prepared), saving)| Ok(edit.finish(prepared, Became(Ok(saving)))?)).collect()
                }
                Err(failure) => {
                    for (edit, prepared) in edits.iter_mut().zip(&prepared) {
                        // The failure is told once, below; each edit only notes that its outcome is unknown.
                        let _ = edit.finish(prepared, Became(Err(failure.clone())));
                    }
                    Err(failure)
                }
            }
        })
    }
}

pub(crate) fn place(core: &SpaceCore) -> Place {
    Place {
        space: core.no,
        keys: core.keys,
        days: core.engine.days(core.no),
        device: core.engine.settings.device.clone(),
        seal: core.seal(),
    }
}

/// The bytes of a document with its schema and label, ready to be stored.
pub(crate) fn text<T: serde::Serialize + 'static>(
    schema: &AnySchema,
    document: &T,
) -> std::result::Result<crate::store::change::Text, crate::error::Failure> {
    Ok(crate::store::change::Text {
        kind: schema.name.clone(),
        schema: schema.version,
        body: document::write(document)?,
        label: schema.label(document),
        policy: schema.policy.digest(),
    })
}
