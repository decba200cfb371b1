//! What the hub has and this device does not take in: why, and taking it in all the same.

use super::syncer::Syncer;
use crate::error::Result;
use crate::id::DraftId;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::remote::arrivals;
use crate::store::remote::rows::RemoteRow;

/// Why something that the hub has cannot be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockedBy {
    /// It cannot be read, is damaged, does not fit the application's type, or the hub does not give it.
    Unreadable,
    /// A newer release of the application wrote it: update this one.
    TooNew,
    /// The kind's [validator](crate::Schema::validate) refuses it. It is taken in once it is mended elsewhere, or the validator accepts it, or
    /// somebody wants it [as it is](crate::sync::Syncer::take_in_invalid).
    NotValid,
    /// It is sealed with a key that the [key ring](crate::seal::KeyRing) lacks, or does not give now. It is kept as it came, also when the hub is
    /// restored or replaced meanwhile, and taken in by the first cycle in which the key is there. A hub that altered the key's name is not found out: then [`relearn`](Syncer::relearn) asks for it anew.
    KeyMissing,
    /// The hub says that the draft was erased on another device. In a space without a key that proves nothing: all of it is here still, until
    /// the application [accepts](crate::sync::Syncer::accept_erasure) or [declines](crate::sync::Syncer::decline_erasure).
    Erased,
    /// The hub says that the draft was erased, and cannot prove that a device of this space ever said so. Nothing is erased here.
    ErasedUnproven,
    /// The hub says that the draft was erased before this device had it: it was begun here, in the same slot, or imported, without knowing of the
    /// other one, and what was written here is not what somebody erased. All of it is here, in any space, and nothing of it is pushed. Its text
    /// syncs as another draft, such as [`Slot::start_over`](crate::Slot::start_over) begins; this one can be
    /// [accepted](crate::sync::Syncer::accept_erasure) as erased then, or [kept](crate::sync::Syncer::decline_erasure) here.
    ErasedBefore,
}

impl BlockedBy {
    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Unreadable => 0,
            Self::TooNew => 1,
            Self::NotValid => 2,
            Self::KeyMissing => 3,
            Self::Erased => 4,
            Self::ErasedUnproven => 5,
            Self::ErasedBefore => 6,
        }
    }

    pub(super) const fn of_number(number: u32) -> Self {
        match number {
            1 => Self::TooNew,
            2 => Self::NotValid,
            3 => Self::KeyMissing,
            4 => Self::Erased,
            5 => Self::ErasedUnproven,
            6 => Self::ErasedBefore,
            _ => Self::Unreadable,
        }
    }
}

impl Syncer {
    /// Lets the next cycle take in what the hub has of a draft, although it is not [valid](crate::Schema::validate) here: for a person who
    /// wants to see and mend it. Then it is a text as any other, the head, merged or in conflict, and the next
    /// [`Edit::save`](crate::Edit::save) has to be valid. Says whether something of the draft waits for that reason; else nothing happens.
    ///
    /// It is about what the hub has now, and durable: a later text of another device is looked at anew.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn take_in_invalid(&self, draft: DraftId) -> Result<bool> {
        let core = self.core();
        let key = core.draft_key(draft);
        let is_wanted = core.engine.traced("take_in_invalid", |trace| {
            core.engine.write(move |write| {
                let row = arrivals::read(write.txn, key)?.filter(|row| row.blocked.is_some());
                let Some(row) = row.filter(|row| row.blocked_by == BlockedBy::NotValid.number()) else {
                    return Ok(false);
                };
                let main = row.main;
                arrivals::put(write, key, &RemoteRow { blocked: None, blocked_by: RemoteRow::WANTED, ..row });
                record::note(write, About::revision(key, main, trace), AuditAction::InvalidWanted)?;
                Ok(true)
            })
        })?;
        self.nudge();
        Ok(is_wanted)
    }
}
