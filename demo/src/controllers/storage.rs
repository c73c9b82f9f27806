//! Storage: claims are bound to volumes that are made for them, and wait for the pods that use them before they go.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    HostPathVolumeSource, ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus,
    PersistentVolumeSpec, PersistentVolumeStatus, Pod,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::pods::has_ended;
use super::{Controller, Queue, Recorder, reference};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::registry::{Client, DeleteOptions};
use crate::resources::CLAIM_IN_USE;
use crate::store::{Change, Event, Key};

/// The controller of claims and volumes.
pub(super) struct Claims {
    client: Client,
    recorder: Recorder,
}

impl Claims {
    pub(super) const fn new(client: Client, recorder: Recorder) -> Self {
        Self { client, recorder }
    }

    /// The pods that use a claim.
    fn users(&self, claim: &PersistentVolumeClaim) -> Vec<Pod> {
        let pods = self.client.store().list_typed::<Pod>(Some(claim.namespace()));
        let uses = |pod: &Pod| claims_of(pod).any(|name| name == claim.name());
        pods.iter().filter(|pod| uses(pod)).map(|pod| (**pod).clone()).collect()
    }

    /// A volume for a claim, made as soon as a pod that needs it has a node (or at once, where the class says so).
    fn provision(&mut self, claim: &PersistentVolumeClaim) -> Result<(), Failure> {
        let spec = claim.spec.clone().unwrap_or_default();
        let class = spec.storage_class_name.clone().unwrap_or_default();
        let Some(class) = self.client.store().typed::<StorageClass>("", &class) else { return Ok(()) };
        let waits = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
        let users = self.users(claim);
        if waits && users.is_empty() {
            let message = "waiting for first consumer to be created before binding";
            self.recorder.normal(reference(claim), "WaitForFirstConsumer", message);
            return Ok(());
        }
        let name = format!("pvc-{}", claim.uid());
        let requests = spec.resources.as_ref().and_then(|resources| resources.requests.clone()).unwrap_or_default();
        let capacity: BTreeMap<_, _> = requests.into_iter().filter(|(name, _)| name == "storage").collect();
        let volume = PersistentVolume {
            metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
            spec: Some(PersistentVolumeSpec {
                access_modes: spec.access_modes.clone(),
                capacity: Some(capacity.clone()),
                claim_ref: Some(ObjectReference { resource_version: None, ..reference(claim) }),
                host_path: Some(HostPathVolumeSource {
                    path: format!("/var/lib/storage/{name}"),
                    type_: Some("DirectoryOrCreate".to_owned()),
                }),
                persistent_volume_reclaim_policy: class.reclaim_policy.clone(),
                storage_class_name: class.metadata.name.clone(),
                volume_mode: spec.volume_mode.clone(),
                ..PersistentVolumeSpec::default()
            }),
            status: None,
        };
        match self.client.create(&volume) {
            Ok(mut volume) => {
                let message = format!("Successfully provisioned volume {name}");
                self.recorder.normal(reference(claim), "ProvisioningSucceeded", message);
                volume.status = Some(PersistentVolumeStatus {
                    phase: Some("Bound".to_owned()),
                    ..PersistentVolumeStatus::default()
                });
                self.client.update_status(&volume)?;
            }
            Err(failure) if failure.is_already_exists() => {}
            Err(failure) => return Err(failure),
        }
        let mut bound = claim.clone();
        bound.spec.get_or_insert_default().volume_name = Some(name);
        let annotations = bound.metadata.annotations.get_or_insert_default();
        annotations.insert("pv.kubernetes.io/bind-completed".to_owned(), "yes".to_owned());
        annotations.insert("pv.kubernetes.io/bound-by-controller".to_owned(), "yes".to_owned());
        let mut bound = self.client.update(&bound)?;
        bound.status = Some(PersistentVolumeClaimStatus {
            access_modes: spec.access_modes,
            capacity: Some(capacity),
            phase: Some("Bound".to_owned()),
            ..PersistentVolumeClaimStatus::default()
        });
        self.client.update_status(&bound).map(drop)
    }

    /// A claim that is being deleted goes when no pod uses it any more.
    fn release(&self, claim: &PersistentVolumeClaim) -> Result<(), Failure> {
        if self.users(claim).iter().any(|pod| !has_ended(pod)) {
            return Ok(());
        }
        let mut released = claim.clone();
        if let Some(finalizers) = &mut released.metadata.finalizers {
            finalizers.retain(|it| it != CLAIM_IN_USE);
        }
        match self.client.update(&released) {
            Err(failure) if !failure.is_not_found() => Err(failure),
            _ => Ok(()),
        }
    }

    /// The volume of a claim that is gone goes too, or stays as it was asked for.
    fn reclaim(&self, claim: &Key) -> Result<(), Failure> {
        for volume in self.client.store().list_typed::<PersistentVolume>(None) {
            let spec = volume.spec.clone().unwrap_or_default();
            let bound = spec.claim_ref.as_ref().is_some_and(|reference| {
                reference.namespace.as_deref() == Some(claim.namespace())
                    && reference.name.as_deref() == Some(claim.name())
            });
            let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
            if !bound || phase != Some("Bound") {
                continue;
            }
            if spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete") {
                self.client.delete::<PersistentVolume>(&Key::of(&*volume), &DeleteOptions::of(volume.uid()))?;
            } else {
                let mut released = (*volume).clone();
                released.status.get_or_insert_default().phase = Some("Released".to_owned());
                self.client.update_status(&released)?;
            }
        }
        Ok(())
    }
}

/// The names of the claims that a pod uses.
fn claims_of(pod: &Pod) -> impl Iterator<Item = &str> {
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_ref());
    volumes
        .into_iter()
        .flatten()
        .filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
}

impl Controller for Claims {
    fn name(&self) -> &'static str {
        "persistentvolume"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::PersistentVolumeClaim, Kind::Pod]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        match event.object.kind {
            Kind::PersistentVolumeClaim => queue.add(event.object.key.clone()),
            // A new pod may be the first to need a claim, one that went the last.
            _ if event.change == Change::Modified && event.previous.is_some() => {
                let ended = |it: &crate::store::Object| {
                    it.fields
                        .iter()
                        .any(|(name, value)| *name == "status.phase" && matches!(&**value, "Succeeded" | "Failed"))
                };
                if ended(&event.object) {
                    add_claims(event, queue);
                }
            }
            _ => add_claims(event, queue),
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let Some(claim) = self.client.store().typed::<PersistentVolumeClaim>(key.namespace(), key.name()) else {
            self.reclaim(key)?;
            return Ok(None);
        };
        if claim.metadata.deletion_timestamp.is_some() {
            self.release(&claim)?;
        } else if claim.spec.as_ref().is_some_and(|spec| spec.volume_name.is_none()) {
            self.provision(&claim)?;
        }
        Ok(None)
    }
}

/// The claims of the pod that an event is about are to be seen to.
fn add_claims(event: &Event, queue: &mut Queue) {
    let Some(pod) = event.object.parse::<Pod>() else { return };
    for name in claims_of(&pod) {
        queue.add(Key::new(event.object.key.namespace(), name));
    }
}
