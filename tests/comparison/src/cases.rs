//! The ten cases, and how to tell that a side's change is in a document.

use draftkeep::Value;
use draftkeep::merge::Rule;
use draftkeep::value::Path;

/// An edit as an application makes it that keeps its document in Automerge.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit {
    /// Sets a member to this JSON.
    Put(&'static str, &'static str),
    /// Changes a text to this one, where it is not known what was typed.
    Text(&'static str, &'static str),
    /// Takes so many bytes out of a text at a place, and types this there.
    Splice(&'static str, usize, isize, &'static str),
    /// Inserts this JSON into an array.
    Insert(&'static str, usize, &'static str),
    /// Removes a member or an element.
    Remove(&'static str),
    /// Moves an element: Automerge has no such operation, so it is removed, and a copy of it inserted.
    Move(&'static str, usize, usize),
    /// Adds to a counter.
    Add(&'static str, i64),
}

/// Makes a rule; a `Rule` itself cannot stand in a constant, as one may hold code of the application's own.
pub(crate) type MakeRule = fn() -> Rule;

/// One side of a case.
#[derive(Clone, Copy)]
pub(crate) struct Changed {
    /// Its document.
    pub(crate) json: &'static str,
    /// How Automerge is told, from the base on.
    pub(crate) edits: &'static [Edit],
    /// Whether its change is in a document.
    pub(crate) is_in: fn(&Value) -> bool,
}

/// Two sides that changed the same document.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) title: &'static str,
    /// `None`: both began without knowing of each other.
    pub(crate) base: Option<&'static str>,
    pub(crate) ours: Changed,
    pub(crate) theirs: Changed,
    /// What neither side did is not in a document.
    pub(crate) is_sane: fn(&Value) -> bool,
    /// The rules that draftkeep is given. The other systems have none.
    pub(crate) rules: &'static [(&'static str, MakeRule)],
    /// What the page shows of a merged document.
    pub(crate) shown: &'static str,
    /// Where Automerge is given a text, a counter or a set instead of a string, a number or an array.
    pub(crate) texts: &'static [&'static str],
    pub(crate) counters: &'static [&'static str],
    pub(crate) sets: &'static [&'static str],
}

pub(crate) fn parse(json: &str) -> Value {
    Value::parse(json.as_bytes()).expect("a case is JSON")
}

pub(crate) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    value.get(&path.parse::<Path>().expect("a case's path is one"))
}

pub(crate) fn is(value: &Value, path: &str, json: &str) -> bool {
    at(value, path) == Some(&parse(json))
}

pub(crate) fn has_text(value: &Value, path: &str, text: &str) -> bool {
    at(value, path).and_then(Value::as_str).is_some_and(|whole| whole.contains(text))
}

fn elements<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], |array| array.as_slice())
}

fn count(value: &Value, path: &str, json: &str) -> usize {
    elements(value, path).iter().filter(|element| **element == parse(json)).count()
}

/// The places of the scenes with this id.
fn scenes(value: &Value, id: &str) -> Vec<usize> {
    let is_it = |scene: &Value| is(scene, "/id", id);
    (0..).zip(elements(value, "/scenes")).filter(|(_, scene)| is_it(scene)).map(|(place, _)| place).collect()
}

impl Case {
    pub(crate) fn base(&self) -> Option<Value> {
        self.base.map(parse)
    }
}

impl Changed {
    pub(crate) fn value(&self) -> Value {
        parse(self.json)
    }
}

/// A case about nothing, for the others to differ from.
pub(crate) const PLAIN: Case = Case {
    title: "",
    base: None,
    ours: Changed { json: "null", edits: &[], is_in: |_| true },
    theirs: Changed { json: "null", edits: &[], is_in: |_| true },
    is_sane: |_| true,
    rules: &[],
    shown: "",
    texts: &[],
    counters: &[],
    sets: &[],
};

