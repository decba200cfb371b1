//! From a revision to a candidate, and what comes of asking.

use super::{Candidate, Validate};
use crate::fault;
use crate::invalid::Invalid;
use crate::revision::Header;
use crate::store::remote::body;
use crate::transport::{REASON_MAX, Revision};
use crate::value::Value;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Whom an application gave for looking at documents.
#[derive(Clone)]
pub(crate) struct Validator(Arc<dyn Validate>);

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}

impl Validator {
    pub(crate) fn new(validator: Arc<dyn Validate>) -> Self {
        Self(validator)
    }

    /// Why a revision may not be taken, for people, in at most [`REASON_MAX`] bytes. The revision has all that its body builds on.
    ///
    /// Takes no more memory than a few of the longest documents, whatever the bytes claim.
    pub(crate) fn refusal(&self, space: &str, revision: &Revision) -> Option<String> {
        let asked = || self.ask(space, revision);
        let answer =
            if fault::on("hub-lets-a-panic-through") { Ok(asked()) } else { catch_unwind(AssertUnwindSafe(asked)) };
        let invalid = if let Ok(answer) = answer {
            answer.err()?
        } else {
            tracing::error!(draft = %revision.draft(), revision = %revision.id(), "the hub's validator panicked");
            Invalid::new("the hub's validator failed on this document; tell whoever runs the hub")
        };
        Some(invalid.told(REASON_MAX))
    }

    fn ask(&self, space: &str, revision: &Revision) -> Result<(), Invalid> {
        let header = Header::decode(revision.header()).map_err(|_| Invalid::new("its header cannot be read"))?;
        let chain: Vec<_> = revision.chain().iter().map(|base| (base.id, base.body.clone())).collect();
        let unreadable = "its body cannot be read: it is damaged, too long, or made by a newer release or with a key";
        let (_, document) = body::read(revision.body(), &chain).ok_or_else(|| Invalid::new(unreadable))?;
        drop(chain);
        let document = Value::parse_canonical(&document)?;
        self.0.validate(&Candidate {
            space,
            draft: header.draft,
            revision: revision.id(),
            kind: &header.kind,
            schema: header.schema,
            phase: header.phase,
            document: &document,
        })
    }
}
