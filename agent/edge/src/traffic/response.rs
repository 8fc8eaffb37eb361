//! An answer's way through an endpoint's rules.

use chrono::{DateTime, Utc};
use http::Response;
use http::request::Parts;
use hyper::body::Body as _;
use policy::action::CompressResponse;
use policy::facts;
use policy::{ActionResult, Denial, Phase, ResponseAction, Rule};

use super::Traffic;
use super::compress;
use super::scene::{self, Place, Scene, named};
use crate::proxy::{Body, full};

impl Traffic {
    /// Whether anything is asked of answers.
    pub(crate) fn looks_at_answers(&self) -> bool {
        !(self.modules.answers.is_empty()
            && self.modules.finish.is_empty()
            && self.policy.on_http_response.is_empty())
    }

    /// Walks the rules for an upstream's answer to the request with this head, which came then.
    pub(crate) fn answer(
        &self,
        scene: &mut Scene<'_>,
        (head, received): (&Parts, DateTime<Utc>),
        response: Response<Body>,
    ) -> Result<Response<Body>, Denial> {
        let phase = Phase::HttpResponse;
        let module = Place { phase, rule: None };
        let mut answer = Answer { scene, head, received, response };
        for rule in &self.modules.answers {
            answer.act_on(rule, module)?;
        }
        for (index, rule) in self.policy.on_http_response.iter().enumerate() {
            let name = named(rule, phase, index);
            let place = Place { phase, rule: Some(&name) };
            if answer.applies(rule, place)? {
                answer.act_on(rule, place)?;
            }
        }
        for rule in &self.modules.finish {
            answer.act_on(rule, module)?;
        }
        Ok(answer.response)
    }
}

/// An answer on its way through the rules.
struct Answer<'a, 's> {
    scene: &'a mut Scene<'s>,
    head: &'a Parts,
    received: DateTime<Utc>,
    response: Response<Body>,
}

impl Answer<'_, '_> {
    fn facts(&self) -> policy::Facts<'_> {
        let request = scene::request(self.head, None, self.received);
        let response = facts::Response {
            status: self.response.status(),
            headers: self.response.headers(),
            body_length: self.response.body().size_hint().exact(),
        };
        self.scene.facts(Some(request), Some(response))
    }

    fn applies(&self, rule: &Rule<ResponseAction>, place: Place<'_>) -> Result<bool, Denial> {
        let applies = rule.applies(&self.facts());
        applies.inspect_err(|denial| self.scene.denied(place, "expressions", denial))
    }

    fn act_on(&mut self, rule: &Rule<ResponseAction>, place: Place<'_>) -> Result<(), Denial> {
        for action in &rule.actions {
            let word = word(action);
            match self.act(action) {
                Ok(Done::Passed(result)) => self.scene.passed(place, word, result),
                Ok(Done::Answered) => self.scene.answered(place, word, self.response.status()),
                Err(denial) => {
                    self.scene.denied(place, word, &denial);
                    return Err(denial);
                }
            }
        }
        Ok(())
    }

    fn act(&mut self, action: &ResponseAction) -> Result<Done, Denial> {
        Ok(Done::Passed(match action {
            ResponseAction::AddHeaders(action) => {
                let added = action.render(&self.facts())?;
                Some(added.apply(self.response.headers_mut()))
            }
            ResponseAction::RemoveHeaders(action) => Some(action.apply(self.response.headers_mut())),
            ResponseAction::CustomResponse(action) => {
                let reply = action.reply(&self.facts())?;
                self.response = Response::new(full(reply.body));
                *self.response.status_mut() = reply.status;
                *self.response.headers_mut() = reply.headers;
                return Ok(Done::Answered);
            }
            ResponseAction::RestrictIps(action) => Some(action.decide(self.scene.client.peer.ip())?),
            ResponseAction::Log(action) => Some(action.entry(&self.facts())),
            ResponseAction::CompressResponse(action) => Some(self.compress(action)),
        }))
    }

    fn compress(&mut self, action: &CompressResponse) -> ActionResult {
        let length = self.response.body().size_hint().exact();
        let status = self.response.status();
        let (encoding, result) = action.negotiate(
            &self.head.method,
            &self.head.headers,
            status,
            self.response.headers_mut(),
            length,
        );
        // The answer to HEAD has no body, whatever it says of it.
        if let Some(encoding) = encoding
            && !self.response.body().is_end_stream()
        {
            let body = std::mem::replace(self.response.body_mut(), crate::proxy::empty());
            *self.response.body_mut() = compress::compressed(body, encoding);
        }
        result
    }
}

/// What an action did.
enum Done {
    Passed(Option<ActionResult>),
    Answered,
}

fn word(action: &ResponseAction) -> &'static str {
    match action {
        ResponseAction::AddHeaders(_) => "add-headers",
        ResponseAction::RemoveHeaders(_) => "remove-headers",
        ResponseAction::CustomResponse(_) => "custom-response",
        ResponseAction::RestrictIps(_) => "restrict-ips",
        ResponseAction::Log(_) => "log",
        ResponseAction::CompressResponse(_) => "compress-response",
    }
}
