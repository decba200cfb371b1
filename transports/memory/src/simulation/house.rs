//! Where everybody meets: what befalls the hub there, and a look at all that it has.

use super::alarm::{Alarm, wait_for};
use super::departures::Standing;
use super::home::Home;
use super::oracle::Subject;
use super::setting::Setting;
use super::venue::{Mishap, Venue};
use super::words::words_in;
use draftkeep::clock::ManualClock;
use draftkeep::storage::Storage;
use draftkeep::sync::{document_of, earlier_of};
use draftkeep::transport::{
    Answer, Ask, Page, Position, Reply, Request, Revision, Row, Transport, TransportError, TransportErrorKind,
};
use draftkeep::{DraftId, RevisionId, Space, TraceId};
use futures_util::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The longest that the oracle leaves a hub alone that asks for that.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the hub is asked what it has, where its disk fails.
const LOOKS_MAX: usize = 64;

/// The name of the space that everybody works in.
pub(crate) const SPACE: &str = "alice";

/// Where everybody meets.
pub(crate) struct House {
    venue: Box<dyn Venue>,
    pub(super) clock: ManualClock,
    seen: Seen,
    /// The hub takes no revision that is longer; none for as long as the protocol allows.
    longest: Option<usize>,
    /// Something in it takes real time.
    pub(super) takes_time: bool,
    /// Reads what the hub has, where that is sealed.
    reader: Option<Space>,
}

/// What the hub has, as it was looked at last.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    position: Option<Position>,
    pub(crate) rows: BTreeMap<DraftId, Row>,
    /// Its mains and forks, and which words stand in them.
    pub(crate) standing: Arc<Standing>,
    pub(crate) erased: BTreeSet<DraftId>,
}

impl House {
    pub(crate) fn new(seed: u64, setting: &Setting, reader: Option<Space>) -> Result<Self, String> {
        let clock = ManualClock::new();
        let venue: Box<dyn Venue> = match &setting.venue {
            Some(make) => make(seed).map_err(|error| format!("there is no venue: {error}"))?,
            None => Box::new(Home::new(seed, setting, clock.clone())?),
        };
        let takes_time = setting.venue.is_some() || setting.way.is_some();
        Ok(Self { venue, clock, seen: Seen::default(), longest: None, takes_time, reader })
    }

    /// A way for a device to the hub.
    pub(crate) fn way(&mut self, device: &str, seed: u64) -> Result<Arc<dyn Transport>, String> {
        self.venue.way(device, seed).map_err(|error| format!("there is no way for {device}: {error}"))
    }

    /// Lets something befall the hub, as far as it can be played.
    pub(crate) fn befall(&mut self, mishap: Mishap) -> Result<bool, String> {
        let befell = self.venue.befall(mishap).map_err(|error| format!("the hub after {mishap:?}: {error}"))?;
        if befell && !matches!(mishap, Mishap::BackUp | Mishap::FailCommit { .. }) {
            self.seen = Seen::default();
        }
        Ok(befell)
    }

    /// From now on the hub takes no revision that is longer; none for as long as the protocol allows.
    /// Says whether that is another limit than before.
    pub(crate) fn take_at_most(&mut self, longest: Option<usize>) -> Result<bool, String> {
        if self.longest == longest || !self.befall(Mishap::Limit(longest))? {
            return Ok(false);
        }
        self.longest = longest;
        Ok(true)
    }

    pub(crate) fn end_of_faults(&mut self) -> Result<(), String> {
        self.venue.end_of_faults().map_err(|error| format!("the hub at the end of faults: {error}"))
    }

    pub(crate) fn verify(&mut self) -> Result<(), String> {
        self.venue.verify().map_err(|error| format!("the hub at rest: {error}"))
    }

    pub(crate) fn faults(&self) -> Vec<(&'static str, u64)> {
        self.venue.faults()
    }

    pub(crate) fn story(&mut self) -> Vec<String> {
        self.venue.story()
    }

