//! The network keeps the contract of transports, and each of its faults is what it says.
#![cfg(feature = "redb")]

use draftkeep::clock::{Clock, ManualClock, SeededEntropy, SystemClock};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::transport::{
    Answer, Ask, Outcome, Push, Reply, Request, Standing, Target, Transport, TransportError, TransportErrorKind,
    conformance,
};
use draftkeep::{DraftId, HubId, TraceId};
use draftkeep_memory::{Fault, Faults, Network};
use futures_executor::block_on;
use futures_util::FutureExt;
use std::sync::Arc;

fn hub() -> Arc<Hub> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)));
    Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options).expect("memory"))
}

fn request(ask: Ask) -> Request {
    Request { space: "alice".to_owned(), device: None, trace: TraceId::from_bytes([1; 16]), hub: None, seen: None, ask }
}

/// A push of a draft's first main.
fn push(number: u8) -> Ask {
    let revision = conformance::sample(DraftId::from_bytes([number; 16]), &[], b"text");
    Ask::Push {
        pushes: vec![Push { revision, base: None, contains: Vec::new(), target: Target::Main { expects: None } }],
    }
}

/// How much the hub has accepted.
fn accepted(hub: &Hub) -> u64 {
    block_on(hub.send(request(Ask::Hello))).expect("it is there").position.seq
}

fn only(fault: Fault) -> Faults {
    Faults::none().with(fault, 1_000)
}

fn sent(network: &Network, ask: Ask) -> Result<Answer, TransportError> {
    block_on(network.send(request(ask)))
}

#[test]
fn without_faults_it_is_a_transport_like_any_other() {
    let report = block_on(conformance::run(&SystemClock, &mut || {
        let options = HubOptions::with_runtime(Arc::new(SystemClock), Arc::new(SeededEntropy::new(2)));
        let hub = Hub::open(Arc::new(MemoryStorage::new()), options).expect("memory");
        let network: Arc<dyn Transport> = Arc::new(Network::new(Arc::new(hub), Arc::new(SystemClock), 1));
        Box::pin(async move { Ok(network) })
    }));
    report.assert();
}

/// Goal: each fault does what its name says to the hub, and the device is told nothing that is not so.
#[test]
fn each_fault_is_an_error_and_the_hub_did_what_the_fault_says() {
    let reached = [Fault::LostAnswer, Fault::CutAnswer, Fault::AlteredAnswer];
    let not_reached = [
        Fault::LostRequest,
        Fault::Late,
        Fault::CutRequest,
        Fault::AlteredRequest,
        Fault::Portal,
        Fault::Busy,
        Fault::Unauthorized,
        Fault::Forbidden,
        Fault::TooLarge,
        Fault::Upgrade,
        Fault::Redirected,
    ];
    let each = reached.map(|fault| (fault, 1)).into_iter().chain(not_reached.map(|fault| (fault, 0)));
    for (fault, expected) in each {
        for seed in 0..50 {
            let hub = hub();
            let network = Network::new(hub.clone(), Arc::new(ManualClock::new()), seed);
            network.set_faults(only(fault));
            assert!(sent(&network, push(1)).is_err(), "{fault}");
            assert_eq!(accepted(&hub), expected, "{fault}");
            // A late request counts once it has arrived.
            assert_eq!(network.diary().count(fault), u64::from(fault != Fault::Late), "{fault}");
            block_on(network.deliver());
            assert_eq!(network.diary().count(fault), 1, "{fault}");
            assert_eq!(accepted(&hub), if fault == Fault::Late { 1 } else { expected }, "{fault}");
        }
    }
}

