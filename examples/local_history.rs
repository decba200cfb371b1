//! Keeps every change of some text or JSON files as a version, beside whatever edits them.
//!
//! ```text
//! cargo run --release --example local_history -- watch FILE…        until it is ended, in whatever way
//! cargo run --release --example local_history -- snapshot FILE…     once
//! cargo run --release --example local_history -- list [FILE]
//! cargo run --release --example local_history -- diff FILE N M
//! cargo run --release --example local_history -- restore FILE N
//! ```
//!
//! The history lies in `.draftkeep/history.redb` in the current folder, or where `--store PATH` says. Each file is a
//! slot named by its path, its document is its exact text; two versions that are both JSON are compared as values, by
//! path. Without arguments it shows all of that on files of its own in a temporary folder, and checks what it shows.

use draftkeep::clock::{Clock, SystemClock, Timestamp};
use draftkeep::storage::StorageErrorKind;
use draftkeep::{Draft, Drafts, ErrorKind, Filter, Kind, Options, Saved, Store, Value, value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const POLL: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct File {
    text: String,
}

const FILE: Kind<File> = Kind::new("file");

const USAGE: &str = "usage: local_history [--store PATH] watch FILE… | snapshot FILE… | list [FILE] | diff FILE N M | \
                     restore FILE N";

/// Where the history lies, and what its paths are relative to.
struct Place {
    store: PathBuf,
    base: PathBuf,
}

impl Place {
    fn new(store: &Path) -> Result<Self> {
        let store = std::path::absolute(store)?;
        let folder = store.parent().ok_or("the store needs a folder")?;
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let base = match folder.parent() {
            Some(parent) if folder.ends_with(".draftkeep") => parent.to_owned(),
            _ => folder,
        };
        Ok(Self { store, base })
    }

    /// Opens the store; waits a little where another command has it open.
    fn open(&self) -> Result<History> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match Store::open_or_create(&self.store, Options::new()) {
                Ok(store) => {
                    let files = store.space("files")?.drafts(FILE)?;
                    return Ok(History { store, files });
                }
                Err(error) if is_in_use(&error) && Instant::now() < deadline => std::thread::sleep(POLL / 10),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The slot's key of a file: its path below the base, else its whole path. The file itself may be gone.
    fn key(&self, file: &Path) -> Result<String> {
        let file = std::path::absolute(file)?;
        let (folder, name) = file.parent().zip(file.file_name()).ok_or("a file needs a name")?;
        let file = folder.canonicalize()?.join(name);
        let key = file.strip_prefix(&self.base).unwrap_or(&file);
        key.to_str().map(str::to_owned).ok_or_else(|| format!("{} is not UTF-8", key.display()).into())
    }
}

fn is_in_use(error: &draftkeep::Error) -> bool {
    matches!(error.kind(), ErrorKind::Storage(StorageErrorKind::InUse))
}

struct History {
    store: Store,
    files: Drafts<File>,
}

/// The file's text; none where it is not there, or is nothing that this program keeps.
fn read(file: &Path) -> Option<String> {
    match fs::read(file) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| eprintln!("{}: not UTF-8, left out", file.display())).ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            None
        }
    }
}

impl History {
    /// Keeps the text as a version, unless it is the newest already. Durable when it returns.
    fn keep(&self, key: &str, text: String) -> Result<Option<u64>> {
        let slot = self.files.slot(key);
        let file = File { text };
        let Some(draft) = slot.resume()? else {
            slot.start(&file)?;
            return Ok(Some(1));
        };
        let mut edit = draft.edit()?;
        *edit.doc() = file;
        let saved = edit.save()?;
        if saved.version() % 64 == 0 {
            // Packs old versions: a store that stays open does so by itself once it is idle.
            self.store.tend()?;
        }
        Ok(match saved {
            Saved::Unchanged { .. } => None,
            saved => Some(saved.version()),
        })
    }

    fn draft(&self, key: &str) -> Result<Draft<File>> {
        self.files.slot(key).resume()?.ok_or_else(|| format!("{key} has no history").into())
    }
}

fn snapshot(place: &Place, files: &[PathBuf]) -> Result<()> {
    let history = place.open()?;
    for file in files {
        let key = place.key(file)?;
        match read(file).map(|text| history.keep(&key, text)).transpose()? {
            Some(Some(version)) => println!("{key}: kept as version {version}"),
            Some(None) => println!("{key}: nothing new"),
            None => println!("{key}: not kept"),
        }
    }
    Ok(())
}

