//! The phases of a draft's life.

use crate::id::RevisionId;
use std::fmt;

/// Where a draft is in its life.
///
/// ```text
/// Open ──promote──▶ Promoted ──archive──▶ Archived ──reopen──▶ Open
/// Open ──archive──▶ Archived
/// Open, Promoted, Archived ──discard──▶ Discarded ──recover──▶ (what it was)
///                                       Discarded ──purge──▶ gone
/// ```
///
/// A promoted draft takes saves and needs no reopening; to make it open again, archive it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Being written.
    Open,
    /// Became something (its outcome), and can still be saved.
    Promoted,
    /// Kept as it is until it is removed; has to be reopened before it can be saved.
    Archived,
    /// In the trash: can come back until it is purged.
    Discarded,
}

impl Phase {
    /// All phases, in the order of a draft's life.
    pub const ALL: [Self; 4] = [Self::Open, Self::Promoted, Self::Archived, Self::Discarded];

    /// Whether a draft in this phase takes saves.
    #[must_use]
    pub const fn takes_saves(self) -> bool {
        matches!(self, Self::Open | Self::Promoted)
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Promoted => 1,
            Self::Archived => 2,
            Self::Discarded => 3,
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| u64::from(phase.number()) == number)
    }
}

/// Where a draft is in its life, with what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) phase: Phase,
    /// The revision that was promoted, and what it became.
    pub(crate) promoted: Option<RevisionId>,
    pub(crate) outcome: Option<String>,
    pub(crate) discarded_from: Option<Phase>,
}

/// One of two sides that went on from a common stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Went<'s> {
    pub(crate) to: &'s Stage,
    /// Its document was changed, too.
    pub(crate) edited: bool,
}

/// The stage of a draft that went two ways; `None` where only a person can say: it became two different things.
///
/// | one side | the other one | together |
/// |---|---|---|
/// | nothing | anything, unless the first was edited | the other |
/// | edited | discarded | open, or promoted where it was |
/// | edited | archived | archived, with the edit in it |
/// | edited | promoted | promoted; the edit is a change since |
/// | promoted | promoted as something else | a conflict |
/// | promoted | archived, discarded, reopened | promoted, but archived where it was archived |
/// | discarded | archived | archived |
/// | discarded | reopened | open |
pub(crate) fn merge(base: Option<&Stage>, ours: Went<'_>, theirs: Went<'_>) -> Option<Stage> {
    if ours.to.outcome.is_some() && theirs.to.outcome.is_some() && ours.to.outcome != theirs.to.outcome {
        let is_base = |stage: &Stage| base.is_some_and(|base| base.outcome == stage.outcome);
        if !is_base(ours.to) && !is_base(theirs.to) {
            return None;
        }
    }
    let changed = |went: Went<'_>| base.is_none_or(|base| base != went.to);
    let (one, other) = match (changed(ours), changed(theirs)) {
        _ if ours.to == theirs.to => return Some(ours.to.clone()),
        (false, false) => return Some(ours.to.clone()),
        (true, false) => (ours, theirs),
        (false, true) => (theirs, ours),
        (true, true) => return Some(both(base, ours.to, theirs.to)),
    };
    // Only `one` changed the stage. An edit beside it is not to go into the trash unseen.
    if one.to.phase == Phase::Discarded && other.edited {
        return Some(other.to.clone());
    }
    Some(one.to.clone())
}

/// The stage of a draft whose conflict a person settled with one of its sides: as of two that both changed it, and the head's
/// outcome where they became two different things, since the person was shown the head.
pub(crate) fn settled(head: &Stage, side: &Stage) -> Stage {
    let joined = both(None, head, side);
    if head.outcome.is_some() && side.outcome.is_some() {
        return Stage { promoted: head.promoted, outcome: head.outcome.clone(), ..joined };
    }
    joined
}

