//! The topology's slim types, dressed so that `kube` can watch them: what the API sends is read straight into them, and
//! `managedFields`, annotations and everything else that is not used is never held.

use std::borrow::Cow;

use k8s_openapi::NamespaceResourceScope;
use kube::Resource;
use kube::core::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use topology::facts::{Kind, Object};
use topology::kubernetes::{Deployment, EndpointSlice, Metadata, Pod, ReplicaSet, Service, StatefulSet};

/// A slim type that can be watched.
pub trait Watched: DeserializeOwned + Into<Object> + Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;
    /// The name of its kind.
    const NAME: &'static str;
    /// Its metadata.
    fn metadata(&self) -> &Metadata;
}

macro_rules! watched {
    ($kind:ident, $name:literal) => {
        impl Watched for $kind {
            const KIND: Kind = Kind::$kind;
            const NAME: &'static str = $name;
            fn metadata(&self) -> &Metadata {
                &self.metadata
            }
        }
    };
}

watched!(Pod, "Pod");
watched!(Service, "Service");
watched!(EndpointSlice, "EndpointSlice");
watched!(StatefulSet, "StatefulSet");
watched!(Deployment, "Deployment");
watched!(ReplicaSet, "ReplicaSet");

/// An object of the API; `kube` needs to see its resource version.
#[derive(Debug, Clone)]
pub struct Slim<T> {
    metadata: ObjectMeta,
    object: T,
}

impl<T: Watched> Slim<T> {
    /// The fact that it states.
    pub fn into_fact(self) -> Object {
        self.object.into()
    }
}

impl<'de, T: Watched> Deserialize<'de> for Slim<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = T::deserialize(deserializer)?;
        let version = object.metadata().resource_version.0.map(|number| number.to_string());
        let metadata = ObjectMeta { resource_version: version, ..ObjectMeta::default() };
        Ok(Self { metadata, object })
    }
}

impl<T: Watched> Resource for Slim<T> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        T::NAME.into()
    }

    fn group((): &()) -> Cow<'_, str> {
        T::KIND.group().into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        T::KIND.resource().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
