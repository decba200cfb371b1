//! What an operator sees of the spaces of a hub.

use super::audit::{self, AuditEntry};
use super::handle::Hub;
use super::looking;
use super::rows::SpaceRow;
use super::tables::{SPACES, SpaceKey};
use crate::error::{Failure, Result};
use crate::id::HubId;
use crate::records::view::View;
use crate::storage::{Order, Scan};
use crate::transport::Position;

/// How far a space of a hub is, and how much is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpaceStatus {
    /// The hub.
    pub hub: HubId,
    /// The name of the space.
    pub space: String,
    /// Where its feed ends; at number 0 where nobody has pushed to it.
    pub position: Position,
    /// Its drafts, in whatever phase they are, those that are erased among them.
    pub drafts: u64,
    /// Those that are erased: nothing is here of them but a marker.
    pub erased: u64,
    /// Copies in conflict that nobody has settled, of all its drafts together.
    pub forks: u64,
    /// The bytes of all revisions that are kept, header and body: mains, forks, and the mains before. What the storage adds to
    /// them is not in it.
    pub bytes: u64,
    /// The number of the last entry of its audit.
    pub audited: u64,
}

impl SpaceStatus {
    fn of(hub: HubId, row: SpaceRow) -> Self {
        let SpaceRow { name, position, drafts, audited, forks, bytes, erased, .. } = row;
        Self { hub, space: name, position, drafts, erased, forks, bytes, audited }
    }
}

impl Hub {
    /// How far a space is, and how much is in it. A space that nobody has pushed to is empty, and asking makes nothing.
    ///
    /// Costs reading one record, however much is in the space (three where there is nothing): every push counts what it changes.
    ///
    /// ```
    /// use draftkeep::hub::{Hub, HubOptions};
    /// use draftkeep::storage::MemoryStorage;
    /// use std::sync::Arc;
    ///
    /// let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?;
    /// let status = hub.status("alice")?;
    /// assert_eq!((status.hub, status.position.seq, status.drafts), (hub.id(), 0, 0));
    /// # Ok::<(), draftkeep::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): the space's row is damaged or missing. Any other: the storage failed.
    pub fn status(&self, space: &str) -> Result<SpaceStatus> {
        self.inner().show(|view| {
            let row = looking::space(view, self.id(), &SpaceKey::new(space), space)?;
            Ok(SpaceStatus::of(self.id(), row))
        })
    }

    /// The spaces that somebody has pushed to, at most `limit`: the first ones, or those behind the space `after`. There are more
    /// where there are `limit` of them.
    ///
    /// Their order is none of their names, and always the same; a space that is new meanwhile may stand before `after`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): the row of a space is damaged. Any other: the storage failed.
    pub fn spaces(&self, after: Option<&str>, limit: usize) -> Result<Vec<SpaceStatus>> {
        self.inner().show(|view| {
            let from = after.map_or_else(|| vec![0], |after| [&SpaceKey::new(after).bytes()[..], &[0]].concat());
            let found = view.scan(SPACES, Scan { from: &from, to: None, order: Order::Ascending, limit })?;
            let rows = found.into_iter().map(|(key, bytes)| {
                let row = SpaceRow::decode(&bytes)?;
                if key != SpaceKey::new(&row.name).bytes() {
                    return Err(Failure::corrupt(None, "the row of a space stands in another one's place"));
                }
                Ok(SpaceStatus::of(self.id(), row))
            });
            rows.collect()
        })
    }

    /// Who pushed what in a space, the oldest first: at most `limit` entries behind the number `after`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): an entry is damaged or missing. Any other: the storage failed.
    pub fn audit(&self, space: &str, after: u64, limit: usize) -> Result<Vec<AuditEntry>> {
        self.inner().show(|view| {
            let key = SpaceKey::new(space);
            let row = looking::space(view, self.id(), &key, space)?;
            audit::read(view, &key, row.audited, after, limit)
        })
    }
}
