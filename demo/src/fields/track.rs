//! Who manages what, after a change.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{FieldSet, Manager, Managers, Step, compare};
use crate::schema::ObjectType;

/// The part of an object that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status.
    Main,
    /// The status.
    Status,
    /// Everything: kinds without a status of its own.
    Whole,
}

impl Part {
    /// The fields of a set that belong to the part.
    pub(super) fn of(self, set: FieldSet) -> FieldSet {
        match self {
            Self::Main => set.restricted("status", false),
            Self::Status => set.restricted("status", true),
            Self::Whole => set,
        }
    }
}

/// The fields that nobody manages.
static NOBODYS: LazyLock<FieldSet> = LazyLock::new(|| {
    let mut set = FieldSet::default();
    for name in ["apiVersion", "kind", "metadata"] {
        set.insert(&[Step::Field(name.to_owned())]);
    }
    let metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    for name in metadata {
        set.insert(&[Step::Field("metadata".to_owned()), Step::Field(name.to_owned())]);
    }
    set
});

/// The fields of a set that somebody can manage.
pub(super) fn manageable(set: FieldSet) -> FieldSet {
    set.difference(&NOBODYS)
}

/// After a write: the writer manages what it changed and added, nobody manages what is gone.
pub fn track(
    managers: &mut Managers,
    writer: Manager,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    kind: &ObjectType,
    part: Part,
) {
    let comparison = compare(old, new, kind);
    let written = part.of(comparison.modified.union(&comparison.added));
    let removed = part.of(comparison.removed);
    for manager in &mut managers.0 {
        manager.fields = std::mem::take(&mut manager.fields).difference(&written).difference(&removed);
    }
    let written = manageable(written);
    if !written.is_empty() {
        match managers.0.iter_mut().find(|manager| manager.is(&writer)) {
            Some(known) => {
                known.fields = std::mem::take(&mut known.fields).union(&written);
                known.time = writer.time;
            }
            None => managers.0.push(Manager { fields: written, ..writer }),
        }
    }
    managers.0.retain(|manager| !manager.fields.is_empty());
    managers.cap();
}
