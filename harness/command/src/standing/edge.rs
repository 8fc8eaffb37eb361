//! `gatewright edge`.

use std::net::Ipv4Addr;
use std::path::Path;

use gatewright::parts::edge::model::{api_key, authtoken};
use gatewright::parts::edge::{Config, Edge, NewAccount, NewLogin, Role, StartError, StateDir, StoreError};
use gatewright::parts::ground::authority::client_config_trusting;
use gatewright::parts::ground::outbound::Route;
use gatewright::parts::ground::{Authority, Clock, Outbound, Secret, Sink};
use gatewright::stage::{EdgeCard, Login};
use serde::Serialize;

use super::table::{Table, json_line};
use crate::authorities::{authorities, written, written_in};
use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::print;

/// The one account's name.
const ACCOUNT: &str = "Gatewright";

/// What somebody needs to use the edge: what a whole world says of its edge, and what an issuer has to know.
#[derive(Serialize)]
struct Said<'a> {
    edge: SaidOfEdge<'a>,
    ca_pem: &'a Path,
}

#[derive(Serialize)]
struct SaidOfEdge<'a> {
    #[serde(flatten)]
    card: EdgeCard,
    redirect_uri: &'a str,
}

/// The account's ways in.
struct Keys {
    login: String,
    password: Secret,
    authtoken: Secret,
    api_key: Secret,
}

impl Keys {
    fn new(domain: &str) -> Self {
        Self {
            login: format!("admin@{domain}"),
            password: Secret::random("password"),
            authtoken: authtoken(),
            api_key: api_key(),
        }
    }
}

/// The authority and the keys of the edge that was here before, or new ones that are kept.
fn kept(dir: &Path, domain: &str) -> Result<(Authority, Keys), StoreError> {
    let state = StateDir::open(dir)?;
    let Keys { login, password, authtoken, api_key } = Keys::new(domain);
    let keys = Keys {
        login,
        password: state.secret("password", || password)?,
        authtoken: state.secret("authtoken", || authtoken)?,
        api_key: state.secret("api_key", || api_key)?,
    };
    Ok((state.authority()?, keys))
}

/// Runs an edge until it is interrupted.
pub(crate) async fn edge(args: cli::Edge) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let (authority, keys) = match &args.state_dir {
        Some(dir) => kept(dir, &args.domain).map_err(Failure::usage)?,
        None => (Authority::new().map_err(Failure::failed)?, Keys::new(&args.domain)),
    };
    let config = config(&args, &authority, &keys)?;
    let edge = Edge::start(config).await.map_err(|error| match error {
        StartError::Domain(_) | StartError::State(_) => Failure::usage(error),
        StartError::Listen(_) => Failure::lacking(error),
        other => Failure::failed(other),
    })?;
    let (file, _temporary) = match &args.state_dir {
        Some(dir) => (written_in(dir, &authority)?, None),
        None => {
            let file = written(&authority)?;
            (file.path().to_owned(), Some(file))
        }
    };
    let said = if args.showing.json {
        in_json(&args.domain, &edge, &keys, &file)
    } else {
        in_words(args.showing.show_secrets, &edge, &keys, &file)
    };
    if said.and_then(print::block).is_ok() {
        interrupts.next().await;
    }
    interrupts.or_at_once(edge.stop()).await;
    Ok(Exit::Passed)
}

fn config(args: &cli::Edge, authority: &Authority, keys: &Keys) -> Result<Config, Failure> {
    let mut trusted = authority.certificate_pem();
    let mut origin = "the edge's own authority".to_owned();
    if let Some(file) = &args.root_cas {
        trusted += &authorities(file)?;
        origin = file.display().to_string();
    }
    let tls = client_config_trusting(&trusted, &origin, &[b"h2", b"http/1.1"]).map_err(Failure::usage)?;
    let route = args.proxy.map_or(Route::Loopback, Route::Proxy);
    let login =
        NewLogin { login: keys.login.clone(), password: keys.password.clone(), role: Role::Administrator };
    Ok(Config {
        domain: args.domain.clone(),
        authority: authority.clone(),
        clock: Clock::new(),
        evidence: Sink::forgetful(),
        outbound: Outbound::new(route, Ipv4Addr::LOCALHOST, tls),
        accounts: vec![NewAccount {
            name: ACCOUNT.to_owned(),
            plan: "Enterprise".to_owned(),
            oidc: true,
            logins: vec![login],
            authtokens: vec![keys.authtoken.clone()],
            api_keys: vec![keys.api_key.clone()],
        }],
        public_port: None,
        region: "local".to_owned(),
        state: args.state_dir.clone(),
    })
}

fn in_json(domain: &str, edge: &Edge, keys: &Keys, file: &Path) -> Result<String, Failure> {
    let card = EdgeCard {
        domain: domain.to_owned(),
        https_addr: edge.https_addr().to_string(),
        agent_addr: edge.agent_addr().to_string(),
        api_url: edge.api_url(),
        api_key: keys.api_key.expose().to_owned(),
        dashboard_url: edge.dashboard_url(),
        admin: Login { login: keys.login.clone(), password: keys.password.expose().to_owned() },
        authtoken: keys.authtoken.expose().to_owned(),
    };
    json_line(&Said { edge: SaidOfEdge { card, redirect_uri: edge.redirect_uri() }, ca_pem: file })
}

fn in_words(show_secrets: bool, edge: &Edge, keys: &Keys, file: &Path) -> Result<String, Failure> {
    let mut table = Table::new(show_secrets);
    table
        .row("HTTPS", edge.https_addr().to_string())
        .row("Agents", edge.agent_addr().to_string())
        .row("Redirect URI", edge.redirect_uri())
        .row("Dashboard", edge.dashboard_url())
        .row("Login", &*keys.login)
        .secret("Password", keys.password.expose())
        .row("API", edge.api_url())
        .secret("API key", keys.api_key.expose())
        .secret("Authtoken", keys.authtoken.expose())
        .row("Authority", file.display().to_string());
    let join = format!(
        "\nAn agent joins it, with the authtoken in NGROK_AUTHTOKEN, by\n  gatewright http 3000 --server-addr {} \
         --root-cas {}\nCtrl+C ends it.\n",
        edge.agent_addr(),
        file.display()
    );
    Ok(table.to_string() + &join)
}
