//! Bodies that are deltas of others, on a hub: whatever is pushed, each revision that it has comes back with what it takes to read
//! it, and nothing else is kept.

use draftkeep::clock::{ManualClock, SeededEntropy};
use draftkeep::hub::{Decision, Held, Hub, HubOptions, decide};
use draftkeep::storage::{MemoryStorage, Order, Scan, Storage, Table};
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{
    Answer, Ask, Base, CHAIN_MAX, FORKS_MAX, Outcome, Page, Push, Rejection, Reply, Request, Revision, Standing,
    Target, Transport,
};
use draftkeep::{DraftId, RevisionId, TraceId};
use futures_executor::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DRAFT: DraftId = DraftId::from_bytes([1; 16]);
const MAIN: Outcome = Outcome::Accepted { standing: Standing::Main };
const FORK: Outcome = Outcome::Accepted { standing: Standing::Fork };

fn options() -> HubOptions {
    HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)))
}

fn open(storage: &MemoryStorage, options: HubOptions) -> Hub {
    Hub::open(Arc::new(storage.clone()), options).expect("it opens")
}

fn ask(hub: &Hub, ask: Ask) -> Answer {
    let trace = TraceId::from_bytes([9; 16]);
    let request = Request { space: "alice".into(), device: None, trace, hub: None, seen: None, ask };
    block_on(hub.send(request)).expect("the hub answers")
}

fn push(hub: &Hub, pushes: Vec<Push>) -> Vec<Outcome> {
    match ask(hub, Ask::Push { pushes }).reply {
        Reply::Pushed(outcomes) => outcomes,
        reply => panic!("{reply:?}"),
    }
}

/// All that the hub has of these, however many answers it takes.
fn revisions(hub: &Hub, ids: &[RevisionId]) -> Vec<Revision> {
    let (mut found, mut rest) = (Vec::new(), ids);
    while !rest.is_empty() {
        match ask(hub, Ask::Revisions { draft: DRAFT, ids: rest.to_vec() }).reply {
            Reply::Revisions { revisions, looked_up } => {
                found.extend(revisions);
                rest = &rest[looked_up as usize..];
            }
            reply => panic!("{reply:?}"),
        }
    }
    found
}

/// The bodies in a hub's storage.
fn stored(storage: &MemoryStorage) -> usize {
    let all = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
    storage.snapshot().expect("memory").scan(Table::new(70), all).expect("memory").len()
}

fn text(text: &str) -> Revision {
    sample(DRAFT, &[], text.as_bytes())
}

fn over(main: Option<&Revision>, revision: &Revision, base: Option<&Revision>) -> Push {
    let expects = main.map(Revision::id);
    let contains = expects.into_iter().collect();
    Push { revision: revision.clone(), base: base.map(Revision::id), contains, target: Target::Main { expects } }
}

fn fork(revision: &Revision, base: Option<&Revision>) -> Push {
    Push { revision: revision.clone(), base: base.map(Revision::id), contains: Vec::new(), target: Target::Fork }
}

/// One push, by numbers: which revision, upon which, as what, containing which forks.
#[derive(Debug, Clone)]
struct Step {
    revision: usize,
    base: Option<usize>,
    /// Upon the main there is, in place of a base of its own.
    upon_main: bool,
    is_fork: bool,
    is_stale: bool,
    settles: u64,
}

const REVISIONS: usize = 40;
const MAINS: usize = 2;

fn step() -> impl Strategy<Value = Step> {
    let base = prop::option::of(0..REVISIONS);
    let rarely = prop::bool::weighted(0.1);
    (0..REVISIONS, base, prop::bool::weighted(0.7), prop::bool::weighted(0.35), rarely, any::<u64>()).prop_map(
        |(revision, base, upon_main, is_fork, is_stale, settles)| Step {
            revision,
            base,
            upon_main,
            is_fork,
            is_stale,
            settles,
        },
    )
}

/// A hub's draft as the protocol describes it, with sets, and bodies as long as anything needs them.
#[derive(Debug, Clone, Default)]
struct Model {
    held: Held,
    mains: Vec<RevisionId>,
    parents: BTreeMap<RevisionId, Vec<RevisionId>>,
    contained: BTreeSet<RevisionId>,
    /// The bodies that are here, and what they are deltas of.
    bodies: BTreeMap<RevisionId, (Vec<u8>, Option<RevisionId>)>,
}

impl Model {
    fn chain(&self, id: RevisionId) -> Vec<RevisionId> {
        let mut chain = Vec::new();
        let mut at = id;
        while let Some((_, Some(base))) = self.bodies.get(&at) {
            chain.insert(0, *base);
            at = *base;
        }
        chain
    }

