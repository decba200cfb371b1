//! Reads everything, and tells right answers, errors and wrong answers apart.

use super::library::{Known, Library, NEVER, NOTE, SCENE, SPACES, options};
use draftkeep::storage::{Disk, RedbStorage, StorageErrorKind, Tuning};
use draftkeep::{Conflict, Draft, ErrorKind, Filter, Phase, Store};
use std::fmt::Debug;
use std::sync::Arc;

/// What reading a damaged store gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) is_refused: bool,
    pub(crate) right: u64,
    pub(crate) errors: u64,
    /// Heads whose text was read.
    pub(crate) heads: u64,
    /// Wrong answers, and errors that name no damage.
    pub(crate) silent: Vec<String>,
    /// What verifying said, where it was asked.
    pub(crate) is_intact: Option<bool>,
}

impl Outcome {
    /// An error has to name damage: "there is no such draft" about one that is there is a wrong answer.
    fn is_damage(kind: &ErrorKind) -> bool {
        let ErrorKind::Storage(kind) = kind else { return matches!(kind, ErrorKind::Corrupt { .. }) };
        matches!(kind, StorageErrorKind::Corrupt { .. } | StorageErrorKind::Io)
    }

    fn ask<T: Debug>(
        &mut self,
        what: impl Fn() -> String,
        answer: draftkeep::Result<T>,
        is_right: impl Fn(&T) -> bool,
    ) -> Option<T> {
        match answer {
            Ok(answer) if is_right(&answer) => {
                self.right += 1;
                return Some(answer);
            }
            Ok(answer) => {
                let answer: String = format!("{answer:?}").chars().take(300).collect();
                self.silent.push(format!("{}: {answer}", what()));
            }
            Err(error) if Self::is_damage(error.kind()) => self.errors += 1,
            Err(error) => self.silent.push(format!("{}: {:?}", what(), error.kind())),
        }
        None
    }
}

/// Opens what is on the disk and reads it. `sample` chooses which old versions are read, for all would take too long.
pub(crate) fn read(disk: Arc<dyn Disk>, library: &Library, sample: usize, verifies: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let storage = match RedbStorage::open_with(disk, Tuning::new().cache(1 << 20)) {
        Ok(storage) => storage,
        Err(error) => {
            outcome.is_refused = true;
            let fits = matches!(error.kind(), StorageErrorKind::Corrupt { .. } | StorageErrorKind::NotAStore { .. });
            if !fits {
                outcome.silent.push(format!("opening: {error:?}"));
            }
            return outcome;
        }
    };
    let opened = Store::with_storage(Arc::new(storage), options());
    let Some(store) = outcome.ask(|| "opening".to_owned(), opened, |_| true) else {
        outcome.is_refused = true;
        return outcome;
    };
    outcome.ask(|| "spaces".to_owned(), store.spaces(), |names| names == &SPACES);
    for (number, name) in SPACES.into_iter().enumerate() {
        let opened = store.space(name);
        let Some(space) = outcome.ask(|| format!("opening the space {name}"), opened, |_| true) else { continue };
        lists(&mut outcome, library, number, &space);
        let notes = outcome.ask(|| "notes".to_owned(), space.drafts(NOTE), |_| true);
        let scenes = outcome.ask(|| "scenes".to_owned(), space.drafts(SCENE), |_| true);
        let Some((notes, scenes)) = notes.zip(scenes) else { continue };
        for known in library.drafts.iter().filter(|known| known.space == number) {
            if known.is_note {
                let got = outcome.ask(|| format!("getting {known:.60?}"), notes.get(known.id), Option::is_some);
                if let Some(Some(found)) = got {
                    draft(&mut outcome, known, &found, sample, String::clone);
                }
            } else {
                let got = outcome.ask(|| format!("getting {known:.60?}"), scenes.get(known.id), Option::is_some);
                if let Some(Some(found)) = got {
                    draft(&mut outcome, known, &found, sample, |scene| scene.as_str().unwrap_or_default().to_owned());
                }
            }
        }
        for (purged_of, id) in &library.purged {
            outcome.ask(|| format!("getting the purged {id} in {purged_of}"), notes.get(*id), Option::is_none);
        }
        for ((slot_of, key), (current, generations)) in &library.slots {
            if *slot_of == number {
                let slot = notes.slot(key);
                let id = |draft: &Option<Draft<String>>| draft.as_ref().map(Draft::id);
                outcome.ask(|| format!("slot {key}"), slot.resume(), |found| id(found) == *current);
                outcome.ask(
                    || format!("generations of {key}"),
                    slot.generations(),
                    |found| found.iter().map(|info| info.id).eq(generations.iter().copied()),
                );
            }
        }
        for key in NEVER {
            outcome.ask(|| format!("slot {key}, never used"), notes.slot(key).resume(), Option::is_none);
            outcome.ask(|| format!("slot {key} of scenes"), scenes.slot(key).resume(), Option::is_none);
        }
    }
    outcome.ask(|| "spaces, once more".to_owned(), store.spaces(), |names| names == &SPACES);
    if verifies {
        let verified = outcome.ask(|| "verifying".to_owned(), store.verify(), |_| true);
        outcome.is_intact = Some(verified.is_some_and(|verified| verified.is_intact()));
    }
    outcome
}

