//! The registry as a controller uses it: by types, under the controller's own name.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::delete::{DeleteOptions, Deleted};
use super::{PatchKind, Registry, Validation, WriteOptions};
use crate::failure::Failure;
use crate::kinds::{Subresource, Typed};
use crate::resources::to_map;
use crate::store::{Key, Store};

/// The registry, as one writer uses it.
#[derive(Debug, Clone)]
pub struct Client {
    registry: Arc<Registry>,
    options: WriteOptions,
}

impl Client {
    /// The registry for a writer of this name.
    pub fn new(registry: &Arc<Registry>, manager: &str) -> Self {
        let options = WriteOptions { manager: manager.to_owned(), dry_run: false, validation: Validation::Ignore };
        Self { registry: Arc::clone(registry), options }
    }

    /// The store behind it.
    pub fn store(&self) -> &Store {
        &self.registry.store
    }

    /// The registry behind it.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Creates an object.
    ///
    /// # Errors
    /// When it is not valid, or there is one of its name.
    pub fn create<T: Typed>(&self, object: &T) -> Result<T, Failure> {
        let written = self.registry.create(T::OF.served(), object.namespace(), to_map(object)?, &self.options)?;
        read(&written.json)
    }

    /// Replaces an object, which must not have changed since it was read.
    ///
    /// # Errors
    /// When it is not valid, does not exist, or was changed meanwhile.
    pub fn update<T: Typed>(&self, object: &T) -> Result<T, Failure> {
        self.replace(object, None)
    }

    /// Replaces the status of an object, which must not have changed since it was read.
    ///
    /// # Errors
    /// When it does not exist, or was changed meanwhile.
    pub fn update_status<T: Typed>(&self, object: &T) -> Result<T, Failure> {
        self.replace(object, Some(Subresource::Status))
    }

    fn replace<T: Typed>(&self, object: &T, subresource: Option<Subresource>) -> Result<T, Failure> {
        let (served, key) = (T::OF.served(), Key::of(object));
        let written = self.registry.update(served, &key, subresource, to_map(object)?, &self.options)?;
        read(&written.json)
    }

    /// Merges fields into an object.
    ///
    /// # Errors
    /// When it does not exist, or is not valid then.
    pub fn merge<T: Typed>(
        &self,
        key: &Key,
        subresource: Option<Subresource>,
        fields: &Map<String, Value>,
    ) -> Result<T, Failure> {
        let fields = Value::Object(fields.clone());
        let patch = PatchKind::Merge;
        let written = self.registry.patch(T::OF.served(), key, subresource, patch, fields, &self.options)?;
        read(&written.json)
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// When it does not exist, or is not in the state that the options suppose.
    pub fn delete<T: Typed>(&self, key: &Key, options: &DeleteOptions) -> Result<Deleted, Failure> {
        self.registry.delete(T::OF.served(), key, options)
    }
}

fn read<T: Typed>(json: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(Failure::internal)
}
