//! DNS over TCP: for answers that do not fit into a datagram. Each message has its length before it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::packet::{Reaction, Transport, react};
use super::{Counters, Search, Shared};

/// How many connections may be open at once.
pub const MAX_CONNECTIONS: usize = 64;
/// How long a connection may be silent, in the middle of a message too.
pub const IDLE: Duration = Duration::from_secs(10);
/// How long an answer may take to be taken.
const SEND: Duration = Duration::from_secs(5);
/// The longest question that is read.
const MAX_QUESTION: usize = 4_096;
/// The pause after an error of the listener (too many open files), so that it does not take the processor.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until it is dropped.
pub(super) async fn serve(listener: TcpListener, shared: Shared, search: Option<Arc<Search>>, counters: Arc<Counters>) {
    let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "cannot accept a DNS connection");
                sleep(PAUSE).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            counters.turned_away.count();
            continue;
        };
        let (shared, search, counters) = (shared.clone(), search.clone(), Arc::clone(&counters));
        connections.spawn(async move {
            if let Err(error) = converse(stream, &shared, search.as_deref(), &counters).await {
                debug!(%error, "a DNS connection ends");
            }
            drop(seat);
        });
    }
}

/// Answers one question after the other.
async fn converse(
    mut stream: TcpStream,
    shared: &Shared,
    search: Option<&Search>,
    counters: &Counters,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let length = usize::from(timeout(IDLE, stream.read_u16()).await??);
        if length > MAX_QUESTION {
            counters.malformed.count();
            return Ok(());
        }
        buffer.resize(length, 0);
        timeout(IDLE, stream.read_exact(&mut buffer)).await??;
        let packet = match react(&buffer, Transport::Tcp, &shared.latest(), search) {
            Reaction::Answer { packet, .. } => {
                counters.answered.count();
                packet
            }
            Reaction::Malformed(packet) => {
                counters.malformed.count();
                packet
            }
            Reaction::Dropped => {
                counters.dropped.count();
                return Ok(());
            }
        };
        let length = u16::try_from(packet.len()).map_err(io::Error::other)?;
        let message = [&length.to_be_bytes()[..], &packet].concat();
        timeout(SEND, stream.write_all(&message)).await??;
    }
}
