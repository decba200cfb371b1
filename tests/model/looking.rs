//! Compares everything that can be read with the model.

use super::note::{HeldDraft, KINDS};
use super::player::{KEYS, Player};
use super::state::{Draft, Version};
use draftkeep::{Causality, DraftId, DraftInfo, ErrorKind, Filter, History, Keep, Page, Phase, Value};
use std::collections::BTreeSet;
use std::time::Duration;

/// Everything of every open space.
pub(crate) fn everything(player: &mut Player) {
    let names: Vec<String> = player.state.spaces.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(player.store.spaces().expect("they can be read"), names, "the spaces");
    for space in (0..player.spaces.len()).filter(|space| player.spaces[*space].is_some()).collect::<Vec<_>>() {
        let ids: Vec<DraftId> = player.state.spaces[space].1.drafts.keys().copied().collect();
        ids.into_iter().for_each(|id| draft(player, space, id, true));
        (0..8_u8).for_each(|choice| lists(player, space, choice.wrapping_mul(37), choice.wrapping_mul(61)));
        slots(player, space);
        absent(player, space);
        super::audited::everything(player, space);
    }
}

/// One draft: what is told of it and its text; with its whole history where `is_whole`.
pub(crate) fn draft(player: &mut Player, space: usize, id: DraftId, is_whole: bool) {
    let held = player.draft(space, id);
    let wanted = player.state.spaces[space].1.drafts[&id].clone();
    let info = held.info().expect("it can be read");
    same_info(&info, &wanted);
    let known = player.state.draft(space, id).expect("it is there");
    assert_eq!(*known.ids.entry(wanted.head).or_insert(info.revision), info.revision, "a revision keeps its id");
    let canonical = wanted.now().note.canonical();
    assert_eq!(held.load().expect("it can be read"), wanted.now().note);
    assert_eq!(held.raw().expect("it can be read"), Value::parse(canonical.as_bytes()).expect("it is JSON"));
    assert_eq!(info.size, canonical.len() as u64, "the size is that of the canonical text");
    if !is_whole {
        return;
    }
    assert_eq!(held.pins().expect("they can be read"), wanted.pins.iter().copied().collect::<Vec<_>>(), "the pins");
    let history = held.history().expect("it can be read");
    assert!(history.damaged.is_empty(), "{history:?}");
    let versions: Vec<u64> = history.versions.iter().map(|version| version.version).collect();
    assert_eq!(versions, wanted.versions.keys().copied().collect::<Vec<_>>(), "the versions of the history");
    for info in &history.versions {
        let version = &wanted.versions[&info.version];
        let (at, revision, note) = held.at(info.version).expect("it can be read");
        assert_eq!(&at, info, "both tell the same of a version");
        assert_eq!(note, version.note, "version {}", info.version);
        let told = Version {
            note,
            phase: info.phase,
            checkpoint: info.checkpoint.clone(),
            outcome: info.outcome.clone(),
            device: info.device.clone(),
            is_aside: info.is_aside,
            saved_at: info.saved_at.as_millis(),
            ..version.clone()
        };
        assert_eq!(&told, version, "version {}", info.version);
        assert_eq!(info.size, version.note.canonical().len() as u64);
        let known = player.state.draft(space, id).expect("it is there");
        assert_eq!(*known.ids.entry(info.version).or_insert(revision), revision, "a revision keeps its id");
        if let Some(author) = info.author {
            let tick = info.vector.get(author);
            let made = *player.ticks.entry((author, tick)).or_insert((id, info.version));
            assert_eq!(made, (id, info.version), "tick {tick} was handed out twice");
        }
    }
    lineage(&history, &wanted);
    conflict(&held, &wanted);
    for version in (0..=wanted.last + 1).filter(|version| !wanted.versions.contains_key(version)) {
        assert_eq!(held.at(version).expect_err("there is none").kind(), &wanted.no_version(version));
    }
}

/// A vector contains another one where the one text was made of the other, and nowhere else.
fn lineage(history: &History, wanted: &Draft) {
    for one in &history.versions {
        for other in &history.versions {
            let is_within = matches!(one.vector.compare(&other.vector), Causality::Before | Causality::Equal);
            let is_made_of = wanted.versions[&other.version].contains.contains(&one.version);
            // A merge is contained wherever the two are that it was made of.
            let is_merge = one.author.is_none();
            assert!(
                is_within == is_made_of || (is_within && is_merge),
                "{} in {}: {wanted:?}",
                one.version,
                other.version
            );
        }
    }
}

fn conflict(held: &HeldDraft, wanted: &Draft) {
    let seen = held.conflict().expect("it can be read");
    let Some(seen) = seen else {
        assert!(wanted.sides.is_empty(), "{:?} are in conflict", wanted.sides);
        return;
    };
    assert_eq!(seen.head, wanted.head);
    assert_eq!(
        seen.sides.iter().map(|side| side.0).collect::<BTreeSet<_>>(),
        wanted.sides,
        "the sides of the conflict"
    );
    for (side, base) in seen.sides {
        if let [common] = common(wanted, side)[..] {
            assert_eq!(base.as_ref(), Some(&wanted.versions[&common].note), "what {side} and the head have in common");
        }
    }
}

