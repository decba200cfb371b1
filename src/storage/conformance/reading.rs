//! Properties of reading.

use super::kit::{Failure, Property, Subject, TABLE, everything, expect, expect_refused};
use crate::storage::{Entry, Order, Scan, StorageErrorKind, Table};

pub(super) const PROPERTIES: &[Property] = &[
    ("an empty table has no entries", empty_table),
    ("a scan returns keys in order", ascending),
    ("a scan backwards returns keys in reverse order", descending),
    ("a scan takes its first bound and leaves out its second", bounds),
    ("a scan returns at most its limit", limits),
    ("pages of a scan join without gap or overlap", pages),
    ("a range that ends before it begins is refused", inverted),
    ("keys and values hold any byte", binary),
    ("a key is found by its bytes and not by a prefix", exact_keys),
    ("keys that cannot be are refused when reading", impossible_keys),
];

/// Two bounds, and the keys between them.
type Case = (&'static [u8], Option<&'static [u8]>, &'static [&'static [u8]]);

const KEYS: [&[u8]; 7] = [b"\0", b"a", b"a\0", b"ab", b"b", b"\x7f", b"\xff\xff"];

fn keys(entries: Vec<Entry>) -> Vec<Vec<u8>> {
    entries.into_iter().map(|(key, _)| key).collect()
}

fn owned(keys: &[&[u8]]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.to_vec()).collect()
}

fn shuffled(subject: &Subject) -> Result<(), Failure> {
    // One commit a key, in no order, so that order is not that of writing.
    [3, 0, 6, 1, 5, 2, 4].into_iter().try_for_each(|index| subject.put_all(TABLE, [KEYS[index]]))
}

fn empty_table(subject: &mut Subject) -> Result<(), Failure> {
    let snapshot = subject.snapshot()?;
    expect("a scan", &snapshot.scan(TABLE, everything(Order::Ascending))?, &Vec::new())?;
    expect("a scan backwards", &snapshot.scan(TABLE, everything(Order::Descending))?, &Vec::new())?;
    expect("a key", &snapshot.get(TABLE, b"key")?, &None)
}

fn ascending(subject: &mut Subject) -> Result<(), Failure> {
    shuffled(subject)?;
    let entries = subject.all(TABLE)?;
    expect("values", &entries.iter().all(|(key, value)| *value == [b"value of ", &key[..]].concat()), &true)?;
    expect("keys", &keys(entries), &owned(&KEYS))
}

fn descending(subject: &mut Subject) -> Result<(), Failure> {
    shuffled(subject)?;
    let mut expected = owned(&KEYS);
    expected.reverse();
    expect("keys", &keys(subject.snapshot()?.scan(TABLE, everything(Order::Descending))?), &expected)
}

fn bounds(subject: &mut Subject) -> Result<(), Failure> {
    shuffled(subject)?;
    let snapshot = subject.snapshot()?;
    let cases: [Case; 8] = [
        (b"a", Some(b"b"), &[b"a", b"a\0", b"ab"]),
        (b"a\0", Some(b"a\0"), &[]),
        (b"a", Some(b"a\0"), &[b"a"]),
        (b"aa", Some(b"b\0"), &[b"ab", b"b"]),
        (b"", Some(b"\0"), &[]),
        (b"\xff", None, &[b"\xff\xff"]),
        (b"\xff\xff\0", None, &[]),
        (b"", Some(&[0xff; 600]), &KEYS),
    ];
    for (from, to, expected) in cases {
        for order in [Order::Ascending, Order::Descending] {
            let mut expected = owned(expected);
            if order == Order::Descending {
                expected.reverse();
            }
            let seen = keys(snapshot.scan(TABLE, Scan { from, to, order, limit: usize::MAX })?);
            expect(&format!("{order:?} from {from:?} to {to:?}"), &seen, &expected)?;
        }
    }
    Ok(())
}

