//! What can go wrong for an agent, in words that help.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use wire::message::Refusal;
use wire::rpc::RpcError;
use wire::{CloseReason, OpenError};

/// How long the edge may take for each of: the connection, the TLS handshake, an answer. Real time.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Why an agent failed, or ended.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The edge can't be reached.
    #[error("failed to dial the edge at {address}: {reason}; is it running, and is --server-addr right?")]
    Dial {
        /// Whom the agent called.
        address: String,
        /// What happened.
        reason: io::Error,
    },
    /// The edge isn't whom the agent trusts, or speaks no TLS.
    #[error("failed to verify the edge at {address}: {reason}; does --root-cas name its authority?")]
    Tls {
        /// Whom the agent called.
        address: String,
        /// What happened.
        reason: io::Error,
    },
    /// The edge knows the agent not, or not any more.
    #[error("authentication failed: {}", said(.0))]
    Unauthenticated(Refusal),
    /// The edge doesn't give the tunnel.
    #[error("failed to start tunnel: {}", said(.0))]
    Unbound(Refusal),
    /// The edge doesn't take the tunnel back.
    #[error("failed to close tunnel: {}", said(.0))]
    Unclosed(Refusal),
    /// The edge's answer is none.
    #[error("the edge's answer to {what} is not understood: {reason}")]
    Answer {
        /// The request.
        what: &'static str,
        /// What is wrong with it.
        reason: RpcError,
    },
    /// The edge doesn't answer.
    #[error("the edge did not answer {what} within {} s", PATIENCE.as_secs())]
    Silent {
        /// The request.
        what: &'static str,
    },
    /// The session ended.
    #[error("the session to the edge ended: {0}")]
    Lost(CloseReason),
    /// The edge ended the tunnel.
    #[error("the edge stopped the tunnel: {}", said(.0))]
    TunnelStopped(Refusal),
    /// The edge said so.
    #[error("the edge asked the agent to stop")]
    Stopped,
    /// The agent had ended before.
    #[error("the agent has ended: {0}")]
    Ended(Arc<AgentError>),
    /// The agent was shut down here.
    #[error("the agent was shut down")]
    ShutDown,
}

fn said(refusal: &Refusal) -> String {
    match refusal.code_name() {
        Some(code) => format!("{} ({code})", refusal.message),
        None => refusal.message.clone(),
    }
}

impl AgentError {
    /// ngrok's code (105 for ERR_NGROK_105), when the edge gave one.
    pub fn code(&self) -> Option<u32> {
        self.refusal().and_then(|refusal| refusal.code)
    }

    /// What the edge said, when it was the edge who refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Unauthenticated(refusal)
            | Self::Unbound(refusal)
            | Self::Unclosed(refusal)
            | Self::TunnelStopped(refusal) => Some(refusal),
            Self::Ended(error) => error.refusal(),
            _ => None,
        }
    }

    /// Whether trying again can't help: the credential is no good, or the end is wanted.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Unauthenticated(refusal) => matches!(refusal.code, Some(105 | 107 | 4018)),
            Self::Stopped | Self::ShutDown => true,
            _ => false,
        }
    }

    /// An error of a request, as what it means for the agent.
    pub(crate) fn from_rpc(what: &'static str, reason: RpcError) -> Self {
        let session_over = |error: &io::Error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<wire::StreamError>());
            match inner {
                Some(wire::StreamError::Session(reason)) => Some(reason.clone()),
                _ => None,
            }
        };
        match &reason {
            RpcError::Open(OpenError::Session(over)) => Self::Lost(over.clone()),
            RpcError::Io(error) => match session_over(error) {
                Some(over) => Self::Lost(over),
                None => Self::Answer { what, reason },
            },
            _ => Self::Answer { what, reason },
        }
    }
}
