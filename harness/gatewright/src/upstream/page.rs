//! A page upstream: wiremock, with a witness that sees each request before any mock answers it.

use ground::Sink;
use wiremock::matchers::any;
use wiremock::{BodyPrintLimit, Match, Mock, MockServer, Request, ResponseTemplate};

use super::{Event, Received, html};

#[derive(Debug)]
pub(super) struct Page {
    server: MockServer,
}

impl Page {
    pub(super) async fn start(
        listener: std::net::TcpListener,
        text: &str,
        headers: &[(String, String)],
        evidence: Sink<Event>,
    ) -> Self {
        let server = MockServer::builder()
            .listener(listener)
            .body_print_limit(BodyPrintLimit::Limited(0))
            .start()
            .await;
        let witness = Mock::given(Witness { evidence }).respond_with(ResponseTemplate::new(500));
        server.register(witness.with_priority(1)).await;
        let page = ResponseTemplate::new(200).set_body_raw(html(text), "text/html; charset=utf-8");
        let page = headers
            .iter()
            .fold(page, |page, (name, value)| page.append_header(name.as_str(), value.as_str()));
        server.register(Mock::given(any()).respond_with(page).with_priority(u8::MAX)).await;
        Self { server }
    }

    pub(super) fn mock(&self) -> &MockServer {
        &self.server
    }

    pub(super) async fn stop(self) {
        drop(self.server);
    }
}

/// Sees every request and matches none, so that the mocks after it answer.
struct Witness {
    evidence: Sink<Event>,
}

impl Match for Witness {
    fn matches(&self, request: &Request) -> bool {
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.evidence.emit(Event::Received(Received {
            method: request.method.clone(),
            target: format!("{}{query}", request.url.path()),
            headers: request.headers.clone(),
        }));
        false
    }
}
