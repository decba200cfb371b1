//! Who a store in a file is: copies, restored backups and replaced files are noticed, and no tick is handed out twice.
#![cfg(feature = "redb")]

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::StorageErrorKind;
use draftkeep::{Draft, ErrorKind, Kind, Options, ReplicaId, RevisionId, Saved, Store};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const NOTE: Kind<String> = Kind::new("note");

/// Every store of a test takes its randomness from one stream, so that two of them never draw the same.
fn options(entropy: &Arc<SeededEntropy>) -> Options {
    Options::with_runtime(Arc::new(ManualClock::new()), Arc::new(TaskQueue::new()), entropy.clone())
}

fn entropy() -> Arc<SeededEntropy> {
    Arc::new(SeededEntropy::new(3))
}

fn draft(store: &Store) -> Draft<String> {
    store.space("alice").unwrap().drafts(NOTE).unwrap().slot("diary").resume_or_start(String::new).unwrap()
}

fn save(store: &Store, text: &str) -> draftkeep::Result<Saved> {
    let mut edit = draft(store).edit()?;
    edit.doc().push_str(text);
    edit.save()
}

fn marker(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap().to_owned();
    name.push(".marker");
    path.with_file_name(name)
}

fn storage_error<T: std::fmt::Debug>(result: draftkeep::Result<T>) -> StorageErrorKind {
    match result.expect_err("it is refused").kind() {
        ErrorKind::Storage(kind) => kind.clone(),
        other => panic!("not of the storage: {other:?}"),
    }
}

#[test]
fn a_copy_of_the_file_writes_under_a_name_of_its_own() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let path = folder.path().join("a.redb");
    let store = Store::create(&path, options(&entropy)).unwrap();
    let _ = save(&store, "one").unwrap();
    let original = (store.id(), store.replica());
    // While it is open, too: the copy is what a backup program makes.
    for (name, takes_marker) in [("alone.redb", false), ("with.redb", true)] {
        let copy = folder.path().join(name);
        fs::copy(&path, &copy).unwrap();
        if takes_marker {
            fs::copy(marker(&path), marker(&copy)).unwrap();
        }
        let copied = Store::open(&copy, options(&entropy)).unwrap();
        assert_eq!(copied.id(), original.0, "it is a copy of that store");
        assert_ne!(copied.replica(), original.1, "but another writer");
        assert!(copied.replica_changed().is_some());
        assert_eq!(draft(&copied).load().unwrap(), "one");
        let _ = save(&copied, "two").unwrap();
        let replica = copied.replica();
        drop(copied);
        let again = Store::open(&copy, options(&entropy)).unwrap();
        assert_eq!((again.replica(), again.replica_changed()), (replica, None), "it is noticed once");
    }
    drop(store);
    let store = Store::open(&path, options(&entropy)).unwrap();
    assert_eq!(((store.id(), store.replica()), store.replica_changed()), (original, None));
}

#[test]
fn an_older_copy_that_is_put_back_into_its_place_is_another_writer() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let path = folder.path().join("a.redb");
    let store = Store::create(&path, options(&entropy)).unwrap();
    let _ = save(&store, "kept").unwrap();
    let replica = store.replica();
    drop(store);
    let backup = fs::read(&path).unwrap();
    let store = Store::open(&path, options(&entropy)).unwrap();
    assert_eq!(store.replica(), replica);
    let _ = save(&store, " and lost").unwrap();
    drop(store);
    // As `cp` does it: the same file with other content. And a power cut may take the note of the last version.
    fs::write(&path, backup).unwrap();
    let mut bytes = fs::read(marker(&path)).unwrap();
    bytes[8_192..].fill(0);
    fs::write(marker(&path), bytes).unwrap();
    let store = Store::open(&path, options(&entropy)).unwrap();
    assert_ne!(store.replica(), replica);
    assert!(store.replica_changed().is_some());
    assert_eq!(draft(&store).load().unwrap(), "kept");
}

