//! The record set of a Service as rows of a table: a row for each name and type, with what it answers now and what it
//! answered before. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use topology::Timestamp;
use topology::board::{End, FormerRecord, ServiceView};
use topology::dns::observed::{Observed, Question};
use topology::dns::{Name, NameKind, Record, RecordData, RecordType, Srv, Zone};

/// How many former answers of a row are shown, the latest ones, and for how long after they stopped, in milliseconds: until
/// whoever kept them has asked anew, and whoever looks has seen that they changed. The lanes and the ledger keep them.
const MAX_FORMER: usize = 3;
const FORMER_FOR: i64 = 5 * 60_000;

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
    /// Not every Service and slice is seen: there may be such a record or not.
    NotKnown,
}

impl Outcome {
    /// Its word, as styles and scripts know it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Answers(..) => "answers",
            Self::NoData => "nodata",
            Self::NxDomain => "nxdomain",
            Self::Unnamed => "unnamed",
            Self::NotKnown => "notknown",
        }
    }
}

/// The names of addresses, by their reverse names.
pub type ReverseNames = HashMap<Name, Vec<Record>>;

/// The names that these Services give to addresses. Of yet other Services nothing is known here.
pub fn reverse_names(services: &[ServiceView], namespace: &str, zone: &Zone) -> ReverseNames {
    let mut names = ReverseNames::new();
    for record in services.iter().flat_map(|service| service.records(namespace).reverse_records(zone)) {
        names.entry(record.name.clone()).or_default().push(record);
    }
    names
}

/// What the rows of every Service of a board are made with.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Where the Services are.
    pub namespace: &'a str,
    /// What the cluster's DNS is set to.
    pub zone: &'a Zone,
    /// An address has names of each Service that reaches it.
    pub reverse: &'a ReverseNames,
    /// The time of which the rows are.
    pub now: Timestamp,
    /// Whether all Services and slices are seen, so that what is not there can be said not to be.
    pub is_whole: bool,
}

/// The rows of a Service: the names of `identities` first, whether they exist or not, then the Service's own, its
/// ports', those of other endpoints, and those of addresses.
pub fn rows(service: &ServiceView, surroundings: Surroundings<'_>, identities: &[String]) -> Vec<Row> {
    let Surroundings { namespace, zone, reverse, now, is_whole } = surroundings;
    let records = service.records(namespace);
    let suffix = format!(".{namespace}.svc.{}", zone.domain.as_str());
    let own: Vec<Name> = identities.iter().map(|pod| records.endpoint_name_in(pod, zone)).collect();
    let places = own.iter().enumerate().map(|(place, name)| (name, place)).collect();
    let mut table = Table { suffix: &suffix, places, rows: BTreeMap::new() };
    for name in &own {
        table.row(NameKind::Endpoint, name, RecordType::A);
    }
    for (kind, record) in records.record_set(zone) {
        match kind {
            NameKind::Reverse => drop(table.row(kind, &record.name, RecordType::Ptr)),
            _ => table.answer(kind, &record),
        }
    }
    let former = service.former_records(namespace, zone);
    for former in former.iter().filter(|former| now.millis_since(former.stopped.latest()) < FORMER_FOR) {
        table.former(former);
    }
    let listed: Vec<Name> =
        table.rows.keys().filter(|order| order.0 == Group::Reverse).map(|order| order.2.clone()).collect();
    for record in listed.iter().filter_map(|name| reverse.get(name)).flatten() {
        table.answer(NameKind::Reverse, record);
    }
    table.finish(&service.observed, is_whole)
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

    fn former(&mut self, former: &FormerRecord) {
        let text = data(&former.record.data, self.suffix);
        let record = &former.record;
        self.row(former.kind, &record.name, record.data.kind()).former.push((text, former.stopped));
    }

    fn finish(self, observed: &[Observed], is_whole: bool) -> Vec<Row> {
        let existing: HashSet<Name> = self
            .rows
            .values()
            .filter(|row| matches!(row.outcome, Outcome::Answers(..)))
            .map(|row| row.name.clone())
            .collect();
        // Asked for its address, an alias is answered as well.
        let aliases: HashMap<Name, Outcome> = self
            .rows
            .values()
            .filter(|row| row.record == RecordType::Cname && matches!(row.outcome, Outcome::Answers(..)))
            .map(|row| (row.name.clone(), row.outcome.clone()))
            .collect();
        let rows = self.rows.into_values().map(|mut row| {
            if row.outcome == Outcome::NxDomain {
                let alias = aliases.get(&row.name).filter(|_| matches!(row.record, RecordType::A | RecordType::Aaaa));
                row.outcome = match row.group {
                    _ if !is_whole => Outcome::NotKnown,
                    Group::Reverse => Outcome::Unnamed,
                    _ if alias.is_some() => alias.cloned().unwrap_or(Outcome::NoData),
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

    use super::{FORMER_FOR, Outcome, Surroundings, reverse_names, rows};

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
        let zone = Zone::default();
        let reverse = reverse_names(&services, "default", &zone);
        let now = Timestamp::from_millis(FORMER_FOR);
        let surroundings = Surroundings { namespace: "default", zone: &zone, reverse: &reverse, now, is_whole: true };
        let listed: Vec<String> = rows(&services[0], surroundings, &identities)
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
        // Later, what was answered before is told no more, and a name that only that had is gone with it.
        let later = rows(
            &services[0],
            Surroundings { now: Timestamp::from_millis(FORMER_FOR + 1), ..surroundings },
            &identities,
        );
        assert!(later.iter().all(|row| row.former.is_empty() && row.short != "239.3.42.10.in-addr.arpa"));
        assert_eq!(later.len(), listed.len() - 2);
        // Where not every slice is seen, what is not there may be.
        let partly = rows(&services[0], Surroundings { is_whole: false, ..surroundings }, &identities);
        assert!(partly.iter().any(|row| row.outcome == Outcome::NotKnown));
        assert!(
            !partly.iter().any(|row| matches!(row.outcome, Outcome::NxDomain | Outcome::NoData | Outcome::Unnamed))
        );
    }

    #[test]
    fn given_a_service_that_became_an_alias_when_listed_then_its_former_addresses_row_answers_the_alias() {
        let former = Former {
            label: None,
            address: "10.43.0.9".parse().expect("an address"),
            pod: None,
            stopped: End::Seen { at: Timestamp::from_millis(1) },
        };
        let service = ServiceView {
            name: "vip".to_owned(),
            kind: Some(ServiceKind::ExternalName("example.org".to_owned())),
            governs: false,
            selects: false,
            publishes_not_ready: false,
            ports: Vec::new(),
            reaches: Vec::new(),
            slices: Vec::new(),
            former: vec![former],
            observed: Vec::new(),
        };
        let zone = Zone::default();
        let reverse = reverse_names(std::slice::from_ref(&service), "default", &zone);
        let now = Timestamp::from_millis(FORMER_FOR);
        let surroundings = Surroundings { namespace: "default", zone: &zone, reverse: &reverse, now, is_whole: true };
        let rows = rows(&service, surroundings, &[]);
        let addresses: Vec<_> = rows.iter().filter(|row| row.short == "vip").map(|row| &row.outcome).collect();
        assert_eq!(addresses.len(), 2, "A and CNAME");
        for outcome in addresses {
            assert_eq!(*outcome, Outcome::Answers(vec!["example.org.".to_owned()], 5));
        }
    }
}
