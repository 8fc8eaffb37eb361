//! What expressions see: the connection, the endpoint, the request, the answer, and what earlier actions found.
//!
//! Facts borrow what they are about. A variable is worked out when an expression asks for it and not before, so a
//! policy without expressions costs nothing.

mod cookies;
#[cfg(test)]
pub(crate) mod example;
mod media_type;
mod request_url;
mod results;
mod values;
mod variables;

use std::net::SocketAddr;

use cel::common::value::CowVal;
use cel::context::VariableResolver;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

pub use request_url::RequestUrl;
pub use results::{ActionResult, Results};
pub(crate) use results::{error, no_error};
use variables::Fact;
pub(crate) use variables::find_variable;

/// How much text a fact may have, in bytes; an expression that asks for a longer one fails, even if it only asks whether
/// it is there.
pub(crate) const MAX_TEXT: usize = 32 * 1024;
/// How many items a fact may have, with those in its lists; an expression that asks for one with more fails.
pub(crate) const MAX_ITEMS: usize = 512;

/// Everything that is known when a rule or an action is decided.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Stage time.
    pub now: DateTime<Utc>,
    /// The client's connection.
    pub connection: &'a Connection,
    /// The endpoint that it came to.
    pub endpoint: &'a Endpoint,
    /// The request, once its head is there.
    pub request: Option<Request<'a>>,
    /// The upstream's answer, once its head is there.
    pub response: Option<Response<'a>>,
    /// What earlier actions of this exchange found.
    pub results: &'a Results,
}

/// A client's connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Where it comes from.
    pub client: SocketAddr,
    /// Where it came to.
    pub server: SocketAddr,
    /// The region that served it.
    pub region: String,
    /// When it was made, stage time.
    pub started: DateTime<Utc>,
    /// Its TLS, if it has any and it ends at the edge.
    pub tls: Option<Tls>,
}

/// What is known of a connection's TLS.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The server's name in the handshake.
    pub sni: Option<String>,
    /// The protocol's version: `TLS 1.3`.
    pub version: String,
    /// The cipher suite: `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The protocol that was agreed upon: `h2`.
    pub alpn: Option<String>,
    /// The client's certificate, if one was asked for and verified.
    pub client: Option<ClientCertificate>,
}

/// A client's verified certificate.
#[derive(Clone, Debug, Default)]
pub struct ClientCertificate {
    /// The certificate in PEM.
    pub pem: String,
    /// The subject, by RFC 2253.
    pub subject: String,
    /// The subject's common name.
    pub subject_common_name: Option<String>,
    /// The issuer, by RFC 2253.
    pub issuer: String,
    /// The issuer's common name.
    pub issuer_common_name: Option<String>,
    /// The serial number, in decimal.
    pub serial_number: String,
    /// DNS names of the subject.
    pub dns_names: Vec<String>,
    /// E-mail addresses of the subject.
    pub email_addresses: Vec<String>,
}

/// The endpoint that a connection came to.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its id: `ep_…`.
    pub id: String,
    /// Its URL: `https://app.tunnel.test`.
    pub url: String,
    /// `http`, `https`, `tcp` or `tls`.
    pub protocol: &'static str,
    /// Its host's name.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// A request's head.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The head, as it is at this point of the policy.
    pub head: &'a http::request::Parts,
    /// How long the body is: zero without one, nothing where that is not known beforehand.
    pub body_length: Option<u64>,
    /// When the head was there, stage time.
    pub received: DateTime<Utc>,
}

/// An answer's head.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, as they are at this point of the policy.
    pub headers: &'a HeaderMap,
    /// How long the body is: zero without one, nothing where that is not known beforehand.
    pub body_length: Option<u64>,
}

impl<'a> Facts<'a> {
    /// The request's URL, whole.
    pub fn url(&self) -> Option<RequestUrl> {
        RequestUrl::of(self.endpoint, self.request?.head)
    }
}

impl VariableResolver for Facts<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let value =
            match (variable.strip_prefix('?'), variables::read(self, variable.trim_start_matches('?'))) {
                (Some(_), Fact::Value(_)) => cel::Value::Bool(true),
                (Some(_), Fact::Absent) => cel::Value::Bool(false),
                (None, Fact::Value(value)) => value,
                (None, Fact::Absent) | (_, Fact::TooLarge) => return None,
            };
        Some(CowVal::Owned(value.try_into().ok()?))
    }
}