/// Both sides changed the stage.
fn both(base: Option<&Stage>, ours: &Stage, theirs: &Stage) -> Stage {
    // What is kept longest wins: nothing that somebody wanted to have goes into the trash. Of an archived draft that one
    // reopened, opening is what was wanted last.
    let was_archived = base.is_some_and(|base| base.phase == Phase::Archived);
    let rank = |stage: &Stage| match stage.phase {
        Phase::Discarded => 0,
        Phase::Archived if was_archived => 1,
        Phase::Open => 2,
        Phase::Promoted => 3,
        Phase::Archived => 4,
    };
    // Where that says nothing, any order will do that both sides see alike.
    let order = |stage: &Stage| (rank(stage), stage.promoted, stage.outcome.clone(), stage.discarded_from);
    let (kept, other) = if order(ours) >= order(theirs) { (ours, theirs) } else { (theirs, ours) };
    let is_new = |stage: &Stage| stage.outcome.is_some() && base.is_none_or(|base| base.outcome != stage.outcome);
    // A promotion stays known, whatever else was done.
    let promotion = if is_new(other) && !is_new(kept) { other } else { kept };
    let (promoted, outcome) = (promotion.promoted, promotion.outcome.clone());
    let discarded_from = if kept.phase == Phase::Discarded { kept.discarded_from } else { None };
    Stage { phase: kept.phase, promoted, outcome, discarded_from }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Promoted => "promoted",
            Self::Archived => "archived",
            Self::Discarded => "discarded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(phase: Phase, outcome: Option<&str>) -> Stage {
        let discarded_from = (phase == Phase::Discarded).then_some(Phase::Open);
        let promoted = outcome.map(|_| RevisionId::from_bytes([1; 32]));
        Stage { phase, promoted, outcome: outcome.map(str::to_owned), discarded_from }
    }

    fn stages() -> Vec<Stage> {
        let mut all = Vec::new();
        for phase in Phase::ALL {
            all.extend([None, Some("page"), Some("post")].map(|outcome| stage(phase, outcome)));
        }
        all
    }

    #[test]
    fn every_pair_is_merged_alike_from_both_sides_and_no_edit_goes_into_the_trash_unseen() {
        for base in stages().iter().map(Some).chain([None]) {
            for ours in &stages() {
                for theirs in &stages() {
                    for edits in 0..4 {
                        let went =
                            (Went { to: ours, edited: edits & 1 != 0 }, Went { to: theirs, edited: edits & 2 != 0 });
                        let merged = merge(base, went.0, went.1);
                        assert_eq!(merged, merge(base, went.1, went.0));
                        let Some(merged) = merged else {
                            assert!(
                                ours.outcome.is_some() && theirs.outcome.is_some() && ours.outcome != theirs.outcome
                            );
                            continue;
                        };
                        if ours == theirs {
                            assert_eq!(merged, *ours);
                        }
                        if merged.phase == Phase::Discarded {
                            let threw_away = |went: Went<'_>| went.to.phase == Phase::Discarded;
                            assert!(threw_away(went.0) || threw_away(went.1));
                            // Whoever did not throw it away did not edit it either, unless it was in the trash before.
                            for went in [went.0, went.1] {
                                let was = base.is_some_and(|base| base == went.to);
                                assert!(threw_away(went) || !went.edited || !was, "{base:?} {ours:?} {theirs:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_table_holds() {
        let merged = |base: &Stage, ours: (&Stage, bool), theirs: (&Stage, bool)| {
            let went = |(to, edited)| Went { to, edited };
            merge(Some(base), went(ours), went(theirs)).map(|stage| stage.phase)
        };
        let [open, promoted, archived, discarded] =
            [Phase::Open, Phase::Promoted, Phase::Archived, Phase::Discarded].map(|phase| stage(phase, None));
        let (page, post) = (stage(Phase::Promoted, Some("page")), stage(Phase::Promoted, Some("post")));
        assert_eq!(merged(&open, (&open, true), (&discarded, false)), Some(Phase::Open));
        assert_eq!(merged(&open, (&open, false), (&discarded, false)), Some(Phase::Discarded));
        assert_eq!(merged(&open, (&open, true), (&archived, false)), Some(Phase::Archived));
        assert_eq!(merged(&open, (&open, true), (&promoted, false)), Some(Phase::Promoted));
        assert_eq!(merged(&open, (&page, false), (&post, false)), None);
        assert_eq!(merged(&open, (&page, false), (&discarded, false)), Some(Phase::Promoted));
        assert_eq!(merged(&open, (&archived, false), (&discarded, false)), Some(Phase::Archived));
        assert_eq!(merged(&archived, (&open, true), (&discarded, false)), Some(Phase::Open));
    }
}