/// Looks at the files again and again. The store is open only while something is kept, so that the other commands work
/// meanwhile; what was printed as kept is durable, so that nothing is lost however this ends.
fn watch(place: &Place, files: &[PathBuf]) -> Result<()> {
    let keyed: Vec<(String, &PathBuf)> =
        files.iter().map(|file| Ok((place.key(file)?, file))).collect::<Result<_>>()?;
    let mut known: BTreeMap<&str, Option<String>> = BTreeMap::new();
    println!("watching {} files", files.len());
    loop {
        for (key, file) in &keyed {
            let mut text = read(file);
            if text.as_deref() == Some("") {
                // Perhaps somebody is just writing it: an empty file is looked at twice before it is believed.
                std::thread::sleep(POLL / 2);
                text = read(file);
            }
            if known.get(key.as_str()) == Some(&text) {
                continue;
            }
            match &text {
                None => println!("{key}: not there; its history stays"),
                Some(text) => {
                    if let Some(version) = place.open()?.keep(key, text.clone())? {
                        println!("{key}: kept as version {version} ({} bytes)", text.len());
                    }
                }
            }
            std::io::stdout().flush()?;
            known.insert(key, text);
        }
        std::thread::sleep(POLL);
    }
}

fn ago(at: Timestamp) -> String {
    let age = SystemClock.now().saturating_since(at).as_secs();
    match age {
        0..60 => format!("{age} s ago"),
        60..3_600 => format!("{} min ago", age / 60),
        3_600..86_400 => format!("{} h ago", age / 3_600),
        _ => format!("{} days ago", age / 86_400),
    }
}

fn list(place: &Place, file: Option<&Path>) -> Result<()> {
    let history = place.open()?;
    if let Some(file) = file {
        for info in history.draft(&place.key(file)?)?.history()?.versions {
            println!("{:>6}  {:>9} bytes  {}", info.version, info.size, ago(info.saved_at));
        }
        return Ok(());
    }
    let mut filter = Filter::open();
    loop {
        let page = history.files.list(&filter)?;
        for info in &page.drafts {
            let key = info.slot_text().unwrap_or("(not UTF-8)");
            println!("{:>6} versions  {:>9} bytes  {:>12}  {key}", info.version, info.size, ago(info.saved_at));
        }
        let Some(next) = page.next else { return Ok(()) };
        filter = filter.after(next);
    }
}

/// What changed between two versions: by path where both are JSON, else as edited text.
fn differences(draft: &Draft<File>, from: u64, to: u64) -> Result<Vec<String>> {
    let (before, after) = (draft.at(from)?.doc.text, draft.at(to)?.doc.text);
    let changes = match (Value::parse(before.as_bytes()), Value::parse(after.as_bytes())) {
        (Ok(before), Ok(after)) => value::diff(&before, &after),
        _ => draft.diff(from, to)?,
    };
    Ok(changes.iter().map(ToString::to_string).collect())
}

