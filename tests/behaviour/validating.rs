//! Goal: what is not valid is refused where somebody says that it is right, and kept where somebody only types. Method: a form that has a
//! title and at most two tags.

use crate::world::{Outcome, World};
use draftkeep::merge::{Policy, Rule, Why};
use draftkeep::{
    AutosaveStatus, Cadence, Draft, Drafts, Edit, ErrorKind, Invalid, Kind, Phase, Saved, Schema, Slot, Store, Value,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Form {
    title: String,
    #[serde(default)]
    tags: Vec<String>,
}

const FORM: Kind<Form> = Kind::new("form");
const SECOND: Duration = Duration::from_secs(1);

fn complete(form: &Form) -> Result<(), Invalid> {
    assert_ne!(form.title, "panic", "an application's validator may have bugs");
    let titled = if form.title.is_empty() { Err(Invalid::at("/title", "a form has a title")) } else { Ok(()) };
    let tagged = if form.tags.len() > 2 { Err(Invalid::at("/tags", "at most two")) } else { Ok(()) };
    match (titled, tagged) {
        (Err(one), Err(other)) => Err(one.and(other)),
        (one, other) => one.and(other),
    }
}

fn store(world: &World) -> Store {
    let policy = Policy::builder().rule("/tags", Rule::Set).build().expect("it is a policy");
    world.open(|options| options.schema(Schema::of(FORM).policy(policy).validate(complete)))
}

fn forms(world: &World) -> Drafts<Form> {
    store(world).space("alice").expect("it opens").drafts(FORM).expect("the name is short")
}

fn form(title: &str, tags: &[&str]) -> Form {
    Form { title: title.to_owned(), tags: tags.iter().map(|&tag| tag.to_owned()).collect() }
}

fn edit(draft: &Draft<Form>, to: Form) -> Edit<Form> {
    let mut edit = draft.edit().expect("it can be read");
    *edit.doc() = to;
    edit
}

/// The paths of what is wrong.
fn paths(error: &draftkeep::Error) -> Vec<String> {
    let ErrorKind::Invalid { kind, invalid } = error.kind() else { panic!("{error}") };
    assert_eq!(kind, "form");
    invalid.flaws().filter_map(|flaw| flaw.path().map(str::to_owned)).collect()
}

#[test]
fn a_save_of_what_is_not_valid_names_every_path_and_changes_nothing() -> Outcome {
    let world = World::new();
    let draft = forms(&world).start(&form("Night", &[]))?;
    let mut typed = edit(&draft, form("", &["a", "b", "c"]));
    for _ in 0..2 {
        assert_eq!(paths(&typed.save().unwrap_err()), ["/title", "/tags"]);
    }
    assert_eq!((draft.info()?.version, draft.load()?), (1, form("Night", &[])));
    assert_eq!(*typed.as_doc(), form("", &["a", "b", "c"]), "the text is where it was");
    typed.doc().tags.pop();
    typed.doc().title = "Day".into();
    assert!(matches!(typed.save()?, Saved::Stored { version: 2, .. }));
    Ok(())
}

#[test]
fn one_edit_that_is_not_valid_keeps_all_that_are_saved_with_it() -> Outcome {
    let world = World::new();
    let space = store(&world).space("alice")?;
    let forms = space.drafts(FORM)?;
    let (one, two) = (forms.start(&form("One", &[]))?, forms.start(&form("Two", &[]))?);
    let (mut right, mut wrong) = (edit(&one, form("Uno", &[])), edit(&two, form("", &[])));
    assert_eq!(paths(&space.save_all(&mut [&mut right, &mut wrong]).unwrap_err()), ["/title"]);
    assert_eq!((one.load()?.title.as_str(), two.load()?.title.as_str()), ("One", "Two"));
    Ok(())
}

/// A form is typed from the top: every state on the way is kept, and shown as what it is.
#[test]
fn autosave_keeps_a_form_that_is_half_typed_and_says_so() -> Outcome {
    let world = World::new();
    let forms = forms(&world);
    let draft = forms.slot("one").resume_or_start(Form::default)?;
    let autosave = draft.autosave(Cadence::every(SECOND))?;
    assert!(matches!(autosave.status(), AutosaveStatus::Invalid { version: 1, .. }), "{}", autosave.status());
    autosave.changed(&form("", &["typed"]));
    world.pass(SECOND * 2);
    assert_eq!(draft.load()?, form("", &["typed"]), "it is durable");
    assert!(autosave.status().is_safe());
    assert!(matches!(autosave.status(), AutosaveStatus::Invalid { version: 2, .. }), "{}", autosave.status());
    assert_eq!(autosave.invalid().map(|invalid| invalid.to_string()).as_deref(), Some("/title: a form has a title"));
    assert_eq!(draft.invalid()?, autosave.invalid());
    autosave.changed(&form("Night", &["typed"]));
    world.pass(SECOND * 2);
    assert!(matches!(autosave.status(), AutosaveStatus::Saved { version: 3, .. }));
    assert_eq!((autosave.invalid(), draft.invalid()?), (None, None));
    // What somebody had typed can be had back, whatever the validator says of it.
    draft.restore(2)?;
    assert_eq!(draft.load()?, form("", &["typed"]));
    assert!(edit(&draft, form("", &["kept"])).keep().is_ok());
    assert_eq!(draft.load()?, form("", &["kept"]));
    Ok(())
}

#[test]
fn only_what_is_valid_is_promoted_and_what_autosave_holds_stays_with_it() -> Outcome {
    let world = World::new();
    let draft = forms(&world).slot("one").start(&form("Night", &[]))?;
    let autosave = draft.autosave(Cadence::every(SECOND * 20))?;
    autosave.changed(&form("", &["typed"]));
    for _ in 0..2 {
        assert_eq!(paths(&draft.promote("out").unwrap_err()), ["/title"]);
        assert_eq!(paths(&draft.promote_and_archive("out").unwrap_err()), ["/title"]);
    }
    assert_eq!((draft.info()?.phase, draft.info()?.version), (Phase::Open, 1));
    autosave.flush()?;
    assert_eq!(draft.load()?, form("", &["typed"]), "nothing of it is lost");
    // Putting it away claims nothing.
    draft.checkpoint("so far")?;
    draft.archive()?;
    draft.reopen()?;
    autosave.changed(&form("Day", &["typed"]));
    draft.promote("out")?;
    assert_eq!((draft.info()?.phase, draft.load()?), (Phase::Promoted, form("Day", &["typed"])));
    Ok(())
}

/// Two people each add a tag to a form that has one.
#[test]
fn two_changes_that_are_right_alone_and_wrong_together_wait_for_a_person() -> Outcome {
    let world = World::new();
    let draft = forms(&world).start(&form("Night", &["a"]))?;
    let (mut one, mut two) = (edit(&draft, form("Night", &["a", "b"])), edit(&draft, form("Night", &["a", "c"])));
    let _ = one.save()?;
    assert_eq!(two.save()?, Saved::Conflict { version: 3 });
    let conflict = draft.conflict()?.expect("it was just detected");
    assert!(matches!(conflict.merged().conflicts[0].why, Why::Misfit { .. }));
    assert_eq!(paths(&conflict.settle(&form("Night", &["a", "b", "c"])).unwrap_err()), ["/tags"]);
    assert!(draft.conflict()?.is_some() && draft.info()?.version == 3, "nothing was settled");
    conflict.settle(&form("Night", &["b", "c"]))?;
    assert_eq!((draft.load()?, draft.conflict()?.is_none()), (form("Night", &["b", "c"]), true));
    Ok(())
}

/// What was unfinished before two windows met may stay so: nobody is asked about it.
#[test]
fn a_half_typed_form_is_merged_as_any_other() -> Outcome {
    let world = World::new();
    let draft = forms(&world).start(&Form::default())?;
    let (mut one, mut two) = (edit(&draft, form("", &["a"])), edit(&draft, form("", &["b"])));
    let _ = one.keep()?;
    assert!(matches!(two.keep()?, Saved::Merged { .. }));
    assert_eq!(draft.load()?, form("", &["a", "b"]));
    Ok(())
}

#[test]
fn a_validator_that_panics_costs_a_refusal_and_no_text() -> Outcome {
    let world = World::new();
    let draft = forms(&world).start(&form("Night", &[]))?;
    let mut typed = edit(&draft, form("panic", &[]));
    let refused = typed.save().unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Invalid { .. }), "{refused}");
    let _ = typed.keep()?;
    assert_eq!(draft.load()?.title, "panic");
    Ok(())
}

