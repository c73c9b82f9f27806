//! What each kind of object is made of when a manifest leaves something out, and what it must not be.
//!
//! The mistakes that a newcomer makes are found here, and told in Kubernetes' own words.

mod deployment;
mod endpoint_slice;
mod event;
mod metadata;
mod namespace;
mod node;
pub(crate) mod pod;
mod replica_set;
mod selector;
mod service;
mod stateful_set;
mod volume;

use serde_json::{Map, Value};

use crate::failure::{Failure, FieldError};
use crate::kinds::{Kind, Typed};
use crate::names;

pub(crate) use deployment::Amount;
pub(crate) use metadata::check as check_metadata;
pub(crate) use metadata::check_update as check_metadata_update;
pub(crate) use volume::CLAIM_IN_USE;

/// What is wrong with an object, in the order in which it is found.
pub(crate) type Errors = Vec<FieldError>;

/// The rules of a kind.
pub(crate) trait Rules: Typed {
    /// What is wrong with a name.
    fn name_errors(name: &str) -> Vec<String> {
        names::subdomain(name)
    }

    /// Fills in what a manifest left out.
    fn fill(&mut self) {}

    /// Follows from what was changed since the old version.
    fn follow(&mut self, _old: &Self) {}

    /// Sets what a new object starts with, whatever its manifest says.
    fn begin(&mut self) {}

    /// Finds what is wrong.
    fn check(&self, _errors: &mut Errors) {}

    /// Finds what must not change.
    fn check_update(&self, _old: &Self, _errors: &mut Errors) {}

    /// Adds what is written even where there is nothing.
    fn complete(_object: &mut Map<String, Value>) {}
}

/// Calls `$then` with `$T` as the type of a kind's objects.
macro_rules! with_type {
    ($kind:expr, $T:ident => $then:expr) => {{
        use k8s_openapi::api::{
            apps::v1 as apps, core::v1 as core, discovery::v1 as discovery, storage::v1 as storage,
        };
        match $kind {
            Kind::Namespace => {
                type $T = core::Namespace;
                $then
            }
            Kind::Node => {
                type $T = core::Node;
                $then
            }
            Kind::Pod => {
                type $T = core::Pod;
                $then
            }
            Kind::Service => {
                type $T = core::Service;
                $then
            }
            Kind::EndpointSlice => {
                type $T = discovery::EndpointSlice;
                $then
            }
            Kind::StatefulSet => {
                type $T = apps::StatefulSet;
                $then
            }
            Kind::Deployment => {
                type $T = apps::Deployment;
                $then
            }
            Kind::ReplicaSet => {
                type $T = apps::ReplicaSet;
                $then
            }
            Kind::ControllerRevision => {
                type $T = apps::ControllerRevision;
                $then
            }
            Kind::Event => {
                type $T = core::Event;
                $then
            }
            Kind::PersistentVolumeClaim => {
                type $T = core::PersistentVolumeClaim;
                $then
            }
            Kind::PersistentVolume => {
                type $T = core::PersistentVolume;
                $then
            }
            Kind::StorageClass => {
                type $T = storage::StorageClass;
                $then
            }
        }
    }};
}
pub(crate) use with_type;

/// What is wrong with the name of an object.
pub(crate) fn name_errors(kind: Kind, name: &str) -> Vec<String> {
    with_type!(kind, T => T::name_errors(name))
}

/// Whether the rules look at a new object or at a new version of one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Occasion<'a> {
    /// A new object.
    Create,
    /// A new version of this one.
    Update(&'a Map<String, Value>),
}

/// Fills in and checks an object; gives back what is wrong with it.
///
/// # Errors
/// When it cannot be read as a value of its type.
pub(crate) fn apply_rules(
    kind: Kind,
    object: &mut Map<String, Value>,
    occasion: Occasion<'_>,
) -> Result<Errors, Failure> {
    with_type!(kind, T => typed_rules::<T>(object, occasion))
}

fn typed_rules<T: Rules>(object: &mut Map<String, Value>, occasion: Occasion<'_>) -> Result<Errors, Failure> {
    let mut typed: T = read(std::mem::take(object))?;
    let mut errors = Errors::new();
    typed.fill();
    match occasion {
        Occasion::Create => {
            typed.begin();
            typed.check(&mut errors);
        }
        Occasion::Update(old) => {
            let mut old: T = read(old.clone())?;
            old.fill();
            typed.follow(&old);
            typed.check(&mut errors);
            typed.check_update(&old, &mut errors);
        }
    }
    *object = to_map(&typed)?;
    T::complete(object);
    Ok(errors)
}

/// A typed object as a JSON object.
///
/// # Errors
/// Never for objects, which are no numbers and texts.
pub(crate) fn to_map<T: Typed>(object: &T) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(object) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Failure::internal("an object that is none")),
        Err(error) => Err(Failure::internal(error)),
    }
}

fn read<T: Typed>(object: Map<String, Value>) -> Result<T, Failure> {
    serde_json::from_value(Value::Object(object)).map_err(|error| Failure::bad_request(error.to_string()))
}

/// Adds a field that is not there.
pub(crate) fn add(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.entry(name).or_insert(value);
}

/// The object in a field, which is made when it is not there.
pub(crate) fn within<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    object.entry(name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// A number that must not be less than nothing.
pub(crate) fn check_not_negative(errors: &mut Errors, field: &str, value: Option<impl Into<i64>>) {
    let value = value.map(Into::into).unwrap_or_default();
    if value < 0 {
        errors.push(FieldError::invalid(field, value, "must be greater than or equal to 0"));
    }
}

/// A field that must stay as it is.
pub(crate) fn check_unchanged<V: PartialEq + serde::Serialize>(errors: &mut Errors, field: &str, new: &V, old: &V) {
    if new != old {
        let value = serde_json::to_value(new).unwrap_or_default();
        errors.push(FieldError::invalid(field, value, "field is immutable"));
    }
}
