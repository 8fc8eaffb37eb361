//! The agent as a program: `gatewright http` and its kin, or the same under ngrok's own name.
//!
//! It ends when it is interrupted, which is its ordinary end, or when there is no use in going on: the edge refuses it
//! or a tunnel, or ended them all. Only the first interrupt waits for the session to be closed in good order.

mod call;
pub(crate) mod files;
mod hearing;
mod outset;
mod view;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use gatewright::parts::client::config::COMMAND_LINE;
use gatewright::parts::client::config_file::{ConfigFile, WebAddr};
use gatewright::parts::client::definition::Proto;
use gatewright::parts::client::log::Line;
use gatewright::parts::client::web::Door;
use gatewright::parts::client::{self, Agent, AgentError, Definition, Endpoint};
use gatewright::parts::ground::Clock;
use gatewright::parts::ground::redaction::Redactor;
use tokio::time::MissedTickBehavior;

use self::call::{Called, call};
use self::hearing::Hearing;
use self::outset::Outset;
use self::view::View;
use crate::cli::{Http, Joining, Start, Tcp, Tls, Tunnel};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;

/// How often a console shows its rates and its latency anew.
const REFRESH: Duration = Duration::from_secs(1);

/// `gatewright http`.
pub(crate) async fn http(args: &Http) -> Result<Exit, Failure> {
    serve(&args.joining, |_| Ok(vec![args.definition()])).await
}

/// `gatewright tcp`.
pub(crate) async fn tcp(args: &Tcp) -> Result<Exit, Failure> {
    serve(&args.joining, |_| Ok(vec![args.definition()])).await
}

/// `gatewright tls`.
pub(crate) async fn tls(args: &Tls) -> Result<Exit, Failure> {
    serve(&args.joining, |_| Ok(vec![args.definition()])).await
}

/// `gatewright tunnel`.
pub(crate) async fn tunnel(args: &Tunnel) -> Result<Exit, Failure> {
    let mut labels = BTreeMap::new();
    for (key, value) in &args.label {
        if labels.insert(key.clone(), value.clone()).is_some() {
            return Err(Failure::usage(format_args!("the label {key} is given twice")));
        }
    }
    let asked = Definition {
        name: COMMAND_LINE.to_owned(),
        proto: Proto::Labeled,
        addr: args.address.clone(),
        labels,
        metadata: args.joining.metadata.clone().unwrap_or_default(),
        ..Definition::default()
    };
    serve(&args.joining, |_| Ok(vec![asked])).await
}

/// `gatewright start`.
pub(crate) async fn start(args: &Start) -> Result<Exit, Failure> {
    serve(&args.joining, |file| chosen(args, file)).await
}

