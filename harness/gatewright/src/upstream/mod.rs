//! The app behind a tunnel.
//!
//! * [`page`]: a wiremock server that answers everything with one page, and whatever else a test mounts on it;
//! * [`streaming`]: a hyper server for what wiremock doesn't speak: WebSocket, server-sent events, large bodies.
//!
//! Both say what reached them as [`Event`]s, in the order of arrival.

mod page;
mod streaming;

use std::io;
use std::net::SocketAddr;

use ground::Sink;
use http::{HeaderMap, Method};
use wiremock::MockServer;

use page::Page;
use streaming::Streaming;

/// What an upstream saw.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request arrived.
    Received(Received),
    /// A WebSocket message arrived.
    Message {
        /// Its text.
        text: String,
    },
    /// So much of a request's body has been read.
    Body {
        /// The request's path.
        path: String,
        /// Bytes read so far.
        bytes: u64,
        /// Whether that is all of it.
        complete: bool,
    },
}

/// A request as the upstream received it.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its method.
    pub method: Method,
    /// Its path and query as they came, `/reports?year=2026`.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
}

impl Received {
    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// What kind of app stands there.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Answers everything with a page of this text (as a heading), and these headers besides its own.
    Page {
        /// What the page says.
        text: String,
        /// Headers of every answer.
        headers: Vec<(String, String)>,
    },
    /// Serves `/` (a page of this text), `/echo` (WebSocket), `/events` (server-sent events, `?count=N`),
    /// `/upload` (counts the body) and `/download?bytes=N`.
    Streaming {
        /// What the page says.
        text: String,
    },
}

/// A running upstream on loopback. It can be stopped and started again on the same port.
#[derive(Debug)]
pub struct Upstream {
    kind: Kind,
    evidence: Sink<Event>,
    address: SocketAddr,
    server: Option<Server>,
}

#[derive(Debug)]
enum Server {
    Page(Page),
    Streaming(Streaming),
}

impl Upstream {
    /// Starts an upstream on a port that the system chooses.
    pub async fn start(kind: Kind, evidence: Sink<Event>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = serve(&kind, listener, &evidence).await?;
        Ok(Self { kind, evidence, address, server: Some(server) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The wiremock server of a page upstream that is up, to mount mocks on or to read its journal.
    pub fn mock(&self) -> Option<&MockServer> {
        match &self.server {
            Some(Server::Page(page)) => Some(page.mock()),
            _ => None,
        }
    }

    /// Stops listening and drops every connection. Stopping twice is stopping once.
    pub async fn stop(&mut self) {
        match self.server.take() {
            Some(Server::Page(page)) => page.stop().await,
            Some(Server::Streaming(streaming)) => streaming.stop().await,
            None => {}
        }
    }

    /// Listens again on the same port; what was mounted on a page upstream is gone.
    pub async fn start_again(&mut self) -> io::Result<()> {
        if self.server.is_none() {
            let listener = std::net::TcpListener::bind(self.address)?;
            self.server = Some(serve(&self.kind, listener, &self.evidence).await?);
        }
        Ok(())
    }

    /// A streaming upstream reads no more of any request's body until it [reads on](Upstream::read_on).
    pub fn hold_back(&self) {
        if let Some(Server::Streaming(streaming)) = &self.server {
            streaming.hold_back();
        }
    }

    /// Lets a streaming upstream read on.
    pub fn read_on(&self) {
        if let Some(Server::Streaming(streaming)) = &self.server {
            streaming.read_on();
        }
    }
}

async fn serve(kind: &Kind, listener: std::net::TcpListener, evidence: &Sink<Event>) -> io::Result<Server> {
    match kind {
        Kind::Page { text, headers } => {
            Ok(Server::Page(Page::start(listener, text, headers, evidence.clone()).await))
        }
        Kind::Streaming { text } => {
            Ok(Server::Streaming(Streaming::start(listener, text, evidence.clone())?))
        }
    }
}

/// A whole page of which `text` is the title and the heading.
fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{text}</title>\
         <link rel=\"icon\" href=\"data:,\"><h1>{text}</h1></html>"
    )
}
