//! Two tenants, and every route: nobody reads, writes or learns anything of the other's space.

use super::common::{Server, hub, request, unlimited};
use super::entering::{push, these};
use super::raw::{ask, get, headers, sync};
use draftkeep::DraftId;
use draftkeep::transport::{Answer, Ask, Reply};
use draftkeep_http::{ListenerOptions, Rights, Spaces, TokenFile, TokenWish};
use std::time::Duration;

#[test]
fn nobody_gets_anything_of_another_space_by_any_route() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let issue = |wish: TokenWish| TokenFile::issue(&path, &wish).unwrap().token;
    let (alice, bob) = (issue(TokenWish::new("alice", these("alice"))), issue(TokenWish::new("bob", these("bob"))));
    let metrics = issue(TokenWish::new("prometheus", Spaces::These([].into())).rights(Rights::Read).with_metrics());
    let server = Server::start(hub(), TokenFile::open(&path).unwrap(), unlimited(), ListenerOptions::new());
    let to = server.address;
    let pushed = push("alice", 1);
    let Ask::Push { pushes } = &pushed.ask else { panic!() };
    let (draft, id) = (DraftId::from_bytes([1; 16]), pushes[0].revision.id());
    assert_eq!(sync(to, "alice", &alice, &pushed).status, 200);

    let asks = [
        Ask::Hello,
        Ask::Pull { after: 0, limit: 10 },
        pushed.ask.clone(),
        Ask::Contained { draft, ids: vec![id] },
        Ask::Revisions { draft, ids: vec![id] },
        Ask::Wait { timeout: Duration::ZERO },
    ];
    for kind in asks {
        for token in [&bob, &metrics] {
            // To the other's space; to it by the own address; to the own one by the other's address.
            assert_eq!(sync(to, "alice", token, &request("alice", kind.clone())).status, 403, "{kind:?}");
            assert_eq!(sync(to, "alice", token, &request("bob", kind.clone())).status, 403, "{kind:?}");
        }
        let told = sync(to, "bob", &bob, &request("alice", kind.clone()));
        assert_eq!(told.status, 422, "{kind:?}");
        assert!(told.problem()["type"].as_str().unwrap().ends_with(":other-space"));
        // An id of the other's, asked for in the own space, is as if it were not there.
        if !matches!(kind, Ask::Push { .. }) {
            let answer = Answer::from_bytes(&sync(to, "bob", &bob, &request("bob", kind.clone())).body).unwrap();
            assert_eq!(answer.position.seq, 0);
            match answer.reply {
                Reply::Page(page) => assert!(page.rows.is_empty()),
                Reply::Contained { main, contained } => assert_eq!((main, contained.len()), (None, 0)),
                Reply::Revisions { revisions, .. } => assert!(revisions.is_empty()),
                Reply::Welcome { .. } | Reply::News => {}
                other => panic!("{other:?}"),
            }
        }
    }
    for route in ["status", "events"] {
        let known = get(to, &format!("/v1/spaces/alice/{route}"), Some(&bob));
        let unknown = get(to, &format!("/v1/spaces/nobody/{route}"), Some(&bob));
        assert_eq!((known.status, unknown.status), (403, 403));
        let detail = |told: &super::raw::Told| told.problem()["detail"].clone();
        assert_eq!(detail(&known), detail(&unknown), "whether a space is there is not told");
        for token in [None, Some("wrong")] {
            assert_eq!(get(to, &format!("/v1/spaces/alice/{route}"), token).status, 401);
        }
    }
    // Ways to write a space's name that might mean another one.
    for path in
        ["alice%00", "ALICE", "alice%20", "../alice", "%2e%2e%2falice", "bob%2f..%2falice", "%ff", "alice/", "~alice"]
    {
        let body = request("alice", Ask::Hello).to_bytes().unwrap();
        let told = ask(to, "POST", &format!("/v1/spaces/{path}/sync"), &headers(&bob, body.len()), &body);
        assert!([400, 403, 404].contains(&told.status), "{path}: {}", told.status);
    }
    assert_eq!(get(to, "/metrics", Some(&bob)).status, 403);
    assert_eq!(get(to, "/metrics", None).status, 401);
    let counted = get(to, "/metrics", Some(&metrics));
    assert_eq!(counted.status, 200);
    let text = counted.text();
    assert!(text.contains("draftkeep_hub_pushes_accepted_total 1\n"), "{text}");
    for name in ["alice", "bob"] {
        assert!(!text.contains(name), "{text}");
    }
    let page = Answer::from_bytes(&sync(to, "alice", &alice, &request("alice", Ask::Hello)).body).unwrap();
    assert_eq!(page.position.seq, 1, "after all that alice has what she pushed");
}

#[test]
fn a_status_tells_the_hub_and_how_far_the_feed_is() {
    let the_hub = hub();
    let id = the_hub.id().to_string();
    let server = Server::counting(the_hub);
    let status = || {
        let told = get(server.address, "/v1/spaces/~..%2Fa%20b/status", Some("any"));
        assert_eq!((told.status, told.header("content-type")), (200, Some("application/json")));
        serde_json::from_slice::<serde_json::Value>(&told.body).unwrap()
    };
    let before = status();
    assert_eq!((before["hub"].as_str(), before["space"].as_str()), (Some(id.as_str()), Some("../a b")));
    assert_eq!(before["position"]["seq"], 0);
    assert_eq!((&before["drafts"], &before["forks"], &before["bytes"]), (&0.into(), &0.into(), &0.into()));
    assert_eq!(sync(server.address, "~..%2Fa%20b", "any", &push("../a b", 1)).status, 200);
    let after = status();
    assert_eq!(after["position"]["seq"], 1);
    assert_eq!((&after["drafts"], &after["forks"]), (&1.into(), &0.into()));
    assert!(after["bytes"].as_u64().is_some_and(|bytes| bytes > 5), "{after}");
    assert_ne!(after["position"]["chain"], before["position"]["chain"]);
}
