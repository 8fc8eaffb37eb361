//! An edge that does what a test wants: it lets agents in, gives every tunnel away, and shows what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use ground::{Authority, Secret, Tasks};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_rustls::TlsAcceptor;
use wire::message::{
    Auth, AuthAnswer, AuthAnswerExtra, Bind, BindAnswer, BindAnswerExtra, Refusal, StartTunnelWithLabel,
    StartTunnelWithLabelAnswer, Unbind, UnbindAnswer,
};
use wire::proxy::{EdgeType, Header};
use wire::rpc::{answer, read_request};
use wire::{Limits, Role, Session, Stream, StreamType, heartbeat};

use crate::support::within;

/// What an agent asked for.
#[derive(Debug)]
pub(crate) enum Asked {
    Auth(Auth),
    Bind(Bind),
    Label(StartTunnelWithLabel),
    Unbind(Unbind),
}

pub(crate) struct Edge {
    pub(crate) authority: Authority,
    pub(crate) address: SocketAddr,
    pub(crate) asked: mpsc::UnboundedReceiver<Asked>,
    shared: Arc<Shared>,
    /// While it is there, agents find somebody listening.
    listening: Option<Tasks>,
    sessions: Tasks,
}

struct Shared {
    asks: mpsc::UnboundedSender<Asked>,
    session: watch::Sender<Option<Session>>,
    refusing: watch::Sender<Option<Refusal>>,
    /// How many labeled tunnels were started: each has an id of its own.
    labeled: AtomicU32,
    /// Whoever wants a connection before the next Bind is answered.
    early: Mutex<Option<oneshot::Sender<Stream>>>,
}

/// The id of every web tunnel; those of other protocols are `t-tcp` and `t-tls`.
const TUNNEL: &str = "t-http";

impl Edge {
    pub(crate) async fn start() -> Self {
        let listener = ground::serve::bind_loopback().await.unwrap();
        let (asks, asked) = mpsc::unbounded_channel();
        let (session, refusing) = (watch::Sender::new(None), watch::Sender::new(None));
        let shared =
            Arc::new(Shared { asks, session, refusing, labeled: AtomicU32::new(0), early: Mutex::default() });
        let mut edge = Self {
            authority: Authority::new().unwrap(),
            address: listener.local_addr().unwrap(),
            asked,
            shared,
            listening: None,
            sessions: Tasks::new(),
        };
        edge.listen_on(listener);
        edge
    }

    fn listen_on(&mut self, listener: TcpListener) {
        let tls = TlsAcceptor::from(self.authority.server_config(&[], |_| false).unwrap());
        let (shared, sessions) = (Arc::clone(&self.shared), self.sessions.spawner());
        let listening = Tasks::new();
        listening.spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let (tls, shared, tasks) = (tls.clone(), Arc::clone(&shared), sessions.clone());
                sessions.spawn(async move {
                    // An agent that doesn't trust this edge breaks off.
                    let Ok(io) = tls.accept(tcp).await else { return };
                    let (session, mut incoming) = Session::start(io, Role::Server, Limits::default(), &tasks);
                    while let Some(stream) = incoming.accept().await {
                        tasks.spawn(attend(Arc::clone(&shared), session.clone(), stream));
                    }
                });
            }
        });
        self.listening = Some(listening);
    }

    /// Nobody listens any more.
    pub(crate) async fn go_deaf(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.stop().await;
        }
    }

    /// Somebody listens again, on the same port.
    pub(crate) async fn hear_again(&mut self) {
        self.listen_on(TcpListener::bind(self.address).await.unwrap());
    }

    /// From now on agents are refused, or tunnels when they are in already.
    pub(crate) fn refuse(&self, refusal: Option<Refusal>) {
        self.shared.refusing.send_replace(refusal);
    }

    /// The session of the agent that is in.
    pub(crate) async fn session(&self) -> Session {
        let mut watching = self.shared.session.subscribe();
        let lives = |session: &Option<Session>| session.as_ref().is_some_and(|s| s.close_reason().is_none());
        within("a session", watching.wait_for(lives)).await.unwrap().clone().unwrap()
    }

    pub(crate) async fn next_asked(&mut self) -> Asked {
        within("a request of the agent's", self.asked.recv()).await.unwrap()
    }

    pub(crate) async fn next_auth(&mut self) -> Auth {
        match self.next_asked().await {
            Asked::Auth(auth) => auth,
            other => panic!("not Auth: {other:?}"),
        }
    }

    pub(crate) async fn next_bind(&mut self) -> Bind {
        match self.next_asked().await {
            Asked::Bind(bind) => bind,
            other => panic!("not Bind: {other:?}"),
        }
    }

    /// A connection of a client's to the tunnel.
    pub(crate) async fn connect(&self) -> Stream {
        self.connect_to(TUNNEL, "https").await
    }

    pub(crate) async fn connect_to(&self, id: &str, proto: &str) -> Stream {
        open(&self.session().await, id, proto).await
    }

    /// A connection of a client's that reaches the agent before the answer to its next Bind does.
    pub(crate) fn connect_before_the_next_answer(&self) -> oneshot::Receiver<Stream> {
        let (early, connected) = oneshot::channel();
        *self.shared.early.lock().unwrap() = Some(early);
        connected
    }
}

