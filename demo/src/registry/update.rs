//! New versions of objects.

use serde_json::{Map, Value};

use super::create::has_generation;
use super::{
    ATTEMPTS, Live, Registry, WriteOptions, Written, metadata_of, metadata_text, part_of, take_managed, unkept_json,
    write_failure,
};
use crate::failure::{Failure, FieldError};
use crate::fields::{Managers, Operation, Part, track};
use crate::kinds::{Kind, Served, Subresource};
use crate::resources::{Occasion, apply_rules, check_metadata, check_metadata_update};
use crate::schema;
use crate::store::{Draft, Expected, Key};

/// What a new version comes from.
pub(super) enum Change {
    /// Somebody wrote it.
    Written(Map<String, Value>),
    /// Somebody applied an intent; these are the managers after that.
    Applied(Map<String, Value>, Managers),
}

impl Registry {
    /// Replaces an object, or the part of it that a subresource is.
    ///
    /// # Errors
    /// When it is not valid, does not exist, or was changed meanwhile.
    pub fn update(
        &self,
        served: &Served,
        key: &Key,
        subresource: Option<Subresource>,
        mut object: Map<String, Value>,
        options: &WriteOptions,
    ) -> Result<Written, Failure> {
        let named = metadata_text(&object, "name").to_owned();
        if named != key.name() {
            let message =
                format!("the name of the object ({named}) does not match the name on the URL ({})", key.name());
            return Err(Failure::bad_request(message));
        }
        let namespace = metadata_text(&object, "namespace");
        if !namespace.is_empty() && namespace != key.namespace() {
            let message = format!(
                "the namespace of the object ({namespace}) does not match the namespace on the URL ({})",
                key.namespace()
            );
            return Err(Failure::bad_request(message));
        }
        let managed = take_managed(&mut object)?;
        let warnings = super::decode(served, &mut object, options.validation)?;
        self.change(served, key, subresource, options, |live| {
            let mut live = live;
            if let Some(managed) = managed.clone() {
                live.managers = managed;
            }
            Ok((live, Change::Written(object.clone()), warnings.clone()))
        })
    }

    /// Changes an object by a function of its present version; tries again when somebody else was quicker and the change
    /// does not insist on a version.
    pub(super) fn change(
        &self,
        served: &Served,
        key: &Key,
        subresource: Option<Subresource>,
        options: &WriteOptions,
        make: impl Fn(Live) -> Result<(Live, Change, Vec<String>), Failure>,
    ) -> Result<Written, Failure> {
        let mut last = Failure::modified(served, key.name());
        for _ in 0..ATTEMPTS {
            let live = self.live(served, key)?;
            let (live, change, warnings) = make(live)?;
            let insists = match &change {
                Change::Written(object) | Change::Applied(object, _) => insists(served, &live, object)?,
            };
            match self.commit(served, &live, change, subresource, options) {
                Ok(json) => return Ok(Written { json, warnings, created: false }),
                Err(failure) if failure.is_conflict() && !insists => last = failure,
                Err(failure) => return Err(failure),
            }
        }
        Err(last)
    }

    fn commit(
        &self,
        served: &Served,
        live: &Live,
        change: Change,
        subresource: Option<Subresource>,
        options: &WriteOptions,
    ) -> Result<Vec<u8>, Failure> {
        let kind = served.kind;
        let part = part_of(served, subresource);
        let (object, applied) = match change {
            Change::Written(object) => (object, None),
            Change::Applied(object, managers) => (object, Some(managers)),
        };
        let mut object = match subresource {
            Some(Subresource::Status) => with_status(live, object),
            Some(Subresource::Finalize) => with_spec(live, object),
            _ => object,
        };
        keep_identity(&live.value, &mut object);
        if subresource.is_none() || subresource == Some(Subresource::Scale) {
            if part == Part::Main {
                restore(&live.value, &mut object, "status");
            }
            self.check(served, live, &mut object)?;
        } else {
            crate::resources::with_type!(kind, T => <T as crate::resources::Rules>::complete(&mut object));
        }
        if has_generation(kind) && part != Part::Status && intent(kind, &object) != intent(kind, &live.value) {
            let generation = live.value.get("metadata").and_then(|metadata| metadata.get("generation")?.as_i64());
            if let Some(metadata) = metadata_of(&mut object) {
                metadata.insert("generation".to_owned(), Value::from(generation.unwrap_or(0) + 1));
            }
        }
        let managers = applied.unwrap_or_else(|| {
            let mut managers = live.managers.clone();
            let writer = super::manager(options, kind, subresource, Operation::Update);
            track(&mut managers, writer, &live.value, &object, schema::of(kind), part);
            managers
        });
        self.keep(served, live, object, &managers, options)
    }

