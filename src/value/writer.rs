//! The output of canonical JSON: one buffer, in which the members of an object are put in order at its end.

use std::cmp::Ordering;

use serde::ser::Error as _;

use super::error::ValueError;
use super::escape::write_string;
use super::limits::{DEPTH_MAX, Limit, Limits};
use super::number::Number;
use super::order::{compare_keys, key_prefix};
use super::reader::Reader;

/// Writes canonical JSON.
///
/// Members go to the buffer as they come. Only where an object's keys came out of order are they permuted at its end,
/// through a second buffer that all objects share.
pub(super) struct Writer {
    out: Vec<u8>,
    limits: Limits,
    depth: usize,
    nodes: usize,
    /// The members of the objects that are open, the innermost last.
    members: Vec<Member>,
    scratch: Vec<u8>,
    /// By depth, so that an object does not take the place of those around it.
    shapes: Vec<Shape>,
    /// Whether an error passed through: a type that hides it and goes on must not get half a document.
    failed: bool,
}

/// Where a member stands in the output.
#[derive(Clone, Copy)]
struct Member {
    /// The beginning of the key, to compare by.
    prefix: u64,
    /// The quote before the key.
    start: usize,
    /// After the quote behind the key.
    key_end: usize,
    /// After the value.
    end: usize,
    /// Whether the key has escapes, which sort other than what they stand for.
    escaped: bool,
}

/// How the members of the last object that had to be sorted were permuted: the elements of an array mostly have the same
/// keys in the same order.
#[derive(Default)]
struct Shape {
    /// The prefixes of the keys as they came, all different, so that they alone tell the order.
    prefixes: Vec<u64>,
    /// The place in which each of them came, in canonical order.
    order: Vec<usize>,
}

impl Shape {
    fn is_of(&self, members: &[Member]) -> bool {
        self.prefixes.len() == members.len()
            && self.prefixes.iter().zip(members).all(|(prefix, member)| *prefix == member.prefix)
    }

    /// Remembers the order; if two prefixes are equal it is good for this object only.
    fn learn(&mut self, out: &[u8], members: &[Member]) {
        self.order.clear();
        self.order.extend(0..members.len());
        self.order.sort_by(|a, b| compare_members(out, &members[*a], &members[*b]));
        self.prefixes.clear();
        if self.order.windows(2).all(|pair| members[pair[0]].prefix != members[pair[1]].prefix) {
            self.prefixes.extend(members.iter().map(|member| member.prefix));
        }
    }
}

/// An object that is being written.
#[derive(Clone, Copy)]
pub(super) struct OpenObject {
    /// How many members of outer objects there are.
    base: usize,
    /// Where the members begin in the output.
    start: usize,
    sorted: bool,
}

