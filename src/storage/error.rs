//! What can go wrong below the store, split by what a caller does about it.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

/// An error of a [`Storage`](super::Storage).
///
/// After an error of a commit its outcome is unknown: all of the batch may be durable, or nothing of it.
#[derive(Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    path: Option<PathBuf>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// The disk is full. Free some space and repeat the call.
    Full,
    /// The medium failed. Repeat the call later; the storage tries to recover by itself.
    Io,
    /// What was read is damaged.
    Corrupt {
        /// What is damaged, for people.
        what: String,
    },
    /// Another process, or another handle of this one, has it open.
    InUse,
    /// The process was forked since it was opened. Open it again in the child.
    Forked,
    /// The store's file is gone although it had been there, or was replaced by another while open.
    ///
    /// That it had been there tells its marker, `<file>.marker`. Put the file back, from a backup if need be; or delete
    /// the marker to begin anew without what the file held.
    Missing,
    /// There is no such file.
    NotFound,
    /// The folder that the file would lie in is not there. Make it first.
    NoFolder,
    /// Something exists at the path already; `create` never overwrites.
    Exists,
    /// What is at the path is not a store; it was left as it is.
    NotAStore {
        /// What it is instead.
        what: String,
    },
    /// A newer release wrote it; it was left as it is.
    TooNew {
        /// The format found.
        found: u32,
        /// The newest format that this release reads.
        supported: u32,
    },
    /// A key or a value is too long, or a key is empty. Nothing was changed.
    TooLarge {
        /// "key", "value" or "marker".
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// The size found.
        got: usize,
    },
    /// A scan's range ends before it begins.
    InvertedRange,
    /// The platform or file system cannot do something that safety needs.
    Unsupported {
        /// What it cannot do.
        what: String,
    },
}

impl StorageError {
    /// An error without a deeper cause.
    #[must_use]
    pub const fn new(kind: StorageErrorKind) -> Self {
        Self { kind, path: None, source: None }
    }

    /// An error with the error that caused it.
    #[must_use]
    pub fn caused_by(kind: StorageErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, path: None, source: Some(source.into()) }
    }

    /// This error with the path of the file that it is about, where it does not have one yet.
    #[must_use]
    pub fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.path.get_or_insert_with(|| path.into());
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> &StorageErrorKind {
        &self.kind
    }

    /// The file that was to be opened or made, where there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl From<StorageErrorKind> for StorageError {
    fn from(kind: StorageErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        self.path.as_ref().map_or(Ok(()), |path| write!(f, ": {}", path.display()))
    }
}

impl fmt::Display for StorageErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the disk is full"),
            Self::Io => f.write_str("the storage medium failed"),
            Self::Corrupt { what } => write!(f, "damaged: {what}"),
            Self::InUse => f.write_str("the store is open elsewhere"),
            Self::Forked => f.write_str("the process was forked after the store was opened"),
            Self::Missing => f.write_str(
                "the store's file is gone or was replaced; put it back, or delete <file>.marker to begin anew",
            ),
            Self::NotFound => f.write_str("there is no store at this path"),
            Self::NoFolder => f.write_str("the folder of the store's path is not there; make it first"),
            Self::Exists => f.write_str("something exists at this path already"),
            Self::NotAStore { what } => write!(f, "not a store: {what}"),
            Self::TooNew { found, supported } => {
                write!(f, "the store has format {found}, this release reads up to {supported}")
            }
            Self::TooLarge { what, limit, got } => {
                write!(f, "a {what} of {got} bytes; between 1 (keys) and {limit} are allowed")
            }
            Self::InvertedRange => f.write_str("a range that ends before it begins"),
            Self::Unsupported { what } => write!(f, "not supported here: {what}"),
        }
    }
}

impl StdError for StorageError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
