//! Finding the items of lists that have keys.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Step;
use crate::schema::ListKind;

/// How an item of a list is found.
///
/// # Errors
/// When it lacks a field of its key.
pub(super) fn step_to(kind: ListKind, index: usize, item: &Value) -> Result<Step, String> {
    match kind {
        ListKind::Atomic => Ok(Step::Index(index)),
        ListKind::Set => Ok(Step::Value(item.to_string())),
        ListKind::Map(keys) => {
            let mut found = BTreeMap::new();
            for key in keys {
                match item.get(key) {
                    Some(value) => drop(found.insert(*key, value.clone())),
                    // The only part of a key that has a default.
                    None if *key == "protocol" => drop(found.insert(*key, Value::from("TCP"))),
                    None if keys.len() > 1 => {}
                    None => {
                        return Err(format!(
                            "element {index}: associative list with keys has an element that omits key field {key:?} \
                             (and doesn't have default value)"
                        ));
                    }
                }
            }
            if found.is_empty() {
                return Err(format!("element {index}: associative list with keys may not have non-map elements"));
            }
            serde_json::to_string(&found).map(Step::Key).map_err(|error| error.to_string())
        }
    }
}

/// The items of a list with the steps that lead to them. An item whose step leads to another one already stands with
/// its place instead, and so does one without a key.
pub(super) fn steps_to(kind: ListKind, items: &[Value]) -> Vec<(Step, &Value)> {
    let mut steps: Vec<(Step, &Value)> = Vec::with_capacity(items.len());
    let mut known = std::collections::BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let step = step_to(kind, index, item).ok().filter(|step| known.insert(step.clone()));
        steps.push((step.unwrap_or(Step::Index(index)), item));
    }
    steps
}

/// Whether a value has nothing in it.
pub(super) fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    }
}
