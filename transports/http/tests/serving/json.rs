//! Messages as JSON: in the form that is asked for, marked and proven as bytes are, within the same limits.

use super::common::{CLIENTS, Server, hub, json_client, request, unlimited};
use super::entering::push;
use super::raw::{NONCE, ask, headers};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::Syncer;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{
    Answer, Ask, JSON_MAX, Outcome, Push, Reply, Request, Standing, Target, Transport, TransportErrorKind,
};
use draftkeep::{DraftId, Kind, Options, Store};
use draftkeep_http::{Everybody, ListenerOptions};
use futures_executor::block_on;
use std::sync::Arc;

const MESSAGE: &str = "application/vnd.draftkeep.message";
const JSON: &str = "application/json";
const PATH: &str = "/v1/spaces/alice/sync";

fn headers_of(media: &str, accept: Option<&str>, length: usize) -> String {
    let accept = accept.map(|accept| format!("accept: {accept}\r\n")).unwrap_or_default();
    headers("any", length).replace(MESSAGE, media) + &accept
}

#[test]
fn a_request_is_answered_in_the_form_that_is_asked_for_and_proven_in_it() {
    let server = Server::open(hub());
    let asked = request("alice", Ask::Hello);
    let (bytes, json) = (asked.to_bytes().unwrap(), asked.to_json().unwrap());
    let spaced = String::from_utf8(json.clone()).unwrap().replace(",\"", ",\n  \"").into_bytes();
    let truth = block_on(CLIENTS[0](&server.url()).send(asked)).unwrap();
    for (media, body) in [(MESSAGE, &bytes), (JSON, &json), ("application/json; charset=utf-8", &json), (JSON, &spaced)]
    {
        for (accept, of) in [(None, media), (Some("*/*"), media), (Some(MESSAGE), MESSAGE), (Some(JSON), JSON)] {
            let told = ask(server.address, "POST", PATH, &headers_of(media, accept, body.len()), body);
            assert_eq!(told.status, 200, "{media} {accept:?}: {}", told.text());
            let of = if of == MESSAGE { MESSAGE } else { JSON };
            assert_eq!(told.header("content-type"), Some(of), "{media} {accept:?}");
            assert_eq!(told.header("draftkeep-request"), Some(NONCE));
            let answer = if of == JSON { Answer::from_json(&told.body) } else { Answer::from_bytes(&told.body) };
            assert_eq!(answer.as_ref(), Ok(&truth), "{media} {accept:?}");
            // As the protocol page tells it to whoever writes another client.
            let hash = |is_json: bool, body: &[u8]| {
                if is_json { *blake3::hash(body).as_bytes() } else { *body.last_chunk::<32>().unwrap() }
            };
            let nonce: Vec<u8> =
                (0..16).map(|at| u8::from_str_radix(&NONCE[2 * at..2 * at + 2], 16).unwrap()).collect();
            let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 answer over http");
            hasher.update(&nonce).update(&hash(media != MESSAGE, body)).update(&hash(of == JSON, &told.body));
            assert_eq!(told.header("draftkeep-proof"), Some(hasher.finalize().to_hex().as_str()), "{media} {accept:?}");
        }
    }
}

