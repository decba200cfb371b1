//! Bodies that are deltas of others.

use super::kit::{FORK, Failure, MAIN, Property, Subject, TOO_LARGE, Verdict, draft, expect, fork, over, text};
use super::sample;
use crate::id::RevisionId;
use crate::transport::{Ask, BODY_MAX, Base, CHAIN_MAX, Outcome, Push, Rejection, Revision};

pub(super) const PROPERTIES: &[Property] = &[
    ("a body that builds on another one comes back with it, alone and in its row", |subject| Box::pin(with(subject))),
    ("a body may build on one before it in its request", |subject| Box::pin(in_order(subject))),
    ("a body that builds on what the hub lacks is refused, and nothing changes", |subject| Box::pin(lacks(subject))),
    ("a chain of eight comes back whole, and the ninth is refused", |subject| Box::pin(eight(subject))),
    ("a repeat is accepted whatever its body builds on", |subject| Box::pin(repeats(subject))),
    ("what a kept body builds on is kept", |subject| Box::pin(kept(subject))),
    ("a body that comes again does not come to build on itself", |subject| Box::pin(itself(subject))),
    ("a push that brings what its body builds on is refused", |subject| Box::pin(brings(subject))),
    ("the longest chain is taken and comes back, and a longer one is refused", |subject| Box::pin(longest(subject))),
];

/// A push of a body that builds on another one.
fn upon(base: &Revision, push: Push) -> Push {
    Push { base: Some(base.id()), ..push }
}

/// What comes back of a revision that builds on these.
fn given<'a>(revision: &Revision, chain: impl IntoIterator<Item = &'a Revision>) -> Revision {
    let chain = chain.into_iter().map(|base| Base { id: base.id(), body: base.body().to_vec() });
    revision.clone().with_chain(chain.collect()).expect("a sample is within the limits")
}

fn texts(count: usize) -> Vec<Revision> {
    (0..count).map(|number| text(1, &format!("text {number}"))).collect()
}

fn refused(what: &str, outcomes: &[Outcome]) -> Verdict {
    match outcomes {
        [Outcome::Rejected { code: Rejection::Base, .. }] => Ok(()),
        _ => Err(Failure::Broken(format!("{what}: expected that it is refused for its base, saw {outcomes:?}"))),
    }
}

async fn with(subject: Subject) -> Verdict {
    let (one, two, copy) = (text(1, "one"), text(1, "two"), text(1, "copy"));
    subject.accepted([over(None, &one)]).await?;
    expect("the main", &subject.push([upon(&one, over(Some(&one), &two))]).await?, &vec![MAIN])?;
    expect("the fork", &subject.push([upon(&two, fork(&copy))]).await?, &vec![FORK])?;
    let (main, beside) = (given(&two, [&one]), given(&copy, [&one, &two]));
    let expected = vec![beside, main.clone(), one.clone()];
    expect("what comes back", &subject.revisions(1, &[copy.id(), two.id(), one.id()]).await?, &expected)?;
    let rows = subject.page(0, 10).await?.rows;
    let inline = rows.first().and_then(|row| row.main.revision.clone());
    expect("the row's main, where it is there", &inline.is_none_or(|inline| inline == main), &true)?;
    match &subject.push([over(Some(&one), &text(1, "late"))]).await?[..] {
        [Outcome::Conflict { row: Some(row) }] => {
            let is_whole = row.main.revision.as_ref().is_none_or(|inline| *inline == main);
            expect("whether a conflict tells it whole, or not at all", &is_whole, &true)
        }
        outcomes => Err(Failure::Broken(format!("expected a conflict with a row, saw {outcomes:?}"))),
    }
}

async fn in_order(subject: Subject) -> Verdict {
    let texts = texts(4);
    let mut pushes = vec![over(None, &texts[0])];
    pushes.extend(texts.windows(2).map(|pair| upon(&pair[0], over(Some(&pair[0]), &pair[1]))));
    expect("the outcomes", &subject.push(pushes).await?, &vec![MAIN; 4])?;
    expect("the last", &subject.revisions(1, &[texts[3].id()]).await?, &vec![given(&texts[3], &texts[..3])])
}

async fn lacks(subject: Subject) -> Verdict {
    let (one, two, other, never) = (text(1, "one"), text(1, "two"), text(2, "one"), text(1, "never sent"));
    subject.accepted([over(None, &one), over(None, &other)]).await?;
    let before = (subject.position().await?, subject.rows().await?);
    refused("of what was never sent", &subject.push([upon(&never, over(Some(&one), &two))]).await?)?;
    refused("a fork", &subject.push([upon(&never, fork(&two))]).await?)?;
    refused("of another draft", &subject.push([upon(&other, over(Some(&one), &two))]).await?)?;
    refused("of itself", &subject.push([upon(&two, over(Some(&one), &two))]).await?)?;
    refused("of a draft that is not there", &subject.push([upon(&never, over(None, &text(3, "x")))]).await?)?;
    expect("position and rows", &(subject.position().await?, subject.rows().await?), &before)?;
    expect("what is contained", &subject.contained(1, &[two.id()]).await?, &vec![])?;
    expect("what there is", &subject.revisions(1, &[two.id(), one.id()]).await?, &vec![one.clone()])?;
    // What follows it in its request sees that it is not there, and what does not build on it goes on.
    let (three, copy) = (text(1, "three"), text(1, "copy"));
    let pushes = [upon(&never, over(Some(&one), &two)), upon(&two, over(Some(&two), &three)), upon(&one, fork(&copy))];
    match &subject.push(pushes).await?[..] {
        [Outcome::Rejected { code: Rejection::Base, .. }, Outcome::Conflict { row: Some(_) }, last] => {
            expect("the last", last, &FORK)?;
        }
        outcomes => return Err(Failure::Broken(format!("expected a refusal and a conflict, saw {outcomes:?}"))),
    }
    expect("whole", &subject.push([over(Some(&one), &two)]).await?, &vec![MAIN])
}

