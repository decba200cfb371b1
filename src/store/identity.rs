//! Noticing that a store was copied, moved or restored, so that no two stores ever write under one replica id.
//!
//! The marker beside the file does not travel with a copy of it. It names the store, the place where its file lies
//! (volume and inode), the ticks that were reserved, and the version that was written last. Whatever does not fit is taken
//! for a clone: a new replica id costs nothing, while two writers under one id would each take the other's edits for their
//! own.

use crate::codec::{CodecError, Fields, Writer};
use crate::error::Failure;
use crate::fault;
use crate::id::{DraftId, StoreId};
use crate::storage::{Order, Scan, Witness};
use crate::store::heads;
use crate::store::tables::{self, DraftKey, PACKS, VERSIONS};
use crate::store::view::Committed;
use crate::store::write::CommitWitness;

const FORMAT: u8 = 1;

/// What the marker beside a store says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) store: StoreId,
    pub(crate) place: Vec<u8>,
    pub(crate) ticks: u64,
}

impl Claim {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.store.as_bytes());
        writer.bytes_unless_empty(2, &self.place);
        writer.number(3, self.ticks);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            store: StoreId::from_bytes(fields.array(1)?),
            place: fields.bytes(2).to_vec(),
            ticks: fields.number(3)?,
        })
    }

    /// Why the store may be a clone of the one that made this claim; `None` where it is that very store.
    pub(crate) fn contradiction(&self, now: &Self) -> Option<&'static str> {
        if self.store != now.store {
            Some("another store took the place of the file")
        } else if self.place != now.place && !fault::on("clone-unnoticed") {
            Some("the file was copied or moved to another volume")
        } else if self.ticks > now.ticks && !fault::on("older-ticks-unnoticed") {
            Some("an earlier copy of the file was put back")
        } else {
            None
        }
    }
}

/// A version that was durable when this was noted. A store that does not have it is an earlier copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) store: StoreId,
    pub(crate) key: DraftKey,
    pub(crate) version: u64,
}

impl Noted {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.store.as_bytes());
        writer.number(2, u64::from(self.key.space));
        writer.bytes(3, self.key.draft.as_bytes());
        writer.number(4, self.version);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let space = fields.number(2)?.try_into().map_err(|_| CodecError::Malformed(2))?;
        let key = DraftKey { space, draft: DraftId::from_bytes(fields.array(3)?) };
        Ok(Self { store: StoreId::from_bytes(fields.array(1)?), key, version: fields.number(4)? })
    }

    /// Why the store may be an earlier copy. Damage says nothing about that.
    pub(crate) fn contradiction(&self, store: StoreId, view: &Committed) -> Option<&'static str> {
        if fault::on("older-copy-unnoticed") || self.store != store {
            return None;
        }
        let last = match heads::read(view, self.key) {
            Ok(head) => head.map_or(0, |head| head.row.last),
            // Which versions there are can be told without the key that opens them.
            Err(failure) if failure.is_about_a_key() && !fault::on("older-copy-without-key-unnoticed") => {
                last_of_keys(view, self.key).ok()?
            }
            Err(_) => return None,
        };
        (last < self.version).then_some("an earlier copy of the file was put back")
    }
}

/// The last version of a draft by the keys of its records, which lie open.
fn last_of_keys(view: &Committed, key: DraftKey) -> Result<u64, Failure> {
    let (from, to) = (key.version(0), tables::after(&key.bytes()));
    let last = |table| {
        let scan = Scan { from: &from, to: to.as_deref(), order: Order::Descending, limit: 1 };
        Ok::<_, Failure>(view.snapshot.scan(table, scan)?.pop().map(|(key, _)| key))
    };
    let version = last(VERSIONS)?.and_then(|key| tables::version_of(&key));
    let packed = last(PACKS)?.and_then(|key| tables::pack_last_of(&key));
    Ok(version.max(packed).unwrap_or_default())
}

/// The marker of a store file.
#[derive(Debug)]
pub(crate) struct Marker {
    witness: Witness,
    place: Vec<u8>,
}

impl Marker {
    pub(crate) fn new(witness: Witness) -> Self {
        let place = witness.place();
        Self { witness, place }
    }

    /// What this store would claim now.
    pub(crate) fn claim(&self, store: StoreId, ticks: u64) -> Claim {
        Claim { store, place: self.place.clone(), ticks }
    }

    /// What was claimed last; none where the marker is new, unreadable or damaged, which fits nothing.
    pub(crate) fn claimed(&self) -> Option<Claim> {
        let bytes = self.witness.read().ok().flatten()?;
        Claim::decode(&bytes).ok()
    }

    /// What was noted last, where it was not lost.
    pub(crate) fn noted(&self) -> Option<Noted> {
        let bytes = self.witness.noted().ok().flatten()?;
        Noted::decode(&bytes).ok()
    }

    pub(crate) fn write(&self, claim: &Claim) -> Result<(), Failure> {
        Ok(self.witness.write(&claim.encode())?)
    }
}

impl CommitWitness for Marker {
    fn reserve(&self, store: StoreId, ticks: u64) -> Result<(), Failure> {
        self.write(&self.claim(store, ticks))
    }

    fn committed(&self, store: StoreId, last: Option<(DraftKey, u64)>) {
        let note = last.map_or_else(Vec::new, |(key, version)| Noted { store, key, version }.encode());
        if let Err(error) = self.witness.note(&note) {
            tracing::debug!(%error, "the marker beside the store could not be noted on");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let key = DraftKey { space: 7, draft: DraftId::from_bytes([3; 16]) };
        let noted = Noted { store: StoreId::from_bytes([1; 16]), key, version: 900 };
        assert_eq!(Noted::decode(&noted.encode()), Ok(noted));
    }

    #[test]
    fn only_the_same_store_in_its_place_and_not_older_is_the_same() {
        let claim = Claim { store: StoreId::from_bytes([1; 16]), place: vec![7], ticks: 100 };
        assert_eq!(Claim::decode(&claim.encode()), Ok(claim.clone()));
        assert_eq!(claim.contradiction(&claim), None);
        assert_eq!(claim.contradiction(&Claim { ticks: 101, ..claim.clone() }), None);
        assert!(claim.contradiction(&Claim { ticks: 99, ..claim.clone() }).is_some());
        assert!(claim.contradiction(&Claim { place: vec![8], ..claim.clone() }).is_some());
        assert!(claim.contradiction(&Claim { store: StoreId::from_bytes([2; 16]), ..claim.clone() }).is_some());
    }
}
