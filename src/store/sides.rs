//! Open conflicts: versions that the head does not contain, and that nobody has decided on yet.
//!
//! Each is a row of its own, and the head counts them, so that one that the engine does not return is noticed. Which
//! versions they are follows from the history, too: the newest ones that the head's vector does not contain.

use super::change::open_head;
use super::heads::Head;
use super::rows::HeadRow;
use super::tables::{DraftKey, HEADS, SIDES, version_of};
use super::versions::packed::{self, Entry, Whole};
use super::view::View;
use super::write::Write;
use crate::clock::Timestamp;
use crate::codec::{Fields, Writer};
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::id::RevisionId;
use crate::vector::VersionVector;

const FORMAT: u8 = 1;

/// The other side of an open conflict; the head is the one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) version: u64,
    /// Since when it has been in conflict, by the clock.
    pub(crate) since: Timestamp,
}

/// The other sides of a draft's open conflict, oldest version first; none where there is no conflict.
pub(crate) fn read(view: &impl View, key: DraftKey, head: &Head) -> Result<Vec<Side>, Failure> {
    // Nearly every draft: no look at the table.
    if head.row.sides == 0 && !head.is_rebuilt {
        return Ok(Vec::new());
    }
    let mut sides = Vec::new();
    view.each(SIDES, &key.bytes(), |found, row| {
        let fields = Fields::parse(&row, FORMAT)?;
        let version = version_of(&found).ok_or_else(|| broken(key))?;
        sides.push(Side { version, since: Timestamp::from_millis(fields.number(1)?) });
        Ok(true)
    })?;
    let is_all = if head.is_rebuilt {
        // Nobody counted: only the history can tell.
        let mut is_readable = true;
        let entries = packed::entries(view, key, head.row.last, |_, _| is_readable = false)?;
        is_readable && sides.iter().map(|side| side.version).eq(outside(&entries, head))
    } else {
        sides.len() as u64 == head.row.sides || fault::on("conflict-rows-uncounted")
    };
    if is_all { Ok(sides) } else { Err(broken(key)) }
}

/// A side with its document. Nothing may drop it, so one that is not there is damage.
pub(crate) fn whole(view: &impl View, secret: &[u8; 32], key: DraftKey, side: Side) -> Result<Whole, Failure> {
    packed::whole(view, secret, key, side.version).map_err(|failure| match failure.kind {
        ErrorKind::NoSuchVersion { .. } => Failure::corrupt(Some(key.draft), "a side of its conflict is missing"),
        _ => failure,
    })
}

/// The sides with the revisions that they are.
pub(crate) fn revisions(
    view: &impl View,
    secret: &[u8; 32],
    key: DraftKey,
    head: &Head,
) -> Result<Vec<(u64, RevisionId)>, Failure> {
    read(view, key, head)?.into_iter().map(|side| Ok((side.version, whole(view, secret, key, side)?.id))).collect()
}

/// The newest versions that the head does not contain.
fn outside(entries: &[Entry], head: &Head) -> Vec<u64> {
    newest(entries.iter().filter(|entry| !entry.header.vector.is_within(&head.header.vector)))
}

fn broken(key: DraftKey) -> Failure {
    Failure::corrupt(Some(key.draft), "the sides of its conflict cannot be read; repair finds them in the history")
}

/// Adds a version to the conflict. The head that is written next has to count it.
pub(crate) fn add(write: &mut Write<'_>, key: DraftKey, version: u64) {
    put(write, key, Side { version, since: write.now });
}

/// A side goes on as a later version.
pub(crate) fn advance(write: &mut Write<'_>, key: DraftKey, side: Side, version: u64) {
    remove(write, key, side);
    put(write, key, Side { version, ..side });
}

fn put(write: &mut Write<'_>, key: DraftKey, side: Side) {
    let mut row = Writer::new(FORMAT);
    row.number(1, side.since.as_millis());
    write.put(SIDES, key.version(side.version), row.finish());
}

/// Takes a side out of the conflict. The head that is written next has to count one less.
pub(crate) fn remove(write: &mut Write<'_>, key: DraftKey, side: Side) {
    write.delete(SIDES, key.version(side.version));
}

/// Writes the rows of a conflict anew from the history; gives how many it wrote.
pub(crate) fn rebuild(write: &mut Write<'_>, key: DraftKey, entries: &[Entry]) -> Result<u64, Failure> {
    let head = open_head(write, key)?;
    write.delete_prefix(SIDES, &key.bytes())?;
    let versions = outside(entries, &head);
    for version in &versions {
        add(write, key, *version);
    }
    let sides = versions.len() as u64;
    write.put(HEADS, key.bytes(), HeadRow { sides, ..head.row }.encode());
    Ok(sides + 1)
}

/// The last versions that two have in common, oldest first: more than one where two lines of work took in each other.
pub(crate) fn common(entries: &[Entry], a: &VersionVector, b: &VersionVector) -> Vec<u64> {
    let in_both = |entry: &&Entry| entry.header.vector.is_within(a) && entry.header.vector.is_within(b);
    newest(entries.iter().filter(in_both))
}

/// Those that no other one contains.
fn newest<'e>(entries: impl DoubleEndedIterator<Item = &'e Entry>) -> Vec<u64> {
    let mut newest: Vec<&Entry> = Vec::new();
    // From the last one on: what was written later mostly contains what was written before.
    for entry in entries.rev() {
        let is_within = |one: &Entry, other: &Entry| one.header.vector.is_within(&other.header.vector);
        if newest.iter().all(|other| !is_within(entry, other)) {
            newest.retain(|other| !is_within(other, entry));
            newest.push(entry);
        }
    }
    newest.into_iter().rev().map(|entry| entry.version).collect()
}