/// A validator holds for every way to the kind, and looks at older documents as the application reads them.
#[test]
fn what_is_older_is_migrated_before_it_is_looked_at() -> Outcome {
    let world = World::new();
    let raw: Kind<Value> = Kind::new("form");
    let before = world.open(|options| options);
    let draft = before.space("alice")?.drafts(raw)?.start(&Value::parse(br#"{"name":"Night"}"#)?)?;
    let id = draft.id();
    drop((before, draft));
    let rename = |mut form: Value| {
        if let Value::Object(members) = &mut form
            && let Some(name) = members.remove("name")
        {
            members.insert("title", name);
        }
        Ok(form)
    };
    let schema = Schema::of(FORM).version(2).migrate(1, rename).validate(complete);
    let store = world.open(|options| options.schema(schema));
    let draft = store.space("alice")?.drafts(FORM)?.get(id)?.expect("it is here");
    assert_eq!(draft.invalid()?, None);
    draft.promote("out")?;
    let untyped = store.space("alice")?.drafts(raw)?.get(id)?.expect("it is here");
    let mut edit = untyped.edit()?;
    *edit.doc() = Value::parse(br#"{"title":7}"#)?;
    assert!(matches!(edit.save().unwrap_err().kind(), ErrorKind::Invalid { .. }), "the type cannot read it");
    Ok(())
}

/// What somebody does with a form.
#[derive(Debug, Clone)]
enum Deed {
    Save(Form),
    Keep(Form),
    Autosave(Form),
    Promote,
    StartOver(Form),
    Restore(u64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let form = (0..3_usize, proptest::collection::vec("[a-d]", 0..4))
        .prop_map(|(title, tags)| Form { title: "t".repeat(title), tags });
    let deed = prop_oneof![
        form.clone().prop_map(Deed::Save),
        form.clone().prop_map(Deed::Keep),
        form.clone().prop_map(Deed::Autosave),
        Just(Deed::Promote),
        form.prop_map(Deed::StartOver),
        (1..6_u64).prop_map(Deed::Restore),
    ];
    proptest::collection::vec(deed, 1..12)
}

fn current(slot: &Slot<Form>) -> Draft<Form> {
    slot.resume().expect("it can be read").expect("it was begun")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is refused changes nothing, and what is not valid is refused by saves and promotions, and by nothing else.
    #[test]
    fn what_is_refused_changes_nothing_and_what_keeps_is_never_refused(deeds in deeds()) {
        let world = World::new();
        let slot = forms(&world).slot("one");
        slot.start(&Form::default()).expect("beginning refuses nothing");
        for deed in deeds {
            let draft = current(&slot);
            let before = (draft.info().unwrap(), draft.load().unwrap(), draft.history().unwrap().versions.len());
            let is_valid = complete(&before.1).is_ok();
            let (outcome, was_right) = match &deed {
                Deed::Save(form) => (edit(&draft, form.clone()).save().map(drop), complete(form).is_ok()),
                Deed::Keep(form) => (edit(&draft, form.clone()).keep().map(drop), true),
                Deed::Autosave(form) => {
                    let autosave = draft.autosave(Cadence::every(SECOND)).unwrap();
                    autosave.changed(form);
                    autosave.flush().expect("autosave keeps everything");
                    prop_assert_eq!(&draft.load().unwrap(), form);
                    prop_assert_eq!(autosave.invalid().is_some(), complete(form).is_err());
                    continue;
                }
                Deed::Promote => (draft.promote("out"), is_valid),
                Deed::StartOver(form) => (slot.start_over(form).map(drop), true),
                Deed::Restore(version) => {
                    (draft.restore(*version).map(drop), *version <= before.0.version)
                }
            };
            prop_assert_eq!(outcome.is_ok(), was_right, "{:?}: {:?}", deed, outcome);
            if outcome.is_err() {
                let draft = current(&slot);
                let after = (draft.info().unwrap(), draft.load().unwrap(), draft.history().unwrap().versions.len());
                prop_assert_eq!(after, before);
            }
        }
    }
}
