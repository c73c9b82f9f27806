//! The DNS server over real sockets: to `dig` and `nslookup`, and to packets that nobody should send.

mod support;

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RecordType};
use server::cluster::{Report, WatchHealth, watches};
use server::dns::{Search, Server};
use support::{Fed, PATIENCE, fed, observations};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use topology::dns::Namespaces;

struct Served {
    fed: Fed,
    server: Server,
}

impl Served {
    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What `dig` prints with these arguments, run where it cannot hold the server up.
    async fn dig(&self, arguments: &[&str]) -> String {
        let port = self.address().port().to_string();
        let fixed = ["@127.0.0.1", "-p", port.as_str(), "+tries=1", "+time=5"];
        run("dig", fixed.into_iter().chain(arguments.iter().copied())).await
    }

    /// Only the answers' data, sorted.
    async fn short(&self, arguments: &[&str]) -> Vec<String> {
        let told = self.dig(&[&["+short"], arguments].concat()).await;
        let mut lines: Vec<String> = told.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

async fn run(program: &'static str, arguments: impl Iterator<Item = &str>) -> String {
    let arguments: Vec<String> = arguments.map(str::to_owned).collect();
    let output = tokio::task::spawn_blocking(move || Command::new(program).args(arguments).output()).await;
    let output = output.expect("no panic").unwrap_or_else(|error| {
        panic!("{program} does not run ({error}): install the tools of the tests with `tools/setup`")
    });
    String::from_utf8(output.stdout).expect("text")
}

/// A server that was told a whole trace, and that every list is in.
async fn served(trace: &str, search: Option<&str>) -> Served {
    let fed = fed();
    for observation in observations(trace) {
        fed.observe(observation).await;
    }
    all_listed(&fed).await;
    serve(fed, search).await
}

async fn all_listed(fed: &Fed) {
    for watch in watches(None) {
        fed.reports.send(Report::Watch(watch, WatchHealth::Live)).await.expect("the hub runs");
    }
    fed.settle().await;
}

async fn serve(fed: Fed, search: Option<&str>) -> Served {
    let search = search.map(|namespace| Search { namespace: namespace.to_owned() });
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::start(address, fed.hub.dns().clone(), search).await.expect("a free port");
    Served { fed, server }
}

/// The address of a pod of the walk-through's StatefulSet now.
async fn address_of(fed: &Fed, set: &str, ordinal: u32) -> String {
    let view = fed.hub.view(Some(topology::SetKey::new(set, "web"))).await.expect("the hub runs");
    let board = view.board.and_then(|(_, board)| board).expect("its board");
    let lane = board.lane(topology::Ordinal(ordinal)).expect("its lane");
    lane.current().expect("a pod").ips[0].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn given_the_walk_through_when_dig_asks_then_each_name_has_its_pods_address() {
    let served = served("seed", None).await;
    let (first, second) = (address_of(&served.fed, "seed", 0).await, address_of(&served.fed, "seed", 1).await);
    let zone = "seed.svc.cluster.local";
    for transport in ["+notcp", "+tcp"] {
        assert_eq!(served.short(&[transport, &format!("web-0.nginx.{zone}")]).await, std::slice::from_ref(&first));
        assert_eq!(
            served.short(&[transport, &format!("web-1.nginx.{zone}"), "A"]).await,
            std::slice::from_ref(&second)
        );
        let mut both = [first.clone(), second.clone()];
        both.sort();
        assert_eq!(served.short(&[transport, &format!("nginx.{zone}")]).await, both);
        let expected = [format!("0 50 80 web-0.nginx.{zone}."), format!("0 50 80 web-1.nginx.{zone}.")];
        assert_eq!(served.short(&[transport, &format!("_web._tcp.nginx.{zone}"), "SRV"]).await, expected);
        assert_eq!(served.short(&[transport, "-x", &first]).await, [format!("web-0.nginx.{zone}.")]);
        assert_eq!(served.short(&[transport, "dns-version.cluster.local", "TXT"]).await, ["\"1.1.0\""]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_questions_of_all_sorts_when_dig_asks_then_header_and_sections_are_right() {
    let served = served("seed", None).await;
    let (nginx, nothing) = ("nginx.seed.svc.cluster.local", "nothing.seed.svc.cluster.local");
    let soa = "cluster.local.\t\t5\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. ";
    let minimum = " 7200 1800 86400 5\n";
    let table: [(&[&str], &[&str]); 13] = [
        (&[nginx], &["status: NOERROR", "flags: qr aa rd;", "ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1"]),
        (&[nginx], &["EDNS: version: 0, flags:; udp: 1232", "nginx.seed.svc.cluster.local. 5\tIN\tA\t10.42."]),
        (&["+noedns", nginx], &["status: NOERROR", "ADDITIONAL: 0"]),
        (&["NgInX.seed.SVC.cluster.local"], &["NgInX.seed.SVC.cluster.local. 5\tIN\tA\t10.42."]),
        (&[nginx, "AAAA"], &["status: NOERROR", "ANSWER: 0, AUTHORITY: 1", soa, minimum]),
        (&[nginx, "TYPE65"], &["status: NOERROR", "ANSWER: 0, AUTHORITY: 1", soa]),
        (&[nginx, "ANY", "+notcp"], &["status: NOERROR", "ANSWER: 0, AUTHORITY: 1"]),
        (&[nothing], &["status: NXDOMAIN", "flags: qr aa rd;", "ANSWER: 0, AUTHORITY: 1", soa, minimum]),
        (&["cluster.local", "SOA"], &["status: NOERROR", "ANSWER: 1", soa]),
        (&["example.org"], &["status: REFUSED", "flags: qr rd;", "ANSWER: 0, AUTHORITY: 0"]),
        (&["web-0.nginx"], &["status: REFUSED"]),
        (&["CH", "TXT", "version.bind"], &["status: REFUSED"]),
        (&["_web._tcp.nginx.seed.svc.cluster.local", "SRV"], &["ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 3"]),
    ];
    for (arguments, expected) in table {
        let told = served.dig(arguments).await;
        for part in expected {
            assert!(told.contains(part), "{arguments:?} lacks {part:?}: {told}");
        }
    }
    let transfer = served.dig(&["cluster.local", "AXFR"]).await;
    assert!(transfer.contains("; Transfer failed."), "{transfer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_namespace_to_search_when_short_names_are_asked_then_they_mean_what_they_mean_in_its_pods() {
    let served = served("seed", Some("seed")).await;
    let first = address_of(&served.fed, "seed", 0).await;
    let full = "web-0.nginx.seed.svc.cluster.local";
    let port = format!("-port={}", served.address().port());
    for name in ["web-0.nginx", "web-0.nginx.seed", "web-0.nginx.seed.svc", full] {
        let told = run("nslookup", [port.as_str(), name, "127.0.0.1"].into_iter()).await;
        assert!(told.contains(&format!("Name:\t{full}\nAddress: {first}\n")), "{name}: {told}");
        let expected = if name == full { vec![first.clone()] } else { vec![first.clone(), format!("{full}.")] };
        assert_eq!(served.short(&[name]).await, expected, "{name}");
    }
    assert_eq!(served.short(&["nginx."]).await.len(), 3, "an alias and two addresses");
    // Whether `nowhere` is a namespace has to be known as well.
    assert!(served.dig(&["nowhere"]).await.contains("status: SERVFAIL"));
    let namespaces = Report::Namespaces(Some(["seed", "dev"].map(str::to_owned).into_iter().collect()));
    served.fed.reports.send(namespaces).await.expect("the hub runs");
    served.fed.settle().await;
    for name in ["web-9.nginx", "nowhere", "web-0.nginx.nowhere", "web-9.nginx.seed.svc", "nginx.dev", "x.nginx.dev"] {
        let told = served.dig(&[name]).await;
        assert!(told.contains("status: NXDOMAIN") && told.contains("SOA\tns.dns.cluster.local."), "{name}: {told}");
    }
    // Of names that the Internet may know, nothing is known here.
    for name in ["example.org", "www.example.co.uk"] {
        for kind in ["A", "SOA", "TXT"] {
            assert!(served.dig(&[name, kind]).await.contains("status: REFUSED"), "{name} {kind}");
        }
    }
    let told = served.dig(&["web-0.nginx", "SOA"]).await;
    assert!(told.contains("status: NOERROR") && told.contains("CNAME\tweb-0.nginx.seed"), "{told}");
    let told = served.dig(&["web-0.nginx", "AAAA"]).await;
    assert!(told.contains("ANSWER: 1, AUTHORITY: 1") && told.contains("CNAME\tweb-0.nginx.seed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_the_first_lists_are_not_in_when_short_names_are_asked_then_it_is_a_failure_not_a_no() {
    let served = serve(fed(), Some("seed")).await;
    assert!(served.dig(&["web-0.nginx"]).await.contains("status: SERVFAIL"));
    assert!(served.dig(&["example.org"]).await.contains("status: REFUSED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn given_namespaces_when_one_without_objects_is_asked_for_then_it_exists_or_not_as_far_as_that_is_known() {
    let served = served("seed", None).await;
    // No Service is there in any case; whether the namespace is decides over its own name and its pods'.
    let names = ["quiet.svc.cluster.local", "quiet.pod.cluster.local", "10-42-1-5.quiet.pod.cluster.local"];
    let nothing = "nginx.quiet.svc.cluster.local";
    let namespaces = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Namespaces>());
    let table = [
        (None, "SERVFAIL"),
        (namespaces(&["seed"]), "NXDOMAIN"),
        (namespaces(&["seed", "quiet"]), "NOERROR"),
        (None, "SERVFAIL"),
    ];
    for (existing, expected) in table {
        let told = format!("{existing:?}");
        served.fed.reports.send(Report::Namespaces(existing)).await.expect("the hub runs");
        served.fed.settle().await;
        for name in names {
            assert!(served.dig(&[name]).await.contains(&format!("status: {expected}")), "{name} with {told}");
        }
        assert!(served.dig(&[nothing]).await.contains("status: NXDOMAIN"), "{told}");
        assert!(served.dig(&["seed.svc.cluster.local"]).await.contains("status: NOERROR"), "it has objects; {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_no_option_when_a_client_brings_its_own_search_list_then_short_names_work_as_well() {
    let served = served("seed", None).await;
    let first = address_of(&served.fed, "seed", 0).await;
    let told = served.short(&["+search", "+ndots=5", "+domain=seed.svc.cluster.local", "web-0.nginx"]).await;
    assert_eq!(told, [first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_answer_that_is_too_long_when_asked_over_udp_then_it_is_marked_and_tcp_has_it() {
    use serde_json::json;
    use topology::facts::{Event, Kind, Object, Observation, Watch};
    let fed = fed();
    let service = json!({"metadata": {"namespace": "a", "name": "big"}, "spec": {"clusterIP": "None"}});
    let endpoints: Vec<_> = (0..900)
        .map(|at| json!({"addresses": [format!("10.42.{}.{}", at / 250, at % 250 + 1)], "hostname": format!("web-{at}")}))
        .collect();
    let metadata = json!({"namespace": "a", "name": "big-a", "labels": {"kubernetes.io/service-name": "big"}});
    let slice = json!({"metadata": metadata, "endpoints": endpoints, "ports": [{"name": "web", "port": 80}]});
    let service: Object = serde_json::from_value::<topology::kubernetes::Service>(service).expect("valid").into();
    let slice: Object = serde_json::from_value::<topology::kubernetes::EndpointSlice>(slice).expect("valid").into();
    for (kind, object) in [(Kind::Service, service), (Kind::EndpointSlice, slice)] {
        fed.observe(Observation { watch: Watch::everywhere(kind), event: Event::Listed(vec![object]) }).await;
    }
    all_listed(&fed).await;
    let served = serve(fed, None).await;
    let big = "big.a.svc.cluster.local";
    assert_eq!(served.short(&[big]).await.len(), 900, "dig asks again over TCP");
    for arguments in [&["+ignore", big][..], &["+ignore", "+noedns", big], &["+ignore", "+bufsize=65000", big]] {
        let told = served.dig(arguments).await;
        assert!(told.contains("flags: qr aa tc rd;") && told.contains("ANSWER: 0"), "{arguments:?}: {told}");
    }
    assert_eq!(served.server.counters().truncated.get(), 4);
    let srv = served.dig(&["+tcp", big, "SRV"]).await;
    assert!(srv.contains("flags: qr aa rd;") && srv.contains("ANSWER: 900"), "the addresses may be missing: {srv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_the_first_lists_are_not_in_when_asked_then_what_is_not_found_is_a_failure_not_a_no() {
    let fed = fed();
    let name = "web-0.nginx.seed.svc.cluster.local";
    let served = serve(fed, None).await;
    assert!(served.dig(&[name]).await.contains("status: SERVFAIL"));
    assert!(served.dig(&["cluster.local"]).await.contains("status: NOERROR"));
    for observation in observations("seed") {
        served.fed.observe(observation).await;
    }
    served.fed.settle().await;
    assert!(served.dig(&[name]).await.contains("status: NOERROR"), "what is found is told");
    assert!(served.dig(&["nothing.seed.svc.cluster.local"]).await.contains("status: SERVFAIL"));
    all_listed(&served.fed).await;
    assert!(served.dig(&["nothing.seed.svc.cluster.local"]).await.contains("status: NXDOMAIN"));
    let slices = watches(None).into_iter().find(|it| it.kind == topology::facts::Kind::EndpointSlice).expect("watched");
    served.fed.reports.send(Report::Watch(slices, WatchHealth::Refused)).await.expect("the hub runs");
    served.fed.settle().await;
    assert!(served.dig(&["nothing.seed.svc.cluster.local"]).await.contains("status: SERVFAIL"), "leave was taken back");
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.id = 4_711;
    message.add_query(Query::query(Name::from_ascii(name).expect("a name"), kind));
    message
}

/// What the server says to these bytes, if anything.
fn say(server: SocketAddr, packet: &[u8]) -> Option<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("valid");
    socket.send_to(packet, server).expect("sent");
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).ok()?;
    Some(Message::from_vec(&buffer[..length]).expect("a message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn given_packets_that_are_no_good_questions_when_sent_then_they_are_refused_or_dropped_and_counted() {
    let served = served("seed", None).await;
    let good = question("nginx.seed.svc.cluster.local.", RecordType::A);
    let bytes = |message: &Message| message.to_vec().expect("bytes");
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut packet = bytes(&good);
        change(&mut packet);
        packet
    };
    let mut edns = good.clone();
    edns.edns = Some({
        let mut edns = Edns::new();
        edns.set_version(1).set_max_payload(1_232);
        edns
    });
    let mut chaos = good.clone();
    chaos.queries[0].set_query_class(DNSClass::CH);
    let table: [(&str, Vec<u8>, Option<ResponseCode>); 12] = [
        ("good", bytes(&good), Some(ResponseCode::NoError)),
        ("empty", Vec::new(), None),
        ("too short", vec![1; 11], None),
        ("an answer", changed(|packet| packet[2] |= 0x80), None),
        ("no question", changed(|packet| packet[5] = 0), Some(ResponseCode::FormErr)),
        ("two questions", changed(|packet| packet[5] = 2), Some(ResponseCode::FormErr)),
        ("65535 questions", changed(|packet| packet[4..6].fill(255)), Some(ResponseCode::FormErr)),
        ("answers in a question", changed(|packet| packet[7] = 1), Some(ResponseCode::FormErr)),
        ("cut off", changed(|packet| packet.truncate(20)), Some(ResponseCode::FormErr)),
        ("an update", changed(|packet| packet[2] = 5 << 3), Some(ResponseCode::NotImp)),
        ("a later EDNS", bytes(&edns), Some(ResponseCode::BADVERS)),
        ("another class", bytes(&chaos), Some(ResponseCode::Refused)),
    ];
    for (name, packet, expected) in table {
        let target = served.address();
        let answer = tokio::task::spawn_blocking(move || say(target, &packet)).await.expect("no panic");
        // Compared as numbers: two codes share one.
        let code = answer.as_ref().map(|answer| u16::from(answer.metadata.response_code));
        assert_eq!(code, expected.map(u16::from), "{name}");
        if let Some(answer) = answer {
            assert_eq!(answer.metadata.id, if name == "too short" { 0 } else { 4_711 }, "{name}");
            if expected == Some(ResponseCode::NotImp) {
                assert_eq!(answer.metadata.op_code, OpCode::Update);
            }
        }
    }
    let counters = served.server.counters();
    assert_eq!((counters.answered.get(), counters.malformed.get(), counters.dropped.get()), (2, 7, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn given_more_tcp_connections_than_allowed_when_opened_then_the_rest_is_turned_away_and_others_go_on() {
    let served = served("seed", None).await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(TcpStream::connect(served.address()).await.expect("it listens"));
    }
    let packet = question("nginx.seed.svc.cluster.local.", RecordType::A).to_vec().expect("bytes");
    let message = [&u16::try_from(packet.len()).expect("short").to_be_bytes()[..], &packet].concat();
    for stream in &mut open {
        stream.write_all(&message).await.expect("sent");
        let length = timeout(PATIENCE, stream.read_u16()).await.expect("in time").expect("an answer");
        let mut answer = vec![0; usize::from(length)];
        timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("in time").expect("whole");
        assert_eq!(Message::from_vec(&answer).expect("a message").answers.len(), 2);
    }
    let mut refused = TcpStream::connect(served.address()).await.expect("it listens");
    let ended = timeout(PATIENCE, refused.read(&mut [0; 1])).await.expect("in time");
    assert!(matches!(ended, Ok(0) | Err(_)), "it is closed");
    assert_eq!(served.server.counters().turned_away.get(), 1);
    assert_eq!(served.short(&["+notcp", "nginx.seed.svc.cluster.local"]).await.len(), 2, "UDP goes on");
    let mut first = open.swap_remove(0);
    first.write_all(&[255, 255]).await.expect("sent");
    let ended = timeout(PATIENCE, first.read(&mut [0; 1])).await.expect("in time");
    assert!(matches!(ended, Ok(0) | Err(_)), "a question of 65535 bytes ends the connection");
    while TcpStream::connect(served.address()).await.is_err() {}
}

#[tokio::test(start_paused = true)]
async fn given_a_tcp_connection_that_says_nothing_when_it_is_idle_too_long_then_it_is_closed() {
    let served = serve(fed(), None).await;
    let mut stream = TcpStream::connect(served.address()).await.expect("it listens");
    stream.write_all(&[0]).await.expect("sent");
    let began = tokio::time::Instant::now();
    let ended = stream.read(&mut [0; 1]).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "it is closed");
    assert!(began.elapsed() >= Duration::from_secs(10), "{:?}", began.elapsed());
}
