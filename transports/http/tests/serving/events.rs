//! Live news for whoever cannot sync: server-sent events.

use super::common::{Server, hub, unlimited};
use super::entering::{push, these};
use super::raw::{get, sync};
use draftkeep::clock::ManualClock;
use draftkeep_http::{ListenerOptions, TokenFile, TokenWish};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A stream of events, read line by line.
struct Stream(std::io::Lines<BufReader<TcpStream>>);

impl Stream {
    fn open(to: SocketAddr, token: &str, more: &str) -> Self {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let head = format!(
            "GET /v1/spaces/alice/events HTTP/1.1\r\nhost: hub\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{more}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines();
        assert!(lines.next().unwrap().unwrap().contains("200"));
        Self(lines)
    }

    /// The next event: its name, its id, its data.
    fn next(&mut self) -> Option<(String, String, serde_json::Value)> {
        let (mut name, mut id) = (None, String::new());
        let began = Instant::now();
        loop {
            let line = self.0.next()?.ok()?;
            // A stream that has nothing to say says so every 20 seconds.
            assert!(began.elapsed() < Duration::from_secs(50), "neither an event nor an end");
            if let Some(value) = line.strip_prefix("event: ") {
                name = Some(value.to_owned());
            } else if let Some(value) = line.strip_prefix("id: ") {
                value.clone_into(&mut id);
            } else if let Some(value) = line.strip_prefix("data: ") {
                return Some((name?, id, serde_json::from_str(value).unwrap()));
            }
        }
    }
}

#[test]
fn a_page_is_told_where_the_feed_is_and_whenever_it_goes_on() {
    let server = Server::open(hub());
    let to = server.address;
    let mut stream = Stream::open(to, "any", "");
    let (name, first, data) = stream.next().unwrap();
    assert_eq!((name.as_str(), data["seq"].as_u64()), ("position", Some(0)), "at once, where it is");
    assert_eq!(sync(to, "alice", "any", &push("alice", 1)).status, 200);
    let (name, second, data) = stream.next().unwrap();
    assert_eq!((name.as_str(), data["seq"].as_u64()), ("position", Some(1)));
    assert_eq!(sync(to, "bob", "any", &push("bob", 1)).status, 200);
    assert_eq!(sync(to, "alice", "any", &push("alice", 2)).status, 200);
    let (_, _, data) = stream.next().unwrap();
    assert_eq!(data["seq"].as_u64(), Some(2), "nothing of another space");

    // Whoever comes back is told what it missed, or that it has to begin anew.
    let mut back = Stream::open(to, "any", &format!("last-event-id: {first}\r\n"));
    assert_eq!(back.next().unwrap().2["seq"].as_u64(), Some(2));
    let forged = second.replace("-1-", "-7-");
    let mut astray = Stream::open(to, "any", &format!("last-event-id: {forged}\r\n"));
    assert_eq!(astray.next().unwrap().0, "reset");
    let told =
        super::raw::ask(to, "GET", "/v1/spaces/alice/events", "authorization: Bearer a\r\nlast-event-id: 7\r\n", b"");
    assert_eq!(told.status, 400);
    told.problem();
    assert!(get(to, "/metrics", Some("any")).text().contains("draftkeep_http_streams "));
}

#[test]
fn a_stream_is_told_that_the_server_ends() {
    let mut server = Server::open(hub());
    let mut stream = Stream::open(server.address, "any", "");
    assert_eq!(stream.next().unwrap().0, "position");
    server.begin_to_stop();
    let last = stream.next().unwrap();
    assert_eq!((last.0.as_str(), last.2["reason"].as_str()), ("end", Some("ending")));
    assert!(stream.next().is_none());
}

#[test]
fn a_stream_ends_when_its_token_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let issued = TokenFile::issue(&path, &TokenWish::new("page", these("alice"))).unwrap();
    let writer = TokenFile::issue(&path, &TokenWish::new("writer", these("alice"))).unwrap();
    let clock = ManualClock::new();
    let file = TokenFile::with_clock(&path, Arc::new(clock.clone())).unwrap();
    let server = Server::start(hub(), file, unlimited(), ListenerOptions::new());
    let mut stream = Stream::open(server.address, &issued.token, "");
    assert_eq!(stream.next().unwrap().0, "position");
    TokenFile::revoke(&path, &issued.info.id).unwrap();
    clock.advance(Duration::from_secs(3));
    // It is looked at again with the next news, at the latest after some seconds.
    assert_eq!(sync(server.address, "alice", &writer.token, &push("alice", 1)).status, 200);
    let mut last = stream.next().unwrap();
    if last.0 == "position" {
        last = stream.next().unwrap();
    }
    assert_eq!((last.0.as_str(), last.2["reason"].as_str()), ("end", Some("unauthorized")));
    assert!(stream.next().is_none(), "and that was the end");
}
