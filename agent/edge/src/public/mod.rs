//! The public side: TLS, HTTP, and which host is whose.

mod endpoint;
mod framing;
mod front;
mod listener;
mod page;
mod strict;
mod target;
mod tcp;

pub(crate) use front::Front;
pub(crate) use listener::{Caller, listen};
pub(crate) use tcp::TcpDoors;
