//! What the agent is asked, in ngrok's words.

mod flags;
mod joining;
mod traffic;

use clap::{Args, Subcommand};
use gatewright::parts::client::Definition;
use gatewright::parts::client::definition::Proto;
use gatewright::parts::ground::Secret;

use self::flags::{authtoken, http_addr, label, raw_addr};
pub(crate) use self::joining::{Files, Joining};
use self::traffic::{Common, Connections, HttpTraffic, Naming, TlsTraffic};

/// What ngrok's own command can be asked, and this one as well.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentCommand {
    Http(Box<Http>),
    Tcp(Box<Tcp>),
    Tls(Box<Tls>),
    Tunnel(Box<Tunnel>),
    Start(Box<Start>),
    /// Keep the agent's credentials in its configuration file, or check the file
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Print the version
    Version,
    /// Print completions for a shell
    Completion {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// Open an HTTPS tunnel to an app on this machine
///
/// The tunnel stays open until the agent is interrupted, which is its ordinary end (exit status 0). The agent calls an
/// edge that is not there again and again. It gives up, with exit status 1, when the edge refuses it or its tunnel, or
/// is not whom the root authorities vouch for.
#[derive(Debug, Args)]
pub(crate) struct Http {
    /// The app: a port, host:port, or http:// or https:// and host:port
    #[arg(value_name = "ADDR", value_parser = http_addr)]
    pub(crate) address: String,
    #[command(flatten)]
    naming: Naming,
    #[command(flatten)]
    traffic: HttpTraffic,
    #[command(flatten)]
    connections: Connections,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    pub(crate) joining: Joining,
}

/// Open a port at the edge that leads to an app on this machine
#[derive(Debug, Args)]
pub(crate) struct Tcp {
    /// The app: a port, host:port, or tls:// and host:port
    #[arg(value_name = "ADDR", value_parser = raw_addr)]
    pub(crate) address: String,
    /// The address to serve the app at, instead of one that the edge chooses
    #[arg(long, value_name = "HOST:PORT")]
    remote_addr: Option<String>,
    /// The same as a URL, tcp://host:port
    #[arg(long, value_name = "URL", conflicts_with = "remote_addr")]
    url: Option<String>,
    #[command(flatten)]
    connections: Connections,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    pub(crate) joining: Joining,
}

/// Open a TLS tunnel to an app on this machine
///
/// Without a certificate the TLS goes through to the app as it is. With --crt and --key it ends at the agent, or with
/// --terminate-at=edge at the edge.
#[derive(Debug, Args)]
pub(crate) struct Tls {
    /// The app: a port, host:port, or tls:// and host:port
    #[arg(value_name = "ADDR", value_parser = raw_addr)]
    pub(crate) address: String,
    #[command(flatten)]
    naming: Naming,
    #[command(flatten)]
    tls: TlsTraffic,
    #[command(flatten)]
    connections: Connections,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    pub(crate) joining: Joining,
}

/// Join an Edge with an app on this machine
///
/// The tunnel stays open until the agent is interrupted, which is its ordinary end (exit status 0). The agent calls an
/// edge that is not there again and again. It gives up, with exit status 1, when the edge refuses it or its tunnel, or
/// is not whom the root authorities vouch for.
#[derive(Debug, Args)]
pub(crate) struct Tunnel {
    /// The app: a port, host:port, or http:// or https:// and host:port
    #[arg(value_name = "ADDR", value_parser = http_addr)]
    pub(crate) address: String,
    /// A label that matches the Edge's tunnel group, for instance edge=edghts_2a
    #[arg(long, value_name = "KEY=VALUE", required = true, value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) joining: Joining,
}

/// Start tunnels that the configuration file defines, in one session
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The tunnels' names
    #[arg(value_name = "NAME", required_unless_present_any = ["all", "none"], conflicts_with_all = ["all", "none"])]
    pub(crate) names: Vec<String>,
    /// Start all of them
    #[arg(long, conflicts_with = "none")]
    pub(crate) all: bool,
    /// Start none: the local API is where tunnels are asked for
    #[arg(long)]
    pub(crate) none: bool,
    #[command(flatten)]
    pub(crate) joining: Joining,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Keep an authtoken in the configuration file
    AddAuthtoken(Credential),
    /// Keep an API key in the configuration file
    AddApiKey(Credential),
    /// Say whether the configuration file is right, and where it isn't
    Check {
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Credential {
    /// The credential
    #[arg(value_name = "CREDENTIAL", value_parser = authtoken)]
    pub(crate) value: Secret,
    #[command(flatten)]
    pub(crate) files: Files,
    /// Taken as ngrok takes it; nothing is logged
    #[arg(long, value_name = "WHERE", hide = true)]
    log: Option<String>,
}

impl Http {
    pub(crate) fn definition(&self) -> Definition {
        let mut asked = self.common.definition(Proto::Http, &self.address, &self.joining);
        self.naming.tell(&mut asked);
        self.traffic.tell(&mut asked);
        self.connections.tell(&mut asked);
        asked
    }
}

impl Tcp {
    pub(crate) fn definition(&self) -> Definition {
        let mut asked = self.common.definition(Proto::Tcp, &self.address, &self.joining);
        asked.remote_addr = self.remote_addr.clone().unwrap_or_default();
        asked.url = self.url.clone().unwrap_or_default();
        self.connections.tell(&mut asked);
        asked
    }
}

impl Tls {
    pub(crate) fn definition(&self) -> Definition {
        let mut asked = self.common.definition(Proto::Tls, &self.address, &self.joining);
        self.naming.tell(&mut asked);
        self.tls.tell(&mut asked);
        self.connections.tell(&mut asked);
        asked
    }
}

pub(super) use self::flags::host_label;
