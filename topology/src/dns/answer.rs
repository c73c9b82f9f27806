//! Answers to questions, as CoreDNS gives them.

use super::name::{IPV4_REVERSE, IPV6_REVERSE, ipv4_of_reverse, ipv6_of_reverse, undashed};
use super::record_set::fully_qualified;
use super::service::{Hit, Part, Selection, addresses};
use super::{
    Answer, Directory, Name, PodNames, QueryType, Rcode, Record, RecordData, RecordType, ServiceRecords, Soa, Srv,
};

/// What TXT `dns-version` says: the version of the specification.
const VERSION: &str = "1.1.0";
/// How long that may be kept, in seconds: it does not change while the server runs.
const VERSION_TTL: u32 = 28_800;
/// How many aliases are followed within the cluster.
const MAX_ALIASES: usize = 11;
/// How many names of one address are told at most: more do not fit into any message.
const MAX_POINTERS: usize = 4_096;
/// How long a SOA record may be kept at most, in seconds.
const MAX_SOA_TTL: u32 = 300;

/// On what it depends whether a name exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On the Services of this namespace, in small letters.
    Services(String),
    /// On the pods of this namespace, in small letters.
    Pods(String),
    /// On who has the address, wherever; so with names of other zones.
    Address,
    /// On nothing that can change.
    Zone,
}

/// A question's name, taken apart.
struct Question<'a> {
    name: &'a Name,
    /// In small letters, without the zone.
    base: &'a str,
    /// The zone, in the case of the question.
    zone: &'a str,
    reverse: bool,
}

/// What a name stands for.
enum Found<'a> {
    /// It does not exist.
    Nothing,
    /// It exists and has nothing itself.
    Empty,
    /// It stands for another name.
    Alias(&'a str),
    /// Addresses and ports of a Service.
    Hits(&'a ServiceRecords, Vec<Hit<'a>>),
    /// The address that the name of a pod spells.
    Pod(std::net::IpAddr),
}

impl Directory {
    /// The answer to a question about `name`. It is what CoreDNS would answer with the same objects; the owner's name
    /// of each record, and the zone in others, are in the case of the question.
    ///
    /// Of a name outside the cluster's zones nothing is known: [`Rcode::Refused`].
    pub fn answer(&self, name: &Name, kind: QueryType) -> Answer {
        let lowercase = name.to_lowercase();
        let domain = self.zone.domain.to_lowercase();
        let zones = [(domain.as_str(), false), (IPV4_REVERSE, true), (IPV6_REVERSE, true)];
        let found = zones.into_iter().find_map(|(zone, reverse)| Some((within(&lowercase, zone)?, zone, reverse)));
        let Some((base, zone, reverse)) = found else { return Answer::bare(Rcode::Refused) };
        let zone = &name.as_str()[name.as_str().len() - zone.len()..];
        let question = Question { name, base, zone, reverse };
        match kind {
            QueryType::Transfer => Answer::bare(Rcode::Refused),
            QueryType::Records(RecordType::Soa) if base.is_empty() => {
                Answer { answers: vec![self.soa(zone)], ..Answer::bare(Rcode::NoError) }
            }
            // Asked for the zone of any name below it, CoreDNS does not look whether the name exists.
            QueryType::Records(RecordType::Soa) => self.negative(Rcode::NoError, zone),
            QueryType::Records(RecordType::Ptr) => self.pointers(&question),
            QueryType::Records(RecordType::Txt) => self.text(&question),
            QueryType::Records(kind) => self.records(&question, Some(kind)),
            QueryType::Other => self.records(&question, None),
        }
    }

    /// On what it depends whether a name exists.
    pub fn place_of(&self, name: &Name) -> Place {
        let lowercase = name.to_lowercase();
        let Some(base) = within(&lowercase, &self.zone.domain.to_lowercase()) else { return Place::Address };
        let mut labels = base.rsplit('.');
        match (labels.next(), labels.next()) {
            (Some("svc"), Some(namespace)) => Place::Services(namespace.to_owned()),
            (Some("pod"), Some(namespace)) => Place::Pods(namespace.to_owned()),
            _ => Place::Zone,
        }
    }

    /// Whether the name exists just if its namespace does, of which nothing is known: it has no objects, and which
    /// namespaces exist was [not told](Self::with_namespaces).
    pub fn is_undecided(&self, name: &Name) -> bool {
        let lowercase = name.to_lowercase();
        let Some(base) = within(&lowercase, &self.zone.domain.to_lowercase()) else { return false };
        let mut labels = base.rsplit('.');
        let branch = labels.next().unwrap_or("");
        let Some(namespace) = labels.next() else { return false };
        let exists_with_it = match (branch, labels.next()) {
            ("svc", None) => true,
            ("pod", None) => self.zone.pods != PodNames::Disabled,
            // More than one further name, and it is none.
            ("pod", Some(label)) => {
                self.zone.pods == PodNames::Insecure && undashed(label).is_some() && labels.count() <= 2
            }
            _ => false,
        };
        exists_with_it && !self.knows_namespaces() && !self.has_namespace(namespace)
    }

