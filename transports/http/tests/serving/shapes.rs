//! Heads that a proxy and this server could understand differently, heads without end, and connections that nothing comes over.

use super::common::{SHAPES, Server, check, hub, request, said, unlimited};
use super::entering::push;
use super::raw::{get, headers, sync};
use draftkeep::transport::{Answer, Ask};
use draftkeep_http::{Everybody, ListenerOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A request behind another one.
const BEHIND: &str = "GET /healthz HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n";

#[test]
fn what_two_readers_could_understand_differently_is_the_last_of_its_connection() {
    let server = Server::open(hub());
    let to = server.address;
    let all = headers("any", 0);
    let all: String =
        all.lines().filter(|line| !line.starts_with("content-length")).map(|line| format!("{line}\r\n")).collect();
    for shape in SHAPES {
        check(to, shape, "/v1/spaces/alice/sync", &all, BEHIND);
    }
    let two = format!("GET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n{BEHIND}");
    assert_eq!(String::from_utf8_lossy(&said(to, two.as_bytes())).matches("HTTP/1.1 200").count(), 2, "as it is meant");
    let pulled = sync(to, "alice", "any", &request("alice", Ask::Pull { after: 0, limit: 5 }));
    assert_eq!(Answer::from_bytes(&pulled.body).unwrap().position.seq, 0, "nothing of it was carried out");
}

#[test]
fn an_address_may_stand_in_the_first_line_and_a_short_head_is_enough_of_old() {
    let server = Server::open(hub());
    for (line, status) in [
        ("GET http://elsewhere.example/healthz HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n", "200"),
        ("GET /healthz HTTP/1.0\r\n\r\n", "200"),
        ("OPTIONS * HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n", "404"),
        ("CONNECT hub:443 HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n", "404"),
        ("GET healthz HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n", "40"),
    ] {
        let told = String::from_utf8_lossy(&said(server.address, line.as_bytes())).into_owned();
        assert!(told.get(9..).is_some_and(|told| told.starts_with(status)), "{line}: {told}");
    }
}

#[test]
fn a_head_without_end_is_not_taken_into_memory() {
    let server = Server::open(hub());
    let many: String = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect();
    for head in [format!("x: {}\r\n", "a".repeat(40 << 10)), many] {
        let told = said(server.address, format!("GET /healthz HTTP/1.1\r\nhost: hub\r\n{head}\r\n").as_bytes());
        assert!(told.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&told));
    }
    // One that goes on and on: it is hung up on.
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nx: ").unwrap();
    let (mut sent, piece) = (0, vec![b'a'; 64 << 10]);
    while sent < 64 << 20 && stream.write_all(&piece).is_ok() {
        sent += piece.len();
    }
    assert!(sent < 64 << 20, "{sent} bytes of a head were taken");
    assert_eq!(get(server.address, "/healthz", None).status, 200);
}

#[test]
fn connections_that_nothing_comes_over_hold_up_nobody_and_end() {
    // Twice as many files, in this process; the system gives a thousand at least.
    const IDLE: usize = 400;
    let options = ListenerOptions::new().head(Duration::from_secs(8));
    let server = Server::start(hub(), Everybody, unlimited(), options);
    let mut idle: Vec<TcpStream> = (0..IDLE).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    // Some began to say something.
    for stream in idle.iter_mut().step_by(3) {
        stream.write_all(b"POST /v1/spaces/alice/sync HTTP/1.1\r\nhost: h").unwrap();
    }
    let mut beside = 0;
    for draft in 1..=20 {
        assert_eq!(sync(server.address, "alice", "any", &push("alice", draft)).status, 200);
        let text = get(server.address, "/metrics", Some("any")).text();
        let open = text.lines().find_map(|line| line.strip_prefix("draftkeep_http_connections "));
        beside += usize::from(open.unwrap().parse::<usize>().unwrap() >= IDLE);
    }
    assert!(beside > 0, "none was answered before the first of them ended");
    for mut stream in idle {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut rest = Vec::new();
        // Hung up on, with or without a word.
        let ended = stream.read_to_end(&mut rest);
        assert!(!ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "one was left open");
    }
}
