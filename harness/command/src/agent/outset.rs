//! What an agent begins with: what the command line says and, where it is silent, the configuration files.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use gatewright::parts::client::config_file::{ConfigFile, ConsoleUi, InspectDb, Roots, Settings, WebAddr};
use gatewright::parts::client::inspector::{Inspector, ROOM};
use gatewright::parts::client::log::{Format, Level};
use gatewright::parts::client::{Config, Pace, Setup};
use gatewright::parts::ground::Outbound;
use gatewright::parts::ground::authority::client_config_trusting;
use gatewright::parts::ground::outbound::Route;

use crate::authorities::authorities;
use crate::cli::Joining;
use crate::failure::Failure;

/// Where ngrok's agents have their local API.
const WEB: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4040);

/// Everything that an agent is told before it calls its edge.
pub(super) struct Outset {
    pub(super) config: Config,
    pub(super) setup: Setup,
    pub(super) web: WebAddr,
    pub(super) allow_hosts: Vec<String>,
    pub(super) logging: Logging,
}

/// How the agent tells of itself.
pub(super) struct Logging {
    pub(super) to: LogTo,
    pub(super) format: Option<Format>,
    pub(super) level: Level,
    pub(super) console: ConsoleUi,
}

/// Where log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LogTo {
    /// Standard output, instead of the console.
    Stdout,
    /// Standard error, instead of the console.
    Stderr,
    /// Nowhere: the console is shown.
    Nowhere,
    /// Into a file, beside the console.
    File(String),
}

impl LogTo {
    fn named(name: &str) -> Self {
        match name {
            "stdout" => LogTo::Stdout,
            "stderr" => LogTo::Stderr,
            "false" | "" => LogTo::Nowhere,
            file => LogTo::File(file.to_owned()),
        }
    }
}

impl Outset {
    pub(super) fn of(joining: &Joining, file: ConfigFile) -> Result<Self, Failure> {
        let ConfigFile { settings, version, .. } = file;
        let server_addr = joining.server_addr.clone().or_else(|| settings.server_addr.clone());
        let server_addr = server_addr.ok_or_else(|| {
            Failure::usage(
                "which edge? --server-addr HOST:PORT names it, GATEWRIGHT_SERVER_ADDR in the environment, or \
                 server_addr (connect_url in version 3) in the configuration file",
            )
        })?;
        let roots = joining.root_cas.clone().or_else(|| settings.root_cas.clone()).ok_or_else(|| {
            Failure::usage(
                "whom to trust? --root-cas FILE names the PEM file of the edge's authority, GATEWRIGHT_ROOT_CAS in \
                 the environment, or root_cas (connect_cas in version 3) in the configuration file",
            )
        })?;
        let (pem, origin) = match roots {
            Roots::File(file) => (authorities(&file)?, file.display().to_string()),
            Roots::Host => machines_own()?,
        };
        let tls = client_config_trusting(&pem, &origin, &[]).map_err(Failure::usage)?;
        let outbound = || Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, Arc::clone(&tls));
        let config = Config {
            server_addr,
            authtoken: joining.authtoken.clone().or_else(|| settings.authtoken.clone()),
            metadata: joining.metadata.clone().or_else(|| settings.metadata.clone()).unwrap_or_default(),
            pace: pace(&settings),
            to_edge: outbound(),
            to_upstreams: outbound(),
            tls,
        };
        let log = joining.log.as_deref().or(settings.log.as_deref());
        let logging = Logging {
            to: log.map_or(LogTo::Nowhere, LogTo::named),
            format: joining.log_format.or(settings.log_format),
            level: joining.log_level.or(settings.log_level).unwrap_or(Level::Info),
            console: settings.console_ui.unwrap_or(ConsoleUi::IfTerminal),
        };
        let web = joining.web_addr.or(settings.web_addr).unwrap_or(WebAddr::At(WEB));
        let inspector = match (settings.inspect_db_size.unwrap_or(InspectDb::Bytes(ROOM)), web) {
            (InspectDb::Bytes(room), WebAddr::At(_)) => Some(Inspector::new(room)),
            // What nobody can look at need not be kept.
            _ => None,
        };
        let defaults = Setup::default();
        let setup = Setup {
            proxy: settings.proxy_url,
            connect_timeout: settings.connect_timeout.unwrap_or(defaults.connect_timeout),
            inspector,
            config_version: if version == 0 { String::new() } else { version.to_string() },
        };
        Ok(Self { config, setup, web, allow_hosts: settings.web_allow_hosts, logging })
    }
}

fn pace(settings: &Settings) -> Pace {
    let usual = Pace::default();
    Pace {
        interval: settings.heartbeat_interval.unwrap_or(usual.interval),
        tolerance: settings.heartbeat_tolerance.unwrap_or(usual.tolerance),
    }
}

/// Where systems keep the authorities that they trust.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/ca-certificates/cert.pem",
];

/// The authorities that this machine trusts, and where they stand.
fn machines_own() -> Result<(String, String), Failure> {
    let named = std::env::var_os("SSL_CERT_FILE").map(|file| file.to_string_lossy().into_owned());
    let mut files = named.into_iter().chain(BUNDLES.map(str::to_owned));
    let file = files.find(|file| Path::new(file).is_file()).ok_or_else(|| {
        Failure::lacking(
            "this machine's authorities are not where systems keep them; SSL_CERT_FILE in the environment names \
             their PEM file",
        )
    })?;
    Ok((authorities(Path::new(&file))?, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_where_it_is_told_to() {
        assert_eq!(LogTo::named("stdout"), LogTo::Stdout);
        assert_eq!(LogTo::named("false"), LogTo::Nowhere);
        assert_eq!(LogTo::named("/tmp/agent.log"), LogTo::File("/tmp/agent.log".into()));
    }
}
