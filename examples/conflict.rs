//! Shows a conflict as a person may see it: two people went on with one story, and one of them decides.
//!
//! ```text
//! cargo run --release --example conflict [--plain]
//! ```
//!
//! It merges, shows what was merged and what was overwritten, shows the contested text side by side and in line, and
//! resolves what is left. No store is needed for that: merging is a function. Without colours where `NO_COLOR` is set.

use draftkeep::Value;
use draftkeep::merge::{
    By, Choice, Comparison, Conflict, Cut, Mark, Merged, Place, Policy, Rule, Side, Span, Which, merge,
};
use std::error::Error;

const BASE: &str = r#"{
    "title": "The night train",
    "tags": ["train"],
    "body": "The train left at ten.\nNobody on the platform waved.\nShe wrote on the back of a ticket.\n",
    "ending": "She slept."
}"#;

const OURS: &str = r#"{
    "title": "The last night train",
    "tags": ["train", "winter"],
    "body": "The train left at midnight.\nNobody on the platform waved.\nShe wrote a letter.\nThen she slept.\n",
    "ending": "She woke in Trieste."
}"#;

const THEIRS: &str = r#"{
    "title": "Night train to Trieste",
    "tags": ["train", "letters"],
    "body": "The train left at ten.\nNobody in the rain waved.\nShe wrote on the back of her hand.\n",
    "ending": "She never arrived."
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let is_plain = std::env::args().any(|arg| arg == "--plain");
    let paint = Paint { is_on: !is_plain && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) };
    let [base, ours, theirs] = [BASE, OURS, THEIRS].map(|text| Value::parse(text.as_bytes()));
    let (base, ours, theirs) = (base?, ours?, theirs?);
    let side = |value, version| Side { value, place: Place::Local(version) };

    // A title is short: the later one is taken. The ending is too important for that.
    let policy = Policy::builder()
        .rule("/tags", Rule::Set)
        .rule("/body", Rule::Text(Cut::Words, draftkeep::merge::Overlap::Conflict))
        .rule("/ending", Rule::Manual)
        .build()?;
    let merged = merge(&policy, Some(&base), side(&ours, 1), side(&theirs, 2));
    told(&paint, &merged)?;
    for conflict in &merged.conflicts {
        shown(&paint, conflict);
    }

    let mut resolution = merged.resolution();
    resolution.choose(&"/body".parse()?, Choice::Ours)?;
    let left = resolution.finish().expect_err("the ending is not decided");
    println!("\n{}\nours for the body; {left}", paint.bold("Decided"));
    resolution.choose(&"/ending".parse()?, Choice::Both)?;
    println!("both for the ending\n\n{}", paint.bold("The story"));
    print(&resolution.finish()?)
}

/// What was merged without asking anybody, and what lost in that.
fn told(paint: &Paint, merged: &Merged) -> Result<(), Box<dyn Error>> {
    println!("{}", paint.bold("Merged"));
    print(&merged.value)?;
    for lost in &merged.overwritten {
        let dropped = lost.dropped.as_ref().and_then(Value::as_str).unwrap_or("nothing");
        println!("{}", paint.dim(&format!("overwritten at {}: {:?} of {:?}", lost.path, dropped, lost.whose)));
    }
    Ok(())
}

fn shown(paint: &Paint, conflict: &Conflict) {
    println!("\n{} {}: {}", paint.bold("Conflict at"), conflict.path, conflict.why);
    for passage in &conflict.passages {
        println!("contested at {:?}: {:?} or {:?}", passage.place, passage.ours.as_str(), passage.theirs.as_str());
    }
    let Some(comparison) = conflict.comparison(Cut::Words) else { return };
    columns(paint, &comparison);
    println!("{}", paint.dim("in line:"));
    println!("{}", comparison.inline().iter().map(|span| paint.span(span)).collect::<String>().trim_end());
}

/// Ours on the left, theirs on the right.
fn columns(paint: &Paint, comparison: &Comparison<'_>) {
    const WIDTH: usize = 44;
    for row in comparison.side_by_side() {
        let [left, right] = [row.ours, row.theirs].map(|cell| {
            let spans = cell.unwrap_or_default();
            let painted: String = spans.iter().map(|span| paint.span(span)).collect();
            // Colours take no room.
            let length: usize = spans.iter().map(|span| Paint { is_on: false }.span(span).trim_end().chars().count()).sum();
            (painted.replace('\n', ""), length)
        });
        println!("{}{} | {}", left.0, " ".repeat(WIDTH.saturating_sub(left.1)), right.0);
    }
}

fn print(story: &Value) -> Result<(), Box<dyn Error>> {
    let text = |name: &str| -> Result<String, Box<dyn Error>> {
        let path = format!("/{name}").parse()?;
        Ok(story.get(&path).and_then(Value::as_str).unwrap_or_default().to_owned())
    };
    println!("  {}\n", text("title")?);
    format!("{}{}", text("body")?, text("ending")?).lines().for_each(|line| println!("  {line}"));
    let tags = story.get(&"/tags".parse()?).and_then(Value::as_array);
    println!("  [{}]", tags.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    Ok(())
}

/// Colours for a terminal, or signs in their place.
struct Paint {
    is_on: bool,
}
