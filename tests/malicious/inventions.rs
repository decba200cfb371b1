//! Whole revisions of the hub's own making. Without a key whoever knows the name of a space can make them, and a device cannot tell
//! them from those of another device: they come as texts of others do, and what was here stays in the history.

use crate::behaviour::{Behaviour, Contains, invented, speak_of_inventions};
use crate::forge::{
    AUTHOR, DEVICE, DRAFT, FLAGS, Forged, GENERATION, KIND, LABEL, OUTCOME, PARENTS, PHASE, POLICY, SCHEMA, SLOT, TIME,
    VECTOR, slot_draft, varint, writers,
};
use crate::liar::{Told, Turn};
use draftkeep::DraftId;
use draftkeep::transport::{Ask, Main, Position, Reply, Row};

const STORED: &str = "longer than a device stores";
const ANOTHER_SLOT: &str = "does not belong to the slot";

pub(crate) const INVENTIONS: &[Behaviour] = &[
    Behaviour::unseen("makes up a main that contains everything", |turn| made(turn, Contains::Everything, |_| {}))
        .lasting(),
    Behaviour::unseen("makes up a main that contains nothing", |turn| made(turn, Contains::Nothing, |_| {})).lasting(),
    Behaviour::unseen("makes up another main every time", every_time_another).lasting(),
    Behaviour::unseen("makes up forks without end", forks_without_end),
    Behaviour::unseen("knows more of a device than it wrote", ahead_of_itself).lasting(),
    Behaviour::unseen("counts to the end of all numbers", |turn| made(turn, Contains::Nothing, counted_out)).lasting(),
    Behaviour::unseen("names as many writers as fit", as_many_writers).lasting(),
    Behaviour::says(
        "names more writers than are stored",
        |turn| made(turn, Contains::Nothing, too_many_writers),
        STORED,
    ),
    Behaviour::says("names parents without end", |turn| made(turn, Contains::Nothing, many_parents), STORED),
    Behaviour::unseen("names parents that nobody has", |turn| made(turn, Contains::Nothing, unknown_parents)).lasting(),
    Behaviour::unseen("claims to be made from what others wrote", from_all_there_is).for_good(),
    Behaviour::unseen("writes before all time", |turn| {
        made(turn, Contains::Everything, |forged| forged.header.number(TIME, 0))
    })
    .lasting(),
    Behaviour::unseen("writes at the end of all time", |turn| {
        made(turn, Contains::Everything, |forged| forged.header.number(TIME, u64::MAX))
    })
    .lasting(),
    Behaviour::unseen("archives what is in use", |turn| {
        made(turn, Contains::Everything, |forged| forged.header.number(PHASE, 2))
    })
    .for_good(),
    Behaviour::unseen("throws away what is in use", |turn| {
        made(turn, Contains::Everything, |forged| forged.header.number(PHASE, 3))
    })
    .for_good(),
    Behaviour::unseen("throws away what it knows nothing of", |turn| {
        made(turn, Contains::Nothing, |forged| forged.header.number(PHASE, 3))
    })
    .lasting(),
    Behaviour::unseen("revives what has ended", |turn| {
        made(turn, Contains::Everything, |forged| forged.header.number(PHASE, 0))
    })
    .lasting(),
    Behaviour::unseen("says that something came of it", |turn| made(turn, Contains::Nothing, outcome)).lasting(),
    Behaviour::says("gives names without end", |turn| made(turn, Contains::Nothing, long_label), STORED),
    Behaviour::unseen("gives names of odd letters", |turn| made(turn, Contains::Nothing, odd_names)).lasting(),
    Behaviour::says(
        "gives names that are no text",
        |turn| made(turn, Contains::Nothing, no_text),
        "its names cannot be read",
    ),
    Behaviour::says(
        "gives a draft another kind",
        |turn| made(turn, Contains::Nothing, |forged| forged.header.set(KIND, *b"other")),
        "blocked",
    )
    .for_good(),
    Behaviour::says(
        "gives a kind without a name",
        |turn| made(turn, Contains::Nothing, |forged| forged.header.set(KIND, *b"")),
        "its kind has no name",
    ),
    Behaviour::says(
        "gives a kind a name without end",
        |turn| made(turn, Contains::Nothing, |forged| forged.header.set(KIND, [b'k'; 9_000])),
        "or too long a one",
    ),
    Behaviour::says(
        "writes for a newer application",
        |turn| made(turn, Contains::Nothing, |forged| forged.header.number(SCHEMA, 4_000_000)),
        "update it",
    )
    .lasting(),
    Behaviour::says(
        "writes what no application can read",
        |turn| made(turn, Contains::Nothing, |forged| forged.document = b"[1,2,3]".to_vec()),
        "blocked",
    ),
    Behaviour::says(
        "writes what is no JSON",
        |turn| made(turn, Contains::Nothing, |forged| forged.document = vec![0xff; 99]),
        "blocked",
    ),
    Behaviour::says(
        "writes JSON in another form",
        |turn| made(turn, Contains::Nothing, |forged| forged.document.push(b' ')),
        "it is not canonical JSON",
    ),
    Behaviour::says(
        "nests without end",
        |turn| made(turn, Contains::Nothing, |forged| forged.document = b"[".repeat(1_000_000)),
        "blocked",
    ),
    Behaviour::says(
        "says what this release does not know",
        |turn| made(turn, Contains::Nothing, unknown_field),
        "does not know",
    ),
    Behaviour::says(
        "moves a draft into another one",
        |turn| made(turn, Contains::Nothing, |forged| forged.header.set(DRAFT, [3; 16])),
        "it belongs to another draft",
    ),
    Behaviour::says(
        "puts a draft into a slot that is not its own",
        |turn| made(turn, Contains::Nothing, into_a_slot),
        ANOTHER_SLOT,
    ),
    Behaviour::says(
        "counts generations to the end",
        |turn| made(turn, Contains::Nothing, last_generation),
        ANOTHER_SLOT,
    ),
    Behaviour::unseen("opens many generations of a slot", many_generations),
    Behaviour::unseen("signs as nobody, with other rules and flags", |turn| {
        made(turn, Contains::Nothing, signed_as_nobody)
    })
    .lasting(),
];

