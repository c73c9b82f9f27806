//! The probe: resolvers that tell the truth, lie, or say nothing, and what boards show of it.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{self, RData};
use proptest::prelude::*;
use server::cluster::{Report, WatchHealth, watches};
use server::dns::probe::message::{Reading, question, read};
use server::dns::probe::{Probe, Resolver, system_servers};
use server::dns::{Server, Shared};
use support::{Fed, PATIENCE, fed, observations};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::{Instant, sleep};
use topology::SetKey;
use topology::dns::observed::{Failure, Lie, Observed, Question, Reply, Told, Verdict};
use topology::dns::{Name, Rcode, RecordData, RecordType};
use topology::wire::{self, ProbeProblem, Scope, Subscription};

const NAME: &str = "web-0.nginx.default.svc.cluster.local";

fn asked() -> Question {
    Question { name: Name::new(NAME), kind: RecordType::A }
}

fn address(text: &str) -> Told {
    Told::new(Rcode::NoError, vec![RecordData::A(text.parse().expect("an address"))], 5)
}

/// What a server sends back, one packet after the other.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Right,
    WrongNumber,
    OtherQuestion,
    OtherName,
    Alias,
    Garbage,
    Question,
    Code(ResponseCode),
    Truncated,
    Huge,
}

fn packet(query: &[u8], sent: Sent) -> Vec<u8> {
    let query = Message::from_vec(query).expect("the probe asks well");
    let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    let name = query.queries[0].name.clone();
    let record = |name: &rr::Name, address: [u8; 4]| {
        rr::Record::from_rdata(name.clone(), 5, RData::A(A::new(address[0], address[1], address[2], address[3])))
    };
    answer.queries.clone_from(&query.queries);
    answer.answers.push(record(&name, [10, 0, 0, 1]));
    let other = rr::Name::from_ascii("other.example.").expect("a name");
    match sent {
        Sent::Right => {}
        Sent::WrongNumber => answer.metadata.id ^= 0x55aa,
        Sent::OtherQuestion => answer.queries = vec![Query::query(other, rr::RecordType::A)],
        Sent::OtherName => answer.answers.push(record(&other, [6, 6, 6, 6])),
        Sent::Alias => {
            answer.answers = vec![
                record(&other, [10, 0, 0, 1]),
                rr::Record::from_rdata(name, 5, RData::CNAME(CNAME(other.clone()))),
            ];
        }
        Sent::Garbage => return vec![0xff; 40],
        Sent::Question => answer.metadata.message_type = MessageType::Query,
        Sent::Code(code) => {
            answer.answers.clear();
            answer.metadata.response_code = code;
        }
        Sent::Truncated => {
            answer.answers.clear();
            answer.metadata.truncation = true;
        }
        Sent::Huge => {
            let mut packet = answer.to_vec().expect("bytes");
            packet[6..8].copy_from_slice(&[0xff, 0xff]);
            return packet;
        }
    }
    answer.to_vec().expect("bytes")
}

/// A server that answers every datagram with `udp`, and every question on a stream with `tcp`.
async fn server(udp: &'static [Sent], tcp: Option<Sent>) -> SocketAddr {
    let (socket, listener) = loop {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        if let Ok(listener) = TcpListener::bind(socket.local_addr().expect("an address")).await {
            break (socket, listener);
        }
    };
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            for sent in udp {
                let _ = socket.send_to(&packet(&buffer[..length], *sent), from).await;
            }
        }
    });
    let Some(tcp) = tcp else { return address };
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut query = vec![0; usize::from(stream.read_u16().await.expect("a length"))];
            stream.read_exact(&mut query).await.expect("a question");
            let answer = packet(&query, tcp);
            stream.write_u16(u16::try_from(answer.len()).expect("short")).await.expect("it is read");
            stream.write_all(&answer).await.expect("it is read");
        }
    });
    address
}

