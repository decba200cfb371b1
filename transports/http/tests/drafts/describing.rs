//! Goal: the description is what is served. Method: the checked-in file against the one that is served; its form against what OpenAPI 3.1
//! asks for; its paths and methods against what the server does.

use crate::world::{Outcome, Server};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const CHECKED_IN: &str = include_str!("../../openapi/drafts.json");

async fn served(server: &Server) -> Value {
    let answer = server.alice().ask("GET", "/openapi.json", &[("authorization", "")], None).await.is(200);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[tokio::test]
async fn the_checked_in_description_is_the_served_one() -> Outcome {
    // As values: in what order serde_json has members is for any crate of the program to say.
    let (served, checked_in): (Value, Value) =
        (served(&Server::start().await).await, serde_json::from_str(CHECKED_IN)?);
    let way = "write it again: cargo run -p draftkeep-http --example drafts_server -- --openapi > transports/http/openapi/drafts.json";
    assert!(checked_in == served, "{way}");
    Ok(())
}

#[tokio::test]
async fn what_it_describes_is_what_is_served() -> Outcome {
    let server = Server::start().await;
    let alice = server.alice();
    let mut described: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, item) in served(&server).await["paths"].as_object().ok_or("paths")? {
        let methods = item.as_object().ok_or("a path")?.keys().filter(|key| *key != "parameters");
        described.insert(path.clone(), methods.map(|method| method.to_uppercase()).collect());
    }
    for (path, methods) in described {
        let path = path.replace("{id}", &"0".repeat(32)).replace("{kind}", "note").replace("{slot}", "a");
        let path = path.replace("{version}", "1");
        let allowed = alice.ask("OPTIONS", &path, &[], None).await.is(204);
        let allowed: BTreeSet<String> = allowed.header("allow").split(", ").map(str::to_owned).collect();
        let beside: BTreeSet<String> = ["HEAD".to_owned(), "OPTIONS".to_owned()].into();
        assert_eq!(allowed.difference(&beside).cloned().collect::<BTreeSet<_>>(), methods, "{path}");
        for method in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
            let answered = alice.ask(method, &path, &[], None).await;
            assert_eq!(answered.status == 405, !methods.contains(method), "{method} {path}: {}", answered.text);
        }
    }
    Ok(())
}

/// The members that an object of the specification may have, and those that it must have.
fn form(object: &Value, must: &[&str], may: &[&str], place: &str) -> Map<String, Value> {
    let object = object.as_object().unwrap_or_else(|| panic!("{place} is an object"));
    for key in must {
        assert!(object.contains_key(*key), "{place} lacks {key}");
    }
    for key in object.keys() {
        assert!(must.contains(&key.as_str()) || may.contains(&key.as_str()), "{place} has {key}");
    }
    object.clone()
}

#[tokio::test]
async fn it_has_the_form_that_openapi_asks_for() -> Outcome {
    let document = served(&Server::start().await).await;
    form(&document, &["openapi", "info", "paths", "components"], &["servers", "security"], "the document");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    form(&document["info"], &["title", "version"], &["summary", "description"], "info");
    form(&document["components"], &[], &["schemas", "responses", "securitySchemes", "links"], "components");
    let schemes = document["components"]["securitySchemes"].as_object().ok_or("schemes")?;
    for asked in document["security"].as_array().ok_or("a list")? {
        assert!(asked.as_object().ok_or("an object")?.keys().all(|name| schemes.contains_key(name)));
    }
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().ok_or("paths")? {
        assert!(path.starts_with('/'));
        let item = form(item, &["parameters"], &["get", "put", "post", "patch"], path);
        let in_path: BTreeSet<String> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(str::to_owned).collect();
        let declared = item["parameters"].as_array().ok_or("a list")?;
        assert_eq!(
            declared.iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect::<BTreeSet<_>>(),
            in_path
        );
        for (method, operation) in item.iter().filter(|(key, _)| *key != "parameters") {
            let place = format!("{method} {path}");
            let operation =
                form(operation, &["operationId", "responses"], &["summary", "parameters", "requestBody"], &place);
            assert!(names.insert(operation["operationId"].to_string()), "{place}: its name is taken");
            for parameter in declared.iter().chain(operation["parameters"].as_array().ok_or("a list")?) {
                let parameter = form(parameter, &["name", "in", "schema"], &["description", "required"], &place);
                assert!(parameter["in"] != "path" || parameter["required"] == true, "{place}");
            }
            if let Some(body) = operation.get("requestBody") {
                let body = form(body, &["content"], &["required", "description"], &place);
                assert!(method != "get" && body["content"].as_object().is_some_and(|content| !content.is_empty()));
            }
            let responses = operation["responses"].as_object().ok_or("responses")?;
            assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
            for (status, response) in responses {
                let number: u16 = status.parse()?;
                assert!((200..600).contains(&number), "{place}");
                if number < 400 {
                    form(response, &["description"], &["headers", "content", "links"], &place);
                } else {
                    form(response, &["$ref"], &[], &place);
                }
            }
        }
    }
    for (name, link) in document["components"]["links"].as_object().ok_or("links")? {
        let link = form(link, &["operationId", "parameters"], &[], name);
        assert!(names.contains(&link["operationId"].to_string()), "{name} leads nowhere");
    }
    references(&document, &document);
    Ok(())
}

/// Every reference leads somewhere.
fn references(document: &Value, value: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let place = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
                assert!(place.is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|member| references(document, member));
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(document, element)),
        _ => {}
    }
}
