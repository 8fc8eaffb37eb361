//! The modules of a bind or of a route, made into rules.

use std::sync::Arc;

use ground::Secret;
use http::HeaderValue;
use policy::action::{
    AddHeaders, BasicAuth, CircuitBreaker, CompressResponse, RemoveHeaders, RestrictIps, UserAgentFilter,
    VerifyWebhook,
};
use policy::{ModuleError, Phase, RequestAction, ResponseAction, Rule};

use super::{ModuleRules, Traffic, read_policy};
use crate::code::{Code, Refusal};

/// What a bind or a route asks for beside the gate, as it was written, secrets of its policy included.
#[derive(Clone, Default)]
pub(crate) struct Modules {
    /// Ranges that may come in, and ranges that may not.
    pub(crate) ip_restriction: Option<(Vec<String>, Vec<String>)>,
    /// User agents that may come in, and those that may not.
    pub(crate) user_agent_filter: Option<(Vec<String>, Vec<String>)>,
    /// User names and passwords.
    pub(crate) basic_auth: Option<Vec<(String, Secret)>>,
    /// Whose webhooks alone, and what they are signed with.
    pub(crate) webhook: Option<(String, Secret)>,
    /// When the app fails too much.
    pub(crate) circuit_breaker: Option<CircuitBreaker>,
    pub(crate) request_headers: Option<HeaderChanges>,
    pub(crate) response_headers: Option<HeaderChanges>,
    pub(crate) compression: bool,
    pub(crate) websocket_tcp_converter: bool,
    /// The name that the upstream wants to be called by.
    pub(crate) host: Option<String>,
    /// A policy's text.
    pub(crate) traffic_policy: Option<String>,
}

/// Headers to add, with their values, and headers to take away.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderChanges {
    pub(crate) add: Vec<(String, String)>,
    pub(crate) remove: Vec<String>,
}

impl Modules {
    /// Checks all of it; none when it asks nothing.
    pub(crate) fn compile(self) -> Result<Option<Arc<Traffic>>, Refusal> {
        let policy = read_policy(self.traffic_policy.as_deref().unwrap_or_default())?;
        let modules = ModuleRules {
            guards: self.guards()?,
            changes: self.changes()?,
            answers: self.answers()?,
            finish: self.finish(),
            host: self.host.as_deref().map(host).transpose()?,
            converts_websockets: self.websocket_tcp_converter,
        };
        let traffic = Traffic { modules: Arc::new(modules), policy: Arc::new(policy) };
        Ok((!traffic.asks_nothing()).then(|| Arc::new(traffic)))
    }

    fn guards(&self) -> Result<Vec<Rule<RequestAction>>, Refusal> {
        let mut guards = Vec::new();
        if let Some((allow, deny)) = &self.ip_restriction {
            let module = RestrictIps::new(texts(allow), texts(deny)).map_err(|error| invalid(&error))?;
            guards.push(RequestAction::RestrictIps(module));
        }
        if let Some((allow, deny)) = &self.user_agent_filter {
            let module = UserAgentFilter::new(texts(allow), texts(deny)).map_err(|error| invalid(&error))?;
            guards.push(RequestAction::UserAgentFilter(module));
        }
        if let Some(credentials) = &self.basic_auth {
            let pairs = credentials.iter().map(|(name, password)| (name.as_str(), password));
            guards.push(RequestAction::BasicAuth(BasicAuth::new(pairs).map_err(|error| invalid(&error))?));
        }
        if let Some((provider, secret)) = &self.webhook {
            let module = VerifyWebhook::new(provider, secret.clone())
                .map_err(|error| Refusal::new(Code::WEBHOOK_PROVIDER, error.to_string()))?;
            guards.push(RequestAction::VerifyWebhook(module));
        }
        Ok(rules(guards))
    }

    fn changes(&self) -> Result<Vec<Rule<RequestAction>>, Refusal> {
        let mut changes = Vec::new();
        if let Some(breaker) = &self.circuit_breaker {
            changes.push(RequestAction::CircuitBreaker(breaker.clone()));
        }
        if let Some(headers) = &self.request_headers {
            headers
                .removal()?
                .into_iter()
                .for_each(|module| changes.push(RequestAction::RemoveHeaders(module)));
            let addition = headers.addition(Phase::HttpRequest)?;
            addition.into_iter().for_each(|module| changes.push(RequestAction::AddHeaders(module)));
        }
        Ok(rules(changes))
    }

    fn answers(&self) -> Result<Vec<Rule<ResponseAction>>, Refusal> {
        let mut answers = Vec::new();
        if let Some(headers) = &self.response_headers {
            headers
                .removal()?
                .into_iter()
                .for_each(|module| answers.push(ResponseAction::RemoveHeaders(module)));
            let addition = headers.addition(Phase::HttpResponse)?;
            addition.into_iter().for_each(|module| answers.push(ResponseAction::AddHeaders(module)));
        }
        Ok(rules(answers))
    }

    fn finish(&self) -> Vec<Rule<ResponseAction>> {
        match self.compression {
            true => rules(vec![ResponseAction::CompressResponse(CompressResponse::new())]),
            false => Vec::new(),
        }
    }
}

impl HeaderChanges {
    fn removal(&self) -> Result<Option<RemoveHeaders>, Refusal> {
        if self.remove.is_empty() {
            return Ok(None);
        }
        RemoveHeaders::new(texts(&self.remove)).map(Some).map_err(|error| invalid(&error))
    }

    fn addition(&self, phase: Phase) -> Result<Option<AddHeaders>, Refusal> {
        if self.add.is_empty() {
            return Ok(None);
        }
        let pairs = self.add.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        AddHeaders::new(pairs, phase).map(Some).map_err(|error| invalid(&error))
    }
}

fn rules<A>(actions: Vec<A>) -> Vec<Rule<A>> {
    actions.into_iter().map(|action| Rule::always(vec![action])).collect()
}

fn texts(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(String::as_str)
}

fn host(name: &str) -> Result<HeaderValue, Refusal> {
    let is_authority =
        http::uri::Authority::try_from(name).is_ok_and(|authority| !authority.as_str().contains('@'));
    let value = HeaderValue::from_str(name).ok().filter(|_| is_authority);
    value.ok_or_else(|| {
        Refusal::new(
            Code::BIND_INVALID,
            format!("The upstream's host {name:?} is none that a request could name."),
        )
    })
}

fn invalid(error: &ModuleError) -> Refusal {
    Refusal::new(Code::BIND_INVALID, error.to_string())
}
