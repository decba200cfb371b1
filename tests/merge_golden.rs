//! Goal: the numbered algorithm gives the same result for ever.
//! Method: the public vectors in `fixtures/merge.json`: policy, base, both sides, and what comes out, with its hash.
//!
//! With `DRAFTKEEP_GOLDEN=write` the file is written anew from its own inputs; what changes then is a new algorithm.

use draftkeep::Value;
use draftkeep::merge::{Place, Policy, Side, Whose, merge};
use draftkeep::value::Object;
use std::path::Path;

fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.as_object().and_then(|object| object.get(name))
}

fn object<'v>(members: impl IntoIterator<Item = (&'v str, Option<Value>)>) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Value::Object(there.collect::<Object>())
}

/// What a merge gives, as the vectors have it: a member that is not there stands for nothing.
fn outcome(vector: &Value) -> Value {
    let policy = member(vector, "policy").map(|policy| policy.to_canonical().unwrap());
    let policy = policy.map_or_else(Policy::default, |json| Policy::from_json(&json, &[]).unwrap());
    let side = |name, seq| Side { value: member(vector, name).unwrap(), place: Place::Hub(seq) };
    let merged = merge(&policy, member(vector, "base"), side("ours", 1), side("theirs", 2));
    let whose = |whose| Value::from(if whose == Whose::Ours { "ours" } else { "theirs" });
    let overwritten = merged.overwritten.iter().map(|one| {
        object([
            ("path", Some(Value::from(one.path.to_string()))),
            ("whose", Some(whose(one.whose))),
            ("kept", one.kept.clone()),
            ("dropped", one.dropped.clone()),
        ])
    });
    let conflicts = merged.conflicts.iter().map(|one| {
        object([
            ("path", Some(Value::from(one.path.to_string()))),
            ("base", one.base.clone()),
            ("ours", one.ours.clone()),
            ("theirs", one.theirs.clone()),
            ("why", Some(Value::from(one.why.to_string()))),
        ])
    });
    let marked = merged.marked.iter().map(|path| Value::from(path.to_string()));
    object([
        ("overwritten", Some(Value::Array(overwritten.collect()))),
        ("conflicts", Some(Value::Array(conflicts.collect()))),
        ("marked", Some(Value::Array(marked.collect()))),
        ("value", Some(merged.value)),
    ])
}

#[test]
fn every_vector_gives_what_it_always_gave() {
    let file = Value::parse(include_bytes!("fixtures/merge.json")).unwrap();
    let vectors = member(&file, "vectors").and_then(Value::as_array).unwrap();
    let is_writing = std::env::var("DRAFTKEEP_GOLDEN").is_ok_and(|golden| golden == "write");
    let mut lines = Vec::new();
    for vector in vectors {
        let out = outcome(vector);
        let hash = blake3::hash(&out.to_canonical().unwrap()).to_hex().to_string();
        if !is_writing {
            let name = member(vector, "name").and_then(Value::as_str).unwrap();
            assert_eq!(member(vector, "out"), Some(&out), "{name}");
            assert_eq!(member(vector, "hash").and_then(Value::as_str), Some(&hash[..]), "{name}");
        }
        let mut whole = vector.as_object().unwrap().clone();
        whole.insert("out", out);
        whole.insert("hash", Value::from(hash));
        lines.push(String::from_utf8(Value::Object(whole).to_canonical().unwrap()).unwrap());
    }
    assert!(lines.len() >= 40, "only {} vectors", lines.len());
    if is_writing {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/merge.json");
        std::fs::write(path, format!("{{\"algorithm\":1,\"vectors\":[\n{}\n]}}\n", lines.join(",\n"))).unwrap();
    }
}
