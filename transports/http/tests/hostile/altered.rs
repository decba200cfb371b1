//! Answers of a real hub that are cut, altered, swapped or repeated on their way: a device gets the hub's answer to this very
//! request, or an error.

use super::common::{CLIENTS, Server, client, hub, request};
use super::stranger::{Asked, Stranger, answer};
use draftkeep::transport::{
    Answer, Ask, MESSAGE_MAX, Push, Target, Transport, TransportErrorKind, conformance::sample,
};
use draftkeep::{DraftId, transport::Request};
use futures_executor::block_on;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the real hub answers to the same request, as bytes.
fn fetch(server: std::net::SocketAddr, asked: &Asked) -> Vec<u8> {
    let mut stream = TcpStream::connect(server).unwrap();
    let head = format!("{}\r\nconnection: close\r\n\r\n", asked.head);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&asked.body).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn asks() -> Vec<Request> {
    let draft = DraftId::from_bytes([1; 16]);
    let revision = sample(draft, &[], b"words that must not be lost");
    let id = revision.id();
    let target = Target::Main { expects: None };
    let push = Push { revision, base: None, contains: Vec::new(), target };
    vec![
        request("alice", Ask::Push { pushes: vec![push] }),
        request("alice", Ask::Pull { after: 0, limit: 10 }),
        request("alice", Ask::Revisions { draft, ids: vec![id] }),
    ]
}

#[test]
fn an_answer_that_is_cut_anywhere_is_no_answer() {
    let server = Server::open(hub());
    let address = server.address;
    for (client, asked) in CLIENTS.into_iter().flat_map(|client| asks().into_iter().map(move |asked| (client, asked))) {
        let direct = client(&server.url());
        let truth = block_on(direct.send(asked.clone())).unwrap();
        let (cut, seen) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let (cutting, seeing) = (Arc::clone(&cut), Arc::clone(&seen));
        let stranger = Stranger::start(move |asked, stream| {
            let bytes = fetch(address, &asked);
            *seeing.lock().unwrap() = bytes.len();
            let _ = stream.write_all(&bytes[..(*cutting.lock().unwrap()).min(bytes.len())]);
        });
        let transport = client(&stranger.url());
        let mut at = 0;
        loop {
            *cut.lock().unwrap() = at;
            let answer = block_on(transport.send(asked.clone()));
            let length = *seen.lock().unwrap();
            if at < length {
                let error = answer.expect_err("a part is no answer");
                assert!(matches!(error.kind(), TransportErrorKind::Unreachable { .. }), "cut at {at}: {error:?}");
            } else {
                assert_eq!(answer.unwrap().reply, truth.reply, "all of it is one");
                break;
            }
            at += 1;
        }
        assert!(at > 300, "{at} places were tried");
    }
}

#[test]
fn an_answer_that_is_altered_anywhere_is_the_truth_or_no_answer() {
    let server = Server::open(hub());
    let address = server.address;
    let mut refused = 0;
    for (client, asked) in CLIENTS.into_iter().flat_map(|client| asks().into_iter().map(move |asked| (client, asked))) {
        let direct = client(&server.url());
        let truth: Answer = block_on(direct.send(asked.clone())).unwrap();
        let (place, seen) = (Arc::new(Mutex::new((0, 0_u8))), Arc::new(Mutex::new(0)));
        let (placing, seeing) = (Arc::clone(&place), Arc::clone(&seen));
        let stranger = Stranger::start(move |asked, stream| {
            let mut bytes = fetch(address, &asked);
            *seeing.lock().unwrap() = bytes.len();
            let (at, bit) = *placing.lock().unwrap();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            let _ = stream.write_all(&bytes);
        });
        let transport = client(&stranger.url());
        let mut at = 0;
        while at == 0 || at < *seen.lock().unwrap() {
            *place.lock().unwrap() = (at, u8::try_from(at % 8).unwrap());
            match block_on(transport.send(asked.clone())) {
                // A bit of a header that means nothing to the device.
                Ok(answer) => assert_eq!(answer, truth, "altered at {at}"),
                Err(_) => refused += 1,
            }
            at += 1;
        }
    }
    assert!(refused > 1_500, "{refused}");
}

