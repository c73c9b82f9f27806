//! Objects in Kubernetes' protobuf form, in which some of kubectl's commands send them (`create deployment`,
//! `auth can-i`): read by the types that JSON is read by, with the fields' [`numbers`].

mod numbers;
mod wire;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::schema::{self, ObjectType, Shape};
use crate::time;
use numbers::{Entry, Named, Type};
use wire::{Content, Fields, WireError};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What stands before every object.
const MAGIC: &[u8] = b"k8s\0";

/// Why a body is no object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProtobufError {
    /// It does not begin as it must.
    #[error("provided data does not appear to be a protobuf message, expected prefix {MAGIC:?}")]
    NoMagic,
    /// It is cut off, or no protobuf.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It is compressed, or of another form within.
    #[error("the object is encoded as {0:?}, which is not read here")]
    Encoding(String),
    /// Its kind is not served.
    #[error("no kind {kind:?} is registered for version {version:?}")]
    Kind {
        /// The kind.
        kind: String,
        /// Its `apiVersion`.
        version: String,
    },
    /// A field that its type does not have, or not in that form.
    #[error("{of} has no field {number} of this form")]
    Field {
        /// The type.
        of: String,
        /// The field's number.
        number: u32,
    },
    /// Text that is no UTF-8, or a time or JSON that is none.
    #[error("a value of {of} cannot be read: {what}")]
    Value {
        /// The type.
        of: String,
        /// What is wrong.
        what: String,
    },
}

/// Reads an object. As in JSON, fields without a value are left out: Go writes the empty ones of every type.
///
/// # Errors
/// When it is none, or is of a kind that is not known.
pub fn decode(body: &[u8]) -> Result<Map<String, Value>, ProtobufError> {
    let body = body.strip_prefix(MAGIC).ok_or(ProtobufError::NoMagic)?;
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for field in Fields::of(body) {
        match field? {
            (1, Content::Bytes(bytes)) => {
                for field in Fields::of(bytes) {
                    match field? {
                        (1, Content::Bytes(bytes)) => version = text(bytes, "TypeMeta")?,
                        (2, Content::Bytes(bytes)) => kind = text(bytes, "TypeMeta")?,
                        (number, _) => return Err(no_field("TypeMeta", number)),
                    }
                }
            }
            (2, Content::Bytes(bytes)) => raw = bytes,
            (3 | 4, Content::Bytes([])) => {}
            (3 | 4, Content::Bytes(bytes)) => return Err(ProtobufError::Encoding(text(bytes, "Unknown")?)),
            (number, _) => return Err(no_field("Unknown", number)),
        }
    }
    let (group, number) = version.split_once('/').unwrap_or(("", &version));
    // It is sent in the version of whatever is deleted.
    let of = if kind == "DeleteOptions" {
        schema::of_message("meta", "v1", &kind)
    } else {
        schema::of_message(group, number, &kind)
    };
    let (false, Some(numbers)) = (of.fields.is_empty(), numbers::of(&kind)) else {
        return Err(ProtobufError::Kind { kind, version });
    };
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), version.into());
    object.insert("kind".to_owned(), kind.into());
    message(raw, numbers, of, &mut object)?;
    Ok(object)
}

/// Reads the fields of a message into an object. How deep that goes is bounded by the types: none contains itself.
fn message(
    bytes: &[u8],
    numbers: &Type,
    of: &ObjectType,
    object: &mut Map<String, Value>,
) -> Result<(), ProtobufError> {
    for field in Fields::of(bytes) {
        let (number, content) = field?;
        match (numbers.get(number), content) {
            (Some(Entry::Inline(within)), Content::Bytes(bytes)) => {
                let within = numbers::of(within).ok_or_else(|| no_field(&of.name, number))?;
                message(bytes, within, of, object)?;
            }
            (Some(Entry::Field(field)), content) => {
                let known = of.fields.get(&*field.name).ok_or_else(|| no_field(&of.name, number))?;
                put(object, field, content, &known.shape, &of.name)?;
            }
            (_, _) => return Err(no_field(&of.name, number)),
        }
    }
    Ok(())
}

