//! Writing a version: the one place where a draft's state changes.
//!
//! A version is one row in `VERSIONS` and the draft's row in `HEADS`, both in one commit. Everything else moves only
//! when its state does: an anchor when a run begins, the list when another draft was the newest, the slot with the
//! phase.

use super::audit::AuditedSaves;
use super::cache::{Body, Kept};
use super::heads::{self, Head};
use super::history::anchor;
use super::history::delta;
use super::keys::SpaceKeys;
use super::lists;
use super::pieces::{self, INLINE_MAX};
use super::points;
use super::remote::outbox;
use super::rows::{HeadRow, Local, Stored, VersionRow};
use super::shown;
use super::tables::{ANCHORS, DraftKey, HEAD_ANCHORS, HEADS, KindNo, ListKey, VERSIONS};
use super::versions::run::{self, RUN_MAX};
use super::write::{LastWritten, Write};
use crate::clock::Timestamp;
use crate::codec::Unknown;
use crate::error::Failure;
use crate::fault;
use crate::id::RevisionId;
use crate::revision::{Header, Meta, body_digest, revision_id};
use std::cell::OnceCell;
use std::sync::Arc;

/// A delta larger than this begins a new run: it costs as much as a document would.
const DELTA_MAX: usize = 16 * 1024;

/// The head's own delta may grow to this before its anchor is renewed, and to a quarter of the anchor.
const HEAD_DELTA_MIN: usize = 2 * 1024;

/// What a new version is, apart from its place in the history.
#[derive(Debug)]
pub(crate) struct New {
    /// The header with everything but its digest.
    pub(crate) header: Header,
    pub(crate) meta: Meta,
    pub(crate) body: Body,
    /// Kept beside the head instead of becoming it.
    pub(crate) aside: bool,
}

/// The version that was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) version: u64,
    pub(crate) id: RevisionId,
}

/// Which space and kind a draft belongs to, and what they know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Belongs {
    pub(crate) key: DraftKey,
    pub(crate) kind: KindNo,
    pub(crate) secret: [u8; 32],
    pub(crate) days: u64,
}

/// Writes a version behind the ones that are there; `before` is the draft's head as this write sees it. A new head is owed
/// to the hub, where the space has one.
pub(crate) fn append(write: &mut Write<'_>, of: Belongs, before: Option<&Head>, new: New) -> Result<Written, Failure> {
    let written = append_received(write, of, before, new)?;
    // A text beside the head, too, may be one that the hub does not have.
    outbox::owe(write, of.key, written.version)?;
    Ok(written)
}

/// As [`append`], for a revision that the hub has.
pub(crate) fn append_received(
    write: &mut Write<'_>,
    of: Belongs,
    before: Option<&Head>,
    new: New,
) -> Result<Written, Failure> {
    let New { mut header, meta, body, aside } = new;
    shown::texts(&meta, &body);
    let key = of.key;
    if fault::on("log-line-tells-a-text") {
        tracing::trace!(text = %String::from_utf8_lossy(&body), "written");
    }
    let meta = meta.encode();
    header.digest = body_digest(&of.secret, &meta, &body);
    let phase = header.phase;
    let header = header.encode();
    shown::header(&header);
    let id = revision_id(&header);
    let version = before.map_or(1, |head| head.row.last + 1);
    let point = points::latest(write, key.space)?;
    let local = Local { saved_at: write.now, days: of.days, aside, point };

    let kept = kept(write, of, before)?;
    let packed = Packed::new(&body);
    let (run, stored) = in_history(write, key, before, kept.as_ref(), version, &packed)?;
    let place = match before {
        Some(head) if aside => head.row.place,
        before => place(write, of, before, phase)?,
    };
    let row = VersionRow {
        header: header.clone(),
        meta: meta.clone(),
        local,
        run,
        stored,
        place,
        size: body.len() as u64,
        unknown: Unknown::default(),
    };
    if run == version && before.is_some() {
        write.state.cold.insert(key);
    }
    write.put(VERSIONS, key.version(version), row.encode());
    write.state.last_written = LastWritten::Version(key, version);
    let before_saves = before.and_then(|head| head.row.saves);
    let saves = Some(before_saves.map_or_else(|| AuditedSaves::begin(version, id), |saves| saves.then(id)));

    let head = match before {
        Some(head) if aside => HeadRow { last: version, run, saves, ..head.row.clone() },
        before => {
            let (stored, base) = at_head(write, key, before, kept.as_ref(), version, &packed)?;
            let same_phase = before.filter(|head| head.header.phase == phase);
            let head = HeadRow {
                header,
                meta,
                local,
                version,
                last: version,
                run,
                place,
                created_at: before.map_or(write.now, |head| head.row.created_at),
                phase_since: same_phase.map_or(write.now, |head| head.row.phase_since),
                phase_days: same_phase.map_or(of.days, |head| head.row.phase_days),
                base: base.as_ref().map_or(0, |base| base.version),
                base_pieces: base.as_ref().map_or(0, |base| base.pieces),
                stored,
                size: body.len() as u64,
                pins: before.map_or(0, |head| head.row.pins),
                sides: before.map_or(0, |head| head.row.sides),
                saves,
                unknown: before.map(|head| head.row.unknown.clone()).unwrap_or_default(),
            };
            let base = base.map(|base| (base.version, base.body));
            write.bodies.put(key, Kept { last: (version, Arc::clone(&body)), head: (version, body), base });
            write.put(HEADS, key.bytes(), head.encode());
            return Ok(Written { version, id });
        }
    };
    write.put(HEADS, key.bytes(), head.encode());
    if let Some(kept) = kept {
        write.bodies.put(key, Kept { last: (version, body), ..kept });
    }
    Ok(Written { version, id })
}

