//! What is not valid yet by the application's rules stays here until it is.

use super::cycle::Cycle;
use super::parking;
use crate::error::Failure;
use crate::fault;
use crate::invalid::Invalid;
use crate::store::remote::outbox;
use crate::store::remote::outgoing::{self, Outgoing};
use crate::store::remote::rows::{OwedRow, Parking};
use crate::store::tables::DraftKey;

/// Whether what is parked is looked at in every cycle.
pub(super) fn is_looked_at(parking: &Parking) -> bool {
    parking.is_looked_at_anew() && !fault::on("held-back-for-ever")
}

impl Cycle<'_> {
    /// What may leave of a draft: all that comes before the first text that is not valid yet. Where that is the first, the draft is held back;
    /// a checkpoint or a phase with such a text, and another head after it, is passed over.
    pub(super) fn valid_part(
        &mut self,
        mut outgoing: Vec<Outgoing>,
        key: DraftKey,
        owed: &OwedRow,
    ) -> Result<Option<Vec<Outgoing>>, Failure> {
        let found = outgoing.iter().enumerate().find_map(|(at, revision)| Some((at, self.flaws(revision)?)));
        let Some((at, invalid)) = found.filter(|_| !fault::on("unfinished-text-pushed")) else {
            if owed.is_unfinished {
                self.write(move |write| outbox::finished(write, key))?;
            }
            return Ok(Some(outgoing));
        };
        if at > 0 {
            // The next round looks at the rest.
            self.again = true;
            outgoing.truncate(at);
            return Ok(Some(outgoing));
        }
        let parking = parking::not_valid(&invalid);
        let is_past = outgoing[0].side == 0 && outgoing.iter().skip(1).any(|later| later.side == 0);
        if owed.parked.as_ref() == Some(&parking) && !is_past {
            return Ok(None);
        }
        let (sent, trace) = (outgoing[0].departure(), self.talk.trace);
        // Said once, and not after every save of somebody who is still at it.
        let is_said = owed.is_unfinished && !is_past;
        let is_parked = self.write(move |write| {
            if is_said {
                return outbox::park(write, key, parking).map(|()| true);
            }
            outgoing::refused(write, &sent, parking, trace)
        })?;
        self.count_refused(u64::from(is_parked && !is_said), u64::from(!is_parked));
        Ok(None)
    }

    /// What is wrong with a text of ours, as its kind's validator says. What is put away need not become valid any more.
    fn flaws(&self, revision: &Outgoing) -> Option<Invalid> {
        if !revision.phase.takes_saves() {
            return None;
        }
        self.core.engine.settings.schema(&revision.kind).flaws(revision.schema, &revision.document)
    }
}
