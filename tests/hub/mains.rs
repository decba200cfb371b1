//! What a hub keeps of earlier states: the mains of a draft, and a whole space as it was.

use super::{draft, fork_push, main_push, options, push, request, text};
use draftkeep::clock::{Clock as _, ManualClock, SeededEntropy, Timestamp};
use draftkeep::hub::{Hub, HubOptions, KeptMain, MainThen, Moment};
use draftkeep::storage::MemoryStorage;
use draftkeep::transport::{Ask, Push, Request, Revision, Transport};
use draftkeep::{DraftId, RevisionId};
use futures_executor::block_on;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn by(hub: &Hub, device: &str, push: Push) {
    let request = Request { device: Some(device.to_owned()), ..request(None, Ask::Push { pushes: vec![push] }) };
    block_on(hub.send(request)).expect("an answer");
}

fn ids(mains: &[KeptMain]) -> Vec<RevisionId> {
    mains.iter().map(|main| main.revision).collect()
}

#[test]
fn the_last_mains_of_a_draft_are_listed_with_who_pushed_them_when_and_given_whole() {
    let clock = ManualClock::new();
    let options = HubOptions::with_runtime(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(1)));
    let hub = Hub::open(Arc::new(MemoryStorage::new()), options.mains(2)).expect("it opens");
    let began = clock.now().as_millis();
    let texts: Vec<Revision> = (0..4).map(|number| text(1, &format!("text {number}"))).collect();
    by(&hub, "laptop", main_push(&texts[0], None));
    for (number, pair) in texts.windows(2).enumerate() {
        clock.advance(Duration::from_secs(60));
        by(
            &hub,
            if number == 1 { "phone" } else { "laptop" },
            Push { base: Some(pair[0].id()), ..main_push(&pair[1], Some(&pair[0])) },
        );
    }
    let fork = text(1, "fork");
    by(&hub, "tablet", fork_push(&fork));

    let mains = hub.mains("alice", draft(1)).expect("it can be read");
    let told: Vec<_> = mains
        .iter()
        .map(|main| (main.revision, main.seq, (main.at.as_millis() - began) / 1_000, main.device.as_deref()))
        .collect();
    let expected = [
        (texts[3].id(), 4, 180, Some("laptop")),
        (texts[2].id(), 3, 120, Some("phone")),
        (texts[1].id(), 2, 60, Some("laptop")),
    ];
    assert_eq!(told, expected);
    for (main, text) in mains.iter().zip(texts.iter().rev()) {
        let given = hub.revision("alice", draft(1), main.revision).expect("it can be read").expect("it is kept");
        assert_eq!((given.header(), given.body()), (text.header(), text.body()));
        let below: Vec<RevisionId> = texts.iter().map(Revision::id).take_while(|id| *id != main.revision).collect();
        assert_eq!(given.chain().iter().map(|base| base.id).collect::<Vec<_>>(), below, "with all that it builds on");
        assert_eq!(main.bytes, (text.header().len() + text.body().len()) as u64);
    }
    // A fork is given, and is no main. What is only kept for what builds on it is given, too.
    assert_eq!(hub.revision("alice", draft(1), fork.id()).expect("it can be read"), Some(fork));
    assert!(hub.revision("alice", draft(1), texts[0].id()).expect("it can be read").is_some());
    assert_eq!(hub.revision("alice", draft(1), RevisionId::from_bytes([9; 32])).expect("it can be read"), None);
    assert_eq!(hub.revision("bob", draft(1), texts[3].id()).expect("it can be read"), None);
    assert_eq!(hub.mains("alice", draft(2)).expect("it can be read"), []);
    assert_eq!(hub.mains("bob", draft(1)).expect("it can be read"), []);
}

/// What others build on was held as a fork and let go; pushed once more it is a main, and came when it became one.
#[test]
fn a_revision_that_comes_again_as_a_main_came_when_it_became_one() {
    let clock = ManualClock::new();
    let options = HubOptions::with_runtime(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(1)));
    let hub = Hub::open(Arc::new(MemoryStorage::new()), options).expect("it opens");
    let (main, fork, delta) = (text(1, "main"), text(1, "fork"), text(1, "delta"));
    by(&hub, "laptop", main_push(&main, None));
    by(&hub, "phone", fork_push(&fork));
    by(&hub, "phone", Push { base: Some(fork.id()), contains: vec![fork.id()], ..fork_push(&delta) });
    clock.advance(Duration::from_secs(5));
    by(&hub, "tablet", main_push(&fork, Some(&main)));
    let mains = hub.mains("alice", draft(1)).expect("it can be read");
    assert_eq!(ids(&mains), [fork.id(), main.id()]);
    let last = (mains[0].seq, mains[0].at, mains[0].device.as_deref());
    assert_eq!(last, (4, clock.now(), Some("tablet")));
    let given = hub.revision("alice", draft(1), delta.id()).expect("it can be read").expect("it is kept");
    assert_eq!(given.chain().len(), 1);
}

