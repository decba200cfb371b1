//! Erasing drafts.

use super::kit::{FORK, Failure, MAIN, Property, Subject, Verdict, another, draft, expect, fork, over, text};
use crate::clock::Timestamp;
use crate::transport::{Ask, EraseOutcome, ErasedRow, Marker, Outcome, PUSHES_MAX, Rejection, Reply, Revision};

pub(super) const PROPERTIES: &[Property] = &[
    ("of an erased draft the hub has its marker, and nothing else", |subject| Box::pin(gone(subject))),
    ("an erasure that is repeated changes nothing, and another marker takes its place", |subject| {
        Box::pin(repeats(subject))
    }),
    ("a push of an erased draft is rejected", |subject| Box::pin(refuses(subject))),
    ("a draft that the hub never had can be erased", |subject| Box::pin(unknown(subject))),
    ("erasures are answered one by one, and touch no other draft", |subject| Box::pin(one_by_one(subject))),
    ("erased and other drafts stand in one feed, page by page", |subject| Box::pin(in_the_feed(subject))),
    ("more erasures than a request may have are refused", |subject| Box::pin(too_many(subject))),
];

fn marker(of: u8, byte: u8) -> Marker {
    Marker { draft: draft(of), at: Timestamp::from_millis(1_700_000_000_000), mac: [byte; 32] }
}

impl Subject {
    async fn erase(&self, markers: impl IntoIterator<Item = Marker>) -> Verdict<Vec<EraseOutcome>> {
        match self.ask(Ask::Erase { markers: markers.into_iter().collect() }).await?.reply {
            Reply::Erased(outcomes) => Ok(outcomes),
            reply => Err(another("what became of erasures", &reply)),
        }
    }

    async fn erased(&self) -> Verdict<Vec<ErasedRow>> {
        Ok(self.page(0, 1_000).await?.erased)
    }
}

fn is_refused(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| matches!(outcome, Outcome::Rejected { code: Rejection::Erased, .. }))
}

async fn gone(subject: Subject) -> Verdict {
    let (one, two, copy) = (text(1, "one"), text(1, "two"), text(1, "copy"));
    subject.accepted([over(None, &one), over(Some(&one), &two), fork(&copy)]).await?;
    let before = subject.position().await?;
    expect("the outcome", &subject.erase([marker(1, 7)]).await?, &vec![EraseOutcome::Erased])?;
    let position = subject.position().await?;
    expect("the position's number", &position.seq, &(before.seq + 1))?;
    expect("the rows", &subject.rows().await?, &vec![])?;
    expect("what is erased", &subject.erased().await?, &vec![ErasedRow { seq: position.seq, marker: marker(1, 7) }])?;
    let ids = [one.id(), two.id(), copy.id()];
    expect("the revisions", &subject.revisions(1, &ids).await?, &vec![])?;
    expect("what is contained", &subject.contained(1, &ids).await?, &vec![])
}

async fn repeats(subject: Subject) -> Verdict {
    subject.accepted([over(None, &text(1, "one"))]).await?;
    expect("the outcome", &subject.erase([marker(1, 7)]).await?, &vec![EraseOutcome::Erased])?;
    let (position, erased) = (subject.position().await?, subject.erased().await?);
    for _ in 0..2 {
        expect("the outcome of the repeat", &subject.erase([marker(1, 7)]).await?, &vec![EraseOutcome::Erased])?;
    }
    expect("the position", &subject.position().await?, &position)?;
    expect("what is erased", &subject.erased().await?, &erased)?;
    // The first one need not be the true one.
    expect("the outcome of another", &subject.erase([marker(1, 8)]).await?, &vec![EraseOutcome::Erased])?;
    let markers: Vec<Marker> = subject.erased().await?.into_iter().map(|row| row.marker).collect();
    expect("what is erased then", &markers, &vec![marker(1, 8)])
}

