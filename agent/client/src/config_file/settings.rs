//! What a configuration file says about the agent itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ground::Secret;

use super::problem::Problem;
use super::reader::{Field, Fields, Reader};
use crate::config::ServerAddr;
use crate::log::{Format, Level};
use crate::proxy::Proxy;

/// An agent's settings; none is what the file doesn't say.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The credential.
    pub authtoken: Option<Secret>,
    /// For ngrok's control API, which the agent doesn't call; kept out of sight.
    pub api_key: Option<Secret>,
    /// The edge: `server_addr`, or `connect_url` in version 3.
    pub server_addr: Option<ServerAddr>,
    /// Whom to trust there: `root_cas`, or `connect_cas` in version 3.
    pub root_cas: Option<Roots>,
    /// Whom to ask for the way there.
    pub proxy_url: Option<Proxy>,
    /// How long a connection to the edge may take to come about.
    pub connect_timeout: Option<Duration>,
    /// How often the session proves that it lives.
    pub heartbeat_interval: Option<Duration>,
    /// How long an echo may be overdue.
    pub heartbeat_tolerance: Option<Duration>,
    /// The user's own words about the session.
    pub metadata: Option<String>,
    /// `stdout`, `stderr`, `false`, or a file.
    pub log: Option<String>,
    /// The least grave lines that are logged.
    pub log_level: Option<Level>,
    /// How log lines look.
    pub log_format: Option<Format>,
    /// Whether the console is shown.
    pub console_ui: Option<ConsoleUi>,
    /// Where the local API and the inspector listen.
    pub web_addr: Option<WebAddr>,
    /// Names under which the local API may be called besides its own.
    pub web_allow_hosts: Vec<String>,
    /// How much memory the inspector's exchanges may take.
    pub inspect_db_size: Option<InspectDb>,
}

/// Whom the agent trusts to be its edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Whom this machine trusts.
    Host,
    /// The authorities of this PEM file.
    File(PathBuf),
}

impl FromStr for Roots {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "host" => Ok(Roots::Host),
            "trusted" => {
                Err("no authority is built in here: name a PEM file, or `host` for this machine's own")
            }
            "" => Err("expected a PEM file, or `host`"),
            file => Ok(Roots::File(file.into())),
        }
    }
}

/// Whether the console is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleUi {
    /// On a terminal.
    IfTerminal,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

impl FromStr for ConsoleUi {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "iftty" => Ok(ConsoleUi::IfTerminal),
            "true" => Ok(ConsoleUi::Always),
            "false" => Ok(ConsoleUi::Never),
            _ => Err(()),
        }
    }
}

/// Where the local API and the inspector listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebAddr {
    /// Nowhere.
    Off,
    /// Here, or on the next port that is free.
    At(SocketAddr),
}

impl FromStr for WebAddr {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "false" {
            return Ok(WebAddr::Off);
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let text = match text.strip_prefix("localhost") {
            Some(port) => format!("127.0.0.1{port}"),
            None if digits => format!("127.0.0.1:{text}"),
            None => text.to_owned(),
        };
        match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Ok(WebAddr::At(address)),
            Ok(_) => {
                Err("the inspector shows what passes to this machine alone: expected an address such as \
                          127.0.0.1:4040, or false")
            }
            Err(_) => Err("expected an address such as 127.0.0.1:4040, or false"),
        }
    }
}

/// How much memory the inspector's exchanges may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectDb {
    /// None are kept.
    Off,
    /// So many bytes.
    Bytes(usize),
}

impl FromStr for InspectDb {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<i64>() {
            Ok(-1) => Ok(InspectDb::Off),
            Ok(0) => Ok(InspectDb::Bytes(crate::inspector::ROOM)),
            Ok(bytes) => usize::try_from(bytes).map(InspectDb::Bytes).map_err(|_| BYTES),
            Err(_) => Err(BYTES),
        }
    }
}

const BYTES: &str = "expected a number of bytes, 0 for 50 MB, or -1 to keep nothing";

impl Settings {
    /// These and later ones, which have the last word.
    pub(super) fn and(self, later: Self) -> Self {
        let mut web_allow_hosts = self.web_allow_hosts;
        web_allow_hosts.extend(later.web_allow_hosts);
        Self {
            authtoken: later.authtoken.or(self.authtoken),
            api_key: later.api_key.or(self.api_key),
            server_addr: later.server_addr.or(self.server_addr),
            root_cas: later.root_cas.or(self.root_cas),
            proxy_url: later.proxy_url.or(self.proxy_url),
            connect_timeout: later.connect_timeout.or(self.connect_timeout),
            heartbeat_interval: later.heartbeat_interval.or(self.heartbeat_interval),
            heartbeat_tolerance: later.heartbeat_tolerance.or(self.heartbeat_tolerance),
            metadata: later.metadata.or(self.metadata),
            log: later.log.or(self.log),
            log_level: later.log_level.or(self.log_level),
            log_format: later.log_format.or(self.log_format),
            console_ui: later.console_ui.or(self.console_ui),
            web_addr: later.web_addr.or(self.web_addr),
            web_allow_hosts,
            inspect_db_size: later.inspect_db_size.or(self.inspect_db_size),
        }
    }
}

