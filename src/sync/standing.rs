//! How one draft stands to the hub.

use crate::clock::Timestamp;
use crate::draft::handle::Draft;
use crate::error::{ErrorKind, Failure, Result};
use crate::phase::Phase;
use crate::records::view::View;
use crate::store::remote::integrate::{Facts, facts};
use crate::store::remote::{arrivals, keyless, link, outbox, outgoing};
use crate::store::tables::DraftKey;
use crate::store::{change, heads};
use crate::transport::Standing;
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a draft stands to the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synced {
    /// The hub has the head, as the main or as a fork in conflict, and every side of its conflict.
    Yes(Standing),
    /// It has not said so yet.
    Pending {
        /// Since when, by the wall clock.
        since: Timestamp,
    },
    /// It is not pushed until it changes or somebody says so.
    Parked {
        /// Why, with the way out, for people.
        reason: String,
    },
    /// What other devices made of it cannot be taken in by this release of the application.
    Blocked {
        /// Why, for people.
        reason: String,
    },
    /// The hub refused it, somebody [gave it up](super::Syncer::drop_parked), and it is in the trash: the hub has nothing of it,
    /// and nothing is owed.
    GivenUp,
    /// Drafts of its kind [never leave the device](crate::SecretSync::Never).
    KeptHere,
    /// The space never met a hub.
    NoHub,
}

impl<T: Serialize + DeserializeOwned + 'static> Draft<T> {
    /// Whether the hub has the draft as it is here.
    ///
    /// # Errors
    ///
    /// As [`info`](Self::info).
    pub fn sync_state(&self) -> Result<Synced> {
        let (core, _, key) = self.parts();
        core.engine.traced("sync_state", |_| {
            let view = core.engine.read()?;
            if link::read(&view, key.space)?.is_none() {
                return Ok(Synced::NoHub);
            }
            let place = crate::draft::space::place(core);
            let Some(facts) = facts(&view, &place, key)? else { return Ok(Synced::NoHub) };
            if facts.head.is_none() {
                return Err(change::absent(&view, key));
            }
            if let Some(reason) = arrivals::read(&view, key)?.and_then(|row| row.blocked) {
                return Ok(Synced::Blocked { reason });
            }
            if !keyless::left_behind(&view, key, facts.epoch)?.is_empty() {
                return Ok(Synced::Blocked { reason: super::keyless::REASON.to_owned() });
            }
            // Erased elsewhere, and not carried out here yet: there is no draft on the hub that it could stand to.
            let erased = facts.row.as_ref().and_then(|row| row.erased);
            match outbox::read(&view, key)? {
                Some(owed) => Ok(match owed.parked {
                    Some(parking) => Synced::Parked { reason: parking.reason },
                    None => Synced::Pending { since: owed.since },
                }),
                None if outbox::stays_here(&view, &core.engine.settings, key)? => Ok(Synced::KeptHere),
                None if facts.row.is_none() && is_discarded(&view, key)? => Ok(Synced::GivenUp),
                None => erased.map_or_else(|| standing(&facts), |since| Ok(Synced::Pending { since })),
            }
        })
    }

    /// Waits until the hub has what is the head by then, and says as what; or until only somebody else can help.
    ///
    /// It does not sync by itself: a [`Syncer`](super::Syncer) has to be at work. Dropping the future is fine.
    ///
    /// # Errors
    ///
    /// As [`sync_state`](Self::sync_state).
    pub async fn synced(&self) -> Result<Synced> {
        let (core, _, _) = self.parts();
        // Listening comes first, so that nothing is missed in between.
        let mut events = core.engine.events.subscribe();
        loop {
            match self.sync_state()? {
                Synced::Pending { .. } => drop(events.next().await),
                state => return Ok(state),
            }
        }
    }
}

/// Whether it is in the trash.
fn is_discarded(view: &impl View, key: DraftKey) -> std::result::Result<bool, Failure> {
    Ok(heads::read(view, key)?.is_some_and(|head| head.header.phase == Phase::Discarded))
}

fn standing(facts: &Facts) -> std::result::Result<Synced, Failure> {
    let head = facts.head.ok_or(ErrorKind::NoSuchDraft { draft: facts.key.draft })?;
    if !outgoing::is_on_hub(facts, head) {
        return Err(Failure::corrupt(Some(facts.key.draft), "it is owed to the hub, and the outbox does not say so"));
    }
    let is_fork = facts.row.as_ref().is_some_and(|row| row.forks.contains(&head));
    Ok(Synced::Yes(if is_fork { Standing::Fork } else { Standing::Main }))
}
