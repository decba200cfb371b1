//! Shows a space that goes out as lines of JSON and comes back twice, and what an older application left, taken over once.
//!
//! `cargo run --release --example export_import`

use draftkeep::clock::Timestamp;
use draftkeep::{Export, Kind, Legacy, Options, Store};

const NOTE: Kind<String> = Kind::new("note");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let laptop = Store::in_memory(Options::new().device("laptop"))?.space("alice")?;
    let notes = laptop.drafts(NOTE)?;

    // At every start: what the application before this one kept, from wherever it lies.
    let left = || ["It rained.", "It rained. It snowed."].into_iter().zip(1..);
    let legacy = || {
        left().map(|(text, day)| Legacy {
            slot: b"diary".to_vec(),
            document: text.to_owned(),
            at: Timestamp::from_millis(day * 24 * 60 * 60 * 1_000),
        })
    };
    println!("taken over: {:?}", notes.take_over(legacy())?);
    println!("once more:  {:?}", notes.take_over(legacy())?);

    let diary = notes.slot("diary").resume()?.expect("it was taken over");
    let mut edit = diary.edit()?;
    edit.doc().push_str(" Then the sun came out.");
    let _ = edit.save()?;

    let mut lines = Vec::new();
    let exported = laptop.export(&mut lines, &Export::new().history())?;
    println!("exported:   {exported:?}");
    print!("{}", String::from_utf8_lossy(&lines));

    let phone = Store::in_memory(Options::new().device("phone"))?.space("alice")?;
    println!("imported:   {:?}", phone.import(&lines[..])?);
    println!("once more:  {:?}", phone.import(&lines[..])?);
    let same = phone.drafts(NOTE)?.slot("diary").resume()?.expect("it was imported");
    assert_eq!(same.load()?, "It rained. It snowed. Then the sun came out.");
    assert_eq!(same.history()?.versions.len(), 3);

    let cut = &lines[..lines.len() / 2];
    let refused = phone.import(cut).expect_err("the rest is missing");
    println!("of a half:  {refused}: {}", refused.kind);
    Ok(())
}
