//! The stream over a real connection: the protocol, and what bad input gets.

mod support;

use std::time::Instant;

use support::{Client, observations, served};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use topology::SetKey;
use topology::wire::{
    Bye, ClientMessage, Format, MAX_CLIENT_MESSAGE, MAX_SUBSCRIPTIONS, PROTOCOL, Scope, ServerMessage, State,
    Subscription,
};

const FORMATS: [Format; 2] = [Format::Postcard, Format::Json];

fn web() -> Scope {
    Scope::StatefulSet(SetKey::new("seed", "web"))
}

#[tokio::test]
async fn given_a_hello_when_something_happens_then_welcome_snapshots_and_deltas_come_in_order() {
    for format in FORMATS {
        let served = served().await;
        let mut client = Client::hello(&served, format, &[Scope::Fleet, web()]).await;
        let Some(ServerMessage::Welcome(welcome)) = client.next().await else { panic!("no welcome") };
        assert_eq!((welcome.protocol, welcome.instance), (PROTOCOL, served.fed.hub.instance()));
        for _ in 0..2 {
            assert!(matches!(client.next_content().await, Some(ServerMessage::Snapshot { .. })));
        }
        for observation in observations("seed") {
            served.fed.observe(observation).await;
        }
        let mut board = None;
        let settled = served.fed.hub.clone();
        loop {
            let Some(ServerMessage::Delta { revision, changes, .. }) = client.next_content().await else {
                panic!("no delta")
            };
            if let topology::wire::Changes::StatefulSet { changes, .. } = changes {
                for change in &changes {
                    topology::board::Board::apply(&mut board, change);
                }
            }
            let view = settled.view(Some(SetKey::new("seed", "web"))).await.expect("the hub runs");
            if view.revision == revision && view.board.is_some_and(|(_, now)| now.is_some() && now == board) {
                break;
            }
        }
    }
}

type Expected = fn(&Bye) -> bool;

#[tokio::test]
async fn given_what_is_no_hello_when_sent_first_then_a_typed_bye_comes_and_others_go_on() {
    let served = served().await;
    let mut bystander = Client::hello(&served, Format::Postcard, &[Scope::Fleet]).await;
    let limit = u32::try_from(MAX_CLIENT_MESSAGE).expect("valid");
    let far_too_large = MAX_CLIENT_MESSAGE * 20;
    for format in FORMATS {
        let hello = |protocol| {
            ClientMessage::Hello { protocol, subscriptions: Vec::new() }.encode(format).expect("it can be written")
        };
        let many = vec![Subscription { scope: Scope::Fleet, since: None }; MAX_SUBSCRIPTIONS + 1];
        let many = ClientMessage::Hello { protocol: PROTOCOL, subscriptions: many }.encode(format).expect("valid");
        let pong = ClientMessage::Subscribe(Vec::new()).encode(format).expect("valid");
        let table: Vec<(&str, Vec<u8>, Expected)> = vec![
            ("garbage", b"\x7f\x7f\x7f".to_vec(), |bye| matches!(bye, Bye::Malformed { .. })),
            ("nothing", Vec::new(), |bye| matches!(bye, Bye::Malformed { .. })),
            ("the future", hello(99), |bye| *bye == Bye::UnknownProtocol { supported: PROTOCOL }),
            ("too large", vec![b' '; MAX_CLIENT_MESSAGE + 1], |bye| matches!(bye, Bye::TooLarge { .. })),
            ("far too large", vec![b' '; far_too_large], |bye| matches!(bye, Bye::TooLarge { .. })),
            ("too many scopes", many, |bye| matches!(bye, Bye::TooManySubscriptions { .. })),
            ("no hello", pong, |bye| *bye == Bye::Unexpected),
        ];
        for (name, bytes, expected) in table {
            let mut client = Client::connect(&served, format).await;
            client.send(bytes).await;
            let bye = client.bye().await.unwrap_or_else(|| panic!("{name}: no bye in {format:?}"));
            assert!(expected(&bye), "{name}: {bye:?}");
            if let Bye::TooLarge { limit: told } = bye {
                assert_eq!(told, limit);
            }
        }
    }
    for observation in observations("seed") {
        served.fed.observe(observation).await;
    }
    assert!(matches!(bystander.next().await, Some(ServerMessage::Welcome(_))));
    assert!(matches!(bystander.next_content().await, Some(ServerMessage::Snapshot { .. })));
    assert!(matches!(bystander.next_content().await, Some(ServerMessage::Delta { .. })));
}

