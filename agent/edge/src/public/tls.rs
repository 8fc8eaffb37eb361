//! Connections to the TLS port: the name that they ask for decides who ends their TLS, and what is spoken inside.

use std::sync::Arc;

use bytes::Bytes;
use ground::Connection;
use ground::serve::{Accepted as Arrived, PATIENCE};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::Accepted;
use tokio_rustls::rustls::{self, ProtocolVersion, ServerConfig};
use tokio_rustls::{StartHandshake, server};

use super::hello::{self, Hello, Replayed};
use super::listener::{Caller, speak_over_tls};
use super::{Front, plain};
use crate::model::online::Tunnel;
use crate::model::termination::Fingerprint;
use crate::model::{Greeting, Scheme, TunnelKind};
use crate::proxy::raw::{self, Arrival, Near};
use crate::traffic::admit;

/// What is known of a client by its TLS.
#[derive(Clone, Debug)]
pub(crate) struct TlsFacts {
    /// `TLS 1.3` or `TLS 1.2`.
    pub(crate) version: &'static str,
    /// The cipher suite's name.
    pub(crate) cipher_suite: String,
    /// The client's own certificate, verified, when it had to show one.
    pub(crate) client_certificate: Option<CertificateDer<'static>>,
    /// The authorities by which it was verified.
    pub(crate) verified_by: Option<Fingerprint>,
    /// How often any endpoint had begun to ask for certificates by then.
    pub(crate) as_of: u64,
}

impl Near for server::TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Serves a connection to the TLS port.
pub(super) async fn greet(arrived: Arrived, site: Arc<ServerConfig>, front: Arc<Front>) {
    let Arrived { mut stream, connection, slot } = arrived;
    let _slot = slot;
    let deadline = Instant::now() + PATIENCE;
    match timeout_at(deadline, hello::read(&mut stream)).await {
        Ok(Ok(Hello::Tls(accepted, read))) => {
            let opened = Opened { stream, connection, accepted: *accepted, read, deadline };
            opened.serve(site, front).await;
        }
        Ok(Ok(Hello::Http)) => plain::explain(stream).await,
        Ok(Ok(Hello::Nothing) | Err(_)) | Err(_) => {}
    }
}

/// A connection whose ClientHello was read.
struct Opened {
    stream: TcpStream,
    connection: Connection,
    accepted: Accepted,
    read: Bytes,
    deadline: Instant,
}

impl Opened {
    async fn serve(self, site: Arc<ServerConfig>, front: Arc<Front>) {
        let name: Option<Arc<str>> =
            self.accepted.client_hello().server_name().map(|name| name.to_ascii_lowercase().into());
        let as_of = front.model.terminations();
        match name.as_deref().map_or(Greeting::Site(None), |name| front.model.greeting(name)) {
            Greeting::Site(termination) => {
                let config = termination.as_ref().map_or(Ok(Arc::clone(&site)), |own| own.config(&site));
                let verified_by = termination.and_then(|termination| termination.clients());
                let connection = self.connection;
                let Some(stream) = self.end_tls(config).await else { return };
                let tls = Some(Arc::new(TlsFacts::of(stream.get_ref().1, verified_by, as_of)));
                let (since, entered) = (front.model.now(), Arc::default());
                let caller = Caller { connection, scheme: Scheme::Https, name, tls, since, entered };
                speak_over_tls(stream, caller, front).await;
            }
            Greeting::Bytes(tunnel) => self.carry(&tunnel, &site, &front).await,
        }
    }

    async fn carry(self, tunnel: &Arc<Tunnel>, site: &ServerConfig, front: &Front) {
        let TunnelKind::Endpoint { id, .. } = &tunnel.kind else { return };
        let termination = tunnel.transport.termination.as_ref();
        let arrival =
            Arrival { connection: self.connection, endpoint: id.clone(), passthrough: termination.is_none() };
        // Who may not connect learns nothing of certificates.
        let taker = match admit(&front.model, &front.sink, self.connection, tunnel) {
            Ok(taker) => taker,
            Err(denial) => return raw::refuse(&self.stream, &arrival, &denial, &front.sink),
        };
        let Some(termination) = termination else {
            let near = Replayed::new(self.read, self.stream);
            return raw::carry(near, arrival, &taker, &front.sink).await;
        };
        let Some(near) = self.end_tls(termination.config(site)).await else { return };
        raw::carry(near, arrival, &taker, &front.sink).await;
    }

    /// The handshake; its failure is the client's own, who is told by an alert.
    async fn end_tls(
        self,
        config: Result<Arc<ServerConfig>, rustls::Error>,
    ) -> Option<server::TlsStream<TcpStream>> {
        let handshake = StartHandshake::from_parts(self.accepted, self.stream).into_stream(config.ok()?);
        timeout_at(self.deadline, handshake).await.ok()?.ok()
    }
}

impl TlsFacts {
    fn of(session: &rustls::ServerConnection, verified_by: Option<Fingerprint>, as_of: u64) -> Self {
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        };
        let suite = session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let certificate = session.peer_certificates().and_then(|chain| chain.first());
        Self {
            version,
            cipher_suite: suite.unwrap_or_default(),
            client_certificate: certificate.map(|certificate| certificate.clone().into_owned()),
            verified_by,
            as_of,
        }
    }
}
