//! The feed, and positions in it.

use super::kit::{Failure, MAIN, Property, Subject, Verdict, another, draft, expect, fork, over, text};
use crate::id::{DraftId, HubId, RevisionId};
use crate::transport::{Ask, Page, Position, Push, Refusal, Reply, Request, Revision};
use std::time::Duration;

pub(super) const PROPERTIES: &[Property] = &[
    ("a page has every draft once, at its last change, in order", |subject| Box::pin(once(subject))),
    ("pages go on where the last one ended, and say whether there are more", |subject| Box::pin(resumes(subject))),
    ("a page behind the end is empty", |subject| Box::pin(behind(subject))),
    ("a draft that changes between two pages is not passed over", |subject| Box::pin(moves(subject))),
    ("a main in a page is whole or left out", |subject| Box::pin(whole(subject))),
    ("positions grow with each accepted push, and with nothing else", |subject| Box::pin(grows(subject))),
    ("every position that was told is confirmed", |subject| Box::pin(confirmed(subject))),
    ("a position of another history is refused by every request but a greeting", |subject| {
        Box::pin(unconfirmed(subject))
    }),
    ("a request for another hub is refused by every request but a greeting", |subject| Box::pin(other_hub(subject))),
    ("every answer names the same hub", |subject| Box::pin(one_hub(subject))),
];

async fn once(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (1..=6).map(|number| text(number, "one")).collect();
    subject.accepted(texts.iter().map(|revision| over(None, revision))).await?;
    let later = text(2, "two");
    subject.accepted([over(Some(&texts[1]), &later), fork(&text(5, "fork"))]).await?;
    let page = subject.page(0, 100).await?;
    let shown: Vec<(DraftId, u64)> = page.rows.iter().map(|row| (row.draft, row.seq)).collect();
    let expected = [(1, 1), (3, 3), (4, 4), (6, 6), (2, 7), (5, 8)].map(|(number, seq)| (draft(number), seq));
    expect("drafts and numbers", &shown, &expected.to_vec())?;
    expect("after and more", &(page.after, page.more), &(0, false))
}

async fn resumes(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (1..=7).map(|number| text(number, "one")).collect();
    subject.accepted(texts.iter().map(|revision| over(None, revision))).await?;
    for limit in 1..=8 {
        let (mut after, mut seen, mut pages) = (0, Vec::new(), 0);
        loop {
            let page = subject.page(after, limit).await?;
            expect("the page's beginning", &page.after, &after)?;
            expect("whether it is within its limit", &(page.rows.len() <= limit as usize), &true)?;
            expect("whether there are rows where there are more", &(page.more && page.rows.is_empty()), &false)?;
            let seqs = page.rows.iter().map(|row| row.seq);
            expect("whether the numbers ascend", &([after].into_iter().chain(seqs).is_sorted_by(|a, b| a < b)), &true)?;
            after = page.rows.last().map_or(after, |row| row.seq);
            seen.extend(page.rows.into_iter().map(|row| row.draft));
            pages += 1;
            if !page.more || pages > 20 {
                break;
            }
        }
        let all: Vec<DraftId> = texts.iter().map(Revision::draft).collect();
        expect("the drafts of all pages", &seen, &all)?;
    }
    Ok(())
}

async fn behind(subject: Subject) -> Verdict {
    let empty = |after| Page { after, rows: Vec::new(), erased: Vec::new(), more: false };
    expect("a page of an empty space", &subject.page(0, 10).await?, &empty(0))?;
    subject.accepted([over(None, &text(1, "one"))]).await?;
    expect("a page behind the end", &subject.page(1, 10).await?, &empty(1))
}

async fn moves(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (1..=4).map(|number| text(number, "one")).collect();
    subject.accepted(texts.iter().map(|revision| over(None, revision))).await?;
    let first = subject.page(0, 2).await?;
    let after = first.rows.last().map_or(0, |row| row.seq);
    let later = text(3, "two");
    subject.accepted([over(Some(&texts[2]), &later)]).await?;
    let rest = subject.page(after, 10).await?;
    let seen: Vec<RevisionId> = first.rows.iter().chain(&rest.rows).map(|row| row.main.id).collect();
    expect("the mains", &seen, &vec![texts[0].id(), texts[1].id(), texts[3].id(), later.id()])
}

async fn whole(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (1..=3).map(|number| text(number, &"long ".repeat(2_000))).collect();
    subject.accepted(texts.iter().map(|revision| over(None, revision))).await?;
    for row in subject.page(0, 10).await?.rows {
        if let Some(main) = row.main.revision {
            expect("whether it is one that was pushed", &texts.contains(&main), &true)?;
            expect("its id", &main.id(), &row.main.id)?;
        }
    }
    Ok(())
}

