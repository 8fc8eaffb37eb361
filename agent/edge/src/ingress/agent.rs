//! One agent's connection, from its first stream to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ground::Connection;
use ground::serve::PATIENCE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use wire::message::{SrvInfo, SrvInfoAnswer};
use wire::rpc::{self, RpcError};
use wire::{ErrorCode, Limits, Role, Session, Stream, StreamType, heartbeat};

use super::Ingress;
use crate::code::{Code, Refusal};
use crate::event::Event;
use crate::model::online::AgentSession;
use crate::model::{Account, MOST_TUNNELS};
use crate::proxy::MOST_STREAMS;

/// Streams of ours beside the proxied ones: the heartbeat's, and commands.
const OTHER_STREAMS: usize = 16;

/// Streams that an agent has open at most: one for each tunnel that it may bind again at once, and a few. Each may hold
/// a window of unread bytes.
const MOST_ACCEPTED: usize = MOST_TUNNELS + 32;

/// Streams that it has open at most before it is let in.
const MOST_BEFORE: usize = 8;

/// Requests that are read and answered at a time; others wait. Each is at most 1 MiB of JSON.
const MOST_REQUESTS: usize = 16;

/// How long a request may be before the agent is let in.
pub(super) const MOST_INTRODUCTION: u64 = 64 * 1024;

/// How long an agent that was refused may take to read why. Real time.
const FAREWELL: Duration = Duration::from_secs(1);

/// An agent's connection.
pub(super) struct Agent {
    pub(super) ingress: Arc<Ingress>,
    pub(super) connection: Connection,
    pub(super) wire: Session,
    pub(super) admitted: OnceLock<Admitted>,
    pub(super) ending: watch::Sender<Option<&'static str>>,
    introduced: AtomicBool,
    requests: Semaphore,
}

/// An agent that was let in.
pub(super) struct Admitted {
    pub(super) account: Account,
    pub(super) session: Arc<AgentSession>,
}

/// How a connection came to its end.
enum Ending {
    /// The agent was not let in.
    Refused,
    /// For this reason.
    Over(String),
}

/// What a stream's end means for the session.
pub(super) enum Verdict {
    GoOn,
    /// The agent was refused and has been told why.
    Refused,
    /// The agent did what none does.
    Misbehaved(&'static str),
}

impl Agent {
    /// Serves the agent at the other end of `io` until either has had enough.
    pub(super) async fn serve<I>(io: I, connection: Connection, ingress: Arc<Ingress>)
    where
        I: AsyncRead + AsyncWrite + Send + 'static,
    {
        let limits = Limits {
            opened: MOST_STREAMS + OTHER_STREAMS,
            accepted: MOST_ACCEPTED,
            backlog: MOST_ACCEPTED,
            ..Limits::default()
        };
        let (wire, mut incoming) = Session::start(io, Role::Server, limits, &ingress.tasks);
        let agent = Arc::new(Self {
            ingress,
            connection,
            wire,
            admitted: OnceLock::new(),
            ending: watch::Sender::new(None),
            introduced: AtomicBool::new(false),
            requests: Semaphore::new(MOST_REQUESTS),
        });
        let mut streams = JoinSet::new();
        let ending = agent.attend(&mut incoming, &mut streams).await;
        // What is under way must not bind anything behind the session's end.
        streams.shutdown().await;
        agent.depart(ending);
    }

