//! Changing objects.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Api, Call, Objects, events, json as json_answer, media, raw, written};
use crate::controllers::disrupt;
use crate::failure::Failure;
use crate::kinds::Subresource;
use crate::registry::{Client, DeleteOptions, Deleted, PatchKind, Propagation, scale_of, with_scale};
use crate::store::Key;

/// Creates an object.
///
/// # Errors
/// When it is not valid, or there is one of its name.
pub(super) fn create(api: &Api, objects: &Objects, call: &Call) -> Result<Response, Failure> {
    if objects.served.kind.is_namespaced() && objects.namespace.is_none() {
        return Err(Failure::method_not_allowed());
    }
    media::form(&call.headers)?;
    let options = call.query.write_options("CreateOptions", call.agent())?;
    let object = read(objects, call)?;
    let done = api.registry.create(objects.served, objects.home(), object, &options)?;
    Ok(written(objects, done, StatusCode::CREATED))
}

/// Reads the object that was sent; it must be of the kind that the path names.
fn read(objects: &Objects, call: &Call) -> Result<Map<String, Value>, Failure> {
    let mut object = media::object(&call.headers, &call.body)?;
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, version) = (text("kind"), text("apiVersion"));
    let served = objects.served;
    if !kind.is_empty() && (kind != served.name || version != served.api_version()) {
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let message = format!(
            "{kind} in version {version:?} cannot be handled as a {}: no kind {kind:?} is registered for version \"{}\"",
            served.name,
            if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
        );
        return Err(Failure::bad_request(message));
    }
    if objects.is_new_event() {
        events::to_core(&mut object);
    }
    Ok(object)
}

/// Replaces an object, or a part of it.
///
/// # Errors
/// When it is not valid, does not exist, or was changed meanwhile.
pub(super) fn update(
    api: &Api,
    objects: &Objects,
    key: &Key,
    part: Option<Subresource>,
    call: &Call,
) -> Result<Response, Failure> {
    media::form(&call.headers)?;
    let options = call.query.write_options("UpdateOptions", call.agent())?;
    match part {
        None | Some(Subresource::Status | Subresource::Finalize) => {
            let object = read(objects, call)?;
            let done = api.registry.update(objects.served, key, part, object, &options)?;
            Ok(written(objects, done, StatusCode::CREATED))
        }
        Some(Subresource::Scale) => {
            let scale = Value::Object(media::object(&call.headers, &call.body)?);
            let live = api.registry.get(objects.served, key)?;
            let mut object = with_scale(live.value(), &scale)?;
            let version = scale.get("metadata").and_then(|metadata| metadata.get("resourceVersion").cloned());
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("resourceVersion".to_owned(), version.unwrap_or_default());
            }
            api.registry.update(objects.served, key, part, object, &options)?;
            answer_scale(api, objects, key)
        }
        Some(_) => Err(Failure::method_not_allowed()),
    }
}

fn answer_scale(api: &Api, objects: &Objects, key: &Key) -> Result<Response, Failure> {
    Ok(json_answer(StatusCode::OK, &scale_of(&*api.registry.get(objects.served, key)?)))
}

/// Changes an object, or a part of it.
///
/// # Errors
/// When the patch cannot be understood, or the object does not exist or is not valid then.
pub(super) fn patch(
    api: &Api,
    objects: &Objects,
    key: &Key,
    part: Option<Subresource>,
    call: &Call,
) -> Result<Response, Failure> {
    if matches!(part, Some(part) if !part.verbs().contains(&"patch")) {
        return Err(Failure::method_not_allowed());
    }
    media::form(&call.headers)?;
    let kind = media::patch_kind(&call.headers, call.query.flag("force"))?;
    // Who applies must say who it is.
    let agent = if matches!(kind, PatchKind::Apply { .. }) { "" } else { call.agent() };
    let options = call.query.write_options("PatchOptions", agent)?;
    let mut patch = media::patch(kind, &call.body)?;
    if objects.is_new_event()
        && let Value::Object(patch) = &mut patch
    {
        events::to_core(patch);
    }
    let done = api.registry.patch(objects.served, key, part, kind, patch, &options)?;
    if part == Some(Subresource::Scale) {
        return answer_scale(api, objects, key);
    }
    Ok(written(objects, done, StatusCode::CREATED))
}