/// The settings of version 2, which stand at the root.
pub(super) fn version_2(reader: &mut Reader, fields: &mut Fields<'_>, into: &mut Settings) {
    common(reader, fields, into);
    let server_addr = fields.take("server_addr");
    into.server_addr = reader.parsed(server_addr, str::parse);
    let root_cas = fields.take("root_cas");
    into.root_cas = reader.parsed(root_cas, str::parse);
}

/// The settings of version 3, which stand under `agent`.
pub(super) fn version_3(reader: &mut Reader, agent: Field<'_>) -> Option<Settings> {
    let (mut fields, mut settings) = (reader.fields(agent)?, Settings::default());
    common(reader, &mut fields, &mut settings);
    let connect_url = fields.take("connect_url");
    settings.server_addr = reader.parsed(connect_url, |text| {
        let text = text.strip_prefix("tls://").unwrap_or(text);
        text.parse::<ServerAddr>()
    });
    let connect_cas = fields.take("connect_cas");
    settings.root_cas = reader.parsed(connect_cas, str::parse);
    reader.close(fields, "`agent`");
    Some(settings)
}

fn common(reader: &mut Reader, fields: &mut Fields<'_>, into: &mut Settings) {
    let authtoken = fields.take("authtoken");
    into.authtoken = reader.secret("authtoken", authtoken).filter(|token| !token.expose().is_empty());
    let api_key = fields.take("api_key");
    into.api_key = reader.secret("API key", api_key);
    let proxy_url = fields.take("proxy_url");
    // What is wrong with it isn't shown: there may be a password in it.
    into.proxy_url = reader.parsed(proxy_url.map(|field| Field { node: field.node, ..field }), str::parse);
    for (name, into) in [
        ("connect_timeout", &mut into.connect_timeout),
        ("heartbeat_interval", &mut into.heartbeat_interval),
        ("heartbeat_tolerance", &mut into.heartbeat_tolerance),
    ] {
        let field = fields.take(name);
        *into = reader.duration(field);
        if let (Some(field), Some(Duration::ZERO)) = (field, *into) {
            reader.misfit::<()>(field, "more than nothing");
        }
    }
    let metadata = fields.take("metadata");
    into.metadata = reader.text(metadata);
    let log = fields.take("log");
    into.log = reader.text(log);
    let log_level = fields.take("log_level");
    into.log_level = reader.word(log_level, &["debug", "info", "warn", "error", "crit"]);
    let log_format = fields.take("log_format");
    into.log_format = reader.word(log_format, &["term", "logfmt", "json"]);
    let console_ui = fields.take("console_ui");
    into.console_ui = reader.word(console_ui, &["iftty", "true", "false"]);
    let web_addr = fields.take("web_addr");
    into.web_addr = reader.parsed(web_addr, str::parse);
    let web_allow_hosts = fields.take("web_allow_hosts");
    into.web_allow_hosts = reader.texts(web_allow_hosts);
    let inspect_db_size = fields.take("inspect_db_size");
    into.inspect_db_size = reader.parsed(inspect_db_size, str::parse);
    only(reader, fields, "update_check", "false", "this agent does not look for another version of itself");
    only(reader, fields, "remote_management", "true", "this agent lets its edge stop and restart it");
    only(reader, fields, "crl_noverify", "true", "this agent asks nobody for revoked certificates");
    reader.refuse(fields, "update_channel", "this agent does not update itself");
    reader.refuse(
        fields,
        "region",
        "there is one edge, the one that is named: a region would choose among ngrok's",
    );
    reader.refuse(fields, "console_ui_color", "the console has the terminal's own colours");
    reader.refuse(fields, "dns_resolver_ips", "names are this machine's, and no resolver is asked");
}

/// An option that is taken with the one value that is how things are anyway.
fn only(reader: &mut Reader, fields: &mut Fields<'_>, name: &'static str, value: &str, why: &str) {
    if let Some(field) = fields.take(name).filter(|field| field.node.text() != Some(value)) {
        let problem = Problem::new(field.node.at.clone(), format!("`{name}` can only be {value} here"), "");
        reader.add(problem.advised(Some(why.to_owned())));
    }
}
