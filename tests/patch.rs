//! Goal: JSON Patch and JSON Merge Patch do what RFC 6902 and RFC 7396 say, within the limits, and all or nothing.
//! Method: the examples of both, a table of what is easily got wrong, laws on random documents, and the crate `json-patch`
//! as another opinion on random patches, right and wrong ones.

use draftkeep::value::strategy::{arbitrary_edit, arbitrary_value};
use draftkeep::value::{
    Found, Limit, Limits, Object, Operation, ParsePathError, Patch, PatchError, PatchErrorKind, Path, Segment, Value,
    diff, merge_patch, merge_patch_between, merge_patch_with,
};
use proptest::prelude::*;

fn cases() -> ProptestConfig {
    let effort = std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse::<f64>().ok()).unwrap_or(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let cases = (1_500.0 * effort).max(1.0) as u32;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn value(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(value: &Value) -> String {
    String::from_utf8(value.to_canonical().unwrap()).unwrap()
}

/// Reads and applies a patch.
fn patched(document: &str, patch: &str) -> Result<Value, PatchError> {
    Patch::parse(patch.as_bytes())?.apply(&value(document))
}

#[test]
fn the_examples_of_rfc_6902() {
    let right = [
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz","value":"qux"}]"#, r#"{"baz":"qux","foo":"bar"}"#),
        (
            r#"{"foo":["bar","baz"]}"#,
            r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            r#"{"foo":["bar","qux","baz"]}"#,
        ),
        (r#"{"baz":"qux","foo":"bar"}"#, r#"[{"op":"remove","path":"/baz"}]"#, r#"{"foo":"bar"}"#),
        (r#"{"foo":["bar","qux","baz"]}"#, r#"[{"op":"remove","path":"/foo/1"}]"#, r#"{"foo":["bar","baz"]}"#),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            r#"{"baz":"boo","foo":"bar"}"#,
        ),
        (
            r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
        ),
        (
            r#"{"foo":["all","grass","cows","eat"]}"#,
            r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            r#"{"foo":["all","cows","eat","grass"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
            r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            r#"{"child":{"grandchild":{}},"foo":"bar"}"#,
        ),
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, r#"{"baz":"qux","foo":"bar"}"#),
        (r#"{"/":9,"~1":10}"#, r#"[{"op":"test","path":"/~01","value":10}]"#, r#"{"/":9,"~1":10}"#),
        (
            r#"{"foo":["bar"]}"#,
            r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            r#"{"foo":["bar",["abc","def"]]}"#,
        ),
    ];
    for (document, patch, expected) in right {
        assert_eq!(text(&patched(document, patch).unwrap()), expected, "{patch}");
    }
    let failed = patched(r#"{"baz":"qux"}"#, r#"[{"op":"test","path":"/baz","value":"bar"}]"#).unwrap_err();
    assert!(matches!(failed.kind(), PatchErrorKind::TestFailed { expected: Found::Text(3), found: Found::Text(3) }));
    let nowhere = patched(r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz/bat","value":"qux"}]"#).unwrap_err();
    assert!(matches!(nowhere.kind(), PatchErrorKind::Missing { container: Found::Object(1) }));
    let twice = patched("{}", r#"[{"op":"add","path":"/baz","value":"qux","op":"remove"}]"#).unwrap_err();
    assert!(matches!(twice.kind(), PatchErrorKind::Text(_)), "{twice}");
    let other = patched(r#"{"/":9,"~1":10}"#, r#"[{"op":"test","path":"/~01","value":"10"}]"#).unwrap_err();
    assert!(matches!(other.kind(), PatchErrorKind::TestFailed { expected: Found::Text(2), found: Found::Number }));
}

#[test]
fn the_examples_of_rfc_7396() {
    let table = [
        (
            r#"{"author":{"familyName":"Doe","givenName":"John"},"content":"This will be unchanged","tags":["example","sample"],"title":"Goodbye!"}"#,
            r#"{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}"#,
            r#"{"author":{"givenName":"John"},"content":"This will be unchanged","phoneNumber":"+01-123-456-7890","tags":["example"],"title":"Hello!"}"#,
        ),
        (r#"{"a":"b","c":{"d":"e","f":"g"}}"#, r#"{"a":"z","c":{"f":null}}"#, r#"{"a":"z","c":{"d":"e"}}"#),
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
    ];
    for (target, patch, expected) in table {
        assert_eq!(text(&merge_patch(&value(target), &value(patch)).unwrap()), expected, "{target} {patch}");
    }
}

#[test]
fn what_is_easily_got_wrong_is_right() {
    let table = [
        // Members and elements of any kind, and the whole document.
        (r#"{"a":null}"#, r#"[{"op":"add","path":"/a","value":1}]"#, r#"{"a":1}"#),
        (r#"{"a":1}"#, r#"[{"op":"add","path":"/b","value":null}]"#, r#"{"a":1,"b":null}"#),
        (r#"{"a":null}"#, r#"[{"op":"test","path":"/a","value":null}]"#, r#"{"a":null}"#),
        (r#"{"a":null}"#, r#"[{"op":"move","from":"/a","path":"/b"}]"#, r#"{"b":null}"#),
        (r#"{"a":null}"#, r#"[{"op":"copy","from":"/a","path":"/b"}]"#, r#"{"a":null,"b":null}"#),
        (r#"{"a":null}"#, r#"[{"op":"remove","path":"/a"}]"#, "{}"),
        (r#"{"a":null}"#, r#"[{"op":"replace","path":"/a","value":false}]"#, r#"{"a":false}"#),
        ("{}", r#"[{"op":"add","path":"","value":[]}]"#, "[]"),
        (r#""a""#, r#"[{"op":"replace","path":"","value":{"b":1}}]"#, r#"{"b":1}"#),
        (r#"{"a":1}"#, r#"[{"op":"test","path":"","value":{"a":1}}]"#, r#"{"a":1}"#),
        (r#"{"a":{"b":[1]}}"#, r#"[{"op":"move","from":"/a/b","path":""}]"#, "[1]"),
        (r#"{"a":1}"#, r#"[{"op":"copy","from":"","path":"/b"}]"#, r#"{"a":1,"b":{"a":1}}"#),
        ("[1]", r#"[{"op":"move","from":"","path":""}]"#, "[1]"),
        // Keys that look like something else.
        ("{}", r#"[{"op":"add","path":"/","value":1}]"#, r#"{"":1}"#),
        (r#"{"a":{}}"#, r#"[{"op":"add","path":"/a/","value":1}]"#, r#"{"a":{"":1}}"#),
        ("{}", r#"[{"op":"add","path":"/0","value":1}]"#, r#"{"0":1}"#),
        (r#"{"01":1,"-":2,"1e0":3}"#, r#"[{"op":"remove","path":"/01"},{"op":"remove","path":"/-"}]"#, r#"{"1e0":3}"#),
        ("{}", r#"[{"op":"add","path":"/-","value":1}]"#, r#"{"-":1}"#),
        (r#"{"a":1}"#, r#"[{"op":"add","path":"/A","value":2}]"#, r#"{"A":2,"a":1}"#),
        (
            r#"{"a/b":1,"m~n":2,"%":3,"\\":4,"\"":5," ":6}"#,
            r#"[{"op":"test","path":"/a~1b","value":1},{"op":"test","path":"/m~0n","value":2},{"op":"test","path":"/%","value":3},
                {"op":"test","path":"/\\","value":4},{"op":"test","path":"/\"","value":5},{"op":"remove","path":"/ "}]"#,
            r#"{"\"":5,"%":3,"\\":4,"a/b":1,"m~n":2}"#,
        ),
        // Places in arrays, which move with every operation.
        ("[]", r#"[{"op":"add","path":"/-","value":1},{"op":"add","path":"/0","value":0}]"#, "[0,1]"),
        ("[1,2]", r#"[{"op":"add","path":"/2","value":3}]"#, "[1,2,3]"),
        ("[1,2]", r#"[{"op":"add","path":"/1","value":[8,9]}]"#, "[1,[8,9],2]"),
        ("[1,[2,[3]]]", r#"[{"op":"add","path":"/1/1/-","value":4}]"#, "[1,[2,[3,4]]]"),
        ("[1,2,3,4]", r#"[{"op":"remove","path":"/1"},{"op":"remove","path":"/2"}]"#, "[1,3]"),
        ("[1,2,3]", r#"[{"op":"move","from":"/0","path":"/-"}]"#, "[2,3,1]"),
        ("[1,2,3]", r#"[{"op":"move","from":"/0","path":"/2"}]"#, "[2,3,1]"),
        ("[1,2,3]", r#"[{"op":"move","from":"/2","path":"/0"}]"#, "[3,1,2]"),
        (r#"[[1],{"a":2}]"#, r#"[{"op":"move","from":"/1/a","path":"/0/0"}]"#, "[[2,1],{}]"),
        (r#"{"a":1,"b":2}"#, r#"[{"op":"move","from":"/a","path":"/b"}]"#, r#"{"b":1}"#),
        (r#"{"a":1}"#, r#"[{"op":"move","from":"/a","path":"/a"}]"#, r#"{"a":1}"#),
        (r#"{"a":1,"ab":2}"#, r#"[{"op":"move","from":"/a","path":"/ab"}]"#, r#"{"ab":1}"#),
        (r#"[{"a":1},{}]"#, r#"[{"op":"move","from":"/0","path":"/0/a"}]"#, "refused"),
        // Equality.
        (
            r#"{"a":{"b":1,"c":[2]}}"#,
            r#"[{"op":"test","path":"/a","value":{"c":[2.0],"b":1e0}}]"#,
            r#"{"a":{"b":1,"c":[2]}}"#,
        ),
        ("-0.0", r#"[{"op":"test","path":"","value":0}]"#, "0"),
        ("1e16", r#"[{"op":"test","path":"","value":10000000000000000.0}]"#, "1e+16"),
        ("1e16", r#"[{"op":"test","path":"","value":10000000000000000}]"#, "refused"),
        ("[1,2]", r#"[{"op":"test","path":"","value":[2,1]}]"#, "refused"),
        // Operations are made in order, and members that nobody knows are passed over.
        ("{}", "[]", "{}"),
        ("1", r#"[{"op":"remove","path":"","value":2}]"#, "refused"),
        (r#"{"a":1}"#, r#"[{"op":"remove","path":"/a","value":2,"from":"no pointer"}]"#, "{}"),
        (
            r#"{"a":[1]}"#,
            r#"[{"op":"copy","from":"/a","path":"/a/0"},{"op":"remove","path":"/a/1"}]"#,
            r#"{"a":[[1]]}"#,
        ),
    ];
    for (document, patch, expected) in table {
        let applied = patched(document, patch);
        let got = applied.as_ref().map_or_else(|_| "refused".to_owned(), text);
        assert_eq!(got, expected, "{document} {patch} {applied:?}");
    }
}

/// A patch that does not fit, and the words for it.
const REFUSED: [(&str, &str, &str); 28] = [
    ("{}", "{}", "a patch is an array of operations, and this is an object of 0 members"),
    ("{}", "[3]", r#"operation 0 (?): an operation is an object with the member "op", and this is a number"#),
    ("{}", r#"[{"path":"/a"}]"#, r#"operation 0 (?): the member "op" is missing; add it"#),
    ("{}", r#"[{"op":1}]"#, r#"operation 0 (?): the member "op" has to be text, and is a number"#),
    (
        "{}",
        r#"[{"op":"Add","path":"/a","value":1}]"#,
        r#"operation 0 (?): "Add" is no operation; there are add, remove, replace, move, copy and test"#,
    ),
    ("{}", r#"[{"op":"add","value":1}]"#, r#"operation 0 (add): the member "path" is missing; add it"#),
    ("{}", r#"[{"op":"add","path":"/a"}]"#, r#"operation 0 (add "/a"): the member "value" is missing; add it"#),
    ("[false]", r#"[{"op":"test","path":"/0"}]"#, r#"operation 0 (test "/0"): the member "value" is missing; add it"#),
    ("{}", r#"[{"op":"copy","path":"/a"}]"#, r#"operation 0 (copy "/a"): the member "from" is missing; add it"#),
    (
        "{}",
        r#"[{"op":"test","path":null,"value":1}]"#,
        r#"operation 0 (test): the member "path" has to be text, and is null"#,
    ),
    (
        "{}",
        r#"[{"op":"add","path":"/a~2b","value":1}]"#,
        r#"operation 0 (add): the member "path" is "/a~2b", which is no JSON pointer: '~' must be followed by 0 (for '~') or 1 (for '/')"#,
    ),
    (
        "{}",
        r##"[{"op":"add","path":"","value":{}},{"op":"move","from":"#/a","path":"/b"}]"##,
        r##"operation 1 (move "/b"): the member "from" is "#/a", which is no JSON pointer: a path is empty (the root) or begins with '/'"##,
    ),
    (
        "[1,2]",
        r#"[{"op":"test","path":"/01","value":2}]"#,
        r#"operation 0 (test "/01"): "/01" is no place in an array, which has 2 elements here; an index is digits without a leading zero"#,
    ),
    (
        "[1,2]",
        r#"[{"op":"add","path":"/-1","value":2}]"#,
        r#"operation 0 (add "/-1"): "/-1" is no place in an array, which has 2 elements here; an index is digits without a leading zero"#,
    ),
    (
        r#"{"a":[[1],2]}"#,
        r#"[{"op":"remove","path":"/a/1e0/b"}]"#,
        r#"operation 0 (remove "/a/1e0/b"): "/a/1e0" is no place in an array, which has 2 elements here; an index is digits without a leading zero"#,
    ),
    (
        "[1,2]",
        r#"[{"op":"remove","path":"/-"}]"#,
        r#"operation 0 (remove "/-"): "/-" is behind the last of 2 elements, where nothing is; one can add, move or copy to it, and it is the last step"#,
    ),
    (
        "[[1]]",
        r#"[{"op":"add","path":"/-/0","value":1}]"#,
        r#"operation 0 (add "/-/0"): "/-" is behind the last of 1 elements, where nothing is; one can add, move or copy to it, and it is the last step"#,
    ),
    (
        "[1,2]",
        r#"[{"op":"copy","from":"/-","path":"/0"}]"#,
        r#"operation 0 (copy "/-"): "/-" is behind the last of 2 elements, where nothing is; one can add, move or copy to it, and it is the last step"#,
    ),
    (
        "[1,2]",
        r#"[{"op":"add","path":"/3","value":1}]"#,
        r#"operation 0 (add "/3"): there is no place 3 at "/3"; the array has 2 elements"#,
    ),
    (
        "[1,2]",
        r#"[{"op":"remove","path":"/2"}]"#,
        r#"operation 0 (remove "/2"): there is no place 2 at "/2"; the array has 2 elements"#,
    ),
    (
        "[1,2]",
        r#"[{"op":"remove","path":"/99999999999999999999999"}]"#,
        r#"operation 0 (remove "/99999999999999999999999"): "/99999999999999999999999" is no place in an array, which has 2 elements here; an index is digits without a leading zero"#,
    ),
    (
        r#"{"a":{"b":1}}"#,
        r#"[{"op":"replace","path":"/a/c/d","value":1}]"#,
        r#"operation 0 (replace "/a/c/d"): there is nothing at "/a/c", in an object of 1 member; add it first, or read the document again"#,
    ),
    (
        r#"{"a":"text"}"#,
        r#"[{"op":"add","path":"/a/b","value":1}]"#,
        r#"operation 0 (add "/a/b"): at "/a" is a text of 4 bytes, which has nothing in it; read the document again"#,
    ),
    (
        r#"{"a":"text"}"#,
        r#"[{"op":"test","path":"/a/b/c","value":1}]"#,
        r#"operation 0 (test "/a/b/c"): at "/a" is a text of 4 bytes, which has nothing in it; read the document again"#,
    ),
    ("[]", r#"[{"op":"remove","path":""}]"#, r#"operation 0 (remove ""): a document cannot be removed; replace it"#),
    (
        r#"{"a":{}}"#,
        r#"[{"op":"move","from":"/a","path":"/a/b"}]"#,
        r#"operation 0 (move "/a"): what is at "/a" cannot be moved into itself; copy it, or move what is in it"#,
    ),
    (
        r#"{"a":[1]}"#,
        r#"[{"op":"add","path":"/b","value":1},{"op":"test","path":"/a","value":{"b":1}}]"#,
        r#"operation 1 (test "/a"): the test expects an object of 1 member, and an array of 1 element is there; read the document again"#,
    ),
    (
        r#"{"a":true}"#,
        r#"[{"op":"test","path":"/a","value":false}]"#,
        r#"operation 0 (test "/a"): the test expects another value; a boolean is there; read the document again"#,
    ),
];

#[test]
fn what_does_not_fit_is_refused_in_words_that_name_it() {
    for (document, patch, words) in REFUSED {
        let error = patched(document, patch).unwrap_err();
        assert_eq!(error.to_string(), words, "{patch}");
        // Each is told by the operation's number, and what could be read of its path.
        assert_eq!(error.operation().is_some(), patch != "{}", "{patch}");
    }
    let error = patched("[1]", r#"[{"op":"add","path":"/0/a/b","value":"secret"}]"#).unwrap_err();
    assert_eq!(error.path().map(ToString::to_string).as_deref(), Some("/0/a/b"));
    assert_eq!(error.place().map(ToString::to_string).as_deref(), Some("/0"));
    let pointer = patched("[1]", r#"[{"op":"remove","path":"a"}]"#).unwrap_err();
    assert!(matches!(pointer.kind(), PatchErrorKind::Pointer { source: ParsePathError::NoSlash, .. }));
    assert!(std::error::Error::source(&pointer).is_some());
}

#[test]
fn an_error_shows_no_text_of_the_document_and_no_key_at_length() {
    let key = "k".repeat(5_000);
    let document = format!(r#"{{"{key}":{{"a":"secret"}}}}"#);
    let patches = [
        format!(r#"[{{"op":"test","path":"/{key}/a","value":"hidden"}}]"#),
        format!(r#"[{{"op":"remove","path":"/{key}/{key}"}}]"#),
        format!(r#"[{{"op":"{key}"}}]"#),
        format!(r#"[{{"op":"remove","path":"{key}"}}]"#),
        format!(r#"[{{"op":"remove","path":"{}"}}]"#, "/a".repeat(100_000)),
    ];
    for patch in patches {
        let error = patched(&document, &patch).unwrap_err();
        for words in [error.to_string(), format!("{error:?}")] {
            assert!(words.len() < 900 && !words.contains("secret") && !words.contains("hidden"), "{words}");
        }
    }
}

#[test]
fn a_patch_that_fails_leaves_nothing_of_it_behind() {
    let document = value(r#"{"a":[1,2],"b":{"c":3}}"#);
    let patch = r#"[{"op":"remove","path":"/a/0"},{"op":"move","from":"/b/c","path":"/d"},{"op":"test","path":"/d","value":4},
        {"op":"remove","path":"/b"}]"#;
    let error = Patch::parse(patch.as_bytes()).unwrap().apply(&document).unwrap_err();
    assert_eq!(error.operation(), Some(2));
    assert_eq!(text(&document), r#"{"a":[1,2],"b":{"c":3}}"#);
}

#[test]
fn nothing_is_moved_into_itself() {
    // What stands behind it moves into its place, and would take it in.
    for (document, from, path) in [("[{},{}]", "/0", "/0/a"), (r#"{"a":[[],[]]}"#, "/a/0", "/a/0/0"), ("{}", "", "/a")]
    {
        let patch = format!(r#"[{{"op":"move","from":"{from}","path":"{path}"}}]"#);
        let error = patched(document, &patch).expect_err(path);
        assert!(matches!(error.kind(), PatchErrorKind::IntoItself), "{error}");
        assert_eq!(error.place().map(ToString::to_string).as_deref(), Some(from));
    }
}

/// A patch that puts a copy of a document into it, so many times: each time it is twice as large.
fn doubling(times: usize) -> Patch {
    let path = Path::root().join("-");
    (0..times).map(|_| Operation::Copy { from: Path::root(), path: path.clone() }).collect()
}

#[test]
fn a_patch_that_doubles_what_it_copied_is_refused_before_it_is_large() {
    let document = value(&format!(r#"["{}"]"#, "a".repeat(1_000)));
    let limits = Limits { bytes: 100_000, ..Limits::default() };
    let error = doubling(12).apply_with(&document, &limits, Patch::STEPS_DEFAULT).unwrap_err();
    assert_eq!(error.operation(), Some(6));
    assert!(
        matches!(error.kind(), PatchErrorKind::LimitExceeded { which: Limit::Bytes, limit: 100_000, got } if *got < 200_000)
    );
    let limits = Limits { nodes: 100, ..Limits::default() };
    let error = doubling(12).apply_with(&document, &limits, Patch::STEPS_DEFAULT).unwrap_err();
    assert!(
        matches!(error.kind(), PatchErrorKind::LimitExceeded { which: Limit::Nodes, limit: 100, got: 128 }),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        r#"operation 5 (copy "/-"): there would be 128 or more values, 100 are allowed; split the document"#
    );
}

#[test]
fn no_patch_makes_a_document_deeper_than_one_can_be() {
    let deep = value(&format!("{}{}", "[".repeat(62), "]".repeat(62)));
    let inside = |path: &str| Patch::parse(format!(r#"[{{"op":"add","path":"{path}","value":[]}}]"#).as_bytes());
    let deepest = inside(&"/0".repeat(62)).unwrap().apply(&deep).unwrap();
    let deepest = inside(&"/0".repeat(63)).unwrap().apply(&deepest).unwrap();
    assert!(deepest.to_canonical().is_ok());
    let too_deep = |result: Result<Value, PatchError>| {
        let error = result.expect_err("it is too deep");
        assert!(
            matches!(error.kind(), PatchErrorKind::LimitExceeded { which: Limit::Depth, limit: 64, .. }),
            "{error}"
        );
    };
    too_deep(inside(&"/0".repeat(64)).unwrap().apply(&deepest));
    too_deep(inside(&"/0".repeat(65)).and_then(|patch| patch.apply(&deepest)));
    let pair: Object = [("a", deep), ("b", value("[[[]]]"))].into_iter().collect();
    let pair = Value::Object(pair);
    let carry = |from: &str, path: &str| {
        Patch::parse(format!(r#"[{{"op":"move","from":"{from}","path":"{path}"}}]"#).as_bytes()).unwrap().apply(&pair)
    };
    assert!(carry("/a", "/b/0").is_ok());
    too_deep(carry("/a", "/b/0/0/0"));
    // One made by hand may have any depth, and is looked at no deeper than allowed.
    let mut bottomless = Value::Null;
    for _ in 0..100_000 {
        bottomless = Value::from(vec![bottomless]);
    }
    too_deep(Patch::default().apply(&bottomless));
    too_deep(merge_patch(&bottomless, &Value::Null));
    too_deep(merge_patch(&Value::Null, &bottomless));
    too_deep(merge_patch_between(&bottomless, &Value::Null));
    let path = Path::root();
    too_deep(Patch::from(vec![Operation::Add { path, value: bottomless }]).apply(&Value::Null));
}

#[test]
fn a_patch_that_moves_too_much_is_refused() {
    let document = Value::from((0..10_000_u64).map(Value::from).collect::<Vec<_>>());
    let turn = |times| {
        let step = |_| Operation::Move { from: Path::root().join(0), path: Path::root().join("-") };
        (0..times).map(step).collect::<Patch>()
    };
    // An operation, and 10,000 elements that move aside, 64 a step.
    let error = turn(3).apply_with(&document, &Limits::default(), 2 * 157).unwrap_err();
    assert!(matches!(error.kind(), PatchErrorKind::TooMuchWork { limit: 314 }), "{error}");
    assert_eq!(error.operation(), Some(2));
    assert!(turn(3).apply_with(&document, &Limits::default(), 3 * 157).is_ok());
    // What takes more than that is replaced as a whole by a patch that is made.
    let (from, to) = (Value::from(vec![Value::Null; 300_000]), (0..300_000_u64).map(|at| Value::from(at % 2)));
    let to = Value::from(to.collect::<Vec<_>>());
    assert_eq!(Patch::between(&from, &to).apply(&from).unwrap(), to);
}

#[test]
fn a_merge_patch_keeps_to_the_limits() {
    let (target, patch) = (value(r#"{"a":[1,2],"b":"text"}"#), value(r#"{"b":null,"c":[3]}"#));
    assert_eq!(text(&merge_patch(&target, &patch).unwrap()), r#"{"a":[1,2],"c":[3]}"#);
    let limits = |bytes, nodes| Limits { bytes, nodes };
    assert!(merge_patch_with(&target, &patch, &limits(22, 6)).is_ok());
    for (limits, limit) in [(limits(21, 6), Limit::Bytes), (limits(22, 5), Limit::Nodes)] {
        let error = merge_patch_with(&target, &patch, &limits).unwrap_err();
        assert!(matches!(error.kind(), PatchErrorKind::LimitExceeded { which, .. } if *which == limit), "{error}");
    }
    // Many members in a large object cost one pass.
    let many = |from: u32| (from..from + 400_000).map(|key| (format!("{key:07}"), Value::Null)).collect::<Object>();
    let ones = many(0).into_iter().map(|(key, _)| (key, Value::from(1))).collect::<Object>();
    let merged = merge_patch(&Value::Object(ones), &Value::Object(many(0))).unwrap();
    assert_eq!(text(&merged), "{}");
}

/// Paths of a document: of each of its values.
fn paths(value: &Value, path: &mut Path, found: &mut Vec<Path>) {
    found.push(path.clone());
    let mut into = |segment: Segment, value: &Value| {
        path.push(segment);
        paths(value, path, found);
        path.pop();
    };
    match value {
        Value::Array(array) => array.iter().enumerate().for_each(|(index, value)| into(index.into(), value)),
        Value::Object(object) => object.iter().for_each(|(key, value)| into(key.into(), value)),
        _ => {}
    }
}

/// What an operation is made of: which of a document's paths, each bent a little, which operation, and a value.
type Recipe = (u8, [(prop::sample::Index, u8); 2], Value);

fn arbitrary_recipes() -> impl Strategy<Value = Vec<Recipe>> {
    let place = || (any::<prop::sample::Index>(), 0..24_u8);
    let recipe = (0..7_u8, (place(), place()).prop_map(|(a, b)| [a, b]), arbitrary_value());
    proptest::collection::vec(recipe, 0..6)
}

fn bent(path: &Path, how: u8) -> Path {
    let above = || {
        let mut path = path.clone();
        path.pop();
        path
    };
    match how {
        0 => path.join("-"),
        1 => path.join(0),
        2 => path.join("01"),
        3 => path.join("a"),
        4 => path.join(""),
        5 => above().join("-"),
        6 => above().join("b"),
        7 => above().join(1),
        8 => above().join("~/"),
        9 => above().join("00"),
        10 => above(),
        _ => path.clone(),
    }
}

/// Makes a patch of recipes; each operation is made for the document as it stands once those before it are applied.
fn cooked(document: &Value, recipes: Vec<Recipe>) -> Patch {
    let mut current = document.clone();
    let mut operations = Vec::new();
    for (which, places, value) in recipes {
        let mut there = Vec::new();
        paths(&current, &mut Path::root(), &mut there);
        let [from, path] = places.map(|(place, how)| bent(&there[place.index(there.len())], how));
        let operation = match which {
            0 => Operation::Add { path, value },
            1 => Operation::Remove { path },
            2 => Operation::Replace { path, value },
            3 => Operation::Move { from, path },
            4 => Operation::Copy { from, path },
            5 => Operation::Test { value: current.get(&path).cloned().unwrap_or(value), path },
            _ => Operation::Test { path, value },
        };
        operations.push(operation.clone());
        if let Ok(next) = Patch::from(vec![operation]).apply(&current) {
            current = next;
        }
    }
    Patch::from(operations)
}

fn arbitrary_patch() -> impl Strategy<Value = (Value, Patch)> {
    (arbitrary_value(), arbitrary_recipes()).prop_map(|(document, recipes)| {
        let patch = cooked(&document, recipes);
        (document, patch)
    })
}

/// What the crate `json-patch` makes of it.
///
/// By its call that does not undo what it did before a failure: the one that does loses a value where a move has nowhere to
/// go, and panics where a move was to be undone over the value's own container.
fn theirs(document: &Value, patch: &Patch) -> Option<Value> {
    let mut after = serde_json::Value::from(document.clone());
    let patch: json_patch::Patch = serde_json::from_value(serde_json::Value::from(patch.to_value())).unwrap();
    json_patch::patch_unsafe(&mut after, &patch).ok().map(|()| Value::try_from(after).unwrap())
}

/// Moving the whole document to its own place changes nothing here, as RFC 6902 has it for every other place; `json-patch`
/// takes it out first, which it refuses for the whole document.
fn moves_the_root_to_itself(operation: &Operation) -> bool {
    matches!(operation, Operation::Move { from, path } if from.is_root() && path.is_root())
}

/// Whether a member is null, other than inside of an array.
fn has_null_member(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.values().any(|value| value.is_null() || has_null_member(value)))
}

/// A member of an operation, or none: right ones, and what is not.
fn arbitrary_member(right: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        12 => proptest::sample::select(right).prop_map(|text| Some(Value::from(text))),
        1 => Just(None),
        1 => arbitrary_value().prop_map(Some),
    ]
}

fn arbitrary_operation_text() -> impl Strategy<Value = Value> {
    let name = arbitrary_member(&["add", "remove", "replace", "move", "copy", "test", "Test", "", "merge"]);
    let pointer = || arbitrary_member(&["", "/", "/a", "/a~1b/0", "/~01", "a", "/a~", "/~2", "~0", "#/a", "/-/01"]);
    let value = prop_oneof![4 => arbitrary_value().prop_map(Some), 1 => Just(None)];
    let members = (name, pointer(), pointer(), value, arbitrary_member(&["x"]));
    members.prop_map(|(name, path, from, value, more)| {
        let members = [("op", name), ("path", path), ("from", from), ("value", value), ("more", more)];
        Value::Object(members.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn another_implementation_agrees((document, patch) in arbitrary_patch()) {
        prop_assume!(!patch.operations().iter().any(moves_the_root_to_itself));
        let before = document.clone();
        let ours = patch.apply(&document);
        let theirs = theirs(&document, &patch);
        prop_assert_eq!(ours.as_ref().ok(), theirs.as_ref(), "{:?}\n{:?}", ours, patch);
        prop_assert_eq!(&before, &document);
        if let Err(error) = ours {
            let failed = error.operation().unwrap();
            let (done, rest) = patch.operations().split_at(failed);
            let reached = Patch::from(done.to_vec()).apply(&document).unwrap();
            prop_assert!(Patch::from(rest[..1].to_vec()).apply(&reached).is_err());
            prop_assert!(error.place().unwrap().contains(error.path().unwrap()));
        }
    }

    #[test]
    fn another_implementation_agrees_on_merge_patches((a, b) in arbitrary_edit(), c in arbitrary_value()) {
        for (target, patch) in [(&a, &b), (&b, &a), (&a, &c)] {
            let mut theirs = serde_json::Value::from(target.clone());
            json_patch::merge(&mut theirs, &serde_json::Value::from(patch.clone()));
            prop_assert_eq!(merge_patch(target, patch).unwrap(), Value::try_from(theirs).unwrap());
        }
    }

    #[test]
    fn another_implementation_agrees_on_what_a_patch_is(operations in proptest::collection::vec(arbitrary_operation_text(), 0..3)) {
        let form = Value::from(operations);
        let ours = Patch::from_value(&form);
        let theirs = serde_json::from_value::<json_patch::Patch>(serde_json::Value::from(form.clone()));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.to_value(), Value::try_from(serde_json::to_value(theirs).unwrap()).unwrap());
        }
    }

    #[test]
    fn a_patch_survives_its_text((_, patch) in arbitrary_patch()) {
        prop_assert_eq!(&Patch::from_value(&patch.to_value()).unwrap(), &patch);
        prop_assert_eq!(&Patch::parse(&patch.to_canonical().unwrap()).unwrap(), &patch);
    }

    #[test]
    fn the_limits_hold_after_every_operation_and_to_the_byte((document, patch) in arbitrary_patch()) {
        // Up to the operation that fails, where one does.
        let fits = patch.apply(&document).map_or_else(|error| error.operation().unwrap(), |_| patch.operations().len());
        let patch = Patch::from(patch.operations()[..fits].to_vec());
        let sizes = (0..=patch.operations().len()).map(|count| {
            let so_far = Patch::from(patch.operations()[..count].to_vec()).apply(&document).unwrap();
            let mut there = Vec::new();
            paths(&so_far, &mut Path::root(), &mut there);
            (text(&so_far).len(), there.len())
        });
        let sizes: Vec<_> = sizes.collect();
        let limits = Limits {
            bytes: sizes.iter().map(|size| size.0).max().unwrap(),
            nodes: sizes.iter().map(|size| size.1).max().unwrap(),
        };
        prop_assert!(patch.apply_with(&document, &limits, Patch::STEPS_DEFAULT).is_ok());
        for limits in [Limits { bytes: limits.bytes - 1, ..limits }, Limits { nodes: limits.nodes - 1, ..limits }] {
            let error = patch.apply_with(&document, &limits, Patch::STEPS_DEFAULT).unwrap_err();
            prop_assert!(matches!(error.kind(), PatchErrorKind::LimitExceeded { .. }), "{}", error);
        }
    }

    #[test]
    fn a_patch_between_two_documents_leads_from_one_to_the_other((from, to) in arbitrary_edit(), other in arbitrary_value()) {
        for (from, to) in [(&from, &to), (&to, &from), (&from, &other)] {
            let patch = Patch::between(from, to);
            prop_assert_eq!(&patch.apply(from).unwrap(), to);
            // It says each change by itself, and is not the one that replaces everything.
            prop_assert_eq!(patch.operations().len(), diff(from, to).len());
            prop_assert_eq!(patch.is_empty(), from == to);
            prop_assert_eq!(theirs(from, &patch), Some(to.clone()));
        }
    }

    #[test]
    fn a_merge_patch_between_two_documents_leads_from_one_to_the_other((a, b) in arbitrary_edit(), other in arbitrary_value()) {
        for (from, to) in [(&a, &b), (&b, &a), (&a, &other)] {
            match merge_patch_between(from, to) {
                Ok(patch) => prop_assert_eq!(&merge_patch(from, &patch).unwrap(), to),
                Err(error) => {
                    prop_assert!(matches!(error.kind(), PatchErrorKind::NullMember));
                    let place = error.place().unwrap();
                    prop_assert!(has_null_member(to) && to.get(place) == Some(&Value::Null));
                    prop_assert_ne!(from.get(place), Some(&Value::Null));
                }
            }
        }
    }
}
