//! Waiting for news.

use super::kit::{Property, Subject, Verdict, expect, over, text};
use crate::transport::{Answer, Ask, Position, Reply, Request};
use futures_util::future::join;
use std::time::Duration;

pub(super) const PROPERTIES: &[Property] = &[
    ("waiting ends at once where there is news already", |subject| Box::pin(at_once(subject))),
    ("waiting ends with the news", |subject| Box::pin(with_news(subject))),
    ("waiting ends with its time", |subject| Box::pin(with_time(subject))),
];

/// Longer than a check may take, so that only news end it.
const LONG: Duration = Duration::from_secs(50);

async fn wait(subject: &Subject, seen: Option<Position>, timeout: Duration) -> Verdict<Answer> {
    let request = Request { seen, ..subject.request(Ask::Wait { timeout }) };
    Ok(subject.transport.send(request).await?)
}

async fn at_once(subject: Subject) -> Verdict {
    let before = subject.position().await?;
    subject.accepted([over(None, &text(1, "one"))]).await?;
    let now = subject.position().await?;
    for seen in [None, Some(before)] {
        let answer = wait(&subject, seen, LONG).await?;
        expect("the answer", &(answer.reply, answer.position), &(Reply::News, now))?;
    }
    Ok(())
}

async fn with_news(subject: Subject) -> Verdict {
    subject.accepted([over(None, &text(1, "one"))]).await?;
    let before = subject.position().await?;
    let (answer, pushed) =
        join(wait(&subject, Some(before), LONG), subject.accepted([over(None, &text(2, "one"))])).await;
    pushed?;
    let answer = answer?;
    expect("the reply", &answer.reply, &Reply::News)?;
    expect("the number", &answer.position.seq, &2)
}

async fn with_time(subject: Subject) -> Verdict {
    subject.accepted([over(None, &text(1, "one"))]).await?;
    let seen = subject.position().await?;
    for timeout in [Duration::ZERO, Duration::from_millis(50)] {
        let answer = wait(&subject, Some(seen), timeout).await?;
        expect("the answer", &(answer.reply, answer.position), &(Reply::News, seen))?;
    }
    Ok(())
}
