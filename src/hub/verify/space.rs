//! A space: its counts, its feed, its drafts.

use super::report::Verified;
use super::{draft, past};
use crate::error::Failure;
use crate::fault;
use crate::hub::rows::SpaceRow;
use crate::hub::tables::{BODIES, CONTAINED, ROWS, SpaceKey};
use crate::hub::{feed, looking};
use crate::id::{DraftId, HubId};
use crate::records::checking;
use crate::records::view::Committed;

/// Rows of the feed that are read at once.
const PAGE: usize = 64;

/// What was counted of a space's drafts.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) drafts: u64,
    pub(super) forks: u64,
    pub(super) bytes: u64,
    pub(super) erased: u64,
}

pub(super) fn check(view: &Committed, hub: HubId, row: &SpaceRow, report: &mut Verified) -> Result<(), Failure> {
    let key = SpaceKey::new(&row.name);
    past::check(view, hub, &key, row, report)?;
    check_feed(view, &key, row, report)?;
    let (mut counted, found) = (Counted::default(), report.damage.len());
    let name = row.name.as_str();
    let walked = checking::beginnings(view, ROWS, key.bytes(), DRAFT_KEY, |draft_key| {
        if let Some(draft) = draft_of(draft_key) {
            counted.drafts += 1;
            draft::check(view, &key, (name, draft), &mut counted, report)?;
        }
        Ok(())
    });
    report.note((Some(name), None), walked)?;
    for table in [CONTAINED, BODIES] {
        let walked = checking::beginnings(view, table, key.bytes(), DRAFT_KEY, |draft_key| {
            if let Some(draft) =
                draft_of(draft_key).filter(|_| view.snapshot.get(ROWS, draft_key).is_ok_and(|row| row.is_none()))
            {
                report.add(Some(name), Some(draft), "it has no row, and is not gone");
            }
            Ok(())
        });
        report.note((Some(name), None), walked)?;
    }
    // Where drafts are damaged they cannot be counted right either.
    if report.damage.len() == found && !fault::on("verify-believes-the-counts") {
        let counts = [
            ("drafts", row.drafts, counted.drafts),
            ("forks", row.forks, counted.forks),
            ("bytes", row.bytes, counted.bytes),
            ("erased drafts", row.erased, counted.erased),
        ];
        for (what, says, has) in counts.into_iter().filter(|(_, says, has)| says != has) {
            report.add(Some(name), None, format!("its row says that it has {says} {what}, and it has {has}"));
        }
    }
    Ok(())
}

/// Space and draft, in keys.
const DRAFT_KEY: usize = SpaceKey::LEN + DraftId::LEN;

fn draft_of(key: &[u8]) -> Option<DraftId> {
    SpaceKey::parse(key).and_then(|(_, draft)| draft)
}

/// Every row of the feed follows the one before it, is the last of its draft, and the last one is the space's.
fn check_feed(view: &Committed, key: &SpaceKey, row: &SpaceRow, report: &mut Verified) -> Result<(), Failure> {
    let (mut from, mut drafts) = (0, 0);
    loop {
        let page = feed::entries(view, key, row, from, PAGE);
        let Some((entries, more)) = report.note((Some(&row.name), None), page)? else { return Ok(()) };
        drafts += entries.len() as u64;
        for entry in &entries {
            let stands = looking::draft(view, key, entry.draft).map(|row| row.map(|row| row.seq));
            // A row that is damaged is named with its draft.
            if stands.is_ok_and(|seq| seq != Some(entry.seq)) {
                report.add(Some(&row.name), Some(entry.draft), "row and feed do not agree");
            }
        }
        from = entries.last().map_or(from, |entry| entry.seq);
        if !more {
            break;
        }
    }
    if drafts != row.drafts {
        report.add(Some(&row.name), None, format!("its feed has {drafts} drafts, and its row says {}", row.drafts));
    }
    Ok(())
}
