//! Asks a DNS server over UDP as fast as it answers.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// How many questions are on their way at once.
const WINDOW: u16 = 64;
/// After how long without an answer those on their way count as lost.
const LOST: Duration = Duration::from_millis(200);
/// How many answers come between two looks at the clock.
const BATCH: u64 = 256;

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Outcome {
    /// Answers with at least one record.
    pub answered: u64,
    /// Answers with none, or with an error.
    pub empty: u64,
    /// Questions that were never answered.
    pub lost: u64,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Answers a second.
    pub fn rate(self) -> f64 {
        f64::from(u32::try_from(self.answered).unwrap_or(u32::MAX)) / self.took.as_secs_f64()
    }
}

/// Asks for the A records of these names, one after the other and again, for that long.
///
/// # Errors
/// When the socket fails.
pub fn ask(server: SocketAddr, names: &[String], during: Duration) -> io::Result<Outcome> {
    let mut packets: Vec<Vec<u8>> = names.iter().map(|name| question(name)).collect();
    let socket = UdpSocket::bind(if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" })?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(LOST))?;
    let mut next: u16 = 0;
    let mut send = || -> io::Result<()> {
        let count = packets.len();
        let packet = &mut packets[usize::from(next) % count];
        packet[..2].copy_from_slice(&next.to_be_bytes());
        next = next.wrapping_add(1);
        socket.send(packet).map(drop)
    };
    let (mut outcome, mut buffer) = (Outcome::default(), [0_u8; 4_096]);
    let began = Instant::now();
    for _ in 0..WINDOW {
        send()?;
    }
    loop {
        match socket.recv(&mut buffer) {
            Ok(length) => {
                let records = length >= 12 && buffer[3].trailing_zeros() >= 4 && buffer[6..8] != [0, 0];
                *(if records { &mut outcome.answered } else { &mut outcome.empty }) += 1;
                send()?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                outcome.lost += u64::from(WINDOW);
                for _ in 0..WINDOW {
                    send()?;
                }
            }
            Err(error) => return Err(error),
        }
        if (outcome.answered + outcome.empty).is_multiple_of(BATCH) && began.elapsed() >= during {
            outcome.took = began.elapsed();
            return Ok(outcome);
        }
    }
}

/// The packet that asks for the A records of a name.
fn question(name: &str) -> Vec<u8> {
    let mut packet = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        packet.push(u8::try_from(label.len()).unwrap_or(63));
        packet.extend(label.as_bytes());
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}
