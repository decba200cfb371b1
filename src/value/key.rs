//! Keys of maps: text, or what has one obvious text, as `serde_json` has it.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::error::{ValueError, ValueErrorKind};
use super::number::Number;
use super::serializer::widen;

type Result<T> = std::result::Result<T, ValueError>;

/// Hands a key's text to a function.
pub(super) struct KeySerializer<F>(pub(super) F);

fn refused<T>() -> Result<T> {
    Err(ValueError::new(ValueErrorKind::KeyNotText))
}

impl<F: FnOnce(&str) -> Result<()>> KeySerializer<F> {
    fn float(self, float: f64) -> Result<()> {
        match Number::from_f64(float) {
            Some(number) => (self.0)(&number.to_string()),
            None => Err(ValueError::new(ValueErrorKind::NotFinite)),
        }
    }
}

macro_rules! integers {
    ($($method:ident $integer:ty),*) => {$(
        fn $method(self, v: $integer) -> Result<()> {
            (self.0)(itoa::Buffer::new().format(v))
        }
    )*};
}

impl<F: FnOnce(&str) -> Result<()>> Serializer for KeySerializer<F> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = Impossible<(), ValueError>;
    type SerializeTuple = Impossible<(), ValueError>;
    type SerializeTupleStruct = Impossible<(), ValueError>;
    type SerializeTupleVariant = Impossible<(), ValueError>;
    type SerializeMap = Impossible<(), ValueError>;
    type SerializeStruct = Impossible<(), ValueError>;
    type SerializeStructVariant = Impossible<(), ValueError>;

    integers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128
    );

    fn serialize_bool(self, v: bool) -> Result<()> {
        (self.0)(if v { "true" } else { "false" })
    }

    fn serialize_f32(self, v: f32) -> Result<()> {
        self.float(widen(v))
    }

    fn serialize_f64(self, v: f64) -> Result<()> {
        self.float(v)
    }

    fn serialize_char(self, v: char) -> Result<()> {
        (self.0)(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Result<()> {
        (self.0)(v)
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Result<()> {
        (self.0)(&value.to_string())
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _name: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<()> {
        (self.0)(variant)
    }

    fn serialize_bytes(self, _v: &[u8]) -> Result<()> {
        refused()
    }

    fn serialize_none(self) -> Result<()> {
        refused()
    }

    fn serialize_unit(self) -> Result<()> {
        refused()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        refused()
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<()> {
        refused()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Self::SerializeSeq> {
        refused()
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self::SerializeTuple> {
        refused()
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Self::SerializeTupleStruct> {
        refused()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        refused()
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self::SerializeMap> {
        refused()
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Self::SerializeStruct> {
        refused()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant> {
        refused()
    }
}
