//! JSON Merge Patch: each side's patch of the base; theirs is applied first, then ours. Without a base the documents are
//! the patches.

use crate::cases::Case;
use crate::outcome::Outcome;
use draftkeep::Value;
use draftkeep::value::Object;

pub(crate) fn run(case: &Case) -> Outcome {
    let base = case.base().unwrap_or_else(|| Value::Object(Object::new()));
    let [ours, theirs] = [&case.ours, &case.theirs].map(|side| patch(&base, &side.value()));
    Outcome::only(apply(apply(base, &theirs), &ours))
}

/// `MergePatch` of RFC 7396, section 2.
pub(crate) fn apply(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = if let Value::Object(target) = target { target } else { Object::new() };
    for (key, value) in patch.iter() {
        let before = target.remove(key);
        if !value.is_null() {
            target.insert(key, apply(before.unwrap_or_default(), value));
        }
    }
    Value::Object(target)
}

/// The smallest patch that leads from one document to another, as far as a patch can.
pub(crate) fn patch(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return after.clone() };
    let removed = before.keys().filter(|key| !after.contains_key(key)).map(|key| (key, Value::Null));
    let changed = after.iter().filter(|(key, value)| before.get(key) != Some(value));
    let changed =
        changed.map(|(key, value)| (key, before.get(key).map_or_else(|| value.clone(), |old| patch(old, value))));
    Value::Object(removed.chain(changed).collect())
}

/// Examples of RFC 7396, appendix A.
#[test]
fn patches_are_applied_as_the_rfc_has_it() {
    let parse = |json: &str| Value::parse(json.as_bytes()).unwrap();
    for (target, patch, result) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, "null", "null"),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ] {
        assert_eq!(apply(parse(target), &parse(patch)), parse(result), "{target} {patch}");
    }
}
