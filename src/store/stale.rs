//! A save over a head that it is not based on: the text as it was typed is kept, and what becomes of both is decided by
//! the floor above, which knows what a document is.
//!
//! | who has all that the text is based on | both can be joined | the head then | beside it |
//! |---|---|---|---|
//! | the head | yes | both joined | the text as typed |
//! | the head | yes, to the very text that was typed | the text | – |
//! | the head | no | the text | the former head, as a side of an open conflict |
//! | a side of an open conflict | – | as before | the text: that side goes on as it, or it is another side |
//! | nobody | as for the head, but without a base | | |

use super::append::{self, New};
use super::cache::Body;
use super::change::{Base, Place, Saving, Text, kind_of, open_head, typed_as};
use super::heads::Head;
use super::remote::contains;
use super::sides::{self, Side};
use super::tables::DraftKey;
use super::versions::{packed, run};
use super::write::Write;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::fault;
use crate::id::RevisionId;
use crate::revision::{Header, Meta};
use crate::vector::VersionVector;
use std::sync::Arc;

/// A revision that an editor can be based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revised {
    pub(crate) version: u64,
    pub(crate) id: RevisionId,
    pub(crate) vector: VersionVector,
}

/// A text that goes into a join.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edition<'t> {
    pub(crate) body: &'t [u8],
    pub(crate) schema: u32,
    pub(crate) at: Stands,
}

/// Where a text stands: of two that say different things, what is said here comes after what a hub says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// The number in the hub's feed.
    Hub(u64),
    /// The version.
    Here(u64),
}

/// Makes one text of two. Implemented above, where documents are known.
pub(crate) trait Join: Send + Sync + std::fmt::Debug {
    /// Joins a text that was typed with one that was saved meanwhile; `None` where a person has to decide.
    ///
    /// `bases` are the last texts that both came from, mostly one, and `below` what several of them came from. The result is
    /// in the schema of what was typed, or the application's.
    fn join(
        &self,
        bases: &[Edition<'_>],
        below: Option<Edition<'_>>,
        typed: Edition<'_>,
        other: Edition<'_>,
    ) -> Option<Joined>;

    /// How many changes a rule decided against in the last join.
    fn overwritten(&self) -> u64;

    /// Whether two equal texts may make another one: both added the same to a counter.
    fn counts(&self) -> bool;
}

/// What became of two texts.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    pub(crate) body: Body,
    pub(crate) label: Option<String>,
    /// The digest of the policy and the schema version that it was joined by.
    pub(crate) policy: [u8; 32],
    pub(crate) schema: u32,
}

/// How far back a text is looked for whose save failed. It is the last version, unless others saved since.
const ATTEMPTED_DEPTH: usize = 64;

/// Saves a text that is not based on the head.
pub(crate) fn save(
    write: &mut Write<'_>,
    place: &Place,
    (key, head, current): (DraftKey, Head, Body),
    base: &Base,
    text: &Text,
    join: &dyn Join,
) -> Result<Saving, Failure> {
    let attempted = attempted(write, key, &head, base)?;
    let base = attempted.as_ref().unwrap_or(base);
    if *text.body == *base.body && text.schema == base.schema && packed::holds(write.txn, key, base.version)? {
        let from = Revised { version: base.version, id: base.id, vector: base.vector.clone() };
        return Ok(Saving::AsBefore { from, head: head.row.version, sides: head.row.sides });
    }
    let mut stale = Stale { write, place, key, base, text, join };
    // Vectors explain and ids prove: a main of others that said the same took the place of what the text is based on.
    let is_in_head =
        base.vector.is_within(&head.header.vector) || contains::proves(stale.write.txn, key, &base.vector)?;
    if is_in_head {
        return stale.beside_head(&head, &current, true);
    }
    match stale.side(&head)? {
        Some((side, whole)) => stale.along(&head, side, &whole),
        None => stale.beside_head(&head, &current, false),
    }
}

