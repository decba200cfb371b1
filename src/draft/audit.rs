//! What a space says of what happened to its drafts.

use crate::error::{Failure, Result};
use crate::store::audit::{AuditHead, AuditPage, AuditQuery, AuditVerified, query, state, verify};
use crate::store::view::Committed;
use crate::store::{Space, audit};

impl Space {
    /// What happened to the space's drafts, as this device did or saw it, the oldest first.
    ///
    /// Every merge, conflict and its end, every change of a phase, restored version, checkpoint and restore point, what was
    /// pushed, refused, pulled and taken in, and what the retention policy dropped is an [entry](crate::AuditEntry), durable in
    /// the same commit as what it tells of: there is none without the other. Saves are in it [in
    /// short](crate::AuditedSaves). What was only read, and what was refused before anything was stored, is not in it.
    ///
    /// Costs reading what it returns, and with a range of times up to 4,096 entries; see [`AuditQuery`].
    ///
    /// # Errors
    ///
    /// `Corrupt` where an entry is missing or damaged; [`verify_audit`](Self::verify_audit) names the first one, and a query
    /// [after](AuditQuery::after) it reads the rest.
    pub fn audit(&self, query: &AuditQuery) -> Result<AuditPage> {
        self.core.engine.traced("audit", |_| {
            let view = self.core.engine.read()?;
            query::page(&view, self.core.no, &self.audit_row(&view)?, query)
        })
    }

    /// The last entry of the audit, by number and hash. Keep it elsewhere from time to time, with somebody who cannot write to
    /// this store: only so can it be noticed that entries were cut off at the end, or all written anew.
    ///
    /// # Errors
    ///
    /// `Corrupt` where the row that says so is damaged.
    pub fn audit_head(&self) -> Result<AuditHead> {
        self.core.engine.traced("audit_head", |_| Ok(self.audit_row(&self.core.engine.read()?)?.head))
    }

    /// Checks that every entry that is kept is there and follows from the one before it, and that the audit holds the anchor: an
    /// earlier [`audit_head`](Self::audit_head) that was kept elsewhere. The report names the first entry that is wrong.
    ///
    /// Without an anchor it finds damage and clumsy changes. Whoever can write to the store and knows its format can write the
    /// audit anew, or cut off its end, and nothing but an anchor shows that. Whether the histories hold what the entries say
    /// of the saves is checked by [`Store::verify`](crate::Store::verify).
    ///
    /// Changes nothing. Costs reading all entries.
    ///
    /// # Errors
    ///
    /// What the storage answers; what is wrong with the audit is no error but the report.
    pub fn verify_audit(&self, anchor: Option<AuditHead>) -> Result<AuditVerified> {
        self.core.engine.traced("verify_audit", |_| {
            verify::verify(&self.core.engine.read()?, self.core.no, &self.core.name, anchor)
        })
    }

    fn audit_row(&self, view: &Committed) -> std::result::Result<audit::state::AuditRow, Failure> {
        state::read(view, self.core.no, &self.core.name)
    }
}
