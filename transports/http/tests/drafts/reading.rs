//! Goal: what is read is what was saved, with a tag of the very same state. Method: each way of reading.

use crate::world::{HIDDEN, Outcome, Server};
use serde_json::json;

#[tokio::test]
async fn the_current_draft_of_a_slot_is_there_or_not() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    alice.get("/slots/post/upload-73").await.refused(404, "not-found");
    let begun = alice.post("/slots/post/upload-73", r#"{"title":"One"}"#).await.is(201);
    let read = alice.get("/slots/post/upload-73").await.is(200);
    assert_eq!((read.tag(), read.json()), (begun.tag(), begun.json()));
    let draft = read.json();
    assert_eq!(draft["document"], json!({"title": "One"}));
    assert_eq!((&draft["slot"], &draft["generation"]), (&json!("upload-73"), &json!(1)));
    assert_eq!((&draft["label"], &draft["phase"], &draft["version"]), (&json!("One"), &json!("open"), &json!(1)));
    assert_eq!(read.tag(), format!("\"1-{}\"", draft["revision"].as_str().ok_or("a revision")?));
    assert_eq!(read.header("cache-control"), "private, no-cache");
    assert_eq!(alice.get(&format!("/drafts/{}", read.id())).await.is(200).text, read.text);
    Ok(())
}

#[tokio::test]
async fn what_the_client_has_already_is_not_sent_again() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "1").await.is(201);
    let id = begun.id();
    for path in ["/slots/note/a".to_owned(), format!("/drafts/{id}"), format!("/drafts/{id}/versions/1")] {
        let tag = begun.tag();
        for tag in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let same = alice.ask("GET", &path, &[("if-none-match", &tag)], None).await.is(304);
            assert_eq!((same.text.as_str(), same.tag()), ("", begun.tag()), "{path}");
        }
        alice.ask("GET", &path, &[("if-none-match", "\"other\"")], None).await.is(200);
        let head = alice.ask("HEAD", &path, &[], None).await.is(200);
        assert_eq!((head.text.as_str(), head.tag()), ("", begun.tag()));
    }
    alice.put("/slots/note/a", &begun.tag(), "2").await.is(200);
    alice.ask("GET", "/slots/note/a", &[("if-none-match", &begun.tag())], None).await.is(200);
    Ok(())
}

#[tokio::test]
async fn lists_are_pages_by_kind_phase_and_beginning_of_the_slot() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    for number in 0..7 {
        alice.post(&format!("/slots/note/upload-{number}"), &number.to_string()).await.is(201);
    }
    let other = alice.post("/slots/post/other%2Fslot", r#"{"title":"Other"}"#).await.is(201);
    alice.act(&format!("/drafts/{}/archive", other.id()), &other.tag(), None).await.is(200);
    let slots = |page: &serde_json::Value| -> Vec<String> {
        let drafts = page["drafts"].as_array().expect("a list");
        drafts.iter().map(|draft| draft["slot"].as_str().expect("it has one").to_owned()).collect()
    };
    let mut seen = Vec::new();
    let mut path = "/drafts?kind=note&limit=3".to_owned();
    loop {
        let page = alice.get(&path).await.is(200).json();
        seen.extend(slots(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/drafts?kind=note&limit=3&after={next}");
    }
    let newest_first: Vec<String> = (0..7).rev().map(|number| format!("upload-{number}")).collect();
    assert_eq!(seen, newest_first);
    let page = |query: &'static str| {
        let alice = alice.clone();
        async move { alice.get(&format!("/drafts?{query}")).await.is(200).json() }
    };
    assert_eq!(slots(&page("kind=note&slot_prefix=upload-3").await), ["upload-3"]);
    assert!(slots(&page("kind=post").await).is_empty());
    assert_eq!(slots(&page("kind=post&phase=open,archived").await), ["other/slot"]);
    for wrong in
        ["", "kind=hidden", "kind=note&phase=gone", "kind=note&limit=0", "kind=note&limit=201", "kind=note&after=x"]
    {
        alice.get(&format!("/drafts?{wrong}")).await.refused(400, "bad-parameter");
    }
    alice.get(&format!("/drafts?kind=note&slot_prefix={}", "a".repeat(257))).await.refused(400, "bad-name");
    Ok(())
}

#[tokio::test]
async fn every_save_is_a_version_that_can_be_read_and_restored() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let mut last = alice.post("/slots/note/a", "1").await.is(201);
    let path = format!("/drafts/{}", last.id());
    for text in ["2", "3", "4", "5"] {
        last = alice.put(&path, &last.tag(), text).await.is(200);
    }
    let first = alice.get(&format!("{path}/history?limit=3")).await.is(200).json();
    let numbers = |page: &serde_json::Value| -> Vec<u64> {
        page["versions"].as_array().expect("a list").iter().filter_map(|version| version["version"].as_u64()).collect()
    };
    assert_eq!((numbers(&first), &first["next"]), (vec![5, 4, 3], &json!(3)));
    let rest = alice.get(&format!("{path}/history?limit=3&before=3")).await.is(200).json();
    assert_eq!((numbers(&rest), &rest["next"]), (vec![2, 1], &json!(null)));
    let second = alice.get(&format!("{path}/versions/2")).await.is(200);
    assert_eq!(second.json()["document"], json!(2));
    assert!(second.tag().starts_with("\"2-"));
    let restored = alice.act(&format!("{path}/restore"), &last.tag(), Some(r#"{"version":2}"#)).await.is(200);
    assert_eq!((&restored.json()["document"], &restored.json()["version"]), (&json!(2), &json!(6)));
    let again = alice.act(&format!("{path}/restore"), &last.tag(), Some(r#"{"version":2}"#)).await.is(200);
    assert_eq!(again.text, restored.text, "its answer may have been lost");
    alice.act(&format!("{path}/restore"), &last.tag(), Some(r#"{"version":3}"#)).await.refused(409, "moved-on");
    for missing in ["versions/0", "versions/7", "versions/x", "versions/99999999999999999999"] {
        alice.get(&format!("{path}/{missing}")).await.refused(404, "not-found");
    }
    alice.act(&format!("{path}/restore"), &restored.tag(), Some(r#"{"version":77}"#)).await.refused(404, "not-found");
    Ok(())
}

#[tokio::test]
async fn a_kind_that_is_not_served_is_not_there() -> Outcome {
    let server = Server::start().await;
    let hidden = server.store.space("alice")?.drafts(HIDDEN)?.slot("a").start(&draftkeep::Value::Null)?;
    let alice = server.alice();
    alice.get("/slots/hidden/a").await.refused(404, "not-found");
    alice.get(&format!("/drafts/{}", hidden.id())).await.refused(404, "not-found");
    Ok(())
}