/// The documents that the new version is written against: from memory, else read.
fn kept(write: &Write<'_>, of: Belongs, before: Option<&Head>) -> Result<Option<Kept>, Failure> {
    let Some(head) = before else { return Ok(None) };
    let row = &head.row;
    if let Some(kept) = write.bodies.get(of.key)
        && kept.head.0 == row.version
        && kept.last.0 == row.last
        && kept.base.as_ref().map_or(0, |(version, _)| *version) == row.base
    {
        return Ok(Some(kept));
    }
    let body = heads::body(write.txn, write.bodies, &of.secret, of.key, head)?;
    let last = if row.last == row.version {
        Arc::clone(&body)
    } else {
        // A damaged text beside the head costs its run; the new version then begins another one.
        run::read(write.txn, &of.secret, of.key, row.last)
            .map_or_else(|_| Arc::clone(&body), |(_, body)| Arc::new(body))
    };
    // A damaged anchor is no reason to refuse a save: the head gets a new one.
    let base = heads::base(write.txn, of.key, row).ok().flatten().map(|base| (row.base, Arc::new(base)));
    Ok(Some(Kept { last: (row.last, last), head: (row.version, body), base }))
}

/// Writes anew a head whose own row is damaged, from the history.
pub(crate) fn rebuild_head(write: &mut Write<'_>, key: DraftKey, head: &Head, keys: &SpaceKeys) -> Result<(), Failure> {
    let body = heads::body(write.txn, write.bodies, &keys.digests(), key, head)?;
    let (stored, base) = at_head(write, key, None, None, head.row.version, &Packed::new(&body))?;
    let row = HeadRow {
        base: base.as_ref().map_or(0, |base| base.version),
        base_pieces: base.as_ref().map_or(0, |base| base.pieces),
        stored,
        ..head.row.clone()
    };
    write.put(HEADS, key.bytes(), row.encode());
    Ok(())
}

/// The version's place in the history: its run, and its document as a delta or whole.
fn in_history(
    write: &mut Write<'_>,
    key: DraftKey,
    before: Option<&Head>,
    kept: Option<&Kept>,
    version: u64,
    packed: &Packed<'_>,
) -> Result<(u64, Stored), Failure> {
    if let (Some(head), Some(kept)) = (before, kept)
        && !head.is_rebuilt
        && version - head.row.run < RUN_MAX
    {
        let delta = delta::encode(&kept.last.1, packed.body);
        // A delta is read against what is stored, not against what is in memory: the chain has to be whole.
        if delta.len() <= DELTA_MAX
            && run::row(write.txn, key, head.row.last)?.is_some_and(|row| row.run == head.row.run)
        {
            return Ok((head.row.run, Stored::Delta(delta)));
        }
    }
    Ok((version, whole(write, key, version, packed)?))
}

/// A document whose anchor is made once: both paths of a new draft begin with it.
struct Packed<'b> {
    body: &'b Body,
    anchor: OnceCell<Vec<u8>>,
}

impl<'b> Packed<'b> {
    const fn new(body: &'b Body) -> Self {
        Self { body, anchor: OnceCell::new() }
    }

    fn anchor(&self) -> &[u8] {
        self.anchor.get_or_init(|| anchor::encode(self.body, anchor::LEVEL_SAVE))
    }
}

