//! Applying manifests, in the words of `kubectl apply`. In the demo whatever is there is brought to what they say. On a
//! cluster of the user's nothing is touched that Berth did not make.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Service;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use topology::object_name::Label;

use super::{ActError, Actor, Outcome, Playground, within};

/// The name under which what Berth applies is noted in the objects.
const MANAGER: &str = "berth";

/// A manifest, and what there is of its name.
struct Planned {
    /// As kubectl names it: `service/nginx`.
    object: String,
    kind: Kind,
    name: String,
    manifest: Value,
    /// The version of what is there.
    before: Option<String>,
}

/// The kinds that the walk-through's manifests are of.
#[derive(Clone, Copy)]
enum Kind {
    Service,
    StatefulSet,
    Deployment,
}

impl Actor {
    /// Applies manifests of Services, StatefulSets and Deployments. All are looked at before the first is applied.
    ///
    /// # Errors
    /// When something of that name is there that Berth did not make, or the API refuses the first of them.
    pub(crate) async fn apply(
        &self,
        namespace: &Label,
        manifests: impl IntoIterator<Item = Value>,
        deadline: Instant,
    ) -> Result<Outcome, ActError> {
        let client = self.client();
        let mut planned = Vec::new();
        for manifest in manifests {
            planned.push(within(deadline, self.plan(&client, namespace, manifest)).await?);
        }
        let options = match self.playground() {
            Playground::Demo => PatchParams::apply(MANAGER).force(),
            Playground::No => PatchParams::apply(MANAGER),
        };
        let mut results = Vec::new();
        for Planned { object, kind, name, manifest, before } in planned {
            let manifest = Patch::Apply(manifest);
            let patched = async {
                match kind {
                    Kind::Service => patch::<Service>(&client, namespace, &name, &options, &manifest).await,
                    Kind::StatefulSet => patch::<StatefulSet>(&client, namespace, &name, &options, &manifest).await,
                    Kind::Deployment => patch::<Deployment>(&client, namespace, &name, &options, &manifest).await,
                }
            };
            let said = within(deadline, patched).await.map(|after| match before {
                None => format!("{object} created"),
                Some(before) if after.as_ref() == Some(&before) => format!("{object} unchanged"),
                Some(_) => format!("{object} configured"),
            });
            results.push((object, said));
        }
        Outcome::collect(results)
    }

    async fn plan(&self, client: &Client, namespace: &Label, manifest: Value) -> Result<Planned, ActError> {
        let name = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let (kind, group, found) = match manifest["kind"].as_str() {
            Some("Service") => (Kind::Service, "service", look::<Service>(client, namespace, &name).await?),
            Some("StatefulSet") => {
                (Kind::StatefulSet, "statefulset.apps", look::<StatefulSet>(client, namespace, &name).await?)
            }
            Some("Deployment") => {
                (Kind::Deployment, "deployment.apps", look::<Deployment>(client, namespace, &name).await?)
            }
            other => {
                let why = format!("a manifest of kind {} cannot be applied from here", other.unwrap_or("nothing"));
                return Err(ActError::Invalid(why));
            }
        };
        let object = format!("{group}/{name}");
        match found {
            Some(Found { is_ours: false, .. }) if self.playground() == Playground::No => {
                Err(ActError::Foreign { object, namespace: namespace.clone() })
            }
            found => Ok(Planned { object, kind, name, manifest, before: found.map(|found| found.version) }),
        }
    }
}

/// What there is of a name.
struct Found {
    version: String,
    /// Whether Berth applied it.
    is_ours: bool,
}

async fn look<K>(client: &Client, namespace: &Label, name: &str) -> Result<Option<Found>, ActError>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let found = Api::<K>::namespaced(client.clone(), namespace.as_str()).get_opt(name).await?;
    Ok(found.map(|object| Found {
        version: object.resource_version().unwrap_or_default(),
        is_ours: object
            .managed_fields()
            .iter()
            .any(|entry| entry.manager.as_deref() == Some(MANAGER) && entry.operation.as_deref() == Some("Apply")),
    }))
}

/// Applies it; its version afterwards.
async fn patch<K>(
    client: &Client,
    namespace: &Label,
    name: &str,
    options: &PatchParams,
    manifest: &Patch<Value>,
) -> Result<Option<String>, ActError>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace.as_str());
    Ok(api.patch(name, options, manifest).await?.resource_version())
}
