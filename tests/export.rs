//! Goal: a space comes back from its lines as it was, as often as they are read, and never over what somebody wrote since. Method: stores in
//! memory, compared by all that their users see.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue, Timestamp};
use draftkeep::merge::{Policy, Rule};
use draftkeep::seal::{Key, MemoryKeyRing};
use draftkeep::{
    Draft, DraftInfo, Drafts, Export, Filter, ImportError, ImportErrorKind, Imported, Kind, Legacy, Options, Phase,
    Saved, Schema, Space, Store, VersionInfo,
};
use proptest::prelude::*;
use std::sync::Arc;

const NOTE: Kind<String> = Kind::new("note");

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn options(seed: u64) -> Options {
    let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000 + seed));
    let policy = Policy::builder().rule("", Rule::Manual).build().expect("it is a policy");
    let label = |note: &String| note.lines().next().unwrap_or_default().to_owned();
    let options =
        Options::with_runtime(Arc::new(clock), Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(seed)));
    options.device(format!("device {seed}")).schema(Schema::of(NOTE).policy(policy).label(label))
}

fn store(seed: u64) -> Store {
    Store::in_memory(options(seed)).expect("memory can be opened")
}

fn space(seed: u64) -> Space {
    store(seed).space("alice").expect("it opens")
}

fn notes(space: &Space) -> Drafts<String> {
    space.drafts(NOTE).expect("the name is short")
}

fn lines(space: &Space, what: &Export) -> Vec<u8> {
    let mut lines = Vec::new();
    let exported = space.export(&mut lines, what).expect("memory takes it");
    assert_eq!((exported.bytes, exported.damaged.len()), (lines.len() as u64, 0));
    lines
}

fn all() -> Export {
    Export::new().history()
}

fn save(draft: &Draft<String>, text: &str) {
    let mut edit = draft.edit().expect("it can be read");
    text.clone_into(edit.doc());
    let _ = edit.save().expect("it can be saved");
}

/// Saves two texts over one.
fn save_both(draft: &Draft<String>, one: &str, other: &str) -> Saved {
    let (mut here, mut there) = (draft.edit().unwrap(), draft.edit().unwrap());
    (*here.doc(), *there.doc()) = (one.to_owned(), other.to_owned());
    let _ = there.save().unwrap();
    here.save().unwrap()
}

/// Saves two texts over one, so that they stand against each other.
fn part(draft: &Draft<String>, one: &str, other: &str) {
    assert!(matches!(save_both(draft, one, other), Saved::Conflict { .. }));
}

/// A draft, its versions, and what else is said of it.
type Seen = (DraftInfo, Vec<VersionInfo>, Vec<String>, Vec<String>);

/// All that a user sees of a space, but for what is of the device: when a draft came here, and its place in the list.
fn seen(space: &Space, is_whole: bool) -> Vec<Seen> {
    let mut page = space.list(&Filter::all().limit(1_000)).expect("it can be listed").drafts;
    page.sort_by_key(|info| info.id);
    let see = |mut info: DraftInfo| {
        let draft = notes(space).get(info.id).unwrap().expect("it is listed");
        let history = draft.history().unwrap().versions;
        let texts = history.iter().map(|version| draft.at(version.version).unwrap().doc).collect();
        let conflict = draft.conflict().unwrap();
        let theirs = conflict.iter().flat_map(draftkeep::Conflict::theirs);
        let sides = theirs.map(|side| format!("{} {:?}", side.revision, side.value)).collect();
        let mut versions: Vec<VersionInfo> = history;
        for version in &mut versions {
            // A slot's first version and a merge say nothing of time: it is that of this device.
            version.saved_at = if version.author.is_some() { version.saved_at } else { Timestamp::default() };
        }
        (info.created_at, info.phase_since, info.saved_at) = Default::default();
        if !is_whole {
            // Without the history versions are counted anew.
            info.version = 0;
            versions.clear();
        }
        (info, versions, if is_whole { texts } else { vec![draft.load().unwrap()] }, sides)
    };
    page.into_iter().map(see).collect()
}

