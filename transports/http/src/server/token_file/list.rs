//! All lines of a file of tokens.

use super::entry::Entry;
use crate::fault;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes: some 40,000 tokens.
const FILE_MAX: u64 = 16 << 20;

/// Why a file of tokens cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// The system refused.
    #[error("the file of tokens cannot be read or written")]
    Io(#[source] io::Error),
    /// A line is not a token.
    #[error("line {line} of the file of tokens is not one; take it out or set it right")]
    Line {
        /// Which, from 1 on.
        line: usize,
    },
    /// It is too long.
    #[error("the file of tokens takes at most {FILE_MAX} bytes; take out tokens that were revoked")]
    TooLong,
    /// There is no such token.
    #[error("there is no token with this id; `list` has them all")]
    NoSuchToken,
    /// A name is empty or too long.
    #[error("a token's name takes 1 to 200 bytes, and each of its spaces 1 to 200")]
    Name,
}

/// All tokens, by their ids.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Reads all of it, or nothing.
pub(super) fn read(path: &Path) -> Result<Entries, TokenFileError> {
    let mut text = String::new();
    let file = File::open(path).map_err(TokenFileError::Io)?;
    file.take(FILE_MAX + 1).read_to_string(&mut text).map_err(TokenFileError::Io)?;
    if text.len() as u64 > FILE_MAX {
        return Err(TokenFileError::TooLong);
    }
    parse(&text)
}

/// Reads all lines, or none.
pub(super) fn parse(text: &str) -> Result<Entries, TokenFileError> {
    let mut entries = Entries::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = TokenFileError::Line { line: number + 1 };
        match serde_json::from_str::<Entry>(line) {
            // Of two with one id nobody knows which is meant.
            Ok(entry) if entry.is_sound() && !entries.contains_key(&entry.id) => {
                entries.insert(entry.id.clone(), entry);
            }
            _ => return Err(wrong),
        }
    }
    Ok(entries)
}

/// Changes the file as a whole: whoever reads meanwhile sees what was before or what is after. Two that change it at once wait for
/// each other.
pub(super) fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut Entries) -> Result<T, TokenFileError>,
) -> Result<T, TokenFileError> {
    let lock = File::options().create(true).truncate(false).write(true).open(beside(path, "lock"));
    let lock = lock.map_err(TokenFileError::Io)?;
    lock.lock().map_err(TokenFileError::Io)?;
    let mut entries = match read(path) {
        Err(TokenFileError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Entries::new(),
        Err(_) if fault::on("http-tokens-written-over") => Entries::new(),
        read => read?,
    };
    let changed = change(&mut entries)?;
    write(path, &entries).map_err(TokenFileError::Io)?;
    Ok(changed)
}

pub(super) fn print(entries: &Entries) -> serde_json::Result<String> {
    let lines: serde_json::Result<Vec<String>> = entries.values().map(serde_json::to_string).collect();
    Ok(lines?.iter().map(|line| format!("{line}\n")).collect())
}

fn write(path: &Path, entries: &Entries) -> io::Result<()> {
    let text = print(entries).map_err(io::Error::other)?;
    let new = beside(path, "new");
    // What a crash left behind.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    name.into()
}
