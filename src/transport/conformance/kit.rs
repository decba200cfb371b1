//! Running the checks.

use super::{carrying, chains, erasing, feed, limits, looking, pushing, sample, waiting};
use crate::clock::Clock;
use crate::id::{DraftId, RevisionId, TraceId};
use crate::report::{Check, Outcome as Ended, Report};
use crate::transport::{
    Answer, Ask, Outcome, Page, Position, Push, Refusal, Rejection, Reply, Request, Revision, Standing, Target,
    Transport, TransportError, TransportErrorKind,
};
use futures_core::future::BoxFuture;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// Gives the way to a hub that has nothing yet; called once for each check.
pub type Setup<'a> = dyn FnMut() -> BoxFuture<'static, Result<Arc<dyn Transport>, TransportError>> + 'a;

/// The longest time that a check may take.
const CHECK_MAX: Duration = Duration::from_secs(60);

/// Runs all checks.
pub async fn run(clock: &dyn Clock, setup: &mut Setup<'_>) -> Report {
    let properties = [
        pushing::PROPERTIES,
        chains::PROPERTIES,
        feed::PROPERTIES,
        looking::PROPERTIES,
        limits::PROPERTIES,
        erasing::PROPERTIES,
        waiting::PROPERTIES,
        carrying::PROPERTIES,
    ];
    let mut checks = Vec::new();
    for (name, check) in properties.into_iter().flatten() {
        let fresh = setup();
        let attempt = async move {
            let transport = fresh.await?;
            check(Subject { transport, space: "conformance".to_owned() }).await
        };
        let attempt = AssertUnwindSafe(attempt).catch_unwind().boxed();
        let outcome = match select(attempt, clock.sleep(CHECK_MAX)).await {
            Either::Left((Ok(Ok(())), _)) => Ended::Passed,
            Either::Left((Ok(Err(Failure::Broken(what))), _)) => Ended::Failed(what),
            Either::Left((Ok(Err(Failure::NotOffered(what))), _)) => Ended::Skipped(what.to_owned()),
            Either::Left((Err(panic), _)) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                Ended::Failed(format!("a panic: {text}"))
            }
            Either::Right(_) => Ended::Failed(format!("no end after {} s", CHECK_MAX.as_secs())),
        };
        checks.push(Check { name, outcome });
    }
    Report::new("transport", checks)
}

/// A property's name, and what tries it.
pub(super) type Property = (&'static str, fn(Subject) -> BoxFuture<'static, Verdict>);

pub(super) type Verdict<T = ()> = Result<T, Failure>;

/// Why a check ended early.
#[derive(Debug)]
pub(super) enum Failure {
    Broken(String),
    NotOffered(&'static str),
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Broken(format!("an unexpected error: {error}"))
    }
}

/// Fails with what was seen unless it is what was expected.
pub(super) fn expect<T: PartialEq + fmt::Debug>(what: &str, seen: &T, expected: &T) -> Verdict {
    if seen == expected {
        return Ok(());
    }
    // Long answers tell nothing more by being printed whole.
    let short = |value: &T| format!("{value:?}").chars().take(300).collect::<String>();
    Err(Failure::Broken(format!("{what}: expected {}, saw {}", short(expected), short(seen))))
}

pub(super) const MAIN: Outcome = Outcome::Accepted { standing: Standing::Main };
pub(super) const FORK: Outcome = Outcome::Accepted { standing: Standing::Fork };

pub(super) const fn draft(number: u8) -> DraftId {
    DraftId::from_bytes([number; 16])
}

/// A revision of a draft with this text.
pub(super) fn text(of: u8, text: &str) -> Revision {
    sample(draft(of), &[], text.as_bytes())
}

/// A push over a main, which it contains.
pub(super) fn over(main: Option<&Revision>, revision: &Revision) -> Push {
    let expects = main.map(Revision::id);
    let contains = expects.into_iter().collect();
    Push { revision: revision.clone(), base: None, contains, target: Target::Main { expects } }
}

pub(super) fn fork(revision: &Revision) -> Push {
    Push { revision: revision.clone(), base: None, contains: Vec::new(), target: Target::Fork }
}

/// The way under test, and a space on the hub behind it.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) space: String,
}

impl Subject {
    /// The same hub, another space.
    pub(super) fn other(&self, space: &str) -> Self {
        Self { space: space.to_owned(), ..self.clone() }
    }

    pub(super) fn request(&self, ask: Ask) -> Request {
        let trace = TraceId::from_bytes([5; 16]);
        Request { space: self.space.clone(), device: Some("conformance".to_owned()), trace, hub: None, seen: None, ask }
    }

    pub(super) async fn ask(&self, ask: Ask) -> Verdict<Answer> {
        Ok(self.transport.send(self.request(ask)).await?)
    }

    pub(super) async fn position(&self) -> Verdict<Position> {
        Ok(self.ask(Ask::Hello).await?.position)
    }