async fn grows(subject: Subject) -> Verdict {
    let (one, two) = (text(1, "one"), text(1, "two"));
    let mut position = subject.position().await?;
    expect("the beginning", &position.seq, &0)?;
    for (push, steps) in [
        (over(None, &one), 1),
        (over(None, &one), 0),
        (over(None, &two), 0),
        (fork(&two), 1),
        (over(Some(&one), &text(1, "three")), 1),
    ] {
        let answer = subject.ask(Ask::Push { pushes: vec![push] }).await?;
        expect("the number", &answer.position.seq, &(position.seq + steps))?;
        expect("whether it is another position", &(answer.position == position), &(steps == 0))?;
        expect("the position that is told next", &subject.position().await?, &answer.position)?;
        expect(
            "the position of a page",
            &subject.ask(Ask::Pull { after: 0, limit: 1 }).await?.position,
            &answer.position,
        )?;
        position = answer.position;
    }
    Ok(())
}

async fn confirmed(subject: Subject) -> Verdict {
    let mut told = vec![subject.position().await?];
    for number in 1..=12 {
        let pushes = vec![over(None, &text(number, "one")), over(None, &text(number + 100, "one"))];
        told.push(subject.ask(Ask::Push { pushes }).await?.position);
    }
    for seen in told {
        let request = Request { seen: Some(seen), ..subject.request(Ask::Hello) };
        expect("the greeting", &subject.transport.send(request).await?.reply, &Reply::Welcome { confirmed: true })?;
        let request = Request { seen: Some(seen), ..subject.request(Ask::Pull { after: seen.seq, limit: 100 }) };
        match subject.transport.send(request).await?.reply {
            Reply::Page(page) => expect("how many rows are behind it", &(page.rows.len() as u64), &(24 - seen.seq))?,
            reply => return Err(another("a page", &reply)),
        }
    }
    Ok(())
}

fn every_ask(push: Push) -> [Ask; 5] {
    let of = push.revision.draft();
    [
        Ask::Pull { after: 0, limit: 10 },
        Ask::Contained { draft: of, ids: vec![push.revision.id()] },
        Ask::Revisions { draft: of, ids: vec![push.revision.id()] },
        Ask::Wait { timeout: Duration::from_secs(1) },
        Ask::Push { pushes: vec![push] },
    ]
}

/// Fails unless every request that is changed so is refused, and nothing changes.
async fn refused(subject: &Subject, change: impl Fn(Request) -> Request, refusal: Refusal) -> Verdict {
    let rows = subject.rows().await?;
    for ask in every_ask(over(None, &text(99, "late"))) {
        let what = format!("the reply to {ask:?}").chars().take(80).collect::<String>();
        let answer = subject.transport.send(change(subject.request(ask))).await?;
        expect(&what, &answer.reply, &Reply::Refused(refusal.clone()))?;
    }
    expect("the rows", &subject.rows().await?, &rows)
}

async fn unconfirmed(subject: Subject) -> Verdict {
    subject.accepted([over(None, &text(1, "one")), over(None, &text(2, "one")), over(None, &text(3, "one"))]).await?;
    let real = subject.position().await?;
    let mut other = real.chain;
    other[31] ^= 1;
    let invented = [(3, other), (4, real.chain), (2, real.chain), (u64::MAX, real.chain), (0, real.chain)]
        .map(|(seq, chain)| Position { seq, chain });
    for seen in invented {
        let change = |request| Request { seen: Some(seen), ..request };
        refused(&subject, change, Refusal::Unconfirmed).await?;
        let answer = subject.transport.send(change(subject.request(Ask::Hello))).await?;
        expect("the greeting", &answer.reply, &Reply::Welcome { confirmed: false })?;
    }
    Ok(())
}

async fn other_hub(subject: Subject) -> Verdict {
    subject.accepted([over(None, &text(1, "one"))]).await?;
    let mut id = *subject.ask(Ask::Hello).await?.hub.as_bytes();
    let real = HubId::from_bytes(id);
    id[0] ^= 1;
    let change = |request| Request { hub: Some(HubId::from_bytes(id)), ..request };
    refused(&subject, change, Refusal::OtherHub).await?;
    let answer = subject.transport.send(change(subject.request(Ask::Hello))).await?;
    expect("the greeting", &(answer.hub, answer.reply), &(real, Reply::Welcome { confirmed: true }))?;
    let pushes = vec![over(None, &text(2, "one"))];
    let meant = Request { hub: Some(real), ..subject.request(Ask::Push { pushes }) };
    expect("a push for this hub", &subject.transport.send(meant).await?.reply, &Reply::Pushed(vec![MAIN]))
}

async fn one_hub(subject: Subject) -> Verdict {
    let hub = subject.ask(Ask::Hello).await?.hub;
    for ask in every_ask(over(None, &text(1, "one"))) {
        if !matches!(ask, Ask::Wait { .. }) {
            expect("the hub", &subject.ask(ask).await?.hub, &hub)?;
        }
    }
    let elsewhere = subject.other("another space").ask(Ask::Hello).await?.hub;
    if elsewhere == hub { Ok(()) } else { Err(Failure::Broken("another space has another hub".to_owned())) }
}
