//! The engine's errors and panics, sorted by what a caller does about them.

use crate::storage::{StorageError, StorageErrorKind};
use std::any::Any;
use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`, which calls the engine. The engine panics on some damaged pages; that is an error like any other here.
///
/// Whatever the engine leaves behind after a panic is never used again: the caller shuts its port.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StorageError>) -> Result<T, StorageError> {
    let _within = Within::enter();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(from_panic(&*panic)))
}

thread_local! {
    /// How many calls of [`guarded`] this thread is in.
    static WITHIN: Cell<usize> = const { Cell::new(0) };
}

struct Within;

impl Within {
    fn enter() -> Self {
        // A thread that is ending has none any more, and no hook that asks.
        let _ = WITHIN.try_with(|within| within.set(within.get() + 1));
        Self
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        let _ = WITHIN.try_with(|within| within.set(within.get() - 1));
    }
}

/// Whether a panic of this thread would be caught now and become an error: it is in the file engine, which panics on some damaged pages.
///
/// The error says what the panic said, but a panic hook is called before that, and the usual one prints. The library installs none: that is
/// the program's business. One that is quiet about what becomes an error:
///
/// ```
/// use draftkeep::storage::is_panic_caught;
///
/// let usual = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |panic| {
///     if !is_panic_caught() {
///         usual(panic);
///     }
/// }));
/// assert!(!is_panic_caught());
/// ```
#[must_use]
pub fn is_panic_caught() -> bool {
    WITHIN.try_with(|within| within.get() > 0).unwrap_or(false)
}

fn from_panic(panic: &(dyn Any + Send)) -> StorageError {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    // Of an assertion it has several lines.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    StorageError::caused_by(
        StorageErrorKind::Corrupt { what: "a page that the engine cannot digest".to_owned() },
        format!("the engine gave up: {text}"),
    )
}

/// Sorts an error of the engine.
pub(super) fn from_engine(error: impl Into<redb::Error>) -> StorageError {
    match error.into() {
        redb::Error::Io(error) => from_io(error),
        redb::Error::DatabaseAlreadyOpen => StorageErrorKind::InUse.into(),
        redb::Error::Corrupted(what) => StorageErrorKind::Corrupt { what }.into(),
        redb::Error::UpgradeRequired(version) => {
            StorageErrorKind::Corrupt { what: format!("an engine format {version} that no release wrote") }.into()
        }
        redb::Error::Unsupported => StorageErrorKind::Unsupported { what: "the engine's file locks".to_owned() }.into(),
        // The port was shut, or the engine remembers an error that another call was given.
        error @ (redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::LockPoisoned(_)) => {
            StorageError::caused_by(StorageErrorKind::Io, Engine(error.to_string()))
        }
        error @ (redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TableIsNotMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. }
        | redb::Error::TableDoesNotExist(_)) => {
            StorageError::caused_by(StorageErrorKind::Corrupt { what: "a table".to_owned() }, Engine(error.to_string()))
        }
        error => StorageError::caused_by(StorageErrorKind::Io, Engine(error.to_string())),
    }
}

/// Sorts an error of the disk.
pub(super) fn from_io(error: io::Error) -> StorageError {
    use io::ErrorKind as Kind;
    let kind = match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => StorageErrorKind::Full,
        Kind::InvalidData => StorageErrorKind::Corrupt { what: "the file".to_owned() },
        Kind::UnexpectedEof => StorageErrorKind::Corrupt { what: "the file ends too early".to_owned() },
        _ => StorageErrorKind::Io,
    };
    match error.downcast::<StorageError>() {
        Ok(ours) => ours,
        Err(error) => StorageError::caused_by(kind, error),
    }
}

/// Carries one of our errors through the engine.
pub(super) fn into_io(error: StorageError) -> io::Error {
    io::Error::other(error)
}

/// What the engine said, without its type.
#[derive(Debug)]
struct Engine(String);

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Engine {}
