//! Who is let in: tokens that are good, and all others.

use super::common::{Server, hub, request, unlimited};
use super::raw::{ask, get, headers, sync};
use draftkeep::clock::{Clock, ManualClock, Timestamp};
use draftkeep::transport::{Ask, Push, Target, conformance::sample};
use draftkeep::{DraftId, transport::Request};
use draftkeep_http::{Authenticate, Denied, ListenerOptions, Rights, Spaces, TokenFile, TokenFileError, TokenWish};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn these(name: &str) -> Spaces {
    Spaces::These([name.to_owned()].into())
}

pub(crate) fn push(space: &str, draft: u8) -> Request {
    let revision = sample(DraftId::from_bytes([draft; 16]), &[], b"words");
    let push = Push { revision, base: None, contains: Vec::new(), target: Target::Main { expects: None } };
    request(space, Ask::Push { pushes: vec![push] })
}

struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        Self { path, _folder: folder }
    }

    fn issue(&self, wish: &TokenWish) -> (String, String) {
        let issued = TokenFile::issue(&self.path, wish).unwrap();
        (issued.token, issued.info.id)
    }
}

fn serve(file: TokenFile) -> Server {
    Server::start(hub(), file, unlimited(), ListenerOptions::new())
}

#[test]
fn a_token_is_good_for_its_space_and_its_rights() {
    let desk = Desk::new();
    let (writer, _) = desk.issue(&TokenWish::new("writer", these("alice")));
    let (reader, _) = desk.issue(&TokenWish::new("reader", these("alice")).rights(Rights::Read));
    let (all, _) = desk.issue(&TokenWish::new("all", Spaces::All));
    let server = serve(TokenFile::open(&desk.path).unwrap());
    let to = server.address;
    for (token, space, ask, status) in [
        (&writer, "alice", push("alice", 1), 200),
        (&writer, "bob", push("bob", 1), 403),
        (&writer, "alice", request("alice", Ask::Hello), 200),
        (&reader, "alice", push("alice", 2), 403),
        (&reader, "alice", request("alice", Ask::Pull { after: 0, limit: 5 }), 200),
        (&reader, "alice", request("alice", Ask::Wait { timeout: Duration::ZERO }), 200),
        (&all, "bob", push("bob", 3), 200),
    ] {
        let told = sync(to, space, token, &ask);
        assert_eq!(told.status, status, "{space} {ask:?}: {}", told.text());
        if status == 403 {
            told.problem();
        }
    }
    let pulled = sync(to, "alice", &reader, &request("alice", Ask::Pull { after: 0, limit: 5 }));
    let answer = draftkeep::transport::Answer::from_bytes(&pulled.body).unwrap();
    assert_eq!(answer.position.seq, 1, "what was refused changed nothing");
}

#[test]
fn whatever_is_no_good_token_is_refused_alike() {
    let desk = Desk::new();
    let (token, _) = desk.issue(&TokenWish::new("writer", these("alice")));
    let server = serve(TokenFile::open(&desk.path).unwrap());
    let hello = request("alice", Ask::Hello).to_bytes().unwrap();
    let rest = headers("x", hello.len()).split_once("\r\n").unwrap().1.to_owned();
    let long = "x".repeat(5_000);
    let mut other = token.clone();
    other.replace_range(token.len() - 1.., if token.ends_with('0') { "1" } else { "0" });
    for authorization in [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(token.clone()),
        Some(format!("Basic {token}")),
        Some(format!("Bearer {token} {token}")),
        Some(format!("Bearer {other}")),
        Some(format!("Bearer {}", token.to_uppercase())),
        Some(format!("Bearer {}", &token[..token.len() - 1])),
        Some(format!("Bearer {token}0")),
        Some("Bearer dk_0011223344556677_00".to_owned()),
        Some(format!("Bearer {long}")),
    ] {
        let line = authorization.as_ref().map(|value| format!("authorization: {value}\r\n")).unwrap_or_default();
        let told = ask(server.address, "POST", "/v1/spaces/alice/sync", &format!("{line}{rest}"), &hello);
        assert_eq!(told.status, 401, "{authorization:?}: {}", told.text());
        assert_eq!(told.header("www-authenticate"), Some("Bearer"));
        assert!(told.problem()["detail"].as_str().unwrap().contains("token"));
    }
    let twice = format!("authorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n{rest}");
    assert_eq!(ask(server.address, "POST", "/v1/spaces/alice/sync", &twice, &hello).status, 400);
    let good = format!("authorization: bEARER  {token}\r\n{rest}");
    assert_eq!(ask(server.address, "POST", "/v1/spaces/alice/sync", &good, &hello).status, 200, "as RFC 7235 has it");
}

#[test]
fn a_token_in_an_address_is_refused_even_where_it_is_good() {
    let desk = Desk::new();
    let (token, _) = desk.issue(&TokenWish::new("writer", these("alice")));
    let server = serve(TokenFile::open(&desk.path).unwrap());
    for path in ["/v1/spaces/alice/status", "/v1/spaces/alice/events", "/metrics"] {
        for query in ["access_token", "token"] {
            let told = get(server.address, &format!("{path}?{query}={token}"), Some(&token));
            assert_eq!(told.status, 400, "{path}");
            assert!(told.problem()["detail"].as_str().unwrap().contains("authorization"));
        }
    }
}

