//! DNS over UDP: one thread, one socket. A datagram is answered in the time of a few system calls, so that there is
//! nothing to wait for in between and nothing to queue: what comes faster than it is answered, the socket drops.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tracing::warn;

use super::packet::{Reaction, Transport, react};
use super::{Counters, Search, Shared};

/// How often the thread looks whether it is to stop.
const GLANCE: Duration = Duration::from_millis(250);
/// The largest question that is read.
const MAX_QUESTION: usize = 4_096;
/// The pause after an error of the socket, so that one that stays does not take the processor.
const PAUSE: Duration = Duration::from_millis(10);

/// Answers until it is told to stop.
pub(super) fn serve(
    socket: &UdpSocket,
    shared: &Shared,
    search: Option<&Search>,
    counters: &Counters,
    stopping: &AtomicBool,
) {
    let mut reader = shared.reader();
    let mut buffer = [0; MAX_QUESTION];
    while !stopping.load(Ordering::Relaxed) {
        let (length, from) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) => {
                if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) {
                    warn!(%error, "the DNS socket failed");
                    thread::sleep(PAUSE);
                }
                continue;
            }
        };
        let packet = match react(&buffer[..length], Transport::Udp, reader.latest(), search) {
            Reaction::Answer { packet, truncated } => {
                counters.answered.count();
                if truncated {
                    counters.truncated.count();
                }
                packet
            }
            Reaction::Malformed(packet) => {
                counters.malformed.count();
                packet
            }
            Reaction::Dropped => {
                counters.dropped.count();
                continue;
            }
        };
        // Whoever asked may be gone.
        let _ = socket.send_to(&packet, from);
    }
}

/// Runs [`serve`] in a thread of its own.
pub(super) fn spawn(
    socket: UdpSocket,
    shared: Shared,
    search: Option<Search>,
    counters: Arc<Counters>,
    stopping: Arc<AtomicBool>,
) -> std::io::Result<thread::JoinHandle<()>> {
    socket.set_read_timeout(Some(GLANCE))?;
    let serve = move || serve(&socket, &shared, search.as_ref(), &counters, &stopping);
    thread::Builder::new().name("dns-udp".to_owned()).spawn(serve)
}
