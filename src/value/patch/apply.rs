//! A document and a patch to the patched document, within the limits.

use super::error::{PatchError, PatchErrorKind};
use super::found::Found;
use super::operation::{Operation, Patch};
use super::place::{Target, find, target};
use super::size::Size;
use crate::value::diff::Budget;
use crate::value::escape::written_len;
use crate::value::{DEPTH_MAX, Limit, Limits, Path, Value};

type Result<T> = std::result::Result<T, PatchError>;

/// So many elements move aside, or so many bytes are copied, in about the time in which one value is copied.
const ASIDE_A_STEP: usize = 64;

impl Patch {
    /// The work that [`Patch::apply`] allows for: some seconds at the very most, and far more than an editor's patch takes.
    ///
    /// A step is a value that is copied or looked at to be moved, or 64 elements or members that move aside, or 64 bytes.
    pub const STEPS_DEFAULT: usize = 20_000_000;

    /// Makes the operations one after another, within the default limits: all of them, or none.
    ///
    /// Costs a copy of the document and what the operations move and copy. The document stays within the limits after
    /// every single operation, which is held against them before anything is copied: a patch that doubles what it has
    /// copied is refused as soon as it grows too large.
    ///
    /// # Errors
    ///
    /// The first operation that does not fit, with its index, its path, and what stood there instead; the
    /// [`kind`](PatchError::kind) says which of these it is: `Missing`, `NotAContainer`, `NotAnIndex`, `OutOfBounds`,
    /// `BehindTheLast`, `RootRemoved`, `IntoItself`, `TestFailed`, `LimitExceeded`, `TooMuchWork`. A document that exceeds
    /// the limits already is refused without an operation.
    pub fn apply(&self, document: &Value) -> Result<Value> {
        self.apply_with(document, &Limits::default(), Self::STEPS_DEFAULT)
    }

    /// Makes the operations one after another, within these limits and this many steps: all of them, or none.
    ///
    /// # Errors
    ///
    /// As for [`Patch::apply`].
    pub fn apply_with(&self, document: &Value, limits: &Limits, steps: usize) -> Result<Value> {
        let mut patching = Patching::new(document, limits, steps)?;
        for (number, operation) in self.operations().iter().enumerate() {
            match patching.run(operation) {
                Err(_) if crate::fault::on("patch-passes-over-failure") => {}
                done => done.map_err(|error| error.in_operation(number, operation))?,
            }
        }
        Ok(patching.document)
    }
}

/// Holds a size against the limits.
pub(super) fn hold(size: Size, limits: &Limits) -> Result<()> {
    if crate::fault::on("patch-without-limit") {
        Ok(())
    } else if size.nodes > limits.nodes {
        Err(PatchError::limit(Limit::Nodes, limits.nodes, size.nodes))
    } else if size.bytes > limits.bytes {
        Err(PatchError::limit(Limit::Bytes, limits.bytes, size.bytes))
    } else {
        Ok(())
    }
}

/// Counts a value that so many containers are around.
pub(super) fn measure(value: &Value, around: usize) -> Result<Size> {
    let size = DEPTH_MAX.checked_sub(around).and_then(|levels| Size::of(value, levels));
    size.ok_or_else(|| PatchError::limit(Limit::Depth, DEPTH_MAX, DEPTH_MAX + 1))
}

/// A document that is being patched, and what it takes of the limits.
struct Patching<'l> {
    document: Value,
    size: Size,
    limits: &'l Limits,
    budget: Budget,
    steps: usize,
}

/// Where a value goes, once it is known that it may.
enum Spot {
    Root,
    Member(String),
    Element(usize),
}

impl<'l> Patching<'l> {
    fn new(document: &Value, limits: &'l Limits, steps: usize) -> Result<Self> {
        let size = measure(document, 0)?;
        hold(size, limits)?;
        Ok(Self { document: document.clone(), size, limits, budget: Budget::new(steps), steps })
    }

    fn run(&mut self, operation: &Operation) -> Result<()> {
        self.work(1)?;
        match operation {
            Operation::Add { path, value } => {
                let spot = self.admit(path, measure(value, path.segments().len())?)?;
                self.put(path, spot, value.clone());
            }
            Operation::Remove { path } => {
                let removed = measure(&self.take(path)?, 0)?;
                self.size = self.size.without(removed);
            }
            Operation::Replace { path, value } => self.replace(path, value)?,
            Operation::Move { from, path } => self.carry(from, path)?,
            Operation::Copy { from, path } => {
                let size = measure(find(&self.document, from)?, path.segments().len())?;
                self.work(size.nodes.saturating_add(size.bytes / ASIDE_A_STEP))?;
                let spot = self.admit(path, size)?;
                let copy = find(&self.document, from)?.clone();
                self.put(path, spot, copy);
            }
            Operation::Test { path, value } => {
                let there = find(&self.document, path)?;
                if there != value {
                    let kind = PatchErrorKind::TestFailed { expected: Found::of(value), found: Found::of(there) };
                    return Err(PatchError::new(kind).at(path, path.segments().len()));
                }
            }
        }
        Ok(())
    }

