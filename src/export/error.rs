//! Why an export or an import came to no end.

use super::done::Imported;
use crate::error::Error;
use std::fmt;
use std::io;

/// Why an export came to no end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It could not be written where it was to go. What is there is cut, and an import of it says so.
    #[error("the export could not be written")]
    Io(#[from] io::Error),
    /// The store could not be read.
    #[error("the space could not be read")]
    Store(#[from] Error),
}

/// Why an import came to no end, at which line, and what had become durable until then. Importing the same again, whole and mended, goes on
/// there: what is here already is known.
#[derive(Debug, thiserror::Error)]
#[error("line {line} could not be imported")]
pub struct ImportError {
    /// The line, from 1.
    pub line: u64,
    /// What was imported before.
    pub imported: Imported,
    /// What is wrong.
    #[source]
    pub kind: ImportErrorKind,
}

/// What is wrong with a line of an export.
#[derive(Debug)]
#[non_exhaustive]
pub enum ImportErrorKind {
    /// It could not be read.
    Io(io::Error),
    /// The store refused it, or failed.
    Store(Error),
    /// The first line does not say that this is an export.
    NotAnExport,
    /// A newer release made it: update this one.
    TooNew {
        /// The version of the format.
        found: u64,
        /// The newest that is known here.
        supported: u64,
    },
    /// The line is longer than any that an export has.
    TooLong {
        /// The most bytes of a line.
        limit: usize,
    },
    /// The line says what no export says.
    Malformed {
        /// What, for people.
        why: String,
    },
    /// It ends before its last line: the rest is missing.
    Cut,
    /// Its last line belongs to other lines than these: something was changed, added or left out.
    Altered,
}

impl fmt::Display for ImportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("it could not be read"),
            Self::Store(_) => f.write_str("the store did not take it"),
            Self::NotAnExport => f.write_str("this is no export of a space"),
            Self::TooNew { found, supported } => {
                write!(f, "the export is of format {found}, this release knows up to {supported}; update it")
            }
            Self::TooLong { limit } => write!(f, "it has more than the {limit} bytes that a line of an export has"),
            Self::Malformed { why } => f.write_str(why),
            Self::Cut => f.write_str("the export ends before its last line; find the rest, and import it again"),
            Self::Altered => {
                f.write_str("the export is not as it was written; what was imported of it may be altered, too")
            }
        }
    }
}

impl std::error::Error for ImportErrorKind {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for ImportErrorKind {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for ImportErrorKind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) fn malformed(why: impl Into<String>) -> ImportErrorKind {
    ImportErrorKind::Malformed { why: why.into() }
}
