//! A cookie as a browser keeps it.

use chrono::{DateTime, Utc};
use ground::Secret;

/// A cookie as a browser keeps it (RFC 6265, 5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
    /// The host that it belongs to, or the domain, without leading dot.
    pub domain: String,
    /// Whether it goes to that host alone, not to those under it.
    pub host_only: bool,
    /// The path that it is for.
    pub path: String,
    /// Whether it goes over TLS alone.
    pub secure: bool,
    /// Whether scripts can't see it.
    pub http_only: bool,
    /// Whether it goes along when another site asks; browsers treat none as `Lax`.
    pub same_site: Option<SameSite>,
    /// When it ends, in real time; with the profile, if never.
    pub expires: Option<DateTime<Utc>>,
}

/// Whether a cookie goes along when another site asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameSite {
    /// Never.
    Strict,
    /// When the person goes there, by link or redirect, with a safe method.
    Lax,
    /// Always.
    None,
}

impl Cookie {
    /// A session cookie for the one host, as a gate sets it: `Path=/; Secure; HttpOnly; SameSite=Lax`.
    pub fn new(host: impl Into<String>, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: Secret::new("cookie", value),
            domain: host.into(),
            host_only: true,
            path: "/".into(),
            secure: true,
            http_only: true,
            same_site: Some(SameSite::Lax),
            expires: None,
        }
    }
}
