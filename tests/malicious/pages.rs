//! Pages and rows that are none, or are not those that were asked for.

use crate::behaviour::{Behaviour, nothing, paged, replied, rowed};
use crate::liar::{Told, Turn};
use draftkeep::transport::{Answer, Ask, Main, Page, Position, Reply, Row};
use draftkeep::{DraftId, RevisionId};

pub(crate) const PAGES: &[Behaviour] = &[
    Behaviour::says("has pages without end", endless, "its pages do not end"),
    Behaviour::says("has empty pages, and more of them", empty_with_more, "is empty, and says that there is more"),
    Behaviour::says("sends rows in another order", reversed, "is out of order"),
    Behaviour::says("sends each row twice", doubled, "names a draft twice"),
    Behaviour::says("sends rows from behind its own end", behind_the_end, "is out of order"),
    Behaviour::says("sends more rows than were asked for", too_many, "more rows than were asked for"),
    Behaviour::says("names more forks than there may be", too_many_forks, "more forks than a draft may have"),
    Behaviour::says("sends the first page again and again", the_first_page, "begins elsewhere"),
    Behaviour::says("gives a page of another place", elsewhere, "begins elsewhere"),
    Behaviour::says("sends pages that it calls the last", called_the_last, "news: received").lasting(),
    Behaviour::unseen("keeps one row back", one_row_back).lasting(),
    Behaviour::unseen("keeps every row back", every_row_back).lasting(),
    Behaviour::unseen("shows what was there first, for ever", frozen).lasting(),
    Behaviour::says("swaps the mains of two drafts", swapped, "it belongs to another draft"),
    Behaviour::says("names a main that nobody has", unknown_main, "does not confirm"),
    Behaviour::says("names forks that nobody has", unknown_forks, "does not give a revision that it names").lasting(),
    Behaviour::says("names new forks at every answer", new_forks, "does not give a revision that it names"),
    Behaviour::says("has drafts that nobody made", unknown_drafts, "it belongs to another draft"),
    Behaviour::says("goes back to an earlier main", earlier_main, "does not confirm"),
    Behaviour::says("makes a fork the main", fork_as_main, "does not confirm"),
    Behaviour::unseen("says that a conflict is settled which is not", forks_gone),
    Behaviour::unseen("names each fork twice, and the main as one", forks_twice),
    Behaviour::says("brings settled forks back", forks_back, "does not give a revision that it names").lasting(),
];

/// Far behind everything, at every answer.
const FAR: Position = Position { seq: 1_000_000_000, chain: [7; 32] };

/// One draft changes again and again, while the page is read.
fn endless(turn: &mut Turn<'_>) -> Told {
    let Ask::Pull { after, .. } = turn.request.ask else { return Ok(Answer { position: FAR, ..turn.truth() }) };
    let mut answer = Answer { position: FAR, ..turn.instead(Ask::Pull { after: 0, limit: 1 }) };
    if let Reply::Page(page) = &mut answer.reply {
        page.after = after;
        // In one cycle of each life, which is enough to see that it ends.
        page.more = turn.memory.turns < 5_000;
        page.rows.iter_mut().for_each(|row| row.seq = after + 1);
    }
    Ok(answer)
}

fn forks_twice(turn: &mut Turn<'_>) -> Told {
    rowed(turn, |row| {
        let again = row.forks.clone();
        row.forks.extend(again);
        row.forks.push(row.main.id);
    })
}

fn empty_with_more(turn: &mut Turn<'_>) -> Told {
    paged(turn, |page| {
        page.rows.clear();
        page.more = true;
    })
}

fn reversed(turn: &mut Turn<'_>) -> Told {
    paged(turn, |page| page.rows.reverse())
}

fn doubled(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    if let Reply::Page(page) = &mut answer.reply {
        let again: Vec<Row> = page.rows.clone();
        for (row, number) in again.into_iter().zip(1..) {
            page.rows.push(Row { seq: answer.position.seq + number, ..row });
        }
        answer.position.seq += page.rows.len() as u64;
    }
    Ok(answer)
}

fn behind_the_end(turn: &mut Turn<'_>) -> Told {
    rowed(turn, |row| row.seq += 1_000_000)
}

fn too_many(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    if let Reply::Page(page) = &mut answer.reply {
        let begin = page.rows.last().map_or(page.after, |row| row.seq);
        for number in 1..=1_000_u64 {
            let (id, draft) = (RevisionId::from_bytes([9; 32]), DraftId::from_bytes(u128::from(number).to_be_bytes()));
            page.rows.push(Row { draft, seq: begin + number, main: Main { id, revision: None }, forks: Vec::new() });
        }
        answer.position.seq += 1_000;
    }
    Ok(answer)
}

