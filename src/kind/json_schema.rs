//! A validator made of a JSON Schema.

use crate::invalid::Invalid;
use crate::value::Value;
use jsonschema::{PatternOptions, Validator};

/// Of a document with more values only the first flaw is looked for: naming all of them takes room for each.
const VALUES_MAX: usize = 10_000;

/// Flaws are looked at one by one up to here; what is beyond is counted.
const FLAWS_MAX: usize = 100;

/// The largest program that a pattern becomes, in bytes.
const PATTERN_MAX: usize = 1 << 20;

/// A JSON Schema, compiled.
pub(super) struct JsonSchema(Validator);

impl JsonSchema {
    /// Compiles it, without looking for anything outside of it; else says why it cannot be used.
    pub(super) fn compile(schema: &Value) -> Result<Self, String> {
        // Without references back and look-around no text takes longer than in proportion to its length.
        let patterns = PatternOptions::regex().size_limit(PATTERN_MAX).dfa_size_limit(PATTERN_MAX);
        let options = jsonschema::options().offline().with_pattern_options(patterns);
        options.build(&schema.clone().into()).map(Self).map_err(|error| error.to_string())
    }

    /// What is wrong, with the place of each. Never quotes the document: what is told is logged.
    pub(super) fn validate(&self, document: &Value) -> Result<(), Invalid> {
        let is_small = is_within(document, &mut VALUES_MAX.clone());
        let document = document.clone().into();
        if self.0.is_valid(&document) {
            return Ok(());
        }
        let told =
            |error: &jsonschema::ValidationError<'_>| Invalid::at(error.instance_path(), error.masked().to_string());
        let invalid = if is_small {
            let mut errors = self.0.iter_errors(&document);
            let first = errors.by_ref().take(FLAWS_MAX).map(|error| told(&error)).reduce(Invalid::and);
            first.map(|first| first.and_more(errors.count()))
        } else {
            self.0.validate(&document).err().map(|error| told(&error))
        };
        Err(invalid.unwrap_or_else(|| Invalid::new("it does not fit the JSON Schema")))
    }
}

/// Whether it has no more values than are left.
fn is_within(value: &Value, left: &mut usize) -> bool {
    let Some(less) = left.checked_sub(1) else { return false };
    *left = less;
    match value {
        Value::Array(elements) => elements.iter().all(|element| is_within(element, left)),
        Value::Object(members) => members.iter().all(|(_, member)| is_within(member, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}
