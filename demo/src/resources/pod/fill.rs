//! What a pod's manifest leaves out.

use k8s_openapi::api::core::v1::{
    Container, EmptyDirVolumeSource, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, Volume,
};

/// The mode of files that come from elsewhere: `rw-r--r--`.
const FILE_MODE: i32 = 0o644;

/// Fills in a template.
pub(crate) fn fill_template(template: &mut PodTemplateSpec) {
    template.metadata.get_or_insert_default();
    fill_spec(template.spec.get_or_insert_default());
}

/// Fills in the spec of a pod or of a template.
pub(super) fn fill_spec(spec: &mut PodSpec) {
    spec.dns_policy.get_or_insert_with(|| "ClusterFirst".to_owned());
    spec.restart_policy.get_or_insert_with(|| "Always".to_owned());
    spec.security_context.get_or_insert_default();
    spec.termination_grace_period_seconds.get_or_insert(30);
    spec.scheduler_name.get_or_insert_with(|| "default-scheduler".to_owned());
    // Both names of the account mean the same.
    if spec.service_account_name.is_some() {
        spec.service_account.clone_from(&spec.service_account_name);
    } else if spec.service_account.is_some() {
        spec.service_account_name.clone_from(&spec.service_account);
    }
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        fill_container(container);
    }
    for volume in spec.volumes.iter_mut().flatten() {
        fill_volume(volume);
    }
}

fn fill_container(container: &mut Container) {
    container.termination_message_path.get_or_insert_with(|| "/dev/termination-log".to_owned());
    container.termination_message_policy.get_or_insert_with(|| "File".to_owned());
    container.resources.get_or_insert_default();
    let image = container.image.clone().unwrap_or_default();
    container.image_pull_policy.get_or_insert_with(|| pull_policy(&image).to_owned());
    for port in container.ports.iter_mut().flatten() {
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
    }
    for probe in [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe] {
        probe.iter_mut().for_each(fill_probe);
    }
    for variable in container.env.iter_mut().flatten() {
        if let Some(field) = variable.value_from.as_mut().and_then(|from| from.field_ref.as_mut()) {
            field.api_version.get_or_insert_with(|| "v1".to_owned());
        }
    }
}

/// What is called `latest` may change, so that it is pulled each time.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or_default();
    let (name, digest) = name.split_once('@').map_or((name, false), |(name, _)| (name, true));
    match name.split_once(':') {
        Some((_, "latest")) => "Always",
        None if !digest => "Always",
        _ => "IfNotPresent",
    }
}

fn fill_probe(probe: &mut Probe) {
    probe.timeout_seconds.get_or_insert(1);
    probe.period_seconds.get_or_insert(10);
    probe.success_threshold.get_or_insert(1);
    probe.failure_threshold.get_or_insert(3);
    if let Some(get) = &mut probe.http_get {
        get.path.get_or_insert_with(|| "/".to_owned());
        get.scheme.get_or_insert_with(|| "HTTP".to_owned());
    }
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn fill_volume(volume: &mut Volume) {
    if !super::volumes::has_source(volume) {
        volume.empty_dir = Some(EmptyDirVolumeSource::default());
    }
    if let Some(source) = &mut volume.config_map {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.secret {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.projected {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.downward_api {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.host_path {
        source.type_.get_or_insert_default();
    }
}

/// What is limited and not requested is requested as well.
pub(super) fn requests_from_limits(spec: &mut PodSpec) {
    let containers = spec.init_containers.iter_mut().flatten().chain(&mut spec.containers);
    for resources in containers.filter_map(|container| container.resources.as_mut()) {
        let ResourceRequirements { limits: Some(limits), .. } = resources else { continue };
        let limits = limits.clone();
        let requests = resources.requests.get_or_insert_default();
        for (name, amount) in limits {
            requests.entry(name).or_insert(amount);
        }
    }
}

/// On the node's own network a container's port is the node's.
pub(super) fn host_ports(spec: &mut PodSpec) {
    for port in spec.containers.iter_mut().filter_map(|container| container.ports.as_mut()).flatten() {
        let number = port.container_port;
        port.host_port.get_or_insert(number);
    }
}
