//! Peers that are slow, silent or gone: every part of the way has its deadline, and the transport goes on afterwards.

use super::common::{Server, hub, request, token};
use super::stranger::{Stranger, answer};
use draftkeep::DraftId;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Push, Target, Transport, TransportError, TransportErrorKind};
use draftkeep_http::{Deadline, HttpOptions, HttpTransport, Token, TokenError};
use futures_executor::block_on;
use std::error::Error as _;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(300);

/// Long enough for a machine that does other things, too.
const BOUND: Duration = Duration::from_secs(25);

fn options() -> HttpOptions {
    HttpOptions::new().token(token())
}

fn late(error: &TransportError) -> Option<Deadline> {
    assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None }, "{error:?}");
    error.source().and_then(|source| source.downcast_ref::<Deadline>()).copied()
}

fn hello(transport: &HttpTransport) -> TransportError {
    let began = Instant::now();
    let error = block_on(transport.send(request("alice", Ask::Hello))).expect_err("nothing answers");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    error
}

fn sleep_long(_: &mut TcpStream) {
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_peer_that_says_nothing_is_not_waited_for() {
    let silent = Stranger::start(|_, stream| sleep_long(stream));
    let transport = HttpTransport::open(&silent.url(), options().deadline_to_answer(SHORT)).unwrap();
    assert_eq!(late(&hello(&transport)), Some(Deadline::Answer));
}

#[test]
fn a_peer_that_begins_and_says_no_more_is_not_waited_for() {
    let stuck = Stranger::start(|asked, stream| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n{}\r\nhalf", asked.marks());
        let _ = stream.write_all(head.as_bytes());
        sleep_long(stream);
    });
    let transport = HttpTransport::open(&stuck.url(), options().deadline_to_receive(SHORT)).unwrap();
    assert_eq!(late(&hello(&transport)), Some(Deadline::Receive));
}

#[test]
fn a_peer_that_drips_is_not_waited_for_ever() {
    let dripping = Stranger::start(|asked, stream| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n{}\r\n", asked.marks());
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    // Drips come far more often than the first, so that only the second is met.
    let options = options().deadline_to_receive(Duration::from_secs(3)).deadline_of_all(Duration::from_secs(5));
    let transport = HttpTransport::open(&dripping.url(), options).unwrap();
    assert_eq!(late(&hello(&transport)), Some(Deadline::Whole));
}

#[test]
fn a_peer_that_takes_nothing_is_not_waited_for() {
    // It accepts, and never reads.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let transport = HttpTransport::open(&url, options().deadline_to_send(SHORT)).unwrap();
    let revision = sample(DraftId::from_bytes([1; 16]), &[], &vec![7; 16 << 20]);
    let push = Push { revision, base: None, contains: Vec::new(), target: Target::Main { expects: None } };
    let error = block_on(transport.send(request("alice", Ask::Push { pushes: vec![push] }))).expect_err("nobody reads");
    assert_eq!(late(&error), Some(Deadline::Send));
}

#[test]
fn waiting_for_news_takes_as_long_as_it_says_and_no_longer() {
    let silent = Stranger::start(|_, stream| sleep_long(stream));
    let transport = HttpTransport::open(&silent.url(), options().deadline_to_answer(SHORT)).unwrap();
    let began = Instant::now();
    let wait = Ask::Wait { timeout: Duration::from_secs(1) };
    let error = block_on(transport.send(request("alice", wait))).expect_err("no news, and no answer");
    assert_eq!(late(&error), Some(Deadline::Answer));
    assert!((Duration::from_millis(1_200)..BOUND).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[test]
fn a_token_that_does_not_come_is_not_waited_for() {
    let nobody = Stranger::saying(|_| answer(200, "", ""));
    let options = HttpOptions::new().tokens(|_| std::future::pending::<Result<Token, TokenError>>());
    let transport = HttpTransport::open(&nobody.url(), options.deadline_of_token(SHORT)).unwrap();
    assert_eq!(late(&hello(&transport)), Some(Deadline::Token));
    assert_eq!(nobody.requests(), 0, "nothing was sent without it");
}

#[test]
fn after_all_that_the_transport_goes_on() {
    let server = Server::open(hub());
    let hub = server.address;
    // The first five connections are lost in as many ways; then it leads to the hub.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            match number {
                0 => drop(stream),
                1 => drop(std::thread::spawn(move || sleep_long(&mut stream))),
                2 => drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le")),
                3 => drop(stream.write_all(b"\0\0\0 nonsense \r\n\r\n")),
                4 => drop(stream.write_all(&vec![b'a'; 1 << 20])),
                _ => {
                    let mut there = TcpStream::connect(hub).unwrap();
                    let (mut back, mut on) = (stream.try_clone().unwrap(), there.try_clone().unwrap());
                    std::thread::spawn(move || std::io::copy(&mut stream, &mut on));
                    std::thread::spawn(move || std::io::copy(&mut there, &mut back));
                }
            }
        }
    });
    // The hub answers in this time, too.
    let transport = HttpTransport::open(&url, options().deadline_to_answer(Duration::from_secs(4))).unwrap();
    for number in 0..5 {
        let error = hello(&transport);
        assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None }, "{number}: {error:?}");
    }
    block_on(transport.send(request("alice", Ask::Hello))).expect("the hub");
}

#[test]
fn a_future_that_is_dropped_at_any_moment_leaves_the_transport_usable() {
    let server = Server::open(hub());
    let transport = HttpTransport::open(&server.url(), options()).unwrap();
    for pause in [0, 0, 1, 2, 3, 5, 8, 13, 21, 34] {
        for ask in [Ask::Hello, Ask::Wait { timeout: Duration::from_secs(30) }, Ask::Pull { after: 0, limit: 10 }] {
            let mut sending = pin!(transport.send(request("alice", ask)));
            if pause > 0 {
                // On a busy machine the answer may be there at once, and what is done must not be asked again.
                if sending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    continue;
                }
                std::thread::sleep(Duration::from_millis(pause));
            }
            let _ = sending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        block_on(transport.send(request("alice", Ask::Hello))).expect("it goes on");
    }
}
