use std::io;

use crate::{browser, network, vocabulary};

/// Why a process can't run stages at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No authority.
    #[error(transparent)]
    Authority(#[from] ground::authority::AuthorityError),
    /// Signing keys can't be kept.
    #[error(transparent)]
    Keys(#[from] mock_idp::keys::KeyPoolError),
    /// The machine lacks a browser, or what it needs.
    #[error(transparent)]
    Browser(#[from] browser::InstallationError),
    /// The browsers can't be kept.
    #[error(transparent)]
    Host(#[from] browser::Error),
}

/// Why a stage could not be set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The org did not start.
    #[error(transparent)]
    Org(#[from] mock_idp::StartError),
    /// The edge did not start.
    #[error(transparent)]
    Edge(#[from] edge::StartError),
    /// Something of the org could not be made.
    #[error("the org refused what is given: {0}")]
    OrgModel(#[from] mock_idp::model::ModelError),
    /// Something of the edge could not be made.
    #[error("the edge refused what is given: {0}")]
    EdgeModel(#[from] edge::model::ModelError),
    /// A tunnel did not come up.
    #[error("tunnel {tunnel} did not come up: {source}")]
    Tunnel {
        /// Its name.
        tunnel: String,
        /// Why.
        source: client::AgentError,
    },
    /// A name could not be served.
    #[error(transparent)]
    Name(#[from] network::ServeError),
    /// A port, a socket or a certificate.
    #[error("no room on loopback: {0}")]
    Io(#[from] io::Error),
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] ground::authority::AuthorityError),
    /// What is given makes no sense.
    #[error("{0}")]
    Given(String),
    /// A value could not be filled in.
    #[error(transparent)]
    Value(#[from] vocabulary::StepError),
}
