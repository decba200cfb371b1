//! A hub that lies: a real one answers, and a script says what becomes of its answers.

use draftkeep::DraftId;
use draftkeep::hub::Hub;
use draftkeep::transport::{Answer, Ask, Reply, Request, Revision, Transport, TransportError};
use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// More requests than this in one cycle are a loop without an end.
pub(crate) const REQUESTS_MAX: u64 = 6_000;

/// What a device is told.
pub(crate) type Told = Result<Answer, TransportError>;

/// What becomes of one request and its answer.
pub(crate) type Lie = fn(&mut Turn<'_>) -> Told;

/// When the lie begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    FirstMeeting,
    Pulling,
    Pushing,
    /// One row a page, and the truth until the second one.
    AmongPages,
    /// From the first request on, and further when the device was opened anew.
    OverARestart,
}

impl Moment {
    pub(crate) const ALL: [Self; 5] =
        [Self::FirstMeeting, Self::Pulling, Self::Pushing, Self::AmongPages, Self::OverARestart];
}

/// What a liar remembers from one request to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// How many requests it was asked since it lies.
    pub(crate) turns: u64,
    /// What the real hub said, the first of them.
    pub(crate) said: Vec<Answer>,
    /// Revisions that nobody wrote, as mains and as forks.
    pub(crate) mains: BTreeMap<DraftId, Revision>,
    pub(crate) forks: BTreeMap<DraftId, Vec<Revision>>,
}

/// One request that is lied to.
pub(crate) struct Turn<'t> {
    pub(crate) request: &'t Request,
    pub(crate) memory: &'t mut Memory,
    /// Its bytes are others, whatever they say.
    pub(crate) has_other_bytes: bool,
    hub: &'t Arc<Hub>,
    truth: Option<Answer>,
}

impl Turn<'_> {
    /// Lets the real hub do what was asked, and gives what it says. A liar confirms whatever position a device names.
    pub(crate) fn truth(&mut self) -> Answer {
        let truth =
            self.truth.get_or_insert_with(|| ask(self.hub, Request { seen: None, hub: None, ..self.request.clone() }));
        if self.memory.said.len() < 64 {
            self.memory.said.push(truth.clone());
        }
        truth.clone()
    }

    /// What the real hub says to another question, and nothing is done of what the device asked.
    pub(crate) fn instead(&self, question: Ask) -> Answer {
        ask(self.hub, Request { seen: None, hub: None, ask: question, ..self.request.clone() })
    }

    /// An answer with this reply, without doing what was asked.
    pub(crate) fn only(&self, reply: Reply) -> Answer {
        Answer { reply, ..self.instead(Ask::Hello) }
    }
}

fn ask(hub: &Arc<Hub>, request: Request) -> Answer {
    // An executor of its own would stand within the device's.
    let answer = hub.send(request).now_or_never();
    answer.expect("a hub in memory answers at once").expect("and well")
}

#[derive(Debug)]
struct State {
    hub: Arc<Hub>,
    lie: Option<(Lie, Moment)>,
    memory: Memory,
    is_begun: bool,
    pulls: u64,
    asked: u64,
    changed: u64,
}

/// A way to the hub on which it may lie.
#[derive(Debug, Clone)]
pub(crate) struct Liar(Arc<Mutex<State>>);

impl Liar {
    pub(crate) fn before(hub: &Arc<Hub>) -> Self {
        let (hub, memory) = (Arc::clone(hub), Memory::default());
        Self(Arc::new(Mutex::new(State { hub, lie: None, memory, is_begun: false, pulls: 0, asked: 0, changed: 0 })))
    }

    pub(crate) fn begin(&self, lie: Lie, moment: Moment) {
        self.0.lock().unwrap().lie = Some((lie, moment));
    }

    pub(crate) fn tell_the_truth(&self) {
        self.0.lock().unwrap().lie = None;
    }

    /// How many answers were not what the real hub said, or were given in place of one.
    pub(crate) fn changed(&self) -> u64 {
        self.0.lock().unwrap().changed
    }

    /// How many requests there were since this was last asked.
    pub(crate) fn asked(&self) -> u64 {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

impl State {
    fn answer(&mut self, mut request: Request) -> Told {
        self.asked += 1;
        if self.asked > REQUESTS_MAX {
            return Err(TransportError::unreachable());
        }
        let Some((lie, moment)) = self.lie else { return Ok(ask(&self.hub, request)) };
        let is_pull = matches!(request.ask, Ask::Pull { .. });
        self.pulls += u64::from(is_pull);
        if let (Moment::AmongPages, Ask::Pull { limit, .. }) = (moment, &mut request.ask) {
            *limit = 1;
        }
        self.is_begun |= match moment {
            Moment::FirstMeeting | Moment::Pulling | Moment::OverARestart => true,
            Moment::Pushing => matches!(request.ask, Ask::Push { .. }),
            Moment::AmongPages => self.pulls > 1,
        };
        if !self.is_begun {
            return Ok(ask(&self.hub, request));
        }
        self.memory.turns += 1;
        let mut turn =
            Turn { request: &request, memory: &mut self.memory, has_other_bytes: false, hub: &self.hub, truth: None };
        let told = lie(&mut turn);
        let is_true = turn.truth.as_ref().is_some_and(|truth| told.as_ref().is_ok_and(|told| told == truth));
        self.changed += u64::from(!is_true || turn.has_other_bytes);
        told
    }
}

impl Transport for Liar {
    fn send(&self, request: Request) -> BoxFuture<'_, Told> {
        let told = self.0.lock().unwrap().answer(request);
        Box::pin(async move { told })
    }
}
