//! Server-side apply: a manager says all that it wants of an object, and owns exactly that.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use serde_json::{Map, Value};

use super::set::path_text;
use super::track::manageable;
use super::{FieldSet, Manager, Managers, Part, compare, fields_of, merge, without};
use crate::schema::{ObjectType, Shape};

/// What an object becomes.
#[derive(Debug)]
pub struct Applied {
    /// The object.
    pub object: Map<String, Value>,
    /// Who manages what in it.
    pub managers: Managers,
}

/// Why an intent cannot be applied.
#[derive(Debug)]
pub enum ApplyError {
    /// It cannot be understood.
    Invalid(String),
    /// Others manage fields with other values.
    Conflicts {
        /// All of it, for people.
        message: String,
        /// One by one.
        causes: Vec<StatusCause>,
    },
}

/// The annotation in which `kubectl apply` keeps what it applied last.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Applies what a manager wants. Unless it is `forced`, fields that others manage must have the values that it wants.
///
/// # Errors
/// When the intent cannot be understood, or others are in the way.
pub fn apply(
    live: &Map<String, Value>,
    managers: &Managers,
    intent: &Map<String, Value>,
    who: &Manager,
    kind: &std::sync::Arc<ObjectType>,
    part: Part,
    forced: bool,
) -> Result<Applied, ApplyError> {
    let merged = merge(live, intent, kind).map_err(ApplyError::Invalid)?;
    let mut managers = managers.clone();
    let last = match managers.0.iter().position(|manager| manager.is(who)) {
        Some(at) => managers.0.remove(at).fields,
        None => FieldSet::default(),
    };
    let wanted = part.of(fields_of(intent, kind));
    let object = prune(&merged, &last, &wanted, &managers, kind);

    let comparison = compare(live, &object, kind);
    let written = part.of(comparison.modified.union(&comparison.added));
    let removed = part.of(comparison.removed);
    let conflicts: Vec<(String, FieldSet)> = managers
        .0
        .iter()
        .map(|manager| (manager.title(), manager.fields.clone().intersection(&written)))
        .filter(|(_, fields)| !fields.is_empty())
        .collect();
    if !forced && !conflicts.is_empty() && !kubectl_may(who, live, &conflicts, kind) {
        return Err(conflict(&conflicts));
    }
    for manager in &mut managers.0 {
        manager.fields = std::mem::take(&mut manager.fields).difference(&written).difference(&removed);
    }
    managers.0.retain(|manager| !manager.fields.is_empty());
    let fields = manageable(wanted);
    if !fields.is_empty() {
        managers.0.push(Manager { fields, ..who.clone() });
    }
    Ok(Applied { object, managers })
}

/// Takes out what the manager wanted last time and does not want any more, unless somebody else manages it.
fn prune(
    merged: &Map<String, Value>,
    last: &FieldSet,
    wanted: &FieldSet,
    others: &Managers,
    kind: &std::sync::Arc<ObjectType>,
) -> Map<String, Value> {
    if last.is_empty() {
        return merged.clone();
    }
    let root = Shape::Object(std::sync::Arc::clone(kind));
    let named = |set: FieldSet| set.with_named_fields(&root);
    let pruned = without(merged, &named(last.clone()), kind);
    let all = named(fields_of(merged, kind));
    // What somebody manages comes back.
    let managed = others.0.iter().fold(wanted.clone(), |all, manager| all.union(&manager.fields));
    let kept = named(fields_of(&pruned, kind)).union(&named(managed));
    let pruned = without(merged, &all.clone().difference(&kept), kind);
    // And so does what was below something that the manager had, without being its own.
    let kept = named(fields_of(&pruned, kind));
    let gone = all.difference(&kept).intersection(&named(last.clone()));
    without(merged, &gone, kind)
}

/// `kubectl apply --server-side` may take over what `kubectl apply` set before and nobody changed since.
fn kubectl_may(who: &Manager, live: &Map<String, Value>, conflicts: &[(String, FieldSet)], kind: &ObjectType) -> bool {
    if who.name != "kubectl" {
        return false;
    }
    let annotation = live.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(LAST_APPLIED)?.as_str());
    let Some(last) = annotation.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()) else {
        return false;
    };
    let comparison = compare(&last, live, kind);
    let unchanged = fields_of(&last, kind)
        .difference(&comparison.modified)
        .difference(&comparison.added)
        .difference(&comparison.removed);
    conflicts.iter().all(|(_, fields)| fields.clone().difference(&unchanged).is_empty())
}

fn conflict(conflicts: &[(String, FieldSet)]) -> ApplyError {
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    for (title, fields) in conflicts {
        lines.push(format!("conflicts with {title}:"));
        for path in fields.paths() {
            let path = path_text(&path);
            lines.push(format!("- {path}"));
            causes.push(StatusCause {
                reason: Some("FieldManagerConflict".to_owned()),
                message: Some(format!("conflict with {title}")),
                field: Some(path),
            });
        }
    }
    let message = match (&causes[..], conflicts) {
        ([only], [(title, _), ..]) => {
            let field = only.field.clone().unwrap_or_default();
            format!("Apply failed with 1 conflict: conflict with {title}: {field}")
        }
        _ => format!("Apply failed with {} conflicts: {}", causes.len(), lines.join("\n")),
    };
    ApplyError::Conflicts { message, causes }
}
