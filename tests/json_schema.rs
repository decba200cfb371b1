//! Goal: a JSON Schema holds documents on the device, whatever stands in them, and one that cannot be used is noticed when the store is opened.
#![cfg(feature = "jsonschema")]

use draftkeep::{Drafts, ErrorKind, Kind, Options, Schema, Store, Value};
use std::fmt::Write as _;

const POST: Kind<Value> = Kind::new("post");

fn value(json: &str) -> Value {
    Value::parse(json.as_bytes()).expect("it is JSON")
}

fn open(schema: &str) -> draftkeep::Result<Drafts<Value>> {
    Store::in_memory(Options::new().schema(Schema::of(POST).json_schema(&value(schema))))?.space("alice")?.drafts(POST)
}

/// What is told of a document that is saved; nothing where it is valid.
fn told(schema: &str, document: &str) -> Vec<(String, String)> {
    let posts = open(schema).expect("the schema compiles");
    let mut edit = posts.start(&Value::Null).unwrap().edit().unwrap();
    *edit.doc() = value(document);
    let Err(refused) = edit.save() else { return Vec::new() };
    let ErrorKind::Invalid { invalid, .. } = refused.kind() else { panic!("{refused}") };
    let told = invalid.flaws().map(|flaw| (flaw.path().unwrap_or("–").to_owned(), flaw.reason().to_owned())).collect();
    assert!(!refused.to_string().contains("secret"), "no document is quoted: {refused}");
    told
}

fn paths(schema: &str, document: &str) -> Vec<String> {
    told(schema, document).into_iter().map(|(path, _)| path).collect()
}

const SCHEMA: &str = r##"{
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": { "type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[A-Z]" },
        "tags": { "type": "array", "maxItems": 2, "uniqueItems": true, "items": { "type": "string" } },
        "parts": { "type": "array", "items": { "$ref": "#" } }
    },
    "additionalProperties": false
}"##;

#[test]
fn what_is_wrong_is_told_with_its_place_and_without_the_text() {
    assert_eq!(paths(SCHEMA, r#"{"title":"Night","tags":["a"],"parts":[{"title":"Day"}]}"#), Vec::<String>::new());
    assert_eq!(paths(SCHEMA, r#"{"title":"secret"}"#), ["/title"]);
    assert_eq!(paths(SCHEMA, r#"{"title":"Night","tags":["secret","secret",7]}"#), ["/tags", "/tags", "/tags/2"]);
    assert_eq!(paths(SCHEMA, r#"{"title":"Night","parts":[{"title":"A"},{"title":7}]}"#), ["/parts/1/title"]);
    assert_eq!(paths(SCHEMA, "[]"), [""]);
    assert_eq!(paths(SCHEMA, "{}"), [""]);
    assert_eq!(paths(SCHEMA, r#"{"title":"Night","a/b":1}"#).len(), 1);
}

#[test]
fn a_schema_that_cannot_be_used_is_refused_when_the_store_is_opened() {
    for (schema, why) in [
        (r#"{"type":"nothing"}"#, "no such type"),
        (r#"{"pattern":"("}"#, "a pattern that is none"),
        (r#"{"type":"string","pattern":"^(?!draft)"}"#, "looking around takes time without bound"),
        (r#"{"type":"string","pattern":"(a)\\1"}"#, "so do references back"),
        (r#"{"type":"string","pattern":"((a{1000}){1000}){1000}"}"#, "a program without bound"),
        (r#"{"$ref":"https://example.com/post.json"}"#, "nothing is fetched"),
        (r#"{"$ref":"file:///etc/hostname"}"#, "nothing is read"),
        (r##"{"$ref":"#/$defs/missing"}"##, "it refers to nothing"),
    ] {
        let refused = open(schema).expect_err(why);
        let ErrorKind::Options { reason } = refused.kind() else { panic!("{why}: {refused}") };
        assert!(reason.contains("the JSON Schema of kind \"post\""), "{why}: {reason}");
    }
}

/// A document that somebody made to take all day, or all memory.
#[test]
fn a_hostile_document_is_answered_soon_and_briefly() {
    let slow = format!(r#""{}!""#, "a".repeat(1 << 20));
    assert_eq!(paths(r#"{"type":"string","pattern":"^(a+)+$"}"#, &slow), [""]);
    let mut deep = r#"{"title":7}"#.to_owned();
    for _ in 0..31 {
        deep = format!(r#"{{"title":"Night","parts":[{deep}]}}"#);
    }
    assert_eq!(paths(SCHEMA, &deep), [format!("{}/title", "/parts/0".repeat(31))]);
    // A schema that refers to itself without going deeper says nothing of use, and ends.
    for circle in [
        r##"{"$ref":"#","type":"string"}"##,
        r##"{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"string"}]}}}"##,
        r##"{"not":{"$ref":"#"}}"##,
    ] {
        assert!(told(circle, "7").len() <= 1);
    }

    let mut many = "[".to_owned();
    (0..9_000).for_each(|number| write!(many, "{number},").expect("it is a text"));
    let strings = r#"{"type":"array","items":{"type":"string"}}"#;
    let posts = open(strings).expect("the schema compiles");
    let invalid = posts.invalid(&value(&format!("{many}0]"))).unwrap().expect("no element is a text");
    assert_eq!((invalid.flaws().len(), invalid.left_out()), (100, 8_901));
    // With more values one flaw is told, and the rest is not looked for.
    let more = format!("[{}0]", "0,".repeat(500_000));
    assert_eq!(paths(strings, &more), ["/0"]);
    let unique = format!("[{}0]", (0..200_000).fold(String::new(), |all, number| all + &number.to_string() + ","));
    assert_eq!(paths(r#"{"uniqueItems":true}"#, &unique), [""]);
}
