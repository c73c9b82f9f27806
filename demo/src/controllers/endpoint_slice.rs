//! The EndpointSlice controller: for each Service with a selector, the addresses of the pods that it selects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pods::{has_ended, is_ready, is_terminating};
use super::{Controller, Queue, owner_reference};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::registry::{Client, DeleteOptions};
use crate::selectors::LabelSelector;
use crate::store::{Event, Key};
use crate::time;

/// The most endpoints of a slice.
const MOST: usize = 100;

/// How long a slice that somebody else changed is left alone.
const CALM: Duration = Duration::from_secs(1);

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// The annotation with when a pod or the Service changed, for which the slice was.
const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The EndpointSlice controller.
pub(super) struct EndpointSlices {
    client: Client,
}

/// What a slice is for: ports, and the family of the addresses.
#[derive(Debug, Clone, PartialEq)]
struct Purpose {
    ports: Vec<EndpointPort>,
    family: &'static str,
}

impl EndpointSlices {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }

    /// The Services that select a pod with these labels.
    fn services_of(&self, namespace: &str, labels: &BTreeMap<String, String>) -> BTreeSet<Key> {
        let services = self.client.store().list_typed::<Service>(Some(namespace));
        let selects = |service: &Service| selector_of(service).is_some_and(|selector| selector.matches(labels));
        services.iter().filter(|service| selects(service)).map(|service| Key::of(&**service)).collect()
    }

    fn slices_of(&self, service: &Key) -> Vec<EndpointSlice> {
        let slices = self.client.store().list_typed::<EndpointSlice>(Some(service.namespace()));
        let ours = |slice: &EndpointSlice| {
            let labels = slice.metadata.labels.as_ref();
            let label = |name: &str| labels.and_then(|labels| labels.get(name)).map(String::as_str);
            label(SERVICE_NAME) == Some(service.name()) && label(MANAGED_BY) == Some(MANAGER)
        };
        slices.iter().filter(|slice| ours(slice)).map(|slice| (**slice).clone()).collect()
    }
}

/// Which pods a Service selects, if it does that at all.
fn selector_of(service: &Service) -> Option<LabelSelector> {
    let spec = service.spec.as_ref()?;
    let selector = spec.selector.as_ref().filter(|selector| !selector.is_empty())?;
    (spec.type_.as_deref() != Some("ExternalName")).then(|| LabelSelector::equal_to(selector))
}

impl Controller for EndpointSlices {
    fn name(&self) -> &'static str {
        "endpointslice"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Pod, Kind::EndpointSlice]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        let object = &event.object;
        match object.kind {
            Kind::Service => queue.add(object.key.clone()),
            Kind::EndpointSlice => {
                // Its own changes need no second look; those of others do, but not at once.
                let name = object
                    .labels
                    .get(SERVICE_NAME)
                    .filter(|_| object.labels.get(MANAGED_BY).map(String::as_str) == Some(MANAGER));
                if let Some(name) = name {
                    queue.add_after(Key::new(object.key.namespace(), name), CALM);
                }
            }
            _ => {
                let mut services = self.services_of(object.key.namespace(), &object.labels);
                if let Some(previous) = event.previous.as_ref().filter(|previous| previous.labels != object.labels) {
                    services.extend(self.services_of(object.key.namespace(), &previous.labels));
                }
                for key in services {
                    queue.add(key);
                }
            }
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let store = self.client.store();
        let known = self.slices_of(key);
        let Some(service) = store.typed::<Service>(key.namespace(), key.name()) else {
            return Ok(None); // its slices go with it
        };
        if service.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let Some(selector) = selector_of(&service) else {
            // A Service that selects nothing has only the slices that people make.
            for slice in known {
                self.delete(&slice)?;
            }
            return Ok(None);
        };
        let pods = store.list_typed::<Pod>(Some(key.namespace()));
        let pods = pods.iter().filter(|pod| selector.matches(pod.metadata.labels.as_ref().unwrap_or(&BTreeMap::new())));
        let mut wanted: Vec<(Purpose, Vec<Endpoint>)> = Vec::new();
        let mut trigger = service.metadata.creation_timestamp.as_ref().map(|time| time.0);
        for pod in pods {
            if let Some((purpose, endpoint)) = endpoint_of(pod, &service) {
                trigger = trigger.max(changed_at(pod));
                match wanted.iter_mut().find(|(known, _)| *known == purpose) {
                    Some((_, endpoints)) => endpoints.push(endpoint),
                    None => wanted.push((purpose, vec![endpoint])),
                }
            }
        }
        if wanted.is_empty() {
            // Nobody is there: that is said by a slice without endpoints.
            wanted.push((Purpose { ports: Vec::new(), family: "IPv4" }, Vec::new()));
        }
        self.reconcile(&service, known, wanted, trigger)?;
        Ok(None)
    }
}

