//! One lie with what has to come of it, and the small parts that lies are made of.

use crate::forge::Forged;
use crate::liar::{Lie, Told, Turn};
use draftkeep::transport::{Answer, Ask, Main, Outcome, Page, Push, Reply, Revision, Row};
use draftkeep::{DraftId, RevisionId};

/// A scripted lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Behaviour {
    pub(crate) name: &'static str,
    pub(crate) lie: Lie,
    pub(crate) tells: Tells,
    pub(crate) lasts: Lasts,
}

/// How long something of it stays after the hub began to tell the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// For some cycles.
    No,
    /// Until somebody asks the device to learn all anew: nothing tells it that what it was told was not so.
    UntilRelearnt,
    /// For good: what was typed last stays in this device's history alone, or what a hub made up stands in the way of a draft.
    ForGood,
}

/// How the device it is told to shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tells {
    /// An error, a reason why something waits, or one of `resynced`, `conflict`, `received`, `merged`, which has this in it.
    Says(&'static str),
    /// Not at all: nothing that a device knows is against it.
    Nothing,
}

impl Behaviour {
    pub(crate) const fn says(name: &'static str, lie: Lie, what: &'static str) -> Self {
        Self { name, lie, tells: Tells::Says(what), lasts: Lasts::No }
    }

    pub(crate) const fn unseen(name: &'static str, lie: Lie) -> Self {
        Self { name, lie, tells: Tells::Nothing, lasts: Lasts::No }
    }

    pub(crate) const fn lasting(self) -> Self {
        Self { lasts: Lasts::UntilRelearnt, ..self }
    }

    pub(crate) const fn for_good(self) -> Self {
        Self { lasts: Lasts::ForGood, ..self }
    }
}

/// The truth with another reply.
pub(crate) fn replied(turn: &mut Turn<'_>, change: impl FnOnce(&mut Reply)) -> Told {
    let mut answer = turn.truth();
    change(&mut answer.reply);
    Ok(answer)
}

/// The truth, where it is a page with another page.
pub(crate) fn paged(turn: &mut Turn<'_>, change: impl FnOnce(&mut Page)) -> Told {
    replied(turn, |reply| {
        if let Reply::Page(page) = reply {
            change(page);
        }
    })
}

/// The truth with other rows in pages.
pub(crate) fn rowed(turn: &mut Turn<'_>, mut change: impl FnMut(&mut Row)) -> Told {
    paged(turn, |page| page.rows.iter_mut().for_each(&mut change))
}

/// The truth with other outcomes, where the push was carried out.
pub(crate) fn pushed(turn: &mut Turn<'_>, change: impl FnOnce(&mut Vec<Outcome>)) -> Told {
    replied(turn, |reply| {
        if let Reply::Pushed(outcomes) = reply {
            change(outcomes);
        }
    })
}

/// Outcomes for pushes that are not carried out; everything else is the truth.
pub(crate) fn unkept(turn: &mut Turn<'_>, outcome: impl Fn(&Push) -> Outcome) -> Told {
    let Ask::Push { pushes } = &turn.request.ask else { return Ok(turn.truth()) };
    Ok(turn.only(Reply::Pushed(pushes.iter().map(outcome).collect())))
}

/// What the hub has of a draft.
pub(crate) fn row_of(turn: &Turn<'_>, draft: DraftId) -> Option<Row> {
    let answer = turn.instead(Ask::Pull { after: 0, limit: 1_000 });
    let Reply::Page(page) = answer.reply else { return None };
    page.rows.into_iter().find(|row| row.draft == draft)
}

/// The truth with other bodies under the same ids, wherever revisions come.
pub(crate) fn bodied(turn: &mut Turn<'_>, change: impl Fn(&Revision) -> Option<Revision>) -> Told {
    let change = |revision: &mut Revision| *revision = change(revision).unwrap_or_else(|| revision.clone());
    replied(turn, |reply| match reply {
        Reply::Page(page) => page.rows.iter_mut().filter_map(|row| row.main.revision.as_mut()).for_each(change),
        Reply::Revisions { revisions, .. } => revisions.iter_mut().for_each(change),
        _ => {}
    })
}

/// What a made-up main is said to contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contains {
    Everything,
    Nothing,
}

/// Every main is one that nobody wrote, wherever the hub speaks of it; what is pushed goes to the real hub.
pub(crate) fn invented(turn: &mut Turn<'_>, contains: Contains, change: impl Fn(&mut Forged)) -> Told {
    let mut answer = turn.truth();
    let invent = |row: &mut Row| {
        let Some(written) = &row.main.revision else { return };
        let mut forged = Forged::like(written);
        change(&mut forged);
        let forged = forged.close();
        turn.memory.mains.insert(row.draft, forged.clone());
        row.main = Main { id: forged.id(), revision: Some(forged) };
    };
    match &mut answer.reply {
        Reply::Page(page) => page.rows.iter_mut().for_each(invent),
        Reply::Pushed(outcomes) => {
            let rows = outcomes.iter_mut().filter_map(|outcome| match outcome {
                Outcome::Conflict { row } => row.as_mut(),
                _ => None,
            });
            rows.for_each(invent);
        }
        _ => speak_of_inventions(turn, contains, &mut answer),
    }
    Ok(answer)
}

/// What is said of revisions that nobody wrote, when a device asks about them.
pub(crate) fn speak_of_inventions(turn: &mut Turn<'_>, contains: Contains, answer: &mut Answer) {
    match (&turn.request.ask, &mut answer.reply) {
        (Ask::Contained { draft, ids }, Reply::Contained { main, contained }) => {
            if let Some(made) = turn.memory.mains.get(draft) {
                *main = Some(made.id());
                *contained = if contains == Contains::Everything { ids.clone() } else { Vec::new() };
            }
        }
        (Ask::Revisions { draft, ids }, Reply::Revisions { revisions, looked_up }) => {
            let forks = turn.memory.forks.get(draft).into_iter().flatten();
            let made = turn.memory.mains.get(draft).into_iter().chain(forks);
            revisions.extend(made.filter(|made| ids.contains(&made.id())).cloned());
            *looked_up = u32::try_from(ids.len()).unwrap();
        }
        _ => {}
    }
}

/// An id that nothing has.
pub(crate) fn nothing(turn: &Turn<'_>) -> RevisionId {
    RevisionId::from_bytes(*blake3::hash(&turn.memory.turns.to_le_bytes()).as_bytes())
}
