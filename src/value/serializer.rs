//! Any serde type as canonical JSON, in `serde_json`'s data model.

use serde::Serialize;
use serde::ser::{self, Error as _};

use super::embedded::Embedded;
use super::error::{ValueError, ValueErrorKind};
use super::key::KeySerializer;
use super::number::Number;
use super::writer::{OpenObject, Writer};

type Result<T> = std::result::Result<T, ValueError>;

impl Writer {
    #[inline]
    fn float(&mut self, float: f64) -> Result<()> {
        if float.is_finite() { self.finite(float) } else { Err(ValueError::new(ValueErrorKind::NotFinite)) }
    }
}

/// The float that a 32-bit float stands for to people: 0.1 for `0.1_f32`, where that reads back as the same 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "compared with the original")]
pub(super) fn widen(float: f32) -> f64 {
    let exact = f64::from(float);
    if !float.is_finite() {
        return exact;
    }
    let short: f64 = zmij::Buffer::new().format_finite(float).parse().unwrap_or(exact);
    if (short as f32).to_bits() == float.to_bits() { short } else { exact }
}

/// An array that is being written, or the tuple of an enum's variant.
pub(super) struct Elements<'w> {
    writer: &'w mut Writer,
    index: usize,
    variant: Option<Variant>,
}

/// An object that is being written, or the members of an enum's variant.
pub(super) struct Members<'w> {
    writer: &'w mut Writer,
    object: OpenObject,
    count: usize,
    /// Whether a map's key was written whose value has yet to come.
    has_key: bool,
    variant: Option<Variant>,
}

/// The object with one member that an enum's variant with content is.
#[derive(Clone, Copy)]
struct Variant {
    object: OpenObject,
    name: &'static str,
}

impl Variant {
    fn begin(writer: &mut Writer, name: &'static str) -> Result<Self> {
        let mut object = writer.begin_object()?;
        writer.key(&mut object, name)?;
        Ok(Self { object, name })
    }

    fn end(self, writer: &mut Writer) -> Result<()> {
        writer.end_value();
        writer.end_object(self.object)
    }
}

impl<'w> ser::Serializer for &'w mut Writer {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = Elements<'w>;
    type SerializeTuple = Elements<'w>;
    type SerializeTupleStruct = Elements<'w>;
    type SerializeTupleVariant = Elements<'w>;
    type SerializeMap = Members<'w>;
    type SerializeStruct = Fields<'w>;
    type SerializeStructVariant = Members<'w>;

    #[inline]
    fn serialize_bool(self, v: bool) -> Result<()> {
        self.literal(if v { "true" } else { "false" })
    }

    #[inline]
    fn serialize_i8(self, v: i8) -> Result<()> {
        self.number(v.into())
    }

    #[inline]
    fn serialize_i16(self, v: i16) -> Result<()> {
        self.number(v.into())
    }

    #[inline]
    fn serialize_i32(self, v: i32) -> Result<()> {
        self.number(v.into())
    }

    #[inline]
    fn serialize_i64(self, v: i64) -> Result<()> {
        self.number(v.into())
    }

    fn serialize_i128(self, v: i128) -> Result<()> {
        match u64::try_from(v) {
            Ok(unsigned) => self.number(unsigned.into()),
            Err(_) => self.number(i64::try_from(v).map(Number::from).map_err(|_| too_wide(&v.to_string()))?),
        }
    }

    #[inline]
    fn serialize_u8(self, v: u8) -> Result<()> {
        self.number(v.into())
    }

    #[inline]
    fn serialize_u16(self, v: u16) -> Result<()> {
        self.number(v.into())
    }

    #[inline]
    fn serialize_u32(self, v: u32) -> Result<()> {
        self.number(v.into())
    }

    #[inline]
    fn serialize_u64(self, v: u64) -> Result<()> {
        self.number(v.into())
    }

    fn serialize_u128(self, v: u128) -> Result<()> {
        self.number(u64::try_from(v).map(Number::from).map_err(|_| too_wide(&v.to_string()))?)
    }

    #[inline]
    fn serialize_f32(self, v: f32) -> Result<()> {
        self.float(widen(v))
    }

    #[inline]
    fn serialize_f64(self, v: f64) -> Result<()> {
        self.float(v)
    }

