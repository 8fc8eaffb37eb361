//! A request's way through an endpoint's rules.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use gate::{Admission, Gate, Visitor};
use http::request::Parts;
use http::uri::Uri;
use http::{Response, StatusCode};
use hyper::body::Body as _;
use policy::action::{ForwardInternal, JwtValidation, OpenIdConnect, Passage};
use policy::{ActionResult, Denial, Phase, Reply, RequestAction, Rule};

use super::edits::Edits;
use super::scene::{self, Place, Scene, named};
use super::{Keys, Traffic, body, connect, keys, webhook};
use crate::code::Code;
use crate::model::{AccountId, Destination, Host, app_user};
use crate::proxy::{Body, full};

/// How often a request may be forwarded from one internal endpoint to the next.
pub(super) const MOST_HOPS: usize = 4;

/// Why a request goes no further.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It has its answer.
    Answer(Response<Body>),
    /// The gate has answered.
    SignIn(Response<Body>),
    /// It is refused.
    Deny(Denial),
}

impl From<Denial> for Halt {
    fn from(denial: Denial) -> Self {
        Self::Deny(denial)
    }
}

/// A request on its way through the rules.
pub(crate) struct Walk<'a> {
    pub(crate) scene: Scene<'a>,
    keys: &'a Keys,
    pub(crate) account: &'a AccountId,
    pub(crate) host: &'a Host,
    pub(crate) received: DateTime<Utc>,
    pub(crate) passing: Passing,
    /// Whose rules it has walked; their rules for answers are walked backwards.
    pub(crate) walked: Vec<Arc<Traffic>>,
    /// The internal endpoint that a rule has just sent it to.
    forwarded: Option<Destination>,
}

/// A request, and what the rules have made of it.
pub(crate) struct Passing {
    pub(crate) head: Parts,
    pub(crate) body: Body,
    /// Whom the gate let in, and which gate.
    pub(crate) admitted: Option<(Gate, Visitor)>,
    pub(crate) edits: Edits,
    /// Those who have to learn how it ended.
    pub(crate) breakers: Vec<Passage>,
}

impl Passing {
    pub(crate) fn new(head: Parts, body: Body) -> Self {
        let (edits, breakers) = (Edits::default(), Vec::new());
        Self { head, body, admitted: None, edits, breakers }
    }
}

impl<'a> Walk<'a> {
    /// A request for this host of this account.
    pub(crate) fn new(
        scene: Scene<'a>,
        keys: &'a Keys,
        (account, host): (&'a AccountId, &'a Host),
        passing: Passing,
    ) -> Self {
        let received = scene.now();
        Self { scene, keys, account, host, received, passing, walked: Vec::new(), forwarded: None }
    }

    /// Walks the rules of an endpoint, and of those that it forwards to. Gives back the last of those, which takes the
    /// request.
    pub(crate) async fn walk(
        &mut self,
        traffic: &Arc<Traffic>,
        gate: Option<&Gate>,
    ) -> Result<Option<Destination>, Halt> {
        let (mut traffic, mut gate) = (Arc::clone(traffic), gate.cloned());
        let mut internal: Option<Destination> = None;
        for _ in 0..=MOST_HOPS {
            self.through(&traffic, gate.as_ref()).await?;
            self.walked.push(traffic);
            let Some(next) = self.forwarded.take() else { return Ok(internal) };
            // One that asks for nothing else may still have a gate.
            (traffic, gate) = (next.traffic.clone().unwrap_or_default(), next.gate.clone());
            internal = Some(next);
        }
        Err(in_a_circle().into())
    }

