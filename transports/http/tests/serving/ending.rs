//! An end that loses nothing: what was begun is finished, whoever waits is answered, and who comes later finds nobody.

use super::common::{Server, client, hub, request, unlimited};
use super::entering::push;
use super::held::Held;
use super::limits::begin;
use super::raw::sync;
use draftkeep::DraftId;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Outcome, Push, Reply, Target, Transport};
use draftkeep_http::{Everybody, ListenerOptions, Served};
use futures_executor::block_on;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

#[test]
fn under_load_every_push_that_was_acknowledged_is_there_and_no_answer_is_half() {
    let the_hub = hub();
    let mut server = Server::open(the_hub.clone());
    let url = server.url();
    let (is_over, acknowledged) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut acked = Vec::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4_u8)
            .map(|writer| {
                let (url, is_over, acknowledged) = (&url, &is_over, &acknowledged);
                scope.spawn(move || {
                    let (transport, mut mine) = (client(url), Vec::new());
                    for number in 0_u32.. {
                        let mut id = [writer; 16];
                        id[..4].copy_from_slice(&number.to_be_bytes());
                        let revision = sample(DraftId::from_bytes(id), &[], &[7; 2_000]);
                        let of = revision.id();
                        let pushed =
                            Push { revision, base: None, contains: Vec::new(), target: Target::Main { expects: None } };
                        let answer = block_on(transport.send(request("alice", Ask::Push { pushes: vec![pushed] })));
                        match answer.map(|answer| answer.reply) {
                            Ok(Reply::Pushed(outcomes)) => {
                                assert!(matches!(outcomes[..], [Outcome::Accepted { .. }]));
                                mine.push((DraftId::from_bytes(id), of));
                                acknowledged.fetch_add(1, Ordering::SeqCst);
                            }
                            Ok(other) => panic!("{other:?}"),
                            // Nobody listens any more.
                            Err(_) if is_over.load(Ordering::SeqCst) => break,
                            Err(error) => panic!("before the end: {error:?}"),
                        }
                    }
                    mine
                })
            })
            .collect();
        while acknowledged.load(Ordering::SeqCst) < 200 {
            std::thread::sleep(Duration::from_millis(1));
        }
        is_over.store(true, Ordering::SeqCst);
        server.begin_to_stop();
        let began = Instant::now();
        assert_eq!(server.stop(), Served { cut_off: 0, is_complete: true });
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        acked = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    });
    assert!(acked.len() >= 200);
    for (draft, id) in acked {
        let found = block_on(the_hub.send(request("alice", Ask::Revisions { draft, ids: vec![id] }))).unwrap();
        assert!(matches!(found.reply, Reply::Revisions { revisions, .. } if revisions.len() == 1));
    }
}

#[test]
fn an_end_says_whether_what_was_begun_was_carried_out() {
    for is_slow in [false, true] {
        let held = Held::new();
        let options = ListenerOptions::new().ending(Duration::from_secs(if is_slow { 1 } else { 60 }));
        let server = Server::start(Arc::clone(&held), Everybody, unlimited(), options);
        let device = begin(server.address, &push("alice", 1));
        held.wait_until_entered(1);
        drop(device);
        let disk = Arc::clone(&held);
        let going_on = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(if is_slow { 4_000 } else { 100 }));
            disk.let_go();
        });
        assert_eq!(server.stop(), Served { cut_off: 0, is_complete: !is_slow });
        going_on.join().unwrap();
        assert_eq!(block_on(held.hub.send(request("alice", Ask::Hello))).unwrap().position.seq, 1);
    }
}

#[test]
fn whoever_waits_for_news_is_answered_at_once() {
    let server = Server::open(hub());
    let to = server.address;
    let began = Instant::now();
    let (told, ended) = std::thread::scope(|scope| {
        let waiting = scope
            .spawn(move || sync(to, "alice", "any", &request("alice", Ask::Wait { timeout: Duration::from_secs(50) })));
        while !super::raw::get(to, "/metrics", Some("any")).text().contains("draftkeep_http_waiting 1\n") {
            assert!(began.elapsed() < Duration::from_secs(15));
        }
        let ended = server.stop();
        (waiting.join().unwrap(), ended)
    });
    assert_eq!(told.status, 200);
    assert_eq!(ended, Served { cut_off: 0, is_complete: true });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(std::net::TcpStream::connect(to).is_err(), "nobody listens any more");
}
