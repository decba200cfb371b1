//! An earlier state of a draft out of what a hub gives.

use super::document::travelling;
use crate::draft::earlier::Earlier;
use crate::draft::space::place;
use crate::error::{Failure, Result};
use crate::store::Space;
use crate::store::remote::receive::{self, Foreign, Unfit};
use crate::transport::Revision;

/// The state of a draft in a revision as a hub gives it, held against its id with the space's secret: it is what its author wrote, or
/// an error. Nothing is stored.
///
/// A hub lists the mains that it keeps ([`Hub::mains`](crate::hub::Hub::mains), or over the way to it), and gives each whole, as to
/// [`Ask::Revisions`](crate::transport::Ask::Revisions). [`Draft::bring_back`](crate::Draft::bring_back) makes one the head again.
///
/// ```
/// use draftkeep::hub::{Hub, HubOptions};
/// use draftkeep::storage::MemoryStorage;
/// use draftkeep::sync::{Syncer, earlier_of};
/// use draftkeep::{Kind, Options, Store};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const NOTE: Kind<String> = Kind::new("note");
/// let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?;
/// let space = Store::in_memory(Options::new())?.space("alice")?;
/// let syncer = Syncer::new(&space, hub.clone());
/// let draft = space.drafts(NOTE)?.start(&"It rained.".to_owned())?;
/// futures_executor::block_on(syncer.once())?;
/// let mut edit = draft.edit()?;
/// *edit.doc() = "It snowed.".to_owned();
/// let _ = edit.save()?;
/// futures_executor::block_on(syncer.once())?;
///
/// let before = &hub.mains("alice", draft.id())?[1];
/// let given = hub.revision("alice", draft.id(), before.revision)?.expect("it is kept");
/// let earlier = earlier_of(&space, &given)?;
/// assert_eq!(draft.read_earlier(&earlier)?, "It rained.");
/// draft.bring_back(&earlier)?;
/// assert_eq!(draft.load()?, "It rained.");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) where it does not match its id, says something that this release does not know, or
/// cannot be read: what altered it is the hub, or stands between; in a store that is sealed
/// [`ErrorKind::KeyMissing`](crate::ErrorKind::KeyMissing) and [`ErrorKind::KeyRing`](crate::ErrorKind::KeyRing).
pub fn earlier_of(space: &Space, revision: &Revision) -> Result<Earlier> {
    let core = &space.core;
    core.engine.traced("earlier_of", |_| {
        let key = core.draft_key(revision.draft());
        let foreign = receive::open(&place(core), key, &travelling(revision)).map_err(|unfit| match unfit {
            Unfit::Key(failure) | Unfit::Failed(failure) => failure,
            Unfit::Says(why) => Failure::corrupt(Some(revision.draft()), format!("what the hub gives of it: {why}")),
        })?;
        let Foreign { id, header, meta, body } = foreign;
        Ok(Earlier {
            draft: header.draft,
            revision: id,
            kind: header.kind,
            schema: header.schema,
            saved_at: header.time,
            device: meta.device,
            label: meta.label,
            body,
        })
    })
}
