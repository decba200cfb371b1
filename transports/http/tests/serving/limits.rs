//! How much of everything is let in, and that what is refused is refused before it costs anything.

use super::common::{Server, client, hub, narrow, request, unlimited};
use super::entering::push;
use super::held::Held;
use super::raw::{Told, ask, get, headers, read, sync};
use draftkeep::DraftId;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Push, Request, Target, Transport, TransportErrorKind};
use draftkeep_http::{Authenticate, Denied, Everybody, Grant, ListenerOptions, Rate, Rights, Spaces};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A grant for each token.
#[derive(Debug)]
struct ByToken;

impl Authenticate for ByToken {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Grant, Denied>> {
        Box::pin(async move {
            if token == "bad" { Err(Denied::Unknown) } else { Ok(Grant::new(token, Spaces::All, Rights::Write)) }
        })
    }
}

/// Asks a fresh server until that took less than a second, in which nothing comes back into a bucket of one a second.
fn within_a_second<T>(start: impl Fn() -> Server, ask: impl Fn(&Server) -> T) -> (Server, T) {
    for _ in 0..100 {
        let server = start();
        let began = Instant::now();
        let told = ask(&server);
        if began.elapsed() < Duration::from_secs(1) {
            return (server, told);
        }
    }
    panic!("this machine takes a second for a few requests, a hundred times in a row");
}

#[test]
fn one_grant_that_asks_too_often_is_refused_and_the_others_are_not() {
    let slow = Rate::per_second(1, 3);
    let hello = |server: &Server, token| sync(server.address, "alice", token, &request("alice", Ask::Hello));
    let begin = || Server::start(hub(), ByToken, unlimited().of_grant(slow), ListenerOptions::new());
    let (server, mut told) = within_a_second(begin, |server| Vec::from([(); 4].map(|()| hello(server, "one"))));
    let last = told.pop().unwrap();
    assert!(told.iter().all(|told| told.status == 200), "{told:?}");
    assert_eq!((last.status, last.header("retry-after")), (429, Some("1")));
    let (told, hello) = (last, |token| hello(&server, token));
    assert!(told.problem()["detail"].as_str().unwrap().contains("retry-after"));
    assert_eq!(hello("two").status, 200);
    let error = block_on(client(&server.url()).send(request("alice", Ask::Hello))).map(|_| ());
    assert!(error.is_ok(), "its own name is a third one");
}

