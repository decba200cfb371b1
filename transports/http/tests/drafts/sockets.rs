//! Goal: whoever is slow, half open or writes heads in strange shapes holds up nobody and changes nothing. Method: the API behind the
//! crate's own listener, and bytes by hand.

use crate::common::{SHAPES, check, narrow, said};
use crate::world::{NOTE, api, options};
use draftkeep::{Store, Value};
use draftkeep_http::{Listener, ListenerOptions, Served};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The API behind a listener, in a runtime of its own.
struct Server {
    store: Store,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Served>,
}

impl Server {
    fn start(options: ListenerOptions) -> Self {
        let store = Store::in_memory(self::options()).unwrap();
        let router = axum::Router::new().nest("/api", api(store.clone()).body_bytes(16 << 20).router());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(Listener::bind("127.0.0.1:0", options)).unwrap();
        let (address, (stop, stopped)) = (listener.address(), oneshot::channel::<()>());
        let serving = std::thread::spawn(move || {
            runtime.block_on(listener.serve_router(router, async {
                // A sender that is gone stops it, too.
                let _ = stopped.await;
            }))
        });
        Self { store, address, stop, serving }
    }

    fn slot(&self, slot: &str) -> Option<Value> {
        let draft = self.store.space("alice").unwrap().drafts(NOTE).unwrap().slot(slot).resume().unwrap()?;
        Some(draft.load().unwrap())
    }

    fn stop(self) -> Served {
        drop(self.stop);
        self.serving.join().unwrap()
    }
}

const HEADERS: &str = "authorization: Bearer token-of-alice\r\ncontent-type: application/json\r\n";

fn post(slot: &str, length: usize) -> String {
    format!(
        "POST /api/slots/note/{slot} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{HEADERS}content-length: {length}\r\n\r\n"
    )
}

#[test]
fn what_two_readers_could_understand_differently_is_the_last_of_its_connection() {
    let server = Server::start(ListenerOptions::new());
    let behind = post("behind", 1) + "1";
    for shape in SHAPES {
        check(server.address, shape, "/api/slots/note/shape", HEADERS, &behind);
    }
    assert_eq!(server.slot("behind"), None, "nothing behind it was taken for a request");
    assert_eq!(server.slot("shape"), Some(Value::from(7)), "chunks are a body like any other");
    assert!(said(server.address, behind.as_bytes()).starts_with(b"HTTP/1.1 201 "));
    assert_eq!(server.stop(), Served { cut_off: 0, is_complete: true });
}

#[test]
fn heads_and_answers_that_nothing_becomes_of_end_their_connections() {
    let options = ListenerOptions::new().head(Duration::from_secs(1)).stuck(Duration::from_secs(1));
    let server = Server::start(options);
    let long = format!("\"{}\"", "a".repeat(12 << 20));
    let told = said(server.address, (post("long", long.len()) + &long).as_bytes());
    assert!(told.starts_with(b"HTTP/1.1 201 "), "{}", String::from_utf8_lossy(&told[..told.len().min(300)]));

    let mut silent = TcpStream::connect(server.address).unwrap();
    let mut dripping = TcpStream::connect(server.address).unwrap();
    dripping.write_all(b"POST /api/slots/note/drip HTTP/1.1\r\nhost: a\r\nx: ").unwrap();
    let began = Instant::now();
    while dripping.write_all(b"a").is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20), "a head that drips is waited for");
        std::thread::sleep(Duration::from_millis(50));
    }
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert!(!silent.read_to_end(&mut Vec::new()).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    let ask = format!("GET /api/slots/note/long HTTP/1.1\r\nhost: a\r\n{HEADERS}\r\n");
    // Long enough for the answer to be made and given up, also where that takes long; then the rest of it is not there any more.
    let is_given_up = [3, 9, 27].into_iter().any(|pause| {
        let mut reading_nothing = narrow(server.address);
        reading_nothing.write_all(ask.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_secs(pause));
        let mut rest = Vec::new();
        reading_nothing.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _cut_off_or_reset = reading_nothing.read_to_end(&mut rest);
        rest.len() < long.len()
    });
    assert!(is_given_up, "an answer that nobody read was kept");
    assert!(said(server.address, (post("after", 1) + "1").as_bytes()).starts_with(b"HTTP/1.1 201 "));
    assert_eq!(server.stop().cut_off, 0, "none of them is left");
}

#[test]
fn an_end_lets_a_save_finish() {
    let server = Server::start(ListenerOptions::new());
    let mut saving = TcpStream::connect(server.address).unwrap();
    saving.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // The answer to what it expects comes once the request has been begun.
    let head = post("a", 2).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    saving.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    saving.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&go_on));
    saving.write_all(b"4").unwrap();
    let store = server.store.clone();
    let ending = std::thread::spawn(move || server.stop());
    std::thread::sleep(Duration::from_millis(300));
    saving.write_all(b"2").unwrap();
    let mut told = Vec::new();
    saving.read_to_end(&mut told).unwrap();
    assert!(told.starts_with(b"HTTP/1.1 201 "), "{}", String::from_utf8_lossy(&told));
    assert_eq!(ending.join().unwrap(), Served { cut_off: 0, is_complete: true });
    let draft = store.space("alice").unwrap().drafts(NOTE).unwrap().slot("a").resume().unwrap().unwrap();
    assert_eq!(draft.load().unwrap(), Value::from(42));
}
