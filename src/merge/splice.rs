//! The walk through the canonical texts of three documents.
//!
//! What [`Walk::settle`] decides is copied as it is written, and what is inside of objects and arrays with named elements is
//! walked through as [`Walk::node`] does it; the rest is read, merged there, and written.

use super::hunks::{Piece, three_way};
use super::keyed::Matched;
use super::outcome::Why;
use super::passage::Passage;
use super::policy::Rules;
use super::rule::Rule;
use super::tree::{BaseOf, Settled, Walk};
use crate::fault;
use crate::value::{Part, Value, ValueError, compare_quoted, unquoted};

type Base<'o> = BaseOf<Part<'o>>;

/// Writes what is merged of one place; `false` where that is nothing.
pub(super) fn node(
    walk: &mut Walk<'_>,
    out: &mut Vec<u8>,
    rules: &Rules<'_>,
    base: Base<'_>,
    earlier: Option<Part<'_>>,
    later: Option<Part<'_>>,
) -> Result<bool, ValueError> {
    // Whoever reads the values settles them again, over the base as it was.
    let whole_base = base;
    let base = match walk.settle(rules, base, earlier, later, Part::is_object) {
        Settled::As(side) => {
            out.extend_from_slice(side.map_or("", Part::text).as_bytes());
            return Ok(side.is_some());
        }
        Settled::Open(base) => base,
    };
    if let (Some(a), Some(b)) = (earlier, later) {
        let are_arrays = a.is_array() && b.is_array();
        match rules.rule() {
            Rule::Auto if a.is_object() && b.is_object() => return object(walk, out, rules, base, a, b).map(|()| true),
            Rule::Auto if are_arrays => {
                let (arrays, name) = (elements(base, a, b), name("id")?);
                if let Some(matched) = Matched::by_name(arrays.each_ref().map(Vec::as_slice), name) {
                    return named(walk, out, rules, &matched, base, a).map(|()| true);
                }
                if base.value().is_some_and(Part::is_array) {
                    return sequence(walk, out, rules, &arrays, [base.value(), earlier, later]).map(|()| true);
                }
            }
            Rule::Sequence if are_arrays && base.value().is_some_and(Part::is_array) => {
                let arrays = elements(base, a, b);
                return sequence(walk, out, rules, &arrays, [base.value(), earlier, later]).map(|()| true);
            }
            Rule::Keyed(member) if are_arrays => {
                let (arrays, name) = (elements(base, a, b), name(member)?);
                let matched = Matched::by_name_or_content(arrays.each_ref().map(Vec::as_slice), name);
                return named(walk, out, rules, &matched, base, a).map(|()| true);
            }
            _ => {}
        }
    }
    by_value(walk, out, rules, whole_base, earlier, later)
}

/// Reads what is there, and lets its rule decide.
fn by_value(
    walk: &mut Walk<'_>,
    out: &mut Vec<u8>,
    rules: &Rules<'_>,
    base: Base<'_>,
    earlier: Option<Part<'_>>,
    later: Option<Part<'_>>,
) -> Result<bool, ValueError> {
    let (before, earlier, later) = (read(base.value())?, read(earlier)?, read(later)?);
    let base = match base {
        BaseOf::Unknown => BaseOf::Unknown,
        BaseOf::Known(_) => BaseOf::Known(before.as_ref()),
    };
    let merged = walk.node(rules, base, earlier.as_ref(), later.as_ref());
    if let Some(merged) = &merged {
        out.append(&mut merged.to_canonical()?);
    }
    Ok(merged.is_some())
}

