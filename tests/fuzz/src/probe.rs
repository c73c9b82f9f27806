//! The probe, without its sockets.

#[path = "../../../server/src/dns/probe/message.rs"]
pub mod message;
