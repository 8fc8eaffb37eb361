//! Keeps an agent joined to its edge: serves one session after another until there is a reason to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use wire::{ErrorCode, Stream, StreamType, heartbeat};

use crate::agent::{Shared, Standing};
use crate::backoff::Backoff;
use crate::command::{self, Command};
use crate::error::AgentError;
use crate::event::Event;
use crate::forward;
use crate::link::{self, Identity, Link};

/// How long the edge may take to say what a stream of its is for. Real time.
const TYPE: Duration = Duration::from_secs(10);

/// Serves sessions, `link` first, until the agent has to end.
pub(crate) async fn keep(shared: Arc<Shared>, mut link: Link) {
    let mut backoff = Backoff::default();
    let mut again = false;
    let end = loop {
        let identity = link.identity.clone();
        let failed = match serve(&shared, link, again, &mut backoff).await {
            Err(error) if error.is_final() => break error,
            Err(error) => Some(error.to_string()),
            Ok(()) => None,
        };
        match reconnect(&shared, &identity, failed, &mut backoff).await {
            Ok(next) => link = next,
            Err(error) => break error,
        }
        again = true;
    };
    shared.end(end);
}

/// Calls the edge until it answers, or until it says that calling is of no use.
async fn reconnect(
    shared: &Shared,
    identity: &Identity,
    mut reason: Option<String>,
    backoff: &mut Backoff,
) -> Result<Link, AgentError> {
    loop {
        let delay = backoff.wait();
        shared.say(Event::Reconnecting { failed: backoff.failed() - 1, delay, reason });
        let attempt = async {
            tokio::time::sleep(delay).await;
            link::establish(shared, identity).await
        };
        let outcome = tokio::select! {
            outcome = attempt => outcome,
            error = shared.quit() => Err(error),
        };
        match outcome {
            Ok(link) => return Ok(link),
            Err(error) if error.is_final() => return Err(error),
            Err(error) => reason = Some(error.to_string()),
        }
    }
}

/// Serves one session until it is over. Fine when it ran and the edge should be called again; an error when it never
/// came to run, or when the agent has to end.
async fn serve(
    shared: &Arc<Shared>,
    mut link: Link,
    again: bool,
    backoff: &mut Backoff,
) -> Result<(), AgentError> {
    let (commands, mut commanded) = mpsc::channel(4);
    let mut serving = false;
    let outcome = {
        let bringing_up = shared.bring_up(&link.session, &link.account, link.round_trip.clone());
        tokio::pin!(bringing_up);
        loop {
            tokio::select! {
                brought_up = &mut bringing_up, if !serving => match brought_up {
                    Ok(()) => {
                        serving = true;
                        backoff.established();
                        shared.say(Event::SessionEstablished {
                            session: link.id.clone(),
                            connection: link.connection,
                            region: link.account.region.clone(),
                            again,
                        });
                        shared.stand(Standing::Up(link.session.clone()));
                    }
                    Err(error) => break Err(error),
                },
                stream = link.incoming.accept() => match stream {
                    Some(stream) => {
                        link.tasks.spawn(attend(Arc::clone(shared), link.id.clone(), stream, commands.clone()));
                    }
                    None => break Ok(None),
                },
                Some(command) = commanded.recv() => break Ok(Some(command)),
                error = shared.quit() => break Err(error),
            }
        }
    };
    shared.stand(Standing::Down);
    if !matches!(outcome, Ok(None)) {
        link.session.shutdown(ErrorCode::NONE, "").await;
    }
    let reason = link.session.closed().await;
    link.tasks.stop().await;
    let outcome = match outcome {
        Ok(Some(Command::Stop)) => Err(AgentError::Stopped),
        Ok(_) if !serving => Err(AgentError::Lost(reason.clone())),
        outcome => outcome.map(drop),
    };
    if serving && outcome.as_ref().err().is_none_or(|error| !error.is_final()) {
        shared.say(Event::SessionLost { session: link.id, reason: reason.to_string() });
    }
    outcome
}

/// Does what a stream of the edge's is for.
async fn attend(shared: Arc<Shared>, session: String, mut stream: Stream, commands: mpsc::Sender<Command>) {
    let Ok(Ok(kind)) = tokio::time::timeout(TYPE, StreamType::read(&mut stream)).await else {
        return stream.reset(ErrorCode::PROTOCOL);
    };
    match kind {
        StreamType::HEARTBEAT => heartbeat::echo(stream).await,
        StreamType::PROXY => forward::proxied(&shared, session, stream).await,
        kind => {
            if let Some(command) = command::obey(&shared, kind, stream).await {
                // Nobody takes it when the session ended meanwhile.
                let _ = commands.send(command).await;
            }
        }
    }
}
