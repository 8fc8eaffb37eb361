//! The actions. Each is its settings, checked, and its decision.

mod basic_auth;
mod circuit_breaker;
mod compress_response;
mod custom_response;
mod deny;
mod forward_internal;
mod headers;
mod jwt_validation;
mod log;
mod openid_connect;
mod rate_limit;
mod redirect;
mod restrict_ips;
mod rewriting;
#[cfg(test)]
mod tests;
mod url_rewrite;
mod user_agent_filter;
mod verify_webhook;

pub use basic_auth::BasicAuth;
pub use circuit_breaker::{CircuitBreaker, Passage};
pub use compress_response::{CompressResponse, Compressor, Encoding};
pub use custom_response::CustomResponse;
pub use deny::Deny;
pub use forward_internal::{ForwardInternal, OnError};
pub use headers::{AddHeaders, Added, RemoveHeaders};
pub use jwt_validation::{JwkSet, JwtValidation};
pub use log::Log;
pub use openid_connect::OpenIdConnect;
pub use rate_limit::RateLimit;
pub use redirect::Redirect;
pub use restrict_ips::RestrictIps;
pub use url_rewrite::UrlRewrite;
pub use user_agent_filter::UserAgentFilter;
pub use verify_webhook::{VerifyWebhook, Webhook, WebhookAnswer};
