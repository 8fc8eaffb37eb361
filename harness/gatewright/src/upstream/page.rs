//! A page upstream: wiremock, with a witness that sees each request before any mock answers it.

use std::time::Duration;

use ground::Sink;
use tokio::net::TcpStream;
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

    /// Stops, and waits until nobody listens any more: the server ends in a thread of its own, and whoever came before
    /// that would be let in and dropped.
    pub(super) async fn stop(self) {
        let address = *self.server.address();
        drop(self.server);
        let refused = async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        // Longer it only takes where someone else listens there now.
        let _ = tokio::time::timeout(Duration::from_secs(5), refused).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn once_it_has_stopped_nobody_is_let_in() {
        for _ in 0..50 {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let page = Page::start(listener, "hello", &[], Sink::forgetful()).await;
            page.stop().await;
            assert!(TcpStream::connect(address).await.is_err());
        }
    }
}
