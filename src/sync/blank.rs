//! Documents in which nothing stands.

use crate::value::Value;

/// Whether nobody could miss the document: no text but white space, no number but zero, no entry in any list.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => members.iter().all(|(_, member)| is_blank(member)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_could_miss_is_blank() {
        for text in ["null", "\"\"", "\" \\n\"", "{}", "[]", "0", "{\"title\":\"\",\"tags\":[],\"done\":false}"] {
            assert!(is_blank(&Value::parse(text.as_bytes()).unwrap()), "{text}");
        }
        for text in ["\"a\"", "[\"\"]", "1", "{\"title\":\"\",\"views\":2}"] {
            assert!(!is_blank(&Value::parse(text.as_bytes()).unwrap()), "{text}");
        }
    }
}