    async fn through(&mut self, traffic: &Traffic, gate: Option<&Gate>) -> Result<(), Halt> {
        let place = Place { phase: Phase::HttpRequest, rule: None };
        for rule in &traffic.modules.guards {
            self.act_on(rule, place).await?;
        }
        if let Some(gate) = gate {
            self.sign_in(gate, place).await?;
        }
        for rule in &traffic.modules.changes {
            self.act_on(rule, place).await?;
        }
        for (index, rule) in traffic.policy.on_http_request.iter().enumerate() {
            let name = named(rule, Phase::HttpRequest, index);
            let place = Place { phase: Phase::HttpRequest, rule: Some(&name) };
            if self.applies(rule, place)? {
                self.act_on(rule, place).await?;
            } else if is_gates(self.passing.head.uri.path()) {
                // A login that a rule began is finished wherever the rule applies.
                for action in &rule.actions {
                    if let RequestAction::OpenIdConnect(module) = action {
                        let gate = self.scene.model.gate(self.host, module.settings());
                        self.sign_in(&gate, place).await?;
                    }
                }
            }
            if self.forwarded.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn applies(&self, rule: &Rule<RequestAction>, place: Place<'_>) -> Result<bool, Denial> {
        let request = self.request();
        let applies = rule.applies(&self.scene.facts(Some(request), None));
        applies.inspect_err(|denial| self.scene.denied(place, "expressions", denial))
    }

    async fn act_on(&mut self, rule: &Rule<RequestAction>, place: Place<'_>) -> Result<(), Halt> {
        for action in &rule.actions {
            let word = word(action);
            if let RequestAction::OpenIdConnect(module) = action {
                let gate = self.scene.model.gate(self.host, module.settings());
                self.sign_in(&gate, place).await?;
                continue;
            }
            match self.act(action).await {
                Ok(result) => self.scene.passed(place, word, result),
                Err(Halt::Answer(response)) => {
                    self.scene.answered(place, word, response.status());
                    return Err(Halt::Answer(response));
                }
                Err(halt) => {
                    if let Halt::Deny(denial) = &halt {
                        self.scene.denied(place, word, denial);
                    }
                    return Err(halt);
                }
            }
            if self.forwarded.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Does what one action asks for.
    async fn act(&mut self, action: &RequestAction) -> Result<Option<ActionResult>, Halt> {
        let passing = &mut self.passing;
        let request = scene::request(&passing.head, passing.body.size_hint().exact(), self.received);
        let facts = self.scene.facts(Some(request), None);
        Ok(match action {
            RequestAction::AddHeaders(action) => {
                let added = action.render(&facts)?;
                Some(passing.edits.add(added, &mut passing.head.headers))
            }
            RequestAction::RemoveHeaders(action) => {
                Some(passing.edits.remove(action, &mut passing.head.headers))
            }
            RequestAction::Deny(action) => return Err(action.denial().into()),
            RequestAction::CustomResponse(action) => return Err(Halt::Answer(answer(action.reply(&facts)?))),
            RequestAction::Redirect(action) => match action.reply(&facts)? {
                Some((reply, result)) => {
                    self.scene.results.record(result);
                    return Err(Halt::Answer(answer(reply)));
                }
                None => None,
            },
            RequestAction::UrlRewrite(action) => action.rewrite(&facts)?.map(|(target, result)| {
                let mut parts = std::mem::take(&mut passing.head.uri).into_parts();
                parts.path_and_query = Some(target);
                passing.head.uri = Uri::from_parts(parts).expect("another path leaves a target what it is");
                result
            }),
            RequestAction::RestrictIps(action) => Some(action.decide(self.scene.client.peer.ip())?),
            RequestAction::RateLimit(action) => Some(action.decide(&facts)?),
            RequestAction::JwtValidation(action) => Some(self.validate(action).await?),
            RequestAction::Log(action) => Some(action.entry(&facts)),
            RequestAction::BasicAuth(action) => Some(action.decide(&passing.head.headers)?),
            RequestAction::VerifyWebhook(action) => {
                Some(webhook::verify(action, passing, &self.scene).await?)
            }
            RequestAction::ForwardInternal(action) => self.forward(action)?,
            RequestAction::CircuitBreaker(action) => {
                passing.breakers.push(action.admit(self.scene.now())?);
                None
            }
            RequestAction::UserAgentFilter(action) => {
                action.decide(&passing.head.headers)?;
                None
            }
            // The callers see to it.
            RequestAction::OpenIdConnect(_) => None,
        })
    }

    /// Verifies the request's tokens; again with fresh keys, where those at hand don't verify them.
    async fn validate(&mut self, action: &JwtValidation) -> Result<ActionResult, Denial> {
        let body = match action.needs_body() {
            true => Some(body::whole(&mut self.passing).await?),
            false => None,
        };
        let (known, now) = (self.keys, self.scene.now());
        let headers = &self.passing.head.headers;
        let sets = known.sets(action.key_urls(), keys::GOOD, now).await?;
        let mut decided = action.decide(headers, body.as_deref(), &sets, now);
        if decided.is_err()
            && let Ok(renewed) = known.sets(action.key_urls(), keys::SOONEST, now).await
        {
            decided = action.decide(headers, body.as_deref(), &renewed, now);
        }
        if let Some(body) = body {
            self.passing.body = full(body);
        }
        decided
    }

    /// Lets the gate decide.
    async fn sign_in(&mut self, gate: &Gate, place: Place<'_>) -> Result<(), Halt> {
        match gate.admit(&self.passing.head).await {
            Admission::Answer(response) => {
                self.scene.answered(place, SIGN_IN, response.status());
                Err(Halt::SignIn(response.map(full)))
            }
            Admission::Pass(visitor) => {
                let result = match &visitor {
                    Visitor::Person(stay) => {
                        let user = app_user(self.account, stay.identity());
                        Some(OpenIdConnect::new(gate.settings().clone()).result(stay, user.as_str()))
                    }
                    Visitor::Preflight => None,
                };
                self.scene.passed(place, SIGN_IN, result);
                self.passing.admitted = Some((gate.clone(), visitor));
                Ok(())
            }
        }
    }

    fn forward(&mut self, action: &ForwardInternal) -> Result<Option<ActionResult>, Denial> {
        let request = self.request();
        let url = action.target(&self.scene.facts(Some(request), None))?;
        self.forwarded = connect::internal(&self.scene, self.account, action, &url)?;
        Ok(None)
    }

    fn request(&self) -> policy::facts::Request<'_> {
        scene::request(&self.passing.head, self.passing.body.size_hint().exact(), self.received)
    }
}

const SIGN_IN: &str = "openid-connect";

fn is_gates(path: &str) -> bool {
    [gate::LOGIN_PATH, gate::LOGOUT_PATH, gate::CALLBACK_PATH].contains(&path)
}

pub(super) fn answer(reply: Reply) -> Response<Body> {
    let mut response = Response::new(full(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

/// Each endpoint forwards to the next, without an end.
pub(super) fn in_a_circle() -> Denial {
    denial(StatusCode::LOOP_DETECTED, Code::FORWARDING, "This address forwards in a circle.")
}

pub(super) fn denial(status: StatusCode, code: Code, message: impl Into<String>) -> Denial {
    Denial { status, code: Some(code.0), message: message.into(), headers: Vec::new(), detail: None }
}

fn word(action: &RequestAction) -> &'static str {
    match action {
        RequestAction::AddHeaders(_) => "add-headers",
        RequestAction::RemoveHeaders(_) => "remove-headers",
        RequestAction::Deny(_) => "deny",
        RequestAction::CustomResponse(_) => "custom-response",
        RequestAction::Redirect(_) => "redirect",
        RequestAction::UrlRewrite(_) => "url-rewrite",
        RequestAction::RestrictIps(_) => "restrict-ips",
        RequestAction::RateLimit(_) => "rate-limit",
        RequestAction::JwtValidation(_) => "jwt-validation",
        RequestAction::Log(_) => "log",
        RequestAction::BasicAuth(_) => "basic-auth",
        RequestAction::VerifyWebhook(_) => "verify-webhook",
        RequestAction::ForwardInternal(_) => "forward-internal",
        RequestAction::OpenIdConnect(_) => SIGN_IN,
        RequestAction::CircuitBreaker(_) => "circuit-breaker",
        RequestAction::UserAgentFilter(_) => "user-agent-filter",
    }
}
