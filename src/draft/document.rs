//! Documents on their way between the application's type and their bytes.

use crate::error::{ErrorKind, Failure};
use crate::fault::canary;
use crate::kind::AnySchema;
use crate::value::{self, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// What a failed migration said.
#[derive(Debug)]
struct Refused(Box<dyn std::error::Error + Send + Sync>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the application's migration refused the document")
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// The document as a value of the schema's version.
pub(crate) fn migrated(schema: &AnySchema, version: u32, body: &[u8]) -> Result<Value, Failure> {
    if version > schema.version {
        let (kind, supported) = (schema.name.clone(), schema.version);
        return Err(ErrorKind::SchemaTooNew { kind, found: version, supported }.into());
    }
    schema.migrate(Value::parse(body)?, version).map_err(|(from, error)| {
        let failure = Failure::from(ErrorKind::Migration { kind: schema.name.clone(), from });
        // The migration's words may quote what it migrates.
        if schema.is_secret() { failure } else { failure.because(Refused(error)) }
    })
}

/// The document as the application's type.
pub(crate) fn read<T: DeserializeOwned>(schema: &AnySchema, version: u32, body: &[u8]) -> Result<T, Failure> {
    if version == schema.version {
        Ok(value::from_slice(body)?)
    } else {
        Ok(value::from_value(&migrated(schema, version, body)?)?)
    }
}

/// The bytes of a document.
pub(crate) fn write<T: Serialize>(document: &T) -> Result<Arc<Vec<u8>>, Failure> {
    let bytes = value::to_canonical(document)?;
    canary::keeps(&bytes);
    Ok(Arc::new(bytes))
}
