//! Reading an object by its type: what does not fit is refused, what is not known is left out and reported.

use serde_json::{Map, Value};

use super::{ObjectType, Quantity, Shape};

/// How many fields that are not known are reported.
const MAX_REPORTED: usize = 32;

/// What was left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The paths of fields that are not known.
    pub unknown: Vec<String>,
}

/// Brings an object into the form of its type: leaves out what is null and what is not known, and writes amounts in
/// their one form.
///
/// # Errors
/// What does not fit, in the words of Go's decoder.
pub fn decode(object: &mut Map<String, Value>, kind: &ObjectType) -> Result<Decoded, String> {
    let mut decoded = Decoded::default();
    let mut place = Place { fields: String::new(), exact: String::new() };
    decode_object(object, kind, &mut place, &mut decoded)?;
    Ok(decoded)
}

/// Where in the object: by names alone, as Go says it, and with indices.
struct Place {
    fields: String,
    exact: String,
}

impl Place {
    fn within<T>(&mut self, name: &str, then: impl FnOnce(&mut Self) -> T) -> T {
        let (fields, exact) = (self.fields.len(), self.exact.len());
        for path in [&mut self.fields, &mut self.exact] {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        let done = then(self);
        self.fields.truncate(fields);
        self.exact.truncate(exact);
        done
    }

    fn at<T>(&mut self, index: impl std::fmt::Display, then: impl FnOnce(&mut Self) -> T) -> T {
        let exact = self.exact.len();
        self.exact.extend(["[", &index.to_string(), "]"]);
        let done = then(self);
        self.exact.truncate(exact);
        done
    }
}

fn decode_object(
    object: &mut Map<String, Value>,
    kind: &ObjectType,
    place: &mut Place,
    decoded: &mut Decoded,
) -> Result<(), String> {
    let mut failed = None;
    object.retain(|name, value| {
        let Some(field) = kind.fields.get(name) else {
            if decoded.unknown.len() < MAX_REPORTED {
                place.within(name, |place| decoded.unknown.push(place.exact.clone()));
            }
            return false;
        };
        if value.is_null() || failed.is_some() {
            return false;
        }
        match place.within(name, |place| decode_value(value, &field.shape, &kind.name, place, decoded)) {
            Ok(()) => true,
            Err(error) => {
                failed = Some(error);
                false
            }
        }
    });
    failed.map_or(Ok(()), Err)
}

fn decode_value(
    value: &mut Value,
    shape: &Shape,
    within: &str,
    place: &mut Place,
    decoded: &mut Decoded,
) -> Result<(), String> {
    let fits = match (shape, &mut *value) {
        (Shape::Any, _)
        | (Shape::Text | Shape::IntegerOrText, Value::String(_))
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Number, Value::Number(_)) => true,
        (Shape::Integer(bits), Value::Number(number)) => {
            let fits = number.as_i64().is_some_and(|number| *bits == 64 || i32::try_from(number).is_ok());
            if !fits {
                let go = shape_name(shape);
                let path = &place.fields;
                return Err(format!(
                    "json: cannot unmarshal number {number} into Go struct field {within}.{path} of type {go}"
                ));
            }
            true
        }
        (Shape::IntegerOrText, Value::Number(number)) => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Shape::Quantity, Value::String(_) | Value::Number(_)) => {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            *value = Value::String(text.parse::<Quantity>().map_err(str::to_owned)?.to_string());
            return Ok(());
        }
        (Shape::Time | Shape::MicroTime, Value::String(text)) => return check_time(text),
        (Shape::Object(kind), Value::Object(object)) => return decode_object(object, kind, place, decoded),
        (Shape::Map(map), Value::Object(object)) => {
            for (key, value) in object.iter_mut() {
                if value.is_null() {
                    // Go's zero value: an empty text where texts are meant.
                    if matches!(map.value, Shape::Text) {
                        *value = Value::String(String::new());
                    }
                    continue;
                }
                place.at(key, |place| decode_value(value, &map.value, within, place, decoded))?;
            }
            object.retain(|_, value| !value.is_null());
            return Ok(());
        }
        (Shape::List(list), Value::Array(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                if item.is_null() {
                    *item = zero(&list.item);
                }
                place.at(index, |place| decode_value(item, &list.item, within, place, decoded))?;
            }
            return Ok(());
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let path = &place.fields;
    let go = shape_name(shape);
    Err(format!("json: cannot unmarshal {found} into Go struct field {within}.{path} of type {go}"))
}

/// What an item that is null means.
fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Text => Value::String(String::new()),
        Shape::Boolean => Value::Bool(false),
        Shape::Integer(_) | Shape::Number | Shape::IntegerOrText => Value::from(0),
        Shape::Quantity => Value::String("0".to_owned()),
        Shape::List(_) => Value::Array(Vec::new()),
        _ => Value::Object(Map::new()),
    }
}

