//! A small agent: the client's end of the wire, with the app inside.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ground::{Secret, Tasks};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};
use wire::message::{
    Auth, AuthAnswer, AuthExtra, Bind, BindAnswer, BindExtra, CommandAnswer, HttpOptions, Oidc, Options,
    StartTunnelWithLabel, StartTunnelWithLabelAnswer, TcpOptions, TlsOptions,
};
use wire::proxy::Header;
use wire::{Incoming, Limits, Role, Session, Stream, StreamType, heartbeat, rpc};

use crate::app::App;
use crate::world::{DEADLINE, World};

pub(crate) struct Agent {
    pub(crate) session: Session,
    pub(crate) client_id: String,
    pub(crate) cookie: Option<Secret>,
    tasks: Tasks,
}

/// What an agent does with proxied connections.
#[derive(Clone)]
pub(crate) enum Behind {
    App(Arc<App>),
    /// The app, over HTTP/2 with prior knowledge.
    Http2(Arc<App>),
    /// These bytes, whatever is asked, then the end.
    Bytes(&'static [u8]),
    /// The session ends as soon as a connection comes.
    Collapse,
    /// Nothing; commands are heard, and answered with this error, or obeyed when it is empty.
    Commands(mpsc::Sender<StreamType>, &'static str),
    /// The test itself, which gets each stream.
    Test(mpsc::UnboundedSender<(Header, Stream)>),
}

/// The streams that an agent gets, for the test to use.
pub(crate) struct Streams(mpsc::UnboundedReceiver<(Header, Stream)>);

impl Streams {
    pub(crate) fn new() -> (Self, Behind) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(receiver), Behind::Test(sender))
    }

    pub(crate) async fn next(&mut self) -> (Header, Stream) {
        tokio::time::timeout(DEADLINE, self.0.recv()).await.expect("a stream in time").unwrap()
    }

    /// Whether a stream is there already.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(crate) async fn dial(world: &World) -> TlsStream<TcpStream> {
    dial_at(world.edge.agent_addr(), world.authority.client_config(&[]).unwrap()).await
}

/// A connection to where an edge takes agents.
pub(crate) async fn dial_at(address: SocketAddr, tls: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(tls).connect(name, stream).await.unwrap()
}

impl Agent {
    /// An agent that has not authenticated.
    pub(crate) async fn dialled(world: &World, behind: Behind) -> Self {
        Self::over(dial(world).await, behind)
    }

    /// An agent on this connection, that has not authenticated.
    pub(crate) fn over(stream: TlsStream<TcpStream>, behind: Behind) -> Self {
        let tasks = Tasks::new();
        let (session, incoming) = Session::start(stream, Role::Client, Limits::default(), &tasks.spawner());
        tasks.spawn(serve(incoming, session.clone(), behind));
        Self { session, client_id: String::new(), cookie: None, tasks }
    }

    /// An agent that was let in, in front of `app`.
    pub(crate) async fn new(world: &World, app: &Arc<App>) -> Self {
        Self::with(world, Behind::App(Arc::clone(app))).await
    }

    pub(crate) async fn with(world: &World, behind: Behind) -> Self {
        let mut agent = Self::dialled(world, behind).await;
        let answer = agent.authenticate(Some(&world.authtoken)).await;
        assert_eq!(answer.error, "");
        agent
    }

    pub(crate) async fn authenticate(&mut self, token: Option<&Secret>) -> AuthAnswer {
        self.introduce(AuthExtra { auth_token: token.cloned(), ..AuthExtra::default() }).await
    }

    pub(crate) async fn introduce(&mut self, extra: AuthExtra) -> AuthAnswer {
        let auth = Auth {
            version: vec!["3".to_owned(), "2".to_owned()],
            client_id: self.client_id.clone(),
            extra: AuthExtra { cookie: self.cookie.clone(), user_agent: "test/1".to_owned(), ..extra },
        };
        let answer: AuthAnswer = self.call(StreamType::AUTH, &auth).await;
        if answer.error.is_empty() {
            self.client_id.clone_from(&answer.client_id);
            self.cookie.clone_from(&answer.extra.cookie);
        }
        answer
    }

    pub(crate) async fn call<T: serde::de::DeserializeOwned>(
        &self,
        kind: StreamType,
        request: &impl serde::Serialize,
    ) -> T {
        let call = rpc::call(&self.session, kind, request);
        tokio::time::timeout(DEADLINE, call).await.expect("an answer in time").unwrap()
    }

    pub(crate) async fn bind(&self, bind: &Bind) -> BindAnswer {
        self.call(StreamType::BIND, bind).await
    }

    /// Binds `https://<name>` and expects to get it.
    pub(crate) async fn online(&self, name: &str) -> BindAnswer {
        let answer = self.bind(&https(name)).await;
        assert_eq!(answer.error, "");
        answer
    }