/// The tunnels of the configuration files that are to be started.
fn chosen(args: &Start, file: &ConfigFile) -> Result<Vec<Definition>, Failure> {
    if args.none {
        return Ok(Vec::new());
    }
    if args.all && file.tunnels.is_empty() {
        return Err(Failure::usage("the configuration files define no tunnels; --none starts without any"));
    }
    if args.all {
        return Ok(file.tunnels.clone());
    }
    let find = |name: &String| {
        file.tunnels.iter().find(|tunnel| tunnel.name == *name).cloned().ok_or_else(|| {
            let known: Vec<_> = file.tunnels.iter().map(|tunnel| tunnel.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::usage(format_args!(
                "no tunnel is named {name:?}; the configuration files define {known}"
            ))
        })
    };
    args.names.iter().map(find).collect()
}

/// Serves tunnels until there is no use in going on.
async fn serve(
    joining: &Joining,
    wanted: impl FnOnce(&ConfigFile) -> Result<Vec<Definition>, Failure>,
) -> Result<Exit, Failure> {
    let paths = files::paths(&joining.files);
    let file = files::read(&paths)?;
    let redactor = Redactor::new();
    let definitions = wanted(&file)?;
    joining.authtoken.iter().chain(file.secrets()).for_each(|secret| redactor.learn(secret));
    definitions.iter().flat_map(Definition::secrets).for_each(|secret| redactor.learn(secret));
    let endpoints = definitions.iter().map(|asked| {
        let in_words = |error| match asked.name.as_str() {
            COMMAND_LINE => Failure::usage(redactor.text(&format!("{error}"))),
            name => Failure::usage(format_args!("the tunnel {name}: {error}")),
        };
        asked.endpoint().map_err(in_words)
    });
    let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
    let Outset { config, setup, web, allow_hosts, logging } = Outset::of(joining, file)?;
    let mut view = View::of(&logging, redactor)?;
    let mut interrupts = Interrupts::listen()?;
    let (sink, mut hearing) = Hearing::new();
    let agent = Agent::new(config, setup, sink);
    for path in paths {
        view.line(&Line::config_file(Clock::new().now(), &path))?;
    }
    if let WebAddr::At(address) = web {
        let door = Door::open(address, allow_hosts).await.map_err(|error| {
            let advice = "web_addr, or --web-addr, names another address or false";
            Failure::lacking(format_args!("the inspector can't listen at {address}: {error}; {advice}"))
        })?;
        view.line(&Line::web_service(Clock::new().now(), door.address()))?;
        agent.serve_web(door);
    }
    let ended = match call(&agent, &mut hearing, &mut view, &mut interrupts).await? {
        Called::Joined => attend(agent, endpoints, &mut hearing, &mut view, &mut interrupts).await?,
        Called::Refused(error) => Some(Arc::new(error)),
        Called::Interrupted => None,
    };
    view.close();
    match ended.as_deref() {
        // What runs until it is ended has been ended: here, or by the edge's operator.
        None | Some(AgentError::Stopped) => Ok(Exit::Passed),
        Some(error) => {
            view.gave_up(error)?;
            let words = view.harmless(&client::log::last_words(error));
            Err(Failure { exit: Exit::Failed, words })
        }
    }
}

/// Serves the tunnels until there is a reason to stop; none when the reason is an interrupt.
async fn attend(
    agent: Agent,
    endpoints: Vec<Endpoint>,
    hearing: &mut Hearing,
    view: &mut View,
    interrupts: &mut Interrupts,
) -> Result<Option<Arc<AgentError>>, Failure> {
    let mut refresh = tokio::time::interval(REFRESH);
    refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ended = {
        let serving = serve_tunnels(&agent, endpoints);
        tokio::pin!(serving);
        loop {
            tokio::select! {
                biased;
                () = interrupts.next() => break Ok(None),
                Some(event) = hearing.next() => {
                    if let Err(failure) = view.heard(&event, &agent.console()) {
                        break Err(failure);
                    }
                }
                Err(error) = &mut serving => break Ok(Some(error)),
                _ = refresh.tick(), if view.is_live() => view.refresh(&agent.console()),
            }
        }
    };
    let state = agent.console();
    interrupts.or_at_once(agent.shutdown()).await;
    while let Some(event) = hearing.heard_already() {
        view.heard(&event, &state)?;
    }
    ended
}

/// Binds the tunnels, one after the other, and serves them until the last of them is over; without any, as long as the
/// agent lives.
async fn serve_tunnels(agent: &Agent, endpoints: Vec<Endpoint>) -> Result<Infallible, Arc<AgentError>> {
    let mut tunnels = Vec::new();
    for endpoint in endpoints {
        match agent.bind(endpoint).await {
            Ok(tunnel) => tunnels.push(tunnel),
            // While it waited for a session, the agent came to an end, for a reason of its own.
            Err(AgentError::ShutDown) => return Err(agent.ended().await),
            Err(error) => return Err(Arc::new(error)),
        }
    }
    let mut last = None;
    for tunnel in &tunnels {
        last = Some(tunnel.ended().await);
    }
    match last {
        Some(error) => Err(error),
        None => Err(agent.ended().await),
    }
}
