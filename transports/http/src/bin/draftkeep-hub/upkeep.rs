//! Copying, checking, repairing and compacting a hub that does not serve: its file has one process at a time.

use crate::settings::Settings;
use crate::{Outcome, say};
use draftkeep::hub::{Hub, HubOptions};
use std::path::Path;

fn open(settings: &Settings) -> Outcome<Hub> {
    Ok(Hub::open_file(&settings.data, HubOptions::new())?)
}

pub(crate) fn backup(settings: &Settings, into: &Path) -> Outcome {
    let made = open(settings)?.backup(into)?;
    say(&format!("{} records, {} bytes, in {}", made.records, made.bytes, into.display()))?;
    if made.damaged > 0 {
        return Err(format!("{} of them are damaged; `verify` names them", made.damaged).into());
    }
    Ok(())
}

pub(crate) fn verify(settings: &Settings) -> Outcome {
    let hub = open(settings)?;
    let found = hub.verify()?;
    let (spaces, drafts, revisions, entries) = (found.spaces, found.drafts, found.revisions, found.entries);
    say(&format!(
        "hub {}: {spaces} spaces, {drafts} drafts, {revisions} revisions, {entries} audit entries",
        hub.id()
    ))?;
    for damage in &found.damage {
        let space = damage.space.as_ref().map(|space| format!(" of space {space:?}")).unwrap_or_default();
        let draft = damage.draft.map(|draft| format!(" of draft {draft}")).unwrap_or_default();
        say(&format!("damaged{space}{draft}: {}", damage.what))?;
    }
    if found.is_intact() {
        return say("all of it is intact");
    }
    let more = found.left_out;
    Err(format!(
        "{} parts are damaged, and {more} more; put a backup back, devices bring what came after",
        found.damage.len()
    )
    .into())
}

pub(crate) fn repair(settings: &Settings) -> Outcome {
    let written = open(settings)?.repair()?;
    say(&format!("{written} spaces were counted anew"))
}

pub(crate) fn compact(settings: &Settings) -> Outcome {
    let hub = open(settings)?;
    let (before, after) = (hub.footprint()?, hub.compact()?);
    say(&format!("{} bytes before, {} now, of which {} hold nothing", before.total, after.total, after.unused))
}
