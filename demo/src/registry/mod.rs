//! What can be done with objects: create, update, patch, delete, with the rules of each kind and the bookkeeping that an
//! API server does. The HTTP API and the controllers come through here alike; nothing in here waits.

mod addresses;
mod bind;
mod client;
mod create;
mod delete;
mod patch;
mod scale;
mod update;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

pub use addresses::Addresses;
pub use client::Client;
pub(crate) use create::safe_encode;
pub use delete::{DeleteOptions, Deleted, Preconditions, Propagation};
pub use patch::PatchKind;
pub use scale::{scale_of, with_scale};

use crate::failure::Failure;
use crate::fields::{Manager, Managers, Operation, Part};
use crate::kinds::{Kind, Served, Subresource};
use crate::schema;
use crate::store::{Key, Object, Store, WriteError};

/// How often a change is tried again when somebody else was quicker.
const ATTEMPTS: usize = 8;

/// The way to all objects.
#[derive(Debug)]
pub struct Registry {
    /// Where they are.
    pub store: Arc<Store>,
    addresses: Mutex<Addresses>,
}

/// What is done about fields that are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// They are left out without a word.
    Ignore,
    /// They are left out, and the answer warns.
    #[default]
    Warn,
    /// The object is refused.
    Strict,
}

/// How a write is meant.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// Who writes.
    pub manager: String,
    /// Whether nothing is to be changed, only said what would be.
    pub dry_run: bool,
    /// What is done about fields that are not known.
    pub validation: Validation,
}

/// What a write came to.
#[derive(Debug)]
pub struct Written {
    /// The object, as JSON.
    pub json: Vec<u8>,
    /// What was wrong with it but accepted.
    pub warnings: Vec<String>,
    /// Whether it is new.
    pub created: bool,
}

/// An object that is about to be changed.
pub(crate) struct Live {
    pub(crate) object: Arc<Object>,
    /// It, without its managed fields.
    pub(crate) value: Map<String, Value>,
    pub(crate) managers: Managers,
}

impl Live {
    fn of(object: Arc<Object>) -> Self {
        let value = object.value();
        let managers = Managers::parse(&object.managed);
        Self { object, value, managers }
    }

    /// It, with its managed fields, as clients see it.
    fn whole(&self) -> Map<String, Value> {
        let mut whole = self.value.clone();
        if !self.object.managed.is_empty()
            && let Some(metadata) = metadata_of(&mut whole)
            && let Ok(managed) = serde_json::from_slice(&self.object.managed)
        {
            metadata.insert("managedFields".to_owned(), managed);
        }
        whole
    }
}

impl Registry {
    /// A registry over a store, which may hold objects already.
    pub fn new(store: Arc<Store>, addresses: Addresses) -> Self {
        Self { store, addresses: Mutex::new(addresses) }
    }

    /// An object.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn get(&self, served: &Served, key: &Key) -> Result<Arc<Object>, Failure> {
        self.store.get(served.kind, key).ok_or_else(|| Failure::not_found(served, key.name()))
    }

    fn live(&self, served: &Served, key: &Key) -> Result<Live, Failure> {
        self.get(served, key).map(Live::of)
    }
}

/// The part of an object that is written through a subresource, or without one.
pub(crate) fn part_of(served: &Served, subresource: Option<Subresource>) -> Part {
    match subresource {
        Some(Subresource::Status) => Part::Status,
        _ if served.kind.served().subresources.contains(&Subresource::Status) => Part::Main,
        _ => Part::Whole,
    }
}

/// The writer as a manager of fields.
pub(crate) fn manager(
    options: &WriteOptions,
    kind: Kind,
    subresource: Option<Subresource>,
    operation: Operation,
) -> Manager {
    Manager {
        name: options.manager.clone(),
        operation,
        subresource: subresource.map_or("", Subresource::name).to_owned(),
        api_version: kind.api_version(),
        time: Some(crate::time::to_second(Timestamp::now())),
        fields: crate::fields::FieldSet::default(),
    }
}

/// The metadata of an object; made if there are none.
pub(crate) fn metadata_of(object: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    object.entry("metadata").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// A text of an object's metadata; empty when it is not there.
pub(crate) fn metadata_text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get("metadata").and_then(|metadata| metadata.get(name)?.as_str()).unwrap_or_default()
}

/// Takes the managed fields out of an object that a client sent: none if it says nothing of them.
fn take_managed(object: &mut Map<String, Value>) -> Result<Option<Managers>, Failure> {
    let Some(metadata) = metadata_of(object) else { return Ok(None) };
    match metadata.remove("managedFields") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(entries)) => {
            // A list of one empty entry is how a client says that nobody manages anything.
            let entries: Vec<Value> = entries.into_iter().filter(|entry| *entry != Value::Object(Map::new())).collect();
            Managers::from_client(&Value::Array(entries)).map(Some).map_err(Failure::bad_request)
        }
        Some(_) => Err(Failure::bad_request("metadata.managedFields must be a list")),
    }
}

/// Reads an object by its type; gives back what to warn of.
fn decode(served: &Served, object: &mut Map<String, Value>, validation: Validation) -> Result<Vec<String>, Failure> {
    let unreadable = |error: String| {
        let (name, version) = (served.name, served.version);
        Failure::bad_request(format!("{name} in version {version:?} cannot be handled as a {name}: {error}"))
    };
    let decoded = schema::decode(object, schema::of_served(served)).map_err(unreadable)?;
    let unknown: Vec<String> = decoded.unknown.iter().map(|path| format!("unknown field {path:?}")).collect();
    match validation {
        Validation::Strict if !unknown.is_empty() => {
            Err(unreadable(format!("strict decoding error: {}", unknown.join(", "))))
        }
        Validation::Ignore => Ok(Vec::new()),
        Validation::Strict | Validation::Warn => Ok(unknown),
    }
}

/// What a refusal of the store means to a client.
fn write_failure(error: WriteError, served: &Served, name: &str) -> Failure {
    match error {
        WriteError::Exists => Failure::already_exists(served, name),
        WriteError::Missing => Failure::not_found(served, name),
        WriteError::Modified => Failure::modified(served, name),
        WriteError::Full(limit) => {
            let why = format!("the demo keeps at most {limit} bytes of objects: delete some first");
            Failure::forbidden(served, name, &why)
        }
    }
}

/// An object that was not kept, as JSON.
fn unkept_json(kind: Kind, mut object: Map<String, Value>, managed: &Bytes) -> Vec<u8> {
    object.insert("kind".to_owned(), Value::from(kind.name()));
    object.insert("apiVersion".to_owned(), Value::from(kind.api_version()));
    if !managed.is_empty()
        && let Some(metadata) = metadata_of(&mut object)
        && let Ok(managed) = serde_json::from_slice(managed)
    {
        metadata.insert("managedFields".to_owned(), managed);
    }
    serde_json::to_vec(&object).unwrap_or_default() // a JSON object can be written
}
