//! What becomes of a draft when the hub said something of it: decided here, over ids alone, carried out elsewhere.
//!
//! | the hub's main | this device's head | decided |
//! |---|---|---|
//! | contains the head, or there is none | – | the main takes its place |
//! | is in the head | is not a fork | nothing new; the head is owed |
//! | is in the head | is one of the hub's forks | the head is written once more, so that it can become main |
//! | is the head | contains one of the hub's forks | the same, so that the fork goes |
//! | neither | – | both are joined, over what both contain |
//!
//! Whatever it is, forks of others that neither the head nor the main contains are kept as sides of the conflict, and
//! sides that the main contains are let go.

use crate::fault;
use crate::id::RevisionId;
use std::collections::{BTreeMap, BTreeSet};

/// What this device and the hub have of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) head: Option<RevisionId>,
    /// What the head contains; itself, too, where it was sent.
    pub(super) contains: BTreeSet<RevisionId>,
    /// What only sides contain, without themselves.
    pub(super) beside: BTreeSet<RevisionId>,
    /// The sides of the open conflict.
    pub(super) sides: Vec<RevisionId>,
    /// What the head and a side parted from, with that side.
    pub(super) partings: Vec<(RevisionId, RevisionId)>,
    /// The hub's main and forks.
    pub(super) main: RevisionId,
    pub(super) forks: Vec<RevisionId>,
    /// What the hub had as forks, and has within others by now.
    pub(super) gone: Vec<RevisionId>,
    /// For ids that the hub was asked about: whether its main contains them.
    pub(super) in_main: BTreeMap<RevisionId, bool>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask the hub which of these its main contains, and decide anew.
    Ask(Vec<RevisionId>),
    Do(Plan),
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) becomes: Move,
    /// Forks of others that become sides.
    pub(super) hold: Vec<RevisionId>,
    /// Sides that the main contains.
    pub(super) release: Vec<RevisionId>,
    /// Sides that a fork contains.
    pub(super) within: Vec<RevisionId>,
    /// Revisions of ours that the main contains.
    pub(super) shared: Vec<RevisionId>,
    /// The hub lacks a side that stays.
    pub(super) owes_sides: bool,
}

impl Plan {
    /// The same, with the main as a side beside the head, which stays: where the main cannot be read here.
    pub(super) fn beside(mut self, main: RevisionId) -> Self {
        self.hold.push(main);
        let (release, within, shared) = (Vec::new(), Vec::new(), Vec::new());
        Self { becomes: Move::Stay { owed: true }, release, within, shared, ..self }
    }
}

/// What becomes of the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    Stay { owed: bool },
    Renew,
    Adopt,
    Join { common: Vec<RevisionId> },
}

