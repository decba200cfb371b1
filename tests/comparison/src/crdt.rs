//! Automerge: the base is forked, each fork edited as an application would, and both merged.

use crate::cases::{Case, Changed, Edit, parse};
use crate::outcome::{Outcome, with};
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue};
use draftkeep::Value;
use draftkeep::value::{Object, Path};

pub(crate) fn run(case: &Case) -> Outcome {
    let documents = Documents { case };
    let mut base = new(0);
    if let Some(value) = case.base() {
        documents.fill(&mut base, &value);
        assert_eq!(documents.read(&base), value, "{}", case.title);
    }
    let [mut ours, mut theirs] = [(&case.ours, 1), (&case.theirs, 2)].map(|(side, actor)| {
        let mut document = if case.base.is_some() { base.fork().with_actor(actor_id(actor)) } else { new(actor) };
        documents.change(&mut document, side);
        document
    });
    let heads = [ours.get_heads(), theirs.get_heads()];
    ours.merge(&mut theirs).expect("both are of one format");
    let value = documents.read(&ours);
    let alternatives = documents.alternatives(&ours);
    let reported = alternatives.iter().map(|(path, part)| with(&value, path, Some(part))).collect();
    let history = heads.map(|heads| documents.read(&ours.fork_at(&heads).expect("its history is whole")));
    let conflicts = !alternatives.is_empty();
    Outcome { value: Some(value), told: None, conflicts, reported, history: history.into() }
}

fn actor_id(actor: u8) -> ActorId {
    ActorId::from([actor].as_slice())
}

fn new(actor: u8) -> AutoCommit {
    AutoCommit::new().with_actor(actor_id(actor))
}

/// How a case's documents are kept in Automerge: texts, counters and sets are what the case says, the rest is as in JSON.
struct Documents<'c> {
    case: &'c Case,
}

/// Where something is put.
enum To {
    Member(Prop),
    Element(usize),
}

