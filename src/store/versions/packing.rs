//! Packing: cold runs become packs, small packs become large ones, and retention drops what it may.
//!
//! It runs between saves, never inside one. A draft's packs are built from a snapshot; the commit that swaps them in
//! checks that nothing it builds on has changed, so a save or a purge that came in between wins.

use super::packed::{self, Entry, Span};
use super::run;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::fault;
use crate::id::TraceId;
use crate::phase::Phase;
use crate::revision::{DIGEST_LEN, FLAG_CHECKPOINT};
use crate::store::append::{self, saved_at};
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::engine::Engine;
use crate::store::heads::{self, Head};
use crate::store::history::pack::{Pack, PackBuilder, PackEntry, PackVersion};
use crate::store::pins;
use crate::store::points;
use crate::store::remote::{contains, link};
use crate::store::retention::{self, Candidate, Keep};
use crate::store::rows::{Stored, VersionRow};
use crate::store::shown;
use crate::store::sides;
use crate::store::tables::{ANCHORS, DraftKey, VERSIONS};
use crate::store::view::View;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The compression of packs made in the background.
const LEVEL_BACKGROUND: i32 = 9;

/// The compression of packs made by `compact`.
const LEVEL_COMPACT: i32 = 19;

/// In the background the newest pack is written anew with each cold run until it holds this many versions: every pack
/// begins with a whole document, so few large ones are far smaller than many small ones.
const PACK_GROWS_TO: u64 = 1_024;

/// How hard to pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Only what is new: cold runs, with the newest pack while it is small.
    Background,
    /// Everything, as small as it gets; retention is applied to the whole history.
    Compact,
}

/// What packing a draft did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) versions: u64,
    pub(crate) thinned: u64,
    pub(crate) bytes: u64,
}

/// What a packing of one draft is to replace: these packs and runs, by packs that cover the same versions.
struct Plan {
    replaced: Vec<Span>,
    /// The versions of cold runs, as first and last.
    cold: Option<(u64, u64)>,
    first: u64,
    last: u64,
}

/// Packs one draft; nothing where there is nothing to do.
pub(crate) fn pack(
    engine: &Arc<Engine>,
    key: DraftKey,
    effort: Effort,
    trace: TraceId,
) -> Result<Option<Packed>, Failure> {
    if effort == Effort::Compact {
        engine.write(move |write| append::begin_run_at_head(write, key))?;
    }
    let view = engine.read()?;
    let Some(head) = heads::read(&view, key)? else { return Ok(None) };
    let keep = engine.settings.retention.history;
    let run = first_in_use(&view, key, &head)?;
    let Some(plan) = plan(&view, key, run, effort)? else { return Ok(None) };
    let kept = kept(&view, key, keep, engine.now(), &head)?;
    let (built, packed) = build(&view, key, &plan, kept.as_ref(), effort)?;
    let pins = pins::read(&view, key, &head)?;
    drop(view);
    let run = head.row.run;
    engine.write(move |write| {
        let now = heads::read(write.txn, key)?.filter(|head| head.row.run >= run);
        // A version that was pinned meanwhile may be one that is left out.
        let still = match now {
            Some(head) => keep == Keep::All || pins::read(write.txn, key, &head)? == pins,
            None => false,
        };
        let spans = packed::spans(write.txn, key)?;
        let unchanged = plan.replaced.iter().all(|span| spans.contains(span))
            && plan.cold.is_none_or(|(first, _)| spans.last().map_or(1, |span| span.last + 1) == first);
        if !still || !unchanged {
            return Ok(None);
        }
        for span in &plan.replaced {
            packed::delete(write.txn, key, *span);
        }
        if let Some((first, last)) = plan.cold {
            for version in first..=last {
                drop_row(write.txn, key, version)?;
            }
        }
        for (first, last, bytes) in &built {
            packed::store(write.txn, key, *first, *last, bytes)?;
        }
        if packed.thinned > 0 {
            let action = AuditAction::Thinned { versions: packed.thinned };
            record::note(write, About::draft(key, trace), action)?;
        }
        Ok(Some(packed))
    })
}

