//! What a kubelet reports of its node: its addresses, its room, and that it is alive.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeAddress, NodeCondition, NodeStatus, NodeSystemInfo};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::VERSION;
use crate::kinds::Typed as _;
use crate::time;

/// The annotation by which a node is stopped: while it says `true`, its kubelet does nothing.
const STOPPED: &str = "berth.demo/stopped";

/// The nodes' own network.
const NETWORK: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 2);

/// What is reported of the node's health: the condition, its reason, its message.
const HEALTH: [(&str, &str, &str, &str); 4] = [
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

/// Whether a node is stopped.
pub(super) fn is_stopped(node: &Node) -> bool {
    let annotations = node.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(STOPPED)).is_some_and(|stopped| stopped == "true")
}

/// The range of its pods' addresses.
pub(super) fn range(node: &Node) -> Option<&str> {
    node.spec.as_ref()?.pod_cidr.as_deref()
}

/// The node's own address.
pub(super) fn address(node: &Node) -> Option<&str> {
    let mut addresses = node.status.as_ref()?.addresses.iter().flatten();
    addresses.find(|address| address.type_ == "InternalIP").map(|address| address.address.as_str())
}

/// When a node was heard of last.
pub(super) fn last_beat(node: &Node) -> Option<Timestamp> {
    let mut conditions = node.status.as_ref()?.conditions.iter().flatten();
    let ready = conditions.find(|condition| condition.type_ == "Ready" && condition.status == "True")?;
    ready.last_heartbeat_time.as_ref().map(|time| time.0)
}

/// The node as its kubelet reports it now.
pub(crate) fn report(node: &Node) -> Node {
    let mut node = node.clone();
    let own = own_address(&node);
    let name = node.name().to_owned();
    let status = node.status.get_or_insert_default();
    let address = |kind: &str, address: String| NodeAddress { type_: kind.to_owned(), address };
    status.addresses = Some(vec![address("InternalIP", own), address("Hostname", name)]);
    let room = [("cpu", "8"), ("memory", "32Gi"), ("pods", "250"), ("ephemeral-storage", "100Gi")];
    let room: BTreeMap<String, Quantity> =
        room.map(|(name, amount)| (name.to_owned(), Quantity(amount.to_owned()))).into();
    status.capacity = Some(room.clone());
    status.allocatable = Some(room);
    status.node_info = Some(NodeSystemInfo {
        architecture: "amd64".to_owned(),
        container_runtime_version: "demo://1".to_owned(),
        kernel_version: "none".to_owned(),
        kubelet_version: VERSION.to_owned(),
        operating_system: "linux".to_owned(),
        os_image: "Berth demo".to_owned(),
        ..NodeSystemInfo::default()
    });
    let now = Time(Timestamp::now());
    for (kind, holds, reason, message) in HEALTH {
        set_condition(status, kind, holds, reason, message, &now);
    }
    node
}

/// The node's own address, which follows from the range of its pods: 10.42.3.0/24 is that of 172.18.0.5.
fn own_address(node: &Node) -> String {
    let range = range(node).and_then(|range| range.split_once('/')?.0.parse::<Ipv4Addr>().ok());
    let place = range.map_or(0, |network| u32::from(network.octets()[2]));
    Ipv4Addr::from(u32::from(NETWORK) + place).to_string()
}

fn set_condition(status: &mut NodeStatus, kind: &str, holds: &str, reason: &str, message: &str, now: &Time) {
    let conditions = status.conditions.get_or_insert_default();
    let known = conditions.iter().find(|known| known.type_ == kind && known.status == holds);
    let since = known.and_then(|known| known.last_transition_time.clone());
    let condition = NodeCondition {
        type_: kind.to_owned(),
        status: holds.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_heartbeat_time: Some(now.clone()),
        last_transition_time: Some(since.unwrap_or_else(time::now)),
    };
    match conditions.iter_mut().find(|known| known.type_ == kind) {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}
