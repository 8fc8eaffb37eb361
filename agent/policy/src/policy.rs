//! A traffic policy: rules for each phase of an endpoint's traffic.

use std::fmt;

use crate::action::{
    AddHeaders, BasicAuth, CircuitBreaker, CompressResponse, CustomResponse, Deny, ForwardInternal,
    JwtValidation, Log, OpenIdConnect, RateLimit, Redirect, RemoveHeaders, RestrictIps, UrlRewrite,
    UserAgentFilter, VerifyWebhook,
};
use crate::denial::Denial;
use crate::error::{PolicyError, code};
use crate::expression::Expression;
use crate::facts::Facts;
use crate::reading::{self, Value, advice, shortened};

/// How many rules a phase may have.
const MAX_RULES: usize = 100;
/// How many expressions or actions a rule may have.
const MAX_PER_RULE: usize = 25;

/// What an endpoint does with its traffic: for each phase rules, which are tried in their order.
///
/// The state that actions keep between requests (rate limits, circuit breakers) lives in it: share it, don't parse it
/// again for each request.
#[derive(Debug, Default)]
pub struct TrafficPolicy {
    /// When a connection comes in, before anything is read from it.
    pub on_tcp_connect: Vec<Rule<TcpAction>>,
    /// When a request's head is there, before it goes to the upstream.
    pub on_http_request: Vec<Rule<RequestAction>>,
    /// When the upstream's answer's head is there, before it goes to the client.
    pub on_http_response: Vec<Rule<ResponseAction>>,
}

/// What is done when all expressions hold.
#[derive(Debug)]
pub struct Rule<A> {
    /// Its name, for people.
    pub name: Option<String>,
    /// All of these have to hold; without any, the rule always applies.
    pub expressions: Vec<Expression>,
    /// What is done, in this order.
    pub actions: Vec<A>,
}

impl<A> Rule<A> {
    /// A rule that always applies; modules are such rules.
    pub fn always(actions: Vec<A>) -> Self {
        Self { name: None, expressions: Vec::new(), actions }
    }

    /// Whether the rule applies. An expression that fails when it is evaluated decides nothing, so the whole exchange
    /// is refused: a rule that guards something must not be passed over because of it.
    pub fn applies(&self, facts: &Facts<'_>) -> Result<bool, Denial> {
        for expression in &self.expressions {
            if !expression.holds(facts).map_err(|error| Denial::expression(code::EXPRESSION, &error))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What can be done with a connection.
#[derive(Debug)]
pub enum TcpAction {
    /// The connection is closed.
    Deny(Deny),
    /// Addresses that may not come in are turned away.
    RestrictIps(RestrictIps),
    /// Something is written into the events.
    Log(Log),
    /// The connection goes to another endpoint.
    ForwardInternal(ForwardInternal),
}

/// What can be done with a request.
#[derive(Debug)]
pub enum RequestAction {
    /// Headers are added for the upstream.
    AddHeaders(AddHeaders),
    /// Headers are taken away before the upstream.
    RemoveHeaders(RemoveHeaders),
    /// The request is refused.
    Deny(Deny),
    /// The request is answered here.
    CustomResponse(CustomResponse),
    /// The client is sent to another URL.
    Redirect(Redirect),
    /// The upstream gets another URL.
    UrlRewrite(UrlRewrite),
    /// Addresses that may not come in are turned away.
    RestrictIps(RestrictIps),
    /// Too many requests are turned away.
    RateLimit(RateLimit),
    /// Requests need a token.
    JwtValidation(JwtValidation),
    /// Something is written into the events.
    Log(Log),
    /// Requests need a user name and a password.
    BasicAuth(BasicAuth),
    /// Requests need a webhook provider's signature.
    VerifyWebhook(VerifyWebhook),
    /// The request goes to another endpoint.
    ForwardInternal(ForwardInternal),
    /// People sign in first.
    OpenIdConnect(OpenIdConnect),
    /// Requests are refused while the upstream fails.
    CircuitBreaker(CircuitBreaker),
    /// User agents that may not come in are turned away. A module; policies have no such action.
    UserAgentFilter(UserAgentFilter),
}

/// What can be done with an answer.
#[derive(Debug)]
pub enum ResponseAction {
    /// Headers are added for the client.
    AddHeaders(AddHeaders),
    /// Headers are taken away before the client.
    RemoveHeaders(RemoveHeaders),
    /// Another answer takes the place of the upstream's.
    CustomResponse(CustomResponse),
    /// Addresses that may not come in are turned away.
    RestrictIps(RestrictIps),
    /// Something is written into the events.
    Log(Log),
    /// The answer is compressed.
    CompressResponse(CompressResponse),
}

/// A phase of an endpoint's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A connection comes in.
    TcpConnect,
    /// A request's head is there.
    HttpRequest,
    /// An answer's head is there.
    HttpResponse,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TcpConnect => "on_tcp_connect",
            Self::HttpRequest => "on_http_request",
            Self::HttpResponse => "on_http_response",
        })
    }
}