fn made(turn: &mut Turn<'_>, contains: Contains, change: fn(&mut Forged)) -> Told {
    invented(turn, contains, change)
}

fn every_time_another(turn: &mut Turn<'_>) -> Told {
    let number = turn.memory.turns;
    invented(turn, Contains::Nothing, |forged| forged.says(&format!("the text of turn {number}")))
}

/// Three forks more at every answer, of every draft.
fn forks_without_end(turn: &mut Turn<'_>) -> Told {
    let (mut answer, number) = (turn.truth(), turn.memory.turns);
    if let Reply::Page(page) = &mut answer.reply {
        for row in &mut page.rows {
            let Some(main) = &row.main.revision else { continue };
            for fork in 0..3 {
                let mut forged = Forged::like(main);
                forged.says(&format!("fork {fork} of turn {number}"));
                let forged = forged.close();
                row.forks.push(forged.id());
                turn.memory.forks.entry(row.draft).or_default().push(forged);
            }
        }
    } else {
        speak_of_inventions(turn, Contains::Nothing, &mut answer);
    }
    Ok(answer)
}

/// The writers that the real revisions name, the device itself among them, with counters that none of them came to.
pub(crate) fn ahead_of_itself(turn: &mut Turn<'_>) -> Told {
    invented(turn, Contains::Nothing, |forged| {
        let vector = forged.header.0.get(&VECTOR).cloned().unwrap_or_default();
        let (mut rest, mut ahead) = (&vector[..], Vec::new());
        while rest.len() > 16 {
            ahead.extend(&rest[..16]);
            ahead.extend(varint(u64::MAX));
            let counter = rest[16..].iter().position(|byte| byte & 128 == 0).unwrap_or_default();
            rest = &rest[17 + counter..];
        }
        if !ahead.is_empty() {
            forged.header.set(VECTOR, ahead);
        }
    })
}

fn counted_out(forged: &mut Forged) {
    forged.header.set(VECTOR, writers(3, u64::MAX));
}

/// Others every time, so that what is merged of them names more than fit.
fn as_many_writers(turn: &mut Turn<'_>) -> Told {
    let first = turn.memory.turns * 1_024;
    invented(turn, Contains::Nothing, |forged| {
        let writer = |number: u64| [&u128::from(first + number).to_be_bytes()[..], &[1]].concat();
        forged.header.set(VECTOR, (1..=1_024).flat_map(writer).collect::<Vec<u8>>());
        forged.says(&format!("of writers from {first} on"));
    })
}

