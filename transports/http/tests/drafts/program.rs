//! Goal: whatever clients ask for in whatever order, late or twice, the answers are those of a plain model. Method: random programs of
//! two tenants in two slots, with tags of now, of before, and of other drafts; the model predicts each status and what is there then.

use crate::world::{Answered, Server, Tenant};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
enum Act {
    Begin(u8),
    Create(u8),
    Put(u8),
    Merge(u8),
    Archive,
    Reopen,
    Discard,
    Recover,
    Promote(u8),
    Restore(usize),
    StartOver(u8),
    Seed(u8),
}

/// An act, by whom, where, and about which version: how many versions before the last one.
#[derive(Debug, Clone)]
struct Step {
    act: Act,
    tenant: usize,
    slot: usize,
    /// Which draft of the slot, where it is asked for by its id: the newest but so many.
    draft: usize,
    by_id: bool,
    late: usize,
    is_repeated: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0..4_u8;
    let act = prop_oneof![
        2 => number.clone().prop_map(Act::Begin),
        1 => number.clone().prop_map(Act::Create),
        5 => number.clone().prop_map(Act::Put),
        3 => number.clone().prop_map(Act::Merge),
        2 => Just(Act::Archive),
        2 => Just(Act::Reopen),
        1 => Just(Act::Discard),
        2 => Just(Act::Recover),
        2 => number.clone().prop_map(Act::Promote),
        1 => (0..6_usize).prop_map(Act::Restore),
        2 => number.clone().prop_map(Act::StartOver),
        1 => number.prop_map(Act::Seed),
    ];
    let late = prop_oneof![4 => Just(0_usize), 2 => Just(1), 1 => 2..5_usize];
    let draft = prop_oneof![3 => Just(0_usize), 1 => 1..3_usize];
    (act, 0..2_usize, 0..2_usize, draft, any::<bool>(), late, prop::bool::weighted(0.2)).prop_map(
        |(act, tenant, slot, draft, by_id, late, is_repeated)| Step {
            act,
            tenant,
            slot,
            draft,
            by_id,
            late,
            is_repeated,
        },
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Promoted,
    Archived,
    Discarded,
}

impl Phase {
    fn takes_saves(self) -> bool {
        matches!(self, Self::Open | Self::Promoted)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Promoted => "promoted",
            Self::Archived => "archived",
            Self::Discarded => "discarded",
        }
    }
}

#[derive(Debug, Clone)]
struct Version {
    document: Value,
    tag: String,
}

#[derive(Debug, Clone)]
struct Draft {
    id: String,
    versions: Vec<Version>,
    phase: Phase,
    before_trash: Phase,
    outcome: Option<String>,
    /// The version that the promotion made, counted from 0.
    promoted_at: Option<usize>,
}

impl Draft {
    fn head(&self) -> &Version {
        self.versions.last().expect("a draft has versions")
    }
}

type Slot = Vec<Draft>;

/// The draft that a slot means now, by its place.
fn current(slot: &Slot) -> Option<usize> {
    slot.iter().rposition(|draft| draft.phase.takes_saves())
}

struct Run {
    tenants: [Tenant; 2],
    slots: [[Slot; 2]; 2],
}

impl Run {
    fn slot(&mut self, step: &Step) -> &mut Slot {
        &mut self.slots[step.tenant][step.slot]
    }

    /// Which draft a step is about, and the address that it asks.
    fn place(&mut self, step: &Step) -> (Option<usize>, String) {
        let is_of_draft = !matches!(step.act, Act::Put(_) | Act::Merge(_)) || step.by_id;
        let slot = self.slot(step);
        if is_of_draft {
            let place = slot.len().checked_sub(1 + step.draft);
            let id = place.map_or_else(|| "0".repeat(32), |place| slot[place].id.clone());
            (place, format!("/drafts/{id}"))
        } else {
            (current(slot), format!("/slots/note/slot-{}", step.slot))
        }
    }