/// The types of actions, by their current name; and the phases that they are for.
const TYPES: [(&str, &[Phase]); 16] = {
    use Phase::{HttpRequest, HttpResponse, TcpConnect};
    const REQUEST: &[Phase] = &[HttpRequest];
    const HTTP: &[Phase] = &[HttpRequest, HttpResponse];
    const ALL: &[Phase] = &[TcpConnect, HttpRequest, HttpResponse];
    const INWARD: &[Phase] = &[TcpConnect, HttpRequest];
    [
        ("add-headers", HTTP),
        ("remove-headers", HTTP),
        ("deny", INWARD),
        ("custom-response", HTTP),
        ("redirect", REQUEST),
        ("url-rewrite", REQUEST),
        ("restrict-ips", ALL),
        ("rate-limit", REQUEST),
        ("jwt-validation", REQUEST),
        ("log", ALL),
        ("basic-auth", REQUEST),
        ("verify-webhook", REQUEST),
        ("compress-response", &[HttpResponse]),
        ("forward-internal", INWARD),
        ("openid-connect", REQUEST),
        ("circuit-breaker", REQUEST),
    ]
};

/// The types after which nothing more is done.
const ENDING: [&str; 2] = ["custom-response", "deny"];

/// Older names of types.
const LEGACY_TYPES: [(&str, &str); 4] = [
    ("compress", "compress-response"),
    ("oidc", "openid-connect"),
    ("ip-restriction", "restrict-ips"),
    ("webhook-verification", "verify-webhook"),
];

/// The types that ngrok has and this edge does not.
const NOT_OFFERED: [&str; 13] = [
    "ai-gateway",
    "close-connection",
    "http-request",
    "oauth",
    "owasp-crs-request",
    "owasp-crs-response",
    "request-body-find-replace",
    "response-body-find-replace",
    "saml",
    "set-vars",
    "sse-find-replace",
    "terminate-tls",
    "user-agent-filter",
];

impl TrafficPolicy {
    /// Reads a policy, in JSON or YAML, with the current names (`on_http_request`, `actions: [{type, config}]`) or the
    /// older ones (`inbound`, `Inbound`, `Actions`, …). What is not understood is refused, never passed over; an empty
    /// text is a policy without rules.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let node = reading::parse(text)?;
        let root = Value::root(text, &node);
        let mut members = root.members()?;
        let tcp = members.spelt(&["on_tcp_connect"])?;
        let request = members.spelt(&["on_http_request", "inbound", "Inbound"])?;
        let response = members.spelt(&["on_http_response", "outbound", "Outbound"])?;
        let enabled = members.spelt(&["enabled", "Enabled"])?;
        members.finish()?;
        let policy = Self {
            on_tcp_connect: rules(tcp, Phase::TcpConnect, TcpAction::read)?,
            on_http_request: rules(request, Phase::HttpRequest, RequestAction::read)?,
            on_http_response: rules(response, Phase::HttpResponse, ResponseAction::read)?,
        };
        match enabled.map(|enabled| enabled.boolean()).transpose()? {
            Some(false) => Ok(Self::default()),
            None | Some(true) => Ok(policy),
        }
    }

    /// Whether it asks nothing of any traffic.
    pub fn is_empty(&self) -> bool {
        self.on_tcp_connect.is_empty() && self.on_http_request.is_empty() && self.on_http_response.is_empty()
    }
}

