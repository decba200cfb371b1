//! Goal: nobody learns of, or changes, what is somebody else's. Method: two tenants on every route.

use crate::world::{Answered, Outcome, Server, Tenant};
use serde_json::json;

/// Every operation that the description names, with a body that it would take.
async fn operations(server: &Server) -> Vec<(String, String, Option<&'static str>)> {
    let description = server.alice().ask("GET", "/openapi.json", &[("authorization", "")], None).await.is(200).json();
    let mut all = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("a path").iter().filter(|(key, _)| *key != "parameters") {
            let content = operation["requestBody"]["content"].as_object();
            let media = content.and_then(|content| content.keys().next().map(String::as_str));
            let name = operation["operationId"].as_str().expect("a name");
            let body = match (media, name) {
                (None, _) => None,
                (_, "promoteDraft") => Some(r#"{"outcome":"x"}"#),
                (_, "restoreVersion") => Some(r#"{"version":1}"#),
                (_, "settleConflict") => Some(
                    r#"{"theirs":"0000000000000000000000000000000000000000000000000000000000000000","document":1}"#,
                ),
                (Some("application/json-patch+json"), _) => Some("[]"),
                _ => Some("1"),
            };
            all.push((method.to_uppercase(), path.clone(), body));
        }
    }
    assert!(all.len() > 18, "{all:?}");
    all
}

async fn ask(tenant: &Tenant, method: &str, path: &str, tag: &str, body: Option<&str>) -> Answered {
    let media = if method == "PATCH" { "application/json-patch+json" } else { "application/json" };
    tenant.ask(method, path, &[("if-match", tag), ("content-type", media)], body.map(str::as_bytes)).await
}

#[tokio::test]
async fn another_owners_draft_looks_on_every_route_as_one_that_never_was() -> Outcome {
    let server = Server::start().await;
    let (alice, bob) = (server.alice(), server.tenant("bob"));
    let hers = alice.post("/slots/note/a", "\"hers\"").await.is(201);
    let never = "0123456789abcdef0123456789abcdef";
    for (method, path, body) in operations(&server).await.iter().filter(|(_, path, _)| path.contains("{id}")) {
        let path = path.replace("{version}", "1");
        let of_hers = ask(&bob, method, &path.replace("{id}", &hers.id()), &hers.tag(), *body).await;
        let of_none = ask(&bob, method, &path.replace("{id}", never), &hers.tag(), *body).await;
        let of_none = of_none.refused(404, "not-found");
        assert_eq!((of_hers.status, &of_hers.text), (of_none.status, &of_none.text), "{method} {path}");
        let headers = |answered: &Answered| {
            let all = answered.headers.iter().filter(|(name, _)| *name != "date");
            all.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        assert_eq!(headers(&of_hers), headers(&of_none), "{method} {path}");
    }
    assert_eq!(alice.get(&format!("/drafts/{}", hers.id())).await.is(200).text, hers.text);
    Ok(())
}

#[tokio::test]
async fn the_same_slot_of_two_owners_is_two_drafts() -> Outcome {
    let server = Server::start().await;
    let (alice, bob) = (server.alice(), server.tenant("bob"));
    let hers = alice.post("/slots/note/a", "\"hers\"").await.is(201);
    for (method, path, body) in operations(&server).await.iter().filter(|(_, path, _)| path.starts_with("/slots")) {
        let path = path.replace("{kind}", "note").replace("{slot}", "a");
        let answered = ask(&bob, method, &path, &hers.tag(), *body).await;
        assert!(!answered.text.contains("hers") && !answered.text.contains(&hers.id()), "{method} {path}");
    }
    assert_eq!(bob.get("/drafts?kind=note").await.is(200).json()["drafts"].as_array().map(Vec::len), Some(1));
    assert_eq!(alice.get("/drafts?kind=note").await.is(200).json()["drafts"][0]["id"], json!(hers.id()));
    assert_eq!(alice.get("/slots/note/a").await.is(200).text, hers.text);
    Ok(())
}

#[tokio::test]
async fn without_good_credentials_every_route_says_only_that() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let hers = alice.post("/slots/note/a", "\"hers\"").await.is(201);
    let mut operations = operations(&server).await;
    operations.push(("GET".to_owned(), "/nowhere".to_owned(), None));
    operations.push(("DELETE".to_owned(), "/slots/note/a".to_owned(), None));
    for (method, path, body) in operations {
        let path = path.replace("{kind}", "note").replace("{slot}", "a").replace("{version}", "1");
        let path = path.replace("{id}", &hers.id());
        let path = if path == "/drafts" { "/drafts?kind=note".to_owned() } else { path };
        let cases =
            [("", 401, "unauthorized"), ("Basic x", 401, "unauthorized"), ("Bearer token-of-nobody", 403, "forbidden")];
        let mischief =
            [("Bearer token-of-later", 503, "authentication-unavailable"), ("Bearer token-of-panic", 500, "internal")];
        for (credentials, status, code) in cases.into_iter().chain(mischief) {
            let tag = hers.tag();
            let headers = [("authorization", credentials), ("if-match", &*tag)];
            let refused = alice.ask(&method, &path, &headers, body.map(str::as_bytes)).await.refused(status, code);
            assert!(!refused.text.contains(&hers.id()), "{method} {path}");
            assert_eq!(refused.header("www-authenticate"), if status == 401 { "Bearer" } else { "" });
        }
    }
    assert_eq!(alice.get("/slots/note/a").await.is(200).text, hers.text);
    Ok(())
}
