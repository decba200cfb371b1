//! What a draft's head contains, by ids: mains that it was built on, forks that it settled, revisions sent before it.
//!
//! Vectors order and explain; ids prove. What stands here goes to the hub with a push, and tells which revisions this
//! device and the hub's main have in common.

use super::rows::{ContainedRow, RemoteRow};
use crate::error::Failure;
use crate::fault;
use crate::id::RevisionId;
use crate::records::view::View;
use crate::store::change::Base;
use crate::store::heads::Head;
use crate::store::tables::{CONTAINS, DraftKey, revision_of};
use crate::store::versions::packed;
use crate::store::write::Write;
use crate::vector::VersionVector;
use std::collections::BTreeMap;

/// Everything that the draft's head and the sides of its conflict are known to contain.
pub(crate) fn read(view: &impl View, key: DraftKey) -> Result<BTreeMap<RevisionId, ContainedRow>, Failure> {
    let mut all = BTreeMap::new();
    view.each(CONTAINS, &key.bytes(), |found, bytes| {
        let id = revision_of(&found).ok_or_else(|| Failure::corrupt(Some(key.draft), "a key is too short"))?;
        all.insert(id, ContainedRow::decode(&bytes)?);
        Ok(true)
    })?;
    Ok(all)
}

pub(crate) fn get(view: &impl View, key: DraftKey, id: RevisionId) -> Result<Option<ContainedRow>, Failure> {
    view.get(CONTAINS, &key.revision(id))?.map(|bytes| Ok(ContainedRow::decode(&bytes)?)).transpose()
}

pub(crate) fn put(write: &mut Write<'_>, key: DraftKey, id: RevisionId, row: &ContainedRow) {
    write.put(CONTAINS, key.revision(id), row.encode());
}

pub(crate) fn remove(write: &mut Write<'_>, key: DraftKey, id: RevisionId) {
    write.delete(CONTAINS, key.revision(id));
}

/// Whether the head is known by ids to contain all that a vector says.
pub(crate) fn proves(view: &impl View, key: DraftKey, vector: &VersionVector) -> Result<bool, Failure> {
    let is_proof = |row: &ContainedRow| row.side == 0 && row.version > 0 && vector.is_within(&row.vector);
    Ok(read(view, key)?.values().any(is_proof))
}

/// Notes that the head contains a revision from the version `since` on. What was known of it before stays known.
pub(crate) fn add(
    write: &mut Write<'_>,
    key: DraftKey,
    id: RevisionId,
    since: u64,
    (version, vector): (u64, &VersionVector),
    epoch: u64,
) -> Result<(), Failure> {
    let before = get(write.txn, key, id)?;
    let mut row = ContainedRow { since, version, side: 0, epoch, vector: vector.clone(), also: 0 };
    if let Some(before) = &before {
        if before.side == 0 {
            row.since = row.since.min(before.since);
        }
        if row.version == 0 {
            (row.version, row.vector) = (before.version, before.vector.clone());
        }
        (row.epoch, row.also) = (row.epoch.max(before.epoch), before.also);
    }
    if before.as_ref() != Some(&row) {
        put(write, key, id, &row);
    }
    Ok(())
}

/// A text that was based on the version `base` is the head from now on, and the former head a side: what only that one
/// contains is its own until they are joined.
pub(crate) fn part(write: &mut Write<'_>, key: DraftKey, base: &Base, side: u64) -> Result<(), Failure> {
    if super::link::read(write.txn, key.space)?.is_none() || fault::on("parted-text-contains-the-other") {
        return Ok(());
    }
    for (id, row) in read(write.txn, key)? {
        // Both have to agree: a version number alone says nothing of texts beside the head, and vectors do not prove.
        let is_in_base = row.since <= base.version && row.vector.is_within(&base.vector) && row.version > 0;
        if row.side == 0 && id != base.id && !is_in_base {
            put(write, key, id, &ContainedRow { side, ..row });
        }
    }
    // The new head goes on from elsewhere.
    if let Some(row) = super::arrivals::read(write.txn, key)?.filter(|row| row.line.is_some()) {
        super::arrivals::put(write, key, &RemoteRow { line: None, ..row });
    }
    // Once the side is in the hub's main, this is what the head and that have in common.
    add(write, key, base.id, base.version, (base.version, &base.vector), 0)?;
    if let Some(row) = get(write.txn, key, base.id)? {
        put(write, key, base.id, &ContainedRow { also: side, ..row });
    }
    Ok(())
}

