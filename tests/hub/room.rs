//! What a hub gives a space: so many drafts, so many bytes.

use super::{FORK, MAIN, draft, fork_push, main_push, options, push, text};
use draftkeep::hub::{AuditOutcome, Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Outcome, Rejection, Reply, Request, Revision, Transport};
use futures_executor::block_on;
use std::sync::Arc;

fn on(storage: &MemoryStorage, options: HubOptions) -> Hub {
    Hub::open(Arc::new(storage.clone()), options).expect("it opens")
}

fn reason(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Rejected { code: Rejection::SpaceFull, reason } => reason,
        outcome => panic!("{outcome:?}"),
    }
}

fn bytes(hub: &Hub) -> u64 {
    hub.status("alice").expect("it reads").bytes
}

#[test]
fn a_space_takes_what_the_hub_gives_it_and_nothing_that_was_taken_is_refused_again() {
    let storage = MemoryStorage::new();
    let hub = on(&storage, options(1).space_drafts(2));
    let (one, two, third) = (text(1, "one"), text(2, "two"), text(3, "three"));
    let outcomes = push(&hub, vec![main_push(&one, None), main_push(&two, None), main_push(&third, None)]);
    assert_eq!(outcomes[..2], [MAIN, MAIN]);
    assert!(reason(&outcomes[2]).contains("has 2 drafts") && reason(&outcomes[2]).contains("takes 2"));
    // Drafts that are there go on, and what was taken is known.
    let later = text(1, "later");
    assert_eq!(
        push(&hub, vec![main_push(&later, Some(&one)), fork_push(&text(2, "fork")), main_push(&one, None)]),
        [MAIN, FORK, MAIN]
    );
    let audit = hub.audit("alice", 2, 1).expect("it reads");
    assert_eq!(audit[0].outcome, AuditOutcome::Rejected(Rejection::SpaceFull));
    // Another space has room of its own.
    let ask = Ask::Push { pushes: vec![main_push(&third, None)] };
    let elsewhere = block_on(hub.send(Request { space: "bob".into(), ..super::request(None, ask) }));
    assert_eq!(elsewhere.expect("an answer").reply, Reply::Pushed(vec![MAIN]));
    // The same push is taken once there is room.
    assert_eq!(push(&on(&storage, options(1).space_drafts(3)), vec![main_push(&third, None)]), [MAIN]);
    assert!(hub.verify().expect("it reads").is_intact());
}

#[test]
fn a_space_that_is_full_takes_what_makes_it_smaller() {
    let storage = MemoryStorage::new();
    let texts: Vec<Revision> = (0..4).map(|number| sample(draft(1), &[], &vec![number; 10_000])).collect();
    let hub = on(&storage, options(1).mains(1).space_bytes(21_000));
    assert_eq!(push(&hub, vec![main_push(&texts[0], None), main_push(&texts[1], Some(&texts[0]))]), [MAIN, MAIN]);
    let full = bytes(&hub);
    assert!((20_000..21_000).contains(&full), "{full}");
    // The main that it pushes out is as long as it is.
    assert_eq!(push(&hub, vec![main_push(&texts[2], Some(&texts[1]))]), [MAIN]);
    assert_eq!(bytes(&hub), full);
    let outcomes = push(&hub, vec![main_push(&text(2, &"more ".repeat(300)), None), fork_push(&texts[3])]);
    assert!(outcomes.iter().all(|outcome| reason(outcome).contains("21000")), "{outcomes:?}");
    assert_eq!((bytes(&hub), hub.status("alice").expect("it reads").drafts), (full, 1), "nothing was changed");
    // Given less than it takes already, it shrinks edit by edit, and never grows.
    let hub = on(&storage, options(1).mains(1).space_bytes(5_000));
    let (shorter, short) = (sample(draft(1), &[], &[4; 3_000]), text(1, "short"));
    reason(&push(&hub, vec![fork_push(&text(1, "a small fork"))])[0]);
    assert_eq!(push(&hub, vec![main_push(&shorter, Some(&texts[2]))]), [MAIN]);
    assert!(bytes(&hub) > 13_000);
    assert_eq!(push(&hub, vec![main_push(&short, Some(&shorter))]), [MAIN]);
    assert!(bytes(&hub) < 5_000);
    assert_eq!(push(&hub, vec![fork_push(&text(1, "a small fork"))]), [FORK]);
    assert!(hub.verify().expect("it reads").is_intact());
}
