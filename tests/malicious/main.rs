//! Goal: whatever a hub says, a device that syncs with it ends every cycle, loses no acknowledged text, and says what is wrong
//! as far as that can be known.
//! Method: a transport over a real hub lies in one scripted way after the other, from several moments on, while one device types and
//! syncs; then the hub tells the truth again. What was typed is looked for by an oracle that knows only plain text.

#![allow(clippy::unnecessary_wraps, reason = "every lie has the shape of a transport's answer")]

mod answers;
mod apart;
mod behaviour;
mod bodies;
mod bytes;
mod claims;
mod erasures;
mod forge;
mod inventions;
mod liar;
mod oracle;
mod pages;
mod pushes;
mod story;
#[path = "../sync/world.rs"]
#[allow(dead_code, reason = "the tests of syncing use the rest of it")]
mod world;

use std::collections::BTreeSet;

#[test]
fn whoever_answers_to_whatever_a_device_ends_its_cycle_and_says_so() {
    story::tell(answers::ANSWERS);
}

#[test]
fn answers_that_are_no_messages_change_nothing() {
    story::tell(bytes::BYTES);
}

#[test]
fn pages_that_are_none_are_refused_and_rows_that_are_wrong_wait() {
    story::tell(pages::PAGES);
}

#[test]
fn bodies_that_are_not_those_of_their_revisions_are_not_taken_in() {
    story::tell(bodies::BODIES);
}

#[test]
fn whatever_is_said_of_pushes_what_was_typed_is_kept_and_offered_again() {
    story::tell(pushes::PUSHES);
}

#[test]
fn whatever_a_hub_claims_to_have_nothing_here_is_lost_by_it() {
    story::tell(claims::CLAIMS);
}

#[test]
fn what_a_hub_makes_up_is_told_of_and_replaces_nothing_for_good() {
    story::tell(inventions::INVENTIONS);
}

#[test]
fn whatever_a_hub_says_is_erased_is_kept_until_somebody_says_yes() {
    story::tell(erasures::ERASURES);
}

#[test]
fn every_behaviour_has_a_name_of_its_own() {
    let themes = [
        answers::ANSWERS,
        bytes::BYTES,
        pages::PAGES,
        bodies::BODIES,
        pushes::PUSHES,
        claims::CLAIMS,
        erasures::ERASURES,
        inventions::INVENTIONS,
    ];
    let names: Vec<&str> = themes.into_iter().flatten().map(|behaviour| behaviour.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
