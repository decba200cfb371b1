//! What the reader and the writer of documents accept, and the bytes they give: a table that no release may change.

use std::collections::BTreeMap;

use draftkeep::value::{self, DEPTH_MAX, Limit, Limits, Value, ValueError, ValueErrorKind as Kind};
use serde::{Deserialize, Serialize};

/// The canonical text of any JSON text.
fn canonical(text: &str) -> Result<String, ValueError> {
    let bytes = Value::parse(text.as_bytes())?.to_canonical()?;
    Ok(String::from_utf8(bytes).expect("canonical text is UTF-8"))
}

fn refusal(text: &[u8]) -> (Kind, String) {
    let error = Value::parse(text).expect_err(&String::from_utf8_lossy(text));
    (error.kind().clone(), error.path().to_string())
}

#[test]
fn numbers_are_read_exactly_and_written_in_one_form() {
    let table = [
        ("0", "0"),
        ("-0", "0"),
        ("0.0", "0"),
        ("-0.0", "0"),
        ("0e999999999999999999999", "0"),
        ("1", "1"),
        ("1.0", "1"),
        ("-1.0", "-1"),
        ("1e2", "100"),
        ("1E+2", "100"),
        ("100e-2", "1"),
        ("0.1", "0.1"),
        ("1.10", "1.1"),
        ("-0.5", "-0.5"),
        ("123.456", "123.456"),
        ("0.000001", "0.000001"),
        ("1e-6", "0.000001"),
        ("0.00001", "0.00001"),
        ("0.0000012", "0.0000012"),
        ("1e-7", "1e-7"),
        ("0.00000012", "1.2e-7"),
        ("5e-324", "5e-324"),
        ("2.2250738585072014e-308", "2.2250738585072014e-308"),
        ("9007199254740991", "9007199254740991"),
        ("9007199254740991.0", "9007199254740991"),
        ("-9007199254740991.0", "-9007199254740991"),
        ("9007199254740992", "9007199254740992"),
        ("9007199254740993", "9007199254740993"),
        ("9007199254740992.0", "9.007199254740992e+15"),
        ("-9007199254740992.0", "-9.007199254740992e+15"),
        ("9.007199254740992e15", "9.007199254740992e+15"),
        ("1e16", "1e+16"),
        ("1e21", "1e+21"),
        ("1.5e300", "1.5e+300"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("4503599627370495.5", "4503599627370495.5"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
    ];
    for (text, expected) in table {
        assert_eq!(canonical(text).expect(text), expected, "{text}");
        let is_canonical = Value::parse_canonical(text.as_bytes()).is_ok();
        assert_eq!(is_canonical, text == expected, "{text}");
    }
}

#[test]
fn numbers_that_would_change_are_refused() {
    let rounded = [
        "1e400",
        "-1e400",
        "1e99999999999999999999",
        "1e-400",
        "1e-99999999999999999999",
        "9007199254740993.0",
        "1152921504606846976.0",
        "0.1000000000000000055511151231257827",
        "3.14159265358979323846264338327",
        "4.9e-324",
        "123456789012345678901234567890.5",
        "0.10000000000000001",
    ];
    for text in rounded {
        assert_eq!(refusal(text.as_bytes()).0, Kind::NumberRounded { text: text.to_owned() });
    }
    let wide = [
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "-123456789012345678901234567890",
    ];
    for text in wide {
        assert_eq!(refusal(text.as_bytes()).0, Kind::IntegerTooWide { text: text.to_owned() });
    }
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = value::to_canonical(&BTreeMap::from([("a", vec![1.0, float])])).unwrap_err();
        assert_eq!((error.kind(), error.path().to_string().as_str()), (&Kind::NotFinite, "/a/1"));
    }
    assert_eq!(value::to_canonical(&u128::from(u64::MAX)).unwrap(), b"18446744073709551615");
    assert_eq!(value::to_canonical(&i128::from(i64::MIN)).unwrap(), b"-9223372036854775808");
    for error in [value::to_canonical(&(u128::from(u64::MAX) + 1)), value::to_canonical(&(i128::from(i64::MIN) - 1))] {
        assert!(matches!(error.unwrap_err().kind(), Kind::IntegerTooWide { .. }));
    }
}

#[test]
fn floats_of_a_type_are_written_in_one_form() {
    let table: [(f64, &str); 9] = [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e15, "1000000000000000"),
        (9_007_199_254_740_991.0, "9007199254740991"),
        (9_007_199_254_740_992.0, "9.007199254740992e+15"),
        (-1e300, "-1e+300"),
        (5e-324, "5e-324"),
        (1e-7, "1e-7"),
    ];
    for (float, expected) in table {
        let text = value::to_canonical(&float).unwrap();
        assert_eq!(String::from_utf8_lossy(&text), expected);
        // Adding 0 turns -0.0 into 0.0.
        assert_eq!(value::from_slice::<f64>(&text).unwrap().to_bits(), (float + 0.0).to_bits());
    }
    assert_eq!(value::to_canonical(&[0.1_f32, 16_777_216.0, 1e20]).unwrap(), b"[0.1,16777216,1e+20]");
}