    fn push(&mut self, push: &Push) -> Outcome {
        let id = push.revision.id();
        let refused = Outcome::Rejected { code: Rejection::Base, reason: String::new() };
        let forks = match decide(&self.held, self.contained.contains(&id), id, &push.contains, push.target) {
            Decision::Known(standing) => return Outcome::Accepted { standing },
            Decision::Main { forks } | Decision::Fork { forks } => forks,
            Decision::Conflict => return Outcome::Conflict { row: None },
            Decision::ForksFull => unreachable!("there are fewer"),
        };
        if let (Some(base), false) = (push.base, self.bodies.contains_key(&id))
            && (!self.bodies.contains_key(&base) || self.chain(base).len() >= CHAIN_MAX)
        {
            return refused;
        }
        let here = self.bodies.clone();
        self.bodies.entry(id).or_insert_with(|| (push.revision.body().to_vec(), push.base));
        self.held.forks = forks;
        let is_fork = push.target == Target::Fork;
        if is_fork {
            let parents = push.revision.parents().iter().copied().filter(|parent| here.contains_key(parent));
            self.parents.insert(id, parents.collect());
        } else {
            self.mains.splice(0..0, self.held.main.replace(id));
            self.mains.truncate(MAINS);
            self.contained.insert(id);
            self.contained.extend(&push.contains);
        }
        // What is kept, and all below it.
        let mut kept: BTreeSet<RevisionId> =
            self.mains.iter().chain(&self.held.main).chain(&self.held.forks).copied().collect();
        kept.extend(self.held.forks.iter().filter_map(|fork| self.parents.get(fork)).flatten());
        let below: Vec<RevisionId> = kept.iter().flat_map(|id| self.chain(*id)).collect();
        kept.extend(below);
        self.bodies.retain(|id, _| kept.contains(id));
        Outcome::Accepted { standing: if is_fork { Standing::Fork } else { Standing::Main } }
    }

