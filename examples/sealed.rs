//! Shows a sealed diary whose keys lie in a file behind a passphrase: made at the first start, opened at every other one, rotated.
//!
//! ```text
//! cargo run --release --example sealed --features passphrase                            in a temporary folder, twice
//! cargo run --release --example sealed --features passphrase -- FOLDER PASSPHRASE LINE   adds a line to the diary there
//! ```
//!
//! A passphrase among the arguments of a program can be read by others on the same machine. It is one here so that the example fits on
//! a page: an application asks for it, without showing what is typed.

use draftkeep::clock::SystemEntropy;
use draftkeep::seal::{Cost, Key, KeyFileError, MemoryKeyRing};
use draftkeep::{Kind, Options, Space, Store};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const DIARY: Kind<String> = Kind::new("diary");

/// What is never to be found in the folder.
const CANARY: &str = "xylophonist";

struct Diary {
    ring: MemoryKeyRing,
    space: Space,
}

/// The keys first, and durably: what is sealed with keys that nobody has is lost.
fn write_keys(folder: &Path, ring: &MemoryKeyRing, passphrase: &str) -> Result<()> {
    let (half, whole) = (folder.join("keys.new"), folder.join("keys"));
    let mut file = File::create(&half)?;
    file.write_all(&ring.lock(passphrase.as_bytes(), Cost::recommended(), &SystemEntropy)?)?;
    file.sync_all()?;
    fs::rename(half, whole)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn open(folder: &Path, passphrase: &str) -> Result<Diary> {
    let (keys, store) = (folder.join("keys"), folder.join("diary.redb"));
    let ring = match fs::read(&keys) {
        Ok(file) => MemoryKeyRing::unlock(&file, passphrase.as_bytes())?,
        // No keys beside a store are no reason to make new ones: they would not open it.
        Err(error) if error.kind() == ErrorKind::NotFound && !store.exists() => {
            let ring = MemoryKeyRing::new(Key::random(&SystemEntropy), Key::random(&SystemEntropy));
            write_keys(folder, &ring, passphrase)?;
            ring
        }
        Err(error) => return Err(error.into()),
    };
    let space = Store::open_or_create(store, Options::new().key_ring(ring.clone()))?.space("alice")?;
    Ok(Diary { ring, space })
}

impl Diary {
    fn add(&self, line: &str) -> Result<String> {
        let mut edit = self.space.drafts(DIARY)?.slot("diary").resume_or_start(String::new)?.edit()?;
        edit.doc().push_str(line);
        edit.doc().push('\n');
        let _ = edit.save()?;
        Ok(edit.as_doc().clone())
    }

    /// Another key for what is written from now on, in the file of keys before the store uses it.
    fn rotate(&self, folder: &Path, passphrase: &str) -> Result<()> {
        let new = Key::random(&SystemEntropy);
        let id = new.id();
        assert!(self.ring.add(None, new), "it is random");
        // Nothing may be sealed with a key that is in no file.
        if let Err(error) = write_keys(folder, &self.ring, passphrase) {
            self.ring.remove(id);
            return Err(error);
        }
        let key = self.space.rotate_key()?.ok_or("the key is not another one")?;
        println!("rotated: what is written now is sealed with key {key}");
        Ok(())
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => show(),
        [folder, passphrase, line] => {
            print!("{}", open(Path::new(folder), passphrase)?.add(line)?);
            Ok(())
        }
        _ => Err("usage: sealed FOLDER PASSPHRASE LINE".into()),
    }
}

fn show() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (folder, passphrase) = (folder.path(), "a horse, a battery and a staple");

    let diary = open(folder, passphrase)?;
    diary.add(&format!("Met the {CANARY} again."))?;
    drop(diary);
    println!("first start: keys, a file of them, and a sealed store");

    let refused = open(folder, "a horse and a battery").err().ok_or("any passphrase opens it")?;
    assert_eq!(refused.downcast_ref(), Some(&KeyFileError::WrongPassphrase));
    println!("second start, wrong passphrase: {refused}");

    let diary = open(folder, passphrase)?;
    diary.rotate(folder, passphrase)?;
    let text = diary.add(&format!("No news of the {CANARY}."))?;
    drop(diary);
    assert_eq!(text.matches(CANARY).count(), 2);

    assert_eq!(open(folder, passphrase)?.add("")?, format!("{text}\n"), "both keys are in the file");
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "{} can be read", path.display());
        println!("{}: {} bytes, and nothing to read", path.file_name().unwrap_or_default().display(), bytes.len());
    }
    Ok(())
}
