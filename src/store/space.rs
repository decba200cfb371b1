//! Spaces: what one owner syncs as a unit.

use super::engine::Engine;
use super::keys::{SpaceKeys, plain_secret};
use super::lists;
use super::remote::sealed::BodySeal;
use super::rows::{SpaceRow, decode_space_no, encode_space_no};
use super::sealing::rotate;
use super::sealing::row::KeysRow;
use super::sealing::seals::{Beginning, Seals};
use super::slots;
use super::tables::{DraftKey, KEYS, KEYS_AGAIN, KindNo, META, META_KEY, SPACE_NAMES, SPACES, SpaceNo};
use super::view::View;
use super::write::{Write, meta_row, own_row_is_missing, space_row};
use crate::clock::Timestamp;
use crate::codec::Unknown;
use crate::error::{ErrorKind, Failure, Result, unless_damaged};
use crate::fault;
use crate::fault::canary::{self, Open};
use crate::id::{DraftId, KeyId};
use std::fmt;
use std::sync::Arc;

/// The longest name of a space, in bytes.
pub(crate) const SPACE_MAX: usize = 200;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What one owner syncs as a unit: a person's drafts, a project's, an account's.
///
/// Cloning it is cheap.
#[derive(Clone)]
pub struct Space {
    pub(crate) core: Arc<SpaceCore>,
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

impl Space {
    pub(crate) fn new(core: Arc<SpaceCore>) -> Self {
        Self { core }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Which key of the [key ring](crate::Options::key_ring) it is sealed with; none in a store that is not sealed.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn key_id(&self) -> Result<Option<KeyId>> {
        let engine = &self.core.engine;
        engine.traced("key_id", |_| {
            let Some(seals) = &engine.seals else { return Ok(None) };
            Ok(Some(seals.of(self.core.no)?.current.id()))
        })
    }

    /// Takes up what the key ring calls current: what is written and pushed from now on is sealed with it, and the old key is not needed for
    /// this store any more. Says which key it is; none where it is the one in use.
    ///
    /// It is one commit of one record, however large the space is: records are sealed with keys of the store's own, and these with the ring's.
    /// Durable when it returns; after a crash the one or the other is in use. What the hub has stays sealed with the old key until each draft
    /// is pushed again, so other devices need both until then. A space takes up 1,000 keys in its life.
    ///
    /// Opening a space does not take up another key by itself.
    ///
    /// # Errors
    ///
    /// `KeyMissing` and `KeyRing` where the key ring does not give a key; `Options` where the store is not sealed, or the space has had too
    /// many keys.
    pub fn rotate_key(&self) -> Result<Option<KeyId>> {
        let core = &self.core;
        core.engine.traced("rotate_key", |trace| rotate::rotate(&core.engine, core.no, &core.name, trace))
    }

    /// What was tidied up when it was opened.
    #[must_use]
    pub fn swept(&self) -> &Swept {
        &self.core.swept
    }
}

/// An open space.
pub(crate) struct SpaceCore {
    pub(crate) engine: Arc<Engine>,
    pub(crate) no: SpaceNo,
    pub(crate) name: String,
    pub(crate) keys: SpaceKeys,
    pub(crate) swept: Swept,
}

impl fmt::Debug for SpaceCore {
    /// Nothing of what is in it: what is typed stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What opening a space tidied up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Open drafts that nobody had touched for the retention's time. They are in the trash now.
    pub discarded: Vec<DraftId>,
    /// Drafts whose time in the trash was over. They are gone.
    pub purged: Vec<DraftId>,
}

impl SpaceCore {
    /// Opens a space, creating it the first time. It is not swept yet.
    pub(crate) fn open(engine: &Arc<Engine>, name: &str) -> Result<Self, Failure> {
        if name.is_empty() || name.len() > SPACE_MAX {
            return Err(ErrorKind::Name { what: "space", limit: SPACE_MAX, got: name.len() }.into());
        }
        canary::allows(Open::Everywhere, name.as_bytes());
        let view = engine.read()?;
        let today = engine.now().as_millis() / DAY_MS;
        let known = match find(&view, name)? {
            Some(no) => Some((no, space_row(&view, no)?)),
            None => None,
        };
        drop(view);
        if let Some((_, row)) = &known {
            refuse_another(row, name)?;
        }
        let (no, row) = match known {
            Some((no, row)) if row.last_day == today => (no, row),
            known => {
                let name = name.to_owned();
                // The ring is asked before, for it may have to ask a person.
                let beginning = match (&engine.seals, known) {
                    (Some(seals), None) => Some((Arc::clone(seals), seals.begin(&name)?)),
                    _ => None,
                };
                engine.write(move |write| enter(write, &name, today, beginning.as_ref()))?
            }
        };
        engine.know_space(no, name, row.days);
        Ok(Self {
            engine: Arc::clone(engine),
            no,
            name: name.to_owned(),
            keys: SpaceKeys::new(&row.secret),
            swept: Swept::default(),
        })
    }

    pub(crate) fn draft_key(&self, draft: DraftId) -> DraftKey {
        DraftKey { space: self.no, draft }
    }

