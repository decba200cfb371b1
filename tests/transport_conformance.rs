//! Every transport of ours passes the test kit, and broken ones fail it at the right check.

#![cfg(feature = "threads")]

use draftkeep::clock::SystemClock;
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::{MemoryStorage, Storage};
use draftkeep::transport::conformance::{self, Outcome as Ended, Report};
use draftkeep::transport::{
    Answer, Ask, EraseOutcome, Outcome, Reply, Request, Target, Transport, TransportError, TransportErrorKind,
    WireError,
};
use draftkeep::{DraftId, RevisionId};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

fn report(fresh: impl Fn() -> Arc<dyn Transport>) -> Report {
    block_on(conformance::run(&SystemClock, &mut || {
        let fresh = fresh();
        Box::pin(async move { Ok(fresh) })
    }))
}

fn assert_complete(report: &Report) {
    report.assert();
    assert!(report.checks().iter().all(|check| check.outcome == Ended::Passed), "{report}");
    assert!(report.checks().len() >= 40, "{}\n{report}", report.checks().len());
    let names: BTreeSet<&str> = report.checks().iter().map(|check| check.name).collect();
    assert_eq!(names.len(), report.checks().len(), "no two have one name");
}

fn hub_on(storage: impl Storage + 'static) -> Hub {
    Hub::open(Arc::new(storage), HubOptions::new()).expect("it opens")
}

fn hub() -> Hub {
    hub_on(MemoryStorage::new())
}

#[test]
fn a_hub_in_memory_conforms() {
    assert_complete(&report(|| Arc::new(hub())));
}

#[cfg(feature = "redb")]
#[test]
fn a_hub_on_redb_conforms() {
    use draftkeep::storage::{MemoryDisk, RedbStorage};
    assert_complete(&report(|| Arc::new(hub_on(RedbStorage::create(Arc::new(MemoryDisk::new())).expect("memory")))));
}

/// A way on which everything travels as bytes.
#[derive(Debug)]
struct AsBytes(Hub);

fn carried(error: WireError) -> TransportError {
    let kind = match error {
        WireError::Limit { .. } => TransportErrorKind::TooLarge,
        _ => TransportErrorKind::Unreachable { retry_after: None },
    };
    TransportError::new(kind).because(error)
}

impl Transport for AsBytes {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let sent = request.to_bytes().map_err(carried)?;
            let answer = self.0.send(Request::from_bytes(&sent).map_err(carried)?).await?;
            Answer::from_bytes(&answer.to_bytes().map_err(carried)?).map_err(carried)
        })
    }
}

#[test]
fn a_way_on_which_everything_travels_as_bytes_conforms() {
    assert_complete(&report(|| Arc::new(AsBytes(hub()))));
}

#[test]
fn a_hub_that_takes_only_short_revisions_conforms_with_those_checks_skipped() {
    let report = report(|| {
        let options = HubOptions::new().revision_bytes(8 << 20);
        Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options).expect("it opens"))
    });
    report.assert();
    let skipped = report.checks().iter().filter(|check| matches!(check.outcome, Ended::Skipped(_)));
    assert_eq!(
        skipped.map(|check| check.name).collect::<Vec<_>>(),
        [
            "the largest body is taken and comes back",
            "the longest chain is taken and comes back, and a longer one is refused",
        ]
    );
}

/// Answers a push that it has seen before with a conflict.
#[derive(Debug)]
struct TwoAnswers(Hub, Mutex<BTreeSet<(String, RevisionId)>>);

impl Transport for TwoAnswers {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let space = request.space.clone();
            let ids: Vec<RevisionId> = match &request.ask {
                Ask::Push { pushes } => pushes.iter().map(|push| push.revision.id()).collect(),
                _ => Vec::new(),
            };
            let mut answer = self.0.send(request).await?;
            if let Reply::Pushed(outcomes) = &mut answer.reply {
                for (id, outcome) in ids.into_iter().zip(outcomes) {
                    let is_accepted = matches!(outcome, Outcome::Accepted { .. });
                    if is_accepted && !self.1.lock().unwrap().insert((space.clone(), id)) {
                        *outcome = Outcome::Conflict { row: None };
                    }
                }
            }
            Ok(answer)
        })
    }
}