#[tokio::test]
async fn given_a_second_hello_when_sent_then_it_is_unexpected() {
    let served = served().await;
    let mut client = Client::hello(&served, Format::Postcard, &[]).await;
    client.say(&ClientMessage::Hello { protocol: PROTOCOL, subscriptions: Vec::new() }).await;
    assert_eq!(client.bye().await, Some(Bye::Unexpected));
}

#[tokio::test]
async fn given_other_scopes_when_subscribed_then_they_take_the_place_of_the_ones_before() {
    let served = served().await;
    for observation in observations("seed") {
        served.fed.observe(observation).await;
    }
    served.fed.settle().await;
    let mut client = Client::hello(&served, Format::Postcard, &[Scope::Fleet]).await;
    assert!(matches!(client.next().await, Some(ServerMessage::Welcome(_))));
    assert!(matches!(client.next_content().await, Some(ServerMessage::Snapshot { state: State::Fleet(_), .. })));
    client.say(&ClientMessage::Subscribe(vec![Subscription { scope: web(), since: None }])).await;
    let Some(ServerMessage::Snapshot { state: State::StatefulSet { set, board }, .. }) = client.next_content().await
    else {
        panic!("no snapshot of the set")
    };
    assert_eq!(set, SetKey::new("seed", "web"));
    assert!(board.is_some());
    let unknown = Scope::StatefulSet(SetKey::new("nowhere", "nothing"));
    client.say(&ClientMessage::Subscribe(vec![Subscription { scope: unknown, since: None }])).await;
    let next = client.next_content().await;
    assert!(matches!(next, Some(ServerMessage::Snapshot { state: State::StatefulSet { board: None, .. }, .. })));
}

#[tokio::test]
async fn given_another_sites_page_when_it_opens_a_stream_then_it_is_refused() {
    let served = served().await;
    for headers in [
        [("origin", "https://evil.example"), ("user-agent", "browser")],
        [("host", "evil.example"), ("user-agent", "browser")],
        [("origin", "null"), ("user-agent", "browser")],
    ] {
        let opened = Client::try_connect(&served, Format::Postcard, &headers).await;
        assert!(opened.is_err(), "{headers:?}");
    }
    let own = format!("http://{}", served.address);
    assert!(Client::try_connect(&served, Format::Postcard, &[("origin", &own)]).await.is_ok());
}

#[tokio::test]
async fn given_a_page_whose_name_was_bound_to_this_address_when_it_reads_then_it_is_refused() {
    let served = served().await;
    for (host, status) in [("evil.example", "421"), ("localhost", "200"), ("127.0.0.1:1", "200")] {
        let mut connection = tokio::net::TcpStream::connect(served.address).await.expect("it listens");
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
        assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    }
}

#[tokio::test]
async fn given_open_streams_when_the_server_stops_then_clients_are_told_and_it_ends_well_under_five_seconds() {
    let served = served().await;
    let mut greeted = Client::hello(&served, Format::Postcard, &[Scope::Fleet]).await;
    assert!(matches!(greeted.next().await, Some(ServerMessage::Welcome(_))));
    let mut silent = Client::connect(&served, Format::Json).await;
    let began = Instant::now();
    served.stopping.send(true).expect("it runs");
    assert_eq!(greeted.bye().await, Some(Bye::ShuttingDown));
    assert_eq!(silent.bye().await, Some(Bye::ShuttingDown));
    served.ended.await.expect("it ends");
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
}
