//! A scenario under way, and what it leaves.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_reports::*;

/// A scenario under way.
pub(super) struct Stage {
    now: u64,
    steps: Vec<Step>,
    participants: Vec<Participant>,
    messages: Vec<Message>,
    exchanges: Vec<Exchange>,
    screenshots: Vec<Screenshot>,
    logs: Vec<LogEntry>,
}

pub(super) type Headers<'a> = &'a [(&'a str, &'a str)];

impl Stage {
    pub(super) fn new(people: &[&str]) -> Self {
        let participant =
            |id: &str, label: &str, kind| Participant { id: id.into(), label: label.into(), kind };
        let mut participants: Vec<_> = people
            .iter()
            .map(|person| participant(person, &format!("{person}'s browser"), ParticipantKind::Browser))
            .collect();
        participants.extend([
            participant("network", "network", ParticipantKind::Network),
            participant("edge", "edge", ParticipantKind::Edge),
            participant("org", "org", ParticipantKind::Org),
            participant("agent app", "agent app", ParticipantKind::Agent),
            participant("app", "upstream app", ParticipantKind::Upstream),
        ]);
        let mut stage = Self {
            now: 14,
            steps: vec![],
            participants,
            messages: vec![],
            exchanges: vec![],
            screenshots: vec![],
            logs: vec![],
        };
        stage.log(
            "network",
            Level::Info,
            "listens on 127.0.0.1:40213 for https://*.tunnel.test and https://*.okta.test",
        );
        stage
    }

    pub(super) fn step(&mut self, text: &str, line: u32, duration_ms: u64) {
        let ended = self.steps.iter().filter_map(|step| step.span).map(|span| span.end_ms()).max();
        self.now = ended.unwrap_or(self.now).max(self.now);
        self.steps.push(Step {
            text: text.into(),
            line,
            outcome: StepOutcome::Passed,
            span: Some(Span { began_ms: self.now, duration_ms }),
            expected: None,
            actual: None,
            screenshot: None,
        });
    }

    pub(super) fn not_run(&mut self, text: &str, line: u32) {
        self.step(text, line, 0);
        let step = self.steps.last_mut().unwrap();
        (step.outcome, step.span) = (StepOutcome::NotRun, None);
    }

    pub(super) fn interrupted(&mut self) {
        self.steps.last_mut().unwrap().outcome = StepOutcome::Interrupted;
    }

    pub(super) fn found(&mut self, expected: &str, actual: &str) {
        let step = self.steps.last_mut().unwrap();
        (step.expected, step.actual) = (Some(expected.into()), Some(actual.into()));
    }

    pub(super) fn fails(&mut self, expected: &str, actual: &str) {
        self.found(expected, actual);
        self.steps.last_mut().unwrap().outcome = StepOutcome::Failed;
    }

    pub(super) fn expected(&self) -> String {
        self.failed().expected.clone().unwrap()
    }

    pub(super) fn actual(&self) -> String {
        self.failed().actual.clone().unwrap()
    }

    fn failed(&self) -> &Step {
        self.steps.iter().find(|step| step.outcome == StepOutcome::Failed).unwrap()
    }

    pub(super) fn screenshot(&mut self, person: &str, path: &str) {
        self.now += 3;
        let step = self.steps.len() - 1;
        self.screenshots.push(Screenshot {
            path: path.into(),
            person: person.into(),
            step: Some(step),
            at_ms: self.now,
        });
        self.steps[step].screenshot = Some(path.into());
    }

    pub(super) fn log(&mut self, part: &str, level: Level, text: &str) {
        self.logs.push(LogEntry { part: part.into(), at_ms: self.now, level, text: text.into() });
    }

