//! Shows a conflict as a person may see it: two people went on with one story, and one of them decides.
//!
//! ```text
//! cargo run --release --example conflict [--plain]
//! ```
//!
//! It merges, shows what was merged and what was overwritten, shows the contested text side by side and in line, and
//! resolves what is left. No store is needed for that: merging is a function. Without colours where `NO_COLOR` is set.

use draftkeep::Value;
use draftkeep::merge::{By, Choice, Conflict, Cut, Mark, Place, Policy, Rule, Side, Span, Which, merge};
use std::error::Error;

/// How wide the left column is.
const COLUMN: usize = 46;

const BASE: &str = r#"{
    "title": "The night train",
    "tags": ["train"],
    "body": "The train left at ten.\nNobody on the platform waved.\nIt rained.\nShe wrote on the back of a ticket.\n",
    "ending": "She slept."
}"#;

const OURS: &str = r#"{
    "title": "The last night train",
    "tags": ["train", "winter"],
    "body": "The train left at midnight.\nNobody on the platform waved.\nIt was late.\nIt rained.\nShe wrote on the back of her hand.\n",
    "ending": "She woke in Trieste."
}"#;

const THEIRS: &str = r#"{
    "title": "Night train to Trieste",
    "tags": ["train", "letters"],
    "body": "The train left at ten.\nNobody waved.\nIt rained.\nShe wrote on the back of a letter.\n",
    "ending": "She never arrived."
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let is_plain = std::env::args().any(|arg| arg == "--plain");
    let paint = Paint { is_on: !is_plain && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) };
    let read = |text: &str| Value::parse(text.as_bytes());
    let (base, ours, theirs) = (read(BASE)?, read(OURS)?, read(THEIRS)?);

    // Of two titles the later one is taken, as nothing is said about them. The ending is too important for that.
    let policy = Policy::builder().rule("/ending", Rule::Manual).rule("/tags", Rule::Set).build()?;
    let side = |value, version| Side { value, place: Place::Local(version) };
    let merged = merge(&policy, Some(&base), side(&ours, 1), side(&theirs, 2));

    paint.heading("Merged, with theirs where something conflicts");
    print(&merged.value)?;
    for lost in &merged.overwritten {
        println!("Overwritten at {}: {:?} had {}", lost.path, lost.whose, text(lost.dropped.as_ref()));
    }
    for conflict in &merged.conflicts {
        show(&paint, conflict);
    }

    paint.heading("Decided");
    let mut resolution = merged.resolution();
    resolution.choose(&"/body".parse()?, Choice::Ours)?;
    println!("Ours at /body.");
    if let Err(unresolved) = resolution.finish() {
        println!("No document yet; {unresolved}.");
    }
    resolution.choose(&"/ending".parse()?, Choice::Both)?;
    println!("Both at /ending.");
    paint.heading("Resolved");
    print(&resolution.finish()?)
}

/// What a person is shown of a conflict.
fn show(paint: &Paint, conflict: &Conflict) {
    paint.heading(&format!("In conflict at {}: {}", conflict.path, conflict.why));
    for passage in &conflict.passages {
        println!("Contested: {} or {}", text(Some(&passage.ours)), text(Some(&passage.theirs)));
    }
    let Some(comparison) = conflict.comparison(Cut::Words) else { return };
    println!("Side by side:");
    for row in comparison.side_by_side() {
        let [(ours, width), (theirs, _)] = [row.ours, row.theirs].map(|cell| paint.line(cell.iter().flatten()));
        println!("  {}{} | {}", ours.trim_end(), " ".repeat(COLUMN.saturating_sub(width)), theirs.trim_end());
    }
    println!("In line:");
    let (lines, _) = paint.line(&comparison.inline());
    lines.lines().for_each(|line| println!("  {line}"));
}

fn print(story: &Value) -> Result<(), Box<dyn Error>> {
    for name in ["/title", "/tags", "/body", "/ending"] {
        let shown = match story.get(&name.parse()?) {
            Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.and_then(Value::as_str).unwrap_or_default().to_owned(),
        };
        shown.lines().for_each(|line| println!("  {line}"));
    }
    Ok(())
}

fn text(value: Option<&Value>) -> String {
    format!("{:?}", value.and_then(Value::as_str).unwrap_or_default())
}

/// Colours for a terminal; without them, signs.
struct Paint {
    is_on: bool,
}

impl Paint {
    fn heading(&self, text: &str) {
        println!("\n{}", if self.is_on { format!("\x1b[1m{text}\x1b[0m") } else { format!("== {text}") });
    }

    /// The spans with their colours or signs, and how wide that is. No colour goes on into the next line.
    fn line<'s>(&self, spans: impl IntoIterator<Item = &'s Span<'s>>) -> (String, usize) {
        let (mut line, mut width) = (String::new(), 0);
        for span in spans {
            let (colour, open, close) = match span.mark {
                Mark::Kept => ("", "", ""),
                Mark::Added(By::Ours) => ("32", "{+", "+}"),
                Mark::Added(By::Theirs) => ("34", "{+", "+}"),
                Mark::Added(By::Both) => ("36", "{+", "+}"),
                Mark::Removed(_) | Mark::Contested(Which::Base) => ("31", "[-", "-]"),
                Mark::Contested(Which::Ours) => ("30;42", "<ours: ", ">"),
                Mark::Contested(Which::Theirs) => ("30;44", "<theirs: ", ">"),
            };
            for part in span.text.split_inclusive('\n') {
                let text = part.trim_end_matches('\n');
                let shown = if text.is_empty() || self.is_on { text.to_owned() } else { [open, text, close].concat() };
                width += shown.chars().count();
                line += &if self.is_on && !colour.is_empty() { format!("\x1b[{colour}m{shown}\x1b[0m") } else { shown };
                line += &part[text.len()..];
            }
        }
        (line, width)
    }
}
