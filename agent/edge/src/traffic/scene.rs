//! What is known of an exchange while its rules are walked.

use chrono::{DateTime, Utc};
use ground::Sink;
use http::StatusCode;
use http::request::Parts;
use policy::facts::{Connection, Endpoint, Request, Response};
use policy::{ActionResult, Denial, Facts, Phase, Results, Rule};

use crate::event::{Act, Acted, Event};
use crate::model::{EndpointId, Model};

/// An exchange, or a connection, as rules see it.
pub(crate) struct Scene<'a> {
    pub(crate) model: &'a Model,
    pub(crate) sink: &'a Sink<Event>,
    /// The client's connection, for the evidence.
    pub(crate) client: ground::Connection,
    pub(crate) connection: Connection,
    pub(crate) endpoint_id: EndpointId,
    pub(crate) endpoint: Endpoint,
    pub(crate) results: Results,
}

/// Where an action stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) phase: Phase,
    /// The policy's rule; none for a module.
    pub(super) rule: Option<&'a str>,
}

impl Scene<'_> {
    /// Stage time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.model.now()
    }

    /// What expressions see.
    pub(super) fn facts<'s>(
        &'s self,
        request: Option<Request<'s>>,
        response: Option<Response<'s>>,
    ) -> Facts<'s> {
        Facts {
            now: self.now(),
            connection: &self.connection,
            endpoint: &self.endpoint,
            request,
            response,
            results: &self.results,
        }
    }

    /// An action found something and let the exchange go on.
    pub(super) fn passed(&mut self, place: Place<'_>, action: &'static str, result: Option<ActionResult>) {
        let note = result.as_ref().filter(|_| action == "log").map(|result| result.members.clone());
        if let Some(result) = result {
            self.results.record(result);
        }
        self.tell(place, action, Act::Passed { note });
    }

    /// An action gave the answer.
    pub(super) fn answered(&self, place: Place<'_>, action: &'static str, status: StatusCode) {
        self.tell(place, action, Act::Answered { status });
    }

    /// An action refused the exchange.
    pub(super) fn denied(&self, place: Place<'_>, action: &'static str, denial: &Denial) {
        let code = denial.code.map(crate::code::Code);
        self.tell(place, action, Act::Denied { status: denial.status, code, detail: denial.detail.clone() });
    }

    fn tell(&self, place: Place<'_>, action: &'static str, act: Act) {
        self.sink.emit(Event::Acted(Box::new(Acted {
            connection: self.client,
            endpoint: self.endpoint_id.clone(),
            phase: place.phase.to_string(),
            rule: place.rule.map(str::to_owned),
            action,
            act,
        })));
    }
}

/// What a rule of a policy is called: its name, or its place.
pub(super) fn named<A>(rule: &Rule<A>, phase: Phase, index: usize) -> String {
    rule.name.clone().unwrap_or_else(|| format!("{phase}[{index}]"))
}

/// A request's head for expressions.
pub(super) fn request<'a>(head: &'a Parts, body_length: Option<u64>, received: DateTime<Utc>) -> Request<'a> {
    Request { head, body_length, received }
}
