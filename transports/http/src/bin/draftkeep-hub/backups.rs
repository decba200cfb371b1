//! Copies of the hub while it serves.
//!
//! A copy is named by its hub and its moment: `hub-7c5f01d2-2026-11-21T17-30-00.000Z.redb`. Only what has such a name, of this very hub, is
//! ever removed: copies of a hub that was here before, and files that people put beside them, are theirs.

use crate::Outcome;
use crate::causes::causes;
use crate::settings::Backups;
use draftkeep::HubId;
use draftkeep::clock::{Clock as _, SystemClock, Timestamp};
use draftkeep::hub::Hub;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

/// Copies the hub into a folder again and again, until the process ends. A copy that is cut short by that leaves nothing that looks like
/// one.
///
/// A server that is restarted often copies no more often than another one: else its restarts would take the place of what is kept.
pub(crate) fn begin(hub: &Hub, how: &Backups) -> Outcome {
    if !how.folder.is_dir() {
        return Err(format!("--backups {}: there is no such folder", how.folder.display()).into());
    }
    let (hub, how) = (hub.clone(), how.clone());
    thread::Builder::new().name("backups".to_owned()).spawn(move || {
        let names = Names::of(hub.id());
        thread::sleep(wait(&names, &how));
        loop {
            copy(&hub, &names, &how);
            thread::sleep(how.every);
        }
    })?;
    Ok(())
}

/// How long the newest copy is new enough.
fn wait(names: &Names, how: &Backups) -> Duration {
    let copies = names.list(&how.folder).unwrap_or_default();
    let made = copies.last().and_then(|name| fs::metadata(how.folder.join(name)).ok()?.modified().ok());
    // One that the future made says nothing: the clock was wrong then, or is now.
    let age = made.and_then(|made| SystemTime::now().duration_since(made).ok());
    age.map_or(Duration::ZERO, |age| how.every.saturating_sub(age))
}

fn copy(hub: &Hub, names: &Names, how: &Backups) {
    let name = names.at(SystemClock.now());
    let path = how.folder.join(&name);
    match hub.backup(&path) {
        Ok(made) if made.damaged == 0 => {
            tracing::info!(path = %path.display(), records = made.records, bytes = made.bytes, "the hub was copied");
            // Only now: it is whole, and has taken the place of the oldest.
            remove(names, how, &name);
        }
        Ok(made) => {
            tracing::error!(path = %path.display(), damaged = made.damaged, "the hub was copied with what is damaged in it");
        }
        Err(error) => tracing::error!(path = %path.display(), error = %causes(&error), "the hub could not be copied"),
    }
}

/// Removes the copies that are not kept. That it cannot keeps nothing from being copied.
fn remove(names: &Names, how: &Backups, made: &str) {
    let all = match names.list(&how.folder) {
        Ok(all) => all,
        Err(error) => return tracing::error!(%error, "older copies could not be listed"),
    };
    for name in beyond(&all, made, how.keep) {
        let path = how.folder.join(name);
        match fs::remove_file(&path) {
            Ok(()) => tracing::info!(path = %path.display(), "an older copy was removed"),
            Err(error) => tracing::error!(path = %path.display(), %error, "an older copy could not be removed"),
        }
    }
}

/// Of all copies, oldest first, those beyond the newest `keep`. The one that was made just now is none of them, whatever the clock said.
fn beyond<'a>(all: &'a [String], made: &str, keep: usize) -> impl Iterator<Item = &'a String> {
    let made = made.to_owned();
    all[..all.len().saturating_sub(keep)].iter().filter(move |name| **name != made)
}

/// What copies of a hub are named.
struct Names(String);

const ENDING: &str = ".redb";

impl Names {
    fn of(hub: HubId) -> Self {
        let id = hub.to_string();
        Self(format!("hub-{}-", id.get(..8).unwrap_or(&id)))
    }

    /// Names are in the order of time.
    fn at(&self, now: Timestamp) -> String {
        format!("{}{}{ENDING}", self.0, now.to_string().replace(':', "-"))
    }

    fn is_one(&self, name: &str) -> bool {
        let moment = name.strip_prefix(&self.0).and_then(|rest| rest.strip_suffix(ENDING));
        moment.is_some_and(|moment| {
            let form = "dddd-dd-ddTdd-dd-dd.dddZ";
            let fits = |(is, form): (char, char)| if form == 'd' { is.is_ascii_digit() } else { is == form };
            moment.len() == form.len() && moment.chars().zip(form.chars()).all(fits)
        })
    }

    /// The copies in a folder, oldest first: files, and nothing that leads elsewhere.
    fn list(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string()
                && self.is_one(&name)
                && entry.file_type()?.is_file()
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::of(HubId::from_bytes([0xab; 16]))
    }

    #[test]
    fn only_names_of_the_very_form_are_copies() {
        let name = names().at(Timestamp::from_millis(1_800_000_000_123));
        assert_eq!(name, "hub-abababab-2027-01-15T08-00-00.123Z.redb");
        assert!(names().is_one(&name));
        for other in [
            "hub-abababab-2027-01-15T08-00-00.123Z.redb.marker",
            "hub-abababab-2027-01-15T08-00-00.123Z.redb.partial",
            "hub-abababab-2027-01-15T08-00-00.123Z",
            "hub-abababab-2027-01-15T08:00:00.123Z.redb",
            "hub-abababab-2027-01-15T08-00-00Z.redb",
            "hub-abababab-before the update.redb",
            "hub-abababab-2027-01-15T08-00-00.123Z copy.redb",
            "hub-abababac-2027-01-15T08-00-00.123Z.redb",
            "hub-2027-01-15T08-00-00.123Z.redb",
            "a hub-abababab-2027-01-15T08-00-00.123Z.redb",
            "hub-abababab-.redb",
            "hub.redb",
        ] {
            assert!(!names().is_one(other), "{other}");
        }
    }

    #[test]
    fn the_newest_are_kept_and_the_one_just_made_in_any_case() {
        let all: Vec<String> = (1..=5).map(|at| names().at(Timestamp::from_millis(at * 1_000))).collect();
        let beyond = |made: usize, keep| -> Vec<usize> {
            let place = |name| all.iter().position(|other| other == name);
            super::beyond(&all, &all[made], keep).filter_map(place).collect()
        };
        assert_eq!(beyond(4, 2), [0, 1, 2]);
        assert!(beyond(4, 5).is_empty());
        assert!(beyond(4, 9).is_empty());
        // Made while the clock was behind.
        assert_eq!(beyond(0, 2), [1, 2]);
        assert_eq!(beyond(2, 1), [0, 1, 3]);
    }

    #[test]
    fn a_copy_that_is_new_enough_is_waited_for_and_what_only_looks_like_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let how = Backups { folder: folder.path().to_owned(), every: Duration::from_secs(3_600), keep: 3 };
        assert_eq!(wait(&names(), &how), Duration::ZERO);
        fs::write(folder.path().join("hub-2027-01-15T08-00-00.123Z.redb"), "x").unwrap();
        fs::create_dir(folder.path().join(names().at(Timestamp::from_millis(9_000)))).unwrap();
        assert_eq!(wait(&names(), &how), Duration::ZERO);
        let copy = folder.path().join(names().at(Timestamp::from_millis(1_000)));
        fs::write(&copy, "x").unwrap();
        assert!(wait(&names(), &how) > Duration::ZERO);
        let ago = |seconds| SystemTime::now() - Duration::from_secs(seconds);
        fs::File::options().write(true).open(&copy).unwrap().set_modified(ago(3_601)).unwrap();
        assert_eq!(wait(&names(), &how), Duration::ZERO);
    }
}