async fn open(session: &Session, id: &str, proto: &str) -> Stream {
    let header = Header {
        id: id.to_owned(),
        client_addr: "203.0.113.7:51234".parse().unwrap(),
        proto: proto.to_owned(),
        edge_type: EdgeType::Endpoint,
        passthrough_tls: false,
    };
    within("a stream", session.open(StreamType::PROXY, &header.encode())).await.unwrap()
}

async fn attend(shared: Arc<Shared>, session: Session, mut stream: Stream) {
    let Ok(kind) = StreamType::read(&mut stream).await else { return };
    match kind {
        StreamType::HEARTBEAT => heartbeat::echo(stream).await,
        StreamType::AUTH => {
            let auth: Auth = read_request(&mut stream).await.unwrap();
            let given = shared.authenticate(&auth);
            shared.asks.send(Asked::Auth(auth)).unwrap();
            if given.error.is_empty() {
                shared.session.send_replace(Some(session));
            }
            let _ = answer(stream, &given).await;
        }
        StreamType::BIND => {
            let bind: Bind = read_request(&mut stream).await.unwrap();
            let given = shared.bind(&bind);
            let early = shared.early.lock().unwrap().take();
            if let Some(early) = early {
                early.send(open(&session, TUNNEL, "https").await).unwrap();
                // Time for the agent to look at it.
                for _ in 0..1000 {
                    tokio::task::yield_now().await;
                }
            }
            shared.asks.send(Asked::Bind(bind)).unwrap();
            let _ = answer(stream, &given).await;
        }
        StreamType::START_TUNNEL_WITH_LABEL => {
            let labeled: StartTunnelWithLabel = read_request(&mut stream).await.unwrap();
            let number = shared.labeled.fetch_add(1, Ordering::Relaxed) + 1;
            let given = StartTunnelWithLabelAnswer { id: format!("t-label-{number}"), error: shared.error() };
            shared.asks.send(Asked::Label(labeled)).unwrap();
            let _ = answer(stream, &given).await;
        }
        StreamType::UNBIND => {
            let unbind: Unbind = read_request(&mut stream).await.unwrap();
            shared.asks.send(Asked::Unbind(unbind)).unwrap();
            let _ = answer(stream, &UnbindAnswer::default()).await;
        }
        other => panic!("an agent opened {other:?}"),
    }
}

impl Shared {
    fn error(&self) -> String {
        self.refusing.borrow().as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn authenticate(&self, auth: &Auth) -> AuthAnswer {
        let refusal = match auth.extra.auth_token.as_ref().map(Secret::expose) {
            None => Some(Refusal::new(4018, "An authtoken is required.")),
            Some("malformed") => Some(Refusal::new(105, "The authtoken is malformed.")),
            Some("good") => None,
            Some(_) => Some(Refusal::new(107, "The authtoken is unknown.")),
        };
        // A refusal that is about agents is one with a code about agents.
        let told = self.refusing.borrow().clone().filter(|refusal| matches!(refusal.code, Some(105..=108)));
        if let Some(refusal) = refusal.or(told) {
            return AuthAnswer { error: refusal.to_string(), ..AuthAnswer::default() };
        }
        AuthAnswer {
            version: "3".into(),
            client_id: "client-1".into(),
            error: String::new(),
            extra: AuthAnswerExtra {
                region: "stage".into(),
                cookie: Some(Secret::new("session cookie", "crumbs")),
                account_name: "Acme".into(),
                plan_name: "Enterprise".into(),
                agent_session_id: "ts_1".into(),
                ..AuthAnswerExtra::default()
            },
        }
    }

    fn bind(&self, bind: &Bind) -> BindAnswer {
        let error = self.error();
        if !error.is_empty() {
            return BindAnswer { error, ..BindAnswer::default() };
        }
        let domain = bind.opts.http().unwrap().domain;
        let host = if domain.is_empty() { "given.tunnel.test" } else { &domain };
        let id = match bind.proto.as_str() {
            "http" | "https" => TUNNEL.to_owned(),
            other => format!("t-{other}"),
        };
        BindAnswer {
            id,
            url: format!("{}://{host}", bind.proto),
            proto: bind.proto.clone(),
            opts: bind.opts.clone().assigned("Hostname", host),
            error,
            extra: BindAnswerExtra {
                token: Some(Secret::new("tunnel token", "key")),
                tunnel_id: "tn_1".into(),
            },
        }
    }
}

/// Reads all that comes of a stream.
pub(crate) async fn read_all(stream: &mut Stream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    within("a stream's end", stream.read_to_end(&mut bytes)).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
