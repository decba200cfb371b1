//! Giving up what the hub refuses: a person takes the work out, and the draft goes on from what the hub has.

use super::syncer::Syncer;
use crate::draft::live;
use crate::error::{ErrorKind, Failure, Result};
use crate::fault;
use crate::id::{DraftId, RevisionId};
use crate::store::change::{Saving, open_head};
use crate::store::remote::parked::{self, GivenUp, Shown};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// Everything of a parked draft that the hub does not have, for a person to keep elsewhere.
///
/// It can be written as JSON, or in any other form that serde knows, and read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParkedWork {
    /// The draft.
    #[serde(with = "digits")]
    pub draft: DraftId,
    /// The name of its kind.
    pub kind: String,
    /// The revision that was the head.
    #[serde(with = "digits")]
    pub head: RevisionId,
    /// Why it is not pushed, with the way out, for people.
    pub reason: String,
    /// The head's text, where the hub lacks it, and then the sides of an open conflict that it lacks.
    pub texts: Vec<ParkedText>,
}

/// A text that the hub does not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParkedText {
    /// Its version in the draft's history.
    pub version: u64,
    /// Its revision.
    #[serde(with = "digits")]
    pub revision: RevisionId,
    /// The version of the schema that the document is of.
    pub schema: u32,
    /// The document as it is stored.
    pub doc: Value,
}

/// What became of a draft whose refused texts were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The version that is the head now.
    pub head: u64,
    /// The versions that hold what was given up. [`Draft::at`](crate::Draft::at) reads them, [`restore`](crate::Draft::restore)
    /// brings one back, and [`pin`](crate::Draft::pin) keeps one from retention.
    pub given_up: Vec<u64>,
    /// The hub has nothing of the draft: it is in the trash. [`recover`](crate::Draft::recover) brings it back, and then it is
    /// owed anew; so it is to a hub that was restored or took the place of this one.
    pub discarded: bool,
}

impl Syncer {
    /// Everything of a parked draft that the hub does not have: its head, and the sides of an open conflict. Changes nothing.
    ///
    /// What an autosave holds and has not saved yet is not in it; once it is saved the draft is not parked any more.
    ///
    /// # Errors
    ///
    /// `NotParked` where the draft is not parked; `NoSuchDraft`; `Corrupt` where a text cannot be read.
    pub fn export_parked(&self, draft: DraftId) -> Result<ParkedWork> {
        let core = self.core();
        core.engine.traced("export_parked", |_| {
            let place = crate::draft::space::place(core);
            let lacking = parked::lacking(&core.engine.read()?, &place, core.draft_key(draft))?;
            let mut texts = Vec::with_capacity(lacking.texts.len());
            for (version, whole) in lacking.texts {
                let (revision, schema, doc) = (whole.id, whole.header.schema, Value::parse(&whole.body)?);
                texts.push(ParkedText { version, revision, schema, doc });
            }
            let (kind, head, reason) = (lacking.kind, lacking.head, lacking.parking.reason);
            Ok(ParkedWork { draft, kind, head, reason, texts })
        })
    }

    /// Gives up pushing what [`export_parked`](Self::export_parked) gave, in one commit: the hub's main is the head again, as
    /// a new version, and nothing of the draft is owed. Where the hub has nothing of the draft, it goes to the trash.
    ///
    /// No text is removed: what is given up stays in the history, under the versions that [`Dropped`] names, and nothing that
    /// is written from now on counts as made from it. Later edits are owed as ever. An editor that is still open goes on
    /// showing the text that was given up: what it saves next meets the main, and is merged with it or in conflict.
    ///
    /// # Errors
    ///
    /// Nothing is given up by any of them. `Stale` where the draft is not as it was exported: also where an autosave held
    /// something that was not saved yet, which is saved by this call. `NotParked` where the draft changed, was pushed, or was
    /// tried again. `SyncFirst` where what the hub has is not here: sync, and call again. `NoSuchDraft`, `Corrupt`, and what the
    /// storage answers.
    pub fn drop_parked(&self, work: &ParkedWork) -> Result<Dropped> {
        let core = self.core();
        let key = core.draft_key(work.draft);
        let texts = work.texts.iter().map(|text| (text.version, text.revision)).collect();
        let shown = Shown { head: work.head, texts };
        let given_up = core.engine.traced("drop_parked", |trace| {
            let claimed = if fault::on("given-up-beside-what-is-typed") {
                Vec::new()
            } else {
                live::claim(&core.engine.live, key)?
            };
            let place = crate::draft::space::place(core);
            live::commit_with(core, claimed, trace, move |write, save| {
                let takes_saves = open_head(write, key)?.header.phase.takes_saves();
                let saved = if takes_saves { save(write)? } else { Vec::new() };
                if saved.iter().any(is_new) {
                    // It stays saved, and was not in what is given up.
                    let head = open_head(write, key)?.row.version;
                    return Ok((saved, Err(Failure::from(ErrorKind::Stale { draft: key.draft, head }))));
                }
                let given_up = parked::give_up(write, &place, key, &shown, trace)?;
                Ok((saved, Ok(given_up)))
            })?
        })?;
        self.nudge();
        let GivenUp { head, versions, is_discarded } = given_up;
        Ok(Dropped { head, given_up: versions, discarded: is_discarded })
    }
}

/// Whether a save wrote a text that was not there.
fn is_new(saving: &Saving) -> bool {
    !matches!(saving, Saving::Unchanged { .. } | Saving::AsBefore { .. })
}

/// Ids as people read them.
mod digits {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    pub(super) fn serialize<S: Serializer>(id: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, I: FromStr<Err: Display>>(
        deserializer: D,
    ) -> Result<I, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