impl Documents<'_> {
    fn fill(&self, document: &mut AutoCommit, value: &Value) {
        for (key, member) in value.as_object().expect("a case's document is an object").iter() {
            self.put(document, &ROOT, To::Member(key.into()), member, &Path::root().join(key));
        }
    }

    fn put(&self, document: &mut AutoCommit, parent: &ObjId, to: To, value: &Value, path: &Path) {
        let is_among = |paths: &[&str]| paths.contains(&&*path.to_string());
        let (object, scalar) = match value {
            Value::Object(_) => (Some(ObjType::Map), None),
            Value::Array(_) if is_among(self.case.sets) => (Some(ObjType::Map), None),
            Value::Array(_) => (Some(ObjType::List), None),
            Value::String(_) if is_among(self.case.texts) => (Some(ObjType::Text), None),
            Value::String(text) => (None, Some(ScalarValue::from(text.as_str()))),
            Value::Number(number) => {
                let number = number.as_i64().expect("the cases' numbers are small");
                let counts = is_among(self.case.counters);
                (None, Some(if counts { ScalarValue::counter(number) } else { ScalarValue::from(number) }))
            }
            Value::Bool(bool) => (None, Some(ScalarValue::from(*bool))),
            Value::Null => (None, Some(ScalarValue::Null)),
        };
        if let Some(scalar) = scalar {
            return match to {
                To::Member(key) => document.put(parent, key, scalar),
                To::Element(place) => document.insert(parent, place, scalar),
            }
            .expect("it can be put there");
        }
        let object = object.expect("what is no scalar is an object");
        let id = match to {
            To::Member(key) => document.put_object(parent, key, object),
            To::Element(place) => document.insert_object(parent, place, object),
        };
        let id = id.expect("it can be put there");
        match value {
            Value::Object(members) => {
                for (key, member) in members.iter() {
                    self.put(document, &id, To::Member(key.into()), member, &path.join(key));
                }
            }
            Value::Array(elements) if object == ObjType::Map => {
                for element in elements {
                    document.put(&id, element.as_str().expect("a tag is a text"), true).expect("it can be put there");
                }
            }
            Value::Array(elements) => {
                for (place, element) in elements.iter().enumerate() {
                    self.put(document, &id, To::Element(place), element, &path.join(place));
                }
            }
            Value::String(text) => document.splice_text(&id, 0, 0, text).expect("it is a text"),
            _ => {}
        }
    }

    fn change(&self, document: &mut AutoCommit, side: &Changed) {
        if self.case.base.is_none() {
            self.fill(document, &side.value());
        }
        for edit in side.edits {
            self.edit(document, *edit);
        }
        let wanted = side.value();
        let reached = self.read(document);
        // A set has no order.
        let is_set = |path: &Path| self.case.sets.contains(&&*path.to_string());
        assert_eq!(sorted(&reached, &Path::root(), &is_set), sorted(&wanted, &Path::root(), &is_set));
    }

    fn edit(&self, document: &mut AutoCommit, edit: Edit) {
        let path = |path: &str| path.parse::<Path>().expect("a case's path is one");
        match edit {
            Edit::Put(at, json) => {
                let (parent, key) = parent(document, at);
                self.put(document, &parent, To::Member(key), &parse(json), &path(at));
            }
            Edit::Text(at, text) => document.update_text(&object(document, at), text).expect("it is a text"),
            Edit::Splice(at, place, removed, text) => {
                document.splice_text(object(document, at), place, removed, text).expect("it is a text");
            }
            Edit::Insert(at, place, json) => {
                let list = object(document, at);
                self.put(document, &list, To::Element(place), &parse(json), &path(at).join(place));
            }
            Edit::Remove(at) => {
                let (parent, key) = parent(document, at);
                document.delete(&parent, key).expect("it is there");
            }
            Edit::Move(at, from, to) => {
                let list = object(document, at);
                let whole = self.read(document);
                let element = whole.get(&path(at).join(from)).expect("it is there");
                document.delete(&list, from).expect("it is there");
                self.put(document, &list, To::Element(to), element, &path(at).join(to));
            }
            Edit::Add(at, by) => {
                let (parent, key) = parent(document, at);
                document.increment(&parent, key, by).expect("it is a counter");
            }
        }
    }

    fn read(&self, document: &AutoCommit) -> Value {
        self.read_object(document, &ROOT, ObjType::Map, &Path::root())
    }

    fn read_object(&self, document: &AutoCommit, id: &ObjId, object: ObjType, path: &Path) -> Value {
        let part = |prop: Prop, path: &Path| {
            let (value, id) = document.get(id, prop).expect("it can be read").expect("it is there");
            self.read_part(document, &value, &id, path)
        };
        match object {
            ObjType::Text => Value::from(document.text(id).expect("it is a text")),
            ObjType::List => {
                Value::Array((0..document.length(id)).map(|place| part(place.into(), &path.join(place))).collect())
            }
            _ if self.case.sets.contains(&&*path.to_string()) => {
                Value::Array(document.keys(id).map(Value::from).collect())
            }
            _ => {
                let members = document.keys(id).map(|key| (key.clone(), part(key.as_str().into(), &path.join(key))));
                Value::Object(members.collect::<Object>())
            }
        }
    }

    fn read_part(&self, document: &AutoCommit, value: &automerge::Value<'_>, id: &ObjId, path: &Path) -> Value {
        match value {
            automerge::Value::Object(object) => self.read_object(document, id, *object, path),
            automerge::Value::Scalar(scalar) => match &**scalar {
                ScalarValue::Str(text) => Value::from(text.as_str()),
                ScalarValue::Int(number) => Value::from(*number),
                ScalarValue::Counter(counter) => Value::from(i64::from(counter)),
                ScalarValue::Boolean(bool) => Value::from(*bool),
                ScalarValue::Null => Value::Null,
                other => panic!("no case has {other:?}"),
            },
        }
    }

    /// What `get_all` has, at each place where both put something and not the same.
    fn alternatives(&self, document: &AutoCommit) -> Vec<(Path, Value)> {
        let mut found = Vec::new();
        let mut objects = vec![(ROOT, Path::root())];
        while let Some((id, path)) = objects.pop() {
            let props: Vec<(Prop, Path)> = match document.object_type(&id).expect("it is there") {
                ObjType::List => (0..document.length(&id)).map(|place| (place.into(), path.join(place))).collect(),
                ObjType::Text => Vec::new(),
                _ => document.keys(&id).map(|key| (key.as_str().into(), path.join(key))).collect(),
            };
            for (prop, path) in props {
                let all = document.get_all(&id, prop.clone()).expect("it can be read");
                let all: Vec<Value> =
                    all.iter().map(|(value, id)| self.read_part(document, value, id, &path)).collect();
                if all.iter().any(|one| *one != all[0]) {
                    found.extend(all.into_iter().map(|value| (path.clone(), value)));
                }
                if let Some((automerge::Value::Object(_), id)) = document.get(&id, prop).expect("it can be read") {
                    objects.push((id, path));
                }
            }
        }
        found
    }
}

/// The object at a path.
fn object(document: &AutoCommit, path: &str) -> ObjId {
    path.split('/').skip(1).fold(ROOT, |id, step| {
        let prop = prop(document, &id, step);
        document.get(&id, prop).expect("it can be read").expect("it is there").1
    })
}

/// The object around what is at a path, and its place there.
fn parent(document: &AutoCommit, path: &str) -> (ObjId, Prop) {
    let (above, last) = path.rsplit_once('/').expect("a path has a slash");
    let id = object(document, above);
    let prop = prop(document, &id, last);
    (id, prop)
}

fn prop(document: &AutoCommit, id: &ObjId, step: &str) -> Prop {
    match document.object_type(id).expect("it is there") {
        ObjType::List => step.parse::<usize>().expect("an element has a number").into(),
        _ => step.into(),
    }
}

/// The document with its sets in one order.
fn sorted(value: &Value, path: &Path, is_set: &dyn Fn(&Path) -> bool) -> Value {
    match value {
        Value::Array(elements) if is_set(path) => {
            let mut elements = elements.to_vec();
            elements.sort_by_key(crate::outcome::compact);
            Value::Array(elements.into())
        }
        Value::Object(members) => {
            let members = members.iter().map(|(key, member)| (key, sorted(member, &path.join(key), is_set)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}
