//! The server's DNS, without its sockets.

#[path = "../../../server/src/dns/packet.rs"]
pub mod packet;
#[path = "probe.rs"]
pub mod probe;
#[path = "../../../server/src/dns/search.rs"]
mod search;
#[path = "../../../server/src/dns/shared.rs"]
mod shared;

pub use search::Search;
pub use shared::{Published, Reader, Shared};
