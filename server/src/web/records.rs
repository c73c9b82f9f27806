//! The record sets of the Services as JSON.

use axum::Json;
use axum::extract::{Query, State};
use schemars::JsonSchema;
use serde::Serialize;
use topology::Timestamp;
use topology::dns::{Record, ServiceRecords, Zone};
use topology::wire::Cluster;

use super::parameters::{Given, Pairs, Parameter};
use super::problem::Problem;
use crate::hub::HubHandle;

/// What the cluster's DNS must serve at one time.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RecordsView {
    at: Timestamp,
    cluster: Cluster,
    /// Whether every Service and slice that is watched is known: before, records may be missing.
    complete: bool,
    services: Vec<ServiceEntry>,
}

/// The records of one Service.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ServiceEntry {
    namespace: String,
    name: String,
    records: Vec<RecordEntry>,
}

/// One record, as DNS tools write it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RecordEntry {
    /// The full name, with the dot at its end.
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// In seconds.
    ttl: u32,
    data: String,
}

/// The parameters of `/api/v1/records`.
pub(super) const RECORDS: &[Parameter] =
    &[("namespace", "Only those of this namespace"), ("service", "Only those of Services of this name")];

#[derive(Debug)]
struct Filter {
    namespace: Option<String>,
    service: Option<String>,
}

impl Filter {
    fn wants(&self, service: &ServiceRecords) -> bool {
        let is = |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        service.exists() && is(&self.namespace, service.namespace()) && is(&self.service, service.name())
    }
}

/// `GET /api/v1/records`
pub(super) async fn records(State(hub): State<HubHandle>, Query(pairs): Pairs) -> Result<Json<RecordsView>, Problem> {
    let given = Given::new(&pairs, RECORDS)?;
    let filter = Filter { namespace: given.text("namespace"), service: given.text("service") };
    let published = hub.dns().latest();
    let zone = published.directory.zone();
    let wanted = published.directory.services().filter(|service| filter.wants(service));
    let mut services: Vec<ServiceEntry> = wanted.map(|service| entry(service, zone)).collect();
    services.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    let cluster = hub.cluster().clone();
    Ok(Json(RecordsView { at: published.at, cluster, complete: published.complete, services }))
}

fn entry(service: &ServiceRecords, zone: &Zone) -> ServiceEntry {
    let records = service.record_set(zone).into_iter().map(|(_, Record { name, ttl, data })| RecordEntry {
        name: name.to_string(),
        kind: data.kind().name(),
        ttl,
        data: data.to_string(),
    });
    ServiceEntry {
        namespace: service.namespace().to_owned(),
        name: service.name().to_owned(),
        records: records.collect(),
    }
}
