//! The namespace controller: a namespace that is being deleted takes everything in it along.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, NamespaceSpec};

use super::{Controller, Queue};
use crate::failure::Failure;
use crate::kinds::{Kind, Subresource};
use crate::registry::{Client, DeleteOptions, Propagation, WriteOptions};
use crate::resources::to_map;
use crate::store::{Event, Key};

/// How long it is waited for what takes its time to go.
const AGAIN: Duration = Duration::from_millis(500);

/// The namespace controller.
pub(super) struct Namespaces {
    client: Client,
}

impl Namespaces {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Namespace]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        if event.object.deleting {
            queue.add(event.object.key.clone());
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let (store, registry) = (self.client.store(), self.client.registry());
        let Some(namespace) = store.typed::<Namespace>("", key.name()) else { return Ok(None) };
        if namespace.metadata.deletion_timestamp.is_none() {
            return Ok(None);
        }
        let mut left = 0;
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_namespaced()) {
            for object in store.list(kind, Some(key.name())).1 {
                left += 1;
                if object.deleting {
                    continue;
                }
                let background = Some(Propagation::Background);
                let options = DeleteOptions { propagation_policy: background, ..DeleteOptions::of(&object.uid) };
                match registry.delete(kind.served(), &object.key, &options) {
                    Err(failure) if !failure.is_not_found() => return Err(failure),
                    _ => {}
                }
            }
        }
        if left > 0 {
            return Ok(Some(AGAIN));
        }
        let mut done = (*namespace).clone();
        done.spec = Some(NamespaceSpec { finalizers: None });
        let options = WriteOptions { manager: super::MANAGER.to_owned(), ..WriteOptions::default() };
        let served = Kind::Namespace.served();
        registry.update(served, key, Some(Subresource::Finalize), to_map(&done)?, &options)?;
        Ok(None)
    }
}
