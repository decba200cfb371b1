//! What lies on the hub under another key is pushed once more.

use super::syncer::Syncer;
use crate::draft::space::place;
use crate::error::Result;
use crate::fault;
use crate::store::remote::reseal;
use crate::store::sealing::rotate::rotate;

/// Drafts that one commit writes once more.
const DRAFTS: usize = 64;

impl Syncer {
    /// Lets every draft be pushed once more whose text lies on the hub under another key than the ring's current one, so that whoever has that key alone
    /// can read it: where a key is to be given up. Takes that key up first, as [`rotate_key`](crate::Space::rotate_key) does. Says how many drafts
    /// there are; 0 in a store that is not sealed, and once all were pushed.
    ///
    /// Each gets a version with the text that it has, durable when this returns, and the next cycle pushes it, whole. Interrupted at any point it is
    /// called again. A draft in conflict, and one of which something waits to be taken in, is left as it is: call it again once that is
    /// settled. One device of several is enough. Earlier states that the hub keeps, up to 256 of a draft, stay under the keys that they had.
    ///
    /// Costs what a save of each of these drafts costs, and sending all of them.
    ///
    /// # Errors
    ///
    /// Those of [`rotate_key`](crate::Space::rotate_key), and what the storage answers. What was written by then stays.
    pub fn reseal(&self) -> Result<u64> {
        let core = self.core();
        let resealed = core.engine.traced("reseal", |trace| {
            let place = place(core);
            let Some(seal) = &place.seal else { return Ok(0) };
            // Else what is there under the newest key would be pushed under an older one.
            if !fault::on("resealed-under-a-former-key") {
                rotate(&core.engine, core.no, &core.name, trace)?;
            }
            let current = seal.key_id()?;
            let (mut after, mut drafts) = (None, 0);
            loop {
                let of = place.clone();
                let page = core.engine.write(move |write| reseal::page(write, &of, current, after, DRAFTS, trace))?;
                drafts += page.drafts;
                after = page.last;
                if after.is_none() {
                    return Ok(drafts);
                }
            }
        })?;
        if resealed > 0 {
            self.nudge();
        }
        Ok(resealed)
    }
}
