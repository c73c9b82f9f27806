//! Names looked up as a pod does it: by the cluster's DNS, through the pod's search list.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many dots make a name one that is asked for as it is, first.
const DOTS: usize = 5;

/// The resolver of a pod.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    /// Where the cluster's DNS really listens; until it does no name is found.
    pub(super) server: watch::Receiver<Option<SocketAddr>>,
    /// The pod's namespace.
    pub(super) namespace: String,
}

impl Resolver {
    /// The domains in which short names are looked for.
    pub(super) fn search(&self) -> [String; 3] {
        [format!("{}.svc.cluster.local", self.namespace), "svc.cluster.local".to_owned(), "cluster.local".to_owned()]
    }

    /// The addresses of a name.
    pub(super) async fn addresses(&self, name: &str) -> Vec<Ipv4Addr> {
        let mut candidates: Vec<String> = self.search().map(|domain| format!("{name}.{domain}.")).into();
        if let Some(whole) = name.strip_suffix('.') {
            candidates = vec![format!("{whole}.")];
        } else if name.matches('.').count() >= DOTS {
            candidates.insert(0, format!("{name}."));
        } else {
            candidates.push(format!("{name}."));
        }
        for candidate in candidates {
            let answers = self.ask(&candidate, RecordType::A).await;
            let found: Vec<Ipv4Addr> = answers
                .iter()
                .filter_map(|answer| match answer {
                    RData::A(address) => Some(address.0),
                    _ => None,
                })
                .collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The first name of an address.
    pub(super) async fn name(&self, address: Ipv4Addr) -> Option<String> {
        let [a, b, c, d] = address.octets();
        let answers = self.ask(&format!("{d}.{c}.{b}.{a}.in-addr.arpa."), RecordType::PTR).await;
        answers.iter().find_map(|answer| match answer {
            RData::PTR(name) => Some(name.0.to_ascii().trim_end_matches('.').to_owned()),
            _ => None,
        })
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Vec<RData> {
        let asked = timeout(PATIENCE, self.exchange(name, kind)).await;
        asked.ok().flatten().unwrap_or_default()
    }

    /// Asks the server; nothing if it cannot be asked, or not understood.
    async fn exchange(&self, name: &str, kind: RecordType) -> Option<Vec<RData>> {
        let server = (*self.server.borrow())?;
        let id = rand::random();
        let mut question = Message::new(id, MessageType::Query, OpCode::Query);
        question.add_query(Query::query(Name::from_ascii(name).ok()?, kind));
        let socket = UdpSocket::bind((server.ip(), 0)).await.ok()?;
        socket.connect(server).await.ok()?;
        socket.send(&question.to_vec().ok()?).await.ok()?;
        let mut buffer = vec![0; 4096];
        let length = socket.recv(&mut buffer).await.ok()?;
        let answer = Message::from_vec(&buffer[..length]).ok()?;
        (answer.id == id).then(|| answer.answers.into_iter().map(|record| record.data).collect())
    }
}
