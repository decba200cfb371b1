//! Merging: documents, from bytes to bytes, against a plain merge of parsed `serde_json` values; prose against `diffy` and
//! `git merge-file`, by lines; and inputs made to be slow.
//!
//! `cargo bench --bench merge`, or `-- --quick`. The contenders take turns. Beside the times stands what each made of it:
//! whether both changes are in, or how many conflicts it reports.

mod common;

use common::Outcome;
use common::random::{Random, Words};
use common::stats::{folder, has, median, timed};
use draftkeep::Value;
use draftkeep::merge::{Cut, Merged, Overlap, Place, Policy, Rule, Side, merge, merge_json};
use std::path::Path;
use std::process::Command;

fn main() -> Outcome {
    let rounds = if has("--quick") { 5 } else { 60 };
    println!("{:<44} {:>10} {:>10} {:>6} {:>5}  what became of it", "", "ours", "baseline", "ratio", "goal");
    for scenes in [20, 200, 2_000] {
        documents(scenes, rounds, ("scenes by id", "0.80"), Rule::keyed("id"))?;
    }
    documents(200, rounds, ("scenes by place", "0.80"), Rule::Sequence)?;
    let place = folder()?;
    for paragraphs in [10, 100, 1_000] {
        prose(paragraphs, rounds, place.path())?;
    }
    worst(if has("--quick") { 100_000 } else { 10_000_000 })
}

/// Text that is the same every time.
struct Prose(Words, Random);

impl Prose {
    fn new(seed: u64) -> Self {
        Self(Words::new(), Random::new(seed))
    }

    fn prose(&mut self, bytes: usize) -> String {
        self.0.prose(&mut self.1, bytes)
    }
}

fn row(name: &str, ours: &[f64], theirs: &[f64], goal: &str, became: &str) {
    let ms = |times: &[f64]| format!("{:.3} ms", median(times.iter().copied()) * 1e3);
    let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs));
    println!("{name:<44} {:>10} {:>10} {ratio:>6.2} {goal:>5}  {became}", ms(ours), ms(theirs));
}

fn side<T: ?Sized>(value: &T, seq: u64) -> Side<'_, T> {
    Side { value, place: Place::Hub(seq) }
}

/// Times two contenders in turn, and gives what each made last.
fn duel<A, B>(
    rounds: usize,
    mut ours: impl FnMut() -> Outcome<A>,
    mut theirs: impl FnMut() -> Outcome<B>,
) -> Outcome<([Vec<f64>; 2], A, B)> {
    let (mut a, mut b) = (timed(&mut ours)?, timed(&mut theirs)?);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        a = timed(&mut ours)?;
        b = timed(&mut theirs)?;
        times[0].push(a.1);
        times[1].push(b.1);
    }
    Ok((times, a.0, b.0))
}

/// A story of scenes; one side edits two of them and moves one, the other edits a third and adds one.
fn documents(scenes: usize, rounds: usize, (name, goal): (&str, &str), rule: Rule) -> Outcome {
    let mut words = Prose::new(7);
    let scene = |words: &mut Prose, number: usize| serde_json::json!({ "id": format!("scene-{number}"), "title": words.prose(30), "text": words.prose(200), "takes": number });
    let all: Vec<_> = (0..scenes).map(|number| scene(&mut words, number)).collect();
    let base = serde_json::json!({ "title": "A story", "scenes": all, "meta": { "author": "ines", "words": 12 } });
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    ours["scenes"][1]["title"] = "ours".into();
    ours["meta"]["words"] = 13.into();
    theirs["scenes"][scenes / 2]["text"] = "theirs".into();
    theirs["meta"]["author"] = "noor".into();
    if let (Some(ours), Some(theirs)) = (ours["scenes"].as_array_mut(), theirs["scenes"].as_array_mut()) {
        let moved = ours.remove(scenes - 2);
        ours.insert(3, moved);
        theirs.push(scene(&mut words, scenes));
    }
    let bytes = [&base, &ours, &theirs].map(|value| serde_json::to_vec(value).unwrap_or_default());
    let size = bytes[0].len();
    let policy = Policy::builder().rule("/scenes", rule).build()?;
    let merged = || {
        let merged = merge_json(&policy, Some(&bytes[0]), side(&bytes[1][..], 1), side(&bytes[2][..], 2))?;
        Ok((merged.value, merged.conflicts.len()))
    };
    let plain = || {
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes);
        let [base, ours, theirs] = [read(&bytes[0])?, read(&bytes[1])?, read(&bytes[2])?];
        Ok(serde_json::to_vec(&naive(&base, ours, theirs))?)
    };
    let (times, (mine, conflicts), plain) = duel(rounds, merged, plain)?;
    let has_all = |json: &[u8]| {
        let text = String::from_utf8_lossy(json).into_owned();
        let wanted = [r#""ours""#, r#""theirs""#, r#""noor""#, ":13", &format!("\"scene-{scenes}\"")];
        wanted.into_iter().filter(|part| text.contains(*part)).count()
    };
    let became = format!("ours {} of 5 changes, {conflicts} conflicts; plain {} of 5", has_all(&mine), has_all(&plain));
    row(&format!("document, {} KB, {scenes} {name}", size / 1000), &times[0], &times[1], goal, &became);
    Ok(())
}

