//! Reading lines: one at a time, within bounds, and held against the last of them.

use super::error::{ImportErrorKind, malformed};
use super::format::{self, DraftLine, End, FORMAT, LINE_MAX, LostLine, Named, Opening, TextLine, VERSION};
use crate::fault;
use crate::value::from_slice;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Read};

/// A line, read.
#[derive(Debug)]
pub(super) enum Line {
    Opening(Opening),
    Draft(Box<DraftLine>, Vec<u8>),
    Text(Box<TextLine>, Vec<u8>),
    Lost,
    End,
}

/// The lines of an export. Never holds more than one.
pub(super) struct Lines<R> {
    from: BufReader<R>,
    hasher: blake3::Hasher,
    /// The number of the line that was read last.
    pub(super) number: u64,
    drafts: u64,
    versions: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from: BufReader::new(from), hasher: blake3::Hasher::new(), number: 0, drafts: 0, versions: 0 }
    }

    /// The next line; an end has to come before there is none. What follows the end is not read.
    pub(super) fn next(&mut self) -> Result<Line, ImportErrorKind> {
        self.number += 1;
        let mut bytes = Vec::new();
        let limit = LINE_MAX as u64 + 1;
        self.from.by_ref().take(limit).read_until(b'\n', &mut bytes)?;
        if bytes.pop_if(|last| *last == b'\n').is_none() {
            let is_long = bytes.len() > LINE_MAX;
            return Err(if is_long { ImportErrorKind::TooLong { limit: LINE_MAX } } else { ImportErrorKind::Cut });
        }
        let line = self.parse(&bytes);
        self.hasher.update(&bytes).update(b"\n");
        line
    }

    fn parse(&mut self, bytes: &[u8]) -> Result<Line, ImportErrorKind> {
        let is_first = self.number == 1;
        let not_an_export =
            || if is_first { ImportErrorKind::NotAnExport } else { malformed("it is no line of an export") };
        let (document, members) = format::apart(bytes).ok_or_else(not_an_export)?;
        let named: Named = from_slice(&members).map_err(|_| not_an_export())?;
        if is_first != (named.line == format::OPENING) {
            return Err(not_an_export());
        }
        let document = || document.map(<[u8]>::to_vec).ok_or_else(|| malformed("its document is missing"));
        match named.line.as_str() {
            format::OPENING => {
                let opening: Opening = from_slice(&members).map_err(|_| not_an_export())?;
                if opening.format != FORMAT {
                    return Err(not_an_export());
                }
                if opening.version > VERSION {
                    return Err(ImportErrorKind::TooNew { found: opening.version, supported: VERSION });
                }
                Ok(Line::Opening(opening))
            }
            format::DRAFT => {
                (self.drafts, self.versions) = (self.drafts + 1, self.versions + 1);
                Ok(Line::Draft(Box::new(read(&members)?), document()?))
            }
            format::TEXT => {
                self.versions += 1;
                Ok(Line::Text(Box::new(read(&members)?), document()?))
            }
            format::LOST => read::<LostLine>(&members).map(|_| Line::Lost),
            format::END => {
                let end: End = read(&members)?;
                let is_all = (end.drafts, end.versions) == (self.drafts, self.versions)
                    && end.blake3 == self.hasher.finalize().to_hex().as_str();
                if is_all || fault::on("altered-export-believed") {
                    Ok(Line::End)
                } else {
                    Err(ImportErrorKind::Altered)
                }
            }
            _ => Err(malformed("it is no line of an export")),
        }
    }
}

fn read<L: DeserializeOwned>(members: &[u8]) -> Result<L, ImportErrorKind> {
    from_slice(members).map_err(|error| malformed(format!("it cannot be read: {error}")))
}
