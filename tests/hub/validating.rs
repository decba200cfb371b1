//! An application's validator on a hub: what it refuses is not taken, and nobody else notices.

use super::{FORK, MAIN, draft, fork_push, main_push, options, pull, push, row};
use draftkeep::RevisionId;
use draftkeep::hub::{AuditOutcome, Candidate, Hub, HubOptions, Invalid, Validate};
use draftkeep::storage::MemoryStorage;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Outcome, Push, Rejection, Revision};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// Refuses a text with an x in it, and panics over one with a p. Counts what it is asked.
#[derive(Default)]
struct NoX(AtomicU64);

impl Validate for NoX {
    fn validate(&self, candidate: &Candidate<'_>) -> Result<(), Invalid> {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert_eq!((candidate.space(), candidate.kind(), candidate.schema()), ("alice", "sample", 1));
        let text: String = candidate.read()?;
        assert!(!text.contains('p'), "it is not for this one");
        if text.contains('x') { Err(Invalid::at("/0", "an x").and(Invalid::new("and more"))) } else { Ok(()) }
    }
}

fn with(validator: impl Validate + 'static) -> Hub {
    on(&MemoryStorage::new(), options(1).validator(Arc::new(validator)))
}

fn on(storage: &MemoryStorage, options: HubOptions) -> Hub {
    Hub::open(Arc::new(storage.clone()), options).expect("it opens")
}

/// A body of which nothing is compressed.
fn plain(json: &str) -> Vec<u8> {
    [&[0, 0, 0, 0, 0], json.as_bytes()].concat()
}

fn text(of: u8, json: &str) -> Revision {
    sample(draft(of), &[], &plain(json))
}

/// A push whose body appends a letter to the text of another one, which has `length` bytes as JSON.
fn appending(letter: u8, base: &Revision, length: u8, push: impl Fn(&Revision) -> Push) -> Push {
    let body = [2, 0, 0, 0, 0, 1, length + 1, 1, length - 1, 0, 1, letter];
    Push { base: Some(base.id()), ..push(&sample(base.draft(), &[], &body)) }
}

