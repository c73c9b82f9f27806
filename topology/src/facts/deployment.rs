//! What a Deployment and its ReplicaSets say.

use serde::{Deserialize, Serialize};

use super::Owner;
use crate::{ResourceVersion, SetKey, Timestamp, Uid, kubernetes};

/// A Deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its namespace and name.
    pub key: SetKey,
    /// Its UID: ReplicaSets whose controlling owner has it are its own.
    pub uid: Uid,
    /// Its resource version.
    pub version: ResourceVersion,
    /// When the API server stored it first.
    pub created: Option<Timestamp>,
    /// How many pods are wanted.
    pub replicas: u32,
}

/// A ReplicaSet: what stands between a Deployment and its pods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicaSet {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: pods whose controlling owner has it are its own.
    pub uid: Uid,
    /// Its resource version.
    pub version: ResourceVersion,
    /// Its controlling owner.
    pub owner: Option<Owner>,
}

impl ReplicaSet {
    /// The Deployment that it is of, by the name that its owner reference has.
    pub fn deployment(&self) -> Option<SetKey> {
        let owner = self.owner.as_ref().filter(|owner| owner.kind == "Deployment")?;
        Some(SetKey::new(&self.namespace, &owner.name))
    }
}

impl From<kubernetes::Deployment> for Deployment {
    fn from(deployment: kubernetes::Deployment) -> Self {
        let metadata = deployment.metadata;
        Self {
            key: SetKey { namespace: metadata.namespace, name: metadata.name },
            uid: metadata.uid,
            version: metadata.resource_version,
            created: metadata.creation_timestamp,
            replicas: u32::try_from(deployment.spec.replicas.unwrap_or(1)).unwrap_or(0),
        }
    }
}

impl From<kubernetes::ReplicaSet> for ReplicaSet {
    fn from(set: kubernetes::ReplicaSet) -> Self {
        let owner = set.metadata.controller().map(Owner::from);
        let metadata = set.metadata;
        Self {
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid,
            version: metadata.resource_version,
            owner,
        }
    }
}
