//! One cycle: greet the hub if it is not known, pull, take in, push; again where others pushed in between.

use super::error::SyncErrorKind;
use super::talk::{Stop, Talk, beside_the_point};
use crate::error::Failure;
use crate::fault;
use crate::id::{HubId, RevisionId};
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change::Place;
use crate::store::remote::rows::LinkRow;
use crate::store::remote::{arrivals, link};
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::write::Write;
use crate::tally::Report;
use crate::transport::{Ask, Reply};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a cycle begins anew because others pushed meanwhile; the next cycle goes on.
const ROUNDS_MAX: usize = 8;

/// How often a hub may be found restored within one cycle.
const RESYNCS_MAX: usize = 3;

/// How many pages one cycle pulls: a million drafts. What comes after them is pulled by the next one.
pub(super) const PAGES_MAX: u32 = 4_096;

/// A cycle at work.
pub(super) struct Cycle<'c> {
    pub(super) core: &'c Arc<SpaceCore>,
    pub(super) place: Place,
    pub(super) talk: Talk<'c>,
    pub(super) report: Report,
    /// Something has to be pulled and taken in once more before it can be pushed.
    pub(super) again: bool,
    /// The hub cannot be asked: what it said is taken in with what is here.
    pub(super) is_offline: bool,
    /// How often somebody said that what the hub told is to be forgotten and learnt anew; none once it is forgotten.
    pub(super) doubts: u64,
    /// A restore point was taken before it changed drafts.
    pub(super) is_marked: bool,
    /// How often it pulled, took in and pushed, and how many pages it pulled.
    pub(super) round: usize,
    pub(super) pages: u32,
    /// Rows in whose place the hub spoke of a later one: in which round, and what they were.
    pub(super) overtaken: BTreeMap<DraftKey, (usize, (u64, RevisionId))>,
}

impl<'c> Cycle<'c> {
    pub(super) fn new(core: &'c Arc<SpaceCore>, talk: Talk<'c>) -> Self {
        let place = crate::draft::space::place(core);
        Self {
            core,
            place,
            talk,
            report: Report::default(),
            again: false,
            is_offline: false,
            doubts: 0,
            is_marked: false,
            round: 0,
            pages: 0,
            overtaken: BTreeMap::new(),
        }
    }

    /// What is known of the hub; there is a row from the greeting on.
    pub(super) fn link(&self) -> Result<LinkRow, Failure> {
        let link = link::read(&self.core.engine.read()?, self.core.no)?;
        link.ok_or_else(|| Failure::corrupt(None, "what the space knows of its hub is missing"))
    }

    pub(super) fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Write<'_>) -> Result<R, Failure> + Send + 'static,
    ) -> Result<R, Failure> {
        self.core.engine.write(work)
    }

    pub(super) async fn run(&mut self) -> Result<(), Stop> {
        self.greet().await?;
        if self.doubts > 0 {
            self.resync().await?;
            self.doubts = 0;
        }
        for _ in 0..RESYNCS_MAX {
            match self.rounds().await {
                Err(Stop::Unconfirmed) => self.resync().await?,
                // The application may go on with the other hub, for which these rows say nothing.
                Err(stop @ Stop::Pause(SyncErrorKind::OtherHub { .. }, _)) => {
                    if !fault::on("rows-left-for-another-hub") {
                        self.take_in_offline().await?;
                    }
                    return Err(stop);
                }
                ended => return ended,
            }
        }
        Err(Stop::Protocol("it does not confirm what it said a moment ago".to_owned()))
    }

    async fn rounds(&mut self) -> Result<(), Stop> {
        for _ in 0..ROUNDS_MAX {
            self.again = false;
            self.round += 1;
            let is_whole = self.pull().await?;
            self.take_in().await?;
            self.take_in_left_behind().await?;
            self.push().await?;
            if !is_whole {
                let what =
                    format!("its pages do not end; {PAGES_MAX} of them were taken in, and the next cycle goes on");
                return Err(Stop::Protocol(what));
            }
            if !self.again {
                break;
            }
        }
        Ok(())
    }

    /// Meets the hub the first time.
    async fn greet(&mut self) -> Result<(), Stop> {
        if let Some(link) = link::read(&self.core.engine.read()?, self.core.no)? {
            self.talk.hub = Some(link.hub);
            return Ok(());
        }
        let answer = self.talk.ask(None, Ask::Hello).await?;
        let Reply::Welcome { .. } = answer.reply else { return Err(beside_the_point()) };
        self.talk.hub = Some(answer.hub);
        self.meet(answer.hub)?;
        Ok(())
    }

    fn meet(&self, hub: HubId) -> Result<(), Failure> {
        let (space, trace) = (self.core.no, self.talk.trace);
        self.write(move |write| {
            link::put(write, space, &LinkRow::new(hub, 1));
            record::note(write, About::space(space, trace), AuditAction::HubMet { hub }).map(drop)
        })
    }

    /// The hub was restored: what was pulled is taken in first; then all it said is forgotten.
    async fn resync(&mut self) -> Result<(), Stop> {
        self.report.resynced = true;
        let space = self.core.no;
        if !fault::on("rows-forgotten-untaken") {
            self.take_in_offline().await?;
        }
        let trace = self.talk.trace;
        self.write(move |write| arrivals::forget(write, space, trace))?;
        Ok(())
    }

    /// Takes in what was pulled without asking the hub, which does not know of it any more: it may be the last copy.
    async fn take_in_offline(&mut self) -> Result<(), Stop> {
        self.is_offline = true;
        let taken = self.take_in().await;
        self.is_offline = false;
        taken
    }
}
