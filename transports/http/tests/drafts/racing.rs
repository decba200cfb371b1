//! Goal: whatever else happens to a draft in the middle of a request, its answer is true, and nothing is written over that its client had
//! not seen. Method: each request, with the application changing the draft right before each single call that the request makes to the
//! storage.

use crate::world::{Answered, NOTE, Outcome, Server, Tenant, options};
use draftkeep::storage::MemoryStorage;
use draftkeep::storage::faults::{FaultyStorage, StorageCall};
use draftkeep::{Draft, Store, Value};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A change that waits for the request's own commit is given up waiting for, and comes right after it.
const PATIENCE: Duration = Duration::from_millis(25);

/// Longer than any machine takes for a change that nobody holds up.
const LONG: Duration = Duration::from_secs(120);

/// A storage that lets somebody else do something right before one of its calls.
struct Meddling {
    faulty: FaultyStorage,
    store: Store,
    meddler: Arc<Mutex<Option<JoinHandle<()>>>>,
}

type Meddle = fn(&Store);

impl Meddling {
    fn new() -> Self {
        let faulty = FaultyStorage::new(Arc::new(MemoryStorage::new()));
        let store = Store::with_storage(Arc::new(faulty.clone()), options()).expect("it is empty");
        Self { faulty, store, meddler: Arc::default() }
    }

    /// Arms it for the call of this number from now on.
    fn before(&self, number: u64, meddle: Meddle) {
        let calls = AtomicU64::new(0);
        self.arm(move |_| calls.fetch_add(1, Ordering::SeqCst) >= number, PATIENCE, meddle);
    }

    /// Arms it for the call of this number after the next commit. Nothing holds a change up then, so that it is waited for, on however slow a
    /// machine.
    fn after_the_commit(&self, number: u64, meddle: Meddle) {
        let (is_committed, calls) = (AtomicBool::new(false), AtomicU64::new(0));
        let is_now = move |call| {
            let was_committed = is_committed.fetch_or(call == StorageCall::Commit, Ordering::SeqCst);
            was_committed && calls.fetch_add(1, Ordering::SeqCst) >= number
        };
        self.arm(is_now, LONG, meddle);
    }

    fn arm(&self, is_now: impl Fn(StorageCall) -> bool + Send + Sync + 'static, patience: Duration, meddle: Meddle) {
        let is_done = AtomicBool::new(false);
        let (store, meddler) = (self.store.clone(), Arc::clone(&self.meddler));
        self.faulty.on_call(move |call| {
            if !is_now(call) || is_done.swap(true, Ordering::SeqCst) {
                return;
            }
            let (store, (done, wait)) = (store.clone(), mpsc::channel());
            let thread = thread::spawn(move || {
                meddle(&store);
                let _nobody_waits_any_more = done.send(());
            });
            let in_time = wait.recv_timeout(patience);
            *meddler.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
            assert!(in_time.is_ok() || patience < LONG, "the change is held up by the request");
        });
    }

    /// Whether the call was reached; waits for what was done then.
    fn happened(&self) -> bool {
        self.faulty.on_call(|_| {});
        let thread = self.meddler.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.is_some_and(|thread| thread.join().is_ok())
    }
}

fn current(store: &Store) -> Option<Draft<Value>> {
    store.space("alice").ok()?.drafts(NOTE).ok()?.slot("a").resume().ok()?
}

/// Saves beside the API; what is not in time for that has nothing to save in.
fn save_theirs(store: &Store) {
    let Some(mut edit) = current(store).and_then(|draft| draft.edit().ok()) else { return };
    *edit.doc() = Value::from("theirs");
    let _may_be_archived_by_now = edit.save();
}

fn archive_theirs(store: &Store) {
    if let Some(draft) = current(store) {
        let _may_be_in_the_trash_by_now = draft.archive();
    }
}

fn begin_theirs(store: &Store) {
    let slot = store.space("alice").expect("a name").drafts(NOTE).expect("a name").slot("a");
    slot.start(&Value::from("theirs")).expect("the storage works");
}