#[test]
fn what_is_no_request_in_json_is_refused_by_what_is_wrong_with_it_and_changes_nothing() {
    let server = Server::open(hub());
    let good = String::from_utf8(push("alice", 1).to_json().unwrap()).unwrap();
    let altered = good.replacen("\"target\":\"main\"", "\"target\":\"fork\"", 1);
    assert_ne!(altered, good);
    let answer = block_on(json_client(&server.url()).send(request("alice", Ask::Hello))).unwrap().to_json().unwrap();
    let other = String::from_utf8(push("bob", 1).to_json().unwrap()).unwrap();
    let at = good.find("\"hash\":\"").unwrap();
    let without = format!("{}{}", &good[..at], &good[at + 9 + 64 + 1..]);
    let deep = format!("{{\"draftkeep\":1,\"request\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
    let table: [(u16, &str, &[u8], &str); 10] = [
        (400, "nonsense", b"nonsense", "not a message"),
        (400, "nothing", b"", "not a message"),
        (400, "something else", b"{\"hello\": 1}", "not a message"),
        (400, "cut", &good.as_bytes()[..good.len() - 1], "byte "),
        (400, "altered", altered.as_bytes(), "altered"),
        (400, "an answer", &answer, "the other way"),
        (422, "a push without its hash", without.as_bytes(), "hash"),
        (422, "another space", other.as_bytes(), "another space"),
        (422, "without end", deep.as_bytes(), "64"),
        (426, "newer", b"{\"draftkeep\": 2}", "version 2"),
    ];
    for (status, what, body, detail) in table {
        let told = ask(server.address, "POST", PATH, &headers_of(JSON, None, body.len()), body);
        assert_eq!(told.status, status, "{what}: {}", told.text());
        assert!(told.problem()["detail"].as_str().unwrap().contains(detail), "{what}: {}", told.text());
    }
    let told = ask(server.address, "POST", PATH, &headers_of(JSON, None, JSON_MAX + 1), b"");
    assert_eq!(told.status, 413);
    assert!(told.text().contains(&JSON_MAX.to_string()), "the limit: {}", told.text());
    let seen = block_on(json_client(&server.url()).send(request("alice", Ask::Hello))).unwrap();
    assert_eq!(seen.position.seq, 0, "nothing was changed by any of them");
}

#[test]
fn a_limit_of_messages_holds_for_json_by_what_it_is_as_bytes() {
    let limits = unlimited().message_bytes(100_000);
    let server = Server::start(hub(), Everybody, limits, ListenerOptions::new());
    let pushing = |length: usize| {
        let revision = sample(DraftId::from_bytes([1; 16]), &[], &vec![b'x'; length]);
        let target = Target::Main { expects: None };
        request("alice", Ask::Push { pushes: vec![Push { revision, base: None, contains: Vec::new(), target }] })
    };
    for client in CLIENTS {
        let transport = client(&server.url());
        assert_eq!(*block_on(transport.send(pushing(100_000))).unwrap_err().kind(), TransportErrorKind::TooLarge);
        assert!(matches!(block_on(transport.send(pushing(99_000))).unwrap().reply, Reply::Pushed(_)));
    }
}

#[test]
fn what_one_device_says_in_json_another_one_has_in_bytes() {
    const NOTE: Kind<String> = Kind::new("note");
    let server = Server::open(Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new()).unwrap());
    let spaces = [(), ()].map(|()| Store::in_memory(Options::new()).unwrap().space("alice").unwrap());
    let syncers = [0, 1].map(|at| Syncer::new(&spaces[at], CLIENTS[at](&server.url())));
    let text = "\u{0}\u{7f}\u{fffd}\u{1f682} \"\\ and numbers: 9007199254740993".repeat(1_000);
    let draft = spaces[1].drafts(NOTE).unwrap().start(&text).unwrap();
    for at in [1, 0] {
        block_on(syncers[at].once()).unwrap();
    }
    let other = spaces[0].drafts(NOTE).unwrap().get(draft.id()).unwrap().expect("it came over");
    assert_eq!(other.load().unwrap(), text);
    let mut edit = other.edit().unwrap();
    edit.doc().push_str(" and more");
    let _ = edit.save().unwrap();
    for at in [0, 1] {
        block_on(syncers[at].once()).unwrap();
    }
    assert_eq!(draft.load().unwrap(), other.load().unwrap());
    assert!(syncers.iter().all(|syncer| syncer.status().unwrap().is_synced()));
    let again: Request = push("alice", 1);
    let accepted = Outcome::Accepted { standing: Standing::Main };
    for client in CLIENTS {
        let reply = block_on(client(&server.url()).send(again.clone())).unwrap().reply;
        assert_eq!(reply, Reply::Pushed(vec![accepted.clone()]), "the same revision, in whatever form it comes");
    }
}

/// The example that the protocol page gives to people is what a server answers.
#[test]
fn the_example_of_the_protocol_page_is_answered() {
    let page = include_str!("../../../../src/docs/protocol.md");
    let example = page.split("curl -s ").nth(1).expect("there is an example").split("```").next().unwrap();
    let quoted = |name: &str| example.split(name).nth(1).unwrap().split('\'').next().unwrap();
    let (media, body) = (quoted("-H 'content-type: "), quoted("-d '"));
    assert!(example.contains("/v1/spaces/alice/sync") && media == JSON);
    let server = Server::open(hub());
    block_on(json_client(&server.url()).send(push("alice", 1))).unwrap();
    let told = ask(server.address, "POST", PATH, &headers_of(media, Some("*/*"), body.len()), body.as_bytes());
    let Reply::Page(page) = Answer::from_json(&told.body).unwrap().reply else { panic!("{}", told.text()) };
    assert_eq!(page.rows.len(), 1);
}