    /// What the hub has of each draft.
    pub(crate) fn look(&mut self, subjects: &BTreeMap<DraftId, Subject>) -> Result<&Seen, String> {
        let mut position = self.ask(Ask::Hello)?.position;
        while self.seen.position != Some(position) {
            match self.look_at(position, subjects) {
                Ok(seen) => self.seen = seen,
                // What is under way in real time may arrive between two questions.
                Err(why) => {
                    let before = std::mem::replace(&mut position, self.ask(Ask::Hello)?.position);
                    if before == position {
                        return Err(why);
                    }
                }
            }
        }
        Ok(&self.seen)
    }

    fn look_at(&self, position: Position, subjects: &BTreeMap<DraftId, Subject>) -> Result<Seen, String> {
        let Reply::Page(Page { rows, erased, more, .. }) = self.ask(Ask::Pull { after: 0, limit: 1_000 })?.reply else {
            return Err("the hub answers a pull with something else than a page".to_owned());
        };
        if more {
            return Err("the hub has more rows than a page holds".to_owned());
        }
        let (mut standing, mut seen) = (Standing::new(), BTreeMap::new());
        for row in rows {
            if !subjects.contains_key(&row.draft) {
                return Err("the hub has a draft that nobody began".to_owned());
            }
            let stood = standing.entry(row.draft).or_default();
            for id in std::iter::once(&row.main.id).chain(&row.forks) {
                stood.revisions.insert(*id);
                stood.words.extend(words_in(&self.body(row.draft, *id)?));
            }
            seen.insert(row.draft, row);
        }
        let erased = erased.iter().map(|row| row.marker.draft).collect();
        Ok(Seen { position: Some(position), rows: seen, standing: Arc::new(standing), erased })
    }

    fn body(&self, draft: DraftId, id: RevisionId) -> Result<Vec<u8>, String> {
        match self.ask(Ask::Revisions { draft, ids: vec![id] })?.reply {
            Reply::Revisions { revisions, .. } if revisions.len() == 1 => self.document(id, &revisions[0]),
            other => Err(format!("the hub has {id} as a main or a fork and does not give it: {other:?}")),
        }
    }

    fn document(&self, id: RevisionId, revision: &Revision) -> Result<Vec<u8>, String> {
        let open = document_of(revision);
        let Some(reader) = &self.reader else {
            return open.ok_or_else(|| format!("the hub gives {id} without what it takes to read it"));
        };
        if open.is_some() {
            return Err(format!("whoever has the hub reads {id}"));
        }
        let earlier = earlier_of(reader, revision);
        earlier.map(|earlier| earlier.document().to_vec()).map_err(|error| format!("nobody reads {id}: {error}"))
    }

    /// What the hub's records lie in, where that can be had.
    pub(crate) fn storage(&self) -> Option<Arc<dyn Storage>> {
        self.venue.storage()
    }

    fn ask(&self, ask: Ask) -> Result<Answer, String> {
        let trace = TraceId::from_bytes([0; 16]);
        let request = Request { space: SPACE.to_owned(), device: None, trace, hub: None, seen: None, ask };
        // A disk that is about to fail may do so now: a hub that is not sure of its last commit makes sure first.
        let mut tries = (0..LOOKS_MAX).map(|_| {
            let hub = self.venue.hub();
            let asking = hub.send(request.clone());
            let answer = if self.takes_time { wait_for(asking) } else { asking.now_or_never() };
            let answer = answer.ok_or("the hub does not answer in time".to_owned())?;
            // Whoever looks asks far more often than those who sync, and a server limits that.
            if let Err(TransportErrorKind::Unreachable { retry_after: Some(after) }) =
                answer.as_ref().map_err(TransportError::kind)
                && self.takes_time
            {
                Alarm::default().wait((*after).min(PATIENCE));
            }
            answer.map_err(|error| format!("the hub: {error}"))
        });
        let first = tries.next().unwrap_or_else(|| Err("nobody asked".to_owned()));
        first.or_else(|why| tries.find_map(Result::ok).ok_or(why))
    }
}
