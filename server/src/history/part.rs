//! The part of a cluster that one server watches. Several servers may keep their histories in one database, each of what it
//! sees: whoever sees more must not be shown less of the past, and whoever sees less not more.

use std::collections::BTreeSet;

use topology::facts::{Event, Observation};

use crate::ledger::Sql;

/// A cluster, or some of its namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    cluster: String,
    namespaces: Option<BTreeSet<String>>,
}

impl Part {
    /// These namespaces of a cluster; `None` is all of it.
    pub fn new(cluster: &str, namespaces: Option<&[String]>) -> Self {
        let namespaces = namespaces.map(|names| names.iter().cloned().collect());
        Self { cluster: cluster.to_owned(), namespaces }
    }

    /// All of a cluster.
    pub fn all(cluster: &str) -> Self {
        Self::new(cluster, None)
    }

    /// The cluster's identity in the ledger.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Whether it is all of the cluster.
    pub const fn is_all(&self) -> bool {
        self.namespaces.is_none()
    }

    /// Whether a namespace is in it.
    pub fn has(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|names| names.contains(namespace))
    }

    /// Whether who watched these namespaces (`None`: all) saw all of it.
    pub(super) fn is_seen_by(&self, watched: Option<&[String]>) -> bool {
        match (watched, &self.namespaces) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(watched), Some(names)) => names.iter().all(|name| watched.contains(name)),
        }
    }

    /// What it is in the column `namespaces` of segments: the names, a comma before and behind each; nothing for all.
    pub(super) fn column(&self) -> Option<String> {
        let names = self.namespaces.as_ref()?;
        Some(names.iter().fold(",".to_owned(), |text, name| text + name + ","))
    }

    /// Adds the condition that a segment is of a run which saw all of it. No namespace's name has a wildcard in it.
    pub(super) fn seen(&self, sql: &mut Sql) {
        let Some(names) = &self.namespaces else {
            sql.push(" AND namespaces IS NULL");
            return;
        };
        sql.push(" AND (namespaces IS NULL OR (1 = 1");
        for name in names {
            sql.push(" AND namespaces LIKE ").bind(format!("%,{name},%"));
        }
        sql.push("))");
    }

    /// What of an observation is in it; `None` when nothing is.
    pub(super) fn narrow(&self, mut observation: Observation) -> Option<Observation> {
        if observation.watch.namespace.as_ref().is_some_and(|namespace| !self.has(namespace)) {
            return None;
        }
        match &mut observation.event {
            Event::Listed(objects) => objects.retain(|object| self.has(object.namespace())),
            Event::Applied(object) | Event::Deleted(object) if !self.has(object.namespace()) => return None,
            Event::Applied(_) | Event::Deleted(_) | Event::CaughtUp | Event::Interrupted { .. } => {}
        }
        Some(observation)
    }
}
