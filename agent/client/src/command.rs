//! What the edge tells the agent to do.

use serde::de::DeserializeOwned;
use wire::message::{CommandAnswer, Refusal, Restart, Stop, StopTunnel, Update};
use wire::rpc::{self, RpcError};
use wire::{Stream, StreamType};

use crate::agent::Shared;
use crate::event::Event;

/// A command that concerns the session itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Stop,
    Restart,
}

/// Takes a command off its stream and answers it. What concerns the session is handed back, to be done by whoever
/// keeps it.
pub(crate) async fn obey(shared: &Shared, kind: StreamType, mut stream: Stream) -> Option<Command> {
    let outcome = match kind {
        StreamType::STOP => take::<Stop>(shared, stream, "stop", Ok(Command::Stop)).await,
        StreamType::RESTART => take::<Restart>(shared, stream, "restart", Ok(Command::Restart)).await,
        StreamType::UPDATE => {
            take::<Update>(shared, stream, "update", Err("this agent does not update itself")).await
        }
        StreamType::STOP_TUNNEL => {
            if let Ok(stop) = rpc::read_request::<StopTunnel>(&mut stream).await {
                let code = stop.error_code.strip_prefix("ERR_NGROK_").and_then(|code| code.parse().ok());
                shared.tunnel_stopped(&stop.id, Refusal { message: stop.message, code }).await;
            }
            Ok(None)
        }
        // Types of the future are dropped, which ends their streams in good order.
        _ => Ok(None),
    };
    // A command that can't be read, or whose answer can't be sent, is none.
    outcome.ok().flatten()
}

async fn take<T: DeserializeOwned>(
    shared: &Shared,
    mut stream: Stream,
    command: &'static str,
    verdict: Result<Command, &str>,
) -> Result<Option<Command>, RpcError> {
    rpc::read_request::<T>(&mut stream).await?;
    shared.say(Event::Commanded { command, obeyed: verdict.is_ok() });
    let error = verdict.err().unwrap_or_default().to_owned();
    rpc::answer(stream, &CommandAnswer { error }).await?;
    Ok(verdict.ok())
}