/// The document whole, as a run begins with it.
fn whole(write: &mut Write<'_>, key: DraftKey, version: u64, packed: &Packed<'_>) -> Result<Stored, Failure> {
    let anchor = packed.anchor();
    if anchor.len() <= INLINE_MAX {
        return Ok(Stored::Whole(anchor.to_vec()));
    }
    Ok(Stored::Pieces(pieces::write(write.txn, ANCHORS, anchor, |piece| key.piece(version, piece))?))
}

/// Lets a run begin with the head that is there, so that everything before it is cold and can be packed.
pub(crate) fn begin_run_at_head(write: &mut Write<'_>, key: DraftKey) -> Result<(), Failure> {
    let Some(head) = heads::read(write.txn, key)? else { return Ok(()) };
    // A text beside the head belongs to the head's run: both stay where they are until the next run begins.
    if head.row.run == head.row.version || head.row.last != head.row.version || head.is_rebuilt {
        return Ok(());
    }
    let secret = SpaceKeys::new(&write.space(key.space)?.secret).digests();
    let (row, body) = run::read(write.txn, &secret, key, head.row.version)?;
    let run = head.row.version;
    let stored = whole(write, key, run, &Packed::new(&Arc::new(body)))?;
    write.put(VERSIONS, key.version(run), VersionRow { run, stored, ..row }.encode());
    write.put(HEADS, key.bytes(), HeadRow { run, ..head.row }.encode());
    Ok(())
}

/// The anchor on the head's own path.
struct Base {
    version: u64,
    pieces: u16,
    body: Body,
}

/// The head's document along its own path: whole where it is small, else a delta against an anchor of its own.
fn at_head(
    write: &mut Write<'_>,
    key: DraftKey,
    before: Option<&Head>,
    kept: Option<&Kept>,
    version: u64,
    packed: &Packed<'_>,
) -> Result<(Stored, Option<Base>), Failure> {
    if let (Some(head), Some(Kept { base: Some((base_version, base_body)), .. })) = (before, kept)
        && head.row.base == *base_version
        && !fault::on("head-always-whole")
    {
        let delta = delta::encode(base_body, packed.body);
        if delta.len() <= HEAD_DELTA_MIN.max(base_body.len() / 16).min(DELTA_MAX) {
            let base = Base { version: *base_version, pieces: head.row.base_pieces, body: Arc::clone(base_body) };
            return Ok((Stored::Delta(delta), Some(base)));
        }
    }
    if let Some(head) = before
        && head.row.base_pieces > 0
    {
        for piece in 0..head.row.base_pieces {
            write.delete(HEAD_ANCHORS, key.piece(head.row.base, piece));
        }
    }
    let anchor = packed.anchor();
    if anchor.len() <= INLINE_MAX {
        return Ok((Stored::Whole(anchor.to_vec()), None));
    }
    let pieces = pieces::write(write.txn, HEAD_ANCHORS, anchor, |piece| key.piece(version, piece))?;
    Ok((Stored::Pieces(pieces), Some(Base { version, pieces, body: Arc::clone(packed.body) })))
}

/// The draft's place in its list: the one it has, where it is the newest of the space already and its phase stays.
fn place(
    write: &mut Write<'_>,
    of: Belongs,
    before: Option<&Head>,
    phase: crate::phase::Phase,
) -> Result<u64, Failure> {
    let space = of.key.space;
    let newest = write.newest_place(space);
    if let (Some(head), Ok(newest)) = (before, &newest)
        && head.row.place == *newest
        && head.header.phase == phase
    {
        return Ok(head.row.place);
    }
    let place = write.tick()?;
    let moved = newest.and_then(|_| {
        write.txn.attempt(|txn| {
            if let Some(head) = before {
                let list = ListKey { space, kind: of.kind, phase: head.header.phase };
                lists::remove(txn, list, head.row.place, of.key.draft)?;
            }
            lists::insert(txn, ListKey { space, kind: of.kind, phase }, place, of.key.draft)
        })
    });
    match moved {
        Ok(()) => {
            write.state.newest.insert(space, place);
            Ok(place)
        }
        // A damaged list is no reason to refuse a save: `repair` builds it anew from the heads.
        Err(failure) if failure.is_damage() => Ok(place),
        Err(failure) => Err(failure),
    }
}

/// When a version was saved: by the header, or by this device where the header says nothing.
pub(crate) fn saved_at(header: &Header, local: Local) -> Timestamp {
    if header.time == Timestamp::default() { local.saved_at } else { header.time }
}