fn lists(outcome: &mut Outcome, library: &Library, number: usize, space: &draftkeep::Space) {
    let ids = |page: &draftkeep::Page| page.drafts.iter().map(|info| info.id).collect::<Vec<_>>();
    for phase in Phase::ALL {
        let wanted = library.lists.get(&(number, phase)).cloned().unwrap_or_default();
        let mut filter = Filter::phase(phase).limit(7);
        let mut left = &wanted[..];
        loop {
            let (now, later) = left.split_at(left.len().min(7));
            let page = space.list(&filter);
            let is_right = |page: &draftkeep::Page| ids(page) == now && page.next.is_some() != later.is_empty();
            let Some(page) = outcome.ask(|| format!("the list of {phase} drafts"), page, is_right) else { break };
            let Some(next) = page.next else { break };
            filter = filter.after(next);
            left = later;
        }
    }
    for prefix in ["part-", "part-5", "q"] {
        let all = Phase::ALL.iter().flat_map(|phase| library.lists.get(&(number, *phase)).cloned().unwrap_or_default());
        let mut wanted: Vec<_> = all
            .filter(|id| {
                let known = library.drafts.iter().find(|known| known.id == *id);
                known.and_then(|known| known.slot.as_ref()).is_some_and(|slot| slot.starts_with(prefix))
            })
            .collect();
        wanted.sort_unstable();
        let page = space.list(&Filter::all().slots_beginning_with(prefix));
        outcome.ask(
            || format!("the slots with {prefix}"),
            page,
            |page| {
                let mut found = ids(page);
                found.sort_unstable();
                found == wanted
            },
        );
    }
    let latest = library.lists.get(&(number, Phase::Promoted)).and_then(|list| list.first()).copied();
    outcome.ask(|| "latest".to_owned(), space.latest(), |found| found.as_ref().map(|info| info.id) == latest);
}

fn draft<T>(outcome: &mut Outcome, known: &Known, draft: &Draft<T>, sample: usize, text: impl Fn(&T) -> String)
where
    T: serde::Serialize + serde::de::DeserializeOwned + Debug + 'static,
{
    let name = |what: &str| format!("{what} of draft {} with {} versions", known.id, known.texts.len());
    let wanted = (known.id, known.phase, known.head, known.slot.as_ref().map(|slot| slot.as_bytes().to_vec()));
    outcome.ask(
        || name("info"),
        draft.info(),
        |info| {
            (info.id, info.phase, info.version, info.slot.clone()) == wanted
                && info.size == known.sizes[known.head as usize - 1]
        },
    );
    let head = outcome.ask(|| name("the text"), draft.load(), |doc| text(doc) == known.text());
    outcome.heads += u64::from(head.is_some());
    outcome.ask(|| name("pins"), draft.pins(), |pins| *pins == known.pins);
    let sides = |conflict: &Option<Conflict<T>>| -> Option<Vec<u64>> {
        Some(conflict.as_ref()?.theirs().iter().map(|side| side.info.version).collect())
    };
    outcome.ask(|| name("conflict"), draft.conflict(), |found| sides(found) == known.side.map(|side| vec![side]));
    let last = known.texts.len() as u64;
    outcome.ask(
        || name("history"),
        draft.history(),
        |history| {
            let told = |version: u64| {
                let is_there = history.versions.iter().any(|info| info.version == version);
                is_there != history.damaged.iter().any(|(first, last)| (*first..=*last).contains(&version))
            };
            let is_dense =
                (1..=last).all(told) && history.versions.iter().all(|info| (1..=last).contains(&info.version));
            is_dense && history.versions.iter().all(|info| info.size == known.sizes[info.version as usize - 1])
        },
    );
    let step = if last > 20 { last / 2 } else { 4 };
    for version in (0..=last + 1).filter(|version| (*version + sample as u64).is_multiple_of(step) || *version > last) {
        let at = draft.at(version);
        if version == 0 || version > last {
            let is_told = at.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::NoSuchVersion { .. }));
            if !is_told {
                outcome.ask(|| name(&format!("version {version}, which never was,")), at.map(|_| ()), |()| false);
            }
            continue;
        }
        let wanted = &known.texts[version as usize - 1];
        outcome.ask(|| name(&format!("version {version}")), at, |at| text(&at.doc) == *wanted);
    }
}
