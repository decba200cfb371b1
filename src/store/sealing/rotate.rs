//! Another key for a space.

use super::row::{self, KeysRow};
use crate::error::Failure;
use crate::fault;
use crate::id::{KeyId, TraceId};
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::engine::Engine;
use crate::store::tables::{KEYS, KEYS_AGAIN, SpaceNo};
use crate::store::write::Write;
use std::sync::Arc;

/// Writes a space's keys in both of their places.
pub(crate) fn put(write: &mut Write<'_>, space: SpaceNo, row: &KeysRow) {
    let (key, bytes) = (space.to_be_bytes().to_vec(), row.encode());
    if !fault::on("keys-in-one-place") {
        write.put(KEYS_AGAIN, key.clone(), bytes.clone());
    }
    write.put(KEYS, key, bytes);
}

/// Seals the space's data keys with what the ring calls current, adds another one for what is written from now on, and tells which key
/// it is; none where it is the one in use. One commit holds it all.
pub(crate) fn rotate(
    engine: &Arc<Engine>,
    space: SpaceNo,
    name: &str,
    trace: TraceId,
) -> Result<Option<KeyId>, Failure> {
    let Some(seals) = engine.seals.clone() else {
        return Err(Failure::options("the store is not sealed, so the space has no key"));
    };
    // Asked outside of the write: the ring may have to ask a person, and no save waits for that.
    let current = seals.current(name)?;
    let id = current.id();
    if seals.of_storage(space)?.current.id() == id {
        return Ok(None);
    }
    engine.write(move |write| {
        let missing = || Failure::corrupt(None, format!("the keys of space {space} are missing"));
        let (row, opened) = seals.newest(space, &row::staged(write.txn, space)?)?.ok_or_else(missing)?;
        if opened.current.id() == id {
            return Ok(None);
        }
        let row = seals.renew(space, (&row, &opened), current)?;
        put(write, space, &row);
        record::note(write, About::space(space, trace), AuditAction::KeyRotated { to: id })?;
        Ok(Some(id))
    })
}
