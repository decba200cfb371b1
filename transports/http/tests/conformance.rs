//! The client and the server keep the contract of every transport, over real sockets: the library's own test kit says so, with a
//! fresh hub and a fresh server for each check.

mod common;

use common::{Server, client, hub, json_client, token, unlimited};
use draftkeep::clock::SystemClock;
use draftkeep::transport::conformance::{self, Outcome, Report};
use draftkeep::transport::{Answer, Request, Transport, TransportError};
use draftkeep_http::{Everybody, HttpOptions, HttpTransport, ListenerOptions, Tls};
use futures_core::future::BoxFuture;
use std::sync::Arc;

/// A client and the server that it talks to, until both are dropped.
#[derive(Debug)]
struct Pair {
    client: HttpTransport,
    _server: Kept,
}

struct Kept(#[expect(dead_code, reason = "it serves until it is dropped")] Server);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

impl Transport for Pair {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        self.client.send(request)
    }
}

fn report(pair: impl Fn() -> (HttpTransport, Server)) -> Report {
    futures_executor::block_on(conformance::run(&SystemClock, &mut || {
        let (client, server) = pair();
        Box::pin(async move { Ok(Arc::new(Pair { client, _server: Kept(server) }) as Arc<dyn Transport>) })
    }))
}

fn assert_complete(report: &Report) {
    report.assert();
    assert!(report.checks().iter().all(|check| check.outcome == Outcome::Passed), "{report}");
    assert!(report.checks().len() >= 40, "{}\n{report}", report.checks().len());
}

#[test]
fn over_plain_sockets() {
    assert_complete(&report(|| {
        let server = Server::open(hub());
        (client(&server.url()), server)
    }));
}

#[test]
fn as_json() {
    assert_complete(&report(|| {
        let server = Server::open(hub());
        (json_client(&server.url()), server)
    }));
}

#[test]
fn over_encrypted_sockets() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    assert_complete(&report(|| {
        let tls = Tls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        let server = Server::start(hub(), Everybody, unlimited(), ListenerOptions::new().tls(tls));
        let url = format!("https://localhost:{}", server.address.port());
        let options = HttpOptions::new().token(token()).roots(certificate.as_bytes());
        (HttpTransport::open(&url, options).unwrap(), server)
    }));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Tls::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
    let server = Server::start(hub(), Everybody, unlimited(), ListenerOptions::new().tls(tls));
    let url = format!("https://localhost:{}", server.address.port());
    let options = HttpOptions::new().token(token()).roots(other.cert.pem());
    let transport = HttpTransport::open(&url, options).unwrap();
    let error = futures_executor::block_on(transport.send(common::request("alice", draftkeep::transport::Ask::Hello)));
    let error = error.expect_err("a stranger");
    assert_eq!(*error.kind(), draftkeep::transport::TransportErrorKind::Unreachable { retry_after: None });
    assert!(std::error::Error::source(&error).is_some(), "and why: {error:?}");
    // Whoever looks at the device alone learns it, too.
    let space = draftkeep::Store::in_memory(draftkeep::Options::new()).unwrap().space("alice").unwrap();
    let syncer = draftkeep::sync::Syncer::new(&space, transport);
    let error = futures_executor::block_on(syncer.once()).expect_err("a stranger");
    let cause = syncer.status().unwrap().last_cause.expect("why");
    assert!(cause.contains("certificate"), "{cause}");
    let mut causes = std::iter::successors(std::error::Error::source(&error), |error| (*error).source());
    assert!(causes.any(|error| error.to_string().contains("certificate")), "{error:?}");
}
