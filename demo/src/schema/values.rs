//! The values that fields can have, where they are a closed list.

const PULL: &[&str] = &["Always", "IfNotPresent", "Never"];
const MESSAGE: &[&str] = &["FallbackToLogsOnError", "File"];
const PROTOCOL: &[&str] = &["SCTP", "TCP", "UDP"];
const HONOR: &[&str] = &["Honor", "Ignore"];
const PROFILE: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
const TRAFFIC: &[&str] = &["Cluster", "Local"];
const ACCESS: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const MODE: &[&str] = &["Block", "Filesystem"];
const EFFECT: &[&str] = &["NoExecute", "NoSchedule", "PreferNoSchedule"];

/// The values of a field, sorted.
pub(super) fn of(object: &str, field: &str) -> Option<&'static [&'static str]> {
    Some(match (object, field) {
        ("DeploymentStrategy", "type") => &["Recreate", "RollingUpdate"],
        ("StatefulSetSpec", "podManagementPolicy") => &["OrderedReady", "Parallel"],
        ("StatefulSetUpdateStrategy", "type") => &["OnDelete", "Recreate", "RollingUpdate"],
        ("AppArmorProfile" | "SeccompProfile", "type") => PROFILE,
        ("Container" | "EphemeralContainer", "imagePullPolicy") | ("ImageVolumeSource", "pullPolicy") => PULL,
        ("Container" | "EphemeralContainer", "terminationMessagePolicy") => MESSAGE,
        ("ContainerPort" | "ServicePort" | "PortStatus" | "EndpointPort", "protocol") => PROTOCOL,
        ("HTTPGetAction", "scheme") => &["HTTP", "HTTPS"],
        ("NamespaceStatus", "phase") => &["Active", "Terminating"],
        ("NodeSelectorRequirement", "operator") => &["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"],
        ("NodeStatus", "phase") => &["Pending", "Running", "Terminated"],
        ("PersistentVolumeClaimSpec" | "PersistentVolumeClaimStatus" | "PersistentVolumeSpec", "accessModes") => ACCESS,
        ("PersistentVolumeClaimSpec" | "PersistentVolumeSpec", "volumeMode") => MODE,
        ("PersistentVolumeClaimStatus", "phase") => &["Bound", "Lost", "Pending"],
        ("PersistentVolumeSpec", "persistentVolumeReclaimPolicy") => &["Delete", "Recycle", "Retain"],
        ("PersistentVolumeStatus", "phase") => &["Available", "Bound", "Failed", "Pending", "Released"],
        ("PodSecurityContext", "fsGroupChangePolicy") => &["Always", "OnRootMismatch"],
        ("PodSecurityContext", "supplementalGroupsPolicy") => &["Merge", "Strict"],
        ("PodSpec", "dnsPolicy") => &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        ("PodSpec", "preemptionPolicy") => &["Never", "PreemptLowerPriority"],
        ("PodSpec", "restartPolicy") => &["Always", "Never", "OnFailure"],
        ("PodStatus", "phase") => &["Failed", "Pending", "Running", "Succeeded", "Unknown"],
        ("PodStatus", "qosClass") => &["BestEffort", "Burstable", "Guaranteed"],
        ("SecurityContext", "procMount") => &["Default", "Unmasked"],
        ("ServiceSpec", "externalTrafficPolicy" | "internalTrafficPolicy") => TRAFFIC,
        ("ServiceSpec", "ipFamilies") => &["", "IPv4", "IPv6"],
        ("ServiceSpec", "ipFamilyPolicy") => &["PreferDualStack", "RequireDualStack", "SingleStack"],
        ("ServiceSpec", "sessionAffinity") => &["ClientIP", "None"],
        ("ServiceSpec", "type") => &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
        ("Taint" | "Toleration", "effect") => EFFECT,
        ("Toleration", "operator") => &["Equal", "Exists", "Gt", "Lt"],
        ("TopologySpreadConstraint", "nodeAffinityPolicy" | "nodeTaintsPolicy") => HONOR,
        ("TopologySpreadConstraint", "whenUnsatisfiable") => &["DoNotSchedule", "ScheduleAnyway"],
        ("VolumeMount", "mountPropagation") => &["Bidirectional", "HostToContainer", "None"],
        ("EndpointSlice", "addressType") => &["FQDN", "IPv4", "IPv6"],
        _ => return None,
    })
}
