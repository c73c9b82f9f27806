//! From packet to packet: what one DNS message is answered with. No I/O.

use std::fmt::Write as _;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{self, DNSClass, RData};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder};
use topology::dns::{Answer, Name, QueryType, Rcode, Record, RecordData, RecordType};

use super::{Published, Search};

/// The largest datagram that is sent: it fits into a frame of nearly every network (RFC 9715).
pub const MAX_DATAGRAM: u16 = 1_232;
/// The largest datagram for a client that does not say what it takes (RFC 1035 §2.3.4).
const PLAIN_DATAGRAM: u16 = 512;
/// The length of a message's header.
const HEADER: usize = 12;
/// How many records a question may bring along: EDNS, and a signature that is not looked at.
const MAX_ADDITIONAL: u16 = 2;

/// How a packet came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// In a datagram; the answer has to fit into one.
    Udp,
    /// In a stream.
    Tcp,
}

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// It is answered.
    Answer {
        /// The answer.
        packet: Vec<u8>,
        /// Whether it did not fit, so that the client has to ask again over TCP.
        truncated: bool,
    },
    /// It is no good question, and is told so.
    Malformed(Vec<u8>),
    /// Nobody is to be answered.
    Dropped,
}

/// What a packet is answered with.
pub fn react(packet: &[u8], transport: Transport, published: &Published, search: Option<&Search>) -> Reaction {
    let Some(header) = packet.get(..HEADER) else { return Reaction::Dropped };
    let is_response = header[2] & 0x80 != 0;
    if is_response {
        return Reaction::Dropped;
    }
    let id = u16::from_be_bytes([header[0], header[1]]);
    let count = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let op_code = OpCode::from_u8((header[2] >> 3) & 15);
    if op_code != OpCode::Query {
        return refuse(id, op_code, ResponseCode::NotImp);
    }
    // Looked at before anything is read, as room is made for as many as are announced.
    if (count(4), count(6), count(8)) != (1, 0, 0) || count(10) > MAX_ADDITIONAL {
        return refuse(id, op_code, ResponseCode::FormErr);
    }
    match Message::from_vec(packet) {
        Ok(request) => match request.queries.first() {
            Some(query) => answer(&request, query, transport, published, search),
            None => refuse(id, op_code, ResponseCode::FormErr),
        },
        Err(_) => refuse(id, op_code, ResponseCode::FormErr),
    }
}

/// An answer that has a header only.
fn refuse(id: u16, op_code: OpCode, code: ResponseCode) -> Reaction {
    let mut response = Message::response(id, op_code);
    response.metadata.response_code = code;
    response.to_vec().map_or(Reaction::Dropped, Reaction::Malformed)
}

fn answer(
    request: &Message,
    query: &Query,
    transport: Transport,
    published: &Published,
    search: Option<&Search>,
) -> Reaction {
    let mut response = Message::new(request.metadata.id, MessageType::Response, OpCode::Query);
    response.metadata.recursion_desired = request.metadata.recursion_desired;
    response.queries.push(query.clone());
    if let Some(asked) = &request.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(MAX_DATAGRAM).set_version(0).set_dnssec_ok(asked.flags().dnssec_ok);
        response.edns = Some(edns);
        if asked.version() > 0 {
            response.metadata.response_code = ResponseCode::BADVERS;
            return response.to_vec().map_or(Reaction::Dropped, Reaction::Malformed);
        }
    }
    let limit = match (transport, &request.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, Some(edns)) => edns.max_payload().clamp(PLAIN_DATAGRAM, MAX_DATAGRAM),
        (Transport::Udp, None) => PLAIN_DATAGRAM,
    };
    if query.query_class == DNSClass::IN {
        let name = name_of(&query.name);
        let found = look_up(&name, query_type(query.query_type), published, search);
        fill(&mut response, found, &name, &query.name);
    } else {
        response.metadata.response_code = ResponseCode::Refused;
    }
    fit(response, limit)
}

fn look_up(name: &Name, kind: QueryType, published: &Published, search: Option<&Search>) -> Answer {
    let found = published.answer(name, kind);
    if found.rcode == Rcode::Refused && kind != QueryType::Transfer {
        search.and_then(|search| search.answer(published, name, kind)).unwrap_or(found)
    } else {
        found
    }
}

