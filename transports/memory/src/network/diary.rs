//! What happened on the way, counted and told.

use super::Fault;
use draftkeep::transport::{Answer, Ask, Outcome, Rejection, Reply, Request, Standing};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// As many of the last passages are kept.
const KEPT: usize = 256;

/// What happened on a way, as far as it is kept.
#[derive(Debug, Clone, Default)]
pub struct Diary {
    passages: VecDeque<Passage>,
    counts: BTreeMap<Fault, u64>,
    requests: u64,
    deltas: u64,
    refused_deltas: u64,
}

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The request's number on this way, from 1.
    pub number: u64,
    /// What happened, in words: the question and what became of it.
    pub what: String,
}

impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {}", self.number, self.what)
    }
}

impl Diary {
    /// The last passages, oldest first; at most 256.
    pub fn passages(&self) -> impl Iterator<Item = &Passage> {
        self.passages.iter()
    }

    /// How often it happened.
    #[must_use]
    pub fn count(&self, fault: Fault) -> u64 {
        self.counts.get(&fault).copied().unwrap_or_default()
    }

    /// How many requests were sent.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// How many revisions the hub accepted as deltas of others.
    #[must_use]
    pub const fn deltas(&self) -> u64 {
        self.deltas
    }

    /// How many deltas the hub refused because it lacks what they are deltas of.
    #[must_use]
    pub const fn refused_deltas(&self) -> u64 {
        self.refused_deltas
    }

    pub(super) fn answered(&mut self, deltas: &[bool], answer: &Answer) {
        let Reply::Pushed(outcomes) = &answer.reply else { return };
        for (_, outcome) in deltas.iter().zip(outcomes).filter(|(is_delta, _)| **is_delta) {
            self.deltas += u64::from(matches!(outcome, Outcome::Accepted { .. }));
            self.refused_deltas += u64::from(matches!(outcome, Outcome::Rejected { code: Rejection::Base, .. }));
        }
    }

    /// Takes out what was told so far; the counts stay.
    pub(crate) fn take(&mut self) -> Vec<Passage> {
        self.passages.drain(..).collect()
    }

    pub(super) fn begin(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    pub(super) fn happened(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }

    pub(super) fn tell(&mut self, number: u64, what: String) {
        if self.passages.len() == KEPT {
            self.passages.pop_front();
        }
        self.passages.push_back(Passage { number, what });
    }
}

/// Which of the pushes in a request are deltas.
pub(super) fn deltas(request: &Request) -> Vec<bool> {
    match &request.ask {
        Ask::Push { pushes } => pushes.iter().map(|push| push.base.is_some()).collect(),
        _ => Vec::new(),
    }
}

/// A question in a few words.
pub(super) fn question(request: &Request) -> String {
    match &request.ask {
        Ask::Hello => "hello".to_owned(),
        Ask::Pull { after, limit } => format!("pull after {after}, {limit} rows at most"),
        Ask::Push { pushes } => {
            let each = pushes.iter().map(|push| format!(" {:.8}", push.revision.id().to_string()));
            format!("push{}", each.collect::<String>())
        }
        Ask::Contained { ids, .. } => format!("contained, {} ids", ids.len()),
        Ask::Revisions { ids, .. } => format!("revisions, {} ids", ids.len()),
        Ask::Wait { .. } => "wait".to_owned(),
        Ask::Erase { markers } => format!("erase {} drafts", markers.len()),
        _ => "something".to_owned(),
    }
}

/// An answer in a few words.
pub(super) fn reply(answer: &Answer) -> String {
    let said = match &answer.reply {
        Reply::Welcome { confirmed } => format!("welcome, confirmed: {confirmed}"),
        Reply::Page(page) => {
            let (rows, more) = (page.rows.len() + page.erased.len(), if page.more { " and more" } else { "" });
            format!("{rows} rows, {} of them erased{more}", page.erased.len())
        }
        Reply::Erased(outcomes) => format!("{} erasures: {outcomes:?}", outcomes.len()),
        Reply::Pushed(outcomes) => outcomes.iter().map(outcome).collect::<Vec<_>>().join(", "),
        Reply::Contained { contained, .. } => format!("{} contained", contained.len()),
        Reply::Revisions { revisions, .. } => format!("{} revisions", revisions.len()),
        Reply::News => "news".to_owned(),
        Reply::Refused(refusal) => format!("refused: {refusal:?}"),
        _ => "something".to_owned(),
    };
    format!("{said} (at {})", answer.position.seq)
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { standing: Standing::Main } => "accepted as main".to_owned(),
        Outcome::Accepted { standing: Standing::Fork } => "accepted as fork".to_owned(),
        Outcome::Conflict { .. } => "conflict".to_owned(),
        Outcome::Rejected { code, .. } => format!("rejected: {code:?}"),
        _ => "something".to_owned(),
    }
}