/// A space with everything in it.
fn full() -> Space {
    let space = space(1);
    let notes = notes(&space);
    let diary = notes.slot("diary").start(&String::new()).unwrap();
    save(&diary, "Dear diary");
    diary.checkpoint("before the storm").unwrap();
    save(&diary, "Dear diary\nIt rained — \"hard\" \\ 雨.");
    diary.promote("page-1").unwrap();
    save(&diary, "Dear diary, again");
    notes.slot("diary").start_over(&"The next one".to_owned()).unwrap();
    notes.slot([0xff, 0, 7]).start(&"bytes for a key".to_owned()).unwrap().discard().unwrap();
    let loose = notes.start(&"about nothing".to_owned()).unwrap();
    part(&loose, "one text", "another text");
    save(&loose, "one text goes on");
    space
}

fn import(space: &Space, lines: &[u8]) -> Imported {
    space.import(lines).unwrap_or_else(|error| panic!("{error}: {}", error.kind))
}

#[test]
fn a_space_comes_back_as_it_was_and_once() {
    for what in [all(), Export::new()] {
        let (from, to) = (full(), space(2));
        let exported = lines(&from, &what);
        let first = import(&to, &exported);
        assert_eq!((first.begun, first.continued, first.in_conflict, first.unchanged), (4, 0, 0, 0));
        assert_eq!(seen(&to, what == all()), seen(&from, what == all()));
        let again = import(&to, &exported);
        assert_eq!((again.unchanged, again.versions, again.begun), (4, 0, 0));
        assert_eq!(seen(&to, what == all()), seen(&from, what == all()));
        assert!(to.verify_audit(None).unwrap().is_intact());
        // Into itself, too.
        assert_eq!(import(&from, &exported).unchanged, 4);
        assert_eq!(notes(&to).slot("diary").resume().unwrap().unwrap().load().unwrap(), "The next one");
    }
}

#[test]
fn what_is_left_out_is_not_in_it() {
    let space = full();
    let other: Kind<String> = Kind::new("account");
    space.drafts(other).unwrap().start(&"a password".to_owned()).unwrap();
    let text = String::from_utf8(lines(&space, &all().without_kind("account"))).unwrap();
    assert!(!text.contains("password") && !text.contains("account") && text.contains("It rained"));
}

#[test]
fn a_part_of_an_export_and_then_the_whole_is_the_whole() {
    let from = full();
    let exported = lines(&from, &all());
    let ends: Vec<usize> =
        exported.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for cut in ends.iter().flat_map(|end| [*end, end - 1, end.saturating_sub(20)]).filter(|cut| *cut < exported.len()) {
        let to = space(2);
        let error = to.import(&exported[..cut]).unwrap_err();
        assert!(matches!(error.kind, ImportErrorKind::Cut), "{cut}: {}", error.kind);
        import(&to, &exported);
        assert_eq!(seen(&to, true), seen(&from, true), "cut at {cut}");
    }
}

#[test]
fn what_was_written_here_since_is_not_written_over() -> Outcome {
    let (from, to) = (space(1), space(2));
    let there = notes(&from).slot("diary").start(&"begun".to_owned())?;
    save(&there, "as exported");
    let exported = lines(&from, &all());
    import(&to, &exported);
    let here = notes(&to).slot("diary").resume()?.expect("it was imported");
    save(&here, "typed here");
    // What is exported is older than what is here.
    assert_eq!(import(&to, &exported).unchanged, 1);
    assert_eq!((here.load()?.as_str(), here.conflict()?.is_none()), ("typed here", true));
    // Both went on.
    save(&there, "typed there");
    let done = import(&to, &lines(&from, &all()));
    assert_eq!((done.in_conflict, done.continued), (1, 0));
    assert_eq!(here.load()?, "typed here");
    let conflict = here.conflict()?.expect("both are kept");
    assert_eq!(conflict.theirs()[0].value.as_str(), Some("typed there"));
    assert_eq!(import(&to, &lines(&from, &all())).unchanged, 1);
    conflict.settle(&"both".to_owned())?;
    assert_eq!(import(&to, &lines(&from, &all())).unchanged, 1, "it is settled");
    // And back: there it goes on from what is there.
    let done = import(&from, &lines(&to, &all()));
    assert_eq!((done.continued, done.in_conflict), (1, 0));
    assert_eq!((there.load()?.as_str(), there.conflict()?.is_none()), ("both", true));
    Ok(())
}

