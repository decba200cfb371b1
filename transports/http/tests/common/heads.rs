//! Requests that a proxy and a server may understand differently, and what a server that understands them one way only says.

use std::io::{Read, Write};

/// Such a request, and the statuses that may come back; none where it is hung up on without a word. Whatever stands behind it on its connection is not taken for another request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// `{path}` and `{headers}` are those of a request that would be taken with the right head.
    pub(crate) text: &'static str,
    pub(crate) statuses: &'static [u16],
}

const fn shape(name: &'static str, statuses: &'static [u16], text: &'static str) -> Shape {
    Shape { name, text, statuses }
}

/// A route may take no chunks; what is in these is no message.
const CHUNKED: &[u16] = &[200, 201, 411];

/// What is cut off or contradicts itself.
const BAD: &[u16] = &[400, 411];

pub(crate) static SHAPES: &[Shape] = &[
    shape(
        "length, then chunks",
        CHUNKED,
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n1\r\n7\r\n0\r\n\r\n",
    ),
    shape(
        "chunks, then length",
        CHUNKED,
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\ncontent-length: 6\r\n\r\n1\r\n7\r\n0\r\n\r\n",
    ),
    shape(
        "chunks",
        CHUNKED,
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\n\r\n1\r\n7\r\n0\r\n\r\n",
    ),
    shape(
        "chunks in HTTP/1.0",
        &[400],
        "POST {path} HTTP/1.0\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    shape(
        "an encoding behind the chunks",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    ),
    shape(
        "an encoding that is none",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    shape(
        "two encodings",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    shape(
        "two lengths",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: 1\r\ncontent-length: 2\r\n\r\n7",
    ),
    shape("a list of lengths", &[400], "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: 1, 2\r\n\r\n7"),
    shape("a length with a sign", &[400], "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: +1\r\n\r\n7"),
    shape("a length below nothing", &[400], "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: -1\r\n\r\n7"),
    shape(
        "a length in other digits",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: 0x1\r\n\r\n7",
    ),
    shape(
        "a length beyond numbers",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: 18446744073709551617\r\n\r\n7",
    ),
    shape(
        "a folded line",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}x-folded: one\r\n two\r\ncontent-length: 1\r\n\r\n7",
    ),
    shape(
        "a space before the colon",
        &[400],
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length : 1\r\n\r\n7",
    ),
    shape("a zero in a value", &[400], "POST {path} HTTP/1.1\r\nhost: a\0b\r\n{headers}content-length: 1\r\n\r\n7"),
    shape(
        "a chunk size that is none",
        BAD,
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\n\r\nzz\r\n7\r\n0\r\n\r\n",
    ),
    shape(
        "a chunk size below nothing",
        BAD,
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\n\r\n-1\r\n7\r\n0\r\n\r\n",
    ),
    shape(
        "a chunk size beyond numbers",
        BAD,
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\n\r\n10000000000000001\r\n7\r\n0\r\n\r\n",
    ),
    shape(
        "a chunk longer than its size",
        BAD,
        "POST {path} HTTP/1.1\r\nhost: a\r\n{headers}transfer-encoding: chunked\r\n\r\n1\r\n77\r\n0\r\n\r\n",
    ),
    shape("no host", &[400], "POST {path} HTTP/1.1\r\n{headers}content-length: 1\r\n\r\n7"),
    shape("two hosts", &[400], "POST {path} HTTP/1.1\r\nhost: a\r\nhost: b\r\n{headers}content-length: 1\r\n\r\n7"),
    shape("a greeting of TLS", &[400], "\x16\x03\x01\x02\x00\x01\x00\x01\x7f\x03\x03"),
    shape("a greeting of HTTP/2", &[], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
];

/// Checks that a server says one of these statuses, once, to a request of this shape with another one behind it.
pub(crate) fn check(to: std::net::SocketAddr, shape: &Shape, path: &str, headers: &str, behind: &str) {
    let text = shape.text.replace("{path}", path).replace("{headers}", headers);
    let told = said(to, (text + behind).as_bytes());
    let text = String::from_utf8_lossy(&told);
    let statuses = text.match_indices("HTTP/1.1 ").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok());
    let statuses: Vec<u16> = statuses.collect();
    match statuses[..] {
        [] => assert!(shape.statuses.is_empty(), "{}: nothing was said", shape.name),
        [status] => assert!(shape.statuses.contains(&status), "{}: {status}", shape.name),
        _ => panic!("{}: {statuses:?}", shape.name),
    }
}

/// Everything that a server says to these bytes until it hangs up.
pub(crate) fn said(to: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = std::net::TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    // A server may have refused it before it was all there.
    let _ = stream.write_all(bytes);
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told);
    told
}

/// A connection whose other end the system keeps little for.
pub(crate) fn narrow(to: std::net::SocketAddr) -> std::net::TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}