/// A side goes on as a later version, which contains it. A space that never met a hub need not know.
pub(crate) fn advance(
    write: &mut Write<'_>,
    key: DraftKey,
    (side, whole): (u64, &packed::Whole),
    version: u64,
) -> Result<(), Failure> {
    if super::link::read(write.txn, key.space)?.is_none() {
        return Ok(());
    }
    for (id, row) in read(write.txn, key)? {
        if row.side == side {
            put(write, key, id, &ContainedRow { side: version, ..row });
        } else if row.also == side {
            put(write, key, id, &ContainedRow { also: version, ..row });
        }
    }
    let vector = whole.header.vector.clone();
    put(
        write,
        key,
        whole.id,
        &ContainedRow { since: version, version: side, side: version, epoch: 0, vector, also: 0 },
    );
    Ok(())
}

/// Somebody settled a side: the head contains it from the version `since` on, and what that was made from.
pub(crate) fn settled(
    write: &mut Write<'_>,
    key: DraftKey,
    (side, whole): (u64, &packed::Whole),
    since: u64,
) -> Result<(), Failure> {
    if super::link::read(write.txn, key.space)?.is_none() || fault::on("settled-side-not-contained") {
        return Ok(());
    }
    hand_on(write, key, side, (0, since))?;
    add(write, key, whole.id, since, (side, &whole.header.vector), 0)?;
    for parent in &whole.header.parents {
        add(write, key, *parent, since, (0, &VersionVector::new()), 0)?;
    }
    Ok(())
}

/// A side is no side any more: what it contains, the head does from the version `since` on, or another side.
pub(crate) fn hand_on(
    write: &mut Write<'_>,
    key: DraftKey,
    from: u64,
    (side, since): (u64, u64),
) -> Result<(), Failure> {
    for (id, row) in read(write.txn, key)? {
        if row.side == from && from > 0 {
            put(write, key, id, &ContainedRow { since, side, ..row });
        } else if row.also == from && from > 0 {
            put(write, key, id, &ContainedRow { also: side, ..row });
        }
    }
    Ok(())
}

/// A side is no side any more, and who contains what it did is not known.
pub(crate) fn forget(write: &mut Write<'_>, key: DraftKey, side: u64) -> Result<(), Failure> {
    for (id, row) in read(write.txn, key)? {
        if row.side == side && side > 0 {
            remove(write, key, id);
        } else if row.also == side && side > 0 {
            put(write, key, id, &ContainedRow { also: 0, ..row });
        }
    }
    Ok(())
}

/// The last version that is known to be in the hub's main; everything later may be unsynced, and it may be a merge's base.
pub(crate) fn last_shared(view: &impl View, key: DraftKey, epoch: u64) -> Result<u64, Failure> {
    let all = read(view, key)?;
    let shared = all.values().filter(|row| row.side == 0 && row.epoch == epoch);
    Ok(shared.map(|row| row.version).max().unwrap_or(0))
}

/// As [`read`], with the revision that every device's draft of this slot begins with, where it is one of a slot: it is in
/// all of them, and in the table only once the hub was found to have it.
pub(crate) fn with_first_of_slot(
    view: &impl View,
    secret: &[u8; 32],
    key: DraftKey,
    head: &Head,
) -> Result<BTreeMap<RevisionId, ContainedRow>, Failure> {
    let mut all = read(view, key)?;
    let is_there = all.values().any(|row| row.version == 1);
    if head.meta.slot.is_none() || is_there || fault::on("first-of-a-slot-not-shared") {
        return Ok(all);
    }
    // Without it there is no base, and more is asked of a person.
    let Some(first) = packed::readable(view, secret, key, 1)? else { return Ok(all) };
    if first.header.author.is_none() && first.header.vector.is_empty() && !first.local.aside {
        let row = ContainedRow { since: 1, version: 1, side: 0, epoch: 0, vector: VersionVector::new(), also: 0 };
        all.entry(first.id).or_insert(row);
    }
    Ok(all)
}
