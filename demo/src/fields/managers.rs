//! The managers of an object, each with its fields.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FieldSet;
use crate::time;

/// How a manager came to its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// It applied its intent.
    Apply,
    /// It wrote them.
    Update,
}

/// A manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// Who.
    pub name: String,
    /// How it came to its fields.
    pub operation: Operation,
    /// Through which part of the object; empty for the object itself.
    pub subresource: String,
    /// In which version.
    pub api_version: String,
    /// When it came to the last of them.
    pub time: Option<Timestamp>,
    /// Its fields.
    pub fields: FieldSet,
}

impl Manager {
    /// Whether both are the same one.
    pub fn is(&self, other: &Self) -> bool {
        let version = self.operation == Operation::Apply || self.api_version == other.api_version;
        self.name == other.name && self.operation == other.operation && self.subresource == other.subresource && version
    }

    /// As messages name it.
    pub fn title(&self) -> String {
        let part = match self.subresource.as_str() {
            "" => String::new(),
            subresource => format!(" with subresource {subresource:?}"),
        };
        let version = match self.operation {
            Operation::Update => format!(" using {}", self.api_version),
            Operation::Apply => String::new(),
        };
        format!("{:?}{part}{version}", self.name)
    }
}

/// The managers of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Managers(pub Vec<Manager>);

/// An entry of `metadata.managedFields`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    manager: String,
    operation: Operation,
    #[serde(default)]
    api_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(default)]
    fields_type: String,
    #[serde(default)]
    fields_v1: Value,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    subresource: String,
}

/// How many managers that wrote are told apart; the oldest beyond them become one.
const MAX_UPDATERS: usize = 10;

/// The name of the oldest ones together.
const ANCIENT: &str = "ancient-changes";

impl Managers {
    /// Reads what an object holds. What cannot be read is forgotten, as an API server does.
    pub fn parse(json: &[u8]) -> Self {
        let entries: Vec<Entry> = serde_json::from_slice(json).unwrap_or_default();
        Self(entries.into_iter().filter_map(Entry::into_manager).collect())
    }

    /// Reads what a client sends in place of what the object holds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_client(value: &Value) -> Result<Self, String> {
        let entries: Vec<Entry> = serde_json::from_value(value.clone())
            .map_err(|error| format!("failed to decode managed fields: {error}"))?;
        let managers = entries.into_iter().map(|entry| entry.into_manager().ok_or("failed to decode managed fields"));
        Ok(Self(managers.collect::<Result<_, _>>()?))
    }

    /// As an object holds it: JSON, empty when nobody manages anything.
    pub fn to_json(&self) -> Bytes {
        if self.0.is_empty() {
            return Bytes::new();
        }
        let mut sorted: Vec<&Manager> = self.0.iter().collect();
        let rank = |manager: &Manager| {
            (
                manager.operation,
                manager.time,
                manager.name.clone(),
                manager.api_version.clone(),
                manager.subresource.clone(),
            )
        };
        sorted.sort_by_key(|manager| rank(manager));
        let entries: Vec<Entry> = sorted.into_iter().map(Entry::of).collect();
        serde_json::to_vec(&entries).map(Bytes::from).unwrap_or_default()
    }

    /// Whether both say the same, whenever it was.
    pub fn same_but_times(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .all(|manager| other.0.iter().any(|other| manager.is(other) && manager.fields == other.fields))
    }

    /// Makes one of the managers that wrote longest ago, if there are too many.
    pub(super) fn cap(&mut self) {
        let updaters = |managers: &[Manager]| managers.iter().filter(|it| it.operation == Operation::Update).count();
        while updaters(&self.0) > MAX_UPDATERS {
            let oldest = self
                .0
                .iter()
                .enumerate()
                .filter(|(_, it)| it.operation == Operation::Update && it.name != ANCIENT)
                .min_by_key(|(_, it)| it.time);
            let Some((at, _)) = oldest else { return };
            let mut gone = self.0.remove(at);
            let ancient = self.0.iter_mut().find(|it| it.name == ANCIENT && it.operation == Operation::Update);
            if let Some(ancient) = ancient {
                ancient.fields = std::mem::take(&mut ancient.fields).union(&gone.fields);
                ancient.time = ancient.time.max(gone.time);
            } else {
                ANCIENT.clone_into(&mut gone.name);
                gone.subresource.clear();
                self.0.push(gone);
            }
        }
    }
}

impl Entry {
    fn of(manager: &Manager) -> Self {
        Self {
            manager: manager.name.clone(),
            operation: manager.operation,
            api_version: manager.api_version.clone(),
            time: manager.time.map(time::seconds),
            fields_type: "FieldsV1".to_owned(),
            fields_v1: manager.fields.to_json(),
            subresource: manager.subresource.clone(),
        }
    }

    fn into_manager(self) -> Option<Manager> {
        let fields = if self.fields_v1.is_null() { FieldSet::default() } else { FieldSet::from_json(&self.fields_v1)? };
        Some(Manager {
            name: self.manager,
            operation: self.operation,
            subresource: self.subresource,
            api_version: self.api_version,
            time: self.time.and_then(|text| text.parse().ok()),
            fields,
        })
    }
}
