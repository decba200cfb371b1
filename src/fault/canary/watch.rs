//! What is remembered and allowed, and what becomes of a hit.

use super::exits::{self, Exit};
use super::names::{Names, Open};
use super::tally;
use super::texts::{Texts, WINDOW};
use super::told;
use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static BEGUN: AtomicBool = AtomicBool::new(false);

/// Turns the canary on for the rest of this process, before any store is opened. Meant for the tests of the canary itself.
pub fn begin() {
    BEGUN.store(true, Ordering::SeqCst);
}

/// Whether the canary is on.
pub(crate) fn is_on() -> bool {
    BEGUN.load(Ordering::Relaxed) || tally::folder().is_some()
}

#[derive(Default)]
struct Watch {
    texts: Texts,
    names: Names,
}

fn watch() -> &'static RwLock<Watch> {
    static WATCH: OnceLock<RwLock<Watch>> = OnceLock::new();
    WATCH.get_or_init(|| {
        told::listen();
        RwLock::default()
    })
}

fn read() -> RwLockReadGuard<'static, Watch> {
    watch().read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Watch> {
    watch().write().unwrap_or_else(PoisonError::into_inner)
}

/// How many windows of texts were remembered.
pub fn remembered() -> u64 {
    read().texts.remembered
}

/// How many windows were remembered, and how many of them are not looked for any more.
pub(super) fn counts() -> [u64; 2] {
    let watch = read();
    [watch.texts.remembered, watch.texts.forgotten]
}

/// A document is to be kept: canonical JSON. Its strings are looked for one by one, too, for they may be shorter than what is found of the whole.
pub(crate) fn keeps(document: &[u8]) {
    if !is_on() {
        return;
    }
    let mut watch = write();
    watch.texts.remember(document);
    strings(document).for_each(|string| watch.texts.remember(string));
}

/// The strings of a JSON text as they stand there, the keys among them.
fn strings(document: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = document;
    std::iter::from_fn(move || {
        let begin = rest.iter().position(|byte| *byte == b'"')? + 1;
        let mut end = begin;
        while *rest.get(end)? != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        let string = &rest[begin..end];
        rest = &rest[end + 1..];
        Some((string, rest.first() == Some(&b':')))
    })
    // Keys are in paths, and errors name these.
    .filter_map(|(string, is_key)| (!is_key).then_some(string))
}

/// What the compressor made of a document, or of a part of it.
pub(crate) fn keeps_packed(frame: &[u8]) {
    if is_on() {
        write().texts.remember(frame);
    }
}

/// A name that is kept like a text.
pub(crate) fn keeps_name(name: &[u8]) {
    if is_on() {
        write().texts.remember(name);
    }
}

/// A name that may leave in the open.
pub(crate) fn allows(open: Open, name: &[u8]) {
    if is_on() && name.len() >= WINDOW && !read().names.knows(open, name) {
        write().names.add(open, name);
    }
}

/// These bytes leave the process.
pub(crate) fn leaves(exit: Exit, bytes: &[u8]) {
    if !is_on() {
        return;
    }
    let watch = read();
    let hit = watch.texts.find(bytes).find(|at| !watch.names.excuse(exit, bytes, *at));
    drop(watch);
    exits::count(exit, bytes.len());
    tally::write();
    if let Some(at) = hit {
        caught(exit, at, bytes.len());
    }
}

/// These words leave the process.
pub(crate) fn says(exit: Exit, what: fmt::Arguments<'_>) {
    if is_on() {
        leaves(exit, what.to_string().as_bytes());
    }
}

/// An error leaves the process: what it says, and what each cause behind it does.
pub(crate) fn says_error(error: &(dyn Error + 'static)) {
    let mut next = Some(error).filter(|_| is_on());
    while let Some(error) = next {
        says(Exit::Error, format_args!("{error}"));
        says(Exit::Error, format_args!("{error:?}"));
        next = error.source();
    }
}

/// Ends the process: a panic might be caught, and an error handled. Nothing of the text is told.
fn caught(exit: Exit, at: usize, len: usize) -> ! {
    let found = format!(
        "canary: a text that was given to be kept leaves in the open: {exit:?}, at byte {at} of {len}\n{}\n",
        Backtrace::force_capture()
    );
    // Not by a macro: the test runner would keep what it says for itself, and end with the process.
    let _ = std::io::stderr().write_all(found.as_bytes());
    tally::caught(&found);
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strings_of_a_document_are_found_without_its_keys() {
        let document = br#"{"a":"one \"two\" \\","b":[1,"three",{"c":""}],"d":"four"}"#;
        let found: Vec<&[u8]> = strings(document).collect();
        assert_eq!(found, [&br#"one \"two\" \\"#[..], b"three", b"", b"four"]);
        assert_eq!(strings(br#""cut off"#).count(), 0);
        assert_eq!(strings(br#""cut off \"#).count(), 0);
    }
}
