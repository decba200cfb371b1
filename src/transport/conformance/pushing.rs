//! The rule of pushes.

use super::kit::{FORK, Failure, MAIN, Property, Subject, Verdict, draft, expect, fork, over, text};
use super::sample;
use crate::id::RevisionId;
use crate::transport::{BODY_MAX, FORKS_MAX, Outcome, Push, Rejection, Revision};

pub(super) const PROPERTIES: &[Property] = &[
    ("a first push is accepted as the main", |subject| Box::pin(first(subject))),
    ("a push over the main replaces it", |subject| Box::pin(replaces(subject))),
    ("a push over a main that was replaced is a conflict, and tells the row", |subject| Box::pin(stale(subject))),
    ("a push that expects no main where there is one is a conflict", |subject| Box::pin(expects_none(subject))),
    ("a push that expects a main where there is none is a conflict without a row", |subject| Box::pin(no_row(subject))),
    ("a repeated push is accepted again and changes nothing", |subject| Box::pin(repeats(subject))),
    ("what a main contains is accepted and changes nothing", |subject| Box::pin(contained(subject))),
    ("a fork is kept beside the main", |subject| Box::pin(beside(subject))),
    ("a fork where there is no main is a conflict", |subject| Box::pin(no_main(subject))),
    ("a fork never becomes the main", |subject| Box::pin(never_main(subject))),
    ("a main lets the forks go that it contains", |subject| Box::pin(settles(subject))),
    ("a fork lets the forks go that it contains", |subject| Box::pin(fork_settles(subject))),
    ("what a fork contains is not contained in the main", |subject| Box::pin(fork_contains(subject))),
    ("forks beyond sixty-four are rejected, and settling makes room", |subject| Box::pin(full(subject))),
    ("pushes are answered one by one and in their order", |subject| Box::pin(one_by_one(subject))),
    ("a push sees the pushes before it in its request", |subject| Box::pin(in_order(subject))),
    ("a request without pushes is answered", |subject| Box::pin(none(subject))),
    ("the largest body is taken and comes back", |subject| Box::pin(largest(subject))),
];

async fn first(subject: Subject) -> Verdict {
    let one = text(1, "one");
    expect("the outcome", &subject.push([over(None, &one)]).await?, &vec![MAIN])?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), one.id(), vec![])])
}

async fn replaces(subject: Subject) -> Verdict {
    let (one, two) = (text(1, "one"), text(1, "two"));
    subject.accepted([over(None, &one)]).await?;
    expect("the outcome", &subject.push([over(Some(&one), &two)]).await?, &vec![MAIN])?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), two.id(), vec![])])
}

/// Fails unless the outcome is a conflict that tells this main.
fn conflict_with(outcomes: &[Outcome], main: &Revision) -> Verdict {
    match outcomes {
        [Outcome::Conflict { row: Some(row) }] => {
            let told = row.main.revision.as_ref().is_none_or(|revision| revision == main);
            expect("the row", &(row.draft, row.main.id, told), &(main.draft(), main.id(), true))
        }
        _ => Err(Failure::Broken(format!("expected a conflict with a row, saw {outcomes:?}"))),
    }
}

async fn stale(subject: Subject) -> Verdict {
    let (one, two, late) = (text(1, "one"), text(1, "two"), text(1, "late"));
    subject.accepted([over(None, &one), over(Some(&one), &two)]).await?;
    let before = subject.position().await?;
    conflict_with(&subject.push([over(Some(&one), &late)]).await?, &two)?;
    expect("the position", &subject.position().await?, &before)?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), two.id(), vec![])])?;
    expect("what is contained", &subject.contained(1, &[late.id()]).await?, &vec![])
}

async fn expects_none(subject: Subject) -> Verdict {
    let one = text(1, "one");
    subject.accepted([over(None, &one)]).await?;
    conflict_with(&subject.push([over(None, &text(1, "other"))]).await?, &one)
}

