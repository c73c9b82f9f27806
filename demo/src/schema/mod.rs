//! What the objects are made of: the types of their fields, how lists are merged, and the documents that tell clients so.
//!
//! The types come from the definitions that `k8s-openapi` carries; what those leave out (which lists are sets or maps,
//! which values a field can have) stands in [`lists`] and [`values`].

mod decode;
mod definitions;
mod document;
mod lists;
mod quantity;
mod types;
mod values;

pub use decode::decode;
pub use document::{document, index};
pub use quantity::Quantity;
pub use types::{List, ListKind, ObjectType, PatchKey, Shape};

use std::sync::{Arc, LazyLock};

use crate::kinds::{Kind, Served};

static TYPES: LazyLock<types::Types> = LazyLock::new(|| types::Types::build(&definitions::DEFINITIONS));

/// The type of a kind's objects.
pub fn of(kind: Kind) -> &'static Arc<ObjectType> {
    of_served(kind.served())
}

/// The type of objects as they are served in a group.
pub fn of_served(served: &Served) -> &'static Arc<ObjectType> {
    TYPES.root(served.group, served.version, served.name)
}

/// The type of something that is sent and answered but not kept.
pub fn of_message(group: &str, version: &str, name: &str) -> &'static Arc<ObjectType> {
    TYPES.root(group, version, name)
}
