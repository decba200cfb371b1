//! A draft's lines become versions, upon what is here.
//!
//! | the draft here | what is exported |
//! |---|---|
//! | is not here | becomes the draft, version by version, conflict included |
//! | has it all | changes nothing |
//! | has a head that stands in the exported line | goes on from there: the exported head is the head |
//! | says something else | stands beside the head, as a side of an open conflict, its history with it |
//!
//! Ids say what is here and where a line goes on; vectors only keep from asking about what a head contains. Nothing that is here is
//! removed, and every batch is a state that the same import goes on from.

use super::done::Imported;
use super::error::{ImportError, ImportErrorKind, malformed};
use super::format::{DraftLine, Said};
use super::lines::{Line, Lines};
use super::revised::{Revised, Target};
use crate::draft::space::place;
use crate::error::{ErrorKind, Failure};
use crate::events::EventKind;
use crate::fault;
use crate::id::TraceId;
use crate::store::Space;
use crate::store::append::{self, New};
use crate::store::audit::record;
use crate::store::change::{Place, open_head};
use crate::store::erase::marker;
use crate::store::heads::{self, Head};
use crate::store::remote::integrate::enter_slot;
use crate::store::rows::HeadRow;
use crate::store::sides;
use crate::store::space::{SpaceCore, ensure_kind};
use crate::store::tables::{DraftKey, HEADS, TOMBSTONES};
use crate::store::versions::packed;
use crate::store::write::Write;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

/// A commit has at most so many versions, and is written once their documents have so many bytes.
pub(super) const BATCH: usize = 32;
pub(super) const BATCH_BYTES: usize = 8 << 20;

impl Space {
    /// Takes in what [`export`](Self::export) wrote, from a space of any name. Durable draft by draft, of long ones version by version.
    ///
    /// It never writes over anything. A draft that is not here is begun as it was, with its history as far as that was exported. One that is
    /// here and has moved on since stays as it is; one that the export has moved on from, history included, goes on as exported; and where both
    /// say something else the exported text stands beside the head as a side of an open [conflict](crate::Draft::conflict), its history
    /// with it. Importing the same again changes nothing, and importing the whole after a part of it brings the rest. A draft that was purged
    /// here comes back.
    ///
    /// In a space of the same name, and with the same secret where they are sealed, everything has the ids that it had, and each line is held against
    /// the id of its revision. In another one slots, and so their drafts, are found by their keys, and revisions have other ids.
    ///
    /// Validators are not asked: what was kept there is kept here. Takes the memory of a few documents; of a draft that is here already the
    /// history is read.
    ///
    /// # Errors
    ///
    /// [`ImportError`] names the line, what is wrong with it, and what was imported before. `Cut` and `Altered` are known only at the end: what
    /// was imported by then stays.
    pub fn import(&self, from: impl Read) -> Result<Imported, ImportError> {
        let lines = Lines::new(from);
        let (core, done, is_same_space) = (Arc::clone(&self.core), Imported::default(), false);
        let mut import = Importing { core, lines, is_same_space, done };
        import.run().map_err(|kind| ImportError { line: import.lines.number, imported: import.done, kind })?;
        Ok(import.done)
    }
}

struct Importing<R> {
    core: Arc<SpaceCore>,
    lines: Lines<R>,
    is_same_space: bool,
    done: Imported,
}

/// What becomes of one draft.
struct Course {
    key: DraftKey,
    /// The head as it was when it was looked at last; none where the draft is not here yet.
    head: Option<Head>,
    was_here: bool,
    /// The version that was the head before.
    former: Option<u64>,
    /// What is here, by what its header says but for the digest: the versions.
    here: BTreeMap<Vec<u8>, Vec<u64>>,
    /// What is exported goes on from the head.
    follows: bool,
    batch: Vec<(Revised, bool)>,
    /// The exported head, and the exported sides, once they are here: their versions.
    head_version: Option<u64>,
    side_versions: Vec<u64>,
    written: u64,
}

impl<R: Read> Importing<R> {
    fn run(&mut self) -> Result<(), ImportErrorKind> {
        let Line::Opening(opening) = self.lines.next()? else { return Err(ImportErrorKind::NotAnExport) };
        let is_same_secret = opening.secret == self.core.keys.secret_name(&self.core.name);
        self.is_same_space = opening.space == self.core.name
            && (is_same_secret || fault::on("exports-of-another-secret-taken-for-ones-own"));
        loop {
            match self.lines.next()? {
                Line::Draft(line, document) => self.draft(&line, document)?,
                Line::End => return Ok(()),
                Line::Opening(_) | Line::Text(..) | Line::Lost => return Err(malformed("it belongs to no draft")),
            }
        }
    }

