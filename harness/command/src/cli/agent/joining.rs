//! Which edge an agent joins, and how it tells of itself.

use std::path::PathBuf;

use clap::Args;
use gatewright::parts::client::ServerAddr;
use gatewright::parts::client::config_file::{Roots, WebAddr};
use gatewright::parts::client::log::{Format, Level};
use gatewright::parts::ground::Secret;

use super::flags::{authtoken, log_format, log_level, region};

/// The configuration files.
#[derive(Debug, Args)]
pub(crate) struct Files {
    /// A configuration file, instead of ngrok's usual one; of several, the later have the last word
    #[arg(long, value_name = "FILE", env = "NGROK_CONFIG", hide_env_values = true, value_delimiter = PATHS)]
    pub(crate) config: Vec<PathBuf>,
}

/// What stands between paths.
const PATHS: char = if cfg!(windows) { ';' } else { ',' };

/// Which edge an agent joins, whom it trusts, and how it tells of itself. What isn't given comes from the configuration
/// files.
#[derive(Debug, Args)]
pub(crate) struct Joining {
    /// The token that lets this agent in
    #[arg(long, value_name = "T", env = "NGROK_AUTHTOKEN", hide_env_values = true, value_parser = authtoken)]
    pub(crate) authtoken: Option<Secret>,
    /// The edge's address for agents
    #[arg(long, value_name = "HOST:PORT", env = "GATEWRIGHT_SERVER_ADDR", hide_env_values = true)]
    pub(crate) server_addr: Option<ServerAddr>,
    /// The PEM file of the authority that the edge's certificate comes from, or `host` for those that this machine trusts
    #[arg(long, value_name = "FILE", env = "GATEWRIGHT_ROOT_CAS", hide_env_values = true)]
    pub(crate) root_cas: Option<Roots>,
    /// Taken from ngrok's users, to say that there are no regions
    #[arg(long, value_name = "REGION", hide = true, value_parser = region)]
    region: Option<String>,
    /// Text to attach to this agent's session, and to its tunnel
    #[arg(long, value_name = "TEXT")]
    pub(crate) metadata: Option<String>,
    /// Where the local API and the inspector listen, or `false` for nowhere [default: 127.0.0.1:4040, or the next free port]
    #[arg(long, value_name = "ADDR", env = "GATEWRIGHT_WEB_ADDR", hide_env_values = true)]
    pub(crate) web_addr: Option<WebAddr>,
    /// Where log lines go: stdout or stderr, instead of the console; false, nowhere; or a file [default: false]
    #[arg(long, value_name = "WHERE")]
    pub(crate) log: Option<String>,
    /// How log lines look [default: term on a terminal, logfmt elsewhere]
    #[arg(long, value_name = "FORMAT", value_parser = log_format())]
    pub(crate) log_format: Option<Format>,
    /// The least grave lines that are logged [default: info]
    #[arg(long, value_name = "LEVEL", value_parser = log_level())]
    pub(crate) log_level: Option<Level>,
    #[command(flatten)]
    pub(crate) files: Files,
}
