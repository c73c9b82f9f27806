//! What is wrong, or soon may be, with the names and addresses of a StatefulSet's pods.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::End;
use crate::Timestamp;
use crate::facts::Protocol;
use crate::kubernetes::Labels;

/// How many warnings of one StatefulSet are listed, the first in their order.
pub const MAX_WARNINGS: usize = 64;

/// A warning, with what is needed to tell its cause, what it breaks and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Warning {
    /// The StatefulSet has no `serviceName`: its pods have no names in DNS. The field cannot be changed later; the set
    /// has to be made anew with it (`kubectl delete --cascade=orphan` keeps the pods).
    NoServiceName,
    /// `serviceName` names a Service that does not exist: the pods' names cannot be found until it is made.
    ServiceMissing {
        /// The name.
        service: String,
    },
    /// The Service that `serviceName` names is not headless: its own name leads to one address and not to the pods.
    /// A Service with `clusterIP: None` of that name mends it; the one that is there has to be deleted first.
    NotHeadless {
        /// The Service.
        service: String,
    },
    /// The Service's selector does not choose the StatefulSet's pods, and nothing is behind it: its names cannot be
    /// found. The selector has to be among the labels of the pods.
    SelectsNobody {
        /// The Service.
        service: String,
        /// Its selector; empty when it has none.
        selector: Labels,
        /// The labels of the pods that the StatefulSet makes.
        labels: Labels,
    },
    /// The Service's selector chooses other pods instead: its name leads to them. The selector has to be among the
    /// labels of the pods.
    SelectsOthers {
        /// The Service.
        service: String,
        /// Its selector; empty when it has none.
        selector: Labels,
        /// The labels of the pods that the StatefulSet makes.
        labels: Labels,
        /// The pods that it leads to.
        pods: Pods,
    },
    /// The Service reaches the StatefulSet's pods and others as well: its own name answers with the addresses of all. A
    /// label that only the StatefulSet's pods have, in selector and template, mends it.
    ReachesOthers {
        /// The Service.
        service: String,
        /// The other pods.
        pods: Pods,
    },
    /// Pods of the StatefulSet lack a label that the Service's selector wants, and are not behind it: their names cannot
    /// be found. The label has to be put back, or the pods deleted, so that they come back with it.
    NotSelected {
        /// The Service.
        service: String,
        /// Its selector.
        selector: Labels,
        /// The pods.
        pods: Pods,
    },
    /// A port has no name: there is no SRV record to find it by. A name for the port in the Service mends it.
    UnnamedPort {
        /// The Service.
        service: String,
        /// The port.
        port: u16,
        /// Its protocol.
        protocol: Protocol,
    },
    /// Pods that are not ready have no address in DNS. Where they have to find each other before they are ready, the
    /// Service needs `publishNotReadyAddresses: true`.
    NotReadyWithheld {
        /// The Service.
        service: String,
        /// The pods.
        pods: Pods,
    },
    /// Pods that are not ready, or that are going, are answered all the same, because the Service asks for it
    /// (`publishNotReadyAddresses`): who takes any address of it may meet one that does not serve.
    NotReadyPublished {
        /// The Service.
        service: String,
        /// The pods.
        pods: Pods,
    },
    /// A name that the StatefulSet needs is longer than the 63 characters of a label: the pod cannot be created. A
    /// StatefulSet of a shorter name mends it.
    NameTooLong {
        /// The name.
        name: String,
        /// What it would be the name of.
        of: LongName,
    },
    /// Another Service chooses the same pods. Unless it has names for them, `POD.SERVICE` exists only below the Service
    /// that `serviceName` names.
    OtherService {
        /// The Service.
        service: String,
        /// Whether it is headless: then its own name leads to the pods, else to its own address.
        headless: bool,
        /// Whether the pods have their names below it too.
        by_name: bool,
    },
    /// An address that a name had belongs to another pod now, and clients may still hold the name's old answer: they
    /// reach the wrong pod. It passes by itself; connections that check whom they talk to are safe.
    AddressReused {
        /// The Service.
        service: String,
        /// The label of the name.
        label: String,
        /// The address.
        address: IpAddr,
        /// The namespace of the pod that has it now.
        namespace: String,
        /// That pod.
        pod: String,
        /// When the name stopped to answer with it.
        stopped: End,
        /// Until when a client may hold the old answer.
        until: Timestamp,
    },
    /// A slice has addresses that are none (nonsense, or names): they are skipped. Whoever wrote the slice has to mend it.
    UnusableAddress {
        /// The Service.
        service: String,
        /// The slice.
        slice: String,
        /// The first of them.
        address: String,
        /// How many there are.
        count: u32,
    },
}

/// Some pods: the first by name, and how many more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pods {
    /// The first by name.
    pub first: String,
    /// How many more there are.
    pub more: u32,
}

/// What a name that is too long would be the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LongName {
    /// Of a pod, which has it as a label too.
    Pod,
    /// Of a ControllerRevision, which each of its pods has as a label.
    Revision,
}

impl Pods {
    /// These pods; `None` when there are none.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        let (first, more) = names.split_first()?;
        Some(Self { first: (*first).to_owned(), more: u32::try_from(more.len()).unwrap_or(u32::MAX) })
    }
}

/// How much a warning matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Something does not work.
    Broken,
    /// Good to know.
    Note,
}

impl Warning {
    /// How much it matters.
    pub const fn weight(&self) -> Weight {
        match self {
            Self::NoServiceName
            | Self::ServiceMissing { .. }
            | Self::NotHeadless { .. }
            | Self::SelectsNobody { .. }
            | Self::SelectsOthers { .. }
            | Self::ReachesOthers { .. }
            | Self::NotSelected { .. }
            | Self::NameTooLong { .. }
            | Self::AddressReused { .. }
            | Self::UnusableAddress { .. } => Weight::Broken,
            Self::UnnamedPort { .. }
            | Self::NotReadyWithheld { .. }
            | Self::NotReadyPublished { .. }
            | Self::OtherService { .. } => Weight::Note,
        }
    }
}
