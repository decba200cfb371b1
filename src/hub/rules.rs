//! The one rule: what becomes of a pushed revision.

use crate::fault;
use crate::id::RevisionId;
use crate::transport::{FORKS_MAX, Standing, Target};

/// What a hub has of a draft, as far as the rule asks.
///
/// The default is a draft of which the hub has nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// The accepted state.
    pub main: Option<RevisionId>,
    /// Copies in conflict, in the order in which they came; none of them twice.
    pub forks: Vec<RevisionId>,
}

/// What the rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The hub has it, as this: the push was carried out before. Nothing changes.
    Known(Standing),
    /// It becomes the main. The main contains it from now on, and all that it contains.
    Main {
        /// The forks that are left.
        forks: Vec<RevisionId>,
    },
    /// It is kept beside the main. What the main contains does not change.
    Fork {
        /// The forks from now on, it among them.
        forks: Vec<RevisionId>,
    },
    /// The device knew another row. Nothing changes.
    Conflict,
    /// There are as many forks as there may be. Nothing changes.
    ForksFull,
}

/// Decides a push: pure, and the same in every hub. A hub only stores, and lets one push of a draft in at a time.
///
/// `is_contained` tells whether the main contains the pushed revision, or is it.
///
/// | the pushed revision | decision |
/// |---|---|
/// | the main contains it | [`Known`](Decision::Known) as main |
/// | is a fork | `Known` as fork: a fork never becomes the main |
/// | is to be the main, and expects the main that is there, or none where none is | [`Main`](Decision::Main): the forks that it contains go |
/// | is to be a fork, and there is a main | [`Fork`](Decision::Fork): the forks that it contains go, it comes last; [`ForksFull`](Decision::ForksFull) beyond [`FORKS_MAX`] |
/// | any other | [`Conflict`](Decision::Conflict) |
///
/// ```
/// use draftkeep::RevisionId;
/// use draftkeep::hub::{Decision, Held, decide};
/// use draftkeep::transport::Target;
///
/// let (first, second) = (RevisionId::from_bytes([1; 32]), RevisionId::from_bytes([2; 32]));
/// let held = Held { main: Some(first), forks: Vec::new() };
/// let expects = |expects| decide(&held, false, second, &[first], Target::Main { expects });
/// assert_eq!(expects(Some(first)), Decision::Main { forks: Vec::new() });
/// assert_eq!(expects(None), Decision::Conflict);
/// ```
#[must_use]
pub fn decide(
    held: &Held,
    is_contained: bool,
    revision: RevisionId,
    contains: &[RevisionId],
    target: Target,
) -> Decision {
    if is_contained {
        return Decision::Known(Standing::Main);
    }
    if held.forks.contains(&revision) && !(fault::on("hub-makes-a-fork-the-main") && target != Target::Fork) {
        return Decision::Known(Standing::Fork);
    }
    let left = || held.forks.iter().copied().filter(|fork| !contains.contains(fork)).collect::<Vec<_>>();
    match target {
        Target::Main { expects } if expects == held.main || fault::on("hub-ignores-expects") => {
            Decision::Main { forks: if fault::on("hub-keeps-settled-forks") { held.forks.clone() } else { left() } }
        }
        Target::Fork if held.main.is_some() => {
            let mut forks = left();
            if forks.len() >= FORKS_MAX && !fault::on("hub-takes-any-number-of-forks") {
                return Decision::ForksFull;
            }
            forks.push(revision);
            Decision::Fork { forks }
        }
        Target::Main { .. } | Target::Fork => Decision::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const IDS: u8 = 4;

    fn id(number: u8) -> RevisionId {
        RevisionId::from_bytes([number; 32])
    }

    fn subset(bits: u32) -> Vec<u8> {
        (0..IDS).filter(|number| bits & 1 << number != 0).collect()
    }

    /// All arrangements of some of the ids.
    fn arrangements() -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut from = 0;
        while from < all.len() {
            let shorter: Vec<u8> = all[from].clone();
            all.extend((0..IDS).filter(|next| !shorter.contains(next)).map(|next| [&shorter[..], &[next]].concat()));
            from += 1;
        }
        all
    }

    /// A hub's row as the protocol describes it, with sets, and the rule in the words of its table.
    #[derive(Clone, PartialEq, Debug)]
    struct Model {
        main: Option<u8>,
        contained: BTreeSet<u8>,
        forks: Vec<u8>,
    }

    #[derive(PartialEq, Debug)]
    enum Answer {
        AcceptedAsMain,
        AcceptedAsFork,
        Conflict,
    }

    impl Model {
        fn push(&mut self, revision: u8, contains: &[u8], target: Target) -> Answer {
            let as_main = self.contained.contains(&revision);
            let as_fork = self.forks.contains(&revision);
            if as_main || as_fork {
                return if as_main { Answer::AcceptedAsMain } else { Answer::AcceptedAsFork };
            }
            if let Target::Main { expects } = target {
                if expects != self.main.map(id) {
                    return Answer::Conflict;
                }
                self.main = Some(revision);
                self.contained.insert(revision);
                self.contained.extend(contains);
            } else if self.main.is_none() {
                return Answer::Conflict;
            }
            let mut left = Vec::new();
            for fork in std::mem::take(&mut self.forks) {
                if !contains.contains(&fork) {
                    left.push(fork);
                }
            }
            self.forks = left;
            if target == Target::Fork {
                self.forks.push(revision);
                return Answer::AcceptedAsFork;
            }
            Answer::AcceptedAsMain
        }
    }

    /// Every row over four ids, whether a hub can come to it or not, times every push.
    #[test]
    fn every_small_row_and_every_push_is_decided_as_the_protocol_says() {
        let mut cases = 0;
        for main in [None, Some(0), Some(1), Some(2), Some(3)] {
            for contained in (0..1 << IDS).map(subset).filter(|ids| main.is_none_or(|main| ids.contains(&main))) {
                for forks in arrangements() {
                    let before = Model { main, contained: contained.iter().copied().collect(), forks: forks.clone() };
                    for revision in 0..IDS {
                        for contains in (0..1 << IDS).map(subset) {
                            let mains = (0..=IDS).map(|n| Target::Main { expects: n.checked_sub(1).map(id) });
                            for target in mains.chain([Target::Fork]) {
                                check(&before, revision, &contains, target);
                                cases += 1;
                            }
                        }
                    }
                }
            }
        }
        assert!(cases > 500_000, "{cases}");
    }

    fn check(before: &Model, revision: u8, contains: &[u8], target: Target) {
        let held = Held { main: before.main.map(id), forks: before.forks.iter().copied().map(id).collect() };
        let ids: Vec<RevisionId> = contains.iter().copied().map(id).collect();
        let decision = decide(&held, before.contained.contains(&revision), id(revision), &ids, target);
        let mut after = before.clone();
        let answer = after.push(revision, contains, target);
        let forks: Vec<RevisionId> = after.forks.iter().copied().map(id).collect();
        let expected = match answer {
            Answer::Conflict => Decision::Conflict,
            Answer::AcceptedAsMain if after == *before => Decision::Known(Standing::Main),
            Answer::AcceptedAsFork if after == *before => Decision::Known(Standing::Fork),
            Answer::AcceptedAsMain => Decision::Main { forks },
            Answer::AcceptedAsFork => Decision::Fork { forks },
        };
        assert_eq!(decision, expected, "{before:?}, {revision}, {contains:?}, {target:?}");
    }

    #[test]
    fn there_are_at_most_sixty_four_forks_and_settling_some_makes_room() {
        let number = |n: usize| id(u8::try_from(n).expect("it is small"));
        let full = Held { main: Some(id(200)), forks: (0..FORKS_MAX).map(number).collect() };
        let push = |contains: &[RevisionId], target| decide(&full, false, id(201), contains, target);
        assert_eq!(push(&[], Target::Fork), Decision::ForksFull);
        assert!(matches!(push(&[id(3)], Target::Fork), Decision::Fork { forks } if forks.len() == FORKS_MAX));
        assert!(matches!(push(&[], Target::Main { expects: Some(id(200)) }), Decision::Main { .. }));
        let one_less = Held { forks: full.forks[1..].to_vec(), ..full.clone() };
        assert!(matches!(decide(&one_less, false, id(201), &[], Target::Fork), Decision::Fork { .. }));
    }
}
