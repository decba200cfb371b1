//! What is beyond the limits of the protocol.

use super::kit::{Property, Subject, Verdict, draft, expect, over, text};
use crate::id::RevisionId;
use crate::transport::{Ask, CONTAINS_MAX, DEVICE_MAX, IDS_MAX, PAGE_MAX, PUSHES_MAX, Push, Request, SPACE_MAX};

pub(super) const PROPERTIES: &[Property] = &[
    ("what is within the limits is carried out", |subject| Box::pin(within(subject))),
    ("what is beyond the limits is refused, and nothing changes", |subject| Box::pin(beyond(subject))),
];

fn ids(count: usize) -> Vec<RevisionId> {
    (0..count).map(|number| RevisionId::from_bytes(*blake3::hash(&number.to_le_bytes()).as_bytes())).collect()
}

fn pushes(count: usize) -> Vec<Push> {
    let revisions = (0..count).map(|number| text(1, &format!("text {number}")));
    revisions.map(|revision| over(None, &revision)).collect()
}

fn containing(count: usize) -> Vec<Push> {
    vec![Push { contains: ids(count), ..over(None, &text(9, "one")) }]
}

async fn within(subject: Subject) -> Verdict {
    expect("the outcomes", &subject.push(pushes(PUSHES_MAX)).await?.len(), &PUSHES_MAX)?;
    subject.accepted(containing(CONTAINS_MAX)).await?;
    expect("what is contained", &subject.contained(9, &ids(IDS_MAX)).await?, &ids(IDS_MAX))?;
    let limit = u32::try_from(PAGE_MAX).unwrap_or(u32::MAX);
    expect("the rows", &subject.page(0, limit).await?.rows.len(), &2)?;
    let named = Request { device: Some("d".repeat(DEVICE_MAX)), ..subject.request(Ask::Hello) };
    subject.transport.send(named).await?;
    let named = Request { space: "s".repeat(SPACE_MAX), ..subject.request(Ask::Hello) };
    subject.transport.send(named).await?;
    Ok(())
}

async fn beyond(subject: Subject) -> Verdict {
    subject.accepted([over(None, &text(2, "one"))]).await?;
    let (position, rows) = (subject.position().await?, subject.rows().await?);
    let of = draft(1);
    let past = u32::try_from(PAGE_MAX + 1).unwrap_or(u32::MAX);
    let late = || vec![over(None, &text(3, "late"))];
    let asks = [
        ("a page without rows", Ask::Pull { after: 0, limit: 0 }),
        ("a page that is too long", Ask::Pull { after: 0, limit: past }),
        ("too many pushes", Ask::Push { pushes: pushes(PUSHES_MAX + 1) }),
        ("a push that contains too much", Ask::Push { pushes: containing(CONTAINS_MAX + 1) }),
        ("too many ids that may be contained", Ask::Contained { draft: of, ids: ids(IDS_MAX + 1) }),
        ("too many ids of revisions", Ask::Revisions { draft: of, ids: ids(IDS_MAX + 1) }),
    ];
    for (what, ask) in asks {
        subject.refuses(what, subject.request(ask)).await?;
    }
    let push = subject.request(Ask::Push { pushes: late() });
    let nameless = Request { space: String::new(), ..push.clone() };
    subject.refuses("a space without a name", nameless).await?;
    let long = Request { space: "s".repeat(SPACE_MAX + 1), ..push.clone() };
    subject.refuses("the name of a space that is too long", long).await?;
    let long = Request { device: Some("d".repeat(DEVICE_MAX + 1)), ..push };
    subject.refuses("the name of a device that is too long", long).await?;
    expect("the position", &subject.position().await?, &position)?;
    expect("the rows", &subject.rows().await?, &rows)
}
