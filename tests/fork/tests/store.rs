//! A whole store in a forked child: every call is refused before it queues, and the parent's saves go on.
#![cfg(unix)]

use draftkeep::storage::StorageErrorKind;
use draftkeep::{ErrorKind, Kind, Options, Result, Saved, Store};

const NOTE: Kind<String> = Kind::new("note");

fn refused<T>(result: Result<T>) -> bool {
    result.is_err_and(|error| *error.kind() == ErrorKind::Storage(StorageErrorKind::Forked))
}

#[test]
fn a_child_can_neither_read_nor_save_and_the_parent_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drafts.redb");
    let store = Store::create(&path, Options::new()).unwrap();
    let notes = store.space("alice").unwrap().drafts(NOTE).unwrap();
    let draft = notes.slot("one").start(&"before".to_owned()).unwrap();
    let mut edit = draft.edit().unwrap();
    edit.doc().push_str(", and after");
    // SAFETY: the child makes the calls under test and leaves by `_exit`, without unwinding into the test harness.
    let code = unsafe {
        let child = libc::fork();
        assert!(child >= 0, "fork failed");
        if child == 0 {
            libc::alarm(20);
            let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                refused(edit.save())
                    && refused(draft.load())
                    && refused(draft.promote("x"))
                    && refused(store.space("bob"))
                    && refused(notes.slot("two").start(&String::new()))
                    && refused(store.compact())
            }));
            libc::_exit(i32::from(!matches!(good, Ok(true))));
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        assert!(libc::WIFEXITED(status), "the child hung or crashed");
        libc::WEXITSTATUS(status)
    };
    assert_eq!(code, 0);
    assert!(matches!(edit.save().unwrap(), Saved::Stored { version: 2, .. }));
    assert_eq!(draft.load().unwrap(), "before, and after");
    assert_eq!(store.spaces().unwrap(), ["alice"]);
    drop((edit, draft, notes, store));
    let store = Store::open(&path, Options::new()).unwrap();
    assert!(store.verify().unwrap().is_intact());
}
