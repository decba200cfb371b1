//! What a hub keeps of earlier states: listed and fetched over real sockets, by those who may read the space and nobody else, and
//! brought back by a device.

use super::common::{Server, client, hub, request, token, unlimited};
use super::entering::these;
use super::raw::{Told, ask, get};
use draftkeep::clock::Timestamp;
use draftkeep::hub::{Hub, HubOptions, KeptMain, MainThen, Moment};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, Table};
use draftkeep::sync::{Syncer, earlier_of};
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError, TransportErrorKind};
use draftkeep::{Draft, DraftId, Kind, Options, RevisionId, Space, Store};
use draftkeep_http::{Everybody, HttpOptions, HttpTransport, HubService, ListenerOptions, Said, TokenFile, TokenWish};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use serde_json::Value;
use std::error::Error as _;
use std::sync::Arc;

const NOTE: Kind<String> = Kind::new("note");

/// The records of a hub by draft, as the format page tells it.
const ROWS: Table = Table::new(66);

fn space() -> Space {
    Store::in_memory(Options::new()).unwrap().space("alice").unwrap()
}

fn save(draft: &Draft<String>, text: &str) {
    let mut edit = draft.edit().unwrap();
    text.clone_into(edit.doc());
    let _ = edit.save().unwrap();
}

fn json(told: &Told) -> Value {
    assert_eq!((told.status, told.header("content-type")), (200, Some("application/json")), "{}", told.text());
    assert_eq!(told.header("draftkeep-protocol"), Some("1"));
    serde_json::from_slice(&told.body).unwrap()
}

/// Pushes these texts of one draft, one behind the other.
fn written(url: &str, texts: &[&str]) -> (Space, Draft<String>) {
    let space = space();
    let syncer = Syncer::new(&space, client(url));
    let draft = space.drafts(NOTE).unwrap().start(&texts[0].to_owned()).unwrap();
    block_on(syncer.once()).unwrap();
    for text in &texts[1..] {
        save(&draft, text);
        block_on(syncer.once()).unwrap();
    }
    (space, draft)
}

/// A revision as somebody makes it who knows the format: any bytes in place of a document.
#[test]
fn what_is_no_document_does_not_become_a_part_of_an_answer() {
    let hub = hub();
    let server = Server::counting(hub.clone());
    let cases =
        [("\"It rained.\"", Value::from("It rained.")), ("1,\"space\":\"bob\"", Value::Null), ("", Value::Null)];
    for (number, (pushed, shown)) in (1..).zip(cases) {
        let draft = DraftId::from_bytes([number; 16]);
        let body = [b"\0\0\0\0\0", pushed.as_bytes()].concat();
        let revision = draftkeep::transport::conformance::sample(draft, &[], &body);
        let id = revision.id();
        let push = draftkeep::transport::Push {
            revision,
            base: None,
            contains: Vec::new(),
            target: draftkeep::transport::Target::Main { expects: None },
        };
        block_on(hub.send(request("alice", Ask::Push { pushes: vec![push] }))).unwrap();
        let told = get(server.address, &format!("/v1/spaces/alice/drafts/{draft}/revisions/{id}"), Some("any"));
        let told = json(&told);
        assert_eq!((&told["space"], &told["document"]), (&Value::from("alice"), &shown), "{pushed}");
    }
}