#[test]
fn a_transport_that_answers_the_same_push_otherwise_fails_the_checks_of_repeats() {
    let report = report(|| Arc::new(TwoAnswers(hub(), Mutex::default())));
    assert_eq!(
        report.failed(),
        [
            "a repeated push is accepted again and changes nothing",
            "what a main contains is accepted and changes nothing",
            "a fork never becomes the main",
            "a main lets the forks go that it contains",
            "a repeat is accepted whatever its body builds on",
            "a body that comes again does not come to build on itself",
            "a request that is given up is carried out whole or not at all, and can be repeated",
        ],
        "{report}"
    );
    assert!(std::panic::catch_unwind(|| report.assert()).is_err());
}

/// Loses the last row of a page that has more than two.
#[derive(Debug)]
struct Loses(Hub);

impl Transport for Loses {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let mut answer = self.0.send(request).await?;
            if let Reply::Page(page) = &mut answer.reply
                && page.rows.len() > 2
            {
                page.rows.pop();
            }
            Ok(answer)
        })
    }
}

#[test]
fn a_transport_that_loses_rows_fails_the_checks_of_pages() {
    let failed = report(|| Arc::new(Loses(hub()))).failed();
    for name in [
        "a page has every draft once, at its last change, in order",
        "pages go on where the last one ended, and say whether there are more",
        "every position that was told is confirmed",
    ] {
        assert!(failed.contains(&name), "{failed:?}");
    }
}

/// Lets every push replace whatever main there is.
#[derive(Debug)]
struct LastWins(Hub);

impl LastWins {
    async fn main(&self, like: &Request, draft: DraftId) -> Result<Option<RevisionId>, TransportError> {
        let pull = Request { seen: None, ask: Ask::Pull { after: 0, limit: 1_000 }, ..like.clone() };
        Ok(match self.0.send(pull).await?.reply {
            Reply::Page(page) => page.rows.into_iter().find(|row| row.draft == draft).map(|row| row.main.id),
            _ => None,
        })
    }
}

impl Transport for LastWins {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let like = Request { ask: Ask::Hello, ..request.clone() };
            if let Ask::Push { pushes } = &mut request.ask {
                for push in pushes {
                    if let Target::Main { expects } = &mut push.target {
                        *expects = self.main(&like, push.revision.draft()).await?;
                    }
                }
            }
            self.0.send(request).await
        })
    }
}

#[test]
fn a_transport_that_takes_a_push_over_any_main_fails_the_checks_of_conflicts() {
    let failed = report(|| Arc::new(LastWins(hub()))).failed();
    for name in [
        "a push over a main that was replaced is a conflict, and tells the row",
        "a push that expects no main where there is one is a conflict",
        "a push that expects a main where there is none is a conflict without a row",
        "of several pushes over one main at once, one is accepted",
    ] {
        assert!(failed.contains(&name), "{failed:?}");
    }
}

/// Says that drafts are erased, and does nothing.
#[derive(Debug)]
struct ErasesNothing(Hub);

impl Transport for ErasesNothing {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let Ask::Erase { markers } = &request.ask else { return self.0.send(request).await };
            let outcomes = vec![EraseOutcome::Erased; markers.len()];
            let answer = self.0.send(Request { ask: Ask::Hello, ..request.clone() }).await?;
            Ok(Answer { reply: Reply::Erased(outcomes), ..answer })
        })
    }
}

/// Erases, and says nothing of what is erased.
#[derive(Debug)]
struct HidesErasures(Hub);

impl Transport for HidesErasures {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let mut answer = self.0.send(request).await?;
            if let Reply::Page(page) = &mut answer.reply {
                page.erased.clear();
            }
            Ok(answer)
        })
    }
}

#[test]
fn transports_that_erase_nothing_or_hide_it_fail_the_checks_of_erasing() {
    let of_erasing = [
        "of an erased draft the hub has its marker, and nothing else",
        "an erasure that is repeated changes nothing, and another marker takes its place",
        "a draft that the hub never had can be erased",
        "erasures are answered one by one, and touch no other draft",
        "erased and other drafts stand in one feed, page by page",
    ];
    let nothing = report(|| Arc::new(ErasesNothing(hub()))).failed();
    assert!(nothing.contains(&"a push of an erased draft is rejected"), "{nothing:?}");
    let hidden = report(|| Arc::new(HidesErasures(hub()))).failed();
    for name in of_erasing {
        assert!(nothing.contains(&name) && hidden.contains(&name), "{name}: {nothing:?}, {hidden:?}");
    }
}