#[test]
fn a_copy_taken_while_it_was_open_and_put_back_is_another_writer() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let path = folder.path().join("a.redb");
    let store = Store::create(&path, options(&entropy)).unwrap();
    let _ = save(&store, "kept").unwrap();
    let replica = store.replica();
    let backup = fs::read(&path).unwrap();
    // Few enough that no ticks are reserved meanwhile.
    let _ = save(&store, " and lost").unwrap();
    drop(store);
    let newest = fs::read(&path).unwrap();
    fs::write(&path, &newest).unwrap();
    let store = Store::open(&path, options(&entropy)).unwrap();
    assert_eq!((store.replica(), store.replica_changed()), (replica, None), "nothing was lost");
    drop(store);
    fs::write(&path, backup).unwrap();
    let store = Store::open(&path, options(&entropy)).unwrap();
    let restored = store.replica();
    assert_ne!(restored, replica);
    assert_eq!(store.replica_changed(), Some("an earlier copy of the file was put back"));
    assert_eq!(draft(&store).load().unwrap(), "kept");
    drop(store);
    let store = Store::open(&path, options(&entropy)).unwrap();
    assert_eq!((store.replica(), store.replica_changed()), (restored, None), "it is noticed once");
    let draft = draft(&store);
    draft.discard().unwrap();
    draft.purge().unwrap();
    drop((draft, store));
    let store = Store::open(&path, options(&entropy)).unwrap();
    assert_eq!((store.replica(), store.replica_changed()), (restored, None), "what was purged is not missed");
}

#[test]
fn a_backup_taken_while_saves_go_on_is_a_whole_store_of_another_writer() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let (path, copy) = (folder.path().join("a.redb"), folder.path().join("b.redb"));
    let store = Store::create(&path, options(&entropy)).unwrap();
    let long: String = (0..40_000).map(|n| char::from(b'a' + u8::try_from(n * n % 23).unwrap())).collect();
    let _ = save(&store, &long).unwrap();
    let before: Vec<String> = (0..700)
        .map(|n| {
            let _ = save(&store, &format!(" {n}")).unwrap();
            draft(&store).load().unwrap()
        })
        .collect();
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(std::sync::atomic::Ordering::SeqCst) {
                let _ = save(&store, "+").unwrap();
            }
        });
        let made = store.backup(&copy);
        is_done.store(true, std::sync::atomic::Ordering::SeqCst);
        made.unwrap()
    });
    assert!(made.records > 700 && made.damaged == 0, "{made:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "two stores and a marker");
    let again = storage_error(store.backup(&copy));
    assert_eq!(again, StorageErrorKind::Exists);
    let backup = Store::open(&copy, options(&entropy)).unwrap();
    assert!(backup.verify().unwrap().damage.is_empty());
    assert_ne!(backup.replica(), store.replica());
    let (history, restored) = (draft(&backup).history().unwrap(), draft(&backup));
    assert!(history.versions.len() >= 702);
    for (text, version) in before.iter().zip(3..) {
        assert_eq!(&restored.at(version).unwrap().doc, text);
    }
    let _ = save(&backup, "goes on").unwrap();
    let _ = save(&store, "as does this").unwrap();
}

#[test]
fn an_interrupted_backup_is_no_store_and_the_next_one_takes_its_place() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let (path, copy) = (folder.path().join("a.redb"), folder.path().join("b.redb"));
    let store = Store::create(&path, options(&entropy)).unwrap();
    let _ = save(&store, "one").unwrap();
    let _ = store.backup(&copy).unwrap();
    // What a crash right before the last step leaves.
    fs::rename(&copy, folder.path().join("b.redb.copying")).unwrap();
    assert_eq!(storage_error(Store::open(&copy, options(&entropy))), StorageErrorKind::NotFound);
    let _ = save(&store, " and two").unwrap();
    let _ = store.backup(&copy).unwrap();
    let backup = Store::open(&copy, options(&entropy)).unwrap();
    assert_eq!(draft(&backup).load().unwrap(), "one and two");
    // What is not ours is not written over.
    let other = folder.path().join("c.redb");
    fs::write(folder.path().join("c.redb.copying"), "somebody's").unwrap();
    assert!(matches!(storage_error(store.backup(&other)), StorageErrorKind::NotAStore { .. }));
    assert_eq!(fs::read(folder.path().join("c.redb.copying")).unwrap(), b"somebody's");
    assert!(!other.exists());
}

