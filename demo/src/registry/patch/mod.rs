//! Patches: four ways to say what should change.

mod strategic;

use serde_json::{Map, Value};

use super::update::Change;
use super::{
    Live, Registry, WriteOptions, Written, metadata_of, metadata_text, part_of, scale_of, take_managed, with_scale,
};
use crate::failure::{Failure, FieldError};
use crate::fields::{ApplyError, Managers, Operation, apply};
use crate::kinds::{Served, Subresource};
use crate::schema;
use crate::store::Key;

/// How a patch says what should change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// A list of operations (RFC 6902).
    Json,
    /// Fields to set; null removes one (RFC 7386).
    Merge,
    /// The same, but lists are merged by the keys of their items.
    Strategic,
    /// All that the writer wants of the object; what it wanted before and does not any more goes.
    Apply {
        /// Whether it takes over what others manage.
        force: bool,
    },
}

/// The most operations of a JSON patch.
const MAX_OPERATIONS: usize = 10_000;

/// The annotation in which `kubectl apply` keeps what it applied last.
use crate::fields::LAST_APPLIED;

impl Registry {
    /// Changes an object by a patch. Applying makes the object when there is none.
    ///
    /// # Errors
    /// When the patch cannot be understood, the object does not exist, or is not valid then.
    pub fn patch(
        &self,
        served: &Served,
        key: &Key,
        subresource: Option<Subresource>,
        kind: PatchKind,
        patch: Value,
        options: &WriteOptions,
    ) -> Result<Written, Failure> {
        if let PatchKind::Apply { force } = kind {
            return self.apply(served, key, subresource, patch, force, options);
        }
        self.change(served, key, subresource, options, |live| {
            let scaled = subresource == Some(Subresource::Scale);
            let before = if scaled { scale_value(&live) } else { live.whole() };
            let after = match kind {
                PatchKind::Json => json_patch(before, &patch)?,
                PatchKind::Merge => merge_patch(before, &patch)?,
                _ => {
                    let kind =
                        if scaled { schema::of_message("autoscaling", "v1", "Scale") } else { schema::of(served.kind) };
                    strategic::patch(before, &patch, kind)?
                }
            };
            let mut after = if scaled {
                let version = metadata_text(&after, "resourceVersion").to_owned();
                let mut whole = with_scale(live.whole(), &Value::Object(after))?;
                if let Some(metadata) = metadata_of(&mut whole) {
                    metadata.insert("resourceVersion".to_owned(), Value::from(version));
                }
                whole
            } else {
                after
            };
            let live = with_managed(live, &mut after)?;
            let whole = Value::Object(after.clone());
            let decoded = super::decode(served, &mut after, options.validation);
            let warnings = decoded.map_err(|failure| about_patch(kind, &whole, failure))?;
            forget_version(&live, &mut after);
            Ok((live, Change::Written(after), warnings))
        })
    }

