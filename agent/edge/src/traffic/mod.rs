//! What an endpoint asks of its traffic, carried out: its modules and its traffic policy, walked for each request before
//! it goes through a tunnel and for each answer before it goes back.
//!
//! A [`Traffic`] is made once, when an agent binds or a route is configured ([`Modules::compile`]). For a request the
//! order is ngrok's: the policy's `on_tcp_connect` (once a connection), IP restriction, user agent filter, basic auth,
//! webhook verification, the gate, circuit breaker, headers, the policy's `on_http_request`; for an answer: headers, the
//! policy's `on_http_response`, compression. Connections of `tcp` and `tls` endpoints are asked by `on_tcp_connect` alone ([`admit`]).
//! The decisions are made in [`policy`]; here is their I/O, and the evidence of each.

mod body;
mod compress;
mod connect;
mod edits;
mod keys;
mod modules;
mod request;
mod response;
mod scene;
mod webhook;

use std::sync::Arc;

use http::HeaderValue;
use policy::{RequestAction, ResponseAction, Rule, TcpAction, TrafficPolicy};

use crate::code::{Code, Refusal};
use crate::model::Scheme;

pub(crate) use connect::admit;
pub(crate) use keys::Keys;
pub(crate) use modules::{HeaderChanges, Modules};
pub(crate) use request::{Halt, Passing, Walk};
pub(crate) use scene::Scene;

/// What an endpoint asks of its traffic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    modules: Arc<ModuleRules>,
    policy: Arc<TrafficPolicy>,
}

/// An endpoint's modules, as rules that always apply.
#[derive(Debug, Default)]
struct ModuleRules {
    /// Who may come in, before the gate asks.
    guards: Vec<Rule<RequestAction>>,
    /// What happens to requests behind the gate.
    changes: Vec<Rule<RequestAction>>,
    /// What happens to answers before the policy sees them.
    answers: Vec<Rule<ResponseAction>>,
    /// What happens to them at last.
    finish: Vec<Rule<ResponseAction>>,
    /// The upstream's own name, where it wants to be called by it.
    host: Option<HeaderValue>,
    converts_websockets: bool,
}

impl Traffic {
    /// The same modules with another policy; none when nothing is asked any more.
    pub(crate) fn with_policy(&self, text: &str) -> Result<Option<Arc<Self>>, Refusal> {
        let policy = Arc::new(read_policy(text)?);
        let changed = Self { modules: Arc::clone(&self.modules), policy };
        Ok((!changed.asks_nothing()).then(|| Arc::new(changed)))
    }

    /// What the policy asks people to sign in by, if it does.
    pub(crate) fn sign_in(&self) -> Option<&gate::Settings> {
        self.sign_ins().next()
    }

    /// All that the policy asks people to sign in by.
    pub(crate) fn sign_ins(&self) -> impl Iterator<Item = &gate::Settings> {
        sign_ins(&self.policy)
    }

    /// Whether an endpoint that is spoken to so, and whose module asks people to sign in by `module`, may ask all this.
    pub(crate) fn check(&self, scheme: Scheme, module: Option<&gate::Settings>) -> Result<(), Refusal> {
        if let Some(asked) = self.sign_in() {
            if scheme == Scheme::Http {
                let message =
                    "OpenID Connect guards https endpoints only: a session must not travel in the clear.";
                return Err(Refusal::new(Code::OIDC_NOT_HERE, message));
            }
            if module.is_some_and(|module| module.fingerprint() != asked.fingerprint()) {
                let message = "The policy's openid-connect differs from the endpoint's OIDC module. Use one of the two.";
                return Err(Refusal::new(Code::AUTH_CONFLICT, message));
            }
        }
        let asked = &self.policy;
        if matches!(scheme, Scheme::Tcp | Scheme::Tls)
            && !(asked.on_http_request.is_empty() && asked.on_http_response.is_empty())
        {
            let message =
                format!("A {scheme} endpoint carries no HTTP that the edge sees: use on_tcp_connect.");
            return Err(Refusal::new(Code(policy::code::PHASE), message));
        }
        let mut connecting = asked.on_tcp_connect.iter().flat_map(|rule| &rule.actions);
        let forwards = connecting.any(|action| matches!(action, TcpAction::ForwardInternal(_)));
        if forwards && matches!(scheme, Scheme::Http | Scheme::Https) {
            let message =
                "An http or https endpoint forwards its requests: use forward-internal in on_http_request.";
            return Err(Refusal::new(Code(policy::code::CONFIG), message));
        }
        Ok(())
    }

    /// Whether WebSockets become a byte stream to the upstream.
    pub(crate) fn converts_websockets(&self) -> bool {
        self.modules.converts_websockets
    }

    /// The upstream's own name, where it wants to be called by it.
    pub(crate) fn host(&self) -> Option<&HeaderValue> {
        self.modules.host.as_ref()
    }

    fn asks_nothing(&self) -> bool {
        let modules = &self.modules;
        self.policy.is_empty()
            && modules.guards.is_empty()
            && modules.changes.is_empty()
            && modules.answers.is_empty()
            && modules.finish.is_empty()
            && modules.host.is_none()
            && !modules.converts_websockets
    }
}

/// Whether two would share sessions that mean different things: an endpoint's people have one session for each `auth_id`.
fn contradict(one: &gate::Settings, other: &gate::Settings) -> bool {
    one.auth_id() == other.auth_id() && one.fingerprint() != other.fingerprint()
}

fn sign_ins(policy: &TrafficPolicy) -> impl Iterator<Item = &gate::Settings> {
    policy.on_http_request.iter().flat_map(|rule| &rule.actions).filter_map(|action| match action {
        RequestAction::OpenIdConnect(module) => Some(module.settings()),
        _ => None,
    })
}

/// Reads a policy.
fn read_policy(text: &str) -> Result<TrafficPolicy, Refusal> {
    if text.trim().is_empty() {
        return Ok(TrafficPolicy::default());
    }
    let policy =
        TrafficPolicy::parse(text).map_err(|error| Refusal::new(Code(error.code), error.to_string()))?;
    let contradicts = |one| sign_ins(&policy).any(|other| contradict(one, other));
    if sign_ins(&policy).any(contradicts) {
        return Err(Refusal::new(
            Code::AUTH_CONFLICT,
            "The policy's openid-connect actions contradict each other. Give each an `auth_id` of its own.",
        ));
    }
    Ok(policy)
}