    fn records(&self, question: &Question<'_>, kind: Option<RecordType>) -> Answer {
        let found = if question.base == "ns.dns" { Found::Empty } else { self.find(question) };
        let record = |data| self.record(question.name, data);
        let mut additional = Vec::new();
        let answers = match (&found, kind) {
            (Found::Nothing, _) => return self.negative(Rcode::NxDomain, question.zone),
            (Found::Alias(target), Some(RecordType::Cname)) => vec![record(RecordData::Cname(fully_qualified(target)))],
            (Found::Alias(target), Some(family @ (RecordType::A | RecordType::Aaaa))) => {
                self.follow(question, target, family, &mut Vec::new())
            }
            (Found::Hits(_, hits), Some(family @ (RecordType::A | RecordType::Aaaa))) => {
                addresses(hits, family).into_iter().map(record).collect()
            }
            (Found::Hits(service, hits), Some(RecordType::Srv)) => {
                let (srv, targets) = service.srv(hits, question.zone);
                let address = |(name, address)| Record { name, ttl: self.zone.ttl, data: RecordData::address(address) };
                additional = targets.into_iter().map(address).collect();
                srv.into_iter().map(|srv| record(RecordData::Srv(srv))).collect()
            }
            (Found::Pod(address), Some(family)) if RecordType::of_address(*address) == family => {
                vec![record(RecordData::address(*address))]
            }
            (Found::Pod(address), Some(RecordType::Srv)) => {
                // A pod's name has no port, yet it is answered.
                let target = pod_name(question);
                additional.push(self.record(&target, RecordData::address(*address)));
                vec![record(RecordData::Srv(Srv { priority: 0, weight: 100, port: 0, target }))]
            }
            // The name exists, without such a record.
            (Found::Empty | Found::Alias(_) | Found::Hits(..) | Found::Pod(_), _) => Vec::new(),
        };
        if answers.is_empty() {
            return self.negative(Rcode::NoError, question.zone);
        }
        Answer { answers, additional, ..Answer::bare(Rcode::NoError) }
    }

    /// The alias, and what it leads to within the cluster. There an alias that leads nowhere is not told.
    fn follow(&self, question: &Question<'_>, target: &str, family: RecordType, told: &mut Vec<Name>) -> Vec<Record> {
        let target = fully_qualified(target);
        let lowercase = target.to_lowercase();
        let itself = within(&lowercase, &question.name.to_lowercase()).is_some();
        if itself || told.len() >= MAX_ALIASES || told.contains(question.name) {
            return Vec::new();
        }
        let alias = self.record(question.name, RecordData::Cname(target.clone()));
        let Some(base) = within(&lowercase, &self.zone.domain.to_lowercase()) else { return vec![alias] };
        told.push(question.name.clone());
        let next = Question { name: &target, base, zone: question.zone, reverse: false };
        let found = if base == "ns.dns" { Found::Empty } else { self.find(&next) };
        let rest = match found {
            Found::Alias(further) => self.follow(&next, further, family, told),
            Found::Hits(_, hits) => {
                addresses(&hits, family).into_iter().map(|data| self.record(&target, data)).collect()
            }
            Found::Pod(address) if RecordType::of_address(address) == family => {
                vec![self.record(&target, RecordData::address(address))]
            }
            Found::Pod(_) | Found::Nothing | Found::Empty => Vec::new(),
        };
        if rest.is_empty() { rest } else { std::iter::once(alias).chain(rest).collect() }
    }

    /// The names of an address. A Service's own address has one name; else every endpoint that has it is named.
    fn pointers(&self, question: &Question<'_>) -> Answer {
        let address = if !question.reverse {
            None
        } else if question.zone.eq_ignore_ascii_case(IPV4_REVERSE) {
            ipv4_of_reverse(question.base)
        } else {
            ipv6_of_reverse(question.base)
        };
        let Some(address) = address else {
            let exists = !matches!(self.find(question), Found::Nothing);
            return self.negative(if exists { Rcode::NoError } else { Rcode::NxDomain }, question.zone);
        };
        let name = |of: &str| Name::new(format!("{of}.svc.{}", self.zone.domain.as_str()));
        let names: Vec<Name> = match self.cluster_ip(address) {
            Some(service) => vec![name(service)],
            None => self.endpoints_at(address).take(MAX_POINTERS).map(name).collect(),
        };
        if names.is_empty() {
            return self.negative(Rcode::NxDomain, question.zone);
        }
        let answers = names.into_iter().map(|name| self.record(question.name, RecordData::Ptr(name))).collect();
        Answer { answers, ..Answer::bare(Rcode::NoError) }
    }