pub(crate) const CASES: &[Case] = &[
    Case {
        title: "Two members that are not neighbours",
        base: Some(r#"{"author":"Ann","place":"inn","status":"draft","title":"Inn"}"#),
        ours: Changed {
            json: r#"{"author":"Ann","place":"inn","status":"draft","title":"The inn"}"#,
            edits: &[Edit::Put("/title", r#""The inn""#)],
            is_in: |value| is(value, "/title", r#""The inn""#),
        },
        theirs: Changed {
            json: r#"{"author":"Bea","place":"inn","status":"draft","title":"Inn"}"#,
            edits: &[Edit::Put("/author", r#""Bea""#)],
            is_in: |value| is(value, "/author", r#""Bea""#),
        },
        ..PLAIN
    },
    Case {
        title: "The same member",
        base: Some(r#"{"author":"Ann","title":"Inn"}"#),
        ours: Changed {
            json: r#"{"author":"Ann","title":"The inn"}"#,
            edits: &[Edit::Put("/title", r#""The inn""#)],
            is_in: |value| is(value, "/title", r#""The inn""#),
        },
        theirs: Changed {
            json: r#"{"author":"Ann","title":"An inn"}"#,
            edits: &[Edit::Put("/title", r#""An inn""#)],
            is_in: |value| is(value, "/title", r#""An inn""#),
        },
        shown: "/title",
        ..PLAIN
    },
    Case {
        title: "Two sentences of one paragraph",
        base: Some(r#"{"text":"It rained. He came late. Nobody spoke."}"#),
        ours: Changed {
            json: r#"{"text":"It snowed. He came late. Nobody spoke."}"#,
            edits: &[Edit::Text("/text", "It snowed. He came late. Nobody spoke.")],
            is_in: |value| has_text(value, "/text", "snowed"),
        },
        theirs: Changed {
            json: r#"{"text":"It rained. He came late. Nobody slept."}"#,
            edits: &[Edit::Text("/text", "It rained. He came late. Nobody slept.")],
            is_in: |value| has_text(value, "/text", "slept"),
        },
        is_sane: |value| !(has_text(value, "/text", "rained") && has_text(value, "/text", "snowed")),
        rules: &[("/text", Rule::prose)],
        shown: "/text",
        texts: &["/text"],
        ..PLAIN
    },
    Case {
        title: "Two words of one sentence",
        base: Some(r#"{"text":"He came late in the rain and said nothing."}"#),
        ours: Changed {
            json: r#"{"text":"He came home in the rain and said nothing."}"#,
            edits: &[Edit::Text("/text", "He came home in the rain and said nothing.")],
            is_in: |value| has_text(value, "/text", "came home in"),
        },
        theirs: Changed {
            json: r#"{"text":"He came late in the snow and said nothing."}"#,
            edits: &[Edit::Text("/text", "He came late in the snow and said nothing.")],
            is_in: |value| has_text(value, "/text", "the snow and"),
        },
        rules: &[("/text", Rule::prose)],
        shown: "/text",
        texts: &["/text"],
        ..PLAIN
    },
    Case {
        title: "An element edited here, moved there",
        base: Some(r#"{"scenes":[{"id":1,"title":"Inn"},{"id":2,"title":"Road"},{"id":3,"title":"Sea"}]}"#),
        ours: Changed {
            json: r#"{"scenes":[{"id":1,"title":"The inn"},{"id":2,"title":"Road"},{"id":3,"title":"Sea"}]}"#,
            edits: &[Edit::Put("/scenes/0/title", r#""The inn""#)],
            is_in: |value| elements(value, "/scenes").iter().any(|scene| is(scene, "/title", r#""The inn""#)),
        },
        theirs: Changed {
            json: r#"{"scenes":[{"id":2,"title":"Road"},{"id":3,"title":"Sea"},{"id":1,"title":"Inn"}]}"#,
            edits: &[Edit::Move("/scenes", 0, 2)],
            is_in: |value| scenes(value, "1").last() > scenes(value, "3").last(),
        },
        is_sane: |value| ["1", "2", "3"].iter().all(|id| scenes(value, id).len() == 1),
        rules: &[("/scenes", || Rule::keyed("id"))],
        shown: "/scenes",
        ..PLAIN
    },
    Case {
        title: "Two insertions at one place of an array",
        base: Some(r#"{"places":["Inn","Sea"]}"#),
        ours: Changed {
            json: r#"{"places":["Inn","Road","Sea"]}"#,
            edits: &[Edit::Insert("/places", 1, r#""Road""#)],
            is_in: |value| count(value, "/places", r#""Road""#) == 1,
        },
        theirs: Changed {
            json: r#"{"places":["Inn","Bridge","Sea"]}"#,
            edits: &[Edit::Insert("/places", 1, r#""Bridge""#)],
            is_in: |value| count(value, "/places", r#""Bridge""#) == 1,
        },
        is_sane: |value| [r#""Inn""#, r#""Sea""#].iter().all(|place| count(value, "/places", place) == 1),
        rules: &[("/places", || Rule::Sequence)],
        shown: "/places",
        ..PLAIN
    },
    Case {
        title: "Edited here, removed there",
        base: Some(r#"{"cast":{"ann":{"age":30,"name":"Ann"},"bob":{"age":40,"name":"Bob"}}}"#),
        ours: Changed {
            json: r#"{"cast":{"ann":{"age":31,"name":"Ann"},"bob":{"age":40,"name":"Bob"}}}"#,
            edits: &[Edit::Put("/cast/ann/age", "31")],
            is_in: |value| is(value, "/cast/ann/age", "31"),
        },
        theirs: Changed {
            json: r#"{"cast":{"bob":{"age":40,"name":"Bob"}}}"#,
            edits: &[Edit::Remove("/cast/ann")],
            is_in: |value| at(value, "/cast/ann").is_none(),
        },
        is_sane: |value| at(value, "/cast/ann").is_none() || is(value, "/cast/ann/name", r#""Ann""#),
        shown: "/cast",
        ..PLAIN
    },
    Case {
        title: "A counter that both added 1 to",
        base: Some(r#"{"title":"Inn","views":10}"#),
        ours: Changed {
            json: r#"{"title":"Inn","views":11}"#,
            edits: &[Edit::Add("/views", 1)],
            is_in: |value| is(value, "/views", "11") || is(value, "/views", "12"),
        },
        // Of 11 one cannot say whose it is; only 12 has both.
        theirs: Changed {
            json: r#"{"title":"Inn","views":11}"#,
            edits: &[Edit::Add("/views", 1)],
            is_in: |value| is(value, "/views", "12"),
        },
        rules: &[("/views", || Rule::Counter)],
        shown: "/views",
        counters: &["/views"],
        ..PLAIN
    },
    Case {
        title: "Tags that both added, and one removed",
        base: Some(r#"{"tags":["draft","winter"]}"#),
        ours: Changed {
            json: r#"{"tags":["draft","winter","rain","night"]}"#,
            edits: &[Edit::Put("/tags/rain", "true"), Edit::Put("/tags/night", "true")],
            is_in: |value| count(value, "/tags", r#""night""#) == 1,
        },
        theirs: Changed {
            json: r#"{"tags":["winter","rain"]}"#,
            edits: &[Edit::Remove("/tags/draft"), Edit::Put("/tags/rain", "true")],
            is_in: |value| count(value, "/tags", r#""draft""#) == 0,
        },
        is_sane: |value| [r#""winter""#, r#""rain""#].iter().all(|tag| count(value, "/tags", tag) == 1),
        rules: &[("/tags", || Rule::Set)],
        shown: "/tags",
        sets: &["/tags"],
        ..PLAIN
    },
    Case {
        title: "No common ancestor",
        base: None,
        ours: Changed {
            json: r#"{"author":"Ann","status":"draft","title":"The inn"}"#,
            edits: &[],
            is_in: |value| is(value, "/title", r#""The inn""#) && is(value, "/status", r#""draft""#),
        },
        theirs: Changed {
            json: r#"{"author":"Ann","mood":"dark","title":"An inn"}"#,
            edits: &[],
            is_in: |value| is(value, "/title", r#""An inn""#) && is(value, "/mood", r#""dark""#),
        },
        is_sane: |value| is(value, "/author", r#""Ann""#),
        ..PLAIN
    },
];

#[test]
fn each_sides_change_is_in_its_own_document_and_in_no_other() {
    assert_eq!(CASES.len(), 10);
    for case in CASES {
        let (ours, theirs) = (case.ours.value(), case.theirs.value());
        assert!((case.ours.is_in)(&ours) && (case.is_sane)(&ours) && (case.is_sane)(&theirs), "{}", case.title);
        if let Some(base) = case.base() {
            assert!(!(case.ours.is_in)(&base) && !(case.theirs.is_in)(&base), "{}", case.title);
        }
        if ours != theirs {
            assert!((case.theirs.is_in)(&theirs), "{}", case.title);
            assert!(!(case.ours.is_in)(&theirs) && !(case.theirs.is_in)(&ours), "{}", case.title);
        }
    }
}