#[tokio::test]
async fn given_servers_of_all_sorts_when_asked_then_it_is_told_what_is_wrong_with_their_answers() {
    use Sent::{Alias, Code, Garbage, Huge, OtherName, OtherQuestion, Question, Right, Truncated, WrongNumber};
    let right = Reply::Told(address("10.0.0.1"));
    let aliased = vec![RecordData::Cname(Name::new("other.example")), RecordData::A([10, 0, 0, 1].into())];
    let failed = Reply::Failed;
    let table: [(&'static [Sent], Option<Sent>, Reply); 19] = [
        (&[Right], None, right.clone()),
        (&[Alias], None, Reply::Told(Told::new(Rcode::NoError, aliased, 5))),
        (&[WrongNumber, OtherQuestion, Garbage, Right], None, right.clone()),
        (&[Code(ResponseCode::NXDomain)], None, Reply::Told(Told::nothing(0))),
        (&[Code(ResponseCode::ServFail)], None, failed(Failure::ServFail)),
        (&[Code(ResponseCode::Refused)], None, failed(Failure::Refused)),
        (&[Code(ResponseCode::NotImp)], None, failed(Failure::Rcode(4))),
        (&[WrongNumber], None, failed(Failure::Lie(Lie::Number))),
        (&[OtherQuestion], None, failed(Failure::Lie(Lie::Question))),
        (&[OtherName], None, failed(Failure::Lie(Lie::Name))),
        (&[Garbage], None, failed(Failure::Malformed)),
        (&[Question], None, failed(Failure::Malformed)),
        (&[Huge], None, failed(Failure::Malformed)),
        (&[], None, failed(Failure::Timeout)),
        (&[Truncated], Some(Right), right.clone()),
        (&[Truncated], None, failed(Failure::Truncated)),
        (&[Truncated], Some(Truncated), failed(Failure::Truncated)),
        (&[Truncated], Some(WrongNumber), failed(Failure::Lie(Lie::Number))),
        (&[Truncated], Some(Garbage), failed(Failure::Malformed)),
    ];
    let asks = table.map(|(udp, tcp, expected)| {
        tokio::spawn(async move {
            let resolver = Resolver::Servers(vec![server(udp, tcp).await]);
            let outcome = resolver.ask(&asked()).await;
            assert_eq!(outcome.reply, expected, "{udp:?} {tcp:?}");
            assert_eq!(outcome.problem, None);
        })
    });
    for ask in asks {
        ask.await.expect("as expected");
    }
}

#[tokio::test]
async fn given_a_port_that_nobody_listens_on_when_asked_then_it_says_so_and_the_next_server_is_asked() {
    let gone = UdpSocket::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address");
    let outcome = Resolver::Servers(vec![gone]).ask(&asked()).await;
    assert_eq!(outcome.reply, Reply::Failed(Failure::Unreachable));
    let Some(ProbeProblem::Failed(problem)) = outcome.problem else { panic!("{:?}", outcome.problem) };
    assert!(problem.contains(&gone.to_string()), "{problem}");
    let both = Resolver::Servers(vec![gone, server(&[Sent::Right], None).await]);
    assert_eq!(both.ask(&asked()).await.reply, Reply::Told(address("10.0.0.1")));
}

#[test]
fn given_a_resolv_conf_when_read_then_its_servers_are_asked() {
    let text = "search default.svc.cluster.local svc.cluster.local\nnameserver 10.43.0.10\nnameserver fd00::a\noptions ndots:5\n";
    let servers = system_servers(text).expect("two servers");
    assert_eq!(servers, ["10.43.0.10:53".parse().expect("valid"), "[fd00::a]:53".parse().expect("valid")]);
    assert!(system_servers("search example.org\n").is_err());
}

proptest! {
    #[test]
    fn given_any_bytes_when_read_as_an_answer_then_nothing_panics(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..600), like in any::<bool>(), flip in any::<(usize, u8)>()
    ) {
        if like {
            // Nearly an answer.
            let query = question(7, &asked()).expect("a packet");
            bytes = packet(&query, Sent::Alias);
            let at = flip.0 % bytes.len();
            bytes[at] ^= flip.1;
        }
        let reading = read(&bytes, 7, &asked());
        prop_assert!(like || !matches!(reading, Reading::Told(_)) || bytes[..2] == [0, 7]);
    }
}

// The probe and the hub.

async fn fed_with(trace: &str) -> Fed {
    let fed = fed();
    for observation in observations(trace) {
        fed.observe_and_settle(observation).await;
    }
    for watch in watches(None) {
        fed.reports.send(Report::Watch(watch, WatchHealth::Live)).await.expect("the hub runs");
    }
    fed.settle().await;
    fed
}

/// What the board shows of the answers to a question.
async fn observed(fed: &Fed, set: &SetKey, name: &str) -> Option<Observed> {
    let view = fed.hub.view(Some(set.clone())).await.expect("the hub runs");
    let board = view.board.and_then(|(_, board)| board).expect("its board");
    let all = board.services.iter().flat_map(|service| &service.observed);
    all.filter(|observed| observed.question.name == Name::new(name))
        .find(|it| it.question.kind == RecordType::A)
        .cloned()
}