/// Puts what came into its field: added to what is there, where there can be several.
fn put(
    object: &mut Map<String, Value>,
    field: &Named,
    content: Content<'_>,
    shape: &Shape,
    within: &str,
) -> Result<(), ProtobufError> {
    let wrong = || no_field(within, field.at);
    match (shape, content) {
        (Shape::List(list), content) => {
            let items = object.entry(&*field.name).or_insert_with(|| json!([]));
            let Value::Array(items) = items else { return Err(wrong()) };
            match (&list.item, content) {
                // Several numbers in one piece.
                (Shape::Integer(_) | Shape::Boolean, Content::Bytes(bytes)) => {
                    for number in wire::packed(bytes) {
                        items.push(value(Content::Varint(number?), &list.item, within, field.at)?);
                    }
                }
                (item, content) => items.push(value(content, item, within, field.at)?),
            }
        }
        (Shape::Map(map), Content::Bytes(bytes)) => {
            let (mut key, mut found) = (String::new(), None);
            for entry in Fields::of(bytes) {
                match entry? {
                    (1, Content::Bytes(bytes)) => key = text(bytes, within)?,
                    (2, content) => found = Some(value(content, &map.value, within, field.at)?),
                    _ => return Err(wrong()),
                }
            }
            let entries = object.entry(&*field.name).or_insert_with(|| json!({}));
            let Value::Object(entries) = entries else { return Err(wrong()) };
            entries.insert(key, found.unwrap_or_else(|| json!("")));
        }
        (shape, content) => {
            let value = value(content, shape, within, field.at)?;
            if field.is_pointer || !is_empty(&value) {
                object.insert(field.name.to_string(), value);
            }
        }
    }
    Ok(())
}

/// What Go leaves out of JSON: the zero of a type.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn value(content: Content<'_>, shape: &Shape, within: &str, number: u32) -> Result<Value, ProtobufError> {
    Ok(match (shape, content) {
        (Shape::Text, Content::Bytes(bytes)) => text(bytes, within)?.into(),
        (Shape::Boolean, Content::Varint(number)) => (number != 0).into(),
        // Negative numbers are written as those of 64 bits.
        (Shape::Integer(_), Content::Varint(number)) => number.cast_signed().into(),
        (Shape::Number, Content::Fixed64(bits)) => f64::from_bits(bits).into(),
        (Shape::Number, Content::Fixed32(bits)) => f64::from(f32::from_bits(bits)).into(),
        (Shape::Quantity, Content::Bytes(bytes)) => match single(bytes, 1)? {
            Some(Content::Bytes(bytes)) => text(bytes, within)?.into(),
            _ => json!("0"),
        },
        (Shape::IntegerOrText, Content::Bytes(bytes)) => {
            let is_text = matches!(single(bytes, 1)?, Some(Content::Varint(1)));
            match single(bytes, if is_text { 3 } else { 2 })? {
                Some(Content::Bytes(bytes)) => text(bytes, within)?.into(),
                Some(Content::Varint(number)) => number.cast_signed().into(),
                _ if is_text => json!(""),
                _ => json!(0),
            }
        }
        (Shape::Time | Shape::MicroTime, Content::Bytes(bytes)) => {
            let part = |number| {
                Ok::<_, WireError>(match single(bytes, number)? {
                    Some(Content::Varint(part)) => Some(part.cast_signed()),
                    _ => None,
                })
            };
            match (part(1)?, part(2)?) {
                (None, None) => Value::Null,
                (seconds, nanos) => {
                    let (seconds, nanos) = (seconds.unwrap_or(0), nanos.unwrap_or(0));
                    let time = i32::try_from(nanos).ok().and_then(|nanos| Timestamp::new(seconds, nanos).ok());
                    let what = format!("{seconds} s and {nanos} ns is no time");
                    let time = time.ok_or_else(|| ProtobufError::Value { of: within.to_owned(), what })?;
                    match shape {
                        Shape::MicroTime => time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into(),
                        _ => time::seconds(time).into(),
                    }
                }
            }
        }
        // JSON within: fields' managers, and what controllers keep.
        (Shape::Any, Content::Bytes(bytes)) => match single(bytes, 1)? {
            Some(Content::Bytes([])) | None => Value::Null,
            Some(Content::Bytes(json)) => serde_json::from_slice(json)
                .map_err(|error| ProtobufError::Value { of: within.to_owned(), what: error.to_string() })?,
            Some(_) => return Err(no_field(within, number)),
        },
        (Shape::Object(of), Content::Bytes(bytes)) => {
            let numbers = numbers::of(&of.name).ok_or_else(|| no_field(within, number))?;
            let mut object = Map::new();
            message(bytes, numbers, of, &mut object)?;
            Value::Object(object)
        }
        _ => return Err(no_field(within, number)),
    })
}

/// The last field of that number in a message.
fn single(bytes: &[u8], wanted: u32) -> Result<Option<Content<'_>>, WireError> {
    let mut found = None;
    for field in Fields::of(bytes) {
        let (number, content) = field?;
        if number == wanted {
            found = Some(content);
        }
    }
    Ok(found)
}

fn text(bytes: &[u8], of: &str) -> Result<String, ProtobufError> {
    let text = String::from_utf8(bytes.to_vec());
    text.map_err(|error| ProtobufError::Value { of: of.to_owned(), what: error.to_string() })
}

fn no_field(of: &str, number: u32) -> ProtobufError {
    ProtobufError::Field { of: of.to_owned(), number }
}

#[cfg(test)]
mod tests;
