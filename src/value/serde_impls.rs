//! A [`Value`] inside an application's type, and in the hands of other formats.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::array::Array;
use super::convert;
use super::embedded::{Embedded, NUMBER};
use super::limits::DEPTH_MAX;
use super::number::{Number, Repr};
use super::object::Object;
use super::tree::Value;

impl Serialize for Number {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.repr() {
            Repr::Unsigned(unsigned) => serializer.serialize_u64(unsigned),
            Repr::Negative(negative) => serializer.serialize_i64(negative),
            Repr::Float(float) => serializer.serialize_f64(float),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(array) => array.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Array {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

/// Reads from any self-describing format; refuses duplicate keys, NaN, infinities, wide integers and too deep nesting.
///
/// A format may have rounded numbers before this sees them: [`Value::parse`] is the way to read JSON text.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::DeserializeSeed::deserialize(AtDepth(0), deserializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(object) => Ok(object),
            _ => Err(de::Error::custom("an object expected")),
        }
    }
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(array) => Ok(array),
            _ => Err(de::Error::custom("an array expected")),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(number) => Ok(number),
            _ => Err(de::Error::custom("a number expected")),
        }
    }
}

/// Reads a value inside this many containers.
#[derive(Clone, Copy)]
struct AtDepth(usize);

impl AtDepth {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.0 < DEPTH_MAX {
            Ok(Self(self.0 + 1))
        } else {
            Err(E::custom(format_args!(
                "the document has more than {DEPTH_MAX} levels of nesting; nest it less deeply"
            )))
        }
    }
}

impl<'de> de::DeserializeSeed<'de> for AtDepth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AtDepth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        de::DeserializeSeed::deserialize(self, deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        de::DeserializeSeed::deserialize(self, deserializer)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(Value::Bool(bool))
    }

    fn visit_i64<E>(self, signed: i64) -> Result<Value, E> {
        Ok(signed.into())
    }

    fn visit_u64<E>(self, unsigned: u64) -> Result<Value, E> {
        Ok(unsigned.into())
    }

    fn visit_i128<E: de::Error>(self, wide: i128) -> Result<Value, E> {
        convert::to_value(&wide).map_err(E::custom)
    }

    fn visit_u128<E: de::Error>(self, wide: u128) -> Result<Value, E> {
        convert::to_value(&wide).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Value, E> {
        convert::to_value(&float).map_err(E::custom)
    }

    fn visit_f32<E: de::Error>(self, float: f32) -> Result<Value, E> {
        convert::to_value(&float).map_err(E::custom)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(depth)? {
            elements.push(element);
        }
        Ok(elements.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Key>()? {
            if members.is_empty() && key.lent && &*key.text == NUMBER {
                match map.next_value_seed(NumberOr(depth))? {
                    NumberText::Number(number) => return Ok(number),
                    NumberText::Member(value) => members.push((key.text, value)),
                }
            } else {
                members.push((key.text, map.next_value_seed(depth)?));
            }
        }
        Object::try_from_members(members).map(Value::Object).map_err(|key| {
            de::Error::custom(format_args!("the key {key:?} stands twice in one object; keep one of them"))
        })
    }
}

/// A member's key, and whether it was lent for longer than the call.
struct Key {
    text: Box<str>,
    lent: bool,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key, E> {
        Ok(Key { text: text.into(), lent: true })
    }

    fn visit_str<E>(self, text: &str) -> Result<Key, E> {
        Ok(Key { text: text.into(), lent: false })
    }

    fn visit_string<E>(self, text: String) -> Result<Key, E> {
        Ok(Key { text: text.into(), lent: false })
    }
}

/// Tells a number that `serde_json` hands over as an object (with `arbitrary_precision`) from a document's object that looks
/// like it: the number comes with a key that is lent (a constant) and a text that is given away, which no object's member
/// does, read from text or from a value.
#[derive(Clone, Copy)]
struct NumberOr(AtDepth);

enum NumberText {
    Number(Value),
    Member(Value),
}

impl<'de> de::DeserializeSeed<'de> for NumberOr {
    type Value = NumberText;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<NumberText, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NumberOr {
    type Value = NumberText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<NumberText, E> {
        Embedded::Number.read(&text).map(NumberText::Number).map_err(E::custom)
    }

    fn visit_unit<E: de::Error>(self) -> Result<NumberText, E> {
        self.0.visit_unit().map(NumberText::Member)
    }

    fn visit_bool<E: de::Error>(self, bool: bool) -> Result<NumberText, E> {
        self.0.visit_bool(bool).map(NumberText::Member)
    }

    fn visit_i64<E: de::Error>(self, signed: i64) -> Result<NumberText, E> {
        self.0.visit_i64(signed).map(NumberText::Member)
    }

    fn visit_u64<E: de::Error>(self, unsigned: u64) -> Result<NumberText, E> {
        self.0.visit_u64(unsigned).map(NumberText::Member)
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<NumberText, E> {
        self.0.visit_f64(float).map(NumberText::Member)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<NumberText, E> {
        self.0.visit_str(text).map(NumberText::Member)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<NumberText, A::Error> {
        self.0.visit_seq(seq).map(NumberText::Member)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NumberText, A::Error> {
        self.0.visit_map(map).map(NumberText::Member)
    }
}