/// The first version that is not cold: the beginning of the last run, or of the head's where texts kept beside it began
/// later ones. The head's rows stay, for they are its second path.
fn first_in_use(view: &impl View, key: DraftKey, head: &Head) -> Result<u64, Failure> {
    if head.row.version >= head.row.run {
        return Ok(head.row.run);
    }
    let row = run::row(view, key, head.row.version)?;
    row.map(|row| row.run).ok_or_else(|| Failure::corrupt(Some(key.draft), "the head is missing from the history"))
}

fn drop_row(txn: &mut crate::store::txn::Txn, key: DraftKey, version: u64) -> Result<(), Failure> {
    if let Some(VersionRow { stored: Stored::Pieces(count), .. }) = run::row(txn, key, version)? {
        (0..count).for_each(|piece| txn.delete(ANCHORS, key.piece(version, piece)));
    }
    txn.delete(VERSIONS, key.version(version));
    Ok(())
}

fn plan(view: &impl View, key: DraftKey, run: u64, effort: Effort) -> Result<Option<Plan>, Failure> {
    let spans = packed::spans(view, key)?;
    let next = spans.last().map_or(1, |span| span.last + 1);
    let cold = (next < run).then(|| (next, run - 1));
    let replaced = match effort {
        Effort::Compact => spans,
        Effort::Background if cold.is_none() => Vec::new(),
        Effort::Background => {
            spans.last().filter(|span| span.last - span.first < PACK_GROWS_TO).copied().into_iter().collect()
        }
    };
    let first = replaced.first().map(|span| span.first).or(cold.map(|(first, _)| first));
    let last = cold.map(|(_, last)| last).or(replaced.last().map(|span| span.last));
    Ok(first.zip(last).map(|(first, last)| Plan { replaced, cold, first, last }))
}

/// The sides of an open conflict, and what each has in common with the head: nobody could decide without.
fn of_conflict(view: &impl View, key: DraftKey, head: &Head, entries: &[Entry]) -> Result<BTreeSet<u64>, Failure> {
    let mut needed = BTreeSet::new();
    for side in sides::read(view, key, head)? {
        needed.insert(side.version);
        if let Some(entry) = entries.iter().find(|entry| entry.version == side.version) {
            needed.extend(sides::common(entries, &head.header.vector, &entry.header.vector));
        }
    }
    Ok(needed)
}

/// The versions that retention keeps, of the whole history.
fn kept(
    view: &impl View,
    key: DraftKey,
    keep: Keep,
    now: Timestamp,
    head: &Head,
) -> Result<Option<BTreeSet<u64>>, Failure> {
    if keep == Keep::All {
        return Ok(None);
    }
    let mut is_damaged = head.is_rebuilt;
    let entries = packed::entries(view, key, head.row.last, |_, _| is_damaged = true)?;
    if is_damaged {
        // What is damaged may be saved by somebody yet; dropping its neighbours would not help them.
        return Ok(None);
    }
    let pins: BTreeSet<u64> = pins::read(view, key, head)?.into_iter().collect();
    let conflict = of_conflict(view, key, head, &entries)?;
    let promoted = promoted(&entries);
    let synced = synced(view, key)?;
    let at_points = match points::needed(view, key.space, &entries) {
        // Which versions a damaged point stands for is not known.
        Err(failure) if failure.is_damage() => return Ok(None),
        at_points => at_points?,
    };
    let candidates: Vec<Candidate> = entries
        .iter()
        .map(|entry| Candidate {
            version: entry.version,
            saved_at: saved_at(&entry.header, entry.local),
            is_protected: !fault::on("retention-ignores-protection")
                && (entry.version == 1
                    || entry.version == head.row.version
                    || entry.header.flags & FLAG_CHECKPOINT != 0
                    || entry.header.phase != Phase::Open
                    || pins.contains(&entry.version)
                    || conflict.contains(&entry.version)
                    || at_points.contains(&entry.version)
                    || synced.is_some_and(|synced| entry.version >= synced)
                    || promoted.contains(&entry.version)),
        })
        .collect();
    Ok(Some(retention::kept(keep, &candidates, now)))
}

/// The last version that the hub's main is known to contain, where the space has a hub: it is what the next merge is based
/// on, and nothing behind it is synced.
fn synced(view: &impl View, key: DraftKey) -> Result<Option<u64>, Failure> {
    match link::read(view, key.space)? {
        Some(link) if !fault::on("retention-drops-what-is-unsynced") => {
            contains::last_shared(view, key, link.epoch).map(Some)
        }
        _ => Ok(None),
    }
}