/// Goal: a text that the device in somebody's hands never had comes back, everywhere. Method: one device writes and is gone with its
/// history; another one, which came later, lists the mains, reads one and brings it back; a third sees it.
#[test]
fn a_text_whose_device_is_gone_is_listed_fetched_and_brought_back_on_another_one() {
    let server = Server::counting(hub());
    let (id, texts) = {
        let texts = ["It rained.", "It rained all day.", "x"];
        (written(&server.url(), &texts).1.id(), texts)
    };
    let (phone, tablet) = (space(), space());
    let way = client(&server.url());
    for space in [&phone, &tablet] {
        block_on(Syncer::new(space, client(&server.url())).once()).unwrap();
    }
    let of = |space: &Space| space.drafts(NOTE).unwrap().get(id).unwrap().expect("it came over");
    let draft = of(&phone);
    assert_eq!(draft.load().unwrap(), "x");
    let mains = block_on(way.mains("alice", id)).unwrap();
    assert_eq!(mains.iter().map(|main| main.seq).collect::<Vec<_>>(), [3, 2, 1]);
    for (main, text) in mains.iter().zip(texts.iter().rev()) {
        let given = block_on(way.revision("alice", id, main.revision)).unwrap().expect("it is kept");
        assert_eq!(draft.read_earlier(&earlier_of(&phone, &given).unwrap()).unwrap(), *text);
    }
    let wanted = mains[1].revision;
    for version in draft.history().unwrap().versions {
        assert_ne!(draft.at(version.version).unwrap().doc, texts[1], "it never was here");
    }
    let given = block_on(way.revision("alice", id, wanted)).unwrap().expect("it is kept");
    draft.bring_back(&earlier_of(&phone, &given).unwrap()).unwrap();
    for space in [&phone, &tablet] {
        block_on(Syncer::new(space, client(&server.url())).once()).unwrap();
        assert_eq!(of(space).load().unwrap(), texts[1]);
        assert!(of(space).conflict().unwrap().is_none());
    }
    // What it replaced is kept in turn.
    assert_eq!(block_on(way.mains("alice", id)).unwrap()[1].revision, mains[0].revision);
}

#[test]
fn the_lists_say_what_the_hub_says_page_by_page_and_for_every_moment() {
    let the_hub = hub();
    let server = Server::counting(the_hub.clone());
    let spaces: Vec<_> = ["one", "two", "three"].map(|text| written(&server.url(), &[text, "later"])).into();
    let way = client(&server.url());
    for (_, draft) in &spaces {
        assert_eq!(block_on(way.mains("alice", draft.id())).unwrap(), the_hub.mains("alice", draft.id()).unwrap());
    }
    let long_ago = Moment::Time(Timestamp::from_millis(1));
    let later = Moment::Time(Timestamp::from_millis(u64::MAX));
    let moments = (0..=6).map(Moment::Position).chain([Moment::Now, long_ago, later, Moment::Position(u64::MAX)]);
    let mut thens = [0; 2];
    for moment in moments {
        let expected = the_hub.drafts("alice", moment, 0, 10).unwrap();
        let (mut paged, mut after) = (Vec::new(), 0);
        loop {
            let page = block_on(way.drafts("alice", moment, after, 2)).unwrap();
            assert!(page.len() <= 2);
            let Some(last) = page.last() else { break };
            after = last.seq;
            paged.extend(page);
        }
        assert_eq!(paged, expected, "{moment:?}");
        for then in &paged {
            thens[usize::from(matches!(then.main, MainThen::Kept(_)))] += 1;
        }
    }
    assert!(thens.iter().all(|count| *count > 5), "{thens:?}");
    // For whoever has nothing but HTTP, the text itself.
    let (id, main) = (spaces[0].1.id(), &the_hub.mains("alice", spaces[0].1.id()).unwrap()[1]);
    let at = format!("/v1/spaces/alice/drafts/{id}/revisions/{}", main.revision);
    let told = json(&get(server.address, &at, Some("any")));
    assert_eq!((&told["document"], &told["revision"]), (&"one".into(), &main.revision.to_string().into()));
    let told = json(&get(server.address, "/v1/spaces/alice/drafts?limit=1&at=1", Some("any")));
    assert_eq!((&told["at"], &told["drafts"][0]["then"]), (&1.into(), &"kept".into()));
}

