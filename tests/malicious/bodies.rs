//! Bodies that are not those of their revisions. An id covers its header, and that covers what the body says.

use crate::behaviour::{Behaviour, bodied};
use crate::liar::{Told, Turn};
use draftkeep::RevisionId;
use draftkeep::transport::{Base, Revision};

const ALTERED: &str = "its text does not match its id";
const UNREADABLE: &str = "its body cannot be read";

pub(crate) const BODIES: &[Behaviour] = &[
    Behaviour::says("gives the body of another revision", |turn| told(turn, of_another), ALTERED),
    Behaviour::says("cuts bodies", |turn| told(turn, cut), UNREADABLE),
    Behaviour::says("gives empty bodies", |turn| told(turn, empty), UNREADABLE),
    Behaviour::says("changes one letter of a text", |turn| told(turn, one_letter), "blocked: its"),
    Behaviour::says("sends a bomb", |turn| told(turn, bomb), UNREADABLE),
    Behaviour::says("claims a length of all memory", |turn| told(turn, long_claim), UNREADABLE),
    Behaviour::says("gives a delta of what the device never had", |turn| told(turn, without_base), UNREADABLE),
    Behaviour::says("lets a delta build on itself", |turn| told(turn, on_itself), UNREADABLE),
    Behaviour::says("builds a delta on another text", |turn| told(turn, on_another), "blocked: its"),
    Behaviour::says("turns a chain around", |turn| told(turn, turned), UNREADABLE),
    Behaviour::says("sends a form that nobody knows", |turn| told(turn, other_form), UNREADABLE),
    Behaviour::says("claims more names than there are bytes", |turn| told(turn, long_names), UNREADABLE),
];

/// Another body under the same id; none where there is nothing to alter.
pub(crate) type Alter = fn(&Revision) -> Option<Revision>;

/// What `earlier_of` is held against, too.
pub(crate) const ALTERATIONS: [(&str, Alter); 12] = [
    ("of_another", of_another),
    ("cut", cut),
    ("empty", empty),
    ("one_letter", one_letter),
    ("bomb", bomb),
    ("long_claim", long_claim),
    ("without_base", without_base),
    ("on_itself", on_itself),
    ("on_another", on_another),
    ("turned", turned),
    ("other_form", other_form),
    ("long_names", long_names),
];

fn told(turn: &mut Turn<'_>, change: Alter) -> Told {
    bodied(turn, change)
}

fn with_body(revision: &Revision, body: Vec<u8>, chain: Vec<Base>) -> Option<Revision> {
    let made = Revision::new(revision.header().to_vec(), body).expect("only the body is another one");
    Some(made.with_chain(chain).expect("it is not longer than before"))
}

/// A body with these names of the real one, in this form.
fn like(revision: &Revision, form: u8, rest: &[u8]) -> Vec<u8> {
    let body = revision.body();
    let names = usize::try_from(u32::from_le_bytes(body[1..5].try_into().unwrap())).unwrap();
    [&[form][..], &body[1..5 + names], rest].concat()
}

fn of_another(revision: &Revision) -> Option<Revision> {
    let text = br#"{"body":"of another revision","tags":[],"title":"","views":0}"#;
    with_body(revision, like(revision, 0, text), Vec::new())
}

fn cut(revision: &Revision) -> Option<Revision> {
    let body = revision.body();
    with_body(revision, body[..4.min(body.len())].to_vec(), revision.chain().to_vec())
}

fn empty(revision: &Revision) -> Option<Revision> {
    with_body(revision, Vec::new(), Vec::new())
}

fn one_letter(revision: &Revision) -> Option<Revision> {
    let mut body = revision.body().to_vec();
    *body.last_mut()? ^= 1;
    with_body(revision, body, revision.chain().to_vec())
}

/// A frame of a run without end: a gigabyte of one letter in some hundred bytes.
fn bomb(revision: &Revision) -> Option<Revision> {
    // Magic, a window of 8 MiB and no size; then blocks that each repeat one letter 128 KiB times.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    for block in 0..8_192_u32 {
        let head = (131_072 << 3) | (1 << 1) | u32::from(block == 8_191);
        frame.extend(&head.to_le_bytes()[..3]);
        frame.push(b'a');
    }
    with_body(revision, like(revision, 1, &[&[2, 0x80, 0x80, 0x80, 0x08][..], &frame].concat()), Vec::new())
}

fn long_claim(revision: &Revision) -> Option<Revision> {
    let rest = [&[1][..], &[0xff; 9], &[0x01], b"short"].concat();
    with_body(revision, like(revision, 1, &rest), Vec::new())
}

fn without_base(revision: &Revision) -> Option<Revision> {
    if revision.chain().is_empty() {
        return with_body(revision, like(revision, 2, &[1, 0, 0]), Vec::new());
    }
    with_body(revision, revision.body().to_vec(), Vec::new())
}

fn on_itself(revision: &Revision) -> Option<Revision> {
    let body = like(revision, 2, &[1, 0, 0]);
    with_body(revision, body.clone(), vec![Base { id: revision.id(), body }; 8])
}

fn on_another(revision: &Revision) -> Option<Revision> {
    let base = Base { id: RevisionId::from_bytes([6; 32]), body: [&[0, 1, 0, 0, 0, 1][..], b"another text"].concat() };
    let delta = [&[1, 12, 0][..]].concat();
    with_body(revision, like(revision, 2, &delta), vec![base])
}

fn turned(revision: &Revision) -> Option<Revision> {
    let mut chain = revision.chain().to_vec();
    chain.push(Base { id: revision.id(), body: revision.body().to_vec() });
    chain.reverse();
    let body = like(revision, 2, &[1, 0, 0]);
    chain.push(Base { id: revision.id(), body: vec![9; 9] });
    with_body(revision, body, chain)
}

fn other_form(revision: &Revision) -> Option<Revision> {
    with_body(revision, like(revision, 200, b"{}"), Vec::new())
}

fn long_names(revision: &Revision) -> Option<Revision> {
    with_body(revision, vec![0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3], Vec::new())
}
