//! Recordings of people typing: gzipped JSON with `startContent`, `endContent` and `txns`, each with a `time` or
//! `timestamp` and `patches` of position, deleted count and inserted text, counted in Unicode code points.

use std::io::Read;
use zstd::zstd_safe::CParameter;

/// Autosave: a version at most this often, and only where the text changed.
const SAVE_EVERY_MS: i64 = 20_000;

/// One saved version.
pub(crate) struct Save {
    pub(crate) time_ms: i64,
    /// The JSON of an object whose `text` is what was typed.
    pub(crate) body: Vec<u8>,
}

/// The saves of the recording that an argument or `DRAFTKEEP_TRACE` names, else of generated typing.
pub(crate) fn given() -> (&'static str, Vec<Save>) {
    let path = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    match path.or_else(|| std::env::var("DRAFTKEEP_TRACE").ok()) {
        Some(path) => ("a recording", recorded(&path)),
        None => ("generated typing", generated()),
    }
}

/// The size of `zstd -19 --long=27` of these bytes.
pub(crate) fn zstd_long(bytes: &[u8]) -> usize {
    let mut compressor = zstd::bulk::Compressor::new(19).expect("a compressor");
    compressor.set_parameter(CParameter::WindowLog(27)).expect("the window");
    compressor.set_parameter(CParameter::EnableLongDistanceMatching(true)).expect("long matches");
    compressor.compress(bytes).expect("compressed").len()
}

/// The document of an application with one text: canonical JSON.
fn document(text: &[char]) -> Vec<u8> {
    let text: String = text.iter().collect();
    format!("{{\"text\":{}}}", serde_json::Value::String(text)).into_bytes()
}

fn recorded(path: &str) -> Vec<Save> {
    let mut json = String::new();
    let file = std::fs::File::open(path).expect("the recording");
    flate2::read::GzDecoder::new(file).read_to_string(&mut json).expect("gzipped text");
    let trace: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let mut text: Vec<char> = trace["startContent"].as_str().unwrap_or_default().chars().collect();
    let mut saves: Vec<Save> = Vec::new();
    let mut now = 0;
    let mut changed = !text.is_empty();
    let mut saved_ms = i64::MIN / 2;
    for step in trace["txns"].as_array().expect("transactions") {
        let time = step["time"].as_str().or(step["timestamp"].as_str()).expect("a time");
        now = millis(time).expect("an ISO 8601 time");
        for patch in step["patches"].as_array().expect("patches") {
            let at = usize::try_from(patch[0].as_u64().expect("a position")).expect("a position");
            let deleted = usize::try_from(patch[1].as_u64().expect("a count")).expect("a count");
            text.splice(at..at + deleted, patch[2].as_str().expect("a text").chars());
            changed = true;
        }
        if changed && now - saved_ms >= SAVE_EVERY_MS {
            saves.push(Save { time_ms: now, body: document(&text) });
            (saved_ms, changed) = (now, false);
        }
    }
    if changed {
        saves.push(Save { time_ms: now, body: document(&text) });
    }
    assert_eq!(Some(text.iter().collect::<String>().as_str()), trace["endContent"].as_str());
    saves.dedup_by(|next, save| next.body == save.body);
    saves
}

/// Milliseconds since 1970 of `2021-05-06T07:08:09.123Z`, with any fraction and any offset.
fn millis(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (year_of_march, month_of_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year_of_march + year_of_march / 4 - year_of_march / 100
        + year_of_march / 400
        + (153 * month_of_march + 2) / 5
        + day
        - 719_469;
    let rest = time.get(19..)?;
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let fraction = rest[..zone_at].strip_prefix('.').unwrap_or("");
    let fraction_ms = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    let zone = &rest[zone_at..];
    let offset = match zone.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => {
            let minutes =
                zone.get(1..3)?.parse::<i64>().ok()? * 60 + zone.get(zone.len() - 2..)?.parse::<i64>().ok()?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => 0,
    };
    let seconds = days * 86_400 + number(11, 13)? * 3600 + (number(14, 16)? - offset) * 60 + number(17, 19)?;
    Some(seconds * 1000 + fraction_ms)
}

/// Typing that is the same every time: sentences at a place that moves now and then, with some removed again.
fn generated() -> Vec<Save> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap_or(0)
    };
    let letters: Vec<char> = ('a'..='z').collect();
    let words: Vec<String> = (0..3000).map(|_| (0..2 + random(8)).map(|_| letters[random(26)]).collect()).collect();
    let mut text: Vec<char> = Vec::new();
    let (mut at, mut time_ms) = (0, 1_600_000_000_000);
    (0..1000)
        .map(|_| {
            if random(8) == 0 {
                at = random(text.len() + 1);
            }
            if random(5) == 0 {
                let end = (at + random(60)).min(text.len());
                text.drain(at..end);
            }
            for _ in 0..=random(12) {
                let skewed = random(words.len()) * random(words.len()) / words.len();
                let typed: Vec<char> =
                    words[skewed].chars().chain([if random(40) == 0 { '\n' } else { ' ' }]).collect();
                let len = typed.len();
                text.splice(at..at, typed);
                at += len;
            }
            time_ms += SAVE_EVERY_MS + i64::try_from(random(20_000)).unwrap_or(0);
            Save { time_ms, body: document(&text) }
        })
        .collect()
}
