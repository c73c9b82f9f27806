//! Strategic merge patches: fields are merged, lists by the keys of their items, and directives say the rest.

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::schema::{List, ObjectType, PatchKey, Shape};

/// What is done with the object that it stands in: `replace`, `delete` or `merge`.
const DIRECTIVE: &str = "$patch";

/// Which fields an object keeps.
const RETAIN: &str = "$retainKeys";

/// Which texts go from a list.
const DELETE: &str = "$deleteFromPrimitiveList/";

/// In which order the items of a list stand.
const ORDER: &str = "$setElementOrder/";

/// An object, changed by a patch.
pub(super) fn patch(
    mut before: Map<String, Value>,
    patch: &Value,
    kind: &ObjectType,
) -> Result<Map<String, Value>, Failure> {
    let Value::Object(patch) = patch else {
        return Err(Failure::bad_request("error decoding patch: a strategic merge patch must be an object"));
    };
    merge_object(&mut before, patch, Known::Fields(kind))?;
    Ok(before)
}

/// What is known of the fields of an object.
#[derive(Clone, Copy)]
enum Known<'a> {
    /// Each has its shape.
    Fields(&'a ObjectType),
    /// All have one shape.
    Values(&'a Shape),
    /// Nothing.
    Nothing,
}

impl<'a> Known<'a> {
    fn of(shape: Option<&'a Shape>) -> Self {
        match shape {
            Some(Shape::Object(kind)) => Self::Fields(kind),
            Some(Shape::Map(map)) => Self::Values(&map.value),
            _ => Self::Nothing,
        }
    }

    fn shape(self, name: &str) -> Option<&'a Shape> {
        match self {
            Self::Fields(kind) => kind.fields.get(name).map(|field| &field.shape),
            Self::Values(shape) => Some(shape),
            Self::Nothing => None,
        }
    }
}

fn merge_object(object: &mut Map<String, Value>, patch: &Map<String, Value>, known: Known<'_>) -> Result<(), Failure> {
    match patch.get(DIRECTIVE).map(Value::as_str) {
        None | Some(Some("merge")) => {}
        Some(Some("replace")) => {
            *object = plain(patch);
            return Ok(());
        }
        Some(Some("delete")) => {
            object.clear();
            return Ok(());
        }
        Some(_) => {
            let given = patch.get(DIRECTIVE).map(ToString::to_string).unwrap_or_default();
            return Err(Failure::bad_request(format!("Unknown patch type {given}")));
        }
    }
    for (name, gone) in patch.iter().filter_map(|(name, value)| Some((name.strip_prefix(DELETE)?, value))) {
        if let (Some(Value::Array(items)), Some(gone)) = (object.get_mut(name), gone.as_array()) {
            items.retain(|item| !gone.contains(item));
        }
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        if value.is_null() {
            object.remove(name);
            continue;
        }
        let shape = known.shape(name);
        match (value, shape) {
            (Value::Object(patch), shape) => {
                let below = object.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
                if !below.is_object() {
                    *below = Value::Object(Map::new());
                }
                if let Some(below) = below.as_object_mut() {
                    merge_object(below, patch, Known::of(shape))?;
                }
            }
            (Value::Array(patch), Some(Shape::List(list))) if list.patch.is_some() => {
                let below = object.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                if !below.is_array() {
                    *below = Value::Array(Vec::new());
                }
                if let (Some(items), Some(key)) = (below.as_array_mut(), list.patch) {
                    merge_list(items, patch, list, key)?;
                }
            }
            (value, _) => drop(object.insert(name.clone(), value.clone())),
        }
    }
    for (name, order) in patch.iter().filter_map(|(name, value)| Some((name.strip_prefix(ORDER)?, value))) {
        let Some(Shape::List(list)) = known.shape(name) else { continue };
        if let (Some(Value::Array(items)), Some(order), Some(key)) =
            (object.get_mut(name), order.as_array(), list.patch)
        {
            reorder(items, order, key);
        }
    }
    if let Some(kept) = patch.get(RETAIN).and_then(Value::as_array) {
        object.retain(|name, _| kept.iter().any(|kept| kept == name));
    }
    Ok(())
}

