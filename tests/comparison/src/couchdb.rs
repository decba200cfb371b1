//! CouchDB, which is not run here: what its documentation says of two edits of one revision.
//!
//! An edit is a new revision of the whole document; its id is the number of updates and a hash of the document. Two edits
//! of one revision are two revisions, both kept, and one of them is what is read. So two equal edits are one revision.

use crate::cases::Case;
use crate::outcome::Outcome;

pub(crate) fn run(case: &Case) -> Outcome {
    let (ours, theirs) = (case.ours.value(), case.theirs.value());
    if ours == theirs {
        return Outcome::only(ours);
    }
    let told = "either document, whole; the other one is a conflicting revision".to_owned();
    Outcome { value: None, told: Some(told), conflicts: true, reported: vec![ours, theirs], history: Vec::new() }
}
