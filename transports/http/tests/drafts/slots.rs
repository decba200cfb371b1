//! Goal: a slot has one current draft, however clients begin it, begin it anew or seed it. Method: each, also repeated and at once.

use crate::world::{Outcome, Server};
use serde_json::json;

#[tokio::test]
async fn resume_or_start_begins_once_and_shows_what_is_there() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a%2F%C3%A4%20b", "1").await.is(201);
    assert_eq!(begun.json()["slot"], json!("a/ä b"));
    assert_eq!(begun.header("location"), format!("../../drafts/{}", begun.id()));
    let again = alice.post("/slots/note/a%2F%C3%A4%20b", "2").await.is(200);
    assert_eq!((&again.text, again.json()["document"].clone()), (&begun.text, json!(1)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_begin_a_slot_at_once_meet_in_one_draft() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    for round in 0..100 {
        let path = format!("/slots/note/{round}");
        let begins: Vec<_> = (0..6)
            .map(|writer| {
                let (alice, path) = (alice.clone(), path.clone());
                tokio::spawn(async move { (writer, alice.post(&path, &writer.to_string()).await) })
            })
            .collect();
        let mut new = 0;
        let mut shown = Vec::new();
        for begin in begins {
            let (writer, answered) = begin.await?;
            if answered.status == 201 {
                assert_eq!(answered.json()["document"], json!(writer), "201 says that what was sent is stored");
                new += 1;
            } else {
                answered.clone().is(200);
            }
            shown.push(answered.text);
        }
        assert_eq!(new, 1);
        assert!(shown.iter().all(|text| *text == shown[0]));
    }
    Ok(())
}

#[tokio::test]
async fn put_creates_only_where_it_is_told_that_nothing_is_there() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let none = [("if-none-match", "*")];
    alice.put("/slots/note/a", "\"1-x\"", "1").await.refused(404, "not-found");
    let begun = alice.ask("PUT", "/slots/note/a", &none, Some(b"1")).await.is(201);
    let again = alice.ask("PUT", "/slots/note/a", &none, Some(b"1")).await.is(200);
    assert_eq!(again.tag(), begun.tag(), "its answer may have been lost");
    let refused = alice.ask("PUT", "/slots/note/a", &none, Some(b"2")).await.refused(412, "draft-exists");
    assert_eq!(refused.tag(), begun.tag());
    assert_eq!(alice.get("/slots/note/a").await.json()["document"], json!(1));
    Ok(())
}

#[tokio::test]
async fn starting_over_archives_what_the_client_has_seen_once() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let path = "/slots/note/a/start-over";
    alice.act(path, "\"1-x\"", Some("2")).await.refused(404, "not-found");
    let first = alice.post("/slots/note/a", "1").await.is(201);
    let saved = alice.put("/slots/note/a", &first.tag(), "11").await.is(200);
    let refused = alice.act(path, &first.tag(), Some("2")).await.refused(409, "moved-on");
    assert_eq!(refused.json()["theirs"], json!(11));
    let second = alice.act(path, &saved.tag(), Some("2")).await.is(201);
    assert_eq!((&second.json()["document"], &second.json()["generation"]), (&json!(2), &json!(2)));
    assert_eq!(second.header("location"), format!("../../../drafts/{}", second.id()));
    let again = alice.act(path, &saved.tag(), Some("2")).await.is(201);
    assert_eq!(again.text, second.text, "its answer may have been lost");
    alice.act(path, &saved.tag(), Some("3")).await.refused(409, "moved-on");
    let all = alice.get("/slots/note/a/drafts").await.is(200).json();
    let phases: Vec<_> = all["drafts"].as_array().ok_or("a list")?.iter().map(|draft| draft["phase"].clone()).collect();
    assert_eq!(phases, [json!("open"), json!("archived")]);
    let kept = alice.get(&format!("/drafts/{}", first.id())).await.is(200);
    assert_eq!(kept.json()["document"], json!(11));
    Ok(())
}

#[tokio::test]
async fn a_slot_is_seeded_once_for_ever() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let seeded = alice.post("/slots/note/a/seed", "\"legacy\"").await.is(200);
    assert_eq!((&seeded.json()["seeded"], &seeded.json()["draft"]["document"]), (&json!(true), &json!("legacy")));
    assert_eq!(alice.post("/slots/note/a/seed", "\"legacy\"").await.is(200).text, seeded.text);
    let other = alice.post("/slots/note/a/seed", "\"other\"").await.is(200).json();
    assert_eq!((&other["seeded"], &other["draft"]["document"]), (&json!(false), &json!("legacy")));
    let id = seeded.json()["draft"]["id"].as_str().ok_or("an id")?.to_owned();
    alice.act(&format!("/drafts/{id}/discard"), &seeded.tag(), None).await.is(200);
    let gone = alice.post("/slots/note/a/seed", "\"legacy\"").await.is(200).json();
    assert_eq!((&gone["seeded"], &gone["draft"]), (&json!(true), &json!(null)), "what was done away with stays away");
    alice.get("/slots/note/a").await.refused(404, "not-found");
    alice.post("/slots/note/b", "1").await.is(201);
    let begun = alice.post("/slots/note/b/seed", "\"legacy\"").await.is(200).json();
    assert_eq!((&begun["seeded"], &begun["draft"]["document"]), (&json!(false), &json!(1)));
    Ok(())
}
