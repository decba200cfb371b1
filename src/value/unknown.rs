//! What a stored document holds that the application's type does not know, carried over the application's edits.

use super::array::Array;
use super::diff::{Budget, pair_elements};
use super::object::Object;
use super::tree::Value;

/// The part of a stored document that the application's type does not know.
///
/// It is taken when a document is loaded, as stored − write(read(stored) as T), and given back to what the application
/// saves, so that an older version of an application loses nothing of what a newer one wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(dead_code, reason = "the editing of drafts uses it")]
pub(crate) struct Unknown {
    /// Members that the type left out.
    members: Vec<(Box<str>, Value)>,
    /// What is unknown inside members that it knows.
    inside: Vec<(Box<str>, Unknown)>,
    /// What is unknown inside elements that it knows, by their place in what it wrote.
    elements: Vec<(usize, Unknown)>,
    /// Elements that it left out, each with the number of known elements before it.
    dropped: Vec<(usize, Value)>,
}

#[allow(dead_code, reason = "the editing of drafts uses it")]
impl Unknown {
    /// Takes what `stored` has beyond `known`, which is `stored` read as the application's type and written again.
    pub(crate) fn between(stored: &Value, known: &Value) -> Self {
        let mut unknown = Self::default();
        match (stored, known) {
            (Value::Object(stored), Value::Object(known)) => unknown.take_members(stored, known),
            (Value::Array(stored), Value::Array(known)) => unknown.take_elements(stored, known),
            _ => {}
        }
        unknown
    }

    /// Whether the type knows all of the document.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.inside.is_empty() && self.elements.is_empty() && self.dropped.is_empty()
    }

    fn take_members(&mut self, stored: &Object, known: &Object) {
        for (key, value) in stored.iter() {
            match known.get(key).map(|known| Self::between(value, known)) {
                None => self.members.push((key.into(), value.clone())),
                Some(inside) if !inside.is_empty() => self.inside.push((key.into(), inside)),
                Some(_) => {}
            }
        }
    }

    fn take_elements(&mut self, stored: &Array, known: &Array) {
        let pairs = if stored.len() == known.len() && !same_ids(stored, known) {
            (0..stored.len()).map(|at| (at, at)).collect()
        } else {
            pair_elements(stored, known, &mut Budget::new(Budget::DEFAULT))
        };
        for (at, to) in &pairs {
            let inside = Self::between(&stored[*at], &known[*to]);
            if !inside.is_empty() {
                self.elements.push((*to, inside));
            }
        }
        // A type that keeps a set drops what it has already: that is known.
        let mut place = 0;
        for (at, value) in stored.iter().enumerate() {
            match pairs.binary_search_by_key(&at, |(from, _)| *from) {
                Ok(pair) => place = pairs[pair].1 + 1,
                Err(_) if known.contains(value) => {}
                Err(_) => self.dropped.push((place, value.clone())),
            }
        }
    }

    /// Gives it back to what the application saves: `before` is what the type wrote of the document at load, `now` what it
    /// writes after the edit.
    ///
    /// Members go by key, elements by their `id` where all carry a unique one, else by alignment. What the application
    /// removed takes its unknown part along; what it wrote itself stays.
    pub(crate) fn graft(&self, before: &Value, now: &mut Value) {
        match (before, now) {
            (Value::Object(before), Value::Object(now)) => self.graft_members(before, now),
            (Value::Array(before), Value::Array(now)) => self.graft_elements(before, now),
            _ => {}
        }
    }

    fn graft_members(&self, before: &Object, now: &mut Object) {
        for (key, inside) in &self.inside {
            if let (Some(before), Some(now)) = (before.get(key), now.get_mut(key)) {
                inside.graft(before, now);
            }
        }
        for (key, value) in &self.members {
            if !now.contains_key(key) {
                now.insert(key.clone(), value.clone());
            }
        }
    }

    fn graft_elements(&self, before: &Array, now: &mut Array) {
        if self.elements.is_empty() && self.dropped.is_empty() {
            return;
        }
        let pairs = pair_elements(before, now, &mut Budget::new(Budget::DEFAULT));
        let place = |from: usize| pairs.binary_search_by_key(&from, |(from, _)| *from).ok().map(|pair| pairs[pair].1);
        for (from, inside) in &self.elements {
            if let (Some(before), Some(now)) = (before.get(*from), place(*from).and_then(|to| now.get_mut(to))) {
                inside.graft(before, now);
            }
        }
        // From the last on, so that the places of those before stay right; each behind the nearest known one that is left.
        let behind = |count: usize| (0..count.min(before.len())).rev().find_map(place).map_or(0, |at| at + 1);
        let mut dropped: Vec<_> = self.dropped.iter().map(|(count, value)| (behind(*count), value)).collect();
        dropped.sort_by_key(|(at, _)| *at);
        for (at, value) in dropped.into_iter().rev() {
            let at = at.min(now.len());
            now.insert(at, value.clone());
        }
    }
}

