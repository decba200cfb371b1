//! What is no request is refused with what is wrong and the way out, and changes nothing.

use super::common::{Server, client, hub, request};
use super::entering::push;
use super::raw::{NONCE, ask, get, headers, sync};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError, TransportErrorKind};
use futures_core::future::BoxFuture;
use std::sync::Arc;

#[test]
fn what_is_no_request_is_refused_by_what_is_wrong_with_it() {
    let server = Server::open(hub());
    let to = server.address;
    let good = push("alice", 1).to_bytes().unwrap();
    let mut altered = good.clone();
    altered[100] ^= 1;
    let mut newer = good.clone();
    newer[12] = 9;
    let answer = client(&server.url());
    let answer = futures_executor::block_on(answer.send(request("alice", Ask::Hello))).unwrap().to_bytes().unwrap();
    let path = "/v1/spaces/alice/sync";
    let without = |name: &str| -> String {
        let all = headers("any", good.len());
        all.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\r\n")).collect()
    };
    let with = |name: &str, value: &str| format!("{}{name}: {value}\r\n", without(name));
    let table: Vec<(u16, &str, String, &[u8])> = vec![
        (400, "nonsense", headers("any", 8), b"nonsense"),
        (400, "nothing", headers("any", 0), b""),
        (400, "altered", headers("any", altered.len()), &altered),
        (400, "cut", headers("any", good.len() - 1), &good[..good.len() - 1]),
        (400, "an answer", headers("any", answer.len()), &answer),
        (426, "newer", headers("any", newer.len()), &newer),
        (426, "newer by its header", with("draftkeep-protocol", "2"), &good),
        (400, "no version", without("draftkeep-protocol"), &good),
        (400, "no name", without("draftkeep-request"), &good),
        (400, "a name that is none", with("draftkeep-request", "xyz"), &good),
        (415, "text", with("content-type", "text/plain"), &good),
        (400, "not json", with("content-type", "application/json"), &good),
        (415, "no type", without("content-type"), &good),
        (415, "compressed", format!("{}content-encoding: gzip\r\n", headers("any", good.len())), &good),
        (411, "chunked", format!("{}transfer-encoding: chunked\r\n", without("content-length")), b"0\r\n\r\n"),
        (413, "too large", headers("any", 25_165_825), b""),
        (413, "far too large", with("content-length", "9223372036854775807"), b""),
    ];
    for (status, what, headers, body) in table {
        let told = ask(to, "POST", path, &headers, body);
        assert_eq!(told.status, status, "{what}: {}", told.text());
        told.problem();
        if told.status == 413 {
            assert!(told.text().contains("25165824"), "the limit: {}", told.text());
        }
    }
    for (method, path, status) in [
        ("GET", "/v1/spaces/alice/sync", 405),
        ("POST", "/v1/spaces/alice/status", 405),
        ("DELETE", "/healthz", 405),
        ("POST", "/v1/spaces/sync", 404),
        ("GET", "/", 404),
        ("GET", "/v2/spaces/alice/status", 404),
    ] {
        let told = ask(to, method, path, "content-length: 0\r\n", b"");
        assert_eq!(told.status, status, "{method} {path}");
        told.problem();
    }
    let seen = futures_executor::block_on(client(&server.url()).send(request("alice", Ask::Hello))).unwrap();
    assert_eq!(seen.position.seq, 0, "nothing was changed by any of them");
}

#[test]
fn an_answer_is_marked_proved_and_traced() {
    let server = Server::open(hub());
    let body = request("alice", Ask::Hello).to_bytes().unwrap();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let headers = format!("{}traceparent: 00-{trace}-00f067aa0ba902b7-01\r\n", headers("any", body.len()));
    let told = ask(server.address, "POST", "/v1/spaces/alice/sync", &headers, &body);
    assert_eq!(told.status, 200);
    assert_eq!(told.header("draftkeep-protocol"), Some("1"));
    assert_eq!(told.header("draftkeep-request"), Some(NONCE));
    assert_eq!(told.header("draftkeep-trace"), Some(trace));
    assert_eq!(told.header("cache-control"), Some("no-store"));
    assert_eq!(told.header("content-type"), Some("application/vnd.draftkeep.message"));
    // As the protocol page tells it to whoever writes another client.
    let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 answer over http");
    let nonce: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&NONCE[2 * at..2 * at + 2], 16).unwrap()).collect();
    hasher.update(&nonce).update(&body[body.len() - 32..]).update(&told.body[told.body.len() - 32..]);
    assert_eq!(told.header("draftkeep-proof"), Some(hasher.finalize().to_hex().as_str()));
    Answer::from_bytes(&told.body).unwrap();
}