fn too_many_forks(turn: &mut Turn<'_>) -> Told {
    rowed(turn, |row| row.forks = (0..65).map(|number| RevisionId::from_bytes([number; 32])).collect())
}

fn the_first_page(turn: &mut Turn<'_>) -> Told {
    let truth = turn.truth();
    let first = turn.memory.said.iter().find(|answer| matches!(&answer.reply, Reply::Page(_))).cloned();
    Ok(if matches!(truth.reply, Reply::Page(_)) { first.unwrap_or(truth) } else { truth })
}

fn elsewhere(turn: &mut Turn<'_>) -> Told {
    paged(turn, |page| page.after += 1)
}

fn called_the_last(turn: &mut Turn<'_>) -> Told {
    paged(turn, |page| {
        page.rows.truncate(1);
        page.more = false;
    })
}

fn one_row_back(turn: &mut Turn<'_>) -> Told {
    paged(turn, |page| {
        if page.rows.len() > 1 {
            page.rows.pop();
        }
    })
}

/// The position is as far as it is, so that the device goes on from there.
fn every_row_back(turn: &mut Turn<'_>) -> Told {
    paged(turn, |page| {
        page.rows.clear();
        page.more = false;
    })
}

/// Nothing ever happens: no row, and no position but the first.
fn frozen(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    if let Reply::Page(Page { rows, more, .. }) = &mut answer.reply {
        rows.clear();
        *more = false;
    }
    answer.position = turn.request.seen.unwrap_or(Position::start(answer.hub, "alice"));
    Ok(answer)
}

fn swapped(turn: &mut Turn<'_>) -> Told {
    paged(turn, |page| {
        let mut mains: Vec<Main> = page.rows.iter().map(|row| row.main.clone()).collect();
        let turned = 1.min(mains.len());
        mains.rotate_left(turned);
        page.rows.iter_mut().zip(mains).for_each(|(row, main)| row.main = main);
    })
}

fn unknown_main(turn: &mut Turn<'_>) -> Told {
    let id = nothing(turn);
    rowed(turn, |row| row.main = Main { id, revision: None })
}

fn unknown_forks(turn: &mut Turn<'_>) -> Told {
    rowed(turn, |row| row.forks = vec![RevisionId::from_bytes([5; 32])])
}

/// As many as there may be, others every time, and a feed in which every draft changes all the time.
fn new_forks(turn: &mut Turn<'_>) -> Told {
    let Ask::Pull { after, limit } = turn.request.ask else { return Ok(Answer { position: FAR, ..turn.truth() }) };
    let mut answer = Answer { position: FAR, ..turn.instead(Ask::Pull { after: 0, limit }) };
    let fork = |number: u64| RevisionId::from_bytes(*blake3::hash(&(after * 64 + number).to_le_bytes()).as_bytes());
    if let Reply::Page(page) = &mut answer.reply {
        page.after = after;
        page.more = !turn.memory.turns.is_multiple_of(50);
        for (row, seq) in page.rows.iter_mut().zip(after + 1..) {
            (row.seq, row.forks) = (seq, (0..64).map(fork).collect());
        }
    }
    Ok(answer)
}

fn unknown_drafts(turn: &mut Turn<'_>) -> Told {
    rowed(turn, |row| row.draft = DraftId::from_bytes([8; 16]))
}

/// The main that each draft had when the lie began, at the number that it has now.
fn earlier_main(turn: &mut Turn<'_>) -> Told {
    let said = turn.memory.said.clone();
    rowed(turn, |row| {
        let pages =
            said.iter().filter_map(|answer| if let Reply::Page(page) = &answer.reply { Some(page) } else { None });
        let before = pages.flat_map(|page| &page.rows).find(|before| before.draft == row.draft);
        if let Some(before) = before {
            row.main = before.main.clone();
        }
    })
}

fn fork_as_main(turn: &mut Turn<'_>) -> Told {
    rowed(turn, |row| {
        if let Some(fork) = row.forks.pop() {
            row.main = Main { id: fork, revision: None };
        }
    })
}

fn forks_gone(turn: &mut Turn<'_>) -> Told {
    rowed(turn, |row| row.forks.clear())
}

/// Forks that there were once, or that others have.
fn forks_back(turn: &mut Turn<'_>) -> Told {
    let mains: Vec<Row> = match turn.instead(Ask::Pull { after: 0, limit: 1_000 }).reply {
        Reply::Page(page) => page.rows,
        _ => Vec::new(),
    };
    let of_others =
        |draft: DraftId| mains.iter().filter(move |row| row.draft != draft).map(|row| row.main.id).take(3).collect();
    replied(turn, |reply| {
        if let Reply::Page(page) = reply {
            page.rows.iter_mut().for_each(|row| row.forks = of_others(row.draft));
        }
    })
}