#[test]
fn a_file_that_is_renamed_with_its_marker_stays_who_it_is() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let (path, renamed) = (folder.path().join("a.redb"), folder.path().join("b.redb"));
    let store = Store::create(&path, options(&entropy)).unwrap();
    let _ = save(&store, "one").unwrap();
    let replica = store.replica();
    drop(store);
    fs::rename(&path, &renamed).unwrap();
    fs::rename(marker(&path), marker(&renamed)).unwrap();
    let store = Store::open(&renamed, options(&entropy)).unwrap();
    assert_eq!((store.replica(), store.replica_changed()), (replica, None));
    drop(store);
    // Without its marker nobody can tell.
    fs::rename(&renamed, &path).unwrap();
    let store = Store::open(&path, options(&entropy)).unwrap();
    assert_ne!(store.replica(), replica);
    drop(store);
    assert_eq!(storage_error(Store::open(&renamed, options(&entropy))), StorageErrorKind::Missing);
}

#[test]
fn a_damaged_marker_costs_the_name_and_nothing_else() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let path = folder.path().join("a.redb");
    let store = Store::create(&path, options(&entropy)).unwrap();
    let _ = save(&store, "one").unwrap();
    drop(store);
    let whole = fs::read(marker(&path)).unwrap();
    for bytes in [Vec::new(), whole[..40].to_vec(), vec![0; 20_000], [&whole[..20], &whole[21..]].concat()] {
        fs::write(marker(&path), &bytes).unwrap();
        let store = Store::open(&path, options(&entropy)).unwrap();
        assert!(store.replica_changed().is_some());
        assert_eq!(draft(&store).load().unwrap(), "one");
    }
}

#[test]
fn a_file_that_is_gone_is_missing_and_never_begun_anew() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let path = folder.path().join("a.redb");
    drop(Store::create(&path, options(&entropy)).unwrap());
    fs::remove_file(&path).unwrap();
    for opened in [
        Store::open(&path, options(&entropy)),
        Store::create(&path, options(&entropy)),
        Store::open_or_create(&path, options(&entropy)),
    ] {
        assert_eq!(storage_error(opened), StorageErrorKind::Missing);
    }
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn a_file_that_is_taken_away_while_it_is_open_gets_no_more_saves() {
    for replaced in [false, true] {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
        let path = folder.path().join("a.redb");
        let store = Store::create(&path, options(&entropy)).unwrap();
        let _ = save(&store, "kept").unwrap();
        let mut edit = draft(&store).edit().unwrap();
        edit.doc().push_str(" and typed");
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        if replaced {
            fs::copy(folder.path().join("elsewhere"), &path).unwrap();
        }
        for _ in 0..3 {
            assert_eq!(storage_error(edit.save()), StorageErrorKind::Missing, "replaced: {replaced}");
            assert_eq!(storage_error(draft(&store).checkpoint("now")), StorageErrorKind::Missing);
        }
        assert_eq!(edit.as_doc(), "kept and typed", "the text is still in the editor's hand");
        assert_eq!(draft(&store).load().unwrap(), "kept", "what was saved can still be read");
        assert_eq!(fs::exists(&path).unwrap(), replaced, "nothing is put in its place");
        let _ = fs::remove_file(&path);
        fs::rename(folder.path().join("elsewhere"), &path).unwrap();
        assert!(matches!(edit.save().unwrap(), Saved::Stored { .. }), "it is back");
        drop((edit, store));
        let store = Store::open(&path, options(&entropy)).unwrap();
        assert_eq!(draft(&store).load().unwrap(), "kept and typed");
    }
}

const SECOND: &str = "DRAFTKEEP_TEST_IDENTITY_SECOND";

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    if let Some(path) = env::var_os(SECOND) {
        let seen = storage_error(Store::open_or_create(Path::new(&path), options(&entropy())));
        println!("seen: {seen:?}");
        return;
    }
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let path = folder.path().join("a.redb");
    let store = Store::create(&path, options(&entropy)).unwrap();
    assert_eq!(storage_error(Store::open(&path, options(&entropy))), StorageErrorKind::InUse);
    let second = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_second_process_is_told_that_the_store_is_in_use", "--nocapture"])
        .env(SECOND, &path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(told.contains("seen: InUse"), "{told}");
    let _ = save(&store, "undisturbed").unwrap();
}

