//! What a hub says when it is asked about what it has.

use crate::behaviour::{Behaviour, nothing, replied};
use crate::liar::{Told, Turn};
use draftkeep::transport::{Ask, Reply};

pub(crate) const CLAIMS: &[Behaviour] = &[
    Behaviour::unseen("says that its main contains everything", everything),
    Behaviour::unseen("says that its main contains nothing", nothing_at_all),
    Behaviour::says("says that its main contains what nobody asked about", unasked, "contains what was not asked for"),
    Behaviour::says("speaks of another main, every time", another_main, "does not confirm"),
    Behaviour::says("speaks of no main, every time", no_main, "does not confirm"),
    Behaviour::says("gives no revision", no_revisions, "does not give a revision that it names"),
    Behaviour::says("gives another revision than the one asked for", another_revision, "that was not asked for"),
    Behaviour::says("looks nothing up", looks_nothing_up, "looked up none"),
    Behaviour::says("looks more up than it was asked", looks_too_much_up, "looked up none of the revisions, or more"),
];

fn everything(turn: &mut Turn<'_>) -> Told {
    let Ask::Contained { ids, .. } = &turn.request.ask else { return Ok(turn.truth()) };
    let ids = ids.clone();
    replied(turn, |reply| {
        if let Reply::Contained { contained, .. } = reply {
            *contained = ids;
        }
    })
}

fn nothing_at_all(turn: &mut Turn<'_>) -> Told {
    replied(turn, |reply| {
        if let Reply::Contained { contained, .. } = reply {
            contained.clear();
        }
    })
}

fn unasked(turn: &mut Turn<'_>) -> Told {
    let id = nothing(turn);
    replied(turn, |reply| {
        if let Reply::Contained { contained, .. } = reply {
            contained.push(id);
        }
    })
}

fn another_main(turn: &mut Turn<'_>) -> Told {
    let id = nothing(turn);
    replied(turn, |reply| {
        if let Reply::Contained { main, .. } = reply {
            *main = Some(id);
        }
    })
}

fn no_main(turn: &mut Turn<'_>) -> Told {
    replied(turn, |reply| {
        if let Reply::Contained { main, .. } = reply {
            *main = None;
        }
    })
}

/// Neither with a row nor when asked.
fn no_revisions(turn: &mut Turn<'_>) -> Told {
    replied(turn, |reply| match reply {
        Reply::Page(page) => page.rows.iter_mut().for_each(|row| row.main.revision = None),
        Reply::Revisions { revisions, .. } => revisions.clear(),
        _ => {}
    })
}

fn another_revision(turn: &mut Turn<'_>) -> Told {
    let others = match turn.instead(Ask::Pull { after: 0, limit: 1_000 }).reply {
        Reply::Page(page) => page.rows.into_iter().filter_map(|row| row.main.revision),
        _ => return Ok(turn.truth()),
    };
    let others: Vec<_> = others.collect();
    let Ask::Revisions { ids, .. } = &turn.request.ask else { return without_mains(turn) };
    let other = others.into_iter().find(|revision| !ids.contains(&revision.id()));
    replied(turn, |reply| {
        if let Reply::Revisions { revisions, .. } = reply {
            revisions.extend(other);
        }
    })
}

/// So that the device has to ask.
fn without_mains(turn: &mut Turn<'_>) -> Told {
    replied(turn, |reply| {
        if let Reply::Page(page) = reply {
            page.rows.iter_mut().for_each(|row| row.main.revision = None);
        }
    })
}

fn looks_up(turn: &mut Turn<'_>, count: u32) -> Told {
    let mut answer = without_mains(turn)?;
    if let Reply::Revisions { looked_up, .. } = &mut answer.reply {
        *looked_up = count;
    }
    Ok(answer)
}

fn looks_nothing_up(turn: &mut Turn<'_>) -> Told {
    looks_up(turn, 0)
}

fn looks_too_much_up(turn: &mut Turn<'_>) -> Told {
    looks_up(turn, u32::MAX)
}
