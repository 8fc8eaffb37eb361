//! What the edge tells its agents to do.

use std::time::Duration;

use serde::Serialize;
use wire::StreamType;
use wire::message::{CommandAnswer, Refusal as Said, Restart, Stop, StopTunnel, Update};
use wire::rpc::{self, RpcError};

use crate::code::{Code, Refusal};
use crate::model::{Account, ModelError, SessionId, TunnelId};

/// How long an agent may take to answer; some have no answer at all. Real time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why an agent did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The account has no such session or tunnel.
    #[error(transparent)]
    Unknown(#[from] ModelError),
    /// The agent said why not.
    #[error("the agent refused: {0}")]
    Refused(String),
    /// The agent did not answer in five seconds.
    #[error("the agent did not answer")]
    Silent,
    /// The session broke.
    #[error("the agent could not be told: {0}")]
    Broken(String),
}

impl Account {
    /// Tells an agent to stop.
    pub async fn stop_session(&self, id: &SessionId) -> Result<(), CommandError> {
        self.command(id, StreamType::STOP, &Stop {}).await
    }

    /// Tells an agent to restart.
    pub async fn restart_session(&self, id: &SessionId) -> Result<(), CommandError> {
        self.command(id, StreamType::RESTART, &Restart {}).await
    }

    /// Tells an agent to update itself, to the newest version where none is given.
    pub async fn update_session(&self, id: &SessionId, version: &str) -> Result<(), CommandError> {
        let update = Update { version: version.to_owned(), permit_major_version: false };
        self.command(id, StreamType::UPDATE, &update).await
    }

    /// Ends a tunnel and tells its agent why.
    pub async fn stop_tunnel(&self, id: &TunnelId, message: &str) -> Result<(), CommandError> {
        let tunnels = self.tunnels();
        let tunnel = tunnels
            .iter()
            .find(|tunnel| tunnel.id == *id)
            .ok_or_else(|| ModelError::unknown("tunnel", id))?;
        let session = self.session(&tunnel.session)?;
        self.unbind(&session, id.as_str());
        let why = Refusal::new(Code::NO_SUCH_TUNNEL, message);
        let stop =
            StopTunnel { id: id.to_string(), message: why.message.clone(), error_code: why.code.to_string() };
        rpc::tell(&session.wire, StreamType::STOP_TUNNEL, &stop).await.map_err(|error| broken(&error))
    }

    async fn command(
        &self,
        id: &SessionId,
        kind: StreamType,
        command: &impl Serialize,
    ) -> Result<(), CommandError> {
        let session = self.session(id)?;
        let answer = rpc::call::<CommandAnswer>(&session.wire, kind, command);
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => match Said::parse(&answer.error) {
                Some(said) => Err(CommandError::Refused(said.message)),
                None => Ok(()),
            },
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(CommandError::Silent),
        }
    }
}

fn broken(error: &RpcError) -> CommandError {
    CommandError::Broken(error.to_string())
}
