//! `gatewright http` and `gatewright tunnel`: the agent as a program.
//!
//! It ends when it is interrupted, which is its ordinary end, or when there is no use in going on: the edge refuses it
//! or its tunnel, or ended one of them. Only the first interrupt waits for the session to be closed in good order.

mod call;
mod hearing;
mod view;

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use gatewright::parts::client::{self, Agent, AgentError, HttpTunnel, LabeledTunnel, Oidc, Pace, config};
use gatewright::parts::ground::Outbound;
use gatewright::parts::ground::authority::client_config_trusting;
use gatewright::parts::ground::outbound::Route;
use gatewright::parts::ground::redaction::Redactor;
use tokio::time::MissedTickBehavior;

use self::call::{Called, call};
use self::hearing::Hearing;
use self::view::View;
use crate::authorities::authorities;
use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;

/// How often a console shows its rates and its latency anew.
const REFRESH: Duration = Duration::from_secs(1);

/// What the agent is asked to bind.
enum Wish {
    Http(Box<HttpTunnel>),
    Labeled(LabeledTunnel),
}

/// `gatewright http`.
pub(crate) async fn http(args: cli::Http) -> Result<Exit, Failure> {
    let redactor = Redactor::new();
    let mut tunnel = HttpTunnel::new(args.address);
    tunnel.options.domain = args.domain.unwrap_or_default();
    if let Some(issuer_url) = args.oidc {
        args.oidc_client_secret.iter().for_each(|secret| redactor.learn(secret));
        tunnel = tunnel.oidc(Oidc {
            issuer_url,
            client_id: args.oidc_client_id.unwrap_or_default(),
            client_secret: args.oidc_client_secret,
            allow_emails: args.oidc_allow_email,
            allow_domains: args.oidc_allow_domain,
            scopes: args.oidc_scope,
            ..Oidc::default()
        });
    }
    serve(args.joining, Wish::Http(Box::new(tunnel)), redactor).await
}

/// `gatewright tunnel`.
pub(crate) async fn tunnel(args: cli::Tunnel) -> Result<Exit, Failure> {
    let mut labels = std::collections::BTreeMap::new();
    for (key, value) in args.label {
        if labels.insert(key.clone(), value).is_some() {
            return Err(Failure::usage(format_args!("the label {key} is given twice")));
        }
    }
    let (name, upstream, metadata) = (config::COMMAND_LINE.to_owned(), args.address, String::new());
    let tunnel = LabeledTunnel { name, upstream, labels, metadata };
    serve(args.joining, Wish::Labeled(tunnel), Redactor::new()).await
}

async fn serve(joining: cli::Joining, wish: Wish, redactor: Redactor) -> Result<Exit, Failure> {
    joining.authtoken.iter().for_each(|token| redactor.learn(token));
    let mut view = View::of(&joining, redactor.clone());
    let config = config(joining)?;
    let mut interrupts = Interrupts::listen()?;
    let (sink, mut hearing) = Hearing::new();
    let ended = match call(&config, &sink, &mut view, &mut interrupts).await? {
        Called::Joined(agent) => attend(agent, wish, &mut hearing, &mut view, &mut interrupts).await?,
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

/// Serves the tunnel until there is a reason to stop; none when the reason is an interrupt.
async fn attend(
    agent: Agent,
    wish: Wish,
    hearing: &mut Hearing,
    view: &mut View,
    interrupts: &mut Interrupts,
) -> Result<Option<Arc<AgentError>>, Failure> {
    let mut refresh = tokio::time::interval(REFRESH);
    refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ended = {
        let serving = serve_tunnel(&agent, wish);
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

/// Binds the tunnel and serves it until it is over.
async fn serve_tunnel(agent: &Agent, wish: Wish) -> Result<Infallible, Arc<AgentError>> {
    let tunnel = match wish {
        Wish::Http(tunnel) => agent.bind(*tunnel).await,
        Wish::Labeled(tunnel) => agent.label(tunnel).await,
    };
    match tunnel {
        Ok(tunnel) => Err(tunnel.ended().await),
        // While it waited for a session, the agent came to an end, for a reason of its own.
        Err(AgentError::ShutDown) => Err(agent.ended().await),
        Err(error) => Err(Arc::new(error)),
    }
}

fn config(joining: cli::Joining) -> Result<client::Config, Failure> {
    let origin = joining.root_cas.display().to_string();
    let tls =
        client_config_trusting(&authorities(&joining.root_cas)?, &origin, &[]).map_err(Failure::usage)?;
    let outbound = || Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, Arc::clone(&tls));
    Ok(client::Config {
        server_addr: joining.server_addr,
        authtoken: joining.authtoken,
        metadata: joining.metadata,
        pace: Pace::default(),
        to_edge: outbound(),
        to_upstreams: outbound(),
        tls,
    })
}
