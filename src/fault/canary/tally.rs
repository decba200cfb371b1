//! How much was searched, for whoever started the process: a file for each process in the folder that `DRAFTKEEP_CANARY` names.
//!
//! ```text
//! windows 123 forgotten 0 Storage 456 File 789 …
//! ```

use super::exits::{Exit, searched};
use super::watch::counts;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The numbers only grow, and are written as often as this: a process that is killed has told nearly all of them.
const EVERY: u64 = 64;

pub(super) fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::var_os("DRAFTKEEP_CANARY").map(PathBuf::from)).as_deref()
}

/// Something was searched.
pub(super) fn write() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    static FILE: Mutex<Option<File>> = Mutex::new(None);
    let Some(folder) = folder() else { return };
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    if calls >= EVERY && !calls.is_multiple_of(EVERY) {
        return;
    }
    let mut line = counts()
        .into_iter()
        .zip(["windows", "forgotten"])
        .fold(String::new(), |line, (count, name)| line + &format!("{name} {count} "));
    Exit::ALL.into_iter().for_each(|exit| line.push_str(&format!("{exit:?} {} ", searched(exit))));
    let mut file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    if file.is_none() {
        // The number of a process may be used again.
        let names = (0..u32::MAX).map(|again| folder.join(format!("{}-{again}.tally", std::process::id())));
        *file = names.into_iter().find_map(|name| OpenOptions::new().write(true).create_new(true).open(name).ok());
    }
    let file = file.as_mut().expect("the folder of the tallies can be written to");
    file.seek(SeekFrom::Start(0)).and_then(|_| writeln!(file, "{line}")).expect("a tally can be written");
}

/// Something was found.
pub(super) fn caught(found: &str) {
    if let Some(folder) = folder() {
        let _ = fs::write(folder.join(format!("{}.caught", std::process::id())), found);
    }
}
