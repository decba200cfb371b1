//! Properties of writing.

use super::kit::{Failure, Property, Subject, TABLE, expect, expect_refused};
use crate::storage::{Batch, MAX_KEY, MAX_VALUE, Origin, StorageErrorKind, Table};

pub(super) const PROPERTIES: &[Property] = &[
    ("what was committed is there", committed),
    ("a value is replaced whole", replaced),
    ("the last change of a key in a batch stands", last_change),
    ("a deleted key is gone and can come back", deleted),
    ("deleting what is not there is nothing", deleted_nothing),
    ("tables are kept apart", tables_apart),
    ("an empty value is a value", empty_value),
    ("an empty batch is nothing", empty_batch),
    ("keys and values up to the limits are kept", largest),
    ("a batch over a limit changes nothing", too_large),
    ("a batch holds thousands of changes", big_batch),
    ("both origins are kept alike", origins),
    ("committing a batch twice is committing it once", twice),
];

fn committed(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"key", b"value")?;
    expect("the value", &subject.get(TABLE, b"key")?.as_deref(), &Some(&b"value"[..]))
}

fn replaced(subject: &mut Subject) -> Result<(), Failure> {
    for value in [&b"a long value"[..], b"short", b"", b"a longer value than before"] {
        subject.put(TABLE, b"key", value)?;
        expect("all", &subject.all(TABLE)?, &vec![(b"key".to_vec(), value.to_vec())])?;
    }
    Ok(())
}

fn last_change(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"stays", b"old")?;
    let mut batch = Batch::new(Origin::Local);
    batch.put(TABLE, b"put", b"first");
    batch.put(TABLE, b"put", b"second");
    batch.put(TABLE, b"deleted", b"first");
    batch.delete(TABLE, b"deleted");
    batch.delete(TABLE, b"stays");
    batch.put(TABLE, b"stays", b"new");
    subject.storage()?.commit(&batch)?;
    expect(
        "all",
        &subject.all(TABLE)?,
        &vec![(b"put".to_vec(), b"second".to_vec()), (b"stays".to_vec(), b"new".to_vec())],
    )
}

fn deleted(subject: &mut Subject) -> Result<(), Failure> {
    subject.put_all(TABLE, [&b"a"[..], b"b", b"c"])?;
    subject.delete(TABLE, b"b")?;
    expect("the key", &subject.get(TABLE, b"b")?, &None)?;
    expect("how many are left", &subject.all(TABLE)?.len(), &2)?;
    subject.put(TABLE, b"b", b"again")?;
    expect("the key", &subject.get(TABLE, b"b")?.as_deref(), &Some(&b"again"[..]))?;
    for key in [b"a", b"b", b"c"] {
        subject.delete(TABLE, key)?;
    }
    expect("how many are left", &subject.all(TABLE)?.len(), &0)
}

fn deleted_nothing(subject: &mut Subject) -> Result<(), Failure> {
    subject.delete(TABLE, b"key")?;
    subject.put(TABLE, b"key", b"value")?;
    subject.delete(TABLE, b"ke")?;
    subject.delete(Table::new(8), b"key")?;
    expect("how many are left", &subject.all(TABLE)?.len(), &1)
}

fn tables_apart(subject: &mut Subject) -> Result<(), Failure> {
    let tables: Vec<_> = [0, 1, 2, 9, 10, 99, 100, 127, 128, 255].map(Table::new).to_vec();
    let mut batch = Batch::new(Origin::Local);
    for table in &tables {
        batch.put(*table, b"key", [table.number()]);
        batch.put(*table, [table.number().max(1)], b"own");
    }
    subject.storage()?.commit(&batch)?;
    for table in &tables {
        expect("its value", &subject.get(*table, b"key")?, &Some(vec![table.number()]))?;
        expect("its entries", &subject.all(*table)?.len(), &2)?;
    }
    subject.delete(tables[3], b"key")?;
    expect("a neighbour's value", &subject.get(tables[4], b"key")?, &Some(vec![10]))
}

fn empty_value(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"key", b"")?;
    expect("the value", &subject.get(TABLE, b"key")?, &Some(Vec::new()))?;
    expect("all", &subject.all(TABLE)?, &vec![(b"key".to_vec(), Vec::new())])
}

