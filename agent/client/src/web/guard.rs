//! Who may call: this machine's own programs and the inspector's own pages. Another site's page in a browser may not,
//! neither by a name that it has made to mean this machine (DNS rebinding) nor across origins (CSRF).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::fault::Fault;

/// What the door answers to.
pub(super) struct Guard {
    hosts: Vec<String>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, allowed: &[String]) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string(), format!("localhost:{port}"), format!("127.0.0.1:{port}")];
        for host in allowed {
            hosts.push(host.to_ascii_lowercase());
            hosts.push(format!("{}:{port}", host.to_ascii_lowercase()));
        }
        Self { hosts }
    }

    fn knows(&self, host: &str) -> bool {
        self.hosts.contains(&host.to_ascii_lowercase())
    }

    /// Why a request is not to be answered, if it isn't.
    fn objection(&self, changes: bool, host: Option<&str>, headers: &HeaderMap) -> Option<&'static str> {
        if !host.is_some_and(|host| self.knows(host)) {
            return Some("the Host header is not this agent's; web_allow_hosts lists others that may be");
        }
        let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
        let origin_is_ours =
            |origin: &str| origin.strip_prefix("http://").is_some_and(|host| self.knows(host));
        if text(header::ORIGIN).is_some_and(|origin| !origin_is_ours(origin)) {
            return Some("another site's page may not call this");
        }
        let told = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        match told("sec-fetch-site") {
            None | Some("same-origin" | "none") => None,
            // A link may lead here.
            Some(_) if !changes && told("sec-fetch-mode") == Some("navigate") => None,
            Some(_) => Some("another site's page may not call this"),
        }
    }
}

/// Lets in who may call, and tells browsers to keep what they are told to themselves.
pub(super) async fn guarded(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let changes = !request.method().is_safe();
    let of_target = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = of_target.or(host);
    let mut answer = match guard.objection(changes, host.as_deref(), request.headers()) {
        Some(why) => Fault::new(StatusCode::FORBIDDEN, 0, why, "").into_response(),
        None => next.run(request).await,
    };
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-security-policy", policy),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_and_pages_may_call() {
        let guard = Guard::new("127.0.0.1:4040".parse().unwrap(), &["inspect.test".into()]);
        let may = |changes, host: Option<&str>, headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            guard.objection(changes, host, &headers.collect()).is_none()
        };
        for host in
            ["127.0.0.1:4040", "localhost:4040", "LOCALHOST:4040", "inspect.test", "inspect.test:4040"]
        {
            assert!(may(true, Some(host), &[]), "{host}");
        }
        for host in ["evil.test:4040", "127.0.0.1:4041", "localhost", "", "localhost:4040.evil.test"] {
            assert!(!may(false, Some(host), &[]), "{host}");
        }
        assert!(!may(false, None, &[]));
        let own = Some("localhost:4040");
        assert!(may(true, own, &[("origin", "http://localhost:4040"), ("sec-fetch-site", "same-origin")]));
        for origin in ["https://evil.test", "null", "http://localhost:4041", "https://localhost:4040"] {
            assert!(!may(true, own, &[("origin", origin)]), "{origin}");
            assert!(!may(false, own, &[("origin", origin)]), "{origin}");
        }
        assert!(!may(true, own, &[("sec-fetch-site", "cross-site")]));
        assert!(!may(false, own, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert!(may(false, own, &link), "a link that leads to the inspector");
        assert!(!may(true, own, &link), "a form that another site sends here");
        assert!(may(true, own, &[("sec-fetch-site", "none")]));
    }
}