    /// There is one text. CoreDNS says of names without addresses, the zone's own among them, that they do not exist
    /// when it is asked for their text.
    fn text(&self, question: &Question<'_>) -> Answer {
        if question.base == "dns-version" {
            let data = RecordData::Txt(VERSION.to_owned());
            let record = Record { name: question.name.clone(), ttl: VERSION_TTL, data };
            return Answer { answers: vec![record], ..Answer::bare(Rcode::NoError) };
        }
        let exists = match self.find(question) {
            Found::Nothing | Found::Empty => false,
            Found::Alias(_) | Found::Pod(_) => true,
            Found::Hits(_, hits) => !hits.is_empty(),
        };
        self.negative(if exists { Rcode::NoError } else { Rcode::NxDomain }, question.zone)
    }

    /// What a name of a zone stands for.
    fn find<'a>(&'a self, question: &Question<'a>) -> Found<'a> {
        let mut labels = question.base.rsplitn(4, '.');
        let (branch, namespace, object) = (labels.next().unwrap_or(""), labels.next(), labels.next());
        let rest = labels.next();
        let is_pod = match branch {
            "" => return Found::Empty,
            "svc" => false,
            "pod" => true,
            _ => return Found::Nothing,
        };
        let Some(namespace) = namespace else { return Found::Empty };
        let part = match rest.map(|rest| rest.split_once('.')) {
            None => Part::Whole,
            Some(None) => Part::Endpoint(rest.unwrap_or("")),
            Some(Some((_, protocol))) if protocol.contains('.') => return Found::Nothing,
            Some(Some((name, protocol))) => {
                let bare = |label: &'a str| label.strip_prefix('_').unwrap_or(label);
                Part::Port { name: bare(name), protocol: bare(protocol) }
            }
        };
        if question.reverse || !self.has_namespace(namespace) {
            return Found::Nothing;
        }
        match (is_pod, object) {
            (true, _) if self.zone.pods == PodNames::Disabled => Found::Nothing,
            (_, None) => Found::Empty,
            (true, Some(label)) => self.find_pod(namespace, label),
            (false, Some(service)) => {
                // The key is the part of the name that spells it.
                let end = question.base.len() - ".svc".len();
                let key = &question.base[end - service.len() - 1 - namespace.len()..end];
                let Some(service) = self.service_of_key(key) else { return Found::Nothing };
                match service.select(part) {
                    Selection::Nothing => Found::Nothing,
                    Selection::Alias(target) => Found::Alias(target),
                    Selection::Hits(hits) => Found::Hits(service, hits),
                }
            }
        }
    }

    fn find_pod(&self, namespace: &str, label: &str) -> Found<'_> {
        let address = undashed(label).filter(|address| match self.zone.pods {
            PodNames::Insecure => true,
            PodNames::Verified => self.has_pod(namespace, *address),
            PodNames::Disabled => false,
        });
        address.map_or(Found::Nothing, Found::Pod)
    }

    fn record(&self, name: &Name, data: RecordData) -> Record {
        Record { name: name.clone(), ttl: self.zone.ttl, data }
    }

    fn negative(&self, rcode: Rcode, zone: &str) -> Answer {
        Answer { authority: Some(self.soa(zone)), ..Answer::bare(rcode) }
    }

    fn soa(&self, zone: &str) -> Record {
        let soa = Soa {
            server: Name::new(format!("ns.dns.{zone}")),
            contact: Name::new(format!("hostmaster.{zone}")),
            serial: self.serial,
            refresh: 7_200,
            retry: 1_800,
            expire: 86_400,
            minimum: self.zone.ttl,
        };
        Record { name: Name::new(zone), ttl: self.zone.ttl.min(MAX_SOA_TTL), data: RecordData::Soa(Box::new(soa)) }
    }
}

/// The name of a pod without what may stand before it.
fn pod_name(question: &Question<'_>) -> Name {
    let labels = question.base.rsplit('.').take(3).collect::<Vec<_>>();
    let own: Vec<&str> = labels.into_iter().rev().collect();
    Name::new(format!("{}.{}", own.join("."), question.zone))
}

/// What stands before the zone in a name; `None` when the name is not in it. Both in small letters.
fn within<'a>(name: &'a str, zone: &str) -> Option<&'a str> {
    let base = name.strip_suffix(zone)?;
    if base.is_empty() { Some(base) } else { base.strip_suffix('.') }
}
