//! Who answers, to what, and how far the feed is.

use crate::behaviour::{Behaviour, replied};
use crate::liar::{Told, Turn};
use draftkeep::HubId;
use draftkeep::transport::{Position, Refusal, Reply, Standing, TransportError, TransportErrorKind};
use std::time::Duration;

pub(crate) const ANSWERS: &[Behaviour] = &[
    Behaviour::says("gives the first answer again and again", the_first_again, "another question"),
    Behaviour::says("gives the answer before", the_one_before, "another question"),
    Behaviour::says("has news, whatever it is asked", only_news, "another question"),
    Behaviour::says("welcomes, whatever it is asked", only_welcomes, "another question"),
    Behaviour::says("says that it took pushes, whatever it is asked", only_takes, "another question"),
    Behaviour::says("is another hub at every answer", another_hub, "is at the address"),
    Behaviour::says("is another hub at every second answer", every_second_hub, "is at the address"),
    Behaviour::says("says that another hub was meant", refuses_as_another, "is at the address"),
    Behaviour::says("lets its position go back", goes_back, "does not confirm"),
    Behaviour::says("skips far ahead", skips, "does not confirm"),
    Behaviour::says("is at the end of all numbers", at_the_end, "does not confirm"),
    Behaviour::unseen("chains its positions wrongly", other_chain),
    Behaviour::unseen("gives the positions of another space", of_another_space),
    Behaviour::says("confirms nothing for ever", unconfirmed, "does not confirm what it said a moment ago"),
    Behaviour::says("refuses everything as invalid", invalid, "it refused a request: so it is"),
    Behaviour::says("gives reasons without end", endless_reason, "it refused a request: so it is"),
    Behaviour::says("wants to be left alone for a hundred years", for_a_century, "next try in 3600000 ms"),
    Behaviour::says("is too busy, every time", busy, "cannot be reached"),
    Behaviour::says("says that nobody may do this", forbidden, "no right to this space"),
    Behaviour::says("does not know anybody any more", unauthorized, "credentials"),
    Behaviour::says("speaks a protocol that nobody knows", upgrade, "protocol only up to version"),
    Behaviour::says("finds everything too large", too_large, "however small"),
];

fn the_first_again(turn: &mut Turn<'_>) -> Told {
    let truth = turn.truth();
    Ok(turn.memory.said.first().cloned().unwrap_or(truth))
}

fn the_one_before(turn: &mut Turn<'_>) -> Told {
    let truth = turn.truth();
    Ok(turn.memory.said.iter().rev().nth(1).cloned().unwrap_or(truth))
}

fn only_news(turn: &mut Turn<'_>) -> Told {
    replied(turn, |reply| *reply = Reply::News)
}

fn only_welcomes(turn: &mut Turn<'_>) -> Told {
    replied(turn, |reply| *reply = Reply::Welcome { confirmed: true })
}

fn only_takes(turn: &mut Turn<'_>) -> Told {
    let accepted = draftkeep::transport::Outcome::Accepted { standing: Standing::Main };
    Ok(turn.only(Reply::Pushed(vec![accepted; 3])))
}

fn another_hub(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    answer.hub = HubId::from_bytes(turn.memory.turns.to_le_bytes().repeat(2).try_into().unwrap());
    Ok(answer)
}

fn every_second_hub(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    if turn.memory.turns.is_multiple_of(2) {
        answer.hub = HubId::from_bytes([7; 16]);
    }
    Ok(answer)
}

fn refuses_as_another(turn: &mut Turn<'_>) -> Told {
    Ok(turn.only(Reply::Refused(Refusal::OtherHub)))
}

/// Every third answer is from when there was hardly anything.
fn goes_back(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    if turn.memory.turns.is_multiple_of(3) {
        answer.position = Position { seq: 1, chain: [1; 32] };
    }
    Ok(answer)
}

fn skips(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    if turn.memory.turns % 2 == 1 {
        answer.position = Position { seq: answer.position.seq + 1_000_000, chain: [2; 32] };
    }
    Ok(answer)
}

fn at_the_end(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    if turn.memory.turns % 2 == 1 {
        answer.position = Position { seq: u64::MAX, chain: [3; 32] };
    }
    Ok(answer)
}

fn other_chain(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    answer.position.chain = *blake3::hash(&answer.position.chain).as_bytes();
    Ok(answer)
}

fn of_another_space(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    answer.position = Position { seq: answer.position.seq, ..Position::start(answer.hub, "bob") };
    Ok(answer)
}

fn unconfirmed(turn: &mut Turn<'_>) -> Told {
    Ok(turn.only(Reply::Refused(Refusal::Unconfirmed)))
}

fn invalid(turn: &mut Turn<'_>) -> Told {
    Ok(turn.only(Reply::Refused(Refusal::Invalid { reason: "so it is".into() })))
}

fn endless_reason(turn: &mut Turn<'_>) -> Told {
    Ok(turn.only(Reply::Refused(Refusal::Invalid { reason: "so it is ".repeat(100_000) })))
}

fn not_told(kind: TransportErrorKind) -> Told {
    Err(TransportError::new(kind))
}

fn for_a_century(_: &mut Turn<'_>) -> Told {
    not_told(TransportErrorKind::Unreachable { retry_after: Some(Duration::from_secs(100 * 366 * 24 * 3_600)) })
}

/// It does what it is asked, and says nothing.
fn busy(turn: &mut Turn<'_>) -> Told {
    let _ = turn.truth();
    not_told(TransportErrorKind::Unreachable { retry_after: Some(Duration::ZERO) })
}

fn forbidden(_: &mut Turn<'_>) -> Told {
    not_told(TransportErrorKind::Forbidden)
}

fn unauthorized(_: &mut Turn<'_>) -> Told {
    not_told(TransportErrorKind::Unauthorized)
}

fn upgrade(_: &mut Turn<'_>) -> Told {
    not_told(TransportErrorKind::Upgrade { newest: 0 })
}

fn too_large(_: &mut Turn<'_>) -> Told {
    not_told(TransportErrorKind::TooLarge)
}