    async fn run(&mut self, step: &Step) {
        let tenant = self.tenants[step.tenant].clone();
        let path = format!("/slots/note/slot-{}", step.slot);
        match &step.act {
            Act::Begin(number) => {
                let answered = tenant.post(&path, &document(*number).to_string()).await;
                self.began(step, *number, answered, 200);
            }
            Act::Create(number) => {
                let body = document(*number).to_string();
                let headers = [("if-none-match", "*")];
                let answered = tenant.ask("PUT", &path, &headers, Some(body.as_bytes())).await;
                self.began(step, *number, answered, 412);
            }
            Act::Seed(number) => {
                let document = document(*number);
                let answered = tenant.post(&format!("{path}/seed"), &document.to_string()).await.is(200).json();
                let slot = self.slot(step);
                if slot.is_empty() {
                    slot.push(begun(&answered["draft"]));
                }
                assert_eq!(answered["seeded"], json!(slot[0].versions[0].document == document));
            }
            Act::StartOver(number) => self.start_over(step, &tenant, *number).await,
            Act::Put(number) => {
                let document = document(*number);
                self.save(step, &tenant, &document.clone(), |_| document.clone(), "application/json").await;
            }
            Act::Merge(number) => {
                let changes = json!({"other": number, "text": null});
                let apply = |base: &Value| {
                    let mut merged = base.clone();
                    merged["other"] = json!(number);
                    merged.as_object_mut().expect("documents are objects").remove("text");
                    merged
                };
                self.save(step, &tenant, &changes, apply, "application/merge-patch+json").await;
            }
            _ => self.enter(step, &tenant).await,
        }
    }

    /// What became of beginning a draft with a document, in a slot that may have one.
    fn began(&mut self, step: &Step, number: u8, answered: Answered, otherwise: u16) {
        let slot = self.slot(step);
        let Some(place) = current(slot) else {
            let answered = answered.is(201);
            slot.push(begun(&answered.json()));
            assert_eq!(slot[slot.len() - 1].versions[0].document, document(number));
            return;
        };
        let draft = &slot[place];
        let is_repeated = otherwise == 412 && draft.versions.len() == 1 && draft.head().document == document(number);
        let answered = answered.is(if is_repeated { 200 } else { otherwise });
        assert_eq!(answered.tag(), draft.head().tag);
    }

    async fn start_over(&mut self, step: &Step, tenant: &Tenant, number: u8) {
        let document = document(number);
        let path = format!("/slots/note/slot-{}/start-over", step.slot);
        let slot = self.slot(step);
        let Some(place) = current(slot) else {
            tenant.act(&path, "\"1-x\"", Some(&document.to_string())).await.refused(404, "not-found");
            return;
        };
        // Of this draft or, where that was just begun, of the one before it.
        let tags: Vec<String> = slot[place.saturating_sub(1)..=place]
            .iter()
            .flat_map(|draft| &draft.versions)
            .map(|version| version.tag.clone())
            .collect();
        let tag = tags[(tags.len() - 1).saturating_sub(step.late)].clone();
        let answered = tenant.act(&path, &tag, Some(&document.to_string())).await;
        if tag == slot[place].head().tag {
            let answered = answered.is(201);
            let archived = tenant.get(&format!("/drafts/{}", slot[place].id)).await.is(200);
            let version = Version { document: slot[place].head().document.clone(), tag: archived.tag() };
            slot[place].versions.push(version);
            slot[place].phase = Phase::Archived;
            slot.push(begun(&answered.json()));
            return;
        }
        let is_newest = place + 1 == slot.len();
        let before = place.checked_sub(1).map(|before| &slot[before]);
        let was_seen = before.is_some_and(|before| {
            let seen = before.versions.len().checked_sub(2).map(|seen| &before.versions[seen].tag);
            before.phase == Phase::Archived && seen == Some(&tag)
        });
        if is_newest && was_seen && slot[place].versions[0].document == document {
            assert_eq!(answered.is(201).tag(), slot[place].head().tag);
        } else {
            answered.refused(409, "moved-on");
        }
    }