/// Decides on what the hub said of one draft.
pub(super) fn decide(known: &Known) -> Next {
    let asked = |id: RevisionId| if id == known.main { Some(true) } else { known.in_main.get(&id).copied() };
    // The hub need not know it: it was perhaps never pushed for itself.
    let parted_from =
        |id: RevisionId| known.partings.iter().any(|(base, side)| *base == id && asked(*side) == Some(true));
    let in_main = |id: RevisionId| asked(id).map(|is_in| is_in || parted_from(id));
    let ours: BTreeSet<RevisionId> = known.contains.iter().copied().chain(known.head).collect();
    // A fork is never in main: the hub's own rule.
    let is_fork = |id: &RevisionId| known.forks.contains(id);
    let unknown: BTreeSet<RevisionId> =
        ours.iter().chain(&known.sides).copied().filter(|id| !is_fork(id) && in_main(*id).is_none()).collect();
    if !unknown.is_empty() {
        return Next::Ask(unknown.into_iter().collect());
    }
    let is_in_main = |id: &RevisionId| !is_fork(id) && in_main(*id) == Some(true);
    let shared: Vec<RevisionId> = ours.iter().copied().filter(is_in_main).collect();
    let has_fork_of_ours = known.forks.iter().any(|fork| known.contains.contains(fork));
    let becomes = match known.head {
        None => Move::Adopt,
        Some(head) if head == known.main && has_fork_of_ours && !fault::on("own-fork-left-to-others") => Move::Renew,
        Some(head) if is_in_main(&head) && !fault::on("contained-head-not-seen") => Move::Adopt,
        Some(head) if ours.contains(&known.main) => {
            if is_fork(&head) && !fault::on("fork-never-renewed") {
                Move::Renew
            } else {
                Move::Stay { owed: true }
            }
        }
        Some(_) => Move::Join { common: shared.clone() },
    };
    let (release, kept): (Vec<RevisionId>, Vec<RevisionId>) = known.sides.iter().copied().partition(is_in_main);
    // A main that is a side stays one as long as it is in conflict: whoever joins it anew finds out.
    let is_joined = !matches!(becomes, Move::Join { .. });
    let (release, kept) = if is_joined {
        (release, kept)
    } else {
        let (mains, release): (Vec<_>, Vec<_>) = release.into_iter().partition(|id| *id == known.main);
        (release, [kept, mains].concat())
    };
    let is_here = |id: &RevisionId| ours.contains(id) || known.beside.contains(id) || known.sides.contains(id);
    let hold = known.forks.iter().copied().filter(|fork| !is_here(fork)).collect();
    let is_within = |id: &RevisionId| {
        known.gone.contains(id) && !is_fork(id) && *id != known.main && !fault::on("fork-within-another-sent-again")
    };
    let (within, kept): (Vec<RevisionId>, Vec<RevisionId>) = kept.into_iter().partition(is_within);
    let owes_sides = kept.iter().any(|side| !is_fork(side) && *side != known.main);
    Next::Do(Plan { becomes, hold, release, within, shared, owes_sides })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> RevisionId {
        RevisionId::from_bytes([number; 32])
    }

    /// Every state over four ids: what the head, a side, and the hub's main contain, which are forks, and which were.
    fn every(mut visit: impl FnMut(Known)) {
        let ids: Vec<RevisionId> = (0..4).map(id).collect();
        let some = |mask: usize| ids.iter().enumerate().filter(move |(at, _)| mask >> at & 1 != 0).map(|(_, id)| *id);
        for head in [None, Some(ids[0]), Some(ids[1])] {
            for contains in 0..16 {
                for sides in 0..16 {
                    for main in 0..4 {
                        for in_main in 0..16_usize {
                            for forks in 0..16 {
                                let is_possible = in_main >> main & 1 != 0
                                    && in_main & forks == 0
                                    && contains & sides == 0
                                    && !head.is_some_and(|head| some(contains | sides).any(|id| id == head))
                                    && (head.is_some() || contains | sides == 0);
                                if !is_possible {
                                    continue;
                                }
                                let in_main = ids.iter().enumerate().map(|(at, id)| (*id, in_main >> at & 1 != 0));
                                let state = Known {
                                    head,
                                    contains: some(contains).collect(),
                                    beside: BTreeSet::new(),
                                    sides: some(sides).collect(),
                                    partings: Vec::new(),
                                    main: ids[main],
                                    forks: some(forks).collect(),
                                    gone: Vec::new(),
                                    in_main: in_main.collect(),
                                };
                                for gone in (0..16).filter(|gone| gone & forks == 0) {
                                    visit(Known { gone: some(gone).collect(), ..state.clone() });
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// What every decision has to keep, said without its help.
    #[test]
    fn every_small_state_keeps_what_somebody_wrote() {
        let mut count = 0;
        every(|known| {
            count += 1;
            let Next::Do(plan) = decide(&known) else { panic!("all is known: {known:?}") };
            let main_has = |id: &RevisionId| known.in_main[id];
            // After it, everything that was here or on the hub is still in the head, in a side, or on the hub.
            let mut here: BTreeSet<RevisionId> = known.sides.iter().copied().collect();
            here.retain(|side| !plan.release.contains(side) && !plan.within.contains(side));
            here.extend(&plan.hold);
            for side in &known.sides {
                let is_on_hub = main_has(side) || known.gone.contains(side);
                assert!(here.contains(side) || is_on_hub, "a side is let go: {known:?} {plan:?}");
            }
            for fork in &known.forks {
                let in_head = known.head == Some(*fork) || known.contains.contains(fork);
                assert!(here.contains(fork) || in_head, "a fork of others is not kept: {known:?} {plan:?}");
            }
            match &plan.becomes {
                Move::Adopt => {
                    assert!(known.head.is_none_or(|head| main_has(&head)), "a text is replaced: {known:?}");
                    let is_main = known.head == Some(known.main);
                    let of_ours = known.forks.iter().any(|fork| known.contains.contains(fork));
                    assert!(!is_main || !of_ours, "a fork of ours stays open for all others: {known:?}");
                }
                Move::Renew if known.head == Some(known.main) => {
                    assert!(known.forks.iter().any(|fork| known.contains.contains(fork)), "for nothing: {known:?}");
                }
                Move::Stay { .. } | Move::Renew => {
                    let head = known.head.expect("there is one");
                    assert!(
                        head == known.main || known.contains.contains(&known.main),
                        "a main is passed over: {known:?}"
                    );
                    assert!(!main_has(&head));
                    let is_stuck = plan.becomes == Move::Stay { owed: true } && known.forks.contains(&head);
                    assert!(!is_stuck, "a fork never becomes main: {known:?}");
                }
                Move::Join { common } => {
                    let head = known.head.expect("there is one");
                    assert!(!main_has(&head) && !known.contains.contains(&known.main));
                    assert!(
                        common.iter().all(|id| main_has(id) && known.contains.contains(id)),
                        "no base of both: {known:?}"
                    );
                    let all = known.contains.iter().filter(|id| main_has(id)).count();
                    assert_eq!(common.len(), all, "a base is left out: {known:?}");
                }
            }
            let is_on_hub = |id: &RevisionId| known.forks.contains(id) || *id == known.main;
            let is_let_go = |id: &RevisionId| plan.release.contains(id) || plan.within.contains(id);
            let lacking = known.sides.iter().any(|side| !is_let_go(side) && !is_on_hub(side));
            assert_eq!(plan.owes_sides, lacking, "{known:?}");
        });
        assert_eq!(count, 55_000);
    }

    #[test]
    fn what_is_not_known_is_asked_and_nothing_else() {
        every(|known| {
            let asked = Known { in_main: BTreeMap::new(), ..known.clone() };
            let ours: BTreeSet<RevisionId> =
                known.contains.iter().chain(&known.head).chain(&known.sides).copied().collect();
            let open: Vec<RevisionId> =
                ours.into_iter().filter(|id| *id != known.main && !known.forks.contains(id)).collect();
            match decide(&asked) {
                Next::Ask(ids) => assert_eq!(ids, open),
                Next::Do(_) => assert!(open.is_empty()),
            }
        });
    }
}
