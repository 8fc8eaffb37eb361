use std::io;
use std::path::PathBuf;

use ground::authority::AuthorityError;
use ground::{Authority, Clock, Outbound, Sink};

use crate::code::Refusal;
use crate::event::Event;
use crate::model::NewAccount;
use crate::store::StoreError;

/// What an edge is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// The domain that endpoints get their names under (`tunnel.test`); `idp.`, `dashboard.` and `api.` are the edge's.
    pub domain: String,
    /// Who issues the certificates that it shows.
    pub authority: Authority,
    /// Stage time, for sessions of people and for what lists show.
    pub clock: Clock,
    /// Who hears what it saw.
    pub evidence: Sink<Event>,
    /// The way to issuers.
    pub outbound: Outbound,
    /// Who may use it.
    pub accounts: Vec<NewAccount>,
    /// The port in public URLs; none: the port that the public listener got.
    pub public_port: Option<u16>,
    /// The region that agents show.
    pub region: String,
    /// The folder where accounts, Edges, sessions and the like are kept over the edge's end, its owner's alone; none:
    /// in memory. What is kept goes before what `accounts` says, but for logins.
    pub state: Option<PathBuf>,
}

/// Why an edge could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The domain is no domain.
    #[error("the edge's domain: {0}")]
    Domain(Refusal),
    /// Two accounts have one name, or two logins.
    #[error("{0:?} is there twice; names of accounts and logins are unique in an edge")]
    Twice(String),
    /// No listener on loopback.
    #[error("no listener on 127.0.0.1: {0}")]
    Listen(#[from] io::Error),
    /// No certificates.
    #[error(transparent)]
    Tls(#[from] AuthorityError),
    /// What was kept can't be used.
    #[error(transparent)]
    State(#[from] StoreError),
    /// The gate could not be set up.
    #[error("the gate: {0}")]
    Gate(String),
}