impl EndpointSlices {
    /// Brings the slices to what is wanted, with as few changes as can be.
    fn reconcile(
        &self,
        service: &Service,
        mut known: Vec<EndpointSlice>,
        wanted: Vec<(Purpose, Vec<Endpoint>)>,
        trigger: Option<Timestamp>,
    ) -> Result<(), Failure> {
        known.retain(|slice| slice.metadata.deletion_timestamp.is_none());
        let mut fresh: Vec<(Purpose, Vec<Endpoint>)> = Vec::new();
        let mut spare = Vec::new();
        for (purpose, endpoints) in wanted {
            let (mine, others): (Vec<_>, Vec<_>) = known.into_iter().partition(|slice| same_purpose(slice, &purpose));
            known = others;
            // Each endpoint stays in its slice; what is new goes where there is room.
            let mut parts: Vec<(Option<EndpointSlice>, Vec<Endpoint>)> =
                mine.into_iter().map(|slice| (Some(slice), Vec::new())).collect();
            let is_placeholder = endpoints.is_empty();
            let mut homeless = Vec::new();
            for endpoint in endpoints {
                let home = parts.iter_mut().find(|(slice, part)| {
                    part.len() < MOST && slice.as_ref().is_some_and(|slice| holds(slice, &endpoint))
                });
                match home {
                    Some((_, part)) => part.push(endpoint),
                    None => homeless.push(endpoint),
                }
            }
            for endpoint in homeless {
                match parts.iter_mut().find(|(_, part)| part.len() < MOST) {
                    Some((_, part)) => part.push(endpoint),
                    None => parts.push((None, vec![endpoint])),
                }
            }
            if is_placeholder && parts.is_empty() {
                parts.push((None, Vec::new()));
            }
            for (number, (slice, part)) in parts.into_iter().enumerate() {
                match slice {
                    Some(slice) if part.is_empty() && !(is_placeholder && number == 0) => spare.push(slice),
                    Some(slice) => self.put(service, Some(slice), &purpose, part, trigger)?,
                    None => fresh.push((purpose.clone(), part)),
                }
            }
        }
        spare.extend(known);
        // A slice that is not needed any more becomes one that is, if it holds addresses of the same family.
        for (purpose, part) in fresh {
            let at = spare.iter().position(|slice| slice.address_type == purpose.family);
            let reused = at.map(|at| spare.swap_remove(at));
            self.put(service, reused, &purpose, part, trigger)?;
        }
        for slice in spare {
            self.delete(&slice)?;
        }
        Ok(())
    }

