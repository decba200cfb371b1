//! What a hub says of drafts that nobody erased.

use crate::behaviour::{Behaviour, paged};
use crate::liar::{Told, Turn};
use draftkeep::DraftId;
use draftkeep::clock::Timestamp;
use draftkeep::transport::{ErasedRow, Marker};

pub(crate) const ERASURES: &[Behaviour] = &[
    Behaviour::says("says that drafts are erased, without a proof", without_a_proof, UNPROVEN).lasting(),
    Behaviour::says("says that drafts are erased, with a proof that it made up", made_up, UNPROVEN).lasting(),
    Behaviour::says("says that drafts are erased, with the proof of another draft", of_another, UNPROVEN).lasting(),
    Behaviour::says("says that drafts are erased, with a proof of another time", of_another_time, UNPROVEN).lasting(),
    // The secret of a plain space follows from its name, which the hub knows: then the application is asked.
    Behaviour::says("says that drafts are erased, as anybody can in a plain space", as_anybody_can, ASKED).lasting(),
];

const UNPROVEN: &str = "what should prove it is not of this space";
const ASKED: &str = "in a space without a key anybody can say so";

const AT: u64 = 1_700_000_000_000;

/// The proof that a device of the space named `alice` makes, whoever computes it.
fn proof(draft: DraftId, at: u64) -> [u8; 32] {
    let secret = blake3::derive_key("draftkeep 1 secret of a plain space", b"alice");
    let mut hasher = blake3::Hasher::new_keyed(&blake3::derive_key("draftkeep 1 erasures", &secret));
    hasher.update(draft.as_bytes()).update(&at.to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// Every row is said to be erased.
fn erased(turn: &mut Turn<'_>, mac: impl Fn(DraftId) -> [u8; 32]) -> Told {
    paged(turn, |page| {
        let gone = page.rows.drain(..).map(|row| {
            let marker = Marker { draft: row.draft, at: Timestamp::from_millis(AT), mac: mac(row.draft) };
            ErasedRow { seq: row.seq, marker }
        });
        page.erased.extend(gone);
    })
}

fn without_a_proof(turn: &mut Turn<'_>) -> Told {
    erased(turn, |_| [0; 32])
}

fn made_up(turn: &mut Turn<'_>) -> Told {
    erased(turn, |draft| *blake3::hash(draft.as_bytes()).as_bytes())
}

/// As of the slot's generation before, which was erased.
fn of_another(turn: &mut Turn<'_>) -> Told {
    erased(turn, |_| proof(DraftId::from_bytes([7; 16]), AT))
}

fn of_another_time(turn: &mut Turn<'_>) -> Told {
    erased(turn, |draft| proof(draft, AT - 1))
}

fn as_anybody_can(turn: &mut Turn<'_>) -> Told {
    erased(turn, |draft| proof(draft, AT))
}