#[test]
fn another_space_takes_it_in_under_ids_of_its_own() -> Outcome {
    let exported = lines(&full(), &all());
    let other = store(2).space("bob")?;
    assert_eq!(import(&other, &exported).begun, 4);
    assert_eq!(import(&other, &exported).unchanged, 4);
    let diary = notes(&other).slot("diary");
    assert_eq!(diary.resume()?.expect("it was imported").load()?, "The next one");
    let generations = diary.generations()?;
    assert_eq!(
        (generations.len(), generations[1].phase, generations[1].outcome.as_deref()),
        (2, Phase::Archived, Some("page-1"))
    );
    let draft = notes(&other).get(generations[1].id)?.expect("it is here");
    assert_eq!(generations[1].promoted, Some(draft.at(4)?.revision));
    save(&diary.resume()?.expect("it is here"), "and on");
    Ok(())
}

/// Changes one line of an export.
fn changed(exported: &[u8], line: usize, change: impl Fn(String) -> String) -> Vec<u8> {
    let text = std::str::from_utf8(exported).expect("it is text");
    let lines =
        text.lines().enumerate().map(|(at, text)| if at == line { change(text.to_owned()) } else { text.to_owned() });
    lines.map(|line| line + "\n").collect::<String>().into_bytes()
}

fn refused(exported: &[u8]) -> ImportError {
    space(3).import(exported).expect_err("it is no export")
}

