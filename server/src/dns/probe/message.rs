//! From question to packet, and from packet to reply. No I/O. Whoever answers may be broken, or may mean harm.

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{self, DNSClass, RData};
use topology::dns::observed::{Failure, Lie, Question, Told};
use topology::dns::{Name, Rcode, RecordData, RecordType, Srv};

use crate::dns::packet::{name_of, wire_name};

/// The length of a message's header.
const HEADER: usize = 12;
/// The least bytes that a record takes.
const SMALLEST_RECORD: usize = 11;
/// How many aliases are followed.
const MAX_ALIASES: usize = 16;

/// What a packet means to whoever waits for the answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is the answer.
    Told(Told),
    /// It is the answer, and says that there is none.
    Failed(Failure),
    /// It is the answer, but only a part: the whole is to be asked for over TCP.
    Truncated,
    /// It is no answer to this question. The answer may still come.
    Stray(Lie),
    /// It is no DNS message, or no answer at all.
    Malformed,
}

/// The packet of a question; `None` for a name that no packet can hold.
pub fn question(id: u16, question: &Question) -> Option<Vec<u8>> {
    let mut query = Query::query(wire_name(&question.name)?, wire_type(question.kind));
    query.set_query_class(DNSClass::IN);
    let mut message = Message::query();
    message.metadata.id = id;
    message.metadata.recursion_desired = true;
    message.add_query(query);
    message.to_vec().ok()
}

/// What a packet means.
pub fn read(packet: &[u8], id: u16, question: &Question) -> Reading {
    let Some(header) = packet.get(..HEADER) else { return Reading::Malformed };
    let count = |at: usize| usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
    let is_response = header[2] & 0x80 != 0;
    // Looked at before anything is read, as room is made for as many as are announced.
    if !is_response || count(6) + count(8) + count(10) > packet.len() / SMALLEST_RECORD {
        return Reading::Malformed;
    }
    if u16::from_be_bytes([header[0], header[1]]) != id {
        return Reading::Stray(Lie::Number);
    }
    let Ok(message) = Message::from_vec(packet) else { return Reading::Malformed };
    let [query] = message.queries.as_slice() else { return Reading::Stray(Lie::Question) };
    let asked = query.query_class == DNSClass::IN && query.query_type == wire_type(question.kind);
    if !asked || name_of(&query.name) != question.name {
        return Reading::Stray(Lie::Question);
    }
    if message.metadata.truncation {
        return Reading::Truncated;
    }
    let rcode = match message.metadata.response_code {
        ResponseCode::NoError => Rcode::NoError,
        ResponseCode::NXDomain => Rcode::NxDomain,
        ResponseCode::ServFail => return Reading::Failed(Failure::ServFail),
        ResponseCode::Refused => return Reading::Failed(Failure::Refused),
        other => return Reading::Failed(Failure::Rcode(other.into())),
    };
    match records(&message.answers, question) {
        Some((data, ttl)) => Reading::Told(Told::new(rcode, data, ttl.or_else(|| negative_ttl(&message)).unwrap_or(0))),
        None => Reading::Failed(Failure::Lie(Lie::Name)),
    }
}

/// What the records say that were asked for, and how long they may be kept; `None` when there are others among them.
fn records(answers: &[rr::Record], question: &Question) -> Option<(Vec<RecordData>, Option<u32>)> {
    let mut names = vec![question.name.clone()];
    // Aliases come in any order.
    for _ in 0..MAX_ALIASES {
        let leads_on = answers.iter().filter(|record| names.contains(&name_of(&record.name)));
        let targets = leads_on
            .filter_map(|record| if let RData::CNAME(target) = &record.data { Some(name_of(&target.0)) } else { None });
        let new: Vec<Name> = targets.filter(|target| !names.contains(target)).collect();
        if new.is_empty() {
            break;
        }
        names.extend(new);
    }
    let (mut all, mut ttl) = (Vec::with_capacity(answers.len()), None);
    for record in answers {
        if !names.contains(&name_of(&record.name)) {
            return None;
        }
        let data = data(&record.data);
        let wanted = |data: &RecordData| matches!(data, RecordData::Cname(_)) || data.kind() == question.kind;
        if let Some(data) = data.filter(wanted) {
            ttl = Some(ttl.map_or(record.ttl, |least: u32| least.min(record.ttl)));
            all.push(data);
        }
    }
    Some((all, ttl))
}

/// How long it may be kept that there is nothing.
fn negative_ttl(message: &Message) -> Option<u32> {
    message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    })
}

fn data(data: &RData) -> Option<RecordData> {
    Some(match data {
        RData::A(address) => RecordData::A(address.0),
        RData::AAAA(address) => RecordData::Aaaa(address.0),
        RData::SRV(srv) => RecordData::Srv(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: name_of(&srv.target),
        }),
        RData::PTR(name) => RecordData::Ptr(name_of(&name.0)),
        RData::CNAME(name) => RecordData::Cname(name_of(&name.0)),
        _ => return None,
    })
}

const fn wire_type(kind: RecordType) -> rr::RecordType {
    match kind {
        RecordType::A => rr::RecordType::A,
        RecordType::Aaaa => rr::RecordType::AAAA,
        RecordType::Srv => rr::RecordType::SRV,
        RecordType::Ptr => rr::RecordType::PTR,
        RecordType::Cname => rr::RecordType::CNAME,
        RecordType::Txt => rr::RecordType::TXT,
        RecordType::Soa => rr::RecordType::SOA,
    }
}
