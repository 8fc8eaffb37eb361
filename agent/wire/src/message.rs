//! What agents and edges say to each other, as it stands in JSON.
//!
//! Reading is lenient where the clients differ: member names in any case, null for absent, unknown members ignored.
//! Writing uses the names that all of them understand. Secrets are [`ground::Secret`]s; an empty one is none.

mod auth;
mod bind;
mod command;
pub(crate) mod fold;
mod modules;
mod options;
mod policy_text;
mod refusal;
mod secret;
mod tunnel;

pub use auth::{Auth, AuthAnswer, AuthAnswerExtra, AuthExtra, ConnectAddress, DeprecationWarning};
pub use bind::{Bind, BindAnswer, BindAnswerExtra, BindExtra};
pub use command::{CommandAnswer, Restart, Stop, StopTunnel, Update};
pub use fold::ShapeError;
pub use modules::{
    BasicAuth, CircuitBreaker, Compression, Credential, Headers, IpRestriction, MutualTls, OAuth, Oidc,
    TlsTermination, UserAgentFilter, WebhookVerification, WebsocketTcpConverter,
};
pub use options::{HttpOptions, Options, TcpOptions, TlsOptions};
pub use policy_text::PolicyText;
pub use refusal::Refusal;
pub use tunnel::{
    PatchTunnelState, PatchTunnelStateAnswer, SrvInfo, SrvInfoAnswer, StartTunnelWithLabel,
    StartTunnelWithLabelAnswer, Unbind, UnbindAnswer,
};

#[cfg(test)]
mod tests;