    pub(crate) async fn label(&self, name: &str, value: &str) -> StartTunnelWithLabelAnswer {
        let labels = [(name.to_owned(), value.to_owned())].into();
        let request = StartTunnelWithLabel { labels, ..StartTunnelWithLabel::default() };
        self.call(StreamType::START_TUNNEL_WITH_LABEL, &request).await
    }

    /// Ends without a word, as a killed process does.
    pub(crate) async fn kill(self) {
        self.tasks.stop().await;
    }

    /// How the session ended.
    pub(crate) async fn ended(&self) -> wire::CloseReason {
        tokio::time::timeout(DEADLINE, self.session.closed()).await.expect("the session ends")
    }
}

/// A bind of `https://<name>`, of a random name when it is empty.
pub(crate) fn https(name: &str) -> Bind {
    with_options(&HttpOptions { domain: name.to_owned(), ..HttpOptions::default() })
}

/// A bind that is guarded by the test's issuer.
pub(crate) fn guarded(name: &str) -> Bind {
    let oidc = Oidc {
        issuer_url: "https://acme.okta.test".to_owned(),
        client_id: "client".to_owned(),
        client_secret: Some(Secret::new("client secret", "hush")),
        ..Oidc::default()
    };
    with_options(&HttpOptions { domain: name.to_owned(), oidc: Some(oidc), ..HttpOptions::default() })
}

pub(crate) fn with_options(options: &HttpOptions) -> Bind {
    Bind {
        proto: "https".to_owned(),
        forwards_to: "http://localhost:3000".to_owned(),
        opts: Options::new(options),
        ..Bind::default()
    }
}

/// A bind of a `tcp` endpoint.
pub(crate) fn tcp(options: &TcpOptions) -> Bind {
    Bind {
        proto: "tcp".to_owned(),
        forwards_to: "localhost:22".to_owned(),
        opts: Options::new(options),
        ..Bind::default()
    }
}

/// A bind of a `tls` endpoint.
pub(crate) fn tls(options: &TlsOptions) -> Bind {
    Bind { proto: "tls".to_owned(), opts: Options::new(options), ..Bind::default() }
}

/// The bind of a reconnecting client, from the answer that it got.
pub(crate) fn again(answer: &BindAnswer) -> Bind {
    Bind {
        id: answer.id.clone(),
        proto: answer.proto.clone(),
        opts: answer.opts.clone(),
        extra: BindExtra { token: answer.extra.token.clone(), ..BindExtra::default() },
        ..Bind::default()
    }
}

pub(crate) const QUICK: i64 = Duration::from_millis(50).as_nanos() as i64;

async fn serve(mut incoming: Incoming, session: Session, behind: Behind) {
    while let Some(stream) = incoming.accept().await {
        tokio::spawn(attend(stream, session.clone(), behind.clone()));
    }
}

async fn attend(mut stream: Stream, session: Session, behind: Behind) {
    match StreamType::read(&mut stream).await {
        Ok(StreamType::HEARTBEAT) => heartbeat::echo(stream).await,
        Ok(StreamType::PROXY) => {
            let header = Header::read(&mut stream).await.unwrap();
            forward(stream, header, session, behind).await;
        }
        Ok(command) => {
            let Behind::Commands(heard, error) = behind else { return };
            rpc::read_request::<serde_json::Value>(&mut stream).await.unwrap();
            heard.send(command).await.unwrap();
            let _ = rpc::answer(stream, &CommandAnswer { error: error.to_owned() }).await;
        }
        Err(_) => {}
    }
}

async fn forward(mut stream: Stream, header: Header, session: Session, behind: Behind) {
    match behind {
        Behind::App(app) => {
            app.came_from(header);
            let service = service_fn(move |request| {
                let app = Arc::clone(&app);
                async move { Ok::<_, std::convert::Infallible>(app.answer(request).await) }
            });
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            let _ = connection.with_upgrades().await;
        }
        Behind::Http2(app) => {
            app.came_from(header);
            let (hang_up, hung_up) = (Arc::clone(&app.hang_up), Arc::clone(&app.hung_up));
            let service = service_fn(move |request| {
                let app = Arc::clone(&app);
                async move { Ok::<_, std::convert::Infallible>(app.answer(request).await) }
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                _ = &mut connection => {}
                () = hang_up.notified() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            hung_up.add_permits(1);
        }
        Behind::Bytes(bytes) => {
            stream.write_all(bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            // The edge's request is read to its end, so that closing is no reset.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
        Behind::Test(streams) => drop(streams.send((header, stream))),
        Behind::Commands(..) => {}
        Behind::Collapse => session.abandon(wire::CloseReason::Ended),
    }
}