#[test]
fn what_is_not_there_or_not_asked_for_rightly_is_said_and_no_token_may_stand_in_an_address() {
    let server = Server::counting(hub());
    let to = server.address;
    let (_, draft) = written(&server.url(), &["one"]);
    let (known, unknown) = (draft.id(), DraftId::from_bytes([9; 16]));
    let id = RevisionId::from_bytes([9; 32]);
    assert_eq!(
        json(&get(to, &format!("/v1/spaces/alice/drafts/{unknown}/mains"), Some("any")))["mains"],
        Value::Array(vec![])
    );
    assert_eq!(json(&get(to, "/v1/spaces/nobody/drafts", Some("any")))["drafts"], Value::Array(vec![]));
    let way = client(&server.url());
    assert_eq!(block_on(way.mains("alice", unknown)).unwrap(), Vec::<KeptMain>::new());
    assert_eq!(block_on(way.revision("alice", known, id)).unwrap(), None);
    let table = [
        (404, ":not-kept", format!("drafts/{known}/revisions/{id}")),
        (404, ":not-kept", format!("drafts/{unknown}/revisions/{id}")),
        (400, ":malformed", format!("drafts/{known}/revisions/xyz")),
        (400, ":malformed", format!("drafts/{}/mains", known.to_string().to_uppercase() + "x")),
        (400, ":malformed", "drafts/%ff/mains".to_owned()),
        (400, ":malformed", format!("drafts/{known}/mains?token=canary")),
        (400, ":malformed", format!("drafts/{known}/mains?limit=3")),
        (400, ":malformed", "drafts?token=canary".to_owned()),
        (400, ":malformed", "drafts?limit=canary".to_owned()),
        (400, ":malformed", "drafts?limit=0".to_owned()),
        (400, ":malformed", "drafts?limit=1001".to_owned()),
        (400, ":malformed", "drafts?limit=1&limit=1".to_owned()),
        (400, ":malformed", "drafts?at=1&time=1".to_owned()),
        (400, ":malformed", "status?at=1".to_owned()),
        (404, ":not-found", format!("drafts/{known}")),
    ];
    for (status, kind, path) in table {
        let told = get(to, &format!("/v1/spaces/alice/{path}"), Some("any"));
        assert_eq!(told.status, status, "{path}: {}", told.text());
        assert!(told.problem()["type"].as_str().unwrap().ends_with(kind), "{path}: {}", told.text());
        assert!(!told.text().contains("canary"), "{path}");
    }
    assert_eq!(ask(to, "POST", "/v1/spaces/alice/drafts", "content-length: 0\r\n", b"").status, 405);
    let error = block_on(way.drafts("alice", Moment::Now, 0, 1_001)).unwrap_err();
    let said = error.source().unwrap().downcast_ref::<Said>().unwrap();
    assert!(said.status == 400 && said.detail.as_ref().unwrap().contains("1000"), "the limit is named: {said:?}");
}

#[test]
fn nobody_lists_or_fetches_anything_of_another_space() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let issue = |name| TokenFile::issue(&path, &TokenWish::new(name, these(name))).unwrap().token;
    let (alice, bob) = (issue("alice"), issue("bob"));
    let the_hub = hub();
    let filled = Server::counting(the_hub.clone());
    let (_, draft) = written(&filled.url(), &["mine", "still mine"]);
    let service = HubService::of_hub(the_hub.clone(), TokenFile::open(&path).unwrap(), unlimited());
    let server = Server::of(service, ListenerOptions::new());
    let main = the_hub.mains("alice", draft.id()).unwrap()[0].revision;
    let routes = [
        "drafts".to_owned(),
        format!("drafts/{}/mains", draft.id()),
        format!("drafts/{}/revisions/{main}", draft.id()),
    ];
    for route in &routes {
        let by = |space: &str, token: Option<&str>| get(server.address, &format!("/v1/spaces/{space}/{route}"), token);
        assert!(json(&by("alice", Some(&alice))).to_string().contains(&draft.id().to_string()), "{route}");
        let (known, unknown) = (by("alice", Some(&bob)), by("nobody", Some(&bob)));
        assert_eq!((known.status, unknown.status), (403, 403), "{route}");
        assert_eq!(known.problem()["detail"], unknown.problem()["detail"], "whether a space is there is not told");
        assert_eq!((by("alice", None).status, by("alice", Some("wrong")).status), (401, 401), "{route}");
        // What is alice's is as if it were not there for bob, under his own space.
        let own = by("bob", Some(&bob));
        assert!(
            own.status == 404 || !own.text().contains("mine") && !own.text().contains(&main.to_string()),
            "{route}"
        );
    }
    let options = HttpOptions::new().token(draftkeep_http::Token::new(&bob).unwrap());
    let way = HttpTransport::open(&server.url(), options).unwrap();
    for error in [
        block_on(way.mains("alice", draft.id())).unwrap_err(),
        block_on(way.drafts("alice", Moment::Now, 0, 10)).unwrap_err(),
        block_on(way.revision("alice", draft.id(), main)).unwrap_err(),
    ] {
        assert_eq!(*error.kind(), TransportErrorKind::Forbidden);
    }
    assert_eq!(block_on(way.mains("bob", draft.id())).unwrap(), []);
    assert_eq!(block_on(way.revision("bob", draft.id(), main)).unwrap(), None);
}