#[test]
fn a_token_runs_out_and_is_revoked_within_a_minute() {
    let desk = Desk::new();
    let clock = ManualClock::new();
    let expires = Timestamp::from_millis(clock.now().as_millis() + 1_000);
    let (short, _) = desk.issue(&TokenWish::new("short", these("alice")).expires(expires));
    let (long, id) = desk.issue(&TokenWish::new("long", these("alice")));
    let server = serve(TokenFile::with_clock(&desk.path, Arc::new(clock.clone())).unwrap());
    let status = |token: &str| get(server.address, "/v1/spaces/alice/status", Some(token)).status;
    assert_eq!((status(&short), status(&long)), (200, 200));
    clock.advance(Duration::from_secs(1));
    assert_eq!((status(&short), status(&long)), (401, 200));
    let revoked = TokenFile::revoke(&desk.path, &id).unwrap();
    assert!(revoked.revoked.is_some());
    clock.advance(Duration::from_secs(2));
    assert_eq!(status(&long), 401);
    assert_eq!(TokenFile::revoke(&desk.path, &id).unwrap(), revoked, "once more changes nothing");
    assert!(matches!(TokenFile::revoke(&desk.path, "0000000000000000"), Err(TokenFileError::NoSuchToken)));
    let listed = TokenFile::list(&desk.path).unwrap();
    assert_eq!(listed.len(), 2, "a revoked one stays in the list");
}

#[test]
fn a_file_that_cannot_be_read_lets_nobody_in_for_longer_than_a_minute() {
    let desk = Desk::new();
    let clock = ManualClock::new();
    let (token, _) = desk.issue(&TokenWish::new("writer", these("alice")));
    let server = serve(TokenFile::with_clock(&desk.path, Arc::new(clock.clone())).unwrap());
    let status = || get(server.address, "/v1/spaces/alice/status", Some(&token));
    let good = fs::read(&desk.path).unwrap();
    let half = &good[..good.len() / 2];
    let misspelt = String::from_utf8(good.clone()).unwrap().replace("\"rights\":\"write\"", "\"right\":\"read\"");
    let twice = [&good[..], &good[..]].concat();
    for bad in [half, misspelt.as_bytes(), &twice, b"\xff\xfe"] {
        fs::write(&desk.path, bad).unwrap();
        clock.advance(Duration::from_secs(30));
        assert_eq!(status().status, 200, "as it was");
        clock.advance(Duration::from_secs(31));
        let told = status();
        assert_eq!((told.status, told.header("retry-after")), (503, Some("5")), "the token may be good: try again");
        told.problem();
        assert!(
            TokenFile::issue(&desk.path, &TokenWish::new("other", Spaces::All)).is_err(),
            "nothing is written over it"
        );
        assert_eq!(fs::read(&desk.path).unwrap(), bad);
        fs::write(&desk.path, &good).unwrap();
        clock.advance(Duration::from_secs(3));
        assert_eq!(status().status, 200);
    }
    fs::remove_file(&desk.path).unwrap();
    clock.advance(Duration::from_secs(61));
    assert_eq!(status().status, 503);
}

#[test]
fn a_file_holds_hashes_and_never_a_token() {
    let desk = Desk::new();
    let (token, id) = desk.issue(&TokenWish::new("writer", these("alice")));
    let text = fs::read_to_string(&desk.path).unwrap();
    let secret = token.rsplit('_').next().unwrap();
    assert!(text.contains(&id) && !text.contains(secret), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&desk.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let shown = format!("{:?}", TokenFile::issue(&desk.path, &TokenWish::new("x", Spaces::All)).unwrap());
    assert!(!shown.contains("token: "), "{shown}");
    for wish in
        [TokenWish::new("", Spaces::All), TokenWish::new("x", these("")), TokenWish::new("x".repeat(201), Spaces::All)]
    {
        assert!(matches!(TokenFile::issue(&desk.path, &wish), Err(TokenFileError::Name)));
    }
}

#[test]
fn tokens_that_are_issued_at_once_are_all_there() {
    let desk = Desk::new();
    let issue = |path: &Path| {
        (0..10).for_each(|number| {
            TokenFile::issue(path, &TokenWish::new(format!("{number}"), Spaces::All)).unwrap();
        });
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| issue(&desk.path)))));
    assert_eq!(TokenFile::list(&desk.path).unwrap().len(), 40);
}

/// An application's own check, which is away at times.
#[derive(Debug)]
struct Away(Denied);

impl Authenticate for Away {
    fn authenticate<'a>(
        &'a self,
        _: &'a str,
    ) -> futures_core::future::BoxFuture<'a, Result<draftkeep_http::Grant, Denied>> {
        Box::pin(async { Err(self.0) })
    }
}

#[test]
fn a_check_that_is_away_is_no_refusal() {
    let away = Denied::Unavailable { retry_after: Some(Duration::from_millis(6_500)) };
    for (denied, status, retry_after) in
        [(away, 503, Some("7")), (Denied::Expired, 401, None), (Denied::Unknown, 401, None)]
    {
        let server = Server::start(hub(), Away(denied), unlimited(), ListenerOptions::new());
        let told = get(server.address, "/v1/spaces/alice/status", Some("any"));
        assert_eq!((told.status, told.header("retry-after")), (status, retry_after));
    }
}
