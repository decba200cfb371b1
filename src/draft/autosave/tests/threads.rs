//! Real threads that race. They wait for each other, never for time.

use super::{Bench, effort, secs};
use crate::clock::ThreadSpawn;
use crate::draft::autosave::{Autosave, Cadence, SavedAs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn racing_changes_flushes_and_claims_lose_nothing_and_never_go_back() {
    for _ in 0..50 * effort() {
        let bench = Bench::new();
        let mut around = bench.around();
        around.spawn = Arc::new(ThreadSpawn::new());
        let autosave = Autosave::start(bench.target.clone(), Cadence::every(secs(10)), &around);
        let pending = autosave.pending().upgrade().unwrap();
        let typed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..200 {
                    autosave.changed(&format!("{number:03}"));
                    bench.clock.advance(secs(3));
                }
                typed.store(true, Ordering::SeqCst);
            });
            scope.spawn(|| {
                while !typed.load(Ordering::SeqCst) {
                    autosave.flush().unwrap();
                }
            });
            scope.spawn(|| {
                while !typed.load(Ordering::SeqCst) {
                    if let Some(claim) = pending.clone().claim().unwrap() {
                        let document = String::from_utf8(claim.document().to_vec()).unwrap();
                        let version = bench.keep(document);
                        let at = crate::clock::Timestamp::from_millis(0);
                        claim.saved(SavedAs {
                            version,
                            at,
                            changed: true,
                            size: 3,
                            merged: None,
                            in_conflict: false,
                            is_valid: true,
                            overwritten: 0,
                        });
                    }
                }
            });
            scope.spawn(|| {
                while !typed.load(Ordering::SeqCst) {
                    drop(autosave.pause());
                    drop(autosave.flush_async());
                }
            });
        });
        autosave.close().unwrap();
        let texts = bench.texts();
        assert_eq!(texts.last().unwrap(), "199");
        assert!(texts.is_sorted(), "an older document after a newer one");
    }
}
