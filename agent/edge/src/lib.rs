//! The edge server, the public side of the tunnel:
//!
//! * [`model`]: accounts, credentials, Edges and what is online, one model for every face;
//! * `ingress`: agents' sessions, authenticated, and what they bind;
//! * `public`: TLS, HTTP/1.1 and HTTP/2, routing by host, the gate in front of what it guards;
//! * `proxy`: requests through tunnels, streamed;
//! * `traffic`: what an endpoint asks of its requests and answers: modules and traffic policies;
//! * `issuers`: the gate's way to the identity providers;
//! * `store`: what is kept over the edge's end;
//! * `control`: the control API, in ngrok's shapes;
//! * `dashboard`: the same for people, in the browser;
//! * [`event`]: what it all saw.
//!
//! Everything listens on 127.0.0.1. Bounds: 2048 public connections and 1024 agents' connections at a time, 480 proxied
//! streams and 256 tunnels a session, 64 KiB of headers, 1 MiB of JSON.

mod code;
mod config;
mod control;
mod dashboard;
mod edge;
pub mod event;
mod ingress;
mod issuers;
pub mod model;
mod proxy;
mod public;
mod store;
mod traffic;

pub use code::{Code, Refusal};
pub use config::{Config, StartError};
pub use edge::Edge;
pub use event::Event;
pub use ingress::CommandError;
pub use model::{Account, Model, ModelError, NewAccount, NewLogin, OidcModule, Role};
pub use store::{StateDir, StoreError};