/// The versions that the head and a side were both made of, without those that others of them were made of.
fn common(draft: &Draft, side: u64) -> Vec<u64> {
    let both = &draft.now().contains & &draft.versions[&side].contains;
    let there: Vec<u64> = both.into_iter().filter(|version| draft.versions.contains_key(version)).collect();
    let is_below = |one: &u64, other: &u64| one != other && draft.versions[other].contains.contains(one);
    there.iter().copied().filter(|one| !there.iter().any(|other| is_below(one, other))).collect()
}

fn same_info(info: &DraftInfo, wanted: &Draft) {
    let now = wanted.now();
    assert_eq!((info.id, info.kind.as_str(), info.version), (wanted.id, KINDS[wanted.kind], wanted.head));
    assert_eq!(
        (&info.slot, info.generation),
        (&wanted.slot.clone().unzip().0, wanted.slot.as_ref().map(|slot| slot.1))
    );
    assert_eq!((info.phase, &info.outcome, info.promoted), (now.phase, &now.outcome, wanted.promoted_id));
    assert_eq!((&info.label, &info.device, info.schema), (&now.label, &now.device, 1));
    assert_eq!(info.conflicts, wanted.sides.len() as u64);
    let times = [info.created_at, info.saved_at, info.phase_since].map(draftkeep::clock::Timestamp::as_millis);
    assert_eq!(times, [wanted.created_at, now.saved_at, wanted.phase_since], "created, saved, in its phase since");
}

/// Some lists, page by page.
pub(crate) fn lists(player: &mut Player, space: usize, b: u8, c: u8) {
    let phases: Vec<Phase> =
        Phase::ALL.into_iter().enumerate().filter(|(at, _)| b >> at & 1 == 1).map(|(_, phase)| phase).collect();
    let kind = Some(usize::from(c % 4)).filter(|kind| *kind < KINDS.len());
    let prefix = match b >> 4 {
        0..=9 => None,
        10 => Some(&b""[..]),
        choice => Some(&KEYS[usize::from(choice) * 7 % KEYS.len()][..1]),
    };
    let limit = usize::from(c >> 2) % 7 + 1;
    let opened = player.spaces[space].as_ref().expect("it is open");
    let wanted = player.state.spaces[space].1.listed(kind, &phases, prefix);
    let mut filter = Filter::phases(phases.iter().copied()).limit(limit);
    if let Some(prefix) = prefix {
        filter = filter.slots_beginning_with(prefix);
    }
    let list = |filter: &Filter| -> Page {
        match kind {
            Some(kind) => player.drafts(space, kind).list(filter).expect("it can be read"),
            None => opened.list(filter).expect("it can be read"),
        }
    };
    let mut page = list(&filter);
    let mut listed = Vec::new();
    loop {
        for info in &page.drafts {
            same_info(info, &player.state.spaces[space].1.drafts[&info.id]);
        }
        listed.extend(page.drafts.iter().map(|info| info.id));
        let Some(next) = page.next else { break };
        assert_eq!(page.drafts.len(), limit, "only the last page may be short");
        page = list(&filter.clone().after(next));
        assert!(!page.drafts.is_empty(), "a page was promised");
    }
    assert_eq!(listed, wanted, "the list of {phases:?} of kind {kind:?} with {prefix:?} in pages of {limit}");
    let latest = [Phase::Promoted, Phase::Open]
        .into_iter()
        .find_map(|phase| player.state.spaces[space].1.listed(None, &[phase], None).first().copied());
    assert_eq!(opened.latest().expect("it can be read").map(|info| info.id), latest, "what was somebody doing last");
}

fn slots(player: &Player, space: usize) {
    let model = &player.state.spaces[space].1;
    for kind in 0..KINDS.len() {
        let drafts = player.drafts(space, kind);
        for key in KEYS {
            assert_eq!(drafts.resume(key).expect("it can be read"), model.current(kind, key), "slot {key:?}");
            let ids = model.generations.get(&(kind, key.to_vec())).cloned().unwrap_or_default();
            let wanted: Vec<DraftId> = ids.into_iter().rev().filter(|id| model.drafts.contains_key(id)).collect();
            let found = drafts.generations(key).expect("they can be read");
            assert_eq!(found.iter().map(|info| info.id).collect::<Vec<_>>(), wanted, "the drafts of slot {key:?}");
        }
        let empty = drafts.resume(b"").expect_err("a slot has a name");
        assert!(matches!(empty.kind(), ErrorKind::Name { .. }));
    }
}