#[test]
fn a_store_of_a_newer_format_is_left_as_it_is() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), entropy());
    let path = folder.path().join("a.redb");
    let store = Store::create(&path, options(&entropy)).unwrap();
    let _ = save(&store, "one").unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    for at in [0, 2_048] {
        bytes[at + 16..at + 20].copy_from_slice(&9_u32.to_le_bytes());
        let hash = *blake3::hash(&bytes[at..at + 32]).as_bytes();
        bytes[at + 32..at + 64].copy_from_slice(&hash);
    }
    fs::write(&path, &bytes).unwrap();
    let marker_before = fs::read(marker(&path)).unwrap();
    for opened in [Store::open(&path, options(&entropy)), Store::open_or_create(&path, options(&entropy))] {
        assert_eq!(storage_error(opened), StorageErrorKind::TooNew { found: 9, supported: 1 });
    }
    assert!(fs::read(&path).unwrap() == bytes, "not a byte was changed");
    assert_eq!(fs::read(marker(&path)).unwrap(), marker_before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "and nothing was put beside it");
}

/// Which revision each tick of each writer made, over all stores that came from one.
#[derive(Default)]
struct Ticks(BTreeMap<(ReplicaId, u64), RevisionId>);

impl Ticks {
    fn look_at(&mut self, store: &Store) {
        let draft = draft(store);
        for info in draft.history().unwrap().versions {
            let Some(author) = info.author else { continue };
            let (tick, id) = (info.vector.get(author), draft.at(info.version).unwrap().revision);
            let made = *self.0.entry((author, tick)).or_insert(id);
            assert_eq!(made, id, "tick {tick} of {author} made two revisions");
        }
    }
}

/// A file, the store that may be open on it, and earlier contents of it.
struct Place {
    path: PathBuf,
    store: Option<Store>,
    images: Vec<Vec<u8>>,
}

#[test]
fn no_tick_is_handed_out_twice_whatever_is_copied_restored_or_killed() {
    let effort: u64 = env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1);
    for seed in 0..6 * effort {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), Arc::new(SeededEntropy::new(seed)));
        let mut state = seed;
        let mut below = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        let path = folder.path().join("0.redb");
        let store = Store::create(&path, options(&entropy)).unwrap();
        let mut places = vec![Place { path, store: Some(store), images: Vec::new() }];
        let mut ticks = Ticks::default();
        for step in 0..60 {
            let (count, chosen) = (places.len(), below(places.len()));
            let place = &mut places[chosen];
            match below(12) {
                0 => place.images.push(fs::read(&place.path).unwrap()),
                1 if !place.images.is_empty() => {
                    // Restored, or what a kill left: the store that was open knows nothing of it.
                    place.store.take().inspect(|store| ticks.look_at(store));
                    let image = &place.images[below(place.images.len())];
                    fs::write(&place.path, image).unwrap();
                }
                2 => drop(place.store.take().inspect(|store| ticks.look_at(store))),
                3 if count < 4 => {
                    let copy = folder.path().join(format!("{count}.redb"));
                    fs::copy(&place.path, &copy).unwrap();
                    // A copy that nobody has opened has none.
                    if below(2) == 0 && marker(&place.path).exists() {
                        fs::copy(marker(&place.path), marker(&copy)).unwrap();
                    }
                    places.push(Place { path: copy, store: None, images: Vec::new() });
                }
                _ => {
                    let path = place.path.clone();
                    let store = place.store.get_or_insert_with(|| Store::open(path, options(&entropy)).unwrap());
                    let _ = save(store, &format!("step {step} ")).unwrap();
                }
            }
        }
        places.iter().filter_map(|place| place.store.as_ref()).for_each(|store| ticks.look_at(store));
        assert!(ticks.0.len() > 10, "hardly anything was saved");
    }
}