#[test]
fn an_audit_knows_whose_token_a_nameless_device_had() {
    let the_hub = hub();
    let server = Server::open(the_hub.clone());
    let nameless = Request { device: None, ..push("alice", 1) };
    assert_eq!(sync(server.address, "alice", "any", &nameless).status, 200);
    assert_eq!(sync(server.address, "alice", "any", &push("alice", 2)).status, 200);
    let audit = the_hub.audit("alice", 0, 10).unwrap();
    let devices: Vec<_> = audit.iter().map(|entry| entry.device.as_deref()).collect();
    assert_eq!(devices, [Some("everybody"), Some("a test")]);
}

/// A hub that fails in one way.
#[derive(Debug)]
struct Fails(Kinds);

/// Makes the same kind again and again.
type Kinds = fn() -> TransportErrorKind;

impl Transport for Fails {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async { Err(TransportError::new((self.0)()).because("canary: what is inside")) })
    }
}

/// A hub that panics.
#[derive(Debug)]
struct Panics;

impl Transport for Panics {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        panic!("canary: what is inside")
    }
}

#[test]
fn a_hub_that_gives_no_answer_is_tried_again_later_and_shows_nothing_of_its_inside() {
    let table: [(Kinds, u16, TransportErrorKind); 3] = [
        (
            || TransportErrorKind::Unreachable { retry_after: Some(std::time::Duration::from_secs(77)) },
            503,
            TransportErrorKind::Unreachable { retry_after: Some(std::time::Duration::from_secs(77)) },
        ),
        (
            || TransportErrorKind::Unauthorized,
            503,
            TransportErrorKind::Unreachable { retry_after: Some(std::time::Duration::from_secs(5)) },
        ),
        (|| TransportErrorKind::TooLarge, 413, TransportErrorKind::TooLarge),
    ];
    for (fails, status, kind) in table {
        let server = Server::open(Fails(fails));
        let told = sync(server.address, "alice", "any", &push("alice", 1));
        assert_eq!(told.status, status);
        told.problem();
        assert!(!told.text().contains("canary"), "{}", told.text());
        let error = futures_executor::block_on(client(&server.url()).send(push("alice", 1))).expect_err("it fails");
        assert_eq!(*error.kind(), kind);
    }
    let server = Server::open(Panics);
    for _ in 0..3 {
        let told = sync(server.address, "alice", "any", &push("alice", 1));
        assert_eq!(told.status, 503, "{}", told.text());
        assert!(!told.text().contains("canary"));
    }
    assert_eq!(get(server.address, "/healthz", None).status, 200, "the server goes on");
}

#[test]
fn every_way_a_space_may_be_called_is_one_space() {
    let server = Server::open(Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new()).unwrap());
    let transport = client(&server.url());
    let names = [
        "alice",
        "..",
        ".",
        "~",
        "~.",
        "a/b",
        "a b",
        "%2F",
        "ä",
        "?x=1#",
        "\0",
        "~~x",
        &"n".repeat(200),
        &"ü".repeat(100),
    ];
    for name in names {
        let answer = futures_executor::block_on(transport.send(push(name, 1)));
        assert_eq!(answer.map(|answer| answer.position.seq).map_err(|error| error.to_string()), Ok(1), "{name}");
    }
}

/// A device that says `expect: 100-continue` waits with a long body for the word to send it.
#[test]
fn a_body_that_is_not_taken_is_not_asked_for() {
    let server = Server::open(hub());
    let path = "/v1/spaces/alice/sync";
    let asked = |headers: &str, body: &[u8]| {
        ask(server.address, "POST", path, &format!("{headers}expect: 100-continue\r\n"), body)
    };
    let good = push("alice", 1).to_bytes().unwrap();
    let nameless = headers("any", good.len()).replace(NONCE, "nobody");
    for (status, headers) in [(413, headers("any", (24 << 20) + 1)), (400, nameless)] {
        let told = asked(&headers, b"");
        assert_eq!(told.status, status, "{}", told.text());
        told.problem();
    }
    assert_eq!(asked(&headers("any", good.len()), &good).status, 100, "what is taken is asked for");
}
