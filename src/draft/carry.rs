//! Members of a document that the application's type does not know, carried over from load to save.
//!
//! Another release of the application may have written them; a save by this one must not drop them.

use crate::error::Failure;
use crate::fault::canary;
use crate::kind::AnySchema;
use crate::store::cache::Body;
use crate::value::Unknown;
use crate::value::{self, Value};
use serde::Serialize;
use std::sync::Arc;

/// What the loaded document holds beyond the application's type; nothing in the usual case.
#[derive(Debug, Default)]
pub(crate) struct Carried(Option<Box<Beyond>>);

#[derive(Debug)]
struct Beyond {
    unknown: Unknown,
    /// What the type knew of the document when it was loaded: where the unknown members belong.
    known: Value,
}

impl Carried {
    /// Holds the stored document against what the application's type made of it.
    pub(crate) fn new<T: Serialize>(
        schema: &AnySchema,
        version: u32,
        stored: &[u8],
        document: &T,
    ) -> Result<Self, Failure> {
        let known = value::to_canonical(document)?;
        if version == schema.version && known == stored {
            return Ok(Self(None));
        }
        let stored = super::document::migrated(schema, version, stored)?;
        let known = Value::parse(&known)?;
        let unknown = Unknown::between(&stored, &known);
        Ok(Self((!unknown.is_empty()).then(|| Box::new(Beyond { unknown, known }))))
    }

    /// The bytes of the document with the unknown members in their places.
    pub(crate) fn write<T: Serialize>(&self, document: &T) -> Result<Body, Failure> {
        let bytes = value::to_canonical(document)?;
        canary::keeps(&bytes);
        let Some(beyond) = &self.0 else { return Ok(Arc::new(bytes)) };
        let mut now = Value::parse(&bytes)?;
        beyond.unknown.graft(&beyond.known, &mut now);
        Ok(Arc::new(now.to_canonical()?))
    }

    /// Moves on to a document that was saved as `stored`.
    pub(crate) fn saved<T: Serialize>(
        &mut self,
        schema: &AnySchema,
        stored: &[u8],
        document: &T,
    ) -> Result<(), Failure> {
        if self.0.is_some() {
            *self = Self::new(schema, schema.version, stored, document)?;
        }
        Ok(())
    }
}