async fn no_row(subject: Subject) -> Verdict {
    let outcomes = subject.push([over(Some(&text(1, "never sent")), &text(1, "one"))]).await?;
    expect("the outcome", &outcomes, &vec![Outcome::Conflict { row: None }])?;
    expect("the rows", &subject.rows().await?, &vec![])
}

async fn repeats(subject: Subject) -> Verdict {
    let (one, two, copy) = (text(1, "one"), text(1, "two"), text(1, "copy"));
    let all = [over(None, &one), over(Some(&one), &two), fork(&copy)];
    let outcomes = vec![MAIN, MAIN, FORK];
    expect("the outcomes", &subject.push(all.clone()).await?, &outcomes)?;
    let (position, rows) = (subject.position().await?, subject.rows().await?);
    for _ in 0..2 {
        expect("the outcomes of the repeat", &subject.push(all.clone()).await?, &outcomes)?;
    }
    // Whatever it is to become now: it was accepted, as what it is.
    let otherwise = [over(Some(&copy), &two), fork(&one), over(None, &copy)];
    expect("the outcomes under other targets", &subject.push(otherwise).await?, &vec![MAIN, MAIN, FORK])?;
    expect("the position", &subject.position().await?, &position)?;
    expect("the rows", &subject.rows().await?, &rows)
}

async fn contained(subject: Subject) -> Verdict {
    let (one, two, sent_before) = (text(1, "one"), text(1, "two"), text(1, "sent before"));
    subject.accepted([over(None, &one)]).await?;
    let mut push = over(Some(&one), &two);
    push.contains.push(sent_before.id());
    subject.accepted([push]).await?;
    let position = subject.position().await?;
    expect("the outcome", &subject.push([over(Some(&two), &sent_before)]).await?, &vec![MAIN])?;
    expect("the outcome as a fork", &subject.push([fork(&sent_before)]).await?, &vec![MAIN])?;
    expect("the position", &subject.position().await?, &position)?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), two.id(), vec![])])
}

async fn beside(subject: Subject) -> Verdict {
    let (one, b, a) = (text(1, "one"), text(1, "b"), text(1, "a"));
    subject.accepted([over(None, &one)]).await?;
    expect("the outcomes", &subject.push([fork(&b), fork(&a)]).await?, &vec![FORK, FORK])?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), one.id(), vec![b.id(), a.id()])])
}

async fn no_main(subject: Subject) -> Verdict {
    expect("the outcome", &subject.push([fork(&text(1, "one"))]).await?, &vec![Outcome::Conflict { row: None }])?;
    expect("the rows", &subject.rows().await?, &vec![])
}

async fn never_main(subject: Subject) -> Verdict {
    let (one, copy) = (text(1, "one"), text(1, "copy"));
    subject.accepted([over(None, &one), fork(&copy)]).await?;
    expect("the outcome", &subject.push([over(Some(&one), &copy)]).await?, &vec![FORK])?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), one.id(), vec![copy.id()])])
}

async fn settles(subject: Subject) -> Verdict {
    let (one, a, b, settled) = (text(1, "one"), text(1, "a"), text(1, "b"), text(1, "settled"));
    subject.accepted([over(None, &one), fork(&a), fork(&b)]).await?;
    let mut push = over(Some(&one), &settled);
    push.contains.push(a.id());
    expect("the outcome", &subject.push([push]).await?, &vec![MAIN])?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), settled.id(), vec![b.id()])])?;
    expect("the settled fork pushed again", &subject.push([fork(&a)]).await?, &vec![MAIN])
}

async fn fork_settles(subject: Subject) -> Verdict {
    let (one, a, b, later) = (text(1, "one"), text(1, "a"), text(1, "b"), text(1, "later"));
    subject.accepted([over(None, &one), fork(&a), fork(&b)]).await?;
    let push = Push { contains: vec![a.id()], ..fork(&later) };
    expect("the outcome", &subject.push([push]).await?, &vec![FORK])?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), one.id(), vec![b.id(), later.id()])])
}

