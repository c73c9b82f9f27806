//! Asking two DNS servers the same, and what they say differently.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// An answer as text: rcode, answers with owner and TTL, the SOA without its serial, the further addresses.
#[derive(Debug, PartialEq)]
struct Told {
    rcode: String,
    answers: Vec<String>,
    authority: Vec<String>,
    additional: Vec<String>,
}

/// Asks a server over TCP, where every answer is whole: over UDP each server leaves out what does not fit in its own way.
struct Asker {
    server: SocketAddr,
    /// Opened when it is needed: servers close connections after some questions.
    stream: Option<TcpStream>,
}

impl Asker {
    fn ask(&mut self, name: &str, kind: RecordType) -> Result<Told, String> {
        let mut message = Message::query();
        message.metadata.id = 7;
        let mut query = Query::query(Name::from_ascii(name).map_err(|error| error.to_string())?, kind);
        query.set_query_class(DNSClass::IN);
        message.add_query(query);
        let mut edns = Edns::new();
        edns.set_max_payload(4_096);
        message.edns = Some(edns);
        let packet = message.to_vec().map_err(|error| error.to_string())?;
        let answer = match self.say(&packet) {
            Ok(answer) => answer,
            Err(_closed) => self.say(&packet).map_err(|error| format!("no answer: {error}"))?,
        };
        told(&Message::from_vec(&answer).map_err(|error| error.to_string())?)
    }

    /// One message, and the one that comes back, each with its length before it (RFC 1035 §4.2.2).
    fn say(&mut self, packet: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.server)?,
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        let length = u16::try_from(packet.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], packet].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer)?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

fn told(answer: &Message) -> Result<Told, String> {
    if answer.metadata.truncation {
        return Err("truncated, over TCP".to_owned());
    }
    let text = |records: &[Record]| {
        let mut lines: Vec<String> = records.iter().map(line).collect();
        lines.sort();
        lines
    };
    Ok(Told {
        rcode: answer.metadata.response_code.to_string(),
        answers: text(&answer.answers),
        authority: text(&answer.authorities),
        additional: text(&answer.additionals),
    })
}

fn line(record: &Record) -> String {
    let data = match &record.data {
        RData::SOA(soa) => {
            format!("{} {} {} {} {} {}", soa.mname, soa.rname, soa.refresh, soa.retry, soa.expire, soa.minimum)
        }
        data => data.to_string(),
    };
    format!("{} {} {} {data}", record.name, record.ttl, record.record_type())
}

/// The questions that are answered differently.
pub(crate) fn differences(coredns: SocketAddr, berth: SocketAddr, questions: &[(String, RecordType)]) -> Vec<String> {
    let mut coredns = Asker { server: coredns, stream: None };
    let mut berth = Asker { server: berth, stream: None };
    let differs = questions.iter().filter_map(|(name, kind)| {
        let (theirs, ours) = (coredns.ask(name, *kind), berth.ask(name, *kind));
        (theirs != ours).then(|| format!("{name} {kind}\n  CoreDNS: {theirs:?}\n  Berth:   {ours:?}"))
    });
    differs.collect()
}