    pub(super) async fn push(&self, pushes: impl IntoIterator<Item = Push>) -> Verdict<Vec<Outcome>> {
        outcomes(self.ask(Ask::Push { pushes: pushes.into_iter().collect() }).await?.reply)
    }

    /// Pushes what a hub may find too large, within its promise: then the property is not offered.
    pub(super) async fn push_large(&self, push: Push) -> Verdict<Vec<Outcome>> {
        let outcomes = match self.transport.send(self.request(Ask::Push { pushes: vec![push] })).await {
            Err(error) if matches!(error.kind(), TransportErrorKind::TooLarge) => return Err(TOO_LARGE),
            answer => outcomes(answer?.reply)?,
        };
        if matches!(&outcomes[..], [Outcome::Rejected { code: Rejection::TooLarge, .. }]) {
            return Err(TOO_LARGE);
        }
        Ok(outcomes)
    }

    /// Pushes, and expects that all are accepted.
    pub(super) async fn accepted(&self, pushes: impl IntoIterator<Item = Push>) -> Verdict {
        for outcome in self.push(pushes).await? {
            if !matches!(outcome, Outcome::Accepted { .. }) {
                return Err(Failure::Broken(format!("a push that has to be accepted: {outcome:?}")));
            }
        }
        Ok(())
    }

    pub(super) async fn page(&self, after: u64, limit: u32) -> Verdict<Page> {
        match self.ask(Ask::Pull { after, limit }).await?.reply {
            Reply::Page(page) => Ok(page),
            reply => Err(another("a page", &reply)),
        }
    }

    /// All rows, however many pages they take: id of the draft and of the main, forks.
    pub(super) async fn rows(&self) -> Verdict<Vec<(DraftId, RevisionId, Vec<RevisionId>)>> {
        let (mut rows, mut after) = (Vec::new(), 0);
        loop {
            let page = self.page(after, 1_000).await?;
            let more = page.more;
            let last = page.rows.last().map(|row| row.seq).max(page.erased.last().map(|row| row.seq));
            after = last.unwrap_or(after);
            if more && last.is_none() {
                return Err(Failure::Broken("a page without rows says that there are more".to_owned()));
            }
            rows.extend(page.rows.into_iter().map(|row| (row.draft, row.main.id, row.forks)));
            if !more {
                return Ok(rows);
            }
        }
    }

    pub(super) async fn contained(&self, of: u8, ids: &[RevisionId]) -> Verdict<Vec<RevisionId>> {
        match self.ask(Ask::Contained { draft: draft(of), ids: ids.to_vec() }).await?.reply {
            Reply::Contained { contained, .. } => Ok(contained),
            reply => Err(another("ids", &reply)),
        }
    }

    /// The revisions that the hub has of these, however many answers they take.
    pub(super) async fn revisions(&self, of: u8, ids: &[RevisionId]) -> Verdict<Vec<Revision>> {
        let (mut found, mut rest) = (Vec::new(), ids);
        while !rest.is_empty() {
            match self.ask(Ask::Revisions { draft: draft(of), ids: rest.to_vec() }).await?.reply {
                Reply::Revisions { revisions, looked_up } if looked_up > 0 => {
                    found.extend(revisions);
                    rest = rest.get(looked_up as usize..).unwrap_or_default();
                }
                reply => return Err(another("revisions", &reply)),
            }
        }
        Ok(found)
    }

    /// Fails unless the request is refused: by the hub as invalid, or by the way there.
    pub(super) async fn refuses(&self, what: &str, request: Request) -> Verdict {
        match self.transport.send(request).await {
            Ok(Answer { reply: Reply::Refused(Refusal::Invalid { reason }), .. }) => {
                let names_a_limit = reason.chars().any(|letter| letter.is_ascii_digit());
                expect(&format!("a limit in the reason for refusing {what} ({reason})"), &names_a_limit, &true)
            }
            Ok(answer) => Err(Failure::Broken(format!("{what} was not refused: {:?}", answer.reply))),
            Err(error) if matches!(error.kind(), TransportErrorKind::Unauthorized | TransportErrorKind::Redirected) => {
                Err(Failure::Broken(format!("{what} was refused with another error: {error}")))
            }
            Err(_) => Ok(()),
        }
    }
}

fn outcomes(reply: Reply) -> Verdict<Vec<Outcome>> {
    match reply {
        Reply::Pushed(outcomes) => Ok(outcomes),
        reply => Err(another("outcomes", &reply)),
    }
}

/// What a hub that takes only smaller revisions than the protocol allows does not offer.
pub(super) const TOO_LARGE: Failure = Failure::NotOffered("the hub takes only smaller revisions");

pub(super) fn another(what: &str, reply: &Reply) -> Failure {
    let reply: String = format!("{reply:?}").chars().take(300).collect();
    Failure::Broken(format!("expected {what}, saw {reply}"))
}