    fn put(
        &self,
        service: &Service,
        slice: Option<EndpointSlice>,
        purpose: &Purpose,
        endpoints: Vec<Endpoint>,
        trigger: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let labels = labels_of(service);
        let Some(known) = slice else {
            let mut annotations = BTreeMap::new();
            if let Some(trigger) = trigger {
                annotations.insert(TRIGGER.to_owned(), time::seconds(trigger));
            }
            let slice = EndpointSlice {
                metadata: ObjectMeta {
                    generate_name: Some(format!("{}-", service.name())),
                    namespace: service.metadata.namespace.clone(),
                    labels: Some(labels),
                    annotations: Some(annotations),
                    owner_references: Some(vec![owner_reference(service)]),
                    ..ObjectMeta::default()
                },
                address_type: purpose.family.to_owned(),
                endpoints: Some(endpoints),
                ports: Some(purpose.ports.clone()),
            };
            return self.client.create(&slice).map(drop);
        };
        let same = known.endpoints.as_deref().unwrap_or_default() == endpoints.as_slice()
            && known.ports.as_deref().unwrap_or_default() == purpose.ports.as_slice()
            && known.metadata.labels.as_ref() == Some(&labels);
        if same {
            return Ok(());
        }
        let mut slice = known;
        slice.endpoints = Some(endpoints);
        slice.ports = Some(purpose.ports.clone());
        slice.metadata.labels = Some(labels);
        if let Some(trigger) = trigger {
            slice.metadata.annotations.get_or_insert_default().insert(TRIGGER.to_owned(), time::seconds(trigger));
        }
        self.client.update(&slice).map(drop)
    }

    fn delete(&self, slice: &EndpointSlice) -> Result<(), Failure> {
        match self.client.delete::<EndpointSlice>(&Key::of(slice), &DeleteOptions::of(slice.uid())) {
            Err(failure) if !failure.is_not_found() => Err(failure),
            _ => Ok(()),
        }
    }
}

/// Whether a slice has the endpoint of the same pod.
fn holds(slice: &EndpointSlice, endpoint: &Endpoint) -> bool {
    let target = |endpoint: &Endpoint| endpoint.target_ref.as_ref().and_then(|target| target.uid.clone());
    slice.endpoints.iter().flatten().any(|known| target(known) == target(endpoint))
}

fn same_purpose(slice: &EndpointSlice, purpose: &Purpose) -> bool {
    slice.address_type == purpose.family && slice.ports.as_deref().unwrap_or_default() == purpose.ports.as_slice()
}

/// The labels of a Service's slices: its own, and those that say whose they are.
fn labels_of(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    labels.insert(SERVICE_NAME.to_owned(), service.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    let ip = service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref());
    if ip == Some("None") {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels
}

/// When a pod last changed in a way that a slice shows.
fn changed_at(pod: &Pod) -> Option<Timestamp> {
    let ready =
        super::condition(pod.status.as_ref(), "Ready").and_then(|condition| condition.last_transition_time.clone());
    ready.map(|time| time.0)
}

/// The endpoint of a pod, and the slices that it belongs into.
fn endpoint_of(pod: &Pod, service: &Service) -> Option<(Purpose, Endpoint)> {
    let status = pod.status.as_ref()?;
    let address = status.pod_ip.clone().filter(|ip| !ip.is_empty())?;
    if has_ended(pod) {
        return None;
    }
    let spec = pod.spec.as_ref()?;
    let service_spec = service.spec.as_ref()?;
    let (serving, terminating) = (is_ready(pod), is_terminating(pod));
    let published = service_spec.publish_not_ready_addresses == Some(true);
    let ports = service_spec.ports.iter().flatten().filter_map(|port| port_of(pod, port)).collect();
    // A name of its own has a pod only below the Service that it names.
    let hostname = spec.hostname.clone().filter(|hostname| {
        !hostname.is_empty()
            && spec.subdomain.as_deref() == Some(service.name())
            && pod.namespace() == service.namespace()
    });
    let endpoint = Endpoint {
        addresses: vec![address.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(published || (serving && !terminating)),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        hostname,
        node_name: spec.node_name.clone(),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        }),
        ..Endpoint::default()
    };
    let family = if address.contains(':') { "IPv6" } else { "IPv4" };
    Some((Purpose { ports, family }, endpoint))
}

/// The port of a pod that a port of a Service means; none if the pod has no port of that name.
fn port_of(pod: &Pod, port: &ServicePort) -> Option<EndpointPort> {
    let number = match &port.target_port {
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(name)) => {
            let containers = pod.spec.as_ref()?.containers.iter();
            let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
            let named = ports.find(|it| it.name.as_ref() == Some(name) && it.protocol == port.protocol)?;
            named.container_port
        }
        None => port.port,
    };
    Some(EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(number),
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    })
}