    async fn save(&mut self, step: &Step, tenant: &Tenant, body: &Value, apply: impl Fn(&Value) -> Value, media: &str) {
        let (place, path) = self.place(step);
        let method = if media == "application/json" { "PUT" } else { "PATCH" };
        let slot = self.slot(step);
        let Some(place) = place else {
            let headers = [("if-match", "\"1-x\""), ("content-type", media)];
            tenant.ask(method, &path, &headers, Some(body.to_string().as_bytes())).await.refused(404, "not-found");
            return;
        };
        let draft = &mut slot[place];
        let seen = (draft.versions.len() - 1).saturating_sub(step.late);
        let base = draft.versions[seen].clone();
        let headers = [("if-match", &*base.tag), ("content-type", media)];
        let answered = tenant.ask(method, &path, &headers, Some(body.to_string().as_bytes())).await;
        let document = apply(&base.document);
        let last = draft.versions.len() - 1;
        if seen == last {
            if document == base.document {
                assert_eq!(answered.is(200).tag(), base.tag);
            } else if draft.phase.takes_saves() {
                draft.versions.push(Version { document, tag: answered.is(200).tag() });
            } else {
                answered.refused(409, "wrong-phase");
            }
            return;
        }
        let is_stored = draft.versions[seen + 1].document == document;
        if is_stored && seen + 1 == last {
            assert_eq!(answered.is(200).tag(), draft.head().tag);
            return;
        }
        let problem = answered.refused(409, "moved-on");
        assert_eq!(problem.tag(), draft.head().tag);
        let problem = problem.json();
        assert_eq!((&problem["base"], &problem["yours"]), (&base.document, &document));
        assert_eq!(problem["theirs"], draft.head().document);
        assert_eq!(problem["stored"], if is_stored { json!(seen + 2) } else { json!(null) });
    }

    /// Phases and restoring: the path, the body, and what the model says.
    async fn enter(&mut self, step: &Step, tenant: &Tenant) {
        let (place, path) = self.place(step);
        let slot = self.slot(step);
        let (name, body) = match &step.act {
            Act::Archive => ("archive", None),
            Act::Reopen => ("reopen", None),
            Act::Discard => ("discard", None),
            Act::Recover => ("recover", None),
            Act::Promote(number) => ("promote", Some(json!({"outcome": number.to_string()}).to_string())),
            Act::Restore(version) => ("restore", Some(json!({"version": version + 1}).to_string())),
            _ => unreachable!("the others are elsewhere"),
        };
        let path = format!("{path}/{name}");
        let Some(place) = place else {
            tenant.act(&path, "\"1-x\"", body.as_deref()).await.refused(404, "not-found");
            return;
        };
        let is_taken = current(slot).is_some_and(|other| other != place);
        let draft = &mut slot[place];
        let last = draft.versions.len() - 1;
        let seen = last.saturating_sub(step.late);
        let answered = tenant.act(&path, &draft.versions[seen].tag, body.as_deref()).await;
        if let Act::Restore(version) = &step.act
            && *version > last
        {
            answered.refused(404, "not-found");
            return;
        }
        if seen < last {
            let is_next = seen + 1 == last;
            let is_same = draft.versions[seen].document == draft.head().document;
            let is_done = match &step.act {
                Act::Archive => is_same && draft.phase == Phase::Archived,
                Act::Reopen => is_same && draft.phase == Phase::Open,
                Act::Discard => is_same && draft.phase == Phase::Discarded,
                Act::Recover => is_same && draft.phase != Phase::Discarded,
                Act::Promote(number) => {
                    is_same && draft.phase == Phase::Promoted && draft.outcome == Some(number.to_string())
                }
                Act::Restore(version) => draft.versions[*version].document == draft.head().document,
                _ => false,
            };
            if is_next && is_done {
                assert_eq!(answered.is(200).tag(), draft.head().tag);
            } else {
                assert_eq!(answered.refused(409, "moved-on").tag(), draft.head().tag);
            }
            return;
        }
        let next = match (&step.act, draft.phase) {
            (Act::Archive, Phase::Archived) | (Act::Reopen, Phase::Open) | (Act::Discard, Phase::Discarded) => Ok(None),
            (Act::Archive, Phase::Open | Phase::Promoted) => Ok(Some(Phase::Archived)),
            (Act::Reopen, Phase::Archived) => Ok(Some(Phase::Open)),
            (Act::Discard, _) => Ok(Some(Phase::Discarded)),
            (Act::Recover, Phase::Discarded) => Ok(Some(draft.before_trash)),
            (Act::Promote(number), Phase::Promoted)
                if draft.outcome == Some(number.to_string()) && draft.promoted_at == Some(last) =>
            {
                Ok(None)
            }
            (Act::Promote(_), phase) if phase.takes_saves() => Ok(Some(Phase::Promoted)),
            (Act::Restore(_), phase) if phase.takes_saves() => Ok(Some(phase)),
            _ => Err("wrong-phase"),
        };
        match next {
            Err(code) => drop(answered.refused(409, code)),
            Ok(Some(phase)) if phase.takes_saves() && is_taken => drop(answered.refused(409, "slot-taken")),
            Ok(None) => assert_eq!(answered.is(200).tag(), draft.head().tag),
            Ok(Some(phase)) => {
                let answered = answered.is(200);
                let document = match &step.act {
                    Act::Restore(version) => draft.versions[*version].document.clone(),
                    _ => draft.head().document.clone(),
                };
                draft.versions.push(Version { document, tag: answered.tag() });
                match &step.act {
                    Act::Discard => draft.before_trash = draft.phase,
                    Act::Promote(number) => {
                        draft.outcome = Some(number.to_string());
                        draft.promoted_at = Some(last + 1);
                    }
                    _ => {}
                }
                draft.phase = phase;
                assert_eq!(answered.json()["phase"], phase.name());
            }
        }
    }

