//! The record set of a Service as rows of a table: a row for each name and type, with what it answers now and what it
//! answered before. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use topology::board::{End, FormerRecord, ServiceView};
use topology::dns::observed::{Observed, Question};
use topology::dns::{Name, NameKind, Record, RecordData, RecordType, Srv, Zone};

/// How many former answers of a row are shown, the latest ones.
const MAX_FORMER: usize = 3;

/// What a name answers for one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What the name stands for.
    pub group: Group,
    /// The full name.
    pub name: Name,
    /// The name as it can be asked for in the namespace.
    pub short: String,
    /// The type.
    pub record: RecordType,
    /// What is answered.
    pub outcome: Outcome,
    /// What was answered before, the latest last.
    pub former: Vec<(String, End)>,
    /// What the cluster's DNS says when it is asked, if it was.
    pub observed: Option<Observed>,
}

impl Row {
    /// Whether it is one of those that people ask for: the others say the same in another way.
    pub fn is_usual(&self) -> bool {
        match self.group {
            Group::Identity | Group::Service => self.record != RecordType::Srv,
            Group::Port => self.record == RecordType::Srv,
            Group::Endpoint => false,
            Group::Reverse => matches!(self.outcome, Outcome::Answers(..)),
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// These, for so many seconds.
    Answers(Vec<String>, u32),
    /// The name exists, but has no record of that type.
    NoData,
    /// There is no such name.
    NxDomain,
    /// No Service that is known here names this address; others may.
    Unnamed,
}

impl Outcome {
    /// Its word, as styles and scripts know it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Answers(..) => "answers",
            Self::NoData => "nodata",
            Self::NxDomain => "nxdomain",
            Self::Unnamed => "unnamed",
        }
    }
}

/// The rows of a Service: the names of `identities` first, whether they exist or not, then the Service's own, its
/// ports', those of other endpoints, and those of addresses. An address has names of each of the `neighbours`, the
/// Services of the namespace that reach the same pods; of yet others nothing is known here.
pub fn rows(
    service: &ServiceView,
    neighbours: &[ServiceView],
    namespace: &str,
    zone: &Zone,
    identities: &[String],
) -> Vec<Row> {
    let records = service.records(namespace);
    let suffix = format!(".{namespace}.svc.{}", zone.domain.as_str());
    let own: Vec<Name> = identities.iter().map(|pod| records.endpoint_name_in(pod, zone)).collect();
    let places = own.iter().enumerate().map(|(place, name)| (name, place)).collect();
    let mut table = Table { suffix: &suffix, places, rows: BTreeMap::new() };
    for name in &own {
        table.row(NameKind::Endpoint, name, RecordType::A);
    }
    for (kind, record) in records.record_set(zone) {
        table.answer(kind, &record);
    }
    for former in service.former_records(namespace, zone) {
        table.former(&former);
    }
    for neighbour in neighbours.iter().filter(|neighbour| neighbour.name != service.name) {
        for (_, record) in neighbour.record_set(namespace, zone).iter().filter(|(kind, _)| *kind == NameKind::Reverse) {
            table.further(record);
        }
    }
    table.finish(&service.observed)
}

/// Sorts rows: the group, the place among the identities or the name, and the type.
type Order = (Group, usize, Name, RecordType);

/// What a name stands for; rows are listed in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// An identity of the StatefulSet.
    Identity,
    /// The Service.
    Service,
    /// A port of the Service.
    Port,
    /// Another endpoint.
    Endpoint,
    /// An address.
    Reverse,
}

struct Table<'a> {
    suffix: &'a str,
    /// The names of the identities, with their places.
    places: HashMap<&'a Name, usize>,
    rows: BTreeMap<Order, Row>,
}

impl Table<'_> {
    fn order(&self, kind: NameKind, name: &Name, record: RecordType) -> Order {
        let place = self.places.get(name).copied();
        let group = match kind {
            NameKind::Endpoint if place.is_some() => Group::Identity,
            NameKind::Service => Group::Service,
            NameKind::Port => Group::Port,
            NameKind::Endpoint => Group::Endpoint,
            NameKind::Reverse => Group::Reverse,
        };
        (group, place.unwrap_or_default(), name.clone(), record)
    }

    fn row(&mut self, kind: NameKind, name: &Name, record: RecordType) -> &mut Row {
        let (order, suffix) = (self.order(kind, name, record), self.suffix);
        self.rows.entry(order).or_insert_with_key(|(group, _, name, record)| Row {
            group: *group,
            name: name.clone(),
            short: short(name, suffix),
            record: *record,
            outcome: Outcome::NxDomain,
            former: Vec::new(),
            observed: None,
        })
    }

    fn answer(&mut self, kind: NameKind, record: &Record) {
        let text = data(&record.data, self.suffix);
        let ttl = record.ttl;
        let row = self.row(kind, &record.name, record.data.kind());
        match &mut row.outcome {
            Outcome::Answers(answers, _) => answers.push(text),
            _ => row.outcome = Outcome::Answers(vec![text], ttl),
        }
    }

    /// What another Service answers for an address that is listed.
    fn further(&mut self, record: &Record) {
        if self.rows.contains_key(&self.order(NameKind::Reverse, &record.name, record.data.kind())) {
            self.answer(NameKind::Reverse, record);
        }
    }

    fn former(&mut self, former: &FormerRecord) {
        let text = data(&former.record.data, self.suffix);
        let record = &former.record;
        self.row(former.kind, &record.name, record.data.kind()).former.push((text, former.stopped));
    }

    fn finish(self, observed: &[Observed]) -> Vec<Row> {
        let existing: HashSet<Name> = self
            .rows
            .values()
            .filter(|row| matches!(row.outcome, Outcome::Answers(..)))
            .map(|row| row.name.clone())
            .collect();
        let rows = self.rows.into_values().map(|mut row| {
            if row.outcome == Outcome::NxDomain {
                row.outcome = match row.group {
                    Group::Reverse => Outcome::Unnamed,
                    _ if existing.contains(&row.name) => Outcome::NoData,
                    _ => Outcome::NxDomain,
                };
            }
            row.former.drain(..row.former.len().saturating_sub(MAX_FORMER));
            let question = Question { name: row.name.clone(), kind: row.record };
            let known = observed.binary_search_by(|observed| observed.question.cmp(&question));
            row.observed = known.ok().map(|at| observed[at].clone());
            row
        });
        rows.collect()
    }
}