/// The newest text of this editor that became a version although its save was not seen to end.
fn attempted(write: &Write<'_>, key: DraftKey, head: &Head, base: &Base) -> Result<Option<Base>, Failure> {
    if base.attempted.is_empty() || fault::on("attempts-forgotten") {
        return Ok(None);
    }
    for version in (1..=head.row.last).rev().take(ATTEMPTED_DEPTH) {
        let Some(row) = run::row(write.txn, key, version)? else { break };
        let id = crate::revision::revision_id(&row.header);
        if let Some(attempt) = base.attempted.iter().find(|attempt| attempt.wrote(id)) {
            let header = Header::decode(&row.header)?;
            let body = Arc::clone(&attempt.text);
            return Ok(Some(Base {
                id,
                vector: header.vector,
                version,
                schema: header.schema,
                body,
                attempted: vec![],
            }));
        }
    }
    Ok(None)
}

struct Stale<'s, 'w> {
    write: &'s mut Write<'w>,
    place: &'s Place,
    key: DraftKey,
    base: &'s Base,
    text: &'s Text,
    join: &'s dyn Join,
}

impl Stale<'_, '_> {
    fn join(&self, has_base: bool, head: &Head, other: Edition<'_>) -> Option<Joined> {
        let base = Edition { body: &self.base.body, schema: self.base.schema, at: Stands::Here(self.base.version) };
        let typed = Edition { body: &self.text.body, schema: self.text.schema, at: Stands::Here(head.row.last + 1) };
        if fault::on("stale-save-takes-the-older-text") {
            let (policy, schema) = (self.text.policy, self.text.schema);
            return Some(Joined { body: Arc::new(other.body.to_vec()), label: None, policy, schema });
        }
        let bases = if has_base { &[base][..] } else { &[] };
        self.join.join(bases, None, typed, other)
    }

    /// The head has all that the text is based on, or nobody does.
    fn beside_head(&mut self, head: &Head, current: &Body, has_base: bool) -> Result<Saving, Failure> {
        let other = Edition { body: current, schema: head.header.schema, at: Stands::Here(head.row.version) };
        let Some(joined) = self.join(has_base, head, other) else { return self.part(head) };
        if *joined.body == *self.text.body {
            let typed = self.typed(head, &head.header.vector.joined(&self.base.vector), (false, head.row.sides))?;
            return Ok(Saving::Merged { head: typed.clone(), typed, body: joined.body, sides: head.row.sides });
        }
        let typed = self.typed(head, &self.base.vector, (true, head.row.sides))?;
        let merged = self.merged(head, &typed, &joined)?;
        Ok(Saving::Merged { typed, head: merged, body: joined.body, sides: head.row.sides })
    }

    /// A person has to decide: the text becomes the head, and the former head a side of the conflict.
    fn part(&mut self, head: &Head) -> Result<Saving, Failure> {
        let theirs = head.row.version;
        let sides = if fault::on("conflict-not-kept") { 0 } else { head.row.sides.saturating_add(1) };
        // Nobody could decide without what was there before both, and retention may have dropped it.
        let head = &self.keep_base(head)?;
        let typed = self.typed(head, &self.base.vector, (false, sides))?;
        if sides > 0 {
            sides::add(self.write, self.key, theirs);
            contains::part(self.write, self.key, self.base, theirs)?;
        }
        Ok(Saving::Parted { head: typed.version, typed, theirs: Some(theirs) })
    }

