//! Creating objects.

use jiff::Timestamp;
use rand::RngExt as _;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Registry, WriteOptions, Written, metadata_of, metadata_text, part_of, take_managed, unkept_json, write_failure,
};
use crate::failure::Failure;
use crate::fields::{Managers, Operation, track, zero};
use crate::kinds::{Kind, Served};
use crate::resources::{Occasion, apply_rules, check_metadata};
use crate::schema;
use crate::store::{Draft, Expected, Key};
use crate::time;

/// The letters and digits of generated names: none that make words or look alike.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// How long what is generated is.
const SUFFIX: usize = 5;

/// How often another name is generated when there is an object of that name.
const NAMES: usize = 8;

/// Letters and digits by chance.
pub(crate) fn random_suffix(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// Text made from a number with the same letters, as the names of revisions and ReplicaSets end.
pub(crate) fn safe_encode(text: &str) -> String {
    text.bytes().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect()
}

impl Registry {
    /// Creates an object.
    ///
    /// # Errors
    /// When it is not valid, or there is one of its name.
    pub fn create(
        &self,
        served: &Served,
        namespace: &str,
        mut object: Map<String, Value>,
        options: &WriteOptions,
    ) -> Result<Written, Failure> {
        let managed = take_managed(&mut object)?.unwrap_or_default();
        let warnings = super::decode(served, &mut object, options.validation)?;
        if !metadata_text(&object, "resourceVersion").is_empty() {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Failure::bad_request(message));
        }
        self.create_decoded(served, namespace, object, &managed, options, warnings)
    }

    /// Creates an object that was read already, `managed` by some.
    pub(super) fn create_decoded(
        &self,
        served: &Served,
        namespace: &str,
        mut object: Map<String, Value>,
        managed: &Managers,
        options: &WriteOptions,
        warnings: Vec<String>,
    ) -> Result<Written, Failure> {
        let kind = served.kind;
        place(served, namespace, &mut object)?;
        let prefix = metadata_text(&object, "generateName").to_owned();
        let generated = metadata_text(&object, "name").is_empty() && !prefix.is_empty();
        for attempt in 1.. {
            let mut object = object.clone();
            if generated && let Some(metadata) = metadata_of(&mut object) {
                let name = format!("{}{}", cut(&prefix), random_suffix(SUFFIX));
                metadata.insert("name".to_owned(), Value::from(name));
            }
            begin(&mut object);
            self.admit(served, namespace, &mut object)?;
            let mut errors = Vec::new();
            let metadata = object.get("metadata").cloned().unwrap_or_default();
            let metadata = serde_json::from_value(metadata).map_err(|error| Failure::bad_request(error.to_string()))?;
            check_metadata(kind, &metadata, &mut errors);
            // Addresses are given out only when the object is sure to be kept: nobody else gets one meanwhile.
            let mut addresses = self.addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            errors.extend(apply_rules(kind, &mut object, Occasion::Create)?);
            if kind == Kind::Service && errors.is_empty() {
                addresses.allocate(&self.store, &mut object, &mut errors);
            }
            let name = metadata_text(&object, "name").to_owned();
            if !errors.is_empty() {
                return Err(Failure::invalid(served, &name, errors));
            }
            if has_generation(kind)
                && let Some(metadata) = metadata_of(&mut object)
            {
                metadata.insert("generation".to_owned(), Value::from(1));
            }
            let mut managers = managed.clone();
            if managers.0.is_empty() {
                let writer = super::manager(options, kind, None, Operation::Update);
                track(&mut managers, writer, &zero(kind), &object, schema::of(kind), part_of(served, None));
            }
            let managed = managers.to_json();
            if options.dry_run {
                if self.store.get(kind, &Key::new(namespace, &name)).is_some() {
                    return Err(Failure::already_exists(served, &name));
                }
                return Ok(Written { json: unkept_json(kind, object, &managed), warnings, created: true });
            }
            match self.store.put(Draft::new(kind, object, managed), Expected::Absent) {
                Ok(kept) => return Ok(Written { json: kept.json(), warnings, created: true }),
                Err(crate::store::WriteError::Exists) if generated && attempt < NAMES => {}
                Err(error) => return Err(write_failure(error, served, &name)),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Whether objects may be created there now.
    fn admit(&self, served: &Served, namespace: &str, object: &mut Map<String, Value>) -> Result<(), Failure> {
        if !served.kind.is_namespaced() {
            return Ok(());
        }
        let Some(home) = self.store.get(Kind::Namespace, &Key::new("", namespace)) else {
            return Err(Failure::not_found(Kind::Namespace.served(), namespace));
        };
        if home.deleting && served.kind != Kind::Event {
            let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
            return Err(Failure::forbidden(served, metadata_text(object, "name"), &why));
        }
        if served.kind == Kind::PersistentVolumeClaim {
            self.default_class(object);
        }
        Ok(())
    }

    /// A claim that names no class gets the one that is marked as the default.
    fn default_class(&self, claim: &mut Map<String, Value>) {
        let marked = |class: &k8s_openapi::api::storage::v1::StorageClass| {
            let annotations = class.metadata.annotations.iter().flatten();
            let mut marks = annotations.filter(|(key, _)| *key == "storageclass.kubernetes.io/is-default-class");
            marks.any(|(_, value)| value == "true")
        };
        let classes = self.store.list_typed::<k8s_openapi::api::storage::v1::StorageClass>(None);
        let Some(class) = classes.into_iter().find(|class| marked(class)) else { return };
        let Some(spec) = crate::resources::within(claim, "spec") else { return };
        let name = class.metadata.name.clone().unwrap_or_default();
        spec.entry("storageClassName").or_insert_with(|| Value::from(name));
    }
}

/// Puts an object into the namespace of the request.
fn place(served: &Served, namespace: &str, object: &mut Map<String, Value>) -> Result<(), Failure> {
    let Some(metadata) = metadata_of(object) else {
        return Err(Failure::bad_request("metadata must be an object"));
    };
    let given = metadata.get("namespace").and_then(Value::as_str).unwrap_or_default();
    if !served.kind.is_namespaced() {
        metadata.remove("namespace");
    } else if given.is_empty() {
        metadata.insert("namespace".to_owned(), Value::from(namespace));
    } else if given != namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Failure::bad_request(message));
    }
    Ok(())
}

/// Sets what the server alone says of a new object.
fn begin(object: &mut Map<String, Value>) {
    let Some(metadata) = metadata_of(object) else { return };
    for name in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "resourceVersion"] {
        metadata.remove(name);
    }
    metadata.insert("uid".to_owned(), Value::from(Uuid::new_v4().to_string()));
    metadata.insert("creationTimestamp".to_owned(), Value::from(time::seconds(Timestamp::now())));
}

/// A prefix, cut so that a name of it is not too long.
fn cut(prefix: &str) -> &str {
    const LONGEST: usize = 63 - SUFFIX;
    let end = (0..=LONGEST.min(prefix.len())).rev().find(|end| prefix.is_char_boundary(*end));
    &prefix[..end.unwrap_or(0)]
}

/// Whether objects of a kind count the versions of what is wanted of them.
pub(super) const fn has_generation(kind: Kind) -> bool {
    matches!(kind, Kind::Pod | Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet | Kind::EndpointSlice)
}
