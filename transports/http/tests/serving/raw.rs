//! HTTP by hand.

use draftkeep::transport::Request;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) const NONCE: &str = "00112233445566778899aabbccddeeff";

/// An answer as it came out of the socket.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The problem that it tells, with everything that every problem has.
    pub(crate) fn problem(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.header("draftkeep-protocol"), Some("1"), "every answer is marked: {self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:draftkeep:problem:"));
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{problem}");
        assert_eq!(problem["trace_id"].as_str(), self.header("draftkeep-trace"));
        problem
    }
}

/// Sends these bytes over a connection of its own, and reads until it is closed.
pub(crate) fn send(to: SocketAddr, bytes: &[u8]) -> Told {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // A server may have refused it before it was all there.
    let _ = stream.write_all(bytes);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    read(&bytes)
}

pub(crate) fn read(bytes: &[u8]) -> Told {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {bytes:?}"));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Told { status, head, body: bytes[end + 4..].to_vec() }
}

/// Asks with these headers, line by line.
pub(crate) fn ask(to: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> Told {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n{headers}\r\n");
    send(to, &[head.as_bytes(), body].concat())
}

pub(crate) fn get(to: SocketAddr, path: &str, token: Option<&str>) -> Told {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    ask(to, "GET", path, &token, b"")
}

/// The headers of a request to sync.
pub(crate) fn headers(token: &str, length: usize) -> String {
    format!(
        "authorization: Bearer {token}\r\ncontent-type: application/vnd.draftkeep.message\r\n\
         draftkeep-protocol: 1\r\ndraftkeep-request: {NONCE}\r\ncontent-length: {length}\r\n"
    )
}

pub(crate) fn sync(to: SocketAddr, space: &str, token: &str, request: &Request) -> Told {
    let body = request.to_bytes().unwrap();
    ask(to, "POST", &format!("/v1/spaces/{space}/sync"), &headers(token, body.len()), &body)
}