/// What an application writes in an afternoon: objects by member, everything else as one value, the later side's.
fn naive(base: &serde_json::Value, ours: serde_json::Value, theirs: serde_json::Value) -> serde_json::Value {
    use serde_json::Value::{Null, Object};
    match (ours, theirs) {
        (ours, theirs) if ours == *base => theirs,
        (ours, theirs) if theirs == *base => ours,
        (Object(mut ours), Object(theirs)) => {
            for (key, theirs) in theirs {
                let before = base.get(&key).unwrap_or(&Null);
                let merged = match ours.remove(&key) {
                    Some(ours) => naive(before, ours, theirs),
                    None => theirs,
                };
                ours.insert(key, merged);
            }
            Object(ours)
        }
        (_, theirs) => theirs,
    }
}

/// Paragraphs of one line each: both sides edit one of them in different sentences, and another paragraph each.
fn prose(paragraphs: usize, rounds: usize, place: &Path) -> Outcome {
    let mut words = Prose::new(11);
    let base: Vec<String> = (0..paragraphs)
        .map(|_| (0..6).map(|_| format!("{}. ", words.prose(90).replace(['.', '\n'], ""))).collect::<String>())
        .collect();
    let edit = |which: usize, sentence: usize, text: &str, alone: usize| {
        let mut edited = base.clone();
        let mut sentences: Vec<&str> = edited[which].split_inclusive(". ").collect();
        sentences[sentence] = text;
        edited[which] = sentences.concat();
        edited[alone].push_str(text);
        edited.join("\n")
    };
    let middle = paragraphs / 2;
    let (ours, theirs) = (edit(middle, 1, "This is ours. ", 1), edit(middle, 4, "That is theirs. ", paragraphs - 2));
    let base = base.join("\n");
    let policy = Policy::builder().rule("", Rule::Text(Cut::Prose, Overlap::Conflict)).build()?;
    let values = [&base, &ours, &theirs].map(|text| Value::from(text.as_str()));
    let merged = || Ok(merge(&policy, Some(&values[0]), side(&values[1], 1), side(&values[2], 2)));
    let by_lines = || Ok(diffy::merge(&base, &ours, &theirs).map_err(|marked| conflicts(&marked)));
    let (times, mine, lines) = duel(rounds, merged, by_lines)?;
    let is_right =
        |text: &str| text.matches("This is ours. ").count() == 2 && text.matches("That is theirs. ").count() == 2;
    let right = mine.value.as_str().is_some_and(is_right);
    let theirs_became =
        lines.map_or_else(|count| format!("{count} conflicts"), |text| format!("right: {}", is_right(&text)));
    let became = format!("ours right: {right}, {} conflicts; diffy {theirs_became}", mine.conflicts.len());
    let name = format!("prose, {} KB, one paragraph by both", base.len() / 1000);
    row(&name, &times[0], &times[1], "3.00", &became);

    for (name, text) in [("base", &base), ("ours", &ours), ("theirs", &theirs)] {
        std::fs::write(place.join(name), text)?;
    }
    let git = || {
        let output =
            Command::new("git").args(["merge-file", "-p", "ours", "base", "theirs"]).current_dir(place).output()?;
        Ok(conflicts(&String::from_utf8_lossy(&output.stdout)))
    };
    let Ok((times, _, count)) = duel(rounds.min(10), merged, git) else {
        println!("  (there is no git here)");
        return Ok(());
    };
    row("  the same, against a git process", &times[0], &times[1], "-", &format!("git {count} conflicts"));
    Ok(())
}

fn conflicts(marked: &str) -> usize {
    marked.lines().filter(|line| line.starts_with("<<<<<<<")).count()
}