fn object(
    walk: &mut Walk<'_>,
    out: &mut Vec<u8>,
    rules: &Rules<'_>,
    base: Base<'_>,
    earlier: Part<'_>,
    later: Part<'_>,
) -> Result<(), ValueError> {
    let mut before = base.value().into_iter().flat_map(Part::members).peekable();
    let (mut earlier, mut later) = (earlier.members().peekable(), later.members().peekable());
    let mut comma = b'{';
    loop {
        let key = match (earlier.peek(), later.peek()) {
            (Some((a, _)), Some((b, _))) if a == b => *a,
            (Some((a, _)), Some((b, _))) => {
                if compare_quoted(a, b).is_gt() {
                    *b
                } else {
                    *a
                }
            }
            (Some((key, _)), None) | (None, Some((key, _))) => *key,
            (None, None) => break,
        };
        while before.next_if(|(other, _)| *other != key && compare_quoted(other, key).is_lt()).is_some() {}
        let before = before.next_if(|(other, _)| *other == key).map(|(_, value)| value);
        let earlier = earlier.next_if(|(other, _)| *other == key).map(|(_, value)| value);
        let later = later.next_if(|(other, _)| *other == key).map(|(_, value)| value);
        let begin = out.len();
        out.push(comma);
        out.extend_from_slice(key.as_bytes());
        out.push(b':');
        let before = base.inside(|_| before);
        let is_there = if let Some(same) = same(before, earlier, later) {
            out.extend_from_slice(same.text().as_bytes());
            true
        } else {
            let key = unquoted(key);
            let rules = rules.member(&key);
            walk.at(&*key, |walk| node(walk, out, &rules, before, earlier, later))?
        };
        if is_there {
            comma = b',';
        } else {
            out.truncate(begin);
        }
    }
    end(out, comma, *b"{}");
    Ok(())
}

/// What [`keyed::merge`](super::keyed::merge) does.
fn named(
    walk: &mut Walk<'_>,
    out: &mut Vec<u8>,
    rules: &Rules<'_>,
    matched: &Matched<Part<'_>>,
    base: Base<'_>,
    whole_earlier: Part<'_>,
) -> Result<(), ValueError> {
    let ordered = matched.order();
    let rules = rules.element();
    let start = out.len();
    let mut array = Elements { out, comma: b'[', place: 0 };
    for name in ordered.names {
        let [before, earlier, later] = matched.get(name);
        array.merge(walk, &rules, base.inside(|_| before), earlier, later)?;
    }
    array.end();
    if ordered.is_overruled {
        let merged = Value::parse_canonical(out.get(start..).unwrap_or_default())?;
        walk.dropped_earlier(merged, whole_earlier.to_value()?);
    }
    Ok(())
}

/// What [`sequence::merge`](super::sequence::merge) does where there is a base.
fn sequence(
    walk: &mut Walk<'_>,
    out: &mut Vec<u8>,
    rules: &Rules<'_>,
    [before, earlier, later]: &[Vec<Part<'_>>; 3],
    whole: [Option<Part<'_>>; 3],
) -> Result<(), ValueError> {
    let Some(pieces) = three_way(before, earlier, later, &mut walk.budget) else {
        out.extend_from_slice(whole[2].map_or("", Part::text).as_bytes());
        return conflict(walk, whole, Why::TooMuchWork);
    };
    let rules = rules.element();
    let mut array = Elements { out, comma: b'[', place: 0 };
    // Ours is the earlier side's.
    let mut passages = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Kept(range) => array.copy(&before[range]),
            Piece::Earlier { earlier: range, .. } => array.copy(&earlier[range]),
            Piece::Later { later: range, .. } => array.copy(&later[range]),
            Piece::Inserted { earlier: first, later: second } => {
                array.copy(&earlier[first]);
                array.copy(&later[second]);
            }
            Piece::Both { base: range, earlier: a, later: b } | Piece::Same { base: range, earlier: a, later: b }
                if range.len() == a.len() && range.len() == b.len() =>
            {
                for ((before, a), b) in before[range].iter().zip(&earlier[a]).zip(&later[b]) {
                    array.merge(walk, &rules, BaseOf::Known(Some(*before)), Some(*a), Some(*b))?;
                }
            }
            Piece::Same { later: range, .. } => array.copy(&later[range]),
            Piece::Both { base: range, earlier: a, later: b } => {
                let start = array.place;
                array.copy(&later[b.clone()]);
                let place = start..array.place;
                let [base, ours, theirs] = [values(&before[range])?, values(&earlier[a])?, values(&later[b])?];
                passages.push(Passage { place, base, ours, theirs });
            }
        }
    }
    array.end();
    if !passages.is_empty() {
        let [base, earlier, later] = [read(whole[0])?, read(whole[1])?, read(whole[2])?];
        let (earlier, later) = (earlier.unwrap_or_default(), later.unwrap_or_default());
        walk.overlapping(BaseOf::Known(base.as_ref()), earlier, later, passages);
    }
    Ok(())
}

