//! Laws of documents, on random ones.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use draftkeep::value::strategy::{arbitrary_edit, arbitrary_key, arbitrary_number, arbitrary_text, arbitrary_value};
use draftkeep::value::{self, Edit, Number, Path, Pattern, Segment, Value};
use proptest::prelude::*;

fn cases() -> ProptestConfig {
    let effort = std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse::<f64>().ok()).unwrap_or(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let cases = (1_500.0 * effort).max(1.0) as u32;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The order of keys, written as RFC 8785 says it.
fn by_utf16(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Canonical text, written as plainly as can be, without a line of the library's writer.
fn plainly(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => plain_number(*number),
        // serde_json's escapes of text are those of RFC 8785.
        Value::String(text) => serde_json::to_string(text).unwrap(),
        Value::Array(array) => format!("[{}]", array.iter().map(plainly).collect::<Vec<_>>().join(",")),
        Value::Object(object) => {
            let mut members: Vec<(&str, &Value)> = object.iter().collect();
            members.reverse();
            members.sort_by(|a, b| by_utf16(a.0, b.0));
            let member = |(key, value)| format!("{}:{}", serde_json::to_string(key).unwrap(), plainly(value));
            format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

/// The way of `ECMAScript` to write a float (ECMA-262, `Number::toString`), from the digits that the standard library finds.
fn plain_number(number: Number) -> String {
    if let Some(integer) = number.as_i64() {
        return integer.to_string();
    }
    if let Some(integer) = number.as_u64() {
        return integer.to_string();
    }
    let float = number.as_f64().unwrap();
    let text = shortest(float);
    let (mantissa, exponent) = text.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    if float.abs() >= 9_007_199_254_740_992.0 {
        format!("{mantissa}e+{exponent}")
    } else if exponent < -6 {
        format!("{mantissa}e{exponent}")
    } else {
        let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        format!("{float:.*}", usize::try_from(i32::try_from(fraction).unwrap() - exponent).unwrap())
    }
}

/// The fewest digits that read back as the float and of those the nearest, the even one of two as near, with an exponent.
///
/// The standard library finds how many digits that takes, but of two as near it takes the larger.
fn shortest(float: f64) -> String {
    let found = format!("{float:e}");
    let digits = found.split('e').next().map_or(0, |mantissa| mantissa.bytes().filter(u8::is_ascii_digit).count());
    let nearest = format!("{float:.*e}", digits - 1);
    if nearest.parse() == Ok(float) { nearest } else { found }
}

/// The same members in another order.
fn scrambled(value: &Value) -> String {
    match value {
        Value::Array(array) => format!("[ {} ]", array.iter().map(scrambled).collect::<Vec<_>>().join(" ,\n")),
        Value::Object(object) => {
            let member = |(key, value)| format!("{} :\t{}", serde_json::to_string(key).unwrap(), scrambled(value));
            format!("{{ {} }}", object.iter().rev().map(member).collect::<Vec<_>>().join(" , "))
        }
        scalar => plainly(scalar),
    }
}

/// Whether both are one document; `serde_json` without `float_roundtrip` reads some floats a little wrong.
fn agrees(foreign: &serde_json::Value, document: &Value) -> bool {
    match (foreign, document) {
        (serde_json::Value::Object(foreign), Value::Object(object)) => {
            foreign.len() == object.len()
                && object.iter().all(|(key, value)| foreign.get(key).is_some_and(|foreign| agrees(foreign, value)))
        }
        (serde_json::Value::Array(foreign), Value::Array(array)) => {
            foreign.len() == array.len() && foreign.iter().zip(array).all(|(foreign, value)| agrees(foreign, value))
        }
        (serde_json::Value::Number(foreign), Value::Number(number)) => {
            (foreign.as_i64(), foreign.as_u64()) == (number.as_i64(), number.as_u64())
                // By itself it reads floats only nearly right, by a unit of the last place also where that is all there is.
                && (foreign.as_f64().zip(number.as_f64())).is_none_or(|(a, b)| (a - b).abs() <= (b.abs() * 1e-15).max(1e-323))
        }
        (foreign, value) => *foreign == serde_json::Value::from(value.clone()),
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_document_survives_its_text(document in arbitrary_value()) {
        let text = document.to_canonical().unwrap();
        prop_assert_eq!(&Value::parse_canonical(&text).unwrap(), &document);
        prop_assert_eq!(&Value::parse(&text).unwrap(), &document);
        prop_assert_eq!(&Value::parse(scrambled(&document).as_bytes()).unwrap(), &document);
    }

    #[test]
    fn the_text_is_the_one_that_the_rules_say(document in arbitrary_value()) {
        prop_assert_eq!(String::from_utf8(document.to_canonical().unwrap()).unwrap(), plainly(&document));
    }

    #[test]
    fn documents_are_equal_exactly_if_their_texts_are((a, b) in arbitrary_edit()) {
        prop_assert_eq!(a == b, a.to_canonical().unwrap() == b.to_canonical().unwrap());
    }

    #[test]
    fn serde_json_reads_the_same_document(document in arbitrary_value()) {
        let text = document.to_canonical().unwrap();
        let foreign: serde_json::Value = serde_json::from_slice(&text).unwrap();
        prop_assert!(agrees(&foreign, &document), "{foreign:?}");
    }

    #[test]
    fn serde_jsons_value_comes_back(document in arbitrary_value()) {
        let foreign = serde_json::Value::from(document.clone());
        prop_assert_eq!(&value::to_value(&foreign).unwrap(), &document);
        prop_assert_eq!(&Value::try_from(foreign).unwrap(), &document);
    }

    #[test]
    fn a_type_is_written_like_its_value(
        map in proptest::collection::btree_map(arbitrary_key(), (any::<i32>(), arbitrary_text(), any::<Option<bool>>()), 0..12)
    ) {
        let text = value::to_canonical(&map).unwrap();
        prop_assert_eq!(&value::to_value(&map).unwrap().to_canonical().unwrap(), &text);
        let through = Value::try_from(serde_json::to_value(&map).unwrap()).unwrap();
        prop_assert_eq!(&through.to_canonical().unwrap(), &text);
        prop_assert_eq!(value::from_slice::<BTreeMap<String, (i32, String, Option<bool>)>>(&text).unwrap(), map);
    }

    #[test]
    fn only_the_text_that_is_written_is_canonical(document in arbitrary_value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = document.to_canonical().unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        let read = Value::parse(&text);
        let canonical = read.as_ref().is_ok_and(|read| read.to_canonical().unwrap() == text);
        prop_assert_eq!(Value::parse_canonical(&text).is_ok(), canonical);
    }

    #[test]
    fn keys_are_ordered_by_their_utf16_code_units(keys in proptest::collection::btree_set(arbitrary_text(), 0..8)) {
        let map: BTreeMap<&String, u8> = keys.iter().map(|key| (key, 0)).collect();
        let document = value::to_value(&map).unwrap();
        let object = document.as_object().unwrap();
        prop_assert!(object.keys().is_sorted_by(|a, b| by_utf16(a, b).is_lt()));
        prop_assert_eq!(object.len(), keys.len());
        prop_assert!(keys.iter().all(|key| object.contains_key(key)));
    }

    #[test]
    fn floats_survive(float in any::<f64>()) {
        match value::to_canonical(&float) {
            // Adding 0 turns -0.0 into 0.0.
            Ok(text) => prop_assert_eq!(value::from_slice::<f64>(&text).unwrap().to_bits(), (float + 0.0).to_bits()),
            Err(_) => prop_assert!(!float.is_finite()),
        }
    }

    #[test]
    fn small_floats_survive(float in any::<f32>()) {
        prop_assume!(float.is_finite());
        let text = value::to_canonical(&float).unwrap();
        prop_assert_eq!(value::from_slice::<f32>(&text).unwrap().to_bits(), (float + 0.0).to_bits());
    }

    #[test]
    fn a_decimal_is_read_exactly_or_refused(whole in 0..10_000_u64, fraction in "[0-9]{1,22}", exponent in -30..30_i32) {
        let text = format!("{whole}.{fraction}e{exponent}");
        if let Ok(document) = Value::parse(text.as_bytes()) {
            let float: f64 = text.parse().unwrap();
            let shortest = shortest(float);
            let digits = |text: &str| -> String {
                let mantissa = text.split('e').next().unwrap_or_default();
                let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
                digits.trim_matches('0').to_owned()
            };
            prop_assert_eq!(digits(&text), digits(&shortest));
            prop_assert_eq!(document.as_number().unwrap().as_f64().unwrap().to_bits(), float.to_bits());
        } else {
            prop_assert!(fraction.len() > 11, "{} is short enough to be exact", text);
        }
    }

    #[test]
    fn numbers_are_equal_exactly_if_their_texts_are(a in arbitrary_number(), b in arbitrary_number()) {
        prop_assert_eq!(a == b, a.to_string() == b.to_string());
    }

    #[test]
    fn a_path_survives_its_text(segments in proptest::collection::vec(prop_oneof![
        any::<usize>().prop_map(Segment::Index), "[a~/0-9*]{0,4}".prop_map(Segment::Key), arbitrary_text().prop_map(Segment::Key)
    ], 0..5)) {
        let path: Path = segments.into_iter().collect();
        prop_assert_eq!(&path.to_string().parse::<Path>().unwrap(), &path);
        if !path.segments().contains(&Segment::from("*")) {
            prop_assert!(path.to_string().parse::<Pattern>().unwrap().matches(&path));
        }
    }

    #[test]
    fn a_difference_leads_from_one_document_to_the_other((before, after) in arbitrary_edit()) {
        let changes = value::diff(&before, &after);
        prop_assert_eq!(changes.is_empty(), before == after);
        prop_assert_eq!(value::apply(&before, &changes), Some(after), "{:#?}", changes);
    }

    #[test]
    fn unrelated_documents_have_a_difference_too((before, after) in (arbitrary_value(), arbitrary_value()), steps in 0..4_000_usize) {
        let changes = value::diff_with(&before, &after, steps);
        prop_assert_eq!(value::apply(&before, &changes), Some(after), "{:#?}", changes);
    }

    #[test]
    fn shuffled_elements_with_ids_only_move(order in Just((0..12_u8).collect::<Vec<_>>()).prop_shuffle()) {
        let array = |ids: Vec<u8>| value::to_value(&ids.iter().map(|id| BTreeMap::from([("id", id)])).collect::<Vec<_>>()).unwrap();
        let (before, after) = (array((0..12).collect()), array(order));
        let changes = value::diff(&before, &after);
        prop_assert!(changes.iter().all(|change| matches!(change.edit, Edit::Moved { .. })), "{:?}", changes);
        prop_assert_eq!(value::apply(&before, &changes), Some(after));
    }
}

#[test]
fn a_difference_says_what_a_person_would_say() {
    let table = [
        ("1", "2", "~ (all): 1 → 2"),
        (r#"{"a":1}"#, r#"{"b":1}"#, "- /a: 1\n+ /b: 1"),
        ("[1,2,3,4]", "[1,3,4,5]", "- /1: 2\n+ /3: 5"),
        (r#"[{"id":1},{"id":2},{"id":3}]"#, r#"[{"id":3},{"id":1},{"id":2,"t":"x"}]"#, "> /0: from 2\n+ /2/t: \"x\""),
        (r#"["one two three"]"#, r#"["one 2 three"]"#, "~ /0: one [-two-]{+2+} three"),
        (r#""a b c d""#, r#""a x y d""#, "~ (all): a [-b c-]{+x y+} d"),
        (r#""cafe\u0301 x""#, r#""cafe x""#, "~ (all): [-cafe\u{301}-]{+cafe+} x"),
        (r#""hello""#, r#""world""#, "~ (all): \"hello\" → \"world\""),
        ("[[1,2],[3]]", "[[1,2,9],[3]]", "+ /0/2: 9"),
    ];
    for (before, after, expected) in table {
        let parse = |text: &str| Value::parse(text.as_bytes()).unwrap();
        let lines: Vec<String> = value::diff(&parse(before), &parse(after)).iter().map(ToString::to_string).collect();
        assert_eq!(lines.join("\n"), expected);
    }
}

#[test]
fn a_hostile_pair_of_documents_costs_bounded_work() {
    let text = |seed: usize| (0..200_000).map(|at| ((at * seed) % 7919).to_string()).collect::<Vec<_>>().join(" ");
    let (before, after) = (Value::from(text(31)), Value::from(text(37)));
    let changes = value::diff(&before, &after);
    assert!(matches!(changes.as_slice(), [change] if matches!(change.edit, Edit::Changed { .. })));
    let numbers = |seed: u64| Value::from((0..100_000_u64).map(|at| Value::from(at * seed % 7919)).collect::<Vec<_>>());
    let (before, after) = (numbers(31), numbers(37));
    assert_eq!(value::apply(&before, &value::diff(&before, &after)), Some(after));
}

#[test]
fn changes_that_do_not_fit_are_refused() {
    let parse = |text: &str| Value::parse(text.as_bytes()).unwrap();
    let changes = value::diff(&parse(r#"{"a":["one two",1],"b":1}"#), &parse(r#"{"a":["one three",1,2]}"#));
    for other in [r#"{"a":["one two",1],"b":2}"#, r#"{"a":["four two",1],"b":1}"#, r#"{"a":["one two"],"b":1}"#, "null"]
    {
        assert_eq!(value::apply(&parse(other), &changes), None, "{other}");
    }
}