    /// Fills in and checks a new version as a whole.
    fn check(&self, served: &Served, live: &Live, object: &mut Map<String, Value>) -> Result<(), Failure> {
        let kind = served.kind;
        if kind == Kind::Service {
            super::addresses::keep_addresses(&live.value, object);
        }
        let mut errors = Vec::new();
        let read = |object: &Map<String, Value>| {
            let metadata = object.get("metadata").cloned().unwrap_or_default();
            serde_json::from_value(metadata).map_err(|error| Failure::bad_request(error.to_string()))
        };
        let metadata = read(object)?;
        check_metadata(kind, &metadata, &mut errors);
        check_metadata_update(&metadata, &read(&live.value)?, &mut errors);
        errors.extend(apply_rules(kind, object, Occasion::Update(&live.value))?);
        if kind == Kind::Service && errors.is_empty() {
            let mut addresses = self.addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            addresses.allocate(&self.store, object, &mut errors);
        }
        if errors.is_empty() { Ok(()) } else { Err(Failure::invalid(served, live.object.key.name(), errors)) }
    }

    /// Keeps a new version, or does nothing if it is the same, or removes the object if that is what it waited for.
    fn keep(
        &self,
        served: &Served,
        live: &Live,
        object: Map<String, Value>,
        managers: &Managers,
        options: &WriteOptions,
    ) -> Result<Vec<u8>, Failure> {
        let kind = served.kind;
        let name = live.object.key.name();
        if same(&object, &live.value) && managers.same_but_times(&live.managers) {
            return Ok(live.object.json());
        }
        let managed = managers.to_json();
        if options.dry_run {
            let mut object = object;
            if let Some(metadata) = metadata_of(&mut object) {
                metadata.insert("resourceVersion".to_owned(), Value::from(live.object.revision.to_string()));
            }
            return Ok(unkept_json(kind, object, &managed));
        }
        let gone = may_go(kind, &object);
        let expected = Expected::Revision(live.object.revision);
        let failed = |error| write_failure(error, served, name);
        let kept = self.store.put(Draft::new(kind, object, managed), expected).map_err(failed)?;
        if gone {
            let removed = self.store.remove(kind, &kept.key, kept.revision).map_err(failed)?;
            return Ok(removed.json());
        }
        Ok(kept.json())
    }
}

/// Whether a change insists on a version of the object, after a look whether it means this one at all.
fn insists(served: &Served, live: &Live, object: &Map<String, Value>) -> Result<bool, Failure> {
    let uid = metadata_text(object, "uid");
    if !uid.is_empty() && uid != &*live.object.uid {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", live.object.uid);
        return Err(Failure::conflict(served, live.object.key.name(), &why));
    }
    let version = metadata_text(object, "resourceVersion");
    if version.is_empty() || version == "0" {
        return Ok(false);
    }
    match version.parse::<u64>() {
        Err(_) => {
            let error = FieldError::invalid("metadata.resourceVersion", version, "must be a number");
            Err(Failure::invalid(served, live.object.key.name(), vec![error]))
        }
        Ok(version) if version == live.object.revision => Ok(true),
        Ok(_) => Err(Failure::modified(served, live.object.key.name())),
    }
}