    fn serialize_char(self, v: char) -> Result<()> {
        self.string(v.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, v: &str) -> Result<()> {
        self.string(v)
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<()> {
        use ser::SerializeSeq as _;
        let mut elements = self.serialize_seq(Some(v.len()))?;
        v.iter().try_for_each(|byte| elements.serialize_element(byte))?;
        elements.end()
    }

    #[inline]
    fn serialize_none(self) -> Result<()> {
        self.literal("null")
    }

    #[inline]
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.literal("null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        self.literal("null")
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<()> {
        self.string(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _name: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let open = Variant::begin(self, variant)?;
        value.serialize(&mut *self).map_err(|error| error.at_key(variant))?;
        open.end(self)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Elements<'w>> {
        self.begin_array()?;
        Ok(Elements { writer: self, index: 0, variant: None })
    }

    fn serialize_tuple(self, len: usize) -> Result<Elements<'w>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Elements<'w>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Elements<'w>> {
        let variant = Variant::begin(self, variant)?;
        self.begin_array().map_err(|error| error.at_key(variant.name))?;
        Ok(Elements { writer: self, index: 0, variant: Some(variant) })
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Members<'w>> {
        let object = self.begin_object()?;
        Ok(Members { writer: self, object, count: 0, has_key: false, variant: None })
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Fields<'w>> {
        match Embedded::of_struct(name) {
            Some(kind) => Ok(Fields::Embedded { writer: self, kind }),
            None => self.serialize_map(Some(len)).map(Fields::Members),
        }
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Members<'w>> {
        let variant = Variant::begin(self, variant)?;
        let object = self.begin_object().map_err(|error| error.at_key(variant.name))?;
        Ok(Members { writer: self, object, count: 0, has_key: false, variant: Some(variant) })
    }
}

fn too_wide(text: &str) -> ValueError {
    ValueError::number(text, |text| ValueErrorKind::IntegerTooWide { text })
}

fn within(variant: Option<Variant>, error: ValueError) -> ValueError {
    match variant {
        Some(variant) => error.at_key(variant.name),
        None => error,
    }
}

impl Elements<'_> {
    #[inline]
    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        self.writer.element(self.index);
        if let Err(error) = value.serialize(&mut *self.writer) {
            self.writer.fail();
            return Err(within(self.variant, error.at_index(self.index)));
        }
        self.index += 1;
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.writer.end_array();
        self.variant.map_or(Ok(()), |variant| variant.end(self.writer))
    }
}

impl Members<'_> {
    #[inline]
    fn key(&mut self, key: &str) -> Result<()> {
        self.count += 1;
        self.writer.key(&mut self.object, key).map_err(|error| within(self.variant, error))
    }

    #[inline]
    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        if let Err(error) = value.serialize(&mut *self.writer) {
            self.writer.abandon(self.object, self.count);
            return Err(within(self.variant, error.at_key(&self.writer.last_key())));
        }
        self.writer.end_value();
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.writer.end_object(self.object).map_err(|error| within(self.variant, error))?;
        self.variant.map_or(Ok(()), |variant| variant.end(self.writer))
    }
}

macro_rules! elements {
    ($($name:ident, $method:ident);*) => {$(
        impl ser::$name for Elements<'_> {
            type Ok = ();
            type Error = ValueError;

            #[inline]
            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
                self.element(value)
            }

            fn end(self) -> Result<()> {
                self.finish()
            }
        }
    )*};
}

elements! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field
}

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<()> {
        if self.has_key {
            return Err(ValueError::custom("a map's key without a value"));
        }
        key.serialize(KeySerializer(|text: &str| self.key(text)))?;
        self.has_key = true;
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<()> {
        if !std::mem::take(&mut self.has_key) {
            return Err(ValueError::custom("a map's value without a key"));
        }
        self.value(value)
    }

    fn end(self) -> Result<()> {
        if self.has_key {
            return Err(ValueError::custom("a map's key without a value"));
        }
        self.finish()
    }
}

impl ser::SerializeStructVariant for Members<'_> {
    type Ok = ();
    type Error = ValueError;

    #[inline]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.key(key)?;
        self.value(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

/// A struct that is being written, or a piece of JSON text that pretends to be one.
pub(super) enum Fields<'w> {
    Members(Members<'w>),
    Embedded { writer: &'w mut Writer, kind: Embedded },
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = ValueError;

    #[inline]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Result<()> {
        match self {
            Self::Members(members) => {
                members.key(key)?;
                members.value(value)
            }
            Self::Embedded { writer, kind } => {
                let read = |text: &str| kind.read(text)?.serialize(&mut **writer);
                value.serialize(KeySerializer(read))
            }
        }
    }

    #[inline]
    fn end(self) -> Result<()> {
        match self {
            Self::Members(members) => members.finish(),
            Self::Embedded { .. } => Ok(()),
        }
    }
}