#[test]
fn an_integer_that_a_float_would_round_does_not_become_one() {
    let document = Value::parse(br#"{"a":[9007199254740993]}"#).unwrap();
    let error = value::from_value::<BTreeMap<String, Vec<f64>>>(&document).unwrap_err();
    assert_eq!(error.path().to_string(), "/a/0");
    let exact: f64 = value::from_slice(b"9007199254740992").unwrap();
    assert_eq!(exact.to_bits(), 9_007_199_254_740_992.0_f64.to_bits());
}

#[test]
fn duplicate_keys_are_refused_wherever_they_stand() {
    let table = [
        (r#"{"a":1,"a":1}"#, "a", "/a"),
        (r#"{"a":1,"b":2,"a":3}"#, "a", "/a"),
        (r#"{"b":1,"a":2,"b":3}"#, "b", "/b"),
        (r#"{"a":1,"\u0061":2}"#, "a", "/a"),
        (r#"[0,{"x":{"":1,"":2}}]"#, "", "/1/x/"),
        (r#"{"x/y":{"~":1,"~":2}}"#, "~", "/x~1y/~0"),
    ];
    for (text, key, path) in table {
        assert_eq!(refusal(text.as_bytes()), (Kind::DuplicateKey { key: key.to_owned() }, path.to_owned()));
    }
}

#[test]
fn a_type_cannot_write_a_key_twice() {
    #[derive(Serialize)]
    struct Flat {
        b: u8,
        a: u8,
        #[serde(flatten)]
        rest: BTreeMap<&'static str, u8>,
    }
    let document = |key| [Flat { b: 1, a: 2, rest: BTreeMap::from([(key, 3)]) }];
    assert_eq!(value::to_canonical(&document("c")).unwrap(), br#"[{"a":2,"b":1,"c":3}]"#);
    for key in ["a", "b"] {
        let error = value::to_canonical(&document(key)).unwrap_err();
        assert_eq!(error.kind(), &Kind::DuplicateKey { key: key.to_owned() });
        assert_eq!(error.path().to_string(), format!("/0/{key}"));
    }
}

#[test]
fn text_that_is_not_unicode_is_refused() {
    let lone =
        [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud800x""#, r#""\ud800\n""#, r#""\udfff\ud800""#];
    for text in lone {
        assert!(matches!(refusal(text.as_bytes()).0, Kind::LoneSurrogate { .. }), "{text}");
    }
    assert_eq!(refusal(br#"{"a":["x\ud800"]}"#), (Kind::LoneSurrogate { offset: 8 }, "/a/0".to_owned()));
    let invalid: [&[u8]; 7] = [
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\xc0\x80\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\xf4\x90\x80\x80\"}",
        b"{\"a\":\"\xe2\x82\"}",
        b"{\"a\":\"\x80\"}",
        b"{\"a\":\"\xf8\x88\x80\x80\x80\"}",
    ];
    for text in invalid {
        assert_eq!(refusal(text), (Kind::NotUtf8 { offset: 6 }, "/a".to_owned()));
    }
    assert_eq!(refusal(b"\xef\xbb\xbf1").0, Kind::ByteOrderMark);
}

#[test]
fn valid_text_is_kept_as_it_is() {
    for text in
        ["\u{feff}", "e\u{301}", "é", "\u{202e}abc", "\u{0}", "\u{7f}\u{80}\u{2028}", "👩‍👩‍👧", "\u{ffff}\u{10ffff}"]
    {
        let bytes = value::to_canonical(text).unwrap();
        assert_eq!(Value::parse_canonical(&bytes).unwrap(), Value::from(text));
        assert_eq!(value::from_slice::<String>(&bytes).unwrap(), text);
    }
}

#[test]
fn strings_have_the_shortest_escapes() {
    let all: String = (0..0x30_u8).map(char::from).chain(['"', '\\', '/', '\u{7f}', '€', '\u{2028}', '😀']).collect();
    let expected = concat!(
        r#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"#,
        r#"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f"#,
        " !\\\"#$%&'()*+,-./\\\"\\\\/\u{7f}€\u{2028}😀\""
    );
    assert_eq!(String::from_utf8(value::to_canonical(&all).unwrap()).unwrap(), expected);
    assert_eq!(canonical(r#""\u0041\/\u00e9\ud83d\ude00\u000A""#).unwrap(), "\"A/é😀\\n\"");
    for text in [r#""\u0041""#, r#""\/""#, r#""\u000a""#, r#""\u001F""#, r#""\ud83d\ude00""#, r#""\u0022""#] {
        let error = Value::parse_canonical(text.as_bytes()).unwrap_err();
        assert!(matches!(error.kind(), Kind::NotCanonical { offset: 1, .. }), "{text}");
    }
}

#[test]
fn keys_are_ordered_by_utf16_code_units() {
    // The example of RFC 8785, and a key above U+FFFF, which sorts before one at U+E000.
    let text = "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7,\"\u{e000}\":8,\"\":9,\"\\\"\":0,\"\\\\\":1}";
    let expected = "{\"\":9,\"\\r\":2,\"\\\"\":0,\"1\":4,\"\\\\\":1,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{e000}\":8,\"\u{fb33}\":3}";
    assert_eq!(canonical(text).unwrap(), expected);
    let map: BTreeMap<String, Value> = value::from_slice(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(value::to_canonical(&map).unwrap()).unwrap(), expected);
    assert!(Value::parse_canonical(expected.as_bytes()).is_ok());
    let swapped = "{\"\u{e000}\":8,\"\u{1f600}\":5}";
    assert!(matches!(Value::parse_canonical(swapped.as_bytes()).unwrap_err().kind(), Kind::NotCanonical { .. }));
}

#[test]
fn canonical_text_has_no_white_space() {
    for text in [" 1", "1 ", "[ 1]", "[1 ]", "[1, 2]", "{ }", "{\"a\" :1}", "{\"a\": 1}", "{\"a\":1 }", "\n1", "[]\t"] {
        assert!(Value::parse(text.as_bytes()).is_ok(), "{text}");
        assert!(
            matches!(Value::parse_canonical(text.as_bytes()).unwrap_err().kind(), Kind::NotCanonical { .. }),
            "{text}"
        );
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let texts = [
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "NaN",
        "Infinity",
        "-",
        "+1",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x10",
        "1_0",
        "'a'",
        "\"",
        "\"\\",
        "\"\\u12\"",
        "\"\\x41\"",
        "\"\t\"",
        "\"\0\"",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "1 2",
        "[]]",
        "// x\n1",
        "\u{a0}1",
        "\u{0}",
    ];
    for text in texts {
        assert!(matches!(refusal(text.as_bytes()).0, Kind::Syntax { .. }), "{text:?}");
    }
    assert_eq!(refusal(br#"{"a":[1,{"b":x}]}"#).1, "/a/1/b");
}

#[test]
fn the_limits_are_inclusive_and_name_themselves() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Value::parse(nested(DEPTH_MAX).as_bytes()).is_ok());
    let (kind, path) = refusal(nested(DEPTH_MAX + 1).as_bytes());
    assert_eq!(kind, Kind::LimitExceeded { which: Limit::Depth, limit: DEPTH_MAX, got: DEPTH_MAX + 1 });
    assert_eq!(path, "/0".repeat(DEPTH_MAX));
    for limits in [Limits { bytes: 7, nodes: 4 }, Limits { bytes: 7, nodes: usize::MAX }] {
        let document = Value::parse_with(b"[1,2,3]", &limits).unwrap();
        assert_eq!(document.to_canonical_with(&limits).unwrap(), b"[1,2,3]");
    }
    let few = Limits { nodes: 3, ..Limits::default() };
    let short = Limits { bytes: 6, ..Limits::default() };
    let document = Value::parse(b"[1,2,3]").unwrap();
    for (limits, which, limit, got) in [(few, Limit::Nodes, 3, 4), (short, Limit::Bytes, 6, 7)] {
        for error in
            [Value::parse_with(b"[1,2,3]", &limits).unwrap_err(), document.to_canonical_with(&limits).unwrap_err()]
        {
            assert_eq!(error.kind(), &Kind::LimitExceeded { which, limit, got });
        }
    }
}

#[test]
fn a_document_that_is_too_large_is_told_what_its_owner_can_do() {
    let limits = Limits { bytes: 4, ..Limits::default() };
    let told = Value::parse_with(b"[1,2,3]", &limits).unwrap_err().to_string();
    assert!(told.contains("are allowed; split the document ("), "{told}");
}

#[test]
fn a_value_is_shown_as_its_canonical_text_and_one_without_any_is_no_panic() {
    let value = Value::parse(br#"{ "b": [1.0, null], "a": "\u0041" }"#).expect("it is one");
    assert_eq!(value.to_string(), r#"{"a":"A","b":[1,null]}"#);
    let nested = |depth: usize| (0..depth).fold(Value::from(Vec::new()), |inner, _| Value::from(vec![inner]));
    assert_eq!(nested(1).to_string(), "[[]]");
    assert!(nested(DEPTH_MAX - 1).to_string().starts_with("[[["));
    assert_eq!(nested(DEPTH_MAX).to_string(), "…");
}

#[test]
fn a_depth_of_a_million_costs_no_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let text = format!("{}1{}", open.repeat(1_000_000), close.repeat(1_000_000));
        assert!(matches!(refusal(text.as_bytes()).0, Kind::LimitExceeded { which: Limit::Depth, .. }));
        assert!(matches!(refusal(open.repeat(1_000_000).as_bytes()).0, Kind::LimitExceeded { .. }));
    }
    let deep = |wrap: fn(Value) -> Value| (0..1_000_000).fold(Value::Null, |inner, _| wrap(inner));
    let array = deep(|inner| Value::from(vec![inner]));
    let object = deep(|inner| Value::Object([("a", inner)].into_iter().collect()));
    for document in [array, object] {
        let error = document.to_canonical().unwrap_err();
        assert!(matches!(error.kind(), Kind::LimitExceeded { which: Limit::Depth, .. }));
        drop(document);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    One(u8),
    Two(u8, String),
    Named { y: i8, x: Option<char> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    z: Vec<Shape>,
    by_number: BTreeMap<i64, bool>,
    by_char: BTreeMap<char, Option<u8>>,
    by_truth: BTreeMap<bool, Option<f32>>,
    tuple: (u64, i64, f64),
    wrapped: Wrapped,
    unit: Nothing,
    raw: Value,
    a: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u128);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[test]
fn types_are_written_in_the_usual_data_model() {
    let everything = Everything {
        z: vec![Shape::Unit, Shape::One(1), Shape::Two(2, "two".into()), Shape::Named { y: -1, x: Some('ü') }],
        by_number: BTreeMap::from([(-1, true), (9, false), (10, true)]),
        by_char: BTreeMap::from([('"', None), ('a', Some(0))]),
        by_truth: BTreeMap::from([(false, None), (true, Some(0.1))]),
        tuple: (u64::MAX, i64::MIN, 1e300),
        wrapped: Wrapped(7),
        unit: Nothing,
        raw: Value::parse(br#"{"$serde_json::private::Number":"5"}"#).unwrap(),
        a: "\u{1}".into(),
    };
    let expected = concat!(
        r#"{"a":"\u0001","by_char":{"\"":null,"a":0},"by_number":{"-1":true,"10":true,"9":false},"#,
        r#""by_truth":{"false":null,"true":0.1},"raw":{"$serde_json::private::Number":"5"},"#,
        r#""tuple":[18446744073709551615,-9223372036854775808,1e+300],"unit":null,"wrapped":7,"#,
        r#""z":["Unit",{"One":1},{"Two":[2,"two"]},{"Named":{"x":"ü","y":-1}}]}"#
    );
    let bytes = value::to_canonical(&everything).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
    assert_eq!(value::from_slice::<Everything>(&bytes).unwrap(), everything);
    let unsorted: serde_json::Value = serde_json::from_slice(&serde_json::to_vec(&everything).unwrap()).unwrap();
    assert_eq!(unsorted["z"], serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["z"]);
}

#[test]
fn keys_that_are_not_text_are_refused() {
    let error = value::to_canonical(&[BTreeMap::from([(vec![1], 1)])]).unwrap_err();
    assert_eq!((error.kind(), error.path().to_string().as_str()), (&Kind::KeyNotText, "/0"));
}

#[test]
fn errors_of_a_type_carry_the_path() {
    let table = [
        (r#"{"a":[{"One":1},{"Two":[1]}]}"#, "/a/1/Two"),
        (r#"{"a":[{"One":300}]}"#, "/a/0/One"),
        (r#"{"a":["Three"]}"#, "/a/0"),
        (r#"{"a":[{"Named":{"y":1,"x":"ab"}}]}"#, "/a/0/Named/x"),
        (r#"{"a":[{"Unit":1,"One":1}]}"#, "/a/0"),
    ];
    for (text, path) in table {
        let error = value::from_slice::<BTreeMap<String, Vec<Shape>>>(text.as_bytes()).unwrap_err();
        assert!(matches!(error.kind(), Kind::Type { .. }), "{text}");
        assert_eq!(error.path().to_string(), path, "{error}");
    }
}

#[test]
fn errors_of_a_type_have_no_text_of_the_document_in_them() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[serde(rename = "declared")]
        _declared: String,
    }
    #[derive(Debug)]
    struct Talkative;
    impl<'de> Deserialize<'de> for Talkative {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom(String::deserialize(deserializer)?))
        }
    }
    let secret = "ä secret ".repeat(1_000);
    let told = |error: ValueError, wanted: &str| {
        for told in [error.to_string(), format!("{error:?}"), format!("{:?}", error.kind())] {
            assert!(told.matches("secret").count() <= 30 && told.len() < 500, "{told}");
        }
        assert!(error.to_string().contains(wanted), "{error}");
    };
    let text = Value::String(secret.clone());
    told(value::from_value::<Vec<u8>>(&text).unwrap_err(), "invalid type: a text of 10000 bytes, expected a sequence");
    told(value::from_value::<char>(&text).unwrap_err(), "invalid value: a text of 10000 bytes, expected a character");
    told(value::from_value::<Shape>(&text).unwrap_err(), "unknown variant: a text of 10000 bytes, expected `Unit` or");
    told(value::from_value::<Talkative>(&text).unwrap_err(), "ä secret …");
    told(value::from_slice::<u8>(b"300").unwrap_err(), "invalid value: an integer, expected u8");
    let object = |members: &str| Value::parse(members.as_bytes()).unwrap();
    let member = object(&format!(r#"{{"{secret}":1}}"#));
    told(
        value::from_value::<Strict>(&member).unwrap_err(),
        "unknown field: a text of 10000 bytes, expected `declared`",
    );
    told(
        value::from_value::<BTreeMap<String, bool>>(&member).unwrap_err(),
        "an integer, expected a boolean (at /ä sec",
    );
    told(value::from_slice::<Strict>(b"{}").unwrap_err(), "missing field `declared`");
    told(Value::parse(format!(r#"{{"{secret}":1,"{secret}":2}}"#).as_bytes()).unwrap_err(), "stands twice");
    let error = value::from_value::<BTreeMap<String, bool>>(&member).unwrap_err();
    assert_eq!(error.path(), std::iter::once(secret.into()).collect(), "the path itself leads there");
}

#[test]
fn a_type_that_hides_an_error_gets_no_half_document() {
    struct Careless;
    impl Serialize for Careless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(None)?;
            let hidden = seq.serialize_element(&f64::NAN);
            assert!(hidden.is_err());
            seq.end()
        }
    }
    assert!(value::to_canonical(&Careless).is_err());
}

#[test]
fn serde_jsons_values_come_in_and_go_out_unchanged() {
    for text in [
        "null",
        "[1,1.5,-1,18446744073709551615,9007199254740991,1e+300,9.007199254740992e+15]",
        r#"{"$serde_json::private::Number":"5"}"#,
        r#"{"$serde_json::private::Number":5}"#,
        r#"{"$serde_json::private::RawValue":"5"}"#,
        r#"{"a":{"$serde_json::private::Number":"5","b":1},"z":[]}"#,
    ] {
        let document = Value::parse_canonical(text.as_bytes()).unwrap();
        let foreign = serde_json::Value::from(document.clone());
        assert_eq!(Value::try_from(foreign.clone()).unwrap(), document);
        assert_eq!(value::to_value(&foreign).unwrap(), document);
        assert_eq!(serde_json::from_value::<Value>(foreign.clone()).unwrap(), document);
        assert_eq!(Value::deserialize(&foreign).unwrap(), document);
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), document);
        assert_eq!(serde_json::from_reader::<_, Value>(text.as_bytes()).unwrap(), document);
        assert_eq!(serde_json::from_slice::<Value>(&serde_json::to_vec(&document).unwrap()).unwrap(), document);
    }
    assert!(serde_json::from_str::<Value>(r#"{"a":1,"b":2,"a":3}"#).is_err());
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    assert!(serde_json::from_str::<Value>(&deep).is_err());
    let deep = serde_json::from_str::<serde_json::Value>(&deep).unwrap();
    assert!(matches!(Value::try_from(deep).unwrap_err().kind(), Kind::LimitExceeded { .. }));
}
