//! What is left when the server is killed (`kill -9`) while devices push: every push that was acknowledged, whole, under the same
//! hub; and the devices go on by themselves once it is back.
//!
//! Method: the real program `draftkeep-hub` on a real file, killed at moments that a seed chooses and started again at the same
//! address, under the load of several devices. `DRAFTKEEP_EFFORT` multiplies how often.

#[path = "common/program.rs"]
mod program;
#[path = "common/search.rs"]
mod search;

use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Outcome, Push, Reply, Request, Target, Transport};
use draftkeep::{DraftId, HubId, RevisionId, TraceId};
use draftkeep_http::{HttpOptions, HttpTransport, Token};
use futures_executor::block_on;
use program::{program, start};
use search::effort;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const DEVICES: u8 = 4;

/// Kills at the usual effort.
const KILLS: u64 = 5;

fn token(data: &Path) -> Token {
    let issued = program().args(["token", "new", "a test", "--all-spaces", "--data"]).arg(data).output().unwrap();
    assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
    Token::new(String::from_utf8(issued.stdout).unwrap().trim()).unwrap()
}

/// What a device pushed last to each of its drafts and was told that the hub has.
type Acknowledged = BTreeMap<DraftId, RevisionId>;

fn request(ask: Ask) -> Request {
    let trace = TraceId::from_bytes([9; 16]);
    Request { space: "alice".to_owned(), device: None, trace, hub: None, seen: None, ask }
}

