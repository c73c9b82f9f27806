//! The two ways to reach the pods, as a drawing: names that lead to one pod each, and virtual addresses that lead to any
//! ready one. Pure.

use std::net::IpAddr;

use topology::board::{Incarnation, Reach, ReachState, ServiceView};
use topology::facts::ServiceKind;
use topology::{Ordinal, SetKey, Stage};

/// How many pods are drawn; of more, the first ones.
pub const MOST: usize = 8;

/// The width of the drawing.
pub const WIDTH: f64 = 440.0;
/// How far a way's box reaches to the right, and where the pods' boxes begin.
pub const WAY_WIDTH: f64 = 178.0;
/// Where the pods' boxes begin.
pub const POD_LEFT: f64 = 300.0;
/// The height of a box.
pub const BOX: f64 = 32.0;

const PITCH: f64 = 42.0;
const HEADING: f64 = 18.0;

/// The drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ways {
    /// What each group of ways has in common, with its top.
    pub headings: Vec<(Heading, f64)>,
    /// Names and addresses, at the left.
    pub ways: Vec<Way>,
    /// The pods, at the right.
    pub pods: Vec<Target>,
    /// What leads where.
    pub links: Vec<Link>,
    /// How many pods are not drawn.
    pub more: usize,
    /// The height of the whole.
    pub height: f64,
}

/// What a group of ways has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    /// DNS answers with the pods' own addresses.
    Headless,
    /// DNS answers with a virtual address.
    Virtual,
}

/// A name or an address.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Its text.
    pub text: String,
    /// Its top.
    pub top: f64,
    /// Whether it leads anywhere now.
    pub leads: bool,
    /// Whether it is a virtual address.
    pub heading: Heading,
}

/// A pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its stage; `None` when the identity has no pod.
    pub stage: Option<Stage>,
    /// Its top.
    pub top: f64,
}

/// A way to a pod.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The middle of the way.
    pub from: f64,
    /// The middle of the pod.
    pub to: f64,
    /// What kind of way.
    pub heading: Heading,
    /// Whether it leads there now, or would if the pod were served.
    pub open: bool,
}

/// Lays the ways out to these identities, each with the pod that holds it.
pub fn lay_out(set: &SetKey, pods: &[(Ordinal, Option<&Incarnation>)], services: &[ServiceView]) -> Ways {
    let mut drawing = Ways { more: pods.len().saturating_sub(MOST), ..Ways::default() };
    let pods = &pods[..pods.len().min(MOST)];
    for (at, (ordinal, pod)) in pods.iter().enumerate() {
        drawing.pods.push(Target {
            name: set.pod_name(*ordinal),
            ip: pod.and_then(|pod| pod.ips.first().copied()),
            stage: pod.map(Incarnation::stage),
            top: HEADING + row(at),
        });
    }
    let mut top = 0.0;
    if let Some(service) = services.iter().find(|service| service.governs && service.kind.is_some()) {
        top = drawing.add_names(service, top);
    }
    for service in services {
        if let Some(ServiceKind::ClusterIp(ips)) = &service.kind {
            top = drawing.add_address(service, ips, top);
        }
    }
    drawing.height = top.max(HEADING + row(pods.len()));
    drawing
}

fn row(at: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a few")]
    let at = at as f64;
    at * PITCH
}

fn reach(service: &ServiceView, pod: &str) -> Option<Reach> {
    service.reaches.iter().find(|(known, _)| known == pod).map(|(_, reach)| *reach)
}

fn middle(top: f64) -> f64 {
    top + BOX / 2.0
}

