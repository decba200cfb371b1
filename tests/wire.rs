//! Messages as bytes: what is read is what was sent, and nothing else is read.

use draftkeep::clock::Timestamp;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{
    Answer, Ask, BODY_MAX, Base, CHAIN_MAX, CONTAINS_MAX, EraseOutcome, ErasedRow, JSON_MAX, MESSAGE_MAX, Main, Marker,
    Outcome, PUSHES_MAX, Page, Position, Push, Refusal, Rejection, Reply, Request, Revision, RevisionError, Row,
    Standing, Target, WireError,
};
use draftkeep::{DraftId, HubId, RevisionId, TraceId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

fn draft() -> impl Strategy<Value = DraftId> {
    any::<[u8; 16]>().prop_map(DraftId::from_bytes)
}

fn id() -> impl Strategy<Value = RevisionId> {
    any::<[u8; 32]>().prop_map(RevisionId::from_bytes)
}

fn revision() -> impl Strategy<Value = Revision> {
    (draft(), vec(id(), 0..3), vec(any::<u8>(), 0..200))
        .prop_map(|(draft, parents, body)| sample(draft, &parents, &body))
}

/// A revision as a hub gives it.
fn given() -> impl Strategy<Value = Revision> {
    let base = (id(), vec(any::<u8>(), 0..40)).prop_map(|(id, body)| Base { id, body });
    (revision(), vec(base, 0..=CHAIN_MAX))
        .prop_map(|(revision, chain)| revision.with_chain(chain).expect("it is within the limits"))
}

fn position() -> impl Strategy<Value = Position> {
    (any::<u64>(), any::<[u8; 32]>()).prop_map(|(seq, chain)| Position { seq, chain })
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![option::of(id()).prop_map(|expects| Target::Main { expects }), Just(Target::Fork)]
}

fn push() -> impl Strategy<Value = Push> {
    (revision(), option::of(id()), vec(id(), 0..4), target()).prop_map(|(revision, base, contains, target)| Push {
        revision,
        base,
        contains,
        target,
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        Just(Ask::Hello),
        any::<(u64, u32)>().prop_map(|(after, limit)| Ask::Pull { after, limit }),
        vec(push(), 0..4).prop_map(|pushes| Ask::Push { pushes }),
        (draft(), vec(id(), 0..5)).prop_map(|(draft, ids)| Ask::Contained { draft, ids }),
        (draft(), vec(id(), 0..5)).prop_map(|(draft, ids)| Ask::Revisions { draft, ids }),
        any::<u64>().prop_map(|ms| Ask::Wait { timeout: Duration::from_millis(ms) }),
        vec(marker(), 0..4).prop_map(|markers| Ask::Erase { markers }),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let trace = any::<[u8; 16]>().prop_map(TraceId::from_bytes);
    let hub = option::of(any::<[u8; 16]>().prop_map(HubId::from_bytes));
    ("\\PC{0,40}", option::of("\\PC{0,20}"), trace, hub, option::of(position()), ask())
        .prop_map(|(space, device, trace, hub, seen, ask)| Request { space, device, trace, hub, seen, ask })
}

fn marker() -> impl Strategy<Value = Marker> {
    (draft(), any::<u64>(), any::<[u8; 32]>()).prop_map(|(draft, at, mac)| Marker {
        draft,
        at: Timestamp::from_millis(at),
        mac,
    })
}

fn row() -> impl Strategy<Value = Row> {
    (given(), any::<bool>(), any::<u64>(), vec(id(), 0..4)).prop_map(|(revision, is_whole, seq, forks)| Row {
        draft: revision.draft(),
        seq,
        main: Main { id: revision.id(), revision: is_whole.then_some(revision) },
        forks,
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let code = prop_oneof![
        Just(Rejection::TooLarge),
        Just(Rejection::Invalid),
        Just(Rejection::Forbidden),
        Just(Rejection::Erased),
        Just(Rejection::ForksFull),
        Just(Rejection::Base),
        Just(Rejection::SpaceFull),
        (8_u32..).prop_map(Rejection::Other),
    ];
    prop_oneof![
        Just(Outcome::Accepted { standing: Standing::Main }),
        Just(Outcome::Accepted { standing: Standing::Fork }),
        option::of(row()).prop_map(|row| Outcome::Conflict { row }),
        (code, "\\PC{0,40}").prop_map(|(code, reason)| Outcome::Rejected { code, reason }),
    ]
}

fn erase_outcome() -> impl Strategy<Value = EraseOutcome> {
    let rejected = |(code, reason): (u32, String)| EraseOutcome::Rejected { code: Rejection::Other(code), reason };
    prop_oneof![Just(EraseOutcome::Erased), (8_u32.., "\\PC{0,40}").prop_map(rejected)]
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        any::<bool>().prop_map(|confirmed| Reply::Welcome { confirmed }),
        (any::<u64>(), vec(row(), 0..4), vec((any::<u64>(), marker()), 0..4), any::<bool>()).prop_map(
            |(after, rows, erased, more)| {
                let erased = erased.into_iter().map(|(seq, marker)| ErasedRow { seq, marker }).collect();
                Reply::Page(Page { after, rows, erased, more })
            }
        ),
        vec(erase_outcome(), 0..5).prop_map(Reply::Erased),
        vec(outcome(), 0..5).prop_map(Reply::Pushed),
        (proptest::option::of(id()), vec(id(), 0..5))
            .prop_map(|(main, contained)| Reply::Contained { main, contained }),
        (vec(given(), 0..3), any::<u32>()).prop_map(|(revisions, looked_up)| Reply::Revisions { revisions, looked_up }),
        Just(Reply::News),
        Just(Reply::Refused(Refusal::Unconfirmed)),
        Just(Reply::Refused(Refusal::OtherHub)),
        "\\PC{0,40}".prop_map(|reason| Reply::Refused(Refusal::Invalid { reason })),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    (any::<[u8; 16]>(), position(), reply()).prop_map(|(hub, position, reply)| Answer {
        hub: HubId::from_bytes(hub),
        position,
        reply,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_survives_its_bytes(request in request()) {
        let bytes = request.to_bytes().expect("it is short");
        prop_assert_eq!(Answer::from_bytes(&bytes), Err(WireError::OtherWay));
        prop_assert_eq!(Request::from_bytes(&bytes), Ok(request));
    }

    #[test]
    fn every_answer_survives_its_bytes(answer in answer()) {
        let bytes = answer.to_bytes().expect("it is short");
        prop_assert_eq!(Request::from_bytes(&bytes), Err(WireError::OtherWay));
        prop_assert_eq!(Answer::from_bytes(&bytes), Ok(answer));
    }

    #[test]
    fn every_request_is_the_same_as_json(request in request()) {
        let bytes = request.to_bytes().expect("it is short");
        let json = request.to_json().expect("it is short");
        prop_assert_eq!(Answer::from_json(&json), Err(WireError::OtherWay));
        let read = Request::from_json(&json);
        prop_assert_eq!(read.as_ref().map(Request::to_bytes), Ok(Ok(bytes)));
        prop_assert_eq!(read, Ok(request));
    }

    #[test]
    fn every_answer_is_the_same_as_json(answer in answer()) {
        let bytes = answer.to_bytes().expect("it is short");
        let json = answer.to_json().expect("it is short");
        prop_assert_eq!(Request::from_json(&json), Err(WireError::OtherWay));
        let read = Answer::from_json(&json);
        prop_assert_eq!(read.as_ref().map(Answer::to_bytes), Ok(Ok(bytes)));
        prop_assert_eq!(read, Ok(answer));
    }

    #[test]
    fn arbitrary_bytes_behind_a_right_checksum_are_read_or_refused(record in vec(any::<u8>(), 0..400), kind in 0_u8..4) {
        let bytes = framed(kind, &record);
        let read = (Request::from_bytes(&bytes), Answer::from_bytes(&bytes));
        prop_assert!(read.0.is_err() || read.1.is_err());
    }

    /// Whoever makes bytes with a right checksum is not trusted either: a changed field is read as what it is, or refused.
    #[test]
    fn a_changed_byte_behind_a_right_checksum_is_read_or_refused(answer in answer(), at: prop::sample::Index, byte: u8) {
        let bytes = answer.to_bytes().expect("it is short");
        let mut record = bytes[14..bytes.len() - 32].to_vec();
        let at = at.index(record.len());
        record[at] = byte;
        if let Ok(read) = Answer::from_bytes(&framed(2, &record)) {
            prop_assert_eq!(Answer::from_bytes(&read.to_bytes().expect("it is short")), Ok(read));
        }
    }
}

fn framed(kind: u8, record: &[u8]) -> Vec<u8> {
    let mut bytes = [b"draftkeep\x1a\r\n", &[1, kind][..], record].concat();
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

const DRAFT: DraftId = DraftId::from_bytes([3; 16]);

/// One message of every kind, with every field.
fn samples() -> (Vec<Request>, Vec<Answer>) {
    let id = |byte| RevisionId::from_bytes([byte; 32]);
    let revision = sample(DRAFT, &[id(1)], "the night train".as_bytes());
    let chain = [(1, "the night"), (2, "")].map(|(byte, body)| Base { id: id(byte), body: body.into() });
    let delta = revision.clone().with_chain(chain.to_vec()).expect("it is short");
    let marker = |byte| Marker { draft: DRAFT, at: Timestamp::from_millis(1_700_000_000_000), mac: [byte; 32] };
    let asks = [
        Ask::Hello,
        Ask::Pull { after: 300, limit: 50 },
        Ask::Push {
            pushes: vec![
                Push {
                    revision: revision.clone(),
                    base: Some(id(1)),
                    contains: vec![id(1), id(2)],
                    target: Target::Main { expects: Some(id(1)) },
                },
                Push {
                    revision: revision.clone(),
                    base: None,
                    contains: Vec::new(),
                    target: Target::Main { expects: None },
                },
                Push { revision: revision.clone(), base: None, contains: Vec::new(), target: Target::Fork },
            ],
        },
        Ask::Contained { draft: DRAFT, ids: vec![id(4), id(5)] },
        Ask::Revisions { draft: DRAFT, ids: vec![id(6)] },
        Ask::Wait { timeout: Duration::from_secs(30) },
        Ask::Erase { markers: vec![marker(1), marker(2)] },
    ];
    let seen = Position { seq: 1_000, chain: [8; 32] };
    let request = |ask| Request {
        space: "Ann\u{e9}\0".into(),
        device: Some("laptop".into()),
        trace: TraceId::from_bytes([7; 16]),
        hub: Some(HubId::from_bytes([6; 16])),
        seen: Some(seen),
        ask,
    };
    let row = |revision: Option<&Revision>| Row {
        draft: DRAFT,
        seq: 9,
        main: Main { id: revision.map_or(id(9), Revision::id), revision: revision.cloned() },
        forks: vec![id(2), id(3)],
    };
    let replies = [
        Reply::Welcome { confirmed: true },
        Reply::Page(Page {
            after: 3,
            rows: vec![row(Some(&revision)), row(None), row(Some(&delta))],
            erased: Vec::new(),
            more: true,
        }),
        Reply::Pushed(vec![
            Outcome::Accepted { standing: Standing::Main },
            Outcome::Accepted { standing: Standing::Fork },
            Outcome::Conflict { row: Some(row(Some(&revision))) },
            Outcome::Conflict { row: None },
            Outcome::Rejected { code: Rejection::ForksFull, reason: "settle some".into() },
            Outcome::Rejected { code: Rejection::Base, reason: "send it whole".into() },
            Outcome::Rejected { code: Rejection::SpaceFull, reason: "ask for more room".into() },
            Outcome::Rejected { code: Rejection::Other(77), reason: String::new() },
        ]),
        Reply::Contained { main: Some(id(2)), contained: vec![id(1)] },
        Reply::Revisions { revisions: vec![revision.clone(), delta.clone()], looked_up: 2 },
        Reply::News,
        Reply::Refused(Refusal::Unconfirmed),
        Reply::Refused(Refusal::OtherHub),
        Reply::Refused(Refusal::Invalid { reason: "a page has rows".into() }),
        Reply::Page(Page {
            after: 8,
            rows: vec![row(None)],
            erased: vec![ErasedRow { seq: 10, marker: marker(3) }],
            more: false,
        }),
        Reply::Erased(vec![
            EraseOutcome::Erased,
            EraseOutcome::Rejected { code: Rejection::SpaceFull, reason: "ask for more room".into() },
        ]),
    ];
    let answer = |reply| Answer { hub: HubId::from_bytes([6; 16]), position: seen, reply };
    (asks.map(request).to_vec(), replies.map(answer).to_vec())
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let (requests, answers) = samples();
    let requests = requests.iter().map(|request| (request.to_bytes().expect("it is short"), true));
    for (bytes, is_request) in
        requests.chain(answers.iter().map(|answer| (answer.to_bytes().expect("it is short"), false)))
    {
        let is_refused = |bytes: &[u8]| {
            if is_request { Request::from_bytes(bytes).is_err() } else { Answer::from_bytes(bytes).is_err() }
        };
        assert!(!is_refused(&bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(is_refused(&flipped), "bit {bit}");
        }
        (0..bytes.len()).for_each(|length| assert!(is_refused(&bytes[..length]), "cut to {length}"));
        assert!(is_refused(&[&bytes[..], &[0]].concat()));
    }
}

/// Goal: bytes of a release are read by every later one. `DRAFTKEEP_WRITE_GOLDEN=1 cargo test --test wire` writes them anew, which
/// is right only before a release.
#[test]
fn the_bytes_of_every_message_are_pinned() {
    let (requests, answers) = samples();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire-1.txt");
    let mut shown = String::new();
    let messages = requests.iter().map(Request::to_bytes).chain(answers.iter().map(Answer::to_bytes));
    for bytes in messages {
        bytes.expect("it is short").iter().for_each(|byte| write!(shown, "{byte:02x}").expect("memory"));
        shown.push('\n');
    }
    if std::env::var_os("DRAFTKEEP_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &shown).expect("the fixture is written");
    }
    assert_eq!(shown, std::fs::read_to_string(&path).expect("it is there"));
    let read: Vec<Vec<u8>> = shown.lines().map(unhex).collect();
    let (first, second) = read.split_at(requests.len());
    for (bytes, request) in first.iter().zip(&requests) {
        assert_eq!(Request::from_bytes(bytes).as_ref(), Ok(request));
    }
    for (bytes, answer) in second.iter().zip(&answers) {
        assert_eq!(Answer::from_bytes(bytes).as_ref(), Ok(answer));
    }
}

fn unhex(line: &str) -> Vec<u8> {
    let digits = line.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("it is ASCII"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("it is hexadecimal")).collect()
}

#[test]
fn what_is_not_known_is_passed_over_or_named() {
    let (requests, _) = samples();
    let bytes = requests[0].to_bytes().expect("it is short");
    let record = &bytes[14..bytes.len() - 32];
    // A field of a newer release.
    let extended = [record, &[100, 3, 1, 2, 3]].concat();
    assert_eq!(Request::from_bytes(&framed(1, &extended)).as_ref(), Ok(&requests[0]));
    // An ask of a newer release: the last field, tag 7, one byte.
    let mut newer = record.to_vec();
    *newer.last_mut().expect("it has bytes") = 60;
    assert_eq!(Request::from_bytes(&framed(1, &newer)), Err(WireError::Unknown { what: "ask", number: 60 }));
    let mut version = bytes.clone();
    version[12] = 2;
    assert_eq!(Request::from_bytes(&version), Err(WireError::Version { found: 2, newest: 1 }));
    assert_eq!(Request::from_bytes(b"<html>please log in</html>"), Err(WireError::NotAMessage));
    assert_eq!(Request::from_bytes(b""), Err(WireError::NotAMessage));
}

#[test]
fn what_claims_or_holds_too_much_is_refused() {
    let too_long = vec![0; MESSAGE_MAX + 1];
    assert!(matches!(Request::from_bytes(&too_long), Err(WireError::Limit { what: "bytes", .. })));
    let (requests, answers) = samples();
    let ids = vec![RevisionId::from_bytes([1; 32]); 4_097];
    let many = Request { ask: Ask::Contained { draft: DRAFT, ids }, ..requests[0].clone() };
    let bytes = many.to_bytes().expect("it is short");
    assert!(matches!(Request::from_bytes(&bytes), Err(WireError::Limit { limit: 4_096, got: 4_097, .. })));
    let outcomes = vec![Outcome::Conflict { row: None }; 257];
    let many = Answer { reply: Reply::Pushed(outcomes), ..answers[0].clone() };
    let bytes = many.to_bytes().expect("it is short");
    assert!(matches!(Answer::from_bytes(&bytes), Err(WireError::Limit { limit: 256, .. })));
    let large = sample(DRAFT, &[], &vec![0; 16 << 20]);
    let push = Push { revision: large, base: None, contains: Vec::new(), target: Target::Fork };
    let one = Request { ask: Ask::Push { pushes: vec![push.clone()] }, ..requests[0].clone() };
    assert_eq!(Request::from_bytes(&one.to_bytes().expect("one fits")).as_ref(), Ok(&one));
    let two = Request { ask: Ask::Push { pushes: vec![push.clone(), push] }, ..requests[0].clone() };
    assert!(matches!(two.to_bytes(), Err(WireError::Limit { what: "bytes", .. })));
    // Chains.
    let revision = sample(DRAFT, &[], b"x");
    let chain = |count: usize, length: usize| {
        let base = |_| Base { id: RevisionId::from_bytes([1; 32]), body: vec![0; length] };
        revision.clone().with_chain((0..count).map(base).collect())
    };
    assert!(chain(CHAIN_MAX, 100).is_ok() && chain(1, BODY_MAX - 1).is_ok());
    assert_eq!(chain(CHAIN_MAX + 1, 0), Err(RevisionError::ChainTooLong(CHAIN_MAX + 1)));
    assert_eq!(chain(1, BODY_MAX), Err(RevisionError::BodyTooLong(BODY_MAX + 1)));
    let whole = Reply::Revisions { revisions: vec![chain(1, BODY_MAX - 1).expect("it fits")], looked_up: 1 };
    let whole = Answer { reply: whole, ..answers[0].clone() };
    assert_eq!(Answer::from_bytes(&whole.to_bytes().expect("one fits")).as_ref(), Ok(&whole));
    // Sixty-five fields that nobody knows.
    let record = requests[0].to_bytes().expect("it is short");
    let record = (20..85_u8).fold(record[14..record.len() - 32].to_vec(), |mut record, tag| {
        record.extend_from_slice(&[tag, 0]);
        record
    });
    assert!(matches!(Request::from_bytes(&framed(1, &record)), Err(WireError::Malformed { .. })));
}

/// Goal: what a release says in JSON is read by every later one. `DRAFTKEEP_WRITE_GOLDEN=1 cargo test --test wire` writes it anew, which
/// is right only before a release.
#[test]
fn the_json_of_every_message_is_pinned() {
    let (requests, answers) = samples();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire-1.jsonl");
    let messages = requests.iter().map(Request::to_json).chain(answers.iter().map(Answer::to_json));
    let lines = messages.map(|json| String::from_utf8(json.expect("it is short")).expect("it is text") + "\n");
    let shown: String = lines.collect();
    if std::env::var_os("DRAFTKEEP_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &shown).expect("the fixture is written");
    }
    assert_eq!(shown, std::fs::read_to_string(&path).expect("it is there"));
    let lines: Vec<&[u8]> = shown.lines().map(str::as_bytes).collect();
    let (first, second) = lines.split_at(requests.len());
    for (json, request) in first.iter().zip(&requests) {
        assert_eq!(Request::from_json(json).as_ref(), Ok(request));
    }
    for (json, answer) in second.iter().zip(&answers) {
        assert_eq!(Answer::from_json(json).as_ref(), Ok(answer));
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_json_is_refused() {
    let (requests, answers) = samples();
    let requests = requests
        .iter()
        .filter(|request| matches!(request.ask, Ask::Push { .. } | Ask::Erase { .. } | Ask::Pull { .. }));
    let requests = requests.map(|request| (request.to_json().expect("it is short"), true));
    let answers = answers.iter().map(|answer| (answer.to_json().expect("it is short"), false));
    for (json, is_request) in requests.chain(answers) {
        let original = if is_request { Request::from_json(&json).ok() } else { None };
        let is_refused = |json: &[u8]| {
            if is_request {
                Request::from_json(json).map_or(true, |read| Some(read) == original)
            } else {
                Answer::from_json(json).is_err()
            }
        };
        assert!(!(is_request && original.is_none()));
        for bit in 0..json.len() * 8 {
            let mut flipped = json.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // In a request that changes nothing the name of the hash may be altered, and nothing else.
            assert!(is_refused(&flipped), "bit {bit} of {}", String::from_utf8_lossy(&json));
        }
        (0..json.len()).for_each(|length| {
            let cut = &json[..length];
            assert!(Request::from_json(cut).is_err() && Answer::from_json(cut).is_err(), "cut to {length}");
        });
    }
}

#[test]
fn json_by_hand_is_read_and_what_is_wrong_with_it_is_named() {
    let trace = "07".repeat(16);
    let text = |ask: &str| {
        format!(
            r#" {{"request": {{"trace": "{trace}", "space": "Ann\u00e9", "later": [1.5, {{}}], "ask": {ask}}}, "draftkeep": 1}}"#
        )
    };
    let read = |ask: &str| Request::from_json(text(ask).as_bytes()).map(|request| request.ask);
    assert_eq!(read(r#"{"kind": "hello"}"#), Ok(Ask::Hello));
    assert_eq!(read(r#"{"kind": "pull", "limit": 5, "more": null}"#), Ok(Ask::Pull { after: 0, limit: 5 }));
    let after = u64::MAX;
    assert_eq!(
        read(&format!(r#"{{"kind": "pull", "limit": 5, "after": {after}}}"#)),
        Ok(Ask::Pull { after, limit: 5 })
    );
    let past_double = (1 << 53) + 1;
    let asked = read(&format!(r#"{{"kind": "pull", "limit": 5, "after": {past_double}}}"#));
    assert_eq!(asked, Ok(Ask::Pull { after: past_double, limit: 5 }));
    for wrong in [
        "{}",
        "[]",
        "null",
        r#"{"kind": "erase"}"#,
        r#"{"kind": 1}"#,
        r#"{"kind": "pull", "limit": -1}"#,
        r#"{"kind": "pull", "limit": 1.5}"#,
        r#"{"kind": "pull", "limit": "5"}"#,
        r#"{"kind": "pull", "limit": 4294967296}"#,
        r#"{"kind": "pull", "limit": null}"#,
        r#"{"kind": "contained"}"#,
        r#"{"kind": "contained", "draft": "xy"}"#,
        r#"{"kind": "wait", "kind": "wait"}"#,
        r#"{"kind": "pull", "after": 18446744073709551616}"#,
        r#"{"kind": "revisions", "draft": "03030303030303030303030303030303", "ids": ["03"]}"#,
        // By hand nothing vouches for a text.
        r#"{"kind": "push", "pushes": []}"#,
    ] {
        assert!(matches!(read(wrong), Err(WireError::Malformed { .. })), "{wrong}: {:?}", read(wrong));
    }
    assert_eq!(read("x"), Err(WireError::Syntax { at: text("x").rfind('x').expect("it is there") }));
    let deep = format!(r#"{{"kind": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(read(&deep), Err(WireError::Limit { what: "levels of nesting", limit: 64, .. })));
    let many = format!(r#"{{"kind": "hello", "more": [{}1]}}"#, "1,".repeat(1 << 20));
    assert!(matches!(read(&many), Err(WireError::Limit { what: "values", .. })));
    for (text, error) in [
        ("", WireError::NotAMessage),
        ("<html>please log in</html>", WireError::NotAMessage),
        ("[1]", WireError::NotAMessage),
        ("{}", WireError::NotAMessage),
        (r#"{"draftkeep": "1"}"#, WireError::NotAMessage),
        (r#"{"draftkeep": 2, "request": 7}"#, WireError::Version { found: 2, newest: 1 }),
        (r#"{"draftkeep": 999}"#, WireError::Version { found: 255, newest: 1 }),
        (r#"{"draftkeep": 1, "hash": "00", "request": {}}"#, WireError::Checksum),
        (r#"{"draftkeep": 1, "hash": 7, "request": {}}"#, WireError::Checksum),
        (r#"{"draftkeep": 1, "answer": {}}"#, WireError::OtherWay),
        (r#"{"draftkeep": 1, "answer": {}, "request": {}}"#, WireError::Malformed { what: "it goes both ways" }),
        (r#"{"draftkeep": 1"#, WireError::Syntax { at: 15 }),
    ] {
        assert_eq!(Request::from_json(text.as_bytes()), Err(error), "{text}");
    }
    // An answer is what a device believes: without its hash it is none.
    let (_, answers) = samples();
    let json = String::from_utf8(answers[0].to_json().expect("it is short")).expect("it is text");
    let at = json.find(r#","hash":"#).expect("it has one");
    let without = format!("{}{}", &json[..at], &json[at + r#","hash":"","#.len() + 64 - 1..]);
    assert!(matches!(Answer::from_json(without.as_bytes()), Err(WireError::Malformed { .. })), "{without}");
}

#[test]
fn json_that_claims_or_holds_too_much_is_refused_and_whatever_fits_as_bytes_fits() {
    let (requests, answers) = samples();
    let too_long = vec![b' '; JSON_MAX + 1];
    assert!(matches!(Request::from_json(&too_long), Err(WireError::Limit { what: "bytes", limit: JSON_MAX, .. })));
    let id = RevisionId::from_bytes([1; 32]);
    let asked = |ask| Request { ask, ..requests[0].clone() };
    let ids = asked(Ask::Contained { draft: DRAFT, ids: vec![id; 4_097] }).to_json().expect("it is short");
    assert!(matches!(Request::from_json(&ids), Err(WireError::Limit { limit: 4_096, got: 4_097, .. })));
    let outcomes = vec![Outcome::Conflict { row: None }; 257];
    let many = Answer { reply: Reply::Pushed(outcomes), ..answers[0].clone() };
    let many = many.to_json().expect("it is short");
    assert!(matches!(Answer::from_json(&many), Err(WireError::Limit { limit: 256, .. })));
    // The longest messages as bytes: one body, and nothing but ids, which grow most.
    let large = sample(DRAFT, &[], &vec![0; BODY_MAX]);
    let push = |revision: &Revision, ids| Push {
        revision: revision.clone(),
        base: None,
        contains: vec![id; ids],
        target: Target::Fork,
    };
    let body = asked(Ask::Push { pushes: vec![push(&large, 0)] });
    let small = sample(DRAFT, &[], b"x");
    let ids = asked(Ask::Push {
        pushes: (0..12).map(|number| push(&small, if number < 11 { CONTAINS_MAX } else { 65_000 })).collect(),
    });
    assert!(PUSHES_MAX > 12 && ids.to_bytes().expect("it fits").len() > MESSAGE_MAX - (1 << 16));
    for longest in [body, ids] {
        let json = longest.to_json().expect("it fits");
        assert!(json.len() <= JSON_MAX, "{}", json.len());
        assert_eq!(Request::from_json(&json).as_ref(), Ok(&longest));
    }
    // What is too long as bytes is too long as JSON, where it would fit.
    let two = asked(Ask::Push { pushes: vec![push(&large, 0), push(&large, 0)] });
    assert!(matches!(two.to_json(), Err(WireError::Limit { what: "bytes", limit: MESSAGE_MAX, .. })));
}
