//! Both sides' versions of one thing, one behind the other.

use super::cut;
use crate::value::{Array, Value};
use std::collections::HashSet;

/// Both texts or both arrays, ours first; `None` where that has no meaning.
pub(super) fn both(ours: &Value, theirs: &Value) -> Option<Value> {
    match (ours, theirs) {
        (Value::String(ours), Value::String(theirs)) => Some(Value::from(texts(ours, theirs))),
        (Value::Array(ours), Value::Array(theirs)) => Some(Value::Array(arrays(ours, theirs))),
        _ => None,
    }
}

/// Whether [`both`] has an answer.
pub(super) const fn is_possible(ours: &Value, theirs: &Value) -> bool {
    matches!((ours, theirs), (Value::String(_), Value::String(_)) | (Value::Array(_), Value::Array(_)))
}

fn texts(ours: &str, theirs: &str) -> String {
    [ours, between(ours, theirs), theirs].concat()
}

/// What has to stand between two texts so that lines stay lines, and words stay apart.
fn between(ours: &str, theirs: &str) -> &'static str {
    match (ours.chars().next_back(), theirs.chars().next()) {
        (None, _) | (_, None) => "",
        (Some(end), Some(begin)) if is_space(end) || is_space(begin) => "",
        _ if ours.contains('\n') || theirs.contains('\n') => "\n",
        (Some(end), Some(begin)) if cut::is_single(end) && cut::is_single(begin) => "",
        _ => " ",
    }
}

const fn is_space(char: char) -> bool {
    cut::is_space(char) || char == '\u{3000}'
}

/// Ours, then what theirs has and ours has not.
fn arrays(ours: &Array, theirs: &Array) -> Array {
    let members: HashSet<&Value> = ours.iter().collect();
    ours.iter().chain(theirs.iter().filter(|element| !members.contains(element))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines_and_words_stay_apart() {
        for (ours, theirs, expected) in [
            ("inn", "tavern", "inn tavern"),
            ("early ", "late ", "early late "),
            (" early", " late", " early late"),
            ("He came. ", "She left. ", "He came. She left. "),
            ("one\n", "two\n", "one\ntwo\n"),
            ("one", "two\n", "one\ntwo\n"),
            ("one\ntwo", "three", "one\ntwo\nthree"),
            ("", "late", "late"),
            ("early", "", "early"),
            ("今日", "明日", "今日明日"),
            ("今日", "today", "今日 today"),
        ] {
            assert_eq!(texts(ours, theirs), expected);
        }
    }

    #[test]
    fn what_both_arrays_have_stands_once_and_our_own_repetitions_stay() {
        let value = |json: &str| Value::parse(json.as_bytes()).unwrap();
        for (ours, theirs, expected) in [
            ("[1,2,1]", "[2,3,3]", Some("[1,2,1,3,3]")),
            ("[]", "[[]]", Some("[[]]")),
            (r#""a""#, r#"["a"]"#, None),
            ("1", "2", None),
        ] {
            assert_eq!(both(&value(ours), &value(theirs)), expected.map(value), "{ours} {theirs}");
            assert_eq!(is_possible(&value(ours), &value(theirs)), expected.is_some());
        }
    }
}