async fn eight(subject: Subject) -> Verdict {
    let texts = texts(CHAIN_MAX + 2);
    subject.accepted([over(None, &texts[0])]).await?;
    for pair in texts[..=CHAIN_MAX].windows(2) {
        expect("the outcome", &subject.push([upon(&pair[0], over(Some(&pair[0]), &pair[1]))]).await?, &vec![MAIN])?;
    }
    let (last, ninth) = (&texts[CHAIN_MAX], &texts[CHAIN_MAX + 1]);
    let whole = given(last, &texts[..CHAIN_MAX]);
    expect("the eighth", &subject.revisions(1, &[last.id()]).await?, &vec![whole.clone()])?;
    refused("the ninth", &subject.push([upon(last, over(Some(last), ninth))]).await?)?;
    refused("the ninth as a fork", &subject.push([upon(last, fork(ninth))]).await?)?;
    expect("the ninth whole", &subject.push([over(Some(last), ninth)]).await?, &vec![MAIN])?;
    expect("both", &subject.revisions(1, &[last.id(), ninth.id()]).await?, &vec![whole, ninth.clone()])
}

async fn repeats(subject: Subject) -> Verdict {
    let (one, two, three, never) = (text(1, "one"), text(1, "two"), text(1, "three"), text(1, "never sent"));
    subject.accepted([over(None, &one), upon(&one, over(Some(&one), &two))]).await?;
    subject.accepted([upon(&two, over(Some(&two), &three))]).await?;
    let position = subject.position().await?;
    for base in [None, Some(one.id()), Some(never.id()), Some(two.id()), Some(three.id())] {
        let push = Push { base, ..over(Some(&one), &two) };
        expect("the outcome of a repeat", &subject.push([push]).await?, &vec![MAIN])?;
    }
    expect("the position", &subject.position().await?, &position)?;
    expect("what comes back", &subject.revisions(1, &[three.id()]).await?, &vec![given(&three, [&one, &two])])
}

async fn kept(subject: Subject) -> Verdict {
    let texts = texts(CHAIN_MAX);
    subject.accepted([over(None, &texts[0])]).await?;
    subject.accepted(texts.windows(2).map(|pair| upon(&pair[0], over(Some(&pair[0]), &pair[1])))).await?;
    let (copy, mut main) = (text(1, "copy"), texts[CHAIN_MAX - 1].clone());
    subject.accepted([upon(&main, fork(&copy))]).await?;
    let (whole, ids) = (given(&copy, &texts), texts.iter().map(Revision::id).collect::<Vec<_>>());
    for number in 0..30 {
        let mut pushes = Vec::new();
        for next in (0..10).map(|at| text(1, &format!("main {number} {at}"))) {
            pushes.push(over(Some(&main), &next));
            main = next;
        }
        subject.accepted(pushes).await?;
        expect("the fork", &subject.revisions(1, &[copy.id()]).await?, &vec![whole.clone()])?;
        for found in subject.revisions(1, &ids).await? {
            let at = ids.iter().position(|id| *id == found.id()).unwrap_or_default();
            expect("whatever else is there", &found, &given(&texts[at], &texts[..at]))?;
        }
    }
    Ok(())
}

async fn itself(subject: Subject) -> Verdict {
    let (main, one, two, three) = (text(1, "main"), text(1, "one"), text(1, "two"), text(1, "three"));
    subject.accepted([over(None, &main), fork(&one), upon(&one, fork(&two))]).await?;
    // The first fork goes, and the second one still builds on it. Then it comes again.
    subject.accepted([Push { contains: vec![one.id()], ..fork(&three) }]).await?;
    subject.accepted([upon(&two, fork(&one))]).await?;
    expect("both", &subject.revisions(1, &[two.id(), one.id()]).await?, &vec![given(&two, [&one]), one])
}

async fn brings(subject: Subject) -> Verdict {
    let (one, two) = (text(1, "one"), text(1, "two"));
    subject.accepted([over(None, &one)]).await?;
    let brought = given(&two, [&one]);
    for push in [over(Some(&one), &brought), upon(&one, over(Some(&one), &brought))] {
        subject.refuses("a push with a chain", subject.request(Ask::Push { pushes: vec![push] })).await?;
    }
    expect("the rows", &subject.rows().await?, &vec![(draft(1), one.id(), vec![])])
}

async fn longest(subject: Subject) -> Verdict {
    let half = |number: u8, length: usize| sample(draft(1), &[], &vec![number; length]);
    let (one, two) = (half(1, BODY_MAX / 2), half(2, BODY_MAX - BODY_MAX / 2));
    subject.push_large(over(None, &one)).await?;
    match &subject.push([upon(&one, over(Some(&one), &two))]).await?[..] {
        [Outcome::Rejected { code: Rejection::Base, .. }] => return Err(TOO_LARGE),
        outcomes => expect("the outcome", &outcomes.to_vec(), &vec![MAIN])?,
    }
    refused("one byte more", &subject.push([upon(&two, over(Some(&two), &half(3, 1)))]).await?)?;
    let ids: Vec<RevisionId> = vec![two.id(), one.id()];
    let found = subject.revisions(1, &ids).await?;
    expect("whether they come back", &(found == [given(&two, [&one]), one]), &true)
}
