//! A pod's quality of service: by what it requests and what it is limited to.

use k8s_openapi::api::core::v1::PodSpec;

use crate::schema::Quantity;

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub(crate) fn quality(spec: &PodSpec) -> &'static str {
    let mut any = false;
    let mut all = true;
    for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
        let amount = |limits: bool, name: &str| -> Option<Quantity> {
            let resources = container.resources.as_ref()?;
            let amounts = if limits { &resources.limits } else { &resources.requests };
            amounts.as_ref()?.get(name)?.0.parse::<Quantity>().ok().filter(|amount| !amount.is_zero())
        };
        for name in ["cpu", "memory"] {
            let (request, limit) = (amount(false, name), amount(true, name));
            any |= request.is_some() || limit.is_some();
            all &= limit.is_some() && request.map(Quantity::millis) == limit.map(Quantity::millis);
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn given_requests_and_limits_when_classed_then_the_quality_is_the_one_of_kubernetes() {
        let table = [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "100m"}}), "Burstable"),
            (
                json!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1000m", "memory": "1Gi"}}),
                "Guaranteed",
            ),
            (json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}), "Burstable"),
        ];
        for (resources, expected) in table {
            let spec = json!({"containers": [{"name": "a", "resources": resources}]});
            let spec: PodSpec = serde_json::from_value(spec).expect("a spec");
            assert_eq!(quality(&spec), expected, "{resources}");
        }
    }
}
