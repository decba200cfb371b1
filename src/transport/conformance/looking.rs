//! What a hub says of revisions, and of spaces.

use super::kit::{Failure, MAIN, Property, Subject, Verdict, another, draft, expect, fork, over, text};
use super::sample;
use crate::id::RevisionId;
use crate::transport::{Ask, Reply, Revision};

pub(super) const PROPERTIES: &[Property] = &[
    ("what the main contains is told exactly, in the order of the request", |subject| Box::pin(contained(subject))),
    ("revisions come back as they were, byte by byte", |subject| Box::pin(as_they_were(subject))),
    ("revisions that do not fit into one answer come in the next", |subject| Box::pin(many(subject))),
    ("a revision of another draft is not found", |subject| Box::pin(other_draft(subject))),
    ("a draft that is not there has nothing", |subject| Box::pin(nothing(subject))),
    ("spaces do not see each other", |subject| Box::pin(spaces(subject))),
    ("the name of a space is taken as it is", |subject| Box::pin(names(subject))),
];

async fn contained(subject: Subject) -> Verdict {
    let (one, two, three) = (text(1, "one"), text(1, "two"), text(1, "three"));
    let (copy, unknown) = (text(1, "copy"), RevisionId::from_bytes([1; 32]));
    subject.accepted([over(None, &one), over(Some(&one), &two), fork(&copy)]).await?;
    let ids = [three.id(), two.id(), unknown, copy.id(), one.id()];
    expect("before", &subject.contained(1, &ids).await?, &vec![two.id(), one.id()])?;
    let mut settling = over(Some(&two), &three);
    settling.contains.push(copy.id());
    subject.accepted([settling]).await?;
    expect("after", &subject.contained(1, &ids).await?, &vec![three.id(), two.id(), copy.id(), one.id()])?;
    expect("asked for nothing", &subject.contained(1, &[]).await?, &vec![])
}

async fn as_they_were(subject: Subject) -> Verdict {
    let lengths = [0, 1, 2_999, 3_001, 4_096, 65_000, 65_537, 300_000];
    for (number, length) in (1..).zip(lengths) {
        let body: Vec<u8> = (0..length).map(|at: usize| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
        let main = sample(draft(number), &[RevisionId::from_bytes([7; 32])], &body);
        let copy = sample(draft(number), &[main.id()], &[&body[..], b"fork"].concat());
        subject.accepted([over(None, &main), fork(&copy)]).await?;
        let ids = [copy.id(), RevisionId::from_bytes([9; 32]), main.id()];
        let found = subject.revisions(number, &ids).await?;
        expect("whether they are as they were", &(found == [copy, main]), &true)?;
    }
    Ok(())
}

async fn many(subject: Subject) -> Verdict {
    let large: Vec<Revision> = (0..5).map(|number| sample(draft(1), &[], &vec![number; 6 << 20])).collect();
    subject.accepted([over(None, &large[0])]).await?;
    for revision in &large[1..] {
        subject.accepted([fork(revision)]).await?;
    }
    let ids: Vec<RevisionId> = large.iter().map(Revision::id).collect();
    match subject.ask(Ask::Revisions { draft: draft(1), ids: ids.clone() }).await?.reply {
        Reply::Revisions { revisions, looked_up } => {
            expect("how many were looked up", &(looked_up as usize), &revisions.len())?;
            expect("whether that is some, and not all", &(1..5).contains(&looked_up), &true)?;
        }
        reply => return Err(another("revisions", &reply)),
    }
    let found = subject.revisions(1, &ids).await?;
    expect("whether all came", &(found == large), &true)
}

async fn other_draft(subject: Subject) -> Verdict {
    let one = text(1, "one");
    subject.accepted([over(None, &one), over(None, &text(2, "one"))]).await?;
    expect("revisions", &subject.revisions(2, &[one.id()]).await?, &vec![])?;
    expect("what is contained", &subject.contained(2, &[one.id()]).await?, &vec![])
}

async fn nothing(subject: Subject) -> Verdict {
    let ids = [RevisionId::from_bytes([7; 32])];
    expect("revisions", &subject.revisions(1, &ids).await?, &vec![])?;
    expect("what is contained", &subject.contained(1, &ids).await?, &vec![])
}

async fn spaces(subject: Subject) -> Verdict {
    let other = subject.other("another space");
    let (one, two) = (text(1, "one"), text(1, "two"));
    subject.accepted([over(None, &one)]).await?;
    let position = subject.position().await?;
    expect("rows elsewhere", &other.rows().await?, &vec![])?;
    expect("revisions elsewhere", &other.revisions(1, &[one.id()]).await?, &vec![])?;
    expect("what is contained elsewhere", &other.contained(1, &[one.id()]).await?, &vec![])?;
    expect("a push elsewhere", &other.push([over(None, &two)]).await?, &vec![MAIN])?;
    expect("the rows here", &subject.rows().await?, &vec![(draft(1), one.id(), vec![])])?;
    expect("the position here", &subject.position().await?, &position)?;
    if other.position().await? == position {
        return Err(Failure::Broken("two spaces have one position".to_owned()));
    }
    Ok(())
}

async fn names(subject: Subject) -> Verdict {
    let long = "x".repeat(200);
    // Composed and decomposed, with what ends a word elsewhere, in two cases, one the beginning of another.
    let names = [
        "\u{e9}",
        "e\u{301}",
        "a",
        "A",
        "a ",
        " a",
        "a\0",
        "a\0b",
        "a/b",
        "../a",
        "a\nb",
        "%61",
        "\u{202e}a",
        "🦀",
        &long[..199],
        &long,
    ];
    for name in names {
        let one = text(1, name);
        subject.other(name).accepted([over(None, &one)]).await?;
    }
    for name in names {
        expect(
            &format!("the rows of {name:?}"),
            &subject.other(name).rows().await?,
            &vec![(draft(1), text(1, name).id(), vec![])],
        )?;
    }
    Ok(())
}
