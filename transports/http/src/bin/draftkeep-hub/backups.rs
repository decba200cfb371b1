//! Copies of the hub while it serves.

use crate::Outcome;
use draftkeep::clock::{Clock as _, SystemClock};
use draftkeep::hub::Hub;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Copies the hub into a folder, now and then again and again, until the process ends. A copy that is cut short by that leaves nothing
/// that looks like one.
pub(crate) fn begin(hub: &Hub, folder: &Path, every: Duration) -> Outcome {
    if !folder.is_dir() {
        return Err(format!("--backups {}: there is no such folder", folder.display()).into());
    }
    let (hub, folder) = (hub.clone(), folder.to_owned());
    thread::Builder::new().name("backups".to_owned()).spawn(move || {
        loop {
            let path = name(&folder);
            match hub.backup(&path) {
                Ok(made) if made.damaged == 0 => {
                    tracing::info!(path = %path.display(), records = made.records, bytes = made.bytes, "the hub was copied");
                }
                Ok(made) => {
                    tracing::error!(path = %path.display(), damaged = made.damaged, "the hub was copied with what is damaged in it");
                }
                Err(error) => tracing::error!(path = %path.display(), %error, "the hub could not be copied"),
            }
            thread::sleep(every);
        }
    })?;
    Ok(())
}

/// `hub-2026-11-21T17-30-00.000Z.redb`: names that are in the order of time.
fn name(folder: &Path) -> PathBuf {
    folder.join(format!("hub-{}.redb", SystemClock.now().to_string().replace(':', "-")))
}