/// What is not there, or is of another kind or space, is not found.
fn absent(player: &Player, space: usize) {
    for (other, (_, model)) in player.state.spaces.iter().enumerate() {
        for (id, draft) in &model.drafts {
            for kind in 0..KINDS.len() {
                let found = player.drafts(space, kind).get(*id).expect("it can be read").is_some();
                assert_eq!(found, space == other && kind == draft.kind);
            }
        }
        for id in model.purged.iter().chain(model.erased.keys()) {
            assert!(
                (0..KINDS.len()).all(|kind| player.drafts(space, kind).get(*id).expect("it can be read").is_none())
            );
        }
        let held = player.spaces[space].as_ref().expect("it is open");
        for id in model.drafts.keys().chain(&model.purged).chain(model.erased.keys()) {
            let found =
                held.erasure(*id).expect("it can be read").map(|found| (found.draft, found.at.as_millis(), found.owed));
            let at = (space == other).then(|| model.erased.get(id)).flatten();
            assert_eq!(found, at.map(|at| (*id, *at, false)), "whether {id} is erased");
        }
    }
}

/// A draft that was purged or erased.
pub(crate) fn gone(held: &HeldDraft, wanted: &ErrorKind) {
    let is_erased = *wanted == ErrorKind::Erased { draft: held.id() };
    if is_erased {
        let again = held.erase().expect("it is erased already");
        assert_eq!((again.drafts, again.versions), (Vec::new(), 0), "nothing is erased twice");
    }
    assert_eq!(held.info().expect_err("it is gone").kind(), wanted);
    assert_eq!(held.load().expect_err("it is gone").kind(), wanted);
    assert_eq!(held.history().expect_err("it is gone").kind(), wanted);
    assert_eq!(held.at(1).expect_err("it is gone").kind(), wanted);
    assert_eq!(held.checkpoint("too late").expect_err("it is gone").kind(), wanted);
    assert_eq!(held.archive().expect_err("it is gone").kind(), wanted);
    assert_eq!(held.purge().expect_err("it is gone").kind(), wanted);
    assert_eq!(held.pins().expect_err("it is gone").kind(), wanted);
}

/// Retention may have dropped versions: none that it must keep, and all that it must drop where all was packed.
pub(crate) fn after_tending(player: &mut Player, is_all: bool) {
    if player.setting.keep == Keep::All {
        return;
    }
    let (keep, now) = (player.setting.keep, player.state.now);
    for space in (0..player.spaces.len()).filter(|space| player.spaces[*space].is_some()).collect::<Vec<_>>() {
        let ids: Vec<DraftId> = player.state.spaces[space].1.drafts.keys().copied().collect();
        for id in ids {
            let history = player.draft(space, id).history().expect("it can be read");
            let kept: BTreeSet<u64> = history.versions.iter().map(|version| version.version).collect();
            let draft = player.state.draft(space, id).expect("it is there");
            let bases: BTreeSet<u64> = draft.sides.iter().flat_map(|side| common(draft, *side)).collect();
            let protected = |version: &u64| {
                let is_named = draft.versions[version].checkpoint.is_some();
                let is_in_conflict = draft.sides.contains(version) || bases.contains(version);
                *version == draft.head
                    || is_named
                    || is_in_conflict
                    || draft.pins.contains(version)
                    || draft.promoted == Some(*version)
            };
            let dropped: BTreeSet<u64> =
                draft.versions.keys().copied().filter(|version| !kept.contains(version)).collect();
            assert!(kept.iter().all(|version| draft.versions.contains_key(version)), "a version came from nowhere");
            assert!(!dropped.iter().any(protected), "{dropped:?} of {draft:?}");
            match keep {
                Keep::Last(count) => {
                    let last: Vec<u64> = draft.versions.keys().rev().take(count as usize).copied().collect();
                    assert!(last.iter().all(|version| kept.contains(version)), "the last {count} stay: {dropped:?}");
                    let may_stay = |version: &u64| {
                        last.contains(version)
                            || protected(version)
                            || *version == 1
                            || draft.versions[version].phase != Phase::Open
                    };
                    // A text beside the head keeps the run that it belongs to from being packed.
                    assert!(
                        !is_all
                            || draft.last != draft.head
                            || kept.iter().all(|v| may_stay(v) || was_promoted(draft, *v))
                    );
                }
                _ => assert!(dropped.iter().all(|version| is_thinned(draft, *version, &kept, now)), "{dropped:?}"),
            }
            draft.versions.retain(|version, _| kept.contains(version));
            if !dropped.is_empty() {
                *player.state.space(space).thinned.entry(id).or_default() += dropped.len() as u64;
            }
        }
    }
}

/// Whether a version right after it entered a phase: it was promoted once, though another has been since.
fn was_promoted(draft: &Draft, version: u64) -> bool {
    draft
        .versions
        .range(version + 1..)
        .find(|(_, next)| !next.is_aside)
        .is_some_and(|(_, next)| next.phase != Phase::Open)
}

/// Old enough to be thinned, and with a neighbour that stays in its stead.
fn is_thinned(draft: &Draft, version: u64, kept: &BTreeSet<u64>, now: u64) -> bool {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600).as_millis() as u64;
    let saved_at = draft.versions[&version].saved_at;
    let age = now.saturating_sub(saved_at);
    let step = match age {
        age if age < hours(1) => return false,
        age if age < hours(24) => hours(1),
        age if age < hours(24 * 30) => hours(24),
        _ => hours(24 * 30),
    };
    kept.iter().any(|kept| draft.versions[kept].saved_at.abs_diff(saved_at) < step)
}
