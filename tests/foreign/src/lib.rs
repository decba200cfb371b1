//! The golden table of documents and the vectors of merging, run in a program where another crate has switched on
//! `serde_json`'s features.
//!
//! Run it by itself, so that the features are those named here: `cargo test -p draftkeep-foreign-features`.

#[cfg(test)]
#[path = "../../value_golden.rs"]
mod value_golden;

#[cfg(test)]
#[path = "../../merge_golden.rs"]
mod merge_golden;

#[cfg(test)]
mod tests {
    use draftkeep::value::{self, Value};

    #[test]
    fn the_features_are_on() {
        assert_eq!(serde_json::from_str::<serde_json::Value>("1e400").unwrap().to_string(), "1e+400");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(r#"{"b":1,"a":2}"#).unwrap().to_string(),
            r#"{"b":1,"a":2}"#
        );
    }

    #[test]
    fn numbers_of_any_precision_are_read_as_strictly_as_text() {
        for (text, expected) in [("1e2", "100"), ("9007199254740991.0", "9007199254740991"), ("1.50", "1.5")] {
            let foreign: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(value::to_canonical(&foreign).unwrap(), expected.as_bytes());
            assert_eq!(Value::try_from(foreign).unwrap().to_canonical().unwrap(), expected.as_bytes());
            assert_eq!(serde_json::from_str::<Value>(text).unwrap().to_canonical().unwrap(), expected.as_bytes());
        }
        for text in ["1e400", "18446744073709551616", "0.10000000000000001", "[9007199254740993.0]"] {
            let foreign: serde_json::Value = serde_json::from_str(text).unwrap();
            assert!(value::to_canonical(&foreign).is_err(), "{text}");
            assert!(Value::try_from(foreign).is_err(), "{text}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn raw_text_is_read_as_strictly_as_a_document() {
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(value::to_canonical(&[raw(r#"{ "b": 1.0, "a": 2 }"#)]).unwrap(), br#"[{"a":2,"b":1}]"#);
        let error = value::to_canonical(&[raw(r#"{"a":[1,{"b":1,"b":2}]}"#)]).unwrap_err();
        assert_eq!(error.path().to_string(), "/0/a/1/b");
        let read: Box<serde_json::value::RawValue> = value::from_slice(br#"{ "b": 1, "a": 2 }"#).unwrap();
        assert_eq!(read.get(), r#"{"a":2,"b":1}"#);
    }
}
