//! The public side: TLS, HTTP, and which host is whose.

mod certificate;
mod endpoint;
mod framing;
mod front;
mod hello;
mod listener;
mod page;
mod plain;
mod strict;
mod target;
mod tcp;
mod tls;
mod websocket;

pub(crate) use front::Front;
pub(crate) use listener::{Caller, listen_plain, listen_tls};
pub(crate) use tcp::TcpDoors;
