//! Where agents come in: TLS, a session of the wire protocol, authentication, and what they ask for.

mod agent;
mod auth;
mod bind;
mod command;
mod listener;
mod options;

pub use command::CommandError;

pub(crate) use listener::{Ingress, listen};