impl Ways {
    /// Each pod's own name, below the Service that `serviceName` names.
    fn add_names(&mut self, service: &ServiceView, top: f64) -> f64 {
        self.headings.push((Heading::Headless, top + 11.0));
        let mut top = top + HEADING;
        for pod in &self.pods {
            let reached = reach(service, &pod.name).filter(|reach| reach.by_name);
            let leads = reached.is_some_and(|reach| reach.state == ReachState::Ready);
            let text = format!("{}.{}", pod.name, service.name);
            self.ways.push(Way { text, top, leads, heading: Heading::Headless });
            if reached.is_some() || pod.stage.is_some() {
                let (from, to) = (middle(top), middle(pod.top));
                self.links.push(Link { from, to, heading: Heading::Headless, open: leads });
            }
            top += PITCH;
        }
        top
    }

    /// A virtual address, which leads to every pod that is served.
    fn add_address(&mut self, service: &ServiceView, ips: &[IpAddr], top: f64) -> f64 {
        let mut top = top;
        if self.headings.last().is_none_or(|(heading, _)| *heading != Heading::Virtual) {
            self.headings.push((Heading::Virtual, top + 11.0));
            top += HEADING;
        }
        let ready = |pod: &&Target| reach(service, &pod.name).is_some_and(|reach| reach.state == ReachState::Ready);
        let targets: Vec<f64> = self.pods.iter().filter(ready).map(|pod| middle(pod.top)).collect();
        let address = ips.first().map(|ip| format!(" {ip}")).unwrap_or_default();
        let leads = service.reaches.iter().any(|(_, reach)| reach.state == ReachState::Ready);
        self.ways.push(Way { text: format!("{}{address}", service.name), top, leads, heading: Heading::Virtual });
        let links = targets.into_iter().map(|to| Link { from: middle(top), to, heading: Heading::Virtual, open: true });
        self.links.extend(links);
        top + PITCH
    }
}

#[cfg(test)]
mod tests {
    use topology::board::{Reach, ReachState, ServiceView};
    use topology::facts::ServiceKind;
    use topology::{Ordinal, SetKey};

    use super::{Heading, lay_out};

    fn service(name: &str, kind: ServiceKind, governs: bool, pods: &[(&str, ReachState)]) -> ServiceView {
        let reach = |(pod, state): &(&str, ReachState)| ((*pod).to_owned(), Reach { state: *state, by_name: governs });
        ServiceView {
            name: name.to_owned(),
            kind: Some(kind),
            governs,
            selects: true,
            publishes_not_ready: false,
            ports: Vec::new(),
            reaches: pods.iter().map(reach).collect(),
            slices: Vec::new(),
            former: Vec::new(),
            observed: Vec::new(),
        }
    }

    #[test]
    fn given_a_headless_and_a_virtual_service_when_drawn_then_names_lead_to_one_pod_and_the_address_to_every_ready_one()
    {
        let reached = [("web-0", ReachState::Ready), ("web-1", ReachState::Withheld)];
        let virtual_ip = ServiceKind::ClusterIp(vec!["10.43.7.9".parse().expect("an address")]);
        let services = [
            service("nginx", ServiceKind::Headless, true, &reached),
            service("nginx-vip", virtual_ip, false, &reached),
        ];
        let pods = [(Ordinal(0), None), (Ordinal(1), None)];
        let drawing = lay_out(&SetKey::new("default", "web"), &pods, &services);
        let ways: Vec<_> = drawing.ways.iter().map(|way| (way.text.as_str(), way.leads)).collect();
        assert_eq!(ways, [("web-0.nginx", true), ("web-1.nginx", false), ("nginx-vip 10.43.7.9", true)]);
        let open = |heading| drawing.links.iter().filter(|link| link.heading == heading && link.open).count();
        assert_eq!((open(Heading::Headless), open(Heading::Virtual)), (1, 1));
    }

    #[test]
    fn given_a_thousand_pods_when_drawn_then_the_first_few_are() {
        let pods: Vec<_> = (0..1_000).map(|ordinal| (Ordinal(ordinal), None)).collect();
        let drawing = lay_out(&SetKey::new("default", "web"), &pods, &[]);
        assert_eq!((drawing.pods.len(), drawing.more), (8, 992));
        assert!(drawing.ways.is_empty());
    }
}