/// Inputs on which a comparison without bounds would not end: the goal is a second, and an answer that says what it is.
fn worst(bytes: usize) -> Outcome {
    println!("\n{:<44} {:>10}  what became of it", "worst cases", "ours");
    let lines = |seed: u64| {
        let mut words = Prose::new(seed);
        let mut text = String::new();
        while text.len() < bytes {
            text.push_str(&words.prose(60).replace('\n', " "));
            text.push('\n');
        }
        Value::from(text)
    };
    let line = |letters: [&str; 2]| Value::from((0..bytes).map(|at| letters[at % 7 % 2]).collect::<String>());
    let repeated = |first: &str, letter: &str, last: &str| {
        Value::from(format!("{first}{}{last}", letter.repeat((bytes - 12) / letter.len())))
    };
    let number = |at: usize| Value::from(at as u64);
    let numbers = |step: usize| -> Value {
        let count = bytes / 8;
        (0..count).map(|at| number(at * step % count)).collect::<Vec<_>>().into()
    };
    let alike = |first: usize, more: usize| -> Value {
        // No document has more than two million values.
        let ones = std::iter::repeat_n(1, bytes / 6 - 2 * more);
        std::iter::once(first).chain(ones).chain([first]).map(number).collect::<Vec<_>>().into()
    };
    let named = |step: usize| -> Value {
        let count = bytes / 20;
        let element = |at: usize| Value::Object([("id", number(at * step % count))].into_iter().collect());
        (0..count).map(element).collect::<Vec<_>>().into()
    };
    let namesakes = |step: usize| -> Value {
        let count = bytes / 26;
        let element =
            |at: usize| Value::Object([("id", number(1)), ("n", number(at * step % count))].into_iter().collect());
        (0..count).map(element).collect::<Vec<_>>().into()
    };
    let wide = |step: usize| {
        let members = (0..bytes / 16).map(|at| (format!("{:08}", at * step), number(at % (step + 2))));
        Value::Object(members.collect())
    };
    // The last difference is as deep as can be, and behind all that is alike.
    let deep = |leaf: usize, around: &dyn Fn(Value, usize) -> Value| {
        let inner: Value = (0..bytes / 8).chain([leaf]).map(number).collect::<Vec<_>>().into();
        (0..60).fold(inner, |inner, _| around(inner, leaf))
    };
    let arrays = |leaf: usize| deep(leaf, &|inner, leaf| Value::from(vec![inner, number(leaf)]));
    let objects = |leaf: usize| {
        deep(leaf, &|inner, leaf| Value::Object([("a", inner), ("b", number(leaf))].into_iter().collect()))
    };
    let text = Rule::Text(Cut::Words, Overlap::Conflict);
    let cases = [
        ("texts of unlike lines", text.clone(), [lines(1), lines(2), lines(3)]),
        ("texts of one long line", text.clone(), [line(["a ", "b "]), line(["b ", "a "]), line(["b ", "c "])]),
        (
            "texts of one letter",
            text.clone(),
            [repeated("", "a", ""), repeated("b", "a", "b"), repeated("c", "a", "c")],
        ),
        ("texts of empty lines", text, [repeated("", "\n", ""), repeated("b", "\n", "b"), repeated("c", "\n", "c")]),
        ("sequences in unlike orders", Rule::Sequence, [numbers(1), numbers(7), numbers(11)]),
        ("sequences of one number", Rule::Sequence, [alike(2, 0), alike(3, 1_000), alike(4, 2_000)]),
        ("sets", Rule::Set, [numbers(1), numbers(7), numbers(11)]),
        ("arrays by id in unlike orders", Rule::keyed("id"), [named(1), named(7), named(11)]),
        ("arrays by an id that all share", Rule::keyed("id"), [namesakes(1), namesakes(7), namesakes(11)]),
        ("objects of unlike members", Rule::Auto, [wide(1), wide(2), wide(3)]),
        ("arrays in arrays", Rule::Auto, [arrays(1), arrays(2), arrays(3)]),
        ("objects in objects", Rule::Auto, [objects(1), objects(2), objects(3)]),
    ];
    for (name, rule, [base, ours, theirs]) in cases {
        let policy = Policy::builder().rule("", rule).build()?;
        let (merged, seconds) = timed(|| Ok(merge(&policy, Some(&base), side(&ours, 1), side(&theirs, 2))))?;
        let Merged { conflicts, overwritten, .. } = merged;
        let became = conflicts.first().map_or_else(|| "clean".to_owned(), |conflict| conflict.why.to_string());
        let name = format!("three {name}, {} MB", bytes / 1_000_000);
        println!("{name:<44} {:>7.0} ms  {became}; {} overwritten", seconds * 1e3, overwritten.len());
    }
    Ok(())
}
