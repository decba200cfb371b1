//! What follows from a space's secret: the ids of drafts in slots, the key of the digests, and that of the markers of erased drafts.

use crate::clock::Timestamp;
use crate::id::DraftId;
use crate::seal::Key;

/// Keys that a space's secret gives, one for each use.
#[derive(Clone, Copy)]
pub(crate) struct SpaceKeys {
    ids: [u8; 32],
    digests: [u8; 32],
    seals: [u8; 32],
    erasures: [u8; 32],
}

impl std::fmt::Debug for SpaceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpaceKeys")
    }
}

impl SpaceKeys {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self {
            ids: blake3::derive_key("draftkeep 1 ids of drafts in slots", secret),
            digests: blake3::derive_key("draftkeep 1 digests of bodies", secret),
            seals: blake3::derive_key("draftkeep 1 spaces in seals", secret),
            erasures: blake3::derive_key("draftkeep 1 erasures", secret),
        }
    }

    /// The id of a slot's draft: the same on every device that shares the space's name.
    pub(crate) fn slot_draft(&self, kind: &str, key: &[u8], generation: u32) -> DraftId {
        let mut hasher = blake3::Hasher::new_keyed(&self.ids);
        for part in [kind.as_bytes(), key] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        hasher.update(&generation.to_le_bytes());
        let mut id = [0; DraftId::LEN];
        hasher.finalize_xof().fill(&mut id);
        DraftId::from_bytes(id)
    }

    pub(crate) const fn digests(&self) -> [u8; 32] {
        self.digests
    }

    /// Stands for the space in what a body is sealed for.
    pub(crate) const fn seals(&self) -> [u8; 32] {
        self.seals
    }

    /// Names the secret, which nobody learns by that; none for that of a space without a key.
    pub(crate) fn secret_name(&self, space: &str) -> Option<String> {
        let name = |keys: &Self| blake3::Hash::from(blake3::derive_key("draftkeep 1 names of secrets", &keys.seals));
        let plain = Self::new(&plain_secret(space));
        (self.seals != plain.seals).then(|| name(self).to_hex()[..32].to_owned())
    }

    /// What proves that somebody who knows the space's secret erased this draft at this time.
    pub(crate) fn erasure(&self, draft: DraftId, at: Timestamp) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.erasures);
        hasher.update(draft.as_bytes()).update(&at.as_millis().to_le_bytes());
        hasher.finalize()
    }
}

/// The secret of a space that has no key: fixed, and public, so that devices that share the name agree on ids.
pub(crate) fn plain_secret(name: &str) -> [u8; 32] {
    blake3::derive_key("draftkeep 1 secret of a plain space", name.as_bytes())
}

/// The secret of a space that has one in the key ring.
pub(crate) fn sealed_secret(secret: &Key, name: &str) -> [u8; 32] {
    let secret = secret.derive("draftkeep 1 secrets of spaces");
    *blake3::keyed_hash(secret.expose(), name.as_bytes()).as_bytes()
}
