//! The public side: TLS, HTTP, and which host is whose.

mod endpoint;
mod front;
mod listener;
mod page;
mod target;

pub(crate) use front::Front;
pub(crate) use listener::{Caller, listen};