/// Pushes until it is over, each text over the one before it; what is not answered is pushed again, as devices do.
fn write(transport: &HttpTransport, device: u8, is_over: &AtomicBool, count: &AtomicU64) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    for number in 0_u64.. {
        let draft = DraftId::from_bytes([device * 10 + u8::try_from(number % 5).unwrap(); 16]);
        let before = acknowledged.get(&draft).copied();
        let text = format!("device {device}, text {number} {}", "and so on ".repeat(100));
        let revision = sample(draft, &[], text.as_bytes());
        let id = revision.id();
        let push = Push {
            revision,
            base: None,
            contains: before.into_iter().collect(),
            target: Target::Main { expects: before },
        };
        loop {
            match block_on(transport.send(request(Ask::Push { pushes: vec![push.clone()] }))) {
                Ok(answer) => match &answer.reply {
                    Reply::Pushed(outcomes) if matches!(outcomes[..], [Outcome::Accepted { .. }]) => break,
                    other => panic!("nobody else writes here: {other:?}"),
                },
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        acknowledged.insert(draft, id);
        count.fetch_add(1, Ordering::SeqCst);
        if is_over.load(Ordering::SeqCst) {
            break;
        }
    }
    acknowledged
}

#[test]
fn a_hub_that_serves_is_copied_and_one_that_does_not_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backups) = (folder.path().join("hub.redb"), folder.path().join("backups"));
    std::fs::create_dir(&backups).unwrap();
    let token = token(&data);
    let (count, is_over) = (AtomicU64::new(0), AtomicBool::new(true));
    let (mut child, url) = start(&data, None, "127.0.0.1:0");
    let transport = HttpTransport::open(&url, HttpOptions::new().token(token.clone())).unwrap();
    let acknowledged = write(&transport, 1, &is_over, &count);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut child = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .arg("--backups")
        .arg(&backups)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let began = Instant::now();
    let run = |args: &[&str], data: &Path| {
        let output = program().args(args).arg("--data").arg(data).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    // A copy that is not whole yet has another name.
    let copy = loop {
        let mut copies: Vec<_> = std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path()).collect();
        copies.retain(|path| path.extension().is_some_and(|ending| ending == "redb"));
        if let Some(copy) = copies.pop() {
            break copy;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "there is no copy");
        std::thread::sleep(Duration::from_millis(50));
    };
    let (code, said) = run(&["verify"], &data);
    assert_eq!(code, Some(1), "it serves: {said}");
    let (code, said) = run(&["verify"], &copy);
    assert!(code == Some(0) && said.contains("1 spaces, 1 drafts") && said.contains("intact"), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
    for command in ["verify", "repair", "compact"] {
        let (code, said) = run(&[command], &data);
        assert_eq!(code, Some(0), "{command}: {said}");
    }
    let into = folder.path().join("once.redb");
    let (code, said) = run(&["backup", into.to_str().unwrap()], &data);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(run(&["backup", into.to_str().unwrap()], &data).0, Some(1), "nothing is written over");
    // A copy that takes the hub's place is the same hub.
    let id = |data: &Path| run(&["verify"], data).1.split(':').next().unwrap().to_owned();
    let before = id(&data);
    std::fs::rename(&copy, &data).unwrap();
    assert_eq!(id(&data), before);
    let (mut child, url) = start(&data, None, "127.0.0.1:0");
    let transport = HttpTransport::open(&url, HttpOptions::new().token(token)).unwrap();
    assert_eq!(hello(&transport).1, acknowledged.len() as u64);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn hello(transport: &HttpTransport) -> (HubId, u64) {
    let answer = block_on(transport.send(request(Ask::Hello))).expect("it is there");
    (answer.hub, answer.position.seq)
}

#[test]
fn a_killed_server_loses_nothing_that_it_had_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub.redb");
    let token = token(&data);
    let (mut child, url) = start(&data, None, "127.0.0.1:0");
    let address = url.strip_prefix("http://").unwrap().to_owned();
    let transport = HttpTransport::open(&url, HttpOptions::new().token(token)).unwrap();
    let (first_hub, _) = hello(&transport);
    let (is_over, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut least, mut acked) = (0, Acknowledged::new());
    std::thread::scope(|scope| {
        let devices: Vec<_> = (1..=DEVICES)
            .map(|device| {
                let (transport, is_over, count) = (transport.clone(), &is_over, &count);
                scope.spawn(move || write(&transport, device, is_over, count))
            })
            .collect();
        for kill in 0..KILLS * effort() {
            // Some pushes further, and then at any moment.
            let goal = count.load(Ordering::SeqCst) + 20 + kill % 7 * 9;
            let began = Instant::now();
            while count.load(Ordering::SeqCst) < goal {
                assert!(began.elapsed() < Duration::from_secs(60), "kill {kill}: devices stand still");
                std::thread::sleep(Duration::from_micros(200 + kill * 137 % 900));
            }
            child.kill().unwrap();
            child.wait().unwrap();
            let (again, again_url) = start(&data, None, &address);
            (child, least) = (again, least.max(goal));
            assert_eq!(again_url, url);
            assert_eq!(hello(&transport).0, first_hub, "it is the same hub");
        }
        is_over.store(true, Ordering::SeqCst);
        acked = devices.into_iter().flat_map(|device| device.join().unwrap()).collect();
    });
    assert_eq!(acked.len(), usize::from(DEVICES) * 5);
    let (hub, position) = hello(&transport);
    assert_eq!((hub, position), (first_hub, count.load(Ordering::SeqCst)), "each push once, however often it was sent");
    assert!(position > least);
    for (draft, id) in &acked {
        let found = block_on(transport.send(request(Ask::Revisions { draft: *draft, ids: vec![*id] }))).unwrap();
        let Reply::Revisions { revisions, .. } = found.reply else { panic!() };
        assert_eq!(revisions.first().map(draftkeep::transport::Revision::id), Some(*id));
    }
    println!("{position} pushes, {} kills, none lost", KILLS * effort());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_to_end_says_goodbye_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub.redb");
    let token = token(&data);
    let (child, url) = start(&data, None, "127.0.0.1:0");
    let transport = HttpTransport::open(&url, HttpOptions::new().token(token)).unwrap();
    hello(&transport);
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_program_says_what_is_wrong_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub.redb");
    let run = |args: &[&str]| {
        let output = program().args(args).arg("--data").arg(&data).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(&["sevre"]).0, Some(2));
    assert_eq!(run(&["token", "new", "x"]).0, Some(2));
    let (code, said) = run(&["token", "list"]);
    assert_eq!(code, Some(1), "{said}");
    let (code, said) =
        run(&["token", "new", "alice's phone", "--space", "alice", "--read-only", "--expires-in", "90d"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, listed) = run(&["token", "list"]);
    assert!(
        listed.contains("alice's phone") && listed.contains("reads \"alice\"") && listed.contains("until"),
        "{listed}"
    );
    let secret = said.lines().find(|line| line.starts_with("dk_")).unwrap();
    assert!(!listed.contains(secret));
    let (code, said) = run(&["token", "revoke", &secret[3..19]]);
    assert!(code == Some(0) && said.contains("revoked"), "{said}");
    assert_eq!(run(&["verify"]).0, Some(1), "there is no hub yet, and none is made");
    assert!(!data.exists());
    std::fs::write(&data, "these are somebody's notes").unwrap();
    let (code, said) = run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(std::fs::read_to_string(&data).unwrap(), "these are somebody's notes");
    std::fs::remove_file(&data).unwrap();
    let (code, said) = run(&["serve", "--listen", "nonsense"]);
    assert!(code == Some(1) && said.contains("nonsense"), "{said}");
}