fn begin_over_theirs(store: &Store) {
    let slot = store.space("alice").expect("a name").drafts(NOTE).expect("a name").slot("a");
    slot.start_over(&Value::from("theirs")).expect("the storage works");
}

/// What is asked: `{id}` in the path is the draft.
struct Asked {
    method: &'static str,
    path: &'static str,
    body: Option<&'static str>,
}

const SAVING: [Asked; 9] = [
    Asked { method: "PUT", path: "/slots/note/a", body: Some("\"yours\"") },
    Asked { method: "PUT", path: "/drafts/{id}", body: Some("\"yours\"") },
    Asked { method: "PATCH", path: "/drafts/{id}", body: Some("\"yours\"") },
    Asked { method: "POST", path: "/drafts/{id}/promote", body: Some(r#"{"outcome":"x"}"#) },
    Asked { method: "POST", path: "/drafts/{id}/archive", body: None },
    Asked { method: "POST", path: "/drafts/{id}/discard", body: None },
    Asked { method: "POST", path: "/drafts/{id}/restore", body: Some(r#"{"version":1}"#) },
    Asked { method: "POST", path: "/slots/note/a/start-over", body: Some("\"yours\"") },
    Asked { method: "GET", path: "/drafts/{id}", body: None },
];

async fn version(alice: &Tenant, id: &str, tag: &str) -> Answered {
    let number = tag.trim_start_matches('"').split('-').next().unwrap_or_default().to_owned();
    alice.get(&format!("/drafts/{id}/versions/{number}")).await.is(200)
}

/// Holds an answer against what is there.
async fn check(alice: &Tenant, asked: &Asked, begun: &str, answered: &Answered, place: &str) {
    let told = answered.json();
    let tag = answered.tag();
    match answered.status.as_u16() {
        200 | 201 => {
            let id = told["id"].as_str().expect("a draft");
            let there = version(alice, id, &tag).await;
            assert_eq!(there.tag(), tag, "{place}");
            let document = &there.json()["document"];
            if let Some(shown) = told.get("document") {
                assert_eq!(shown, document, "{place}: tag and document are of two states");
            } else if asked.method == "POST" {
                assert_eq!(*document, json!("seen"), "{place}: the tag is of what its client never saw");
            } else {
                assert_eq!(*document, json!("yours"), "{place}: the tag is of what its client never saw");
            }
            if asked.path.ends_with("promote") {
                let promoted = told["promoted"].as_str().expect("it is promoted");
                let seen = alice.get(&format!("/drafts/{id}/versions/2")).await.is(200).tag();
                assert_eq!(seen, format!("\"2-{promoted}\""), "{place}: something else was promoted");
            }
            if answered.status == 201 {
                let first = alice.get(&format!("/drafts/{id}/versions/1")).await.is(200).json();
                assert_eq!(first["document"], json!("yours"), "{place}");
                let archived = alice.get(&format!("/drafts/{begun}")).await.is(200).json();
                assert_eq!(archived["document"], json!("seen"), "{place}: something else was archived");
            }
        }
        409 if told["code"] == "moved-on" => {
            let id = told["draft"].as_str().expect("a draft");
            let there = version(alice, id, &tag).await;
            assert_eq!((there.tag(), &there.json()["document"]), (tag, &told["theirs"]), "{place}");
            let history = alice.get(&format!("/drafts/{id}/history")).await.is(200).json();
            for listed in history["versions"].as_array().expect("a list") {
                let listed = alice.get(&format!("/drafts/{id}/versions/{}", listed["version"])).await.is(200).json();
                assert_ne!(listed["document"], json!("yours"), "{place}: it said that nothing was stored");
            }
        }
        404 | 409 => {}
        _ => panic!("{place}: {}", answered.text),
    }
}

async fn each_moment(asked: &Asked, is_repeated: bool, meddle: Meddle, name: &str) -> Outcome {
    for number in 0.. {
        let place = format!("{} {}, {name} before call {number}", asked.method, asked.path);
        let meddling = Meddling::new();
        let server = Server::with(meddling.store.clone(), |api| api).await;
        let alice = server.alice();
        let begun = alice.post("/slots/note/a", "\"begun\"").await.is(201);
        let seen = alice.put("/slots/note/a", &begun.tag(), "\"seen\"").await.is(200);
        let media = if asked.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let mut tag = seen.tag();
        if is_repeated {
            let promoted = alice.act(&format!("/drafts/{}/promote", begun.id()), &tag, asked.body).await.is(200);
            tag = promoted.tag();
        }
        let mut headers = vec![("content-type", media)];
        if asked.method != "GET" {
            headers.push(("if-match", &*tag));
        }
        meddling.before(number, meddle);
        let path = asked.path.replace("{id}", &begun.id());
        let answered = alice.ask(asked.method, &path, &headers, asked.body.map(str::as_bytes)).await;
        if !meddling.happened() {
            assert!(number > 4, "{place}: a request has more calls");
            assert!(answered.status.is_success(), "{place}: nobody disturbed it: {}", answered.text);
            return Ok(());
        }
        check(&alice, asked, &begun.id(), &answered, &place).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_in_the_middle_of_a_request_is_not_written_over_and_not_passed_off() -> Outcome {
    for asked in &SAVING {
        each_moment(asked, false, save_theirs, "a save").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_in_the_middle_of_what_changes_nothing_is_not_passed_off() -> Outcome {
    let promotion = SAVING.iter().find(|asked| asked.path.ends_with("promote")).ok_or("it is there")?;
    each_moment(promotion, true, save_theirs, "a save").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phase_in_the_middle_of_a_request_leaves_its_answer_true() -> Outcome {
    for asked in &SAVING {
        each_moment(asked, false, archive_theirs, "archiving").await?;
        each_moment(asked, false, begin_over_theirs, "starting over").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_is_begun_in_the_middle_of_beginning_it_has_one_draft() -> Outcome {
    for (method, header) in [("POST", ""), ("PUT", "*")] {
        let asked = Asked { method, path: "/slots/note/a", body: Some("\"yours\"") };
        for number in 0.. {
            let place = format!("{method}, beginning before call {number}");
            let meddling = Meddling::new();
            let server = Server::with(meddling.store.clone(), |api| api).await;
            let alice = server.alice();
            meddling.before(number, begin_theirs);
            let answered = alice.ask(method, asked.path, &[("if-none-match", header)], Some(b"\"yours\"")).await;
            if !meddling.happened() {
                assert!(number > 4 && answered.status == 201, "{place}");
                break;
            }
            let there = alice.get(asked.path).await.is(200).json();
            let expected = if answered.status == 201 { "yours" } else { "theirs" };
            assert_eq!(there["document"], json!(expected), "{place}: {}", answered.text);
            assert!([200, 201, 412].contains(&answered.status.as_u16()), "{place}");
            assert_eq!((&there["generation"], &there["version"]), (&json!(1), &json!(1)), "{place}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tag_of_an_answer_is_that_of_what_was_sent() -> Outcome {
    for asked in SAVING.iter().filter(|asked| ["PUT", "PATCH"].contains(&asked.method)) {
        for number in 0.. {
            let place = format!("{} {}, a save before call {number} after the commit", asked.method, asked.path);
            let meddling = Meddling::new();
            let server = Server::with(meddling.store.clone(), |api| api).await;
            let alice = server.alice();
            let begun = alice.post("/slots/note/a", "\"begun\"").await.is(201);
            meddling.after_the_commit(number, save_theirs);
            let media = if asked.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
            let headers = [("content-type", media), ("if-match", &*begun.tag())];
            let path = asked.path.replace("{id}", &begun.id());
            let stored = alice.ask(asked.method, &path, &headers, Some(b"\"yours\"")).await.is(200);
            let is_disturbed = meddling.happened();
            let there = version(&alice, &begun.id(), &stored.tag()).await;
            assert_eq!((&there.json()["document"], there.tag()), (&json!("yours"), stored.tag()), "{place}");
            let head = alice.get("/slots/note/a").await.is(200).json();
            if !is_disturbed {
                assert!(number > 1, "{place}: an answer is made from what is read");
                assert_eq!(head["document"], json!("yours"), "{place}");
                break;
            }
            assert_eq!(head["document"], json!("theirs"), "{place}");
        }
    }
    Ok(())
}