fn fill(response: &mut Message, found: Answer, asked: &Name, as_asked: &rr::Name) {
    response.metadata.response_code = match found.rcode {
        Rcode::NoError => ResponseCode::NoError,
        Rcode::ServFail => ResponseCode::ServFail,
        Rcode::NxDomain => ResponseCode::NXDomain,
        Rcode::Refused => ResponseCode::Refused,
    };
    response.metadata.authoritative = found.rcode != Rcode::Refused;
    // Nearly every record has the name of the question, which is at hand.
    let convert = |record: Record| {
        let same = record.name.as_str() == asked.as_str();
        let name = if same { as_asked.clone() } else { wire_name(&record.name)? };
        Some(rr::Record::from_rdata(name, record.ttl, rdata(record.data)?))
    };
    response.answers.extend(found.answers.into_iter().filter_map(convert));
    response.authorities.extend(found.authority.into_iter().filter_map(convert));
    response.additionals.extend(found.additional.into_iter().filter_map(convert));
}

/// The message in at most `limit` bytes: without what it can do without, else without its answers, and marked.
fn fit(mut response: Message, limit: u16) -> Reaction {
    let whole = encode(&response);
    let fits = |packet: &Option<Vec<u8>>| packet.as_ref().is_some_and(|packet| packet.len() <= usize::from(limit));
    let answer = |packet: Option<Vec<u8>>, truncated| {
        packet.map_or(Reaction::Dropped, |packet| Reaction::Answer { packet, truncated })
    };
    if fits(&whole) {
        return answer(whole, false);
    }
    response.additionals.clear();
    let without = encode(&response);
    if fits(&without) {
        return answer(without, false);
    }
    response.answers.clear();
    response.authorities.clear();
    response.metadata.truncation = true;
    answer(encode(&response), true)
}

/// The message as bytes; `None` when they are more than any message can have.
fn encode(message: &Message) -> Option<Vec<u8>> {
    let mut buffer = Vec::with_capacity(usize::from(PLAIN_DATAGRAM));
    let mut encoder = BinEncoder::new(&mut buffer);
    encoder.set_max_size(u16::MAX);
    message.emit(&mut encoder).ok()?;
    let cut = buffer.get(2).is_some_and(|flags| flags & 2 != 0) && !message.metadata.truncation;
    (!cut).then_some(buffer)
}

const fn query_type(kind: rr::RecordType) -> QueryType {
    match kind {
        rr::RecordType::A => QueryType::Records(RecordType::A),
        rr::RecordType::AAAA => QueryType::Records(RecordType::Aaaa),
        rr::RecordType::SRV => QueryType::Records(RecordType::Srv),
        rr::RecordType::PTR => QueryType::Records(RecordType::Ptr),
        rr::RecordType::CNAME => QueryType::Records(RecordType::Cname),
        rr::RecordType::TXT => QueryType::Records(RecordType::Txt),
        rr::RecordType::SOA => QueryType::Records(RecordType::Soa),
        rr::RecordType::AXFR | rr::RecordType::IXFR => QueryType::Transfer,
        _ => QueryType::Other,
    }
}

/// A name as text. Bytes that are in no name of a cluster are written so that it matches none.
pub(super) fn name_of(name: &rr::Name) -> Name {
    let mut text = String::with_capacity(64);
    for label in name {
        if !text.is_empty() {
            text.push('.');
        }
        for byte in label {
            if byte.is_ascii_graphic() && !matches!(byte, b'.' | b'\\') {
                text.push(char::from(*byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\{byte:03}");
            }
        }
    }
    Name::new(text)
}

/// A name for a packet; `None` when it is none, as of an object that the API server should not have taken.
pub(super) fn wire_name(name: &Name) -> Option<rr::Name> {
    let labels = name.as_str().split('.').filter(|label| !label.is_empty()).map(str::as_bytes);
    rr::Name::from_labels(labels).ok()
}

fn rdata(data: RecordData) -> Option<RData> {
    let seconds = |seconds: u32| i32::try_from(seconds).unwrap_or(i32::MAX);
    Some(match data {
        RecordData::A(address) => RData::A(A(address)),
        RecordData::Aaaa(address) => RData::AAAA(AAAA(address)),
        RecordData::Srv(srv) => RData::SRV(SRV::new(srv.priority, srv.weight, srv.port, wire_name(&srv.target)?)),
        RecordData::Ptr(name) => RData::PTR(PTR(wire_name(&name)?)),
        RecordData::Cname(name) => RData::CNAME(CNAME(wire_name(&name)?)),
        RecordData::Txt(text) => RData::TXT(TXT::new(vec![text])),
        RecordData::Soa(soa) => RData::SOA(SOA::new(
            wire_name(&soa.server)?,
            wire_name(&soa.contact)?,
            soa.serial,
            seconds(soa.refresh),
            seconds(soa.retry),
            seconds(soa.expire),
            soa.minimum,
        )),
    })
}
