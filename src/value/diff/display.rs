//! Changes as lines for people.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

use super::change::{Change, Edit, Span};
use crate::value::Value;

/// How much of a value a line shows, in characters as people see them.
const SHOWN_MAX: usize = 120;

/// How much kept text a line shows on each side of a change.
const CONTEXT_MAX: usize = 24;

/// One line: `+` added, `-` removed, `>` moved, `~` changed; long values and kept text are cut.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_root() { "(all)".to_owned() } else { self.path.to_string() };
        match &self.edit {
            Edit::Added(value) => write!(f, "+ {path}: {}", shown(value)),
            Edit::Removed(value) => write!(f, "- {path}: {}", shown(value)),
            Edit::Moved { from } => write!(f, "> {path}: from {from}"),
            Edit::Changed { before, after } => write!(f, "~ {path}: {} → {}", shown(before), shown(after)),
            Edit::Text(spans) => {
                write!(f, "~ {path}: ")?;
                spans.iter().enumerate().try_for_each(|(at, span)| match span {
                    Span::Removed(text) => write!(f, "[-{}-]", line(&cut(text))),
                    Span::Added(text) => write!(f, "{{+{}+}}", line(&cut(text))),
                    Span::Kept(text) => f.write_str(&line(&context(text, at == 0, at + 1 == spans.len()))),
                })
            }
        }
    }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.grapheme_indices(true).nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The ends of kept text that touch a change.
fn context(text: &str, first: bool, last: bool) -> String {
    let front = if first { 0 } else { text.grapheme_indices(true).nth(CONTEXT_MAX).map_or(text.len(), |(end, _)| end) };
    let back = if last {
        text.len()
    } else {
        text.grapheme_indices(true).rev().nth(CONTEXT_MAX - 1).map_or(0, |(start, _)| start)
    };
    if front >= back { text.to_owned() } else { format!("{}…{}", &text[..front], &text[back..]) }
}

fn line(text: &str) -> String {
    text.replace('\n', "⏎")
}
