//! Goal: phases are entered over what the client has seen, and once. Method: each, late, repeated, and where it does not follow.

use crate::world::{NOTE, Outcome, Server, Tenant};
use draftkeep::Value;
use serde_json::json;

async fn begun(alice: &Tenant, slot: &str) -> (String, String) {
    let begun = alice.post(&format!("/slots/note/{slot}"), "1").await.is(201);
    (format!("/drafts/{}", begun.id()), begun.tag())
}

#[tokio::test]
async fn each_phase_is_entered_over_the_version_that_was_seen_and_asking_again_changes_nothing() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let (path, mut tag) = begun(&alice, "a").await;
    let promotion = r#"{"outcome":"production-9"}"#;
    let walk = [
        ("archive", None, "archived"),
        ("reopen", None, "open"),
        ("promote", Some(promotion), "promoted"),
        ("discard", None, "discarded"),
        ("recover", None, "promoted"),
        ("archive", None, "archived"),
    ];
    for (act, body, phase) in walk {
        let entered = alice.act(&format!("{path}/{act}"), &tag, body).await.is(200);
        assert_eq!(entered.json()["phase"], json!(phase), "{act}");
        assert_ne!(entered.tag(), tag, "{act} is a version");
        let again = alice.act(&format!("{path}/{act}"), &tag, body).await.is(200);
        assert_eq!(again.text, entered.text, "{act}: its answer may have been lost");
        let read = alice.get(&path).await.is(200);
        assert_eq!((read.tag(), &read.json()["document"]), (entered.tag(), &json!(1)), "{act}");
        tag = read.tag();
    }
    let read = alice.get(&path).await.is(200).json();
    assert_eq!(read["outcome"], json!("production-9"));
    Ok(())
}

