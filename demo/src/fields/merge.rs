//! Merging an applied intent into an object, and taking fields out of one.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::compare::is_leaf;
use super::items::{step_to, steps_to};
use super::set::path_text;
use super::{FieldSet, Step};
use crate::schema::{List, ObjectType, Shape};

/// The object with everything that the intent says.
///
/// # Errors
/// When items of the intent's lists cannot be told apart.
pub fn merge(
    live: &Map<String, Value>,
    intent: &Map<String, Value>,
    kind: &ObjectType,
) -> Result<Map<String, Value>, String> {
    merge_objects(live, intent, kind, &mut Vec::new())
}

fn merge_objects(
    live: &Map<String, Value>,
    intent: &Map<String, Value>,
    kind: &ObjectType,
    path: &mut Vec<Step>,
) -> Result<Map<String, Value>, String> {
    let mut merged = live.clone();
    for (name, value) in intent {
        let Some(field) = kind.fields.get(name) else { continue };
        path.push(Step::Field(name.clone()));
        let value = merge_values(live.get(name), value, &field.shape, field.granular, path)?;
        path.pop();
        merged.insert(name.clone(), value);
    }
    Ok(merged)
}

fn merge_values(
    live: Option<&Value>,
    intent: &Value,
    shape: &Shape,
    granular: bool,
    path: &mut Vec<Step>,
) -> Result<Value, String> {
    if is_leaf(shape, granular) {
        return Ok(intent.clone());
    }
    let nothing = Map::new();
    match (shape, intent) {
        (Shape::Object(kind), Value::Object(intent)) => {
            let live = live.and_then(Value::as_object).unwrap_or(&nothing);
            merge_objects(live, intent, kind, path).map(Value::Object)
        }
        (Shape::Map(map), Value::Object(intent)) => {
            let mut merged = live.and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, value) in intent {
                path.push(Step::Field(name.clone()));
                let value = merge_values(merged.get(name), value, &map.value, false, path)?;
                path.pop();
                merged.insert(name.clone(), value);
            }
            Ok(Value::Object(merged))
        }
        (Shape::List(list), Value::Array(intent)) => {
            let live = live.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            merge_lists(live, intent, list, path).map(Value::Array)
        }
        _ => Ok(intent.clone()),
    }
}

/// Items that both have stand in the order of the intent; the others of the live list keep their place among them.
fn merge_lists(live: &[Value], intent: &[Value], list: &List, path: &mut Vec<Step>) -> Result<Vec<Value>, String> {
    let mut wanted: Vec<(Step, &Value)> = Vec::with_capacity(intent.len());
    for (index, item) in intent.iter().enumerate() {
        let step = step_to(list.kind, index, item).map_err(|error| format!("{}: {error}", path_text(path)))?;
        if wanted.iter().any(|(known, _)| *known == step) {
            let key = path_text(std::slice::from_ref(&step));
            return Err(format!("{}: duplicate entries for key {key}", path_text(path)));
        }
        wanted.push((step, item));
    }
    let known = steps_to(list.kind, live);
    let is_wanted = |step: &Step| wanted.iter().any(|(wanted, _)| wanted == step);
    let mut merged = Vec::with_capacity(live.len().max(intent.len()));
    let mut done: BTreeSet<&Step> = BTreeSet::new();
    let mut next_live = known.iter().peekable();
    for (step, item) in &wanted {
        // What the live list has before this item, and nobody wants elsewhere, stays before it.
        let before = known.iter().position(|(live, _)| live == step);
        if let Some(before) = before {
            while let Some((live, value)) = next_live
                .next_if(|(live, _)| known.iter().position(|(other, _)| other == live).is_some_and(|at| at < before))
            {
                if !is_wanted(live) && done.insert(live) {
                    merged.push((*value).clone());
                }
            }
        }
        path.push(step.clone());
        let live = before.and_then(|at| known.get(at)).map(|(_, value)| *value);
        merged.push(merge_values(live, item, &list.item, false, path)?);
        path.pop();
        done.insert(step);
    }
    for (step, value) in &known {
        if !is_wanted(step) && done.insert(step) {
            merged.push((*value).clone());
        }
    }
    Ok(merged)
}

/// The object without these fields.
pub fn without(object: &Map<String, Value>, fields: &FieldSet, kind: &ObjectType) -> Map<String, Value> {
    let mut rest = Map::new();
    for (name, value) in object {
        let step = Step::Field(name.clone());
        if fields.has(&step) {
            continue;
        }
        let field = kind.fields.get(name);
        let value = match (fields.below(&step), field) {
            (Some(below), Some(field)) => value_without(value, below, &field.shape, field.granular),
            _ => Some(value.clone()),
        };
        rest.extend(value.map(|value| (name.clone(), value)));
    }
    rest
}

fn value_without(value: &Value, fields: &FieldSet, shape: &Shape, granular: bool) -> Option<Value> {
    if is_leaf(shape, granular) {
        return Some(value.clone());
    }
    match (shape, value) {
        (Shape::Object(kind), Value::Object(object)) => {
            let rest = without(object, fields, kind);
            (!rest.is_empty()).then_some(Value::Object(rest))
        }
        (Shape::Map(map), Value::Object(object)) => {
            let mut rest = Map::new();
            for (name, value) in object {
                let step = Step::Field(name.clone());
                if fields.has(&step) {
                    continue;
                }
                let value = match fields.below(&step) {
                    Some(below) => value_without(value, below, &map.value, false),
                    None => Some(value.clone()),
                };
                rest.extend(value.map(|value| (name.clone(), value)));
            }
            (!rest.is_empty()).then_some(Value::Object(rest))
        }
        (Shape::List(list), Value::Array(items)) => {
            let rest: Vec<Value> = steps_to(list.kind, items)
                .into_iter()
                .filter(|(step, _)| !fields.has(step))
                .filter_map(|(step, item)| match fields.below(&step) {
                    Some(below) => value_without(item, below, &list.item, false),
                    None => Some(item.clone()),
                })
                .collect();
            (!rest.is_empty()).then_some(Value::Array(rest))
        }
        _ => Some(value.clone()),
    }
}
