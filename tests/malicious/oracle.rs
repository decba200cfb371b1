//! What was typed and acknowledged, as plain text, and whether it can still be reached. It knows nothing of how the library
//! decides what becomes of a text.

use crate::forge::INVENTED;
use crate::world::Device;
use crate::world::Note;
use draftkeep::{AuditAction, AuditQuery, Draft, DraftId, Value};

/// What a device acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Typed(Vec<(DraftId, String)>);

impl Typed {
    /// Types a word into a draft. Nothing is promised of what is refused, and only an ended draft refuses.
    pub(crate) fn type_into(&mut self, name: &str, draft: &Draft<Note>, word: &str) {
        let mut edit = draft.edit().unwrap_or_else(|error| panic!("{name}: a draft cannot be opened: {error}"));
        edit.doc().body.push_str(word);
        self.saved(name, draft.id(), word, edit.save());
    }

    pub(crate) fn saved<T: std::fmt::Debug>(
        &mut self,
        name: &str,
        draft: DraftId,
        word: &str,
        saved: draftkeep::Result<T>,
    ) {
        match saved {
            Ok(_) => self.0.push((draft, word.to_owned())),
            Err(error) => {
                let is_ended = matches!(error.kind(), draftkeep::ErrorKind::Phase { .. });
                assert!(is_ended, "{name}: a draft takes no saves any more: {error}");
            }
        }
    }

    /// Whether everything that was typed can be reached on this device.
    pub(crate) fn check(&self, name: &str, device: &Device) {
        for (draft, word) in &self.0 {
            assert!(reaches(device, *draft, word), "{name}: {word:?} is gone from {draft}");
        }
    }

    /// The words that this device, which did not type them, cannot reach.
    pub(crate) fn unknown_to(&self, device: &Device) -> Vec<String> {
        let known = |(draft, word): &&(DraftId, String)| reaches(device, *draft, word);
        self.0.iter().filter(|typed| !known(typed)).map(|(_, word)| word.clone()).collect()
    }

    /// The last word that was typed into each draft.
    pub(crate) fn last(&self) -> Self {
        let is_last = |at: usize, draft: DraftId| !self.0[at + 1..].iter().any(|(later, _)| *later == draft);
        let typed = self.0.iter().enumerate().filter(|(at, (draft, _))| is_last(*at, *draft));
        Self(typed.map(|(_, typed)| typed.clone()).collect())
    }
}

/// Whether a word is in the head, in the history, in a side of the conflict, or in what is parked.
fn reaches(device: &Device, draft: DraftId, word: &str) -> bool {
    let Some(found) = device.notes.get(draft).expect("drafts can be looked up") else { return false };
    let says = |value: &Value| said(value).contains(word);
    if says(&found.raw().expect("a head can be read")) {
        return true;
    }
    let history = found.history().expect("a history can be read");
    assert!(history.damaged.is_empty(), "{draft}: {:?}", history.damaged);
    if history.versions.iter().any(|version| found.raw_at(version.version).is_ok_and(|value| says(&value))) {
        return true;
    }
    let conflict = found.conflict().expect("a conflict can be read");
    let is_side = conflict.is_some_and(|conflict| conflict.theirs().iter().any(|side| says(&side.value)));
    is_side || device.syncer.export_parked(draft).is_ok_and(|work| work.texts.iter().any(|text| says(&text.doc)))
}

fn said(value: &Value) -> String {
    String::from_utf8(value.to_canonical().expect("what is stored is canonical")).expect("it is text")
}

/// Whether store and audit are whole, and every head that the hub made up is told of.
pub(crate) fn is_sound(name: &str, device: &Device) {
    let verified = device.store.verify().expect("it can be verified");
    assert!(verified.is_intact(), "{name}: {verified:?}");
    let audit = device.space.verify_audit(None).expect("it can be verified");
    assert!(audit.is_intact(), "{name}: {audit:?}");
    let mut told = Vec::new();
    let mut query = AuditQuery::all().limit(1_000);
    loop {
        let page = device.space.audit(&query).expect("it can be read");
        let comes = |action: &AuditAction| matches!(action, AuditAction::Received { .. } | AuditAction::Merged { .. });
        told.extend(page.entries.iter().filter(|entry| comes(&entry.action)).filter_map(|entry| entry.draft));
        let Some(next) = page.next else { break };
        query = AuditQuery::all().limit(1_000).after(next);
    }
    let listed = device.space.list(&draftkeep::Filter::all()).expect("it can be listed");
    for info in listed.drafts {
        let Ok(Some(draft)) = device.notes.get(info.id) else { continue };
        if said(&draft.raw().expect("a head can be read")).contains(INVENTED) {
            assert!(told.contains(&info.id), "{name}: a text of the hub's became a head, and nothing says so");
        }
    }
}
