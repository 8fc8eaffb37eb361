//! What upstreams do, and what reached them.

use ground::evidence::Stamped;
use http::HeaderMap;

use crate::record::Event;
use crate::stage::World;
use crate::upstream::{self, Received};
use crate::vocabulary::{FilledPattern, Seen, StepError, UpstreamStep};

/// Requests as an upstream should have seen them, values filled in.
struct Expected {
    method: Option<http::Method>,
    path: Option<FilledPattern>,
    query: Option<FilledPattern>,
    headers: Vec<(String, FilledPattern)>,
    no_headers: Vec<String>,
    from: Option<String>,
}

impl World {
    pub(super) async fn upstream_step(&self, name: &str, step: &UpstreamStep) -> Result<(), StepError> {
        match step {
            UpstreamStep::Saw(seen) => self.saw(name, seen).await,
            UpstreamStep::SawNothing => {
                self.rest().await?;
                self.saw_nothing(name)
            }
            UpstreamStep::Stops => {
                self.upstream(name)?.lock().await.stop().await;
                Ok(())
            }
            UpstreamStep::StartsAgain => {
                let started = self.upstream(name)?.lock().await.start_again().await;
                started
                    .map_err(|error| StepError::broken(format!("upstream {name} could not start: {error}")))
            }
            UpstreamStep::HoldsBack => {
                self.upstream(name)?.lock().await.hold_back();
                Ok(())
            }
            UpstreamStep::ReadsOn => {
                self.upstream(name)?.lock().await.read_on();
                Ok(())
            }
        }
    }

    /// Whether a step about an upstream that was true once is still true now that everything is over.
    pub(crate) fn upstream_stayed(&self, name: &str, step: &UpstreamStep) -> Result<(), StepError> {
        match step {
            UpstreamStep::SawNothing => self.saw_nothing(name),
            UpstreamStep::Saw(Seen { times: Some(times), .. }) => {
                let UpstreamStep::Saw(seen) = step else { return Ok(()) };
                let expected = self.expected_requests(seen)?;
                let all = self.received(name);
                self.counted(name, &expected, &all, times.0)
            }
            _ => Ok(()),
        }
    }

    async fn saw(&self, name: &str, seen: &Seen) -> Result<(), StepError> {
        self.upstream(name)?;
        let expected = self.expected_requests(seen)?;
        if let Some(times) = seen.times {
            self.rest().await?;
            return self.counted(name, &expected, &self.received(name), times.0);
        }
        let found = self
            .log()
            .until(self.patience(), |events| {
                let all = received(events, name);
                if all.iter().any(|request| expected.holds(request)) { Ok(()) } else { Err(all) }
            })
            .await;
        found.map_err(|all| {
            StepError::unmet(format!("upstream {name} saw no such request"))
                .compared(expected.in_words(), self.requests_in_words(&all))
        })
    }

    fn counted(
        &self,
        name: &str,
        expected: &Expected,
        all: &[Received],
        times: u32,
    ) -> Result<(), StepError> {
        let count = all.iter().filter(|request| expected.holds(request)).count();
        match count == times as usize {
            true => Ok(()),
            false => Err(StepError::unmet(format!("upstream {name} saw such a request {count} times"))
                .compared(format!("{times} times: {}", expected.in_words()), self.requests_in_words(all))),
        }
    }

    fn saw_nothing(&self, name: &str) -> Result<(), StepError> {
        let all = self.received(name);
        match all.is_empty() {
            true => Ok(()),
            false => Err(StepError::unmet(format!("upstream {name} was reached"))
                .compared("no request", self.requests_in_words(&all))
                .advised("the edge's log in the report tells how each request passed the gate")),
        }
    }

    /// What reached an upstream so far.
    fn received(&self, name: &str) -> Vec<Received> {
        self.log().read(|events| received(events, name))
    }

    fn expected_requests(&self, seen: &Seen) -> Result<Expected, StepError> {
        let headers = seen.header.iter().map(|(name, pattern)| {
            Ok((name.as_str().to_owned(), pattern.fill(|reference| self.value(reference))?))
        });
        Ok(Expected {
            method: seen.method.clone(),
            path: self.fill_pattern(seen.path.as_ref())?,
            query: self.fill_pattern(seen.query.as_ref())?,
            headers: headers.collect::<Result<_, StepError>>()?,
            no_headers: seen.no_header.iter().map(|name| name.as_str().to_owned()).collect(),
            from: seen.from.as_ref().map(|who| self.address_of(who.as_str())).transpose()?,
        })
    }

    fn requests_in_words(&self, requests: &[Received]) -> String {
        let redactor = self.redactor();
        let one = |request: &Received| {
            let headers = request.headers.iter().map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                format!("  {name}: {}", redactor.header(name.as_str(), &value))
            });
            let head = format!("{} {}", request.method, redactor.url(&request.target));
            std::iter::once(head).chain(headers).collect::<Vec<_>>().join("\n")
        };
        match requests {
            [] => "no request".to_owned(),
            requests => requests.iter().map(one).collect::<Vec<_>>().join("\n"),
        }
    }
}

impl Expected {
    fn holds(&self, request: &Received) -> bool {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.path.as_ref().is_none_or(|expected| expected.matches(path))
            && self.query.as_ref().is_none_or(|expected| expected.matches(query))
            && self
                .headers
                .iter()
                .all(|(name, expected)| has(&request.headers, name, |v| expected.matches(v)))
            && !self.no_headers.iter().any(|name| has(&request.headers, name, |_| true))
            && self
                .from
                .as_ref()
                .is_none_or(|address| has(&request.headers, "x-forwarded-for", |value| value == address))
    }

    fn in_words(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.method.as_ref().map(|method| format!("method {method}")));
        words.extend(self.path.as_ref().map(|path| format!("path {path}")));
        words.extend(self.query.as_ref().map(|query| format!("query {query}")));
        words.extend(self.headers.iter().map(|(name, value)| format!("header {name}: {value}")));
        words.extend(self.no_headers.iter().map(|name| format!("no header {name}")));
        words.extend(self.from.as_ref().map(|address| format!("from {address}")));
        words.join("\n")
    }
}

fn received(events: &[Stamped<Event>], name: &str) -> Vec<Received> {
    let received = events.iter().filter_map(|stamped| match &stamped.event {
        Event::Upstream(upstream, upstream::Event::Received(received)) if **upstream == *name => {
            Some(received.clone())
        }
        _ => None,
    });
    received.collect()
}

fn has(headers: &HeaderMap, name: &str, fits: impl Fn(&str) -> bool) -> bool {
    headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(&fits))
}