#[tokio::test]
async fn what_is_promoted_is_what_was_seen() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let (path, seen) = begun(&alice, "a").await;
    let saved = alice.put(&path, &seen, "2").await.is(200);
    for (act, body) in [("promote", Some(r#"{"outcome":"x"}"#)), ("archive", None), ("discard", None)] {
        let refused = alice.act(&format!("{path}/{act}"), &seen, body).await.refused(409, "moved-on").json();
        assert_eq!((&refused["base"], &refused["theirs"], &refused["yours"]), (&json!(1), &json!(2), &json!(null)));
    }
    let body = r#"{"outcome":"production-9","archive":true}"#;
    let frozen = alice.act(&format!("{path}/promote"), &saved.tag(), Some(body)).await.is(200).json();
    assert_eq!((&frozen["phase"], &frozen["outcome"]), (&json!("archived"), &json!("production-9")));
    assert_eq!(frozen["promoted"], saved.json()["revision"]);
    alice.get("/slots/note/a").await.refused(404, "not-found");
    Ok(())
}

#[tokio::test]
async fn what_does_not_follow_is_refused_with_the_way_out() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let (path, tag) = begun(&alice, "a").await;
    alice.act(&format!("{path}/recover"), &tag, None).await.refused(409, "wrong-phase");
    let archived = alice.act(&format!("{path}/archive"), &tag, None).await.is(200);
    alice.put(&path, &archived.tag(), "2").await.refused(409, "wrong-phase");
    // Who still has the version of before is not told to send again what no draft takes any more.
    let late = alice.put(&path, &tag, "2").await.refused(409, "moved-on").json();
    assert!(late["way_out"].as_str().is_some_and(|way| way.contains("reopen")), "{late}");
    let gone = alice.put("/slots/note/a", &tag, "2").await.refused(404, "not-found").json();
    assert!(gone["detail"].as_str().is_some_and(|detail| detail.contains("put it away")), "{gone}");
    let other = alice.post("/slots/note/a", "2").await.is(201);
    let late = alice.put("/slots/note/a", &tag, "3").await.refused(409, "moved-on").json();
    assert!(late["way_out"].as_str().is_some_and(|way| way.contains("began anew")), "{late}");
    assert_eq!(late["draft"], json!(other.id()));
    let taken = alice.act(&format!("{path}/reopen"), &archived.tag(), None).await.refused(409, "slot-taken");
    assert_eq!(taken.json()["draft"], json!(other.id()));
    for wrong in
        ["{}", "[]", "null", r#"{"outcome":7}"#, r#"{"outcome":"x","archive":1}"#, r#"{"outcome":"x","more":1}"#]
    {
        let promote = format!("/drafts/{}/promote", other.id());
        alice.act(&promote, &other.tag(), Some(wrong)).await.refused(400, "bad-body");
    }
    let long = format!(r#"{{"outcome":"{}"}}"#, "a".repeat(257));
    let promote = format!("/drafts/{}/promote", other.id());
    let refused = alice.act(&promote, &other.tag(), Some(&long)).await.refused(400, "bad-name");
    assert_eq!(refused.json()["limit"], json!(256));
    assert_eq!(refused.json()["trace_id"].as_str().map(str::len), Some(32), "the trace of the store's own call");
    for wrong in ["{}", r#"{"version":0}"#, r#"{"version":-1}"#, r#"{"version":1.5}"#, r#"{"version":"1"}"#] {
        let answered = alice.act(&format!("/drafts/{}/restore", other.id()), &other.tag(), Some(wrong)).await;
        assert!([400, 404].contains(&answered.status.as_u16()), "{wrong}: {}", answered.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_conflict_that_others_left_is_shown_and_settled_once() -> Outcome {
    use draftkeep::merge::{Policy, Rule};
    use draftkeep::{Options, Schema, Store};
    let policy = Policy::builder().rule("", Rule::Manual).build()?;
    let store = Store::in_memory(Options::new().schema(Schema::of(NOTE).policy(policy)))?;
    let server = Server::with(store, |api| api).await;
    let alice = server.alice();
    let (path, tag) = begun(&alice, "a").await;
    alice.get(&format!("{path}/conflict")).await.refused(404, "no-conflict");
    let draft = server.store.space("alice")?.drafts(NOTE)?.slot("a").resume()?.ok_or("it began")?;
    let (mut here, mut there) = (draft.edit()?, draft.edit()?);
    *there.doc() = Value::from("there");
    let _ = there.save()?;
    *here.doc() = Value::from("here");
    let _ = here.save()?;

    let shown = alice.get(&format!("{path}/conflict")).await.is(200);
    let conflict = shown.json();
    assert_eq!(conflict["ours"]["document"], json!("here"));
    assert_eq!((&conflict["theirs"][0]["document"], &conflict["theirs"][0]["base"]), (&json!("there"), &json!(1)));
    assert_eq!(conflict["paths"], json!([""]));
    assert_eq!(alice.get(&path).await.json()["conflicts"], json!(1));
    let side = conflict["theirs"][0]["revision"].as_str().ok_or("a revision")?;
    let settle = format!("{path}/conflict");
    let body = json!({"theirs": side, "document": "both"}).to_string();
    alice.act(&settle, &tag, Some(&body)).await.refused(409, "moved-on");
    let stale = alice.put(&path, &tag, "\"stale\"").await.refused(409, "moved-on").json();
    assert_eq!(stale["contested"], json!([""]), "the kind's policy leaves all of it to a person");
    let other = json!({"theirs": "0".repeat(64), "document": "both"}).to_string();
    alice.act(&settle, &shown.tag(), Some(&other)).await.refused(409, "moved-on");
    for wrong in [json!({"document": 1}), json!({"theirs": side}), json!({"theirs": 1, "document": 1})] {
        alice.act(&settle, &shown.tag(), Some(&wrong.to_string())).await.refused(400, "bad-body");
    }
    let settled = alice.act(&settle, &shown.tag(), Some(&body)).await.is(200);
    assert_eq!((&settled.json()["document"], &settled.json()["conflicts"]), (&json!("both"), &json!(0)));
    let again = alice.act(&settle, &shown.tag(), Some(&body)).await.is(200);
    assert_eq!(again.tag(), settled.tag(), "its answer may have been lost");
    assert!(draft.conflict()?.is_none());
    Ok(())
}
