//! Carrying requests: several at once, and those that are given up.

use super::kit::{Failure, MAIN, Property, Subject, Verdict, draft, expect, over, text};
use crate::transport::{Ask, Outcome, Reply, Revision};
use futures_util::future::join_all;
use std::pin::pin;
use std::task::{Context, Waker};

pub(super) const PROPERTIES: &[Property] = &[
    ("requests that overlap get each their own answer", |subject| Box::pin(overlapping(subject))),
    ("of several pushes over one main at once, one is accepted", |subject| Box::pin(one_wins(subject))),
    ("a request that is given up is carried out whole or not at all, and can be repeated", |subject| {
        Box::pin(given_up(subject))
    }),
    ("a transport is not spoilt by requests that are given up", |subject| Box::pin(unspoilt(subject))),
];

async fn overlapping(subject: Subject) -> Verdict {
    let texts: Vec<Revision> = (1..=24).map(|number| text(number, &format!("text {number}"))).collect();
    let pushes = texts.iter().map(|revision| subject.push([over(None, revision)]));
    for outcomes in join_all(pushes).await {
        expect("the outcome", &outcomes?, &vec![MAIN])?;
    }
    let asked = (1..=24).zip(&texts).map(|(number, revision)| {
        let subject = &subject;
        async move {
            let found = subject.revisions(number, &[revision.id()]).await?;
            expect("the revision that was asked for", &found, &vec![revision.clone()])
        }
    });
    join_all(asked).await.into_iter().collect()
}

async fn one_wins(subject: Subject) -> Verdict {
    let mut main = text(1, "first");
    subject.accepted([over(None, &main)]).await?;
    for round in 0..5 {
        let texts: Vec<Revision> = (0..8).map(|number| text(1, &format!("{round} {number}"))).collect();
        let outcomes = join_all(texts.iter().map(|revision| subject.push([over(Some(&main), revision)]))).await;
        let mut won = Vec::new();
        for (revision, outcome) in texts.iter().zip(outcomes) {
            match &outcome?[..] {
                [Outcome::Accepted { .. }] => won.push(revision.clone()),
                [Outcome::Conflict { row: Some(_) }] => {}
                other => return Err(Failure::Broken(format!("neither accepted nor in conflict: {other:?}"))),
            }
        }
        expect("how many were accepted", &won.len(), &1)?;
        main = won.swap_remove(0);
        expect("the rows", &subject.rows().await?, &vec![(draft(1), main.id(), vec![])])?;
    }
    Ok(())
}

async fn given_up(subject: Subject) -> Verdict {
    for polls in 0..4_u8 {
        let (one, two) = (text(10 + polls, "one"), text(50 + polls, "two"));
        let pushes = vec![over(None, &one), over(None, &two)];
        {
            let mut sending = pin!(subject.transport.send(subject.request(Ask::Push { pushes: pushes.clone() })));
            for _ in 0..polls {
                if sending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
            }
        }
        let rows = subject.rows().await?;
        let there = [&one, &two].map(|revision| rows.iter().any(|(_, main, _)| *main == revision.id()));
        expect("whether both are there, or none", &(there[0] == there[1]), &true)?;
        expect("the outcomes of the repeat", &subject.push(pushes).await?, &vec![MAIN, MAIN])?;
    }
    Ok(())
}

async fn unspoilt(subject: Subject) -> Verdict {
    subject.accepted([over(None, &text(1, "one"))]).await?;
    let seen = Some(subject.position().await?);
    for _ in 0..50 {
        let timeout = std::time::Duration::from_secs(30);
        let request = crate::transport::Request { seen, ..subject.request(Ask::Wait { timeout }) };
        let mut waiting = pin!(subject.transport.send(request));
        let _ = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    expect("the rows", &subject.rows().await?.len(), &1)?;
    let answer = subject.ask(Ask::Hello).await?;
    expect("the greeting", &answer.reply, &Reply::Welcome { confirmed: true })
}
