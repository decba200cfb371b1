//! A kind's schema, checked, whatever its type.

use super::checks::Checks;
use super::schema::{Label, Migration};
use super::secret::{self, SecretSync};
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::invalid::{self, Invalid};
use crate::merge::Policy;
use crate::value::{Value, ValueError};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

/// A checked schema, whatever its type.
pub(crate) struct AnySchema {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(super) migrations: BTreeMap<u32, Migration>,
    pub(crate) policy: Policy,
    pub(super) checks: Checks,
    pub(super) secret: Option<SecretSync>,
    pub(super) label: Option<Box<dyn Any + Send + Sync>>,
    pub(super) read: fn(&Self, &[u8]) -> Result<Option<String>, ValueError>,
}

/// The most bytes of a label that are kept.
const LABEL_MAX: usize = 256;

impl AnySchema {
    /// The schema of a kind that the application said nothing about.
    pub(crate) fn unsaid(name: &str) -> Self {
        let (migrations, policy) = (BTreeMap::new(), Policy::default());
        let read = |_: &Self, body: &[u8]| Value::parse(body).map(|_| None);
        let checks = Checks::default();
        Self { name: name.to_owned(), version: 1, migrations, policy, checks, secret: None, label: None, read }
    }

    /// Reads a document of this schema's version as the application's type, and gives its label.
    pub(crate) fn read(&self, body: &[u8]) -> Result<Option<String>, ValueError> {
        (self.read)(self, body)
    }

    /// The label of a document, where the schema has one for this very type.
    pub(crate) fn label<T: 'static>(&self, document: &T) -> Option<String> {
        let label = self.label.as_ref()?.downcast_ref::<Label<T>>()?;
        let mut text = label(document);
        invalid::cut(&mut text, LABEL_MAX);
        Some(text)
    }

    /// What is wrong with a document of this schema version; none where nothing is, or where nobody here can say: there is no
    /// validator, or a newer release wrote it. Reads nothing where there is no validator.
    pub(crate) fn flaws(&self, version: u32, body: &[u8]) -> Option<Invalid> {
        if !self.has_checks() || version > self.version {
            return None;
        }
        let flaws = self.checks.flaws(|| {
            let document = Value::parse(body)?;
            if version == self.version {
                return Ok(document);
            }
            self.migrate(document, version).map_err(|(from, error)| {
                Invalid::new(format!("it cannot be migrated from schema version {from}: {error}"))
            })
        });
        if self.is_secret() { flaws.map(|flaws| secret::redacted(&flaws)) } else { flaws }
    }

    /// Whether the kind's documents are secrets.
    pub(crate) fn is_secret(&self) -> bool {
        self.secret.is_some() && !fault::on("secrets-are-as-others")
    }

    /// Whether the kind's documents never leave this device.
    pub(crate) fn stays_here(&self) -> bool {
        self.secret == Some(SecretSync::Never) && !fault::on("secrets-leave-the-device")
    }

    /// Refuses a document that somebody says is right, and that is not valid.
    pub(crate) fn refuse_invalid(&self, version: u32, body: &[u8]) -> Result<(), Failure> {
        self.flaws(version, body).map_or(Ok(()), |invalid| Err(self.refusal(invalid)))
    }

    pub(crate) fn refusal(&self, invalid: Invalid) -> Failure {
        ErrorKind::Invalid { kind: self.name.clone(), invalid }.into()
    }

    /// Whether the application has rules for documents of the kind. Without any, nothing need be read to hold it against them.
    pub(crate) fn has_checks(&self) -> bool {
        !self.checks.is_empty()
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
