//! The garbage collector: objects go when all their owners are gone; and owners wait, where that was asked for.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Controller, Queue};
use crate::failure::Failure;
use crate::kinds::Kind;
use crate::registry::{Client, DeleteOptions, Propagation};
use crate::store::{Change, Event, Key, Object};

/// The finalizer of an owner whose objects are to stay.
const ORPHAN: &str = "orphan";

/// The finalizer of an owner that goes after its objects.
const FOREGROUND: &str = "foregroundDeletion";

/// The garbage collector. What waits in its queue is `KIND/UID`, as an object that is gone has nothing but that.
pub(super) struct Garbage {
    client: Client,
}

impl Garbage {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }

    /// Whether an owner exists that an object names.
    fn exists(&self, object: &Object, owner: &Value) -> bool {
        let text = |name: &str| owner.get(name).and_then(Value::as_str).unwrap_or_default();
        // Owners of kinds that are not known here are somebody else's business.
        let Some(kind) = Kind::parse(text("apiVersion"), text("kind")) else { return true };
        let namespace = if kind.is_namespaced() { object.key.namespace() } else { "" };
        let found = self.client.store().get(kind, &Key::new(namespace, text("name")));
        found.is_some_and(|found| *found.uid == *text("uid"))
    }

    /// Whether an owner waits until its objects are gone.
    fn waits(&self, object: &Object, owner: &Value) -> bool {
        let text = |name: &str| owner.get(name).and_then(Value::as_str).unwrap_or_default();
        let Some(kind) = Kind::parse(text("apiVersion"), text("kind")) else { return false };
        let namespace = if kind.is_namespaced() { object.key.namespace() } else { "" };
        let found = self.client.store().get(kind, &Key::new(namespace, text("name")));
        found.is_some_and(|found| found.deleting && has_finalizer(&found, FOREGROUND))
    }

    /// Sees to an object that names owners: it goes if none of them is there.
    fn collect(&self, object: &Object) -> Result<(), Failure> {
        let value = object.value();
        let owners: Vec<Value> = owners_of(&value);
        if owners.is_empty() || object.deleting {
            return Ok(());
        }
        let (there, gone): (Vec<&Value>, Vec<&Value>) = owners.iter().partition(|owner| self.exists(object, owner));
        let waiting = !there.is_empty() && there.iter().all(|owner| self.waits(object, owner));
        if there.is_empty() || waiting {
            let propagation = if waiting { Propagation::Foreground } else { Propagation::Background };
            let propagation = if has_finalizer(object, ORPHAN) { Propagation::Orphan } else { propagation };
            let options = DeleteOptions { propagation_policy: Some(propagation), ..DeleteOptions::of(&object.uid) };
            return ignore_missing(
                self.client.registry().delete(object.kind.served(), &object.key, &options).map(drop),
            );
        }
        if gone.is_empty() {
            return Ok(());
        }
        let kept: Vec<Value> = there.into_iter().cloned().collect();
        self.set_owners(object, kept)
    }

    fn set_owners(&self, object: &Object, owners: Vec<Value>) -> Result<(), Failure> {
        let owners = if owners.is_empty() { Value::Null } else { Value::Array(owners) };
        self.merge(object, json!({"metadata": {"ownerReferences": owners, "uid": &*object.uid}}))
    }

    fn merge(&self, object: &Object, fields: Value) -> Result<(), Failure> {
        let options = crate::registry::WriteOptions { manager: super::MANAGER.to_owned(), ..Default::default() };
        let patch = crate::registry::PatchKind::Merge;
        let registry = self.client.registry();
        ignore_missing(registry.patch(object.kind.served(), &object.key, None, patch, fields, &options).map(drop))
    }

    /// Sees to an owner that is being deleted and asked for something.
    fn finish(&self, object: &Object) -> Result<Option<Duration>, Failure> {
        let dependents = self.client.store().owned(&object.uid);
        if has_finalizer(object, ORPHAN) {
            for dependent in dependents {
                let mut owners = owners_of(&dependent.value());
                owners.retain(|owner| owner.get("uid").and_then(Value::as_str) != Some(&*object.uid));
                self.set_owners(&dependent, owners)?;
            }
            self.remove_finalizer(object, ORPHAN)?;
        } else if has_finalizer(object, FOREGROUND) {
            let blocks = |dependent: &Object| {
                let owners = owners_of(&dependent.value());
                let mut ours =
                    owners.iter().filter(|owner| owner.get("uid").and_then(Value::as_str) == Some(&*object.uid));
                ours.any(|owner| owner.get("blockOwnerDeletion").and_then(Value::as_bool) == Some(true))
            };
            let mut blocked = false;
            for dependent in dependents {
                blocked |= blocks(&dependent);
                self.collect(&dependent)?;
            }
            if !blocked {
                self.remove_finalizer(object, FOREGROUND)?;
            }
        }
        Ok(None)
    }

    fn remove_finalizer(&self, object: &Object, name: &str) -> Result<(), Failure> {
        let mut left = finalizers_of(&object.value());
        left.retain(|it| it != name);
        let left = if left.is_empty() { Value::Null } else { json!(left) };
        self.merge(object, json!({"metadata": {"finalizers": left, "uid": &*object.uid}}))
    }
}

