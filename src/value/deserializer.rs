//! Reading an application's type from a [`Value`], in `serde_json`'s data model.

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::ValueError;
use super::limits::{DEPTH_MAX, Limit};
use super::number::{Number, Repr};
use super::tree::Value;

type Result<T> = std::result::Result<T, ValueError>;

/// A value that is being read, and how deep it stands.
#[derive(Clone, Copy)]
pub(super) struct Node<'de> {
    value: &'de Value,
    depth: usize,
}

impl<'de> Node<'de> {
    pub(super) const fn root(value: &'de Value) -> Self {
        Self { value, depth: 0 }
    }

    /// The depth of what stands in this container.
    fn deeper(self) -> Result<usize> {
        if self.depth < DEPTH_MAX {
            Ok(self.depth + 1)
        } else {
            Err(ValueError::limit(Limit::Depth, DEPTH_MAX, self.depth + 1))
        }
    }

    fn elements<V: Visitor<'de>>(self, array: &'de [Value], visitor: V) -> Result<V::Value> {
        let mut elements = Elements { rest: array.iter().enumerate(), depth: self.deeper()? };
        let read = visitor.visit_seq(&mut elements)?;
        if elements.rest.len() == 0 {
            Ok(read)
        } else {
            Err(ValueError::invalid_length(array.len(), &"fewer elements"))
        }
    }

    fn members<V: Visitor<'de>>(self, object: &'de super::Object, visitor: V) -> Result<V::Value> {
        let mut members = Members { rest: object.iter(), value: None, depth: self.deeper()? };
        let read = visitor.visit_map(&mut members)?;
        if members.rest.len() == 0 { Ok(read) } else { Err(ValueError::invalid_length(object.len(), &"fewer members")) }
    }

    fn unexpected(self) -> Unexpected<'de> {
        match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(bool) => Unexpected::Bool(*bool),
            Value::Number(number) => match number.repr() {
                Repr::Unsigned(unsigned) => Unexpected::Unsigned(unsigned),
                Repr::Negative(negative) => Unexpected::Signed(negative),
                Repr::Float(float) => Unexpected::Float(float),
            },
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: Number, visitor: V) -> Result<V::Value> {
    match number.repr() {
        Repr::Unsigned(unsigned) => visitor.visit_u64(unsigned),
        Repr::Negative(negative) => visitor.visit_i64(negative),
        Repr::Float(float) => visitor.visit_f64(float),
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(bool) => visitor.visit_bool(*bool),
            Value::Number(number) => visit_number(*number, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(array) => self.elements(array, visitor),
            Value::Object(object) => self.members(object, visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            // serde would round it in silence.
            Value::Number(number) if number.as_f64().is_none() => {
                Err(ValueError::custom(format_args!("the integer {number} would be rounded to a float")))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        let Some(super::embedded::Embedded::Raw) = super::embedded::Embedded::of_struct(name) else {
            return visitor.visit_newtype_struct(self);
        };
        let text = String::from_utf8(self.value.to_canonical()?).map_err(ValueError::custom)?;
        visitor.visit_map(de::value::MapDeserializer::new(std::iter::once((name, text))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.value {
            Value::String(variant) => visitor.visit_enum(Variant { name: variant, content: None }),
            Value::Object(object) if object.len() == 1 => {
                let depth = self.deeper()?;
                let Some((name, value)) = object.iter().next() else { return Err(self.not_an_enum()) };
                visitor.visit_enum(Variant { name, content: Some(Node { value, depth }) })
            }
            _ => Err(self.not_an_enum()),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string byte_buf unit seq tuple tuple_struct map struct
        identifier
    }
}

impl Node<'_> {
    fn not_an_enum(self) -> ValueError {
        ValueError::invalid_type(self.unexpected(), &"a variant's name, or an object with one member")
    }
}

/// An enum's variant.
struct Variant<'de> {
    name: &'de str,
    content: Option<Node<'de>>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        seed.deserialize(de::value::BorrowedStrDeserializer::new(self.name)).map(|read| (read, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<()> {
        let Some(content) = self.content else { return Ok(()) };
        de::Deserialize::deserialize(content).map_err(|error: ValueError| error.at_key(self.name))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        let Some(content) = self.content else {
            return Err(ValueError::invalid_type(Unexpected::UnitVariant, &"a variant with a value"));
        };
        seed.deserialize(content).map_err(|error| error.at_key(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value> {
        match self.content.map(|content| (content, content.value)) {
            Some((content, Value::Array(array))) => {
                content.elements(array, visitor).map_err(|error| error.at_key(self.name))
            }
            Some((content, _)) => {
                Err(ValueError::invalid_type(content.unexpected(), &"a tuple variant").at_key(self.name))
            }
            None => Err(ValueError::invalid_type(Unexpected::UnitVariant, &"a tuple variant")),
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], visitor: V) -> Result<V::Value> {
        match self.content {
            Some(content) if content.value.is_container() => {
                content.deserialize_any(visitor).map_err(|error| error.at_key(self.name))
            }
            Some(content) => Err(ValueError::invalid_type(content.unexpected(), &"a struct variant").at_key(self.name)),
            None => Err(ValueError::invalid_type(Unexpected::UnitVariant, &"a struct variant")),
        }
    }
}

/// An array that is being read.
struct Elements<'de> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    depth: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        seed.deserialize(Node { value, depth: self.depth }).map(Some).map_err(|error| error.at_index(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// An object that is being read.
struct Members<'de, I> {
    rest: I,
    value: Option<(&'de str, &'de Value)>,
    depth: usize,
}

impl<'de, I: ExactSizeIterator<Item = (&'de str, &'de Value)>> MapAccess<'de> for Members<'de, I> {
    type Error = ValueError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some((key, value));
        seed.deserialize(Key(key)).map(Some).map_err(|error| error.at_key(key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let Some((key, value)) = self.value.take() else {
            return Err(ValueError::custom("a member's value was asked for before its key"));
        };
        seed.deserialize(Node { value, depth: self.depth }).map_err(|error| error.at_key(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A member's key: text, and for a map whose keys are numbers or truth values also those.
struct Key<'de>(&'de str);

macro_rules! key_numbers {
    ($($method:ident $visit:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_borrowed_str(self.0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_borrowed_str(self.0)
    }

    key_numbers!(
        deserialize_i8 visit_i8, deserialize_i16 visit_i16, deserialize_i32 visit_i32, deserialize_i64 visit_i64,
        deserialize_i128 visit_i128, deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32,
        deserialize_u64 visit_u64, deserialize_u128 visit_u128, deserialize_f32 visit_f32, deserialize_f64 visit_f64,
        deserialize_bool visit_bool
    );

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.0.into_deserializer().deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