    pub(super) fn message(
        &mut self,
        from: &str,
        to: &str,
        label: &str,
        kind: MessageKind,
        exchange: Option<&str>,
    ) {
        self.now += 2;
        self.messages.push(Message {
            from: from.into(),
            to: to.into(),
            at_ms: self.now,
            label: label.into(),
            kind,
            exchange: exchange.map(str::to_owned),
            step: self.steps.len().checked_sub(1),
        });
    }

    /// An exchange with its two arrows.
    pub(super) fn exchange(
        &mut self,
        from: &str,
        to: &str,
        (method, url): (&str, &str),
        status: u16,
        request: Headers,
        response: Headers,
    ) -> &mut Exchange {
        let id = format!("x{}", 100 + self.exchanges.len() * 7);
        let path =
            url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
        let at_ms = self.now + 2;
        let asks = format!("{method} {}", path.split('?').next().unwrap());
        let (kind, asks) = match to {
            "app" => (MessageKind::Request, asks),
            "agent app" => (MessageKind::Tunnel, format!("stream: {asks}")),
            _ => (MessageKind::Request, asks),
        };
        self.message(from, to, &asks, kind, Some(&id));
        let location = response.iter().find(|(name, _)| *name == "location").map(|(_, value)| *value);
        let answers = match location {
            Some(location) => format!("{status} → {}", location.split('?').next().unwrap()),
            None => status.to_string(),
        };
        let kind = if status >= 400 { MessageKind::Refused } else { MessageKind::Answer };
        self.message(to, from, &answers, kind, Some(&id));
        let headers = |lines: Headers| -> Vec<Header> {
            lines
                .iter()
                .map(|(name, value)| Header { name: (*name).into(), value: (*value).into() })
                .collect()
        };
        let began: DateTime<Utc> = "2026-11-23T18:01:12Z".parse().unwrap();
        self.exchanges.push(Exchange {
            id,
            at_ms,
            stage_time: Some(began + TimeDelta::milliseconds(at_ms as i64)),
            duration_ms: Some(2),
            from: from.into(),
            to: to.into(),
            step: self.steps.len().checked_sub(1),
            method: method.into(),
            url: url.into(),
            http_version: "HTTP/2.0".into(),
            status: Some(status),
            request_headers: headers(request),
            response_headers: headers(response),
            tokens: vec![],
            request_body: None,
            response_body: None,
            note: None,
        });
        self.exchanges.last_mut().unwrap()
    }

    pub(super) fn browses(
        &mut self,
        person: &str,
        to: &str,
        url: &str,
        status: u16,
        cookies: &str,
        response: Headers,
    ) -> &mut Exchange {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36";
        let mut request = vec![
            ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("accept-language", "en-US,en;q=0.9"),
            ("sec-fetch-mode", "navigate"),
            ("upgrade-insecure-requests", "1"),
            ("user-agent", agent),
        ];
        if !cookies.is_empty() {
            request.push(("cookie", cookies));
        }
        self.exchange(person, to, ("GET", url), status, &request, response)
    }

    pub(super) fn finish(
        self,
        id: &str,
        title: &str,
        walkthrough: &[&str],
        tags: &[&str],
        verdict: Verdict,
    ) -> Scenario {
        let ended =
            self.steps.iter().filter_map(|step| step.span).map(|span| span.end_ms()).max().unwrap_or(0);
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Scenario {
            id: id.into(),
            title: title.into(),
            walkthrough: strings(walkthrough),
            tags: strings(tags),
            source: Source { file: format!("scenarios/{id}.yaml"), line: 1 },
            began_ms: 3,
            duration_ms: self.now.max(ended) + 12,
            verdict,
            steps: self.steps,
            participants: self.participants,
            messages: self.messages,
            exchanges: self.exchanges,
            screenshots: self.screenshots,
            decisions: vec![Decision {
                policy: "2 factors, phishing-resistant".into(),
                proof: "security key".into(),
                outcome: "let in".into(),
            }],
            logs: self.logs,
            files: vec![format!("{id}/exchanges.har"), format!("{id}/events.jsonl")],
        }
    }
}
