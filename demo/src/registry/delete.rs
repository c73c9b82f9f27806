//! Deleting objects: at once, after a while of grace, or when those are done who want to see to something first.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::update::may_go;
use super::{ATTEMPTS, Live, Registry, metadata_of, unkept_json, write_failure};
use crate::failure::Failure;
use crate::fields::Managers;
use crate::kinds::{Kind, Served};
use crate::store::{Draft, Expected, Key, Object};
use crate::time;

/// How long a pod has to end when nothing is said.
const POD_GRACE: i64 = 30;

/// What becomes of the objects that name the deleted one as their owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Propagation {
    /// They stay, without that owner.
    Orphan,
    /// They go afterwards.
    Background,
    /// They go before.
    Foreground,
}

/// In which state the object must be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Preconditions {
    /// It must have this UID.
    pub uid: Option<String>,
    /// It must have this version.
    pub resource_version: Option<String>,
}

/// How a deletion is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeleteOptions {
    /// How long a pod has to end, in seconds.
    pub grace_period_seconds: Option<i64>,
    /// In which state the object must be.
    pub preconditions: Option<Preconditions>,
    /// What becomes of the objects that it owns.
    pub propagation_policy: Option<Propagation>,
    /// The same, as older clients say it.
    pub orphan_dependents: Option<bool>,
    /// `All` when nothing is to be changed.
    pub dry_run: Option<Vec<String>>,
}

impl DeleteOptions {
    /// Deletes an object of this UID, at once.
    pub fn now(uid: &str) -> Self {
        Self { grace_period_seconds: Some(0), ..Self::of(uid) }
    }

    /// Deletes an object of this UID.
    pub fn of(uid: &str) -> Self {
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        Self { preconditions: Some(preconditions), ..Self::default() }
    }

    fn propagation(&self) -> Option<Propagation> {
        self.propagation_policy.or_else(|| {
            self.orphan_dependents.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background })
        })
    }
}

/// What a deletion came to.
#[derive(Debug)]
pub enum Deleted {
    /// The object is gone; this is its last version.
    Gone(Vec<u8>),
    /// It is being deleted; this is its version now.
    Going(Vec<u8>),
}

impl Registry {
    /// Deletes an object.
    ///
    /// # Errors
    /// When it does not exist, or is not in the state that the options suppose.
    pub fn delete(&self, served: &Served, key: &Key, options: &DeleteOptions) -> Result<Deleted, Failure> {
        let dry_run = options.dry_run.iter().flatten().any(|part| part == "All");
        let mut last = Failure::modified(served, key.name());
        for _ in 0..ATTEMPTS {
            let live = self.live(served, key)?;
            check(served, &live.object, options)?;
            let mut object = live.value.clone();
            let changed = mark(served.kind, &mut object, options);
            let done = if may_go(served.kind, &object) {
                if dry_run {
                    return Ok(Deleted::Gone(live.object.json()));
                }
                self.remove(served.kind, &live, object, changed)
            } else if changed {
                if dry_run {
                    return Ok(Deleted::Going(unkept_json(served.kind, object, &live.object.managed)));
                }
                self.keep_mark(served.kind, &live, object).map(|object| Deleted::Going(object.json()))
            } else {
                return Ok(Deleted::Going(live.object.json()));
            };
            match done {
                Ok(deleted) => return Ok(deleted),
                Err(error) => last = write_failure(error, served, key.name()),
            }
            if !last.is_conflict() {
                break;
            }
        }
        Err(last)
    }

    /// Removes an object. That a pod goes is seen in a version of its own before.
    fn remove(
        &self,
        kind: Kind,
        live: &Live,
        object: Map<String, Value>,
        changed: bool,
    ) -> Result<Deleted, crate::store::WriteError> {
        let revision = if kind == Kind::Pod && changed {
            self.keep_mark(kind, live, object)?.revision
        } else {
            live.object.revision
        };
        let removed = self.store.remove(kind, &live.object.key, revision)?;
        Ok(Deleted::Gone(removed.json()))
    }

