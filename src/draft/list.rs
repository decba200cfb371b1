//! Lists: which drafts there are, newest first.
//!
//! Each kind and phase has a list of its own in the store; a list over several is merged from their newest ends, so a
//! page costs what it holds, however many drafts lie beyond it.

use super::info::DraftInfo;
use super::names;
use crate::error::{ErrorKind, Failure};
use crate::phase::Phase;
use crate::store::heads;
use crate::store::lists;
use crate::store::slots::{self, KEY_MAX};
use crate::store::space::SpaceCore;
use crate::store::tables::{DraftKey, KindNo, ListKey};
use crate::store::view::View;
use crate::store::write::space_row;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// The most drafts on a page.
const PAGE_MAX: usize = 1_000;

/// Which drafts a list shows.
///
/// ```
/// use draftkeep::{Filter, Phase};
///
/// let picker = Filter::open().limit(20);
/// let trash = Filter::phase(Phase::Discarded);
/// let about_uploads = Filter::all().slots_beginning_with("upload-");
/// # drop((picker, trash, about_uploads));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    phases: Vec<Phase>,
    prefix: Option<Vec<u8>>,
    limit: usize,
    after: Option<Cursor>,
}

/// Where a page ended, so that the next one goes on there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(u64);

/// As text that [`FromStr`] reads, for a page that somebody asks for later; it means something only in the same space.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The drafts, the one touched last first.
    pub drafts: Vec<DraftInfo>,
    /// Where the next page begins; none where this is the last one.
    pub next: Option<Cursor>,
}

impl Filter {
    /// Open drafts.
    #[must_use]
    pub fn open() -> Self {
        Self::phase(Phase::Open)
    }

    /// Drafts of one phase.
    #[must_use]
    pub fn phase(phase: Phase) -> Self {
        Self::phases([phase])
    }

    /// Drafts of some phases.
    #[must_use]
    pub fn phases(phases: impl IntoIterator<Item = Phase>) -> Self {
        let mut phases: Vec<Phase> = phases.into_iter().collect();
        phases.sort_unstable();
        phases.dedup();
        Self { phases, prefix: None, limit: 50, after: None }
    }

    /// Drafts of all phases, the trash among them.
    #[must_use]
    pub fn all() -> Self {
        Self::phases(Phase::ALL)
    }

    /// Only drafts of slots whose key begins with these bytes. Even `""` leaves out the drafts without a slot. A list
    /// answers `Name` where they are more than the 256 bytes of a slot's key.
    ///
    /// Such a page costs what the slots with this beginning cost together, not what the page holds.
    #[must_use]
    pub fn slots_beginning_with(mut self, prefix: impl AsRef<[u8]>) -> Self {
        self.prefix = Some(prefix.as_ref().to_vec());
        self
    }

    /// At most this many drafts on a page; 50 unless it is set, 1 at the least and 1,000 at the most.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.clamp(1, PAGE_MAX);
        self
    }

    /// The page that follows the one that ended at the cursor.
    ///
    /// A draft that is touched between two pages moves to the front and may be missing on the second; none turns up
    /// twice.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }
}

/// The drafts of one kind, or of all kinds of the space.
pub(crate) fn list(core: &SpaceCore, kind: Option<&str>, filter: &Filter) -> Result<Page, Failure> {
    let view = core.engine.read()?;
    let row = space_row(&view, core.no)?;
    let kinds: Vec<KindNo> = match kind {
        Some(name) => row.kind(name).into_iter().collect(),
        None => (1..=KindNo::try_from(row.kinds.len()).unwrap_or(KindNo::MAX)).collect(),
    };
    match &filter.prefix {
        Some(prefix) => by_slots(core, &view, &kinds, &row.kinds, filter, prefix),
        None => by_place(core, &view, &kinds, filter),
    }
}