/// The object as it is, with another status.
fn with_status(live: &Live, mut object: Map<String, Value>) -> Map<String, Value> {
    let mut new = live.value.clone();
    match object.remove("status") {
        Some(status) => drop(new.insert("status".to_owned(), status)),
        None => drop(new.remove("status")),
    }
    // A version that was named is still meant.
    let version = metadata_text(&object, "resourceVersion").to_owned();
    if let Some(metadata) = metadata_of(&mut new) {
        metadata.insert("resourceVersion".to_owned(), Value::from(version));
    }
    new
}

/// The object as it is, with another spec: the finalizers of a namespace.
fn with_spec(live: &Live, mut object: Map<String, Value>) -> Map<String, Value> {
    let mut new = live.value.clone();
    new.insert("spec".to_owned(), object.remove("spec").unwrap_or_else(|| Value::Object(Map::new())));
    new
}

/// What a client cannot change.
fn keep_identity(live: &Map<String, Value>, object: &mut Map<String, Value>) {
    let nothing = Map::new();
    let known = live.get("metadata").and_then(Value::as_object).unwrap_or(&nothing);
    let Some(metadata) = metadata_of(object) else { return };
    let fixed = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
    ];
    for name in fixed {
        match known.get(name) {
            Some(value) => drop(metadata.insert(name.to_owned(), value.clone())),
            None if name == "generateName" => {}
            None => drop(metadata.remove(name)),
        }
    }
    metadata.remove("selfLink");
    metadata.remove("resourceVersion");
    for name in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let nothing = metadata.get(name).is_some_and(|value| match value {
            Value::Object(map) => map.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        });
        if nothing {
            metadata.remove(name);
        }
    }
}

/// A field as it was.
fn restore(live: &Map<String, Value>, object: &mut Map<String, Value>, name: &str) {
    match live.get(name) {
        Some(value) => drop(object.insert(name.to_owned(), value.clone())),
        None => drop(object.remove(name)),
    }
}

/// What counts as a new generation when it changes.
fn intent(kind: Kind, object: &Map<String, Value>) -> Vec<Option<&Value>> {
    match kind {
        Kind::EndpointSlice => ["addressType", "endpoints", "ports"].map(|name| object.get(name)).to_vec(),
        _ => vec![object.get("spec")],
    }
}

/// Whether two versions say the same.
fn same(new: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    let fields = |object: &Map<String, Value>| -> usize {
        object.keys().filter(|name| !matches!(name.as_str(), "kind" | "apiVersion")).count()
    };
    fields(new) == fields(live)
        && new.iter().filter(|(name, _)| !matches!(name.as_str(), "kind" | "apiVersion")).all(|(name, value)| {
            match (name.as_str(), live.get(name)) {
                ("metadata", Some(known)) => same_metadata(value, known),
                (_, known) => known == Some(value),
            }
        })
}

fn same_metadata(new: &Value, live: &Value) -> bool {
    let (Some(new), Some(live)) = (new.as_object(), live.as_object()) else { return false };
    let fields = |metadata: &Map<String, Value>| metadata.keys().filter(|name| *name != "resourceVersion").count();
    fields(new) == fields(live)
        && new.iter().filter(|(name, _)| *name != "resourceVersion").all(|(name, value)| live.get(name) == Some(value))
}

/// Whether an object that is being deleted has nothing left to wait for.
pub(super) fn may_go(kind: Kind, object: &Map<String, Value>) -> bool {
    let Some(metadata) = object.get("metadata").and_then(Value::as_object) else { return false };
    let finalizers = metadata.get("finalizers").and_then(Value::as_array).map_or(0, Vec::len);
    let grace = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
    let held = kind == Kind::Namespace
        && object.get("spec").and_then(|spec| spec.get("finalizers")?.as_array()).is_some_and(|held| !held.is_empty());
    metadata.contains_key("deletionTimestamp") && finalizers == 0 && grace == 0 && !held
}
