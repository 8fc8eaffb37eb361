//! The edge server, the public side of the tunnel:
//!
//! * [`model`]: accounts, credentials, Edges and what is online, one model for every face;
//! * `ingress`: agents' sessions, authenticated, and what they bind;
//! * `public`: the ports that clients come to: TLS by the ClientHello's name, HTTP/1.1 and HTTP/2, routing by host, the
//!   gate in front of what it guards; ports of `tcp` endpoints;
//! * `proxy`: requests through tunnels, streamed, and bytes of `tcp` and `tls` endpoints;
//! * `traffic`: what an endpoint asks of its requests and answers: modules and traffic policies;
//! * `issuers`: the gate's way to the identity providers;
//! * `store`: what is kept over the edge's end;
//! * `control`: the control API, in ngrok's shapes;
//! * `dashboard`: the same for people, in the browser;
//! * [`event`]: what it all saw.
//!
//! Everything listens on 127.0.0.1. Bounds: 2048 public connections (1024 more on each `tcp` endpoint's port) and 16,384
//! agents' connections at a time, 256 sessions an account, 480 proxied streams and 256 tunnels a session, ten seconds and
//! 32 KiB for a ClientHello, 64 KiB of headers, 1 MiB of JSON (64 KiB and 8 streams before an agent is let in).

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