fn reason(outcome: &Outcome, expected: Rejection) -> &str {
    match outcome {
        Outcome::Rejected { code, reason } if *code == expected => reason,
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn what_the_validator_refuses_is_not_taken_and_everything_else_is() {
    let hub = with(NoX::default());
    // Says that it unfolds to 3 GiB.
    let bomb = [&[1, 0, 0, 0, 0, 2][..], &[0x80, 0x80, 0x80, 0x80, 0x0c], &[1; 40]].concat();
    let pushes = vec![
        main_push(&text(1, r#""fine""#), None),
        main_push(&text(2, r#""extra""#), None),
        main_push(&text(3, "[1]"), None),
        main_push(&text(4, r#""spaced" "#), None),
        main_push(&sample(draft(5), &[], b"\x09sealed, or of a newer release"), None),
        main_push(&sample(draft(6), &[], &bomb), None),
        main_push(&text(7, r#""panic""#), None),
        main_push(&text(8, r#""fine too""#), None),
    ];
    let outcomes = push(&hub, pushes.clone());
    assert_eq!((&outcomes[0], &outcomes[7]), (&MAIN, &MAIN));
    let reasons: Vec<&str> = outcomes[1..7].iter().map(|outcome| reason(outcome, Rejection::Invalid)).collect();
    assert_eq!(reasons[0], "/0: an x; and more");
    for (reason, says) in
        reasons[1..].iter().zip(["expected", "canonical", "cannot be read", "cannot be read", "failed"])
    {
        assert!(reason.contains(says), "{reason}");
    }
    assert_eq!(pull(&hub).rows.iter().map(|row| row.draft).collect::<Vec<_>>(), [draft(1), draft(8)]);
    let audit = hub.audit("alice", 0, 10).expect("it can be read");
    let refused = audit.iter().filter(|entry| entry.outcome == AuditOutcome::Rejected(Rejection::Invalid)).count();
    assert_eq!((audit.len(), refused), (8, 6));
    // A fork is looked at as a main is, and a mended text is taken.
    let (fork, mended) = (text(1, r#""axe""#), text(2, r#""mended""#));
    let outcomes = push(&hub, vec![fork_push(&fork), main_push(&mended, None)]);
    assert_eq!((reason(&outcomes[0], Rejection::Invalid), &outcomes[1]), (reasons[0], &MAIN));
}

#[test]
fn what_the_hub_has_or_would_refuse_anyway_is_not_looked_at() {
    let storage = MemoryStorage::new();
    let (one, two, fork) = (text(1, r#""x""#), text(1, r#""xx""#), text(1, r#""xxx""#));
    push(&on(&storage, options(1)), vec![main_push(&one, None), main_push(&two, Some(&one)), fork_push(&fork)]);
    let validator = Arc::new(NoX::default());
    let hub = on(&storage, options(1).revision_bytes(2_000).validator(validator.clone()));
    let repeats = push(&hub, vec![main_push(&one, None), main_push(&two, Some(&one)), fork_push(&one)]);
    assert_eq!(repeats, [MAIN, MAIN, MAIN]);
    let large = text(2, &format!("\"{}\"", "x".repeat(3_000)));
    reason(&push(&hub, vec![main_push(&large, None)])[0], Rejection::TooLarge);
    assert_eq!(validator.0.load(Ordering::SeqCst), 0);
    // A fork may go without being contained, so it is looked at; but what the hub has it has.
    assert_eq!(push(&hub, vec![fork_push(&fork)]), [FORK]);
    let over_another = Push { contains: Vec::new(), ..main_push(&text(1, r#""y""#), Some(&one)) };
    assert!(matches!(push(&hub, vec![over_another])[0], Outcome::Conflict { row: Some(_) }));
}

#[test]
fn a_delta_is_read_upon_what_the_hub_has_and_upon_what_came_before_it() {
    let hub = with(NoX::default());
    let one = text(1, r#""a""#);
    let two = appending(b'b', &one, 3, |revision| main_push(revision, Some(&one)));
    let three = appending(b'c', &two.revision, 4, |revision| main_push(revision, Some(&two.revision)));
    let wrong = appending(b'x', &three.revision, 5, fork_push);
    assert_eq!(push(&hub, vec![main_push(&one, None), two]), [MAIN, MAIN]);
    let outcomes = push(&hub, vec![three.clone(), wrong.clone()]);
    assert_eq!(outcomes[0], MAIN);
    assert_eq!(reason(&outcomes[1], Rejection::Invalid), "/0: an x; and more");
    assert!(reason(&push(&hub, vec![wrong])[0], Rejection::Invalid).starts_with("/0"));
    assert_eq!(row(&hub, 1).main.id, three.revision.id());
    // What it builds on is not here: nobody can say whether it is valid, so it is asked for whole.
    let lacking = appending(b'd', &text(1, r#""lost""#), 6, fork_push);
    reason(&push(&hub, vec![lacking])[0], Rejection::Base);
    // What does not fit what it builds on is damaged.
    let misfit = appending(b'd', &three.revision, 40, fork_push);
    reason(&push(&hub, vec![misfit])[0], Rejection::Invalid);
}

/// Goal: a slow validator costs its own push alone. Method: it waits for another push to be through.
#[test]
fn while_one_push_is_looked_at_others_are_taken() {
    let (sender, through) = channel();
    let through = Mutex::new(through);
    let hub = with(move |candidate: &Candidate<'_>| {
        if candidate.draft() == draft(1) {
            let waited = through.lock().unwrap().recv_timeout(Duration::from_secs(60));
            waited.map_err(|_| Invalid::new("nothing came through"))?;
        }
        Ok(())
    });
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| push(&hub, vec![main_push(&text(1, r#""slow""#), None)]));
        assert_eq!(push(&hub, vec![main_push(&text(2, r#""quick""#), None)]), [MAIN]);
        sender.send(()).expect("it waits");
        assert_eq!(slow.join().expect("it ends"), [MAIN]);
    });
}

/// Goal: what is taken is what was looked at. Method: while a delta is looked at, somebody changes the draft.
#[test]
fn a_delta_that_was_read_before_its_draft_moved_on_is_asked_for_whole() {
    let (hub, meanwhile) = (Arc::new(OnceLock::<Hub>::new()), Arc::new(AtomicU64::new(1)));
    let (within, left) = (Arc::clone(&hub), Arc::clone(&meanwhile));
    let opened = with(move |candidate: &Candidate<'_>| {
        let is_delta = candidate.document().as_str() == Some("ab");
        if is_delta && left.swap(0, Ordering::SeqCst) == 1 {
            let hub = within.get().expect("it is open");
            // From a thread of its own, as a request is in none of another's.
            let push = || push(hub, vec![fork_push(&text(1, r#""meanwhile""#))]);
            assert_eq!(std::thread::scope(|scope| scope.spawn(push).join()).expect("it ends"), [FORK]);
        }
        Ok(())
    });
    let hub = hub.get_or_init(|| opened);
    let one = text(1, r#""a""#);
    push(hub, vec![main_push(&one, None)]);
    let delta = appending(b'b', &one, 3, fork_push);
    reason(&push(hub, vec![delta.clone()])[0], Rejection::Base);
    assert_eq!(meanwhile.load(Ordering::SeqCst), 0);
    let whole: Vec<RevisionId> = row(hub, 1).forks;
    assert!(!whole.contains(&delta.revision.id()));
    assert_eq!(push(hub, vec![delta]), [FORK]);
}
