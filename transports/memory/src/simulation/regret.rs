//! Going back on a device: to a restore point with everything, or from what the hub refuses.

use super::departures::Standing;
use super::device::{Device, subject_of};
use super::person::Written;
use super::words::{Word, words_in};
use crate::dice::Dice;
use draftkeep::DraftId;
use std::collections::BTreeSet;

impl Device {
    pub(crate) fn take_restore_point(&self) -> Result<String, String> {
        let taken = self.space()?.take_restore_point("a good day");
        Ok(match taken {
            Ok(point) => format!("takes restore point {}", point.number),
            Err(error) => format!("takes no restore point: {error}"),
        })
    }

    /// Brings every draft back to what it was at one of the restore points; what became of each subject.
    pub(crate) fn return_to_a_point(&mut self, dice: &mut Dice) -> Result<Vec<Written>, String> {
        let points = self.space()?.restore_points().map_err(|error| format!("{} has no points: {error}", self.name))?;
        let Some(point) = dice.pick(&points).map(|point| point.number) else { return Ok(Vec::new()) };
        let before = self.heads()?;
        let returned = self.space()?.return_to(point);
        let is_acknowledged = returned.is_ok();
        let what = match &returned {
            Ok(done) => format!("returns to point {point}: {} drafts, {} left", done.drafts.len(), done.left.len()),
            Err(error) => format!("returns to point {point}: {error}"),
        };
        let (after, infos) = (self.heads()?, self.infos()?);
        let written = infos.iter().filter_map(|info| {
            let (then, now) = (before.get(&info.id)?, after.get(&info.id)?);
            // Also what still stands in a side: it was taken out of the text.
            let (added, removed): (BTreeSet<Word>, BTreeSet<Word>) = (now - then, then - now);
            let is_changed = !added.is_empty() || !removed.is_empty();
            let (subject, what) = (subject_of(info), format!("{what}: +{} -{}", added.len(), removed.len()));
            is_changed.then_some(Written { subject, draft: Some(info.id), added, removed, is_acknowledged, what })
        });
        Ok(written.collect())
    }

    /// Takes out what the hub refuses of a draft, and gives it up; none where it refuses nothing.
    ///
    /// Only the words of the texts that were taken out may be missing afterwards. Also says which draft it is: it may be in the trash now, also
    /// where the call failed.
    pub(crate) fn give_up(&mut self, dice: &mut Dice) -> Result<Option<(Written, DraftId)>, String> {
        let parked = self.status()?.parked;
        let Some(draft) = dice.pick(&parked).map(|parked| parked.draft) else { return Ok(None) };
        let infos = self.infos()?;
        // It may be of a copy of this device, and not here any more.
        let Some(info) = infos.iter().find(|info| info.id == draft) else { return Ok(None) };
        let (subject, syncer) = (subject_of(info), self.syncer()?);
        let words = |standing: Standing| standing.get(&draft).map(|stood| stood.words.clone()).unwrap_or_default();
        let before = words(self.look()?.0);
        let mut taken_out = BTreeSet::new();
        let exported = syncer.export_parked(draft);
        for text in exported.iter().flat_map(|work| &work.texts) {
            taken_out.extend(words_in(&text.doc.to_canonical().map_err(|error| error.to_string())?));
        }
        let dropped = exported.and_then(|work| syncer.drop_parked(&work));
        let after = words(self.look()?.0);
        let removed = before.difference(&after).filter(|word| taken_out.contains(word)).copied().collect();
        let (added, is_acknowledged) = (&after - &before, dropped.is_ok());
        let what = match &dropped {
            Ok(dropped) => format!("gives up versions {:?} of {subject}", dropped.given_up),
            Err(error) => format!("does not give up {subject}: {error}"),
        };
        let subject = subject.clone();
        Ok(Some((Written { subject, draft: Some(draft), added, removed, is_acknowledged, what }, draft)))
    }
}