/// Creates something of an object: an eviction of a pod.
///
/// # Errors
/// When there is no such object, or nothing like that.
pub(super) fn create_part(
    api: &Api,
    objects: &Objects,
    key: &Key,
    part: Subresource,
    call: &Call,
) -> Result<Response, Failure> {
    if part != Subresource::Eviction {
        return Err(Failure::method_not_allowed());
    }
    let eviction = media::object(&call.headers, &call.body)?;
    let options = match eviction.get("deleteOptions") {
        Some(options) => parse_options(options)?,
        None => DeleteOptions::default(),
    };
    if options.dry_run.iter().flatten().next().is_none() {
        let client = Client::new(&api.registry, call.agent());
        disrupt(&client, key, "EvictionByEvictionAPI", "Eviction API: evicting")?;
    }
    api.registry.delete(objects.served, key, &options)?;
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(json_answer(StatusCode::CREATED, &status))
}

fn parse_options(value: &Value) -> Result<DeleteOptions, Failure> {
    serde_json::from_value(value.clone())
        .map_err(|error| Failure::bad_request(format!("invalid DeleteOptions: {error}")))
}

/// How a deletion is meant: by the body, or by parameters.
fn delete_options(call: &Call) -> Result<DeleteOptions, Failure> {
    let mut options = if call.body.is_empty() {
        DeleteOptions::default()
    } else {
        parse_options(&Value::Object(media::object(&call.headers, &call.body)?))?
    };
    if let Some(grace) = call.query.number("gracePeriodSeconds")? {
        options.grace_period_seconds = Some(grace);
    }
    match call.query.text("propagationPolicy") {
        "" => {}
        "Orphan" => options.propagation_policy = Some(Propagation::Orphan),
        "Background" => options.propagation_policy = Some(Propagation::Background),
        "Foreground" => options.propagation_policy = Some(Propagation::Foreground),
        other => {
            let known = ["Foreground", "Background", "Orphan", "nil"];
            let error = crate::failure::FieldError::not_supported("propagationPolicy", other, &known);
            return Err(Failure::invalid_kind("meta.k8s.io", "DeleteOptions", "", vec![error]));
        }
    }
    if call.query.flag("orphanDependents") {
        options.orphan_dependents = Some(true);
    }
    if !call.query.all("dryRun").is_empty() {
        options.dry_run = Some(call.query.all("dryRun").to_vec());
    }
    Ok(options)
}

/// Deletes an object.
///
/// # Errors
/// When it does not exist, or is not in the state that is supposed.
pub(super) fn delete(api: &Api, objects: &Objects, key: &Key, call: &Call) -> Result<Response, Failure> {
    media::form(&call.headers)?;
    let options = delete_options(call)?;
    Ok(match api.registry.delete(objects.served, key, &options)? {
        Deleted::Going(json) => raw(StatusCode::OK, json),
        // Some kinds show what is gone, others only say so.
        Deleted::Gone(json) if shows_deleted(objects) => raw(StatusCode::OK, json),
        Deleted::Gone(json) => {
            let gone: Value = serde_json::from_slice(&json).unwrap_or_default();
            let uid = gone.get("metadata").and_then(|metadata| metadata.get("uid")).cloned().unwrap_or_default();
            let mut details = json!({"name": key.name(), "kind": objects.served.plural, "uid": uid});
            if !objects.served.group.is_empty() {
                details["group"] = json!(objects.served.group);
            }
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
            });
            json_answer(StatusCode::OK, &status)
        }
    })
}

fn shows_deleted(objects: &Objects) -> bool {
    use crate::kinds::Kind;
    matches!(
        objects.served.kind,
        Kind::Pod | Kind::Service | Kind::PersistentVolumeClaim | Kind::PersistentVolume | Kind::StorageClass
    )
}

/// Deletes all objects that are meant.
///
/// # Errors
/// When the question cannot be understood.
pub(super) fn delete_all(api: &Api, objects: &Objects, call: &Call) -> Result<Response, Failure> {
    if objects.served.kind.is_namespaced() && objects.namespace.is_none() {
        return Err(Failure::method_not_allowed());
    }
    media::form(&call.headers)?;
    let (labels, fields) = call.query.selectors(objects.served)?;
    let options = delete_options(call)?;
    let (_, all) = api.registry.store.list(objects.served.kind, objects.namespace.as_deref());
    let mut items = Vec::new();
    for object in all {
        let (namespace, name) = (object.key.namespace(), object.key.name());
        if !labels.matches(&object.labels) || !fields.matches(namespace, name, &object.fields) {
            continue;
        }
        match api.registry.delete(objects.served, &object.key, &options) {
            Ok(Deleted::Going(json) | Deleted::Gone(json)) => {
                items.push(serde_json::from_slice::<Value>(&json).unwrap_or_default());
            }
            Err(failure) if failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
    }
    let list = json!({
        "kind": format!("{}List", objects.served.name), "apiVersion": objects.served.api_version(),
        "metadata": {"resourceVersion": api.registry.store.revision().to_string()}, "items": items,
    });
    Ok(json_answer(StatusCode::OK, &list))
}