#[test]
fn what_is_no_export_is_refused_with_its_line() {
    let exported = lines(&full(), &all());
    let last = exported.split(|byte| *byte == b'\n').count() - 1;
    for (line, from, to, found) in [
        (1, "draftkeep export", "another export", "no export"),
        (1, r#""version":1"#, r#""version":9"#, "format 9"),
        (1, "{", "", "no export"),
        (2, r#""kind":"note""#, r#""kind":"""#, "kind"),
        (2, r#""draft":""#, r#""draft":"x"#, "not an id"),
        (2, r#""line":"draft""#, r#""line":"drafts""#, "no line of an export"),
        (2, r#""others":"#, r#""others":9"#, ""),
        (2, r#"{"doc":""#, r#"{"doc":"changed "#, "altered"),
        (2, r#"{"doc":""#, r#"{"doc":  ""#, "cannot be stored"),
        (2, r#"{"doc":"#, r#"{"dok":"#, "document is missing"),
        (2, r#""schema":1"#, r#""schema":2"#, "altered"),
        (2, r#""phase":""#, r#""phase":"lost in "#, "no such phase"),
        (last, r#""drafts":4"#, r#""drafts":5"#, "not as it was written"),
        (last, r#""blake3":""#, r#""blake3":"0"#, "not as it was written"),
    ] {
        let hostile = changed(&exported, line - 1, |text| text.replacen(from, to, 1));
        assert_ne!(hostile, exported, "{from}");
        let error = refused(&hostile);
        let what = error.kind.to_string();
        assert!(
            what.contains(found) && (found.is_empty() || error.line == line as u64),
            "{from}: line {}: {what}",
            error.line
        );
        if line == 2 && !found.is_empty() {
            assert_eq!(error.imported, Imported::default(), "{from}");
        }
    }
    assert!(matches!(refused(b"").kind, ImportErrorKind::Cut));
    assert!(matches!(refused(b"\n").kind, ImportErrorKind::NotAnExport));
    let deep = [&b"{\"doc\":"[..], &vec![b'['; 1 << 20], b"\n"].concat();
    assert!(matches!(refused(&deep).kind, ImportErrorKind::NotAnExport));
    // A line without an end is not read into memory.
    let endless = std::io::Read::take(std::io::repeat(b'x'), 1 << 30);
    assert!(matches!(space(3).import(endless).unwrap_err().kind, ImportErrorKind::TooLong { .. }));
}

#[test]
fn what_says_that_it_was_written_here_later_than_now_is_refused() {
    let here = store(7);
    let exported = lines(&full(), &all());
    let replica = here.replica().to_string();
    // In another space nothing is held against the ids, so that only this stands in its way.
    let forged = changed(&exported, 1, |text| {
        let (before, after) = text.split_once(r#""vector":{"#).expect("it is a version with a vector");
        format!("{before}\"vector\":{{\"{replica}\":9999999999,{after}")
    });
    let error = here.space("bob").unwrap().import(&forged[..]).unwrap_err();
    let ImportErrorKind::Store(refused) = &error.kind else { panic!("{}", error.kind) };
    assert!(refused.to_string().contains("later than now"), "{refused}");
}

/// A device's keys may be lost, or a store may have been plain before: what was exported of either is brought to the other.
#[test]
fn an_export_is_taken_in_whatever_secret_the_space_has() {
    let ring = |byte| MemoryKeyRing::new(Key::from_bytes([byte; Key::LEN]), Key::from_bytes([9; Key::LEN]));
    let rings = [None, Some(ring(1)), Some(ring(2))];
    let of = |seed, ring: &Option<MemoryKeyRing>| {
        let options = options(seed);
        let options = ring.clone().map_or(options.clone(), |ring| options.key_ring(ring));
        Store::in_memory(options).expect("memory can be opened").space("alice").expect("it opens")
    };
    for (one, from) in rings.iter().enumerate() {
        let here = of(1, from);
        let diary = notes(&here).slot("diary").resume_or_start(|| "It rained.".to_owned()).unwrap();
        save(&diary, "It rained. It poured.");
        notes(&here).start(&"Beside it.".to_owned()).unwrap();
        let exported = lines(&here, &all());
        for (other, to) in rings.iter().enumerate() {
            let there = of(2, to);
            assert_eq!(import(&there, &exported).begun, 2, "{one} to {other}");
            assert_eq!(import(&there, &exported).begun, 0, "{one} to {other}, again");
            let found = notes(&there).slot("diary").resume().unwrap().expect("it is in its slot");
            assert_eq!(found.load().unwrap(), "It rained. It poured.", "{one} to {other}");
            assert_eq!(found.id() == diary.id(), one == other, "{one} to {other}");
            assert_eq!(notes(&there).list(&Filter::open()).unwrap().drafts.len(), 2);
        }
    }
}

/// The format of a release is read by every later one.
#[test]
fn an_export_of_the_first_format_is_read() -> Outcome {
    let golden = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/export_1.jsonl"))?;
    let written = lines(&full(), &all());
    assert_eq!(String::from_utf8(written)?, String::from_utf8(golden.clone())?, "it is what is written");
    let to = space(2);
    assert_eq!(import(&to, &golden).begun, 4);
    assert_eq!(seen(&to, true), seen(&full(), true));
    Ok(())
}

/// What somebody does before and between exports.
#[derive(Debug, Clone)]
enum Deed {
    Start(u8, String),
    Save(u8, String),
    Part(u8),
    Checkpoint(u8),
    Promote(u8),
    StartOver(u8),
    Discard(u8),
    Archive(u8),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let slot = || 0..3_u8;
    let deed = prop_oneof![
        (slot(), "[a-c\n雨\"]{0,12}").prop_map(|(slot, text)| Deed::Start(slot, text)),
        (slot(), "[a-c\n雨\"]{0,12}").prop_map(|(slot, text)| Deed::Save(slot, text)),
        slot().prop_map(Deed::Part),
        slot().prop_map(Deed::Checkpoint),
        slot().prop_map(Deed::Promote),
        slot().prop_map(Deed::StartOver),
        slot().prop_map(Deed::Discard),
        slot().prop_map(Deed::Archive),
    ];
    proptest::collection::vec(deed, 0..14)
}

fn act(space: &Space, deeds: &[Deed]) {
    let slot = |slot: &u8| notes(space).slot([b's', *slot]);
    let current = |of: &u8| slot(of).resume().unwrap();
    for (number, deed) in deeds.iter().enumerate() {
        match deed {
            Deed::Start(of, text) => drop(slot(of).start(text).unwrap()),
            Deed::Save(of, text) => current(of).iter().for_each(|draft| save(draft, text)),
            // Over an empty text both have their place.
            Deed::Part(of) => current(of).iter().for_each(|draft| {
                let _ = save_both(draft, &format!("one {number}"), &format!("other {number}"));
            }),
            Deed::Checkpoint(of) => current(of).iter().for_each(|draft| assert!(draft.checkpoint("so far").is_ok())),
            Deed::Promote(of) => current(of).iter().for_each(|draft| draft.promote("out").unwrap()),
            Deed::StartOver(of) => drop(slot(of).start_over(&format!("over {number}")).unwrap()),
            Deed::Discard(of) => current(of).iter().for_each(|draft| draft.discard().unwrap()),
            Deed::Archive(of) => current(of).iter().for_each(|draft| draft.archive().unwrap()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any space comes back as it was, by one export or by two, and nothing that is typed elsewhere is lost to it.
    #[test]
    fn whatever_was_done_comes_back(first in deeds(), then in deeds(), elsewhere in deeds()) {
        let (from, to, other) = (space(1), space(2), space(4));
        act(&from, &first);
        import(&to, &lines(&from, &all()));
        prop_assert_eq!(seen(&to, true), seen(&from, true));
        act(&from, &then);
        let exported = lines(&from, &all());
        import(&to, &exported);
        import(&to, &exported);
        let heads = |space: &Space| -> Vec<_> { seen(space, true).into_iter().map(|(info, ..)| info.revision).collect() };
        prop_assert_eq!(heads(&to), heads(&from), "it goes on");
        // Somebody did something else: their texts stay heads, and all others are readable.
        act(&other, &elsewhere);
        let before = seen(&other, true);
        import(&other, &exported);
        let after = seen(&other, true);
        for (info, _, texts, _) in &before {
            let (now, _, all, _) = after.iter().find(|(now, ..)| now.id == info.id).expect("no draft is gone");
            prop_assert!(now.revision == info.revision || seen(&from, true).iter().any(|(info, ..)| info.revision == now.revision));
            prop_assert!(texts.iter().all(|text| all.contains(text)), "a text is gone");
        }
        for (info, _, texts, _) in seen(&from, true) {
            let (_, _, all, _) = after.iter().find(|(now, ..)| now.id == info.id).expect("every draft is there");
            prop_assert!(texts.iter().all(|text| all.contains(text)), "an imported text is missing");
        }
        let again = import(&other, &exported);
        prop_assert_eq!((again.begun, again.continued, again.in_conflict, again.versions), (0, 0, 0, 0));
    }
}

fn left(slot: &str, text: &str, day: u64) -> Legacy<String> {
    Legacy { slot: slot.as_bytes().to_vec(), document: text.to_owned(), at: Timestamp::from_millis(day * 86_400_000) }
}

#[test]
fn what_an_older_application_left_is_taken_over_once_and_never_over_what_was_typed() -> Outcome {
    let space = space(1);
    let notes = notes(&space);
    let all = || (0..100).map(|number| left(&format!("upload-{}", number / 2), &format!("text {number}"), number));
    let done = notes.take_over(all())?;
    assert_eq!((done.begun, done.added, done.beside, done.known), (50, 50, 0, 0));
    let draft = notes.slot("upload-7").resume()?.expect("it was taken over");
    assert_eq!(draft.load()?, "text 15");
    let times: Vec<u64> =
        draft.history()?.versions.iter().map(|version| version.saved_at.as_millis() / 86_400_000).collect();
    assert_eq!(times, [14, 15]);
    assert_eq!(notes.take_over(all())?.known, 100);
    save(&draft, "typed since");
    notes.slot("upload-8").resume()?.expect("it is here").archive()?;
    notes.slot("upload-9").resume()?.expect("it is here").discard()?;
    notes.slot("upload-9").generations()?.iter().for_each(|info| notes.get(info.id).unwrap().unwrap().purge().unwrap());
    assert_eq!(notes.take_over(all())?.known, 100, "what somebody did away with does not come back");
    assert!(notes.slot("upload-8").resume()?.is_none() && notes.slot("upload-9").resume()?.is_none());
    // A text that turns up only now.
    let done = notes.take_over([left("upload-7", "text 14", 14), left("upload-7", "found later", 20)])?;
    assert_eq!((done.known, done.beside), (1, 1));
    assert_eq!(draft.load()?, "typed since");
    let conflict = draft.conflict()?.expect("somebody has to look at it");
    assert_eq!(conflict.theirs()[0].value.as_str(), Some("found later"));
    assert_eq!(notes.take_over([left("upload-7", "found later", 20)])?.known, 1);
    Ok(())
}