/// Goal: a space as of a moment is what it was, or says that this is not kept. Method: random pushes; a model remembers the main of
/// every draft at every number and time, and how many came since.
#[test]
fn a_space_as_of_any_moment_is_what_it_was_or_says_that_it_is_not_kept() {
    const DRAFTS: u8 = 6;
    const MAINS: usize = 3;
    let clock = ManualClock::new();
    let options = HubOptions::with_runtime(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(1)));
    let hub = Hub::open(Arc::new(MemoryStorage::new()), options.mains(MAINS)).expect("it opens");
    let mut mains: BTreeMap<u8, Vec<(u64, Timestamp, Revision)>> = BTreeMap::new();
    let (mut moments, mut random) = (vec![(0, clock.now())], 7_u64);
    clock.advance(Duration::from_secs(1));
    for number in 1..=80_u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let of = u8::try_from(random >> 40 & 0xff).expect("a byte") % DRAFTS;
        let history = mains.entry(of).or_default();
        let revision = text(of, &format!("text {number}"));
        let before = history.last().map(|(_, _, before)| before.clone());
        if (random >> 50).is_multiple_of(4) && before.is_some() {
            push(&hub, vec![fork_push(&revision)]);
        } else {
            push(&hub, vec![main_push(&revision, before.as_ref())]);
            history.push((number, clock.now(), revision));
        }
        moments.push((number, clock.now()));
        clock.advance(Duration::from_secs(1));
    }
    let (mut kept, mut not_kept, mut not_yet) = (0, 0, 0);
    for (number, time) in &moments {
        let by_position = hub.drafts("alice", Moment::Position(*number), 0, 100).expect("it can be read");
        let by_time = hub.drafts("alice", Moment::Time(*time), 0, 100).expect("it can be read");
        assert_eq!(by_position, by_time);
        assert_eq!(by_position.len(), mains.len());
        for then in by_position {
            let history = &mains[&then.draft.as_bytes()[0]];
            let since = history.iter().filter(|(seq, ..)| seq > number).count();
            match then.main {
                MainThen::Kept(main) => {
                    let (seq, at, revision) = &history[history.len() - since - 1];
                    assert_eq!((main.revision, main.seq, main.at), (revision.id(), *seq, *at));
                    assert!(hub.revision("alice", then.draft, main.revision).expect("it can be read").is_some());
                    kept += 1;
                }
                MainThen::NotKept => {
                    assert!(since > MAINS && since < history.len());
                    not_kept += 1;
                }
                MainThen::NotYet => {
                    assert_eq!(since, history.len());
                    not_yet += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(kept > 80 && not_kept > 50 && not_yet > 5, "{kept} kept, {not_kept} not, {not_yet} not yet");
    let now = hub.drafts("alice", Moment::Now, 0, 100).expect("it can be read");
    for then in &now {
        let newest = mains[&then.draft.as_bytes()[0]].last().map(|(_, _, revision)| revision.id());
        assert!(matches!(&then.main, MainThen::Kept(main) if Some(main.revision) == newest));
    }
    // Page by page it is the same.
    let (mut paged, mut after) = (Vec::new(), 0);
    loop {
        let page = hub.drafts("alice", Moment::Now, after, 2).expect("it can be read");
        let Some(last) = page.last() else { break };
        after = last.seq;
        paged.extend(page);
    }
    assert_eq!(paged, now);
    assert_eq!(now.iter().map(|then| then.draft).collect::<std::collections::BTreeSet<DraftId>>().len(), mains.len());
    let forks: u64 = now.iter().map(|then| then.forks).sum();
    assert_eq!(forks, hub.status("alice").expect("it can be read").forks);
}

#[test]
fn a_hub_that_keeps_no_mains_gives_the_one_that_counts() {
    let hub = Hub::open(Arc::new(MemoryStorage::new()), options(1).mains(0)).expect("it opens");
    let (one, two) = (text(1, "one"), text(1, "two"));
    push(&hub, vec![main_push(&one, None), main_push(&two, Some(&one))]);
    assert_eq!(ids(&hub.mains("alice", draft(1)).expect("it can be read")), [two.id()]);
    let then = hub.drafts("alice", Moment::Position(1), 0, 10).expect("it can be read").remove(0);
    assert_eq!(then.main, MainThen::NotKept);
}