impl Writer {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            out: Vec::with_capacity(1024),
            limits,
            depth: 0,
            nodes: 0,
            members: Vec::with_capacity(16),
            scratch: Vec::new(),
            shapes: Vec::new(),
            failed: false,
        }
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, ValueError> {
        if self.out.len() > self.limits.bytes {
            return Err(self.too_large(0));
        }
        if self.failed { Err(ValueError::custom("the type went on after an error")) } else { Ok(self.out) }
    }

    /// Counts a value that is about to be written, with at least so many bytes.
    #[inline]
    fn node(&mut self, bytes: usize) -> Result<(), ValueError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes || self.out.len().saturating_add(bytes) > self.limits.bytes {
            return Err(self.too_large(bytes));
        }
        Ok(())
    }

    #[cold]
    fn too_large(&self, bytes: usize) -> ValueError {
        if self.nodes > self.limits.nodes {
            ValueError::limit(Limit::Nodes, self.limits.nodes, self.nodes)
        } else {
            ValueError::limit(Limit::Bytes, self.limits.bytes, self.out.len().saturating_add(bytes))
        }
    }

    #[inline]
    fn enter(&mut self) -> Result<(), ValueError> {
        self.node(0)?;
        if self.depth >= DEPTH_MAX && !crate::fault::on("value.depth") {
            return Err(ValueError::limit(Limit::Depth, DEPTH_MAX, self.depth + 1));
        }
        self.depth += 1;
        Ok(())
    }

    /// Writes `null`, `true` or `false`.
    #[inline]
    pub(super) fn literal(&mut self, text: &'static str) -> Result<(), ValueError> {
        self.node(0)?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    #[inline]
    pub(super) fn number(&mut self, number: Number) -> Result<(), ValueError> {
        self.node(0)?;
        number.write(&mut self.out);
        Ok(())
    }

    /// Writes a float that is not NaN nor infinite.
    #[inline]
    pub(super) fn finite(&mut self, float: f64) -> Result<(), ValueError> {
        self.node(0)?;
        Number::write_finite(float, &mut self.out);
        Ok(())
    }

    #[inline]
    pub(super) fn string(&mut self, text: &str) -> Result<(), ValueError> {
        self.node(text.len())?;
        write_string(text, &mut self.out);
        Ok(())
    }

    #[inline]
    pub(super) fn begin_array(&mut self) -> Result<(), ValueError> {
        self.enter()?;
        self.out.push(b'[');
        Ok(())
    }

    /// Comes before each element.
    #[inline]
    pub(super) fn element(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
    }

    #[inline]
    pub(super) fn end_array(&mut self) {
        self.depth -= 1;
        self.out.push(b']');
    }

    #[inline]
    pub(super) fn begin_object(&mut self) -> Result<OpenObject, ValueError> {
        self.enter()?;
        self.out.push(b'{');
        Ok(OpenObject { base: self.members.len(), start: self.out.len(), sorted: true })
    }

    /// Writes a key; its value has to follow.
    #[inline]
    pub(super) fn key(&mut self, object: &mut OpenObject, key: &str) -> Result<(), ValueError> {
        if self.members.len() > object.base {
            self.out.push(b',');
        }
        let start = self.out.len();
        let escaped = write_string(key, &mut self.out);
        let member = Member { prefix: key_prefix(key.as_bytes()), start, key_end: self.out.len(), end: start, escaped };
        if object.sorted
            && let Some(last) = self.members.get(object.base..).and_then(<[Member]>::last)
        {
            match compare_members(&self.out, last, &member) {
                Ordering::Less => {}
                Ordering::Equal => return Err(duplicate(key)),
                Ordering::Greater => object.sorted = false,
            }
        }
        self.members.push(member);
        self.out.push(b':');
        Ok(())
    }

    /// Comes after each member's value.
    #[inline]
    pub(super) fn end_value(&mut self) {
        let end = self.out.len();
        if let Some(member) = self.members.last_mut() {
            member.end = end;
        }
    }

    #[inline]
    pub(super) fn end_object(&mut self, object: OpenObject) -> Result<(), ValueError> {
        if !object.sorted {
            self.sort(object)?;
        }
        self.members.truncate(object.base);
        self.depth -= 1;
        self.out.push(b'}');
        Ok(())
    }

    fn sort(&mut self, object: OpenObject) -> Result<(), ValueError> {
        let Self { out, members, scratch, shapes, depth, .. } = self;
        if shapes.len() <= *depth {
            shapes.resize_with(*depth + 1, Shape::default);
        }
        let shape = &mut shapes[*depth];
        let members = &members[object.base..];
        if !shape.is_of(members) {
            shape.learn(out, members);
            let same = |pair: &&[usize]| compare_members(out, &members[pair[0]], &members[pair[1]]).is_eq();
            if let Some(twice) = shape.order.windows(2).find(same).map(|pair| members[pair[0]])
                && !crate::fault::on("value.duplicate")
            {
                return Err(duplicate(&unescaped(&out[twice.start..twice.key_end])));
            }
        }
        // Each member with the byte before it, which has to be a comma, before the first the brace. The largest one moves
        // inside the output, so that a document that is mostly one member is not copied twice.
        let begin = object.start - 1;
        let span = |at: usize| members[at].start - 1..members[at].end;
        let largest = (0..members.len()).max_by_key(|at| span(*at).len()).unwrap_or(0);
        let mut target = begin;
        let mut settled = begin;
        scratch.clear();
        for at in shape.order.iter().copied() {
            if at == largest {
                settled = target;
            } else {
                scratch.extend_from_slice(&out[span(at)]);
            }
            target += span(at).len();
        }
        out.copy_within(span(largest), settled);
        let mut rest = scratch.as_slice();
        target = begin;
        for at in shape.order.iter().copied() {
            let end = target + span(at).len();
            if at != largest {
                let (member, after) = rest.split_at(end - target);
                out[target..end].copy_from_slice(member);
                rest = after;
            }
            out[target] = b',';
            target = end;
        }
        out[begin] = b'{';
        Ok(())
    }

    /// The key of the member that is being written, for the path of an error.
    pub(super) fn last_key(&self) -> String {
        self.members.last().map(|member| unescaped(&self.out[member.start..member.key_end])).unwrap_or_default()
    }

    /// Notes that an error passed through.
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    /// Notes an error, and forgets the members of the objects that it left open inside this one.
    pub(super) fn abandon(&mut self, object: OpenObject, members: usize) {
        self.failed = true;
        self.members.truncate(object.base + members);
    }
}

#[inline]
fn compare_members(out: &[u8], a: &Member, b: &Member) -> Ordering {
    match a.prefix.cmp(&b.prefix) {
        Ordering::Equal => compare_whole(out, a, b),
        unequal => unequal,
    }
}

fn compare_whole(out: &[u8], a: &Member, b: &Member) -> Ordering {
    let text = |member: &Member| out.get(member.start + 1..member.key_end - 1).unwrap_or_default();
    if !a.escaped && !b.escaped {
        return compare_keys(text(a), text(b));
    }
    let plain = |member: &Member| unescaped(&out[member.start..member.key_end]);
    compare_keys(plain(a).as_bytes(), plain(b).as_bytes())
}

/// Reads back a key that this writer wrote.
fn unescaped(quoted: &[u8]) -> String {
    std::str::from_utf8(quoted).ok().and_then(|text| Reader::string_of(text).ok()).unwrap_or_default()
}

#[cold]
fn duplicate(key: &str) -> ValueError {
    ValueError::duplicate(key)
}
