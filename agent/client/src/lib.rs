//! The tunnel agent as a library: it keeps a session to an edge, binds tunnels there, and forwards what comes through
//! them to the app.
//!
//! * [`agent`]: the agent, its tunnels and their lives;
//! * [`config`] and [`upstream`]: which edge, which app;
//! * [`endpoint`]: what is bound, and [`definition`]: the same in ngrok's words;
//! * [`config_file`]: ngrok's configuration files;
//! * [`event`]: what the agent says it saw;
//! * [`console`] and [`log`]: the same for people, on a terminal and line by line;
//! * [`inspector`] and [`web`]: what passed, kept; the local API and the inspector's pages.

pub mod agent;
pub mod config;
pub mod config_file;
pub mod console;
pub mod definition;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod inspector;
pub mod log;
pub mod proxy;
pub mod upstream;
pub mod web;

mod backoff;
mod book;
mod command;
mod dial;
mod forward;
mod gauges;
mod host_header;
mod keeper;
mod link;
mod meter;
mod observe;
mod proxy_protocol;
mod registry;
mod upstream_tls;

pub use agent::{Agent, Tunnel};
pub use backoff::Backoff;
pub use config::{Config, HttpTunnel, LabeledTunnel, Scheme, ServerAddr, Setup};
pub use definition::Definition;
pub use endpoint::Endpoint;
pub use error::AgentError;
pub use event::Event;
pub use proxy::Proxy;
pub use upstream::Upstream;
pub use wire::heartbeat::Pace;
pub use wire::message::{Oidc, Refusal};
