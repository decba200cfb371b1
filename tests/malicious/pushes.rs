//! What becomes of pushes, and what is only said of them.

use crate::behaviour::{Behaviour, pushed, replied, row_of, unkept};
use crate::liar::{Told, Turn};
use draftkeep::transport::{Ask, Outcome, Rejection, Reply, Row, Standing, TransportError};

pub(crate) const PUSHES: &[Behaviour] = &[
    Behaviour::unseen("accepts and keeps nothing", accepts_only).lasting(),
    Behaviour::unseen("accepts as forks and keeps nothing", accepts_as_forks),
    Behaviour::says("keeps, and says that it lost the draft", keeps_and_refuses, "resynced"),
    Behaviour::unseen("keeps, and calls a main a fork", main_called_fork),
    Behaviour::says("calls everything stale, for ever", stale, "does not confirm"),
    Behaviour::says("calls everything stale over what it said long ago", stale_over_the_first, "does not confirm"),
    Behaviour::says("rejects with every code there is", every_code, "parked: no"),
    Behaviour::says("rejects with reasons without end", endless_reasons, "parked: no"),
    Behaviour::says("lacks the base of everything", no_base, "parked: no"),
    Behaviour::says("rejects, and keeps", rejects_and_keeps, "parked: no"),
    Behaviour::says("answers fewer pushes than there were", fewer, "pushes"),
    Behaviour::says("acknowledges more than was pushed", more, "pushes"),
    Behaviour::says("keeps, and never answers", never_answers, "cannot be reached"),
    Behaviour::says("answers each push with a page", with_a_page, "another question"),
];

fn accepts_only(turn: &mut Turn<'_>) -> Told {
    unkept(turn, |_| Outcome::Accepted { standing: Standing::Main })
}

fn accepts_as_forks(turn: &mut Turn<'_>) -> Told {
    unkept(turn, |_| Outcome::Accepted { standing: Standing::Fork })
}

fn keeps_and_refuses(turn: &mut Turn<'_>) -> Told {
    pushed(turn, |outcomes| outcomes.fill(Outcome::Conflict { row: None }))
}

fn main_called_fork(turn: &mut Turn<'_>) -> Told {
    pushed(turn, |outcomes| {
        for outcome in outcomes {
            if let Outcome::Accepted { standing } = outcome {
                *standing = Standing::Fork;
            }
        }
    })
}

fn stale(turn: &mut Turn<'_>) -> Told {
    let Ask::Push { pushes } = &turn.request.ask else { return Ok(turn.truth()) };
    let outcomes = pushes.iter().map(|push| Outcome::Conflict { row: row_of(turn, push.revision.draft()) });
    Ok(turn.only(Reply::Pushed(outcomes.collect())))
}

fn stale_over_the_first(turn: &mut Turn<'_>) -> Told {
    let Ask::Push { pushes } = &turn.request.ask else { return Ok(turn.truth()) };
    let outcomes = pushes.iter().map(|push| match row_of(turn, push.revision.draft()) {
        Some(row) => Outcome::Conflict { row: Some(Row { seq: 1, ..row }) },
        // To have nothing of a draft would be another contradiction.
        None => no(Rejection::Forbidden),
    });
    Ok(turn.only(Reply::Pushed(outcomes.collect())))
}

fn no(code: Rejection) -> Outcome {
    Outcome::Rejected { code, reason: "no".into() }
}

fn every_code(turn: &mut Turn<'_>) -> Told {
    let codes = [
        Rejection::TooLarge,
        Rejection::Invalid,
        Rejection::Forbidden,
        Rejection::Erased,
        Rejection::ForksFull,
        Rejection::Base,
        Rejection::SpaceFull,
        Rejection::Other(8),
        Rejection::Other(u32::MAX),
    ];
    let turns = usize::try_from(turn.memory.turns).unwrap();
    unkept(turn, |push| no(codes[(turns + usize::from(push.revision.id().as_bytes()[0])) % codes.len()]))
}

fn endless_reasons(turn: &mut Turn<'_>) -> Told {
    unkept(turn, |_| Outcome::Rejected { code: Rejection::Other(99), reason: "no ".repeat(1_000_000) })
}

fn no_base(turn: &mut Turn<'_>) -> Told {
    unkept(turn, |_| no(Rejection::Base))
}

fn rejects_and_keeps(turn: &mut Turn<'_>) -> Told {
    pushed(turn, |outcomes| outcomes.fill(no(Rejection::Forbidden)))
}

fn fewer(turn: &mut Turn<'_>) -> Told {
    pushed(turn, |outcomes| drop(outcomes.pop()))
}

fn more(turn: &mut Turn<'_>) -> Told {
    pushed(turn, |outcomes| outcomes.push(Outcome::Accepted { standing: Standing::Main }))
}

fn never_answers(turn: &mut Turn<'_>) -> Told {
    let truth = turn.truth();
    if matches!(turn.request.ask, Ask::Push { .. }) { Err(TransportError::unreachable()) } else { Ok(truth) }
}

fn with_a_page(turn: &mut Turn<'_>) -> Told {
    let page = turn.instead(Ask::Pull { after: 0, limit: 1_000 });
    replied(turn, |reply| {
        if matches!(reply, Reply::Pushed(_)) {
            *reply = page.reply;
        }
    })
}
