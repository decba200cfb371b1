//! What is owed, gathered into batches.

use super::blank::is_blank;
use super::cycle::Cycle;
use super::parking;
use super::unfinished::is_looked_at;
use crate::error::Failure;
use crate::fault;
use crate::phase::Phase;
use crate::records::view::Committed;
use crate::revision::FLAG_BLANK_YES;
use crate::store::audit::record::{self, About};
use crate::store::audit::{AuditAction, Guard};
use crate::store::remote::outgoing::{self, Aim, Outgoing};
use crate::store::remote::rows::OwedRow;
use crate::store::remote::{arrivals, contains, outbox};
use crate::store::tables::DraftKey;
use crate::store::versions::packed;
use crate::transport::PUSHES_MAX;
use crate::value::Value;

/// Drafts that are looked up at once.
const DRAFTS: usize = 64;

/// A batch is sent once it has so many revisions or bytes. What waits for the disk, here and on the hub, does so once for all of it.
const REVISIONS: usize = PUSHES_MAX;
const BYTES: usize = 1 << 20;

/// The same once their documents have so many bytes: what is short on its way may be long here.
const DOCUMENTS: usize = 16 << 20;

/// A draft whose pushes were so often not answered, in a row, is sent alone.
const TOGETHER_ATTEMPTS: u32 = 3;

/// How many drafts a cycle sends alone.
const ALONE_MAX: usize = 64;

/// How far the outbox was looked through.
#[derive(Debug, Default)]
pub(super) struct Owed {
    after: Option<DraftKey>,
    /// Drafts that are sent one by one, after all others.
    pub(super) alone: Vec<Vec<Outgoing>>,
}

impl Cycle<'_> {
    /// The next batch of what is owed and not parked; empty where nothing is left.
    pub(super) fn batch(&mut self, owed: &mut Owed) -> Result<Vec<Outgoing>, Failure> {
        let mut batch: Vec<Outgoing> = Vec::new();
        let (mut bytes, mut documents) = (0, 0);
        loop {
            let view = self.core.engine.read()?;
            let page = outbox::page(&view, self.core.no, owed.after, DRAFTS)?;
            if page.is_empty() {
                return Ok(batch);
            }
            for (key, row) in page {
                owed.after = Some(key);
                if row.is_erasure || row.parked.as_ref().is_some_and(|parking| !is_looked_at(parking)) {
                    continue;
                }
                match self.outgoing(&view, key, &row) {
                    Ok(Some(outgoing))
                        if row.attempts < TOGETHER_ATTEMPTS || fault::on("poison-holds-up-the-others") =>
                    {
                        bytes += outgoing.iter().map(Outgoing::bytes).sum::<usize>();
                        documents += outgoing.iter().map(|outgoing| outgoing.document.len()).sum::<usize>();
                        batch.extend(outgoing);
                    }
                    Ok(Some(outgoing)) if owed.alone.len() < ALONE_MAX => owed.alone.push(outgoing),
                    Ok(_) => {}
                    // Bytes that are damaged here never leave, and do not hold up the others.
                    Err(failure) if failure.is_damage() => {
                        tracing::warn!(draft = %key.draft, error = %failure.kind, "it cannot be pushed");
                    }
                    Err(failure) => return Err(failure),
                }
                if batch.len() >= REVISIONS || bytes >= BYTES || documents >= DOCUMENTS {
                    return Ok(batch);
                }
            }
        }
    }

    /// What of a draft has to be pushed; none where nothing has to, or a guard holds it back.
    fn outgoing(&mut self, view: &Committed, key: DraftKey, owed: &OwedRow) -> Result<Option<Vec<Outgoing>>, Failure> {
        // What is to be pushed, and as what, is not known before.
        if self.is_erased_there(view, key)? || arrivals::is_waiting(view, key)? {
            return Ok(None);
        }
        let mut outgoing = outgoing::of(view, &self.place, key)?;
        // A side in which nothing stands, or that was put away, replaces nothing: whoever looks at the conflict decides.
        for side in outgoing.iter_mut().filter(|revision| revision.side > 0) {
            if !side.phase.takes_saves() || is_blank(&Value::parse(&side.document)?) {
                side.target = Aim::Fork;
            }
        }
        // Its kind was made one that stays here after it was saved.
        if outgoing.iter().any(|revision| self.core.engine.settings.stays_here(&revision.kind)) {
            self.write(move |write| {
                outbox::settle(write, key);
                Ok(())
            })?;
            return Ok(None);
        }
        if outgoing.is_empty() {
            self.write(move |write| {
                // It says that it is owed, and the hub has it: what the hub said tells which of both is right.
                if outbox::read(write.txn, key)?.is_some() && arrivals::read(write.txn, key)?.is_some() {
                    arrivals::again(write, key);
                }
                Ok(())
            })?;
            return Ok(None);
        }
        // Of what was emptied and then put into the trash nobody has to say twice that it is not wanted.
        let is_meant = |revision: &Outgoing| revision.flags & FLAG_BLANK_YES != 0 || revision.phase == Phase::Discarded;
        let is_confirmed = outgoing.iter().any(is_meant);
        for revision in &outgoing {
            if let Aim::Main { expects: Some(main) } = revision.target
                && !is_confirmed
                && is_blank(&Value::parse(&revision.document)?)
                && !self.is_blank_main(view, key, main)?
                && !fault::on("blank-text-pushed")
            {
                let reason = "nothing stands in it any more, and it would replace a text on all devices; \
                              if that is meant, say so with Draft::confirm_blank";
                let parking = parking::blank(reason);
                let (about, guard) = (About::revision(key, revision.id, self.talk.trace), Guard::Blank);
                self.write(move |write| {
                    outbox::park(write, key, parking)?;
                    record::note(write, about, AuditAction::Parked { guard })
                })?;
                self.report.parked += 1;
                return Ok(None);
            }
        }
        self.valid_part(outgoing, key, owed)
    }

    /// Whether nothing stands in the main that would be replaced; no, where that is not known.
    fn is_blank_main(&self, view: &Committed, key: DraftKey, main: crate::id::RevisionId) -> Result<bool, Failure> {
        let Some(row) = contains::get(view, key, main)?.filter(|row| row.version > 0) else { return Ok(false) };
        let Some(whole) = packed::readable(view, &self.place.keys.digests(), key, row.version)? else {
            return Ok(false);
        };
        Ok(is_blank(&Value::parse(&whole.body)?))
    }
}