fn merge_list(items: &mut Vec<Value>, patch: &[Value], list: &List, key: PatchKey) -> Result<(), Failure> {
    let Some(key) = key.key else {
        for item in patch {
            if !items.contains(item) {
                items.push(item.clone());
            }
        }
        return Ok(());
    };
    if patch.iter().any(|item| item.get(DIRECTIVE).and_then(Value::as_str) == Some("replace")) {
        let others = patch.iter().filter(|item| item.get(DIRECTIVE).is_none());
        *items = others.filter_map(Value::as_object).map(|item| Value::Object(plain(item))).collect();
        return Ok(());
    }
    for item in patch {
        let Some(change) = item.as_object() else {
            return Err(Failure::bad_request(format!("an item of a list that is merged by {key:?} must be an object")));
        };
        let Some(value) = change.get(key) else {
            let message = format!("map: {item} does not contain declared merge key: {key}");
            return Err(Failure::bad_request(message));
        };
        let found = items.iter().position(|known| known.get(key) == Some(value));
        match (change.get(DIRECTIVE).and_then(Value::as_str), found) {
            (Some("delete"), _) => items.retain(|known| known.get(key) != Some(value)),
            (_, found) => {
                let at = found.unwrap_or_else(|| {
                    items.push(Value::Object(Map::new()));
                    items.len() - 1
                });
                if let Some(known) = items[at].as_object_mut() {
                    merge_object(known, change, Known::of(Some(&list.item)))?;
                }
            }
        }
    }
    Ok(())
}

/// Brings the items that the order names into that order; the others keep their place behind the one they stood behind.
fn reorder(items: &mut Vec<Value>, order: &[Value], key: PatchKey) {
    let identity = |item: &Value| match key.key {
        Some(key) => item.get(key).cloned().unwrap_or_default(),
        None => item.clone(),
    };
    let rank = |item: &Value| order.iter().position(|named| identity(named) == identity(item));
    let mut named: Vec<(usize, Value)> = Vec::new();
    let mut others: Vec<(Option<Value>, Value)> = Vec::new();
    let mut behind = None;
    for item in items.drain(..) {
        match rank(&item) {
            Some(rank) => {
                behind = Some(identity(&item));
                named.push((rank, item));
            }
            None => others.push((behind.clone(), item)),
        }
    }
    named.sort_by_key(|(rank, _)| *rank);
    let mut put = |behind: Option<&Value>, items: &mut Vec<Value>| {
        others.retain(|(place, item)| {
            let here = place.as_ref() == behind;
            if here {
                items.push(item.clone());
            }
            !here
        });
    };
    put(None, items);
    for (_, item) in named {
        let own = identity(&item);
        items.push(item);
        put(Some(&own), items);
    }
}

/// An object of a patch without its directives and without what is null.
fn plain(patch: &Map<String, Value>) -> Map<String, Value> {
    let kept = patch.iter().filter(|(name, value)| !name.starts_with('$') && !value.is_null());
    let plain_value = |value: &Value| match value {
        Value::Object(object) => Value::Object(plain(object)),
        other => other.clone(),
    };
    kept.map(|(name, value)| (name.clone(), plain_value(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::Kind;
    use crate::schema;

    fn patched(before: Value, change: &Value) -> Value {
        let Value::Object(before) = before else { panic!("an object") };
        Value::Object(patch(before, change, schema::of(Kind::Pod)).expect("a good patch"))
    }

    #[test]
    fn given_lists_with_keys_when_patched_then_items_are_merged_added_and_removed() {
        let before = json!({"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}});
        let change = json!({"spec": {"containers": [{"name": "b", "image": "2"}, {"name": "c", "image": "3"}, {"name": "a", "$patch": "delete"}]}});
        let after = json!({"spec": {"containers": [{"name": "b", "image": "2"}, {"name": "c", "image": "3"}]}});
        assert_eq!(patched(before, &change), after);
    }

    #[test]
    fn given_directives_when_patched_then_they_are_followed_and_not_kept() {
        let before = json!({"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x/1", "x/2"]},
            "spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "a"}, {"name": "b"}]}});
        let change = json!({
            "metadata": {"labels": {"$patch": "replace", "c": "3"}, "$deleteFromPrimitiveList/finalizers": ["x/1"], "finalizers": ["x/3"]},
            "spec": {
                "volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/"}}],
                "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            },
        });
        let after = json!({"metadata": {"labels": {"c": "3"}, "finalizers": ["x/2", "x/3"]},
            "spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}], "containers": [{"name": "b"}, {"name": "a"}]}});
        assert_eq!(patched(before, &change), after);
    }

    #[test]
    fn given_an_item_without_its_key_when_patched_then_it_is_refused() {
        let Value::Object(before) = json!({"spec": {}}) else { panic!("an object") };
        let error = patch(before, &json!({"spec": {"containers": [{"image": "x"}]}}), schema::of(Kind::Pod));
        assert!(error.unwrap_err().message.contains("does not contain declared merge key: name"));
    }
}