    fn apply(
        &self,
        served: &Served,
        key: &Key,
        subresource: Option<Subresource>,
        intent: Value,
        force: bool,
        options: &WriteOptions,
    ) -> Result<Written, Failure> {
        let Value::Object(mut intent) = intent else {
            return Err(Failure::bad_request("an intent must be an object"));
        };
        let scaled = subresource == Some(Subresource::Scale);
        let (name, version) = (metadata_text(&intent, "name"), intent.get("apiVersion").and_then(Value::as_str));
        let expected = if scaled { "autoscaling/v1".to_owned() } else { served.api_version() };
        if version != Some(expected.as_str()) {
            let version = version.unwrap_or_default();
            let message = format!(
                "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {expected}"
            );
            return Err(Failure::bad_request(message));
        }
        if !name.is_empty() && name != key.name() {
            let message = format!("metadata.name {name:?} does not match the name on the URL ({})", key.name());
            return Err(Failure::bad_request(message));
        }
        if intent.get("metadata").is_some_and(|metadata| metadata.get("managedFields").is_some_and(|it| !it.is_null()))
        {
            return Err(Failure::bad_request("metadata.managedFields must be nil"));
        }
        if options.manager.is_empty() {
            let error = FieldError::required("fieldManager", "is required for apply patch");
            return Err(Failure::invalid_kind("meta.k8s.io", "PatchOptions", "", vec![error]));
        }
        if let Some(metadata) = metadata_of(&mut intent) {
            metadata.entry("name").or_insert_with(|| Value::from(key.name()));
        }
        if scaled {
            let replicas = with_scale(Map::new(), &Value::Object(intent.clone()))?;
            let mut whole = serde_json::json!({"apiVersion": served.api_version(), "kind": served.name});
            whole["metadata"] = serde_json::json!({"name": key.name()});
            whole["spec"] = Value::Object(replicas).get("spec").cloned().unwrap_or_default();
            if let Value::Object(whole) = whole {
                intent = whole;
            }
        }
        let said = intent.clone();
        let warnings = super::decode(served, &mut intent, options.validation)?;
        let who = super::manager(options, served.kind, subresource, Operation::Apply);
        let part = part_of(served, subresource);
        let applied = |live: &Map<String, Value>, managers: &Managers| {
            apply(live, managers, &intent, &who, schema::of(served.kind), part, force).map_err(|error| match error {
                ApplyError::Invalid(message) => {
                    Failure::internal(format!("failed to create typed patch object ({key}): {message}"))
                }
                ApplyError::Conflicts { message, causes } => Failure::apply_conflict(message, causes),
            })
        };
        if self.store.get(served.kind, key).is_none() {
            if subresource.is_some() {
                return Err(Failure::not_found(served, key.name()));
            }
            let uid = metadata_text(&intent, "uid");
            if !uid.is_empty() {
                return Err(Failure::conflict(
                    served,
                    key.name(),
                    "uid mismatch: the provided object specified a UID, and no existing object was found",
                ));
            }
            let new = applied(&Map::new(), &Managers::default())?;
            return self.create_decoded(served, key.namespace(), new.object, &new.managers, options, warnings);
        }
        self.change(served, key, subresource, options, |live| {
            let mut new = applied(&live.value, &live.managers)?;
            if options.manager == "kubectl" && subresource.is_none() {
                renew_annotation(&mut new.object, &said);
            }
            // A version that the intent names is meant; the live one is not.
            let version = metadata_text(&intent, "resourceVersion").to_owned();
            if let Some(metadata) = metadata_of(&mut new.object) {
                metadata.insert("resourceVersion".to_owned(), Value::from(version));
            }
            Ok((live, Change::Applied(new.object, new.managers), warnings.clone()))
        })
    }
}

/// What `kubectl apply` keeps of what it applied last follows what `kubectl apply --server-side` applies.
fn renew_annotation(object: &mut Map<String, Value>, said: &Map<String, Value>) {
    let annotations = metadata_of(object).and_then(|metadata| metadata.get_mut("annotations")?.as_object_mut());
    if let Some(known) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        let text = serde_json::to_string(said).unwrap_or_default(); // a JSON object can be written
        *known = Value::from(format!("{text}\n"));
    }
}

fn scale_value(live: &Live) -> Map<String, Value> {
    match scale_of(&live.object) {
        Value::Object(scale) => scale,
        _ => Map::new(),
    }
}

/// The managed fields as the patch left them.
fn with_managed(mut live: Live, after: &mut Map<String, Value>) -> Result<Live, Failure> {
    let managed = take_managed(after)?.unwrap_or_default();
    if !managed.same_but_times(&live.managers) {
        live.managers = managed;
    }
    Ok(live)
}

/// The version that the object had before the patch is not one that the patch insists on.
fn forget_version(live: &Live, after: &mut Map<String, Value>) {
    let own = live.object.revision.to_string();
    if let Some(metadata) = metadata_of(after)
        && metadata.get("resourceVersion").and_then(Value::as_str) == Some(own.as_str())
    {
        metadata.remove("resourceVersion");
    }
}

fn json_patch(before: Map<String, Value>, patch: &Value) -> Result<Map<String, Value>, Failure> {
    if patch.as_array().is_some_and(|operations| operations.len() > MAX_OPERATIONS) {
        let message = format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}");
        return Err(Failure::too_large(MAX_OPERATIONS).with_message(message));
    }
    let patch: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
    let mut value = Value::Object(before);
    json_patch::patch(&mut value, &patch)
        .map_err(|_| Failure::unprocessable("the server rejected our request due to an error in our request"))?;
    object_of(value)
}

/// A patch that does not leave an object of its kind is told as something that is wrong with the patch.
fn about_patch(kind: PatchKind, after: &Value, failure: Failure) -> Failure {
    match failure.message.find("json: ") {
        Some(at) if matches!(kind, PatchKind::Json | PatchKind::Merge) => {
            let error = FieldError::invalid("patch", after.to_string(), &failure.message[at..]);
            Failure::invalid_kind("", "", "", vec![error])
        }
        _ => failure,
    }
}

fn merge_patch(before: Map<String, Value>, patch: &Value) -> Result<Map<String, Value>, Failure> {
    if !patch.is_object() {
        return Err(Failure::bad_request("error decoding patch: a merge patch must be an object"));
    }
    let mut value = Value::Object(before);
    json_patch::merge(&mut value, patch);
    object_of(value)
}

fn object_of(value: Value) -> Result<Map<String, Value>, Failure> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Failure::bad_request("the patch does not leave an object")),
    }
}