fn too_many_writers(forged: &mut Forged) {
    forged.header.set(VECTOR, writers(2_000, 1));
}

fn many_parents(forged: &mut Forged) {
    forged.header.set(
        PARENTS,
        (0..30_000_u32).flat_map(|number| *blake3::hash(&number.to_le_bytes()).as_bytes()).collect::<Vec<u8>>(),
    );
}

fn unknown_parents(forged: &mut Forged) {
    forged.header.set(PARENTS, [[1; 32], [2; 32]].concat());
}

/// From the real main and every fork: whoever takes it in counts them as contained, and says so when it pushes.
fn from_all_there_is(turn: &mut Turn<'_>) -> Told {
    let rows = match turn.instead(Ask::Pull { after: 0, limit: 1_000 }).reply {
        Reply::Page(page) => page.rows,
        _ => Vec::new(),
    };
    invented(turn, Contains::Everything, |forged| {
        let row = rows.iter().find(|row| forged.header.0[&DRAFT] == row.draft.as_bytes());
        let ids = row.map(|row| [&[row.main.id][..], &row.forks].concat()).unwrap_or_default();
        forged.header.set(PARENTS, ids.iter().flat_map(|id| *id.as_bytes()).collect::<Vec<u8>>());
    })
}

fn outcome(forged: &mut Forged) {
    forged.header.number(PHASE, 1);
    forged.names.set(OUTCOME, *b"sold");
}

fn long_label(forged: &mut Forged) {
    forged.names.set(LABEL, vec![b'x'; 100_000]);
}

fn odd_names(forged: &mut Forged) {
    forged.names.set(LABEL, "\u{202e}\0\n\u{feff}".as_bytes());
    forged.names.set(DEVICE, "../../\u{1b}[31m".as_bytes());
}

fn no_text(forged: &mut Forged) {
    forged.names.set(LABEL, [0xff, 0xfe]);
}

fn unknown_field(forged: &mut Forged) {
    forged.header.set(90, *b"of the future");
}

fn into_a_slot(forged: &mut Forged) {
    forged.names.set(SLOT, *b"another");
    forged.names.number(GENERATION, 1);
}

fn last_generation(forged: &mut Forged) {
    forged.names.set(SLOT, *b"one");
    forged.names.number(GENERATION, u64::from(u32::MAX));
}

/// Generations 2 to 40 of a slot, all of them open, and one far behind them.
fn many_generations(turn: &mut Turn<'_>) -> Told {
    let mut answer = turn.truth();
    answer.position = Position { seq: 1_000_000_000, chain: [7; 32] };
    let Reply::Page(page) = &mut answer.reply else {
        speak_of_inventions(turn, Contains::Nothing, &mut answer);
        return Ok(answer);
    };
    let pattern = match turn.instead(Ask::Pull { after: 0, limit: 1_000 }).reply {
        Reply::Page(page) => page.rows.into_iter().find_map(|row| row.main.revision),
        _ => None,
    };
    let (Some(pattern), false) = (pattern, page.more) else { return Ok(answer) };
    let begin = page.rows.last().map_or(page.after, |row| row.seq);
    if begin >= answer.position.seq {
        return Ok(answer);
    }
    for (generation, seq) in (2..=40).chain([2_000]).zip(begin + 1..) {
        let draft = DraftId::from_bytes(slot_draft("note", b"one", generation));
        let mut forged = Forged::like(&pattern);
        forged.header.set(DRAFT, *draft.as_bytes());
        forged.names.set(SLOT, *b"one");
        forged.names.number(GENERATION, generation.into());
        let forged = forged.close();
        turn.memory.mains.insert(draft, forged.clone());
        page.rows.push(Row { draft, seq, main: Main { id: forged.id(), revision: Some(forged) }, forks: Vec::new() });
    }
    Ok(answer)
}

fn signed_as_nobody(forged: &mut Forged) {
    forged.header.set(AUTHOR, [4; 16]);
    forged.header.set(POLICY, [5; 32]);
    forged.header.number(FLAGS, u64::MAX);
}