    /// Takes streams as they come, until the session is over.
    async fn attend(
        self: &Arc<Self>,
        incoming: &mut wire::Incoming,
        streams: &mut JoinSet<Verdict>,
    ) -> Ending {
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        let mut ending = self.ending.subscribe();
        loop {
            tokio::select! {
                stream = incoming.accept() => match stream {
                    Some(_) if self.admitted.get().is_none() && streams.len() >= MOST_BEFORE => {
                        let how = "too many streams before authentication";
                        self.wire.shutdown(ErrorCode::ENHANCE_YOUR_CALM, how).await;
                        return Ending::Over(how.to_owned());
                    }
                    Some(stream) => drop(streams.spawn(Arc::clone(self).attend_stream(stream))),
                    None => return Ending::Over(self.wire.closed().await.to_string()),
                },
                Some(verdict) = streams.join_next() => match verdict {
                    Ok(Verdict::GoOn) | Err(_) => {}
                    Ok(Verdict::Refused) => {
                        // Out of courtesy the agent is left to close first.
                        let _ = tokio::time::timeout(FAREWELL, self.wire.closed()).await;
                        self.wire.shutdown(ErrorCode::NONE, "").await;
                        return Ending::Refused;
                    }
                    Ok(Verdict::Misbehaved(how)) => {
                        self.wire.shutdown(ErrorCode::PROTOCOL, how).await;
                        return Ending::Over(how.to_owned());
                    }
                },
                Some(why) = told_to_end(&mut ending) => {
                    self.wire.shutdown(ErrorCode::NONE, "").await;
                    return Ending::Over(why.to_owned());
                }
                () = &mut patience, if self.admitted.get().is_none() => {
                    self.wire.shutdown(ErrorCode::NONE, "").await;
                    return Ending::Over("the agent did not authenticate in time".to_owned());
                }
            }
        }
    }

    async fn attend_stream(self: Arc<Self>, mut stream: Stream) -> Verdict {
        let kind = tokio::time::timeout(PATIENCE, StreamType::read(&mut stream)).await;
        let Ok(Ok(kind)) = kind else { return Verdict::GoOn };
        match (kind, self.admitted.get()) {
            (StreamType::HEARTBEAT, _) => {
                heartbeat::echo(stream).await;
                Verdict::GoOn
            }
            (StreamType::SRV_INFO, _) => {
                let region = self.ingress.model.region().to_owned();
                self.rpc(stream, |_: SrvInfo| SrvInfoAnswer { region }, |_| SrvInfoAnswer::default()).await
            }
            (StreamType::AUTH, _) if self.introduced.swap(true, Ordering::AcqRel) => {
                Verdict::Misbehaved("an agent authenticates once")
            }
            (StreamType::AUTH, _) => self.introduce(stream).await,
            (_, None) => Verdict::Misbehaved("an agent authenticates first"),
            (kind, Some(admitted)) => self.request(kind, admitted, stream).await,
        }
    }

    /// Reads a request, answers it by `serve`, or by `refuse` when it can't be read.
    pub(super) async fn rpc<Q: DeserializeOwned, A: Serialize>(
        &self,
        mut stream: Stream,
        serve: impl FnOnce(Q) -> A,
        refuse: impl FnOnce(Refusal) -> A,
    ) -> Verdict {
        let Ok(_turn) = self.requests.acquire().await else { return Verdict::GoOn };
        let most = if self.admitted.get().is_some() { u64::MAX } else { MOST_INTRODUCTION };
        let mut bounded = (&mut stream).take(most);
        let answer = match tokio::time::timeout(PATIENCE, rpc::read_request::<Q>(&mut bounded)).await {
            Ok(Ok(request)) => serve(request),
            Ok(Err(RpcError::Io(_) | RpcError::Open(_))) | Err(_) => return Verdict::GoOn,
            Ok(Err(error)) => {
                refuse(Refusal::new(Code::BIND_INVALID, format!("The request can't be read: {error}.")))
            }
        };
        // When the answer does not arrive, the session's end tells why.
        let _ = rpc::answer(stream, &answer).await;
        Verdict::GoOn
    }

    fn depart(&self, ending: Ending) {
        // A refusal was told when it happened.
        let Ending::Over(reason) = ending else { return };
        let event = match self.admitted.get() {
            Some(Admitted { account, session }) => {
                account.leave(&session.id);
                Event::SessionDown { session: session.id.clone(), reason }
            }
            None => Event::AgentLost { connection: self.connection, reason },
        };
        self.ingress.sink.emit(event);
    }
}

/// Waits until someone wants the session to end.
async fn told_to_end(ending: &mut watch::Receiver<Option<&'static str>>) -> Option<&'static str> {
    *ending.wait_for(Option::is_some).await.ok()?
}