async fn refuses(subject: Subject) -> Verdict {
    let (one, two) = (text(1, "one"), text(1, "two"));
    subject.accepted([over(None, &one)]).await?;
    subject.erase([marker(1, 7)]).await?;
    let (position, erased) = (subject.position().await?, subject.erased().await?);
    // Also what the hub had, under whatever target.
    let outcomes = subject.push([over(Some(&one), &two), over(None, &two), fork(&two), over(None, &one), fork(&one)]);
    let outcomes = outcomes.await?;
    if !is_refused(&outcomes) {
        return Err(Failure::Broken(format!("expected that nothing of an erased draft is taken, saw {outcomes:?}")));
    }
    expect("the position", &subject.position().await?, &position)?;
    expect("what is erased", &subject.erased().await?, &erased)?;
    expect("the rows", &subject.rows().await?, &vec![])
}

async fn unknown(subject: Subject) -> Verdict {
    expect("the outcome", &subject.erase([marker(1, 7)]).await?, &vec![EraseOutcome::Erased])?;
    expect("what is erased", &subject.erased().await?, &vec![ErasedRow { seq: 1, marker: marker(1, 7) }])?;
    let outcomes = subject.push([over(None, &text(1, "one"))]).await?;
    expect("whether a push that comes late is refused", &is_refused(&outcomes), &true)
}

async fn one_by_one(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (1..=4).map(|number| text(number, "one")).collect();
    subject.accepted(texts.iter().map(|revision| over(None, revision))).await?;
    let outcomes = subject.erase([marker(2, 7), marker(9, 7), marker(2, 7), marker(3, 7)]).await?;
    expect("the outcomes", &outcomes, &vec![EraseOutcome::Erased; 4])?;
    let drafts: Vec<_> = subject.erased().await?.into_iter().map(|row| (row.seq, row.marker.draft)).collect();
    expect("what is erased", &drafts, &vec![(5, draft(2)), (6, draft(9)), (7, draft(3))])?;
    let left = vec![(draft(1), texts[0].id(), vec![]), (draft(4), texts[3].id(), vec![])];
    expect("the rows", &subject.rows().await?, &left)?;
    let copy = text(4, "copy");
    let pushes = [over(Some(&texts[0]), &text(1, "two")), fork(&copy)];
    expect("the outcomes of pushes", &subject.push(pushes).await?, &vec![MAIN, FORK])?;
    expect("no erasures", &subject.erase([]).await?, &vec![])
}

async fn in_the_feed(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (1..=6).map(|number| text(number, "one")).collect();
    subject.accepted(texts.iter().map(|revision| over(None, revision))).await?;
    subject.erase([marker(2, 7)]).await?;
    subject.accepted([over(Some(&texts[2]), &text(3, "two"))]).await?;
    subject.erase([marker(5, 7), marker(1, 7)]).await?;
    let expected: Vec<_> = [(4, 4), (6, 6), (2, 7), (3, 8), (5, 9), (1, 10)].map(|(of, seq)| (seq, draft(of))).to_vec();
    for limit in 1..=7 {
        let (mut after, mut seen) = (0, Vec::new());
        loop {
            let page = subject.page(after, limit).await?;
            let mut shown: Vec<_> = page.rows.iter().map(|row| (row.seq, row.draft)).collect();
            shown.extend(page.erased.iter().map(|row| (row.seq, row.marker.draft)));
            shown.sort_unstable();
            expect("whether it is within its limit", &(shown.len() <= limit as usize), &true)?;
            expect("whether there are rows where there are more", &(page.more && shown.is_empty()), &false)?;
            after = shown.last().map_or(after, |(seq, _)| *seq);
            seen.extend(shown);
            if !page.more || seen.len() > 20 {
                break;
            }
        }
        expect("numbers and drafts of all pages", &seen, &expected)?;
    }
    Ok(())
}

async fn too_many(subject: Subject) -> Verdict {
    let markers = vec![marker(1, 7); PUSHES_MAX + 1];
    subject.refuses("more erasures than a request may have", subject.request(Ask::Erase { markers })).await?;
    expect("what is erased", &subject.erased().await?, &vec![])
}