#[test]
fn the_answer_to_another_request_is_no_answer_to_this_one() {
    let server = Server::open(hub());
    let address = server.address;
    for client in CLIENTS {
        let first: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
        let stranger = Stranger::start(move |asked, stream| {
            let mut first = first.lock().unwrap();
            let bytes = first.get_or_insert_with(|| fetch(address, &asked));
            // What a cache does that remembers too much, with the name of the new request put in.
            let nonce = asked.header("draftkeep-request").unwrap();
            let text = String::from_utf8_lossy(bytes);
            let old = text.lines().find_map(|line| line.strip_prefix("draftkeep-request: ")).unwrap().to_owned();
            let at = bytes.windows(32).position(|part| part == old.as_bytes()).unwrap();
            let mut bytes = bytes.clone();
            bytes[at..at + 32].copy_from_slice(nonce.as_bytes());
            let _ = stream.write_all(&bytes);
        });
        let transport = client(&stranger.url());
        let hello = request("alice", Ask::Hello);
        block_on(transport.send(hello.clone())).expect("the hub's own answer");
        let error = block_on(transport.send(hello)).expect_err("the same bytes once more");
        assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None });
        let error = block_on(transport.send(request("bob", Ask::Hello))).expect_err("the answer of another space");
        assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None });
    }
}

/// What is listed of earlier states is believed as messages are.
#[test]
fn a_list_that_is_cut_altered_or_another_one_is_none() {
    let server = Server::counting(hub());
    let address = server.address;
    for asked in asks() {
        block_on(client(&server.url()).send(asked)).unwrap();
    }
    let draft = DraftId::from_bytes([1; 16]);
    let truth = block_on(client(&server.url()).mains("alice", draft)).unwrap();
    assert_eq!(truth.len(), 1);
    let (place, seen) = (Arc::new(Mutex::new((0, None))), Arc::new(Mutex::new(0)));
    let (placing, seeing) = (Arc::clone(&place), Arc::clone(&seen));
    let stranger = Stranger::start(move |asked, stream| {
        let mut bytes = fetch(address, &asked);
        *seeing.lock().unwrap() = bytes.len();
        let (at, bit): (usize, Option<u8>) = *placing.lock().unwrap();
        match (bit, bytes.get_mut(at)) {
            (Some(bit), Some(byte)) => *byte ^= 1 << bit,
            _ => bytes.truncate(at),
        }
        let _ = stream.write_all(&bytes);
    });
    let transport = client(&stranger.url());
    let (mut at, mut refused) = (0, 0);
    while at == 0 || at < *seen.lock().unwrap() {
        for bit in [None, Some(u8::try_from(at % 8).unwrap())] {
            *place.lock().unwrap() = (at, bit);
            match block_on(transport.mains("alice", draft)) {
                Ok(mains) => assert!(bit.is_some() && mains == truth, "{bit:?} at {at}"),
                Err(_) => refused += 1,
            }
        }
        at += 1;
    }
    assert!(refused > 500, "{refused}");
    // Of another draft, by a cache that looks at nothing but the name of the route.
    let other = DraftId::from_bytes([2; 16]);
    let swapped = Stranger::start(move |mut asked, stream| {
        asked.head = asked.head.replace(&other.to_string(), &draft.to_string());
        let _ = stream.write_all(&fetch(address, &asked));
    });
    let error = block_on(client(&swapped.url()).mains("alice", other)).expect_err("it is about another draft");
    assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None });
}

#[test]
fn an_answer_without_end_is_not_taken_into_memory() {
    let announced = Stranger::start(|asked, stream| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{}\r\n", MESSAGE_MAX + 1, asked.marks());
        let _ = stream.write_all(head.as_bytes());
        // It sends nothing of it, and does not hang up either.
        std::thread::sleep(Duration::from_secs(20));
    });
    let began = Instant::now();
    let error = block_on(client(&announced.url()).send(request("alice", Ask::Hello))).expect_err("too long");
    assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None });
    assert!(began.elapsed() < Duration::from_secs(10), "nothing is waited for that is too long anyway");

    let taken = Arc::new(AtomicUsize::new(0));
    let taking = Arc::clone(&taken);
    let endless = Stranger::start(move |asked, stream| {
        let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n{}\r\n", asked.marks());
        let _ = stream.write_all(head.as_bytes());
        let chunk = [b"10000\r\n".as_slice(), &vec![7; 0x10000], b"\r\n"].concat();
        while taking.load(Ordering::SeqCst) < 4 * MESSAGE_MAX && stream.write_all(&chunk).is_ok() {
            taking.fetch_add(0x10000, Ordering::SeqCst);
        }
    });
    let transport = client(&endless.url());
    let error = block_on(transport.send(request("alice", Ask::Hello))).expect_err("too long");
    assert_eq!(*error.kind(), TransportErrorKind::Unreachable { retry_after: None });
    // Some more is on its way, in the buffers of both sides.
    assert!(taken.load(Ordering::SeqCst) < 2 * MESSAGE_MAX, "the client hangs up: {taken:?}");

    // A bomb: the client never asked for a compressed answer, and takes none apart.
    let bomb = Stranger::saying(|asked| answer(200, &format!("content-encoding: gzip\r\n{}", asked.marks()), "bomb"));
    assert!(block_on(client(&bomb.url()).send(request("alice", Ask::Hello))).is_err());
}