    fn draft(&mut self, line: &DraftLine, document: Vec<u8>) -> Result<(), ImportErrorKind> {
        let mut target = Target::of(line, &self.core.keys, self.is_same_space)?;
        let key = self.core.draft_key(target.draft);
        let is_erased = self.traced(|_| marker::is_erased(&self.core.engine.read()?, key))?;
        if is_erased && !fault::on("erased-draft-imported") {
            for _ in 0..line.others {
                let (Line::Text(..) | Line::Lost) = self.lines.next()? else {
                    return Err(malformed("other versions of the draft before are missing"));
                };
            }
            self.done.erased += 1;
            return Ok(());
        }
        let mut course = self.course(&target)?;
        if self.is_same_space {
            // Before anything of the draft is written.
            target.revised(&line.head, &document)?;
        }
        let sides: BTreeSet<u64> = line.sides.iter().copied().collect();
        let mut head = Some((line.head.clone(), document));
        let mut last = 0;
        for _ in 0..line.others {
            let (said, document) = match self.lines.next()? {
                Line::Text(text, document) => (text.said, document),
                Line::Lost => continue,
                _ => {
                    return Err(malformed(format!(
                        "the draft before has {} other versions, and some are missing",
                        line.others
                    )));
                }
            };
            if said.number <= last || said.number == line.head.number {
                return Err(malformed("versions stand in their order, and each of them once"));
            }
            last = said.number;
            if said.number > line.head.number
                && let Some((head, document)) = head.take()
            {
                self.version(&mut target, &mut course, (&head, &document), &sides, true)?;
            }
            self.version(&mut target, &mut course, (&said, &document), &sides, false)?;
        }
        if let Some((head, document)) = head.take() {
            self.version(&mut target, &mut course, (&head, &document), &sides, true)?;
        }
        self.finish(course)
    }

    /// Looks at what is here of the draft.
    fn course(&self, target: &Target) -> Result<Course, ImportErrorKind> {
        let key = self.core.draft_key(target.draft);
        let mut here: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
        let head = self.traced(|_| {
            let view = self.core.engine.read()?;
            let head = heads::read(&view, key)?;
            if let Some(head) = &head {
                for entry in packed::entries(&view, key, head.row.last, |_, _| {})? {
                    here.entry(undigested(&entry.header)).or_default().push(entry.version);
                }
            }
            Ok(head)
        })?;
        if head.as_ref().is_some_and(|head| head.header.kind != target.kind) {
            return Err(malformed("the draft is here, and of another kind"));
        }
        let (was_here, follows) = (head.is_some(), head.is_none());
        let former = head.as_ref().map(|head| head.row.version);
        let (batch, side_versions) = (Vec::new(), Vec::new());
        Ok(Course { key, head, was_here, former, here, follows, batch, head_version: None, side_versions, written: 0 })
    }

    /// One more version of the draft, in their order.
    fn version(
        &mut self,
        target: &mut Target,
        course: &mut Course,
        (said, document): (&Said, &[u8]),
        sides: &BTreeSet<u64>,
        is_head: bool,
    ) -> Result<(), ImportErrorKind> {
        let revised = target.revised(said, document)?;
        let is_side = sides.contains(&said.number);
        if let Some(version) = self.known(course, &revised)? {
            course.follows |= course.head.as_ref().is_some_and(|head| head.id() == revised.id);
            course.note(version, is_head, is_side);
            return Ok(());
        }
        // Every state that was the head there takes the place of the one before it, which stays in the history, and in the conflict where it is not
        // contained.
        let is_next = (is_head || !revised.aside) && course.follows || fault::on("import-over-what-is-here");
        course.batch.push((revised, !is_next));
        let is_noted = is_head || is_side;
        let bytes: usize = course.batch.iter().map(|(revised, _)| revised.body.len()).sum();
        if is_noted || course.batch.len() >= BATCH || bytes >= BATCH_BYTES {
            let version = self.write(course)?;
            course.note(version, is_head, is_side);
        }
        Ok(())
    }

    /// The version that is this revision, where it is here.
    fn known(&self, course: &Course, revised: &Revised) -> Result<Option<u64>, ImportErrorKind> {
        let Some(versions) = course.here.get(&undigested(&revised.header)) else { return Ok(None) };
        self.traced(|_| {
            let view = self.core.engine.read()?;
            let secret = self.core.keys.digests();
            for version in versions {
                let whole = packed::readable(&view, &secret, course.key, *version)?;
                if whole.is_some_and(|whole| whole.id == revised.id) && !fault::on("imported-twice") {
                    return Ok(Some(*version));
                }
            }
            Ok(None)
        })
    }

    /// Writes what is gathered, in one commit; gives the last version.
    fn write(&mut self, course: &mut Course) -> Result<u64, ImportErrorKind> {
        let mut batch = std::mem::take(&mut course.batch);
        let key = course.key;
        let count = batch.len() as u64;
        loop {
            let (place, expected) = (place(&self.core), course.head.as_ref().map(Head::id));
            let steps = batch.clone();
            let head = self.traced(|_| {
                self.core.engine.write(move |write| {
                    write.state.is_foreign = true;
                    let head = heads::read(write.txn, key)?;
                    if head.as_ref().map(Head::id) != expected {
                        return Ok(Err(head));
                    }
                    append(write, &place, key, head, steps).map(Ok)
                })
            })?;
            match head {
                Ok(head) => {
                    let last = head.row.last;
                    course.head = Some(head);
                    course.written += count;
                    self.done.versions += count;
                    return Ok(last);
                }
                // Somebody saved meanwhile: that is the head, and stays it.
                Err(head) => {
                    (course.follows, course.was_here) = (false, true);
                    course.head = head;
                    batch.iter_mut().for_each(|(_, aside)| *aside = true);
                }
            }
        }
    }