#[test]
fn an_address_that_guesses_tokens_is_slowed_down_before_anything_is_looked_up() {
    let slow = Rate::per_second(1, 100);
    let begin = || Server::start(hub(), ByToken, unlimited().of_address(slow), ListenerOptions::new());
    let guess = |server: &Server| get(server.address, "/v1/spaces/a/status", Some("bad")).status;
    let (_, statuses) = within_a_second(begin, |server| [(); 12].map(|()| guess(server)));
    let guesses = statuses.iter().filter(|status| **status == 401).count();
    assert!((5..=6).contains(&guesses), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
}

#[test]
fn behind_a_proxy_the_address_that_it_names_counts_and_nobody_else_can_name_one() {
    let slow = Rate::per_second(1, 1);
    let of = |server: &Server, address: &str| {
        let headers = format!("authorization: Bearer any\r\nx-forwarded-for: 203.0.113.9, {address}\r\n");
        ask(server.address, "GET", "/v1/spaces/a/status", &headers, b"").status
    };
    let trusting = unlimited().of_address(slow).trust_forwarded();
    let begin = || Server::start(hub(), Everybody, trusting.clone(), ListenerOptions::new());
    let asked = ["192.0.2.1", "192.0.2.1", "192.0.2.2"];
    assert_eq!(within_a_second(begin, |server| asked.map(|address| of(server, address))).1, [200, 429, 200]);
    let begin = || Server::start(hub(), Everybody, unlimited().of_address(slow), ListenerOptions::new());
    let asked = ["192.0.2.1", "192.0.2.2"];
    assert_eq!(within_a_second(begin, |server| asked.map(|address| of(server, address))).1, [200, 429]);
}

#[test]
fn a_disk_that_stands_holds_up_nobody_who_does_not_need_it() {
    let held = Held::new();
    let server = Server::start(Arc::clone(&held), Everybody, unlimited(), ListenerOptions::new());
    let to = server.address;
    std::thread::scope(|scope| {
        let _at_the_end = held.let_go_at_the_end();
        // More than the runtime has threads.
        let pushes: Vec<_> =
            (1..=8).map(|draft| scope.spawn(move || sync(to, "alice", "any", &push("alice", draft)).status)).collect();
        held.wait_until_entered(8);
        assert_eq!(get(to, "/healthz", None).status, 200);
        assert_eq!(get(to, "/v1/spaces/alice/status", Some("any")).status, 200);
        held.let_go();
        assert!(pushes.into_iter().all(|push| push.join().unwrap() == 200));
    });
}

#[test]
fn a_push_that_was_begun_is_carried_out_although_the_device_hangs_up() {
    let held = Held::new();
    // One is at the disk, the other one waits for its turn.
    let server = Server::start(Arc::clone(&held), Everybody, unlimited().at_once(1), ListenerOptions::new());
    let _at_the_end = held.let_go_at_the_end();
    let gauge = |name: &str, count: u32| {
        let began = Instant::now();
        while !get(server.address, "/metrics", Some("any")).text().contains(&format!("{name} {count}\n")) {
            assert!(began.elapsed() < Duration::from_secs(15), "{name} is not {count}");
        }
    };
    let pushes: Vec<TcpStream> = [1, 2].map(|draft| begin(server.address, &push("alice", draft))).into();
    held.wait_until_entered(1);
    // And this question.
    gauge("draftkeep_http_in_flight", 3);
    drop(pushes);
    gauge("draftkeep_http_connections", 1);
    held.let_go();
    let began = Instant::now();
    while block_on(held.hub.send(request("alice", Ask::Hello))).unwrap().position.seq < 2 {
        assert!(began.elapsed() < Duration::from_secs(20), "one was dropped");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a request, and reads no answer yet.
pub(crate) fn begin(to: std::net::SocketAddr, request: &Request) -> TcpStream {
    let body = request.to_bytes().unwrap();
    let head = format!("POST /v1/spaces/alice/sync HTTP/1.1\r\nhost: hub\r\n{}\r\n", headers("any", body.len()));
    let mut stream = TcpStream::connect(to).unwrap();
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    stream
}

/// What comes back for a head with nothing behind it.
fn answer_to_a_head(to: std::net::SocketAddr, head: &str) -> Told {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    read(&bytes)
}

#[test]
fn nothing_of_a_body_is_waited_for_before_its_sender_may_send_it() {
    let limits = unlimited().of_address(Rate::per_second(1, 10)).stand_still(Duration::from_secs(3));
    let server = Server::start(hub(), ByToken, limits, ListenerOptions::new());
    let path = "/v1/spaces/alice/sync";
    let statuses = [1, 2].map(|_| {
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n{}\r\n", headers("bad", 20 << 20));
        answer_to_a_head(server.address, &head).status
    });
    assert_eq!(statuses, [401, 429], "and none of them 408, for a body that does not come");
}

#[test]
fn requests_in_memory_have_room_for_so_many_bytes_and_no_more() {
    let server = Server::start(hub(), Everybody, unlimited().memory_bytes(64 << 20), ListenerOptions::new());
    let head = format!(
        "POST /v1/spaces/alice/sync HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n{}\r\n",
        headers("any", 24 << 20)
    );
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&[7; 1_000]).unwrap();
        waiting.push(stream);
    }
    let began = Instant::now();
    while !get(server.address, "/metrics", Some("any")).text().contains("draftkeep_http_in_flight 3\n") {
        assert!(began.elapsed() < Duration::from_secs(8), "both are let in");
    }
    let told = answer_to_a_head(server.address, &head);
    assert_eq!(told.status, 503, "a third of them has no room: {}", told.text());
    assert!(told.problem()["detail"].as_str().unwrap().contains("room"));
    assert_eq!(sync(server.address, "alice", "any", &push("alice", 1)).status, 200, "what is short has");
}

#[test]
fn so_many_wait_for_news_and_no_more() {
    let server = Server::start(hub(), Everybody, unlimited().waiting(1), ListenerOptions::new());
    let to = server.address;
    let wait = || request("alice", Ask::Wait { timeout: Duration::from_secs(20) });
    std::thread::scope(|scope| {
        let first = scope.spawn(move || sync(to, "alice", "any", &wait()).status);
        let began = Instant::now();
        while !get(to, "/metrics", Some("any")).text().contains("draftkeep_http_waiting 1\n") {
            assert!(began.elapsed() < Duration::from_secs(15));
        }
        let told = sync(to, "alice", "any", &wait());
        assert_eq!(told.status, 503);
        told.problem();
        assert_eq!(sync(to, "alice", "any", &push("alice", 1)).status, 200);
        assert_eq!(first.join().unwrap(), 200, "the news ended its wait");
    });
}

#[test]
fn a_head_or_a_body_that_comes_too_slowly_is_not_waited_for() {
    // Long enough for a head that is sent at once, on a machine that does other things, too.
    let options = ListenerOptions::new().head(Duration::from_secs(2));
    let limits = unlimited().stand_still(Duration::from_secs(1)).body(Duration::from_secs(2));
    let server = Server::start(hub(), Everybody, limits, options);
    let connect = || {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    };
    let rest = |mut stream: TcpStream| {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    };
    // Nothing at all, and a head that drips.
    let began = Instant::now();
    assert!(!String::from_utf8_lossy(&rest(connect())).contains("200"));
    let mut stream = connect();
    for byte in b"POST /v1/spaces/alice/sync HTTP/1.1\r\nhost: hub\r\nx-slow: 1234567890" {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!String::from_utf8_lossy(&rest(stream)).contains("200"));
    // A body that stands still, and one that drips.
    let head = format!("POST /v1/spaces/alice/sync HTTP/1.1\r\nhost: hub\r\n{}\r\n", headers("any", 1_000));
    let mut stream = connect();
    stream.write_all(head.as_bytes()).unwrap();
    let told = read(&rest(stream));
    assert_eq!(told.status, 408);
    told.problem();
    let mut stream = connect();
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..60 {
        if stream.write_all(b"x").is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(read(&rest(stream)).status, 408);
    assert!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
}

/// Knows a token the first two times that it is asked.
#[derive(Debug, Default, Clone)]
struct Briefly(Arc<AtomicUsize>);

impl Authenticate for Briefly {
    fn authenticate<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Grant, Denied>> {
        let is_good = self.0.fetch_add(1, Ordering::SeqCst) < 2;
        // A name that is longer than a device's may be.
        let grant = Grant::new("ü".repeat(200), Spaces::All, Rights::Write);
        Box::pin(async move { if is_good { Ok(grant) } else { Err(Denied::Unknown) } })
    }
}

#[test]
fn a_token_that_is_revoked_while_a_body_comes_is_good_for_nothing() {
    let the_hub = hub();
    let briefly = Briefly::default();
    let server = Server::start(the_hub.clone(), briefly.clone(), unlimited(), ListenerOptions::new());
    let nameless = Request { device: None, ..push("alice", 1) };
    assert_eq!(sync(server.address, "alice", "any", &nameless).status, 200);
    let device = the_hub.audit("alice", 0, 1).unwrap().remove(0).device.unwrap();
    assert_eq!(device, "ü".repeat(128));

    let body = push("alice", 2).to_bytes().unwrap();
    let beginning = format!(
        "POST /v1/spaces/alice/sync HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n{}\r\n",
        headers("any", body.len())
    );
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(beginning.as_bytes()).unwrap();
    stream.write_all(&body[..100]).unwrap();
    while briefly.0.load(Ordering::SeqCst) < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // It is let in; longer than a token is believed while a body comes.
    std::thread::sleep(Duration::from_secs(7));
    stream.write_all(&body[100..]).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    assert_eq!(read(&bytes).status, 401);
    assert_eq!(block_on(the_hub.send(request("alice", Ask::Hello))).unwrap().position.seq, 1);
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let server = Server::start(hub(), Everybody, unlimited(), ListenerOptions::new().connections(10, 2));
    let held: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let began = Instant::now();
    loop {
        // Until both are accepted, a third one may be the second.
        let mut third = TcpStream::connect(server.address).unwrap();
        third.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = third.write_all(b"GET /healthz HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n");
        let mut bytes = Vec::new();
        let _ = third.read_to_end(&mut bytes);
        if bytes.is_empty() {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(15), "a third one was let in");
    }
    drop(held);
    let began = Instant::now();
    while block_on(client(&server.url()).send(request("alice", Ask::Hello))).is_err() {
        assert!(began.elapsed() < Duration::from_secs(15), "their places were not given back");
    }
}

/// A push of one body.
fn over(body: &[u8]) -> Request {
    let revision = sample(DraftId::from_bytes([body[0]; 16]), &[], body);
    let push = Push { revision, base: None, contains: Vec::new(), target: Target::Main { expects: None } };
    request("alice", Ask::Push { pushes: vec![push] })
}

#[test]
fn an_answer_that_nobody_reads_is_not_kept_for_ever() {
    let options = ListenerOptions::new().stuck(Duration::from_millis(500));
    let server = Server::start(hub(), Everybody, unlimited(), options);
    let transport = client(&server.url());
    let long = over(&vec![7; 16 << 20]);
    let Ask::Push { pushes } = &long.ask else { panic!() };
    let (draft, ids) = (pushes[0].revision.draft(), vec![pushes[0].revision.id()]);
    block_on(transport.send(long)).unwrap();
    let ask = request("alice", Ask::Revisions { draft, ids }).to_bytes().unwrap();
    let beginning = format!("POST /v1/spaces/alice/sync HTTP/1.1\r\nhost: hub\r\n{}\r\n", headers("any", ask.len()));
    let stuck: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = narrow(server.address);
            stream.write_all(&[beginning.as_bytes(), &ask].concat()).unwrap();
            stream
        })
        .collect();
    // Sixteen of them would fill the memory that there is for it; all of it is given back.
    std::thread::sleep(Duration::from_millis(600));
    let began = Instant::now();
    loop {
        let text = get(server.address, "/metrics", Some("any")).text();
        let open = text.lines().find_map(|line| line.strip_prefix("draftkeep_http_connections ")).unwrap();
        // The client's own, and this one.
        if open.parse::<u32>().unwrap() <= 2 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{open} connections are still open\n{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(stuck);
}

#[test]
fn a_server_may_take_shorter_requests_than_the_protocol_allows() {
    let server = Server::start(hub(), Everybody, unlimited().message_bytes(1_000), ListenerOptions::new());
    let mut large = push("alice", 1);
    large.device = Some("d".repeat(200));
    assert_eq!(sync(server.address, "alice", "any", &large).status, 200);
    let Ask::Push { pushes } = &mut large.ask else { panic!() };
    pushes.extend(pushes.clone());
    pushes.extend(pushes.clone());
    pushes.extend(pushes.clone());
    let told = sync(server.address, "alice", "any", &large);
    assert_eq!(told.status, 413, "{}", told.text());
    assert!(told.problem()["detail"].as_str().unwrap().contains("at most 1000 bytes"));
    let error = block_on(client(&server.url()).send(large)).expect_err("too large");
    assert_eq!(*error.kind(), TransportErrorKind::TooLarge, "the device sends less at once");
    // Also where the answer is there long before the request is.
    for _ in 0..5 {
        let longest = over(&vec![7; 16 << 20]);
        let error = block_on(client(&server.url()).send(longest)).expect_err("far too large");
        assert_eq!(*error.kind(), TransportErrorKind::TooLarge, "{error:?}");
    }
}