    fn work(&mut self, steps: usize) -> Result<()> {
        let limit = self.steps;
        if self.budget.take(steps) { Ok(()) } else { Err(PatchError::new(PatchErrorKind::TooMuchWork { limit })) }
    }

    /// Counts out what goes and in what comes, if the limits allow for it.
    fn exchange(&mut self, goes: Size, comes: Size) -> Result<()> {
        let size = self.size.without(goes).with(comes);
        hold(size, self.limits)?;
        self.size = size;
        Ok(())
    }

    /// Counts in a value that is about to be put somewhere, and says where that is.
    fn admit(&mut self, path: &Path, value: Size) -> Result<Spot> {
        let (spot, aside, goes, entry) = match target(&self.document, path)? {
            Target::Root => (Spot::Root, 0, self.size, 0),
            Target::Member(object, key) => {
                let aside = object.len() - object.rank(&key);
                let entry = written_len(&key) + 1 + usize::from(!object.is_empty());
                let old = object.get(&key).map(|old| measure(old, 0)).transpose()?;
                let (aside, goes, entry) = old.map_or((aside, Size::default(), entry), |old| (0, old, 0));
                (Spot::Member(key), aside, goes, entry)
            }
            Target::Element(array, index) => {
                (Spot::Element(index), array.len() - index, Size::default(), usize::from(!array.is_empty()))
            }
        };
        self.work(aside / ASIDE_A_STEP)?;
        self.exchange(goes, value.with(Size { nodes: 0, bytes: entry }))?;
        Ok(spot)
    }

    /// Puts in a value that was admitted.
    fn put(&mut self, path: &Path, spot: Spot, value: Value) {
        let parent = path.segments().split_last().map_or(&[][..], |(_, parent)| parent);
        match (spot, self.document.follow_mut(parent)) {
            (Spot::Root, _) => self.document = value,
            (Spot::Member(key), Some(Value::Object(object))) => drop(object.insert(key, value)),
            (Spot::Element(index), Some(Value::Array(array))) => array.insert(index, value),
            // What was admitted has its container.
            _ => {}
        }
    }

    /// Takes out a value, and counts out what it had around it: its key and its separators, and not itself.
    fn take(&mut self, path: &Path) -> Result<Value> {
        find(&self.document, path)?;
        let root = || PatchError::new(PatchErrorKind::RootRemoved).at(path, 0);
        let (last, parent) = path.segments().split_last().ok_or_else(root)?;
        let (taken, aside, entry) = match self.document.follow_mut(parent) {
            Some(Value::Object(object)) => {
                let key = last.to_key();
                let aside = object.len() - object.rank(&key);
                let taken = object.remove(&key);
                (taken, aside, written_len(&key) + 1 + usize::from(!object.is_empty()))
            }
            Some(Value::Array(array)) => {
                let index = last.index().filter(|index| *index < array.len());
                let aside = array.len() - index.unwrap_or_default();
                let taken = index.map(|index| array.remove(index));
                (taken, aside, usize::from(!array.is_empty()))
            }
            _ => (None, 0, 0),
        };
        self.work(aside / ASIDE_A_STEP)?;
        self.size = self.size.without(Size { nodes: 0, bytes: entry });
        // It was found before.
        taken.ok_or_else(root)
    }

    fn replace(&mut self, path: &Path, value: &Value) -> Result<()> {
        let comes = measure(value, path.segments().len())?;
        let goes = measure(find(&self.document, path)?, 0)?;
        self.exchange(goes, comes)?;
        if let Some(there) = self.document.get_mut(path) {
            there.clone_from(value);
        }
        Ok(())
    }

    fn carry(&mut self, from: &Path, path: &Path) -> Result<()> {
        let value = find(&self.document, from)?;
        if from == path {
            return Ok(());
        }
        if from.contains(path) && !crate::fault::on("patch-moves-into-itself") {
            return Err(PatchError::new(PatchErrorKind::IntoItself).at(from, from.segments().len()));
        }
        // Where it cannot become too deep it is not looked at: it was counted before, and stays counted.
        let (around, steps) = (from.segments().len(), path.segments().len());
        let size = if steps > around || steps == 0 { measure(value, steps)? } else { Size::default() };
        self.work(size.nodes)?;
        let value = self.take(from)?;
        self.size = self.size.without(size);
        let spot = self.admit(path, size)?;
        self.put(path, spot, value);
        Ok(())
    }
}
