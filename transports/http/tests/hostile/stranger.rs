//! Something that listens where a hub should be.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A request as it came out of a socket.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) number: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// The headers that mark an answer to this request as a hub's.
    pub(crate) fn marks(&self) -> String {
        let nonce = self.header("draftkeep-request").expect("every request names itself");
        format!("draftkeep-protocol: 1\r\ndraftkeep-request: {nonce}\r\n")
    }
}

/// Listens until the process ends. Each request is handed to `act`, with its connection; after that the connection is closed.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Stranger {
    pub(crate) fn start(act: impl Fn(Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, act) = (Arc::new(AtomicUsize::new(0)), Arc::new(act));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, act, counted) = (stream.unwrap(), Arc::clone(&act), Arc::clone(&counted));
                thread::spawn(move || {
                    if let Some((head, body)) = read_request(&mut stream) {
                        let number = counted.fetch_add(1, Ordering::SeqCst);
                        act(Asked { number, head, body }, &mut stream);
                    }
                });
            }
        });
        Self { address, requests }
    }

    /// Answers every request with these bytes.
    pub(crate) fn saying(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::start(move |asked, stream| {
            let _ = stream.write_all(answer(&asked).as_bytes());
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// An answer without marks.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
}

fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let mut body = bytes.split_off(end + 4);
            while body.len() < length.unwrap_or(0) {
                let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
                body.extend_from_slice(&chunk[..count]);
            }
            return Some((head, body));
        }
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}
