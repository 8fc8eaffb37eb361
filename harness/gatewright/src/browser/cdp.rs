//! A connection to the browser by its DevTools protocol: calls, answers and events over one WebSocket, with a flat
//! session for each target.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Error;

/// How long the browser may take for a call that waits for nothing else.
pub(crate) const DEADLINE: Duration = Duration::from_secs(15);

/// The longest message that is taken from the browser, 256 MiB.
const LONGEST: usize = 256 * 1024 * 1024;

/// A target's session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(pub(crate) String);

/// A handle on the connection; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Cdp {
    outgoing: mpsc::UnboundedSender<Call>,
}

#[derive(Debug)]
pub(crate) struct Call {
    session: Option<SessionId>,
    method: &'static str,
    params: Value,
    /// Who waits for the answer, if anyone does.
    answer: Option<oneshot::Sender<Result<Value, String>>>,
}

/// An event of the browser's.
pub(crate) struct Heard {
    pub(crate) session: Option<SessionId>,
    pub(crate) method: String,
    pub(crate) params: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Incoming<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(default)]
    params: Value,
    session_id: Option<String>,
    #[serde(default)]
    result: Value,
    error: Option<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    message: String,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Cdp {
    /// A handle whose calls wait until [`run`] carries them.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Call>) {
        let (outgoing, calls) = mpsc::unbounded_channel();
        (Self { outgoing }, calls)
    }

    /// Calls a method and waits for its answer, for [`DEADLINE`] at most.
    pub(crate) async fn call(
        &self,
        session: Option<&SessionId>,
        method: &'static str,
        params: Value,
    ) -> Result<Value, Error> {
        self.call_within(DEADLINE, session, method, params).await
    }

    /// Calls a method and waits for its answer.
    pub(crate) async fn call_within(
        &self,
        within: Duration,
        session: Option<&SessionId>,
        method: &'static str,
        params: Value,
    ) -> Result<Value, Error> {
        let gone = || Error::Gone(format!("its connection closed before it answered {method}"));
        let (answer, answered) = oneshot::channel();
        let call = Call { session: session.cloned(), method, params, answer: Some(answer) };
        self.outgoing.send(call).map_err(|_| gone())?;
        match tokio::time::timeout(within, answered).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(message))) => Err(Error::Refused { command: method.to_owned(), message }),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(Error::TooSlow { command: method.to_owned(), within }),
        }
    }

    /// Calls a method whose answer nobody needs. Calls are carried out in order.
    pub(crate) fn send(&self, session: Option<&SessionId>, method: &'static str, params: Value) {
        // With the connection gone there is nothing left that the call could be about.
        let _ = self.outgoing.send(Call { session: session.cloned(), method, params, answer: None });
    }
}

/// Opens the WebSocket at the browser's end.
pub(crate) async fn open(url: &str) -> Result<Socket, Error> {
    // What a page writes to its console or sends over a socket comes in one message, however long it is.
    let limits = WebSocketConfig::default().max_frame_size(Some(LONGEST)).max_message_size(Some(LONGEST));
    let reason = |error: &dyn std::fmt::Display| Error::NotStarted {
        reason: format!("its DevTools at {url} can't be reached: {error}"),
        output: String::new(),
    };
    match tokio::time::timeout(
        DEADLINE,
        tokio_tungstenite::connect_async_with_config(url, Some(limits), true),
    )
    .await
    {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(reason(&error)),
        Err(_) => Err(reason(&"no answer")),
    }
}

/// Carries calls and answers and passes events to `hear`, in the order in which the browser sent them, until the
/// connection ends.
pub(crate) async fn run(
    mut socket: Socket,
    mut calls: mpsc::UnboundedReceiver<Call>,
    mut hear: impl FnMut(Heard) + Send,
) {
    let mut waiting = HashMap::new();
    let mut last_id = 0_u64;
    loop {
        tokio::select! {
            call = calls.recv() => {
                let Some(call) = call else { return };
                last_id += 1;
                let mut message = json!({ "id": last_id, "method": call.method, "params": call.params });
                if let Some(SessionId(session)) = call.session {
                    message["sessionId"] = session.into();
                }
                if let Some(answer) = call.answer {
                    waiting.insert(last_id, answer);
                }
                if socket.send(Message::text(message.to_string())).await.is_err() {
                    return;
                }
            }
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                let Message::Text(text) = message else { continue };
                let Ok(incoming) = serde_json::from_str::<Incoming<'_>>(&text) else { continue };
                if let Some(answer) = incoming.id.and_then(|id| waiting.remove(&id)) {
                    let outcome = match incoming.error {
                        Some(complaint) => Err(complaint.message),
                        None => Ok(incoming.result),
                    };
                    // Whoever gave up waiting needs no answer.
                    let _ = answer.send(outcome);
                } else if let Some(method) = incoming.method {
                    hear(Heard {
                        session: incoming.session_id.map(SessionId),
                        method: method.into_owned(),
                        params: incoming.params,
                    });
                }
            }
        }
    }
}
