//! The definitions of all types, as JSON schemas by their full names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{SelfSubjectAccessReview, SelfSubjectRulesReview};
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::core::v1::{Event, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::events::v1::Event as NewEvent;
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, Status};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// Where references point to.
pub(super) const PATH: &str = "/components/schemas";

/// A definition by its full name, such as `io.k8s.api.core.v1.Pod`.
pub(super) static DEFINITIONS: LazyLock<BTreeMap<String, Map<String, Value>>> = LazyLock::new(definitions);

fn definitions() -> BTreeMap<String, Map<String, Value>> {
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.definitions_path = PATH.into();
        settings.meta_schema = None;
        settings.inline_subschemas = false;
    });
    let mut generator = settings.into_generator();
    macro_rules! add {
        ($($root:ty),* $(,)?) => {
            $(let _ = generator.subschema_for::<$root>();)*
        };
    }
    add!(
        Namespace,
        Node,
        Pod,
        Service,
        EndpointSlice,
        StatefulSet,
        Deployment,
        ReplicaSet,
        ControllerRevision,
        Event,
        NewEvent,
        PersistentVolumeClaim,
        PersistentVolume,
        StorageClass,
        Scale,
        Eviction,
        SelfSubjectAccessReview,
        SelfSubjectRulesReview,
        SelfSubjectReview,
        Status,
        DeleteOptions,
    );
    let mut all = BTreeMap::new();
    for (name, definition) in generator.take_definitions(false) {
        if let Value::Object(mut definition) = definition {
            complete(&name, &mut definition);
            all.insert(name, definition);
        }
    }
    all
}

/// Adds what the definitions leave out, in the form in which an API server writes it.
fn complete(name: &str, definition: &mut Map<String, Value>) {
    let short = name.rsplit('.').next().unwrap_or(name);
    if super::lists::is_atomic_object(short) {
        definition.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
    }
    if let Some(required) = definition.get_mut("required").and_then(Value::as_array_mut) {
        // An object without metadata is refused for what is missing there.
        required.retain(|field| field != "metadata");
        if required.is_empty() {
            definition.remove("required");
        }
    }
    let Some(properties) = definition.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (field, property) in properties {
        let Some(property) = property.as_object_mut() else { continue };
        // A reference with a description beside it is written as a part of the property.
        if property.len() > 1
            && let Some(reference) = property.remove("$ref")
        {
            property.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        }
        if let Some(values) = super::values::of(short, field) {
            let within = if property.contains_key("items") { property.get_mut("items") } else { None };
            match within.and_then(Value::as_object_mut) {
                Some(items) => items.insert("enum".to_owned(), json!(values)),
                None => property.insert("enum".to_owned(), json!(values)),
            };
        }
        if super::lists::is_atomic_map(short, field) {
            property.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
        }
        if let Some(list) = super::lists::of(short, field) {
            property.extend(list.extensions());
        }
    }
}
