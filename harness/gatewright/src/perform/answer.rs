//! Requests beside the page, and what their answers have to be.

use std::time::Instant;

use bytes::Bytes;
use ground::Outbound;
use ground::outbound::Route;
use http::header::{COOKIE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::people::{self, Fetched};
use crate::stage::{Redirect, World};
use crate::vocabulary::{Answer, Fetch, Request, StepError};

/// The head of an answer and its body as text.
pub(super) struct Came {
    pub(super) status: Option<StatusCode>,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl World {
    pub(super) async fn requests(&self, who: &str, request: &Request) -> Result<(), StepError> {
        let methods = match request.method.as_slice() {
            [] => vec![Method::GET],
            methods => methods.to_vec(),
        };
        for url in request.url.iter() {
            let url = self.fill(url)?;
            for method in &methods {
                let came = self.request(who, method, &url, request).await?;
                if let Some(expected) = &request.expect {
                    self.check_answer(&format!("{method} {url}"), expected, &came)?;
                }
            }
        }
        Ok(())
    }

    async fn request(
        &self,
        who: &str,
        method: &Method,
        url: &str,
        request: &Request,
    ) -> Result<Came, StepError> {
        let invalid =
            |what: &str| StepError::unmet(format!("{who} could not request {method} {url}: {what}"));
        let mut head = http::Request::builder().method(method).uri(url);
        for (name, value) in request.header.iter() {
            let name =
                HeaderName::try_from(name.as_str()).map_err(|_| invalid("a header's name is invalid"))?;
            let value = HeaderValue::try_from(self.fill(value)?)
                .map_err(|_| invalid("a header's value is invalid"))?;
            head = head.header(name, value);
        }
        if request.cookies {
            let cookies = self.did(who, self.driver(who).await?.cookies(url).await)?;
            let pairs: Vec<_> = cookies.iter().map(|c| format!("{}={}", c.name, c.value.expose())).collect();
            head = head.header(COOKIE, pairs.join("; "));
        }
        let body = self.fill_option(request.body.as_ref())?.unwrap_or_default();
        let head = head.body(Bytes::from(body)).map_err(|error| invalid(&error.to_string()))?;
        let (membership, tls) = (self.membership(who).await?, self.trust(&[b"http/1.1"])?);
        let outbound = Outbound::new(Route::Proxy(membership.proxy), membership.source, tls);
        let answer = outbound.send(head).await.map_err(|error| invalid(&error.to_string()))?;
        let (head, body) = answer.into_parts();
        self.keep_redirect(who, url, &head.headers);
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Came { status: Some(head.status), headers: head.headers, body })
    }

    fn keep_redirect(&self, who: &str, url: &str, answer: &HeaderMap) {
        let location = answer.get(LOCATION).and_then(|location| location.to_str().ok());
        let target = location.and_then(|location| url::Url::parse(url).ok()?.join(location).ok());
        if let Some(target) = target {
            let redirect = Redirect { at: Instant::now(), person: who.to_owned(), url: target.into() };
            self.kept().redirects.push(redirect);
        }
    }

    pub(super) async fn fetches(&self, who: &str, fetch: &Fetch) -> Result<(), StepError> {
        let headers =
            fetch.header.iter().map(|(name, value)| Ok((name.as_str().to_owned(), self.fill(value)?)));
        let what = people::Fetch {
            method: fetch.method.clone().unwrap_or(Method::GET),
            url: self.fill(&fetch.url)?,
            headers: headers.collect::<Result<_, StepError>>()?,
            body: self.fill_option(fetch.body.as_ref())?,
        };
        let fetched = self.did(who, self.driver(who).await?.fetch(&what).await)?;
        let asked = format!("{} {}", what.method, what.url);
        let came = self.fetched(who, &asked, fetched)?;
        match &fetch.expect {
            Some(expected) => self.check_answer(&asked, expected, &came),
            None => Ok(()),
        }
    }

    /// An answer that a page's script got.
    pub(super) fn fetched(&self, who: &str, asked: &str, fetched: Fetched) -> Result<Came, StepError> {
        match fetched {
            Fetched::Answer { status, headers, body, .. } => Ok(Came { status, headers, body }),
            Fetched::NetworkError { reason } => {
                let what = format!("{who}'s page got no answer to {asked}: {reason}");
                Err(StepError::unmet(self.redactor().text(&what)))
            }
        }
    }

    pub(super) fn check_answer(&self, asked: &str, expected: &Answer, came: &Came) -> Result<(), StepError> {
        let mut wrong = Vec::new();
        if let Some(status) = expected.status.filter(|status| came.status != Some(*status)) {
            wrong.push(format!("status {}", status.as_u16()));
        }
        if let Some(code) =
            expected.code.filter(|code| came.header("ngrok-error-code") != Some(&code.to_string()))
        {
            wrong.push(format!("code {code}"));
        }
        for (name, pattern) in expected.header.iter() {
            let pattern = pattern.fill(|reference| self.value(reference))?;
            if !came.header(name.as_str()).is_some_and(|value| pattern.matches(value)) {
                wrong.push(format!("header {name}: {pattern}"));
            }
        }
        wrong.extend(
            expected
                .no_header
                .iter()
                .filter(|name| came.header(name.as_str()).is_some())
                .map(|name| format!("no header {name}")),
        );
        for text in self.fill_all(&expected.body)? {
            if !came.body.contains(&text) {
                wrong.push(format!("a body with \"{text}\""));
            }
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(StepError::unmet(
                self.redactor().text(&format!("the answer to {asked} is not as expected")),
            )
            .compared(wrong.join("\n"), came.in_words(self))),
        }
    }
}

impl Came {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn in_words(&self, world: &World) -> String {
        const EXCERPT: usize = 400;
        let redactor = world.redactor();
        let mut words =
            vec![format!("status {}", self.status.map_or("unknown".to_owned(), |status| status.to_string()))];
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            words.push(format!("{name}: {}", redactor.header(name.as_str(), &value)));
        }
        let body: String = self.body.chars().take(EXCERPT).collect();
        words.push(redactor.text(&body));
        words.join("\n")
    }
}
