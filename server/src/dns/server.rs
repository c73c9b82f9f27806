//! The DNS server as a whole.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Counters, Search, Shared, tcp, udp};

/// How often a port that is free on UDP only is tried anew, when any will do.
const TRIES: usize = 16;

/// The address cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot serve DNS on {address}: {source}; choose another with --dns ADDRESS:PORT (port 0 takes a free one)")]
pub struct ListenError {
    /// Which.
    address: SocketAddr,
    /// Why.
    source: io::Error,
}

/// A DNS server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    counters: Arc<Counters>,
    stopping: Arc<AtomicBool>,
    udp: Option<thread::JoinHandle<()>>,
    tcp: JoinHandle<()>,
}

impl Server {
    /// Listens on UDP and TCP, on one port.
    ///
    /// # Errors
    /// When that port cannot be had.
    pub async fn start(address: SocketAddr, shared: Shared, search: Option<Search>) -> Result<Self, ListenError> {
        let failed = |source| ListenError { address, source };
        let (socket, listener) = bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let counters = Arc::new(Counters::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let (of_udp, of_tcp) = (Arc::clone(&counters), Arc::clone(&counters));
        let udp = udp::spawn(socket, shared.clone(), search.clone(), of_udp, Arc::clone(&stopping)).map_err(failed)?;
        let tcp = tokio::spawn(tcp::serve(listener, shared, search.map(Arc::new), of_tcp));
        Ok(Self { address, counters, stopping, udp: Some(udp), tcp })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it counts.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.tcp.abort();
        // The thread sees it within a glance; nobody waits for it.
        self.udp.take();
    }
}

/// One port for both. A free one of UDP may be taken on TCP.
async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let socket = UdpSocket::bind(address)?;
        match TcpListener::bind(socket.local_addr()?).await {
            Ok(listener) => return Ok((socket, listener)),
            Err(_) if address.port() == 0 && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}