async fn eventually(what: &str, fed: &Fed, set: &SetKey, name: &str, is_so: impl Fn(&Observed) -> bool) -> Observed {
    let began = Instant::now();
    loop {
        let found = observed(fed, set, name).await;
        if let Some(found) = found.clone().filter(|found| is_so(found)) {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: {found:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

fn says(verdict: fn(&Verdict) -> bool) -> impl Fn(&Observed) -> bool {
    move |observed| observed.said.as_ref().is_some_and(|said| verdict(&said.verdict))
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_cluster_dns_that_lags_when_somebody_looks_then_the_board_shows_what_it_says_and_for_how_long() {
    let fed = fed_with("seed").await;
    let set = SetKey::new("seed", "web");
    let name = "web-0.nginx.seed.svc.cluster.local";
    // The cluster's DNS, which serves what it is given.
    let theirs = Shared::default();
    theirs.publish(fed.hub.dns().latest().as_ref().clone());
    let server = Server::start(([127, 0, 0, 1], 0).into(), theirs.clone(), None).await.expect("a free port");
    let resolver = Resolver::Servers(vec![server.address()]);
    let probe = tokio::spawn(Probe::new(resolver, fed.hub.clone(), fed.reports.clone(), server::clock::now).run());

    // Nobody looks: only the names that changed a moment ago are asked about, once.
    sleep(Duration::from_millis(300)).await;
    let asked = server.counters().answered.get();
    sleep(Duration::from_millis(600)).await;
    assert_eq!(server.counters().answered.get(), asked);
    let whole = "nginx.seed.svc.cluster.local";
    assert_eq!(observed(&fed, &set, whole).await, None);
    let subscription = Subscription { scope: Scope::StatefulSet(set.clone()), since: None };
    let feed = fed.hub.subscribe(subscription).await.expect("the hub runs");
    let same = |verdict: &Verdict| *verdict == Verdict::Same;
    eventually("it is the same", &fed, &set, name, says(same)).await;
    eventually("all of it is the same", &fed, &set, whole, says(same)).await;

    // The slices change, and the cluster's DNS does not.
    for slice in observations("seed").into_iter().filter(is_slice).map(without_endpoints) {
        fed.observe(slice).await;
    }
    let old = eventually("it is old", &fed, &set, name, says(|verdict| matches!(verdict, Verdict::Old { .. }))).await;
    let before = old.measured.len();
    assert_eq!(old.absent, None);
    sleep(Duration::from_millis(400)).await;
    theirs.publish(fed.hub.dns().latest().as_ref().clone());
    let gone = eventually("it follows", &fed, &set, name, says(same)).await;
    assert_eq!(gone.measured.len(), before + 1);
    let lag = gone.measured.last().and_then(|measured| measured.lag).expect("it is measured");
    assert!(lag.least >= 200 && lag.most >= 400 && lag.least <= lag.most, "{lag:?}");
    assert!(gone.absent.is_some(), "the name is out of DNS");
    match &fed.hub.status().borrow().probe {
        wire::Probe::On { asked, problem: None } => assert_eq!(*asked, server.address().to_string()),
        other => panic!("{other:?}"),
    }

    // Nobody looks any more: what is said now is not known any more, only what was measured, and nothing is asked.
    drop(feed);
    let began = Instant::now();
    while observed(&fed, &set, whole).await.is_some_and(|it| it.said.is_some()) {
        assert!(began.elapsed() < PATIENCE, "it is still checked");
        sleep(Duration::from_millis(5)).await;
    }
    // What was under way is still answered.
    sleep(Duration::from_millis(300)).await;
    let asked = server.counters().answered.get();
    sleep(Duration::from_millis(600)).await;
    assert_eq!(server.counters().answered.get(), asked);
    probe.abort();
}

fn is_slice(observation: &topology::facts::Observation) -> bool {
    observation.watch.kind == topology::facts::Kind::EndpointSlice
        && matches!(observation.event, topology::facts::Event::Listed(_))
}

/// A list in which every slice has lost its endpoints.
fn without_endpoints(mut observation: topology::facts::Observation) -> topology::facts::Observation {
    use topology::facts::{Event, Object};
    if let Event::Listed(objects) = &mut observation.event {
        for object in objects {
            if let Object::EndpointSlice(slice) = object {
                slice.endpoints.clear();
            }
        }
    }
    observation
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_cluster_dns_that_is_gone_when_asked_then_the_status_says_so_and_the_hub_goes_on() {
    let fed = fed_with("seed").await;
    let gone = UdpSocket::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address");
    let probe = Probe::new(Resolver::Servers(vec![gone]), fed.hub.clone(), fed.reports.clone(), server::clock::now);
    let probe = tokio::spawn(probe.run());
    let set = SetKey::new("seed", "web");
    let subscription = Subscription { scope: Scope::StatefulSet(set.clone()), since: None };
    let _feed = fed.hub.subscribe(subscription).await.expect("the hub runs");
    let name = "web-0.nginx.seed.svc.cluster.local";
    let unreachable = |verdict: &Verdict| *verdict == Verdict::NoAnswer(Failure::Unreachable);
    eventually("nobody answers", &fed, &set, name, says(unreachable)).await;
    let status = fed.hub.status().borrow().probe.clone();
    assert!(matches!(status, wire::Probe::On { problem: Some(ProbeProblem::Failed(_)), .. }), "{status:?}");
    probe.abort();
}
