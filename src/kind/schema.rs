//! What the application says about a kind.

use super::any::AnySchema;
use super::checks::Checks;
use super::name::{KIND_MAX, Kind};
use super::secret::{self, SecretSync};
use crate::invalid::Invalid;
use crate::merge::Policy;
use crate::value::{self, Value};
use serde::de::DeserializeOwned;
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub(super) type Label<T> = Arc<dyn Fn(&T) -> String + Send + Sync>;

/// A step from one schema version to the next; pure, and run on every read of an older document.
pub type MigrationResult = Result<Value, Box<dyn std::error::Error + Send + Sync>>;

pub(super) type Migration = Arc<dyn Fn(Value) -> MigrationResult + Send + Sync>;

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
    checks: Checks,
    secret: Option<SecretSync>,
    refused: Option<String>,
}

impl<T: DeserializeOwned + 'static> Schema<T> {
    /// A schema of version 1 without migrations and label, with the policy that says nothing.
    #[must_use]
    pub fn of(kind: Kind<T>) -> Self {
        let (migrations, policy) = (BTreeMap::new(), Policy::default());
        let checks = Checks::default();
        Self { kind, version: 1, migrations, policy, label: None, checks, secret: None, refused: None }
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
            self.refused = Some(format!("kind {:?} has two migrations from version {from}", self.kind.name()));
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

    /// What a document of this kind has to be like, beyond what its type says. Several validators all apply.
    ///
    /// A draft is mostly unfinished, so nothing that was typed depends on it. What claims that a document is right is refused with
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), which names every path, and changes nothing: [`Edit::save`](crate::Edit::save),
    /// [`promote`](crate::Draft::promote), settling a conflict. What only keeps is never refused: autosave, whose status says
    /// [`Invalid`](crate::AutosaveStatus::Invalid), [`Edit::keep`](crate::Edit::keep), beginning a draft, checkpoints, restoring. A head that
    /// is not valid stays on this device until it is; one from another device is kept, and not taken in, until the
    /// validator accepts it or somebody [says so](crate::sync::Syncer::take_in_invalid). All of it is told in
    /// [`docs::validation`](crate::docs::validation).
    ///
    /// It has to be pure, and is asked on every save and about what other devices bring, in the schema's version: what is older is migrated
    /// first. What it accepts it should accept for good; an application that grows stricter takes the next
    /// [version](Self::version) and mends its documents in the migration. Where it panics, the document counts as not valid.
    ///
    /// ```
    /// use draftkeep::hub::Invalid;
    /// use draftkeep::{ErrorKind, Kind, Options, Schema, Store};
    ///
    /// const NOTE: Kind<String> = Kind::new("note");
    /// let titled = |note: &String| if note.is_empty() { Err(Invalid::new("write something")) } else { Ok(()) };
    /// let store = Store::in_memory(Options::new().schema(Schema::of(NOTE).validate(titled)))?;
    /// let draft = store.space("alice")?.drafts(NOTE)?.start(&"Dear diary".to_owned())?;
    ///
    /// let mut edit = draft.edit()?;
    /// edit.doc().clear();
    /// let refused = edit.save().unwrap_err();
    /// assert!(matches!(refused.kind(), ErrorKind::Invalid { invalid, .. } if invalid.to_string() == "write something"));
    /// assert_eq!(draft.load()?, "Dear diary");
    /// assert_eq!(edit.keep()?.version(), 2); // as autosave does
    /// # Ok::<(), draftkeep::Error>(())
    /// ```
    #[must_use]
    pub fn validate(self, validator: impl Fn(&T) -> Result<(), Invalid> + Send + Sync + 'static) -> Self {
        self.validate_value(move |document| validator(&value::from_value(document)?))
    }

    /// As [`validate`](Self::validate), for what the type `T` does not show: members that it does not know, for instance.
    #[must_use]
    pub fn validate_value(mut self, validator: impl Fn(&Value) -> Result<(), Invalid> + Send + Sync + 'static) -> Self {
        self.checks.add(validator);
        self
    }

    /// As [`validate`](Self::validate), by a JSON Schema: of the draft that its `$schema` names, else 2020-12.
    ///
    /// A schema that does not compile is refused where the store is opened (`Options`), and so is one that refers to another document: nothing
    /// is fetched. Patterns have no look-around and no references back, so that they take a time in proportion to the text.
    /// Of a document with more than 10,000 values only the first thing that is wrong is told.
    ///
    /// ```
    /// use draftkeep::{ErrorKind, Kind, Options, Schema, Store, Value};
    ///
    /// const POST: Kind<Value> = Kind::new("post");
    /// let titled = Value::parse(br#"{"type":"object","properties":{"title":{"type":"string","minLength":1}},"required":["title"]}"#)?;
    /// let store = Store::in_memory(Options::new().schema(Schema::of(POST).json_schema(&titled)))?;
    /// let posts = store.space("alice")?.drafts(POST)?;
    /// let mut edit = posts.start(&Value::parse(br#"{"title":"Night"}"#)?)?.edit()?;
    ///
    /// *edit.doc() = Value::parse(br#"{"title":""}"#)?;
    /// let refused = edit.save().unwrap_err();
    /// let ErrorKind::Invalid { invalid, .. } = refused.kind() else { panic!("{refused}") };
    /// assert_eq!(invalid.flaws().map(|flaw| flaw.path()).collect::<Vec<_>>(), [Some("/title")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "jsonschema")]
    #[must_use]
    pub fn json_schema(mut self, schema: &Value) -> Self {
        match super::json_schema::JsonSchema::compile(schema) {
            Ok(schema) => self.checks.add(move |document| schema.validate(document)),
            Err(why) => {
                self.refused = Some(format!("the JSON Schema of kind {:?} cannot be used: {why}", self.kind.name()));
            }
        }
        self
    }

    /// Makes the kind's documents secrets: passwords, tokens, what no list or log may show.
    ///
    /// A store with such a kind has to be [sealed](crate::Options::key_ring). Secrets are never merged: of two texts that both were changed a person
    /// decides over the whole document. They have no label, an [export](crate::Space::export) leaves them out, and what a validator or a migration says about
    /// one is told without its words, by path. `sync` says whether they leave the device.
    ///
    /// Keys of slots, names of checkpoints and outcomes are shown as those of other kinds are: no secret should be in them.
    ///
    /// ```
    /// use draftkeep::seal::{Key, MemoryKeyRing};
    /// use draftkeep::{Kind, Options, Schema, SecretSync, Store};
    ///
    /// const TOKEN: Kind<String> = Kind::new("token");
    /// let schema = || Schema::of(TOKEN).secret(SecretSync::Never);
    /// assert!(Store::in_memory(Options::new().schema(schema())).is_err());
    /// let ring = MemoryKeyRing::new(Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
    /// let store = Store::in_memory(Options::new().schema(schema()).key_ring(ring))?;
    /// store.space("alice")?.drafts(TOKEN)?.slot("mail").start(&"hunter2".to_owned())?;
    /// # Ok::<(), draftkeep::Error>(())
    /// ```
    #[must_use]
    pub fn secret(mut self, sync: SecretSync) -> Self {
        self.secret = Some(sync);
        self
    }

    pub(crate) fn check(self) -> Result<AnySchema, String> {
        let name = self.kind.name();
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
        if self.secret.is_some() && (self.label.is_some() || self.policy.digest() != Policy::default().digest()) {
            return Err(format!("kind {name:?} is secret: it has no label, and is merged by hand throughout"));
        }
        if let Some((beyond, _)) = self.migrations.range(self.version..).next() {
            return Err(format!("kind {name:?} migrates from version {beyond}, but its schema is {}", self.version));
        }
        let label = self.label.map(|label| Box::new(label) as Box<dyn Any + Send + Sync>);
        let (version, migrations, checks, secret) = (self.version, self.migrations, self.checks, self.secret);
        let policy = if secret.is_some() { secret::policy() } else { self.policy };
        let read = |schema: &AnySchema, body: &[u8]| Ok(schema.label(&value::from_slice::<T>(body)?));
        Ok(AnySchema { name: name.to_owned(), version, migrations, policy, checks, secret, label, read })
    }
}

impl<T> fmt::Debug for Schema<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("kind", &self.kind).field("version", &self.version).finish_non_exhaustive()
    }
}