fn check_time(text: &str) -> Result<(), String> {
    match text.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse it")),
    }
}

/// The name of a type in Go.
fn shape_name(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".to_owned(),
        Shape::Integer(bits) => format!("int{bits}"),
        Shape::Number => "float64".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::IntegerOrText => "intstr.IntOrString".to_owned(),
        Shape::Time | Shape::MicroTime => "time.Time".to_owned(),
        Shape::Any => "interface {}".to_owned(),
        Shape::Object(kind) => format!("{}.{}", kind.package, kind.name),
        Shape::Map(map) => format!("map[string]{}", shape_name(&map.value)),
        Shape::List(list) => format!("[]{}", shape_name(&list.item)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::Kind;

    fn read(kind: Kind, value: Value) -> (Value, Result<Decoded, String>) {
        let Value::Object(mut object) = value else { panic!("an object") };
        let decoded = decode(&mut object, super::super::of(kind));
        (Value::Object(object), decoded)
    }

    #[test]
    fn given_fields_that_are_not_known_when_read_then_they_are_left_out_and_reported_with_their_place() {
        let (object, decoded) = read(
            Kind::StatefulSet,
            json!({"spec": {"foo": 1, "replicas": 2, "template": {"spec": {"containers": [{"name": "a", "imagee": "b"}]}}}}),
        );
        let unknown = ["spec.foo", "spec.template.spec.containers[0].imagee"];
        assert_eq!(decoded.map(|decoded| decoded.unknown), Ok(unknown.map(str::to_owned).to_vec()));
        let expected = json!({"spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "a"}]}}}});
        assert_eq!(object, expected);
    }

    #[test]
    fn given_values_that_do_not_fit_when_read_then_the_error_is_the_one_of_go() {
        let table = [
            (
                json!({"spec": {"replicas": "two"}}),
                "json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32",
            ),
            (
                json!({"spec": {"replicas": 99_999_999_999_u64}}),
                "json: cannot unmarshal number 99999999999 into Go struct field StatefulSetSpec.spec.replicas of type int32",
            ),
            (
                json!({"metadata": {"labels": {"a": 1}}}),
                "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                json!({"spec": {"template": {"spec": {"containers": {}}}}}),
                "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
            ),
        ];
        for (object, expected) in table {
            assert_eq!(read(Kind::StatefulSet, object).1, Err(expected.to_owned()));
        }
    }

    #[test]
    fn given_amounts_nulls_and_times_when_read_then_they_take_their_one_form() {
        let (object, decoded) = read(
            Kind::Pod,
            json!({"metadata": {"creationTimestamp": null}, "spec": {"containers": [{"name": "a",
                "resources": {"limits": {"memory": "1024Mi", "cpu": 2}}}]}}),
        );
        assert_eq!(decoded, Ok(Decoded::default()));
        let limits = &object["spec"]["containers"][0]["resources"]["limits"];
        assert_eq!(limits, &json!({"memory": "1Gi", "cpu": "2"}));
        assert_eq!(object["metadata"], json!({}));
    }
}
