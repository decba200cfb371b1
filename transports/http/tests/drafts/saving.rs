//! Goal: a write changes exactly the version that it is about, once, or nothing. Method: each write in time, late and repeated.

use crate::world::{NOTE, Outcome, Server, options};
use draftkeep::{Store, Value};
use draftkeep_http::drafts::DocumentKind;
use serde_json::json;

const MERGE: &str = "application/merge-patch+json";
const PATCH: &str = "application/json-patch+json";

#[tokio::test]
async fn a_save_gives_the_tag_for_the_next() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/post/a", r#"{"title":"One"}"#).await.is(201);
    let by_id = format!("/drafts/{}", begun.id());
    let second = alice.put("/slots/post/a", &begun.tag(), r#"{"title":"Two"}"#).await.is(200);
    assert_eq!((&second.json()["version"], &second.json()["label"]), (&json!(2), &json!("Two")));
    assert!(second.json().get("document").is_none(), "the client has it");
    let third = alice.put(&by_id, &second.tag(), r#"{"title":"Three"}"#).await.is(200);
    let fourth = alice.patch(&by_id, &third.tag(), MERGE, r#"{"by":{"name":"Ada"}}"#).await.is(200);
    let operations = r#"[{"op":"test","path":"/by/name","value":"Ada"},{"op":"add","path":"/tags","value":["x"]}]"#;
    let fifth = alice.patch("/slots/post/a", &fourth.tag(), PATCH, operations).await.is(200);
    let read = alice.get(&by_id).await.is(200);
    assert_eq!(read.json()["document"], json!({"title": "Three", "by": {"name": "Ada"}, "tags": ["x"]}));
    assert_eq!(read.tag(), fifth.tag());
    let same = alice.put(&by_id, &fifth.tag(), &read.json()["document"].to_string()).await.is(200);
    assert_eq!(same.tag(), fifth.tag(), "nothing was written for an unchanged document");
    Ok(())
}

#[tokio::test]
async fn a_write_about_an_older_version_gets_both_sides_and_changes_nothing() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", r#"{"a":1,"b":1}"#).await.is(201);
    let theirs = alice.put("/slots/note/a", &begun.tag(), r#"{"a":2,"b":1}"#).await.is(200);
    let refused = alice.put("/slots/note/a", &begun.tag(), r#"{"a":1,"b":3}"#).await.refused(409, "moved-on");
    let problem = refused.json();
    assert_eq!(problem["base"], json!({"a": 1, "b": 1}));
    assert_eq!(problem["yours"], json!({"a": 1, "b": 3}));
    assert_eq!(problem["theirs"], json!({"a": 2, "b": 1}));
    assert_eq!((&problem["version"], &problem["stored"]), (&json!(2), &json!(null)));
    assert_eq!(refused.tag(), theirs.tag(), "what to send the merged document with");
    assert_eq!(problem["merged"], json!({"a": 2, "b": 3}), "a proposal, by the kind's policy");
    assert_eq!((&problem["contested"], &problem["overwritten"]), (&json!([]), &json!([])));
    let both = alice.put("/slots/note/a", &begun.tag(), r#"{"a":4,"b":1}"#).await.refused(409, "moved-on").json();
    assert_eq!(
        (&both["merged"]["a"], &both["overwritten"]),
        (&json!(4), &json!(["/a"])),
        "the rule names what it drops"
    );
    let refused = alice.patch("/slots/note/a", &begun.tag(), MERGE, r#"{"b":3}"#).await.refused(409, "moved-on");
    assert_eq!(refused.json()["yours"], json!({"a": 1, "b": 3}), "the patch over what its client has seen");
    let read = alice.get("/slots/note/a").await.is(200);
    assert_eq!((read.tag(), &read.json()["document"]), (theirs.tag(), &json!({"a": 2, "b": 1})));
    alice.put("/slots/note/a", &refused.tag(), r#"{"a":2,"b":3}"#).await.is(200);
    Ok(())
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_answered_as_done() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", r#"{"a":[1]}"#).await.is(201);
    let stored = alice.put("/slots/note/a", &begun.tag(), r#"{"a":[1,2]}"#).await.is(200);
    let again = alice.put("/slots/note/a", &begun.tag(), r#"{ "a": [1, 2] }"#).await.is(200);
    assert_eq!(again.text, stored.text);
    let operations = r#"[{"op":"add","path":"/a/-","value":3}]"#;
    let patched = alice.patch("/slots/note/a", &stored.tag(), PATCH, operations).await.is(200);
    let again = alice.patch("/slots/note/a", &stored.tag(), PATCH, operations).await.is(200);
    assert_eq!(again.text, patched.text, "applied once");
    let read = alice.get("/slots/note/a").await.is(200);
    assert_eq!((&read.json()["document"], &read.json()["version"]), (&json!({"a": [1, 2, 3]}), &json!(3)));
    let late = alice.put("/slots/note/a", &begun.tag(), r#"{"a":[1,2]}"#).await.refused(409, "moved-on");
    assert_eq!(late.json()["stored"], json!(2), "it was stored, and somebody saved since");
    Ok(())
}

#[tokio::test]
async fn a_write_that_does_not_say_what_it_is_about_is_refused() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "1").await.is(201);
    let id = begun.id();
    for path in ["/slots/note/a".to_owned(), format!("/drafts/{id}")] {
        for any in ["", "*"] {
            alice.put(&path, any, "2").await.refused(428, "precondition-required");
            alice.patch(&path, any, MERGE, "2").await.refused(428, "precondition-required");
        }
    }
    for act in ["archive", "reopen", "discard", "recover"] {
        alice.act(&format!("/drafts/{id}/{act}"), "", None).await.refused(428, "precondition-required");
    }
    let bodies = [("promote", r#"{"outcome":"x"}"#), ("restore", r#"{"version":1}"#)];
    for (act, body) in bodies {
        alice.act(&format!("/drafts/{id}/{act}"), "", Some(body)).await.refused(428, "precondition-required");
    }
    alice.act("/slots/note/a/start-over", "", Some("2")).await.refused(428, "precondition-required");
    assert_eq!(alice.get("/slots/note/a").await.is(200).text, begun.text);
    Ok(())
}

#[tokio::test]
async fn weak_foreign_and_old_tags_match_nothing_and_one_of_several_is_enough() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "1").await.is(201);
    for tag in [format!("W/{}", begun.tag()), "\"of-somebody-else\"".to_owned()] {
        let refused = alice.put("/slots/note/a", &tag, "2").await.refused(409, "moved-on");
        assert_eq!((&refused.json()["base"], &refused.json()["yours"]), (&json!(null), &json!(2)));
    }
    for wrong in ["unquoted", "\"open", "\"a\" \"b\""] {
        alice.put("/slots/note/a", wrong, "2").await.refused(400, "bad-header");
    }
    alice.put("/slots/note/a", &format!("\"other\", {}", begun.tag()), "2").await.is(200);
    Ok(())
}

#[tokio::test]
async fn what_the_application_itself_saves_is_never_written_over() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "1").await.is(201);
    let draft = server.store.space("alice")?.drafts(NOTE)?.slot("a").resume()?.ok_or("it began")?;
    let mut edit = draft.edit()?;
    *edit.doc() = Value::from(2);
    let _ = edit.save()?;
    let refused = alice.put("/slots/note/a", &begun.tag(), "3").await.refused(409, "moved-on");
    assert_eq!(refused.json()["theirs"], json!(2));
    Ok(())
}

#[tokio::test]
async fn what_the_application_saves_between_looking_and_saving_is_not_written_over() -> Outcome {
    let store = Store::in_memory(options())?;
    let application = store.clone();
    // Asked when the document is made and the head was looked at, right before it is saved.
    let meddling = DocumentKind::new(NOTE).validate(move |document| {
        let meddle = || -> draftkeep::Result<()> {
            let draft = application.space("alice")?.drafts(NOTE)?.slot("a").resume()?.expect("it began");
            let mut edit = draft.edit()?;
            *edit.doc() = Value::parse(br#"{"theirs":1}"#).expect("a document");
            edit.save().map(drop)
        };
        if document.as_object().is_some_and(|document| document.contains_key("meddle")) {
            meddle().expect("the application's own save");
        }
        Vec::new()
    });
    let server = Server::with(store, |api| api.kind(meddling)).await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "{}").await.is(201);
    let refused = alice.patch("/slots/note/a", &begun.tag(), MERGE, r#"{"meddle":1}"#).await.refused(409, "moved-on");
    assert_eq!(refused.json()["theirs"], json!({"theirs": 1}));
    let read = alice.get("/slots/note/a").await.is(200).json();
    assert_eq!(
        (&read["document"], &read["version"], &read["conflicts"]),
        (&json!({"theirs": 1}), &json!(2), &json!(0))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_save_and_a_phase_about_one_version_one_is_carried_out() -> Outcome {
    let server = Server::start().await;
    for round in 0..300 {
        let (one, other) = (server.alice(), server.alice());
        let begun = one.post(&format!("/slots/note/{round}"), "1").await.is(201);
        let path = format!("/drafts/{}", begun.id());
        let promote = format!("{path}/promote");
        let tag = begun.tag();
        let (saved, promoted) = tokio::join!(
            {
                let tag = tag.clone();
                tokio::spawn(async move { one.put(&path, &tag, "2").await })
            },
            {
                let tag = tag.clone();
                tokio::spawn(async move { other.act(&promote, &tag, Some(r#"{"outcome":"x"}"#)).await })
            },
        );
        let statuses = [saved?.status.as_u16(), promoted?.status.as_u16()];
        assert!(statuses == [200, 409] || statuses == [409, 200], "round {round}: {statuses:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_writes_about_one_version_at_the_same_time_one_is_carried_out() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let mut tag = alice.post("/slots/note/a", "\"begin\"").await.is(201).tag();
    for round in 0..20 {
        let asked: Vec<_> = (0..8)
            .map(|writer| {
                let (alice, tag) = (alice.clone(), tag.clone());
                tokio::spawn(async move { alice.put("/slots/note/a", &tag, &format!("\"{round}-{writer}\"")).await })
            })
            .collect();
        let mut won = Vec::new();
        for (writer, write) in asked.into_iter().enumerate() {
            let answered = write.await?;
            if answered.status == 200 {
                won.push((writer, answered));
            } else {
                let refused = answered.refused(409, "moved-on");
                assert_eq!(refused.json()["yours"], json!(format!("{round}-{writer}")));
            }
        }
        let [(writer, answered)] = &won[..] else { panic!("{} writes were carried out", won.len()) };
        let read = alice.get("/slots/note/a").await.is(200);
        assert_eq!((&read.json()["document"], read.tag()), (&json!(format!("{round}-{writer}")), answered.tag()));
        tag = read.tag();
    }
    Ok(())
}
