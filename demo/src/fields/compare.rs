//! What differs between two versions of an object, and which fields one has.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::items::{is_nothing, steps_to};
use super::{FieldSet, Step};
use crate::schema::{ListKind, ObjectType, Shape};

/// What differs between two versions of an object.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The fields that only the later one has.
    pub added: FieldSet,
    /// The fields that have another value.
    pub modified: FieldSet,
    /// The fields that only the earlier one has.
    pub removed: FieldSet,
}

/// Compares two versions of an object.
pub fn compare(old: &Map<String, Value>, new: &Map<String, Value>, kind: &ObjectType) -> Comparison {
    let mut comparison = Comparison::default();
    compare_objects(Some(old), Some(new), kind, &mut Vec::new(), &mut comparison);
    comparison
}

fn compare_objects(
    old: Option<&Map<String, Value>>,
    new: Option<&Map<String, Value>>,
    kind: &ObjectType,
    path: &mut Vec<Step>,
    found: &mut Comparison,
) {
    each_key(old, new, |name, old, new| {
        let Some(field) = kind.fields.get(name) else { return };
        path.push(Step::Field(name.clone()));
        compare_values(old, new, &field.shape, field.granular, path, found);
        path.pop();
    });
}

/// Goes through the keys of both.
fn each_key<'a>(
    old: Option<&'a Map<String, Value>>,
    new: Option<&'a Map<String, Value>>,
    mut then: impl FnMut(&String, Option<&'a Value>, Option<&'a Value>),
) {
    for (name, value) in old.into_iter().flatten() {
        then(name, Some(value), new.and_then(|new| new.get(name)));
    }
    for (name, value) in new.into_iter().flatten() {
        if old.is_none_or(|old| !old.contains_key(name)) {
            then(name, None, Some(value));
        }
    }
}

fn compare_values(
    old: Option<&Value>,
    new: Option<&Value>,
    shape: &Shape,
    granular: bool,
    path: &mut Vec<Step>,
    found: &mut Comparison,
) {
    if is_leaf(shape, granular) || (is_nothing(old) && is_nothing(new)) {
        match (old, new) {
            (None, _) => found.added.insert(path),
            (_, None) => found.removed.insert(path),
            (Some(old), Some(new)) if old != new => found.modified.insert(path),
            _ => {}
        }
        return;
    }
    match shape {
        Shape::Object(kind) => {
            compare_objects(old.and_then(Value::as_object), new.and_then(Value::as_object), kind, path, found);
        }
        Shape::Map(map) => {
            let (old, new) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            each_key(old, new, |name, old, new| {
                path.push(Step::Field(name.clone()));
                compare_values(old, new, &map.value, false, path, found);
                path.pop();
            });
        }
        Shape::List(list) => {
            let items = |value: Option<&Value>| -> Vec<(Step, Value)> {
                let items = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                steps_to(list.kind, items).into_iter().map(|(step, item)| (step, item.clone())).collect()
            };
            let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) =
                (items(old).into_iter().collect(), items(new).into_iter().collect());
            for (step, item) in &old {
                path.push(step.clone());
                compare_values(Some(item), new.get(step), &list.item, false, path, found);
                path.pop();
            }
            for (step, item) in new.iter().filter(|(step, _)| !old.contains_key(step)) {
                path.push(step.clone());
                compare_values(None, Some(item), &list.item, false, path, found);
                path.pop();
            }
        }
        _ => {}
    }
    match (old, new) {
        (None, _) => found.added.insert(path),
        (_, None) => found.removed.insert(path),
        _ => {}
    }
}

/// Whether a value has an owner as a whole.
pub(super) fn is_leaf(shape: &Shape, granular: bool) -> bool {
    match shape {
        Shape::Object(kind) => kind.atomic && !granular,
        Shape::Map(map) => map.atomic,
        Shape::List(list) => list.kind == ListKind::Atomic,
        _ => true,
    }
}

/// The fields that an object has.
pub fn fields_of(object: &Map<String, Value>, kind: &ObjectType) -> FieldSet {
    let mut set = FieldSet::default();
    object_fields(object, kind, &mut Vec::new(), &mut set);
    set
}

fn object_fields(object: &Map<String, Value>, kind: &ObjectType, path: &mut Vec<Step>, set: &mut FieldSet) {
    for (name, value) in object {
        let Some(field) = kind.fields.get(name) else { continue };
        path.push(Step::Field(name.clone()));
        value_fields(value, &field.shape, field.granular, path, set);
        if value.is_null() || value.as_object().is_some_and(Map::is_empty) {
            set.insert(path);
        }
        path.pop();
    }
}

fn value_fields(value: &Value, shape: &Shape, granular: bool, path: &mut Vec<Step>, set: &mut FieldSet) {
    if is_leaf(shape, granular) {
        set.insert(path);
        return;
    }
    match (shape, value) {
        (Shape::Object(kind), Value::Object(object)) => object_fields(object, kind, path, set),
        (Shape::Map(map), Value::Object(object)) => {
            for (name, value) in object {
                path.push(Step::Field(name.clone()));
                value_fields(value, &map.value, false, path, set);
                set.insert(path);
                path.pop();
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for (step, item) in steps_to(list.kind, items) {
                path.push(step);
                value_fields(item, &list.item, false, path, set);
                set.insert(path);
                path.pop();
            }
        }
        _ => {}
    }
}
