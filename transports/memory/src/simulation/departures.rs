//! From where drafts and words may be gone because somebody erased something.
//!
//! An erasure is a person's own word on the device where it is given, and where somebody says yes to it. On other devices nothing goes by
//! itself, but in a sealed life a draft that the device shares with the hub, once the hub says that it is erased. All of this is judged by what
//! was seen: what ever stood where.

use super::words::Word;
use draftkeep::{DraftId, RevisionId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What stands in a draft at one place: in its head and its open conflict, or in its main and its forks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stood {
    pub(crate) revisions: BTreeSet<RevisionId>,
    pub(crate) words: BTreeSet<Word>,
}

impl Stood {
    fn add(&mut self, other: &Self) {
        self.revisions.extend(&other.revisions);
        self.words.extend(&other.words);
    }

    /// Each word is typed once, and each revision made once: whoever has one of another's has met it.
    fn has_met(&self, other: &Self) -> bool {
        !self.words.is_disjoint(&other.words) || !self.revisions.is_disjoint(&other.revisions)
    }
}

/// What stands at one place, by draft.
pub(crate) type Standing = BTreeMap<DraftId, Stood>;

/// What was erased, and what was seen of it.
#[derive(Debug, Default)]
pub(crate) struct Departures {
    /// Drafts that somebody erased, or tried to.
    erased: BTreeSet<DraftId>,
    /// Those of which a hub said so.
    told: BTreeSet<DraftId>,
    /// Drafts that somebody erased on this device, or said yes to.
    let_go: BTreeSet<(usize, DraftId)>,
    /// All that ever stood on a hub, and on each device.
    ever_on_hub: Standing,
    ever_on_devices: BTreeMap<(usize, DraftId), Stood>,
    /// What stood where when every word was there last.
    on_hub: Arc<Standing>,
    on_devices: Vec<Arc<Standing>>,
}

impl Departures {
    /// Somebody erases a draft on some device, or tries to.
    pub(crate) fn erase(&mut self, draft: DraftId) {
        self.erased.insert(draft);
    }

    pub(crate) const fn erased(&self) -> &BTreeSet<DraftId> {
        &self.erased
    }

    /// Whether a hub ever said that it is erased.
    pub(crate) fn is_told(&self, draft: DraftId) -> bool {
        self.told.contains(&draft)
    }

    pub(crate) fn was_on_hub(&self, draft: DraftId) -> bool {
        self.ever_on_hub.contains_key(&draft)
    }

    /// Somebody wants a draft gone from this device.
    pub(crate) fn let_go(&mut self, device: usize, draft: DraftId) {
        self.let_go.insert((device, draft));
    }

    /// A device is a copy of another one: it has met whom that has met.
    pub(crate) fn is_copy(&mut self, device: usize, of: usize) {
        let met =
            |((at, draft), stood): (&(usize, DraftId), &Stood)| (*at == of).then(|| ((device, *draft), stood.clone()));
        let met: Vec<_> = self.ever_on_devices.iter().filter_map(met).collect();
        self.ever_on_devices.extend(met);
    }

    /// What stood on a device is as it was at another time.
    pub(crate) fn went_back(&mut self, device: usize) {
        self.on_devices.get_mut(device).into_iter().for_each(|standing| *standing = Arc::default());
        self.let_go.retain(|(at, _)| *at != device);
    }

    /// Takes a look at a device.
    pub(crate) fn see_device(&mut self, device: usize, standing: &Standing) {
        for (draft, stood) in standing {
            self.ever_on_devices.entry((device, *draft)).or_default().add(stood);
        }
    }

    /// Takes a look at what the hub has, and of which drafts it says that they are erased.
    pub(crate) fn see_hub(&mut self, standing: &Standing, erased: &BTreeSet<DraftId>) -> Result<(), String> {
        for (draft, stood) in standing {
            self.ever_on_hub.entry(*draft).or_default().add(stood);
        }
        if let Some(draft) = erased.difference(&self.erased).next() {
            return Err(format!("the hub says that {draft} is erased, and nobody erased it"));
        }
        self.told.extend(erased);
        Ok(())
    }

    /// Whether a draft may be gone from a device.
    fn may_leave(&self, device: usize, draft: DraftId, is_sealed: bool) -> bool {
        let is_shared = || {
            let here = self.ever_on_devices.get(&(device, draft));
            here.zip(self.ever_on_hub.get(&draft)).is_some_and(|(here, hub)| here.has_met(hub))
        };
        self.let_go.contains(&(device, draft)) || is_sealed && self.is_told(draft) && is_shared()
    }

    /// A draft that is gone from a device although nobody there wanted that; with the device's number.
    pub(crate) fn gone_unasked<'s>(
        &self,
        now: impl IntoIterator<Item = &'s Arc<Standing>>,
        is_sealed: bool,
    ) -> Option<(usize, DraftId)> {
        let gone = |(device, (before, now)): (usize, (&Arc<Standing>, &Arc<Standing>))| {
            let mut gone = before.keys().filter(|draft| !now.contains_key(draft)).copied();
            gone.find(|draft| !self.may_leave(device, *draft, is_sealed)).map(|draft| (device, draft))
        };
        self.on_devices.iter().zip(now).enumerate().find_map(gone)
    }

    /// Whether a word that stands nowhere any more stood only where it may be gone: then it went with an erasure.
    pub(crate) fn explain(&self, word: Word, is_sealed: bool) -> bool {
        let has = |(_, stood): &(&DraftId, &Stood)| stood.words.contains(&word);
        let mut on_hub = self.on_hub.iter().filter(has).map(|(draft, _)| self.is_told(*draft)).peekable();
        let devices = self.on_devices.iter().enumerate();
        let on_devices = devices.flat_map(|(at, standing)| standing.iter().filter(has).map(move |(id, _)| (at, *id)));
        let mut on_devices = on_devices.map(|(at, draft)| self.may_leave(at, draft, is_sealed)).peekable();
        let stood_somewhere = on_hub.peek().is_some() || on_devices.peek().is_some();
        stood_somewhere && on_hub.all(|may| may) && on_devices.all(|may| may)
    }

    /// Every word is there, and this is where.
    pub(crate) fn look_back_at(&mut self, on_devices: Vec<Arc<Standing>>, on_hub: Arc<Standing>) {
        (self.on_devices, self.on_hub) = (on_devices, on_hub);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAFT: DraftId = DraftId::from_bytes([1; 16]);
    const IS_SEALED: bool = true;

    fn standing(words: &[u32]) -> Standing {
        let words = words.iter().copied().map(Word).collect();
        Standing::from([(DRAFT, Stood { revisions: BTreeSet::new(), words })])
    }

    /// Two devices: one has a draft that the hub has, too, the other began one under the same id.
    fn seen() -> Departures {
        let mut seen = Departures::default();
        let (shared, own, hub) = (standing(&[1, 2]), standing(&[3]), standing(&[1]));
        seen.see_device(0, &shared);
        seen.see_device(1, &own);
        seen.see_hub(&hub, &BTreeSet::new()).unwrap();
        seen.look_back_at(vec![Arc::new(shared), Arc::new(own)], Arc::new(hub));
        seen
    }

    #[test]
    fn nothing_leaves_a_device_but_what_was_wanted_there_or_is_shared_erased_and_sealed() {
        let none: [Arc<Standing>; 2] = Default::default();
        let own = [Arc::default(), Arc::new(standing(&[3]))];
        let mut seen = seen();
        assert!(seen.see_hub(&Standing::new(), &BTreeSet::from([DRAFT])).is_err(), "nobody erased it");
        seen.erase(DRAFT);
        assert_eq!(seen.gone_unasked(&own, IS_SEALED), Some((0, DRAFT)), "the hub was not told");
        seen.see_hub(&Standing::new(), &BTreeSet::from([DRAFT])).unwrap();
        assert_eq!(seen.gone_unasked(&own, IS_SEALED), None);
        assert_eq!(seen.gone_unasked(&own, !IS_SEALED), Some((0, DRAFT)), "nobody was asked");
        assert_eq!(seen.gone_unasked(&none, IS_SEALED), Some((1, DRAFT)), "it is another one");
        assert!(seen.explain(Word(2), IS_SEALED) && !seen.explain(Word(2), !IS_SEALED));
        assert!(!seen.explain(Word(3), IS_SEALED) && !seen.explain(Word(4), IS_SEALED));
        seen.let_go(1, DRAFT);
        assert_eq!(seen.gone_unasked(&none, IS_SEALED), None);
        assert!(seen.explain(Word(3), !IS_SEALED));
    }
}
