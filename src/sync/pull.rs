//! Pulling: what the hub says is stored as it comes, page by page.

use super::cycle::{Cycle, PAGES_MAX};
use super::document;
use super::talk::{Stop, beside_the_point};
use crate::fault;
use crate::store::erase;
use crate::store::erase::told::Told;
use crate::store::remote::arrivals::{self, Arrival};
use crate::store::remote::body::Travelling;
use crate::store::remote::rows::LinkRow;
use crate::store::remote::{link, outbox};
use crate::store::tables::DraftKey;
use crate::transport::{Ask, Page, Reply, Revision, Row};
use std::collections::BTreeSet;

/// Rows that one page is asked for.
const ROWS: u32 = 256;

/// Drafts that one commit looks at when all of them may be owed.
const OWED_AT_ONCE: usize = 256;

impl Cycle<'_> {
    /// Pulls to the end, or as much as one cycle pulls: says whether it was the end. Rows, cursor and position of a page are one
    /// commit, and nothing is taken in yet.
    pub(super) async fn pull(&mut self) -> Result<bool, Stop> {
        loop {
            let link = self.link()?;
            let answer = self.talk.ask(link.seen, Ask::Pull { after: link.cursor, limit: ROWS }).await?;
            let Reply::Page(page) = answer.reply else { return Err(beside_the_point()) };
            check(&page, link.cursor, answer.position.seq)?;
            let last = page.rows.last().map(|row| row.seq).max(page.erased.last().map(|row| row.seq));
            let (more, last) = (page.more, last.unwrap_or(link.cursor));
            // A page that is not the last skips what changes again later; the next one begins behind its last row.
            let cursor = if more { last } else { answer.position.seq };
            if !page.rows.is_empty()
                || !page.erased.is_empty()
                || link.cursor != cursor
                || link.seen != Some(answer.position)
            {
                self.store_page(page, cursor, answer.position)?;
            }
            if !more {
                break;
            }
            // What is typed here is pushed all the same, however much others say.
            self.pages += 1;
            if self.pages >= PAGES_MAX && !fault::on("pages-pulled-without-end") {
                return Ok(false);
            }
        }
        let link = self.link()?;
        if !link.is_complete {
            self.owe_what_the_hub_lacks()?;
        }
        Ok(true)
    }

    fn store_page(&mut self, page: Page, cursor: u64, position: crate::position::Position) -> Result<(), Stop> {
        let (space, trace) = (self.core.no, self.talk.trace);
        self.report.pulled += (page.rows.len() + page.erased.len()) as u64;
        let erased: Vec<Told> = page.erased.iter().map(|row| self.told(row)).collect();
        let arrivals: Vec<Arrival> = page.rows.into_iter().map(|row| self.arrival(row)).collect();
        if fault::on("cursor-before-data") {
            self.write(move |write| {
                link::change(write, space, |link| (link.cursor, link.seen) = (cursor, Some(position)))?;
                Ok(())
            })?;
        }
        self.write(move |write| {
            write.state.is_foreign = true;
            arrivals::store(write, space, (&arrivals, &erased), cursor, position, trace)
        })?;
        Ok(())
    }

    /// A row on its way into the store.
    pub(super) fn arrival(&mut self, row: Row) -> Arrival {
        let key = DraftKey { space: self.core.no, draft: row.draft };
        // What is not what it says is asked for again.
        let revision = row.main.revision.filter(|revision| revision.id() == row.main.id);
        let revision = revision.map(|revision| self.travelling(&revision));
        let mut forks = row.forks;
        // What a hub names twice would be kept twice, and a main that is a fork as well would stand against itself.
        let mut named = BTreeSet::from([row.main.id]);
        if !fault::on("forks-that-are-named-twice-held-twice") {
            forks.retain(|fork| named.insert(*fork));
        }
        Arrival { key, seq: row.seq, main: row.main.id, forks, revision }
    }

    /// A revision that came, counted.
    pub(super) fn travelling(&mut self, revision: &Revision) -> Travelling {
        let travelling = document::travelling(revision);
        self.report.bytes += travelling.bytes() as u64;
        travelling
    }

    /// After all rows were learnt: whatever has no row is owed.
    fn owe_what_the_hub_lacks(&mut self) -> Result<(), Stop> {
        let space = self.core.no;
        let mut after = None;
        loop {
            after = self.write(move |write| outbox::owe_unknown(write, space, after, OWED_AT_ONCE))?;
            if after.is_none() {
                break;
            }
        }
        let mut after = None;
        loop {
            after = self.write(move |write| erase::hub::owe_unknown(write, space, after, OWED_AT_ONCE))?;
            if after.is_none() {
                break;
            }
        }
        self.write(move |write| link::change(write, space, |link: &mut LinkRow| link.is_complete = true))?;
        Ok(())
    }
}

/// Refuses a page that is not the one that was asked for, or not one at all: nothing of it is believed.
fn check(page: &Page, after: u64, position: u64) -> Result<(), Stop> {
    let wrong = |what: &str| Err(Stop::Protocol(format!("a page {what}")));
    if page.after != after {
        return wrong("begins elsewhere than was asked for");
    }
    if page.rows.len() + page.erased.len() > ROWS as usize {
        return wrong("has more rows than were asked for");
    }
    if page.more && page.rows.is_empty() && page.erased.is_empty() {
        return wrong("is empty, and says that there is more");
    }
    if page.rows.iter().any(|row| row.forks.len() > crate::transport::FORKS_MAX) {
        return wrong("names more forks than a draft may have");
    }
    let (mut drafts, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let rows = page.rows.iter().map(|row| (row.seq, row.draft)).collect::<Vec<_>>();
    let erased = page.erased.iter().map(|row| (row.seq, row.marker.draft)).collect::<Vec<_>>();
    // Each in its order, and both in one numbering.
    for list in [rows, erased] {
        let mut before = after;
        for (seq, draft) in list {
            if seq <= before || seq > position || !numbers.insert(seq) {
                return wrong("is out of order");
            }
            if !drafts.insert(draft) {
                return wrong("names a draft twice");
            }
            before = seq;
        }
    }
    Ok(())
}
