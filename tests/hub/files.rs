//! A hub in a file: opening and making it, its backup, its room.

use super::{MAIN, draft, main_push, options, push, row, text};
use draftkeep::hub::Hub;
use draftkeep::storage::StorageErrorKind;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Ask, Revision};
use draftkeep::{Error, ErrorKind, Kind, Options, Store};
use std::fs;
use std::path::Path;

fn kind(error: &Error) -> &StorageErrorKind {
    match error.kind() {
        ErrorKind::Storage(kind) => kind,
        kind => panic!("{kind:?}"),
    }
}

fn refused(result: Result<Hub, Error>, path: &Path) -> StorageErrorKind {
    let error = result.expect_err("it is refused");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    kind(&error).clone()
}

#[test]
fn a_file_is_made_once_and_never_over_something_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.redb");
    assert_eq!(refused(Hub::open_file(&path, options(1)), &path), StorageErrorKind::NotFound);
    let lost = folder.path().join("no folder").join("hub.redb");
    assert_eq!(refused(Hub::open_or_create(&lost, options(1)), &lost), StorageErrorKind::NoFolder);
    let id = {
        let hub = Hub::open_or_create(&path, options(1)).expect("made");
        push(&hub, vec![main_push(&text(1, "one"), None)]);
        assert_eq!(refused(Hub::open_or_create(&path, options(2)), &path), StorageErrorKind::InUse);
        assert_eq!(refused(Hub::open_file(&path, options(2)), &path), StorageErrorKind::InUse);
        hub.id()
    };
    assert_eq!(refused(Hub::create_file(&path, options(2)), &path), StorageErrorKind::Exists);
    for again in [|path: &Path| Hub::open_file(path, options(2)), |path: &Path| Hub::open_or_create(path, options(2))] {
        let hub = again(&path).expect("it is there");
        assert_eq!((hub.id(), hub.status("alice").expect("it reads").drafts), (id, 1));
    }
    // A file that is gone is missed: an empty hub in its place would stop every device.
    fs::rename(&path, folder.path().join("elsewhere")).expect("moved");
    assert_eq!(refused(Hub::open_or_create(&path, options(2)), &path), StorageErrorKind::Missing);
    assert_eq!(refused(Hub::create_file(&path, options(2)), &path), StorageErrorKind::Missing);
    let noise = folder.path().join("noise");
    fs::write(&noise, b"something else").expect("written");
    assert!(matches!(refused(Hub::open_or_create(&noise, options(1)), &noise), StorageErrorKind::NotAStore { .. }));
    assert_eq!(fs::read(&noise).expect("it is there"), b"something else");
}

#[test]
fn a_hub_and_a_store_of_drafts_do_not_take_each_others_files() {
    const NOTE: Kind<String> = Kind::new("note");
    let folder = tempfile::tempdir().expect("a folder");
    let (hubs, drafts) = (folder.path().join("hub.redb"), folder.path().join("drafts.redb"));
    let id = {
        let hub = Hub::create_file(&hubs, options(1)).expect("made");
        push(&hub, vec![main_push(&text(1, "one"), None)]);
        hub.id()
    };
    let store = Store::create(&drafts, Options::new()).expect("made");
    let draft = store.space("alice").unwrap().drafts(NOTE).unwrap().start(&"It rained.".to_owned()).unwrap().id();
    assert!(store.close());
    assert!(matches!(refused(Hub::open_or_create(&drafts, options(1)), &drafts), StorageErrorKind::NotAStore { .. }));
    let error = Store::open_or_create(&hubs, Options::new()).expect_err("it is a hub");
    assert!(matches!(kind(&error), StorageErrorKind::NotAStore { .. }), "{error}");
    let hub = Hub::open_file(&hubs, options(1)).expect("it is a hub still");
    assert!(hub.id() == id && hub.verify().expect("it reads").is_intact());
    let store = Store::open(&drafts, Options::new()).expect("it is a store still");
    let draft = store.space("alice").unwrap().drafts(NOTE).unwrap().get(draft).unwrap().expect("it is there");
    assert_eq!(draft.load().unwrap(), "It rained.");
    assert!(store.verify().unwrap().is_intact());
}

/// Goal: a backup is the hub at one moment. Method: backups are made while another thread pushes; each is opened, checked whole, and
/// pushed to.
#[test]
fn a_backup_is_the_hub_at_one_moment_while_pushes_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::open_or_create(folder.path().join("hub.redb"), options(1)).expect("made");
    let texts: Vec<Revision> = (0..60).map(|number| sample(draft(1), &[], &vec![number; 4_000])).collect();
    push(&hub, vec![main_push(&texts[0], None)]);
    std::thread::scope(|scope| {
        let pushing = scope.spawn(|| {
            for pair in texts.windows(2) {
                assert_eq!(push(&hub, vec![main_push(&pair[1], Some(&pair[0]))]), [MAIN]);
            }
        });
        for number in 0..4 {
            let path = folder.path().join(format!("backup {number}"));
            let made = hub.backup(&path).expect("there is room");
            assert!(made.records > 0 && made.damaged == 0, "{made:?}");
            let backup = Hub::open_file(&path, options(2)).expect("it is whole");
            let found = backup.verify().expect("it reads");
            assert!(found.is_intact(), "{found:?}");
            let status = backup.status("alice").expect("it reads");
            let seq = usize::try_from(status.position.seq).expect("it is small");
            assert_eq!((backup.id(), row(&backup, 1).main.id), (hub.id(), texts[seq - 1].id()));
            assert_eq!(kind(&hub.backup(&path).expect_err("it is there")), &StorageErrorKind::Exists);
            // It goes on as what it is: a hub that was restored, which says so by its positions.
            assert_eq!(push(&backup, vec![main_push(&text(9, "after the backup"), None)]), [MAIN]);
            let ahead = super::ask(&hub, Ask::Hello).position;
            let asked = super::request(Some(ahead), Ask::Pull { after: 0, limit: 10 });
            let answer = futures_executor::block_on(draftkeep::transport::Transport::send(&backup, asked));
            let refused = draftkeep::transport::Reply::Refused(draftkeep::transport::Refusal::Unconfirmed);
            // What it had been told before the backup is confirmed.
            assert!(ahead.seq <= status.position.seq || answer.expect("an answer").reply == refused);
        }
        pushing.join().expect("it ends");
    });
    assert!(hub.verify().expect("it reads").is_intact());
}

#[test]
fn compacting_gives_room_back_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.redb");
    let hub = Hub::open_or_create(&path, options(1).mains(0)).expect("made");
    let texts: Vec<Revision> = (0..30).map(|number| sample(draft(1), &[], &vec![number; 300_000])).collect();
    push(&hub, vec![main_push(&texts[0], None)]);
    for pair in texts.windows(2) {
        push(&hub, vec![main_push(&pair[1], Some(&pair[0]))]);
    }
    let (before, status) = (hub.footprint().expect("it reads"), hub.status("alice").expect("it reads"));
    let after = hub.compact().expect("there is room");
    assert!(after.total < before.total, "{after:?}, and {before:?} before");
    assert_eq!(hub.footprint().expect("it reads").total, after.total);
    assert_eq!(hub.status("alice").expect("it reads"), status);
    assert_eq!(row(&hub, 1).main.revision.as_ref(), texts.last());
    assert!(hub.verify().expect("it reads").is_intact());
    drop(hub);
    assert_eq!(Hub::open_file(&path, options(2)).expect("it opens").status("alice").expect("it reads"), status);
}
