//! A program, read from bytes: four to a call, so that any bytes are a program and a shorter one is simpler.

use super::note::Note;
use std::fmt;

/// One call, and the numbers that choose what it is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) what: What,
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) c: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    OpenSpace,
    Start,
    StartInSlot,
    StartOver,
    OpenEdit,
    CloseEdit,
    Type,
    Save,
    SaveAll,
    Checkpoint,
    Pin,
    Unpin,
    Restore,
    Settle,
    Promote,
    PromoteAndArchive,
    Archive,
    Reopen,
    Discard,
    Recover,
    Purge,
    Erase,
    EraseSlot,
    EraseSpace,
    Look,
    LookAtLists,
    Compact,
    Tend,
    ReopenStore,
    JumpClock,
    PassTime,
}

/// Saves are what happens most.
const SHARES: [(What, u8); 31] = [
    (What::Type, 33),
    (What::Save, 46),
    (What::Settle, 5),
    (What::SaveAll, 10),
    (What::OpenEdit, 18),
    (What::CloseEdit, 3),
    (What::Start, 6),
    (What::StartInSlot, 12),
    (What::StartOver, 4),
    (What::OpenSpace, 5),
    (What::Checkpoint, 8),
    (What::Pin, 5),
    (What::Unpin, 2),
    (What::Restore, 8),
    (What::Promote, 8),
    (What::PromoteAndArchive, 2),
    (What::Archive, 6),
    (What::Reopen, 6),
    (What::Discard, 8),
    (What::Recover, 7),
    (What::Purge, 5),
    (What::Erase, 4),
    (What::EraseSlot, 3),
    (What::EraseSpace, 1),
    (What::Look, 6),
    (What::LookAtLists, 8),
    (What::Compact, 3),
    (What::Tend, 5),
    (What::ReopenStore, 6),
    (What::JumpClock, 5),
    (What::PassTime, 8),
];

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {} {}", self.what, self.a, self.b, self.c)
    }
}

impl Call {
    pub(crate) fn read(bytes: [u8; 4]) -> Self {
        let [mut share, a, b, c] = bytes;
        for (what, size) in SHARES {
            if share < size {
                return Self { what, a, b, c };
            }
            share -= size;
        }
        Self { what: What::Save, a, b, c }
    }
}

/// The calls that the bytes are; what is left over is no call.
pub(crate) fn program(bytes: &[u8]) -> impl Iterator<Item = Call> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|call| Call::read(*call))
}

const WORDS: [&str; 8] =
    ["paragraph", "\u{e9}t\u{e9}", "\n", "\u{1f58b} pen", "a \"quoted\" one", "", "\u{0}", "night and day"];

/// What typing makes of a text.
pub(crate) fn typed(before: &Note, call: Call) -> Note {
    let Call { a, b, c, .. } = call;
    let mut note = before.clone();
    let at = (0..=usize::from(b) * note.text.len() / 255).rev().find(|at| note.text.is_char_boundary(*at)).unwrap_or(0);
    let word = WORDS[usize::from(c) % WORDS.len()];
    match a % 16 {
        0..=6 => note.text.insert_str(at, &format!(" {word}{b}")),
        7 | 8 => note.text.truncate(at),
        9 => note.text = word.repeat(usize::from(b)),
        10 => note.title = format!("{word} {b}"),
        // Does not compress, so that it takes records of its own.
        11 => note.text = noise(usize::from(b) * 300, u32::from(c)),
        12 => note.text.insert_str(at, &noise(usize::from(b) * 40, u32::from(c))),
        // Few texts that come back, so that editors type the same.
        13 => note.text = format!("text {}", b % 3),
        14 => note.title = "x".repeat(usize::from(b) + 200),
        _ => {}
    }
    note
}

/// Letters and digits in no order.
pub(crate) fn noise(length: usize, seed: u32) -> String {
    let mut state = u64::from(seed) | 1 << 40;
    let digit = move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_digit((state >> 40) as u32 % 36, 36).unwrap_or('x')
    };
    (0..length).map(digit).collect()
}
