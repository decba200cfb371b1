//! Holding what an audit says of a draft's versions against the versions that are there.

use super::action::AuditAction;
use super::query;
use super::saves::AuditedSaves;
use crate::error::{Failure, unless_damaged};
use crate::id::RevisionId;
use crate::records::view::View;
use crate::store::tables::{AUDIT_DRAFTS, DraftKey, audited_of};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody said of a draft's versions: the entry of this number, or the head.
#[derive(Debug, Clone, Copy)]
struct Said {
    saves: AuditedSaves,
    by: Option<u64>,
}

/// Finds where what was said of a draft's versions does not fit the versions, given in order. Those that retention dropped prove
/// nothing either way; behind them it goes on from what was said next.
pub(crate) fn contradiction(
    view: &impl View,
    key: DraftKey,
    head: Option<AuditedSaves>,
    versions: &[(u64, RevisionId)],
) -> Result<Option<String>, Failure> {
    let mut said = Vec::new();
    view.each(AUDIT_DRAFTS, &key.bytes(), |found, _| {
        if let Some(number) = audited_of(&found)
            // What is wrong with the entry itself is found where the audit is checked.
            && let Some(entry) = unless_damaged(query::entry(view, key.space, number))?
        {
            match entry.saves {
                // What comes back after it, from a hub or out of an export, is numbered anew.
                _ if entry.action == AuditAction::Purged => said.clear(),
                Some(saves) => said.push(Said { saves, by: Some(number) }),
                None => {}
            }
        }
        Ok(true)
    })?;
    said.extend(head.map(|saves| Said { saves, by: None }));
    Ok(first_wrong(&said, versions).map(|by| match by {
        Some(number) => format!("its versions are not those that entry {number} of the audit speaks of"),
        None => "its versions are not those that its head speaks of".to_owned(),
    }))
}

/// The first that does not fit; `Some(None)` where it is the head.
fn first_wrong(said: &[Said], versions: &[(u64, RevisionId)]) -> Option<Option<u64>> {
    let begins: BTreeSet<u64> = said.iter().map(|said| said.saves.from).collect();
    let mut by_version: BTreeMap<u64, Vec<Said>> = BTreeMap::new();
    for one in said {
        by_version.entry(one.saves.to).or_default().push(*one);
    }
    let mut known: Option<AuditedSaves> = None;
    for (version, id) in versions {
        known = match known {
            _ if begins.contains(version) => Some(AuditedSaves::begin(*version, *id)),
            Some(known) if known.to + 1 == *version => Some(known.then(*id)),
            // What was said of the one before is known, though it is dropped.
            _ => {
                by_version.get(&version.saturating_sub(1)).and_then(|said| said.last()).map(|said| said.saves.then(*id))
            }
        };
        for one in by_version.get(version).into_iter().flatten() {
            if known.is_some_and(|known| known != one.saves) {
                return Some(one.by);
            }
            known = Some(one.saves);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> RevisionId {
        RevisionId::from_bytes([byte; 32])
    }

    fn versions(upto: u8) -> Vec<(u64, RevisionId)> {
        (1..=upto).map(|version| (version.into(), id(version))).collect()
    }

    /// What is said of versions 1 to 9 after the third, the sixth and the last of them.
    fn said() -> Vec<Said> {
        let mut saves = AuditedSaves::begin(1, id(1));
        let mut said = Vec::new();
        for version in 2..=9 {
            saves = saves.then(id(version));
            if version % 3 == 0 {
                said.push(Said { saves, by: (version < 9).then_some(version.into()) });
            }
        }
        said
    }

    #[test]
    fn any_other_version_anywhere_contradicts_what_was_said_next() {
        assert_eq!(first_wrong(&said(), &versions(9)), None);
        for changed in 1..=9_u8 {
            let mut versions = versions(9);
            versions[usize::from(changed) - 1].1 = id(99);
            let next = changed.div_ceil(3) * 3;
            assert_eq!(first_wrong(&said(), &versions), Some((next < 9).then_some(next.into())), "version {changed}");
        }
    }

    #[test]
    fn versions_that_were_dropped_prove_nothing_and_what_follows_does() {
        for dropped in 1..=9_u64 {
            let mut versions = versions(9);
            versions.retain(|(version, _)| *version != dropped);
            assert_eq!(first_wrong(&said(), &versions), None, "without {dropped}");
            let Some(last) = versions.last_mut() else { continue };
            last.1 = id(99);
            let is_proven = dropped < 7;
            assert_eq!(first_wrong(&said(), &versions).is_some(), is_proven, "without {dropped}, the last another");
        }
    }

    #[test]
    fn what_begins_anew_is_held_from_there_on() {
        let mut said = said();
        let anew = AuditedSaves::begin(10, id(10)).then(id(11));
        said.push(Said { saves: anew, by: Some(12) });
        assert_eq!(first_wrong(&said, &versions(11)), None);
        let mut versions = versions(11);
        versions[9].1 = id(99);
        assert_eq!(first_wrong(&said, &versions), Some(Some(12)));
    }
}
