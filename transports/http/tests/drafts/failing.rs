//! Goal: a request that the storage failed is answered as such, and repeating it carries it out once. Method: each request, with each single
//! call that it makes to the storage failing, before and after its effect.

use crate::world::{Outcome, Server, options};
use draftkeep::Store;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{MemoryStorage, StorageErrorKind};
use serde_json::json;
use std::sync::Arc;

struct Asked {
    method: &'static str,
    path: &'static str,
    body: Option<&'static str>,
    /// The versions that the draft of the path has then.
    versions: u64,
}

const ASKED: [Asked; 6] = [
    Asked { method: "PUT", path: "/slots/note/a", body: Some("\"new\""), versions: 3 },
    Asked { method: "PATCH", path: "/drafts/{id}", body: Some("\"new\""), versions: 3 },
    Asked { method: "POST", path: "/drafts/{id}/promote", body: Some(r#"{"outcome":"x"}"#), versions: 3 },
    Asked { method: "POST", path: "/drafts/{id}/archive", body: None, versions: 3 },
    Asked { method: "POST", path: "/drafts/{id}/restore", body: Some(r#"{"version":1}"#), versions: 3 },
    Asked { method: "POST", path: "/slots/note/a/start-over", body: Some("\"new\""), versions: 3 },
];

fn faults() -> Vec<(Option<StorageCall>, StorageEffect)> {
    let mut faults = Vec::new();
    for kind in [StorageErrorKind::Io, StorageErrorKind::Full] {
        faults.push((None, StorageEffect::Fails(kind.clone())));
        faults.push((Some(StorageCall::Commit), StorageEffect::FailsAfterwards(kind)));
    }
    faults
}

#[tokio::test]
async fn what_the_storage_failed_is_said_and_repeating_it_carries_it_out_once() -> Outcome {
    let (mut failed, mut full) = (0, 0);
    for asked in &ASKED {
        for (call, effect) in faults() {
            for after in 0.. {
                let faulty = FaultyStorage::new(Arc::new(MemoryStorage::new()));
                let server = Server::with(Store::with_storage(Arc::new(faulty.clone()), options())?, |api| api).await;
                let alice = server.alice();
                let begun = alice.post("/slots/note/a", "\"begun\"").await.is(201);
                let seen = alice.put("/slots/note/a", &begun.tag(), "\"seen\"").await.is(200).tag();
                let path = asked.path.replace("{id}", &begun.id());
                let media = if asked.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
                let headers = [("if-match", &*seen), ("content-type", media)];
                let body = asked.body.map(str::as_bytes);
                let fault = StorageFault { call, after, lasting: Lasting::Once, effect: effect.clone() };
                faulty.arm(fault);
                let first = alice.ask(asked.method, &path, &headers, body).await;
                let is_struck = faulty.strikes() > 0;
                faulty.heal();
                if first.status.is_server_error() {
                    assert!(!first.header("retry-after").is_empty(), "{}", first.text);
                    assert_eq!(first.json()["trace_id"].as_str().map(str::len), Some(32));
                    assert!(first.json()["detail"].as_str().is_some_and(|detail| detail.contains("unknown")));
                    failed += 1;
                    full += u32::from(first.status == 507);
                } else {
                    assert!(first.status.is_success(), "{} {path}: {}", asked.method, first.text);
                }
                let again = alice.ask(asked.method, &path, &headers, body).await;
                assert!(again.status.is_success(), "{} {path}, {after}: {}", asked.method, again.text);
                let draft = alice.get(&format!("/drafts/{}", begun.id())).await.is(200).json();
                assert_eq!(draft["version"], json!(asked.versions), "{} {path}: carried out once", asked.method);
                let all = alice.get("/slots/note/a/drafts").await.is(200).json();
                let drafts = if path.ends_with("start-over") { 2 } else { 1 };
                assert_eq!(all["drafts"].as_array().map(Vec::len), Some(drafts), "{} {path}", asked.method);
                if !is_struck {
                    break;
                }
            }
        }
    }
    assert!(failed > 20 && full > 10, "{failed} requests failed, {full} of them for want of room");
    Ok(())
}
