//! Holds the audit of a space against what the model saw happen.

use super::player::Player;
use draftkeep::{AuditAction, AuditEntry, AuditQuery, AuditedSaves, DraftId, Space};
use std::collections::BTreeMap;

/// All entries, those about each draft, and what they say of the versions.
pub(crate) fn everything(player: &mut Player, space: usize) {
    let held = player.spaces[space].as_ref().expect("it is open");
    let verified = held.verify_audit(None).expect("it can be read");
    assert!(verified.is_intact(), "{verified:?}");
    let entries = read(held, AuditQuery::all());
    let (start, head) = (verified.start.number, verified.head.number);
    assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), (start + 1..=head).collect::<Vec<_>>());
    assert_eq!(entries.last().map_or(verified.start, AuditEntry::head), held.audit_head().expect("it can be read"));
    match player.setting.audited {
        Some(last) => assert!(entries.len() as u64 <= last, "{} entries are kept", entries.len()),
        None => assert_eq!(start, 0, "all are kept"),
    }

    let model = &player.state.spaces[space].1;
    let (thinned, others): (Vec<AuditEntry>, Vec<AuditEntry>) =
        entries.into_iter().partition(|entry| matches!(entry.action, AuditAction::Thinned { .. }));
    let noted =
        &model.audit[model.audit.len().checked_sub(others.len()).expect("nothing is there that did not happen")..];
    for (entry, noted) in others.iter().zip(noted) {
        assert_eq!((entry.draft, entry.action, entry.at.as_millis()), (Some(noted.draft), noted.action, noted.at));
        assert_eq!((&entry.device, entry.saves.map(|saves| saves.to)), (&noted.device, noted.last), "{entry:?}");
    }
    if start == 0 {
        assert_eq!(others.len(), model.audit.len(), "all that happened is there");
        let mut counted: BTreeMap<DraftId, u64> = BTreeMap::new();
        for entry in &thinned {
            let AuditAction::Thinned { versions } = entry.action else { continue };
            *counted.entry(entry.draft.expect("it is about a draft")).or_default() += versions;
        }
        assert_eq!(counted, model.thinned, "the versions that were thinned out");
    }
    for id in model.drafts.keys().chain(&model.purged).chain(model.erased.keys()) {
        let all = read(held, AuditQuery::of(*id));
        let is_of = |entry: &&AuditEntry| entry.draft == Some(*id);
        let mut wanted: Vec<&AuditEntry> = others.iter().chain(&thinned).filter(is_of).collect();
        wanted.sort_by_key(|entry| entry.number);
        assert_eq!(all.iter().collect::<Vec<_>>(), wanted, "the entries about one draft");
        saves(player, space, *id, &all);
    }
}

fn read(space: &Space, mut query: AuditQuery) -> Vec<AuditEntry> {
    let mut entries = Vec::new();
    loop {
        let page = space.audit(&query.limit(33)).expect("it can be read");
        entries.extend(page.entries);
        match page.next {
            Some(next) => query = query.after(next),
            None => return entries,
        }
    }
}

/// Where the whole history is there, each entry says exactly its versions.
fn saves(player: &Player, space: usize, id: DraftId, entries: &[AuditEntry]) {
    let Some(draft) = player.state.spaces[space].1.drafts.get(&id) else { return };
    if draft.versions.len() as u64 != draft.last {
        return;
    }
    let mut known = AuditedSaves::begin(1, draft.ids[&1]);
    let mut by_version = BTreeMap::from([(1, known)]);
    for version in 2..=draft.last {
        known = known.then(draft.ids[&version]);
        by_version.insert(version, known);
    }
    for entry in entries {
        let saves = entry.saves.expect("it is about a draft that was here");
        assert_eq!(saves, by_version[&saves.to], "{entry:?}");
    }
}