    /// Writes the text once more that both texts came from, where the history does not hold it any more.
    fn keep_base(&mut self, head: &Head) -> Result<Head, Failure> {
        let is_held = packed::holds(self.write.txn, self.key, self.base.version)?;
        if is_held || !self.base.vector.is_within(&head.header.vector) || fault::on("base-of-a-conflict-not-kept") {
            return Ok(head.clone());
        }
        let kind = kind_of(self.write, self.place.space, head)?;
        let header = Header {
            schema: self.base.schema,
            vector: self.base.vector.clone(),
            author: None,
            parents: Vec::new(),
            time: Timestamp::default(),
            flags: 0,
            ..head.header.clone()
        };
        let meta = Meta { label: None, device: None, checkpoint: None, ..head.meta.clone() };
        let new = New { header, meta, body: Arc::clone(&self.base.body), aside: true };
        append::append(self.write, self.place.belongs(self.key.draft, kind), Some(head), new)?;
        open_head(self.write, self.key)
    }

    /// The first side of the open conflict that has all that the text is based on.
    fn side(&self, head: &Head) -> Result<Option<(Side, packed::Whole)>, Failure> {
        let sides = match sides::read(self.write.txn, self.key, head) {
            // A damaged conflict is no reason to refuse a save: without a side there is no base, and another conflict.
            Err(failure) if failure.is_damage() => Vec::new(),
            sides => sides?,
        };
        for side in sides {
            match sides::whole(self.write.txn, &self.place.keys.digests(), self.key, side) {
                Ok(whole) if self.base.vector.is_within(&whole.header.vector) => return Ok(Some((side, whole))),
                Err(failure) if !failure.is_damage() => return Err(failure),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The text goes on with a side of the open conflict, or becomes one of its own; the head stays.
    fn along(&mut self, head: &Head, side: Side, whole: &packed::Whole) -> Result<Saving, Failure> {
        let goes_on = whole.id == self.base.id || *whole.body == **self.base.body;
        let (vector, sides) = if goes_on {
            (&whole.header.vector, head.row.sides)
        } else {
            (&self.base.vector, head.row.sides.saturating_add(1))
        };
        let typed = self.typed(head, vector, (true, sides))?;
        if goes_on {
            sides::advance(self.write, self.key, side, typed.version);
            contains::advance(self.write, self.key, (side.version, whole), typed.version)?;
        } else {
            sides::add(self.write, self.key, typed.version);
        }
        let theirs = (!goes_on).then_some(head.row.version);
        Ok(Saving::Parted { typed, head: head.row.version, theirs })
    }

    /// Writes the text as it was typed: as the head or aside, in a draft that has so many other sides then.
    fn typed(&mut self, head: &Head, from: &VersionVector, (aside, sides): (bool, u64)) -> Result<Revised, Failure> {
        let kind = kind_of(self.write, self.place.space, head)?;
        let (header, meta) = typed_as(self.write, self.place, head, from, self.text)?;
        let vector = header.vector.clone();
        let before = head.with_sides(sides);
        let new = New { header, meta, body: Arc::clone(&self.text.body), aside };
        let written = append::append(self.write, self.place.belongs(self.key.draft, kind), Some(&before), new)?;
        Ok(Revised { version: written.version, id: written.id, vector })
    }

    /// Writes the join of the head and the text. It says neither who made it nor when: the same two make the same one.
    fn merged(&mut self, head: &Head, typed: &Revised, joined: &Joined) -> Result<Revised, Failure> {
        let before = open_head(self.write, self.key)?;
        let kind = kind_of(self.write, self.place.space, &before)?;
        let mut parents = vec![head.id(), typed.id];
        parents.sort_unstable();
        let vector = head.header.vector.joined(&typed.vector);
        let header = Header {
            schema: self.text.schema,
            vector: vector.clone(),
            author: None,
            parents,
            time: Timestamp::default(),
            flags: 0,
            policy: self.text.policy,
            ..head.header.clone()
        };
        let meta = Meta { label: joined.label.clone(), device: None, checkpoint: None, ..head.meta.clone() };
        let new = New { header, meta, body: Arc::clone(&joined.body), aside: false };
        let written = append::append(self.write, self.place.belongs(self.key.draft, kind), Some(&before), new)?;
        Ok(Revised { version: written.version, id: written.id, vector })
    }
}
