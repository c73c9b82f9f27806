//! Who owns an object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::registry::Client;
use crate::selectors::LabelSelector;
use crate::store::{Key, Object};

/// The owner that controls an object.
pub(crate) fn controller_of(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

/// The reference to an owner that controls.
pub(crate) fn owner_reference<T: Typed>(owner: &T) -> OwnerReference {
    OwnerReference {
        api_version: T::OF.api_version(),
        block_owner_deletion: Some(true),
        controller: Some(true),
        kind: T::OF.name().to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
    }
}

/// The key of the owner of a kind that controls an object.
pub(super) fn owner_key(object: &Object, kind: Kind) -> Option<Key> {
    if !object.owners.iter().any(|owner| owner.controller) {
        return None;
    }
    let value = object.value();
    let owners = value.get("metadata")?.get("ownerReferences")?.as_array()?;
    let owner =
        owners.iter().find(|owner| owner.get("controller").and_then(serde_json::Value::as_bool) == Some(true))?;
    let text = |name: &str| owner.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    (text("kind") == kind.name()).then(|| Key::new(object.key.namespace(), text("name")))
}

/// Takes in the objects without a controller that match, and lets go those that do not match any more. Gives back
/// what the owner has then.
///
/// # Errors
/// When one could not be taken in or let go.
pub(super) fn claim<O: Typed, T: Typed>(
    client: &Client,
    owner: &O,
    selector: &LabelSelector,
    is_member: impl Fn(&T) -> bool,
) -> Result<Vec<T>, Failure> {
    let store = client.store();
    let deleting = owner.metadata().deletion_timestamp.is_some();
    let mut claimed = Vec::new();
    for object in store.owned_typed::<T>(owner.uid()) {
        let ours = controller_of(object.metadata()).is_some_and(|controller| controller.uid == owner.uid());
        if !ours || object.namespace() != owner.namespace() {
            continue;
        }
        let labels = object.metadata().labels.clone().unwrap_or_default();
        if selector.matches(&labels) && is_member(&object) {
            claimed.push((*object).clone());
        } else if !deleting && object.metadata().deletion_timestamp.is_none() {
            let mut released = (*object).clone();
            let owners = released.metadata_mut().owner_references.get_or_insert_default();
            owners.retain(|reference| reference.uid != owner.uid());
            match client.update(&released) {
                Ok(_) => {}
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return Err(failure),
            }
        }
    }
    if deleting {
        return Ok(claimed);
    }
    for object in store.orphans::<T>(owner.namespace()) {
        let labels = object.metadata().labels.clone().unwrap_or_default();
        if !selector.matches(&labels) || !is_member(&object) || object.metadata().deletion_timestamp.is_some() {
            continue;
        }
        let mut adopted = (*object).clone();
        adopted.metadata_mut().owner_references.get_or_insert_default().push(owner_reference(owner));
        match client.update(&adopted) {
            Ok(adopted) => claimed.push(adopted),
            Err(failure) if failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(claimed)
}
