//! The container that a request is about.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::{Api, Objects};
use crate::failure::Failure;
use crate::kinds::Typed as _;
use crate::store::Key;

/// The pod of a request.
///
/// # Errors
/// When it does not exist.
pub(super) fn pod(api: &Api, objects: &Objects, key: &Key) -> Result<std::sync::Arc<Pod>, Failure> {
    let pod = api.registry.store.typed::<Pod>(key.namespace(), key.name());
    pod.ok_or_else(|| Failure::not_found(objects.served, key.name()))
}

/// The container that is meant: the one that is named, or the only one.
///
/// # Errors
/// When there is none of that name, or a name is missing.
pub(super) fn named<'a>(pod: &'a Pod, name: &str) -> Result<&'a str, Failure> {
    let main = pod.spec.as_ref().map_or(&[][..], |spec| &spec.containers);
    let init = pod.spec.iter().filter_map(|spec| spec.init_containers.as_ref()).flatten();
    let mut all = init.chain(main).map(|container| container.name.as_str());
    match (name, main) {
        ("", [only]) => Ok(&only.name),
        ("", []) => Err(Failure::bad_request(format!("a container name must be specified for pod {}", pod.name()))),
        ("", _) => {
            let names = all.collect::<Vec<_>>().join(" ");
            let message =
                format!("a container name must be specified for pod {}, choose one of: [{names}]", pod.name());
            Err(Failure::bad_request(message))
        }
        (name, _) => all
            .find(|it| *it == name)
            .ok_or_else(|| Failure::bad_request(format!("container {name} is not valid for pod {}", pod.name()))),
    }
}

/// What was reported of a container.
pub(super) fn status<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let mut all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    all.find(|status| status.name == name)
}

/// The container that is meant, which must run.
///
/// # Errors
/// When it does not, or cannot be found.
pub(super) fn running<'a>(pod: &'a Pod, name: &str) -> Result<&'a str, Failure> {
    let name = named(pod, name)?;
    if pod.spec.as_ref().is_none_or(|spec| spec.node_name.as_deref().is_none_or(str::is_empty)) {
        return Err(Failure::bad_request(format!("pod {} does not have a host assigned", pod.name())));
    }
    let state = status(pod, name).and_then(|status| status.state.as_ref());
    if state.is_some_and(|state| state.running.is_some()) {
        Ok(name)
    } else {
        Err(Failure::internal(format!("unable to upgrade connection: container not found (\"{name}\")")))
    }
}