/// How an action is read: by its type's name and its configuration; `None` if the phase has no such action.
type Read<A> = fn(&str, &Value<'_>) -> Result<Option<A>, PolicyError>;

fn rules<A>(value: Option<Value<'_>>, phase: Phase, read: Read<A>) -> Result<Vec<Rule<A>>, PolicyError> {
    let Some(value) = value else { return Ok(Vec::new()) };
    value.items(0..=MAX_RULES)?.iter().map(|rule| read_rule(rule, phase, read)).collect()
}

fn read_rule<A>(value: &Value<'_>, phase: Phase, read: Read<A>) -> Result<Rule<A>, PolicyError> {
    let mut members = value.members()?;
    let name = members.spelt(&["name", "Name"])?.map(|name| name.text().map(str::to_owned)).transpose()?;
    let expressions = members.spelt(&["expressions", "Expressions"])?;
    let actions = members.spelt(&["actions", "Actions"])?;
    members.finish()?;
    let expressions = match expressions {
        Some(list) => list.items(0..=MAX_PER_RULE)?.iter().map(|item| item.expression(phase)).collect(),
        None => Ok(Vec::new()),
    }?;
    let items = actions.map(|list| list.items(0..=MAX_PER_RULE)).transpose()?.unwrap_or_default();
    if items.is_empty() {
        let message = "A policy rule must have at least one action.".to_owned();
        return Err(value.refused(code::NO_ACTIONS, message));
    }
    let mut actions = Vec::new();
    let mut ended = None;
    for item in &items {
        let (kind, action) = read_action(item, phase, read)?;
        if let Some(before) = ended {
            let message = format!(
                "Policy action type '{kind}' is unreachable, since '{before}' ends the exchange before it."
            );
            return Err(item.refused(code::UNREACHABLE, message));
        }
        ended = ENDING.contains(&kind).then_some(kind);
        actions.push(action);
    }
    Ok(Rule { name: name.filter(|name| !name.is_empty()), expressions, actions })
}

fn read_action<A>(value: &Value<'_>, phase: Phase, read: Read<A>) -> Result<(&'static str, A), PolicyError> {
    let mut members = value.members()?;
    let Some(written) = members.spelt(&["type", "Type"])? else {
        return Err(value.error("the member `type` is missing: it says what the action is"));
    };
    let (kind, phases) = action_type(&written)?;
    let config = members.spelt(&["config", "Config"])?;
    members.finish()?;
    let config = config.unwrap_or_else(|| value.without_content("config")).config_of(kind, phase);
    let other_phase = || {
        let possible: Vec<_> = phases.iter().map(Phase::to_string).collect();
        let message = format!(
            "Action type '{kind}' is not supported for {phase} traffic policy rules; it is for {}.",
            possible.join(", ")
        );
        written.refused(code::PHASE, message)
    };
    if !phases.contains(&phase) {
        return Err(other_phase());
    }
    Ok((kind, read(kind, &config)?.ok_or_else(other_phase)?))
}

/// The type's current name, and its phases.
fn action_type(written: &Value<'_>) -> Result<(&'static str, &'static [Phase]), PolicyError> {
    let word = written.text()?;
    let spelt = word.replace('_', "-");
    let legacy = LEGACY_TYPES.iter().find(|(old, _)| *old == spelt);
    let current = legacy.map_or(spelt.as_str(), |(_, current)| current);
    if let Some(known) = TYPES.iter().find(|(name, _)| *name == current) {
        return Ok(*known);
    }
    let what = format!("Invalid policy action type '{}'.", shortened(word));
    let more = match NOT_OFFERED.contains(&current) {
        true => "This edge does not offer it.".to_owned(),
        false => {
            let advice = advice(current, TYPES.iter().map(|(name, _)| *name));
            let mut letters = advice.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            let stop = if advice.ends_with('?') { "" } else { "." };
            format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
        }
    };
    Err(written.refused(code::ACTION_TYPE, format!("{what} {more}")))
}

impl TcpAction {
    fn read(kind: &str, config: &Value<'_>) -> Result<Option<Self>, PolicyError> {
        Ok(Some(match kind {
            "deny" => Self::Deny(Deny::read(config)?),
            "restrict-ips" => Self::RestrictIps(RestrictIps::read(config)?),
            "log" => Self::Log(Log::read(config)?),
            "forward-internal" => Self::ForwardInternal(ForwardInternal::read(config)?),
            _ => return Ok(None),
        }))
    }
}

impl RequestAction {
    fn read(kind: &str, config: &Value<'_>) -> Result<Option<Self>, PolicyError> {
        Ok(Some(match kind {
            "add-headers" => Self::AddHeaders(AddHeaders::read(config)?),
            "remove-headers" => Self::RemoveHeaders(RemoveHeaders::read(config)?),
            "deny" => Self::Deny(Deny::read(config)?),
            "custom-response" => Self::CustomResponse(CustomResponse::read(config)?),
            "redirect" => Self::Redirect(Redirect::read(config)?),
            "url-rewrite" => Self::UrlRewrite(UrlRewrite::read(config)?),
            "restrict-ips" => Self::RestrictIps(RestrictIps::read(config)?),
            "rate-limit" => Self::RateLimit(RateLimit::read(config)?),
            "jwt-validation" => Self::JwtValidation(JwtValidation::read(config)?),
            "log" => Self::Log(Log::read(config)?),
            "basic-auth" => Self::BasicAuth(BasicAuth::read(config)?),
            "verify-webhook" => Self::VerifyWebhook(VerifyWebhook::read(config)?),
            "forward-internal" => Self::ForwardInternal(ForwardInternal::read(config)?),
            "openid-connect" => Self::OpenIdConnect(OpenIdConnect::read(config)?),
            "circuit-breaker" => Self::CircuitBreaker(CircuitBreaker::read(config)?),
            _ => return Ok(None),
        }))
    }
}

impl ResponseAction {
    fn read(kind: &str, config: &Value<'_>) -> Result<Option<Self>, PolicyError> {
        Ok(Some(match kind {
            "add-headers" => Self::AddHeaders(AddHeaders::read(config)?),
            "remove-headers" => Self::RemoveHeaders(RemoveHeaders::read(config)?),
            "custom-response" => Self::CustomResponse(CustomResponse::read(config)?),
            "restrict-ips" => Self::RestrictIps(RestrictIps::read(config)?),
            "log" => Self::Log(Log::read(config)?),
            "compress-response" => Self::CompressResponse(CompressResponse::read(config)?),
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests;
