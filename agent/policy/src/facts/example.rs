//! An exchange for tests.

use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::{Connection, Endpoint, Facts, Request, Response, Results, Tls};

/// Everything that facts borrow.
pub(crate) struct Exchange {
    pub(crate) connection: Connection,
    pub(crate) endpoint: Endpoint,
    pub(crate) request: Parts,
    pub(crate) body_length: Option<u64>,
    pub(crate) response: Option<(StatusCode, HeaderMap)>,
    pub(crate) results: Results,
}

/// When it happens.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

impl Exchange {
    /// A request to `https://app.tunnel.test`, without a body.
    pub(crate) fn new(method: &str, target: &str, headers: &[(&str, &str)]) -> Self {
        let mut request =
            http::Request::builder().method(method).uri(target).header("host", "app.tunnel.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let tls =
            Tls { sni: Some("app.tunnel.test".to_owned()), version: "TLS 1.3".to_owned(), ..Tls::default() };
        Self {
            connection: Connection {
                client: "127.3.0.1:50123".parse().unwrap(),
                server: "127.0.0.1:443".parse().unwrap(),
                region: "local".to_owned(),
                started: now(),
                tls: Some(tls),
            },
            endpoint: Endpoint {
                id: "ep_1".to_owned(),
                url: "https://app.tunnel.test".to_owned(),
                protocol: "https",
                host: "app.tunnel.test".to_owned(),
                port: 443,
            },
            request: request.body(()).unwrap().into_parts().0,
            body_length: Some(0),
            response: None,
            results: Results::default(),
        }
    }

    /// The same with an answer.
    pub(crate) fn answered(mut self, status: u16, headers: &[(&str, &str)]) -> Self {
        let mut answer = HeaderMap::new();
        for (name, value) in headers {
            answer.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        self.response = Some((StatusCode::from_u16(status).unwrap(), answer));
        self
    }

    pub(crate) fn facts(&self) -> Facts<'_> {
        let response = self.response.as_ref();
        Facts {
            now: now(),
            connection: &self.connection,
            endpoint: &self.endpoint,
            request: Some(Request { head: &self.request, body_length: self.body_length, received: now() }),
            response: response.map(|(status, headers)| Response {
                status: *status,
                headers,
                body_length: Some(5),
            }),
            results: &self.results,
        }
    }
}
