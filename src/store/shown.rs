//! What a version keeps, and what of it lies open by design: told to the canary of a build for seeded faults.

use super::cache::Body;
use crate::fault::canary::{self, Open};
use crate::revision::{DIGEST_LEN, Header, Meta};

/// Nobody but the space's devices reads these.
pub(crate) fn texts(meta: &Meta, body: &Body) {
    if !canary::is_on() {
        return;
    }
    canary::keeps(body);
    let Meta { slot, label, checkpoint, outcome, device, discarded_from: _ } = meta;
    [label, checkpoint, outcome, device].into_iter().flatten().for_each(|name| canary::keeps_name(name.as_bytes()));
    if let Some((key, _)) = slot {
        canary::keeps_name(key);
        // In keys of records, which lie open; not on a hub.
        canary::allows(Open::Stored, key);
    }
    // Whoever listens to events is told these.
    [checkpoint, outcome].into_iter().flatten().for_each(|name| canary::allows(Open::Told, name.as_bytes()));
}

/// A hub sees headers.
pub(crate) fn header(header: &[u8]) {
    canary::allows(Open::Everywhere, header);
    head(header.get(..header.len().saturating_sub(DIGEST_LEN)).unwrap_or_default());
}

/// A header up to its digest, as packs keep it. Its ids are in the keys of records, too.
pub(crate) fn head(head: &[u8]) {
    if !canary::is_on() {
        return;
    }
    let open = |bytes: &[u8]| canary::allows(Open::Everywhere, bytes);
    open(head);
    let whole = [head, &[0; DIGEST_LEN]].concat();
    if let Ok(header) = Header::decode(&whole) {
        open(header.draft.as_bytes());
        header.parents.iter().for_each(|parent| open(parent.as_bytes()));
        header.vector.iter().for_each(|(replica, _)| open(replica.as_bytes()));
    }
}