/// Whether every element of both arrays carries an `id`: then they are paired by it, whatever their order.
fn same_ids(a: &Array, b: &Array) -> bool {
    a.iter().chain(b).all(|element| element.as_object().is_some_and(|object| object.contains_key("id")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Value {
        Value::parse(text.as_bytes()).unwrap()
    }

    /// What an edit from one known document to another makes of a stored one.
    fn edited(stored: &str, known: &str, now: &str) -> String {
        let (stored, known, mut now) = (value(stored), value(known), value(now));
        Unknown::between(&stored, &known).graft(&known, &mut now);
        String::from_utf8(now.to_canonical().unwrap()).unwrap()
    }

    #[test]
    fn a_document_that_the_type_knows_has_nothing_unknown() {
        let document = value(r#"{"a":[{"id":1},[]],"b":null}"#);
        assert!(Unknown::between(&document, &document).is_empty());
        assert!(!Unknown::between(&document, &value(r#"{"a":[{"id":1},[]]}"#)).is_empty());
    }

    #[test]
    fn members_go_by_key() {
        let stored = r#"{"a":1,"x":{"deep":true},"b":{"c":1,"y":null}}"#;
        let known = r#"{"a":1,"b":{"c":1}}"#;
        assert_eq!(
            edited(stored, known, r#"{"a":2,"b":{"c":3}}"#),
            r#"{"a":2,"b":{"c":3,"y":null},"x":{"deep":true}}"#
        );
        assert_eq!(edited(stored, known, r#"{"a":1}"#), r#"{"a":1,"x":{"deep":true}}"#);
        assert_eq!(edited(stored, known, r#"{"a":1,"b":[],"x":5}"#), r#"{"a":1,"b":[],"x":5}"#);
    }

    #[test]
    fn elements_with_ids_go_by_id() {
        let stored = r#"{"s":[{"id":"a","x":1},{"id":"b","x":2,"l":[{"id":7,"z":0}]},{"id":"c","x":3}]}"#;
        let known = r#"{"s":[{"id":"a"},{"id":"b","l":[{"id":7}]},{"id":"c"}]}"#;
        let now = r#"{"s":[{"id":"c","t":1},{"id":"n"},{"id":"b","l":[{"id":8},{"id":7}]}]}"#;
        let expected = r#"{"s":[{"id":"c","t":1,"x":3},{"id":"n"},{"id":"b","l":[{"id":8},{"id":7,"z":0}],"x":2}]}"#;
        assert_eq!(edited(stored, known, now), expected);
    }

    #[test]
    fn elements_without_ids_go_by_alignment() {
        let stored = r#"[{"t":"a","x":1},{"t":"b","x":2},{"t":"c","x":3}]"#;
        let known = r#"[{"t":"a"},{"t":"b"},{"t":"c"}]"#;
        let edits = [
            (r#"[{"t":"a"},{"t":"B"},{"t":"c"}]"#, r#"[{"t":"a","x":1},{"t":"B","x":2},{"t":"c","x":3}]"#),
            (
                r#"[{"t":"n"},{"t":"a"},{"t":"b"},{"t":"c"}]"#,
                r#"[{"t":"n"},{"t":"a","x":1},{"t":"b","x":2},{"t":"c","x":3}]"#,
            ),
            (r#"[{"t":"a"},{"t":"c"}]"#, r#"[{"t":"a","x":1},{"t":"c","x":3}]"#),
            ("[]", "[]"),
        ];
        for (now, expected) in edits {
            assert_eq!(edited(stored, known, now), expected);
        }
    }

    #[test]
    fn among_new_neighbours_the_most_alike_element_is_the_edited_one() {
        let stored = r#"[{"k":1,"t":"a","x":1},{"k":2,"t":"b","x":2}]"#;
        let known = r#"[{"k":1,"t":"a"},{"k":2,"t":"b"}]"#;
        let now = r#"[{"k":1,"t":"a"},{"k":9,"t":"n"},{"k":2,"t":"edited"}]"#;
        let expected = r#"[{"k":1,"t":"a","x":1},{"k":9,"t":"n"},{"k":2,"t":"edited","x":2}]"#;
        assert_eq!(edited(stored, known, now), expected);
    }

    #[test]
    fn elements_that_the_type_left_out_stay_behind_their_neighbour() {
        let (stored, known) = (r#"["x",1,"y",2,"z"]"#, "[1,2]");
        assert_eq!(edited(stored, known, "[1,2]"), stored);
        assert_eq!(edited(stored, known, "[0,1,2,3]"), r#"["x",0,1,"y",2,"z",3]"#);
        assert_eq!(edited(stored, known, "[2]"), r#"["x","y",2,"z"]"#);
        assert_eq!(edited("[3,1,2,3]", "[1,2,3]", "[1,2,3]"), "[1,2,3]");
    }

    /// A stored document, and what a type that leaves out some members writes of it.
    fn stored_and_known() -> impl Strategy<Value = (Value, Value)> {
        let leaf = prop_oneof![Just(Value::Null), (0..3_u8).prop_map(Value::from), "[ab]{0,2}".prop_map(Value::from)];
        let pair = leaf.prop_map(|value| (value.clone(), value));
        pair.prop_recursive(4, 60, 5, |inner| {
            let array = proptest::collection::vec(inner.clone(), 0..5)
                .prop_map(|pairs| pairs.into_iter().unzip::<_, _, Vec<_>, Vec<_>>())
                .prop_map(|(stored, known)| (Value::from(stored), Value::from(known)));
            let member = ("[a-e]|id", inner, any::<bool>());
            let object = proptest::collection::vec(member, 0..5).prop_map(|members| {
                let stored =
                    members.iter().map(|(key, (stored, _), _)| (key.as_str(), stored.clone())).collect::<Object>();
                let kept = members.iter().rev().filter(|(.., kept)| *kept);
                let mut known = Object::new();
                for (key, (of, value), _) in kept {
                    if stored.get(key) == Some(of) {
                        known.insert(key.as_str(), value.clone());
                    }
                }
                (Value::Object(stored), Value::Object(known))
            });
            prop_oneof![array, object]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn without_an_edit_the_stored_document_comes_back((stored, known) in stored_and_known()) {
            let unknown = Unknown::between(&stored, &known);
            let mut now = known.clone();
            unknown.graft(&known, &mut now);
            prop_assert_eq!(now, stored);
        }

        #[test]
        fn what_the_application_wrote_stays(
            (stored, known) in stored_and_known(), (other, _) in stored_and_known()
        ) {
            let mut now = other.clone();
            Unknown::between(&stored, &known).graft(&known, &mut now);
            prop_assert!(holds(&now, &other), "{now:?} lacks some of {other:?}");
        }
    }

    /// Whether all of `part` is in `whole`, elements in order.
    fn holds(whole: &Value, part: &Value) -> bool {
        match (whole, part) {
            (Value::Object(whole), Value::Object(part)) => {
                part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| holds(whole, part)))
            }
            (Value::Array(whole), Value::Array(part)) => {
                let mut rest = whole.iter();
                part.iter().all(|part| rest.any(|whole| holds(whole, part)))
            }
            (whole, part) => whole == part,
        }
    }
}