/// A name as it can be asked for in the namespace.
fn short(name: &Name, suffix: &str) -> String {
    let text = name.as_str();
    text.strip_suffix(suffix).unwrap_or(text).to_owned()
}

fn data(data: &RecordData, suffix: &str) -> String {
    match data {
        RecordData::Srv(Srv { priority, weight, port, target }) => {
            format!("{priority} {weight} {port} {}", short(target, suffix))
        }
        RecordData::Ptr(name) => short(name, suffix),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use topology::Timestamp;
    use topology::board::{End, EndpointView, Former, ReachState, ServiceView, SliceView};
    use topology::dns::Zone;
    use topology::facts::{EndpointPort, Protocol, ServiceKind};

    use super::{Outcome, rows};

    fn endpoint(pod: &str, address: &str, state: ReachState) -> EndpointView {
        EndpointView {
            hostname: Some(pod.to_owned()),
            addresses: vec![address.parse().expect("an address")],
            state,
            pod: Some(pod.to_owned()),
        }
    }

    #[test]
    fn given_one_pod_that_is_back_and_one_that_is_not_when_listed_then_names_stay_and_old_answers_are_kept() {
        let slice = SliceView {
            name: "nginx-1".to_owned(),
            ports: vec![EndpointPort { name: "web".to_owned(), protocol: Protocol::Tcp, port: Some(80) }],
            endpoints: vec![
                endpoint("web-0", "10.42.3.244", ReachState::Ready),
                endpoint("web-1", "10.42.1.199", ReachState::Withheld),
            ],
            unusable: None,
        };
        let stopped = End::Seen { at: Timestamp::from_millis(1) };
        let former = |pod: &str, address: &str| Former {
            label: Some(pod.to_owned()),
            address: address.parse().expect("an address"),
            pod: Some(pod.to_owned()),
            stopped,
        };
        let service = ServiceView {
            name: "nginx".to_owned(),
            kind: Some(ServiceKind::Headless),
            governs: true,
            selects: true,
            publishes_not_ready: false,
            ports: Vec::new(),
            reaches: Vec::new(),
            slices: vec![Arc::new(slice)],
            former: vec![former("web-0", "10.42.3.239"), former("web-1", "10.42.1.198")],
            observed: Vec::new(),
        };
        // It reaches the pod that is back, and another one with a former address.
        let slice = SliceView {
            name: "all-1".to_owned(),
            ports: Vec::new(),
            endpoints: vec![
                endpoint("web-0", "10.42.3.244", ReachState::Ready),
                endpoint("db-0", "10.42.1.198", ReachState::Ready),
            ],
            unusable: None,
        };
        let neighbour = ServiceView {
            name: "all".to_owned(),
            governs: false,
            slices: vec![Arc::new(slice)],
            former: Vec::new(),
            ..service.clone()
        };
        let services = [service, neighbour];
        let identities = ["web-0".to_owned(), "web-1".to_owned()];
        let listed: Vec<String> = rows(&services[0], &services, "default", &Zone::default(), &identities)
            .into_iter()
            .map(|row| {
                let now = match row.outcome {
                    Outcome::Answers(answers, ttl) => format!("{} for {ttl} s", answers.join(", ")),
                    other => other.word().to_owned(),
                };
                let before: Vec<String> = row.former.into_iter().map(|(text, _)| text).collect();
                format!("{} {}: {now}; before: {}", row.short, row.record, before.join(", "))
            })
            .collect();
        let expected = [
            "web-0.nginx A: 10.42.3.244 for 5 s; before: 10.42.3.239",
            "web-0.nginx SRV: 0 100 80 web-0.nginx for 5 s; before: ",
            "web-1.nginx A: nxdomain; before: 10.42.1.198",
            "nginx A: 10.42.3.244 for 5 s; before: 10.42.3.239, 10.42.1.198",
            "nginx SRV: 0 100 80 web-0.nginx for 5 s; before: ",
            "_web._tcp.nginx A: 10.42.3.244 for 5 s; before: ",
            "_web._tcp.nginx SRV: 0 100 80 web-0.nginx for 5 s; before: ",
            "198.1.42.10.in-addr.arpa PTR: db-0.all for 5 s; before: web-1.nginx",
            "239.3.42.10.in-addr.arpa PTR: unnamed; before: web-0.nginx",
            "244.3.42.10.in-addr.arpa PTR: web-0.nginx, web-0.all for 5 s; before: ",
        ];
        assert_eq!(listed, expected);
    }
}
