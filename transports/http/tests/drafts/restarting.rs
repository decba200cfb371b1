//! Goal: what was acknowledged is there with its tag after a restart and after a kill, and what was not can be asked for again.
//! Method: a server on a file, ended in order; and one in a process of its own, killed while a client writes.

use crate::world::{Outcome, Server, options};
use draftkeep::Store;
use serde_json::json;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROLE: &str = "DRAFTKEEP_TEST_SERVER_TO_BE_KILLED";
const TEST: &str = "restarting::a_killed_server_has_what_it_had_acknowledged_and_takes_the_rest_again";
const KILLS: u64 = 8;

#[tokio::test]
async fn tags_are_the_same_after_a_restart() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("drafts.redb");
    let server = Server::with(Store::create(&path, options())?, |api| api).await;
    let alice = server.alice();
    let begun = alice.post("/slots/note/a", "1").await.is(201);
    let saved = alice.put("/slots/note/a", &begun.tag(), "2").await.is(200);
    drop((alice, server.stop().await));
    // What served a connection may take a moment to let go of the store.
    let store = loop {
        match Store::open(&path, options()) {
            Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(5)).await,
            opened => break opened?,
        }
    };
    let server = Server::with(store, |api| api).await;
    let alice = server.alice();
    assert_eq!(alice.get("/slots/note/a").await.is(200).tag(), saved.tag());
    assert_eq!(alice.put("/slots/note/a", &begun.tag(), "2").await.is(200).tag(), saved.tag(), "its answer was lost");
    alice.put("/slots/note/a", &saved.tag(), "3").await.is(200);
    Ok(())
}

/// The child: serves until it is killed.
async fn serve(path: &str) -> Outcome {
    let server = Server::with(Store::open_or_create(path, options())?, |api| api).await;
    println!("serving {}", server.address());
    std::future::pending::<()>().await;
    Ok(())
}

/// Starts a server in a process of its own; gives its address.
fn spawn(path: &std::path::Path) -> std::io::Result<(Child, String)> {
    let mut child = Command::new(env::current_exe()?)
        .args(["--exact", TEST, "--nocapture"])
        .env(ROLE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    for line in lines.map_while(Result::ok) {
        if let Some((_, address)) = line.split_once("serving ") {
            return Ok((child, address.to_owned()));
        }
    }
    panic!("the server did not start: {:?}", child.wait()?);
}

#[tokio::test]
async fn a_killed_server_has_what_it_had_acknowledged_and_takes_the_rest_again() -> Outcome {
    if let Ok(path) = env::var(ROLE) {
        return serve(&path).await;
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("drafts.redb");
    let client = crate::world::client();
    let request = |method: reqwest::Method, address: &str| {
        let request = client.request(method, format!("http://{address}/api/slots/note/a"));
        request.header("authorization", "Bearer token-of-alice").header("content-type", "application/json")
    };
    let (mut tag, mut number) = (String::new(), 0_u64);
    for kill in 0..KILLS {
        let (mut child, address) = spawn(&path)?;
        let killing = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(7 * kill + 3)).await;
            child.kill().and_then(|()| child.wait())
        });
        // The write whose answer does not come, about the version before it.
        loop {
            let put = request(reqwest::Method::PUT, &address);
            let put = if tag.is_empty() { put.header("if-none-match", "*") } else { put.header("if-match", &tag) };
            let Ok(answer) = put.body((number + 1).to_string()).send().await else { break };
            assert!(answer.status().is_success(), "{}", answer.text().await?);
            tag = answer.headers()["etag"].to_str()?.to_owned();
            number += 1;
        }
        killing.await??;
        let (mut child, address) = spawn(&path)?;
        let read = request(reqwest::Method::GET, &address).send().await?;
        if number > 0 {
            assert!(read.status().is_success(), "an acknowledged draft is there");
            let is_acknowledged = read.headers()["etag"].to_str()? == tag;
            let there: serde_json::Value = serde_json::from_str(&read.text().await?)?;
            let expected = if is_acknowledged { number } else { number + 1 };
            assert_eq!(there["document"], json!(expected));
        }
        let put = request(reqwest::Method::PUT, &address);
        let put = if tag.is_empty() { put.header("if-none-match", "*") } else { put.header("if-match", &tag) };
        let again = put.body((number + 1).to_string()).send().await?;
        assert!(again.status().is_success(), "stored before the kill or now: {}", again.text().await?);
        tag = again.headers()["etag"].to_str()?.to_owned();
        number += 1;
        child.kill()?;
        child.wait()?;
    }
    let (mut child, address) = spawn(&path)?;
    let read: serde_json::Value =
        serde_json::from_str(&request(reqwest::Method::GET, &address).send().await?.text().await?)?;
    child.kill()?;
    child.wait()?;
    assert_eq!((&read["document"], &read["version"]), (&json!(number), &json!(number)), "each was stored once");
    Ok(())
}