async fn fork_contains(subject: Subject) -> Verdict {
    let (one, other, copy) = (text(1, "one"), text(1, "other"), text(1, "copy"));
    subject.accepted([over(None, &one)]).await?;
    subject.accepted([Push { contains: vec![other.id()], ..fork(&copy) }]).await?;
    expect("what is contained", &subject.contained(1, &[one.id(), other.id(), copy.id()]).await?, &vec![one.id()])
}

async fn full(subject: Subject) -> Verdict {
    let one = text(1, "one");
    subject.accepted([over(None, &one)]).await?;
    let forks: Vec<Revision> = (0..=FORKS_MAX).map(|number| text(1, &format!("fork {number}"))).collect();
    subject.accepted(forks[..FORKS_MAX].iter().map(fork)).await?;
    let position = subject.position().await?;
    let outcomes = subject.push([fork(&forks[FORKS_MAX])]).await?;
    if !matches!(&outcomes[..], [Outcome::Rejected { code: Rejection::ForksFull, .. }]) {
        return Err(Failure::Broken(format!("expected that there are too many forks, saw {outcomes:?}")));
    }
    expect("the position", &subject.position().await?, &position)?;
    let settling = Push { contains: vec![one.id(), forks[0].id()], ..over(Some(&one), &text(1, "settled")) };
    expect("the outcomes", &subject.push([settling, fork(&forks[FORKS_MAX])]).await?, &vec![MAIN, FORK])?;
    let left: Vec<RevisionId> = forks[1..].iter().map(Revision::id).collect();
    expect("the forks", &subject.rows().await?.pop().map(|(_, _, forks)| forks), &Some(left))
}

async fn one_by_one(subject: Subject) -> Verdict {
    let mains: Vec<Revision> = (1..=20).map(|number| text(number, "one")).collect();
    subject.accepted(mains[10..].iter().map(|main| over(None, main))).await?;
    // Accepted, in conflict, and a fork, in turns.
    let pushes = (0..10).flat_map(|number| {
        let (new, old) = (&mains[number], &mains[number + 10]);
        let revision = sample(old.draft(), &[], b"late");
        [over(None, new), over(None, &revision), fork(&revision)]
    });
    let outcomes = subject.push(pushes).await?;
    let shown: Vec<u8> = outcomes
        .iter()
        .map(|outcome| match outcome {
            outcome if *outcome == MAIN => 0,
            Outcome::Conflict { row: Some(_) } => 1,
            outcome if *outcome == FORK => 2,
            _ => 9,
        })
        .collect();
    expect("the outcomes", &shown, &[0, 1, 2].repeat(10))?;
    expect("how many rows there are", &subject.rows().await?.len(), &20)
}

async fn in_order(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (0..10).map(|number| text(1, &format!("text {number}"))).collect();
    let mut pushes = vec![over(None, &texts[0])];
    pushes.extend(texts.windows(2).map(|pair| over(Some(&pair[0]), &pair[1])));
    expect("the outcomes", &subject.push(pushes).await?, &vec![MAIN; 10])?;
    expect("the position", &subject.position().await?.seq, &10)?;
    expect("the rows", &subject.rows().await?, &vec![(draft(1), texts[9].id(), vec![])])
}

async fn none(subject: Subject) -> Verdict {
    let before = subject.position().await?;
    expect("the outcomes", &subject.push([]).await?, &vec![])?;
    expect("the position", &subject.position().await?, &before)
}

async fn largest(subject: Subject) -> Verdict {
    let body: Vec<u8> = (0..BODY_MAX).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    let large = sample(draft(1), &[], &body);
    let outcomes = subject.push_large(over(None, &large)).await?;
    expect("the outcome", &outcomes, &vec![MAIN])?;
    expect("whether it comes back", &(subject.revisions(1, &[large.id()]).await? == [large]), &true)
}
