//! A space becomes lines.

use super::done::Exported;
use super::error::ExportError;
use super::format::{self, DraftLine, End, LostLine, Opening, TextLine};
use super::options::Export;
use super::revised::{said, slot_name};
use crate::error::{Error, Failure, unless_damaged};
use crate::revision::Meta;
use crate::store::Space;
use crate::store::heads::{self, Head};
use crate::store::sides;
use crate::store::space::SpaceCore;
use crate::store::tables::{DraftKey, HEADS, page_of_drafts};
use crate::store::versions::packed;
use crate::store::view::Committed;
use serde::Serialize;
use std::io::Write;

/// Drafts that are looked up at once.
const DRAFTS: usize = 64;

impl Space {
    /// Writes the space as lines of JSON: one of its own, one for each draft with its document as it is now, one for each other version of it,
    /// and one that proves that all of it is there. [`docs::format`](crate::docs::format) has them all.
    ///
    /// Drafts of [secret](crate::Schema::secret) kinds are left out. It is the space as it was at the call, whatever is saved meanwhile, without what autosaves hold and have not saved. Takes the memory of
    /// a few documents. [`import`](Self::import) reads it back.
    ///
    /// What is damaged is no error: what can be read is written, and [`Exported::damaged`] names the drafts.
    ///
    /// ```
    /// use draftkeep::{Export, Kind, Options, Store};
    ///
    /// const NOTE: Kind<String> = Kind::new("note");
    /// let (here, there) = (Store::in_memory(Options::new())?, Store::in_memory(Options::new())?);
    /// let draft = here.space("alice")?.drafts(NOTE)?.slot("diary").start(&"It rained.".to_owned())?;
    /// draft.checkpoint("before the storm")?;
    ///
    /// let mut lines = Vec::new();
    /// here.space("alice")?.export(&mut lines, &Export::new().history())?;
    /// let imported = there.space("alice")?.import(&lines[..])?;
    /// assert_eq!((imported.begun, imported.versions), (1, 2));
    /// let same = there.space("alice")?.drafts(NOTE)?.slot("diary").resume()?.expect("it was imported");
    /// assert_eq!(same.history()?.versions[1].checkpoint.as_deref(), Some("before the storm"));
    /// assert_eq!(there.space("alice")?.import(&lines[..])?.unchanged, 1); // as often as you like
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Io` where it cannot be written, and then what was written is cut; `Store` where the storage fails.
    pub fn export(&self, mut to: impl Write, what: &Export) -> Result<Exported, ExportError> {
        let core = &*self.core;
        let view = traced(core, || core.engine.read())?;
        let hasher = blake3::Hasher::new();
        let mut export = Writing { core, view, what, to: &mut to, hasher, done: Exported::default() };
        export.run()?;
        Ok(export.done)
    }
}

fn traced<R>(core: &SpaceCore, work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Error> {
    core.engine.traced("export", |_| work())
}

struct Writing<'e> {
    core: &'e SpaceCore,
    view: Committed,
    what: &'e Export,
    to: &'e mut dyn Write,
    hasher: blake3::Hasher,
    done: Exported,
}

impl Writing<'_> {
    fn run(&mut self) -> Result<(), ExportError> {
        let (space, at) = (self.core.name.clone(), self.core.now().as_millis());
        let (line, format) = (format::OPENING.to_owned(), format::FORMAT.to_owned());
        let (secret, history) = (self.core.keys.secret_name(&space), self.what.history);
        self.put(&Opening { line, format, version: format::VERSION, space, secret, at, history }, None)?;
        let mut last = None;
        loop {
            let page = traced(self.core, || page_of_drafts(&self.view, HEADS, self.core.no, last, DRAFTS))?;
            let Some((key, _)) = page.last() else { break };
            last = Some(*key);
            for (key, _) in page {
                let found = traced(self.core, || unless_damaged(heads::read(&self.view, key)))?;
                match found {
                    Some(Some(head)) if self.what.leaves_out(&head.header.kind) => {}
                    Some(Some(head)) if self.core.engine.settings.schema(&head.header.kind).is_secret() => {
                        self.done.secrets += 1;
                    }
                    Some(Some(head)) => self.draft(key, &head)?,
                    Some(None) => {}
                    None => self.done.damaged.push(key.draft),
                }
            }
        }
        let blake3 = self.hasher.finalize().to_hex().to_string();
        let Exported { drafts, versions, .. } = self.done;
        self.put(&End { line: format::END.to_owned(), drafts, versions, blake3 }, None)?;
        self.to.flush()?;
        Ok(())
    }

    fn draft(&mut self, key: DraftKey, head: &Head) -> Result<(), ExportError> {
        let secret = self.core.keys.digests();
        let (view, core) = (&self.view, self.core);
        let body = traced(core, || unless_damaged(heads::body(view, &core.engine.bodies, &secret, key, head)))?;
        let sides = traced(core, || unless_damaged(sides::read(view, key, head)))?;
        let Some((body, sides)) = body.zip(sides) else {
            self.done.damaged.push(key.draft);
            return Ok(());
        };
        let mut is_damaged = false;
        let sides: Vec<u64> = sides.iter().map(|side| side.version).collect();
        let others = if self.what.history {
            let mut lost = Vec::new();
            let entries =
                traced(core, || packed::entries(view, key, head.row.last, |first, last| lost.extend(first..=last)))?;
            is_damaged |= !lost.is_empty();
            let mut numbers: Vec<u64> = entries.into_iter().map(|entry| entry.version).chain(lost).collect();
            numbers.sort_unstable();
            numbers.retain(|number| *number != head.row.version);
            numbers
        } else {
            sides.clone()
        };
        let line = DraftLine {
            line: format::DRAFT.to_owned(),
            draft: key.draft.to_string(),
            kind: head.header.kind.clone(),
            slot: head.meta.slot.as_ref().map(slot_name),
            created_at: head.row.created_at.as_millis(),
            others: others.len() as u64,
            sides,
            head: said(head.row.version, head.id(), &head.header, &head.meta, head.row.local.aside),
        };
        self.put(&line, Some(&body))?;
        self.done.drafts += 1;
        self.done.versions += 1;
        for number in others {
            let (view, core) = (&self.view, self.core);
            let Some(whole) = traced(core, || packed::readable(view, &secret, key, number))? else {
                is_damaged = true;
                self.put(&LostLine { line: format::LOST.to_owned(), number }, None)?;
                continue;
            };
            let meta = traced(core, || Ok(Meta::decode(&whole.meta)?))?;
            let said = said(number, whole.id, &whole.header, &meta, whole.local.aside);
            self.put(&TextLine { line: format::TEXT.to_owned(), said }, Some(&whole.body))?;
            self.done.versions += 1;
        }
        if is_damaged {
            self.done.damaged.push(key.draft);
        }
        Ok(())
    }

    fn put<L: Serialize>(&mut self, line: &L, document: Option<&[u8]>) -> Result<(), ExportError> {
        let bytes = traced(self.core, || Ok(format::line(line, document)?))?;
        self.hasher.update(&bytes);
        self.to.write_all(&bytes)?;
        self.done.bytes += bytes.len() as u64;
        Ok(())
    }
}