fn owners_of(value: &Map<String, Value>) -> Vec<Value> {
    let owners = value.get("metadata").and_then(|metadata| metadata.get("ownerReferences")?.as_array());
    owners.cloned().unwrap_or_default()
}

fn finalizers_of(value: &Map<String, Value>) -> Vec<String> {
    let finalizers = value.get("metadata").and_then(|metadata| metadata.get("finalizers")?.as_array());
    finalizers.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

fn has_finalizer(object: &Object, name: &str) -> bool {
    finalizers_of(&object.value()).iter().any(|it| it == name)
}

fn ignore_missing(done: Result<(), Failure>) -> Result<(), Failure> {
    match done {
        Err(failure) if failure.is_not_found() => Ok(()),
        other => other,
    }
}

/// An object in the queue: by its kind and UID, with its place.
fn entry(object: &Object) -> Key {
    Key::new(&format!("{}/{}", object.kind.name(), object.key.namespace()), object.key.name())
}

impl Controller for Garbage {
    fn name(&self) -> &'static str {
        "garbage-collector"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Namespace,
            Kind::Node,
            Kind::Pod,
            Kind::Service,
            Kind::EndpointSlice,
            Kind::StatefulSet,
            Kind::Deployment,
            Kind::ReplicaSet,
            Kind::ControllerRevision,
            Kind::PersistentVolumeClaim,
            Kind::PersistentVolume,
        ]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        let object = &event.object;
        if event.change == Change::Deleted {
            for dependent in self.client.store().owned(&object.uid) {
                queue.add(entry(&dependent));
            }
            // Owners that wait for this one.
            for owner in owners_of(&object.value()) {
                let text = |name: &str| owner.get(name).and_then(Value::as_str).unwrap_or_default();
                if let Some(kind) = Kind::parse(text("apiVersion"), text("kind")) {
                    let namespace = if kind.is_namespaced() { object.key.namespace() } else { "" };
                    queue.add(Key::new(&format!("{}/{namespace}", kind.name()), text("name")));
                }
            }
            return;
        }
        let owners_changed = event.previous.as_ref().is_none_or(|previous| previous.owners != object.owners);
        if object.deleting || (owners_changed && !object.owners.is_empty()) {
            queue.add(entry(object));
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let (kind, namespace) = key.namespace().split_once('/').unwrap_or_default();
        let Some(kind) = Kind::ALL.into_iter().find(|known| known.name() == kind) else { return Ok(None) };
        let Some(object) = self.client.store().get(kind, &Key::new(namespace, key.name())) else { return Ok(None) };
        if object.deleting {
            return self.finish(&object);
        }
        self.collect(&object)?;
        Ok(None)
    }
}
