//! A patch as JSON, read and written.

use super::error::{PatchError, PatchErrorKind};
use super::found::Found;
use super::operation::{Operation, Patch};
use crate::value::error::{KEY_SHOWN, shortened};
use crate::value::{DEPTH_MAX, Limit, Limits, Object, Path, Value, ValueError};

type Result<T> = std::result::Result<T, PatchError>;

impl Patch {
    /// Reads a patch from JSON text, within the default limits.
    ///
    /// Members that an operation does not need are passed over, as RFC 6902 says. Costs one pass over the text, and memory
    /// in proportion to it.
    ///
    /// ```
    /// use draftkeep::value::{Patch, PatchErrorKind};
    ///
    /// let error = Patch::parse(br#"[{"op":"remove","path":"/a"},{"op":"remove","path":"b"}]"#).unwrap_err();
    /// assert_eq!(error.operation(), Some(1));
    /// assert!(matches!(error.kind(), PatchErrorKind::Pointer { member: "path", .. }));
    /// ```
    ///
    /// # Errors
    ///
    /// `Text` for what [`Value::parse`] refuses, with what it says; among that is a member that stands twice. Else what
    /// [`Patch::from_value`] refuses.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Self::parse_with(text, &Limits::default())
    }

    /// Reads a patch from JSON text, within these limits for the text.
    ///
    /// # Errors
    ///
    /// As for [`Patch::parse`].
    pub fn parse_with(text: &[u8], limits: &Limits) -> Result<Self> {
        Self::from_value(&Value::parse_with(text, limits)?)
    }

    /// Reads a patch from a value.
    ///
    /// # Errors
    ///
    /// What is no patch, with the index of the operation concerned: `NotAPatch`, `NotAnOperation`, `MemberMissing`,
    /// `MemberNotText`, `UnknownOperation`, `Pointer`; and `LimitExceeded` for a path of more than [`DEPTH_MAX`] steps,
    /// which leads nowhere in any document.
    pub fn from_value(patch: &Value) -> Result<Self> {
        let not_a_patch = || PatchError::new(PatchErrorKind::NotAPatch { found: Found::of(patch) });
        let operations = patch.as_array().ok_or_else(not_a_patch)?.iter().enumerate();
        operations.map(|(number, operation)| read(number, operation)).collect()
    }

    /// The patch as a value, which [`Patch::from_value`] reads again.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Array(self.operations().iter().map(write).collect())
    }

    /// Writes the patch as canonical JSON, within the default limits.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` only. A patch is itself nested two levels deep, so that a value in it may have [`DEPTH_MAX`] − 2.
    pub fn to_canonical(&self) -> std::result::Result<Vec<u8>, ValueError> {
        self.to_value().to_canonical()
    }
}

fn read(number: usize, operation: &Value) -> Result<Operation> {
    let not_an_operation = || PatchError::new(PatchErrorKind::NotAnOperation { found: Found::of(operation) });
    let members = operation.as_object().ok_or_else(not_an_operation).map_err(|error| error.in_reading(number, "?"))?;
    let name = text(members, "op").and_then(known).map_err(|error| error.in_reading(number, "?"))?;
    read_members(name, members).map_err(|error| error.in_reading(number, name))
}

/// The name of an operation that there is.
fn known(name: &str) -> Result<&'static str> {
    let known = ["add", "remove", "replace", "move", "copy", "test"].into_iter().find(|known| *known == name);
    let unknown = || PatchErrorKind::UnknownOperation { name: shortened(name, KEY_SHOWN).into_owned() };
    known.ok_or_else(|| PatchError::new(unknown()))
}

fn read_members(name: &'static str, members: &Object) -> Result<Operation> {
    let path = pointer(members, "path")?;
    let from = || pointer(members, "from").map_err(|error| error.at(&path, path.segments().len()));
    let value = || match members.get("value") {
        Some(value) => Ok(value.clone()),
        None => Err(missing("value").at(&path, path.segments().len())),
    };
    Ok(match name {
        "add" => Operation::Add { value: value()?, path },
        "remove" => Operation::Remove { path },
        "replace" => Operation::Replace { value: value()?, path },
        "move" => Operation::Move { from: from()?, path },
        "copy" => Operation::Copy { from: from()?, path },
        _ => Operation::Test { value: value()?, path },
    })
}

fn missing(member: &'static str) -> PatchError {
    PatchError::new(PatchErrorKind::MemberMissing { member })
}

fn text<'m>(members: &'m Object, member: &'static str) -> Result<&'m str> {
    let value = members.get(member).ok_or_else(|| missing(member))?;
    let not_text = || PatchError::new(PatchErrorKind::MemberNotText { member, found: Found::of(value) });
    value.as_str().ok_or_else(not_text)
}

fn pointer(members: &Object, member: &'static str) -> Result<Path> {
    let text = text(members, member)?;
    // A step takes many times the memory of its text, so they are counted first.
    let steps = text.bytes().filter(|byte| *byte == b'/').count();
    if steps > DEPTH_MAX {
        return Err(PatchError::limit(Limit::Depth, DEPTH_MAX, steps));
    }
    text.parse().map_err(|source| {
        PatchError::new(PatchErrorKind::Pointer { member, text: shortened(text, KEY_SHOWN).into_owned(), source })
    })
}

fn write(operation: &Operation) -> Value {
    let (from, value) = match operation {
        Operation::Add { value, .. } | Operation::Replace { value, .. } | Operation::Test { value, .. } => {
            (None, Some(value))
        }
        Operation::Move { from, .. } | Operation::Copy { from, .. } => (Some(from), None),
        Operation::Remove { .. } => (None, None),
    };
    let members = [
        ("op", Some(Value::from(operation.name()))),
        ("path", Some(Value::from(operation.path().to_string()))),
        ("from", from.map(|from| Value::from(from.to_string()))),
        ("value", value.cloned()),
    ];
    Value::Object(members.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}