#[test]
fn what_the_device_is_told_is_what_it_would_be_told_on_a_real_way() {
    type IsTold = fn(&TransportErrorKind) -> bool;
    let table: [(Fault, IsTold); 8] = [
        (Fault::LostRequest, |kind| matches!(kind, TransportErrorKind::Unreachable { retry_after: None })),
        (Fault::Busy, |kind| matches!(kind, TransportErrorKind::Unreachable { retry_after: Some(_) })),
        (Fault::Portal, |kind| matches!(kind, TransportErrorKind::NotAHub { .. })),
        (Fault::Unauthorized, |kind| *kind == TransportErrorKind::Unauthorized),
        (Fault::Forbidden, |kind| *kind == TransportErrorKind::Forbidden),
        (Fault::TooLarge, |kind| *kind == TransportErrorKind::TooLarge),
        (Fault::Upgrade, |kind| matches!(kind, TransportErrorKind::Upgrade { .. })),
        (Fault::Redirected, |kind| *kind == TransportErrorKind::Redirected),
    ];
    for (fault, is_told) in table {
        let network = Network::new(hub(), Arc::new(ManualClock::new()), 1);
        network.set_faults(only(fault));
        let error = sent(&network, Ask::Hello).expect_err("it is a fault");
        assert!(is_told(error.kind()), "{fault}: {error}");
    }
    let network = Network::new(hub(), Arc::new(ManualClock::new()), 1);
    network.set_online(false);
    assert!(sent(&network, Ask::Hello).is_err());
    assert_eq!(network.diary().count(Fault::Offline), 1);
}

#[test]
fn a_request_that_arrives_twice_is_carried_out_once() {
    let hub = hub();
    let network = Network::new(hub.clone(), Arc::new(ManualClock::new()), 1);
    network.set_faults(only(Fault::Twice));
    let answer = sent(&network, push(1)).expect("one of two answers");
    assert!(matches!(&answer.reply, Reply::Pushed(all) if all[0] == Outcome::Accepted { standing: Standing::Main }));
    assert_eq!((accepted(&hub), network.diary().count(Fault::Twice)), (1, 1));
}

#[test]
fn a_delayed_request_waits_for_the_clock_and_is_overtaken_by_one_that_does_not() {
    let clock = ManualClock::new();
    let network = Network::new(hub(), Arc::new(clock.clone()), 1);
    network.set_faults(only(Fault::Delayed));
    let mut slow = network.send(request(Ask::Hello));
    assert!((&mut slow).now_or_never().is_none());
    network.set_faults(Faults::none());
    assert!(sent(&network, Ask::Hello).is_ok());
    clock.advance(clock.next_wake().expect("it waits").saturating_sub(clock.elapsed()));
    assert!(block_on(slow).is_ok());
    assert_eq!((network.diary().count(Fault::Delayed), network.diary().count(Fault::Overtaken)), (1, 1));
}

#[test]
fn a_request_whose_future_was_dropped_may_arrive_later() {
    let hub = hub();
    let network = Network::new(hub.clone(), Arc::new(ManualClock::new()), 1);
    network.set_faults(only(Fault::Stray));
    assert!(network.send(request(push(1))).now_or_never().is_none());
    assert_eq!(accepted(&hub), 0);
    block_on(network.deliver());
    assert_eq!((accepted(&hub), network.diary().count(Fault::Stray)), (1, 1));

    network.set_faults(Faults::none());
    assert!(network.send(request(push(2))).now_or_never().is_none());
    block_on(network.deliver());
    assert_eq!(accepted(&hub), 1);
}

#[test]
fn the_same_calls_have_the_same_fate_in_every_run() {
    let run = |seed| {
        let network = Network::new(hub(), Arc::new(ManualClock::new()), seed);
        network.set_faults(Faults::each(60).with(Fault::Delayed, 0));
        for number in 0..200 {
            drop(sent(&network, push(number)));
        }
        network.diary().passages().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

/// A hub of another id is another hub, whatever the way to it.
#[test]
fn an_answer_is_the_hubs_own() {
    let hub = hub();
    let network = Network::new(hub.clone(), Arc::new(ManualClock::new()), 1);
    let answer = sent(&network, Ask::Hello).expect("nothing goes wrong");
    assert_eq!(answer.hub, hub.id());
    assert_ne!(answer.hub, HubId::from_bytes([0; 16]));
}