fn values(elements: &[Part<'_>]) -> Result<Value, ValueError> {
    elements
        .iter()
        .map(|element| element.to_value())
        .collect::<Result<Vec<_>, _>>()
        .map(|values| Value::Array(values.into()))
}

fn read(part: Option<Part<'_>>) -> Result<Option<Value>, ValueError> {
    part.map(Part::to_value).transpose()
}

/// Notes a conflict of what is whole there.
fn conflict(walk: &mut Walk<'_>, whole: [Option<Part<'_>>; 3], why: Why) -> Result<(), ValueError> {
    let [base, earlier, later] = whole;
    let base = read(base)?;
    walk.tell(BaseOf::Known(base.as_ref()), read(earlier)?, read(later)?, why);
    Ok(())
}

/// An array that is being written.
struct Elements<'w> {
    out: &'w mut Vec<u8>,
    comma: u8,
    place: usize,
}

impl Elements<'_> {
    fn copy(&mut self, elements: &[Part<'_>]) {
        for element in elements {
            self.out.push(self.comma);
            self.out.extend_from_slice(element.text().as_bytes());
            self.comma = b',';
            self.place += 1;
        }
    }

    fn merge(
        &mut self,
        walk: &mut Walk<'_>,
        rules: &Rules<'_>,
        base: Base<'_>,
        earlier: Option<Part<'_>>,
        later: Option<Part<'_>>,
    ) -> Result<(), ValueError> {
        if let Some(same) = same(base, earlier, later) {
            self.copy(&[same]);
            return Ok(());
        }
        let begin = self.out.len();
        self.out.push(self.comma);
        if walk.at(self.place, |walk| node(walk, self.out, rules, base, earlier, later))? {
            self.comma = b',';
            self.place += 1;
        } else {
            self.out.truncate(begin);
        }
        Ok(())
    }

    fn end(self) {
        end(self.out, self.comma, *b"[]");
    }
}

/// Ends a container; where nothing is in it, it has to begin first.
fn end(out: &mut Vec<u8>, comma: u8, brackets: [u8; 2]) {
    out.extend_from_slice(if comma == b',' { &brackets[1..] } else { &brackets });
}

/// What all three have, which no rule is asked about.
fn same<'o>(base: Base<'_>, earlier: Option<Part<'o>>, later: Option<Part<'o>>) -> Option<Part<'o>> {
    let is_same = |a: Part<'_>, b: Part<'_>| a == b || fault::on("merge-skips-what-differs");
    let (before, earlier, later) = (base.value()?, earlier?, later?);
    (is_same(before, earlier) && is_same(earlier, later)).then_some(earlier)
}

/// The elements of the base, where it is an array, and of both sides.
fn elements<'o>(base: Base<'o>, earlier: Part<'o>, later: Part<'o>) -> [Vec<Part<'o>>; 3] {
    [base.value(), Some(earlier), Some(later)].map(|array| array.into_iter().flat_map(Part::elements).collect())
}

/// What names an element: its member, if that is a text or a number.
fn name<'o>(member: &str) -> Result<impl Fn(Part<'o>) -> Option<Part<'o>>, ValueError> {
    let quoted = String::from_utf8(Value::from(member).to_canonical()?).unwrap_or_default();
    Ok(move |element: Part<'o>| element.get(&quoted).filter(|name| name.is_text_or_number()))
}