fn diff(place: &Place, file: &Path, from: u64, to: u64) -> Result<()> {
    let draft = place.open()?.draft(&place.key(file)?)?;
    differences(&draft, from, to)?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Brings a version back into the file. What the file holds now is kept first.
fn restore(place: &Place, file: &Path, version: u64) -> Result<u64> {
    let history = place.open()?;
    let key = place.key(file)?;
    let text = history.draft(&key)?.at(version)?.doc.text;
    if file.exists() {
        let present = read(file).ok_or_else(|| format!("{} cannot be kept, so it stays as it is", file.display()))?;
        history.keep(&key, present)?;
    }
    let restored = history.draft(&key)?.restore(version)?;
    write_atomically(file, &text)?;
    println!("{key}: version {version} is back, as version {restored}");
    Ok(restored)
}

/// Whoever reads the file sees the old text or the new one, also after a power cut.
fn write_atomically(file: &Path, text: &str) -> Result<()> {
    let folder = std::path::absolute(file)?.parent().ok_or("a file needs a folder")?.to_owned();
    let mut new = tempfile::NamedTempFile::new_in(&folder)?;
    new.write_all(text.as_bytes())?;
    if let Ok(metadata) = fs::metadata(file) {
        new.as_file().set_permissions(metadata.permissions())?;
    }
    new.as_file().sync_all()?;
    new.persist(file)?;
    if cfg!(unix) {
        fs::File::open(&folder)?.sync_all()?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local_history: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() {
        return demonstrate();
    }
    let mut store = PathBuf::from(".draftkeep/history.redb");
    if arguments[0] == "--store" && arguments.len() > 1 {
        store = arguments.drain(..2).nth(1).map(PathBuf::from).unwrap_or(store);
    }
    let place = Place::new(&store)?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let paths = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
    match words.as_slice() {
        ["watch", files @ ..] if !files.is_empty() => watch(&place, &paths(files)),
        ["snapshot", files @ ..] if !files.is_empty() => snapshot(&place, &paths(files)),
        ["list"] => list(&place, None),
        ["list", file] => list(&place, Some(Path::new(file))),
        ["diff", file, from, to] => diff(&place, Path::new(file), from.parse()?, to.parse()?),
        ["restore", file, version] => restore(&place, Path::new(file), version.parse()?).map(drop),
        _ => Err(USAGE.into()),
    }
}

/// Everything above on files of our own, with a watcher that is killed.
fn demonstrate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (notes, settings) = (folder.path().join("notes.txt"), folder.path().join("settings.json"));
    let place = Place::new(&folder.path().join(".draftkeep/history.redb"))?;
    fs::write(&notes, "Buy ink.\n")?;
    fs::write(&settings, "{\n  \"theme\": \"dark\",\n  \"font\": {\"size\": 12}\n}\n")?;

    println!("A watcher runs, and two files change while it does.");
    let mut watcher = start_watching(&place, &[&notes, &settings])?;
    wait_for(&place, &notes, 1)?;
    wait_for(&place, &settings, 1)?;
    for version in 2..=4 {
        let line = format!("Line {version}, typed into some editor.\n");
        fs::OpenOptions::new().append(true).open(&notes)?.write_all(line.as_bytes())?;
        wait_for(&place, &notes, version)?;
    }
    fs::write(&settings, "{\n  \"theme\": \"light\",\n  \"font\": {\"size\": 14, \"bold\": true}\n}\n")?;
    wait_for(&place, &settings, 2)?;
    let kept = fs::read_to_string(&notes)?;

    println!("The watcher is killed. Afterwards the notes are emptied, and the settings are broken.");
    watcher.kill()?;
    watcher.wait()?;
    fs::write(&notes, "")?;
    fs::write(&settings, "{\n  \"theme\": ")?;
    snapshot(&place, &[notes.clone(), settings.clone()])?;

    println!("What the history holds:");
    list(&place, None)?;
    list(&place, Some(&notes))?;
    println!("What changed in the settings, by path:");
    diff(&place, &settings, 1, 2)?;
    let draft = place.open()?.draft(&place.key(&settings)?)?;
    assert_eq!(differences(&draft, 1, 2)?.len(), 3, "the theme, the size and the weight");
    assert_eq!(draft.at(3)?.doc.text, "{\n  \"theme\": ", "what is not JSON is kept as text");
    drop(draft);

    println!("Both come back; the notes had one more line by then, which is kept first.");
    fs::write(&notes, "A line that no watcher saw.\n")?;
    let restored = restore(&place, &notes, 4)?;
    restore(&place, &settings, 2)?;
    assert_eq!(fs::read_to_string(&notes)?, kept);
    Value::parse(&fs::read(&settings)?)?;
    let history = place.open()?;
    let draft = history.draft(&place.key(&notes)?)?;
    assert_eq!(draft.at(restored - 1)?.doc.text, "A line that no watcher saw.\n");
    for version in 1..=4 {
        assert!(kept.starts_with(&draft.at(version)?.doc.text), "version {version} is what the file was then");
    }
    assert!(history.store.verify()?.is_intact());

    println!("\nProven in this run:");
    println!("  - every change of two real files became a version, while other commands read the history;");
    println!("  - the watcher was killed, and every version that it had kept is there, byte for byte;");
    println!("  - a broken JSON file is kept as it is, and compared by path again once it is whole;");
    println!("  - restoring overwrites nothing: the text that was in the way is a version too.");
    Ok(())
}

fn start_watching(place: &Place, files: &[&Path]) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--store").arg(&place.store).arg("watch").args(files).stdin(Stdio::null());
    Ok(command.spawn()?)
}

/// Waits until the watcher has kept this many versions of a file.
fn wait_for(place: &Place, file: &Path, version: u64) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let key = place.key(file)?;
    loop {
        let history = place.open()?;
        let reached = match history.files.slot(&key).resume()? {
            Some(draft) => draft.info()?.version >= version,
            None => false,
        };
        drop(history);
        if reached {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("{key} never reached version {version}").into());
        }
        std::thread::sleep(POLL / 4);
    }
}
