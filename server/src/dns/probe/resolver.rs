//! Asks a DNS server one question: over UDP, over TCP where the answer does not fit, or through a port-forward.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};
use topology::dns::observed::{Failure, Lie, Question, Reply};
use topology::wire::ProbeProblem;

use super::message::{self, Reading};
use super::portforward::PortForward;

/// How long an answer may take, on each try.
const PATIENCE: Duration = Duration::from_millis(1_000);
/// How often a question is put to a server that says nothing: a datagram may get lost.
const TRIES: usize = 2;
/// How many packets that are no answer are looked at while one is waited for.
const MAX_STRAY: usize = 32;
/// The largest datagram that is read.
const MAX_DATAGRAM: usize = 4_096;

/// Whom the probe asks.
pub enum Resolver {
    /// DNS servers, the first that answers.
    Servers(Vec<SocketAddr>),
    /// A DNS pod, through the Kubernetes API.
    PortForward(PortForward),
}

/// What came of a question, and what is wrong with the way there.
#[derive(Debug)]
pub struct Outcome {
    /// What came of it.
    pub reply: Reply,
    /// Why nobody could be asked.
    pub problem: Option<ProbeProblem>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, problem: None }
    }
}

impl Resolver {
    /// How people call it.
    pub fn name(&self) -> String {
        match self {
            Self::Servers(servers) => servers.first().map(ToString::to_string).unwrap_or_default(),
            Self::PortForward(_) => PortForward::name(),
        }
    }

    /// Asks, and waits for what comes of it: some seconds at most.
    pub async fn ask(&self, question: &Question) -> Outcome {
        match self {
            Self::Servers(servers) => {
                let mut outcome = Outcome::from(Reply::Failed(Failure::Unreachable));
                for server in servers {
                    outcome = ask_server(*server, question).await;
                    if !matches!(outcome.reply, Reply::Failed(Failure::Unreachable | Failure::Timeout)) {
                        break;
                    }
                }
                outcome
            }
            Self::PortForward(forward) => forward.ask(question).await,
        }
    }
}

async fn ask_server(server: SocketAddr, question: &Question) -> Outcome {
    match ask_udp(server, question).await {
        Ok(Some(reply)) => reply.into(),
        Ok(None) => ask_tcp(server, question).await.into(),
        Err(error) => {
            let problem = Some(ProbeProblem::Failed(format!("{server}: {error}")));
            Outcome { reply: Reply::Failed(Failure::Unreachable), problem }
        }
    }
}

/// Asks over UDP; `None` when the answer does not fit. Each try has a socket of its own, and with it a port that nobody
/// can know who does not see the question.
async fn ask_udp(server: SocketAddr, question: &Question) -> io::Result<Option<Reply>> {
    let mut failure = Failure::Timeout;
    for _ in 0..TRIES {
        let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(server).await?;
        let id = rand::random();
        let Some(packet) = message::question(id, question) else { return Ok(Some(Reply::Failed(Failure::Malformed))) };
        socket.send(&packet).await?;
        let (deadline, mut buffer) = (Instant::now() + PATIENCE, vec![0; MAX_DATAGRAM]);
        for _ in 0..MAX_STRAY {
            let Ok(received) = timeout_at(deadline, socket.recv(&mut buffer)).await else { break };
            match message::read(&buffer[..received?], id, question) {
                Reading::Told(told) => return Ok(Some(Reply::Told(told))),
                Reading::Failed(failure) => return Ok(Some(Reply::Failed(failure))),
                Reading::Truncated => return Ok(None),
                Reading::Stray(lie) => failure = Failure::Lie(lie),
                Reading::Malformed => failure = Failure::Malformed,
            }
        }
    }
    Ok(Some(Reply::Failed(failure)))
}

/// Asks over TCP what did not fit into a datagram.
async fn ask_tcp(server: SocketAddr, question: &Question) -> Reply {
    let answer = async {
        let mut stream = TcpStream::connect(server).await?;
        converse(&mut stream, question).await
    };
    match timeout(PATIENCE, answer).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(_)) | Err(_) => Reply::Failed(Failure::Truncated),
    }
}

/// Puts one question on a stream and reads what comes.
///
/// # Errors
/// When the stream breaks.
pub(super) async fn converse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    question: &Question,
) -> io::Result<Reply> {
    let id = rand::random();
    let Some(packet) = message::question(id, question) else { return Ok(Reply::Failed(Failure::Malformed)) };
    let length = u16::try_from(packet.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], &packet].concat()).await?;
    stream.flush().await?;
    let mut buffer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut buffer).await?;
    Ok(match message::read(&buffer, id, question) {
        Reading::Told(told) => Reply::Told(told),
        Reading::Failed(failure) => Reply::Failed(failure),
        Reading::Truncated => Reply::Failed(Failure::Truncated),
        Reading::Stray(lie) => Reply::Failed(Failure::Lie(lie)),
        Reading::Malformed => Reply::Failed(Failure::Malformed),
    })
}

/// Whether a reply leaves a stream in a known state: what is no answer to the last question may be followed by it.
pub(super) const fn is_clean(reply: &Reply) -> bool {
    !matches!(reply, Reply::Failed(Failure::Malformed | Failure::Lie(Lie::Number | Lie::Question)))
}

/// The DNS servers that the system asks, as `/etc/resolv.conf` names them.
///
/// # Errors
/// When the file cannot be read, or names none.
pub fn system_servers(text: &str) -> io::Result<Vec<SocketAddr>> {
    /// The port of DNS.
    const PORT: u16 = 53;
    let config = resolv_conf::Config::parse(text).map_err(io::Error::other)?;
    let servers: Vec<SocketAddr> =
        config.nameservers.iter().map(|ip| SocketAddr::new(IpAddr::from(ip), PORT)).collect();
    if servers.is_empty() {
        return Err(io::Error::new(ErrorKind::NotFound, "it names no nameserver"));
    }
    Ok(servers)
}
