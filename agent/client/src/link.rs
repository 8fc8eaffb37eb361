//! One session with an edge: dialled, verified, let in.

use std::io;
use std::time::Duration;

use ground::{Connection, Secret, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use wire::heartbeat;
use wire::message::{Auth, AuthAnswer, AuthAnswerExtra, AuthExtra, Refusal};
use wire::rpc;
use wire::{Incoming, Limits, Role, Session, StreamType};

use crate::agent::Shared;
use crate::config::{Config, Setup};
use crate::error::{AgentError, PATIENCE};

/// This agent's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What an edge knows an agent by, over its sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    client_id: String,
    cookie: Option<Secret>,
}

/// A session that the edge has let in.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) session: Session,
    pub(crate) incoming: Incoming,
    pub(crate) identity: Identity,
    /// The session's id at the edge.
    pub(crate) id: String,
    pub(crate) account: AuthAnswerExtra,
    pub(crate) connection: Connection,
    pub(crate) round_trip: watch::Receiver<Option<Duration>>,
    /// Everything that lives no longer than the session.
    pub(crate) tasks: Tasks,
}

/// Joins the edge as `identity`.
pub(crate) async fn establish(shared: &Shared, identity: &Identity) -> Result<Link, AgentError> {
    let Shared { config, setup, .. } = shared;
    let address = || config.server_addr.to_string();
    let (host, port) = (config.server_addr.host(), config.server_addr.port());
    let dial = timeout(setup.connect_timeout, async {
        match &setup.proxy {
            Some(proxy) => proxy.connect(&config.to_edge, host, port).await,
            None => config.to_edge.connect(host, port).await,
        }
    });
    let tcp = flat(dial.await).map_err(|reason| AgentError::Dial { address: address(), reason })?;
    let ends = tcp.local_addr().and_then(|peer| Ok(Connection { peer, local: tcp.peer_addr()? }));
    let connection = ends.map_err(|reason| AgentError::Dial { address: address(), reason })?;

    let tls = |reason| AgentError::Tls { address: address(), reason };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| tls(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let connector = TlsConnector::from(std::sync::Arc::clone(&config.tls));
    let io = flat(timeout(PATIENCE, connector.connect(name, tcp)).await).map_err(tls)?;

    let tasks = Tasks::new();
    let (session, incoming) = Session::start(io, Role::Client, Limits::default(), &tasks.spawner());
    let round_trip = heartbeat::start(&session, config.pace, &tasks.spawner());
    let answer = authenticate(&session, introduction(config, setup, identity)).await?;
    let id = match answer.extra.agent_session_id.as_str() {
        "" => answer.client_id.clone(),
        id => id.to_owned(),
    };
    let identity = Identity { client_id: answer.client_id, cookie: answer.extra.cookie.clone() };
    Ok(Link { session, incoming, identity, id, account: answer.extra, connection, round_trip, tasks })
}

fn flat<T>(outcome: Result<io::Result<T>, tokio::time::error::Elapsed>) -> io::Result<T> {
    outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn authenticate(session: &Session, introduction: Auth) -> Result<AuthAnswer, AgentError> {
    let answer: AuthAnswer = ask(session, StreamType::AUTH, "Auth", &introduction).await?;
    match Refusal::parse(&answer.error) {
        Some(refusal) => {
            session.shutdown(wire::ErrorCode::NONE, "").await;
            Err(AgentError::Unauthenticated(refusal))
        }
        None => Ok(answer),
    }
}

fn introduction(config: &Config, setup: &Setup, identity: &Identity) -> Auth {
    let refused = |what: &str| Some(format!("this agent does not {what} itself"));
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    Auth {
        version: vec!["3".to_owned(), "2".to_owned()],
        client_id: identity.client_id.clone(),
        extra: AuthExtra {
            os: in_go(std::env::consts::OS).to_owned(),
            arch: in_go(std::env::consts::ARCH).to_owned(),
            auth_token: config.authtoken.clone(),
            version: VERSION.to_owned(),
            user_agent: format!("gatewright/{VERSION}"),
            metadata: config.metadata.clone(),
            cookie: identity.cookie.clone(),
            heartbeat_interval: nanos(config.pace.interval),
            heartbeat_tolerance: nanos(config.pace.tolerance),
            update_unsupported_error: refused("update"),
            stop_unsupported_error: Some(String::new()),
            restart_unsupported_error: Some(String::new()),
            proxy_type: setup.proxy.as_ref().map(|proxy| proxy.kind().to_owned()).unwrap_or_default(),
            config_version: setup.config_version.clone(),
            custom_cas: true,
            client_type: "gatewright".to_owned(),
            ..AuthExtra::default()
        },
    }
}

/// Go's name for what Rust names otherwise.
fn in_go(name: &str) -> &str {
    match name {
        "macos" => "darwin",
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A request with a deadline.
pub(crate) async fn ask<T: DeserializeOwned>(
    session: &Session,
    kind: StreamType,
    what: &'static str,
    request: &impl Serialize,
) -> Result<T, AgentError> {
    match timeout(PATIENCE, rpc::call(session, kind, request)).await {
        Ok(outcome) => outcome.map_err(|error| AgentError::from_rpc(what, error)),
        Err(_) => Err(AgentError::Silent { what }),
    }
}