/// Merges the lists of the kinds and phases by place.
fn by_place(core: &SpaceCore, view: &impl View, kinds: &[KindNo], filter: &Filter) -> Result<Page, Failure> {
    let mut sources = Vec::new();
    for &kind in kinds {
        for &phase in &filter.phases {
            sources.push(Source::new(view, ListKey { space: core.no, kind, phase }, filter)?);
        }
    }
    let mut page = Page { drafts: Vec::new(), next: None };
    let mut last = 0;
    loop {
        let newest =
            sources.iter_mut().filter_map(|source| Some((source.peek()?, source))).max_by_key(|(place, _)| *place);
        let Some((place, source)) = newest else { return Ok(page) };
        if page.drafts.len() == filter.limit {
            page.next = Some(Cursor(last));
            return Ok(page);
        }
        last = place;
        if let Some(draft) = source.next(view, filter.limit)? {
            let key = core.draft_key(draft);
            let head = heads::read(view, key)?;
            let head = head.ok_or_else(|| Failure::corrupt(Some(draft), "a list names it, but it is not there"))?;
            page.drafts.push(DraftInfo::of(&head));
        }
    }
}

/// The newest end of one list that has not been taken yet.
struct Source {
    list: ListKey,
    ready: VecDeque<(u64, crate::id::DraftId, Option<u64>)>,
    rest: Option<u64>,
}

impl Source {
    fn new(view: &impl View, list: ListKey, filter: &Filter) -> Result<Self, Failure> {
        let rest = match filter.after {
            None => lists::top(view, list)?.older,
            Some(Cursor(place)) => lists::older_than(view, list, place)?,
        };
        let mut source = Self { list, ready: VecDeque::new(), rest };
        source.fill(view, filter.limit)?;
        Ok(source)
    }

    fn fill(&mut self, view: &impl View, limit: usize) -> Result<(), Failure> {
        if self.ready.is_empty() && self.rest.is_some() {
            self.ready = lists::page(view, self.list, self.rest, limit.clamp(1, 64))?.into();
            self.rest = self.ready.back().and_then(|(_, _, older)| *older);
        }
        Ok(())
    }

    fn peek(&self) -> Option<u64> {
        self.ready.front().map(|(place, _, _)| *place)
    }

    fn next(&mut self, view: &impl View, limit: usize) -> Result<Option<crate::id::DraftId>, Failure> {
        let next = self.ready.pop_front().map(|(_, draft, _)| draft);
        self.fill(view, limit)?;
        Ok(next)
    }
}

/// The drafts of the slots with a prefix: all of them are looked at, the newest are kept.
fn by_slots(
    core: &SpaceCore,
    view: &impl View,
    kinds: &[KindNo],
    names: &[String],
    filter: &Filter,
    prefix: &[u8],
) -> Result<Page, Failure> {
    if prefix.len() > KEY_MAX {
        return Err(ErrorKind::Name { what: "slot", limit: KEY_MAX, got: prefix.len() }.into());
    }
    let mut newest: BTreeMap<u64, DraftInfo> = BTreeMap::new();
    let mut is_cut = false;
    for &kind in kinds {
        let name = names.get(usize::from(kind) - 1).map_or("", String::as_str);
        slots::each(view, core.no, kind, prefix, |key, row| {
            for generation in 1..=row.latest {
                let draft = core.keys.slot_draft(name, key, generation);
                let Some(head) = heads::read(view, DraftKey { space: core.no, draft })? else { continue };
                let place = head.row.place;
                if !filter.phases.contains(&head.header.phase) || filter.after.is_some_and(|after| place >= after.0) {
                    continue;
                }
                newest.insert(place, DraftInfo::of(&head));
                if newest.len() > filter.limit {
                    newest.pop_first();
                    is_cut = true;
                }
            }
            Ok(())
        })?;
    }
    let next = newest.first_key_value().filter(|_| is_cut).map(|(place, _)| Cursor(*place));
    Ok(Page { drafts: newest.into_values().rev().collect(), next })
}

pub(crate) fn check_key(key: &[u8]) -> Result<(), Failure> {
    names::check("slot", key, KEY_MAX)
}
