//! The autosaves at work on each draft, so that a phase or a checkpoint takes in what they hold.
//!
//! What an autosave is, is the business of those who run it; the store only keeps the list, because every handle of a
//! draft, however it was come by, has to find the same ones.

use super::queue::lock;
use super::tables::{DraftKey, SpaceNo};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

/// Something that holds an unsaved document of a draft.
pub(crate) type Holder = dyn Any + Send + Sync;

/// The holders by draft, for as long as somebody keeps them alive.
#[derive(Debug, Default)]
pub(crate) struct Live(Mutex<BTreeMap<DraftKey, Vec<Weak<Holder>>>>);

impl Live {
    pub(crate) fn enlist(&self, draft: DraftKey, holder: &Arc<Holder>) {
        let mut all = lock(&self.0);
        all.retain(|_, holders| {
            holders.retain(|holder| holder.strong_count() > 0);
            !holders.is_empty()
        });
        all.entry(draft).or_default().push(Arc::downgrade(holder));
    }

    /// The drafts of a space that somebody holds something of.
    pub(crate) fn drafts(&self, space: SpaceNo) -> Vec<DraftKey> {
        let all = lock(&self.0);
        let is_held = |holders: &Vec<Weak<Holder>>| holders.iter().any(|holder| holder.strong_count() > 0);
        all.iter().filter(|(key, holders)| key.space == space && is_held(holders)).map(|(key, _)| *key).collect()
    }

    pub(crate) fn of(&self, draft: DraftKey) -> Vec<Arc<Holder>> {
        let all = lock(&self.0);
        all.get(&draft).into_iter().flatten().filter_map(Weak::upgrade).collect()
    }
}