    fn keep_mark(
        &self,
        kind: Kind,
        live: &Live,
        object: Map<String, Value>,
    ) -> Result<Arc<Object>, crate::store::WriteError> {
        let managed =
            if live.managers == Managers::default() { bytes::Bytes::new() } else { live.object.managed.clone() };
        self.store.put(Draft::new(kind, object, managed), Expected::Revision(live.object.revision))
    }
}

fn check(served: &Served, object: &Object, options: &DeleteOptions) -> Result<(), Failure> {
    let Some(conditions) = &options.preconditions else { return Ok(()) };
    if let Some(uid) = conditions.uid.as_deref().filter(|uid| **uid != *object.uid) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted \
             and then recreated",
            object.uid
        );
        return Err(Failure::conflict(served, object.key.name(), &why));
    }
    let current = object.revision.to_string();
    if let Some(version) = conditions.resource_version.as_deref().filter(|version| **version != *current) {
        let why = format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({current}). \
             The object might have been modified"
        );
        return Err(Failure::conflict(served, object.key.name(), &why));
    }
    Ok(())
}

/// Marks an object as one that is being deleted; tells whether that changed it.
fn mark(kind: Kind, object: &mut Map<String, Value>, options: &DeleteOptions) -> bool {
    let before = object.clone();
    let grace = if kind == Kind::Pod { pod_grace(object, options) } else { 0 };
    let generation = super::create::has_generation(kind);
    if kind == Kind::Namespace
        && let Some(status) = crate::resources::within(object, "status")
    {
        status.insert("phase".to_owned(), json!("Terminating"));
    }
    let Some(metadata) = metadata_of(object) else { return false };
    if let Some(propagation) = options.propagation() {
        set_finalizers(metadata, propagation);
    }
    let known = metadata.get("deletionTimestamp").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    let seconds = |grace: i64| SignedDuration::from_secs(grace);
    match known {
        None => {
            let at = Timestamp::now() + seconds(grace);
            metadata.insert("deletionTimestamp".to_owned(), json!(time::seconds(at)));
            metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(grace));
            if generation && let Some(known) = metadata.get("generation").and_then(Value::as_i64) {
                metadata.insert("generation".to_owned(), json!(known + 1));
            }
        }
        // It can be sooner than was said first, but not later.
        Some(at) => {
            let first = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
            if grace < first && (kind == Kind::Pod) && options.grace_period_seconds.is_some() {
                let at = at - seconds(first) + seconds(grace);
                metadata.insert("deletionTimestamp".to_owned(), json!(time::seconds(at)));
                metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(grace));
            }
        }
    }
    *object != before
}

/// How long a pod has to end.
fn pod_grace(pod: &Map<String, Value>, options: &DeleteOptions) -> i64 {
    let spec = |name: &str| pod.get("spec").and_then(|spec| spec.get(name));
    let phase = pod.get("status").and_then(|status| status.get("phase")?.as_str()).unwrap_or_default();
    let placed = spec("nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty());
    if !placed || phase == "Failed" || phase == "Succeeded" {
        return 0;
    }
    let asked = options.grace_period_seconds.or_else(|| spec("terminationGracePeriodSeconds")?.as_i64());
    // What is less than nothing means: as short as can be, but not at once.
    asked.map_or(POD_GRACE, |grace| if grace < 0 { 1 } else { grace.min(i64::from(i32::MAX)) })
}

fn set_finalizers(metadata: &mut Map<String, Value>, propagation: Propagation) {
    let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
    let Some(finalizers) = finalizers.as_array_mut() else { return };
    finalizers.retain(|it| it != "orphan" && it != "foregroundDeletion");
    match propagation {
        Propagation::Orphan => finalizers.push(json!("orphan")),
        Propagation::Foreground => finalizers.push(json!("foregroundDeletion")),
        Propagation::Background => {}
    }
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    }
}