/// The versions that were heads when the draft was promoted.
fn promoted(entries: &[Entry]) -> BTreeSet<u64> {
    let mut promoted = BTreeSet::new();
    let mut before: Option<&Entry> = None;
    for entry in entries.iter().filter(|entry| !entry.local.aside) {
        if let Some(before) = before
            && before.header.promoted != entry.header.promoted
        {
            promoted.insert(before.version);
        }
        before = Some(entry);
    }
    promoted
}

type Built = Vec<(u64, u64, Vec<u8>)>;

fn build(
    view: &impl View,
    key: DraftKey,
    plan: &Plan,
    kept: Option<&BTreeSet<u64>>,
    effort: Effort,
) -> Result<(Built, Packed), Failure> {
    let level = match effort {
        Effort::Background => LEVEL_BACKGROUND,
        Effort::Compact => LEVEL_COMPACT,
    };
    let mut building = Building {
        key,
        level,
        builder: PackBuilder::new(plan.first, level),
        first: plan.first,
        built: Vec::new(),
        packed: Packed::default(),
        kept,
    };
    for span in &plan.replaced {
        building.add_pack(&packed::load(view, key, *span)?)?;
    }
    if let Some((first, last)) = plan.cold {
        let mut from = first;
        while from <= last {
            let row =
                run::row(view, key, from)?.ok_or_else(|| Failure::corrupt(Some(key.draft), "a version is missing"))?;
            if row.run != from {
                return Err(Failure::corrupt(Some(key.draft), "a run of its history has no beginning"));
            }
            let end = end_of_run(view, key, from, last)?;
            run::walk(view, key, from, end, |version, row, body| {
                let head = row.header.get(..row.header.len().saturating_sub(DIGEST_LEN)).unwrap_or_default();
                let local = row.local.encode();
                building.add(&PackEntry { version, head, meta: &row.meta, local: &local, body })
            })?;
            from = end + 1;
        }
    }
    building.finish(plan.last)
}

/// The last version of the run that begins at `first`, up to `last`.
fn end_of_run(view: &impl View, key: DraftKey, first: u64, last: u64) -> Result<u64, Failure> {
    let mut end = first;
    while end < last {
        match run::row(view, key, end + 1)? {
            Some(row) if row.run == first => end += 1,
            _ => break,
        }
    }
    Ok(end)
}

struct Building<'a> {
    key: DraftKey,
    level: i32,
    builder: PackBuilder,
    first: u64,
    built: Built,
    packed: Packed,
    kept: Option<&'a BTreeSet<u64>>,
}

impl Building<'_> {
    fn add_pack(&mut self, pack: &Pack) -> Result<(), Failure> {
        for read in pack.bodies().map_err(|error| self.failed(error))? {
            let (entry, body) = read.map_err(|error| self.failed(error))?;
            let PackVersion { version, head, meta, local, .. } = entry;
            self.add(&PackEntry { version, head, meta, local, body: &body })?;
        }
        Ok(())
    }

    fn add(&mut self, entry: &PackEntry<'_>) -> Result<(), Failure> {
        shown::head(entry.head);
        if self.kept.is_some_and(|kept| !kept.contains(&entry.version)) {
            self.packed.thinned += 1;
            return Ok(());
        }
        if self.builder.is_full() {
            self.close(entry.version - 1)?;
        }
        self.builder.push(entry).map_err(|error| self.failed(error))
    }

    fn close(&mut self, last: u64) -> Result<(), Failure> {
        let full = std::mem::replace(&mut self.builder, PackBuilder::new(last + 1, self.level));
        self.packed.versions += full.len() as u64;
        let bytes = full.finish(last).map_err(|error| self.failed(error))?;
        self.packed.bytes += bytes.len() as u64;
        self.built.push((self.first, last, bytes));
        self.first = last + 1;
        Ok(())
    }

    fn finish(mut self, last: u64) -> Result<(Built, Packed), Failure> {
        self.close(last)?;
        Ok((self.built, self.packed))
    }

    fn failed(&self, error: impl std::error::Error + Send + Sync + 'static) -> Failure {
        Failure::corrupt(Some(self.key.draft), "its history cannot be packed").because(error)
    }
}