fn limits(subject: &mut Subject) -> Result<(), Failure> {
    shuffled(subject)?;
    let snapshot = subject.snapshot()?;
    for limit in 0..=KEYS.len() + 1 {
        let taken = limit.min(KEYS.len());
        let first = keys(snapshot.scan(TABLE, Scan { limit, ..everything(Order::Ascending) })?);
        expect(&format!("the first {limit}"), &first, &owned(&KEYS[..taken]))?;
        let last = keys(snapshot.scan(TABLE, Scan { limit, ..everything(Order::Descending) })?);
        let mut expected = owned(&KEYS[KEYS.len() - taken..]);
        expected.reverse();
        expect(&format!("the last {limit}"), &last, &expected)?;
    }
    Ok(())
}

fn pages(subject: &mut Subject) -> Result<(), Failure> {
    let written: Vec<[u8; 2]> = (0..500_u16).map(u16::to_be_bytes).collect();
    subject.put_all(TABLE, written.iter().map(|key| &key[..]))?;
    let snapshot = subject.snapshot()?;
    let mut forwards = Vec::new();
    let mut from = Vec::new();
    loop {
        let scan = Scan { from: &from, to: None, order: Order::Ascending, limit: 7 };
        let page = keys(snapshot.scan(TABLE, scan)?);
        let Some(last) = page.last() else { break };
        from = [last, &b"\0"[..]].concat();
        forwards.extend(page);
        if forwards.len() > written.len() {
            break;
        }
    }
    expect("pages forwards", &forwards, &owned(&written.iter().map(|key| &key[..]).collect::<Vec<_>>()))?;
    let mut backwards = Vec::new();
    let mut to = None;
    loop {
        let scan = Scan { from: b"", to: to.as_deref(), order: Order::Descending, limit: 7 };
        let page = keys(snapshot.scan(TABLE, scan)?);
        let Some(last) = page.last() else { break };
        to = Some(last.clone());
        backwards.extend(page);
        if backwards.len() > written.len() {
            break;
        }
    }
    backwards.reverse();
    expect("pages backwards", &backwards, &forwards)
}

fn inverted(subject: &mut Subject) -> Result<(), Failure> {
    shuffled(subject)?;
    let snapshot = subject.snapshot()?;
    for (table, limit) in [(TABLE, usize::MAX), (TABLE, 0), (Table::new(99), 1)] {
        for order in [Order::Ascending, Order::Descending] {
            let scan = Scan { from: b"b", to: Some(b"a"), order, limit };
            expect_refused("it", snapshot.scan(table, scan), |kind| *kind == StorageErrorKind::InvertedRange)?;
        }
    }
    Ok(())
}

fn binary(subject: &mut Subject) -> Result<(), Failure> {
    let bytes: Vec<u8> = (0..=255).collect();
    for first in [0, 1, 0x7f, 0x80, 0xff_u8] {
        let key = [&[first][..], &bytes].concat();
        subject.put(TABLE, &key, &bytes)?;
        expect("the value", &subject.get(TABLE, &key)?, &Some(bytes.clone()))?;
    }
    let entries = subject.all(TABLE)?;
    expect("the order of first bytes", &entries.iter().map(|(key, _)| key[0]).collect(), &vec![0, 1, 0x7f, 0x80, 0xff])
}

fn exact_keys(subject: &mut Subject) -> Result<(), Failure> {
    subject.put(TABLE, b"key", b"value")?;
    for other in [&b"ke"[..], b"key\0", b"kez", b"KEY"] {
        expect(&format!("{other:?}"), &subject.get(TABLE, other)?, &None)?;
    }
    Ok(())
}

fn impossible_keys(subject: &mut Subject) -> Result<(), Failure> {
    let snapshot = subject.snapshot()?;
    for key in [vec![], vec![0; crate::storage::MAX_KEY + 1]] {
        expect_refused(
            &format!("a key of {} bytes given to Snapshot::get", key.len()),
            snapshot.get(TABLE, &key),
            |kind| matches!(kind, StorageErrorKind::TooLarge { what: "key", got, .. } if *got == key.len()),
        )?;
    }
    expect("the longest key", &snapshot.get(TABLE, &[0; crate::storage::MAX_KEY])?, &None)
}
