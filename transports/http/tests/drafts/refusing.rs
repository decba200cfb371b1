//! Goal: what cannot be taken is refused, with the thing, the limit and the way out, and changes nothing. Method: each limit, passed.

use crate::world::{NOTE, Outcome, Server, options};
use draftkeep::Store;
use draftkeep_http::drafts::DocumentKind;
use serde_json::json;
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_is_not_json_that_can_be_kept_exactly_is_refused_with_its_place() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "1").await.is(201);
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    let wrong: [(&[u8], &str); 8] = [
        (b"", ""),
        (b"{\"a\":", ""),
        (br#"{"a":{"b":1,"b":2}}"#, "/a/b"),
        (b"\"\xff\"", ""),
        (br#"{"a":"\ud800"}"#, "/a"),
        (br#"{"a":[0,123456789012345678901234567890]}"#, "/a/1"),
        (b"\xef\xbb\xbf1", ""),
        (deep.as_bytes(), ""),
    ];
    for (body, path) in wrong {
        for method in ["PUT", "POST"] {
            let tag = begun.tag();
            let refused = alice.ask(method, "/slots/note/a", &[("if-match", &tag)], Some(body)).await;
            let refused = refused.refused(400, "not-json").json();
            let at = refused["errors"][0]["path"].as_str().ok_or("a path")?;
            assert!(at.starts_with(path), "{refused}");
        }
        let headers = [("if-match", &*begun.tag()), ("content-type", "application/json-patch+json")];
        alice.ask("PATCH", "/slots/note/a", &headers, Some(body)).await.refused(400, "not-json");
    }
    let deepest = format!("{}1{}", "[".repeat(64), "]".repeat(64));
    let stored = alice.put("/slots/note/a", &begun.tag(), &deepest).await.is(200);
    let read = alice.get("/slots/note/a").await.is(200);
    assert!(read.text.contains(&deepest) && read.tag() == stored.tag());
    Ok(())
}

#[tokio::test]
async fn what_the_application_refuses_is_answered_with_the_paths() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    alice.post("/slots/post/a", "{}").await.refused(422, "invalid-document");
    alice.get("/slots/post/a").await.refused(404, "not-found");
    let begun = alice.post("/slots/post/a", r#"{"title":"One"}"#).await.is(201);
    let refused = alice.put("/slots/post/a", &begun.tag(), r#"{"title":1}"#).await.refused(422, "invalid-document");
    assert_eq!(refused.json()["errors"], json!([{"path": "/title", "message": "a post has a title, which is text"}]));
    let media = "application/merge-patch+json";
    alice.patch("/slots/post/a", &begun.tag(), media, r#"{"title":null}"#).await.refused(422, "invalid-document");
    let media = "application/json-patch+json";
    let refused = alice.patch("/slots/post/a", &begun.tag(), media, r#"[{"op":"remove","path":"/none"}]"#).await;
    assert_eq!(refused.refused(422, "patch-does-not-fit").json()["errors"][0]["path"], json!("/none"));
    alice.patch("/slots/post/a", &begun.tag(), media, r#"[{"op":"jump"}]"#).await.refused(400, "not-a-patch");
    alice.patch("/slots/post/a", &begun.tag(), media, r#"{"title":"x"}"#).await.refused(400, "not-a-patch");
    alice.post("/slots/post/b/seed", "{}").await.refused(422, "invalid-document");
    alice.act("/slots/post/a/start-over", &begun.tag(), Some("{}")).await.refused(422, "invalid-document");
    assert_eq!(alice.get("/slots/post/a").await.is(200).text, begun.text);
    Ok(())
}

#[tokio::test]
async fn a_body_has_a_limit_whether_it_says_its_length_or_not() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let fits = format!("\"{}\"", "a".repeat(99_998));
    alice.post("/slots/note/fits", &fits).await.is(201);
    let refused = alice.post("/slots/note/larger", &format!("{fits} ")).await.refused(413, "too-large");
    assert_eq!(refused.json()["limit"], json!(100_000));
    let mut stream = TcpStream::connect(server.address()).await?;
    let head = "POST /api/slots/note/chunked HTTP/1.1\r\nhost: x\r\nauthorization: Bearer token-of-alice\r\n\
                content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let piece = format!("{:x}\r\n{}\r\n", 50_000, "1".repeat(50_000));
    for _ in 0..3 {
        stream.write_all(piece.as_bytes()).await?;
    }
    assert!(answer(&mut stream).await?.starts_with("HTTP/1.1 413 "));
    let growing = alice.post("/slots/note/grows", "[]").await.is(201);
    let media = "application/json-patch+json";
    let half = format!(
        r#"[{{"op":"add","path":"/0","value":"{}"}},{{"op":"copy","from":"/0","path":"/0"}}]"#,
        "a".repeat(60_000)
    );
    alice.patch("/slots/note/grows", &growing.tag(), media, &half).await.refused(422, "patch-does-not-fit");
    Ok(())
}

/// The first of what is answered.
async fn answer(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; 64];
    let read = stream.read(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_not_waited_for() -> Outcome {
    let store = Store::in_memory(options())?;
    let server = Server::with(store, |api| api.body_time(Duration::from_millis(50))).await;
    let mut stream = TcpStream::connect(server.address()).await?;
    let head = "PUT /api/slots/note/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer token-of-alice\r\n\
                content-type: application/json\r\nif-none-match: *\r\ncontent-length: 10\r\n\r\n12345";
    stream.write_all(head.as_bytes()).await?;
    let told = tokio::time::timeout(Duration::from_secs(10), answer(&mut stream)).await??;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    server.alice().get("/slots/note/a").await.refused(404, "not-found");
    Ok(())
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "1").await.is(201);
    let fine = [("content-type", "Application/JSON; charset=\"UTF-8\""), ("if-match", &*begun.tag())];
    let begun = alice.ask("PUT", "/slots/note/a", &fine, Some(b"2")).await.is(200);
    for media in ["text/plain", "application/json; charset=latin1", "application/merge-patch+json"] {
        let headers = [("content-type", media), ("if-match", &*begun.tag())];
        alice.ask("PUT", "/slots/note/a", &headers, Some(b"3")).await.refused(415, "unsupported-media-type");
    }
    let headers = [("content-encoding", "gzip"), ("if-match", &*begun.tag())];
    alice.ask("PUT", "/slots/note/a", &headers, Some(b"3")).await.refused(415, "unsupported-media-type");
    let refused = alice.patch("/slots/note/a", &begun.tag(), "application/json", "3").await;
    let refused = refused.refused(415, "unsupported-media-type");
    assert_eq!(refused.header("accept-patch"), "application/merge-patch+json, application/json-patch+json");
    Ok(())
}

#[tokio::test]
async fn names_methods_and_addresses_that_there_are_not() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let refused = alice.get(&format!("/slots/note/{}", "a".repeat(257))).await.refused(400, "bad-name");
    assert_eq!(refused.json()["limit"], json!(256));
    alice.get("/slots/note/%FF").await.refused(400, "bad-parameter");
    alice.get("/nowhere").await.refused(404, "not-found");
    alice.get("/slots/note").await.refused(404, "not-found");
    let refused = alice.ask("DELETE", "/slots/note/a", &[], None).await.refused(405, "method-not-allowed");
    let methods: std::collections::BTreeSet<&str> = refused.header("allow").split(", ").collect();
    assert_eq!(methods, ["GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"].into());
    let options = alice.ask("OPTIONS", "/slots/note/a", &[("authorization", "")], None).await.is(204);
    assert_eq!(options.header("allow"), refused.header("allow"));
    alice.get("/slots/note/a?more=1").await.refused(400, "bad-parameter");
    Ok(())
}

/// By hand: a client would ask for something else.
#[tokio::test]
async fn a_slot_that_addresses_lose_is_refused() -> Outcome {
    let server = Server::start().await;
    for slot in [".", "..", "%2e", "%2E%2e", ".%2E"] {
        for (method, under) in [("GET", ""), ("POST", ""), ("PUT", ""), ("GET", "/drafts"), ("POST", "/seed")] {
            let mut stream = TcpStream::connect(server.address()).await?;
            let asked = format!(
                "{method} /api/slots/note/{slot}{under} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer \
                 token-of-alice\r\ncontent-type: application/json\r\nif-none-match: *\r\ncontent-length: 1\r\n\r\n7"
            );
            stream.write_all(asked.as_bytes()).await?;
            let mut told = String::new();
            stream.read_to_string(&mut told).await?;
            let (head, body) = told.split_once("\r\n\r\n").ok_or("an answer")?;
            assert!(head.starts_with("HTTP/1.1 400 "), "{method} {slot}{under}: {told}");
            let problem: serde_json::Value = serde_json::from_str(body)?;
            assert_eq!(problem["code"], json!("bad-name"));
            assert!(problem["way_out"].as_str().is_some_and(|way_out| way_out.contains("otherwise")), "{problem}");
        }
    }
    let drafts = server.store.space("alice")?.drafts(NOTE)?;
    assert!(drafts.slot("..").resume()?.is_none() && drafts.slot(".").resume()?.is_none());
    server.alice().post("/slots/note/...", "1").await.is(201);
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_asked_for() -> Outcome {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address()).await?;
    let head = "POST /api/slots/note/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer token-of-alice\r\nexpect: 100-continue\r\n\
                content-type: application/json\r\ncontent-length: 100001\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let told = answer(&mut stream).await?;
    assert!(told.starts_with("HTTP/1.1 413 "), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_mistake_of_the_application_is_contained() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    alice.post("/slots/post/a", r#"{"panic":1}"#).await.refused(500, "internal");
    alice.post("/slots/post/a", r#"{"title":"x"}"#).await.is(201);
    Ok(())
}

#[tokio::test]
async fn no_more_calls_of_the_store_run_at_a_time_than_are_allowed() -> Outcome {
    let (began, begins) = mpsc::channel();
    let (go, goes) = mpsc::channel::<()>();
    let goes = Mutex::new(goes);
    let slow = DocumentKind::new(NOTE).validate(move |document| {
        if document.as_str() == Some("slow") {
            let waited = began.send(()).is_ok() && goes.lock().is_ok_and(|goes| goes.recv().is_ok());
            assert!(waited, "the test goes on");
        }
        Vec::new()
    });
    let server = Server::with(Store::in_memory(options())?, |api| api.kind(slow).calls(1)).await;
    let alice = server.alice();
    let slow = tokio::spawn({
        let alice = alice.clone();
        async move { alice.post("/slots/note/a", "\"slow\"").await }
    });
    tokio::task::spawn_blocking(move || begins.recv()).await??;
    let refused = alice.get("/slots/note/a").await.refused(503, "busy");
    assert_eq!((refused.header("retry-after"), &refused.json()["limit"]), ("1", &json!(1)));
    alice.post("/slots/note/b", "1").await.refused(503, "busy");
    go.send(())?;
    slow.await?.is(201);
    alice.get("/slots/note/b").await.refused(404, "not-found");
    Ok(())
}

#[tokio::test]
async fn who_comes_when_there_is_too_much_to_do_is_told_to_come_again() -> Outcome {
    let store = Store::in_memory(options())?;
    let server = Server::with(store, |api| api.requests(1)).await;
    let mut slow = TcpStream::connect(server.address()).await?;
    let head = "PUT /api/slots/note/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer token-of-alice\r\n\
                content-type: application/json\r\nif-none-match: *\r\ncontent-length: 1\r\n\r\n";
    slow.write_all(head.as_bytes()).await?;
    let alice = server.alice();
    let refused = loop {
        let answered = alice.get("/slots/note/a").await;
        if answered.status == 503 {
            break answered.refused(503, "busy");
        }
    };
    assert_eq!((refused.header("retry-after"), &refused.json()["limit"]), ("1", &json!(1)));
    slow.write_all(b"7").await?;
    assert!(answer(&mut slow).await?.starts_with("HTTP/1.1 201 "));
    assert_eq!(alice.get("/slots/note/a").await.is(200).json()["document"], json!(7));
    Ok(())
}
