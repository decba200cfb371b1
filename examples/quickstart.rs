//! Shows what happens to a text when the program that edits it is killed in the middle of a word.
//!
//! ```text
//! cargo run --release --example quickstart [FOLDER]
//! ```
//!
//! It starts itself a second time as the *typist*, who resumes the draft, types and autosaves, and kills it without a
//! warning. Then it opens the store, finds everything that the typist was told is safe, and walks through status,
//! history, differences and restoring. With a folder the draft stays there and the next run goes on with it.

use draftkeep::{Cadence, Draft, Filter, Kind, Options, Saved, Schema, Store};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Post {
    title: String,
    body: String,
}

const POST: Kind<Post> = Kind::new("post");

const STORY: &str = "The night train left at ten and nobody on the platform waved. She wrote the first line on the back of \
                     a ticket, the second on her hand, and the third into a program that promised to remember it. ";

/// The body after this many words, so that both processes know what has to be there.
fn typed(words: usize) -> String {
    STORY.split_whitespace().cycle().take(words).fold(String::new(), |body, word| body + word + " ")
}

fn words(post: &Post) -> usize {
    post.body.split_whitespace().count()
}

fn open(folder: &Path) -> draftkeep::Result<(Store, Draft<Post>)> {
    let options = Options::new().schema(Schema::of(POST).label(|post| post.title.clone())).device("quickstart");
    let store = Store::open_or_create(folder.join("drafts.redb"), options)?;
    let posts = store.space("alice")?.drafts(POST)?;
    let new = || Post { title: "The night train".into(), body: String::new() };
    let draft = posts.slot("upload-73").resume_or_start(new)?;
    Ok((store, draft))
}

/// The process that is going to be killed: types for ever, and says how many words it was told are safe.
fn typist(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (_store, draft) = open(folder)?;
    let mut post = draft.load()?;
    let autosave = draft.autosave(Cadence::every(Duration::from_millis(100)))?;
    let mut said = String::new();
    for word in STORY.split_whitespace().cycle().skip(words(&post) % STORY.split_whitespace().count()) {
        post.body.push_str(word);
        post.body.push(' ');
        autosave.changed(&post);
        std::thread::sleep(Duration::from_millis(7));
        let status = autosave.status();
        if status.is_safe() && said != status.to_string() {
            said = status.to_string();
            println!("{} {said}", words(&post));
        }
    }
    Ok(())
}

/// Lets the typist type for a while, kills it, and returns how many words it had been told are safe.
fn crash(folder: &Path) -> Result<usize, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut typist = command.arg("--typist").arg(folder).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let told = BufReader::new(typist.stdout.take().ok_or("the typist has no output")?);
    let mut safe = 0;
    let mut reports = 0;
    for line in told.lines() {
        let line = line?;
        let (count, status) = line.split_once(' ').ok_or("the typist mumbles")?;
        safe = count.parse()?;
        reports += 1;
        if reports <= 5 {
            println!("   typist: {count} words, {status}");
        }
        if reports == 5 {
            // Somewhere between two saves, with words in memory only. The pipe still gives what was said before.
            std::thread::sleep(Duration::from_millis(163));
            typist.kill()?;
        }
    }
    let status = typist.wait()?;
    println!("   killed: {status}");
    assert!(!status.success(), "the typist never ends by itself");
    Ok(safe)
}

fn heading(text: &str) {
    println!("\n{text}");
    let _ = std::io::stdout().flush();
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match arguments.as_slice() {
        [flag, folder] if flag.as_os_str() == "--typist" => typist(folder),
        [] => tour(tempfile::tempdir()?.path()),
        [folder] => {
            std::fs::create_dir_all(folder)?;
            tour(folder)
        }
        _ => Err("usage: quickstart [FOLDER]".into()),
    }
}

fn tour(folder: &Path) -> Result<(), Box<dyn Error>> {
    println!("A store in {}", folder.display());

    heading("1. A program resumes or starts the draft in the slot upload-73, types with autosave, and is killed.");
    let safe = crash(folder)?;

    heading("2. We open the store that it left behind, and resume the draft.");
    let began = Instant::now();
    let (store, draft) = open(folder)?;
    let mut edit = draft.edit()?;
    let found = words(edit.as_doc());
    println!("   the typist was told that {safe} words are safe; {found} are here, after {:.1?}", began.elapsed());
    assert!(found >= safe, "an acknowledged word was lost");
    assert_eq!(edit.as_doc().body, typed(found), "the words are those that were typed, in their order");

    heading("3. Status: what a picker shows.");
    let page = store.space("alice")?.list(&Filter::open())?;
    for info in &page.drafts {
        let label = info.label.as_deref().unwrap_or("(no label)");
        println!("   {} \"{label}\", {}, version {}, {} bytes", info.id, info.phase, info.version, info.size);
    }
    assert_eq!(page.drafts.len(), 1);

    heading("4. History: every save is a version.");
    let history = draft.history()?;
    for info in history.versions.iter().rev().take(5).rev() {
        println!("   version {:>3}: {:>5} bytes, {}", info.version, info.size, info.phase);
    }
    assert!(history.damaged.is_empty());
    assert_eq!(history.versions.first().map(|info| info.version), Some(1));

    heading("5. A checkpoint, then somebody cuts the text down and saves.");
    let before = edit.as_doc().clone();
    let checkpoint = draft.checkpoint("before the cut")?;
    edit.doc().body = "She stayed at home. ".into();
    edit.doc().title.push_str(" (short)");
    let saved = edit.save()?;
    println!("   checkpoint: version {checkpoint}; {saved:?}");
    assert!(matches!(saved, Saved::Stored { .. }));
    println!("   what changed since the checkpoint:");
    let changes = draft.diff(checkpoint, saved.version())?;
    changes.iter().for_each(|change| println!("   {change}"));
    assert_eq!(changes.len(), 2, "the title and the body");

    heading("6. We want the long text back.");
    let restored = draft.restore(checkpoint)?;
    println!("   version {checkpoint} is the head again, as version {restored}; the short text stays in the history");
    assert_eq!(draft.load()?, before);
    assert_eq!(draft.at(saved.version())?.doc.body, "She stayed at home. ");

    heading("7. Every record of the store is read and held against its hash.");
    let verified = store.verify()?;
    println!("   {} draft, {} versions, damage: {:?}", verified.drafts, verified.versions, verified.damage);
    assert!(verified.is_intact());

    println!("\nProven in this run:");
    println!("  - a program was killed while typing, and all {safe} words that it had been told are safe are here;");
    println!("  - what is here is exactly what was typed, nothing torn or mixed;");
    println!("  - a text that was saved over came back, and what replaced it is still in the history;");
    println!("  - the store is intact after all of it.");
    Ok(())
}