fn empty_batch(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"key", b"value")?;
    for origin in [Origin::Local, Origin::Foreign] {
        subject.storage()?.commit(&Batch::new(origin))?;
    }
    expect("how many are there", &subject.all(TABLE)?.len(), &1)
}

fn largest(subject: &mut Subject) -> Result<(), Failure> {
    let key = vec![0xab; MAX_KEY];
    for len in [0, 1, 1023, 1024, 4096, 32_768, MAX_VALUE - 1, MAX_VALUE] {
        let value: Vec<u8> = (0..len).map(|index| u8::try_from(index % 251).unwrap_or_default()).collect();
        subject.put(TABLE, &key, &value)?;
        expect(&format!("a value of {len} bytes"), &subject.get(TABLE, &key)?, &Some(value))?;
    }
    Ok(())
}

fn too_large(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"before", b"value")?;
    let cases: [(Vec<u8>, Option<usize>, &str); 4] = [
        (vec![0xff; MAX_KEY + 1], Some(1), "key"),
        (vec![], Some(1), "key"),
        (vec![], None, "key"),
        (b"\xff".to_vec(), Some(MAX_VALUE + 1), "value"),
    ];
    for (key, value, offender) in cases {
        let mut batch = Batch::new(Origin::Local);
        // Changes before and after it, in other tables too: nothing of them may be there.
        batch.put(Table::new(0), b"first", b"value");
        batch.put(TABLE, b"another", b"value");
        batch.delete(TABLE, b"before");
        let what = match (offender, value) {
            ("key", Some(_)) => format!("a key of {} bytes put by Storage::commit", key.len()),
            ("key", None) => format!("a key of {} bytes deleted by Storage::commit", key.len()),
            (_, value) => format!("a value of {} bytes put by Storage::commit", value.unwrap_or_default()),
        };
        match value {
            Some(len) => batch.put(TABLE, key, vec![0; len]),
            None => batch.delete(TABLE, key),
        }
        batch.put(Table::new(255), b"last", b"value");
        expect_refused(
            &what,
            subject.storage()?.commit(&batch),
            |kind| matches!(kind, StorageErrorKind::TooLarge { what, .. } if *what == offender),
        )?;
        expect("the table", &subject.all(TABLE)?, &vec![(b"before".to_vec(), b"value".to_vec())])?;
        expect("a table before", &subject.all(Table::new(0))?, &Vec::new())?;
        expect("a table behind", &subject.all(Table::new(255))?, &Vec::new())?;
    }
    subject.put(TABLE, b"after", b"value")
}

fn big_batch(subject: &mut Subject) -> Result<(), Failure> {
    let count = 5_000_u32;
    let mut batch = Batch::new(Origin::Local);
    for number in 0..count {
        batch.put(
            Table::new(u8::try_from(number % 3).unwrap_or_default()),
            number.to_be_bytes(),
            number.to_le_bytes().repeat(50),
        );
    }
    subject.storage()?.commit(&batch)?;
    let snapshot = subject.snapshot()?;
    for number in 0..count {
        let table = Table::new(u8::try_from(number % 3).unwrap_or_default());
        let value = snapshot.get(table, &number.to_be_bytes())?;
        expect("a value", &value, &Some(number.to_le_bytes().repeat(50)))?;
    }
    Ok(())
}

fn origins(subject: &mut Subject) -> Result<(), Failure> {
    for (key, origin) in [(b"a", Origin::Local), (b"b", Origin::Foreign), (b"c", Origin::Local)] {
        let mut batch = Batch::new(origin);
        batch.put(TABLE, key, b"value");
        subject.storage()?.commit(&batch)?;
    }
    expect("how many are there", &subject.all(TABLE)?.len(), &3)
}

fn twice(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"gone", b"value")?;
    let mut batch = Batch::new(Origin::Local);
    batch.put(TABLE, b"key", b"value");
    batch.delete(TABLE, b"gone");
    subject.storage()?.commit(&batch)?;
    let once = subject.all(TABLE)?;
    subject.storage()?.commit(&batch)?;
    expect("all", &subject.all(TABLE)?, &once)
}