    /// The rest of a draft, and what it became.
    fn finish(&mut self, mut course: Course) -> Result<(), ImportErrorKind> {
        if !course.batch.is_empty() {
            self.write(&mut course)?;
        }
        let (key, place) = (course.key, place(&self.core));
        let beside: Vec<u64> =
            course.side_versions.iter().copied().chain(course.head_version).chain(course.former).collect();
        let (is_new, is_written) = (!course.was_here, course.written > 0);
        let exported = course.head_version;
        let sides = self.traced(|trace| {
            self.core
                .engine
                .write(move |write| settle(write, &place, key, (&beside, exported), (is_new, is_written), trace))
        })?;
        if is_new {
            self.done.begun += 1;
        } else if sides > 0 {
            self.done.in_conflict += 1;
        } else if is_written {
            self.done.continued += 1;
        } else {
            self.done.unchanged += 1;
        }
        Ok(())
    }

    fn traced<T>(&self, work: impl FnOnce(TraceId) -> Result<T, Failure>) -> Result<T, ImportErrorKind> {
        Ok(self.core.engine.traced("import", work)?)
    }
}

impl Course {
    fn note(&mut self, version: u64, is_head: bool, is_side: bool) {
        if is_head {
            self.head_version = Some(version);
        } else if is_side {
            self.side_versions.push(version);
        }
    }
}

/// What a header says but for the digest, which a packed version lacks until its document is read.
fn undigested(header: &crate::revision::Header) -> Vec<u8> {
    crate::revision::Header { digest: [0; 32], ..header.clone() }.encode()
}

/// Appends versions; the head stays where they stand beside it.
fn append(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    mut head: Option<Head>,
    steps: Vec<(Revised, bool)>,
) -> Result<Head, Failure> {
    for (revised, aside) in steps {
        let Revised { header, meta, body, .. } = revised;
        if header.vector.get(write.state.replica) >= write.state.next_tick {
            let reason = "it says that this device wrote it, later than now; it was not exported from here".to_owned();
            return Err(ErrorKind::Document { reason }.into());
        }
        if head.is_none() {
            // Erased since it was looked at: that came later, and wins.
            if marker::is_erased(write.txn, key)? && !fault::on("erased-draft-imported") {
                return Err(ErrorKind::Erased { draft: key.draft }.into());
            }
            // It was purged here, and somebody wants it back.
            write.delete(TOMBSTONES, key.bytes());
        }
        let kind_name = header.kind.clone();
        let kind = ensure_kind(write, place.space, &kind_name)?;
        let (is_moved, slot) = (head.is_none() || !aside, meta.clone());
        append::append(write, place.belongs(key.draft, kind), head.as_ref(), New { header, meta, body, aside })?;
        if is_moved {
            enter_slot(write, place, key, &kind_name, &slot)?;
        }
        head = Some(open_head(write, key)?);
    }
    head.ok_or_else(|| ErrorKind::NoSuchDraft { draft: key.draft }.into())
}

/// Lets stand beside the head, as sides of its conflict, what it does not contain; says how many of them are new. Tells what came of it.
fn settle(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    (beside, exported): (&[u64], Option<u64>),
    (is_new, is_written): (bool, bool),
    trace: TraceId,
) -> Result<u64, Failure> {
    let head = open_head(write, key)?;
    let secret = place.keys.digests();
    let known = match sides::read(write.txn, key, &head) {
        Err(failure) if failure.is_damage() => return Ok(0),
        known => known?,
    };
    let mut added = Vec::new();
    for version in beside {
        let whole = packed::whole(write.txn, &secret, key, *version)?;
        let is_contained = whole.header.vector.is_within(&head.header.vector);
        if !is_contained && !known.iter().any(|side| side.version == *version) && !added.contains(version) {
            sides::add(write, key, *version);
            added.push(*version);
        }
    }
    let count = added.len() as u64;
    if count > 0 {
        let sides = head.row.sides.saturating_add(count);
        write.put(HEADS, key.bytes(), HeadRow { sides, ..head.row.clone() }.encode());
    }
    if is_new {
        record::tell(write, key, trace, EventKind::Started)?;
    } else if is_written && exported == Some(head.row.version) {
        record::tell(write, key, trace, EventKind::Received { version: head.row.version })?;
    }
    for theirs in added {
        record::tell(write, key, trace, EventKind::ConflictDetected { version: head.row.version, theirs })?;
    }
    Ok(count)
}
