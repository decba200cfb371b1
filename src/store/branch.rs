//! Which writer an edit is made by.
//!
//! A version vector says that whoever contains a writer's last edit contains all that it made before. Texts of one device
//! that do not contain each other, the two sides of a conflict for instance, would belie that under one name. So each
//! goes on under a name of its own, which follows from the store's replica id.

use super::change::Place;
use super::heads::Head;
use super::remote::rows::RemoteRow;
use super::sides;
use super::tables::DraftKey;
use super::write::Write;
use crate::error::Failure;
use crate::fault;
use crate::id::ReplicaId;
use crate::vector::VersionVector;

/// The writer of an edit of what contains `from`, in a draft whose revisions together contain `known`: the first name
/// whose edits are all in there.
pub(crate) fn writer(replica: ReplicaId, from: &VersionVector, known: &VersionVector) -> ReplicaId {
    if fault::on("one-writer-for-all-branches") {
        return replica;
    }
    let mut number = 0;
    loop {
        let writer = named(replica, number);
        // Ends: a name that nobody has used yet has no edit anywhere.
        if from.get(writer) == known.get(writer) {
            return writer;
        }
        number += 1;
    }
}

/// A name that no edit was made under, whatever the draft's revisions contain: no two edits have one tick.
pub(crate) fn fresh(replica: ReplicaId, tick: u64) -> ReplicaId {
    named(replica, u64::MAX - tick)
}

fn named(replica: ReplicaId, number: u64) -> ReplicaId {
    if number == 0 {
        return replica;
    }
    let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 names of branches");
    hasher.update(replica.as_bytes()).update(&number.to_le_bytes());
    let mut name = [0; ReplicaId::LEN];
    hasher.finalize_xof().fill(&mut name);
    ReplicaId::from_bytes(name)
}

/// What the draft's revisions contain together, those included that were given up.
pub(crate) fn known(
    write: &Write<'_>,
    place: &Place,
    key: DraftKey,
    head: &Head,
    remote: Option<&RemoteRow>,
) -> Result<VersionVector, Failure> {
    let mut known = head.header.vector.clone();
    for side in sides::read(write.txn, key, head)? {
        known = known.join(&sides::whole(write.txn, &place.keys.digests(), key, side)?.header.vector);
    }
    match remote {
        Some(row) if !fault::on("given-up-text-seems-contained") => Ok(known.join(&row.given_up)),
        _ => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_gets_a_name_whose_edits_it_has_all_and_a_line_keeps_its_own() {
        let replica = ReplicaId::from_bytes([7; 16]);
        let base = VersionVector::new().with(replica, 1);
        assert_eq!(writer(replica, &base, &base), replica);
        let theirs = base.clone().with(replica, 2);
        let branch = writer(replica, &base, &theirs);
        assert_ne!(branch, replica);
        let ours = base.with(branch, 3);
        let known = theirs.join(&ours);
        assert_eq!((writer(replica, &ours, &known), writer(replica, &theirs, &known)), (branch, replica));
        assert_eq!(writer(replica, &known, &known), replica, "once all is contained the first name serves again");
        let third = writer(replica, &VersionVector::new(), &known);
        assert!(third != replica && third != branch);
    }
}