#[test]
fn a_damaged_record_is_said_to_be_damaged_and_the_other_drafts_are_listed() {
    let storage = MemoryStorage::new();
    let the_hub = Hub::open(Arc::new(storage.clone()), HubOptions::new()).unwrap();
    let server = Server::counting(the_hub);
    let (_, hurt) = written(&server.url(), &["hurt", "hurt again"]);
    let (_, well) = written(&server.url(), &["well", "well again"]);
    let scan = Scan { from: b"", to: None, order: Order::Ascending, limit: usize::MAX };
    let rows = storage.snapshot().unwrap().scan(ROWS, scan).unwrap();
    let (key, mut row) = rows.into_iter().find(|(key, _)| key.ends_with(hurt.id().as_bytes())).expect("its row");
    row[20] ^= 1;
    let mut batch = Batch::new(Origin::Local);
    batch.put(ROWS, key, row);
    storage.commit(&batch).unwrap();
    for path in [
        format!("drafts/{}/mains", hurt.id()),
        "drafts".to_owned(),
        format!("drafts/{}/revisions/{}", hurt.id(), RevisionId::from_bytes([1; 32])),
    ] {
        let told = get(server.address, &format!("/v1/spaces/alice/{path}"), Some("any"));
        assert_eq!(told.status, 500, "{path}");
        assert!(told.problem()["type"].as_str().unwrap().ends_with(":damaged"), "{}", told.text());
    }
    let way = client(&server.url());
    assert_eq!(
        *block_on(way.mains("alice", hurt.id())).unwrap_err().kind(),
        TransportErrorKind::Unreachable { retry_after: None }
    );
    assert_eq!(block_on(way.mains("alice", well.id())).unwrap().len(), 2);
}

/// A hub of somebody else's making.
#[derive(Debug)]
struct Foreign(Hub);

impl Transport for Foreign {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        self.0.send(request)
    }
}

#[test]
fn a_hub_that_lists_nothing_says_so() {
    let service = HubService::new(Foreign(hub()), Everybody, unlimited());
    let server = Server::of(service, ListenerOptions::new());
    let told = get(server.address, "/v1/spaces/alice/drafts", Some("any"));
    assert_eq!(told.status, 404);
    assert!(told.problem()["type"].as_str().unwrap().ends_with(":not-listed"));
    let way = HttpTransport::open(&server.url(), HttpOptions::new().token(token())).unwrap();
    let error = block_on(way.mains("alice", DraftId::from_bytes([1; 16]))).unwrap_err();
    assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None });
    assert!(block_on(way.send(request("alice", Ask::Hello))).is_ok());
}

/// What its owner erased is told of as gone, and not as something that never was; a device syncs it over sockets as over anything.
#[test]
fn an_erased_draft_is_gone_and_says_so() {
    let hub = hub();
    let server = Server::counting(hub.clone());
    let (space, draft) = written(&server.url(), &["It rained.", "It poured."]);
    let revision = draft.info().unwrap().revision;
    draft.erase().unwrap();
    block_on(Syncer::new(&space, client(&server.url())).once()).unwrap();
    assert!(hub.erasure("alice", draft.id()).unwrap().is_some());
    let id = draft.id();
    for path in [format!("drafts/{id}/mains"), format!("drafts/{id}/revisions/{revision}")] {
        let told = get(server.address, &format!("/v1/spaces/alice/{path}"), Some("any"));
        let problem: Value = serde_json::from_slice(&told.body).unwrap();
        assert_eq!((told.status, &problem["type"]), (410, &Value::from("urn:draftkeep:problem:erased")), "{path}");
    }
    let drafts = json(&get(server.address, "/v1/spaces/alice/drafts", Some("any")));
    assert_eq!((&drafts["drafts"][0]["then"], &drafts["drafts"][0]["main"]), (&Value::from("erased"), &Value::Null));
    let way = client(&server.url());
    assert!(block_on(way.mains("alice", id)).is_err());
    let then = block_on(way.drafts("alice", Moment::Now, 0, 10)).unwrap();
    assert_eq!(then[0].main, MainThen::Erased);
}