    fn given(&self, revision: &Revision) -> Revision {
        let (body, _) = &self.bodies[&revision.id()];
        let base = |id: RevisionId| Base { id, body: self.bodies[&id].0.clone() };
        let chain = self.chain(revision.id()).into_iter().map(base).collect();
        Revision::new(revision.header().to_vec(), body.clone())
            .expect("it is one")
            .with_chain(chain)
            .expect("it is short")
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is pushed, each revision that the hub has comes back with its full chain, as a model says; nothing else is kept.
    #[test]
    fn every_revision_comes_back_with_what_its_body_builds_on(steps in vec(step(), 1..120)) {
        let storage = MemoryStorage::new();
        let hub = open(&storage, options().mains(MAINS).answer_bytes(2_000));
        let mut model = Model::default();
        // Each was made from the two before it.
        let mut all: Vec<Revision> = Vec::new();
        for number in 0..REVISIONS {
            let parents: Vec<RevisionId> = all.iter().rev().take(2).map(Revision::id).collect();
            all.push(sample(DRAFT, &parents, format!("text {number}").as_bytes()));
        }
        let ids: Vec<RevisionId> = all.iter().map(Revision::id).collect();
        for (at, step) in steps.iter().enumerate() {
            // The same revision may come in another form.
            let header = all[step.revision].header().to_vec();
            let revision = Revision::new(header, format!("body {at}").into_bytes()).expect("it is short");
            let main = model.held.main.filter(|_| !step.is_stale);
            let settled = model.held.forks.iter().zip(0..).filter(|(_, bit)| step.settles >> bit & 3 == 3).map(|(id, _)| *id);
            let push = Push {
                base: if step.upon_main { model.held.main } else { step.base.map(|base| ids[base]) },
                contains: if step.is_fork { Vec::new() } else { main.into_iter().chain(settled.clone()).collect() },
                target: if step.is_fork { Target::Fork } else { Target::Main { expects: main } },
                revision,
            };
            let push = if step.is_fork && step.settles % 3 == 0 { Push { contains: settled.collect(), ..push } } else { push };
            let expected = model.push(&push);
            let found = self::push(&hub, vec![push.clone()]).remove(0);
            match (&found, &expected) {
                (Outcome::Conflict { row }, Outcome::Conflict { .. }) => prop_assert_eq!(row.is_some(), model.held.main.is_some()),
                (Outcome::Rejected { code, .. }, Outcome::Rejected { code: other, .. }) => prop_assert_eq!(code, other),
                (found, expected) => prop_assert_eq!(found, expected, "step {}: {:?}", at, push),
            }
            let here: Vec<Revision> = all.iter().filter(|one| model.bodies.contains_key(&one.id())).map(|one| model.given(one)).collect();
            prop_assert_eq!(revisions(&hub, &ids), here);
            prop_assert_eq!(stored(&storage), model.bodies.len());
        }
    }
}

#[test]
fn old_bodies_go_with_the_last_delta_upon_them() {
    let storage = MemoryStorage::new();
    let hub = open(&storage, options().mains(2));
    let texts: Vec<Revision> = (0..200).map(|number| text(&format!("text {number}"))).collect();
    assert_eq!(push(&hub, vec![over(None, &texts[0], None)]), [MAIN]);
    let mut most = 0;
    for (number, pair) in texts.windows(2).enumerate() {
        let base = Some(&pair[0]).filter(|_| number % (CHAIN_MAX + 1) != CHAIN_MAX);
        assert_eq!(push(&hub, vec![over(Some(&pair[0]), &pair[1], base)]), [MAIN], "{number}");
        most = most.max(stored(&storage));
    }
    // The main, two before it, and what the oldest of them builds on.
    assert_eq!(most, 3 + CHAIN_MAX);
}

#[test]
fn a_chain_is_as_long_as_a_revision_may_be_and_no_longer() {
    let hub = open(&MemoryStorage::new(), options().revision_bytes(10_000));
    let (one, two) = (sample(DRAFT, &[], &[1; 6_000]), sample(DRAFT, &[], &[2; 3_000]));
    assert_eq!(push(&hub, vec![over(None, &one, None), over(Some(&one), &two, Some(&one))]), [MAIN, MAIN]);
    let three = sample(DRAFT, &[], &[3; 1_000]);
    let outcomes = push(&hub, vec![over(Some(&two), &three, Some(&two))]);
    let [Outcome::Rejected { code: Rejection::Base, reason }] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(reason.contains("send it whole"), "{reason}");
    assert_eq!(push(&hub, vec![over(Some(&two), &three, None)]), [MAIN]);
    // A page has a main with its chain, or leaves it out.
    let hub = open(&MemoryStorage::new(), options().answer_bytes(5_000));
    push(&hub, vec![over(None, &one, None), over(Some(&one), &three, Some(&one))]);
    let Reply::Page(Page { rows, .. }) = ask(&hub, Ask::Pull { after: 0, limit: 10 }).reply else { panic!("no page") };
    assert_eq!((rows.len(), &rows[0].main.revision), (1, &None));
    let chain = vec![Base { id: one.id(), body: one.body().to_vec() }];
    assert_eq!(revisions(&hub, &[three.id()]), [three.with_chain(chain).expect("it is short")]);
}

#[test]
fn a_row_stays_within_its_record_however_many_bodies_are_deltas() {
    let storage = MemoryStorage::new();
    let hub = open(&storage, options().mains(256));
    let mut main = text("main");
    assert_eq!(push(&hub, vec![over(None, &main, None)]), [MAIN]);
    let (mut refused, mut parents, mut deltas) = (0, Vec::new(), 0_usize);
    for number in 0..400 {
        let next = text(&format!("main {number}"));
        let base = Some(&main).filter(|_| deltas < CHAIN_MAX);
        let outcomes = push(&hub, vec![over(Some(&main), &next, base)]);
        assert_eq!(outcomes, [MAIN]);
        deltas = if base.is_some() { deltas + 1 } else { 0 };
        parents.push(std::mem::replace(&mut main, next));
    }
    for number in 0..FORKS_MAX {
        let from: Vec<RevisionId> = parents.iter().rev().skip(number * 3).take(20).map(Revision::id).collect();
        let copy = sample(DRAFT, &from, format!("fork {number}").as_bytes());
        let base = if deltas < CHAIN_MAX { &main } else { &parents[parents.len() - 1] };
        match &push(&hub, vec![fork(&copy, Some(base))])[..] {
            [Outcome::Rejected { code: Rejection::Base, .. }] => {
                refused += 1;
                assert_eq!(push(&hub, vec![fork(&copy, None)]), [FORK]);
            }
            outcomes => assert_eq!(outcomes, [FORK]),
        }
    }
    assert!(refused > 0, "the limit was not met");
    let Reply::Page(page) = ask(&hub, Ask::Pull { after: 0, limit: 10 }).reply else { panic!("no page") };
    assert_eq!(page.rows[0].forks.len(), FORKS_MAX);
}
