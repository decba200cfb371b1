//! Kinds: named types of documents, and what the application says about them.

use crate::merge::Policy;
use crate::value::{self, Value, ValueError};
use serde::de::DeserializeOwned;
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The longest name of a kind, in bytes.
pub(crate) const KIND_MAX: usize = 64;

/// Names a type of documents within the application. Two kinds may share one Rust type.
///
/// ```
/// use draftkeep::{Kind, Value};
///
/// const POST: Kind<String> = Kind::new("post");
/// const PAGE: Kind<String> = Kind::new("page");
/// const ANYTHING: Kind<Value> = Kind::new("anything");
/// assert_eq!(POST.name(), "post");
/// ```
pub struct Kind<T> {
    name: &'static str,
    document: PhantomData<fn() -> T>,
}

impl<T> Kind<T> {
    /// The kind with this name, of 1 to 64 bytes. The name is stored with every draft; it cannot change later.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, document: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

impl<T> fmt::Debug for Kind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

type Label<T> = Arc<dyn Fn(&T) -> String + Send + Sync>;

/// A step from one schema version to the next; pure, and run on every read of an older document.
pub type MigrationResult = Result<Value, Box<dyn std::error::Error + Send + Sync>>;

type Migration = Arc<dyn Fn(Value) -> MigrationResult + Send + Sync>;

/// What the application says about a kind: its schema version, migrations, merge policy and label.
///
/// ```
/// use draftkeep::value::Array;
/// use draftkeep::{Kind, Schema, Value};
///
/// const POST: Kind<Value> = Kind::new("post");
/// let schema = Schema::of(POST).version(2).migrate(1, |mut post| {
///     if let Value::Object(members) = &mut post {
///         members.insert("tags", Value::Array(Array::new()));
///     }
///     Ok(post)
/// });
/// # drop(schema);
/// ```
pub struct Schema<T> {
    kind: Kind<T>,
    version: u32,
    migrations: BTreeMap<u32, Migration>,
    policy: Policy,
    label: Option<Label<T>>,
    refused: Option<String>,
}

impl<T: DeserializeOwned + 'static> Schema<T> {
    /// A schema of version 1 without migrations and label, with the policy that says nothing.
    #[must_use]
    pub fn of(kind: Kind<T>) -> Self {
        let (migrations, policy) = (BTreeMap::new(), Policy::default());
        Self { kind, version: 1, migrations, policy, label: None, refused: None }
    }

    /// The schema version that this application writes; 1 unless it is set. It needs a migration from each version
    /// before it.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// How a document of version `from` becomes one of version `from + 1`.
    ///
    /// It runs whenever such a document is read, and the result is stored by the next save. It has to be pure: the
    /// same document gives the same result on every device.
    #[must_use]
    pub fn migrate(mut self, from: u32, step: impl Fn(Value) -> MigrationResult + Send + Sync + 'static) -> Self {
        if self.migrations.insert(from, Arc::new(step)).is_some() {
            self.refused = Some(format!("kind {:?} has two migrations from version {from}", self.kind.name));
        }
        self
    }

    /// How two documents that came from one are merged, by path. Unless it is said, every path has the rule
    /// [`Auto`](crate::merge::Rule::Auto): of short texts and numbers that both changed the later is taken, and the other
    /// one named; nothing else is decided.
    ///
    /// Its paths are those of this schema's version: what is merged is migrated first. What only makes sense as a whole, an
    /// enum with a tag among its members for instance, wants [`Rule::Atomic`](crate::merge::Rule::Atomic).
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What lists show for a document. At most 256 bytes of it are kept.
    ///
    /// A save through a kind of the same name but of another type, as `Kind<Value>`, cannot be labelled and leaves the
    /// draft without a label until the next save through this one.
    #[must_use]
    pub fn label(mut self, label: impl Fn(&T) -> String + Send + Sync + 'static) -> Self {
        self.label = Some(Arc::new(label));
        self
    }

    pub(crate) fn check(self) -> Result<AnySchema, String> {
        let name = self.kind.name;
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        if name.is_empty() || name.len() > KIND_MAX {
            return Err(format!("the name of a kind takes 1 to {KIND_MAX} bytes, not {}", name.len()));
        }
        if self.version == 0 {
            return Err(format!("kind {name:?} has schema version 0; the first version is 1"));
        }
        if let Some(missing) = (1..self.version).find(|from| !self.migrations.contains_key(from)) {
            return Err(format!(
                "kind {name:?} has schema version {} but no migration from version {missing}",
                self.version
            ));
        }
        if let Some((beyond, _)) = self.migrations.range(self.version..).next() {
            return Err(format!("kind {name:?} migrates from version {beyond}, but its schema is {}", self.version));
        }
        let label = self.label.map(|label| Box::new(label) as Box<dyn Any + Send + Sync>);
        let (version, migrations, policy) = (self.version, self.migrations, self.policy);
        let read = |schema: &AnySchema, body: &[u8]| Ok(schema.label(&value::from_slice::<T>(body)?));
        Ok(AnySchema { name: name.to_owned(), version, migrations, policy, label, read })
    }
}

impl<T> fmt::Debug for Schema<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("kind", &self.kind).field("version", &self.version).finish_non_exhaustive()
    }
}

/// A checked schema, whatever its type.
pub(crate) struct AnySchema {
    pub(crate) name: String,
    pub(crate) version: u32,
    migrations: BTreeMap<u32, Migration>,
    pub(crate) policy: Policy,
    label: Option<Box<dyn Any + Send + Sync>>,
    read: fn(&Self, &[u8]) -> Result<Option<String>, ValueError>,
}

/// The most bytes of a label that are kept.
const LABEL_MAX: usize = 256;

impl AnySchema {
    /// The schema of a kind that the application said nothing about.
    pub(crate) fn unsaid(name: &str) -> Self {
        let (migrations, policy) = (BTreeMap::new(), Policy::default());
        let read = |_: &Self, body: &[u8]| Value::parse(body).map(|_| None);
        Self { name: name.to_owned(), version: 1, migrations, policy, label: None, read }
    }

    /// Reads a document of this schema's version as the application's type, and gives its label.
    pub(crate) fn read(&self, body: &[u8]) -> Result<Option<String>, ValueError> {
        (self.read)(self, body)
    }

    /// The label of a document, where the schema has one for this very type.
    pub(crate) fn label<T: 'static>(&self, document: &T) -> Option<String> {
        let label = self.label.as_ref()?.downcast_ref::<Label<T>>()?;
        let mut text = label(document);
        let end = (0..=LABEL_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        Some(text)
    }

    /// Brings a document of an older version up to this schema's.
    pub(crate) fn migrate(
        &self,
        mut document: Value,
        from: u32,
    ) -> Result<Value, (u32, Box<dyn std::error::Error + Send + Sync>)> {
        for version in from..self.version {
            let step = self.migrations.get(&version).ok_or_else(|| (version, "there is no migration".into()))?;
            document = step(document).map_err(|error| (version, error))?;
        }
        Ok(document)
    }
}

impl fmt::Debug for AnySchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySchema").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}
