//! The command line: what can be asked, and nothing of how it is done.

mod agent;
mod browser;
mod run;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use agent::{
    AgentCommand, ConfigAction, Credential, Files, Http, Joining, Start, Tcp, Tls, Tunnel,
};
pub(crate) use browser::{Browser, BrowserChoice};
pub(crate) use run::Run;

/// Playwright for gates: proves who gets through a tunnel guarded by Okta single sign-on, and who doesn't.
#[derive(Debug, Parser)]
#[command(name = "gatewright", version, max_term_width = 110, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The tunnel agent, under the name of ngrok's own command: what that can be asked, and no more.
#[derive(Debug, Parser)]
#[command(name = "ngrok", version = concat!("version ", env!("CARGO_PKG_VERSION")), max_term_width = 110)]
pub(crate) struct Ngrok {
    #[command(subcommand)]
    pub(crate) command: AgentCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
    Up(Up),
    #[command(flatten)]
    Agent(AgentCommand),
    Edge(Edge),
    Okta(Okta),
    /// Show or open the report of a run
    Report {
        #[command(subcommand)]
        action: Report,
    },
    Doctor(Doctor),
    /// Print completions for a shell
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// Stand a whole world up and keep it until interrupted
///
/// A mock Okta org with an ngrok app, a user who is assigned to it and one who isn't, and a tunnel edge with an account.
/// Its names are *.okta.test and *.tunnel.test, on port 443; the world's own proxy leads to them. Apps, agents and people
/// come from outside, for instance by `gatewright http`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Show its consoles in Chromium
    #[arg(long)]
    pub(crate) open: bool,
    /// Use https://NAME.localhost:PORT addresses, for browsers and clients that take no proxy
    #[arg(long)]
    pub(crate) loopback_urls: bool,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

/// Run the tunnel's edge alone
///
/// It listens on loopback, on ports that the system chooses, with one account and an authority of its own, until it is
/// interrupted. Endpoints get names under *.localhost, which every browser finds without help.
#[derive(Debug, Args)]
pub(crate) struct Edge {
    /// The domain under which the edge gives names
    #[arg(long, value_name = "DOMAIN", default_value = "tunnel.localhost")]
    pub(crate) domain: String,
    /// The PEM file of an authority that issuers' certificates may come from, besides the edge's own
    #[arg(long, value_name = "FILE")]
    pub(crate) root_cas: Option<PathBuf>,
    /// The forward proxy by which the edge reaches issuers [default: none, so that only *.localhost is reached]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) proxy: Option<SocketAddr>,
    /// Keep accounts, Edges, sessions, ports and the authority in this folder over the edge's end [default: in memory]
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

/// Run the mock Okta org alone
///
/// It listens on loopback, on a port that the system chooses, with one administrator and an authority of its own, until
/// it is interrupted. There are no apps and no other users: make them in the admin console or by the management API.
#[derive(Debug, Args)]
pub(crate) struct Okta {
    /// The org's name, a label of its host: its issuer is https://NAME.okta.localhost:PORT
    #[arg(long, value_name = "NAME", default_value = "acme", value_parser = agent::host_label)]
    pub(crate) name: String,
    /// Show Okta's own sign-in page: the folder of an unpacked npm package @okta/okta-signin-widget
    #[arg(long, value_name = "DIR")]
    pub(crate) sign_in_widget: Option<PathBuf>,
    /// Which of Okta's engines that page is of; the org decides the same with either
    #[arg(long, value_name = "ENGINE", value_enum, default_value_t, requires = "sign_in_widget")]
    pub(crate) engine: SignInEngine,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

/// One of Okta's engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignInEngine {
    /// The present one
    #[default]
    IdentityEngine,
    /// The former one, whose page goes by the primary authentication API
    Classic,
}

/// How what stands says what it is.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Showing {
    /// Print one line of JSON, secrets included, when everything is ready
    #[arg(long)]
    pub(crate) json: bool,
    /// Print passwords, tokens and keys as well
    #[arg(long, conflicts_with = "json")]
    pub(crate) show_secrets: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// Print a report's summary and what failed
    Show(ReportAt),
    /// Open a report in the browser
    Open(ReportAt),
}

#[derive(Debug, Args)]
pub(crate) struct ReportAt {
    /// The run's folder
    #[arg(default_value = "target/gatewright")]
    pub(crate) dir: PathBuf,
}

/// Say whether this machine has what a run needs
///
/// Exits with 0 when it has, and with 3 when something is missing, which is named with its remedy.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Install what is missing with the system's package manager
    #[arg(long, conflicts_with = "browser_path")]
    pub(crate) install: bool,
    #[command(flatten)]
    pub(crate) browser: BrowserChoice,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        Ngrok::command().debug_assert();
    }
}