    /// What is there is what the model says.
    async fn check(&self) {
        for (tenant, slots) in self.tenants.iter().zip(&self.slots) {
            for (number, slot) in slots.iter().enumerate() {
                let read = tenant.get(&format!("/slots/note/slot-{number}")).await;
                match current(slot) {
                    None => drop(read.refused(404, "not-found")),
                    Some(place) => assert_eq!(read.is(200).tag(), slot[place].head().tag),
                }
                for draft in slot {
                    let read = tenant.get(&format!("/drafts/{}", draft.id)).await.is(200);
                    assert_eq!(
                        (read.tag(), &read.json()["document"]),
                        (draft.head().tag.clone(), &draft.head().document)
                    );
                    assert_eq!(read.json()["phase"], draft.phase.name());
                    for (number, version) in draft.versions.iter().enumerate() {
                        let path = format!("/drafts/{}/versions/{}", draft.id, number + 1);
                        let read = tenant.get(&path).await.is(200);
                        assert_eq!((read.tag(), &read.json()["document"]), (version.tag.clone(), &version.document));
                    }
                }
            }
        }
    }
}

fn document(number: u8) -> Value {
    json!({"text": number})
}

fn begun(draft: &Value) -> Draft {
    let tag = format!("\"{}-{}\"", draft["version"], draft["revision"].as_str().expect("a revision"));
    assert_eq!((&draft["version"], &draft["phase"]), (&json!(1), &json!("open")));
    Draft {
        id: draft["id"].as_str().expect("an id").to_owned(),
        versions: vec![Version { document: draft["document"].clone(), tag }],
        phase: Phase::Open,
        before_trash: Phase::Open,
        outcome: None,
        promoted_at: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_answers_are_those_of_a_plain_model(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let server = Server::start().await;
            let mut run = Run { tenants: [server.alice(), server.tenant("bob")], slots: Default::default() };
            for step in &steps {
                run.run(step).await;
                if step.is_repeated {
                    run.run(&Step { late: step.late + 1, ..step.clone() }).await;
                }
            }
            run.check().await;
        });
    }
}