    /// What seals the bodies that travel.
    pub(crate) fn seal(&self) -> Option<BodySeal> {
        Some(BodySeal::new(self.engine.seals.clone()?, self.no))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.now()
    }
}

/// The number of the space with this name; `None` where names and spaces agree that there is none.
fn find(view: &impl View, name: &str) -> Result<Option<SpaceNo>, Failure> {
    match view.get(SPACE_NAMES, name.as_bytes()) {
        Ok(Some(bytes)) => return Ok(Some(decode_space_no(&bytes)?)),
        Ok(None) => {}
        Err(failure) if failure.is_damage() => {}
        Err(failure) => return Err(failure),
    }
    // A name that the engine does not find may be damage, and an empty space in place of a full one would be a loss.
    if fault::on("one-index-for-space") {
        return Ok(None);
    }
    let count = meta_row(view)?.ok_or_else(own_row_is_missing)?.spaces;
    for no in 1..=count {
        if name_of(view, no)? == name {
            return Ok(Some(no));
        }
    }
    Ok(None)
}

/// The record that leads from a name to a space lies open: what it leads to has to be of that name.
fn refuse_another(row: &SpaceRow, name: &str) -> Result<(), Failure> {
    if row.name == name || fault::on("space-of-another-name-opened") {
        return Ok(());
    }
    Err(Failure::corrupt(None, format!("the name {name:?} leads to another space")))
}

/// A new space never takes the place of one that the store has lost count of.
fn refuse_taken(write: &Write<'_>, no: SpaceNo) -> Result<(), Failure> {
    let key = no.to_be_bytes();
    for table in [SPACES, KEYS, KEYS_AGAIN] {
        let is_there = write.txn.committed.snapshot.get(table, &key)?.is_some();
        if is_there && !fault::on("space-begun-over-another") {
            return Err(Failure::corrupt(None, format!("the store has a space {no} that it does not count")));
        }
    }
    Ok(())
}

/// The name of a space, which stands in the open where the space is sealed.
pub(crate) fn name_of(view: &impl View, no: SpaceNo) -> Result<String, Failure> {
    for table in [KEYS, KEYS_AGAIN] {
        if let Some(bytes) = unless_damaged(view.get(table, &no.to_be_bytes()))?.flatten() {
            return Ok(KeysRow::decode(&bytes)?.name);
        }
    }
    Ok(space_row(view, no)?.name)
}

/// All spaces' names, in the order of their creation.
pub(crate) fn names(view: &impl View) -> Result<Vec<String>, Failure> {
    let count = meta_row(view)?.ok_or_else(own_row_is_missing)?.spaces;
    (1..=count).map(|no| name_of(view, no)).collect()
}

/// Notes that the space is opened today, creating it the first time.
fn enter(
    write: &mut Write<'_>,
    name: &str,
    today: u64,
    beginning: Option<&(Arc<Seals>, Beginning)>,
) -> Result<(SpaceNo, SpaceRow), Failure> {
    let (no, mut row) = if let Some(no) = find(write.txn, name)? {
        let row = write.space(no)?;
        refuse_another(&row, name)?;
        (no, row)
    } else {
        let mut meta = meta_row(write.txn)?.ok_or_else(own_row_is_missing)?;
        meta.spaces = meta.spaces.checked_add(1).ok_or_else(|| Failure::options("the store has too many spaces"))?;
        refuse_taken(write, meta.spaces)?;
        write.put(META, META_KEY.to_vec(), meta.encode());
        write.put(SPACE_NAMES, name.as_bytes().to_vec(), encode_space_no(meta.spaces));
        let secret = match beginning {
            None => plain_secret(name),
            Some((seals, beginning)) => {
                rotate::put(write, meta.spaces, &seals.add(meta.spaces, name, beginning));
                *beginning.secret
            }
        };
        let row = SpaceRow {
            name: name.to_owned(),
            secret,
            kinds: Vec::new(),
            days: 0,
            last_day: 0,
            points: 0,
            unknown: Unknown::default(),
        };
        (meta.spaces, row)
    };
    if row.last_day != today || row.days == 0 {
        row.last_day = today;
        row.days += 1;
        write.put(SPACES, no.to_be_bytes().to_vec(), row.encode());
    }
    Ok((no, row))
}

/// The number of a kind in its space, given out the first time that a draft of it begins.
pub(crate) fn ensure_kind(write: &mut Write<'_>, space: SpaceNo, name: &str) -> Result<KindNo, Failure> {
    canary::allows(Open::Everywhere, name.as_bytes());
    let mut row = write.space(space)?;
    if let Some(kind) = row.kind(name) {
        return Ok(kind);
    }
    row.kinds.push(name.to_owned());
    let kind = KindNo::try_from(row.kinds.len()).map_err(|_| Failure::options("the space has too many kinds"))?;
    write.put(SPACES, space.to_be_bytes().to_vec(), row.encode());
    lists::create(write.txn, space, kind);
    slots::create(write.txn, space, kind);
    Ok(kind)
}
