//! Any question to the directory: a code, and records only of names that were asked for or that an alias leads to.
#![no_main]

use fuzz::PUBLISHED;
use libfuzzer_sys::fuzz_target;
use topology::dns::{Name, QueryType, Rcode, RecordData, RecordType};

/// What may stand at the end of a name, so that most questions are about the cluster.
const ENDS: [&str; 8] = [
    "",
    ".cluster.local",
    ".svc.cluster.local",
    ".services.svc.cluster.local",
    ".nginx.seed.svc.cluster.local",
    ".seed.pod.cluster.local",
    ".in-addr.arpa",
    ".ip6.arpa",
];

fuzz_target!(|input: &[u8]| {
    let [end, kind, name @ ..] = input else { return };
    let name = Name::new(format!("{}{}", String::from_utf8_lossy(name), ENDS[usize::from(*end) % ENDS.len()]));
    let kinds = ["A", "AAAA", "SRV", "PTR", "CNAME", "TXT", "SOA"].map(|kind| RecordType::parse(kind).map(QueryType::Records));
    let other = [Some(QueryType::Transfer), Some(QueryType::Other)];
    let kinds: Vec<QueryType> = kinds.into_iter().chain(other).flatten().collect();
    let answer = PUBLISHED.directory.answer(&name, kinds[usize::from(*kind) % kinds.len()]);
    assert!(answer.answers.is_empty() || answer.rcode == Rcode::NoError);
    let mut names = vec![name];
    for record in &answer.answers {
        assert!(names.contains(&record.name) || matches!(record.data, RecordData::Soa(_)), "{record}");
        if let RecordData::Cname(target) = &record.data {
            names.push(target.clone());
        }
    }
});
